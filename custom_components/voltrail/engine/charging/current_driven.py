"""Charge points that only know current: a limit of power is turned into one of current."""

import asyncio
import logging
import math
from abc import abstractmethod
from dataclasses import replace
from typing import Final, override

from ..model.charging import ChargingState, Phases
from ..model.controls import Bounds, shown
from ..model.errors import BelowMinimumError, NoVoltageError
from .charge_point import NOMINAL_VOLTAGE, ChargePoint
from .target import PausedBy, Target

_LOGGER = logging.getLogger(__name__)

REST: Final = 300.0
"""Seconds that a car is left alone after a pause that no person asked for. Where a charger tells
fewer phases than the car uses, it would be paused and resumed with every poll."""


class CurrentDriven(ChargePoint):
    """A charge point whose power is limited by way of its current.

    How many amperes a power is depends on the phases that the car uses, and these are not
    known before it draws, and change with the car. The current follows them.
    """

    _fitted: int | None = None
    """The number of phases that the current was last worked out for."""
    _seen: int | None = None
    """The number of phases that the present car was seen to use."""
    _rests_until = 0.0
    """Until when a pause that no person asked for lasts at least, on the loop's clock."""

    # -- what a brand provides --

    @property
    @abstractmethod
    def voltages(self) -> tuple[float | None, float | None, float | None]:
        """The measured voltage of each phase."""

    @property
    @abstractmethod
    def active_phases(self) -> int | None:
        """How many phases the car uses, or is known to be going to use."""

    @property
    def phases_to_come(self) -> Phases | None:
        """What the charger is changing to at this moment, if it is."""
        return None

    # -- power and current --

    @property
    @override
    def power_limit(self) -> float | None:
        """The limit in force in watt: as it was asked for, or by the nominal voltage.

        By the measured one it would move with the mains, and be more than its own maximum.
        """
        amps, power = self.current_limit, self.target.power
        phases = self._phases or self._supplied
        if amps is None or amps == 0:
            return amps
        if not phases:
            return None
        if power is None or self.target.paused or not self._untouched:
            power = float(round(amps * NOMINAL_VOLTAGE * phases))
        return min(power, self.power_bounds().maximum)

    @override
    def power_bounds(self) -> Bounds:
        # By the nominal voltage and every phase there is. Bounds that went up and down with
        # the mains and the car would refuse at noon what they took in the morning.
        maximum = math.floor(self.current_bounds().maximum * NOMINAL_VOLTAGE * self._supplied)
        return Bounds(minimum=0, maximum=maximum, step=1)

    @override
    async def set_power_limit(self, watts: float) -> None:
        """Limit the total power; rounded down to what the charger can signal."""
        volts = self._volts_in_use
        async with self._order_for(watts / volts if volts else 0.0):
            self._hand_over()
            if self._volts_in_use is None and watts != 0:
                raise NoVoltageError
            await self._limit_power(self.power_limit_bounds().accept(watts), PausedBy.PERSON)

    async def _limit_power(self, watts: float, by: PausedBy) -> None:
        """Limit the current to what a power makes with the phases in use."""
        if self._too_little_but_for_one(watts):
            # No reason to stop: the current is fitted as soon as the other phases are left.
            amps, fitted = self.minimum_current, None
        else:
            amps, fitted = self._amps(watts), self._phases
        if amps < self.minimum_current:
            await self._pause(by)
        else:
            await self._limit_current(amps, power=watts)
            self._fitted = fitted

    def _amps(self, watts: float) -> float:
        """Return what a power makes in ampere with the phases in use, within the bounds."""
        volts, bounds = self._volts_in_use, self.current_bounds()
        return bounds.accept(min(watts / volts, bounds.maximum)) if volts else 0.0

    @override
    def cautious(self, before: Target, wanted: Target) -> Target:
        lower = super().cautious(before, wanted)
        if lower is wanted and before.power is None and not wanted.paused:
            # A power would be more on fewer phases than the current that may be in force.
            return replace(lower, power=None)
        return lower

    @override
    async def _go_on(self) -> None:
        power, volts = self.target.power, self._volts_in_use
        if power is None:
            await super()._go_on()
        elif volts is None:
            # The last current has to do until there is a voltage again.
            await super()._go_on()
            self._fitted = None
        elif self._phases is None:
            await self._begin(power, volts)
        elif self._falls_short(power):
            raise BelowMinimumError(minimum=shown(self.minimum_current))
        else:
            # More than is possible now, because the mains sag or on fewer phases than
            # before, is still what is wanted.
            await self._limit_power(power, PausedBy.TOO_LITTLE)

    async def _begin(self, power: float, volts: float) -> None:
        """Offer a car what it can begin with, until it shows what it uses.

        That is no more than fits all phases; but to pause because it is too little for all of
        them could mean that a car on one phase never starts.
        """
        amps = max(power / volts, self.minimum_current)
        await self._limit_current(min(amps, self.current_bounds().maximum), power=power)
        self._fitted = None

    # -- following the phases --

    @override
    async def follow(self) -> None:
        """After a poll: fit the current to the power that is wanted, if the phases changed.

        Without this a limit that was set while a car used one phase would be three times
        as much for the next car, which begins with what fits all phases. A limit that was set
        at the charger is left alone. A pause that no person asked for ends with the phases, after
        a while, or with the car, that made it necessary.
        """
        if self.active_phases is not None:
            self._seen = self.active_phases
        elif self.charging_state is ChargingState.NO_VEHICLE:
            self._seen = None
        target = self.target
        if target.power is None or not self.writable:
            return
        if not target.paused:
            if self._fitted != self._seen and self._untouched:
                await self._fit(target.power)
        elif target.too_little and self.current_limit == 0 and self._may_go_on(target.power):
            await self._go_on()

    @property
    @abstractmethod
    def charging_state(self) -> ChargingState | None:
        """What car and charger are doing."""

    @property
    def _untouched(self) -> bool:
        """Whether the charger holds what was sent last."""
        found, wanted = self.current_limit, self.target.current
        if found is None or wanted is None:
            return False
        return abs(found - wanted) <= self.current_step

    async def _fit(self, power: float) -> None:
        """Fit the current to a power on other phases than before."""
        volts = self._volts_in_use
        if volts is None:
            # The limit cannot be worked out now, and that is no reason to stop.
            return
        if self._seen is None:
            if (self.current_limit or 0.0) > power / volts:
                await self._begin(power, volts)
            return
        _LOGGER.info("The car uses %s phases; its current is fitted to %g W", self._seen, power)
        await self._limit_power(power, PausedBy.TOO_LITTLE)

    def _may_go_on(self, power: float) -> bool:
        """Whether a power is enough for the phases in use, or no car is there to use any."""
        if self.charging_state is ChargingState.NO_VEHICLE:
            return self._phases is None or not self._falls_short(power)
        rested = asyncio.get_running_loop().time() >= self._rests_until
        return rested and self._phases is not None and not self._falls_short(power)

    def forget_phases(self) -> None:
        """Forget the phases of the car before: they say nothing about this one."""
        self._fitted = self._seen = None

    @override
    async def _pause(self, by: PausedBy) -> None:
        if by is PausedBy.TOO_LITTLE:
            self._rests_until = asyncio.get_running_loop().time() + REST
        await super()._pause(by)

    def _falls_short(self, power: float) -> bool:
        """Whether a power is too little to charge with on the phases in use."""
        return self._too_little(power) and not self._too_little_but_for_one(power)

    def _too_little(self, power: float) -> bool:
        volts = self._volts_in_use
        return volts is None or power / volts < self.minimum_current

    def _too_little_but_for_one(self, power: float) -> bool:
        """Whether the charger is about to stay on one phase, and the power is enough only there."""
        volts = next((volt for volt in self.voltages if volt), None)
        leaving = self.phases_to_come is Phases.ONE
        enough = volts is not None and power / volts >= self.minimum_current
        return leaving and enough and self._too_little(power)

    @property
    def _phases(self) -> int | None:
        # A car that still draws on one phase may be about to get three of them.
        coming = self.phases_to_come is Phases.THREE
        return Phases.THREE.value if coming else self.active_phases or self._seen

    @property
    def _supplied(self) -> int:
        """How many phases have a voltage."""
        return sum(1 for volt in self.voltages if volt)

    @property
    def _volts_in_use(self) -> float | None:
        """The sum of the voltages of the phases in use.

        While the car has not drawn anything yet, all phases that have a voltage are taken:
        rounding a limit for more phases than the car uses errs on the low side.
        """
        volts = [volt for volt in self.voltages if volt]
        if not volts:
            return None
        return sum(volts[: self._phases or len(volts)])
