"""Inverters: Phoenix on VE.Direct, and the Inverter RS with its solar trackers."""

from collections.abc import Iterator
from enum import IntEnum
from typing import ClassVar

from ....model.controls import Control
from ....model.points import Kind, Quantity, Tier, derived, enumerated, flag, measure, text
from ....polling.polled_device import Cadence
from ..component import AlarmedComponent, GxComponent
from ..fields import Zero, code, int16, kwh16, kwh32, string, uint16, yes
from ..product import device_firmware
from ..service import Block, Filler, Service
from ..service_device import Node
from ..states import Alarm, OperatingState, TrackerMode
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


class Inverter(AlarmedComponent):
    """What the inverter gives, its alarms, and the energy of an Inverter RS."""

    output_current = measure(int16(3100, 10), Quantity.CURRENT)
    output_voltage = measure(uint16(3101, 10), Quantity.VOLTAGE)
    output_power = measure(int16(3102, 0.1), Quantity.POWER)
    battery_voltage = measure(uint16(3105, 100), Quantity.VOLTAGE)
    battery_current = measure(int16(3106, 10), Quantity.CURRENT)
    high_temperature_alarm = enumerated(code(3110, Alarm), tier=Tier.DETAIL)
    high_voltage_alarm = enumerated(code(3111, Alarm), tier=Tier.DETAIL)
    high_output_voltage_alarm = enumerated(code(3112, Alarm), tier=Tier.EXPERT)
    low_temperature_alarm = enumerated(code(3113, Alarm), tier=Tier.DETAIL)
    low_voltage_alarm = enumerated(code(3114, Alarm), tier=Tier.DETAIL)
    low_output_voltage_alarm = enumerated(code(3115, Alarm), tier=Tier.EXPERT)
    overload_alarm = enumerated(code(3116, Alarm), tier=Tier.DETAIL)
    ripple_alarm = enumerated(code(3117, Alarm), tier=Tier.EXPERT)
    inverter_mode = enumerated(
        code(3126, InverterMode, setting=Setting(minimum=1, maximum=253)), tier=Tier.DETAIL
    )
    operating_state = enumerated(code(3128, OperatingState))
    # Whether they survive a restart is UNCONFIRMED.
    energy_battery_to_output = measure(kwh32(3130), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_output_to_battery = measure(kwh32(3132), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_pv_to_output = measure(kwh32(3134), Quantity.ENERGY, tier=Tier.EXPERT)
    energy_pv_to_battery = measure(kwh32(3136), Quantity.ENERGY, tier=Tier.EXPERT)
    pv_voltage = measure(uint16(3138, 10, zero=Zero.UNTIL_SEEN), Quantity.VOLTAGE, tier=Tier.DETAIL)
    low_state_of_charge_alarm = enumerated(code(3168, Alarm, since=40), tier=Tier.DETAIL)

    @derived(Quantity.ENERGY)
    def energy_produced(self) -> float | None:
        """What the sun gave, to the loads and to the battery."""
        return self.counted("energy_pv_to_output", "energy_pv_to_battery")


class InverterTrackers(GxComponent):
    """The trackers of an Inverter RS."""

    pv_voltage_1 = measure(uint16(3140, 10), Quantity.VOLTAGE, number=1, tier=Tier.EXPERT)
    pv_voltage_2 = measure(uint16(3141, 10), Quantity.VOLTAGE, number=2, tier=Tier.EXPERT)
    pv_voltage_3 = measure(uint16(3142, 10), Quantity.VOLTAGE, number=3, tier=Tier.EXPERT)
    pv_voltage_4 = measure(uint16(3143, 10), Quantity.VOLTAGE, number=4, tier=Tier.EXPERT)
    energy_today_1 = measure(kwh16(3148), Quantity.SESSION_ENERGY, number=1, tier=Tier.EXPERT)
    energy_today_2 = measure(kwh16(3149), Quantity.SESSION_ENERGY, number=2, tier=Tier.EXPERT)
    energy_today_3 = measure(kwh16(3150), Quantity.SESSION_ENERGY, number=3, tier=Tier.EXPERT)
    energy_today_4 = measure(kwh16(3151), Quantity.SESSION_ENERGY, number=4, tier=Tier.EXPERT)
    energy_yesterday_1 = measure(kwh16(3152), Quantity.STORED_ENERGY, number=1, tier=Tier.EXPERT)
    energy_yesterday_2 = measure(kwh16(3153), Quantity.STORED_ENERGY, number=2, tier=Tier.EXPERT)
    energy_yesterday_3 = measure(kwh16(3154), Quantity.STORED_ENERGY, number=3, tier=Tier.EXPERT)
    energy_yesterday_4 = measure(kwh16(3155), Quantity.STORED_ENERGY, number=4, tier=Tier.EXPERT)
    maximum_power_today_1 = measure(uint16(3156), Quantity.POWER, number=1, tier=Tier.EXPERT)
    maximum_power_today_2 = measure(uint16(3157), Quantity.POWER, number=2, tier=Tier.EXPERT)
    maximum_power_today_3 = measure(uint16(3158), Quantity.POWER, number=3, tier=Tier.EXPERT)
    maximum_power_today_4 = measure(uint16(3159), Quantity.POWER, number=4, tier=Tier.EXPERT)
    maximum_power_yesterday_1 = measure(uint16(3160), Quantity.POWER, number=1, tier=Tier.EXPERT)
    maximum_power_yesterday_2 = measure(uint16(3161), Quantity.POWER, number=2, tier=Tier.EXPERT)
    maximum_power_yesterday_3 = measure(uint16(3162), Quantity.POWER, number=3, tier=Tier.EXPERT)
    maximum_power_yesterday_4 = measure(uint16(3163), Quantity.POWER, number=4, tier=Tier.EXPERT)
    pv_power_1 = measure(uint16(3164), Quantity.POWER, number=1, tier=Tier.EXPERT)
    pv_power_2 = measure(uint16(3165), Quantity.POWER, number=2, tier=Tier.EXPERT)
    pv_power_3 = measure(uint16(3166), Quantity.POWER, number=3, tier=Tier.EXPERT)
    pv_power_4 = measure(uint16(3167), Quantity.POWER, number=4, tier=Tier.EXPERT)
    tracker_mode_1 = enumerated(code(3169, TrackerMode, since=50), number=1, tier=Tier.EXPERT)
    tracker_mode_2 = enumerated(code(3170, TrackerMode, since=50), number=2, tier=Tier.EXPERT)
    tracker_mode_3 = enumerated(code(3171, TrackerMode, since=50), number=3, tier=Tier.EXPERT)
    tracker_mode_4 = enumerated(code(3172, TrackerMode, since=50), number=4, tier=Tier.EXPERT)
    tracker_enabled_1 = flag(yes(3173, since=91), number=1, tier=Tier.EXPERT)
    tracker_enabled_2 = flag(yes(3174, since=91), number=2, tier=Tier.EXPERT)
    tracker_enabled_3 = flag(yes(3175, since=91), number=3, tier=Tier.EXPERT)
    tracker_enabled_4 = flag(yes(3176, since=91), number=4, tier=Tier.EXPERT)


class InverterIdentity(GxComponent):
    """Who the inverter is."""

    firmware_code = uint16(3125)
    product_id = measure(uint16(3127), Quantity.COUNT, tier=Tier.EXPERT)
    custom_name = text(string(3180, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)

    served_with: ClassVar = {"firmware": "firmware_code"}

    @derived(Kind.TEXT, tier=Tier.EXPERT)
    def firmware(self) -> str | None:
        """The version of its firmware."""
        return device_firmware(self.firmware_code)


def _controls(node: Node) -> Iterator[Control]:
    yield from node.select(
        Inverter,
        "inverter_mode",
        tuple(mode for mode in InverterMode if mode is not InverterMode.OFF),
    )
    yield from node.button(
        Inverter, "inverter_mode", key="switch_off", value=InverterMode.OFF, lasting=True
    )


INVERTER = Service(
    key="inverter",
    title="Inverter",
    probe=3100,
    blocks=(
        Block(name="identity", component=InverterIdentity, cadence=Cadence.IDENTITY),
        Block(name="main", component=Inverter, cadence=Cadence.MEASUREMENTS),
        Block(name="trackers", component=InverterTrackers, cadence=Cadence.SETTINGS),
    ),
    fillers=(
        Filler(address=3103, count=2),
        Filler(address=3107, count=3),
        Filler(address=3118, count=7),
        Filler(address=3129, count=1),
        Filler(address=3139, count=1),
        Filler(address=3144, count=4),
        Filler(address=3177, count=3),
    ),
    controls=_controls,
)
