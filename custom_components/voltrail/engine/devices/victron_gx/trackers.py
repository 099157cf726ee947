"""The solar trackers of a device that has several, and the total of what they harvest."""

from types import new_class
from typing import Any, Final

from ...model.points import Quantity, Tier, enumerated, flag, measure
from .component import GxComponent, unwrapped
from .fields import code, kwh16, uint16, yes
from .states import TrackerMode

TRACKERS: Final = 4

SPAN: Final = 6_553_600.0
"""Wh. Where the counter in tenths of a kWh starts again at 0."""

COARSE_STEP: Final = 1_000.0
"""Wh. The step of the counter that never does."""


def trackers[C: GxComponent](
    base: type[C],
    *,
    voltage: int,
    voltage_scale: float,
    energy_today: int,
    energy_yesterday: int,
    maximum_power_today: int,
    maximum_power_yesterday: int,
    power: int,
    mode: int,
    enabled: int,
) -> type[C]:
    """Return the registers of the trackers, by where each value of the first one stands.

    Those of the other ones follow. ``base`` declares what else the block holds.
    """
    fields: dict[str, Any] = {}
    for place in range(TRACKERS):
        number = place + 1
        for name, field, quantity in (
            ("pv_voltage", uint16(voltage + place, voltage_scale), Quantity.VOLTAGE),
            ("energy_today", kwh16(energy_today + place), Quantity.SESSION_ENERGY),
            ("energy_yesterday", kwh16(energy_yesterday + place), Quantity.STORED_ENERGY),
            ("maximum_power_today", uint16(maximum_power_today + place), Quantity.POWER),
            ("maximum_power_yesterday", uint16(maximum_power_yesterday + place), Quantity.POWER),
            ("pv_power", uint16(power + place), Quantity.POWER),
        ):
            fields[f"{name}_{number}"] = measure(field, quantity, number=number)
        fields[f"tracker_mode_{number}"] = enumerated(
            code(mode + place, TrackerMode, since=50), number=number
        )
        # RS models only.
        fields[f"tracker_enabled_{number}"] = flag(yes(enabled + place, since=91), number=number)
    found: type[C] = new_class(
        "Trackers", (base,), {"tier": Tier.EXPERT}, lambda space: space.update(fields)
    )
    return found


def total_yield(tenths: float | None, whole: float | None) -> float | None:
    """Return the yield as fine as the one and as far as the other counter goes.

    The two are read at different moments and one of them is rounded. If they differ by more
    than that can explain, the fine one does not wrap here (UNCONFIRMED on hardware) and
    the coarse one is right. None if one of them was lost: how often the other one wrapped is
    unknown then.
    """
    if whole == 0 and tenths is not None and tenths > 2 * COARSE_STEP:
        return None
    if not whole:
        return tenths
    fine = unwrapped(tenths, whole, SPAN)
    if fine is None or abs(fine - whole) > 2 * COARSE_STEP:
        return whole
    return fine
