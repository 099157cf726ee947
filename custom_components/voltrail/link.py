"""From what an entry holds to Modbus units, over links that Home Assistant shares."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol, cast

from homeassistant.components.modbus import async_get_unit
from homeassistant.const import CONF_DEVICE, CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.util.hass_dict import HassKey
from homeassistant.util.ulid import ulid_now
from modbus_connection import ModbusSerialParams, ModbusTcpParams, ModbusUnit

from .const import (
    CONF_BAUDRATE,
    CONF_BYTESIZE,
    CONF_FAMILY,
    CONF_PARITY,
    CONF_STOPBITS,
    CONF_TRANSPORT,
    CONF_UNIT_ID,
    DOMAIN,
)
from .coordinator import VoltrailConfigEntry
from .engine.devices import family
from .engine.devices.family import Family, Transport
from .engine.model.errors import LinkDownError
from .engine.model.parts import Identity
from .engine.polling.polled_device import PolledDevice, UnitSource
from .engine.transport.serial_bus import QuietLines

QUIET_LINES: HassKey[QuietLines] = HassKey(f"{DOMAIN}_quiet_lines")
"""The serial lines in use; all devices on one of them take turns on it."""

PORT_PAUSES: Final = (0.1, 0.3, 0.6)
"""Seconds between the attempts to open a serial port."""


async def async_load(hass: HomeAssistant, kind: Family) -> None:
    """Import the code of a family; elsewhere, since it comes from the disk."""
    if not kind.loaded:
        await hass.async_add_import_executor_job(kind.load)


type Params = ModbusTcpParams | ModbusSerialParams


def params(data: Mapping[str, Any]) -> Params:
    """Return the link that an entry's data describe."""
    match Transport(data[CONF_TRANSPORT]):
        case Transport.TCP:
            return ModbusTcpParams(host=data[CONF_HOST], port=data[CONF_PORT])
        case Transport.RTU_OVER_TCP:
            host = data[CONF_HOST]
            # An IPv6 address would otherwise swallow the port.
            host = f"[{host}]" if ":" in host else host
            return ModbusSerialParams(
                # The line's speed is the gateway's business; this one only sets the pause
                # between frames.
                device=f"socket://{host.lower()}:{data[CONF_PORT]}",
                baudrate=115200,
            )
        case _:
            return ModbusSerialParams(
                device=data[CONF_DEVICE],
                baudrate=data[CONF_BAUDRATE],
                bytesize=data[CONF_BYTESIZE],
                parity=data[CONF_PARITY],
                stopbits=data[CONF_STOPBITS],
            )


def in_use(hass: HomeAssistant, data: Mapping[str, Any]) -> bool:
    """Whether a device that is set up speaks over the link that the data describe."""
    endpoint = params(data).endpoint
    return any(
        params(entry.data).endpoint == endpoint
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        # What speaks by itself has a place of its own, and no unit.
        if CONF_UNIT_ID in entry.data
    )


class _Holder(Protocol):
    """What a hold on a link is tied to: an entry, or a config flow."""

    entry_id: str

    def async_on_unload(self, func: Callable[[], Coroutine[Any, Any, None] | None]) -> None: ...


def units(hass: HomeAssistant, data: Mapping[str, Any], holder: _Holder) -> UnitSource:
    """Return the units of a link; they are released together with their holder."""
    link = params(data)

    def unit(unit_id: int) -> ModbusUnit:
        # Home Assistant asks for an entry, and uses no more of it than a holder has.
        return async_get_unit(hass, cast("VoltrailConfigEntry", holder), link, unit_id)

    if isinstance(link, ModbusSerialParams) or family(data[CONF_FAMILY]).line is not None:
        # Frames of a serial line carry no number: what comes late must not meet another request.
        # And behind a gateway is such a line as well, on which one thing is said at a time.
        return hass.data.setdefault(QUIET_LINES, QuietLines()).line(link.endpoint).over(unit)
    return unit


async def introduce(device: PolledDevice, data: Mapping[str, Any]) -> Identity:
    """Ask a device who it is, over a link that may just have been closed.

    A serial port is closed in the background. An entry that opens it right after the form that
    found the device would find it taken.
    """
    if data[CONF_TRANSPORT] == Transport.SERIAL:
        for pause in PORT_PAUSES:
            try:
                return await device.identify()
            except LinkDownError:
                await asyncio.sleep(pause)
    return await device.identify()


class _FlowHold:
    """A config flow's hold on a link: it has no entry yet, and lets go when it is done."""

    def __init__(self) -> None:
        self.entry_id = f"flow_{ulid_now()}"
        self._releases: list[Callable[[], Coroutine[Any, Any, None] | None]] = []

    def async_on_unload(self, func: Callable[[], Coroutine[Any, Any, None] | None]) -> None:
        """Remember how to let go."""
        self._releases.append(func)

    async def release(self) -> None:
        """Let go of everything."""
        while self._releases:
            if (letting_go := self._releases.pop()()) is not None:
                await letting_go


@asynccontextmanager
async def temporary_units(
    hass: HomeAssistant, data: Mapping[str, Any]
) -> AsyncIterator[UnitSource]:
    """Hold a link for as long as a config flow looks at what is behind it.

    Home Assistant's own temporary hold is for one unit that is known beforehand; which
    units a device has is only known to the device.
    """
    hold = _FlowHold()
    try:
        yield units(hass, data, hold)
    finally:
        await hold.release()
