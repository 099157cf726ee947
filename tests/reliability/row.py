"""All faults at one device, one after the other."""

import asyncio
from typing import override

from simulators.relay import Fault, Relay, catalogue
from tests.fake_time import FakeTimeLoop
from tests.reliability.home import Home
from tests.reliability.measure import Cell, measure
from tests.reliability.subjects import LIMIT


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
    # A counter that fell back is shown after ten minutes only.
    await house.pass_time(700)
    if house.subject.order is not None:
        await house.order(LIMIT)
        await house.pass_time(10)
    assert house.entities <= house.present()
