"""Counts of today: what was counted in all, less what it was at midnight."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any


class Tally:
    """Remembers what counters showed at the beginning of the day of the house."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._day = ""
        self._began: dict[str, int] = {}

    def follow(self, wall: datetime) -> None:
        """Notice that another day began."""
        day = wall.astimezone(self._zone).date().isoformat()
        if day != self._day:
            self._day = day
            self._began.clear()

    def today(self, name: str, total: int) -> int:
        """Return what a counter has counted today."""
        return max(0, total - self._began.setdefault(name, total))

    def dump(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {"day": self._day, "began": dict(self._began)}

    def load(self, stored: object) -> None:
        """Take back what was stored; what makes no sense is left out."""
        found = stored if isinstance(stored, Mapping) else {}
        began = found.get("began")
        if isinstance(found.get("day"), str) and isinstance(began, Mapping):
            self._day = found["day"]
            self._began = {str(name): total for name, total in began.items() if type(total) is int}
