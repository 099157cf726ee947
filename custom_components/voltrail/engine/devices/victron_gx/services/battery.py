"""Batteries and battery monitors: BMV, SmartShunt, Lynx, and managed batteries on CAN."""

from collections.abc import Iterator
from enum import IntEnum
from typing import Final

from ....model.controls import Control
from ....model.points import Quantity, Tier, enumerated, flag, measure, text
from ..block_controls import BlockControls
from ..component import AlarmedComponent, GxComponent, moment
from ..fields import (
    NO_VALUE,
    UNTIL_SEEN,
    code,
    int16,
    int32,
    kwh16,
    row,
    string,
    uint16,
    uint32,
    yes,
)
from ..identities import identity
from ..service import Energy, Service, main, settings
from ..service_device import ServiceDevice
from ..states import Alarm
from ..write_limits import SWITCH, Setting


class BatteryState(IntEnum):
    """What a managed battery of Victron is doing."""

    WAIT_START = 0
    BEFORE_BOOT = 1
    BEFORE_BOOT_DELAY = 2
    WAIT_BOOT = 3
    INITIALISING = 4
    MEASURE_VOLTAGE = 5
    CALCULATE_VOLTAGE = 6
    WAIT_BUS_VOLTAGE = 7
    WAIT_LYNX_SHUNT = 8
    RUNNING = 9
    ERROR = 10
    UNUSED = 11
    SHUTDOWN = 12
    SLAVE_UPDATING = 13
    STANDBY = 14
    GOING_TO_RUN = 15
    PRE_CHARGING = 16
    CONTACTOR_CHECK = 17


class BatteryError(IntEnum):
    """The errors of a managed battery of Victron."""

    NO_ERROR = 0
    INITIALISATION = 1
    NO_BATTERIES = 2
    UNKNOWN_BATTERY = 3
    DIFFERENT_TYPE = 4
    WRONG_NUMBER = 5
    LYNX_SHUNT_NOT_FOUND = 6
    MEASUREMENT = 7
    CALCULATION = 8
    SERIES_NOT_OK = 9
    WRONG_NUMBER_IN_SERIES = 10
    HARDWARE_ERROR = 11
    WATCHDOG = 12
    OVERVOLTAGE = 13
    UNDERVOLTAGE = 14
    TOO_HOT = 15
    TOO_COLD = 16
    HARDWARE_FAULT = 17
    STANDBY_SHUTDOWN = 18
    PRE_CHARGE_CHARGE = 19
    CONTACTOR_CHECK = 20
    PRE_CHARGE_DISCHARGE = 21
    ADC = 22
    SLAVE_ERROR = 23
    SLAVE_WARNING = 24
    PRE_CHARGE = 25
    CONTACTOR = 26
    OVERCURRENT = 27
    SLAVE_UPDATE_FAILED = 28
    SLAVE_UPDATE_UNAVAILABLE = 29


class BatteryMode(IntEnum):
    """The switch of a SmartLithium battery."""

    ON = 3
    STANDBY = 252


class Balancer(IntEnum):
    """What the balancer does."""

    UNKNOWN = 0
    BALANCED = 1
    BALANCING = 2
    IMBALANCE = 3


class Battery(AlarmedComponent, tier=Tier.EXPERT):
    """What the battery measures, its alarms, its limits and its history.

    Batteries on CAN have no history: all of it stays 0.
    """

    # The GX says 0 for what a battery that is lost or just starts does not tell; 0 % would be
    # taken for an empty one. Hence the voltage is the lifeline of what it measures, and the
    # highest voltage that of its history.
    power = measure(
        int32(256, since=78, before=int16(258, since=42), lifeline="voltage"),
        Quantity.POWER,
        tier=Tier.MAIN,
    )
    voltage = measure(uint16(259, 100, zero=UNTIL_SEEN), Quantity.VOLTAGE, tier=Tier.MAIN)
    starter_voltage = measure(uint16(260, 100, zero=UNTIL_SEEN), Quantity.VOLTAGE, tier=Tier.DETAIL)
    current = measure(int16(261, 10, lifeline="voltage"), Quantity.CURRENT, tier=Tier.MAIN)
    temperature = measure(
        int16(262, 10, zero=UNTIL_SEEN, lifeline="voltage"), Quantity.TEMPERATURE, tier=Tier.MAIN
    )
    mid_voltage = measure(uint16(263, 100, zero=UNTIL_SEEN), Quantity.VOLTAGE, tier=Tier.DETAIL)
    mid_voltage_deviation = measure(
        uint16(264, 100, zero=UNTIL_SEEN), Quantity.RATIO, tier=Tier.DETAIL
    )
    consumed_charge = measure(
        uint32(330, -1, since=79, before=uint16(265, -10), lifeline="voltage"),
        Quantity.CHARGE,
        tier=Tier.DETAIL,
    )
    state_of_charge = measure(
        uint16(266, 10, zero=UNTIL_SEEN, lifeline="voltage"),
        Quantity.STATE_OF_CHARGE,
        tier=Tier.MAIN,
    )

    alarm = enumerated(code(267, Alarm))
    low_voltage_alarm = enumerated(code(268, Alarm), tier=Tier.DETAIL)
    high_voltage_alarm = enumerated(code(269, Alarm), tier=Tier.DETAIL)
    low_starter_voltage_alarm = enumerated(code(270, Alarm))
    high_starter_voltage_alarm = enumerated(code(271, Alarm))
    low_state_of_charge_alarm = enumerated(code(272, Alarm), tier=Tier.DETAIL)
    low_temperature_alarm = enumerated(code(273, Alarm), tier=Tier.DETAIL)
    high_temperature_alarm = enumerated(code(274, Alarm), tier=Tier.DETAIL)
    mid_voltage_alarm = enumerated(code(275, Alarm))
    low_fused_voltage_alarm = enumerated(code(276, Alarm))
    high_fused_voltage_alarm = enumerated(code(277, Alarm))
    fuse_blown_alarm = enumerated(code(278, Alarm))
    high_internal_temperature_alarm = enumerated(code(279, Alarm))
    # BMV and the like only; what it switches is not known here.
    battery_relay = flag(yes(280, setting=SWITCH))

    deepest_discharge = measure(uint16(281, -10), Quantity.CHARGE)
    last_discharge = measure(uint16(282, -10), Quantity.CHARGE)
    average_discharge = measure(uint16(283, -10), Quantity.CHARGE)
    charge_cycles = measure(uint16(284, lifeline="maximum_voltage"), Quantity.TOTAL_COUNT)
    full_discharges = measure(uint16(285, lifeline="maximum_voltage"), Quantity.TOTAL_COUNT)
    total_charge_drawn = measure(uint16(286, -10), Quantity.CHARGE)
    minimum_voltage = measure(uint16(287, 100, zero=NO_VALUE), Quantity.VOLTAGE)
    maximum_voltage = measure(uint16(288, 100, zero=NO_VALUE), Quantity.VOLTAGE)
    time_since_full_charge = measure(uint16(289, 0.01), Quantity.DURATION)
    automatic_syncs = measure(uint16(290, lifeline="maximum_voltage"), Quantity.TOTAL_COUNT)
    low_voltage_alarms = measure(uint16(291, lifeline="maximum_voltage"), Quantity.TOTAL_COUNT)
    high_voltage_alarms = measure(uint16(292, lifeline="maximum_voltage"), Quantity.TOTAL_COUNT)
    low_starter_voltage_alarms = measure(
        uint16(293, lifeline="maximum_voltage"), Quantity.TOTAL_COUNT
    )
    high_starter_voltage_alarms = measure(
        uint16(294, lifeline="maximum_voltage"), Quantity.TOTAL_COUNT
    )
    minimum_starter_voltage = measure(uint16(295, 100, zero=NO_VALUE), Quantity.VOLTAGE)
    maximum_starter_voltage = measure(uint16(296, 100, zero=NO_VALUE), Quantity.VOLTAGE)
    # The four fused ones were given up in 2014 and are always 0.
    low_fused_voltage_alarms = uint16(297)
    high_fused_voltage_alarms = uint16(298)
    minimum_fused_voltage = uint16(299, 100)
    maximum_fused_voltage = uint16(300, 100)
    energy_discharged_history = kwh16(301)
    energy_charged_history = kwh16(302)
    # 0 stands for "charging".
    time_to_go = measure(
        uint16(303, 0.01, zero=NO_VALUE), Quantity.DURATION, tier=Tier.DETAIL, spare=True
    )
    state_of_health = measure(uint16(304, 10, zero=NO_VALUE), Quantity.RATIO, tier=Tier.DETAIL)
    charge_voltage_limit = measure(
        uint16(305, 10, zero=NO_VALUE), Quantity.VOLTAGE, tier=Tier.DETAIL
    )
    discharge_voltage_limit = measure(
        uint16(306, 10, zero=NO_VALUE), Quantity.VOLTAGE, tier=Tier.DETAIL
    )
    # 0 A is what a battery says that must not be charged: a value, once there was another.
    charge_current_limit = measure(
        uint16(307, 10, zero=UNTIL_SEEN, lifeline="voltage"), Quantity.CURRENT, tier=Tier.DETAIL
    )
    discharge_current_limit = measure(
        uint16(308, 10, zero=UNTIL_SEEN, lifeline="voltage"), Quantity.CURRENT, tier=Tier.DETAIL
    )
    capacity = measure(uint16(309, 10, zero=NO_VALUE), Quantity.CHARGE, tier=Tier.DETAIL)
    # Seconds since 1970.
    last_error_seconds_1 = int32(310)
    last_error_seconds_2 = int32(312)
    last_error_seconds_3 = int32(314)
    last_error_seconds_4 = int32(316)
    minimum_cell_temperature = measure(
        int16(318, 10, zero=UNTIL_SEEN, lifeline="voltage"), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )
    maximum_cell_temperature = measure(
        int16(319, 10, zero=UNTIL_SEEN, lifeline="voltage"), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )
    high_charge_current_alarm = enumerated(code(320, Alarm))
    high_discharge_current_alarm = enumerated(code(321, Alarm))
    cell_imbalance_alarm = enumerated(code(322, Alarm), tier=Tier.DETAIL)
    internal_failure_alarm = enumerated(code(323, Alarm), tier=Tier.DETAIL)
    high_charge_temperature_alarm = enumerated(code(324, Alarm))
    low_charge_temperature_alarm = enumerated(code(325, Alarm))
    # 1 is "almost discharged".
    low_cell_voltage_alarm = enumerated(code(326, Alarm), tier=Tier.DETAIL)
    bms_cable_alarm = enumerated(code(327, Alarm, since=96))
    contactor_alarm = enumerated(code(328, Alarm, since=96))
    high_current_alarm = enumerated(code(329, Alarm, since=96))

    last_error_time_1, last_error_time_2, last_error_time_3, last_error_time_4 = (
        moment(f"last_error_seconds_{number}", number=number) for number in range(1, 5)
    )


class Bms(GxComponent, tier=Tier.EXPERT):
    """The battery's own management: modules, cells, errors."""

    battery_state = enumerated(code(1282, BatteryState), tier=Tier.DETAIL)
    battery_error = enumerated(code(1283, BatteryError), tier=Tier.DETAIL)
    system_switch = flag(yes(1284))
    balancing = flag(yes(1285), tier=Tier.DETAIL)
    batteries = measure(uint16(1286, zero=NO_VALUE), Quantity.COUNT)
    batteries_parallel = measure(uint16(1287, zero=NO_VALUE), Quantity.COUNT)
    batteries_series = measure(uint16(1288, zero=NO_VALUE), Quantity.COUNT)
    cells_per_battery = measure(uint16(1289, zero=NO_VALUE), Quantity.COUNT)
    minimum_cell_voltage = measure(
        uint16(1290, 100, zero=NO_VALUE), Quantity.VOLTAGE, tier=Tier.DETAIL
    )
    maximum_cell_voltage = measure(
        uint16(1291, 100, zero=NO_VALUE), Quantity.VOLTAGE, tier=Tier.DETAIL
    )
    shutdowns_by_error = measure(uint16(1292), Quantity.TOTAL_COUNT)
    last_error_1, last_error_2, last_error_3, last_error_4 = (
        enumerated(code(address, BatteryError), number=number) for number, address in row(1293, 4)
    )
    charge_allowed = flag(yes(1297), tier=Tier.DETAIL)
    discharge_allowed = flag(yes(1298), tier=Tier.DETAIL)
    external_relay = flag(yes(1299))
    lowest_cell_voltage = measure(uint16(1300, 100, zero=NO_VALUE), Quantity.VOLTAGE)
    highest_cell_voltage = measure(uint16(1301, 100, zero=NO_VALUE), Quantity.VOLTAGE)
    modules_offline = measure(uint16(1302, since=39), Quantity.COUNT)
    modules_online = measure(uint16(1303, since=39), Quantity.COUNT)
    modules_blocking_charge = measure(uint16(1304, since=39), Quantity.COUNT)
    modules_blocking_discharge = measure(uint16(1305, since=39), Quantity.COUNT)
    minimum_voltage_cell = text(string(1306, 4, since=39))
    maximum_voltage_cell = text(string(1310, 4, since=39))
    minimum_temperature_cell = text(string(1314, 4, since=39))
    maximum_temperature_cell = text(string(1318, 4, since=39))
    # These stood at 1319 to 1324 before server 1.0.95, where the text above ends now.
    battery_mode = enumerated(code(1322, BatteryMode, since=95, setting=Setting(3, 252)))
    balancer = enumerated(code(1323, Balancer, since=95))
    communication_error = flag(yes(1324, since=95))
    voltage_error = flag(yes(1325, since=95))
    number_of_batteries_error = flag(yes(1326, since=95))
    configuration_error = flag(yes(1327, since=95))
    connection_information = text(string(1328, 8, since=68), private=True)


COUNTER_SPAN: Final = 6_553_600.0
"""Wh. Where the counters of battery monitors start again at 0."""


def _power(device: ServiceDevice) -> float | None:
    battery = device.the(Battery)
    # Without a voltage nothing is measured, and a power of 0 means nothing.
    if battery.voltage is None:
        return None
    if battery.register("power") is not None:
        return battery.power
    return None if battery.current is None else battery.voltage * battery.current


def _controls(device: ServiceDevice) -> Iterator[Control]:
    yield from BlockControls(device, Battery).switch("battery_relay", tier=Tier.EXPERT)
    bms = BlockControls(device, Bms)
    yield from bms.button("battery_on", "battery_mode", BatteryMode.ON, lasting=True)
    # Takes the battery off the system.
    yield from bms.button("battery_standby", "battery_mode", BatteryMode.STANDBY, lasting=True)


BATTERY = Service(
    "battery",
    "Battery",
    259,
    (identity(1336), main(Battery), settings("bms", Bms)),
    energies=(
        Energy(
            Battery,
            power=_power,
            positive="energy_charged",
            negative="energy_discharged",
            counters={
                "energy_charged": lambda device: device.the(Battery).energy_charged_history,
                "energy_discharged": lambda device: device.the(Battery).energy_discharged_history,
            },
            span=COUNTER_SPAN,
        ),
    ),
    controls=_controls,
)
