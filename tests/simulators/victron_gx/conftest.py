"""A GX of a typical home with ESS, and a client that is connected to it."""

from collections.abc import AsyncIterator

import pytest

from simulators.victron_gx import VictronGx, ess_home
from tests.simulators.wire import Wire

from .support import asked


@pytest.fixture
def gx() -> VictronGx:
    """Return the GX."""
    return ess_home()


@pytest.fixture
async def wire(gx: VictronGx) -> AsyncIterator[Wire]:
    """Connect to it."""
    async with asked(gx) as connected:
        yield connected
