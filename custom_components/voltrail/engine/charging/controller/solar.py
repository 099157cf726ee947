"""Charges from the sun: the accounts say in which state, the surplus with which current."""

from dataclasses import dataclass
from typing import Final

from . import accounts
from .bay import Bay
from .following import follow, rounded_down
from .reasons import Reason

LEAST_ON_S: Final = 60.0
LEAST_OFF_S: Final = 30.0
LEAST_BETWEEN_SWITCHES_S: Final = 180.0
CHEAP_PAUSES: Final = 6
"""So many pauses in a session cost the usual price; some cars give up after five to eight."""
LAST_PAUSE: Final = 7
"""A car on one phase gets no further pause by the sun or a price."""
FEW_PAUSES: Final = 2.0
"""So much dearer is each pause of such a car: it has seven of them, and they belong to the longest
clouds (on simulated days 3.5 points of J(1) and 10 of J(3) of a car on one phase)."""
DISCOVER_AFTER: Final = 4
"""So many interruptions later a car has to show whether it uses one phase only."""
_NEARLY: Final = 2 / 3
_A_DAY_S: Final = 86400.0


@dataclass(frozen=True, slots=True)
class Sun:
    """The surplus that is meant for one charger, and how long it was like that."""

    low_w: float
    high_w: float
    spare_w: float
    """What there is to decide on the state by: others keep no more than their least."""
    dt_s: float = 0.0


def decide(bay: Bay, sun: Sun, now: float, *, pausing: bool) -> None:
    """Choose state and current; without ``pausing`` the car keeps at least its minimum."""
    state = bay.state
    levels = bay.levels if pausing else bay.levels[1:]
    if tuple(state.accounts.levels) != levels:
        accounts.rebuild(state.accounts, levels, state.level)
    if bay.idle:
        bay.level = state.level or bay.levels[1]
        bay.amps, bay.reason = bay.minimum_a, Reason.VEHICLE
        return
    worth = _worth_w(bay, sun)
    _advance(bay, sun, worth, now)
    present = state.level if state.level in levels else -1
    if state.stage or (state.starting and state.level):
        bay.level = state.level
    elif present < 0:
        bay.level = _best(bay, sun, levels)
    else:
        bay.level = _allowed(bay, accounts.due(state.accounts, present, worth, dearer(bay)), now)
    if bay.level and not present and _discovering(bay, sun):
        bay.level = max(levels)
    _follow(bay, sun)


def may_start(bay: Bay, now: float) -> bool:
    """Tell whether the car has rested for long enough."""
    return now - bay.state.off_s >= max(LEAST_OFF_S, bay.config.pause_spacing_s)


def may_switch(bay: Bay, now: float) -> bool:
    """Tell whether the phases may be changed again."""
    state, budget = bay.state, bay.config.switches_a_day
    if now - state.switched_s < max(LEAST_BETWEEN_SWITCHES_S, bay.config.pause_spacing_s):
        return False
    if budget is None:
        return True
    return sum(now - when < _A_DAY_S for when in state.switches_s) < budget


def may_pause(bay: Bay, now: float) -> bool:
    """Tell whether the sun or a price may pause the car."""
    state = bay.state
    if interruptions(bay) >= LAST_PAUSE and _fragile(bay):
        return False
    return now - state.on_s >= LEAST_ON_S


def interruptions(bay: Bay) -> int:
    """Return how often the car was interrupted in this session."""
    return bay.state.car.pauses + bay.state.car.switches


def _fragile(bay: Bay) -> bool:
    """Tell whether the car uses one phase, or may do so for all that is known."""
    return bay.state.car.phases == 1 or max(bay.levels) == 1


def _discovering(bay: Bay, sun: Sun) -> bool:
    """Tell whether the car should show now how many phases it uses.

    One that uses one phase must not be paused too often, and one that was never given more
    than one tells nothing.
    """
    if bay.state.car.phases or not bay.config.switchable or max(bay.levels) == 1:
        return False
    count = interruptions(bay)
    enough = sun.spare_w >= _NEARLY * max(bay.levels) * bay.unit_w
    return count >= DISCOVER_AFTER + 2 or (count >= DISCOVER_AFTER and enough)


def _worth_w(bay: Bay, sun: Sun) -> list[float]:
    """Return what this second is worth in each state that the accounts know."""
    return accounts.worth_w(
        sun.spare_w,
        bay.state.accounts.levels,
        bay.unit_w,
        min(bay.maximum_a, max(bay.most_a, bay.minimum_a)) * bay.voltage_v,
        bay.weight,
    )


def _advance(bay: Bay, sun: Sun, worth: list[float], now: float) -> None:
    if not sun.dt_s:
        return
    state = bay.state
    waits = bool(state.stage) or state.starting
    accounts.advance(state.accounts, worth, None if waits else state.level, sun.dt_s, now)


def dearer(bay: Bay) -> float:
    """Return how many times its price the next pause costs.

    Cars on more than one phase are not known to give up. Where their pauses cost more they go to
    one phase under a cloud instead, and back: that wears as much, and buys more (on simulated days
    1.2 points of J(3), and one change of phases in every seven).
    """
    car = bay.state.car
    if car.phases > 1:
        return 1.0
    doubled = 2.0 ** max(0, car.pauses - CHEAP_PAUSES + 1)
    return doubled * (FEW_PAUSES if _fragile(bay) else 1.0)


def _allowed(bay: Bay, level: int, now: float) -> int:
    present = bay.state.level
    if level == present:
        return present
    if not present:
        allowed = may_start(bay, now)
    elif not level:
        allowed = may_pause(bay, now)
    else:
        allowed = may_switch(bay, now)
    return level if allowed else present


def _best(bay: Bay, sun: Sun, levels: tuple[int, ...]) -> int:
    worth = accounts.worth_w(
        sun.spare_w, levels, bay.unit_w, bay.maximum_a * bay.voltage_v, bay.weight
    )
    return levels[worth.index(max(worth))]


def _follow(bay: Bay, sun: Sun) -> None:
    state = bay.state
    if not bay.level:
        bay.amps = 0.0
        bay.reason = Reason.TOO_LITTLE_SUN if state.car.drew else Reason.WAITING_FOR_SUN
        return
    unit = bay.level * bay.voltage_v
    gap = state.draw.gap_a
    low, high = sun.low_w / unit + gap, sun.high_w / unit + gap
    if state.level == bay.level and state.order_a:
        amps = follow(state.order_a, low, high, step_a=bay.config.step_a, weight=bay.weight)
    else:
        step = bay.config.step_a
        amps = rounded_down(low + step / (1 + bay.weight), step)
    bay.amps = min(max(amps, bay.minimum_a), bay.maximum_a)
    if state.starting:
        bay.reason = Reason.STARTING
    elif high < bay.minimum_a - 0.5:
        bay.reason = Reason.RIDING_THROUGH
    else:
        bay.reason = Reason.FOLLOWING_SUN
