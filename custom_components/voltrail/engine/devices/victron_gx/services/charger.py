"""AC chargers: Skylla, Blue Smart IP43 and the like."""

from collections.abc import Iterator
from enum import IntEnum

from ....model.controls import Control
from ....model.points import Quantity, Tier, enumerated, flag, measure, text
from ....polling.polled_device import Cadence
from ..component import AlarmedComponent, GxComponent
from ..fields import Zero, code, int16, string, uint16, yes
from ..service import Block, Filler, Service
from ..service_device import Node
from ..states import Alarm, ChargerError, OperatingState
from ..write_limits import SWITCH, Rail, Setting


class ChargerMode(IntEnum):
    """The switch of an AC charger."""

    OFF = 0
    ON = 1
    ERROR = 2
    UNKNOWN = 3


class Charger(AlarmedComponent):
    """Up to three outputs, and the input."""

    voltage_1 = measure(uint16(2307, 100), Quantity.VOLTAGE, number=1)
    current_1 = measure(int16(2308, 10), Quantity.CURRENT, number=1)
    battery_temperature = measure(
        int16(2309, 10, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )
    voltage_2 = measure(
        uint16(2310, 100, zero=Zero.UNTIL_SEEN), Quantity.VOLTAGE, number=2, tier=Tier.DETAIL
    )
    current_2 = measure(
        int16(2311, 10, zero=Zero.UNTIL_SEEN), Quantity.CURRENT, number=2, tier=Tier.DETAIL
    )
    voltage_3 = measure(
        uint16(2312, 100, zero=Zero.UNTIL_SEEN), Quantity.VOLTAGE, number=3, tier=Tier.DETAIL
    )
    current_3 = measure(
        int16(2313, 10, zero=Zero.UNTIL_SEEN), Quantity.CURRENT, number=3, tier=Tier.DETAIL
    )
    input_current = measure(int16(2314, 10), Quantity.CURRENT, tier=Tier.DETAIL)
    input_power = measure(uint16(2315), Quantity.POWER)
    input_current_limit = measure(
        int16(2316, 10, setting=Setting(minimum=0, maximum=3276.7, rail=Rail.AC_CURRENT)),
        Quantity.CURRENT,
        tier=Tier.DETAIL,
    )
    charger_mode = enumerated(code(2317, ChargerMode, setting=SWITCH), tier=Tier.DETAIL)
    operating_state = enumerated(code(2318, OperatingState))
    charger_error = enumerated(code(2319, ChargerError), tier=Tier.DETAIL)
    load_relay = flag(yes(2320), tier=Tier.EXPERT)
    low_voltage_alarm = enumerated(code(2321, Alarm), tier=Tier.DETAIL)
    high_voltage_alarm = enumerated(code(2322, Alarm), tier=Tier.DETAIL)


class ChargerIdentity(GxComponent):
    """The name that its owner gave it."""

    custom_name = text(string(2330, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)


def _controls(node: Node) -> Iterator[Control]:
    yield from node.switch(Charger, "charger_mode", key="charger_on")
    yield from node.number(Charger, "input_current_limit")


CHARGER = Service(
    key="charger",
    title="AC charger",
    probe=2307,
    blocks=(
        Block(name="identity", component=ChargerIdentity, cadence=Cadence.IDENTITY),
        Block(name="main", component=Charger, cadence=Cadence.MEASUREMENTS),
    ),
    fillers=(Filler(address=2323, count=7),),
    controls=_controls,
)
