"""VE.Bus: Multi, Quattro, MultiPlus, EasySolar; several on one bus are one device here."""

from collections.abc import Iterator
from enum import IntEnum
from typing import Final

from modbus_connection.model import NumberField

from ....model.controls import Control, shown
from ....model.errors import NotNowError
from ....model.points import Aspect, Quantity, Tier, enumerated, flag, measure, phases
from ..block_controls import BlockControls
from ..component import GxComponent, PhasedInverter
from ..fields import (
    NO_VALUE,
    UNTIL_SEEN,
    GxNumber,
    code,
    each,
    int16,
    int32,
    kwh32,
    row,
    uint16,
    uint32,
    yes,
)
from ..identities import identity
from ..service import Service, main, reserved, settings
from ..service_device import ServiceDevice
from ..states import ON_POSITIONS, AcInput, Alarm, OperatingState, SwitchPosition
from ..write_limits import COMMAND, SWITCH, Limit, Setting

# In external control, per phase: positive charges.
SETPOINT: Final = Setting(-300_000, 300_000, Limit.AC_POWER_PHASE)
SETPOINT_16: Final = Setting(-32_768, 32_767, Limit.AC_POWER_PHASE)
BOOST_FACTOR: Final = Setting(1, 2.5, step=0.1)
OUTPUT_VOLTAGE: Final = Setting(95, 280, Limit.AC_VOLTAGE, step=1)
FEED_IN_LIMIT: Final = Setting(0, 300_000, Limit.AC_POWER_PHASE)


OTHER_VOLTAGE: Final = 0.15
"""How far the output may be from the nominal voltage: 230 V and 120 V are further apart."""


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


def _narrow_setpoint(address: int) -> GxNumber[float]:
    """Return a set-point as older servers have it."""
    return int16(address, setting=SETPOINT_16)


def _alarms(*addresses: int) -> Iterator[NumberField[Alarm]]:
    """Declare one alarm of the three phases."""
    return (
        enumerated(code(address, Alarm), phase=phase)
        for phase, address in enumerate(addresses, start=1)
    )


class Vebus(PhasedInverter, tier=Tier.EXPERT):
    """AC in, AC out, the battery side, alarms, and what external control sets.

    Powers are listed in tens of watts. Energy counters start at 0 when the Multi is
    switched off and when the GX restarts: they are for the curious.
    """

    input_voltage_l1, input_voltage_l2, input_voltage_l3 = phases(
        uint16, (3, 4, 5), Quantity.VOLTAGE, scale=10, tier=Tier.MAIN
    )
    input_current_l1, input_current_l2, input_current_l3 = phases(
        int16, (6, 7, 8), Quantity.CURRENT, scale=10, tier=Tier.MAIN, spare=True
    )
    input_frequency_l1 = measure(int16(9, 100), Quantity.FREQUENCY, phase=1, tier=Tier.DETAIL)
    input_frequency_l2 = measure(int16(10, 100), Quantity.FREQUENCY, phase=2)
    input_frequency_l3 = measure(int16(11, 100), Quantity.FREQUENCY, phase=3)
    # Positive comes from the mains.
    input_power_l1, input_power_l2, input_power_l3 = phases(
        int16, (12, 13, 14), Quantity.POWER, scale=0.1, tier=Tier.MAIN
    )
    output_voltage_l1, output_voltage_l2, output_voltage_l3 = phases(
        uint16, (15, 16, 17), Quantity.VOLTAGE, scale=10, tier=Tier.MAIN
    )
    output_current_l1, output_current_l2, output_current_l3 = phases(
        int16, (18, 19, 20), Quantity.CURRENT, scale=10, tier=Tier.MAIN, spare=True
    )
    output_frequency = measure(int16(21, 100), Quantity.FREQUENCY, tier=Tier.DETAIL)
    input_current_limit = measure(
        int16(22, 10, setting=Setting(0, 3276.7, Limit.AC_CURRENT)),
        Quantity.CURRENT,
        tier=Tier.DETAIL,
    )
    # Positive goes to the loads.
    output_power_l1, output_power_l2, output_power_l3 = phases(
        int16, (23, 24, 25), Quantity.POWER, scale=0.1, tier=Tier.MAIN, spare=True
    )
    battery_voltage = measure(uint16(26, 100), Quantity.VOLTAGE, tier=Tier.MAIN)
    # Positive goes into the battery.
    battery_current = measure(int16(27, 10), Quantity.CURRENT, tier=Tier.MAIN)
    number_of_phases = measure(uint16(28, zero=NO_VALUE), Quantity.COUNT)
    active_input = enumerated(code(29, AcInput), tier=Tier.DETAIL)
    # To be set only to correct the Multi's own estimate.
    state_of_charge = measure(
        uint16(30, 10, zero=UNTIL_SEEN, lifeline="battery_voltage", setting=Setting(0, 100)),
        Quantity.STATE_OF_CHARGE,
        tier=Tier.DETAIL,
    )
    operating_state = enumerated(code(31, OperatingState), tier=Tier.MAIN)
    vebus_error = enumerated(code(32, VebusError), tier=Tier.DETAIL)
    switch_position = enumerated(code(33, SwitchPosition, setting=Setting(1, 4)), tier=Tier.DETAIL)
    high_temperature_alarm = enumerated(code(34, Alarm), tier=Tier.DETAIL)
    low_battery_alarm = enumerated(code(35, Alarm), tier=Tier.DETAIL)
    overload_alarm = enumerated(code(36, Alarm), tier=Tier.DETAIL)

    # Kept by the GX in modes 1 and 2, for others to set in mode 3 only.
    power_setpoint_l1, power_setpoint_l2, power_setpoint_l3 = phases(
        int32,
        (96, 98, 100),
        Quantity.POWER,
        since=49,
        setting=SETPOINT,
        before=each(_narrow_setpoint, 37, 40, 41),
    )
    charge_disabled = flag(yes(38, setting=SWITCH))
    feed_in_disabled = flag(yes(39, setting=SWITCH))

    temperature_sensor_alarm = enumerated(code(42, Alarm))
    voltage_sensor_alarm = enumerated(code(43, Alarm))
    high_temperature_alarm_l1, high_temperature_alarm_l2, high_temperature_alarm_l3 = _alarms(
        44, 48, 52
    )
    low_battery_alarm_l1, low_battery_alarm_l2, low_battery_alarm_l3 = _alarms(45, 49, 53)
    overload_alarm_l1, overload_alarm_l2, overload_alarm_l3 = _alarms(46, 50, 54)
    ripple_alarm_l1, ripple_alarm_l2, ripple_alarm_l3 = _alarms(47, 51, 55)

    # By shifting the frequency, so it works while inverting only.
    pv_disabled = flag(yes(56, setting=SWITCH))
    bms_allows_charge = flag(yes(57), tier=Tier.DETAIL)
    bms_allows_discharge = flag(yes(58), tier=Tier.DETAIL)
    bms_expected = flag(yes(59))
    bms_error = flag(yes(60), Aspect.PROBLEM, tier=Tier.DETAIL)
    battery_temperature = measure(
        int16(61, 10, zero=UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )
    # Any write at all resets the bus.
    system_reset = yes(62, setting=COMMAND)
    phase_rotation_alarm = enumerated(code(63, Alarm), tier=Tier.DETAIL)
    grid_lost_alarm = enumerated(code(64, Alarm), tier=Tier.DETAIL)
    overvoltage_feed_in_disabled = flag(yes(65, setting=SWITCH))
    overvoltage_feed_in_limit_l1, overvoltage_feed_in_limit_l2, overvoltage_feed_in_limit_l3 = (
        phases(uint16, (66, 67, 68), Quantity.POWER, scale=0.01, setting=FEED_IN_LIMIT)
    )
    ignore_ac_input_1 = flag(yes(69), number=1)
    ignore_ac_input_2 = flag(yes(70), number=2)
    setpoint_limits_feed_in = flag(yes(71, since=37, setting=SWITCH))
    small_solar_offset = flag(yes(72, since=37, setting=SWITCH))
    sustain = flag(yes(73, since=37))

    energy_input_1_to_output = measure(kwh32(74, since=37), Quantity.ENERGY)
    energy_input_1_to_battery = measure(kwh32(76, since=37), Quantity.ENERGY)
    energy_input_2_to_output = measure(kwh32(78, since=37), Quantity.ENERGY)
    energy_input_2_to_battery = measure(kwh32(80, since=37), Quantity.ENERGY)
    energy_output_to_input_1 = measure(kwh32(82, since=37), Quantity.ENERGY)
    energy_output_to_input_2 = measure(kwh32(84, since=37), Quantity.ENERGY)
    energy_battery_to_input_1 = measure(kwh32(86, since=37), Quantity.ENERGY)
    energy_battery_to_input_2 = measure(kwh32(88, since=37), Quantity.ENERGY)
    energy_battery_to_output = measure(kwh32(90, since=37), Quantity.ENERGY)
    energy_output_to_battery = measure(kwh32(92, since=37), Quantity.ENERGY)
    bms_alarm = enumerated(code(94, Alarm, since=46), tier=Tier.DETAIL)
    charge_stage = enumerated(code(95, ChargeStage, since=44), tier=Tier.DETAIL)

    renewable_preferred = flag(yes(102, since=49, setting=SWITCH), tier=Tier.DETAIL)
    generator_announced = flag(yes(103, since=49, setting=SWITCH))
    generator_selected = flag(yes(104, since=49))
    redetection = yes(105, since=57, setting=COMMAND)
    # Configuration of the inverter, not control: for the installer. What it takes is UNCONFIRMED,
    # hence the bounds are narrow.
    boost_factor = measure(uint16(106, 100, since=60, setting=BOOST_FACTOR), Quantity.COUNT)
    configured_output_voltage = measure(
        uint16(107, 100, since=60, setting=OUTPUT_VOLTAGE), Quantity.VOLTAGE
    )
    power_assist_enabled = flag(yes(108, since=60, setting=SWITCH))
    ups_disabled = flag(yes(109, since=60, setting=SWITCH))
    (
        relay_test_passed_1,
        relay_test_passed_2,
        relay_test_passed_3,
        relay_test_passed_4,
        relay_test_passed_5,
        relay_test_passed_6,
        relay_test_passed_7,
        relay_test_passed_8,
        relay_test_passed_9,
        relay_test_passed_10,
        relay_test_passed_11,
        relay_test_passed_12,
    ) = (flag(yes(address, since=94), number=number) for number, address in row(110, 12))


class VebusRatings(GxComponent, tier=Tier.EXPERT):
    """What the inverters are made for."""

    nominal_power = measure(uint32(130, since=96, zero=NO_VALUE), Quantity.POWER)
    nominal_power_l1, nominal_power_l2, nominal_power_l3 = phases(
        uint32, (132, 134, 136), Quantity.POWER, since=96, zero=NO_VALUE
    )


class Microgrid(GxComponent, tier=Tier.EXPERT):
    """The part in a microgrid. For those who build one: nothing is set from here.

    Victron marks 213 to 222 as not supported, and 230 has to be written every two seconds
    once it is used.
    """

    microgrid_mode = enumerated(code(200, MicrogridMode, since=83))
    # An unsigned number, whatever the printed list says.
    droop_frequency = measure(uint16(201, 100, since=83, writable=True), Quantity.FREQUENCY)
    droop_power = measure(int16(202, 100, since=83, writable=True), Quantity.RATIO)
    droop_power_minimum = measure(int16(203, 100, since=83, writable=True), Quantity.RATIO)
    droop_power_maximum = measure(int16(204, 100, since=83, writable=True), Quantity.RATIO)
    frequency_power_droop = measure(uint16(205, 100, since=84, writable=True), Quantity.RATIO)
    droop_reactive_power = measure(int16(206, 100, since=83, writable=True), Quantity.RATIO)
    droop_reactive_power_minimum = measure(int16(207, 100, since=83, writable=True), Quantity.RATIO)
    droop_reactive_power_maximum = measure(int16(208, 100, since=83, writable=True), Quantity.RATIO)
    voltage_reactive_power_droop = measure(
        uint16(209, 100, since=84, writable=True), Quantity.RATIO
    )
    droop_voltage = measure(uint16(210, 100, since=83, writable=True), Quantity.VOLTAGE)
    droop_activation = yes(211, since=83, writable=True)

    following_frequency_minimum = measure(
        uint16(213, 100, since=87, writable=True), Quantity.FREQUENCY
    )
    following_frequency_maximum = measure(
        uint16(214, 100, since=87, writable=True), Quantity.FREQUENCY
    )
    following_power = measure(int16(215, 100, since=87, writable=True), Quantity.RATIO)
    following_reactive_power = measure(int16(216, 100, since=87, writable=True), Quantity.RATIO)
    following_voltage_minimum = measure(uint16(217, 100, since=87, writable=True), Quantity.VOLTAGE)
    following_voltage_maximum = measure(uint16(218, 100, since=87, writable=True), Quantity.VOLTAGE)
    following_activation = yes(219, since=87, writable=True)
    forming_frequency = measure(uint16(220, 100, since=86, writable=True), Quantity.FREQUENCY)
    forming_voltage = measure(uint16(221, 100, since=86, writable=True), Quantity.VOLTAGE)
    forming_activation = yes(222, since=86, writable=True)

    microgrid_heartbeat = yes(230, since=86, writable=True)
    microgrid_error = enumerated(code(231, MicrogridError, since=86))
    # Printed as writable; the server refuses.
    microgrid_operation = enumerated(code(232, MicrogridOperation, since=99))
    microgrid_reset_pending = flag(yes(233, since=99))
    microgrid_operation_adjustable = flag(yes(234, since=99))

    droop_power_reference = measure(uint32(240, since=100), Quantity.POWER)
    # Listed in watts, by its name reactive.
    droop_reactive_power_reference = measure(uint32(242, since=100), Quantity.REACTIVE_POWER)
    following_power_reference = measure(uint32(244, since=100), Quantity.POWER)
    following_reactive_power_reference = measure(uint32(246, since=100), Quantity.REACTIVE_POWER)


def _controls(device: ServiceDevice) -> Iterator[Control]:
    vebus = BlockControls(device, Vebus)
    yield from vebus.select("switch_position", ON_POSITIONS)
    yield from vebus.button("switch_off", "switch_position", SwitchPosition.OFF, lasting=True)
    yield from vebus.number("input_current_limit")
    yield from vebus.switch("renewable_preferred")
    yield from vebus.switch("generator_announced", tier=Tier.EXPERT)
    yield from vebus.switch("pv_disabled", tier=Tier.EXPERT)
    yield from vebus.button("system_reset", "system_reset", restarts=True)
    yield from vebus.button("redetect_system", "redetection", restarts=True)
    yield from vebus.number("state_of_charge", tier=Tier.EXPERT)
    yield from vebus.number("boost_factor", tier=Tier.EXPERT)
    yield from vebus.switch("power_assist_enabled", tier=Tier.EXPERT)
    # The register says what is off.
    yield from vebus.switch("ups_disabled", key="ups_function", on=0, off=1, tier=Tier.EXPERT)
    yield from BlockControls(device, Vebus, guard=lambda: _require_fitting_voltage(device)).number(
        "configured_output_voltage", tier=Tier.EXPERT
    )
    yield from _external_control(device)


async def _require_fitting_voltage(device: ServiceDevice) -> None:
    """Refuse if the inverter is made for another voltage than the options say."""
    await device.refresh(Vebus)
    allowed = device.settable(Vebus, "configured_output_voltage")
    volts = device.the(Vebus).configured_output_voltage
    if allowed is None or not volts:
        return
    nominal = (allowed.minimum + allowed.maximum) / 2
    if abs(volts / nominal - 1) > OTHER_VOLTAGE:
        raise NotNowError(
            reason=f"the inverter gives {shown(volts)} V, and the options say {shown(nominal)} V"
        )


def _external_control(device: ServiceDevice) -> Iterator[Control]:
    """Yield what ESS mode 3 leaves to others; useless, and refused, in any other mode."""
    vebus = BlockControls(
        device,
        Vebus,
        guard=device.gateway.require_external_control,
        usable=lambda: device.gateway.external_control,
    )
    for phase in (1, 2, 3):
        # Reading these back is unreliable by design since Venus 2.00.
        yield from vebus.setpoint(f"power_setpoint_l{phase}", readable=False)
    yield from BlockControls(device, Vebus).release("power_setpoint_l1")
    for field in (
        "charge_disabled",
        "feed_in_disabled",
        "overvoltage_feed_in_disabled",
        "setpoint_limits_feed_in",
        "small_solar_offset",
    ):
        yield from vebus.switch(field, tier=Tier.EXPERT)
    for phase in (1, 2, 3):
        yield from vebus.number(f"overvoltage_feed_in_limit_l{phase}", tier=Tier.EXPERT)


VEBUS = Service(
    "vebus",
    "VE.Bus system",
    3,
    (
        identity(140),
        main(Vebus),
        settings("ratings", VebusRatings),
        settings("microgrid", Microgrid),
    ),
    fillers=(
        *reserved((122, 8), (138, 2), (212, 1), (223, 7)),
        *reserved((235, 5), since=101),
    ),
    setpoints=Vebus,
    controls=_controls,
)
