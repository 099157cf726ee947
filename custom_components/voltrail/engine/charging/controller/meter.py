"""Watches a source: its usual gap, its silence, and whether it is frozen.

A constant value is not a stale one, so repeats only raise a *suspicion*: the car is then
moved by some amperes, and a meter that goes on to repeat itself after that is frozen.
"""

from dataclasses import dataclass
from typing import Final

from .codec import NEVER, moment
from .samples import GridSample

SHORTEST_AGE_S: Final = 15.0
LONGEST_AGE_S: Final = 90.0
WANTED_SAMPLES: Final = 2
"""So many fresh samples after a start or a silence, before anything is decided."""
MOVED_A: Final = 1.5
"""A car that changed its draw by this much must be seen in the grid power."""
PROBE_A: Final = 2.0
_EQUAL_AFTER_MOVE: Final = 3
_LEARNING_S: Final = 600.0
_REPEATING_S: Final = 20.0


@dataclass
class Meter:
    """What is remembered about a source."""

    seen_s: float = moment()
    changed_s: float = moment()
    started_s: float = moment()
    power_w: float = 0.0
    currents_a: tuple[float, ...] = ()
    gap_s: float = 0.0
    usual_s: float = 0.0
    before_s: float = 0.0
    learning_s: float = moment()
    fresh: int = 0
    repeats: int = 0
    draw_a: float = 0.0
    equal_after_move: int = 0
    frozen: bool = False

    @property
    def usual_gap_s(self) -> float:
        """The largest usual gap of the last ten minutes."""
        return max(self.usual_s, self.before_s)

    @property
    def oldest_s(self) -> float:
        """The age from which a sample counts as missing."""
        return min(LONGEST_AGE_S, max(SHORTEST_AGE_S, 3 * self.usual_gap_s))

    def age(self, now: float) -> float:
        """Seconds since the source was last known to tell the truth."""
        since = self.changed_s if self.frozen else self.seen_s
        return now - max(since, self.started_s)

    def silent(self, now: float) -> bool:
        """Tell whether there is nothing to decide by."""
        return self.age(now) > self.oldest_s

    def ready(self, now: float) -> bool:
        """Tell whether the source may be believed again."""
        return self.fresh >= WANTED_SAMPLES and not self.silent(now)


def note(
    meter: Meter, sample: GridSample, currents: tuple[float, ...], draw_a: float, now: float
) -> bool:
    """Take a sample; False if it is the one that is known already."""
    if sample.received_s <= meter.seen_s:
        return False
    was_silent = meter.silent(now) and meter.seen_s > NEVER
    _learn_gap(meter, sample.received_s)
    equal = sample.power_w == meter.power_w and currents == meter.currents_a
    meter.seen_s = sample.received_s
    if equal and meter.changed_s > NEVER:
        _repeat(meter, draw_a)
    else:
        if meter.frozen:
            was_silent = True
        meter.changed_s, meter.draw_a = sample.received_s, draw_a
        meter.repeats = meter.equal_after_move = 0
        meter.frozen = False
    meter.power_w, meter.currents_a = sample.power_w, currents
    meter.fresh = 1 if was_silent else min(meter.fresh + 1, WANTED_SAMPLES)
    return True


def suspected(meter: Meter, now: float, *, repeats: bool) -> bool:
    """Tell whether the car should be moved to see whether the meter follows."""
    if meter.frozen:
        return False
    if not repeats:
        # It says nothing while nothing changes: its silence is all there is to go by.
        quiet = now - meter.seen_s
        return max(_REPEATING_S / 2, 1.5 * meter.usual_gap_s) < quiet <= meter.oldest_s
    usual = meter.usual_gap_s or 1.0
    return meter.repeats >= max(3, round(_REPEATING_S / usual))


def _repeat(meter: Meter, draw_a: float) -> None:
    meter.repeats += 1
    if abs(draw_a - meter.draw_a) < MOVED_A:
        meter.equal_after_move = 0
        return
    meter.equal_after_move += 1
    if meter.equal_after_move > _EQUAL_AFTER_MOVE:
        meter.frozen = True


def _learn_gap(meter: Meter, received_s: float) -> None:
    """Learn from two gaps in a row: a single long one is a silence."""
    gap = received_s - meter.seen_s if meter.seen_s > NEVER else 0.0
    if received_s - meter.learning_s > _LEARNING_S:
        meter.before_s = meter.usual_s
        meter.usual_s, meter.learning_s = 0.0, received_s
    if gap and meter.gap_s:
        meter.usual_s = max(meter.usual_s, min(gap, meter.gap_s, LONGEST_AGE_S))
    meter.gap_s = gap
