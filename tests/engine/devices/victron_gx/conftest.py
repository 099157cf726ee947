"""Some of these tests talk over real sockets on 127.0.0.1."""

from collections.abc import AsyncIterator

import pytest

from simulators.victron_gx import VictronGx as SimulatedGx
from simulators.victron_gx import ess_home

from .support import Meeting, meet


@pytest.fixture(autouse=True)
def _sockets(socket_enabled: None) -> None:
    """Allow sockets, which the test package of Home Assistant otherwise forbids."""


@pytest.fixture
def gx() -> SimulatedGx:
    """Return the GX of a typical home with ESS."""
    return ess_home()


@pytest.fixture
async def meeting(gx: SimulatedGx) -> AsyncIterator[Meeting]:
    """Meet it, without write access, and poll it once."""
    async with meet(gx) as met:
        yield met
