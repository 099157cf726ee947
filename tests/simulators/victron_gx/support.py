"""A simulated GX with a plain client at the other end of the wire."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from simulators.server import serve
from simulators.victron_gx import VictronGx
from tests.simulators.wire import Wire, connected


@asynccontextmanager
async def asked(gx: VictronGx) -> AsyncIterator[Wire]:
    """Serve a GX and connect to it."""
    async with serve(gx) as server, connected(server) as wire:
        yield wire
