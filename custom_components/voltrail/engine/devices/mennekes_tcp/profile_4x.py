"""A charger of profile 4X: what it serves, and how it takes orders."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, override

from ...charger import BlockedBy
from ...controls import Bounds, Control, NumberControl
from ...device import Cadence, Problem, VoltrailDevice
from ...errors import ReadOnlyError, explaining
from ...points import Quantity, Tier
from . import registers_4x as registers
from .charge_point import MennekesPoint, SteadyVehicle
from .states import Authorisation, HemsAccess, HemsStatus, NetworkRole, PhaseSwitchMode

NOMINAL_VOLTAGE: Final = 230

SAFE_CURRENT_BOUNDS: Final = Bounds(minimum=0, maximum=32, step=1)
# What the register takes is not documented (UNCONFIRMED); another integration offers
# these and was used on a real charger.
TIMEOUT_BOUNDS: Final = Bounds(minimum=1, maximum=300, step=1)


class Profile4X(MennekesPoint):
    """The charge point of a 4Business or 4You."""

    current_needs = ("limits", "hems")
    power_needs = ("limits", "hems")

    def __init__(self, device: VoltrailDevice, model: str, *, since_1_5: bool) -> None:
        unit = device.modbus_unit
        self._model = model
        self.device_name: registers.DeviceName | registers.OldDeviceName = device.add(
            "device_name",
            registers.DeviceName(unit) if since_1_5 else registers.OldDeviceName(unit),
            Cadence.IDENTITY,
        )
        self.status = device.add("status", registers.Status(unit), Cadence.MEASUREMENTS)
        self.vehicle = device.add("vehicle", registers.Vehicle(unit), Cadence.MEASUREMENTS)
        self.meter = device.add("meter", registers.Meter(unit), Cadence.MEASUREMENTS)
        self.signal = device.add("signal", registers.Signal(unit), Cadence.MEASUREMENTS)
        self.session = device.add("session", registers.Session(unit), Cadence.MEASUREMENTS)
        self.limits: registers.Limits | registers.OldLimits = device.add(
            "limits",
            registers.Limits(unit) if since_1_5 else registers.OldLimits(unit),
            Cadence.MEASUREMENTS,
        )

        self.fallback = device.add("fallback", registers.Fallback(unit), Cadence.SETTINGS)
        device.add("operator", registers.Operator(unit), Cadence.SETTINGS)
        self.station = device.add("station", registers.Station(unit), Cadence.SETTINGS)
        device.add("ending", registers.Ending(unit), Cadence.SETTINGS)
        self.hems: registers.Hems | None = None
        self.phase_switch: registers.PhaseSwitch | None = None
        self.permission: registers.Permission | None = None
        self.network: registers.Network | None = None
        self.network_limits: registers.NetworkLimits | None = None
        if since_1_5:
            self.hems = device.add("hems", registers.Hems(unit), Cadence.SETTINGS)
            self.phase_switch = device.add(
                "phase_switch", registers.PhaseSwitch(unit), Cadence.SETTINGS
            )
            self.permission = device.add("permission", registers.Permission(unit), Cadence.SETTINGS)
            self.network = device.add("network", registers.Network(unit), Cadence.SETTINGS)

        steady = SteadyVehicle(self.vehicle)
        self.vehicle.add_update_listener(steady.settle)
        super().__init__(
            device.options,
            device.keep_memory,
            vehicle=steady,
            meter=self.meter,
            refresh=device.refresh,
        )

    def add_network(self, device: VoltrailDevice) -> None:
        """Add what only the master of a group reports."""
        unit = device.modbus_unit
        self.network_limits = device.add(
            "network_limits", registers.NetworkLimits(unit), Cadence.SETTINGS
        )
        device.add("network_source", registers.NetworkSource(unit), Cadence.SETTINGS)
        device.add("network_currents", registers.NetworkCurrents(unit), Cadence.SETTINGS)
        device.add("network_fallback", registers.NetworkFallback(unit), Cadence.SETTINGS)
        device.add("network_consumption", registers.NetworkConsumption(unit), Cadence.SETTINGS)

    @property
    def leads_network(self) -> bool:
        """Whether this charger is the master of a group."""
        return self.network is not None and self.network.network_role is NetworkRole.MASTER

    # -- what it may be asked --

    @property
    @override
    def writable(self) -> bool:
        """Whether an energy manager may write; before protocol 1.5 there is no telling."""
        return self.hems is None or self.hems.hems_access is HemsAccess.READ_AND_WRITE

    @property
    def _one_phase_only(self) -> bool:
        switch = self.phase_switch
        return switch is not None and switch.phase_switch_mode is PhaseSwitchMode.ONE_PHASE

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
    def _lowest_power(self) -> float:
        known = None if self.hems is None else self.hems.power_limit_minimum
        return known or 6 * NOMINAL_VOLTAGE

    @property
    def _highest_power(self) -> float:
        known = None if self.hems is None else self.hems.power_limit_maximum
        phases = 1 if self._one_phase_only else 3
        return known or self.device_maximum * NOMINAL_VOLTAGE * phases

    @override
    def power_bounds(self) -> Bounds:
        """Return the range of the charger, capped by the installer's limit per phase."""
        phases = 1 if self._one_phase_only else 3
        cap = self.current_bounds().maximum * NOMINAL_VOLTAGE * phases
        return Bounds(minimum=0, maximum=min(self._highest_power, cap), step=1)

    @override
    def current_bounds(self) -> Bounds:
        bounds = super().current_bounds()
        return Bounds(minimum=0, maximum=bounds.maximum, step=0.1)

    # -- read-back --

    @property
    def _current(self) -> float | None:
        """The current limit register, the finer one where both agree."""
        whole, tenths = self.limits.current, self.limits.tenths
        if whole is None:
            return None
        if tenths is not None and tenths // 10 == whole:
            return tenths / 10
        return float(whole)

    @property
    def _paused(self) -> bool | None:
        if self._current is None or self.limits.power is None:
            return None
        return self._current == 0 or self.limits.power == 0

    @property
    @override
    def current_limit(self) -> float | None:
        return 0.0 if self._paused else self._current

    @property
    @override
    def power_limit(self) -> float | None:
        return 0.0 if self._paused else self.limits.power

    @property
    @override
    def charging_allowed(self) -> bool | None:
        paused = self._paused
        return None if paused is None else not paused

    @override
    def _reasons(self) -> dict[BlockedBy, bool | None]:
        reasons = super()._reasons()
        if self.permission is not None:
            reasons[BlockedBy.NOT_AUTHORISED] = (
                self.permission.authorisation is Authorisation.NOT_AUTHORISED
            )
        if self.hems is not None:
            reasons[BlockedBy.COMMUNICATION_TIMEOUT] = self.hems.safe_current_active
            # While it takes no orders, nobody can tell from here why it waits.
            reasons[BlockedBy.READ_ONLY] = not self.writable
        if self.phase_switch is not None:
            reasons[BlockedBy.PHASE_SWITCHING] = self.phase_switch.phase_switching
        return reasons

    # -- orders --

    def _check_writable(self) -> None:
        if not self.writable:
            raise ReadOnlyError

    @override
    async def send_current(self, amps: float) -> None:
        """Limit the current, and then take away the limit of power.

        The lower of both limits wins, and only one of them is ever meant. The one that is
        meant is written first, so that in between the charger never gets more than before
        or more than asked for.
        """
        self._check_writable()
        await self._write_current(amps)
        if self.limits.power is not None and self.limits.power < self._highest_power:
            await self._write_power(self._highest_power)

    @override
    async def send_pause(self) -> None:
        self._check_writable()
        await self._write_current(0)

    @override
    async def set_power_limit(self, watts: float) -> None:
        """Limit the power; in dynamic mode the charger also chooses its phases by it.

        The current limit then only keeps what the installer allows.
        """
        watts = self.power_bounds().accept(watts)
        if watts < self._lowest_power:
            await self.pause()
            return
        self._check_writable()
        await self._write_power(watts)
        await self._write_current(self.current_bounds().maximum)
        self._keep(power=watts, paused=False)

    async def _write_current(self, amps: float) -> None:
        # Whole ampere go to the register that every known client uses; only a fraction
        # needs the finer one.
        whole = amps == int(amps)
        field, value = ("current", int(amps)) if whole else ("tenths", round(amps * 10))
        await self._write(field, value, amps, lambda: self._current)

    async def _write_power(self, watts: float) -> None:
        await self._write("power", int(watts), int(watts), lambda: self.limits.power)

    async def _write(
        self, field: str, value: int, asked: float, read: Callable[[], float | None]
    ) -> None:
        await self.write_and_check(
            lambda: self.limits.write(field, value), asked, read, asyncio.sleep
        )

    @property
    def holds_wish(self) -> bool | None:
        """Whether the registers hold what the user asked for; None if that is not known."""
        current, power = self._current, self.limits.power
        if current is None or power is None:
            return None
        if self.wish.paused:
            return current == 0 or power == 0
        if self.wish.power is not None:
            return power == self.wish.power and current != 0
        return current == self.wish.current and power >= self._highest_power

    def adopt(self) -> None:
        """Take what the registers hold as what is wanted: somebody set it at the charger."""
        current, power = self._current, self.limits.power
        if current is None or power is None:
            return
        if current == 0 or power == 0:
            self._keep(paused=True)
        elif power < self._highest_power:
            self._keep(power=float(power), paused=False)
        else:
            self._keep(current=current, power=None, paused=False)

    async def assert_wish(self) -> None:
        """Send once more what the user asked for."""
        if self.wish.paused:
            await self.send_pause()
        else:
            await self.resume()

    @property
    def timed_out(self) -> bool:
        """Whether the charger has lost its energy manager."""
        return self.hems is not None and self.hems.hems_status is HemsStatus.TIMEOUT

    # -- controls --

    def controls(self) -> Iterator[Control]:
        """Yield what this charger can be asked to do."""
        yield from self.shared_controls()
        yield from self.fallback_controls(self.fallback)
        if self.network_limits is not None:
            yield self._network_limit(self.network_limits)

    def fallback_controls(self, fallback: registers.Fallback) -> Iterator[Control]:
        """Yield what the charger does when nobody speaks to it: for the installer."""

        async def set_safe_current(amps: float) -> None:
            amps = SAFE_CURRENT_BOUNDS.accept(amps)
            # 1 to 5 would be stored as 0 anyway; the read-back shows it at once.
            await self._write_setting("fallback", lambda: fallback.write("safe_current", int(amps)))

        async def set_timeout(seconds: float) -> None:
            seconds = TIMEOUT_BOUNDS.accept(seconds)
            await self._write_setting(
                "fallback", lambda: fallback.write("communication_timeout", int(seconds))
            )

        yield NumberControl(
            key="safe_current",
            needs=("fallback",),
            tier=Tier.EXPERT,
            quantity=Quantity.CURRENT,
            bounds=lambda: SAFE_CURRENT_BOUNDS,
            read=lambda: fallback.safe_current,
            write=set_safe_current,
            usable=lambda: self.writable,
        )
        yield NumberControl(
            key="communication_timeout",
            needs=("fallback",),
            tier=Tier.EXPERT,
            quantity=Quantity.DURATION,
            bounds=lambda: TIMEOUT_BOUNDS,
            read=lambda: fallback.communication_timeout,
            write=set_timeout,
            usable=lambda: self.writable,
        )

    def _network_limit(self, limits: registers.NetworkLimits) -> NumberControl:
        """Return the limit of the whole group: the lowest phase holds for all of them."""

        def bounds() -> Bounds:
            configured = (
                limits.network_limit_l1,
                limits.network_limit_l2,
                limits.network_limit_l3,
            )
            known = [limit for limit in configured if limit is not None]
            return Bounds(minimum=0, maximum=min(known, default=0), step=1)

        def read() -> float | None:
            values = (
                limits.network_ems_limit_l1,
                limits.network_ems_limit_l2,
                limits.network_ems_limit_l3,
            )
            known = [value for value in values if value is not None]
            return min(known, default=None)

        async def write(amps: float) -> None:
            amps = bounds().accept(amps)

            async def all_phases() -> None:
                for phase in (1, 2, 3):
                    await limits.write(f"network_ems_limit_l{phase}", int(amps))

            await self._write_setting("network_limits", all_phases)

        return NumberControl(
            key="network_ems_limit",
            needs=("network_limits",),
            tier=Tier.EXPERT,
            quantity=Quantity.CURRENT,
            bounds=bounds,
            read=read,
            write=write,
            usable=lambda: self.writable,
        )

    async def _write_setting(self, component: str, write: Callable[[], Awaitable[None]]) -> None:
        self._check_writable()
        with explaining():
            await write()
        await self._refresh((component,))

    # -- what a person should put right --

    def problems(self) -> Iterator[Problem]:
        """Yield what stands in the way of a reliable limit."""
        if self.hems is not None and self.hems.hems_access in (
            HemsAccess.OFF,
            HemsAccess.READ_ONLY,
        ):
            yield Problem(key="read_only", details={})
        timeout = self.fallback.communication_timeout
        if self.writable and timeout is not None and timeout < 2 * self.options.scan_interval:
            yield Problem(
                key="timeout_too_short",
                details={
                    "timeout": f"{timeout:g}",
                    "interval": f"{self.options.scan_interval:g}",
                },
            )
