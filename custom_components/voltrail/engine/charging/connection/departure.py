"""When a car leaves: the next time that the clock of the house shows a time of the day."""

from collections.abc import Collection
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

_MINUTE: Final = timedelta(minutes=1)
_LONGEST_CHANGE: Final = 24 * 60
_A_WEEK: Final = 8


def next_departure(
    wall: datetime, at: time, zone: tzinfo, days: Collection[int] = ()
) -> datetime | None:
    """Return the next moment at which it is this time, in UTC; ``days`` are weekdays, 0 Monday.

    A time that the clock leaves out is the first moment after the change; of a time that comes
    twice the first one is meant, so that no person waits for a car.
    """
    today = wall.astimezone(zone).date()
    for ahead in range(_A_WEEK + 1):
        day = today + timedelta(days=ahead)
        if days and day.weekday() not in days:
            continue
        moment = _moment(day, at, zone)
        if moment > wall:
            return moment
    return None


def _moment(day: date, at: time, zone: tzinfo) -> datetime:
    local = datetime.combine(day, at.replace(tzinfo=None), tzinfo=zone)
    moment = local.astimezone(UTC)
    if moment.astimezone(zone).time() == local.time():
        return moment
    # The clock leaves it out. By the offset after the change it lies before the change.
    before = local.replace(fold=1).astimezone(UTC)
    before = before.replace(second=0, microsecond=0)
    offset = before.astimezone(zone).utcoffset()
    for _ in range(_LONGEST_CHANGE):
        if before.astimezone(zone).utcoffset() != offset:
            return before
        before += _MINUTE
    return moment
