"""Register map of the NG9xx platform (Modbus slave TCP/IP, document 2.3).

Holding registers, numbered as on the wire; 32 and 64 bits come high word first. The
station answers as unit 200, its sockets as units 1 and 2. Each component is one request
that both platforms are known to answer: the blocks never exceed what the AHP platform
takes, and no value is cut. Nothing is declared behind 1215 and 1431, because nothing is
documented there.
"""

from typing import Final, override

from modbus_connection import ModbusUnit
from modbus_connection.model import Component, boolean, enum, gauge, integer, uint32

from ...model.charging import ChargingState
from ...model.points import (
    Aspect,
    Kind,
    Quantity,
    Tier,
    derived,
    enumerated,
    flag,
    measure,
    phases,
    text,
)
from .fields import NO_UINT16, NO_UINT32, double, milliseconds, single, words
from .states import CHARGING_STATES, MeterType, Mode3State

METER_WARNING: Final = 0x04
METER_ERROR: Final = 0x08


class Product(Component):
    """What the station says of itself (unit 200)."""

    register_ranges = ((100, 178),)

    device_name = text(words(100, 17), tier=Tier.EXPERT, private=True)
    manufacturer = words(117, 5)
    table_version = integer(122, signed=False, nan=NO_UINT16)
    firmware = text(words(123, 17), tier=Tier.EXPERT)
    platform = text(words(140, 17), tier=Tier.EXPERT)
    serial_number = text(words(157, 11), tier=Tier.EXPERT, private=True)

    year = integer(168, nan=NO_UINT16)
    month = integer(169, nan=NO_UINT16)
    day = integer(170, nan=NO_UINT16)
    hour = integer(171, nan=NO_UINT16)
    minute = integer(172, nan=NO_UINT16)
    second = integer(173, nan=NO_UINT16)
    uptime = measure(milliseconds(174), Quantity.DURATION, tier=Tier.EXPERT)
    # An offset of -1 minute does not exist, so all bits set can only mean "not known".
    utc_offset = measure(gauge(178, 60, nan=NO_UINT16), Quantity.DURATION, tier=Tier.EXPERT)

    @derived(Kind.TEXT, tier=Tier.EXPERT)
    def protocol_version(self) -> str | None:
        """The version of the register list."""
        return None if self.table_version is None else str(self.table_version)

    @derived(Kind.TEXT, tier=Tier.EXPERT)
    def station_clock(self) -> str | None:
        """The station's clock as it shows it.

        Whether that is local time or UTC is not documented (UNCONFIRMED), so it is no
        moment that could be compared with others.
        """
        fields = (self.year, self.month, self.day, self.hour, self.minute, self.second)
        if any(field is None for field in fields):
            return None
        year, month, day, hour, minute, second = fields
        return f"{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"


class Station(Component):
    """What the sockets share (unit 200)."""

    register_ranges = ((1100, 1105),)

    maximum_current = measure(
        single(1100), Quantity.CURRENT, tier=Tier.DETAIL, disabled_until_seen=True
    )
    # Of the board, not of the air around it.
    temperature = measure(
        single(1102), Quantity.TEMPERATURE, tier=Tier.DETAIL, disabled_until_seen=True
    )
    # 1 was seen while the back office was connected; nothing says what other numbers
    # mean (UNCONFIRMED), so it is shown as it comes.
    backoffice_state = measure(
        integer(1104, signed=False, nan=NO_UINT16), Quantity.COUNT, tier=Tier.EXPERT
    )
    sockets = measure(integer(1105, signed=False, nan=NO_UINT16), Quantity.COUNT, tier=Tier.EXPERT)


class Network(Component):
    """The smart charging network, SCN, that several stations form (unit 200).

    Stations outside a network may answer with empty values or not at all.
    """

    register_ranges = ((1400, 1431),)

    network_name = text(words(1400, 4), tier=Tier.EXPERT, private=True)
    network_sockets = measure(
        integer(1404, signed=False, nan=NO_UINT16), Quantity.COUNT, tier=Tier.EXPERT
    )

    network_consumed_l1, network_consumed_l2, network_consumed_l3 = phases(
        single, (1405, 1407, 1409), Quantity.CURRENT, tier=Tier.EXPERT
    )

    network_applied_limit_l1, network_applied_limit_l2, network_applied_limit_l3 = phases(
        single, (1411, 1413, 1415), Quantity.CURRENT, tier=Tier.EXPERT
    )

    network_ems_limit_l1, network_ems_limit_l2, network_ems_limit_l3 = phases(
        single, (1417, 1419, 1421), Quantity.CURRENT, tier=Tier.EXPERT, writable=True
    )

    network_validity_l1, network_validity_l2, network_validity_l3 = phases(
        uint32, (1423, 1425, 1427), Quantity.DURATION, tier=Tier.EXPERT, nan=NO_UINT32
    )

    network_safe_current = measure(single(1429), Quantity.CURRENT, tier=Tier.EXPERT)
    network_control_enabled = flag(boolean(1431, nan=NO_UINT16), tier=Tier.EXPERT)


class _OfSocket(Component):
    """A block of one socket; the sockets answer under unit ids of their own."""

    def __init__(self, unit: ModbusUnit, unit_id: int) -> None:
        super().__init__(unit)
        self.unit_id = unit_id


class Meter(_OfSocket):
    """What a socket measures at the moment.

    Which of these a unit has depends on its meter and on the phases it is connected to;
    some become valid only later.
    """

    register_ranges = ((300, 361),)

    meter_state = measure(
        integer(300, signed=False, nan=NO_UINT16), Quantity.COUNT, tier=Tier.EXPERT
    )
    meter_age = measure(milliseconds(301), Quantity.DURATION, tier=Tier.EXPERT)
    meter_type = enumerated(enum(305, MeterType, nan=NO_UINT16), tier=Tier.EXPERT)

    voltage_l1, voltage_l2, voltage_l3 = phases(
        single, (306, 308, 310), Quantity.VOLTAGE, disabled_until_seen=True
    )
    voltage_l1_l2 = measure(single(312), Quantity.VOLTAGE, phase=(1, 2), tier=Tier.EXPERT)
    voltage_l2_l3 = measure(single(314), Quantity.VOLTAGE, phase=(2, 3), tier=Tier.EXPERT)
    voltage_l3_l1 = measure(single(316), Quantity.VOLTAGE, phase=(3, 1), tier=Tier.EXPERT)

    neutral_current = measure(
        single(318), Quantity.CURRENT, tier=Tier.DETAIL, disabled_until_seen=True
    )
    current_l1, current_l2, current_l3 = phases(
        single, (320, 322, 324), Quantity.CURRENT, disabled_until_seen=True
    )
    current_sum = measure(single(326), Quantity.CURRENT, tier=Tier.DETAIL, disabled_until_seen=True)

    power_factor_l1, power_factor_l2, power_factor_l3 = phases(
        single, (328, 330, 332), Quantity.POWER_FACTOR, tier=Tier.EXPERT
    )
    power_factor = measure(single(334), Quantity.POWER_FACTOR, tier=Tier.EXPERT)
    frequency = measure(single(336), Quantity.FREQUENCY, tier=Tier.DETAIL, disabled_until_seen=True)

    power_l1, power_l2, power_l3 = phases(
        single, (338, 340, 342), Quantity.POWER, disabled_until_seen=True
    )
    power = measure(single(344), Quantity.POWER, disabled_until_seen=True)
    apparent_power_l1, apparent_power_l2, apparent_power_l3 = phases(
        single, (346, 348, 350), Quantity.APPARENT_POWER, tier=Tier.EXPERT
    )
    apparent_power = measure(single(352), Quantity.APPARENT_POWER, tier=Tier.EXPERT)
    reactive_power_l1, reactive_power_l2, reactive_power_l3 = phases(
        single, (354, 356, 358), Quantity.REACTIVE_POWER, tier=Tier.EXPERT
    )
    reactive_power = measure(single(360), Quantity.REACTIVE_POWER, tier=Tier.EXPERT)

    @derived(Aspect.PROBLEM, tier=Tier.DETAIL)
    def meter_fault(self) -> bool | None:
        """Whether the meter warns of something or has failed."""
        if self.meter_state is None:
            return None
        return bool(self.meter_state & (METER_WARNING | METER_ERROR))

    @property
    def currents(self) -> tuple[float | None, float | None, float | None]:
        """The current of each phase."""
        return self.current_l1, self.current_l2, self.current_l3


class Energy(_OfSocket):
    """The lifetime counters of a socket's meter."""

    register_ranges = ((362, 425),)

    def __init__(self, unit: ModbusUnit, unit_id: int) -> None:
        super().__init__(unit, unit_id)
        self.counted: set[str] = set()
        """The counters that have been above 0."""

    @override
    def _verify_read(self) -> None:
        for name, value in self._values.items():
            if value:
                self.counted.add(name)
            elif name in self.counted:
                # What was counted for life never returns to 0: a meter that is just starting
                # says so, and what it says next would be booked as counted at once.
                self._values[name] = None

    energy_charged_l1, energy_charged_l2, energy_charged_l3 = phases(
        double, (362, 366, 370), Quantity.ENERGY, tier=Tier.EXPERT
    )
    energy_charged = measure(double(374), Quantity.ENERGY, disabled_until_seen=True)

    # The document calls what goes into cars "delivered". What "consumed" is beside that it
    # does not say (UNCONFIRMED), so it keeps its word.
    energy_consumed_l1, energy_consumed_l2, energy_consumed_l3 = phases(
        double, (378, 382, 386), Quantity.ENERGY, tier=Tier.EXPERT
    )
    energy_consumed = measure(double(390), Quantity.ENERGY, tier=Tier.EXPERT)

    apparent_energy_l1, apparent_energy_l2, apparent_energy_l3 = phases(
        double, (394, 398, 402), Quantity.APPARENT_ENERGY, tier=Tier.EXPERT
    )
    apparent_energy = measure(double(406), Quantity.APPARENT_ENERGY, tier=Tier.EXPERT)

    reactive_energy_l1, reactive_energy_l2, reactive_energy_l3 = phases(
        double, (410, 414, 418), Quantity.REACTIVE_ENERGY, tier=Tier.EXPERT
    )
    reactive_energy = measure(double(422), Quantity.REACTIVE_ENERGY, tier=Tier.EXPERT)


class Status(_OfSocket):
    """What a socket is doing, and what an energy manager asks of it."""

    register_ranges = ((1200, 1215),)

    operative = flag(boolean(1200, nan=NO_UINT16), tier=Tier.DETAIL)
    # Firmware may know states that the document does not: kept as it was written.
    mode3_text = text(words(1201, 5), tier=Tier.EXPERT)
    current_offered = measure(single(1206), Quantity.CURRENT, disabled_until_seen=True)
    setpoint_validity = measure(
        uint32(1208, nan=NO_UINT32),
        Quantity.DURATION,
        tier=Tier.DETAIL,
        disabled_until_seen=True,
        spare=True,
    )
    setpoint = measure(single(1210, writable=True), Quantity.CURRENT, tier=Tier.EXPERT)
    safe_current = measure(
        single(1212), Quantity.CURRENT, tier=Tier.DETAIL, disabled_until_seen=True
    )
    setpoint_accounted_for = flag(boolean(1214, nan=NO_UINT16), tier=Tier.DETAIL)
    # Function 16 for this one too: the document knows both, and 16 is what most use.
    phases_reported = measure(
        integer(1215, signed=False, nan=NO_UINT16, writable=True, force_fc16=True),
        Quantity.COUNT,
        tier=Tier.EXPERT,
    )

    @derived(Mode3State, tier=Tier.DETAIL)
    def mode3_state(self) -> Mode3State | None:
        """State of the control pilot; None for a text that no document names."""
        try:
            return Mode3State(self.mode3_text or "")
        except ValueError:
            return None

    @property
    def plugged(self) -> bool | None:
        """Whether a car is connected; None where the state does not tell."""
        state = self.mode3_state
        if state is None or state is Mode3State.F:
            return None
        return CHARGING_STATES[state] is not ChargingState.NO_VEHICLE
