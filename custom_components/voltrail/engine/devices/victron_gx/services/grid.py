"""The meter of the grid. Positive is import."""

from collections.abc import Iterable

from ....model.points import Quantity, Tier, derived, measure, text
from ....polling.polled_device import Cadence
from ..component import GxComponent, total
from ..energy import EnergyTotal
from ..fields import int16, int32, kwh16, kwh32, string, uint16
from ..service import Block, Filler, Service
from ..service_device import Node


class Grid(GxComponent):
    """What the meter measures and counts.

    The totals may differ from the sum of the phases: a meter that balances the phases
    counts as the utility does.
    """

    power_l1 = measure(int32(2638, since=52, before=int16(2600)), Quantity.POWER, phase=1)
    power_l2 = measure(int32(2640, since=52, before=int16(2601)), Quantity.POWER, phase=2)
    power_l3 = measure(int32(2642, since=52, before=int16(2602)), Quantity.POWER, phase=3)
    voltage_l1 = measure(uint16(2616, 10), Quantity.VOLTAGE, phase=1)
    current_l1 = measure(int16(2617, 10), Quantity.CURRENT, phase=1)
    voltage_l2 = measure(uint16(2618, 10), Quantity.VOLTAGE, phase=2)
    current_l2 = measure(int16(2619, 10), Quantity.CURRENT, phase=2)
    voltage_l3 = measure(uint16(2620, 10), Quantity.VOLTAGE, phase=3)
    current_l3 = measure(int16(2621, 10), Quantity.CURRENT, phase=3)
    # The narrow ones wrap at 655.35 kWh.
    energy_imported_l1 = measure(
        kwh32(2622, before=kwh16(2603, 100)), Quantity.ENERGY, phase=1, tier=Tier.EXPERT
    )
    energy_imported_l2 = measure(
        kwh32(2624, before=kwh16(2604, 100)), Quantity.ENERGY, phase=2, tier=Tier.EXPERT
    )
    energy_imported_l3 = measure(
        kwh32(2626, before=kwh16(2605, 100)), Quantity.ENERGY, phase=3, tier=Tier.EXPERT
    )
    energy_exported_l1 = measure(
        kwh32(2628, before=kwh16(2606, 100)), Quantity.ENERGY, phase=1, tier=Tier.EXPERT
    )
    energy_exported_l2 = measure(
        kwh32(2630, before=kwh16(2607, 100)), Quantity.ENERGY, phase=2, tier=Tier.EXPERT
    )
    energy_exported_l3 = measure(
        kwh32(2632, before=kwh16(2608, 100)), Quantity.ENERGY, phase=3, tier=Tier.EXPERT
    )
    imported_total = kwh32(2634)
    exported_total = kwh32(2636)
    frequency = measure(uint16(2644, 100, since=75), Quantity.FREQUENCY, tier=Tier.DETAIL)
    power_factor_l1 = measure(
        int16(2645, 1000, since=79), Quantity.POWER_FACTOR, phase=1, tier=Tier.EXPERT
    )
    power_factor_l2 = measure(
        int16(2646, 1000, since=79), Quantity.POWER_FACTOR, phase=2, tier=Tier.EXPERT
    )
    power_factor_l3 = measure(
        int16(2647, 1000, since=79), Quantity.POWER_FACTOR, phase=3, tier=Tier.EXPERT
    )
    power_factor = measure(int16(2648, 1000, since=79), Quantity.POWER_FACTOR, tier=Tier.EXPERT)

    @derived(Quantity.POWER)
    def power(self) -> float | None:
        """All phases together."""
        return total(self.power_l1, self.power_l2, self.power_l3)


class GridIdentity(GxComponent):
    """Who the meter is."""

    serial_number = text(string(2609, 7), tier=Tier.EXPERT, private=True)
    custom_name = text(string(2650, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)


class GridEnergy:
    """What came from the grid and what went to it."""

    def __init__(self, account: EnergyTotal) -> None:
        self._account = account

    @derived(Quantity.ENERGY, depends_on=("main",))
    def energy_imported(self) -> float | None:
        """What was drawn."""
        return self._account.value("energy_imported")

    @derived(Quantity.ENERGY, depends_on=("main",))
    def energy_exported(self) -> float | None:
        """What was fed in."""
        return self._account.value("energy_exported")


def _views(node: Node) -> Iterable[object]:
    grid = node.the(Grid)
    account = node.device.ledger.open(
        node.names[Grid],
        grid,
        power=lambda: grid.power,
        positive="energy_imported",
        negative="energy_exported",
        hardware={
            "energy_imported": lambda: grid.imported_total,
            "energy_exported": lambda: grid.exported_total,
        },
    )
    yield GridEnergy(account)


GRID = Service(
    key="grid",
    title="Grid meter",
    probe=2600,
    blocks=(
        Block(name="identity", component=GridIdentity, cadence=Cadence.IDENTITY),
        Block(name="main", component=Grid, cadence=Cadence.MEASUREMENTS),
    ),
    fillers=(Filler(address=2649, count=1),),
    views=_views,
)
