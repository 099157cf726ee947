"""Energy out of power."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.voltrail.engine.devices.victron_gx.integrator import LONGEST_GAP, Integrator

HOUR = 3600.0


def test_constant_power() -> None:
    """1 kW for an hour is 1 kWh."""
    integrator = Integrator()
    for minute in range(61):
        integrator.add(1000, 60.0 * minute)
    assert integrator.positive == pytest.approx(1000)
    assert integrator.negative == 0


def test_a_ramp_is_a_trapezoid() -> None:
    """Between two samples power is taken to change evenly."""
    integrator = Integrator()
    integrator.add(0, 0)
    integrator.add(600, 60)
    assert integrator.positive == pytest.approx(300 * 60 / HOUR)


def test_each_direction_counts_for_itself() -> None:
    """Where the line crosses zero, each side goes to its own counter."""
    integrator = Integrator()
    integrator.add(300, 0)
    integrator.add(-100, 40)
    # 30 s above zero, 10 s below.
    assert integrator.positive == pytest.approx(150 * 30 / HOUR)
    assert integrator.negative == pytest.approx(50 * 10 / HOUR)


def test_a_gap_adds_nothing() -> None:
    """Nobody knows what happened in between, so nothing is made up; it is counted."""
    integrator = Integrator(longest_gap=30)
    integrator.add(1000, 0)
    integrator.add(1000, 31)
    assert integrator.positive == 0
    assert integrator.gaps == 1
    integrator.add(1000, 61)
    assert integrator.positive == pytest.approx(1000 * 30 / HOUR)


def test_a_missing_sample_is_bridged() -> None:
    """The line is drawn from the last good sample, as long as it is not too old."""
    integrator = Integrator(longest_gap=30, limit=5000)
    integrator.add(1000, 0)
    integrator.add(None, 10)
    integrator.add(32_767, 20)
    integrator.add(1000, 30)
    assert integrator.positive == pytest.approx(1000 * 30 / HOUR)
    assert integrator.skipped == 2


@pytest.mark.parametrize("power", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_spoils_nothing(power: float) -> None:
    """One such sample would make a counter worthless for ever."""
    integrator = Integrator()
    integrator.add(1000, 0)
    integrator.add(power, 30)
    integrator.add(1000, 60)
    assert integrator.positive == pytest.approx(1000 * 60 / HOUR)
    assert integrator.negative == 0
    assert integrator.skipped == 1


def test_a_sample_that_comes_too_late_counts_no_time_twice() -> None:
    """What lies between it and the newer one has been counted."""
    integrator = Integrator()
    integrator.add(1000, 0)
    integrator.add(1000, 60)
    integrator.add(1000, 30)
    integrator.add(1000, 90)
    assert integrator.positive == pytest.approx(1000 * 90 / HOUR)


def test_time_that_stands_still_adds_nothing() -> None:
    """Two samples of one moment are one; the later one counts."""
    integrator = Integrator()
    integrator.add(1000, 5)
    integrator.add(3000, 5)
    assert integrator.positive == 0
    integrator.add(3000, 65)
    assert integrator.positive == pytest.approx(3000 * 60 / HOUR)


def test_counters_outlive_a_restart() -> None:
    """They go on where they were, and the time in between is a gap like any other."""
    integrator = Integrator()
    integrator.add(-1000, 0)
    integrator.add(-1000, 60)
    again = Integrator()
    again.restore_state(integrator.dump_state())
    again.add(-1000, 10_000)
    # To the last digit: a counter that falls by a hair has fallen.
    assert again.negative == integrator.negative
    assert again.positive == 0


@pytest.mark.parametrize(
    "nonsense",
    [{}, {"positive": "a lot"}, {"positive": -5, "negative": None}, {"positive": float("inf")}],
)
def test_nonsense_in_memory_is_left_out(nonsense: dict[str, object]) -> None:
    """A damaged file costs the old value, not the new ones."""
    integrator = Integrator()
    integrator.restore_state(nonsense)
    assert (integrator.positive, integrator.negative) == (0, 0)


@given(
    st.lists(
        st.tuples(
            st.one_of(st.none(), st.floats(-1e5, 1e5)),
            st.floats(0.0, 2 * LONGEST_GAP),
        ),
        max_size=50,
    )
)
def test_nothing_ever_falls(samples: list[tuple[float | None, float]]) -> None:
    """Whatever is measured, both counters only grow, and the net energy is right."""
    integrator = Integrator()
    moment, before, expected = 0.0, None, 0.0
    for power, elapsed in samples:
        positive, negative = integrator.positive, integrator.negative
        moment += elapsed
        integrator.add(power, moment)
        assert integrator.positive >= positive
        assert integrator.negative >= negative
        if power is None:
            continue
        if before is not None and 0 < moment - before[1] <= LONGEST_GAP:
            expected += (before[0] + power) / 2 * (moment - before[1]) / HOUR
        before = (power, moment)
    assert integrator.positive - integrator.negative == pytest.approx(expected, abs=1e-3)
