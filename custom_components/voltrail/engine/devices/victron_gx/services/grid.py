"""The meter of the grid. Positive is import."""

from typing import Final

from ....model.points import Quantity, Tier, measure, phases
from ..component import GxComponent, phase_sum
from ..fields import each, int16, int32, kwh32, narrow_kwh, uint16
from ..identities import identity
from ..service import Energy, Service, main, reserved

ALIVE: Final = frozenset({"frequency", "voltage_l1", "voltage_l2", "voltage_l3"})
"""One of these is above 0 while the meter measures; before server 1.0.75 there are the voltages."""


class Grid(GxComponent):
    """What the meter measures and counts.

    The totals may differ from the sum of the phases: a meter that balances the phases
    counts as the utility does.
    """

    power_l1, power_l2, power_l3 = phases(
        int32,
        (2638, 2640, 2642),
        Quantity.POWER,
        since=52,
        before=each(int16, 2600, 2601, 2602),
        lifeline=ALIVE,
    )
    voltage_l1, voltage_l2, voltage_l3 = phases(
        uint16, (2616, 2618, 2620), Quantity.VOLTAGE, scale=10, lifeline=ALIVE
    )
    current_l1, current_l2, current_l3 = phases(
        int16, (2617, 2619, 2621), Quantity.CURRENT, scale=10, lifeline=ALIVE
    )
    energy_imported_l1, energy_imported_l2, energy_imported_l3 = phases(
        kwh32,
        (2622, 2624, 2626),
        Quantity.ENERGY,
        before=each(narrow_kwh, 2603, 2604, 2605),
        tier=Tier.EXPERT,
    )
    energy_exported_l1, energy_exported_l2, energy_exported_l3 = phases(
        kwh32,
        (2628, 2630, 2632),
        Quantity.ENERGY,
        before=each(narrow_kwh, 2606, 2607, 2608),
        tier=Tier.EXPERT,
    )
    imported_total = kwh32(2634)
    exported_total = kwh32(2636)
    frequency = measure(
        uint16(2644, 100, since=75, lifeline=ALIVE), Quantity.FREQUENCY, tier=Tier.DETAIL
    )
    power_factor_l1, power_factor_l2, power_factor_l3 = phases(
        int16,
        (2645, 2646, 2647),
        Quantity.POWER_FACTOR,
        scale=1000,
        since=79,
        lifeline=ALIVE,
        tier=Tier.EXPERT,
    )
    power_factor = measure(
        int16(2648, 1000, since=79, lifeline=ALIVE), Quantity.POWER_FACTOR, tier=Tier.EXPERT
    )
    power = phase_sum("power")


GRID = Service(
    "grid",
    "Grid meter",
    2600,
    (identity(2650, serial=(2609, 7)), main(Grid)),
    fillers=reserved((2649, 1)),
    energies=(
        Energy(
            Grid,
            power=lambda device: device.the(Grid).power,
            positive="energy_imported",
            negative="energy_exported",
            counters={
                "energy_imported": lambda device: device.the(Grid).imported_total,
                "energy_exported": lambda device: device.the(Grid).exported_total,
            },
        ),
    ),
)
