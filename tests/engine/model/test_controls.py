"""Bounds: the last place where a bad number can be stopped."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.voltrail.engine.model.controls import Bounds, shown
from custom_components.voltrail.engine.model.errors import NotANumberError, OutOfBoundsError

BOUNDS = Bounds(minimum=0, maximum=32, step=0.1)


@given(st.floats())
def test_nothing_leaves_the_bounds(value: float) -> None:
    """Whatever comes in, what goes out is on a step, within the bounds, and never more."""
    try:
        accepted = BOUNDS.accept(value)
    except NotANumberError:
        assert not math.isfinite(value)
    except OutOfBoundsError:
        assert not 0 <= value <= 32
    else:
        assert 0 <= accepted <= 32
        assert accepted <= value + 1e-6
        assert abs(accepted * 10 - round(accepted * 10)) < 1e-6


@pytest.mark.parametrize("tenths", range(321))
def test_every_step_is_kept(tenths: int) -> None:
    """A value that is on a step stays what it is, binary fractions or not."""
    assert BOUNDS.accept(tenths / 10) == pytest.approx(tenths / 10, abs=1e-9)


def test_negative_values_are_cut_towards_zero() -> None:
    """A set-point never becomes larger than asked for, in either direction."""
    bounds = Bounds(minimum=-5000, maximum=5000, step=100)
    assert bounds.accept(-4950) == -4900
    assert bounds.accept(4950) == 4900
    assert bounds.accept(-5000) == -5000


@pytest.mark.parametrize(("value", "taken"), [(0.1 * 3 * 160, 48.0), (-1e-9, 0.0)])
def test_what_fractions_add_is_not_out_of_bounds(value: float, taken: float) -> None:
    """48.00000000000001 A is 48 A; who reads that 48 is not from 0 to 48 learns nothing."""
    assert value != taken
    accepted = Bounds(minimum=0, maximum=48, step=1).accept(value)
    assert accepted == taken
    assert math.copysign(1, accepted) == 1


def test_minus_zero_is_zero() -> None:
    """No register knows the difference, and no person does."""
    assert math.copysign(1, BOUNDS.accept(-0.0)) == 1


def test_a_number_larger_than_any_is_refused() -> None:
    """Whole numbers have no end in Python."""
    with pytest.raises(NotANumberError):
        BOUNDS.accept(10**5000)


def test_rounding_does_not_leave_a_bound_between_two_steps() -> None:
    """Nearer to zero may be below the least that is allowed: that is refused, in words."""
    bounds = Bounds(minimum=48.05, maximum=57.55, step=0.1)
    assert bounds.accept(48.1) == 48.1
    assert bounds.accept(57.55) == 57.5
    with pytest.raises(OutOfBoundsError, match=r"48.07 is .* from 48.1 to 57.5"):
        bounds.accept(48.07)


def test_messages_show_plain_numbers() -> None:
    """Nobody wants to read 32.000000, or minus nothing."""
    assert shown(32.0) == "32"
    assert shown(0.5) == "0.5"
    assert shown(100) == "100"
    assert shown(-0.0) == shown(-1e-9) == "0"
    with pytest.raises(OutOfBoundsError, match=r"33 is not possible here: .* from 0 to 32"):
        BOUNDS.accept(33)
