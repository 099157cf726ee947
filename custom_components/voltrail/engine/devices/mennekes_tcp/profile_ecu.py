"""A charger of profile ECU: what it serves, and how it takes orders."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Final, override

from modbus_connection import ModbusConnectionError

from ...charger import BlockedBy
from ...controls import Bounds, Control, NumberControl, SwitchControl
from ...current_driven import CurrentDriven
from ...device import Cadence, Problem, VoltrailDevice
from ...errors import explaining
from ...points import Quantity, Tier
from . import registers_ecu as registers
from .charge_point import MennekesPoint, SteadyVehicle
from .states import EcuStatus

ECU_MAXIMUM: Final = 32.0
"""What the register takes; cable, operator and hardware lower it on their own."""

SAFE_CURRENT_BOUNDS: Final = Bounds(minimum=0, maximum=32, step=1)
# As on the other profile: not documented (UNCONFIRMED), used elsewhere.
TIMEOUT_BOUNDS: Final = Bounds(minimum=1, maximum=300, step=1)


class ProfileEcu(MennekesPoint, CurrentDriven):
    """The charge point of a Professional, Charge Control or AMEDIO."""

    current_needs = ("limits",)
    power_needs = ("limits", "meter")

    def __init__(self, device: VoltrailDevice, firmware: tuple[int, int]) -> None:
        unit = device.modbus_unit
        self._firmware = firmware
        modern = firmware >= (5, 22)
        self.status = device.add("status", registers.Status(unit), Cadence.MEASUREMENTS)
        self.vehicle = device.add("vehicle", registers.Vehicle(unit), Cadence.MEASUREMENTS)
        self.meter: registers.Meter | registers.OldMeter = device.add(
            "meter",
            registers.Meter(unit) if modern else registers.OldMeter(unit),
            Cadence.MEASUREMENTS,
        )
        device.add("signal", registers.Signal(unit), Cadence.MEASUREMENTS)
        self.limits = device.add("limits", registers.Limit(unit), Cadence.MEASUREMENTS)
        self.fallback = device.add("fallback", registers.Fallback(unit), Cadence.SETTINGS)
        device.add("contactor", registers.Contactor(unit), Cadence.SETTINGS)
        device.add("times", registers.Times(unit), Cadence.SETTINGS)
        device.add("need", registers.Need(unit), Cadence.SETTINGS)
        device.add("departure", registers.Departure(unit), Cadence.SETTINGS)
        self.availability = device.add(
            "availability", registers.Availability(unit), Cadence.SETTINGS
        )
        if modern:
            device.add("session", registers.Session(unit), Cadence.MEASUREMENTS)
            device.add("operator", registers.Operator(unit), Cadence.SETTINGS)
            device.add("lock", registers.Lock(unit), Cadence.SETTINGS)
        steady = SteadyVehicle(self.vehicle)
        self.vehicle.add_update_listener(steady.settle)
        super().__init__(
            device.options,
            device.keep_memory,
            vehicle=steady,
            meter=self.meter,
            refresh=device.refresh,
        )

    async def find_optional(self, device: VoltrailDevice) -> None:
        """Find out which of the blocks are served that depend on the installation."""
        unit = device.modbus_unit
        await device.add_optional("network", registers.Network(unit), Cadence.SETTINGS)
        await device.add_optional("network_limits", registers.NetworkLimits(unit), Cadence.SETTINGS)
        await device.add_optional("network_source", registers.NetworkSource(unit), Cadence.SETTINGS)
        await device.add_optional(
            "network_currents", registers.NetworkCurrents(unit), Cadence.SETTINGS
        )
        await device.add_optional("card", registers.Card(unit), Cadence.SETTINGS)
        await device.add_optional("car", registers.CarIdentity(unit), Cadence.SETTINGS)
        if self._firmware >= (5, 32):
            try:
                await device.add_optional("charge", registers.Charge(unit), Cadence.SETTINGS)
            except ModbusConnectionError:
                # Relatives close the connection over this register. It was the last one
                # to try, and it is not asked for again.
                return

    # -- read-back --

    @property
    @override
    def device_maximum(self) -> float:
        return ECU_MAXIMUM

    @property
    @override
    def voltages(self) -> tuple[float | None, float | None, float | None]:
        meter = self.meter
        if isinstance(meter, registers.OldMeter):
            # Before firmware 5.22 there is no voltage to read.
            return (230.0, 230.0, 230.0)
        return meter.voltage_l1, meter.voltage_l2, meter.voltage_l3

    @property
    @override
    def active_phases(self) -> int | None:
        return self.phases_in_use

    @property
    @override
    def current_limit(self) -> float | None:
        return self.limits.current

    @property
    @override
    def charging_allowed(self) -> bool | None:
        limit = self.limits.current
        return None if limit is None else limit > 0

    @property
    def _available(self) -> bool | None:
        raw = self.availability.raw_availability
        return None if raw is None else (raw == 1) is (self._firmware >= (5, 22))

    @override
    def _reasons(self) -> dict[BlockedBy, bool | None]:
        available = self._available
        return {
            **super()._reasons(),
            BlockedBy.STATION_LOCKED: None if available is None else not available,
            BlockedBy.FAULT: self.status.ocpp_status is EcuStatus.FAULTED,
        }

    # -- orders --

    @override
    async def send_current(self, amps: float) -> None:
        await self.write_and_check(
            lambda: self.limits.write("current", int(amps)),
            amps,
            lambda: self.limits.current,
            asyncio.sleep,
        )

    @override
    async def send_pause(self) -> None:
        await self.send_current(0)

    @property
    def holds_wish(self) -> bool | None:
        """Whether the register holds what the user asked for; None if that is not known."""
        current = self.limits.current
        if current is None:
            return None
        return current == (0 if self.wish.paused else self.wish.current)

    def adopt(self) -> None:
        """Take what the register holds as what is wanted: somebody set it at the charger."""
        current = self.limits.current
        if current == 0:
            self._keep(paused=True)
        elif current is not None:
            self._keep(current=float(current), power=None, paused=False)

    async def assert_wish(self) -> None:
        """Send once more what the user asked for."""
        if self.wish.paused:
            await self.send_pause()
        else:
            await self.resume()

    @property
    def timed_out(self) -> bool:
        """Always no: there is no register that tells."""
        return False

    # -- controls --

    def controls(self) -> Iterator[Control]:
        """Yield what this charger can be asked to do."""
        yield from self.shared_controls()
        fallback, availability = self.fallback, self.availability

        async def set_safe_current(amps: float) -> None:
            amps = SAFE_CURRENT_BOUNDS.accept(amps)
            await self._write_setting("fallback", lambda: fallback.write("safe_current", int(amps)))

        async def set_timeout(seconds: float) -> None:
            seconds = TIMEOUT_BOUNDS.accept(seconds)
            await self._write_setting(
                "fallback", lambda: fallback.write("communication_timeout", int(seconds))
            )

        async def set_operative(operative: bool) -> None:  # noqa: FBT001 - a state
            raw = int(operative is (self._firmware >= (5, 22)))
            await self._write_setting(
                "availability", lambda: availability.write("raw_availability", raw)
            )

        yield NumberControl(
            key="safe_current",
            needs=("fallback",),
            tier=Tier.EXPERT,
            quantity=Quantity.CURRENT,
            bounds=lambda: SAFE_CURRENT_BOUNDS,
            read=lambda: fallback.safe_current,
            write=set_safe_current,
        )
        yield NumberControl(
            key="communication_timeout",
            needs=("fallback",),
            tier=Tier.EXPERT,
            quantity=Quantity.DURATION,
            bounds=lambda: TIMEOUT_BOUNDS,
            read=lambda: fallback.communication_timeout,
            write=set_timeout,
        )
        yield SwitchControl(
            key="operative",
            needs=("availability",),
            tier=Tier.EXPERT,
            read=lambda: self._available,
            write=set_operative,
        )

    async def _write_setting(self, component: str, write: Callable[[], Awaitable[None]]) -> None:
        with explaining():
            await write()
        await self._refresh((component,))

    # -- what a person should put right --

    def problems(self) -> Iterator[Problem]:
        """Yield what stands in the way of a reliable limit."""
        timeout = self.fallback.communication_timeout
        # 0 is taken for "not supervised".
        if timeout and timeout < 2 * self.options.scan_interval:
            yield Problem(
                key="timeout_too_short",
                details={
                    "timeout": f"{timeout:g}",
                    "interval": f"{self.options.scan_interval:g}",
                },
            )
