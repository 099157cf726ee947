"""The one charge point of these chargers: how they take orders."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import ClassVar, override

from modbus_connection import IllegalDataValueError

from ...charging.reconciler import Standing
from ...model.charging import MINIMUM_CURRENT, Phases
from ...model.controls import ButtonControl, Control, SelectControl, SwitchControl
from ...model.errors import NotSupportedError, PhasesSwitchingError, VoltrailError
from ...model.explaining import explaining
from ...model.options import Options
from ...model.points import Tier
from . import recovery, registers
from .compact_status import Blocks, CompactStatus
from .errors import NotIdleError, PhasesFixedError, PhasesRefusedError
from .heartbeat import Heartbeat
from .phase_switch import WORDS
from .states import (
    EvseState,
    SolarMode,
)

type Read = Callable[..., Awaitable[None]]


class CompactPoint(CompactStatus):
    """A Compact, Start or 4You 300 as a charger."""

    current_step: ClassVar[float] = 0.1
    current_depends_on: ClassVar[tuple[str, ...]] = ("limits", "functions")
    # The time that a car is given to follow the last change.
    spacing: ClassVar[float] = 5.0
    # On a serial line it may be the late answer to another question.
    trusts_look: ClassVar[bool] = False
    power_depends_on: ClassVar[tuple[str, ...]] = ("limits", "functions", "meter")

    def __init__(
        self,
        options: Options,
        changed: Callable[[], None],
        store: Callable[[], Awaitable[None]],
        *,
        blocks: Blocks,
        heartbeat: Heartbeat,
        read_now: Read,
    ) -> None:
        super().__init__(options, changed, store, blocks=blocks, heartbeat=heartbeat)
        self._read_now = read_now
        self._blank = False
        self._recovery_tried = False

    # -- current and pause --

    @override
    async def send_current(self, amps: float) -> None:
        with explaining():
            await self.blocks.limits.write("current", self.register_value(amps))
        # Only now: released earlier, the car would have the old limit at first.
        await self.send_unchanged(amps)

    @override
    async def send_unchanged(self, amps: float) -> None:
        # Also if it was released when it was last looked at: it may have been started since.
        with explaining():
            await self.blocks.functions.write("released", value=True)

    @override
    async def send_pause(self) -> None:
        """Open the relays: the documented way, and the only one that no layout misreads."""
        with explaining():
            await self.blocks.functions.write("released", value=False)

    @override
    async def look(self) -> None:
        await self._read_now("limits", "functions")

    async def look_at(self, *names: str) -> None:
        """Read some blocks now."""
        await self._read_now(*names)

    async def _glance_at(self, *names: str) -> None:
        # The order was taken. If it cannot be seen now, the next poll will show it.
        with suppress(VoltrailError):
            await self._read_now(*names)

    # -- phases --

    async def set_phases(self, phases: Phases) -> None:
        """Charge on this many phases from now on; the charger does the rest alone."""
        if phases not in WORDS or not self.can_switch_phases:
            raise PhasesFixedError
        self._hand_over()
        await self.set_aside(lambda: self._order_phases(phases))

    @override
    async def carry_out_command(self, amps: float, phases: Phases | None) -> None:
        wanted = phases is not None and self.phases_held not in (None, phases)
        if wanted and not self.phase_switch.under_way:
            assert phases is not None
            await self._order_phases(phases)
        await super().carry_out_command(amps, phases)

    async def _order_phases(self, phases: Phases) -> None:
        if self.phase_switch.under_way:
            raise PhasesSwitchingError
        wanted = replace(self.target, phases=phases.value, set=True)
        try:
            await self._carry_out(wanted, lambda: self.send_phases(phases))
        except BaseException:
            # The current may have been lowered for it.
            self.reconciler.mark()
            raise

    async def send_phases(self, phases: Phases) -> None:
        """Order the phases, with the current lowered first where the power is what counts."""
        blocks = self.blocks
        # The state is that of the last poll: a car that was paused since does not go on.
        charging = blocks.status.evse_state is EvseState.CHARGING and bool(self.charging_allowed)
        if phases is Phases.THREE and charging:
            await self._make_room()
        with explaining():
            try:
                await blocks.functions.write("requested_phases", WORDS[phases])
            except IllegalDataValueError as err:
                raise PhasesRefusedError from err
        installation = blocks.installation
        pause = None if installation is None else installation.phase_switch_pause
        if self.phases is not phases:
            self.phase_switch.begin(phases, charging=charging, pause=float(pause or 0))
        # What a power comes to in ampere depends on it from now on.
        await self._glance_at(
            "functions", *(() if blocks.supervision is None else ("supervision",))
        )

    async def _make_room(self) -> None:
        """Lower the current before two more phases are added, so that the power stays within."""
        volts = sum(volt for volt in self.voltages if volt)
        if self.target.power is None or not volts:
            return
        amps = self.current_bounds().accept(
            min(max(self.target.power / volts, MINIMUM_CURRENT), self.current_bounds().maximum)
        )
        if amps < (self.current_limit or 0.0):
            await self.send_when_spaced(amps)
            await self._glance_at("limits", "functions")

    @property
    @override
    def phases_to_come(self) -> Phases | None:
        return self.phase_switch.target

    @property
    @override
    def phases_held(self) -> Phases | None:
        return self.phases if self.can_switch_phases else None

    @property
    @override
    def phase_pause(self) -> float:
        installation = self.blocks.installation
        pause = None if installation is None else installation.phase_switch_pause
        return super().phase_pause if pause is None else float(pause)

    # -- what it does alone --

    @override
    async def follow(self) -> None:
        """Bring it out of error 200, and fit the current to the power after a change of phases."""
        if await self._recover_alone():
            return
        if self._just_started:
            self.reconciler.mark()
        blocks = self.blocks
        switched = None if blocks.supervision is None else blocks.supervision.switched_phases
        ended = self.phase_switch.settle(blocks.status.evse_state, switched)
        if ended:
            self.forget_phases()
        stopped = self.target.paused and not self.target.too_little
        if ended and self.target.power is not None and not stopped:
            await self.reapply()
        elif not self.phase_switch.under_way:
            await super().follow()

    @property
    def _just_started(self) -> bool:
        """Whether all its orders are gone at once: it restarted, and no poll noticed."""
        functions = self.blocks.functions
        blank = self.blocks.limits.current == 0 and functions.released is False
        before, self._blank = self._blank, blank
        return blank and not before

    async def _recover_alone(self) -> bool:
        """Bring it out of error 200, once; return whether it is in it."""
        if not recovery.lost_manager(self):
            self._recovery_tried = False
            return False
        heard = self.heartbeat.running and self.heartbeat.failures == 0
        if heard and not self._recovery_tried and recovery.harmless(self):
            self._recovery_tried = True
            await recovery.recover(self)
            self.reconciler.mark()
        return True

    # -- the rest of what it can be told --

    async def set_locked(self, locked: bool) -> None:  # noqa: FBT001 - a state, not an option
        """Lock or unlock the station."""
        await self._order("locked", locked)

    async def set_solar_mode(self, mode: SolarMode) -> None:
        """Choose what the lights show; they need DIP switch S1-7, and nothing else changes."""
        await self._order("solar_mode", mode)

    async def _order(self, field: str, value: bool | SolarMode) -> None:  # noqa: FBT001 - likewise
        async with self.lock:
            with explaining():
                await self.blocks.functions.write(field, value)
            await self._glance_at("functions")

    async def restart(self) -> None:
        """Restart the charger's controller, while no car is connected."""
        restart = self.blocks.restart
        if restart is None:
            raise NotSupportedError(reason="its software is too old to be restarted from here")
        await self._read_now("status")
        if self.blocks.status.evse_state is not EvseState.IDLE:
            raise NotIdleError
        with explaining():
            await restart.write("word", registers.RESTART)

    async def recover(self) -> None:
        """Bring the charger out of an error; one that is in none is left alone."""
        async with self.ordering():
            await self._read_now("status")
            if self.blocks.status.evse_state is EvseState.ERROR:
                await recovery.recover(self)

    # -- what was asked for --

    @property
    @override
    def standing(self) -> Standing:
        state = self.blocks.status.evse_state
        starting = state in (None, EvseState.NOT_INITIALISED)
        if starting or self.fallen_back or recovery.lost_manager(self):
            return Standing.WAIT
        if self.phase_switch.under_way or None in (
            self.blocks.limits.current,
            self.blocks.functions.released,
        ):
            return Standing.UNKNOWN
        return super().standing

    @override
    async def assert_target(self) -> None:
        # The charger takes orders only from a client whose heartbeat it has heard.
        await self.heartbeat.prove()
        wanted = self.target.phases
        if self.target.paused:
            await self.send_pause()
        if wanted is not None and self.phases_held not in (None, Phases(wanted)):
            try:
                await self.send_phases(Phases(wanted))
            except PhasesRefusedError:
                # Nothing is gained by asking for ever.
                self.orders.note(replace(self.target, phases=None))
        if self.target.current is not None and not self.target.paused:
            await self.reapply()

    # -- the controls --

    def controls(self) -> Iterator[Control]:
        """Yield what this charger can be asked to do."""
        yield from self.shared_controls()
        functions = self.blocks.functions
        if self.can_switch_phases:
            yield SelectControl(
                key="phases",
                depends_on=("functions", "status"),
                options=tuple(WORDS),
                read=lambda: self.phases,
                write=self.set_phases,
                usable=lambda: not self.phase_switch.under_way,
            )
        if self.serves("locked"):
            yield SwitchControl(
                key="station_locked",
                depends_on=("functions",),
                read=lambda: functions.locked,
                write=self.set_locked,
            )
        if self.serves("solar_mode"):
            yield SelectControl(
                key="solar_mode",
                depends_on=("functions",),
                tier=Tier.DETAIL,
                options=tuple(SolarMode),
                read=lambda: functions.solar_mode,
                write=self.set_solar_mode,
            )
        if self.blocks.restart is not None:
            yield ButtonControl(
                key="restart",
                depends_on=("status",),
                tier=Tier.DETAIL,
                press=self.restart,
                restarts=True,
                usable=lambda: self.blocks.status.evse_state is EvseState.IDLE,
            )
