"""Profile 4X: AMTRON 4Business and 4You, controllers ICC1314 and ICC1324.

All are holding registers, numbered as on the wire. One component is one contiguous
run of the document, because nothing guarantees that the holes between can be read.
Registers 730 and 740 exist on relatives only: asking for them makes this firmware
close the connection, so no range may ever reach them. 100 is left out: it is the short
form of the version that 153 to 157 tell in full.
"""

from modbus_connection.model import Component, boolean, enum, integer, string, uint32

from ...model.fields import padded
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
from .fields import clock, meter
from .registers_shared import Block, contactor
from .states import (
    AssignedPhases,
    Authorisation,
    HemsAccess,
    HemsStatus,
    LimitationSource,
    NetworkRole,
    OcppStatus,
    PhaseSwitchMode,
    PlugLock,
    VehicleState,
)


class Protocol(Component):
    """The version of the register list."""

    protocol_version = text(string(120, 2), tier=Tier.EXPERT)


class DeviceName(Block):
    """The name that its owner gave it (protocol 1.5)."""

    device_name = text(padded(2158, 16), tier=Tier.EXPERT, private=True)


class OldDeviceName(Block):
    """The same before protocol 1.5."""

    device_name = text(padded(158, 16), tier=Tier.EXPERT, private=True)


class Status(Component):
    """What the charger reports to its back office."""

    register_ranges = ((104, 112),)

    ocpp_status = enumerated(enum(104, OcppStatus), tier=Tier.DETAIL)
    # What the bits mean is not published for this profile: shown as they come.
    error_word_1 = uint32(105)
    error_word_2 = uint32(107)
    error_word_3 = uint32(109)
    error_word_4 = uint32(111)

    @derived(Kind.TEXT, tier=Tier.EXPERT)
    def error_words(self) -> str | None:
        """The four error words in hexadecimal; their bits are not published."""
        words = (self.error_word_1, self.error_word_2, self.error_word_3, self.error_word_4)
        if any(word is None for word in words):
            return None
        return " ".join(f"{word:08X}" for word in words)


class Vehicle(Component):
    """The control pilot, and whether the charge point may be used.

    123 between them is in no document, but reading across it is known to work.
    """

    register_ranges = ((122, 124),)

    vehicle_state = enumerated(enum(122, VehicleState), tier=Tier.DETAIL)
    # Readable only on this profile: a switch for it has no effect.
    operative = flag(boolean(124), tier=Tier.DETAIL)


class Station(Block):
    """The contactor, the model, the plug lock and the firmware."""

    register_ranges = ((140, 157),)
    rows = (
        ("relay",),
        ("device_id",),
        ("model",),
        ("plug_lock",),
        ("firmware_major", "firmware_minor", "firmware_patch", "firmware_build"),
    )

    relay = contactor(140)
    device_id = string(141, 1)
    model = string(142, 10)
    plug_lock = enumerated(enum(152, PlugLock), tier=Tier.DETAIL)
    firmware_major = integer(153, signed=False)
    firmware_minor = integer(154, signed=False)
    firmware_patch = integer(155, signed=False)
    firmware_build = uint32(156)

    @derived(Kind.TEXT, tier=Tier.EXPERT)
    def firmware(self) -> str | None:
        """The full firmware version with its build."""
        if self.firmware_build is None:
            return None
        return (
            f"{self.firmware_major}.{self.firmware_minor}.{self.firmware_patch}"
            f"-{self.firmware_build}"
        )


class Meter(Component):
    """The charger's own meter."""

    register_ranges = ((200, 227),)

    # The meter's total stands in L1 while L2 and L3 read 0, so energy per phase is
    # not published.
    energy_l1 = meter(200)
    energy_l2 = meter(202)
    energy_l3 = meter(204)

    power_l1, power_l2, power_l3 = phases(meter, (206, 208, 210), Quantity.POWER)

    current_l1, current_l2, current_l3 = phases(
        meter, (212, 214, 216), Quantity.CURRENT, scale=0.001
    )

    energy_charged = measure(meter(218), Quantity.ENERGY)
    power = measure(meter(220), Quantity.POWER)

    voltage_l1, voltage_l2, voltage_l3 = phases(meter, (222, 224, 226), Quantity.VOLTAGE)


class Network(Block):
    """The charger's place in a group with load management (protocol 1.5)."""

    network_role = enumerated(enum(600, NetworkRole), tier=Tier.EXPERT)


class NetworkSource(Block):
    """What limits the group, and how many stations it has."""

    register_ranges = ((620, 621),)
    rows = (("limitation_source",), ("stations",))

    limitation_source = enumerated(enum(620, LimitationSource), tier=Tier.EXPERT)
    stations = measure(integer(621, signed=False), Quantity.COUNT, tier=Tier.EXPERT)


class NetworkFallback(Block):
    """Satellites that lost their master."""

    register_ranges = ((2622, 2623),)
    rows = (("stations_in_fallback",), ("station_fallback_current",))

    stations_in_fallback = measure(integer(2622, signed=False), Quantity.COUNT, tier=Tier.EXPERT)
    station_fallback_current = measure(
        integer(2623, signed=False), Quantity.CURRENT, tier=Tier.EXPERT
    )


class NetworkConsumption(Block):
    """What the group draws."""

    register_ranges = ((2636, 2638),)

    network_consumed_l1, network_consumed_l2, network_consumed_l3 = phases(
        integer, (2636, 2637, 2638), Quantity.CURRENT, tier=Tier.EXPERT, signed=False
    )


class Signal(Block):
    """What the car is told, and when its session began."""

    register_ranges = ((706, 708),)
    rows = (("current_offered",), ("start_time",))

    current_offered = measure(integer(706, signed=False), Quantity.CURRENT)
    start_time = clock(707)


class Ending(Block):
    """When the previous session ended, and the least current that charges."""

    register_ranges = ((710, 712),)
    rows = (("end_time",), ("minimum_current",))

    end_time = clock(710)
    minimum_current = measure(integer(712, signed=False), Quantity.CURRENT, tier=Tier.EXPERT)


class Session(Block):
    """The present or last session; its values stay until the next one starts."""

    register_ranges = ((715, 719),)
    rows = (("vehicle_maximum_current",), ("session_energy", "session_duration"))

    # Read 0 as "not known", as the older profile says (UNCONFIRMED here).
    vehicle_maximum_current = measure(
        integer(715, signed=False, nan=0), Quantity.CURRENT, tier=Tier.DETAIL
    )
    session_energy = measure(uint32(716, nan=0xFFFF_FFFF), Quantity.SESSION_ENERGY)
    session_duration = measure(uint32(718, nan=0xFFFF_FFFF), Quantity.DURATION)


class Limits(Component):
    """What an energy manager asks for (protocol 1.5): current in A and in 0.1 A, power in W."""

    register_ranges = ((2000, 2002),)

    current = integer(2000, signed=False, writable=True)
    tenths = integer(2001, signed=False, writable=True)
    power = integer(2002, signed=False, writable=True)


class OldLimits(Component):
    """The same before protocol 1.5."""

    register_ranges = ((1000, 1002),)

    current = integer(1000, signed=False, writable=True)
    tenths = integer(1001, signed=False, writable=True)
    power = integer(1002, signed=False, writable=True)


class Hems(Block):
    """How the charger sees its energy manager."""

    register_ranges = ((2010, 2013),)
    rows = (
        ("hems_access",),
        ("hems_status",),
        ("power_limit_minimum",),
        ("power_limit_maximum",),
    )

    hems_access = enumerated(enum(2010, HemsAccess), tier=Tier.EXPERT)
    hems_status = enumerated(enum(2011, HemsStatus), tier=Tier.DETAIL)
    power_limit_minimum = measure(integer(2012, signed=False), Quantity.POWER, tier=Tier.EXPERT)
    power_limit_maximum = measure(integer(2013, signed=False), Quantity.POWER, tier=Tier.EXPERT)

    @derived(Aspect.PROBLEM)
    def safe_current_active(self) -> bool | None:
        """Whether the charger has lost us and fell back to its safe current."""
        return None if self.hems_status is None else self.hems_status is HemsStatus.TIMEOUT


class PhaseSwitch(Component):
    """How many phases are used, and who decides that."""

    register_ranges = ((2020, 2023),)

    phase_switch_mode = enumerated(enum(2020, PhaseSwitchMode), tier=Tier.DETAIL)
    phase_switch_pause = measure(integer(2021, signed=False), Quantity.DURATION, tier=Tier.EXPERT)
    phase_switching = flag(boolean(2022), Aspect.RUNNING, tier=Tier.DETAIL)
    assigned_phases = enumerated(enum(2023, AssignedPhases), tier=Tier.DETAIL)


class Permission(Component):
    """Whether the session is authorised."""

    authorisation = enumerated(enum(2030, Authorisation), tier=Tier.DETAIL)
