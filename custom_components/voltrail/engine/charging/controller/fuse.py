"""The main fuse, per phase, with a pessimistic breaker.

Breakers may trip from 1.13 times their rating, and the quickest warm up in about a minute. So
the breaker of this module warms up in a minute, and its car is paused before it is hot. A kettle
does not stop the car, an oven does. This is a convenience, and not a protection.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from .codec import MOMENTS, SERIES, moment

WARMING_S: Final = 60.0
HOT: Final = 0.95
TOO_MUCH: Final = 1.26
"""Times the rating; above it nothing waits for warmth."""
SHORTEST_HOLD_S: Final = 5.0
FIRST_WAIT_S: Final = 90.0
LONGEST_WAIT_S: Final = 600.0
_REMEMBERED_S: Final = 1800.0
_BLIND_S: Final = 90.0


@dataclass
class Fuse:
    """What is remembered about one fuse: one entry a phase."""

    warmth: list[float] = field(default_factory=list)
    loads_a: list[float] = field(default_factory=list)
    low_a: list[float] = field(default_factory=list)
    """What is free at least, with what the cars draw at the low end of their ranges."""
    high_a: list[float] = field(default_factory=list)
    """What is free at most."""
    seen_s: float = moment()
    recent: list[tuple[float, ...]] = field(default_factory=list, metadata=SERIES)
    pauses_s: list[float] = field(default_factory=list, metadata=MOMENTS)
    wait_until_s: float = moment()


def measure(
    fuse: Fuse,
    currents_a: Sequence[float],
    own_low_a: Sequence[float],
    own_high_a: Sequence[float],
    *,
    rating_a: float,
    margin_a: float,
    received_s: float,
    hold_s: float,
) -> None:
    """Take the currents of the phases, and what of them is the cars' own."""
    _warm_up(fuse, currents_a, rating_a, received_s)
    most = rating_a - margin_a
    fuse.low_a = [most - amps + own for amps, own in zip(currents_a, own_low_a, strict=True)]
    fuse.high_a = [most - amps + own for amps, own in zip(currents_a, own_high_a, strict=True)]
    if received_s - fuse.seen_s > _BLIND_S:
        fuse.recent.clear()
    fuse.recent.append((received_s, *fuse.low_a))
    oldest = received_s - max(SHORTEST_HOLD_S, hold_s)
    while fuse.recent[0][0] < oldest:
        fuse.recent.pop(0)
    fuse.seen_s = received_s


def room_up_a(fuse: Fuse) -> list[float]:
    """Return the least that was free on each phase of late: so far a current may rise."""
    if len(fuse.recent) == 1:
        return list(fuse.recent[0][1:])
    return [min(column) for column in list(zip(*fuse.recent, strict=True))[1:]]


def too_warm(
    fuse: Fuse, places: Sequence[int], added_a: Sequence[float], rating_a: float, margin_a: float
) -> bool:
    """Tell whether a car on some phases must be paused.

    ``added_a`` is what all cars will draw on each phase once they are at their least.
    """
    for place in places:
        if place >= len(fuse.warmth):
            continue
        load = rating_a - margin_a - fuse.high_a[place] + added_a[place]
        ratio = load / rating_a
        if ratio > TOO_MUCH:
            return True
        if fuse.warmth[place] >= HOT and ratio * ratio > HOT:
            return True
    return False


def pause(fuse: Fuse, now: float) -> None:
    """Note that a car was paused; each further pause holds back the next start for longer."""
    fuse.pauses_s = [when for when in fuse.pauses_s if now - when < _REMEMBERED_S]
    fuse.pauses_s.append(now)
    doubled = FIRST_WAIT_S * 2 ** (len(fuse.pauses_s) - 1)
    fuse.wait_until_s = now + min(LONGEST_WAIT_S, doubled)


def _warm_up(fuse: Fuse, currents_a: Sequence[float], rating_a: float, received_s: float) -> None:
    squares = [(amps / rating_a) ** 2 for amps in currents_a]
    elapsed = received_s - fuse.seen_s
    if len(fuse.warmth) != len(squares):
        # What was is not known: as warm as this load would make it in the end.
        fuse.warmth = squares
    elif elapsed > _BLIND_S:
        fuse.warmth = [max(pair) for pair in zip(fuse.warmth, squares, strict=True)]
    else:
        share = 1 - math.exp(-elapsed / WARMING_S)
        # Between two samples the larger of both held, for all that is known.
        before = [(amps / rating_a) ** 2 for amps in fuse.loads_a]
        fuse.warmth = [
            warm + (max(one, two) - warm) * share
            for warm, one, two in zip(fuse.warmth, before, squares, strict=True)
        ]
    fuse.loads_a = list(currents_a)
