"""Sensors: of tanks, of temperatures, of sun and weather. Ruuvi tags measure more than that."""

from enum import IntEnum
from typing import ClassVar, override

from ....model.points import Quantity, Tier, enumerated, measure
from ..component import GxComponent
from ..fields import NO_VALUE, UNTIL_SEEN, code, int16, uint16, uint32
from ..identities import identity
from ..service import Service, main, reserved
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


class Sensor(GxComponent):
    """A sensor with a status: a broken one has no values, and reads 0 like everything without."""

    measured: ClassVar[tuple[str, ...]]

    @override
    def _verify_read(self) -> None:
        super()._verify_read()
        values = self._values
        if values.get("sensor_status"):
            values.update({name: None for name in self.measured if not values.get(name)})


class Tank(Sensor, tier=Tier.DETAIL):
    """How full it is, and of what."""

    measured = ("tank_level", "tank_remaining")

    tank_capacity = measure(uint32(3001, 10_000, zero=NO_VALUE), Quantity.VOLUME)
    fluid_type = enumerated(code(3003, FluidType))
    tank_level = measure(uint16(3004, 10), Quantity.RATIO, tier=Tier.MAIN)
    tank_remaining = measure(uint32(3005, 10_000), Quantity.VOLUME, tier=Tier.MAIN)
    sensor_status = enumerated(code(3007, SensorStatus))


TANK = Service(
    "tank",
    "Tank sensor",
    3000,
    (identity(3010, product=3000), main(Tank)),
    fillers=reserved((3008, 2)),
)


class TemperatureType(IntEnum):
    """What the sensor is for."""

    BATTERY = 0
    FRIDGE = 1
    GENERIC = 2
    ROOM = 3
    OUTDOOR = 4
    WATER_HEATER = 5
    FREEZER = 6


class TemperatureSensor(Sensor):
    """What the sensor measures. A Ruuvi tag has air, a Ruuvi Air has what is in it."""

    measured = ("temperature", "humidity", "air_pressure")

    sensor_scale = measure(uint16(3301, 100), Quantity.COUNT, tier=Tier.EXPERT)
    sensor_offset = measure(int16(3302, 100), Quantity.COUNT, tier=Tier.EXPERT)
    temperature_type = enumerated(code(3303, TemperatureType), tier=Tier.DETAIL)
    temperature = measure(int16(3304, 100, zero=UNTIL_SEEN), Quantity.TEMPERATURE)
    sensor_status = enumerated(code(3305, SensorStatus), tier=Tier.DETAIL)
    humidity = measure(uint16(3306, 10, zero=UNTIL_SEEN), Quantity.HUMIDITY)
    sensor_battery_voltage = measure(
        uint16(3307, 100, zero=UNTIL_SEEN), Quantity.VOLTAGE, tier=Tier.DETAIL
    )
    # Listed in hPa.
    air_pressure = measure(uint16(3308, times=0.1, zero=UNTIL_SEEN), Quantity.PRESSURE)
    carbon_dioxide = measure(uint16(3309, since=87, zero=UNTIL_SEEN), Quantity.CARBON_DIOXIDE)
    illuminance = measure(uint32(3310, since=87, zero=UNTIL_SEEN), Quantity.ILLUMINANCE)
    nitrogen_oxides_index = measure(
        uint16(3312, since=87, zero=UNTIL_SEEN), Quantity.COUNT, tier=Tier.DETAIL
    )
    particulates = measure(uint16(3313, since=87, zero=UNTIL_SEEN), Quantity.PARTICULATES)
    organic_compounds_index = measure(
        uint16(3314, since=87, zero=UNTIL_SEEN), Quantity.COUNT, tier=Tier.DETAIL
    )


TEMPERATURE = Service(
    "temperature",
    "Temperature sensor",
    3300,
    (identity(3320, product=3300), main(TemperatureSensor)),
    fillers=reserved((3315, 5)),
)


class Meteo(GxComponent):
    """What reaches the panels."""

    irradiance = measure(uint16(3600, 10), Quantity.IRRADIANCE)
    wind_speed = measure(uint16(3601, 10, zero=UNTIL_SEEN), Quantity.SPEED)
    cell_temperature = measure(int16(3602, 10, zero=UNTIL_SEEN), Quantity.TEMPERATURE)
    outdoor_temperature_1 = measure(
        int16(3603, 10, zero=UNTIL_SEEN), Quantity.TEMPERATURE, number=1
    )
    outdoor_temperature_2 = measure(
        int16(3604, 10, since=53, zero=UNTIL_SEEN), Quantity.TEMPERATURE, number=2, tier=Tier.DETAIL
    )


METEO = Service(
    "meteo", "Weather sensor", 3600, (identity(3610), main(Meteo)), fillers=reserved((3605, 5))
)
