"""Chargers: AC ones (Skylla, Blue Smart IP43 and the like), and DC-DC ones (Orion)."""

from collections.abc import Iterator
from enum import IntEnum

from ....model.controls import Control
from ....model.points import Quantity, Tier, enumerated, flag, measure
from ..block_controls import BlockControls
from ..component import AlarmedComponent, GxComponent
from ..fields import UNTIL_SEEN, code, int16, uint16, uint32, yes
from ..identities import identity
from ..service import Service, main, reserved
from ..service_device import ServiceDevice
from ..states import ON_OFF, Alarm, ChargerError, OnOff, OperatingState
from ..write_limits import SWITCH, Limit, Setting


class ChargerMode(IntEnum):
    """The switch of an AC charger."""

    OFF = 0
    ON = 1
    ERROR = 2
    UNKNOWN = 3


class Charger(AlarmedComponent, tier=Tier.DETAIL):
    """Up to three outputs, and the input."""

    voltage_1 = measure(uint16(2307, 100), Quantity.VOLTAGE, number=1, tier=Tier.MAIN)
    current_1 = measure(int16(2308, 10), Quantity.CURRENT, number=1, tier=Tier.MAIN)
    battery_temperature = measure(int16(2309, 10, zero=UNTIL_SEEN), Quantity.TEMPERATURE)
    voltage_2 = measure(uint16(2310, 100, zero=UNTIL_SEEN), Quantity.VOLTAGE, number=2)
    current_2 = measure(int16(2311, 10, zero=UNTIL_SEEN), Quantity.CURRENT, number=2)
    voltage_3 = measure(uint16(2312, 100, zero=UNTIL_SEEN), Quantity.VOLTAGE, number=3)
    current_3 = measure(int16(2313, 10, zero=UNTIL_SEEN), Quantity.CURRENT, number=3)
    input_current = measure(int16(2314, 10), Quantity.CURRENT)
    input_power = measure(uint16(2315), Quantity.POWER, tier=Tier.MAIN)
    input_current_limit = measure(
        int16(2316, 10, setting=Setting(0, 3276.7, Limit.AC_CURRENT)), Quantity.CURRENT
    )
    charger_mode = enumerated(code(2317, ChargerMode, setting=SWITCH))
    operating_state = enumerated(code(2318, OperatingState), tier=Tier.MAIN)
    charger_error = enumerated(code(2319, ChargerError))
    load_relay = flag(yes(2320), tier=Tier.EXPERT)
    low_voltage_alarm = enumerated(code(2321, Alarm))
    high_voltage_alarm = enumerated(code(2322, Alarm))


def _controls(device: ServiceDevice) -> Iterator[Control]:
    charger = BlockControls(device, Charger)
    yield from charger.switch("charger_mode", key="charger_on")
    yield from charger.number("input_current_limit")


CHARGER = Service(
    "charger",
    "AC charger",
    2307,
    (identity(2330), main(Charger)),
    fillers=reserved((2323, 7)),
    controls=_controls,
)


class DcDc(GxComponent, tier=Tier.DETAIL):
    """Input and output."""

    charger_error = enumerated(code(4803, ChargerError, since=53))
    voltage = measure(uint16(4804, 100, since=53), Quantity.VOLTAGE, tier=Tier.MAIN)
    current = measure(int16(4805, 10, since=53), Quantity.CURRENT, tier=Tier.MAIN)
    temperature = measure(int16(4806, 10, since=53, zero=UNTIL_SEEN), Quantity.TEMPERATURE)
    on_off = enumerated(code(4807, OnOff, since=53, setting=ON_OFF))
    operating_state = enumerated(code(4808, OperatingState, since=53), tier=Tier.MAIN)
    input_voltage = measure(uint16(4809, 100, since=53), Quantity.VOLTAGE)
    input_power = measure(uint16(4810, since=53), Quantity.POWER, tier=Tier.MAIN)
    charged_charge = measure(uint16(4811, 10, since=53), Quantity.CHARGE, tier=Tier.EXPERT)


def _dc_controls(device: ServiceDevice) -> Iterator[Control]:
    yield from BlockControls(device, DcDc).switch(
        "on_off", key="charger_on", on=OnOff.ON, off=OnOff.OFF
    )


DCDC = Service(
    "dcdc",
    "DC-DC charger",
    4800,
    (identity(4820, product=4800, firmware=uint32(4801, since=53), since=53), main(DcDc)),
    since=53,
    fillers=reserved((4812, 8)),
    controls=_dc_controls,
)
