"""The meter of one socket: everything the map has registers for, counted exactly."""

from dataclasses import dataclass
from math import sqrt
from typing import override

from simulators.alfen.codes import MeterKind, MeterState, MeterType
from simulators.meter import NOTHING, Meter, Phases

_SECONDS_PER_HOUR = 3600.0


@dataclass(kw_only=True)
class SocketMeter(Meter):
    """States named `meter.*`."""

    power_factor: float = 0.99
    kind: MeterKind = MeterKind.FULL
    type: MeterType = MeterType.RTU
    phases: int = 3
    #: Age of the last measurement in ms; it grows while `frozen`.
    age: float = 29.0
    frozen: bool = False
    warning: bool = False
    error: bool = False
    _apparent: Phases = NOTHING
    _reactive: Phases = NOTHING

    @property
    def state(self) -> MeterState:
        """Register 300."""
        state = MeterState.INITIALISED
        if not self.frozen:
            state |= MeterState.UPDATED
        if self.warning:
            state |= MeterState.WARNING
        if self.error:
            state |= MeterState.ERROR
        return state

    @property
    def apparent_powers(self) -> Phases:
        """Volts times amps per phase."""
        l1, l2, l3 = (
            volts * amps for volts, amps in zip(self.voltages, self.currents, strict=True)
        )
        return l1, l2, l3

    @property
    def reactive_powers(self) -> Phases:
        """What of the apparent power does no work, per phase."""
        part = sqrt(1 - self.power_factor**2)
        l1, l2, l3 = (part * power for power in self.apparent_powers)
        return l1, l2, l3

    @property
    def apparent_energies(self) -> Phases:
        """Apparent energy counted per phase."""
        return self._apparent

    @property
    def reactive_energies(self) -> Phases:
        """Reactive energy counted per phase."""
        return self._reactive

    @property
    def line_voltages(self) -> Phases:
        """Voltage L1-L2, L2-L3 and L3-L1, a third of a turn apart."""
        l1, l2, l3 = self.voltages
        return _between(l1, l2), _between(l2, l3), _between(l3, l1)

    @property
    def neutral_current(self) -> float:
        """What three currents a third of a turn apart leave over."""
        l1, l2, l3 = self.currents
        return sqrt(max(0.0, l1 * l1 + l2 * l2 + l3 * l3 - l1 * l2 - l2 * l3 - l3 * l1))

    @override
    def measure(self, seconds: float, currents: Phases, voltages: Phases) -> float:
        if self.frozen:
            self.age += 1000 * seconds
            return 0.0
        hours = seconds / _SECONDS_PER_HOUR
        self._apparent = _counted(self._apparent, self.apparent_powers, hours)
        self._reactive = _counted(self._reactive, self.reactive_powers, hours)
        return super().measure(seconds, currents, voltages)


def _between(one: float, other: float) -> float:
    return sqrt(one * one + other * other + one * other)


def _counted(counters: Phases, powers: Phases, hours: float) -> Phases:
    l1, l2, l3 = (counter + power * hours for counter, power in zip(counters, powers, strict=True))
    return l1, l2, l3
