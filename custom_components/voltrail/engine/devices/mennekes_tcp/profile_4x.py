"""A charger of profile 4X: what it serves, and how it takes orders."""

from collections.abc import Callable, Iterator
from typing import Final, override

from ...charging.reconciler import Standing
from ...charging.target import PausedBy, Target
from ...model.charging import BlockedBy, Phases
from ...model.controls import Bounds
from ...model.explaining import explaining
from ...polling.polled_device import Cadence, PolledDevice, Problem
from . import registers_4x as registers
from .charge_point import MennekesPoint
from .option_fields import ONE_PHASE_POWER
from .registers_shared import Fallback, NetworkCurrents, NetworkLimits, Operator
from .states import (
    Authorisation,
    HemsAccess,
    HemsStatus,
    NetworkRole,
    OcppStatus,
    PhaseSwitchMode,
)

NOMINAL_VOLTAGE: Final = 230

THREE_PHASE_POWER: Final = 3 * 6 * NOMINAL_VOLTAGE
"""The least that three phases make."""


class Profile4X(MennekesPoint):
    """The charge point of a 4Business or 4You."""

    current_depends_on = ("limits", "hems")
    power_depends_on = ("limits", "hems")

    def __init__(self, device: PolledDevice, model: str, *, since_1_5: bool) -> None:
        unit = device.modbus_unit
        self._model = model
        self._power_ceiling: float | None = None
        self._adopted: object = None
        """What the registers held, and the target that was made of it."""
        self.status = device.add("status", registers.Status(unit), Cadence.MEASUREMENTS)
        self.vehicle = device.add("vehicle", registers.Vehicle(unit), Cadence.MEASUREMENTS)
        self.meter = device.add("meter", registers.Meter(unit), Cadence.MEASUREMENTS)
        signal = device.add("signal", registers.Signal(unit), Cadence.MEASUREMENTS)
        self.began = signal
        self.session = device.add("session", registers.Session(unit), Cadence.MEASUREMENTS)
        self.limits: registers.Limits | registers.OldLimits = device.add(
            "limits",
            registers.Limits(unit) if since_1_5 else registers.OldLimits(unit),
            Cadence.MEASUREMENTS,
        )

        fallback = device.add("fallback", Fallback(unit), Cadence.SETTINGS)
        device.add("operator", Operator(unit), Cadence.SETTINGS)
        self.station = device.add("station", registers.Station(unit), Cadence.SETTINGS)
        self.ended = device.add("ending", registers.Ending(unit), Cadence.SETTINGS)
        self.device_name: registers.DeviceName | registers.OldDeviceName = device.add(
            "device_name",
            registers.DeviceName(unit) if since_1_5 else registers.OldDeviceName(unit),
            Cadence.SETTINGS,
        )
        self.hems: registers.Hems | None = None
        self.phase_switch: registers.PhaseSwitch | None = None
        self.permission: registers.Permission | None = None
        self.network: registers.Network | None = None
        if since_1_5:
            self.hems = device.add("hems", registers.Hems(unit), Cadence.SETTINGS)
            self.phase_switch = device.add(
                "phase_switch", registers.PhaseSwitch(unit), Cadence.SETTINGS
            )
            self.permission = device.add("permission", registers.Permission(unit), Cadence.SETTINGS)
            self.network = device.add("network", registers.Network(unit), Cadence.SETTINGS)
        super().__init__(
            device, vehicle=self.vehicle, meter=self.meter, signal=signal, fallback=fallback
        )

    def add_network(self, device: PolledDevice) -> None:
        """Add what only the master of a group reports."""
        unit = device.modbus_unit
        self.network_limits = device.add("network_limits", NetworkLimits(unit), Cadence.SETTINGS)
        device.add("network_source", registers.NetworkSource(unit), Cadence.SETTINGS)
        device.add("network_currents", NetworkCurrents(unit), Cadence.SETTINGS)
        device.add("network_fallback", registers.NetworkFallback(unit), Cadence.SETTINGS)
        device.add("network_consumption", registers.NetworkConsumption(unit), Cadence.SETTINGS)

    @property
    @override
    def leads_network(self) -> bool:
        return self.network is not None and self.network.network_role is NetworkRole.MASTER

    # -- what it may be asked --

    @property
    @override
    def writable(self) -> bool:
        """Whether an energy manager may write; before protocol 1.5 there is no telling."""
        return self.hems is None or self.hems.hems_access is HemsAccess.READ_AND_WRITE

    def _switches_by(self, mode: PhaseSwitchMode) -> bool:
        return self.phase_switch is not None and self.phase_switch.phase_switch_mode is mode

    @property
    @override
    def device_maximum(self) -> float:
        """16 A or 32 A, from the highest power it accepts and from its model name.

        How a current above the electrical limit of an 11 kW unit is treated is not
        documented (UNCONFIRMED), so the lower of the two is taken.
        """
        candidates = [32.0]
        highest = None if self.hems is None else self.hems.power_limit_maximum
        if highest:
            # No unit is rated for less than 16 A, so a smaller result means one phase.
            on_three, on_one = (round(highest / (NOMINAL_VOLTAGE * n)) for n in (3, 1))
            candidates.append(float(on_three if on_three >= 16 else max(6, on_one)))
        if "11" in self._model.split():
            candidates.append(16.0)
        return min(candidates)

    @property
    def _phases_at_most(self) -> int:
        return 1 if self._switches_by(PhaseSwitchMode.ONE_PHASE) else 3

    @property
    def _lowest_power(self) -> float:
        known = None if self.hems is None else self.hems.power_limit_minimum
        return known or 6 * NOMINAL_VOLTAGE

    @property
    def _highest_power(self) -> float:
        known = self._power_ceiling if self.hems is None else self.hems.power_limit_maximum
        return known or self.device_maximum * NOMINAL_VOLTAGE * self._phases_at_most

    @property
    @override
    def primary_limit(self) -> str:
        """The power, where the charger chooses its phases by it."""
        return "power_limit" if self._switches_by(PhaseSwitchMode.DYNAMIC) else "current_limit"

    @override
    def power_bounds(self) -> Bounds:
        """Return the range of the charger, capped by the installer's limit per phase."""
        cap = self.current_bounds().maximum * NOMINAL_VOLTAGE * self._phases_at_most
        return Bounds(minimum=0, maximum=min(self._highest_power, cap), step=1)

    @override
    def current_bounds(self) -> Bounds:
        bounds = super().current_bounds()
        return Bounds(minimum=0, maximum=bounds.maximum, step=0.1)

    # -- read-back --

    @property
    def _current_held(self) -> float | None:
        """The current limit register, the finer one where both agree."""
        whole, tenths = self.limits.current, self.limits.tenths
        if whole is None:
            return None
        if tenths is not None and tenths // 10 == whole:
            return tenths / 10
        return float(whole)

    @property
    def _paused(self) -> bool | None:
        if self._current_held is None or self.limits.power is None:
            return None
        return self._current_held == 0 or self.limits.power == 0

    @property
    @override
    def current_limit(self) -> float | None:
        return 0.0 if self._paused else self._current_held

    @property
    @override
    def power_limit(self) -> float | None:
        power = self.limits.power
        if self._paused or power is None:
            return 0.0 if self._paused else None
        return min(power, self.power_bounds().maximum)

    @property
    @override
    def charging_allowed(self) -> bool | None:
        paused = self._paused
        return None if paused is None else not paused

    @property
    @override
    def faulted(self) -> bool:
        return self.status.ocpp_status is OcppStatus.FAULTED

    @override
    def _reasons(self) -> dict[BlockedBy, bool | None]:
        reasons = super()._reasons()
        reasons[BlockedBy.STATION_LOCKED] = self.vehicle.operative is False
        if self.permission is not None:
            reasons[BlockedBy.NOT_AUTHORISED] = (
                self.permission.authorisation is Authorisation.NOT_AUTHORISED
            )
        if self.hems is not None:
            # With a safe current on offer the car could draw.
            reasons[BlockedBy.COMMUNICATION_TIMEOUT] = self.timed_out and not self._offers
            # It ignores our orders, so another program keeps it waiting.
            reasons[BlockedBy.READ_ONLY] = not self.writable and not self._offers
        if self.phase_switch is not None:
            # Only in dynamic mode does the register mean anything.
            reasons[BlockedBy.PHASE_SWITCHING] = (
                self._switches_by(PhaseSwitchMode.DYNAMIC) and self.phase_switch.phase_switching
            )
        return reasons

    # -- orders --

    @override
    async def send_current(self, amps: float) -> None:
        """Limit the current, and then take away the limit of power.

        The lower of both limits wins, and only one of them is ever meant. The one that is
        meant is written first, so that in between the charger never gets more than before
        or more than asked for.
        """
        await self._write_current(amps)
        await self._lift_power()

    @override
    async def send_pause(self) -> None:
        await self._write_current(0)

    @override
    async def set_power_limit(self, watts: float) -> None:
        """Limit the power; in dynamic mode the charger also chooses its phases by it.

        The current limit then only keeps what the installer allows.
        """
        lowers = not self.target.paused and watts < self._watts(self.target)
        async with self.ordering(urgent=lowers):
            self._hand_over()
            watts = self.power_limit_bounds().accept(watts)
            if watts < self._lowest_power:
                await self._pause(PausedBy.PERSON)
                return
            if (
                self._switches_by(PhaseSwitchMode.DYNAMIC)
                and self.one_phase_power < watts < THREE_PHASE_POWER
            ):
                # Too much for one phase and too little for three: some do not start at all.
                watts = self.one_phase_power
            await self._carry_out(self.target.powered(watts), lambda: self._send_power(watts))

    @property
    def one_phase_power(self) -> float:
        """The most that makes the charger use one phase."""
        return float(self.options.extra.get("one_phase_power") or ONE_PHASE_POWER)

    @property
    @override
    def switches_by_power(self) -> bool:
        return self._switches_by(PhaseSwitchMode.DYNAMIC)

    @property
    @override
    def can_switch_phases(self) -> bool:
        return self.switches_by_power

    @override
    async def carry_out_command(self, amps: float, phases: Phases | None) -> None:
        if phases is None or not self.switches_by_power or amps < self.minimum_current:
            await super().carry_out_command(amps, phases)
            return
        meter = self.meter
        volts = [volt for volt in (meter.voltage_l1, meter.voltage_l2, meter.voltage_l3) if volt]
        watts = float(int(amps * phases.value * min(volts, default=NOMINAL_VOLTAGE)))
        # Never in between, where some do not start at all.
        if phases is Phases.ONE:
            watts = min(watts, self.one_phase_power)
        else:
            watts = max(watts, THREE_PHASE_POWER)
        watts = min(watts, self.power_bounds().maximum)
        await self._carry_out(self.target.powered(watts), lambda: self._send_power(watts))

    async def _send_power(self, watts: float) -> None:
        await self._write_power(watts)
        await self._write_current(self.current_bounds().maximum)

    @override
    async def _go_on(self) -> None:
        power = self.target.power
        if power is None:
            await super()._go_on()
            return
        # The installer may have lowered what is possible.
        watts = min(power, self.power_bounds().maximum)
        await self._carry_out(self.target.powered(power), lambda: self._send_power(watts))

    @override
    def cautious(self, before: Target, wanted: Target) -> Target:
        if before.paused or wanted.paused:
            return super().cautious(before, wanted)
        return wanted if self._watts(wanted) < self._watts(before) else before

    def _watts(self, target: Target) -> float:
        """Return the power that a target lets through."""
        if target.power is not None:
            return target.power
        return (target.current or 0.0) * NOMINAL_VOLTAGE * self._phases_at_most

    async def _write_current(self, amps: float) -> None:
        # Whole ampere go to the register that every known client uses; only a fraction
        # needs the finer one.
        whole = amps == int(amps)
        field, value = ("current", int(amps)) if whole else ("tenths", round(amps * 10))
        await self._write(field, value, amps, lambda: self._current_held)

    async def _write_power(self, watts: float) -> None:
        await self._write("power", int(watts), int(watts), lambda: self.limits.power)

    async def _lift_power(self) -> None:
        """Take the limit of power out of the way."""
        power, highest = self.limits.power, self._highest_power
        if power is None or power >= highest:
            return
        if self.hems is not None:
            await self._write_power(highest)
            return
        # Before protocol 1.5 nothing tells the highest power. It is what the charger makes
        # of too high a one.
        with explaining():
            await self.limits.write("power", int(highest))
        await self._device.read_now("limits")
        self._power_ceiling = self.limits.power

    async def _write(
        self, field: str, value: int, asked: float, read: Callable[[], float | None]
    ) -> None:
        await self.write_and_check("limits", lambda: self.limits.write(field, value), asked, read)

    @property
    @override
    def standing(self) -> Standing:
        held, target = (self._current_held, self.limits.power), self.target
        current, power = held
        if self.timed_out:
            return Standing.LOST
        if current is None or power is None:
            return Standing.UNKNOWN
        if self._adopted == (held, target):
            return Standing.KEPT
        if target.paused:
            kept = current == 0 or power == 0
        elif target.power is not None:
            watts = min(target.power, self.power_bounds().maximum)
            kept = power == int(watts) and 0 < current <= self.current_bounds().maximum
        else:
            right = target.current is None or current == self.resume_current
            kept = right and power >= self._highest_power
        return Standing.KEPT if kept else Standing.OTHER

    @override
    def adopt_held(self) -> None:
        current, power = self._current_held, self.limits.power
        if current is None or power is None:
            return
        if current and 0 < power < self._highest_power:
            # Both may be limited. The target is then what both together allow.
            phases = 1 if power < THREE_PHASE_POWER else self._phases_at_most
            together = min(power, int(current * NOMINAL_VOLTAGE * phases))
            self.orders.note(self.target.powered(float(together)))
            self._adopted = (current, power), self.target
        else:
            super().adopt_held()

    @property
    @override
    def timed_out(self) -> bool:
        return self.hems is not None and self.hems.hems_status is HemsStatus.TIMEOUT

    # -- what a person should put right --

    @override
    def problems(self) -> Iterator[Problem]:
        if self.hems is not None and self.hems.hems_access in (
            HemsAccess.OFF,
            HemsAccess.READ_ONLY,
        ):
            yield Problem(key="read_only", details={})
        yield from super().problems()
