"""Heat pumps."""

from enum import IntEnum

from ....model.points import Quantity, Tier, enumerated, measure
from ..component import GxComponent
from ..fields import UNTIL_SEEN, code, int16, kwh32, uint32
from ..identities import identity
from ..service import Service, main, reserved


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
    temperature = measure(int16(5506, 10, since=80, zero=UNTIL_SEEN), Quantity.TEMPERATURE)
    target_temperature = measure(
        int16(5507, 10, since=80, zero=UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )


HEATPUMP = Service(
    "heatpump",
    "Heat pump",
    5500,
    (identity(5510, product=5500, since=80), main(HeatPump)),
    since=80,
    fillers=reserved((5508, 2)),
)
