"""When the station was started, without the jitter of repeated measuring."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

SLACK: Final = 60.0
"""Seconds by which the station's count and our clock may part between two looks."""

DRIFT: Final = 0.001
"""Part by which they may run at different speeds; quartz is ten times better."""


def utc_now() -> datetime:
    """Return the time."""
    return datetime.now(UTC)


class BootTime:
    """Keeps the moment of the start for as long as the uptime fits to it.

    Each look is compared with the one before, not with the first: so clocks that run
    apart by a second a day never add up to a start that did not happen.
    """

    def __init__(self, clock: Callable[[], datetime], changed: Callable[[], None]) -> None:
        self._clock = clock
        self._changed = changed
        self._seen_at: datetime | None = None
        self._uptime = 0.0
        self.moment: datetime | None = None

    def note(self, uptime: float | None) -> None:
        """Take note of the seconds that the station has been running."""
        if uptime is None:
            return
        now = self._clock()
        if not self._continues(now, uptime):
            self.moment = (now - timedelta(seconds=uptime)).replace(microsecond=0)
            self._changed()
        self._seen_at, self._uptime = now, uptime

    def _continues(self, now: datetime, uptime: float) -> bool:
        if self.moment is None or self._seen_at is None:
            return False
        passed = (now - self._seen_at).total_seconds()
        return abs(uptime - self._uptime - passed) <= max(SLACK, DRIFT * abs(passed))

    def dump_state(self) -> dict[str, Any]:
        """Return what has to survive a restart."""
        if self.moment is None or self._seen_at is None:
            return {}
        return {
            "moment": self.moment.isoformat(),
            "seen_at": self._seen_at.isoformat(),
            "uptime": self._uptime,
        }

    def restore_state(self, memory: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump_state` returned before a restart."""
        if memory:
            self.moment = datetime.fromisoformat(memory["moment"])
            self._seen_at = datetime.fromisoformat(memory["seen_at"])
            self._uptime = memory["uptime"]
