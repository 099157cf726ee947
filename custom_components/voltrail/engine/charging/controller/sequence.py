"""Turns what a charger is to do into one order at a time.

A change of phases goes: 0 A, until the car draws nothing; the phases; until the charger is
done; the current. A charger that does all of it by itself gets one order.
"""

import math
from typing import Final

from . import draw
from .accounts import clear
from .bay import DRAWING_A, IN_USE_A, Bay
from .codec import NEVER
from .draw import STARTING_S
from .explanation import Order

EMPTYING_S: Final = 30.0
SWITCHED_S: Final = 30.0
VERIFY_FROM_S: Final = 60.0
VERIFY_UNTIL_S: Final = 120.0
RETRY_S: Final = 60.0
TRIES: Final = 3
_ONE_PHASE_W: Final = 3600
_THREE_PHASES_W: Final = 4200
_A_DAY_S: Final = 86400.0


def act(bay: Bay, now: float) -> Order | None:
    """Return the order that is due, and note that it was given."""
    if bay.hold or not bay.view.available:
        return None
    return _go_on(bay, now) if bay.state.stage else _act(bay, now)


def _act(bay: Bay, now: float) -> Order | None:
    state = bay.state
    if state.nap_until_s > now:
        return _change(bay, 0.0, now) if state.order_a and state.level else None
    if bay.level != state.level:
        return _leave(bay, now)
    if not bay.level and state.order_a:
        return _pause(bay, now)
    lower = bay.amps < state.order_a
    if bay.level and bay.amps != state.order_a and _spaced(bay, now, lower=lower):
        return _change(bay, bay.amps, now)
    return _again(bay, now)


def _leave(bay: Bay, now: float) -> Order | None:
    """Go to another state."""
    if not bay.level:
        return _pause(bay, now)
    return _switch(bay, now) if bay.state.level else _start(bay, now)


def verify(bay: Bay, now: float) -> None:
    """Compare the phases that the car uses with those that were asked for."""
    state, car = bay.state, bay.state.car
    if state.verify_s == NEVER or state.stage or state.starting or not state.level:
        return
    since = now - state.verify_s
    if since < VERIFY_FROM_S or not state.draw.settled or not bay.drawing:
        return
    used = len(bay.phases_in_use())
    refused = used > state.level or (0 < used < state.level <= car.phases and _gives_fewer(bay))
    if refused and bay.config.switchable:
        # The charger did as it liked: what it does holds for this session.
        if state.level not in car.refused:
            car.refused.append(state.level)
        state.level = used
        state.order_phases = bay.view.phases or (1 if used == 1 else bay.config.phases)
        state.verify_s = NEVER
    elif since > VERIFY_UNTIL_S:
        state.verify_s = NEVER


def given_phases(bay: Bay, level: int) -> int:
    """Return what the charger has to give so that the car can use so many phases."""
    config, state = bay.config, bay.state
    if not config.switchable:
        return config.phases
    if level == 1 and state.car.phases == 1:
        return state.order_phases or 1
    return 1 if level == 1 else config.phases


def _gives_fewer(bay: Bay) -> bool:
    given = bay.view.phases
    return given is None or given < bay.state.order_phases


def _spaced(bay: Bay, now: float, *, lower: bool = False) -> bool:
    if lower and bay.urgent and not bay.config.lowering_waits:
        return True
    return now - bay.state.ordered_s >= bay.config.spacing_s


def _pause(bay: Bay, now: float) -> Order | None:
    state = bay.state
    if not bay.urgent and not _spaced(bay, now):
        return None
    if state.level:
        state.off_s = now
        state.car.pauses += state.car.drew and not bay.idle
    state.level, state.starting = 0, False
    clear(state.accounts)
    return _change(bay, 0.0, now)


def _start(bay: Bay, now: float) -> Order | None:
    state = bay.state
    if not _spaced(bay, now) or now - state.off_s < bay.config.pause_spacing_s:
        return None
    state.on_s = now
    state.car.starts += 1
    state.starts_total += 1
    phases = given_phases(bay, bay.level)
    state.level = bay.level
    clear(state.accounts)
    if bay.config.switchable and phases != state.order_phases:
        _note_switch(bay, now)
        if not _in_one(bay):
            return _order_phases(bay, phases, now)
    state.order_phases = phases
    return _offer(bay, now)


def _switch(bay: Bay, now: float) -> Order | None:
    state = bay.state
    phases = given_phases(bay, bay.level)
    if not bay.config.switchable or phases == state.order_phases:
        # The car uses fewer phases than it gets: nothing has to be switched.
        state.level = bay.level
        return _change(bay, bay.amps, now) if _spaced(bay, now) else None
    if not _spaced(bay, now) or now - state.switched_s < bay.config.pause_spacing_s:
        return None
    _note_switch(bay, now)
    state.level = bay.level
    clear(state.accounts)
    if _in_one(bay):
        state.order_phases = phases
        draw.empty(state.draw, now, STARTING_S)
        return _offer(bay, now)
    state.stage, state.stage_s = "emptying", now
    return _change(bay, 0.0, now)


def _go_on(bay: Bay, now: float) -> Order | None:
    state, view = bay.state, bay.view
    fresh = view.received_s > state.stage_s
    if bay.level == 0:
        return _give_up(bay, now)
    phases = given_phases(bay, bay.level)
    if state.stage == "emptying":
        emptied = fresh and bay.measured_a < DRAWING_A
        if not _spaced(bay, now) or not (emptied or now - state.stage_s >= EMPTYING_S):
            return None
        return _order_phases(bay, phases, now)
    told = view.phases is None or view.phases == state.order_phases
    late = now - state.stage_s >= bay.config.switch_pause_s + SWITCHED_S
    if not (late or (fresh and told and not view.switching)) or not _spaced(bay, now):
        return None
    state.stage = ""
    if bay.level != state.level:
        state.level = bay.level
    if phases != state.order_phases and bay.config.switchable:
        return _order_phases(bay, phases, now)
    return _offer(bay, now)


def _give_up(bay: Bay, now: float) -> Order | None:
    """Leave a change of phases, because the car is to be paused."""
    state = bay.state
    state.stage, state.level, state.off_s = "", 0, now
    state.car.pauses += 1
    clear(state.accounts)
    return _change(bay, 0.0, now) if state.order_a else None


def _order_phases(bay: Bay, phases: int, now: float) -> Order:
    state = bay.state
    state.stage, state.stage_s, state.order_phases = "switching", now, phases
    return _change(bay, 0.0, now)


def _note_switch(bay: Bay, now: float) -> None:
    state = bay.state
    state.switched_s = now
    state.switches_s = [when for when in state.switches_s if now - when < _A_DAY_S]
    state.switches_s.append(now)
    state.car.switches += 1
    state.switches_total += 1


def _offer(bay: Bay, now: float) -> Order:
    """Offer a current to a car that draws nothing yet."""
    state = bay.state
    state.starting = not bay.idle
    state.offered_s = now
    state.verify_s = NEVER
    return _change(bay, bay.amps, now, patience_s=STARTING_S)


def _change(bay: Bay, amps: float, now: float, *, patience_s: float = 0.0) -> Order:
    state = bay.state
    urgent = bay.urgent and amps < state.order_a
    if state.starting and not patience_s:
        patience_s = max(STARTING_S - (now - state.offered_s), state.draw.settling_s)
    if state.nap_until_s > NEVER and amps and not state.order_a:
        state.offered_s, state.nap_until_s = now, NEVER
    draw.order(state.draw, amps, bay.most_a, now, patience_s=patience_s)
    state.order_a, state.ordered_s, state.failed = amps, now, 0
    return _order(bay, urgent=urgent)


def _again(bay: Bay, now: float) -> Order | None:
    """Give an order again that failed, or that may have got lost."""
    state, view = bay.state, bay.view
    if not view.failed_orders or view.received_s <= state.ordered_s or state.ordered_s == NEVER:
        return None
    wait = bay.config.spacing_s if state.failed < TRIES else RETRY_S
    if now - state.ordered_s < wait:
        return None
    failed = state.failed + 1
    draw.order(state.draw, state.order_a, bay.most_a, now)
    state.ordered_s, state.failed = now, failed
    return _order(bay)


def _order(bay: Bay, *, urgent: bool = False) -> Order:
    state, config = bay.state, bay.config
    phases = state.order_phases or config.phases
    power = _power_w(bay, state.order_a, phases) if config.by_power else None
    return Order(config.key, state.order_a, phases, power, urgent)


def _power_w(bay: Bay, amps: float, phases: int) -> int:
    """Return the watts that choose these phases; between the two ranges it is not known which."""
    power = math.floor(amps * phases * bay.voltage_v)
    if not power or not bay.config.switchable:
        return power
    return min(power, _ONE_PHASE_W) if phases == 1 else max(power, _THREE_PHASES_W)


def _in_one(bay: Bay) -> bool:
    return bay.config.one_verb or bay.config.by_power


def adopt(bay: Bay, now: float) -> None:
    """Take over a charger as it is found."""
    state, view = bay.state, bay.view
    used = sum(amps > IN_USE_A for amps in view.currents_a)
    offered = view.offered_a if view.offered_a is not None else bay.measured_a
    state.order_phases = view.phases or (used if used in {1, 3} else bay.config.phases)
    running = offered >= min(bay.minimum_a, bay.config.minimum_a) or used > 0
    state.order_a = offered if running else 0.0
    state.level = (used or min(state.order_phases, bay.config.phases)) if running else 0
    state.adopted, state.stage, state.starting = True, "", False
    state.draw.low_a = state.draw.high_a = bay.measured_a
    state.draw.order_a, state.draw.settled = state.order_a, True
    if running:
        state.on_s = now
        state.offered_s = now
