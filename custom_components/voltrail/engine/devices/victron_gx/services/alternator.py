"""Alternators, and DC-DC chargers that stand in for one."""

from collections.abc import Iterator
from enum import IntEnum

from ....model.controls import Control
from ....model.points import Quantity, Tier, enumerated, measure
from ..block_controls import BlockControls
from ..component import AlarmedComponent, DcComponent
from ..fields import UNTIL_SEEN, code, int16, kwh32, uint16, uint32
from ..identities import identity
from ..service import Service, main, reserved
from ..service_device import ServiceDevice
from ..states import ON_OFF, Alarm, OnOff, OperatingState


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


class Alternator(DcComponent, AlarmedComponent, tier=Tier.DETAIL):
    """What the alternator gives, and its alarms."""

    voltage = measure(uint16(4100, 100), Quantity.VOLTAGE, tier=Tier.MAIN)
    current = measure(int16(4101, 10), Quantity.CURRENT, tier=Tier.MAIN)
    # The printed list has hundredths and no sign, which made 1.26 V of 12.6 V.
    starter_voltage = measure(int16(4102, 10, zero=UNTIL_SEEN), Quantity.VOLTAGE)
    temperature = measure(int16(4103, 10, zero=UNTIL_SEEN), Quantity.TEMPERATURE)
    energy_produced = measure(kwh32(4104), Quantity.ENERGY, tier=Tier.MAIN)
    low_voltage_alarm = enumerated(code(4106, Alarm))
    high_voltage_alarm = enumerated(code(4107, Alarm))
    low_starter_voltage_alarm = enumerated(code(4108, Alarm), tier=Tier.EXPERT)
    high_starter_voltage_alarm = enumerated(code(4109, Alarm), tier=Tier.EXPERT)
    low_temperature_alarm = enumerated(code(4110, Alarm), tier=Tier.EXPERT)
    high_temperature_alarm = enumerated(code(4111, Alarm), tier=Tier.EXPERT)
    operating_state = enumerated(code(4112, OperatingState, since=37), tier=Tier.MAIN)
    alternator_error = enumerated(code(4113, AlternatorError, since=37))
    engine_speed = measure(uint16(4114, since=37, zero=UNTIL_SEEN), Quantity.ROTATION)
    alternator_speed = measure(uint16(4115, since=37, zero=UNTIL_SEEN), Quantity.ROTATION)
    field_drive = measure(uint16(4116, since=37, zero=UNTIL_SEEN), Quantity.RATIO)
    input_voltage = measure(uint16(4117, 100, since=56, zero=UNTIL_SEEN), Quantity.VOLTAGE)
    input_power = measure(uint16(4118, since=56, zero=UNTIL_SEEN), Quantity.POWER)
    # Printed as read-only; the server takes it.
    on_off = enumerated(code(4119, OnOff, since=56, setting=ON_OFF))
    charged_charge = measure(uint32(4120, 10, since=56), Quantity.CHARGE, tier=Tier.EXPERT)


def _controls(device: ServiceDevice) -> Iterator[Control]:
    alternator = BlockControls(device, Alternator)
    yield from alternator.switch("on_off", key="charger_on", on=OnOff.ON, off=OnOff.OFF)


ALTERNATOR = Service(
    "alternator",
    "Alternator",
    4100,
    # The name stands at 4220 in the printed list, which is that of a DC source.
    (identity(4130), main(Alternator)),
    fillers=reserved((4122, 8)),
    controls=_controls,
)
