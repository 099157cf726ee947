"""A relay at a real socket of the loopback, or at the end of a serial cable."""

import asyncio
import os
import socket
from pathlib import Path
from typing import Self, override

from simulators.pty_cable import PtyCable
from simulators.relay.fault import Admission
from simulators.relay.frames import Framing
from simulators.relay.link import Link, Near, Relay

_CHUNK = 4096


class SocketRelay(Relay):
    """Listens on a port of 127.0.0.1, which it keeps while nobody is let in."""

    def __init__(self, host: str, port: int, framing: Framing) -> None:
        super().__init__(host, port, framing)
        self.near_port = 0
        self._server: asyncio.Server | None = None
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _listen(self) -> None:
        if self._server is None:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: Near(self), "127.0.0.1", self.near_port, reuse_address=True
            )
            self.near_port = self._server.sockets[0].getsockname()[1]

    def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    @override
    def vanish(self) -> None:
        self._hang_up()
        self.cut_off()

    @override
    def appear(self) -> None:
        self.spawn(self._listen())

    @override
    def accept(self, near: asyncio.Transport) -> Link:
        connection: socket.socket | None = near.get_extra_info("socket")
        if connection is not None:
            # Single bytes are to arrive as single bytes.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return super().accept(near)

    @override
    async def close(self) -> None:
        self._hang_up()
        await super().close()


class PtyRelay(Relay):
    """Holds the far end of a cable of pseudo-terminals; the client opens `path`."""

    def __init__(self, host: str, port: int, link: Path, *, character: float = 0.0) -> None:
        super().__init__(host, port, Framing.RTU)
        self._cable = PtyCable(link=link, character=character)
        self._descriptor = -1
        self._transport: _PtyEnd | None = None

    @property
    def path(self) -> str:
        """Where the client opens its port."""
        return self._cable.path

    async def __aenter__(self) -> Self:
        self._cable.__enter__()
        self._descriptor = os.open(self._cable.far_path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)
        asyncio.get_running_loop().add_reader(self._descriptor, self._read)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _read(self) -> None:
        try:
            data = os.read(self._descriptor, _CHUNK)
        except BlockingIOError:
            return
        what, _ = self.fault.admission()
        if what is not Admission.CARRY:
            # A line has no connection that could be refused; nobody answers on it.
            return
        if not self.links:
            self._transport = _PtyEnd(self._descriptor)
            self.accept(self._transport)
        self.links[0].from_client(data)

    @override
    def vanish(self) -> None:
        self._cable.unplug()
        self.cut_off()

    @override
    def appear(self) -> None:
        self._cable.plug()

    @override
    async def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._descriptor)
        await super().close()
        os.close(self._descriptor)
        self._cable.__exit__()


class _PtyEnd(asyncio.Transport):
    """What a link writes to; closing it ends nothing, as a line has no connection."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor
        self._closing = False

    @override
    def write(self, data: bytes | bytearray | memoryview) -> None:
        try:
            os.write(self._descriptor, data)
        except BlockingIOError:
            return

    @override
    def is_closing(self) -> bool:
        return self._closing

    @override
    def close(self) -> None:
        self._closing = True

    @override
    def abort(self) -> None:
        self._closing = True
