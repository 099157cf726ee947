"""Decides for each charger: first what its mode wants, then what nothing may exceed."""

import math
from typing import Final

from . import limit as limiting
from . import meter, planning, solar
from .bay import Bay
from .budget import above_floor
from .caps import FuseCaps, cap_total
from .reasons import Reason
from .requests import Mode
from .scene import Scene
from .sharing import Claim, share
from .solar import Sun

HELD_S: Final = 45.0
"""So long the sun is believed to be as it was when the meter falls silent."""
AFTER_SILENCE_S: Final = 15.0
TURN_S: Final = 900.0
"""Of chargers with equal priority one waits at most so long for the other."""
_SUNNY: Final = (Mode.SOLAR, Mode.SOLAR_MINIMUM)


def decide(scene: Scene, plans: dict[str, planning.Kept | None]) -> None:
    """Decide for all chargers, those that come first in the order first."""
    scene.bays = ranked(scene)
    for bay in scene.bays:
        _choose_mode(bay, scene, plans)
    suns = _suns(scene)
    starting_w = 0.0
    for bay in scene.bays:
        if _settled_otherwise(bay, scene):
            continue
        sun = suns.get(bay.config.key)
        _by_mode(bay, scene, sun)
        if sun is not None and bay.level and not bay.running:
            # A car that starts reserves its minimum: what is left may be too little for the next.
            if starting_w and sun.spare_w - starting_w < bay.level * bay.unit_w:
                bay.level, bay.amps, bay.reason = 0, 0.0, Reason.WAITS_FOR_OTHER
            starting_w += bay.level * bay.unit_w
    _cap_all(scene)
    if scene.dt_s:
        for bay in scene.bays:
            planning.learn_speed(bay, scene.dt_s)
        _rotate(scene)


def ranked(scene: Scene) -> list[Bay]:
    """Return the chargers in their order: priority, then whose turn it is, then who came first."""
    bays = scene.bays
    if len(bays) < 2:
        return bays
    order = sorted(bays, key=lambda bay: (bay.config.priority, bay.state.car.arrived_s))
    turns = scene.state.turns % len(order)
    turned = order[turns:] + order[:turns]
    return sorted(turned, key=lambda bay: bay.config.priority)


def _rotate(scene: Scene) -> None:
    """Give the next one its turn, where one waits for another of the same priority."""
    state = scene.state
    if not any(bay.reason is Reason.WAITS_FOR_OTHER for bay in scene.bays):
        state.rotated_s = scene.now
    elif scene.now - state.rotated_s >= TURN_S:
        state.turns, state.rotated_s = state.turns + 1, scene.now


def _choose_mode(bay: Bay, scene: Scene, plans: dict[str, planning.Kept | None]) -> None:
    key, request, slots = bay.config.key, bay.request, scene.observation.slots
    if bay.mode in {Mode.OFF, Mode.MANUAL}:
        return
    if bay.mode is Mode.PLAN:
        kept = plans.get(key)
        guarded = bool(scene.config.fuse_a or scene.config.limit)
        plans[key] = planning.apply(bay, kept, scene.wall, scene.now, slots, guarded=guarded)
    if request.price_limit is not None and bay.mode is not Mode.FAST:
        price = planning.price_now(slots, scene.wall)
        if price is not None and price < request.price_limit:
            bay.mode = Mode.FAST
    if request.boost:
        bay.mode = Mode.FAST


def _suns(scene: Scene) -> dict[str, Sun]:
    """Share the surplus among those that charge from the sun."""
    low, high = scene.state.surplus_low_w, scene.state.surplus_high_w
    sunny = [bay for bay in scene.bays if bay.mode in _SUNNY and bay.view.available]
    for bay in scene.bays:
        if bay not in sunny and bay.config.measured:
            own_low, own_high = bay.draw_w()
            low, high = low - own_low, high - own_high
    if len(sunny) == 1:
        return {sunny[0].config.key: Sun(low, high, (low + high) / 2, scene.dt_s)}
    running = [bay for bay in sunny if bay.running and not bay.idle]
    claims = [_sun_claim(bay) for bay in running]
    lows, highs = share([low], claims), share([high], claims)
    given = {bay.config.key: pair for bay, *pair in zip(running, lows, highs, strict=True)}
    suns = {}
    for place, bay in enumerate(sunny):
        reserved = sum(_least_w(other) for other in sunny[:place] if other in running)
        equals = sum(
            _least_w(other)
            for other in sunny[place + 1 :]
            if other in running and other.config.priority == bay.config.priority
        )
        # What a car draws that is just starting is not there for another one to start with.
        spare = ((low + high) / 2 if bay.running else low) - reserved
        if spare - equals >= max(bay.state.level, 1) * bay.unit_w:
            # There is enough for both: who comes first leaves the other its minimum.
            spare, reserved = spare - equals, reserved + equals
        own = given.get(bay.config.key, [low - reserved, high - reserved])
        suns[bay.config.key] = Sun(own[0], own[1], spare, scene.dt_s)
    return suns


def _least_w(bay: Bay) -> float:
    return bay.state.level * bay.unit_w


def _sun_claim(bay: Bay) -> Claim:
    unit = bay.state.level * bay.voltage_v
    most = min(bay.maximum_a, max(bay.most_a, bay.minimum_a))
    return Claim(
        minimum=unit * bay.minimum_a,
        maximum=unit * most,
        priority=bay.config.priority,
        running=True,
    )


def _settled_otherwise(bay: Bay, scene: Scene) -> bool:
    """Decide what does not depend on the mode's own rule; True if that is all."""
    state = bay.state
    bay.level, bay.amps = state.level, state.order_a
    if not bay.view.available:
        bay.hold, bay.reason, bay.own = True, Reason.CHARGER_AWAY, False
        return True
    if bay.mode is Mode.OFF:
        bay.level, bay.amps, bay.reason = 0, 0.0, Reason.OFF
        return True
    if not bay.view.connected:
        bay.reason, bay.own = Reason.NO_VEHICLE, False
        bay.hold = bay.mode in {Mode.FAST, Mode.MANUAL, Mode.SOLAR_MINIMUM}
        bay.level, bay.amps = (state.level, state.order_a) if bay.hold else (0, 0.0)
    elif not bay.view.ready:
        bay.hold, bay.reason, bay.own = True, Reason.NOT_READY, False
    elif bay.mode is not Mode.MANUAL and planning.reached(bay):
        _stop_at_target(bay)
    elif not scene.ready:
        _without_meter(bay, scene)
    else:
        return False
    return True


def _stop_at_target(bay: Bay) -> None:
    bay.reason = Reason.TARGET_REACHED
    if bay.config.full_minimum:
        bay.level, bay.amps = bay.state.level or bay.levels[1], bay.minimum_a
    else:
        bay.level, bay.amps = 0, 0.0


def _without_meter(bay: Bay, scene: Scene) -> None:
    """Raise nothing; fast falls back at once, the sun is believed in for a while."""
    source = scene.state.meter
    bay.reason = Reason.METER_SILENT
    if not scene.silent:
        # After a start: whatever the charger does is left as it is until there are two samples.
        bay.hold = True
        return
    if bay.mode is Mode.MANUAL or not bay.running:
        return
    if bay.mode is Mode.FAST:
        bay.amps = min(bay.amps, max(bay.config.fallback_a, bay.minimum_a))
        bay.urgent = True
        return
    if source.age(scene.now) < max(HELD_S, source.oldest_s + AFTER_SILENCE_S):
        return
    if bay.mode is Mode.SOLAR:
        bay.level, bay.amps = 0, 0.0
    else:
        bay.amps = min(bay.amps, bay.minimum_a)
    bay.urgent = True


def _by_mode(bay: Bay, scene: Scene, sun: Sun | None) -> None:
    state = bay.state
    if state.mode != bay.mode:
        state.mode = bay.mode
        if bay.mode is Mode.MANUAL and bay.request.manual_a is not None:
            # The person's own order is in force; it is not given once more.
            state.order_a = bay.request.manual_a
            state.level = (state.level or max(bay.levels)) if state.order_a else 0
    if bay.mode is Mode.MANUAL:
        _manual(bay)
    elif bay.mode is Mode.FAST:
        _fast(bay, scene.now)
    else:
        assert sun is not None
        _sunny(bay, scene, sun)
    _probe(bay, scene)


def _manual(bay: Bay) -> None:
    manual = bay.request.manual_a
    bay.reason = Reason.MANUAL
    amps = bay.state.order_a if manual is None else manual
    amps = min(amps, bay.config.maximum_a)
    if amps < bay.config.minimum_a:
        bay.level, bay.amps = 0, 0.0
        return
    bay.minimum_a = bay.config.minimum_a
    bay.level = bay.state.level or max(bay.levels)
    bay.amps = amps


def _fast(bay: Bay, now: float) -> None:
    state = bay.state
    bay.level = max(bay.levels)
    if state.level and state.level != bay.level and not solar.may_switch(bay, now):
        bay.level = state.level
    bay.amps = bay.maximum_a
    bay.reason = bay.plan_reason or Reason.FAST
    if bay.reason is not Reason.PLAN_CHARGING:
        bay.reason = Reason.FAST
    if state.starting:
        bay.reason = Reason.STARTING
    if bay.idle:
        bay.amps, bay.reason = bay.minimum_a, Reason.VEHICLE


def _sunny(bay: Bay, scene: Scene, sun: Sun) -> None:
    minimum = bay.mode is Mode.SOLAR_MINIMUM
    if not scene.observation.sun_up and not above_floor(scene.observation, scene.requests):
        if minimum:
            bay.level = bay.levels[1]
            if bay.running and bay.level != bay.state.level:
                bay.level = bay.state.level if not solar.may_switch(bay, scene.now) else bay.level
            bay.amps, bay.reason = bay.minimum_a, Reason.MINIMUM
        else:
            bay.level, bay.amps, bay.reason = 0, 0.0, Reason.WAITING_FOR_SUN
    else:
        solar.decide(bay, sun, scene.now, pausing=not minimum)
        if minimum and bay.amps <= bay.minimum_a and bay.reason is Reason.RIDING_THROUGH:
            bay.reason = Reason.MINIMUM
        _wait_for_other(bay, scene, sun)
    if not bay.running and not bay.level and bay.plan_reason is not None:
        bay.reason = bay.plan_reason


def _wait_for_other(bay: Bay, scene: Scene, sun: Sun) -> None:
    middle = (scene.state.surplus_low_w + scene.state.surplus_high_w) / 2
    least = bay.levels[1] * bay.unit_w
    if not bay.level and sun.spare_w < least <= middle:
        bay.reason = Reason.WAITS_FOR_OTHER


def _probe(bay: Bay, scene: Scene) -> None:
    """Move the draw a little to see whether the meter follows."""
    state, source = bay.state, scene.state.meter
    if not meter.suspected(source, scene.now, repeats=scene.config.repeats):
        state.moved_from_a = 0.0
        return
    if bay.mode is Mode.MANUAL or not bay.level or bay.level != state.level or state.stage:
        return
    if not state.moved_from_a:
        drawn = sum(one.measured_a for one in scene.bays)
        if not bay.drawing or abs(drawn - source.draw_a) >= meter.MOVED_A:
            return
        state.moved_from_a = state.order_a
    lower = state.moved_from_a - meter.PROBE_A
    if lower >= bay.minimum_a:
        bay.amps = min(bay.amps, lower)
    elif bay.mode in _SUNNY:
        bay.amps = min(state.moved_from_a + meter.PROBE_A, bay.maximum_a)


def _cap_all(scene: Scene) -> None:
    state, config = scene.state, scene.config
    if scene.window is not None and scene.ready:
        _keep_mean(scene)
    if config.fuse_a and not scene.guarded:
        for bay in scene.bays:
            if bay.own and not bay.hold:
                _fall_back(bay)
    fuses = [("", state.fuse, config.fuse_a, config.margin_a)] if scene.guarded else []
    fuses += [
        (one.key, state.distributions[one.key], one.fuse_a, one.margin_a)
        for one in config.distributions
        if state.distributions[one.key].high_a
    ]
    if fuses:
        FuseCaps(config, fuses).apply(scene.bays, scene.now)
    outside = scene.observation.outside_limit_w
    if outside is not None:
        cap_total(
            [bay for bay in scene.bays if bay.own],
            outside,
            outside,
            Reason.LIMIT,
            pausing=True,
        )


def _fall_back(bay: Bay) -> None:
    """The currents of the phases are missing: nothing above the fallback."""
    if not bay.level:
        return
    most = max(bay.config.fallback_a, bay.minimum_a)
    if bay.amps > most:
        bay.amps, bay.reason = most, Reason.FALLBACK
        bay.urgent = True


def _keep_mean(scene: Scene) -> None:
    """Let the limit on a mean decide on the state, then on the current."""
    limit, config = scene.state.limit, scene.config.limit
    assert config is not None
    whole = limit.low_w, limit.high_w
    for bay in scene.bays:
        if not bay.own or bay.hold or not (bay.level or bay.running) or bay.idle:
            continue
        _choose_level(bay, scene, config.window_s)
        if bay.level:
            # Who comes after has to do with less.
            least = bay.level * bay.unit_w
            limit.low_w, limit.high_w = limit.low_w - least, limit.high_w - least
    limit.low_w, limit.high_w = whole
    asking = [bay for bay in scene.bays if bay.own and not bay.hold and not bay.idle]
    reserve = limiting.reserve_w(limit, sum(bay.level * bay.unit_w for bay in asking))
    low = whole[0] - reserve if limit.left_s > 45 else -math.inf
    cap_total(asking, low, whole[1] - reserve, Reason.LIMIT, pausing=False)


def _choose_level(bay: Bay, scene: Scene, window_s: int) -> None:
    state = bay.state
    if not bay.level or state.stage:
        return
    allowed = limiting.level(
        scene.state.limit,
        state.level,
        [one for one in bay.levels if one <= bay.level],
        bay.unit_w,
        scene.limit_w,
        given=min(state.order_phases, max(bay.levels)),
        since_switch_s=scene.now - max(state.switched_s, -1e6),
        switches=sum(scene.now - when < limiting.SWITCHES_S for when in state.switches_s),
        wall_s=scene.wall_s,
        window_s=window_s,
    )
    if bay.mode is not Mode.FAST and allowed >= bay.level:
        return
    if allowed != bay.level:
        bay.level = allowed
        bay.reason = Reason.LIMIT
        bay.urgent = bay.urgent or not allowed
        if not allowed:
            bay.amps, state.paused_by = 0.0, Reason.LIMIT
