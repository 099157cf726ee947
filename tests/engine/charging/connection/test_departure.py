"""When a car leaves, also in the nights in which the clock is changed."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from custom_components.voltrail.engine.charging.connection.departure import next_departure

OSLO = ZoneInfo("Europe/Oslo")


@pytest.mark.parametrize(
    ("wall", "at", "expected"),
    [
        ("2026-12-01T20:00", "07:00", "2026-12-02T06:00"),
        ("2026-12-01T05:00", "07:00", "2026-12-01T06:00"),
        # At the very moment the next one is meant.
        ("2026-12-01T06:00", "07:00", "2026-12-02T06:00"),
        # The night is an hour shorter, and an hour longer.
        ("2027-03-27T22:00", "07:00", "2027-03-28T05:00"),
        ("2026-10-24T21:00", "07:00", "2026-10-25T06:00"),
        # 02:30 does not exist: the first moment after the change is 03:00.
        ("2027-03-27T22:00", "02:30", "2027-03-28T01:00"),
        # It comes twice: the first one.
        ("2026-10-24T21:00", "02:30", "2026-10-25T00:30"),
    ],
)
def test_next_departure(wall: str, at: str, expected: str) -> None:
    """All moments are UTC, the time of the day is Oslo's."""
    now = datetime.fromisoformat(wall).replace(tzinfo=UTC)
    found = next_departure(now, time.fromisoformat(at), OSLO)
    assert found == datetime.fromisoformat(expected).replace(tzinfo=UTC)


def test_weekdays() -> None:
    """Only on some days of the week; a week later if today's is over."""
    tuesday = datetime(2026, 12, 1, 10, tzinfo=UTC)
    at = time(7)
    assert next_departure(tuesday, at, UTC, (4,)) == datetime(2026, 12, 4, 7, tzinfo=UTC)
    assert next_departure(tuesday, at, UTC, (1,)) == datetime(2026, 12, 8, 7, tzinfo=UTC)
    assert next_departure(tuesday, at, UTC, (9,)) is None


def test_a_time_zone_without_changes() -> None:
    """A zone that never changes its clock has every time once a day."""
    found = next_departure(datetime(2027, 3, 27, 22, tzinfo=UTC), time(2, 30), UTC)
    assert found == datetime(2027, 3, 28, 2, 30, tzinfo=UTC)
