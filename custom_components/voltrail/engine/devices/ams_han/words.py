"""Everything that a meter may tell, and what it means.

Which of it a meter really tells shows only as it speaks; the energy counters of most come once
an hour. A value that was never sent does not count as one of its values.
"""

from abc import ABC, abstractmethod
from typing import Final

from ...han import UNITS, Unit
from ...model.points import Derived, Kind, Phase, Quantity, Tier, Value, derived


class Told(Derived["Words", Value]):
    """A value that a meter tells; its name in the class is its name on the wire."""

    def __init__(
        self,
        meaning: Quantity | Kind,
        *,
        phase: Phase | None = None,
        tier: Tier = Tier.MAIN,
        spare: bool = False,
    ) -> None:
        declared = derived(meaning, phase=phase, tier=tier, spare=spare)(self._shown)
        super().__init__(self._shown, declared.point, ())

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    def _shown(self, words: Words) -> Value:
        return words.shown(self._name)


class Words(ABC):
    """The values, in the words that all meters share."""

    @abstractmethod
    def shown(self, name: str) -> Value:
        """Return what is shown of a value now; ``None`` if it is not known."""

    power = Told(Quantity.POWER)
    """What is drawn from the grid; below zero what is fed into it."""
    # The sign of the power says the same.
    power_imported = Told(Quantity.POWER, spare=True)
    power_exported = Told(Quantity.POWER, spare=True)
    reactive_power_imported = Told(Quantity.REACTIVE_POWER, tier=Tier.DETAIL)
    reactive_power_exported = Told(Quantity.REACTIVE_POWER, tier=Tier.DETAIL)
    power_factor = Told(Quantity.POWER_FACTOR, tier=Tier.DETAIL)

    # Without a neutral (IT net) the voltages are those between two phases, as the meter says.
    current_l1 = Told(Quantity.CURRENT, phase=1)
    current_l2 = Told(Quantity.CURRENT, phase=2)
    current_l3 = Told(Quantity.CURRENT, phase=3)
    voltage_l1 = Told(Quantity.VOLTAGE, phase=1)
    voltage_l2 = Told(Quantity.VOLTAGE, phase=2)
    voltage_l3 = Told(Quantity.VOLTAGE, phase=3)

    power_imported_l1 = Told(Quantity.POWER, phase=1, tier=Tier.DETAIL)
    power_imported_l2 = Told(Quantity.POWER, phase=2, tier=Tier.DETAIL)
    power_imported_l3 = Told(Quantity.POWER, phase=3, tier=Tier.DETAIL)
    power_exported_l1 = Told(Quantity.POWER, phase=1, tier=Tier.DETAIL)
    power_exported_l2 = Told(Quantity.POWER, phase=2, tier=Tier.DETAIL)
    power_exported_l3 = Told(Quantity.POWER, phase=3, tier=Tier.DETAIL)
    reactive_power_imported_l1 = Told(Quantity.REACTIVE_POWER, phase=1, tier=Tier.EXPERT)
    reactive_power_imported_l2 = Told(Quantity.REACTIVE_POWER, phase=2, tier=Tier.EXPERT)
    reactive_power_imported_l3 = Told(Quantity.REACTIVE_POWER, phase=3, tier=Tier.EXPERT)
    reactive_power_exported_l1 = Told(Quantity.REACTIVE_POWER, phase=1, tier=Tier.EXPERT)
    reactive_power_exported_l2 = Told(Quantity.REACTIVE_POWER, phase=2, tier=Tier.EXPERT)
    reactive_power_exported_l3 = Told(Quantity.REACTIVE_POWER, phase=3, tier=Tier.EXPERT)
    power_factor_l1 = Told(Quantity.POWER_FACTOR, phase=1, tier=Tier.EXPERT)
    power_factor_l2 = Told(Quantity.POWER_FACTOR, phase=2, tier=Tier.EXPERT)
    power_factor_l3 = Told(Quantity.POWER_FACTOR, phase=3, tier=Tier.EXPERT)

    energy_imported = Told(Quantity.ENERGY)
    energy_exported = Told(Quantity.ENERGY)
    reactive_energy_imported = Told(Quantity.REACTIVE_ENERGY, tier=Tier.DETAIL)
    reactive_energy_exported = Told(Quantity.REACTIVE_ENERGY, tier=Tier.DETAIL)
    energy_imported_l1 = Told(Quantity.ENERGY, phase=1, tier=Tier.DETAIL)
    energy_imported_l2 = Told(Quantity.ENERGY, phase=2, tier=Tier.DETAIL)
    energy_imported_l3 = Told(Quantity.ENERGY, phase=3, tier=Tier.DETAIL)
    energy_exported_l1 = Told(Quantity.ENERGY, phase=1, tier=Tier.DETAIL)
    energy_exported_l2 = Told(Quantity.ENERGY, phase=2, tier=Tier.DETAIL)
    energy_exported_l3 = Told(Quantity.ENERGY, phase=3, tier=Tier.DETAIL)

    energy_timestamp = Told(Kind.MOMENT, tier=Tier.DETAIL)
    """When, by the meter's own clock, its hourly counters were read."""
    meter_clock = Told(Kind.MOMENT, tier=Tier.EXPERT)
    list_version = Told(Kind.TEXT, tier=Tier.EXPERT)


TOTALS: Final = frozenset(name for name, unit in UNITS.items() if unit in {Unit.WH, Unit.VARH})
"""The counters: they only grow, and they outlive a restart."""

TOTAL_POWER: Final = frozenset({"power", "power_imported", "power_exported"})
"""What people watch live, and what is shown more often than the rest."""
