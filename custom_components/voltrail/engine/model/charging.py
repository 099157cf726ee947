"""What a charger is and does, in one language for all brands."""

from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import Final, Protocol, runtime_checkable

from .controls import Bounds
from .parts import Part

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


class LimitedBy(StrEnum):
    """Which limit drives, where a charger has one of current and one of power."""

    CURRENT = "current"
    POWER = "power"


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

    async def limit_without_starting(self, amps: float) -> bool:
        """Limit the current; where that is paused, only for the time after the pause.

        Return whether it is in force now.
        """


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
    """A charger that can be restarted."""

    async def restart(self) -> None:
        """Restart the charger's controller."""


@runtime_checkable
class Recoverable(Protocol):
    """A charger that has a documented way out of an error."""

    async def recover(self) -> None:
        """Bring the charger back to idle."""


class Chargeable(CurrentLimited, PowerLimited, Pausable, Protocol):
    """A place where a car is plugged in, as the rooms below the chargers know it."""

    @property
    def part(self) -> Part | None:
        """The socket, where the charger has more than one."""

    @property
    def device_maximum(self) -> float:
        """The most the charger can signal per phase, as the device says."""

    @property
    def minimum_current(self) -> float:
        """The least that charges."""

    @property
    def charging_allowed(self) -> bool | None:
        """Whether the charger may charge at all."""

    def current_bounds(self) -> Bounds:
        """Return what the current limit may be."""
