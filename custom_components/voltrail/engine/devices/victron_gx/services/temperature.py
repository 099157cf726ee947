"""Temperature sensors: wired ones, and Ruuvi tags that measure more than that."""

from enum import IntEnum

from ....model.points import Quantity, Tier, enumerated, measure, text
from ....polling.polled_device import Cadence
from ..component import GxComponent
from ..fields import Zero, code, int16, string, uint16, uint32
from ..service import Block, Filler, Service
from ..states import SensorStatus


class TemperatureType(IntEnum):
    """What the sensor is for."""

    BATTERY = 0
    FRIDGE = 1
    GENERIC = 2
    ROOM = 3
    OUTDOOR = 4
    WATER_HEATER = 5
    FREEZER = 6


class TemperatureSensor(GxComponent):
    """What the sensor measures. A Ruuvi tag has air, a Ruuvi Air has what is in it."""

    sensor_scale = measure(uint16(3301, 100), Quantity.COUNT, tier=Tier.EXPERT)
    sensor_offset = measure(int16(3302, 100), Quantity.COUNT, tier=Tier.EXPERT)
    temperature_type = enumerated(code(3303, TemperatureType), tier=Tier.DETAIL)
    temperature = measure(int16(3304, 100, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE)
    sensor_status = enumerated(code(3305, SensorStatus), tier=Tier.DETAIL)
    humidity = measure(uint16(3306, 10, zero=Zero.UNTIL_SEEN), Quantity.HUMIDITY)
    sensor_battery_voltage = measure(
        uint16(3307, 100, zero=Zero.UNTIL_SEEN), Quantity.VOLTAGE, tier=Tier.DETAIL
    )
    # Listed in hPa.
    air_pressure = measure(uint16(3308, times=0.1, zero=Zero.UNTIL_SEEN), Quantity.PRESSURE)
    carbon_dioxide = measure(uint16(3309, since=87, zero=Zero.UNTIL_SEEN), Quantity.CARBON_DIOXIDE)
    illuminance = measure(uint32(3310, since=87, zero=Zero.UNTIL_SEEN), Quantity.ILLUMINANCE)
    nitrogen_oxides_index = measure(
        uint16(3312, since=87, zero=Zero.UNTIL_SEEN), Quantity.COUNT, tier=Tier.DETAIL
    )
    particulates = measure(uint16(3313, since=87, zero=Zero.UNTIL_SEEN), Quantity.PARTICULATES)
    organic_compounds_index = measure(
        uint16(3314, since=87, zero=Zero.UNTIL_SEEN), Quantity.COUNT, tier=Tier.DETAIL
    )


class TemperatureIdentity(GxComponent):
    """Who the sensor is."""

    product_id = measure(uint16(3300), Quantity.COUNT, tier=Tier.EXPERT)
    custom_name = text(string(3320, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)


TEMPERATURE = Service(
    key="temperature",
    title="Temperature sensor",
    probe=3300,
    blocks=(
        Block(name="identity", component=TemperatureIdentity, cadence=Cadence.IDENTITY),
        Block(name="main", component=TemperatureSensor, cadence=Cadence.MEASUREMENTS),
    ),
    fillers=(Filler(address=3315, count=5),),
)
