"""What may be drawn: the surplus of the sun and the room below the fuses, each as a range."""

from collections.abc import Sequence
from typing import Final

from .bay import Bay
from .config import ControllerConfig
from .fuse import Fuse, measure
from .requests import BatteryPriority, Requests
from .samples import BatterySample, Observation
from .state import ControllerState

BATTERY_AGE_S: Final = 60.0
"""A battery that was not heard of for longer counts as charging with what it last took."""


def draws_w(bays: Sequence[Bay]) -> tuple[float, float]:
    """Return both ends of what all cars behind the measured point draw."""
    low = high = 0.0
    for bay in bays:
        if bay.config.measured:
            one_low, one_high = bay.draw_w()
            low, high = low + one_low, high + one_high
    return low, high


def battery_w(
    config: ControllerConfig,
    state: ControllerState,
    sample: BatterySample | None,
    requests: Requests,
    now: float,
) -> float:
    """Return what the battery adds to the surplus; negative where it goes short."""
    battery = config.battery
    if battery is None:
        return 0.0
    if sample is None or now - sample.received_s > BATTERY_AGE_S:
        # The car must not take what the battery would have taken.
        return -max(0.0, battery.most_w - state.battery_took_w)
    power, charge = sample.power_w, sample.charge_percent
    state.battery_seen_s, state.battery_took_w = sample.received_s, max(0.0, power)
    floor = requests.battery_floor_percent
    if floor is not None and charge is not None and charge > floor:
        return power + battery.most_w
    below_target = charge is not None and charge < requests.battery_target_percent
    if requests.battery_priority is BatteryPriority.BATTERY and below_target:
        return min(0.0, power) - (battery.most_w - max(0.0, power))
    return power


def above_floor(observation: Observation, requests: Requests) -> bool:
    """Tell whether the house battery may feed the car."""
    floor, battery = requests.battery_floor_percent, observation.battery
    return (
        floor is not None
        and battery is not None
        and battery.charge_percent is not None
        and battery.charge_percent > floor
    )


def measure_fuse(
    fuse: Fuse,
    bays: Sequence[Bay],
    currents_a: Sequence[float],
    received_s: float,
    *,
    rating_a: float,
    margin_a: float,
    hold_s: float,
) -> None:
    """Take the currents of a connection, or of a sub-distribution, with the cars behind it."""
    phases = len(currents_a)
    low, high = [0.0] * phases, [0.0] * phases
    for bay in bays:
        for place, (one, other) in enumerate(zip(*bay.draw_a(phases), strict=True)):
            low[place] += one
            high[place] += other
    measure(
        fuse,
        currents_a,
        low,
        high,
        rating_a=rating_a,
        margin_a=margin_a,
        received_s=received_s,
        hold_s=hold_s,
    )
