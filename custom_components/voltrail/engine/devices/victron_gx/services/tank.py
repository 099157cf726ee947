"""Tanks."""

from enum import IntEnum

from ....model.points import Quantity, Tier, enumerated, measure, text
from ....polling.polled_device import Cadence
from ..component import GxComponent
from ..fields import Zero, code, string, uint16, uint32
from ..service import Block, Filler, Service
from ..states import SensorStatus


class FluidType(IntEnum):
    """What is in a tank."""

    FUEL = 0
    FRESH_WATER = 1
    WASTE_WATER = 2
    LIVE_WELL = 3
    OIL = 4
    BLACK_WATER = 5
    GASOLINE = 6
    DIESEL = 7
    LPG = 8
    LNG = 9
    HYDRAULIC_OIL = 10
    RAW_WATER = 11


class Tank(GxComponent):
    """How full it is, and of what."""

    tank_capacity = measure(
        uint32(3001, 10_000, zero=Zero.NO_VALUE), Quantity.VOLUME, tier=Tier.DETAIL
    )
    fluid_type = enumerated(code(3003, FluidType), tier=Tier.DETAIL)
    tank_level = measure(uint16(3004, 10), Quantity.RATIO)
    tank_remaining = measure(uint32(3005, 10_000), Quantity.VOLUME)
    sensor_status = enumerated(code(3007, SensorStatus), tier=Tier.DETAIL)


class TankIdentity(GxComponent):
    """Who the sensor is."""

    product_id = measure(uint16(3000), Quantity.COUNT, tier=Tier.EXPERT)
    custom_name = text(string(3010, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)


TANK = Service(
    key="tank",
    title="Tank sensor",
    probe=3000,
    blocks=(
        Block(name="identity", component=TankIdentity, cadence=Cadence.IDENTITY),
        Block(name="main", component=Tank, cadence=Cadence.MEASUREMENTS),
    ),
    fillers=(Filler(address=3008, count=2),),
)
