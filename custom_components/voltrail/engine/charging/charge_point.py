"""What every charger can be asked, in one language for all brands."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from enum import Enum, StrEnum
from typing import Any, ClassVar, Final, Protocol, runtime_checkable

from ..model.controls import Bounds, Control, NumberControl, SwitchControl, shown
from ..model.errors import (
    BelowMinimumError,
    CallerError,
    DeviceRefusedError,
    NotAppliedError,
    VoltrailError,
    WrongDeviceError,
)
from ..model.options import Options
from ..model.parts import Part
from ..model.points import Quantity
from .command_lock import CommandLock

MINIMUM_CURRENT: Final = 6.0
"""The least that can be signalled to a car (IEC 61851-1); below it a charger pauses."""

FALLBACK_CURRENT: Final = 16.0
"""Where a charge resumes if no limit was ever set; every cable carries it."""

IN_USE_CURRENT: Final = 1.0
"""A phase that carries at least this much is in use; below it is noise."""


class ChargingState(StrEnum):
    """What the car and the charger are doing, the same words for every brand."""

    NO_VEHICLE = "no_vehicle"
    CONNECTED = "connected"
    CHARGING = "charging"
    VENTILATION = "ventilation"
    ERROR = "error"


class BlockedBy(StrEnum):
    """Why no energy flows; of several reasons the first in this order."""

    NOTHING = "nothing"
    NO_VEHICLE = "no_vehicle"
    PAUSED = "paused"
    NOT_AUTHORISED = "not_authorised"
    STATION_LOCKED = "station_locked"
    COMMUNICATION_TIMEOUT = "communication_timeout"
    NOT_ACCOUNTED_FOR = "not_accounted_for"
    READ_ONLY = "read_only"
    PHASE_SWITCHING = "phase_switching"
    DOWNGRADED = "downgraded"
    VEHICLE = "vehicle"
    FAULT = "fault"


class Phases(Enum):
    """How many phases a charger is asked to use."""

    AUTOMATIC = 0
    ONE = 1
    THREE = 3


def first_reason(
    state: ChargingState | None, reasons: Mapping[BlockedBy, bool | None]
) -> BlockedBy | None:
    """Return why a charger does not charge, out of the reasons that apply.

    With a car connected, nothing in the way and no energy flowing, it is the car that
    does not want any.
    """
    if state is None:
        return None
    if state in (ChargingState.CHARGING, ChargingState.VENTILATION):
        return BlockedBy.NOTHING
    applying = {
        **reasons,
        BlockedBy.NO_VEHICLE: state is ChargingState.NO_VEHICLE,
        BlockedBy.FAULT: state is ChargingState.ERROR or reasons.get(BlockedBy.FAULT),
    }
    if not applying[BlockedBy.FAULT] and not applying.get(BlockedBy.VEHICLE):
        applying[BlockedBy.VEHICLE] = state is ChargingState.CONNECTED
    return next((reason for reason in BlockedBy if applying.get(reason)), None)


def phases_carrying(currents: tuple[float | None, ...]) -> int | None:
    """Count the phases that carry current; None while nothing flows or is measured."""
    carrying = sum(1 for current in currents if current is not None and current >= IN_USE_CURRENT)
    return carrying or None


# -- what a charging controller may rely on ------------------------------------


@runtime_checkable
class CurrentLimited(Protocol):
    """A charger whose current per phase can be limited."""

    @property
    def current_limit(self) -> float | None:
        """The limit in force, in ampere; 0 while paused."""

    async def set_current_limit(self, amps: float) -> None:
        """Limit the current per phase; anything below the charger's minimum pauses."""


@runtime_checkable
class PowerLimited(Protocol):
    """A charger whose total power can be limited."""

    @property
    def power_limit(self) -> float | None:
        """The limit in force, in watt; 0 while paused."""

    async def set_power_limit(self, watts: float) -> None:
        """Limit the total power; anything below the charger's lowest power pauses."""


@runtime_checkable
class Pausable(Protocol):
    """A charger that can wait and go on."""

    async def pause(self) -> None:
        """Offer no current, and keep the session."""

    async def resume(self, amps: float | None = None) -> None:
        """Go on with the last limit above 0, or with a new one."""


@runtime_checkable
class PhaseSwitching(Protocol):
    """A charger that can be told now how many phases to use."""

    async def set_phases(self, phases: Phases) -> None:
        """Charge on this many phases from now on."""


@runtime_checkable
class Lockable(Protocol):
    """A charger that can be locked against use."""

    async def set_locked(self, locked: bool) -> None:  # noqa: FBT001 - a state, not an option
        """Lock or unlock the station."""


@runtime_checkable
class Restartable(Protocol):
    """A charger that can be started anew."""

    async def restart(self) -> None:
        """Start the charger's controller anew."""


@runtime_checkable
class Recoverable(Protocol):
    """A charger that has a documented way out of an error."""

    async def recover(self) -> None:
        """Bring the charger back to idle."""


_NOT_TAKEN: Final = (CallerError, DeviceRefusedError, NotAppliedError, WrongDeviceError)
"""Failures of orders that the device cannot have taken, or was right not to take."""


@contextmanager
def unconfirmed_write(
    note: Callable[[], None], *, unless: tuple[type[VoltrailError], ...] = _NOT_TAKEN
) -> Iterator[None]:
    """Take note of an order that failed and may have got through all the same."""
    try:
        yield
    except unless:
        raise
    except VoltrailError, asyncio.CancelledError:
        note()
        raise


# -- the shared verbs ----------------------------------------------------------


@dataclass(kw_only=True)
class Target:
    """What the user last asked of a charge point; it outlives restarts."""

    current: float | None = None
    """The last current limit above 0."""
    power: float | None = None
    """The last power limit above 0, while power and not current is what drives."""
    paused: bool = False
    too_little: bool = False
    """Whether nobody asked for the pause: what is wanted is too little for the phases in use."""
    phases: int | None = None
    set: bool = False
    """Whether the user asked for anything at all; if not, there is nothing to uphold."""


class ChargePoint(ABC):
    """One place where a car is plugged in: the verbs that all brands share.

    A brand says how a limit is sent, how a pause is made and what is read back. This
    class keeps what the user asked for.
    """

    part: Part | None = None
    current_step: ClassVar[float] = 1.0
    current_needs: ClassVar[tuple[str, ...]] = ()
    """The components behind the read-back and the bounds of the current limit."""
    power_needs: ClassVar[tuple[str, ...]] = ()
    """The same for the power limit."""

    not_taken: ClassVar[tuple[type[VoltrailError], ...]] = _NOT_TAKEN
    """Failures after which the charger holds what it held before."""

    def __init__(self, options: Options, changed: Callable[[], None]) -> None:
        self.options = options
        self.lock = CommandLock()
        """Held by an order; whoever upholds what was asked for waits for it as well."""
        self.target = Target()
        self._changed = changed
        self.on_uncertain: Callable[[], None] = _nobody
        """Called when an order was left half done: the charger may hold what nobody wants."""

    # -- what a brand provides --

    @property
    @abstractmethod
    def device_maximum(self) -> float:
        """The most the charger can signal per phase, as the device says."""

    @property
    def minimum_current(self) -> float:
        """The least that charges; anything between 0 and this pauses."""
        return MINIMUM_CURRENT

    @property
    @abstractmethod
    def current_limit(self) -> float | None:
        """The limit in force per phase, read back from the charger; 0 while paused."""

    @property
    @abstractmethod
    def charging_allowed(self) -> bool | None:
        """Whether the charger may charge at all, read back from it."""

    @abstractmethod
    async def send_current(self, amps: float) -> None:
        """Make the charger limit the current; never called with less than the minimum."""

    @abstractmethod
    async def send_pause(self) -> None:
        """Make the charger offer nothing."""

    @property
    def writable(self) -> bool:
        """Whether the charger takes orders now."""
        return True

    # -- the verbs --

    def current_bounds(self) -> Bounds:
        """Return what the current limit may be: the device's range, capped by the installer."""
        maximum = self.device_maximum
        if self.options.max_current is not None:
            maximum = min(maximum, self.options.max_current)
        return Bounds(minimum=0, maximum=maximum, step=self.current_step)

    async def set_current_limit(self, amps: float) -> None:
        """Limit the current per phase; anything below the charger's minimum pauses."""
        async with self.lock:
            amps = self.current_bounds().accept(amps)
            if amps < self.minimum_current:
                await self.pause()
                return
            with unconfirmed_write(lambda: self.assume_lowered(amps), unless=self.not_taken):
                await self.send_current(amps)
            self._keep(current=amps, power=None, paused=False)

    async def pause(self) -> None:
        """Offer no current, and keep the session."""
        async with self.lock:
            with unconfirmed_write(lambda: self.assume_lowered(0), unless=self.not_taken):
                await self.send_pause()
            self._keep(paused=True)

    async def resume(self, amps: float | None = None) -> None:
        """Go on with the last limit above 0, or with a new one."""
        async with self.lock:
            if amps is None:
                power = self.target.power
                if power is not None:
                    # The installer may have lowered what is possible.
                    await self.set_power_limit(min(power, self.power_bounds().maximum))
                    return
                amps = self.resume_current
            if amps < self.minimum_current:
                # To be told to go on must never end in a pause.
                raise BelowMinimumError(minimum=shown(self.minimum_current))
            await self.set_current_limit(amps)

    async def reapply(self) -> None:
        """Do what is wanted, unasked: where it is too little to charge with, that is a pause."""
        try:
            await self.resume()
        except BelowMinimumError:
            try:
                await self.pause()
            finally:
                self._keep(too_little=self.target.paused)

    @property
    def resume_current(self) -> float:
        """The current a charge resumes with: the last one that was set, within the bounds."""
        wanted = self.target.current
        if wanted is None:
            wanted = FALLBACK_CURRENT
        return min(wanted, self.current_bounds().maximum)

    def _keep(self, **changes: float | bool | None) -> None:
        if "paused" in changes:
            self.target.too_little = False
        for name, value in changes.items():
            setattr(self.target, name, value)
        self.target.set = True
        self._changed()

    def assume_lowered(self, amps: float) -> None:
        """Take note that a limit may be in force: a lower one is never raised again unasked."""
        if amps < self.minimum_current:
            self._keep(paused=True)
        elif (
            self.target.current is not None
            and amps < self.target.current
            and not self.target.paused
        ):
            self._keep(current=self.current_bounds().accept(amps), power=None)
        self.on_uncertain()

    # -- power --

    @property
    @abstractmethod
    def power_limit(self) -> float | None:
        """The limit in force in watt; 0 while paused."""

    @abstractmethod
    def power_bounds(self) -> Bounds:
        """Return what the power limit may be."""

    @abstractmethod
    async def set_power_limit(self, watts: float) -> None:
        """Limit the total power; anything below the charger's lowest power pauses."""

    # -- memory --

    def dump_state(self) -> dict[str, Any]:
        """Return the wish in a form that can be stored."""
        return asdict(self.target)

    def restore_state(self, memory: Mapping[str, Any]) -> None:
        """Take a stored wish back; what does not belong to one is left out."""
        known = {name: memory[name] for name in asdict(self.target) if name in memory}
        self.target = Target(**known)
        most = self.options.max_current
        if most is not None and self.target.current is not None:
            # The installer may have lowered the limit meanwhile; it caps what is upheld too.
            self.target.current = min(self.target.current, most)

    # -- the controls --

    async def set_charging(self, charging: bool) -> None:  # noqa: FBT001 - a state, not an option
        """Pause, or resume with the last limit above 0."""
        await (self.resume() if charging else self.pause())

    def shared_controls(self) -> Iterator[Control]:
        """Yield the controls that every charge point has."""
        yield NumberControl(
            key="current_limit",
            part=self.part,
            depends_on=self.current_needs,
            quantity=Quantity.CURRENT,
            bounds=self.current_bounds,
            read=lambda: self.current_limit,
            write=self.set_current_limit,
            usable=lambda: self.writable,
        )
        yield NumberControl(
            key="power_limit",
            part=self.part,
            depends_on=self.power_needs,
            quantity=Quantity.POWER,
            bounds=self.power_bounds,
            read=lambda: self.power_limit,
            write=self.set_power_limit,
            usable=lambda: self.writable,
        )
        yield SwitchControl(
            key="charging",
            part=self.part,
            depends_on=self.current_needs,
            read=lambda: self.charging_allowed,
            write=self.set_charging,
            usable=lambda: self.writable,
        )


def _nobody() -> None:
    """Tell nobody."""
