"""Profile ECU: AMTRON Professional, Charge Control, AMEDIO; controllers CC612, CC613, ICC1622.

The addresses look like those of profile 4X, the codes do not. Function 03 only. 130 moves
all other registers when written: it is not declared at all. 1110 starts and stops
transactions like a card at the reader; it is not declared either.
"""

from modbus_connection.model import Component, boolean, enum, integer, string, uint32

from ...model.fields import padded
from ...model.points import (
    Kind,
    Quantity,
    Tier,
    counted,
    derived,
    enumerated,
    flag,
    measure,
    phases,
    text,
)
from .fields import calendar, clock, unsigned_meter
from .registers_shared import contactor
from .states import (
    EcuError,
    EcuNetworkRole,
    EcuPlugLock,
    EcuStatus,
    VehicleState,
)


class Version(Component):
    """The firmware, such as "5.22"."""

    firmware = text(string(100, 2), tier=Tier.EXPERT)


class Protocol(Component):
    """The version of the register list."""

    protocol_version = text(string(120, 2), tier=Tier.EXPERT)


class Status(Component):
    """What the charger reports to its back office, and its errors."""

    register_ranges = ((104, 112),)

    ocpp_status = enumerated(enum(104, EcuStatus), tier=Tier.DETAIL)
    # Unlike everything else this pair comes with its low word first, and the bytes of
    # each word swapped. 105 to 110 are reserved.
    error_mask = uint32(111, word_order="little", nan=0xFFFF_FFFF)

    @property
    def errors(self) -> EcuError | None:
        """The errors at hand, put into the order of bits of the document."""
        if self.error_mask is None:
            return None
        high, low = self.error_mask >> 16, self.error_mask & 0xFFFF
        return EcuError(_swapped(high) << 16 | _swapped(low))

    @derived(Kind.TEXT, tier=Tier.DETAIL)
    def error_list(self) -> str | None:
        """The names of the errors at hand; empty when there is none."""
        errors = self.errors
        if errors is None:
            return None
        named = [error.name.lower() for error in errors if error.name is not None]
        unnamed = [f"bit {bit}" for bit in range(22, 32) if errors >> bit & 1]
        return ", ".join(named + unnamed)


def _swapped(word: int) -> int:
    return (word & 0xFF) << 8 | word >> 8


class Vehicle(Component):
    """The control pilot."""

    vehicle_state = enumerated(enum(122, VehicleState), tier=Tier.DETAIL)


class Availability(Component):
    """Whether the charge point may be used.

    0 meant available before firmware 5.22, and means unavailable since.
    """

    raw_availability = integer(124, signed=False, writable=True)


class Contactor(Component):
    """The contactor."""

    relay = contactor(140)


class Lock(Component):
    """The plug lock (firmware 5.22)."""

    plug_lock = enumerated(enum(152, EcuPlugLock), tier=Tier.DETAIL)


class OldMeter(Component):
    """What the meter says before firmware 5.22.

    With a meter that knows no phases, L1 carries the total and the others no value.
    """

    register_ranges = ((200, 217),)

    energy_l1 = counted(unsigned_meter(200))
    energy_l2 = counted(unsigned_meter(202))
    energy_l3 = counted(unsigned_meter(204))

    power_l1, power_l2, power_l3 = phases(unsigned_meter, (206, 208, 210), Quantity.POWER)

    current_l1, current_l2, current_l3 = phases(
        unsigned_meter, (212, 214, 216), Quantity.CURRENT, scale=0.001
    )

    @derived(Quantity.POWER)
    def power(self) -> float | None:
        """The sum of the phases that are measured."""
        return _sum(self.power_l1, self.power_l2, self.power_l3)

    @derived(Quantity.ENERGY)
    def energy_charged(self) -> float | None:
        """The sum of the phases that are measured."""
        return _sum(self.energy_l1, self.energy_l2, self.energy_l3)


def _sum(*values: float | None) -> float | None:
    measured = [value for value in values if value is not None]
    return sum(measured) if measured else None


class Meter(Component):
    """What the meter says (firmware 5.22)."""

    register_ranges = ((200, 227),)

    energy_l1 = unsigned_meter(200)
    energy_l2 = unsigned_meter(202)
    energy_l3 = unsigned_meter(204)

    power_l1, power_l2, power_l3 = phases(unsigned_meter, (206, 208, 210), Quantity.POWER)

    current_l1, current_l2, current_l3 = phases(
        unsigned_meter, (212, 214, 216), Quantity.CURRENT, scale=0.001
    )

    energy_charged = measure(unsigned_meter(218), Quantity.ENERGY)
    power = measure(unsigned_meter(220), Quantity.POWER)

    voltage_l1, voltage_l2, voltage_l3 = phases(unsigned_meter, (222, 224, 226), Quantity.VOLTAGE)


class Network(Component):
    """The charger's place in a group with load management."""

    network_role = enumerated(enum(600, EcuNetworkRole), tier=Tier.EXPERT)


class NetworkSource(Component):
    """Whether the group has a meter, and how many stations follow."""

    register_ranges = ((620, 621),)

    external_meter = flag(boolean(620), tier=Tier.EXPERT)
    stations = measure(integer(621, signed=False), Quantity.COUNT, tier=Tier.EXPERT)


class Signal(Component):
    """What the car is told."""

    current_offered = measure(integer(706, signed=False), Quantity.CURRENT)


class Times(Component):
    """When the session began, and when the previous one ended."""

    register_ranges = ((707, 712),)

    start_time = clock(707)
    end_time = clock(710)
    minimum_current = measure(integer(712, signed=False), Quantity.CURRENT, tier=Tier.EXPERT)


class OldTimes(Times):
    """The same before firmware 5.22, with the only duration of the session there is."""

    # It stops at its highest value, and says nothing more from there on.
    session_duration = measure(integer(709, signed=False, nan=0xFFFF), Quantity.DURATION)


class Departure(Component):
    """What a car with ISO 15118 says of its departure."""

    register_ranges = ((700, 705),)

    energy_required_short = integer(700, signed=False)
    departure_time = text(clock(701), tier=Tier.EXPERT)
    departure_date = text(calendar(703), tier=Tier.EXPERT)


class OldDeparture(Departure):
    """The same before firmware 5.22, with the only energy of the session there is."""

    # It stops at its highest value, and says nothing more from there on.
    session_energy = measure(integer(705, signed=False, nan=0xFFFF), Quantity.SESSION_ENERGY)


class Need(Component):
    """What a car with ISO 15118 asks for."""

    register_ranges = ((713, 715),)

    energy_required = measure(
        uint32(713, nan=0xFFFF_FFFF), Quantity.STORED_ENERGY, tier=Tier.EXPERT
    )
    vehicle_maximum_current = measure(
        integer(715, signed=False, nan=0), Quantity.CURRENT, tier=Tier.DETAIL
    )


class Session(Component):
    """The present or last session (firmware 5.22).

    Some firmwares count wrongly here (18.6 kWh shown for 40.5 kWh); the meter's own
    total is the one to trust.
    """

    register_ranges = ((716, 719),)

    session_energy = measure(uint32(716, nan=0xFFFF_FFFF), Quantity.SESSION_ENERGY)
    session_duration = measure(uint32(718, nan=0xFFFF_FFFF), Quantity.DURATION)


class Card(Component):
    """The card that started the session; blank unless the charger discloses it."""

    id_tag = text(padded(720, 10), tier=Tier.EXPERT, private=True)


class Charge(Component):
    """The charge of a car with ISO 15118 (seen from firmware 5.32 on)."""

    state_of_charge = integer(730, signed=False)


class SmartVehicle(Component):
    """Whether the car speaks ISO 15118 (seen from firmware 5.32 on)."""

    smart_vehicle = flag(boolean(740), tier=Tier.EXPERT)


class CarIdentity(Component):
    """What a car with ISO 15118 says of itself."""

    register_ranges = ((741, 746),)

    evcc_id = text(padded(741, 6), tier=Tier.EXPERT, private=True)


class Limit(Component):
    """What an energy manager asks for, in whole ampere; 0 pauses."""

    current = integer(1000, signed=False, writable=True)
