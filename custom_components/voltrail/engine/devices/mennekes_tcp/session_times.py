"""The times of a session: the charger tells a time of day, without a date and a zone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from .fields import NEVER

AHEAD: Final = timedelta(minutes=5)
"""How far the charger's clock may be ahead of ours."""

DAY: Final = timedelta(days=1)


def utc_now() -> datetime:
    """Return the present moment."""
    return datetime.now(UTC)


class SessionTimes:
    """Puts a date to times of day, by the house's zone.

    That the charger's clock is set to it is UNCONFIRMED. A moment once found stays as long as
    the charger tells the same time, since the same digits would mean another day tomorrow.
    """

    def __init__(self, zone: tzinfo | None = None, clock: Callable[[], datetime] = utc_now) -> None:
        self._zone = zone
        self._clock = clock
        self._found: dict[str, tuple[str, datetime]] = {}

    def moment(
        self, which: str, time_of_day: str | None, lasted: float | None = None
    ) -> datetime | None:
        """Return when that was last; ``lasted`` are the seconds since, where they are known."""
        if time_of_day is None or time_of_day == NEVER:
            return None
        known = self._found.get(which)
        if known is None or known[0] != time_of_day:
            known = self._found[which] = (time_of_day, self._last(time_of_day, lasted or 0.0))
        return known[1]

    def _last(self, time_of_day: str, lasted: float) -> datetime:
        now = self._clock().astimezone(self._zone)
        hours, minutes, seconds = (int(part) for part in time_of_day.split(":"))
        last = now.replace(hour=hours, minute=minutes, second=seconds, microsecond=0)
        if last > now + AHEAD:
            last -= DAY
        # Nearer to the time that the session has lasted: it may be days.
        days = round((last - (now - timedelta(seconds=lasted))) / DAY)
        return last - days * DAY if days > 0 else last
