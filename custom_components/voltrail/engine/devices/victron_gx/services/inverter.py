"""Inverters: Phoenix on VE.Direct, and the Inverter RS with its solar trackers."""

from collections.abc import Iterator
from enum import IntEnum
from typing import Final

from ....model.controls import Control
from ....model.points import Quantity, Tier, enumerated, measure
from ..block_controls import BlockControls
from ..component import AlarmedComponent, GxComponent, counter_sum
from ..fields import UNTIL_SEEN, code, int16, kwh32, uint16
from ..identities import identity
from ..service import Service, main, reserved, settings
from ..service_device import ServiceDevice
from ..states import Alarm, OperatingState
from ..trackers import trackers
from ..write_limits import Setting


class InverterMode(IntEnum):
    """The switch of an inverter; which positions there are depends on the model."""

    CHARGER_ONLY = 1
    INVERTER_ONLY = 2
    ON = 3
    OFF = 4
    ECO = 5
    PASSTHROUGH = 251
    STANDBY = 252
    HIBERNATE = 253


class Inverter(AlarmedComponent, tier=Tier.DETAIL):
    """What the inverter gives, its alarms, and the energy of an Inverter RS."""

    output_current = measure(int16(3100, 10), Quantity.CURRENT, tier=Tier.MAIN)
    output_voltage = measure(uint16(3101, 10), Quantity.VOLTAGE, tier=Tier.MAIN)
    output_power = measure(int16(3102, 0.1), Quantity.POWER, tier=Tier.MAIN)
    battery_voltage = measure(uint16(3105, 100), Quantity.VOLTAGE, tier=Tier.MAIN)
    battery_current = measure(int16(3106, 10), Quantity.CURRENT, tier=Tier.MAIN)
    high_temperature_alarm = enumerated(code(3110, Alarm))
    high_voltage_alarm = enumerated(code(3111, Alarm))
    high_output_voltage_alarm = enumerated(code(3112, Alarm), tier=Tier.EXPERT)
    low_temperature_alarm = enumerated(code(3113, Alarm))
    low_voltage_alarm = enumerated(code(3114, Alarm))
    low_output_voltage_alarm = enumerated(code(3115, Alarm), tier=Tier.EXPERT)
    overload_alarm = enumerated(code(3116, Alarm))
    ripple_alarm = enumerated(code(3117, Alarm), tier=Tier.EXPERT)
    inverter_mode = enumerated(code(3126, InverterMode, setting=Setting(1, 253)))
    operating_state = enumerated(code(3128, OperatingState), tier=Tier.MAIN)
    # Whether they survive a restart is UNCONFIRMED.
    energy_battery_to_output = measure(kwh32(3130), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_output_to_battery = measure(kwh32(3132), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_pv_to_output = measure(kwh32(3134), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_pv_to_battery = measure(kwh32(3136), Quantity.ENERGY, tier=Tier.EXPERT)
    pv_voltage = measure(uint16(3138, 10, zero=UNTIL_SEEN), Quantity.VOLTAGE)
    low_state_of_charge_alarm = enumerated(code(3168, Alarm, since=40))
    # What the sun gave.
    energy_produced = counter_sum("energy_pv_to_output", "energy_pv_to_battery")


TRACKERS: Final = trackers(
    GxComponent,
    voltage=3140,
    voltage_scale=10,
    energy_today=3148,
    energy_yesterday=3152,
    maximum_power_today=3156,
    maximum_power_yesterday=3160,
    power=3164,
    mode=3169,
    enabled=3173,
)


def _controls(device: ServiceDevice) -> Iterator[Control]:
    inverter = BlockControls(device, Inverter)
    modes = tuple(mode for mode in InverterMode if mode is not InverterMode.OFF)
    yield from inverter.select("inverter_mode", modes)
    yield from inverter.button("switch_off", "inverter_mode", InverterMode.OFF, lasting=True)


INVERTER = Service(
    "inverter",
    "Inverter",
    3100,
    (
        identity(3180, product=3127, firmware=uint16(3125)),
        main(Inverter),
        settings("trackers", TRACKERS),
    ),
    fillers=reserved((3103, 2), (3107, 3), (3118, 7), (3129, 1), (3139, 1), (3144, 4), (3177, 3)),
    controls=_controls,
)
