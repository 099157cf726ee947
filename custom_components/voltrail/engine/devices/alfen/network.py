"""The smart charging network: limits for all stations together.

In this mode the charger takes the network's limits instead of those of the sockets. Each
phase has a set-point with a validity of its own.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final

from ...charging.command_lock import CommandLock, OvertakenError
from ...charging.reconciler import Reconciler, Standing
from ...charging.unconfirmed_write import unconfirmed_write
from ...model.charging import MINIMUM_CURRENT
from ...model.controls import Bounds, Control, NumberControl
from ...model.errors import VoltrailError
from ...model.points import Aspect, Quantity, Tier, derived
from ...polling.polled_device import Problem
from .registers import Network
from .set_point import (
    FOREIGN_PATIENCE,
    NOT_TAKEN,
    UNASKED_INTERVAL,
    WRITE_SETTING,
    SetPoint,
    order,
)
from .station import Station
from .troubles import troubles

PHASES: Final = (1, 2, 3)

CONTROL_WORDS: Final = {"number": {"network_ems_limit_phase"}}
"""The words of the controls below, whose keys are made per phase."""


class PhaseLimit:
    """One phase of the network: what was asked for, and what keeps the charger at it."""

    trusts_look = True
    gives_way = True
    foreign_patience = FOREIGN_PATIENCE

    def __init__(self, set_point: SetPoint, limits: NetworkLimits) -> None:
        self.set_point = set_point
        self.target: float | None = None
        self._limits = limits
        self.reconciler = Reconciler(self)

    @property
    def wanted(self) -> float | None:
        """What the set-point should hold now; None if nothing was asked for."""
        if self.target is None or not self._limits.enabled:
            return None
        bounds = self._limits.bounds()
        return bounds.accept(min(self.target, bounds.maximum))

    @property
    def asked(self) -> bool:
        """Whether there is anything to hold."""
        return self.wanted is not None

    @property
    def standing(self) -> Standing:
        """How the phase stands to it."""
        return self.set_point.judge(self.wanted)

    async def look(self) -> None:
        """Read the network's registers now."""
        await self._limits.look()

    async def assert_target(self) -> None:
        """Write once more what was asked for."""
        if (value := self.wanted) is not None:
            await self.set_point.put(value)

    def adopt(self) -> None:
        """Leave the phase to the client that writes it now."""
        self.set_point.release()
        self.target = None

    async def tend(self, *, renew: bool) -> None:
        """Renew what holds and is due, assert what got lost, give way to another client."""
        self.set_point.note(self.wanted)
        if self.standing is Standing.KEPT and (renew or self.set_point.runs_low):
            value = self.wanted
            assert value is not None, "what is kept was asked for"
            await self.set_point.renew(value)
        elif self.standing is Standing.LOST and renew:
            await self.assert_target()
        else:
            await self.reconciler.after_poll()


class NetworkLimits:
    """What an energy manager asks of the network."""

    def __init__(self, device: Station, block: Network) -> None:
        self._device = device
        self._block = block
        self.lock = CommandLock()
        self._phases = {phase: PhaseLimit(self._set_point(phase), self) for phase in PHASES}

    def _set_point(self, phase: int) -> SetPoint:
        block = self._block
        return SetPoint(
            read=lambda: getattr(block, f"network_ems_limit_l{phase}"),
            remaining=lambda: getattr(block, f"network_validity_l{phase}"),
            write=partial(self._write, phase),
            look=self.look,
            rest=self.lock.rest,
            changed=self._device.keep_memory,
        )

    async def look(self) -> None:
        """Read the network's registers now."""
        await self._device.read_now("network")

    async def _write(self, phase: int, amps: float) -> None:
        # Each phase in a request of its own: whether one request over all three is taken
        # is not documented (UNCONFIRMED).
        await self._device.meet()
        await order(
            lambda: self._block.write(f"network_ems_limit_l{phase}", amps), setting=WRITE_SETTING
        )

    @property
    def enabled(self) -> bool:
        """Whether the network listens to an energy manager."""
        return self._block.network_control_enabled is True

    @property
    def asked(self) -> bool:
        """Whether a limit of the network was ordered."""
        return any(phase.target is not None for phase in self._phases.values())

    @derived(Aspect.PROBLEM, depends_on=("network",), tier=Tier.EXPERT)
    def network_safe_current_active(self) -> bool | None:
        """Whether the network is on its own on one of its phases."""
        if self._block.network_control_enabled is None:
            return None
        return self.enabled and self._any("network_validity", lambda left: left == 0)

    @property
    def paused(self) -> bool | None:
        """Whether a limit on one of the phases is too low to charge with."""
        return self._any("network_ems_limit", lambda amps: amps < MINIMUM_CURRENT)

    def _any(self, name: str, applies: Callable[[float], bool]) -> bool | None:
        """Whether something applies to a phase; None if the block or a phase tells nothing."""
        values = [getattr(self._block, f"{name}_l{phase}") for phase in PHASES]
        if not self._device.available(("network",)) or None in values:
            return None
        return any(applies(value) for value in values)

    # -- orders --

    def bounds(self) -> Bounds:
        """Return what a phase of the network may be given.

        No document names an upper bound. One station's worth is safe; for more the
        installer has to say how much.
        """
        most = self._device.options.extra.get("network_max_current")
        return Bounds(
            minimum=0,
            maximum=self._device.highest_current if most is None else float(most),
            step=0.1,
        )

    async def set_limit(self, phase: int, amps: float) -> None:
        """Limit one phase of the network."""
        amps = self.bounds().accept(amps)
        limit = self._phases[phase]
        lowers = limit.target is None or amps < limit.target
        with suppress(OvertakenError):
            async with self.lock.order(urgent=lowers):
                note = partial(self._assume_lowered, limit, amps)
                with unconfirmed_write(note, unless=NOT_TAKEN):
                    await limit.set_point.put(amps)
                self._keep(limit, amps)

    def _assume_lowered(self, limit: PhaseLimit, amps: float) -> None:
        """Take note that a limit may be in force: a lower one is never raised again unasked."""
        if limit.wanted is not None and amps < limit.wanted:
            self._keep(limit, amps)
        limit.reconciler.mark()

    def _keep(self, limit: PhaseLimit, amps: float) -> None:
        limit.target = amps
        self._device.keep_memory()

    # -- keeping it in force --

    @property
    def interval(self) -> float:
        """Seconds between two renewals."""
        asked = [phase for phase in self._phases.values() if phase.target is not None]
        return min((phase.set_point.interval for phase in asked), default=UNASKED_INTERVAL)

    async def renew(self) -> None:
        """Look at what is in force, and renew it if it is still what was asked for."""
        if not self.asked:
            return
        await self._device.meet()
        async with self.lock:
            await self.look()
            await self._tend(renew=True)

    async def reconcile(self) -> None:
        """After a poll: assert what got lost, and renew what runs low."""
        if self._device.available(("network",)):
            async with self.lock:
                await self._tend(renew=False)

    def mark(self) -> None:
        """Take note that the station may have forgotten what it was told."""
        for phase in self._phases.values():
            phase.reconciler.mark()

    async def _tend(self, *, renew: bool) -> None:
        failed: VoltrailError | None = None
        for phase in self._phases.values():
            try:
                with suppress(OvertakenError):
                    await phase.tend(renew=renew)
            except VoltrailError as err:
                # The other phases are renewed all the same.
                failed = failed or err
        if failed is not None:
            raise failed

    # -- what a person should put right --

    def problems(self) -> Iterator[Problem]:
        """Yield what stands in the way of reliable limits."""
        if self.enabled:
            yield from troubles(tuple(phase.set_point for phase in self._phases.values()))

    # -- memory --

    def dump_state(self) -> dict[str, Any]:
        """Return what has to survive a restart."""
        return {
            str(number): {"wish": phase.target, "sent": phase.set_point.sent}
            for number, phase in self._phases.items()
        }

    def restore_state(self, memory: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump_state` returned before a restart."""
        for number, phase in self._phases.items():
            kept = memory.get(str(number), {})
            phase.target = kept.get("wish")
            phase.set_point.sent = kept.get("sent")

    # -- controls --

    def controls(self) -> Iterator[Control]:
        """Yield one number per phase."""
        for phase in PHASES:
            yield NumberControl(
                key=f"network_ems_limit_l{phase}",
                depends_on=("network",),
                phase=f"L{phase}",
                quantity=Quantity.CURRENT,
                bounds=self.bounds,
                read=_reader(self._block, phase),
                write=_writer(self, phase),
                usable=lambda: self.enabled,
            )


def _reader(block: Network, phase: int) -> Callable[[], float | None]:
    return lambda: getattr(block, f"network_ems_limit_l{phase}")


def _writer(limits: NetworkLimits, phase: int) -> Callable[[float], Awaitable[None]]:
    return partial(limits.set_limit, phase)
