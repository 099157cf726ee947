"""One fault at one device, and the five things that must hold."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

from simulators.relay.fault import Fault
from tests.reliability.home import NOTHING, Home, jumps, seen_in_quiet
from tests.reliability.subjects import INSTALLER, LIMIT

LASTS: Final = 30.0
"""Seconds for which a fault is in force."""
AFTERWARDS: Final = 45.0
"""Seconds for which it is watched what happens then."""
QUIET: Final = 30.0
"""Seconds of quiet that show what is right."""
RECOVERY: Final = 10.0
LIFE_SIGNS: Final = 8.0
_STEP: Final = 0.5


@dataclass(kw_only=True)
class Cell:
    """What came of one fault at one device."""

    fault: str
    subject: str
    wrong: list[str] = field(default_factory=list)
    downs: list[str] = field(default_factory=list)
    ups: list[str] = field(default_factory=list)
    recovery: float | None = None
    """Seconds until everything was there again; None if it never was."""
    limit: float | None = None
    """What the charger goes by afterwards."""
    most: float = 0.0
    """The highest limit that the charger ever went by."""
    silence: float = 0.0
    """The longest time without a life sign."""
    failed: dict[str, str] = field(default_factory=dict)

    def failures(self, *, period: float, passes: bool) -> dict[str, str]:
        """Return what does not hold, by measure."""
        found: dict[str, str] = {}
        if self.wrong:
            found["values"] = "; ".join(self.wrong[:3])
        if len(self.downs) > 1 or len(self.ups) > 1:
            found["log"] = f"{len(self.downs)} down, {len(self.ups)} up"
        if self.recovery is None or self.recovery > RECOVERY + period:
            took = "never" if self.recovery is None else f"{self.recovery:.0f} s"
            found["recovery"] = took
        if self.limit is not None and abs(self.limit - LIMIT) > 0.05:
            found["set-point"] = f"{self.limit:g} A"
        if self.most > INSTALLER + 0.05:
            found["limit"] = f"{self.most:g} A"
        if passes and self.silence > LIFE_SIGNS:
            found["life signs"] = f"{self.silence:.0f} s"
        return found


async def measure(house: Home, fault: Fault) -> Cell:
    """Let a fault happen, and see what becomes of it.

    What is shown meanwhile is compared with what was shown in quiet, before and afterwards: in
    between the devices do nothing new, but go on with what they do.
    """
    subject = house.subject
    cell = Cell(fault=fault.name, subject=subject.key)
    house.log.lines.clear()
    begun = house.now
    before = begun - QUIET
    baseline = seen_in_quiet(house, before, begun)
    subject.relay.put(fault)
    await _watch(house, cell, LASTS)
    subject.relay.clear()
    ended = house.now
    await _watch_recovery(house, cell, ended)
    # What speaks by itself is told of with less weight; the words are the same.
    cell.ups = [text for level, text in house.log.lines if level == 20 and "again" in text]
    # How often it tries an entry that is not ready is told by Home Assistant itself.
    cell.downs = [
        text
        for _, text in house.log.lines
        if text not in cell.ups and not text.startswith("Config entry '")
    ]
    cell.limit = None if subject.in_force is None else subject.in_force()
    quiet_again = house.now - QUIET / 2
    # A charger that was not reached at all does fall to its safe current, and says so afterwards.
    until = quiet_again if fault.passes else ended
    for moment, key, _, after in house.changes:
        if moment >= quiet_again:
            baseline[key].take(after)
    for key, text in house.states().items():
        baseline[key].take(text)
    cell.wrong = [
        f"{key}: {after}"
        for moment, key, _, after in house.changes
        if begun <= moment < until
        and after not in NOTHING
        and key in baseline
        and not baseline[key].fits(after)
        and not _counts(house, key)
    ]
    cell.wrong += jumps(house, begun, house.now - begun)
    return cell


def _counts(house: Home, key: str) -> bool:
    """Whether an entity shows something that goes on: it is looked at elsewhere, or a moment."""
    state = house.hass.states.get(key)
    if state is None:
        return False
    return state.attributes.get("device_class") in {"timestamp", "duration"} or (
        state.attributes.get("state_class") in {"total_increasing", "total"}
    )


async def _watch(house: Home, cell: Cell, seconds: float) -> None:
    end = house.now + seconds
    while house.now < end:
        await asyncio.sleep(_STEP)
        subject = house.subject
        if subject.in_force is not None:
            cell.most = max(cell.most, subject.in_force())
        if subject.longest_gap is not None:
            cell.silence = max(cell.silence, subject.longest_gap())


async def _watch_recovery(house: Home, cell: Cell, ended: float) -> None:
    """Wait until everything is there again, and somewhat longer for the dust to settle."""
    while house.now < ended + AFTERWARDS:
        await _watch(house, cell, _STEP)
        missing = house.entities - house.present()
        if missing:
            cell.recovery = None
        elif cell.recovery is None:
            cell.recovery = house.now - ended
