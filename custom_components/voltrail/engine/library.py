"""The door for programs: reach a device without Home Assistant.

::

    async with connect(FAMILY, "192.168.1.20") as charger:
        await charger.update()
        print(charger.reading("power").read())
"""

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Final, cast

from modbus_connection import ModbusConnection, ModbusError

from .devices.family import Family, LineSettings, Transport
from .model.errors import LinkDownError, NoBackendError
from .model.options import Options
from .polling import keep_alive
from .polling.base_device import BaseDevice
from .polling.keep_alive import KeepAlive
from .polling.polled_device import PolledDevice, UnitSource
from .transport.endpoint import LINE_ERRORS, Endpoint, EndpointError, SerialPort, endpoint
from .transport.serial_bus import SerialBus

_BACKENDS: Final = ("pymodbus", "tmodbus")


@asynccontextmanager
async def connect[D: PolledDevice](
    family: Family[D],
    place: str | Endpoint,
    *,
    transport: Transport | None = None,
    port: int | None = None,
    line: LineSettings | None = None,
    unit_id: int | None = None,
    options: Options | None = None,
    prepare: Callable[[D], None] | None = None,
) -> AsyncIterator[D]:
    """Meet the device at a host or serial port, and let go of it at the end of the block.

    What is not said is taken from the family: the port, the unit id, the settings of a serial
    line. ``prepare`` may tell the device something before it is asked who it is. Raises a
    :class:`~.errors.VoltrailError` if the device does not answer or is of another kind, and
    :class:`~.transport.endpoint.EndpointError` if it cannot be reached that way.
    """
    if isinstance(place, str):
        place = endpoint(family, place, transport=transport, port=port, line=line)
    link = _backend()(place.params)
    units: UnitSource = link.for_unit
    if place.shared_line:
        units = SerialBus().over(units)
    device = family.create(
        units, family.unit_id if unit_id is None else unit_id, options or Options()
    )
    if prepare is not None:
        prepare(device)
    try:
        await _identify(device, place)
        yield device
    finally:
        device.close()
        with suppress(ModbusError):
            await link.close()


@asynccontextmanager
async def kept_alive(
    device: BaseDevice, *, on_change: Callable[[KeepAlive], None] | None = None
) -> AsyncIterator[Sequence[asyncio.Task[None]]]:
    """Send a device's life signs, and renew what it forgets, for the length of the block.

    A program that keeps a charger at a limit wants this: most fall back to a safe current, and
    some to an error, when no program speaks to them. The first signs go out at once.
    ``on_change`` is called when one does not get through any more, and when it does again.
    """

    def told(alive: KeepAlive) -> Callable[[], None] | None:
        return None if on_change is None else partial(on_change, alive)

    tasks = [
        asyncio.create_task(keep_alive.run(alive, on_change=told(alive)))
        for alive in device.keep_alives()
    ]
    try:
        yield tasks
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _identify(device: PolledDevice, place: Endpoint) -> None:
    try:
        await device.identify()
    except LINE_ERRORS as err:
        if not isinstance(place.place, SerialPort):
            raise
        raise LinkDownError(reason=f"{place} cannot be set up like that") from err


def _backend() -> type[ModbusConnection]:
    for name in _BACKENDS:
        try:
            module = importlib.import_module(f"modbus_connection.{name}")
        except ImportError:
            continue
        return cast("type[ModbusConnection]", module.ModbusConnection)
    msg = "no Modbus library is installed: pip install 'modbus-connection[pymodbus]'"
    raise NoBackendError(msg)


# Their former names, for programs that import them.
Target = Endpoint
TargetError = EndpointError
target = endpoint

__all__ = [
    "Endpoint",
    "EndpointError",
    "NoBackendError",
    "Target",
    "TargetError",
    "connect",
    "endpoint",
    "kept_alive",
    "target",
]
