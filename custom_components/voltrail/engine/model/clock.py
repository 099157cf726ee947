"""The wall clock, which may be set while the program runs."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

NOTICEABLE: Final = timedelta(seconds=5)
"""By less than this a clock is put right little by little, or two looks were not alike."""


def _monotonic() -> float:
    return time.monotonic()


class ClockWatch:
    """Notices when the wall clock was set between two looks.

    A small computer without a battery starts with a clock that is wrong, and sets it once it has
    reached the network. What was noted by the former clock has to move along: otherwise a session
    lasts for days, or less than nothing.
    """

    def __init__(self, passed: Callable[[], float] = _monotonic) -> None:
        self._passed = passed
        self._begun: datetime | None = None
        self._last: tuple[datetime, float] | None = None

    def set_by(self, now: datetime) -> timedelta:
        """Return by how much the clock was set since the last look; 0 if it was not."""
        passed, before = self._passed(), self._last
        self._last = now, passed
        if before is None or self._begun is None:
            self._begun = now
            return timedelta()
        step = now - before[0] - timedelta(seconds=passed - before[1])
        if abs(step) < NOTICEABLE:
            return timedelta()
        self._begun += step
        return step

    def moved[M: datetime | None](self, moment: M, step: timedelta) -> M:
        """Return a moment as the clock that was just set tells it.

        What was noted before a restart stays: it was noted by the clock of that time, which may
        have been right.
        """
        if moment is None or self._begun is None or moment < self._begun - step:
            return moment
        return moment + step
