"""Tells what was decided, and what it takes to change."""

from . import car
from .accounts import price_wh
from .bay import Bay
from .codec import NEVER
from .draw import STARTING_S
from .explanation import ChargerExplanation, Explanation, Order
from .reasons import Reason
from .scene import Scene
from .sequence import TRIES, given_phases
from .solar import dearer


def explain(scene: Scene) -> Explanation:
    """Return the whole decision as data."""
    state, window = scene.state, scene.window
    guarded = bool(scene.config.fuse_a)
    return Explanation(
        chargers={bay.config.key: _charger(bay, scene) for bay in scene.bays},
        surplus_low_w=state.surplus_low_w if state.known else None,
        surplus_high_w=state.surplus_high_w if state.known else None,
        headroom_a=tuple(state.fuse.low_a) if guarded else (),
        warmth=tuple(state.fuse.warmth) if guarded else (),
        overload=guarded and any(amps > scene.config.fuse_a for amps in state.fuse.loads_a),
        window_used_wh=window.used_wh if window is not None else None,
        window_mean_w=window.expected_w(scene.wall_s) if window is not None else None,
        window_limit_w=scene.limit_w if window is not None else None,
        meter_silent=scene.silent,
        meter_frozen=state.meter.frozen,
        reserving=any(bay.state.stage or bay.state.starting for bay in scene.bays),
        observing=scene.requests.observing,
        would=tuple(_would(scene)) if scene.requests.observing else (),
    )


def _would(scene: Scene) -> list[Order]:
    return [
        Order(bay.config.key, bay.amps if bay.level else 0.0, given_phases(bay, bay.level or 1))
        for bay in scene.bays
        if not bay.hold and (bay.level, bay.amps) != (bay.state.level, bay.state.order_a)
    ]


def _reason(bay: Bay, scene: Scene) -> Reason:
    state = bay.state
    if state.failed >= TRIES:
        return Reason.NOT_READY
    if state.stage:
        return Reason.PHASES_SWITCHING
    if state.starting and scene.now - state.offered_s < STARTING_S and bay.level:
        return Reason.STARTING if bay.reason is not Reason.FUSE else bay.reason
    if bay.reason is Reason.FOLLOWING_SUN and state.car.refused:
        return Reason.PHASES_REFUSED
    return bay.reason


def _charger(bay: Bay, scene: Scene) -> ChargerExplanation:
    state = bay.state
    accounts = state.accounts
    towards, account, price = None, 0.0, 0.0
    for level, amount in zip(accounts.levels, accounts.accounts_wh, strict=True):
        if level != state.level and amount > account:
            towards, account = level, amount
            price = price_wh(state.level, level) * accounts.factor
            price *= 1.0 if level else dearer(bay)
    return ChargerExplanation(
        reason=_reason(bay, scene),
        level=state.level,
        order_a=state.order_a,
        draw_low_a=state.draw.low_a,
        draw_high_a=state.draw.high_a,
        account_wh=account,
        price_wh=price,
        towards=towards,
        phase=bay.phase,
        next_start=bay.next_start,
        until=bay.until,
        stretches=bay.stretches,
        energy_wh=state.car.energy_wh,
        sun_wh=state.car.sun_wh,
        grid_wh=max(0.0, state.car.energy_wh - state.car.sun_wh),
        starts=state.car.starts,
        switches=state.car.switches,
        starts_total=state.starts_total,
        switches_total=state.switches_total,
        car_phases=state.car.phases,
        refused=tuple(state.car.refused),
        above_offer=state.car.excess_since_s > NEVER and car.exceeds(state.car, scene.now),
        failed_orders=state.failed,
    )
