"""Meeting a device for the first time: who answers there, or what stands in the way."""

import asyncio
import logging
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from .. import link
from ..const import CONF_TRANSPORT, CONF_UNIT_ID
from ..engine.devices.family import Family, Transport
from ..engine.model.errors import (
    DeviceRefusedError,
    DeviceSilentError,
    LinkDownError,
    OtherRegistersError,
    VoltrailError,
)
from ..engine.model.options import Options
from ..engine.model.parts import Identity
from ..engine.polling.polled_device import UnitSource
from ..engine.transport.endpoint import is_host

_LOGGER = logging.getLogger(__name__)

OTHERS_PATIENCE: Final = 4.0
"""Seconds for a look at other unit ids, where the one that was typed is another device's."""

PATIENCE: Final = 13.0
"""Seconds for everything; a person is waiting in front of the form."""

NONSENSE_PATIENCE: Final = 2.0

_ANY_REQUEST: Final = bytes.fromhex("0001 0000 0006 01 03 0000 0001")
"""Read one register: the plainest thing that can be asked over Modbus TCP."""


@dataclass(frozen=True)
class Found:
    """A device that answered and said who it is."""

    identity: Identity
    fingerprint: str
    read_only: bool

    @property
    def title(self) -> str:
        """The name of the entry."""
        return self.identity.name or self.identity.model


@dataclass(frozen=True)
class Trouble:
    """What stands in the way, by the key of its explanation."""

    key: str
    unit_id: int | None = None
    """The unit that does answer, where another was asked."""
    details: Mapping[str, str] = field(default_factory=dict)


def called(identity: Identity) -> str:
    """Return what tells a device from others: two may have been given the same name."""
    return f"{identity.model} {identity.serial or ''}".strip()


async def meet(hass: HomeAssistant, kind: Family, data: Mapping[str, Any]) -> Found | Trouble:
    """Ask the device at the other end who it is; leave nothing open behind."""
    if misspelt(data):
        return Trouble("unknown_host")
    await link.async_load(hass, kind)
    try:
        async with asyncio.timeout(PATIENCE), link.temporary_units(hass, data) as units:
            return await _meet(hass, kind, data, units)
    except TimeoutError:
        return Trouble(_silent(kind, data))
    except Exception:
        _LOGGER.exception("Unexpected error while meeting a device")
        return Trouble("unknown")


async def _meet(
    hass: HomeAssistant, kind: Family, data: Mapping[str, Any], units: UnitSource
) -> Found | Trouble:
    serial = data[CONF_TRANSPORT] == Transport.SERIAL
    try:
        return await _introduce(kind, units, data)
    except DeviceSilentError:
        return await _silence(hass, kind, data, units)
    except LinkDownError as err:
        return Trouble("port_unavailable" if serial else why_down(err))
    except (OtherRegistersError, DeviceRefusedError) as err:
        # A socket of a station answers as well, and has none of the station's registers.
        return await _refusal(kind, data, units, err)
    except VoltrailError as err:
        return Trouble(err.key, details=err.details)
    except HomeAssistantError:
        # One link cannot be used with two sets of settings.
        return Trouble("link_settings_in_use")


async def _silence(
    hass: HomeAssistant, kind: Family, data: Mapping[str, Any], units: UnitSource
) -> Trouble:
    """Find out why no device answers: none is there, or the wrong one was asked."""
    asked = data[CONF_UNIT_ID]
    # After a silence the link is dropped, so it says nothing of whether it could be opened.
    if not units(asked).connected and not await _opens(data):
        return Trouble("host_unreachable")
    if (found := await _other_unit(kind, data, units)) is not None:
        return found
    # If others use this link, it does carry Modbus, and must not be taken from them.
    if data[CONF_TRANSPORT] == Transport.SERIAL or link.in_use(hass, data):
        return Trouble(_silent(kind, data))
    await units(asked).disconnect()
    if await _talks_nonsense(data[CONF_HOST], data[CONF_PORT]):
        return Trouble("garbled_answer")
    return Trouble(_silent(kind, data))


async def _refusal(
    kind: Family, data: Mapping[str, Any], units: UnitSource, err: VoltrailError
) -> Trouble:
    """Find out whether it is another device that answers, or another unit of the right one."""
    with suppress(TimeoutError):
        async with asyncio.timeout(OTHERS_PATIENCE):
            if (other := await _other_unit(kind, data, units)) is not None:
                return other
    return Trouble(err.key, details=err.details)


async def _other_unit(kind: Family, data: Mapping[str, Any], units: UnitSource) -> Trouble | None:
    """Look whether such a device has another unit id than the one that was typed."""
    for other in dict.fromkeys((kind.unit_id, *kind.other_unit_ids)):
        if other != data[CONF_UNIT_ID] and await _answers(kind, units, other):
            return Trouble("wrong_unit", other, {"unit_id": str(other)})
    return None


def _silent(kind: Family, data: Mapping[str, Any]) -> str:
    """Say what is silent: a line and a gateway to one have reasons of their own."""
    if data[CONF_TRANSPORT] == Transport.SERIAL:
        return "line_silent"
    return "device_silent" if kind.line is None else "gateway_silent"


async def _opens(data: Mapping[str, Any]) -> bool:
    """Whether a connection is accepted there; it is closed at once."""
    if CONF_HOST not in data:
        return False
    try:
        async with asyncio.timeout(NONSENSE_PATIENCE):
            _, writer = await asyncio.open_connection(data[CONF_HOST], data[CONF_PORT])
    except OSError, TimeoutError:
        return False
    writer.close()
    return True


async def _talks_nonsense(host: str, port: int) -> bool:
    """Whether a peer answers at all, when the Modbus library heard no answer.

    The library waits for a proper frame and drops everything else, so a web server looks
    silent to it. The link was given up before, and this connection is gone at once.
    """
    try:
        async with asyncio.timeout(NONSENSE_PATIENCE):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(_ANY_REQUEST)
                return bool(await reader.read(16))
            finally:
                writer.close()
    except OSError, TimeoutError:
        return False


async def _introduce(kind: Family, units: UnitSource, data: Mapping[str, Any]) -> Found:
    device = kind.create(units, data[CONF_UNIT_ID], Options())
    try:
        identity = await link.introduce(device, data)
        if kind.check is not None:
            await kind.check(device)
        return Found(
            identity=identity,
            fingerprint=device.fingerprint,
            read_only=any(problem.key == "read_only" for problem in device.problems()),
        )
    finally:
        device.close()


async def _answers(kind: Family, units: UnitSource, unit_id: int) -> bool:
    """Whether such a device has another unit id; only reads, as any device may have it."""
    device = kind.create(units, unit_id, Options())
    try:
        await device.identify()
    except VoltrailError:
        return False
    else:
        return True
    finally:
        device.close()


def misspelt(data: Mapping[str, Any]) -> bool:
    """Whether no host can have that name; looking such a name up fails in unexpected ways."""
    return CONF_HOST in data and not is_host(data[CONF_HOST])


def why_down(err: BaseException) -> str:
    """Tell a host that is not there from one that hangs up."""
    cause: BaseException | None = err
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return "unknown_host"
        if isinstance(cause, ConnectionRefusedError):
            return "connection_refused"
        if isinstance(cause, ConnectionError):
            return "connection_dropped"
        if isinstance(cause, TimeoutError) or (
            isinstance(cause, OSError) and not isinstance(cause, ConnectionError)
        ):
            return "host_unreachable"
        cause = cause.__cause__ or cause.__context__
    return "connection_dropped"
