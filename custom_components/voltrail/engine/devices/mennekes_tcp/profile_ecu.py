"""A charger of profile ECU: what it serves, and how it takes orders."""

from collections.abc import Iterator
from typing import Final, override

from modbus_connection import ModbusConnectionError

from ...charging.current_driven import CurrentDriven
from ...charging.reconciler import Standing
from ...model.charging import BlockedBy
from ...model.controls import Control, SwitchControl
from ...model.points import Quantity, Tier, derived
from ...polling.polled_device import Cadence, PolledDevice
from . import registers_ecu as registers
from .charge_point import MennekesPoint
from .registers_shared import Fallback, NetworkCurrents, NetworkLimits, Operator
from .states import EcuNetworkRole, EcuStatus

USUAL_TIMEOUT: Final = 60.0
"""Seconds; assumed until the charger has told its own (UNCONFIRMED)."""

NEAR_TIMEOUT: Final = 0.75
"""The part of the communication timeout in silence, after which the charger may have fallen back:
it does not tell, and its clock is not ours."""

_WAITS_FOR_CARD: Final = (EcuStatus.PREPARING, EcuStatus.FINISHING)

ECU_MAXIMUM: Final = 32.0
"""What the register takes; cable, operator and hardware lower it on their own."""

NOMINAL_VOLTAGE: Final = 230.0

MASTERS: Final = (EcuNetworkRole.MASTER_WITH_SLAVE, EcuNetworkRole.MASTER_STANDALONE)


class ProfileEcu(MennekesPoint, CurrentDriven):
    """The charge point of a Professional, Charge Control or AMEDIO."""

    current_depends_on = ("limits",)
    power_depends_on = ("limits", "meter")

    def __init__(self, device: PolledDevice, firmware: tuple[int, int]) -> None:
        unit = device.modbus_unit
        self._firmware = firmware
        modern = firmware >= (5, 22)
        self.status = device.add("status", registers.Status(unit), Cadence.MEASUREMENTS)
        self.vehicle = vehicle = device.add(
            "vehicle", registers.Vehicle(unit), Cadence.MEASUREMENTS
        )
        self.meter: registers.Meter | registers.OldMeter = device.add(
            "meter",
            registers.Meter(unit) if modern else registers.OldMeter(unit),
            Cadence.MEASUREMENTS,
        )
        signal = device.add("signal", registers.Signal(unit), Cadence.MEASUREMENTS)
        self.limits = device.add("limits", registers.Limit(unit), Cadence.MEASUREMENTS)
        fallback = device.add("fallback", Fallback(unit), Cadence.SETTINGS)
        device.add("contactor", registers.Contactor(unit), Cadence.SETTINGS)
        device.add("need", registers.Need(unit), Cadence.SETTINGS)
        self.availability = device.add(
            "availability", registers.Availability(unit), Cadence.SETTINGS
        )
        if modern:
            self.session = device.add("session", registers.Session(unit), Cadence.MEASUREMENTS)
            times = device.add("times", registers.Times(unit), Cadence.SETTINGS)
            self.began = self.ended = times
            device.add("departure", registers.Departure(unit), Cadence.SETTINGS)
            device.add("operator", Operator(unit), Cadence.SETTINGS)
            device.add("lock", registers.Lock(unit), Cadence.SETTINGS)
        else:
            times = device.add("times", registers.OldTimes(unit), Cadence.MEASUREMENTS)
            self.session = self.began = self.ended = times
            device.add("departure", registers.OldDeparture(unit), Cadence.MEASUREMENTS)
        self.network: registers.Network | None = None
        self.charge: registers.Charge | None = None
        self._fell_back = False
        """Whether the charger may be on its safe current."""
        self.smart: registers.SmartVehicle | None = None
        super().__init__(
            device, vehicle=vehicle, meter=self.meter, signal=signal, fallback=fallback
        )

    async def find_optional(self, device: PolledDevice) -> None:
        """Find out which of the blocks are served that depend on the installation."""
        unit = device.modbus_unit
        self.network = await device.add_optional(
            "network", registers.Network(unit), Cadence.SETTINGS
        )
        self.network_limits = await device.add_optional(
            "network_limits", NetworkLimits(unit), Cadence.SETTINGS
        )
        await device.add_optional("network_source", registers.NetworkSource(unit), Cadence.SETTINGS)
        await device.add_optional("network_currents", NetworkCurrents(unit), Cadence.SETTINGS)
        await device.add_optional("card", registers.Card(unit), Cadence.SETTINGS)
        await device.add_optional("car", registers.CarIdentity(unit), Cadence.SETTINGS)
        if self._firmware < (5, 32):
            return
        try:
            self.charge = await device.add_optional(
                "charge", registers.Charge(unit), Cadence.SETTINGS
            )
            self.smart = await device.add_optional(
                "smart", registers.SmartVehicle(unit), Cadence.SETTINGS
            )
        except ModbusConnectionError:
            # Relatives close the connection over these registers. They were the last ones
            # to try, and are not asked for again.
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
            return (NOMINAL_VOLTAGE, NOMINAL_VOLTAGE, NOMINAL_VOLTAGE)
        # Some meters know no voltages, or those of one phase only. To take a phase for there
        # errs on the low side.
        l1, l2, l3 = (
            NOMINAL_VOLTAGE if volt is None else volt
            for volt in (meter.voltage_l1, meter.voltage_l2, meter.voltage_l3)
        )
        return l1, l2, l3

    @property
    @override
    def active_phases(self) -> int | None:
        return self.phases_in_use

    @property
    @override
    def current_limit(self) -> float | None:
        current = self.limits.current
        # Others may write what no car can be offered.
        return 0 if current is not None and current < self.minimum_current else current

    @property
    @override
    def charging_allowed(self) -> bool | None:
        limit = self.current_limit
        return None if limit is None else limit > 0

    @property
    def _available(self) -> bool | None:
        raw = self.availability.raw_availability
        return None if raw is None else (raw == 1) is (self._firmware >= (5, 22))

    @override
    def _reasons(self) -> dict[BlockedBy, bool | None]:
        available = self._available
        unoffered = self._waits and bool(self.charging_allowed) and not self._offers
        return {
            **super()._reasons(),
            BlockedBy.STATION_LOCKED: None if available is None else not available,
            # No register tells; these are its states while it waits for a card.
            BlockedBy.NOT_AUTHORISED: unoffered and self.status.ocpp_status in _WAITS_FOR_CARD,
            BlockedBy.COMMUNICATION_TIMEOUT: (
                unoffered and self._fell_back and self._fallback.safe_current == 0
            ),
        }

    @override
    def note_silence(self, seconds: float) -> None:
        timeout = self._fallback.communication_timeout or USUAL_TIMEOUT
        if seconds >= NEAR_TIMEOUT * timeout:
            self._fell_back = True

    @property
    @override
    def standing(self) -> Standing:
        # The register still holds the limit, and only a write ends the safe current.
        return Standing.LOST if self._fell_back and self.asked else super().standing

    @property
    @override
    def faulted(self) -> bool:
        return self.status.ocpp_status is EcuStatus.FAULTED

    @property
    @override
    def leads_network(self) -> bool:
        return self.network is not None and self.network.network_role in MASTERS

    @derived(Quantity.STATE_OF_CHARGE, depends_on=("charge", "smart"), tier=Tier.DETAIL)
    def vehicle_state_of_charge(self) -> int | None:
        """The charge of the car's battery, if it speaks ISO 15118."""
        charge = None if self.charge is None else self.charge.state_of_charge
        told = self.smart is None or self.smart.smart_vehicle
        return charge if told and charge is not None and charge <= 100 else None

    # -- orders --

    @override
    async def send_current(self, amps: float) -> None:
        # From here on the values read tell how it stands, not the silence before.
        fell_back, self._fell_back = self._fell_back, False
        try:
            await self._write_limit(amps)
        except BaseException:
            self._fell_back = fell_back
            raise

    async def _write_limit(self, amps: float) -> None:
        await self.write_and_check(
            "limits",
            lambda: self.limits.write("current", int(amps)),
            amps,
            lambda: self.limits.current,
        )

    @override
    async def send_pause(self) -> None:
        await self.send_current(0)

    @property
    @override
    def timed_out(self) -> bool:
        """Always no: there is no register that tells."""
        return False

    # -- controls --

    @override
    def controls(self) -> Iterator[Control]:
        yield from super().controls()
        yield SwitchControl(
            key="operative",
            depends_on=("availability",),
            tier=Tier.EXPERT,
            read=lambda: self._available,
            write=self._set_operative,
        )

    async def _set_operative(self, operative: bool) -> None:  # noqa: FBT001 - a state
        raw = int(operative is (self._firmware >= (5, 22)))
        await self.write_setting(
            "availability",
            lambda: self.availability.write("raw_availability", raw),
            raw,
            lambda: self.availability.raw_availability,
        )
