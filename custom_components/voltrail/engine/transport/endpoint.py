"""Where a device is: from what a person types to a link, outside Home Assistant."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, Literal, Protocol, override

if TYPE_CHECKING:
    from modbus_connection import ModbusSerialParams, ModbusTcpParams

try:
    import termios
except ImportError:  # pragma: no cover - not on every system
    LINE_ERRORS: tuple[type[Exception], ...] = (ValueError,)
else:
    LINE_ERRORS = (ValueError, termios.error)
"""Raised for settings that a serial port does not have; none of these is an ``OSError``."""

_SERIAL_PORT: Final = re.compile(r"[/.~]|COM\d+$", re.IGNORECASE)
_HOST: Final = re.compile(r"[^\s/:\[\]]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*(%\w+)?")


class Transport(StrEnum):
    """A way to reach a device."""

    TCP = "tcp"
    SERIAL = "serial"
    RTU_OVER_TCP = "rtu_over_tcp"
    NETWORK = "network"
    MQTT = "mqtt"


@dataclass(frozen=True, kw_only=True)
class LineSettings:
    """How a serial line is set up unless a person changed it."""

    baudrate: int
    bytesize: Literal[7, 8] = 8
    parity: Literal["N", "E", "O"] = "N"
    stopbits: Literal[1, 2] = 1


class Reachable(Protocol):
    """What is known of a family about how its devices are reached."""

    @property
    def key(self) -> str:
        """The key of the family."""

    @property
    def transports(self) -> tuple[Transport, ...]:
        """The ways that lead to its devices."""

    @property
    def port(self) -> int:
        """The usual port."""

    @property
    def line(self) -> LineSettings | None:
        """The usual settings of a serial line."""


class EndpointError(ValueError):
    """What was typed leads nowhere."""


@dataclass(frozen=True, kw_only=True)
class Network:
    """A port of a host."""

    host: str
    port: int

    @override
    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class SerialPort:
    """A serial port, and how its line is set up."""

    path: str
    line: LineSettings

    @override
    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """A place where a device is asked, and the way to ask it."""

    transport: Transport
    place: Network | SerialPort

    @override
    def __str__(self) -> str:
        return str(self.place)

    @property
    def shared_line(self) -> bool:
        """Whether answers come without a number, so that a late one can be mistaken."""
        return self.transport is not Transport.TCP

    @property
    def params(self) -> ModbusTcpParams | ModbusSerialParams:
        """The same for the Modbus library."""
        # A list of what there is needs no Modbus.
        from modbus_connection import ModbusSerialParams, ModbusTcpParams  # noqa: PLC0415

        match self.place:
            case SerialPort(path=path, line=line):
                return ModbusSerialParams(
                    device=path,
                    baudrate=line.baudrate,
                    bytesize=line.bytesize,
                    parity=line.parity,
                    stopbits=line.stopbits,
                )
            case Network(host=host, port=port) if self.transport is Transport.TCP:
                return ModbusTcpParams(host=host, port=port)
            case place:
                # The line's speed is the gateway's business; this one only sets the pause
                # between frames.
                return ModbusSerialParams(device=f"socket://{place}", baudrate=115200)


def is_serial_port(text: str) -> bool:
    """Whether this looks like the path of a serial port, and not like a host."""
    return _SERIAL_PORT.match(text) is not None


def network(text: str, port: int | None = None, *, usual: int | None = None) -> Network:
    """Return the host and the port of ``host``, ``host:port`` or ``[address]:port``."""
    host, colon, said, whole = text, "", "", True
    if text.startswith("["):
        host, end, rest = text[1:].partition("]")
        whole = bool(end)
        colon, said = rest[:1], rest[1:]
    elif text.count(":") == 1:
        host, colon, said = text.partition(":")
    if not whole or not is_host(host) or colon not in {"", ":"}:
        msg = f"{text} is neither a host nor a serial port"
        raise EndpointError(msg)
    if colon:
        if not (said.isdecimal() and len(said) < 6 and 0 < int(said) < 65536):
            msg = f"{said or 'nothing'} is no port, in {text}"
            raise EndpointError(msg)
        if port not in {None, int(said)}:
            msg = f"{text} and port {port} contradict each other"
            raise EndpointError(msg)
        port = int(said)
    port = usual if port is None else port
    if port is None:
        msg = f"{text} needs a port, as in {text}:3001"
        raise EndpointError(msg)
    return Network(host=host, port=port)


def is_host(text: str) -> bool:
    """Whether this can be the name or the address of a host, without a port."""
    try:
        # As the resolver will do; it fails at an empty part or one that is too long.
        text.encode("idna")
    except UnicodeError:
        return False
    return text.isprintable() and _HOST.fullmatch(text) is not None


def endpoint(
    family: Reachable,
    text: str,
    *,
    transport: Transport | None = None,
    port: int | None = None,
    line: LineSettings | None = None,
) -> Endpoint:
    """Return where a device of a family is; what is not said is taken from the family.

    Raises :class:`TargetError` if such a device cannot be reached that way.
    """
    if transport is None:
        transport = _usual_transport(family, text)
    if transport not in family.transports:
        ways = " or ".join(family.transports)
        msg = f"a device of {family.key} is reached over {ways}, not over {transport}"
        raise EndpointError(msg)
    if transport is Transport.SERIAL:
        if port is not None:
            msg = f"{text} is a serial port and has no port number"
            raise EndpointError(msg)
        line = line or family.line or LineSettings(baudrate=9600)
        return Endpoint(transport=transport, place=SerialPort(path=text, line=line))
    if line is not None:
        msg = "speed and parity are for serial ports; a gateway has its own settings for them"
        raise EndpointError(msg)
    return Endpoint(transport=transport, place=network(text, port, usual=family.port))


def _usual_transport(family: Reachable, text: str) -> Transport:
    if is_serial_port(text):
        return Transport.SERIAL
    ways = (Transport.TCP, Transport.RTU_OVER_TCP)
    return next((way for way in ways if way in family.transports), Transport.TCP)
