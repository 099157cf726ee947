"""Energy out of power, where a device counts none itself.

Pure arithmetic: the owner of an integrator tells it what was measured and when. Two
counters come out, one per direction; both only ever grow.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

LONGEST_GAP: Final = 300.0
"""Seconds between two samples beyond which the time in between adds nothing."""

_SECONDS_PER_HOUR: Final = 3600.0


class Integrator:
    """Adds up power over time, by the trapezoid between two samples."""

    def __init__(self, *, longest_gap: float = LONGEST_GAP, limit: float | None = None) -> None:
        self._longest_gap = longest_gap
        self._limit = limit
        self._last: tuple[float, float] | None = None
        self.positive = 0.0
        """Energy of all the time that power was positive, in Wh."""
        self.negative = 0.0
        """Energy of all the time that power was negative, in Wh; a positive number."""
        self.gaps = 0
        """How often the samples were too far apart to say anything."""
        self.skipped = 0
        """How many samples were missing or impossible."""

    def add(self, power: float | None, at: float) -> None:
        """Take a sample in watt at a moment in seconds.

        A sample that is missing, no number, above what this house can draw, or older than
        the last one is skipped: the line is drawn from the last good one to the next, unless
        those are too far apart.
        """
        if power is None or not self._possible(power):
            self.skipped += 1
            return
        last = self._last
        if last is not None and at < last[1]:
            # Going back would count the time since then twice.
            self.skipped += 1
            return
        self._last = (power, at)
        if last is None:
            return
        before, since = last
        elapsed = at - since
        if elapsed > self._longest_gap:
            self.gaps += 1
            return
        self._add_line(before, power, elapsed / _SECONDS_PER_HOUR)

    def _possible(self, power: float) -> bool:
        return math.isfinite(power) and (self._limit is None or abs(power) <= self._limit)

    def _add_line(self, before: float, after: float, hours: float) -> None:
        if before * after >= 0:
            self._add_area((before + after) / 2 * hours)
            return
        # The line crosses zero: each side counts for its own direction.
        first = abs(before) / (abs(before) + abs(after))
        self._add_area(before / 2 * first * hours)
        self._add_area(after / 2 * (1 - first) * hours)

    def _add_area(self, energy: float) -> None:
        if energy > 0:
            self.positive += energy
        else:
            self.negative -= energy

    def dump_state(self) -> dict[str, float]:
        """Return both counters in a form that can be stored."""
        return {"positive": self.positive, "negative": self.negative}

    def restore_state(self, memory: Mapping[str, Any]) -> None:
        """Go on from stored counters; neither may fall."""
        self.positive = max(self.positive, _amount(memory.get("positive")))
        self.negative = max(self.negative, _amount(memory.get("negative")))


def _amount(value: Any) -> float:
    known = isinstance(value, (int, float)) and math.isfinite(value) and value >= 0
    return float(value) if known else 0.0
