"""Devices that consume."""

from typing import Final

from simulators.victron_gx.fields import Table, filler, i16, i32, phases, text, u16, u32

EVCHARGER: Final = Table(
    "evcharger",
    u16(3800, "product_id"),
    filler(3801, 1, since=96),
    u32(3802, "firmware_version"),
    text(3804, 6, "serial"),
    text(3810, 4, "model"),
    u16(3814, "max_current", 1, "A", write=True),
    u16(3815, "mode", write=True),
    # The total until server 95, the session since 96.
    u32(3816, "session_energy", 100, "kWh", since=96),
    *phases(u16(3818, "power", 1, "W")),
    u16(3821, "power", 1, "W"),
    u16(3822, "charging_time", 0.01, "s"),
    u16(3823, "current", 1, "A", write=True),
    u16(3824, "status"),
    u16(3825, "set_current", 1, "A", write=True),
    u16(3826, "start_stop", write=True),
    u16(3827, "position", write=True),
    u32(3828, "session_time", unit="s", since=95),
    u32(3830, "session_energy", 100, "kWh", since=95),
    i32(3832, "session_cost", 100, since=95),
    i32(3834, "session_saved_cost", 100, since=95),
    u32(3836, "energy_total", 100, "kWh", since=96),
    filler(3838, 2, since=97),
    text(3840, 8, "custom_name", write=True, since=97),
    # What earlier releases had there.
    u32(3816, "energy_total", 100, "kWh", until=95),
)

HEATPUMP: Final = Table(
    "heatpump",
    u16(5500, "product_id", since=80),
    u16(5501, "state", since=80),
    u32(5502, "power", 1, "W", since=80),
    u32(5504, "energy", 100, "kWh", since=80),
    i16(5506, "temperature", 10, "°C", since=80),
    i16(5507, "target_temperature", 10, "°C", since=80),
    filler(5508, 2, since=97),
    text(5510, 8, "custom_name", write=True, since=97),
)
