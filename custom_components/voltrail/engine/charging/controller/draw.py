"""What a car draws, as a range while an order is under way.

For some seconds after an order it is not known what the car draws. Guessing makes a surplus
that is none; waiting makes grid import. A range does neither: the current goes down when even
its high end demands it, and up when even its low end allows it.
"""

from dataclasses import dataclass
from typing import Final

from .codec import NEVER, moment

FIRST_SETTLING_S: Final = 8.0
SHORTEST_SETTLING_S: Final = 3.0
LONGEST_SETTLING_S: Final = 20.0
STARTING_S: Final = 90.0
"""How long a car may take until it draws."""
TRANSPORT_S: Final = 2.0
"""A telegram of the meter that comes so soon after a reading may be older than it."""
USUAL_GAP_A: Final = 0.5
_SPARE_S: Final = 4.0
_TELLING_A: Final = 1.5
_LEARN: Final = 0.1
_QUIET_S: Final = 10.0


@dataclass
class Draw:
    """The amperes per phase that a car draws: both ends of a range."""

    low_a: float = 0.0
    high_a: float = 0.0
    order_a: float = 0.0
    before_a: float = 0.0
    ordered_s: float = moment()
    until_s: float = moment()
    arrived_s: float = moment()
    seen_s: float = moment()
    settled: bool = True
    settling_s: float = FIRST_SETTLING_S
    gap_a: float = 0.0
    """How far the car usually stays below what it is offered."""

    @property
    def middle_a(self) -> float:
        """The middle of the range."""
        return (self.low_a + self.high_a) / 2


def order(draw: Draw, amps: float, most_a: float, now: float, *, patience_s: float = 0.0) -> None:
    """Widen the range by an order; ``most_a`` is what the car is known to take."""
    expected = min(amps, most_a)
    draw.before_a = draw.middle_a
    # Many cars stay somewhat below every offer.
    draw.low_a = max(0.0, min(draw.low_a, expected - max(draw.gap_a, USUAL_GAP_A)))
    draw.high_a = max(draw.high_a, expected)
    draw.order_a, draw.ordered_s = amps, now
    draw.until_s = now + (patience_s or draw.settling_s + _SPARE_S)
    draw.arrived_s = NEVER
    draw.settled = False


def empty(draw: Draw, now: float, patience_s: float) -> None:
    """Let the low end be nothing: phases are being changed."""
    draw.low_a = 0.0
    draw.settled = False
    draw.ordered_s, draw.until_s, draw.arrived_s = now, now + patience_s, NEVER


def read(draw: Draw, amps: float, received_s: float, most_a: float, now: float) -> None:
    """Take a reading of the charger."""
    fresh = received_s > draw.seen_s
    draw.seen_s = max(draw.seen_s, received_s)
    if draw.settled:
        if fresh:
            draw.low_a = draw.high_a = amps
            _learn_gap(draw, amps, most_a, received_s)
        return
    after = received_s > draw.ordered_s
    if draw.arrived_s > NEVER:
        if now - draw.arrived_s >= TRANSPORT_S:
            _settle(draw, amps)
    elif fresh and after and _arrived(draw, amps, most_a):
        draw.arrived_s = received_s
        _learn_settling(draw, most_a, received_s)
    elif now >= draw.until_s and after:
        draw.arrived_s = received_s


def lost(draw: Draw, fallback_a: float) -> None:
    """Count with the most that a charger may do which does not answer."""
    draw.high_a = max(draw.high_a, draw.order_a, fallback_a)
    draw.settled = False


def _settle(draw: Draw, amps: float) -> None:
    draw.low_a = draw.high_a = amps
    draw.settled = True


def _arrived(draw: Draw, amps: float, most_a: float) -> bool:
    expected = max(0.0, min(draw.order_a - draw.gap_a, most_a)) if draw.order_a else 0.0
    # Of a small step the beginning is as near to the order as its end.
    near = min(1.0, max(0.3, 0.4 * abs(expected - draw.before_a)))
    return abs(amps - expected) <= near


def _learn_settling(draw: Draw, most_a: float, received_s: float) -> None:
    """Learn from changes that are large enough to tell; a start takes as long as it takes."""
    change = abs(min(draw.order_a, most_a) - draw.before_a)
    seconds = received_s - draw.ordered_s
    if change >= _TELLING_A and draw.until_s - draw.ordered_s <= LONGEST_SETTLING_S + _SPARE_S:
        seen = min(max(seconds, SHORTEST_SETTLING_S), LONGEST_SETTLING_S)
        draw.settling_s += _LEARN * (seen - draw.settling_s)


def _learn_gap(draw: Draw, amps: float, most_a: float, received_s: float) -> None:
    gap = draw.order_a - amps
    steady = received_s - draw.ordered_s >= _QUIET_S
    if steady and amps > 1 and abs(gap) <= 1.5 and draw.order_a <= most_a:
        draw.gap_a = min(1.0, max(-0.5, draw.gap_a + _LEARN * (gap - draw.gap_a)))
