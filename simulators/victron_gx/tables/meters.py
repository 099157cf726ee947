"""Energy meters on the AC side, and PV inverters, which are metered alike."""

from typing import Final

from simulators.victron_gx.fields import Table, filler, i16, i32, phases, text, u16, u32

GRID: Final = Table(
    "grid",
    *phases(i16(2600, "power", 1, "W")),
    *phases(u16(2603, "energy_imported", 100, "kWh")),
    *phases(u16(2606, "energy_exported", 100, "kWh")),
    text(2609, 7, "serial"),
    *phases(u16(2616, "voltage", 10, "V"), step=2),
    *phases(i16(2617, "current", 10, "A"), step=2),
    *phases(u32(2622, "energy_imported", 100, "kWh")),
    *phases(u32(2628, "energy_exported", 100, "kWh")),
    u32(2634, "energy_imported", 100, "kWh"),
    u32(2636, "energy_exported", 100, "kWh"),
    *phases(i32(2638, "power", 1, "W", since=52)),
    u16(2644, "frequency", 100, "Hz", since=75),
    *phases(i16(2645, "power_factor", 1000, since=79)),
    i16(2648, "power_factor", 1000, since=79),
    filler(2649, 1, since=97),
    text(2650, 8, "custom_name", write=True, since=97),
)

ACLOAD: Final = Table(
    "acload",
    *phases(i16(3900, "power", 1, "W")),
    text(3903, 7, "serial"),
    *phases(u16(3910, "voltage", 10, "V"), step=2),
    *phases(i16(3911, "current", 10, "A"), step=2),
    *phases(u32(3916, "energy", 100, "kWh")),
    u16(3922, "frequency", 100, "Hz", since=75),
    filler(3923, 1, since=78),
    *phases(i32(3924, "power", 1, "W", since=78)),
    *phases(i16(3930, "power_factor", 1000, since=79)),
    i16(3933, "power_factor", 1000, since=79),
    filler(3934, 6, since=97),
    text(3940, 8, "custom_name", write=True, since=97),
)

PVINVERTER: Final = Table(
    "pvinverter",
    u16(1026, "position"),
    *phases(u16(1027, "voltage", 10, "V"), step=4),
    *phases(i16(1028, "current", 10, "A"), step=4),
    *phases(u16(1029, "power", unit="W"), step=4),
    *phases(u16(1030, "energy", 100, "kWh"), step=4),
    text(1039, 7, "serial"),
    *phases(u32(1046, "energy", 100, "kWh")),
    i32(1052, "power", unit="W", write=True),
    u32(1054, "max_power", unit="W", write=True),
    u32(1056, "power_limit", unit="W", write=True),
    *phases(u32(1058, "power", unit="W", since=52)),
    u16(1064, "frequency", 100, "Hz", since=75),
    filler(1065, 5, since=97),
    text(1070, 8, "custom_name", write=True, since=97),
)
