"""The peak of a month, as tariffs count it.

Belgium takes the highest quarter of an hour of the month. Norway takes the mean of the three
highest hours, each on another day of the month.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from .window import ClosedWindow, WindowRule

HIGHEST: Final = 1
"""One window counts: the highest of the month."""
THREE_DAYS: Final = 3
"""The mean of three windows counts, each the highest of its day."""


@dataclass(slots=True)
class MonthPeak:
    """Remembers the highest window of each day of a month. ``days_counted`` is the tariff's."""

    rule: WindowRule
    days_counted: int = HIGHEST
    month: tuple[int, int] | None = None
    days: dict[date, float] = field(default_factory=dict)

    def add(self, window: ClosedWindow) -> None:
        """Take a window that is over; one that is not known tells nothing."""
        day = self._day(window.start_s)
        self._begin_month(day)
        if window.mean_w is not None:
            self.days[day] = max(self.days.get(day, 0.0), window.mean_w)

    @property
    def highest(self) -> list[tuple[date, float]]:
        """The days that count so far, the highest first."""
        ranked = sorted(self.days.items(), key=lambda item: (-item[1], item[0]))
        return ranked[: self.days_counted]

    @property
    def peak_w(self) -> float | None:
        """What the tariff would count if the month ended now."""
        counted = [mean for _, mean in self.highest]
        return sum(counted) / len(counted) if counted else None

    def free_w(self, at: float) -> float:
        """Return the highest mean that the present window may have without raising the peak.

        So long as fewer days are known than are counted every further day raises it.
        """
        day = self._day(at)
        if self.month != (day.year, day.month):
            return 0.0
        today = self.days.get(day, 0.0)
        others = sorted((mean for other, mean in self.days.items() if other != day), reverse=True)
        if len(others) < self.days_counted:
            return today
        return max(today, others[self.days_counted - 1])

    def recall(self) -> dict[str, Any]:
        """Return what must survive a restart, as plain data."""
        return {day.isoformat(): mean for day, mean in self.days.items()}

    def remember(self, memory: dict[str, Any]) -> None:
        """Go on from what was stored."""
        for text, mean in memory.items():
            day = date.fromisoformat(text)
            self._begin_month(day)
            self.days[day] = float(mean)

    def _begin_month(self, day: date) -> None:
        month = (day.year, day.month)
        if self.month is None or month > self.month:
            self.month = month
            self.days = {}

    def _day(self, at: float) -> date:
        return datetime.fromtimestamp(at, self.rule.zone).date()
