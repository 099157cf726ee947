"""A limit on the mean of a window: the state by what lasts, the current by what is left.

Full power followed by a pause would keep the limit too, and wear the car. So the number of
phases is decided by what the house leaves for long, and only the current by this window.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ...window import MeanWindow, WindowRule
from .codec import MOMENTS, moment

UNLIMITED_W: Final = 1e9
SAFE: Final = 0.99
"""What the current is worked out for; the rest is for what comes as a surprise."""
LASTING: Final = 0.97
_MINUTE_S: Final = 60.0
_HALF_HOUR_S: Final = 1800.0
_FORGETTING_S: Final = 1500.0
_NEAR_WINDOW: Final = 1.5
_REMEMBERED_S: Final = 7200.0
_PATIENT_AFTER: Final = 2
_SOON_S: Final = 90.0
_SURPRISE_S: Final = 240.0
"""So long the house may do again what it did of late: that much is kept back for it."""
_SURPRISE_W: Final = 2000.0
"""A kettle, a dryer: what any house may begin with at any time."""
_NOTHING_RISES_S: Final = 45.0
_TOO_LATE_S: Final = 10.0
"""A pause that is ordered so late changes nothing."""
_LAST: Final = 0.995
"""To leave a state needs less of a margin than the current does."""
_REACTION_S: Final = 45.0
"""So long before a state is too much for the window it is left."""
_SPELL_S: Final = 300.0
"""So much longer the house is expected to draw more than it usually does: a kettle ends soon."""
_WORTH_A_SWITCH_S: Final = 450.0
"""For less than this a pause until the window is over costs less than a switch and one back."""
_LEAST_BETWEEN_SWITCHES_S: Final = 180.0
_NO_START_S: Final = 200.0
_QUARTER_S: Final = 900.0
SWITCHES_S: Final = 7 * 3600.0
_SWITCHES: Final = 2
"""After so many changes of phases in seven hours there is one way back, and no more up."""


@dataclass
class Limit:
    """What is remembered of the window and of the house without its cars."""

    window: dict[str, Any] = field(default_factory=dict)
    """The window as it is kept over a restart; the running one is beside the state."""
    house_w: float = 0.0
    minute_w: float = 0.0
    half_hour_w: float = 0.0
    top_w: float = 0.0
    seen_s: float = moment()
    known: bool = False
    lowered_s: list[float] = field(default_factory=list, metadata=MOMENTS)
    """When a car went down to one phase or was paused."""
    wait_until_wall_s: float = 0.0
    """A pause until the window is over; by the clock on the wall, as windows are."""
    low_w: float = UNLIMITED_W
    high_w: float = UNLIMITED_W
    spare_wh: float = UNLIMITED_W
    """What the cars may draw until the window is over."""
    left_s: float = 0.0


def opened(limit: Limit, rule: WindowRule) -> MeanWindow:
    """Return the running window of a state."""
    window = MeanWindow(rule)
    window.remember(limit.window)
    return window


def measure(
    limit: Limit,
    window: MeanWindow,
    power_w: float,
    draw_w: tuple[float, float],
    limit_w: float,
    *,
    now: float,
    wall_s: float,
) -> None:
    """Take a sample of the grid power; ``draw_w`` is the range of what the cars draw."""
    window.add_power(wall_s, power_w)
    limit.window = window.recall()
    house = power_w - sum(draw_w) / 2
    _learn(limit, house, now)
    left = max(window.left_s(wall_s), 1.0)
    limit.left_s = left
    whole = limit_w * window.rule.length_s / 3600
    expected = _expected(limit, house, left)
    may = (SAFE * whole - window.used_wh) * 3600 / left - expected
    limit.spare_wh = _LAST * whole - window.used_wh - _house_wh(limit, house, left)
    spread = (draw_w[1] - draw_w[0]) / 2
    # House power that was worked out with the low end of the draw is too high, and vice versa.
    limit.low_w = min(may - spread, _NEAR_WINDOW * limit_w)
    limit.high_w = min(may + spread, _NEAR_WINDOW * limit_w)


def level(
    limit: Limit,
    present: int,
    levels: Sequence[int],
    unit_w: float,
    limit_w: float,
    *,
    given: int,
    since_switch_s: float,
    switches: int,
    wall_s: float,
    window_s: int,
) -> int:
    """Return the state that the limit allows; ``unit_w`` is the minimum of one phase.

    ``given`` is how many phases the charger gives now, and ``switches`` are the changes of the
    last seven hours.
    """
    charging = sorted(one for one in levels if one)
    if not charging:
        return present
    if not present:
        return _start(
            limit, charging, unit_w, limit_w, given=given, switches=switches, wall_s=wall_s
        )
    lower_w = _lower_w(
        limit,
        present,
        charging,
        unit_w,
        since_switch_s=since_switch_s,
        switches=switches,
    )
    if _must_leave(limit, present * unit_w, lower_w):
        return _lower(limit, lower_w, unit_w, wall_s=wall_s, window_s=window_s)
    if limit.left_s <= _NOTHING_RISES_S:
        return present
    most = charging[-1]
    if (
        present < most
        and LASTING * limit_w - limit.top_w >= most * unit_w
        and limit.low_w >= 1.15 * most * unit_w
        and switches <= _SWITCHES
        and since_switch_s >= _patience_s(limit)
        and limit.left_s >= 300
    ):
        return most
    return present


def reserve_w(limit: Limit, least_w: float) -> float:
    """Return how far the cars stay below what is left of the window.

    The house may do again what it did of late. What the cars draw above their least can make room
    for that at once; what is missing then is kept back, or they would have to leave their state.
    """
    surprise_w = max(_SURPRISE_W, limit.top_w - limit.minute_w)
    needed_w = surprise_w * min(1.0, _SURPRISE_S / max(limit.left_s, 1.0))
    return max(0.0, least_w + needed_w - limit.low_w)


def _start(
    limit: Limit,
    charging: Sequence[int],
    unit_w: float,
    limit_w: float,
    *,
    given: int,
    switches: int,
    wall_s: float,
) -> int:
    if limit.left_s < _NO_START_S or wall_s < limit.wait_until_wall_s:
        return 0
    most, least = charging[-1], charging[0]
    lasting_w = LASTING * limit_w - max(limit.minute_w, limit.half_hour_w)
    if given == most:
        # What needs no change of phases may be tried sooner, and the last change waits a quarter.
        if lasting_w >= most * unit_w and limit.low_w >= 1.1 * most * unit_w:
            return most
        if switches > _SWITCHES and wall_s < limit.wait_until_wall_s + _QUARTER_S:
            return 0
    elif (
        LASTING * limit_w - limit.top_w >= most * unit_w
        and limit.low_w >= most * unit_w
        and switches <= _SWITCHES
    ):
        return most
    if least == most:
        return 0
    return least if lasting_w >= least * unit_w and limit.low_w >= 1.1 * least * unit_w else 0


def _lower_w(
    limit: Limit,
    present: int,
    charging: Sequence[int],
    unit_w: float,
    *,
    since_switch_s: float,
    switches: int,
) -> float:
    """Return the least power of the state below this one; 0 if that is a pause."""
    if limit.left_s < _WORTH_A_SWITCH_S or since_switch_s < _LEAST_BETWEEN_SWITCHES_S:
        return 0.0
    if switches > _SWITCHES and len(limit.lowered_s) < _PATIENT_AFTER:
        # The way down would be the last: a pause comes first, and three phases may be had again.
        return 0.0
    return charging[0] * unit_w if charging[0] < present else 0.0


def _must_leave(limit: Limit, present_w: float, lower_w: float) -> bool:
    """Tell whether a state can be kept no longer: the last moment, and not the first doubt."""
    left = limit.left_s
    if left <= _TOO_LATE_S:
        return False
    needed = lower_w * left + (present_w - lower_w) * min(left, _REACTION_S)
    return limit.spare_wh * 3600 < needed


def _lower(limit: Limit, lower_w: float, unit_w: float, *, wall_s: float, window_s: int) -> int:
    _remember_lowering(limit)
    if lower_w and limit.spare_wh * 3600 >= lower_w * limit.left_s:
        return round(lower_w / unit_w)
    rest = min(limit.left_s, _QUARTER_S if window_s > _QUARTER_S else math.inf)
    if len(limit.lowered_s) > _PATIENT_AFTER:
        # What did not last twice will not last now either.
        rest += _QUARTER_S
    limit.wait_until_wall_s = wall_s + rest
    return 0


def _remember_lowering(limit: Limit) -> None:
    """Note that a state was left; an order that waits for its turn is one and not many."""
    now = limit.seen_s
    limit.lowered_s = [when for when in limit.lowered_s if now - when < _REMEMBERED_S]
    if not limit.lowered_s or now - limit.lowered_s[-1] > _MINUTE_S:
        limit.lowered_s.append(now)


def _patience_s(limit: Limit) -> float:
    """Return how long one phase is kept before three are tried again: longer each time."""
    times = max(0, len(limit.lowered_s) - 1)
    return _QUARTER_S * 2.0 ** min(times, 3)


def _learn(limit: Limit, house_w: float, now: float) -> None:
    limit.house_w = house_w
    if not limit.known:
        limit.minute_w = limit.half_hour_w = limit.top_w = house_w
        limit.known = True
    dt = min(max(now - limit.seen_s, 0.0), _MINUTE_S)
    limit.seen_s = now
    limit.minute_w += (house_w - limit.minute_w) * (1 - math.exp(-dt / (_MINUTE_S / 2)))
    limit.half_hour_w += (house_w - limit.half_hour_w) * (1 - math.exp(-dt / (_HALF_HOUR_S / 2)))
    fading = (limit.top_w - limit.half_hour_w) * dt / _FORGETTING_S
    limit.top_w = max(limit.minute_w, limit.top_w - max(0.0, fading))


def _expected(limit: Limit, house_w: float, left_s: float) -> float:
    """A kettle counts little at the window's start and fully at its end."""
    minute = limit.minute_w
    if house_w > minute:
        return minute + (house_w - minute) * min(1.0, _SOON_S / left_s)
    return (minute + house_w) / 2


def _house_wh(limit: Limit, house_w: float, left_s: float) -> float:
    """Return what the house is expected to take until the window is over."""
    present = max(house_w, limit.minute_w)
    spell = min(left_s, _SPELL_S)
    return (present * spell + min(present, limit.half_hour_w) * (left_s - spell)) / 3600
