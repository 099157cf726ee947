"""Every fault of a link, at every family, in a Home Assistant in faked time."""

import asyncio
from typing import override

import pytest

from simulators.relay import Fault, Relay, catalogue
from tests.fake_time import FakeTimeLoop, run
from tests.reliability.home import Home, home
from tests.reliability.known import KNOWN
from tests.reliability.measure import Cell, measure
from tests.reliability.subjects import LIMIT, SUBJECTS, subject

pytestmark = pytest.mark.usefixtures("socket_enabled")


class LoopBlocked(Fault):
    """Another integration blocks the event loop for five seconds."""

    @override
    def begin(self, relay: Relay) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, FakeTimeLoop)
        loop.jump(5)


def faults(house: Home) -> list[Fault]:
    """Return the faults that can happen to a device."""
    framing = house.subject.relay.framing
    made = [catalogue.make(name) for name in catalogue.NAMES]
    return [fault for fault in made if catalogue.fits(fault, framing)] + [
        LoopBlocked("the event loop blocked for 5 s")
    ]


async def row(house: Home) -> list[Cell]:
    """Let one fault happen after the other."""
    cells = []
    for fault in faults(house):
        cell = await measure(house, fault)
        cell.failed = cell.failures(period=house.subject.period, passes=fault.passes)
        cells.append(cell)
        if cell.failed:
            await _restore(house)
    return cells


async def _restore(house: Home) -> None:
    """Bring everything back to where it was, so that no fault is measured by another one."""
    await house.hass.config_entries.async_reload(house.entry.entry_id)
    await house.pass_time(90)
    if house.subject.order is not None:
        await house.order(LIMIT)
        await house.pass_time(10)
    assert house.entities <= house.present()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("key", SUBJECTS)
def test_no_fault_of_the_link_does_harm(key: str) -> None:
    """No wrong value, one line down and one up, back in 10 s, the limit as wanted, life signs."""

    async def story() -> None:
        async with subject(key) as device, home(device) as house:
            await house.start()
            await house.settle()
            cells = await row(house)
            assert await house.end() == []
        broken = {cell.fault: cell.failed for cell in cells if cell.failed}
        known = {fault for whose, fault in KNOWN if whose == key}
        assert {fault: why for fault, why in broken.items() if fault not in known} == {}
        assert known - broken.keys() == set(), "these hold now: take them off the list"

    run(story())
