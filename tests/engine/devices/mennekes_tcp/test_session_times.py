"""A date for the time of day that a charger tells."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from custom_components.voltrail.engine.devices.mennekes_tcp.session_times import SessionTimes

OSLO = ZoneInfo("Europe/Oslo")
NOON = datetime(2026, 3, 10, 12, 0, 0, tzinfo=OSLO)


def times(now: datetime) -> SessionTimes:
    """Return what dates are put to at a moment."""
    return SessionTimes(OSLO, lambda: now)


@pytest.mark.parametrize("told", [None, "00:00:00"])
def test_never_is_unknown(told: str | None) -> None:
    """Where there was no session yet, the charger tells zeros."""
    assert times(NOON).moment("start", told) is None


@pytest.mark.parametrize(
    ("told", "lasted", "expected"),
    [
        ("11:30:00", 1800, datetime(2026, 3, 10, 11, 30, tzinfo=OSLO)),
        # Later than now: yesterday, but for a clock that is a little ahead.
        ("22:15:30", None, datetime(2026, 3, 9, 22, 15, 30, tzinfo=OSLO)),
        ("12:03:00", 0, datetime(2026, 3, 10, 12, 3, tzinfo=OSLO)),
        # The duration tells that it was days ago.
        ("11:30:00", 2 * 86400 + 1800, datetime(2026, 3, 8, 11, 30, tzinfo=OSLO)),
        ("22:15:30", 86400 + 49470, datetime(2026, 3, 8, 22, 15, 30, tzinfo=OSLO)),
    ],
)
def test_a_date_is_put_to_it(told: str, lasted: float | None, expected: datetime) -> None:
    """The last such time before now, or the one that the duration points to."""
    assert times(NOON).moment("start", told, lasted) == expected


def test_it_stays_where_it_is() -> None:
    """A session that goes on over midnight did not begin a day later."""
    now = [NOON]
    found = SessionTimes(OSLO, lambda: now[0])
    began = found.moment("start", "11:59:00", 60)
    now[0] += timedelta(days=3)
    assert found.moment("start", "11:59:00", 60) == began
    # Another session began; its end is another moment.
    assert found.moment("start", "11:58:00", 120) == NOON + timedelta(days=3, minutes=-2)
    assert found.moment("end", "11:59:00") == NOON + timedelta(days=3, minutes=-1)


def test_without_a_zone_it_is_that_of_the_program() -> None:
    """The library runs where nothing tells the house's zone."""
    found = SessionTimes(clock=lambda: datetime(2026, 3, 10, 12, tzinfo=UTC)).moment(
        "start", "00:00:01"
    )
    assert found is not None
    assert found.tzinfo is not None
