"""Charge points that only know current: a limit of power is turned into one of current."""

import asyncio
import logging
import math
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, override

from ..model.controls import Bounds, shown
from ..model.errors import BelowMinimumError, NoVoltageError
from ..model.options import Options
from .charge_point import ChargePoint, ChargingState

_LOGGER = logging.getLogger(__name__)

NOMINAL_VOLTAGE: Final = 230

REST: Final = 300.0
"""Seconds that a car is left alone after a pause that nobody asked for. Where a charger says that
it uses fewer phases than it does, it would be paused and resumed with every poll."""


class CurrentDriven(ChargePoint):
    """A charge point whose power is limited by way of its current.

    How many amperes a power is depends on the phases that the car uses, and these are not
    known before it draws, and change with the car. The current follows them.
    """

    def __init__(self, options: Options, changed: Callable[[], None]) -> None:
        super().__init__(options, changed)
        self._fitted: int | None = None
        """The number of phases that the current was last worked out for."""
        self._seen: int | None = None
        """The number of phases that the present car was seen to use."""
        self._driving: float | None = None
        """The power that makes the current which is being sent."""
        self._rests_until = 0.0
        """Until when a pause that nobody asked for lasts at least, on the loop's clock."""

    @property
    @abstractmethod
    def voltages(self) -> tuple[float | None, float | None, float | None]:
        """The measured voltage of each phase."""

    @property
    @abstractmethod
    def active_phases(self) -> int | None:
        """How many phases the car uses, or is known to be going to use."""

    @property
    @override
    def power_limit(self) -> float | None:
        """The limit in force in watt, worked out from the current limit."""
        amps = self.current_limit
        if amps is None:
            return None
        if amps == 0:
            return 0.0
        volts = self._volts_in_use
        return None if volts is None else float(round(amps * volts))

    @override
    def power_bounds(self) -> Bounds:
        # By the nominal voltage and every phase there is. Bounds that went up and down with
        # the mains and the car would refuse at noon what they took in the morning.
        phases = sum(1 for volt in self.voltages if volt)
        maximum = math.floor(self.current_bounds().maximum * NOMINAL_VOLTAGE * phases)
        return Bounds(minimum=0, maximum=maximum, step=1)

    @override
    async def set_power_limit(self, watts: float) -> None:
        """Limit the total power; rounded down to what the charger can signal."""
        async with self.lock:
            if self._volts_in_use is None and watts != 0:
                raise NoVoltageError
            await self._limit(self.power_bounds().accept(watts))

    async def _limit(self, watts: float) -> None:
        """Limit the current to what a power makes with the phases in use."""
        volts = self._volts_in_use
        maximum = self.current_bounds().maximum
        with self._driven_by(watts):
            await self.set_current_limit(min(watts / volts, maximum) if volts else 0)
        if not self.target.paused:
            self._fitted = self._phases
            self._keep(power=watts)

    @contextmanager
    def _driven_by(self, watts: float) -> Iterator[None]:
        """Take the current that is sent meanwhile for what a power makes."""
        self._driving = watts
        try:
            yield
        finally:
            self._driving = None

    @override
    def assume_lowered(self, amps: float) -> None:
        before, driving = self.target.power, self._driving
        super().assume_lowered(amps)
        if before is not None and driving is not None and not self.target.paused:
            # The lower one drives, as with currents; also where both make the same one.
            self._keep(power=min(before, driving))

    @override
    async def resume(self, amps: float | None = None) -> None:
        async with self.lock:
            power, volts = self.target.power, self._volts_in_use
            if amps is not None or power is None:
                await super().resume(amps)
            elif volts is None:
                # The last current has to do until there is a voltage again.
                await self.set_current_limit(self.resume_current)
                self._fitted = None
                self._keep(power=power)
            elif self._phases is None:
                await self._begin(power, volts)
            elif self._falls_short(power):
                raise BelowMinimumError(minimum=shown(self.minimum_current))
            else:
                # More than is possible now, because the mains sag or on fewer phases than
                # before, is still what is wanted.
                await self._limit(power)

    async def _begin(self, power: float, volts: float) -> None:
        """Offer a car what it can begin with, until it shows what it uses.

        That is no more than fits all phases; but to pause because it is too little for all of
        them could mean that a car on one phase never starts.
        """
        amps = max(power / volts, self.minimum_current)
        with self._driven_by(power):
            await self.set_current_limit(min(amps, self.current_bounds().maximum))
        self._fitted = None
        self._keep(power=power)

    async def fit_power(self, state: ChargingState | None) -> None:
        """After a poll: fit the current to the power that is wanted, if the phases changed.

        Without this a limit that was set while a car used one phase would be three times
        as much for the next car, which begins with what fits all phases. A limit that somebody
        else has set is left alone. A pause that nobody asked for ends with the phases, after a
        while, or with the car, that made it necessary.
        """
        async with self.lock:
            if self.active_phases is not None:
                self._seen = self.active_phases
            elif state is ChargingState.NO_VEHICLE:
                self._seen = None
            power = self.target.power
            if power is None:
                return
            if not self.target.paused:
                if self._fitted != self._seen and self._untouched:
                    await self._fit(power)
            elif (
                self.target.too_little and self.current_limit == 0 and self._may_go_on(power, state)
            ):
                await self.resume()

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
            # Nobody knows what it would be, and that is no reason to stop.
            return
        if self._seen is None:
            if (self.current_limit or 0.0) > power / volts:
                await self._begin(power, volts)
            return
        _LOGGER.info("The car uses %s phases; its current is fitted to %g W", self._seen, power)
        try:
            await self._limit(power)
        finally:
            self._keep(too_little=self.target.paused)

    def _may_go_on(self, power: float, state: ChargingState | None) -> bool:
        """Whether a power is enough for the phases in use, or nobody is there to use any."""
        if state is ChargingState.NO_VEHICLE:
            return self._phases is None or not self._falls_short(power)
        rested = asyncio.get_running_loop().time() >= self._rests_until
        return rested and self._phases is not None and not self._falls_short(power)

    @override
    def _keep(self, **changes: float | bool | None) -> None:
        super()._keep(**changes)
        if changes.get("too_little"):
            self._rests_until = asyncio.get_running_loop().time() + REST

    def _falls_short(self, power: float) -> bool:
        """Whether a power is too little to charge with on the phases in use."""
        volts = self._volts_in_use
        return volts is None or power / volts < self.minimum_current

    @property
    def _phases(self) -> int | None:
        return self.active_phases or self._seen

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
