"""A house that lives: loads that come and go, a roof, and counters that agree with the power."""

import math
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Final

from simulators.ams_han.quantities import Net, PerPhase, Quantities

if TYPE_CHECKING:
    from datetime import datetime

#: Power is constant between two changes, so that power times time is exactly the energy.
_CHANGE_EVERY: Final = 5.0
_SOUTH: Final = 12.0
_LARGEST_LOAD: Final = 4000.0


class House:
    """What a meter at the grid connection sees. Time is told to it."""

    def __init__(
        self,
        *,
        net: Net = Net.TN,
        seed: int = 0,
        sun: float = 0.0,
        begun_with: float = 12_345_678.0,
        unrest: float = 4.0,
    ) -> None:
        self.net = net
        #: By how many volts the mains waver; in a quiet street it is some tenths.
        self.unrest = unrest
        #: The power of the roof at noon, in W.
        self.sun = sun
        #: Power and reactive power per phase that are kept whatever happens; None: alive.
        self.held: tuple[PerPhase, PerPhase] | None = None
        self._random = Random(seed)  # noqa: S311 - loads, not secrets
        self._loads = [150.0, 90.0, 60.0]
        self._until_change = 0.0
        self._power: PerPhase = (0.0, 0.0, 0.0)
        self._reactive: PerPhase = (0.0, 0.0, 0.0)
        self._voltages: PerPhase = (230.0, 230.0, 230.0)
        self._imported = begun_with
        self._exported = 0.0
        self._reactive_imported = 4321.0
        self._reactive_exported = 98765.0
        self._imported_per_phase = [begun_with / 3] * 3
        self._exported_per_phase = [0.0] * 3

    def hold(self, power: PerPhase, reactive: PerPhase = (0.0, 0.0, 0.0)) -> None:
        """Keep the power per phase from now on."""
        self.held = power, reactive
        self._until_change = 0.0

    def advance(self, seconds: float, moment: datetime) -> None:
        """Let time pass, up to `moment`: count what flows and change it now and then."""
        while seconds > 0:
            if self._until_change <= 0:
                self._change(moment)
                self._until_change = _CHANGE_EVERY
            step = min(seconds, self._until_change)
            self._count(step / 3600)
            seconds -= step
            self._until_change -= step

    def quantities(self, moment: datetime) -> Quantities:
        """Return what the meter measures now."""
        phases = self._phases
        power, reactive = sum(self._power[:phases]), sum(self._reactive[:phases])
        apparent = math.hypot(power, reactive)
        return Quantities(
            moment=moment,
            power_imported=max(power, 0),
            power_exported=max(-power, 0),
            reactive_imported=max(reactive, 0),
            reactive_exported=max(-reactive, 0),
            currents=self._currents(),
            voltages=self._voltages,
            power_imported_per_phase=_each(self._power, 1),
            power_exported_per_phase=_each(self._power, -1),
            reactive_imported_per_phase=_each(self._reactive, 1),
            reactive_exported_per_phase=_each(self._reactive, -1),
            power_factor=abs(power) / apparent if apparent else 1,
            power_factors=self._factors(),
            energy_imported=self._imported,
            energy_exported=self._exported,
            reactive_energy_imported=self._reactive_imported,
            reactive_energy_exported=self._reactive_exported,
            energy_imported_per_phase=_three(self._imported_per_phase),
            energy_exported_per_phase=_three(self._exported_per_phase),
        )

    @property
    def _phases(self) -> int:
        return 1 if self.net is Net.ONE_PHASE else 3

    def _change(self, moment: datetime) -> None:
        random = self._random
        self._voltages = _three([230 + random.uniform(-self.unrest, self.unrest) for _ in range(3)])
        if self.held is not None:
            self._power, self._reactive = self.held
            return
        for phase in range(3):
            if random.random() < 0.1:
                self._loads[phase] = random.uniform(40, _LARGEST_LOAD)
        hour = moment.hour + moment.minute / 60
        sun = self.sun * max(0.0, math.cos((hour - _SOUTH) / 12 * math.pi))
        self._power = _three([load + random.uniform(-5, 5) - sun / 3 for load in self._loads])
        self._reactive = _three([load * random.uniform(-0.2, 0.1) for load in self._loads])

    def _count(self, hours: float) -> None:
        phases = self._phases
        power, reactive = sum(self._power[:phases]), sum(self._reactive[:phases])
        self._imported += max(power, 0) * hours
        self._exported += max(-power, 0) * hours
        self._reactive_imported += max(reactive, 0) * hours
        self._reactive_exported += max(-reactive, 0) * hours
        for phase, watt in enumerate(self._power):
            self._imported_per_phase[phase] += max(watt, 0) * hours
            self._exported_per_phase[phase] += max(-watt, 0) * hours

    def _currents(self) -> PerPhase:
        """Return the currents, signed as the power is. Without a neutral they share the load."""
        if self.net is Net.IT:
            apparent = math.hypot(sum(self._power), sum(self._reactive))
            ampere = math.copysign(apparent / math.sqrt(3) / self._voltages[0], sum(self._power))
            return ampere, ampere, ampere
        return _three(
            [
                math.copysign(math.hypot(watt, var) / volt, watt)
                for watt, var, volt in zip(self._power, self._reactive, self._voltages, strict=True)
            ]
        )

    def _factors(self) -> PerPhase:
        return _three(
            [
                abs(watt) / apparent if (apparent := math.hypot(watt, var)) else 1
                for watt, var in zip(self._power, self._reactive, strict=True)
            ]
        )


def at_the_hour(now: Quantities, hour: Quantities) -> Quantities:
    """Return what is measured now with the counters of the full hour."""
    return replace(
        now,
        energy_imported=hour.energy_imported,
        energy_exported=hour.energy_exported,
        reactive_energy_imported=hour.reactive_energy_imported,
        reactive_energy_exported=hour.reactive_energy_exported,
    )


def _each(values: PerPhase, sign: int) -> PerPhase:
    return _three([max(sign * value, 0.0) for value in values])


def _three(values: list[float]) -> PerPhase:
    first, second, third = values
    return first, second, third
