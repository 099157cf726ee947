"""All faults at one device, one after the other."""

import asyncio
from typing import Final, override

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


STARTS: Final = (
    "refused",
    "accepted and silent",
    "accepted and closed within a second",
    "reset in mid-answer",
    "too late",
    "lost",
    "answers cut",
    "registers all ones",
    "exception 2 now and then",
    "exception 4 now and then",
    "exception 11 for one block",
)
"""Faults in the middle of which an entry is set up, as when Home Assistant starts."""


def faults(house: Home) -> list[Fault]:
    """Return the faults that can happen to a device."""
    framing = house.subject.relay.framing
    made = [catalogue.make(name) for name in catalogue.NAMES]
    made += [_starting(house, catalogue.make(name)) for name in STARTS]
    return [fault for fault in made if catalogue.fits(fault, framing)] + [
        LoopBlocked("the event loop blocked for 5 s")
    ]


def _starting(house: Home, fault: Fault) -> Fault:
    """Have the entry start anew in the middle of a fault."""
    begin = fault.begin

    def begin_and_start(relay: Relay) -> None:
        begin(relay)
        house.hass.config_entries.async_schedule_reload(house.entry.entry_id)

    fault.begin = begin_and_start  # type: ignore[method-assign]
    fault.name = f"started: {fault.name}"
    return fault


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
