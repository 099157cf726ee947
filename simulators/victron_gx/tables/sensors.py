"""Sensors: tanks, temperatures, weather, pulses, digital inputs, position."""

from typing import Final

from simulators.victron_gx.fields import Table, filler, i16, i32, text, u16, u32

TANK: Final = Table(
    "tank",
    u16(3000, "product_id"),
    u32(3001, "capacity", 10000, "m³"),
    u16(3003, "fluid_type"),
    u16(3004, "level", 10, "%"),
    u32(3005, "remaining", 10000, "m³"),
    u16(3007, "status"),
    filler(3008, 2, since=97),
    text(3010, 8, "custom_name", write=True, since=97),
)

TEMPERATURE: Final = Table(
    "temperature",
    u16(3300, "product_id"),
    u16(3301, "scale", 100),
    i16(3302, "offset", 100),
    u16(3303, "temperature_type"),
    i16(3304, "temperature", 100, "°C"),
    u16(3305, "status"),
    u16(3306, "humidity", 10, "%"),
    u16(3307, "battery_voltage", 100, "V"),
    u16(3308, "pressure", unit="hPa"),
    u16(3309, "co2", unit="ppm", since=87),
    u32(3310, "luminosity", unit="lx", since=87),
    u16(3312, "nox", since=87),
    u16(3313, "pm25", unit="µg/m³", since=87),
    u16(3314, "voc", since=87),
    filler(3315, 5, since=97),
    text(3320, 8, "custom_name", write=True, since=97),
)

METEO: Final = Table(
    "meteo",
    u16(3600, "irradiance", 10, "W/m²"),
    u16(3601, "wind_speed", 10, "m/s"),
    i16(3602, "cell_temperature", 10, "°C"),
    i16(3603, "external_temperature", 10, "°C"),
    i16(3604, "external_temperature_2", 10, "°C", since=53),
    filler(3605, 5, since=97),
    text(3610, 8, "custom_name", write=True, since=97),
)

PULSEMETER: Final = Table(
    "pulsemeter",
    u32(3400, "volume"),
    u32(3402, "pulse_count"),
    filler(3404, 6, since=97),
    text(3410, 8, "custom_name", write=True, since=97),
)

DIGITALINPUT: Final = Table(
    "digitalinput",
    u32(3420, "pulse_count"),
    u16(3422, "state"),
    u16(3423, "alarm"),
    u16(3424, "type"),
    filler(3425, 5, since=97),
    text(3430, 8, "custom_name", write=True, since=97),
)

GPS: Final = Table(
    "gps",
    i32(2800, "latitude", 10000000, "°"),
    i32(2802, "longitude", 10000000, "°"),
    u16(2804, "course", 100, "°"),
    u16(2805, "speed", 100, "m/s"),
    u16(2806, "fix"),
    u16(2807, "satellites"),
    i32(2808, "altitude", 10, "m"),
)
