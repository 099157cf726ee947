"""Puts a simulated device on a network that exists in memory only, in the event loop's own time.

No operating system is involved, so a loop whose time jumps from timer to timer lives through a day
in seconds. The loop has to bring the network: see `tests/fake_time.py`.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, Protocol, cast, override
from weakref import WeakKeyDictionary

from pymodbus.framer import FramerType

from simulators.clock import Clock
from simulators.device import SimulatedDevice
from simulators.server import Connection, LineSettings, Server, TcpServer

#: Silence after which a frame is over, in characters.
_SILENT_CHARACTERS: Final = 3.5
#: Simulated seconds between two looks at the time when nobody asks anything.
_TICK: Final = 1.0


type Place = tuple[str, int]
"""A host, and a port of it."""


class Listener(Protocol):
    """What can be connected to."""

    async def reach(self) -> None:
        """Take the time that a connection takes; raise an `OSError` if it fails."""

    def connect(self, protocol: asyncio.BaseProtocol) -> asyncio.Transport:
        """Connect a client."""


class MemoryNetwork:
    """Which host and port lead to which simulated device."""

    def __init__(self) -> None:
        self._servers: dict[Place, Listener] = {}

    def attach(self, place: Place, server: Listener) -> None:
        """Let a server be found."""
        self._servers[place] = server

    def detach(self, place: Place) -> None:
        """Let it be found no longer."""
        self._servers.pop(place, None)

    async def reach(self, host: str, port: int) -> None:
        """Look for a server as an operating system does."""
        if (server := self._servers.get((host, port))) is not None:
            await server.reach()

    def connect[ProtocolT: asyncio.BaseProtocol](
        self, protocol_factory: Callable[[], ProtocolT], host: str, port: int
    ) -> tuple[asyncio.Transport, ProtocolT]:
        """Do what `create_connection` of an event loop does."""
        server = self._servers.get((host, port))
        if server is None:
            message = f"nobody listens at {host}:{port}"
            raise ConnectionRefusedError(message)
        protocol = protocol_factory()
        return server.connect(protocol), protocol


def network_of(loop: asyncio.AbstractEventLoop) -> MemoryNetwork:
    """Return the network of an event loop that has one."""
    network = getattr(loop, "network", None)
    if not isinstance(network, MemoryNetwork):
        message = "this event loop has no network in memory; run the test in fake time"
        raise TypeError(message)
    return network


class Follower:
    """Keeps a device's clock level with the event loop's; devices may share a clock."""

    _seen: ClassVar[WeakKeyDictionary[Clock, float]] = WeakKeyDictionary()

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._seen[clock] = self._loop.time()
        self._task = asyncio.create_task(self._tick())

    def catch_up(self) -> None:
        """Let the device live up to this moment."""
        now = self._loop.time()
        seconds, self._seen[self._clock] = now - self._seen[self._clock], now
        self._clock.advance(seconds)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK)
            self.catch_up()

    async def close(self) -> None:
        """Stop following."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task


class _End(asyncio.Transport):
    """One end of a cable; what is written is handed to `send`."""

    def __init__(self, send: Callable[[bytes], None], closed: Callable[[], None]) -> None:
        super().__init__()
        self._send = send
        self._closed = closed
        self._closing = False
        self._protocol: asyncio.BaseProtocol | None = None
        self.extra: Mapping[str, object] = {}
        """What a client may ask about its connection."""

    @override
    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self.extra.get(name, default)

    def attach(self, protocol: asyncio.BaseProtocol) -> None:
        """Tell a protocol that it is connected."""
        self._protocol = protocol
        protocol.connection_made(self)

    def receive(self, data: bytes) -> None:
        """Hand bytes to the protocol."""
        if self._protocol is not None and not self._closing:
            # Not asyncio.Protocol: pymodbus derives from the base class for all its protocols.
            cast("asyncio.Protocol", self._protocol).data_received(data)

    def lose(self) -> None:
        """Tell the protocol that the other end is gone."""
        if self._closing:
            return
        self._closing = True
        if self._protocol is not None:
            self._protocol.connection_lost(None)

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self._closing:
            self._send(bytes(data))

    @override
    def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        self._closed()
        if self._protocol is not None:
            asyncio.get_running_loop().call_soon(self._protocol.connection_lost, None)

    @override
    def abort(self) -> None:
        self.close()

    @override
    def is_closing(self) -> bool:
        return self._closing

    @override
    def get_write_buffer_size(self) -> int:
        return 0

    @override
    def can_write_eof(self) -> bool:
        return False

    @override
    def pause_reading(self) -> None:
        """Do nothing: nobody here reads more than fits."""

    @override
    def resume_reading(self) -> None:
        """Do nothing."""


class Cable:
    """A connection over a network: everything arrives, in order, after `latency` seconds."""

    def __init__(self, follower: Follower | None, *, latency: float = 0.001) -> None:
        self._loop = asyncio.get_running_loop()
        self._follower = follower
        self._latency = latency
        self._requests: deque[bytes] = deque()
        self._answers: deque[bytes] = deque()
        self.near = _End(self.send_request, lambda: self._part(self.far))
        self.far = _End(self.send_answer, lambda: self._part(self.near))

    def _part(self, end: _End) -> None:
        self._loop.call_later(self._latency, end.lose)

    def send_request(self, data: bytes) -> None:
        """Carry bytes to the device."""
        self._requests.append(data)
        self._loop.call_later(self._latency, self._deliver_request)

    def _deliver_request(self) -> None:
        if self._follower is not None:
            self._follower.catch_up()
        self.far.receive(self._requests.popleft())

    def send_answer(self, data: bytes) -> None:
        """Carry bytes to the client."""
        self._answers.append(data)
        self._loop.call_later(self._latency, self._deliver_answer)

    def _deliver_answer(self) -> None:
        self.near.receive(self._answers.popleft())


@dataclass(frozen=True, kw_only=True)
class Timing:
    """How long things take on a serial line."""

    line: LineSettings = field(default_factory=lambda: LineSettings(stopbits=2))
    #: Seconds the device thinks.
    turnaround: float = 0.004
    #: Bytes that an adapter hands over at a time; None collects a whole frame.
    chunk: int | None = None

    @property
    def character(self) -> float:
        """Seconds that a byte takes."""
        return self.line.character

    @property
    def silence(self) -> float:
        """Seconds of silence that end a frame."""
        return _SILENT_CHARACTERS * self.character


@dataclass(kw_only=True)
class _Frame:
    """Bytes on the line between two moments."""

    data: bytes
    start: float
    end: float
    garbled: bool = False


class SerialCable(Cable):
    """Two wires for both directions: bytes take their time, and who talks together is not heard."""

    def __init__(self, follower: Follower, timing: Timing, server: MemoryServer) -> None:
        super().__init__(follower)
        self._device = follower
        self._timing = timing
        self._server = server
        self._asked: list[_Frame] = []
        self._answered: list[_Frame] = []

    def _occupy(self, data: bytes, earliest: float, mine: list[_Frame]) -> _Frame:
        """Put bytes on the line behind what the same side is sending already."""
        start = max(earliest, mine[-1].end) if mine else earliest
        frame = _Frame(data=data, start=start, end=start + len(data) * self._timing.character)
        mine.append(frame)
        return frame

    def _collide(self, frame: _Frame, others: list[_Frame]) -> None:
        # Timers fire a rounding error early.
        touch = self._timing.character / 2
        for other in others:
            if frame.start < other.end - touch and other.start < frame.end - touch:
                self._server.collisions += 1
                frame.garbled = other.garbled = True

    @override
    def send_request(self, data: bytes) -> None:
        frame = self._occupy(data, self._loop.time(), self._asked)
        self._collide(frame, self._answered)
        self._loop.call_at(frame.end + self._timing.silence, self._hear_request, frame)

    def _hear_request(self, frame: _Frame) -> None:
        self._asked.remove(frame)
        self._device.catch_up()
        # A receiver that hears two at once finds no frame whose check sum is right.
        if not frame.garbled:
            self.far.receive(frame.data)

    @override
    def send_answer(self, data: bytes) -> None:
        if not data:
            # An answer that was lost takes no time on the line.
            return
        frame = self._occupy(data, self._loop.time() + self._timing.turnaround, self._answered)
        self._collide(frame, self._asked)
        size = self._timing.chunk or len(data)
        for begin in range(0, len(data), size):
            part = data[begin : begin + size]
            moment = frame.start + (begin + len(part)) * self._timing.character
            self._loop.call_at(moment, self._hear_answer, frame, part)
        self._loop.call_at(frame.end, self._forget_answer, frame)

    def _forget_answer(self, frame: _Frame) -> None:
        self._answered.remove(frame)

    def _hear_answer(self, frame: _Frame, part: bytes) -> None:
        self.near.receive(bytes(byte ^ 0x5A for byte in part) if frame.garbled else part)


class MemoryServer(Server):
    """One face of a device in memory: a TCP port, or the far end of a serial line.

    `collisions` counts how often client and device talked at the same time.
    """

    def __init__(
        self,
        device: SimulatedDevice,
        *,
        host: str,
        port: int,
        timing: Timing | None = None,
        rtu: bool = False,
        latency: float = 0.001,
    ) -> None:
        framer = FramerType.RTU if rtu or timing is not None else FramerType.SOCKET
        super().__init__(device, host=host, port=port, framer=framer)
        self.collisions = 0
        self._timing = timing
        self._latency = latency
        self._network = network_of(asyncio.get_running_loop())
        self._follower = Follower(device.clock)

    @property
    def url(self) -> str:
        """What a serial client opens."""
        return f"socket://{self.host}:{self.port}"

    def catch_up(self) -> None:
        """Let the device live up to this moment."""
        self._follower.catch_up()

    async def reach(self) -> None:
        """Be found at once."""

    def connect(self, protocol: asyncio.BaseProtocol) -> asyncio.Transport:
        """Connect a client."""
        assert isinstance(self._server, TcpServer)
        if self._timing is not None:
            cable: Cable = SerialCable(self._follower, self._timing, self)
        else:
            cable = Cable(self._follower, latency=self._latency)
        connection = self._server.handle_new_connection()
        assert isinstance(connection, Connection)
        cable.near.attach(protocol)
        asyncio.get_running_loop().call_soon(cable.far.attach, connection)
        return cable.near

    @override
    async def plug(self) -> None:
        if self._server is None:
            self._server = TcpServer.create(self)
            self._network.attach((self.host, self.port), self)

    @override
    async def unplug(self) -> None:
        self._network.detach((self.host, self.port))
        await super().unplug()

    @override
    async def close(self) -> None:
        await super().close()
        await self._follower.close()


@asynccontextmanager
async def serve_in_memory(
    device: SimulatedDevice, *, host: str = "charger.test", port: int = 502, rtu: bool = False
) -> AsyncIterator[MemoryServer]:
    """Serve over a TCP that is simulated; `rtu` sends serial frames through it."""
    server = MemoryServer(device, host=host, port=port, rtu=rtu)
    await server.plug()
    try:
        yield server
    finally:
        await server.close()


@asynccontextmanager
async def serve_serial_in_memory(
    device: SimulatedDevice,
    timing: Timing | None = None,
    *,
    host: str = "bus.test",
    port: int = 1,
) -> AsyncIterator[MemoryServer]:
    """Serve on a serial line that is simulated, byte times and collisions included.

    A client reaches it as it reaches RTU over TCP, at `server.url`.
    """
    server = MemoryServer(device, host=host, port=port, timing=timing or Timing())
    await server.plug()
    try:
        yield server
    finally:
        await server.close()
