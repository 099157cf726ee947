"""One relay, and each of the connections that lead through it."""

import asyncio
import contextlib
from abc import ABC, abstractmethod
from collections import deque
from typing import Any, override

from simulators.relay.fault import Admission, Fault, Sound
from simulators.relay.frames import Cutter, Frame, Framing


class Relay(ABC):
    """Stands before a device at a place of its own and carries what comes, by the fault in force.

    `host` and `port` are where the device is.
    """

    def __init__(self, host: str, port: int, framing: Framing) -> None:
        self.host = host
        self.port = port
        self.framing = framing
        self.fault: Fault = Sound()
        self.links: list[Link] = []
        self.connections = 0
        """How many clients asked to be connected."""
        self.tasks: set[asyncio.Task[Any]] = set()

    def put(self, fault: Fault) -> None:
        """Let a fault come into force."""
        self.clear()
        self.fault = fault
        fault.begin(self)

    def clear(self) -> None:
        """Let the link be sound again."""
        fault, self.fault = self.fault, Sound()
        fault.end(self)

    def cut_off(self, *, reset: bool = False) -> None:
        """Close all connections."""
        for link in tuple(self.links):
            link.close(reset=reset)

    @abstractmethod
    def vanish(self) -> None:
        """Be gone from the network, as an adapter that was pulled."""

    @abstractmethod
    def appear(self) -> None:
        """Be there again."""

    def accept(self, near: asyncio.Transport) -> Link:
        """Take a client; what becomes of it is for the fault to say."""
        self.connections += 1
        link = Link(self, near)
        self.links.append(link)
        what, seconds = self.fault.admission()
        if what is Admission.CLOSE:
            link.silent = True
            asyncio.get_running_loop().call_later(seconds, link.close)
        elif what is Admission.CARRY:
            self.spawn(link.open())
        else:
            link.silent = True
        return link

    def spawn(self, work: Any) -> None:
        """Do something in the background until the relay ends."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def close(self) -> None:
        """End everything."""
        self.cut_off()
        for task in tuple(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


class Link:
    """One connection of a client, and the one to the device that belongs to it."""

    def __init__(self, relay: Relay, near: asyncio.Transport) -> None:
        self.relay = relay
        self.silent = False
        """Whether nothing is carried on this connection any more, in either direction."""
        self.closed = False
        self.held: Frame | None = None
        """An answer that a fault keeps back."""
        self._near = near
        self._far: asyncio.Transport | None = None
        self._waiting: list[bytes] = []
        self._requests = Cutter(relay.framing, answers=False)
        self._answers = Cutter(relay.framing, answers=True)
        self._asked: deque[Frame] = deque(maxlen=8)
        self._timers: set[asyncio.TimerHandle] = set()

    async def open(self) -> None:
        """Connect to the device."""
        loop = asyncio.get_running_loop()
        try:
            far, _ = await loop.create_connection(
                lambda: Far(self), self.relay.host, self.relay.port
            )
        except OSError:
            self.close()
            return
        if self.closed:
            far.close()
            return
        self._far = far
        for data in self._waiting:
            far.write(data)
        self._waiting.clear()

    def from_client(self, data: bytes) -> None:
        """Take what a client sent."""
        if self.silent:
            return
        if self.relay.framing is Framing.NONE:
            return
        for frame in self._requests.feed(data):
            self._asked.append(frame)
            self.relay.fault.request(self, frame)

    def from_device(self, data: bytes) -> None:
        """Take what the device sent."""
        if self.silent:
            return
        for frame in self._answers.feed(data):
            asked = self._asked.popleft() if self._asked else None
            self.relay.fault.answer(
                self,
                Frame(
                    framing=frame.framing,
                    unit=frame.unit,
                    pdu=frame.pdu,
                    transaction=frame.transaction,
                    asked=asked,
                ),
            )

    def lose_request(self) -> None:
        """Forget the newest request: it never gets to the device."""
        if self._asked:
            self._asked.pop()

    def to_device(self, data: bytes) -> None:
        """Send something on to the device."""
        if self._far is None:
            self._waiting.append(data)
        elif not self._far.is_closing():
            self._far.write(data)

    def to_client(self, data: bytes, *, after: float = 0.0) -> None:
        """Send something to the client, now or later."""
        if after <= 0:
            if not self.closed and not self._near.is_closing():
                self._near.write(data)
            return

        def send() -> None:
            self._timers.discard(timer)
            self.to_client(data)

        timer = asyncio.get_running_loop().call_later(after, send)
        self._timers.add(timer)

    def fall_silent(self) -> None:
        """Carry nothing any more, and stay open."""
        self.silent = True

    def close(self, *, reset: bool = False) -> None:
        """End the connection on both sides."""
        if self.closed:
            return
        self.closed = True
        if self in self.relay.links:
            self.relay.links.remove(self)
        for timer in self._timers:
            timer.cancel()
        for transport in (self._near, self._far):
            if transport is not None and not transport.is_closing():
                with contextlib.suppress(OSError):
                    transport.abort() if reset else transport.close()


class Near(asyncio.Protocol):
    """The side of the client."""

    def __init__(self, relay: Relay) -> None:
        self._relay = relay
        self._link: Link | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._link = self._relay.accept(transport)

    @override
    def data_received(self, data: bytes) -> None:
        if self._link is not None:
            self._link.from_client(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        if self._link is not None:
            self._link.close()


class Far(asyncio.Protocol):
    """The side of the device."""

    def __init__(self, link: Link) -> None:
        self._link = link

    @override
    def data_received(self, data: bytes) -> None:
        self._link.from_device(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        # What is silent stays open: its client is not to notice.
        if not self._link.silent:
            self._link.close()
