"""One socket as a charge point: what it offers, what is asked of it, what it charged."""

import asyncio
import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar, Final, override

from ...charging.current_driven import CurrentDriven
from ...charging.reconciler import Standing
from ...charging.target import PausedBy, Target
from ...model.charging import BlockedBy, ChargingState, Phases, first_reason, phases_carrying
from ...model.controls import Control, SelectControl
from ...model.errors import NotSupportedError, PhaseMissingError
from ...model.parts import Part
from ...model.points import Aspect, Kind, Quantity, Tier, derived
from ...polling.polled_device import Cadence, Problem
from . import registers
from .phases import PhaseSwitch
from .session import Session
from .set_point import (
    FOREIGN_PATIENCE,
    NOT_TAKEN,
    UNASKED_INTERVAL,
    WRITE_SETTING,
    SetPoint,
    order,
)
from .states import CHARGING_STATES, NOTHING_OFFERED
from .station import Station
from .troubles import troubles

_LOGGER = logging.getLogger(__name__)

IGNORED_POLLS: Final = 3
"""Looks in a row at a set-point that the charger does not use, before a person is told."""


class Socket(CurrentDriven):
    """One socket of a station."""

    current_step: ClassVar[float] = 0.1
    current_depends_on = ("status",)
    power_depends_on = ("status", "meter")
    not_taken = NOT_TAKEN
    gives_way = True
    foreign_patience = FOREIGN_PATIENCE

    def __init__(self, device: Station, number: int) -> None:
        super().__init__(device.options, device.keep_memory, device.store_memory)
        self.part = part = Part(key=f"socket_{number}", word="socket", number=number)
        self._device = device
        # Its number is its id.
        unit = device.unit(number)
        self.status = registers.Status(unit, number)
        self.meter = registers.Meter(unit, number)
        self.energy = registers.Energy(unit, number)
        self.session = Session(device.clock, device.keep_memory)
        self.switch = PhaseSwitch(
            part, self.status, self.meter, look=self.look_at, firmware=lambda: device.firmware
        )
        self.set_point = SetPoint(
            read=lambda: self.status.setpoint,
            remaining=lambda: self.status.setpoint_validity,
            write=self._write,
            look=self.look,
            rest=self.lock.rest,
            changed=device.keep_memory,
        )
        self._ignored = 0
        self.status.add_update_listener(self._note_status)
        self.meter.add_update_listener(self.switch.note)
        self.energy.add_update_listener(
            lambda: self.session.note_counter(self.energy.energy_charged)
        )

    def join(self, device: Station) -> None:
        """Become a part of the station, in the order in which the blocks are read."""
        device.add("status", self.status, Cadence.MEASUREMENTS, part=self.part)
        device.add("meter", self.meter, Cadence.MEASUREMENTS, part=self.part)
        device.add("energy", self.energy, Cadence.SETTINGS, part=self.part)

    def name(self, component: str) -> str:
        """Return the full name of a component of this socket."""
        assert self.part is not None
        return f"{self.part.key}_{component}"

    async def look_at(self, component: str) -> None:
        """Read a component of this socket now, or say why that is not possible."""
        await self._device.read_now(self.name(component))

    @override
    async def look(self) -> None:
        await self.look_at("status")

    def _note_status(self) -> None:
        self.session.note_car(plugged=self.status.plugged)
        self._ignored = self._ignored + 1 if self.status.setpoint_accounted_for is False else 0

    # -- read-back --

    @property
    @override
    def device_maximum(self) -> float:
        return self._device.highest_current

    @property
    @override
    def current_limit(self) -> float | None:
        setpoint = self.status.setpoint
        if setpoint is None:
            return None
        return setpoint if setpoint >= self.minimum_current else 0.0

    @property
    @override
    def charging_allowed(self) -> bool | None:
        limit = self.current_limit
        return None if limit is None else limit > 0

    @property
    @override
    def voltages(self) -> tuple[float | None, float | None, float | None]:
        return self.meter.voltage_l1, self.meter.voltage_l2, self.meter.voltage_l3

    @property
    @override
    def active_phases(self) -> int | None:
        return self.phases_in_use or (1 if self.switch.phases is Phases.ONE else None)

    # -- values worked out --

    @derived(ChargingState, depends_on=("status",))
    @override
    def charging_state(self) -> ChargingState | None:
        """What car and charger are doing."""
        state = self.status.mode3_state
        return None if state is None else CHARGING_STATES[state]

    @derived(BlockedBy, depends_on=("status",))
    def blocked_by(self) -> BlockedBy | None:
        """Why no energy flows; None where the charger offers nothing and does not say why."""
        status, in_network = self.status, self._device.network_rules
        in_safe_current = self.safe_current_active
        offered = status.current_offered
        paused = self._device.network_paused if in_network else self.charging_allowed is False
        reason = first_reason(
            self.charging_state,
            {
                # In safe current the set-point reads as the safe current: no client paused.
                BlockedBy.PAUSED: paused and not in_safe_current and not self.switch.switching,
                BlockedBy.STATION_LOCKED: status.operative is False,
                # A safe current that is high enough is no reason not to charge.
                BlockedBy.COMMUNICATION_TIMEOUT: bool(in_safe_current)
                and offered is not None
                and offered < self.minimum_current,
                # In a network it is not the socket's own set-point that counts.
                BlockedBy.NOT_ACCOUNTED_FOR: not in_network
                and status.setpoint_accounted_for is False,
                BlockedBy.PHASE_SWITCHING: self.switch.switching,
            },
        )
        if reason is BlockedBy.VEHICLE and status.mode3_state in NOTHING_OFFERED:
            return None
        return reason

    @derived(Quantity.COUNT, depends_on=("meter",))
    def phases_in_use(self) -> int | None:
        """How many phases carry current."""
        return phases_carrying(self.meter.currents)

    @derived(Aspect.PROBLEM, depends_on=("status",))
    def safe_current_active(self) -> bool | None:
        """Whether the charger is on its own and charges with its safe current.

        A set-point that asks for as much or as little as the safe current is in force like
        any other; only its validity tells. In a network it is the network's that counts.
        """
        if self._device.network_rules:
            return self._device.network_safe_current
        status = self.status
        if status.setpoint_validity == 0:
            return True
        values = (status.current_offered, status.safe_current, status.setpoint)
        offered, safe, setpoint = values
        if offered is None or safe is None or setpoint is None:
            return None if status.setpoint_validity is None else False
        return offered == safe < setpoint

    @derived(Quantity.DURATION, depends_on=("status",), tier=Tier.DETAIL)
    def communication_timeout(self) -> float | None:
        """After how many seconds without a write the charger falls to its safe current.

        It cannot be read, so it is not known before the first write.
        """
        return self.set_point.validity

    @derived(Quantity.SESSION_ENERGY, depends_on=("status", "energy"))
    def session_energy(self) -> float | None:
        """What the present or last session charged."""
        return self.session.energy

    @derived(Quantity.DURATION, depends_on=("status",))
    def session_duration(self) -> float | None:
        """How long the car has been connected, in whole seconds."""
        duration = self.session.duration
        return None if duration is None else float(int(duration))

    @derived(Kind.MOMENT, depends_on=("status",), tier=Tier.DETAIL)
    def session_start(self) -> datetime | None:
        """When the present or last session began."""
        return self.session.started

    # -- orders --

    @property
    def pause_current(self) -> float:
        """What is written to pause.

        Both 0 A and 5 A are in use with real chargers. That 0 works on every firmware is
        not proved (UNCONFIRMED), so it can be changed.
        """
        return float(self.options.extra.get("pause_current") or 0)

    @property
    def held(self) -> float | None:
        """What the set-point should hold now; None if nothing was asked for."""
        if self.switch.switching:
            return self.pause_current
        if not self.target.set:
            return None
        return self.pause_current if self.target.paused else self._allowed(self.resume_current)

    def _allowed(self, amps: float) -> float:
        """Return what may be written of a current: within the bounds, or a pause."""
        bounds = self.current_bounds()
        amps = bounds.accept(min(amps, bounds.maximum))
        return amps if amps >= self.minimum_current else self.pause_current

    async def _write(self, amps: float) -> None:
        await self._device.meet()
        await order(lambda: self.status.write("setpoint", amps), setting=WRITE_SETTING)

    @override
    async def send_current(self, amps: float) -> None:
        await self._send(amps)

    @override
    async def send_pause(self) -> None:
        await self._send(self.pause_current)

    async def _send(self, amps: float) -> None:
        # While phases are switched the charger has to stay paused; what is asked for now
        # is what it goes on with.
        if not self.switch.switching:
            await self.set_point.put(amps)

    async def set_phases(self, phases: Phases) -> None:
        """Charge on one phase or on three from now on; takes up to a minute.

        The lock is held only while something is written: meanwhile a limit or a pause is taken
        down at once, and the charger goes on with it.
        """
        if phases is Phases.AUTOMATIC:
            raise NotSupportedError(reason="it does not choose its phases by itself")
        if not self.switch.supplied:
            raise PhaseMissingError
        self._hand_over()
        await self._use(phases)

    @property
    @override
    def can_switch_phases(self) -> bool:
        return self.switch.supplied

    @property
    @override
    def switches_in_one(self) -> bool:
        return True

    @property
    @override
    def phases_ordered(self) -> Phases | None:
        return self.switch.phases

    @override
    async def command(self, amps: float, phases: Phases | None = None, *, until: float) -> None:
        await super().command(amps, until=until)
        # Without the lock: what is commanded meanwhile is what the charger goes on with.
        if phases is not None and not self.switch.switching and self.switch.supplied:
            await self._use(phases)

    async def _use(self, phases: Phases) -> None:
        # The phases that are about to be left are no answer to an order for them now.
        if self.switch.switching or self.switch.phases is not phases:
            await self._switch(phases)
        self.orders.note(replace(self.target, phases=phases.value))

    async def _switch(self, phases: Phases) -> None:
        before = self.status.setpoint

        async def pause() -> None:
            await self.set_aside(lambda: self.set_point.put(self.pause_current))

        async def resume() -> None:
            self._brace(phases)
            await self.set_aside(lambda: self._go_on_from(before))

        try:
            await self.switch.switch(
                phases, pause=pause, resume=resume, hold=self.set_aside, rest=self.lock.rest
            )
        except asyncio.CancelledError:
            # The next renewal goes on, on whatever phases there are by now.
            self._brace(phases)
            raise

    async def _go_on_from(self, before: float | None) -> None:
        if self.held is not None:
            await self.set_point.put(self.held)
        elif before is not None:
            await self.set_point.put(self._allowed(before))

    def _brace(self, phases: Phases) -> None:
        """Before other phases are used, make sure that the wanted power is enough for them.

        Until the car shows how many it uses it gets no more than fits all of them, and no less
        than it can charge with.
        """
        power, volts = self.target.power, [volt for volt in self.voltages if volt]
        if power is None or not volts:
            return
        fitting = max(power / sum(volts[: phases.value]), self.minimum_current)
        bounds = self.current_bounds()
        fitting = bounds.accept(min(fitting, bounds.maximum))
        self.orders.note(replace(self.target, current=min(self.resume_current, fitting)))
        # Other phases were asked for: what they are enough for goes on at once.
        self.forget_phases()

    # -- keeping it in force --

    @property
    @override
    def standing(self) -> Standing:
        return self.set_point.judge(self.held)

    @property
    def interval(self) -> float:
        """Seconds between two renewals."""
        return UNASKED_INTERVAL if self.held is None else self.set_point.interval

    @override
    async def follow(self) -> None:
        self.set_point.note(self.held)
        await super().follow()
        if self.set_point.runs_low and self.standing is Standing.KEPT:
            await self._renew()

    async def renew(self) -> None:
        """Look at what is in force, and renew it if it is still what was asked for."""
        if self.held is None:
            return
        await self._device.meet()
        async with self.ordering():
            await self.look()
            self.set_point.note(self.held)
            if self.standing is Standing.KEPT:
                await self._renew()
            elif self.standing is Standing.LOST:
                await self.assert_target()
            else:
                await self.reconciler.after_poll()

    async def _renew(self) -> None:
        # Asked only here: an order may have changed it while this waited.
        if (value := self.held) is not None:
            await self.set_point.renew(value)

    @override
    async def assert_target(self) -> None:
        if (value := self.held) is not None:
            await self.set_point.put(value)

    @override
    def adopt_held(self) -> None:
        """Leave the set-point to the client that writes it now."""
        setpoint = self.status.setpoint
        assert setpoint is not None, "a foreign set-point is a value"
        _LOGGER.warning("%s: another client writes its set-point", self.name("status"))
        self.set_point.release()
        current = setpoint if setpoint >= self.minimum_current else self.target.current
        # No target is left, neither a power nor anything else.
        self.orders.note(
            Target(
                current=current,
                paused_by=PausedBy.PERSON if setpoint < self.minimum_current else None,
                phases=self.target.phases,
            )
        )

    # -- what a person should put right --

    def problems(self) -> Iterator[Problem]:
        """Yield what stands in the way of a reliable set-point."""
        # In a network that is as it should be, unless this socket was asked for a limit.
        asked_in_vain = self.target.set and not self._device.network_asked
        in_vain = not self._device.network_rules or asked_in_vain
        if self._ignored >= IGNORED_POLLS and in_vain:
            yield Problem(key="not_accounted_for", part=self.part, details={})
        yield from troubles((self.set_point,), part=self.part)
        yield from self.switch.problems()

    # -- memory --

    @override
    def dump_state(self) -> dict[str, Any]:
        return {
            **super().dump_state(),
            "sent": self.set_point.sent,
            "session": self.session.dump_state(),
            "counted": sorted(self.energy.counted),
        }

    @override
    def restore_state(self, memory: Mapping[str, Any]) -> None:
        super().restore_state(memory)
        self.set_point.sent = memory.get("sent")
        if "before" in memory:
            # It is not known whether the last order got through: its value is ours as well.
            newest = Target.load(memory, least=self.minimum_current)
            self.set_point.assume_sent(self.pause_current if newest.paused else newest.current)
        self.session.restore_state(memory.get("session", {}))
        self.energy.counted.update(memory.get("counted", ()))

    # -- controls --

    def controls(self) -> Iterator[Control]:
        """Yield what this socket can be asked to do."""
        yield from self.shared_controls()
        # A unit on one phase never gets three; one that was not measured yet may have them.
        if self.switch.supplied or not self._device.available((self.name("meter"),)):
            yield SelectControl(
                key="phases",
                part=self.part,
                depends_on=("status", "meter"),
                options=(Phases.ONE, Phases.THREE),
                read=lambda: self.switch.phases,
                write=self.set_phases,
                usable=lambda: self.switch.supplied,
            )
