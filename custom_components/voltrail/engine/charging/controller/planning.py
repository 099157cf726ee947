"""When a car in the mode *plan* charges, worked out of need, prices and the time that is left."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from . import plan
from .bay import Bay
from .reasons import Reason
from .requests import Mode
from .samples import Slot

_ANEW_S: Final = 10.0
_LEARNING_S: Final = 2400.0
_GUARD: Final = timedelta(minutes=5)


@dataclass(slots=True)
class Kept:
    """A plan, kept for some seconds: to sort the slots again on every sample would be waste."""

    plan: plan.Plan
    slots: tuple[Slot, ...]
    departure: datetime
    made_s: float
    fast: bool


def missing_wh(bay: Bay) -> float | None:
    """Return what the car still needs; None if no target was set for it."""
    request, view, car = bay.request, bay.view, bay.state.car
    needs: list[float] = []
    if request.energy_target_wh > 0:
        needs.append(request.energy_target_wh - car.energy_wh)
    if request.charge_target_percent > 0 and view.car_percent is not None and request.capacity_wh:
        share = (request.charge_target_percent - view.car_percent) / 100
        needs.append(share * request.capacity_wh * (1 + request.loss))
    return max(0.0, min(needs)) if needs else None


def reached(bay: Bay) -> bool:
    """Tell whether the car has what it was to get; that holds for the session."""
    request, car, view = bay.request, bay.state.car, bay.view
    wanted = (request.energy_target_wh, request.charge_target_percent)
    if car.reached == wanted and wanted != (0.0, 0.0):
        return True
    energy = 0 < request.energy_target_wh <= car.energy_wh
    percent = view.car_percent
    charged = percent is not None and 0 < request.charge_target_percent <= percent
    car.reached = wanted if energy or charged else (0.0, 0.0)
    return energy or charged


def charging_power_w(bay: Bay) -> float:
    """Return what the car takes when it charges as fast as it can."""
    phases = max(bay.levels)
    amps = min(bay.maximum_a, bay.most_a)
    return phases * (amps - max(0.0, bay.state.draw.gap_a)) * bay.voltage_v


def learn_speed(bay: Bay, dt_s: float) -> None:
    """Learn what the fuse and the limits leave of the full power."""
    state = bay.state
    if (
        bay.mode is not Mode.FAST
        or not dt_s
        or bay.idle
        or not (state.level or bay.reason is Reason.FUSE)
    ):
        return
    drawn = sum(bay.draw_w()) / 2
    part = min(1.0, drawn / max(charging_power_w(bay), 1.0))
    state.car.speed += (part - state.car.speed) * min(1.0, dt_s / _LEARNING_S)


def apply(
    bay: Bay,
    kept: Kept | None,
    wall: datetime,
    now: float,
    slots: tuple[Slot, ...],
    *,
    guarded: bool = False,
) -> Kept | None:
    """Turn the mode *plan* into *fast* or *solar*, and say why.

    Where a fuse or a limit may pause the car, the plan ends before the departure: a pause in its
    last minutes could not be made good.
    """
    departure, missing = bay.request.departure, missing_wh(bay)
    bay.mode = Mode.SOLAR
    if departure is None or missing is None:
        bay.plan_reason = Reason.PLAN_INCOMPLETE
        return None
    if wall >= departure:
        return None
    if _stale(kept, slots, departure, wall, now):
        need = plan.need_s(missing, charging_power_w(bay) * max(0.3, bay.state.car.speed))
        made = plan.make(
            wall,
            departure - _GUARD if guarded else departure,
            need,
            slots,
            latest=bay.config.latest_slots,
            charging=kept is not None and kept.fast and kept.departure == departure,
        )
        if missing and (made.last_call or not made.stretches):
            made = plan.Plan(stretches=((wall, departure),), charging=True, last_call=True)
        kept = Kept(made, slots, departure, now, made.charging)
    assert kept is not None
    bay.stretches = kept.plan.stretches
    bay.next_start = kept.plan.next_start(wall)
    kept.fast = any(start <= wall < end for start, end in bay.stretches)
    bay.plan_reason = Reason.PLAN_CHARGING if kept.fast else Reason.PLAN_WAITING
    if kept.fast:
        bay.mode = Mode.FAST
        bay.until = next(end for start, end in bay.stretches if start <= wall < end)
    return kept


def _stale(
    kept: Kept | None, slots: tuple[Slot, ...], departure: datetime, wall: datetime, now: float
) -> bool:
    if kept is None or kept.slots is not slots or kept.departure != departure:
        return True
    if now - kept.made_s >= _ANEW_S or now < kept.made_s:
        return True
    return any(start <= wall < end for start, end in kept.plan.stretches) != kept.fast


def price_now(slots: tuple[Slot, ...], wall: datetime) -> float | None:
    """Return the price that holds now."""
    return next((slot.price for slot in slots if slot.start <= wall < slot.end), None)
