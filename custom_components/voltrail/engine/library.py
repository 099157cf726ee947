"""The door for programs: reach a device without Home Assistant.

::

    async with connect(FAMILY, "192.168.1.20") as charger:
        await charger.update()
        print(charger.reading("power").read())
"""

import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final, cast

from modbus_connection import ModbusConnection, ModbusError

from .device import UnitSource, VoltrailDevice
from .errors import LinkDownError
from .family import Family, LineSettings, Transport
from .options import Options
from .quiet_line import QuietLine
from .target import LINE_ERRORS, SerialPort, Target, TargetError, target

_BACKENDS: Final = ("pymodbus", "tmodbus")


class NoBackendError(ImportError):
    """None of the packages that can speak Modbus is installed."""


@asynccontextmanager
async def connect[D: VoltrailDevice](
    family: Family[D],
    place: str | Target,
    *,
    transport: Transport | None = None,
    port: int | None = None,
    line: LineSettings | None = None,
    unit_id: int | None = None,
    options: Options | None = None,
) -> AsyncIterator[D]:
    """Meet the device at a host or serial port, and let go of it at the end of the block.

    What is not said is taken from the family: the port, the unit id, the settings of a serial
    line. Raises a :class:`~.errors.VoltrailError` if the device does not answer or is of
    another kind, and :class:`~.target.TargetError` if it cannot be reached that way.
    """
    if isinstance(place, str):
        place = target(family, place, transport=transport, port=port, line=line)
    link = _backend()(place.params)
    units: UnitSource = link.for_unit
    if place.shared_line:
        units = QuietLine().over(units)
    device = family.create(
        units, family.unit_id if unit_id is None else unit_id, options or Options()
    )
    try:
        await _identify(device, place)
        yield device
    finally:
        device.close()
        with suppress(ModbusError):
            await link.close()


async def _identify(device: VoltrailDevice, place: Target) -> None:
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


__all__ = ["NoBackendError", "Target", "TargetError", "connect", "target"]
