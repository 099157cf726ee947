"""What time a meter means. Few of them say it the way the standard wants.

All countries with these meters keep Central European Time, so that its rule for summer time is
enough; it is worked out here because reading a time zone's file would be input and output.
"""

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from enum import StrEnum
from functools import cache
from struct import Struct
from typing import Final

SIZE: Final = 12

_CET: Final = timezone(timedelta(hours=1), "CET")
_CEST: Final = timezone(timedelta(hours=2), "CEST")
_DATE_TIME: Final = Struct(">HBBxBBBxhB")
_NOT_GIVEN: Final = -0x8000
_FURTHEST: Final = 14 * 60
#: A clock that shows another century is not set.
_CENTURY: Final = range(2000, 2100)


class Zone(StrEnum):
    """What the user says about the clock of the meter."""

    AUTOMATIC = "automatic"
    STANDARD = "standard"
    """It stays on UTC+1 in summer."""
    WALL = "wall"
    """It is set forward in summer."""


class Habit(StrEnum):
    """How a maker fills the clock when it does not give the distance to UTC."""

    STANDARD = "standard"
    """Standard time all year; a distance of 0 is sent, and not meant (Aidon)."""
    WALL = "wall"
    """Wall time, without a sign of summer (Kaifa in Norway)."""
    STATUS = "status"
    """Standard time, or summer time if the status says so (Kamstrup)."""
    UNSURE_WALL = "unsure_wall"
    """Wall time that is right although it may be marked as invalid (Landis+Gyr E450)."""


_WALL: Final = frozenset({Habit.WALL, Habit.UNSURE_WALL})


def moment(data: bytes, start: int, habit: Habit, zone: Zone) -> datetime | None:
    """Return the time in the 12 bytes at ``start``; ``None`` if it is not valid."""
    year, month, day, hour, minute, second, deviation, status = _DATE_TIME.unpack_from(data, start)
    invalid = status & 1 and status != 0xFF and habit is not Habit.UNSURE_WALL
    if year not in _CENTURY or invalid:
        # The lowest bit says "invalid value": the meter itself does not trust its clock.
        return None
    try:
        local = datetime(  # noqa: DTZ001 - the zone is found out from the local time
            year, month, day, hour, minute, 0 if second == 0xFF else second
        )
        return local.replace(tzinfo=_zone_of(local, deviation, status, habit, zone))
    except ValueError:
        return None


def text_moment(local: datetime, letter: str, zone: Zone) -> datetime:
    """Return the time of a P1 telegram. Its letter, if it has one, says winter or summer."""
    if zone is Zone.AUTOMATIC and letter in {"W", "S"}:
        return local.replace(tzinfo=_CEST if letter == "S" else _CET)
    return local.replace(tzinfo=_CET if zone is Zone.STANDARD else _wall(local))


def unix_moment(seconds: int) -> datetime | None:
    """Return the time of a gateway that counts seconds from 1970."""
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except ValueError, OverflowError, OSError:
        return None
    return moment if moment.year in _CENTURY else None


def _zone_of(local: datetime, deviation: int, status: int, habit: Habit, zone: Zone) -> tzinfo:
    if zone is Zone.STANDARD:
        return _CET
    if zone is Zone.WALL:
        return _wall(local)
    given = -_FURTHEST <= deviation <= _FURTHEST
    if given and not (deviation == 0 and habit is Habit.STANDARD):
        # Minutes from local time to UTC: the opposite sign of the usual one.
        return timezone(timedelta(minutes=-deviation))
    if habit in _WALL:
        return _wall(local)
    summer = habit is Habit.STATUS and status & 0x80 and status != 0xFF
    return _CEST if summer else _CET


def _wall(local: datetime) -> tzinfo:
    """Return winter or summer time. The hour that occurs twice is taken as its first pass."""
    begin, end = _summer(local.year)
    return _CEST if begin <= local < end else _CET


@cache
def _summer(year: int) -> tuple[datetime, datetime]:
    """Return when clocks are set forward and back; worked out once for each of a hundred years."""
    return _last_sunday(year, 3) + timedelta(hours=2), _last_sunday(year, 10) + timedelta(hours=3)


def _last_sunday(year: int, month: int) -> datetime:
    last = date(year, month, 31)
    sunday = last - timedelta(days=last.isoweekday() % 7)
    return datetime(sunday.year, sunday.month, sunday.day)  # noqa: DTZ001 - compared with local times
