"""VE.Bus: Multi, Quattro, MultiPlus, EasySolar; several on one bus are one device here."""

from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import ClassVar, Final, override

from ....model.controls import Control
from ....model.points import Aspect, Quantity, Tier, derived, enumerated, flag, measure, text
from ....polling.polled_device import Cadence
from ..component import AlarmedComponent, GxComponent, total
from ..fields import Zero, code, int16, int32, kwh32, string, uint16, uint32, yes
from ..service import Block, Filler, Service
from ..service_device import Node
from ..states import AcInput, Alarm, OperatingState, SwitchPosition
from ..write_limits import SWITCH, Rail, Setting

# In external control, per phase: positive charges.
SETPOINT: Final = Setting(minimum=-300_000, maximum=300_000, rail=Rail.AC_POWER_PHASE)
SETPOINT_16: Final = Setting(minimum=-32_768, maximum=32_767, rail=Rail.AC_POWER_PHASE)
FEED_IN_LIMIT: Final = Setting(minimum=0, maximum=300_000, rail=Rail.AC_POWER_PHASE)


class VebusError(IntEnum):
    """The errors of the bus."""

    NO_ERROR = 0
    OTHER_PHASE_OFF = 1
    MIXED_MK2_TYPES = 2
    DEVICES_MISSING_OR_MORE = 3
    NO_OTHER_DEVICE = 4
    OVERVOLTAGE_AC_OUT = 5
    DDC_PROGRAM = 6
    BMS_WITHOUT_ASSISTANT = 7
    TIME_SYNCHRONISATION = 10
    CANNOT_TRANSMIT = 14
    DONGLE_MISSING = 16
    MASTER_FAILED = 17
    OVERVOLTAGE_SLAVE_OFF = 18
    CANNOT_BE_SLAVE = 22
    SWITCH_OVER_PROTECTION = 24
    FIRMWARE_INCOMPATIBLE = 25
    INTERNAL = 26


class ChargeStage(IntEnum):
    """The stage of the charge; tells more than the state where a BMS is in charge."""

    INITIALISING = 0
    BULK = 1
    ABSORPTION = 2
    FLOAT = 3
    STORAGE = 4
    REPEATED_ABSORPTION = 5
    FORCED_ABSORPTION = 6
    EQUALIZE = 7
    BULK_STOPPED = 8
    UNKNOWN = 9


class MicrogridMode(IntEnum):
    """The role in a microgrid."""

    GRID_FORMING = 0
    GRID_FOLLOWING = 1
    RESERVED = 2
    HYBRID_DROOP = 3


class MicrogridError(IntEnum):
    """What is wrong with the microgrid's parameters."""

    NO_ERROR = 0
    DIFFERENT_PARAMETERS = 1
    WRITE_FAILED = 2


class MicrogridOperation(IntEnum):
    """Whether it runs in a microgrid."""

    STANDARD = 0
    MICROGRID = 1


class Vebus(AlarmedComponent):
    """AC in, AC out, the battery side, alarms, and what external control sets.

    Powers are listed in tens of watts. Energy counters start at 0 when the Multi is
    switched off and when the GX starts anew: they are for the curious.
    """

    lifelines: ClassVar = {"battery_voltage": ("state_of_charge",)}

    input_voltage_l1 = measure(uint16(3, 10), Quantity.VOLTAGE, phase=1)
    input_voltage_l2 = measure(uint16(4, 10), Quantity.VOLTAGE, phase=2)
    input_voltage_l3 = measure(uint16(5, 10), Quantity.VOLTAGE, phase=3)
    input_current_l1 = measure(int16(6, 10), Quantity.CURRENT, phase=1)
    input_current_l2 = measure(int16(7, 10), Quantity.CURRENT, phase=2)
    input_current_l3 = measure(int16(8, 10), Quantity.CURRENT, phase=3)
    input_frequency_l1 = measure(int16(9, 100), Quantity.FREQUENCY, phase=1, tier=Tier.DETAIL)
    input_frequency_l2 = measure(int16(10, 100), Quantity.FREQUENCY, phase=2, tier=Tier.EXPERT)
    input_frequency_l3 = measure(int16(11, 100), Quantity.FREQUENCY, phase=3, tier=Tier.EXPERT)
    # Positive comes from the mains.
    input_power_l1 = measure(int16(12, 0.1), Quantity.POWER, phase=1)
    input_power_l2 = measure(int16(13, 0.1), Quantity.POWER, phase=2)
    input_power_l3 = measure(int16(14, 0.1), Quantity.POWER, phase=3)
    output_voltage_l1 = measure(uint16(15, 10), Quantity.VOLTAGE, phase=1)
    output_voltage_l2 = measure(uint16(16, 10), Quantity.VOLTAGE, phase=2)
    output_voltage_l3 = measure(uint16(17, 10), Quantity.VOLTAGE, phase=3)
    output_current_l1 = measure(int16(18, 10), Quantity.CURRENT, phase=1)
    output_current_l2 = measure(int16(19, 10), Quantity.CURRENT, phase=2)
    output_current_l3 = measure(int16(20, 10), Quantity.CURRENT, phase=3)
    output_frequency = measure(int16(21, 100), Quantity.FREQUENCY, tier=Tier.DETAIL)
    input_current_limit = measure(
        int16(22, 10, setting=Setting(minimum=0, maximum=3276.7, rail=Rail.AC_CURRENT)),
        Quantity.CURRENT,
        tier=Tier.DETAIL,
    )
    # Positive goes to the loads.
    output_power_l1 = measure(int16(23, 0.1), Quantity.POWER, phase=1)
    output_power_l2 = measure(int16(24, 0.1), Quantity.POWER, phase=2)
    output_power_l3 = measure(int16(25, 0.1), Quantity.POWER, phase=3)
    battery_voltage = measure(uint16(26, 100), Quantity.VOLTAGE)
    # Positive goes into the battery.
    battery_current = measure(int16(27, 10), Quantity.CURRENT)
    number_of_phases = measure(uint16(28, zero=Zero.NO_VALUE), Quantity.COUNT, tier=Tier.EXPERT)
    active_input = enumerated(code(29, AcInput), tier=Tier.DETAIL)
    # Writable to correct the Multi's own estimate; nothing to do from afar.
    state_of_charge = measure(
        uint16(30, 10, zero=Zero.UNTIL_SEEN, writable=True),
        Quantity.STATE_OF_CHARGE,
        tier=Tier.DETAIL,
    )
    operating_state = enumerated(code(31, OperatingState))
    vebus_error = enumerated(code(32, VebusError), tier=Tier.DETAIL)
    switch_position = enumerated(
        code(33, SwitchPosition, setting=Setting(minimum=1, maximum=4)), tier=Tier.DETAIL
    )
    high_temperature_alarm = enumerated(code(34, Alarm), tier=Tier.DETAIL)
    low_battery_alarm = enumerated(code(35, Alarm), tier=Tier.DETAIL)
    overload_alarm = enumerated(code(36, Alarm), tier=Tier.DETAIL)

    # Kept by the GX in modes 1 and 2, for others to set in mode 3 only.
    power_setpoint_l1 = measure(
        int32(96, since=49, setting=SETPOINT, before=int16(37, setting=SETPOINT_16)),
        Quantity.POWER,
        phase=1,
        tier=Tier.EXPERT,
    )
    charge_disabled = flag(yes(38, setting=SWITCH), tier=Tier.EXPERT)
    feed_in_disabled = flag(yes(39, setting=SWITCH), tier=Tier.EXPERT)
    power_setpoint_l2 = measure(
        int32(98, since=49, setting=SETPOINT, before=int16(40, setting=SETPOINT_16)),
        Quantity.POWER,
        phase=2,
        tier=Tier.EXPERT,
    )
    power_setpoint_l3 = measure(
        int32(100, since=49, setting=SETPOINT, before=int16(41, setting=SETPOINT_16)),
        Quantity.POWER,
        phase=3,
        tier=Tier.EXPERT,
    )

    temperature_sensor_alarm = enumerated(code(42, Alarm), tier=Tier.EXPERT)
    voltage_sensor_alarm = enumerated(code(43, Alarm), tier=Tier.EXPERT)
    high_temperature_alarm_l1 = enumerated(code(44, Alarm), phase=1, tier=Tier.EXPERT)
    low_battery_alarm_l1 = enumerated(code(45, Alarm), phase=1, tier=Tier.EXPERT)
    overload_alarm_l1 = enumerated(code(46, Alarm), phase=1, tier=Tier.EXPERT)
    ripple_alarm_l1 = enumerated(code(47, Alarm), phase=1, tier=Tier.EXPERT)
    high_temperature_alarm_l2 = enumerated(code(48, Alarm), phase=2, tier=Tier.EXPERT)
    low_battery_alarm_l2 = enumerated(code(49, Alarm), phase=2, tier=Tier.EXPERT)
    overload_alarm_l2 = enumerated(code(50, Alarm), phase=2, tier=Tier.EXPERT)
    ripple_alarm_l2 = enumerated(code(51, Alarm), phase=2, tier=Tier.EXPERT)
    high_temperature_alarm_l3 = enumerated(code(52, Alarm), phase=3, tier=Tier.EXPERT)
    low_battery_alarm_l3 = enumerated(code(53, Alarm), phase=3, tier=Tier.EXPERT)
    overload_alarm_l3 = enumerated(code(54, Alarm), phase=3, tier=Tier.EXPERT)
    ripple_alarm_l3 = enumerated(code(55, Alarm), phase=3, tier=Tier.EXPERT)

    # By shifting the frequency, so it works while inverting only.
    pv_disabled = flag(yes(56, setting=SWITCH), tier=Tier.EXPERT)
    bms_allows_charge = flag(yes(57), tier=Tier.DETAIL)
    bms_allows_discharge = flag(yes(58), tier=Tier.DETAIL)
    bms_expected = flag(yes(59), tier=Tier.EXPERT)
    bms_error = flag(yes(60), Aspect.PROBLEM, tier=Tier.DETAIL)
    battery_temperature = measure(
        int16(61, 10, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )
    # Any write at all resets the bus.
    system_reset = yes(62, setting=Setting(minimum=1, maximum=1))
    phase_rotation_alarm = enumerated(code(63, Alarm), tier=Tier.DETAIL)
    grid_lost_alarm = enumerated(code(64, Alarm), tier=Tier.DETAIL)
    overvoltage_feed_in_disabled = flag(yes(65, setting=SWITCH), tier=Tier.EXPERT)
    overvoltage_feed_in_limit_l1 = measure(
        uint16(66, 0.01, setting=FEED_IN_LIMIT), Quantity.POWER, phase=1, tier=Tier.EXPERT
    )
    overvoltage_feed_in_limit_l2 = measure(
        uint16(67, 0.01, setting=FEED_IN_LIMIT), Quantity.POWER, phase=2, tier=Tier.EXPERT
    )
    overvoltage_feed_in_limit_l3 = measure(
        uint16(68, 0.01, setting=FEED_IN_LIMIT), Quantity.POWER, phase=3, tier=Tier.EXPERT
    )
    ignore_ac_input_1 = flag(yes(69), number=1, tier=Tier.EXPERT)
    ignore_ac_input_2 = flag(yes(70), number=2, tier=Tier.EXPERT)
    setpoint_limits_feed_in = flag(yes(71, since=37, setting=SWITCH), tier=Tier.EXPERT)
    small_solar_offset = flag(yes(72, since=37, setting=SWITCH), tier=Tier.EXPERT)
    sustain = flag(yes(73, since=37), tier=Tier.EXPERT)

    energy_input_1_to_output = measure(kwh32(74, since=37), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_input_1_to_battery = measure(kwh32(76, since=37), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_input_2_to_output = measure(kwh32(78, since=37), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_input_2_to_battery = measure(kwh32(80, since=37), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_output_to_input_1 = measure(kwh32(82, since=37), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_output_to_input_2 = measure(kwh32(84, since=37), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_battery_to_input_1 = measure(kwh32(86, since=37), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_battery_to_input_2 = measure(kwh32(88, since=37), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_battery_to_output = measure(kwh32(90, since=37), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_output_to_battery = measure(kwh32(92, since=37), Quantity.ENERGY, tier=Tier.EXPERT)
    bms_alarm = enumerated(code(94, Alarm, since=46), tier=Tier.DETAIL)
    charge_stage = enumerated(code(95, ChargeStage, since=44), tier=Tier.DETAIL)

    renewable_preferred = flag(yes(102, since=49, setting=SWITCH), tier=Tier.DETAIL)
    generator_announced = flag(yes(103, since=49, setting=SWITCH), tier=Tier.EXPERT)
    generator_selected = flag(yes(104, since=49), tier=Tier.EXPERT)
    redetection = yes(105, since=57, setting=Setting(minimum=1, maximum=1))
    # Configuration of the inverter, not control: to be seen, and left alone.
    boost_factor = measure(
        uint16(106, 100, since=60, writable=True), Quantity.COUNT, tier=Tier.EXPERT
    )
    configured_output_voltage = measure(
        uint16(107, 100, since=60, writable=True), Quantity.VOLTAGE, tier=Tier.EXPERT
    )
    power_assist_enabled = flag(yes(108, since=60, writable=True), tier=Tier.EXPERT)
    ups_disabled = flag(yes(109, since=60, writable=True), tier=Tier.EXPERT)
    relay_test_passed_1 = flag(yes(110, since=94), number=1, tier=Tier.EXPERT)
    relay_test_passed_2 = flag(yes(111, since=94), number=2, tier=Tier.EXPERT)
    relay_test_passed_3 = flag(yes(112, since=94), number=3, tier=Tier.EXPERT)
    relay_test_passed_4 = flag(yes(113, since=94), number=4, tier=Tier.EXPERT)
    relay_test_passed_5 = flag(yes(114, since=94), number=5, tier=Tier.EXPERT)
    relay_test_passed_6 = flag(yes(115, since=94), number=6, tier=Tier.EXPERT)
    relay_test_passed_7 = flag(yes(116, since=94), number=7, tier=Tier.EXPERT)
    relay_test_passed_8 = flag(yes(117, since=94), number=8, tier=Tier.EXPERT)
    relay_test_passed_9 = flag(yes(118, since=94), number=9, tier=Tier.EXPERT)
    relay_test_passed_10 = flag(yes(119, since=94), number=10, tier=Tier.EXPERT)
    relay_test_passed_11 = flag(yes(120, since=94), number=11, tier=Tier.EXPERT)
    relay_test_passed_12 = flag(yes(121, since=94), number=12, tier=Tier.EXPERT)

    @property
    @override
    def phases_told(self) -> int | None:
        phases = self.number_of_phases
        return None if phases is None else int(phases)

    @derived(Quantity.POWER)
    def input_power(self) -> float | None:
        """What comes in on all phases; negative goes to the mains."""
        return total(self.input_power_l1, self.input_power_l2, self.input_power_l3)

    @derived(Quantity.POWER)
    def output_power(self) -> float | None:
        """What goes to the loads on all phases."""
        return total(self.output_power_l1, self.output_power_l2, self.output_power_l3)


class VebusRatings(GxComponent):
    """What the inverters are made for."""

    nominal_power = measure(
        uint32(130, since=96, zero=Zero.NO_VALUE), Quantity.POWER, tier=Tier.EXPERT
    )
    nominal_power_l1 = measure(
        uint32(132, since=96, zero=Zero.NO_VALUE), Quantity.POWER, phase=1, tier=Tier.EXPERT
    )
    nominal_power_l2 = measure(
        uint32(134, since=96, zero=Zero.NO_VALUE), Quantity.POWER, phase=2, tier=Tier.EXPERT
    )
    nominal_power_l3 = measure(
        uint32(136, since=96, zero=Zero.NO_VALUE), Quantity.POWER, phase=3, tier=Tier.EXPERT
    )


class VebusIdentity(GxComponent):
    """The name that its owner gave it."""

    custom_name = text(string(140, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)


class Microgrid(GxComponent):
    """The part in a microgrid. For those who build one: nothing is set from here.

    Victron marks 213 to 222 as not supported, and 230 has to be written every two seconds
    once it is used.
    """

    microgrid_mode = enumerated(code(200, MicrogridMode, since=83), tier=Tier.EXPERT)
    # An unsigned number, whatever the printed list says.
    droop_frequency = measure(
        uint16(201, 100, since=83, writable=True), Quantity.FREQUENCY, tier=Tier.EXPERT
    )
    droop_power = measure(
        int16(202, 100, since=83, writable=True), Quantity.RATIO, tier=Tier.EXPERT
    )
    droop_power_minimum = measure(
        int16(203, 100, since=83, writable=True), Quantity.RATIO, tier=Tier.EXPERT
    )
    droop_power_maximum = measure(
        int16(204, 100, since=83, writable=True), Quantity.RATIO, tier=Tier.EXPERT
    )
    frequency_power_droop = measure(
        uint16(205, 100, since=84, writable=True), Quantity.RATIO, tier=Tier.EXPERT
    )
    droop_reactive_power = measure(
        int16(206, 100, since=83, writable=True), Quantity.RATIO, tier=Tier.EXPERT
    )
    droop_reactive_power_minimum = measure(
        int16(207, 100, since=83, writable=True), Quantity.RATIO, tier=Tier.EXPERT
    )
    droop_reactive_power_maximum = measure(
        int16(208, 100, since=83, writable=True), Quantity.RATIO, tier=Tier.EXPERT
    )
    voltage_reactive_power_droop = measure(
        uint16(209, 100, since=84, writable=True), Quantity.RATIO, tier=Tier.EXPERT
    )
    droop_voltage = measure(
        uint16(210, 100, since=83, writable=True), Quantity.VOLTAGE, tier=Tier.EXPERT
    )
    droop_activation = yes(211, since=83, writable=True)

    following_frequency_minimum = measure(
        uint16(213, 100, since=87, writable=True), Quantity.FREQUENCY, tier=Tier.EXPERT
    )
    following_frequency_maximum = measure(
        uint16(214, 100, since=87, writable=True), Quantity.FREQUENCY, tier=Tier.EXPERT
    )
    following_power = measure(
        int16(215, 100, since=87, writable=True), Quantity.RATIO, tier=Tier.EXPERT
    )
    following_reactive_power = measure(
        int16(216, 100, since=87, writable=True), Quantity.RATIO, tier=Tier.EXPERT
    )
    following_voltage_minimum = measure(
        uint16(217, 100, since=87, writable=True), Quantity.VOLTAGE, tier=Tier.EXPERT
    )
    following_voltage_maximum = measure(
        uint16(218, 100, since=87, writable=True), Quantity.VOLTAGE, tier=Tier.EXPERT
    )
    following_activation = yes(219, since=87, writable=True)
    forming_frequency = measure(
        uint16(220, 100, since=86, writable=True), Quantity.FREQUENCY, tier=Tier.EXPERT
    )
    forming_voltage = measure(
        uint16(221, 100, since=86, writable=True), Quantity.VOLTAGE, tier=Tier.EXPERT
    )
    forming_activation = yes(222, since=86, writable=True)

    microgrid_heartbeat = yes(230, since=86, writable=True)
    microgrid_error = enumerated(code(231, MicrogridError, since=86), tier=Tier.EXPERT)
    # Printed as writable; the server refuses.
    microgrid_operation = enumerated(code(232, MicrogridOperation, since=99), tier=Tier.EXPERT)
    microgrid_reset_pending = flag(yes(233, since=99), tier=Tier.EXPERT)
    microgrid_operation_adjustable = flag(yes(234, since=99), tier=Tier.EXPERT)

    droop_power_reference = measure(uint32(240, since=100), Quantity.POWER, tier=Tier.EXPERT)
    # Listed in watts, by its name reactive.
    droop_reactive_power_reference = measure(
        uint32(242, since=100), Quantity.REACTIVE_POWER, tier=Tier.EXPERT
    )
    following_power_reference = measure(uint32(244, since=100), Quantity.POWER, tier=Tier.EXPERT)
    following_reactive_power_reference = measure(
        uint32(246, since=100), Quantity.REACTIVE_POWER, tier=Tier.EXPERT
    )


ON_POSITIONS: Final = (
    SwitchPosition.ON,
    SwitchPosition.CHARGER_ONLY,
    SwitchPosition.INVERTER_ONLY,
)
"""What the switch may be set to; off cuts the power of the house and is a button."""


def _controls(node: Node) -> Iterator[Control]:
    yield from node.select(Vebus, "switch_position", ON_POSITIONS)
    yield from node.button(
        Vebus, "switch_position", key="switch_off", value=SwitchPosition.OFF, lasting=True
    )
    yield from node.number(Vebus, "input_current_limit")
    yield from node.switch(Vebus, "renewable_preferred")
    yield from node.switch(Vebus, "generator_announced", tier=Tier.EXPERT)
    yield from node.switch(Vebus, "pv_disabled", tier=Tier.EXPERT)
    yield from node.button(Vebus, "system_reset", key="system_reset", restarts=True)
    yield from node.button(Vebus, "redetection", key="redetect_system", restarts=True)
    yield from _external_control(node)


def _external_control(node: Node) -> Iterator[Control]:
    """Yield what ESS mode 3 leaves to others; useless, and refused, in any other mode."""
    guard = node.device.require_external_control

    def usable() -> bool:
        return node.device.external_control

    for phase in (1, 2, 3):
        # Reading these back is unreliable by design since Venus 2.00.
        yield from node.setpoint(
            Vebus, f"power_setpoint_l{phase}", guard=guard, usable=usable, readable=False
        )
    yield from node.release(Vebus)
    for field in (
        "charge_disabled",
        "feed_in_disabled",
        "overvoltage_feed_in_disabled",
        "setpoint_limits_feed_in",
        "small_solar_offset",
    ):
        yield from node.switch(Vebus, field, tier=Tier.EXPERT, guard=guard, usable=usable)
    for phase in (1, 2, 3):
        yield from node.number(
            Vebus,
            f"overvoltage_feed_in_limit_l{phase}",
            tier=Tier.EXPERT,
            guard=guard,
            usable=usable,
        )


def _views(node: Node) -> Iterable[object]:
    return node.setpoint_view(Vebus)


VEBUS = Service(
    key="vebus",
    title="VE.Bus system",
    probe=3,
    blocks=(
        Block(name="identity", component=VebusIdentity, cadence=Cadence.IDENTITY),
        Block(name="main", component=Vebus, cadence=Cadence.MEASUREMENTS),
        Block(name="ratings", component=VebusRatings, cadence=Cadence.SETTINGS),
        Block(name="microgrid", component=Microgrid, cadence=Cadence.SETTINGS),
    ),
    fillers=(
        Filler(address=122, count=8),
        Filler(address=138, count=2),
        Filler(address=212, count=1),
        Filler(address=223, count=7),
        Filler(address=235, count=5, since=101),
    ),
    controls=_controls,
    views=_views,
)
