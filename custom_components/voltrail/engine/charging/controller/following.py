"""Follows a budget inside one state: which step of the charger is worth most."""

import math
from typing import Final

SLACK_STEPS: Final = 0.6
"""The current stays while it is within so many steps of what it should be."""
FINE_SLACK_A: Final = 0.3
_TINY: Final = 1e-6


def rounded_down(amps: float, step_a: float) -> float:
    """Return the highest step of a charger that is not above some amperes."""
    if not math.isfinite(amps):
        return amps
    return round(math.floor(amps / step_a + _TINY) * step_a, 3)


def follow(present_a: float, low_a: float, high_a: float, *, step_a: float, weight: float) -> float:
    """Return the order for a surplus that lies between two ends.

    With a bought kWh that weighs λ the step that is worth most is the one below
    ``exact + 1 / (1 + λ)``: half-way for 1, two thirds for 2.
    """
    slack = SLACK_STEPS * step_a if step_a >= 2 * FINE_SLACK_A else FINE_SLACK_A
    offset = step_a / (1 + weight) - step_a / 2
    if low_a + offset > present_a + slack:
        return max(present_a, rounded_down(low_a + offset + step_a / 2, step_a))
    if high_a + offset < present_a - slack:
        return min(present_a, rounded_down(high_a + offset + step_a / 2, step_a))
    return present_a
