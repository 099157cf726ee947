"""Heat pumps."""

from enum import IntEnum

from ....model.points import Quantity, Tier, enumerated, measure, text
from ....polling.polled_device import Cadence
from ..component import GxComponent
from ..fields import Zero, code, int16, kwh32, string, uint16, uint32
from ..service import Block, Filler, Service


class HeatPumpState(IntEnum):
    """What the heat pump is doing."""

    OFF = 0
    ERROR = 1
    STARTUP = 2
    HEATING = 3
    COOLING = 4


class HeatPump(GxComponent):
    """Power, energy and temperature."""

    heat_pump_state = enumerated(code(5501, HeatPumpState, since=80))
    power = measure(uint32(5502, since=80), Quantity.POWER)
    energy_consumed = measure(kwh32(5504, since=80), Quantity.ENERGY)
    temperature = measure(int16(5506, 10, since=80, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE)
    target_temperature = measure(
        int16(5507, 10, since=80, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )


class HeatPumpIdentity(GxComponent):
    """Who the heat pump is."""

    product_id = measure(uint16(5500, since=80), Quantity.COUNT, tier=Tier.EXPERT)
    custom_name = text(string(5510, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)


HEATPUMP = Service(
    key="heatpump",
    title="Heat pump",
    probe=5500,
    since=80,
    blocks=(
        Block(name="identity", component=HeatPumpIdentity, cadence=Cadence.IDENTITY),
        Block(name="main", component=HeatPump, cadence=Cadence.MEASUREMENTS),
    ),
    fillers=(Filler(address=5508, count=2),),
)
