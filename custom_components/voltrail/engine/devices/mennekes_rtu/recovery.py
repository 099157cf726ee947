"""The way out of error 200, in which a charger ends that has missed its energy manager."""

from typing import Final, Protocol

from ...charging.command_lock import CommandLock
from ...charging.target import Target
from ...model.charging import MINIMUM_CURRENT
from ...model.explaining import explaining
from .compact_status import Blocks
from .errors import RecoveryFailedError
from .heartbeat import Heartbeat
from .states import Authorisation, Downgrade, ErrorCode, EvseState

_LOOKS: Final = 5
_BETWEEN_LOOKS: Final = 1.0


class Recoverable(Protocol):
    """What the way out needs of the charge point."""

    blocks: Blocks
    heartbeat: Heartbeat
    lock: CommandLock

    @property
    def target(self) -> Target:
        """What the charger is to hold."""

    @property
    def device_maximum(self) -> float:
        """The most that it can signal."""

    @property
    def resume_current(self) -> float:
        """What a charge resumes with."""

    async def send_when_spaced(self, amps: float) -> None:
        """Send a limit as soon as the charger may have it."""

    async def send_pause(self) -> None:
        """Make the charger offer nothing."""

    async def look_at(self, *names: str) -> None:
        """Read some blocks now."""


def lost_manager(point: Recoverable) -> bool:
    """Whether the charger stands still because it has missed its energy manager."""
    blocks = point.blocks
    return (
        blocks.status.evse_state is EvseState.ERROR
        and blocks.diagnosis.error_code is ErrorCode.ENERGY_MANAGER_UNAVAILABLE
    )


def harmless(point: Recoverable) -> bool:
    """Whether the charger may be brought back without an order.

    The way out leads through a release. That is fine if charging is what the user wants, and
    where there is no car. In an error the state does not tell about the car, but these do.
    """
    if point.target.current is not None and not point.target.paused:
        return True
    status = point.blocks.status
    return (
        status.downgrade is Downgrade.NOT_RELEVANT
        and status.authorisation is Authorisation.NOT_USED
    )


async def recover(point: Recoverable) -> None:
    """Bring the charger back to idle: heartbeat, release, and a valid current, in this order.

    Others send a current of 0 here, which is full power on newer chargers. Software before
    rev 2.4 of the document only comes back when it is switched off and on.
    """
    await point.heartbeat.prove()
    blocks = point.blocks
    amps = _valid_current(point)
    stays_paused = point.target.paused or (
        point.target.current is None and blocks.functions.released is False
    )
    if stays_paused:
        amps = MINIMUM_CURRENT
    try:
        with explaining():
            await blocks.functions.write("released", value=True)
        await point.send_when_spaced(amps)
        await _watch(point)
    finally:
        if stays_paused:
            await point.send_pause()


def _valid_current(point: Recoverable) -> float:
    """Return what the user wants, or what the charger holds, if a car can be offered that."""
    found = point.blocks.limits.current
    wanted = found if point.target.current is None else point.resume_current
    return max(min(wanted or 0.0, point.device_maximum), MINIMUM_CURRENT)


async def _watch(point: Recoverable) -> None:
    """Wait until the error is gone."""
    status = point.blocks.status
    for _ in range(_LOOKS):
        # A pause that comes between is in force then, in an error or not.
        await point.lock.rest(_BETWEEN_LOOKS)
        await point.look_at("status", "diagnosis")
        if status.evse_state is not EvseState.ERROR:
            return
    code = point.blocks.diagnosis.error_code
    raise RecoveryFailedError(code="unknown" if code is None else int(code))
