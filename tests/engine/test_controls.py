"""Bounds: the last place where a bad number can be stopped."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.voltrail.engine.controls import Bounds, shown
from custom_components.voltrail.engine.errors import NotANumberError, OutOfBoundsError

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


def test_messages_show_plain_numbers() -> None:
    """Nobody wants to read 32.000000."""
    assert shown(32.0) == "32"
    assert shown(0.5) == "0.5"
    with pytest.raises(OutOfBoundsError, match=r"33 is not possible here: .* from 0 to 32"):
        BOUNDS.accept(33)
