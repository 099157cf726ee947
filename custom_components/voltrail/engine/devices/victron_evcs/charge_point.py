"""The one charge point of the charging station."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import ClassVar, Final, override

from ...charging.current_driven import CurrentDriven
from ...charging.reconciler import Standing
from ...model.charging import MINIMUM_CURRENT, BlockedBy, ChargingState, Phases, first_reason
from ...model.controls import ButtonControl, Control, SelectControl, SwitchControl, shown
from ...model.errors import NotAppliedError, NotNowError, ReadOnlyError
from ...model.explaining import explaining
from ...model.points import Quantity, Tier, derived
from ...polling.polled_device import PolledDevice
from ..victron_charging_station import (
    HARDWARE_LIMIT,
    STATES,
    SWITCHING,
    EvChargerMode,
    EvChargerStatus,
)
from . import registers

NOMINAL_VOLTAGE: Final = 230.0
"""It measures none."""

IN_USE: Final = 100.0
"""W from which a phase is in use."""

STOPS_WITHIN: Final = 5.0
"""Seconds in which it stops the car, before its phases are changed."""

RELAYS_WITHIN: Final = 60.0
"""Seconds after which it has changed its phases, or never will."""

_OWN_RULE: Final = (
    EvChargerStatus.WAITING_FOR_SUN,
    EvChargerStatus.LOW_STATE_OF_CHARGE,
    EvChargerStatus.CHARGING_LIMIT,
)
_PASSING: Final = (
    EvChargerStatus.START_CHARGING,
    EvChargerStatus.STOP_CHARGING,
    *SWITCHING,
)


class EvcsPoint(CurrentDriven):
    """The charging station as a charge point.

    Orders hold in manual mode only, and the mode is never changed for them. It has no life sign
    and no fallback: the last current and start stand for ever.
    """

    # Whether a set-point wears its memory is UNCONFIRMED.
    spacing: ClassVar[float] = 5.0
    current_depends_on: ClassVar[tuple[str, ...]] = ("main",)
    power_depends_on: ClassVar[tuple[str, ...]] = ("main",)
    largest_current: ClassVar[float] = HARDWARE_LIMIT

    def __init__(self, device: PolledDevice, station: registers.Station) -> None:
        super().__init__(device.options, device.keep_memory, device.store_memory)
        self._device = device
        self.station = station
        self.phase_hardware: registers.PhaseHardware | None = None
        self._car_was_away = False
        self._changes_phases = False

    # -- what it holds --

    @property
    def known(self) -> bool:
        """Whether it is one of those whose registers are known; others are only read."""
        return self.station.product_id in registers.PRODUCTS

    @property
    def manual(self) -> bool:
        """Whether it would do what it is told."""
        return self.station.ev_charger_mode is EvChargerMode.MANUAL

    @property
    @override
    def writable(self) -> bool:
        return self.known and self.manual

    @property
    def _larger(self) -> registers.LargerStation | None:
        return self.station if isinstance(self.station, registers.LargerStation) else None

    @property
    @override
    def minimum_current(self) -> float:
        larger = self._larger
        least = None if larger is None else larger.minimum_current
        return max(MINIMUM_CURRENT, least or 0)

    @property
    @override
    def device_maximum(self) -> float:
        return min(HARDWARE_LIMIT, self.station.maximum_current or HARDWARE_LIMIT)

    @property
    def _away(self) -> bool:
        return self.station.ev_charger_status is EvChargerStatus.DISCONNECTED

    @property
    @override
    def current_limit(self) -> float | None:
        started = self.charging_allowed
        return None if started is None else self.station.set_current if started else 0.0

    @property
    @override
    def charging_allowed(self) -> bool | None:
        started = self.station.started
        if started is None:
            return None
        # Without a car a start falls back by itself, so that alone is no pause.
        waits_for_car = self._away and self.asked and not self.target.paused
        return bool(started) or waits_for_car

    @property
    @override
    def voltages(self) -> tuple[float | None, float | None, float | None]:
        other = None if self.phases is Phases.ONE else NOMINAL_VOLTAGE
        return (NOMINAL_VOLTAGE, other, other)

    @property
    @override
    def active_phases(self) -> int | None:
        station = self.station
        powers = (station.power_l1, station.power_l2, station.power_l3)
        return sum(1 for power in powers if power is not None and power > IN_USE) or None

    @derived(Quantity.COUNT, depends_on=("main",))
    def phases_in_use(self) -> int | None:
        """How many phases carry power."""
        return self.active_phases

    @derived(ChargingState, depends_on=("main",))
    @override
    def charging_state(self) -> ChargingState | None:
        """What car and charger are doing."""
        station = self.station
        status = station.ev_charger_status
        if status is EvChargerStatus.CHARGING_LIMIT and (station.power or 0) > IN_USE:
            # What it means is UNCONFIRMED; the power tells.
            return ChargingState.CHARGING
        return None if status is None else STATES.get(status)

    @derived(BlockedBy, depends_on=("main",))
    def blocked_by(self) -> BlockedBy | None:
        """Why no energy flows."""
        status = self.station.ev_charger_status
        return first_reason(
            self.charging_state,
            {
                BlockedBy.PAUSED: self.manual and not self.station.started,
                BlockedBy.NOT_AUTHORISED: status is EvChargerStatus.WAITING_FOR_RFID,
                # Its own mode decides.
                BlockedBy.NOT_ACCOUNTED_FOR: not self.manual and status in _OWN_RULE,
                BlockedBy.PHASE_SWITCHING: status in SWITCHING,
            },
        )

    @derived(Quantity.CURRENT, depends_on=("main",))
    def current_offered(self) -> float | None:
        """What it offers to the car; in its other modes no register tells."""
        offering = self.charging_state is ChargingState.CHARGING
        return self.station.set_current if self.manual and offering else None

    @property
    @override
    def standing(self) -> Standing:
        if not self.manual:
            return Standing.UNKNOWN
        if self.station.ev_charger_status in _PASSING or self._changes_phases:
            return Standing.WAIT
        return super().standing

    @override
    async def look(self) -> None:
        await self._device.refresh(("main",))

    @override
    async def follow(self) -> None:
        """After a poll: a car that came may have found it stopped, or may have started it."""
        if self._car_was_away and not self._away:
            self.mark()
        self._car_was_away = self._away
        await super().follow()

    # -- orders --

    @override
    async def send_current(self, amps: float) -> None:
        await self._require_manual_mode()
        # The current first, so that it does not begin with the one from before.
        await self._write("set_current", int(amps))
        if not self.station.started:
            await self._write("started", 1, checked=not self._away)

    @override
    async def send_pause(self) -> None:
        await self._require_manual_mode()
        await self._write("started", 0)

    @override
    async def _go_on(self) -> None:
        await self._require_manual_mode()
        await super()._go_on()

    async def _require_manual_mode(self) -> None:
        if not self.known:
            raise ReadOnlyError
        await self._device.read_now("main")
        if not self.manual:
            raise NotNowError(reason="the charging station is not in manual mode")

    async def _write(self, field: str, value: int, *, checked: bool = True) -> None:
        """Write a register, and see that the station holds it: its answer proves nothing."""
        with explaining():
            await self.station.write(field, value)
        await self._device.read_now("main")
        if checked and getattr(self.station, field) != value:
            await self.lock.rest(1.0)
            await self._device.read_now("main")
        found = getattr(self.station, field)
        if checked and found != value:
            raise NotAppliedError(
                asked=shown(value), found="nothing" if found is None else shown(found)
            )

    # -- phases --

    @property
    def switches_phases(self) -> bool:
        """Whether it has the hardware to change its phases."""
        hardware = self.phase_hardware
        return self._larger is not None and hardware is not None and hardware.switchable == 1

    @property
    def phases(self) -> Phases | None:
        """The phases of the manual mode; None where it cannot change them."""
        larger = self._larger
        if larger is None or not self.switches_phases:
            return None
        return {0: Phases.THREE, 1: Phases.ONE}.get(larger.one_phase or 0)

    async def set_phases(self, phases: Phases) -> None:
        """Change the phases of the manual mode: pause, write, wait for the relays, go on."""
        if self._changes_phases:
            raise NotNowError(reason="the phases are being changed")
        self._changes_phases = True
        try:
            await self.set_aside(lambda: self._change_phases(phases))
            await self._relays()
        finally:
            self._changes_phases = False
            self.forget_phases()
            self.mark()
        await self.reconcile()

    async def _change_phases(self, phases: Phases) -> None:
        await self._require_manual_mode()
        if self.station.started:
            await self._write("started", 0)
            await self.lock.rest(STOPS_WITHIN)
        await self._write("one_phase", int(phases is Phases.ONE))

    async def _relays(self) -> None:
        loop = asyncio.get_running_loop()
        ends = loop.time() + RELAYS_WITHIN
        await asyncio.sleep(STOPS_WITHIN)
        while loop.time() < ends:
            await self._device.refresh(("main",))
            if self.station.ev_charger_status not in SWITCHING:
                return
            await asyncio.sleep(STOPS_WITHIN)

    @override
    async def carry_out_command(self, amps: float, phases: Phases | None) -> None:
        if phases is not None and self.switches_phases and phases is not self.phases:
            await self._change_phases(phases)
        await super().carry_out_command(amps, phases)

    # -- controls --

    async def _set(self, field: str, value: int) -> None:
        async def order() -> None:
            if not self.known:
                raise ReadOnlyError
            await self._write(field, value)

        await self.set_aside(order)

    def controls(self, restart: Callable[[], Awaitable[None]] | None) -> Iterator[Control]:
        """Yield what it can be asked to do."""
        if not self.known:
            return
        yield from self.shared_controls()
        if self.switches_phases:
            yield SelectControl(
                key="phases",
                depends_on=("main",),
                options=(Phases.ONE, Phases.THREE),
                read=lambda: self.phases,
                write=self.set_phases,
                usable=lambda: self.manual and not self._changes_phases,
            )
        yield SelectControl(
            key="ev_charger_mode",
            depends_on=("main",),
            options=tuple(EvChargerMode),
            read=lambda: self.station.ev_charger_mode,
            write=lambda mode: self._set("ev_charger_mode", int(mode)),
        )
        yield SwitchControl(
            key="autostart",
            depends_on=("main",),
            tier=Tier.EXPERT,
            read=lambda: None if self.station.autostart is None else bool(self.station.autostart),
            write=lambda on: self._set("autostart", int(on)),
        )
        if restart is not None:
            yield ButtonControl(
                key="restart",
                depends_on=("main",),
                tier=Tier.DETAIL,
                press=restart,
                restarts=True,
            )
