"""Alternators, and DC-DC chargers that stand in for one."""

from collections.abc import Iterator
from enum import IntEnum

from ....model.controls import Control
from ....model.points import Quantity, Tier, derived, enumerated, measure, text
from ....polling.polled_device import Cadence
from ..component import AlarmedComponent, GxComponent, watts
from ..fields import Zero, code, int16, kwh32, string, uint16, uint32
from ..service import Block, Filler, Service
from ..service_device import Node
from ..states import Alarm, OnOff, OperatingState
from ..write_limits import Setting


class AlternatorError(IntEnum):
    """Why the alternator's regulator stopped.

    The list writes 51-52, 58-61 and 201-207 as ranges, and gives 201 twice. 0 is not on it.
    """

    NO_ERROR = 0
    HIGH_BATTERY_TEMPERATURE = 12
    HIGH_BATTERY_VOLTAGE = 13
    LOW_BATTERY_VOLTAGE = 14
    BATTERY_VOLTAGE_ABOVE_LIMIT = 15
    HIGH_ALTERNATOR_TEMPERATURE = 21
    ALTERNATOR_OVERSPEED = 22
    INTERNAL = 24
    HIGH_FIELD_TEMPERATURE = 41
    SENSOR_MISSING = 42
    LOW_ALTERNATOR_VOLTAGE = 43
    HIGH_VOLTAGE_OFFSET = 44
    ALTERNATOR_VOLTAGE_ABOVE_LIMIT = 45
    BATTERY_DISCONNECT_REQUEST_51 = 51
    BATTERY_DISCONNECT_REQUEST_52 = 52
    BATTERY_INSTANCE_OUT_OF_RANGE = 53
    TOO_MANY_BMS = 54
    AEBUS_FAULT = 55
    TOO_MANY_DEVICES = 56
    BATTERY_REQUESTED_DISCONNECTION_58 = 58
    BATTERY_REQUESTED_DISCONNECTION_59 = 59
    BATTERY_REQUESTED_DISCONNECTION_60 = 60
    BATTERY_REQUESTED_DISCONNECTION_61 = 61
    BMS_LOST = 91
    FORCED_IDLE = 92
    CONVERTER_FAILED = 201
    CONVERTER_ERROR_202 = 202
    CONVERTER_ERROR_203 = 203
    CONVERTER_ERROR_204 = 204
    CONVERTER_ERROR_205 = 205
    CONVERTER_ERROR_206 = 206
    CONVERTER_ERROR_207 = 207


class Alternator(AlarmedComponent):
    """What the alternator gives, and its alarms."""

    voltage = measure(uint16(4100, 100), Quantity.VOLTAGE)
    current = measure(int16(4101, 10), Quantity.CURRENT)
    # The printed list has hundredths and no sign, which made 1.26 V of 12.6 V.
    starter_voltage = measure(
        int16(4102, 10, zero=Zero.UNTIL_SEEN), Quantity.VOLTAGE, tier=Tier.DETAIL
    )
    temperature = measure(
        int16(4103, 10, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )
    energy_produced = measure(kwh32(4104), Quantity.ENERGY)
    low_voltage_alarm = enumerated(code(4106, Alarm), tier=Tier.DETAIL)
    high_voltage_alarm = enumerated(code(4107, Alarm), tier=Tier.DETAIL)
    low_starter_voltage_alarm = enumerated(code(4108, Alarm), tier=Tier.EXPERT)
    high_starter_voltage_alarm = enumerated(code(4109, Alarm), tier=Tier.EXPERT)
    low_temperature_alarm = enumerated(code(4110, Alarm), tier=Tier.EXPERT)
    high_temperature_alarm = enumerated(code(4111, Alarm), tier=Tier.EXPERT)
    operating_state = enumerated(code(4112, OperatingState, since=37))
    alternator_error = enumerated(code(4113, AlternatorError, since=37), tier=Tier.DETAIL)
    engine_speed = measure(
        uint16(4114, since=37, zero=Zero.UNTIL_SEEN), Quantity.ROTATION, tier=Tier.DETAIL
    )
    alternator_speed = measure(
        uint16(4115, since=37, zero=Zero.UNTIL_SEEN), Quantity.ROTATION, tier=Tier.DETAIL
    )
    field_drive = measure(
        uint16(4116, since=37, zero=Zero.UNTIL_SEEN), Quantity.RATIO, tier=Tier.DETAIL
    )
    input_voltage = measure(
        uint16(4117, 100, since=56, zero=Zero.UNTIL_SEEN), Quantity.VOLTAGE, tier=Tier.DETAIL
    )
    input_power = measure(
        uint16(4118, since=56, zero=Zero.UNTIL_SEEN), Quantity.POWER, tier=Tier.DETAIL
    )
    # Printed as read-only; the server takes it.
    on_off = enumerated(
        code(4119, OnOff, since=56, setting=Setting(minimum=1, maximum=4)), tier=Tier.DETAIL
    )
    charged_charge = measure(uint32(4120, 10, since=56), Quantity.CHARGE, tier=Tier.EXPERT)

    @derived(Quantity.POWER)
    def power(self) -> float | None:
        """What it gives to the battery."""
        return watts(self.voltage, self.current)


class AlternatorIdentity(GxComponent):
    """The name that its owner gave it; at 4220 in the printed list, which is another's."""

    custom_name = text(string(4130, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)


def _controls(node: Node) -> Iterator[Control]:
    yield from node.switch(Alternator, "on_off", key="charger_on", on=OnOff.ON, off=OnOff.OFF)


ALTERNATOR = Service(
    key="alternator",
    title="Alternator",
    probe=4100,
    blocks=(
        Block(name="identity", component=AlternatorIdentity, cadence=Cadence.IDENTITY),
        Block(name="main", component=Alternator, cadence=Cadence.MEASUREMENTS),
    ),
    fillers=(Filler(address=4122, count=8),),
    controls=_controls,
)
