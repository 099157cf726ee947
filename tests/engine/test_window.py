"""Windows of the local clock, and the peak of a month."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.voltrail.engine.month_peak import HIGHEST, THREE_DAYS, MonthPeak
from custom_components.voltrail.engine.window import ClosedWindow, MeanWindow, WindowRule

OSLO = ZoneInfo("Europe/Oslo")
KOLKATA = ZoneInfo("Asia/Kolkata")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
HOUR = WindowRule(3600, OSLO)
QUARTER = WindowRule(900, OSLO)


def at(text: str) -> float:
    """Return a moment."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


NINE = at("2026-11-14T09:00")


def test_windows_follow_the_local_clock() -> None:
    """Where the clock is half an hour off, so are its hours."""
    assert WindowRule(3600, KOLKATA).span(NINE) == (NINE - 1800, NINE + 1800)
    assert QUARTER.span(NINE + 899) == (NINE, NINE + 900)


@pytest.mark.parametrize("day", ["2026-10-25", "2027-03-28"])
def test_hours_stay_hours_when_the_clock_is_changed(day: str) -> None:
    """Both 02:00 of an autumn night are hours of their own, and spring skips one."""
    begin = at(f"{day}T00:00")
    starts = {HOUR.span(begin + 60 * minute)[0] for minute in range(180)}
    assert starts == {begin, begin + 3600, begin + 7200}


def test_a_window_that_the_change_cuts_is_counted_as_it_is() -> None:
    """Two hours of local time around a change are one or three, or begin anew in between."""
    rule = WindowRule(7200, OSLO)
    change = at("2026-10-25T01:00")
    before, after = rule.span(change - 1), rule.span(change)
    assert before[1] == change == after[0]
    half = WindowRule(3600, LORD_HOWE)
    change = at("2026-10-03T15:30")
    assert half.span(change - 1)[1] == change == half.span(change)[0]


def test_energy_out_of_power() -> None:
    """2 kW for the whole hour are 2 kW; the window is known once it is over."""
    window = MeanWindow(HOUR)
    closed: list[ClosedWindow] = []
    for second in range(0, 3611, 10):
        closed += window.add_power(NINE + second, 2000.0)
    assert [(one.start_s, one.end_s) for one in closed] == [(NINE, NINE + 3600)]
    assert closed[0].mean_w == pytest.approx(2000)
    assert window.start_s == NINE + 3600


def test_export_is_no_import() -> None:
    """What is fed in does not lower what a tariff counts."""
    window = MeanWindow(HOUR)
    for second in range(0, 1801, 10):
        window.add_power(NINE + second, -3000.0)
    assert window.used_wh == 0


def test_expected_at_its_end() -> None:
    """Half an hour of 2 kW, then 4 kW until the end."""
    window = MeanWindow(HOUR)
    window.add_power(NINE, 2000)
    for second in range(10, 1801, 10):
        window.add_power(NINE + second, 2000)
    window.power_w = 4000
    assert window.expected_w(NINE + 1800) == pytest.approx(3000)
    assert window.left_s(NINE + 1800) == 1800


def test_a_gap_makes_a_window_unknown() -> None:
    """More than five minutes without a word, and nobody knows what was used."""
    window = MeanWindow(HOUR)
    closed: list[ClosedWindow] = []
    for second in [*range(0, 1200, 10), *range(1600, 7300, 10)]:
        closed += window.add_power(NINE + second, 2000.0)
    assert [one.mean_w for one in closed] == [None, pytest.approx(2000)]


def test_a_window_that_began_without_us_is_unknown() -> None:
    """The first one is only known if it was seen from its beginning on."""
    window = MeanWindow(HOUR)
    closed: list[ClosedWindow] = []
    for second in range(1200, 7300, 10):
        closed += window.add_power(NINE + second, 2000.0)
    assert [one.mean_w for one in closed] == [None, pytest.approx(2000)]
    assert not MeanWindow(HOUR).whole
    assert MeanWindow(HOUR).expected_w(NINE) is None


def test_the_counter_is_right() -> None:
    """The power of some moments is a guess, the difference of the counter is not."""
    window = MeanWindow(HOUR)
    closed: list[ClosedWindow] = []
    window.add_counter(NINE, 100_000.0)
    for second in range(10, 3600, 10):
        closed += window.add_power(NINE + second, 2000.0)
        if second % 300 == 0:
            closed += window.add_counter(NINE + second, 100_000 + second * 3000 / 3600)
    assert window.used_wh == pytest.approx(2911, abs=1)
    closed += window.add_counter(NINE + 3600, 103_000.0)
    assert [one.mean_w for one in closed] == [pytest.approx(3000, abs=1)]


def test_a_counter_that_speaks_once_an_hour() -> None:
    """What it tells soon after the hour is shared as the power was."""
    window = MeanWindow(HOUR)
    closed: list[ClosedWindow] = []
    window.add_counter(NINE + 10, 0.0)
    for second in range(20, 3620, 10):
        closed += window.add_power(NINE + second, 2000.0)
    assert closed == []
    closed += window.add_counter(NINE + 3610, 2200.0)
    assert closed[0].mean_w == pytest.approx(2200, abs=10)


def test_a_counter_fills_a_gap() -> None:
    """A listener that was away for half an hour knows the energy all the same."""
    window = MeanWindow(HOUR)
    closed: list[ClosedWindow] = []
    window.add_counter(NINE, 0.0)
    window.add_power(NINE + 10, 1000.0)
    window.add_counter(NINE + 2400, 1500.0)
    assert window.used_wh == 1500
    closed += window.add_counter(NINE + 3600, 2000.0)
    assert [(one.start_s, one.end_s) for one in closed] == [(NINE, NINE + 3600)]
    assert closed[0].mean_w == pytest.approx(2000)


def test_a_counter_that_was_away_over_the_end() -> None:
    """Nobody knows in which of both windows it was used."""
    window = MeanWindow(HOUR)
    window.add_counter(NINE, 0.0)
    closed = window.add_counter(NINE + 5400, 3000.0)
    assert [one.mean_w for one in closed] == [None]


def test_goes_on_after_a_restart() -> None:
    """The present window is remembered; the time that was missed is a gap."""
    window = MeanWindow(HOUR)
    for second in range(0, 1201, 10):
        window.add_power(NINE + second, 2000.0)
    after = MeanWindow(HOUR)
    after.remember(window.recall())
    after.add_power(NINE + 1260, 2000.0)
    assert after.used_wh == pytest.approx(700)
    assert after.whole
    late = MeanWindow(HOUR)
    late.remember(window.recall())
    late.add_power(NINE + 2000, 2000.0)
    assert not late.whole
    untouched = MeanWindow(HOUR)
    untouched.remember(MeanWindow(HOUR).recall())
    assert untouched.pieces == []


@given(st.lists(st.tuples(st.integers(1, 250), st.floats(0, 9000)), min_size=1, max_size=60))
def test_no_energy_is_lost(samples: list[tuple[int, float]]) -> None:
    """What all windows used is what the power makes."""
    window, closed, moment, energy, last = MeanWindow(QUARTER), [], NINE, 0.0, None
    window.add_power(moment, 0.0)
    last = 0.0
    for seconds, power in samples:
        moment += seconds
        energy += (last + power) / 2 * seconds / 3600
        last = power
        closed += window.add_power(moment, power)
    counted = sum((one.mean_w or 0) * (one.end_s - one.start_s) / 3600 for one in closed)
    assert counted + window.used_wh == pytest.approx(energy, abs=1e-6)


def closed(day: int, hour: int, mean: float | None) -> ClosedWindow:
    """Return an hour of November."""
    start = at(f"2026-11-{day:02}T{hour:02}:00")
    return ClosedWindow(start, start + 3600, mean)


def test_highest_window_of_a_month() -> None:
    """One quarter counts, and the present one is free up to it."""
    peak = MonthPeak(HOUR, HIGHEST)
    for window in (closed(3, 10, 4000), closed(3, 12, 5000), closed(4, 10, None)):
        peak.add(window)
    assert peak.peak_w == 5000
    assert peak.free_w(at("2026-11-05T10:00")) == 5000


def test_three_highest_hours_on_three_days() -> None:
    """Two hours of one day count once."""
    peak = MonthPeak(HOUR, THREE_DAYS)
    assert peak.peak_w is None
    for window in (closed(3, 10, 4000), closed(3, 12, 5000), closed(4, 10, 3000)):
        peak.add(window)
    assert peak.peak_w == 4000
    assert peak.free_w(at("2026-11-05T10:00")) == 0
    assert peak.free_w(at("2026-11-04T10:00")) == 3000
    peak.add(closed(5, 9, 6000))
    assert peak.highest == [
        (date(2026, 11, 5), 6000),
        (date(2026, 11, 3), 5000),
        (date(2026, 11, 4), 3000),
    ]
    assert peak.free_w(at("2026-11-06T10:00")) == 3000
    assert peak.free_w(at("2026-11-05T10:00")) == 6000


def test_a_month_begins_with_nothing() -> None:
    """Local midnight of the first begins it; what is older is not counted."""
    peak = MonthPeak(HOUR, HIGHEST)
    peak.add(closed(30, 22, 4000))
    peak.add(closed(30, 23, 1000))
    assert peak.month == (2026, 12)
    assert peak.peak_w == 1000
    assert peak.free_w(at("2027-01-01T10:00")) == 0


def test_the_peak_is_remembered() -> None:
    """A restart forgets none of the days."""
    peak = MonthPeak(HOUR, THREE_DAYS)
    peak.add(closed(3, 10, 4000))
    after = MonthPeak(HOUR, THREE_DAYS)
    after.remember(peak.recall())
    assert after.peak_w == 4000
    assert after.month == (2026, 11)
