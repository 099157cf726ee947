"""Where the bytes of a meter come from: a serial port, or a port of a host."""

import argparse
import asyncio
import errno
import importlib
import os
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, fields, replace
from itertools import cycle, repeat
from typing import Any, Final, TypedDict

from ..devices import FAMILIES
from ..devices.family import LineSettings
from ..han import Drop, HanReader, Message, Zone
from ..transport.endpoint import (
    LINE_ERRORS,
    EndpointError,
    Network,
    SerialPort,
    is_serial_port,
    network,
)
from .approach import given_line
from .arguments import PATIENCE
from .errors import NotReachedError, UsageError
from .listing import line_text

_PSEUDO_TERMINALS: Final = "/dev/pts/"
_CHUNK: Final = 4096
_USUAL_SPEED: Final = 2400

type Place = Network | SerialPort
type Event = Message | Drop


class Keys(TypedDict):
    """What is known about a meter beforehand."""

    encryption_key: bytes | None
    authentication_key: bytes | None
    zone: Zone


@dataclass(frozen=True, kw_only=True)
class Rhythm:
    """How long things take before something else is tried, in seconds."""

    pause: float = 1.0
    """Without a byte; meters pause between their bursts."""
    trial: float = 15.0
    """With settings of a line that were guessed, without a message."""
    connecting: float = 10.0
    shortest_wait: float = 1.0
    longest_wait: float = 60.0
    """Before a link that was lost is opened again."""


class _LostError(OSError):
    """A link that was open is of no use any more."""


def places(arguments: argparse.Namespace) -> tuple[Place, ...]:
    """Return where to listen: one place, or a port with the settings to try in turn."""
    text: str = arguments.endpoint
    given = given_line(arguments)
    if is_serial_port(text):
        return tuple(SerialPort(path=text, line=line) for line in _lines(given))
    if given:
        msg = f"speed and parity are for serial ports, and {text} is none"
        raise UsageError(msg)
    try:
        return (network(text),)
    except EndpointError as err:
        raise UsageError(str(err)) from err


def _lines(given: dict[str, Any]) -> list[LineSettings]:
    """Return how a meter's line may be set up, the most likely first."""
    usual = [line for family in FAMILIES if family.pushed for line in family.usual_lines]
    if len(given) == len(fields(LineSettings)) or not usual:
        return [replace(LineSettings(baudrate=_USUAL_SPEED), **given)]
    # Those that fit as they are come before those that were made to fit.
    fitting = sorted(usual, key=lambda line: replace(line, **given) != line)
    return list(dict.fromkeys(replace(line, **given) for line in fitting))


class Listener:
    """Listens to one meter, and opens the link again when it was lost or fell silent."""

    def __init__(
        self,
        candidates: tuple[Place, ...],
        keys: Keys,
        *,
        note: Callable[[str], None],
        patience: float = PATIENCE,
        rhythm: Rhythm | None = None,
    ) -> None:
        self._candidates = candidates
        self._note = note
        self._patience = patience
        self._rhythm = rhythm or Rhythm()
        self._reader = HanReader(**keys)
        self._certain = len(candidates) == 1
        """Whether a message has come with these settings, or there are no others."""
        self._wait = self._rhythm.shortest_wait

    async def events(self) -> AsyncGenerator[Event]:
        """Yield messages and drops for ever. Raises if the link cannot be opened at first."""
        opened_before = False
        for place in self._in_turn():
            try:
                async with _opened(place, self._rhythm.connecting) as stream:
                    if opened_before and self._certain:
                        self._note(f"{place} is open again")
                    opened_before = True
                    async for event in self._heard(stream, place):
                        yield event
            except _LostError as err:
                self._note(f"{place}: {err}")
                if not self._certain:
                    continue
            except OSError as err:
                if not opened_before:
                    msg = f"{place} cannot be opened: {_reason(err)}"
                    raise NotReachedError(msg) from err
            await asyncio.sleep(self._wait)
            self._wait = min(2 * self._wait, self._rhythm.longest_wait)

    def _in_turn(self) -> Iterator[Place]:
        """Yield one candidate after the other until a message came, then always that one."""
        for place in cycle(self._candidates):
            yield place
            if self._certain:
                yield from repeat(place)

    async def _heard(self, stream: asyncio.StreamReader, place: Place) -> AsyncIterator[Event]:
        """Yield what comes over an open link. Raises when it is of no use any more."""
        loop = asyncio.get_running_loop()
        reader = self._reader
        reader.restart()
        bytes_then = reader.journal.bytes
        heard_at = loop.time()
        while True:
            try:
                async with asyncio.timeout(self._rhythm.pause):
                    data = await stream.read(_CHUNK)
            except TimeoutError:
                messages = reader.silence()
            except OSError as err:
                raise _LostError(_reason(err)) from err
            else:
                if not data:
                    msg = "the other side closed the link"
                    raise _LostError(msg)
                messages = reader.feed(data)
            for message in messages:
                self._certain = True
                self._wait = self._rhythm.shortest_wait
                heard_at = loop.time()
                bytes_then = reader.journal.bytes
                yield message
            for drop in reader.take_drops():
                yield drop
            patience = self._patience if self._certain else self._rhythm.trial
            if loop.time() - heard_at >= patience:
                what = "no message in what came" if reader.journal.bytes > bytes_then else "nothing"
                line = isinstance(place, SerialPort) and f" with {line_text(place.line)}"
                msg = f"{what} for {patience:g} s{line or ''}"
                raise _LostError(msg)


@asynccontextmanager
async def _opened(place: Place, patience: float) -> AsyncIterator[asyncio.StreamReader]:
    match place:
        case Network(host=host, port=port):
            async with asyncio.timeout(patience):
                stream, writer = await asyncio.open_connection(host, port)
            try:
                yield stream
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
        case SerialPort():
            with_port = _serial_port(place)
            loop = asyncio.get_running_loop()
            stream = asyncio.StreamReader()
            descriptor = with_port.fileno()

            def receive() -> None:
                try:
                    stream.feed_data(with_port.read(_CHUNK))
                except OSError:
                    # Otherwise it would be readable for ever.
                    loop.remove_reader(descriptor)
                    stream.set_exception(_LostError("the adapter is gone"))

            loop.add_reader(descriptor, receive)
            try:
                yield stream
            finally:
                loop.remove_reader(descriptor)
                with_port.close()


def _serial_port(place: SerialPort) -> Any:
    """Open a port with pyserial, which ships no types and is not everywhere."""
    try:
        serial = importlib.import_module("serial")
    except ImportError as err:
        msg = "serial ports need the package pyserial: pip install pyserial"
        raise NotReachedError(msg) from err
    line = place.line
    # Where it is no terminal at all, or one without this speed or parity, the library has
    # nothing to tell but words of its own.
    unable = f"it is no serial port that can do {line_text(line)}"
    if os.path.realpath(place.path).startswith(_PSEUDO_TERMINALS):
        # Of socat, say. It has no line, and the system refuses a parity from the second time on.
        line = replace(line, bytesize=8, parity="N")
    try:
        return serial.Serial(
            place.path,
            baudrate=line.baudrate,
            bytesize=line.bytesize,
            parity=line.parity,
            stopbits=line.stopbits,
            timeout=0,
            exclusive=True,
        )
    except OSError as err:
        if err.errno is not None:
            raise
        raise OSError(unable) from err
    except LINE_ERRORS as err:
        raise OSError(unable) from err


def _reason(err: OSError) -> str:
    """Return what an error means, without the library's decoration."""
    match err:
        case socket.gaierror():
            return "that host is not known here"
        case ConnectionRefusedError():
            return "it refuses connections"
        case TimeoutError():
            return "it does not answer"
        case OSError(errno=errno.EAGAIN):
            return "another program is using it"
        case OSError(errno=int(number)):
            return os.strerror(number)
        case _:
            return str(err)
