"""The one charge point of these chargers: how they take orders."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, ClassVar, Final, override

from modbus_connection import IllegalDataValueError

from ...charging.charge_point import MINIMUM_CURRENT, Phases, Target
from ...model.controls import ButtonControl, Control, SelectControl, SwitchControl
from ...model.errors import NotSupportedError, PhasesSwitchingError, VoltrailError, explaining
from ...model.options import Options
from ...model.points import Tier
from . import recovery, registers
from .compact_status import SLIGHTLY_MORE, Blocks, CompactStatus
from .current_sender import CurrentSender
from .errors import NotIdleError, PhasesFixedError, PhasesRefusedError
from .heartbeat import Heartbeat
from .phase_switch import WORDS
from .states import (
    EvseState,
    SolarMode,
)

_SAME: Final = 0.05

type Refresh = Callable[[tuple[str, ...]], Awaitable[None]]


class CompactPoint(CompactStatus):
    """A Compact, Start or 4You 300 as a charger."""

    current_step: ClassVar[float] = 0.1
    current_needs: ClassVar[tuple[str, ...]] = ("limits", "functions")
    power_needs: ClassVar[tuple[str, ...]] = ("limits", "functions", "meter")

    def __init__(
        self,
        options: Options,
        changed: Callable[[], None],
        *,
        blocks: Blocks,
        heartbeat: Heartbeat,
        refresh: Refresh,
    ) -> None:
        super().__init__(options, changed, blocks=blocks, heartbeat=heartbeat)
        self.sender = CurrentSender(self._write_current)
        self._refresh = refresh
        self._orders = asyncio.Lock()

    # -- current and pause --

    @override
    async def pause(self) -> None:
        # A pause waits for no limit that itself only waits.
        self.sender.drop()
        await super().pause()

    @override
    async def send_current(self, amps: float) -> None:
        amps = self._enough(amps)
        if self.sender.held_back and await self._holds(amps):
            # No change, so it need not wait: resumed at the old limit, for example.
            self.sender.drop()
            async with self._orders:
                with explaining():
                    await self._release()
            await self._look_at("functions")
        else:
            await self.sender.send(amps)

    async def send_current_in_turn(self, amps: float) -> bool:
        """Limit the current, and return when the charger has it; false if a pause came before."""
        return await self.sender.send_in_turn(self._enough(amps))

    def _enough(self, amps: float) -> float:
        return SLIGHTLY_MORE if self.old and amps == MINIMUM_CURRENT else amps

    async def _write_current(self, amps: float) -> None:
        blocks = self.blocks
        async with self._orders:
            with explaining():
                await blocks.limits.write("current", amps)
                # Only now: released earlier, the car would have the old limit at first.
                await self._release()
        await self._look_at("limits", "functions")

    async def _release(self) -> None:
        # Also if it was released when it was last looked at: it may have been started anew since.
        await self.blocks.functions.write("released", value=True)

    async def _holds(self, amps: float) -> bool:
        """Whether the charger holds this limit now; somebody else may have set another one."""
        try:
            await self._refresh(("limits",))
        except VoltrailError:
            return False
        return self.holds(amps)

    @override
    async def send_pause(self) -> None:
        """Open the relays: the documented way, and the only one that no layout misreads."""
        self.sender.drop()
        async with self._orders:
            with explaining():
                await self.blocks.functions.write("released", value=False)
        await self._look_at("functions")

    async def look_again(self, names: tuple[str, ...]) -> None:
        """Read some blocks now."""
        await self._refresh(names)

    async def _look_at(self, *names: str) -> None:
        # The order was taken. If it cannot be seen now, the next poll will show it.
        with suppress(VoltrailError):
            await self._refresh(names)

    # -- phases --

    async def set_phases(self, phases: Phases) -> None:
        """Charge on this many phases from now on; the charger does the rest alone."""
        if phases not in WORDS or not self.can_switch_phases:
            raise PhasesFixedError
        async with self.lock:
            if self.phase_switch.under_way:
                raise PhasesSwitchingError
            try:
                await self.send_phases(phases)
            except BaseException:
                # The current may have been lowered for it.
                self.on_uncertain()
                raise
            self._keep(phases=phases.value)

    async def send_phases(self, phases: Phases) -> None:
        """Order the phases, with the current lowered first where the power is what counts."""
        blocks = self.blocks
        # The state is that of the last poll: a car that was paused since does not go on.
        charging = blocks.status.evse_state is EvseState.CHARGING and bool(self.charging_allowed)
        if phases is Phases.THREE and charging:
            await self._make_room()
            # What waits for its turn is also dropped when the device is let go of.
            self.lock.require_open()
        async with self._orders:
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
        await self._look_at("functions", *(() if blocks.supervision is None else ("supervision",)))

    async def _make_room(self) -> None:
        """Lower the current before two more phases are added, so that the power stays within."""
        volts = sum(volt for volt in self.voltages if volt)
        if self.target.power is None or not volts:
            return
        amps = self.current_bounds().accept(
            min(max(self.target.power / volts, MINIMUM_CURRENT), self.current_bounds().maximum)
        )
        if amps < (self.current_limit or 0.0):
            await self.send_current_in_turn(amps)

    @property
    @override
    def _phases(self) -> int | None:
        # A car that still draws on one phase is about to get three of them.
        return 3 if self.phase_switch.target is Phases.THREE else super()._phases

    @override
    def _falls_short(self, power: float) -> bool:
        return super()._falls_short(power) and not self._enough_for_one(power)

    def _enough_for_one(self, power: float) -> bool:
        """Whether the charger is about to leave it at one phase, and that is enough."""
        volts = next((volt for volt in self.voltages if volt), None)
        leaving = self.phase_switch.target is Phases.ONE
        return leaving and volts is not None and power / volts >= MINIMUM_CURRENT

    @override
    async def _limit(self, watts: float) -> None:
        if super()._falls_short(watts) and self._enough_for_one(watts):
            # No reason to stop: the current is fitted as soon as the other phases are left.
            await self.set_current_limit(MINIMUM_CURRENT)
            self._fitted = None
            self._keep(power=watts)
        else:
            await super()._limit(watts)

    async def follow_phases(self) -> None:
        """After a change of phases, fit the current to the power that is wanted."""
        blocks = self.blocks
        switched = None if blocks.supervision is None else blocks.supervision.switched_phases
        ended = self.phase_switch.settle(blocks.status.evse_state, switched)
        if ended:
            # What the car used before says nothing of what it will use now.
            self._seen = None
        stopped = self.target.paused and not self.target.too_little
        if ended and self.target.power is not None and not stopped:
            await self.reapply()
        elif not self.phase_switch.under_way:
            await self.fit_power(self.charging_state)

    # -- the rest of what it can be told --

    async def set_locked(self, locked: bool) -> None:  # noqa: FBT001 - a state, not an option
        """Lock or unlock the station."""
        await self._order("locked", locked)

    async def set_solar_mode(self, mode: SolarMode) -> None:
        """Choose what the lights show; they need DIP switch S1-7, and nothing else changes."""
        await self._order("solar_mode", mode)

    async def _order(self, field: str, value: bool | SolarMode) -> None:  # noqa: FBT001 - likewise
        async with self._orders:
            with explaining():
                await self.blocks.functions.write(field, value)
        await self._look_at("functions")

    async def restart(self) -> None:
        """Start the charger's controller anew, while no car is connected."""
        restart = self.blocks.restart
        if restart is None:
            raise NotSupportedError(reason="its software is too old to be restarted from here")
        await self._refresh(("status",))
        if self.blocks.status.evse_state is not EvseState.IDLE:
            raise NotIdleError
        with explaining():
            await restart.write("word", registers.RESTART)

    async def recover(self) -> None:
        """Bring the charger out of an error; one that is in none is left alone."""
        async with self.lock:
            await self._refresh(("status",))
            if self.blocks.status.evse_state is EvseState.ERROR:
                await recovery.recover(self)

    # -- what was asked for --

    @property
    def busy(self) -> bool:
        """Whether an order is still on its way, so that what is read is not the last word."""
        return self.sender.pending or self.phase_switch.under_way or self._orders.locked()

    @property
    def wants_current(self) -> bool:
        """Whether the user ever asked for a limit or a pause: if not, both are left alone."""
        return self.target.paused or self.target.current is not None

    @property
    def holds_target(self) -> bool | None:
        """Whether the charger holds what the user asked for; None if that is not known."""
        amps, released = self.blocks.limits.current, self.blocks.functions.released
        if amps is None or released is None:
            return None
        if self.target.phases is not None and self.can_switch_phases:
            phases = self.phases
            if phases is not None and phases.value != self.target.phases:
                return False
        if self.target.paused:
            return self.current_limit == 0
        if self.target.current is None:
            return True
        return released and abs(amps - self.resume_current) < _SAME

    @property
    def blank(self) -> bool:
        """Whether the charger looks as if it had just been started: nothing set at all."""
        return self.blocks.limits.current == 0 and self.blocks.functions.released is False

    async def assert_target(self) -> None:
        """Send once more what the user asked for."""
        wanted = self.target.phases
        if self.target.paused:
            await self.send_pause()
        if wanted is not None and self.can_switch_phases and not self.phase_switch.under_way:
            phases = Phases(wanted)
            if self.phases is not phases:
                try:
                    await self.send_phases(phases)
                except PhasesRefusedError:
                    # Nothing is gained by asking for ever.
                    self._keep(phases=None)
        if self.target.current is not None and not self.target.paused:
            await self.reapply()

    def adopt(self) -> None:
        """Take what the charger holds as what is wanted: somebody else set it."""
        limit, phases = self.current_limit, self.phases
        if limit is None:
            return
        changes: dict[str, Any] = {}
        if self.target.phases is not None and phases is not None:
            changes["phases"] = phases.value
        if not self.wants_current:
            self._keep(**changes)
        elif limit == 0:
            self._keep(paused=True, **changes)
        elif self.target.current is not None and abs(limit - self.resume_current) < _SAME:
            self._keep(paused=False, **changes)
        else:
            self._keep(current=limit, power=None, paused=False, **changes)

    @override
    def restore_state(self, memory: Mapping[str, Any]) -> None:
        # Whatever was stored, by whichever version: only what can be meant is taken back.
        phases = memory.get("phases")
        self.target = Target(
            current=_at_least(MINIMUM_CURRENT, memory.get("current")),
            power=_at_least(1.0, memory.get("power")),
            # Anything unclear is a pause: that never does harm.
            paused=memory.get("paused", False) is not False,
            too_little=memory.get("too_little") is True,
            phases=phases if type(phases) is int and phases in (1, 3) else None,
            set=memory.get("set") is True,
        )

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


def _at_least(least: float, value: object) -> float | None:
    """Return a stored number, if it is one and not less than makes sense."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value >= least else None
