"""An energy meter: what it counts is exactly the power it showed, times the time it showed it."""

from dataclasses import dataclass

_SECONDS_PER_HOUR = 3600.0

type Phases = tuple[float, float, float]
NOTHING: Phases = (0.0, 0.0, 0.0)


@dataclass(kw_only=True)
class Meter:
    """Currents in A, voltages in V, powers in W, energies in Wh, for L1, L2 and L3."""

    energy_l1: float = 0.0
    energy_l2: float = 0.0
    energy_l3: float = 0.0
    power_factor: float = 1.0
    currents: Phases = NOTHING
    voltages: Phases = NOTHING

    @property
    def powers(self) -> Phases:
        """Active power per phase."""
        l1, l2, l3 = (
            volts * amps * self.power_factor
            for volts, amps in zip(self.voltages, self.currents, strict=True)
        )
        return l1, l2, l3

    @property
    def power(self) -> float:
        """Active power of all phases."""
        return sum(self.powers)

    @property
    def energies(self) -> Phases:
        """Energy counted per phase."""
        return self.energy_l1, self.energy_l2, self.energy_l3

    @property
    def energy(self) -> float:
        """Energy counted on all phases."""
        return sum(self.energies)

    def measure(self, seconds: float, currents: Phases, voltages: Phases) -> float:
        """Count what flowed since the last time, then show the new values; return the Wh counted.

        The order matters: a client that sums up power times time between two reads gets what the
        counter gained, to the last digit.
        """
        gained = [power * seconds / _SECONDS_PER_HOUR for power in self.powers]
        self.energy_l1 += gained[0]
        self.energy_l2 += gained[1]
        self.energy_l3 += gained[2]
        self.currents, self.voltages = currents, voltages
        return sum(gained)
