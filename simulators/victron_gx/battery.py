"""A battery of LiFePO4 cells: what it takes, what it gives, what it counts."""

from dataclasses import dataclass
from typing import Final

_SECONDS_PER_HOUR: Final = 3600.0
#: Less current than this, in A, is none.
_STANDS_STILL: Final = 0.1
#: Above this the BMS reduces the charge current, down to nothing when full.
_TAPER_FROM: Final = 95.0


@dataclass(kw_only=True)
class Battery:
    """Powers in W, positive while charging; energies in Wh at the terminals."""

    soc: float = 60.0
    capacity: float = 10_240.0
    cells: int = 16
    #: The share of what goes in, or is inside, that arrives.
    efficiency: float = 0.97
    resistance: float = 0.01
    max_charge_current: float = 100.0
    max_discharge_current: float = 120.0
    temperature: float = 24.0
    energy_charged: float = 0.0
    energy_discharged: float = 0.0
    _power: float = 0.0

    @property
    def power(self) -> float:
        """What flows at the moment."""
        return self._power

    @property
    def rest_voltage(self) -> float:
        """The voltage without a current."""
        return self.cells * (3.2 + 0.0015 * self.soc)

    @property
    def voltage(self) -> float:
        """The voltage at the terminals."""
        rest = self.rest_voltage
        return rest + self.resistance * self._power / rest

    @property
    def current(self) -> float:
        """Positive while charging."""
        return self._power / self.voltage

    @property
    def charge_current_limit(self) -> float:
        """What the BMS allows to go in."""
        share = min(1.0, max(0.0, (100.0 - self.soc) / (100.0 - _TAPER_FROM)))
        return self.max_charge_current * share

    @property
    def discharge_current_limit(self) -> float:
        """What the BMS allows to come out."""
        return self.max_discharge_current if self.soc > 0 else 0.0

    @property
    def amp_hours(self) -> float:
        """The capacity in Ah."""
        return self.capacity / (self.cells * 3.2)

    @property
    def consumed(self) -> float:
        """What is missing in Ah, negative as battery monitors have it."""
        return -self.amp_hours * (100 - self.soc) / 100

    @property
    def seconds_left(self) -> float | None:
        """How long it lasts like this; None while it is not being discharged."""
        if self.current > -_STANDS_STILL:
            return None
        return (self.amp_hours + self.consumed) * _SECONDS_PER_HOUR / -self.current

    def pass_time(self, seconds: float, power: float) -> None:
        """Count what flowed since the last time, then let `power` flow."""
        moved = self._power * seconds / _SECONDS_PER_HOUR
        if moved > 0:
            self.energy_charged += moved
            stored = moved * self.efficiency
        else:
            self.energy_discharged -= moved
            stored = moved / self.efficiency
        self.soc = min(100.0, max(0.0, self.soc + 100 * stored / self.capacity))
        self._power = power
