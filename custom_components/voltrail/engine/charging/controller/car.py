"""Learns the car: its phases, what it takes, whether it sleeps or is full."""

from typing import Final

from .bay import Bay
from .codec import NEVER
from .draw import STARTING_S
from .requests import PhaseChoice
from .state import Car

_FEW_PHASES_S: Final = 10.0
_UNUSED_A: Final = 1.5
_UNUSED_S: Final = 20.0
_FULL_S: Final = 20.0
_ASLEEP_S: Final = 60.0
_NAP_S: Final = 10.0
_TRIES: Final = 2
_EXCESS_A: Final = 1.0
_EXCESS_S: Final = 20.0


def measured_a(bay: Bay) -> float:
    """Return the current of the phase that carries most."""
    view = bay.view
    if view.currents_a:
        return max(view.currents_a)
    phases = max(bay.state.level, 1)
    return (view.power_w or 0.0) / (phases * bay.voltage_v)


def meet(bay: Bay, now: float) -> None:
    """Note whether a car came or left; each session begins with nothing known."""
    state, view = bay.state, bay.view
    if view.connected == state.car.connected:
        return
    state.car = Car(connected=view.connected, arrived_s=now, offset_wh=view.session_wh or 0.0)
    if view.session_wh is not None and view.session_wh < 1000:
        # The charger has begun a session too; what it counted before we looked belongs to it.
        state.car.offset_wh = 0.0
    state.starting, state.nap_until_s = False, NEVER
    state.paused_by = ""


def learn(bay: Bay, now: float) -> None:
    """Learn from what the car does now; call it with every fresh reading."""
    state, car = bay.state, bay.state.car
    amps = bay.measured_a
    if amps > 1.0:
        _learn_drawing(bay, car, amps, now)
    elif car.quiet_since_s == NEVER:
        car.quiet_since_s, car.drawing_since_s = now, NEVER
    if state.starting and (amps > 1.0 or now - state.offered_s > STARTING_S):
        state.starting = False
        state.verify_s = now
    _learn_phases(bay, car, now)
    _learn_most(bay, car, amps, now)
    _notice_excess(bay, car, amps, now)


def _learn_drawing(bay: Bay, car: Car, amps: float, now: float) -> None:
    if car.drawing_since_s == NEVER:
        car.drawing_since_s, car.quiet_since_s = now, NEVER
    car.drew, car.tries = True, 0
    car.asleep = car.full = False
    steady = bay.state.draw.settled and bay.state.order_a
    if steady and (not car.lowest_a or amps < car.lowest_a):
        car.lowest_a = amps


def _learn_phases(bay: Bay, car: Car, now: float) -> None:
    """Count the phases of a car that draws on fewer than it is given."""
    state, currents = bay.state, bay.view.currents_a
    given = bay.view.phases or state.order_phases or bay.config.phases
    used = len(bay.phases_in_use())
    if not currents or not used or state.stage:
        car.few_since_s = NEVER
        return
    if used >= given or used == car.phases:
        if used > car.phases and (given > 1 or bay.config.phases == 1):
            car.phases = state.usual_phases = used
        car.few_since_s = NEVER
        return
    if car.few_since_s == NEVER:
        car.few_since_s = now
    elif now - car.few_since_s >= _FEW_PHASES_S and used > car.phases:
        car.phases = state.usual_phases = used


def _learn_most(bay: Bay, car: Car, amps: float, now: float) -> None:
    state = bay.state
    if car.most_a and amps > car.most_a + 0.5:
        car.most_a = 0.0
    unused = amps > 1.0 and state.draw.settled and state.order_a - amps >= _UNUSED_A
    if not unused or state.starting or state.stage:
        car.unused_since_s = NEVER
    elif car.unused_since_s == NEVER:
        car.unused_since_s = now
    elif now - car.unused_since_s >= _UNUSED_S:
        car.most_a = amps


def _notice_excess(bay: Bay, car: Car, amps: float, now: float) -> None:
    state = bay.state
    too_much = state.draw.settled and amps > max(state.order_a, 0.0) + _EXCESS_A
    if not too_much:
        car.excess_since_s = NEVER
    elif car.excess_since_s == NEVER:
        car.excess_since_s = now


def exceeds(car: Car, now: float) -> bool:
    """Tell whether the car has drawn more than it was told for a while."""
    return car.excess_since_s > NEVER and now - car.excess_since_s >= _EXCESS_S


def wake(bay: Bay, now: float) -> None:
    """Notice a car that is full, and wake one that sleeps: a short pause, at most twice."""
    state, car = bay.state, bay.state.car
    offered = state.level > 0 and state.order_a > 0 and not state.stage
    if not offered or car.quiet_since_s == NEVER or car.full or car.asleep:
        return
    quiet = now - max(car.quiet_since_s, state.offered_s)
    fell_by_itself = car.drew and car.quiet_since_s > state.offered_s
    if fell_by_itself and quiet >= _FULL_S:
        _finished(bay, car)
    elif not fell_by_itself and quiet >= _ASLEEP_S:
        if car.tries < _TRIES:
            car.tries += 1
            state.nap_until_s = now + _NAP_S
        elif now - state.offered_s >= _ASLEEP_S:
            car.asleep, state.starting = True, False


def _finished(bay: Bay, car: Car) -> None:
    """Take a car for full, unless it only cannot charge with as little as it was told."""
    state = bay.state
    if car.lowest_a and state.order_a <= car.lowest_a - 0.5 and not car.least_a:
        car.least_a = car.lowest_a
        return
    car.full = True


def levels(bay: Bay) -> tuple[int, ...]:
    """Return the numbers of phases that charger and car both have; 0, paused, is one of them."""
    car, config = bay.state.car, bay.config
    # Where the phases cannot be switched a car that has shown nothing yet is taken for the last.
    last = 0 if config.switchable else bay.state.usual_phases
    most = min(config.phases, car.phases or last or config.phases)
    wanted = {most}
    if config.switchable and most > 1:
        wanted.add(1)
        if bay.request.phase_choice is PhaseChoice.ONE:
            wanted = {1}
        elif bay.request.phase_choice is PhaseChoice.THREE:
            wanted = {most}
    wanted.difference_update(car.refused)
    return (0, *sorted(wanted or {bay.state.level or most}))
