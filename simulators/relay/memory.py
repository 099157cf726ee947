"""A relay in faked time, on the network that exists in memory only."""

import asyncio
import socket
from types import SimpleNamespace
from typing import Any, override

from simulators.memory import Cable, network_of
from simulators.relay.fault import Admission
from simulators.relay.frames import Framing
from simulators.relay.link import Near, Relay

_KNOCKS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""Seconds between the attempts of an operating system to be answered at all."""


class MemoryRelay(Relay):
    """Found at a host of its own, on the same port as the device."""

    def __init__(
        self,
        host: str,
        port: int,
        framing: Framing,
        *,
        name: str,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(host, port, framing)
        self.name = name
        self._network = network_of(loop or asyncio.get_running_loop())
        self._there = False
        self.appear()

    @property
    def place(self) -> tuple[str, int]:
        """Where a client finds it."""
        return self.name, self.port

    @override
    def vanish(self) -> None:
        if self._there:
            self._network.detach(self.place)
            self._there = False
        self.cut_off()

    @override
    def appear(self) -> None:
        if not self._there:
            self._network.attach(self.place, self)
            self._there = True

    async def reach(self) -> None:
        """Be looked for; raise what an operating system raises that finds nothing."""
        if self.fault.admission()[0] is Admission.UNKNOWN:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        for pause in _KNOCKS:
            if self.fault.admission()[0] is not Admission.VANISH:
                return
            await asyncio.sleep(pause)
        raise TimeoutError

    def connect(self, protocol: asyncio.BaseProtocol) -> asyncio.Transport:
        """Connect a client."""
        cable = Cable(None, latency=0.0005)
        # Clients of a real socket set its options.
        cable.near.extra = {"socket": SimpleNamespace(setsockopt=_nothing)}
        cable.near.attach(protocol)
        asyncio.get_running_loop().call_soon(cable.far.attach, Near(self))
        return cable.near

    @override
    async def close(self) -> None:
        self.vanish()
        await super().close()


def _nothing(*_options: Any) -> None:
    """Set no option."""
