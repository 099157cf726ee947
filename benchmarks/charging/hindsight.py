"""What hindsight could have had: an exact dynamic programme over the states of a car.

With the same steps, phases and bounds, but without any delay or ramp: 100 % of it cannot be
reached under broken clouds. A start and a change of phases cost 25 Wh each, a pause nothing.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .plant import LEAST_A, VOLTS, Equipment

WEAR_WH: Final = 25.0


@dataclass(frozen=True)
class Best:
    """The best that could be had."""

    score_wh: float
    sun_wh: float
    bought_wh: float
    starts: int
    switches: int


def levels(house: Equipment) -> tuple[int, ...]:
    """Return the numbers of phases that a car can charge on; 0 is paused."""
    most = min(house.phases, house.car_phases)
    return (0, 1, most) if house.switchable and most > 1 else (0, most)


def power_w(surplus_w: float, level: int, house: Equipment, weight: float) -> float:
    """Return the power of the step that is worth most."""
    if not level:
        return 0.0
    unit = level * VOLTS
    most = min(house.charger_a, house.car_a)
    steps = math.floor(surplus_w / unit / house.step_a + 1 / (1 + weight) + 1e-9)
    return min(max(steps * house.step_a, LEAST_A), most) * unit


def find(surplus_w: Sequence[float], house: Equipment, weight: float) -> Best:
    """Return the best for some seconds of surplus."""
    states = levels(house)
    count = len(states)
    scores = [0.0] + [-WEAR_WH] * (count - 1)
    came: list[bytes] = []
    worth: list[list[float]] = []
    for surplus in surplus_w:
        sun = max(0.0, surplus)
        row = []
        for level in states:
            power = power_w(surplus, level, house, weight)
            used = min(power, sun)
            row.append((used - weight * (power - used)) / 3600)
        worth.append(row)
    for number, row in enumerate(worth):
        if number == 0:
            came.append(bytes([0] * count))
        else:
            scores, origin = _step(scores, count)
            came.append(origin)
        scores = [score + value for score, value in zip(scores, row, strict=True)]
    return _trace(surplus_w, states, scores, came, house=house, weight=weight)


def _step(scores: list[float], count: int) -> tuple[list[float], bytes]:
    """Return the best score with which each state can begin a second, and whence."""
    best = max(range(count), key=scores.__getitem__)
    paid = scores[best] - WEAR_WH
    now, origin = list(scores), list(range(count))
    if best and scores[best] > scores[0]:
        now[0], origin[0] = scores[best], best
    for place in range(1, count):
        if paid > scores[place]:
            now[place], origin[place] = paid, best
    return now, bytes(origin)


def _trace(
    surplus_w: Sequence[float],
    states: tuple[int, ...],
    scores: list[float],
    came: list[bytes],
    *,
    house: Equipment,
    weight: float,
) -> Best:
    place = max(range(len(states)), key=scores.__getitem__)
    total = scores[place]
    sun_wh = bought_wh = 0.0
    starts = switches = 0
    for number in range(len(surplus_w) - 1, -1, -1):
        level, surplus = states[place], surplus_w[number]
        power = power_w(surplus, level, house, weight)
        used = min(power, max(0.0, surplus))
        sun_wh += used / 3600
        bought_wh += (power - used) / 3600
        before = came[number][place] if number else 0
        if level and states[before] != level:
            starts += not states[before]
            switches += bool(states[before])
        place = before
    return Best(total, sun_wh, bought_wh, starts, switches)
