"""What may stand in the way of a device that does not answer, in words that help.

The Modbus libraries say that a connection failed, and rarely why. So the way is tried once
more without them, after they have let go of it: some devices admit one client only.
"""

import asyncio
import os
import socket
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from typing import Final

from ..devices.family import Family, Transport
from ..model.errors import DeviceSilentError, VoltrailError
from ..transport.endpoint import Endpoint, Network, SerialPort
from .listing import line_text

_PATIENCE: Final = 2.0
_AFTERWARDS: Final = 0.3

_ANY_REQUEST: Final = bytes.fromhex("0001 0000 0006 01 03 0000 0001")
"""Read one register: the plainest thing that can be asked over Modbus TCP."""

_PROTOCOL: Final = slice(2, 4)
"""Where every answer over Modbus TCP has two zeros."""


class _Door(Enum):
    """How a network port reacts to an attempt to connect."""

    UNKNOWN_HOST = auto()
    REFUSED = auto()
    NO_ANSWER = auto()
    OPEN = auto()
    CLOSED_AT_ONCE = auto()
    NOT_MODBUS = auto()


async def find(family: Family, endpoint: Endpoint, unit_id: int, err: VoltrailError) -> str:
    """Return what may be the matter, and what to look at."""
    silent = isinstance(err, DeviceSilentError)
    match endpoint.place:
        case SerialPort() as port:
            return _serial(family, port, unit_id) if silent else await _port(port)
        case Network() as network:
            if silent:
                # Some notice only after a moment that the last client has left.
                await asyncio.sleep(_AFTERWARDS)
            asks = endpoint.transport is Transport.TCP
            door = await _knock(network, _ANY_REQUEST if asks else b"")
            return _network(family, network, unit_id, door) + _other_way(family, endpoint, door)


def _network(family: Family, network: Network, unit_id: int, door: _Door) -> str:
    match door:
        case _Door.UNKNOWN_HOST:
            return f"no host named {network.host} is known here"
        case _Door.REFUSED:
            return (
                f"{network} refuses connections: is Modbus switched on at the device, "
                "and is the port right?"
            )
        case _Door.NO_ANSWER:
            return (
                f"{network} does not answer: is the device on, in this network, "
                "and is the address right?"
            )
        case _Door.CLOSED_AT_ONCE:
            return (
                f"{network} closes the connection: such devices admit one or two clients, "
                "is another one connected?"
            )
        case _Door.NOT_MODBUS:
            return f"something answers at {network}, but not in Modbus: is the port right?"
        case _Door.OPEN:
            return (
                f"{network} is there, but unit {unit_id} does not answer: is the unit id right"
                f"{_usual(family, unit_id)}, and is another client connected?"
            )


def _other_way(family: Family, endpoint: Endpoint, door: _Door) -> str:
    """Say how else a gateway may speak: whether its frames have numbers cannot be seen."""
    ways = {Transport.TCP, Transport.RTU_OVER_TCP}
    (other,) = ways - {endpoint.transport}
    if other not in family.transports or door not in {_Door.OPEN, _Door.NOT_MODBUS}:
        return ""
    return f" A gateway may also want --transport {other}."


def _serial(family: Family, port: SerialPort, unit_id: int) -> str:
    return (
        f"no device answers at {port}: are both wires the right way round, is the speed right "
        f"({line_text(port.line)} now), and is the unit id {unit_id}{_usual(family, unit_id)}?"
    )


def _usual(family: Family, unit_id: int) -> str:
    others = {family.unit_id, *family.other_unit_ids} - {unit_id}
    return f" (usual: {', '.join(map(str, sorted(others)))})" if others else ""


async def _port(port: SerialPort) -> str:
    path = Path(port.path)
    if not await asyncio.to_thread(path.exists):
        return f"there is no serial port {port}"
    if not os.access(path, os.R_OK | os.W_OK):
        return (
            f"{port} may not be opened by you: on most systems the members of the group dialout may"
        )
    return (
        f"{port} cannot be opened: is another program using it, and is it a serial port that "
        f"can do {line_text(port.line)}?"
    )


async def _knock(network: Network, request: bytes) -> _Door:
    """Open a connection, ask something and see what comes."""
    try:
        async with asyncio.timeout(_PATIENCE):
            reader, writer = await asyncio.open_connection(network.host, network.port)
    except socket.gaierror:
        return _Door.UNKNOWN_HOST
    except ConnectionRefusedError:
        return _Door.REFUSED
    except OSError, TimeoutError:
        return _Door.NO_ANSWER
    try:
        return await _ask(reader, writer, request)
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> _Door:
    try:
        writer.write(request)
        async with asyncio.timeout(_PATIENCE):
            answer = await reader.read(16)
    except TimeoutError:
        return _Door.OPEN
    except OSError:
        return _Door.CLOSED_AT_ONCE
    if not answer:
        return _Door.CLOSED_AT_ONCE
    return _Door.OPEN if not request or answer[_PROTOCOL] == b"\0\0" else _Door.NOT_MODBUS
