"""Chargers, sources, loads and meters on the DC side."""

from typing import Final

from simulators.victron_gx.fields import Table, filler, i16, text, u16, u32

CHARGER: Final = Table(
    "charger",
    u16(2307, "voltage", 100, "V"),
    i16(2308, "current", 10, "A"),
    i16(2309, "temperature", 10, "°C"),
    u16(2310, "output_2_voltage", 100, "V"),
    i16(2311, "output_2_current", 10, "A"),
    u16(2312, "output_3_voltage", 100, "V"),
    i16(2313, "output_3_current", 10, "A"),
    i16(2314, "input_current_l1", 10, "A"),
    u16(2315, "input_power_l1", 1, "W"),
    i16(2316, "input_current_limit", 10, "A", write=True),
    u16(2317, "mode", write=True),
    u16(2318, "state"),
    u16(2319, "error_code"),
    u16(2320, "relay"),
    u16(2321, "alarm_low_voltage"),
    u16(2322, "alarm_high_voltage"),
    filler(2323, 7, since=97),
    text(2330, 8, "custom_name", write=True, since=97),
)

DCDC: Final = Table(
    "dcdc",
    u16(4800, "product_id", since=53),
    u32(4801, "firmware_version", since=53),
    u16(4803, "error_code", since=53),
    u16(4804, "dc_voltage", 100, "V", since=53),
    i16(4805, "dc_current", 10, "A", since=53),
    i16(4806, "dc_temperature", 10, "°C", since=53),
    u16(4807, "mode", write=True, since=53),
    u16(4808, "state", since=53),
    u16(4809, "input_voltage", 100, "V", since=53),
    u16(4810, "input_power", 1, "W", since=53),
    u16(4811, "charge_total", 10, "Ah", since=53),
    filler(4812, 8, since=97),
    text(4820, 8, "custom_name", write=True, since=97),
)

ALTERNATOR: Final = Table(
    "alternator",
    u16(4100, "voltage", 100, "V"),
    i16(4101, "current", 10, "A"),
    i16(4102, "starter_voltage", 10, "V"),
    i16(4103, "temperature", 10, "°C"),
    u32(4104, "energy_out", 100, "kWh"),
    u16(4106, "alarm_low_voltage"),
    u16(4107, "alarm_high_voltage"),
    u16(4108, "alarm_low_starter_voltage"),
    u16(4109, "alarm_high_starter_voltage"),
    u16(4110, "alarm_low_temperature"),
    u16(4111, "alarm_high_temperature"),
    u16(4112, "state"),
    u16(4113, "error_code"),
    u16(4114, "engine_speed", 1, "rpm"),
    u16(4115, "speed", 1, "rpm"),
    u16(4116, "field_drive", unit="%"),
    u16(4117, "input_voltage", 100, "V", since=56),
    u16(4118, "input_power", 1, "W", since=56),
    u16(4119, "mode", write=True, since=56),
    u32(4120, "charge_total", 10, "Ah", since=56),
    filler(4122, 8, since=97),
    text(4130, 8, "custom_name", write=True, since=97),
)

FUELCELL: Final = Table(
    "fuelcell",
    u16(4000, "voltage", 100, "V"),
    i16(4001, "current", 10, "A"),
    i16(4002, "starter_voltage", 10, "V"),
    i16(4003, "temperature", 10, "°C"),
    u32(4004, "energy_out", 100, "kWh"),
    u16(4006, "alarm_low_voltage"),
    u16(4007, "alarm_high_voltage"),
    u16(4008, "alarm_low_starter_voltage"),
    u16(4009, "alarm_high_starter_voltage"),
    u16(4010, "alarm_low_temperature"),
    u16(4011, "alarm_high_temperature"),
)

DCSOURCE: Final = Table(
    "dcsource",
    u16(4200, "voltage", 100, "V"),
    i16(4201, "current", 10, "A"),
    i16(4202, "starter_voltage", 10, "V"),
    i16(4203, "temperature", 10, "°C"),
    u32(4204, "energy_out", 100, "kWh"),
    u16(4206, "alarm_low_voltage"),
    u16(4207, "alarm_high_voltage"),
    u16(4208, "alarm_low_starter_voltage"),
    u16(4209, "alarm_high_starter_voltage"),
    u16(4210, "alarm_low_temperature"),
    u16(4211, "alarm_high_temperature"),
    filler(4212, 8, since=97),
    text(4220, 8, "custom_name", write=True, since=97),
)

DCLOAD: Final = Table(
    "dcload",
    u16(4300, "voltage", 100, "V"),
    i16(4301, "current", 10, "A"),
    i16(4302, "starter_voltage", 10, "V"),
    i16(4303, "temperature", 10, "°C"),
    u32(4304, "energy_in", 100, "kWh"),
    u16(4306, "alarm_low_voltage"),
    u16(4307, "alarm_high_voltage"),
    u16(4308, "alarm_low_starter_voltage"),
    u16(4309, "alarm_high_starter_voltage"),
    u16(4310, "alarm_low_temperature"),
    u16(4311, "alarm_high_temperature"),
    filler(4312, 8, since=97),
    text(4320, 8, "custom_name", write=True, since=97),
)

DCSYSTEM: Final = Table(
    "dcsystem",
    u16(4400, "voltage", 100, "V"),
    i16(4401, "current", 10, "A"),
    i16(4402, "starter_voltage", 10, "V"),
    i16(4403, "temperature", 10, "°C"),
    u32(4404, "energy_out", 100, "kWh"),
    u32(4406, "energy_in", 100, "kWh"),
    u16(4408, "alarm_low_voltage"),
    u16(4409, "alarm_high_voltage"),
    u16(4410, "alarm_low_starter_voltage"),
    u16(4411, "alarm_high_starter_voltage"),
    u16(4412, "alarm_low_temperature"),
    u16(4413, "alarm_high_temperature"),
    filler(4414, 6, since=97),
    text(4420, 8, "custom_name", write=True, since=97),
)

MOTORDRIVE: Final = Table(
    "motordrive",
    i16(2048, "motor_speed", 1, "rpm"),
    i16(2049, "motor_temperature", 10, "°C"),
    u16(2050, "voltage", 100, "V"),
    i16(2051, "current", 10, "A"),
    i16(2052, "power", 10, "W"),
    i16(2053, "controller_temperature", 10, "°C"),
)
