"""MPPT solar chargers."""

from typing import Final

from simulators.victron_gx.fields import Table, filler, i16, numbered, text, u16, u32

SOLARCHARGER: Final = Table(
    "solarcharger",
    u16(771, "dc_voltage", 100, "V"),
    i16(772, "dc_current", 10, "A"),
    i16(773, "dc_temperature", 10, "°C"),
    u16(774, "mode", write=True),
    u16(775, "state"),
    u16(776, "pv_voltage", 100, "V"),
    # Worked out by the server, power by voltage.
    i16(777, "pv_current", 10, "A"),
    u16(778, "equalization_pending"),
    u16(779, "equalization_time_left", 10, "s"),
    u16(780, "relay"),
    u16(781, "alarm"),
    filler(782, 2, since=76),
    u16(784, "yield_today", 10, "kWh"),
    u16(785, "max_power_today", 1, "W"),
    u16(786, "yield_yesterday", 10, "kWh"),
    u16(787, "max_power_yesterday", 1, "W"),
    u16(788, "error_code"),
    u16(789, "pv_power", 10, "W"),
    u16(790, "yield_total", 10, "kWh"),
    u16(791, "mpp_mode"),
    u32(792, "pv_power", 1, "W", since=78),
    *numbered(4, u16(3700, "tracker_voltage", 100, "V")),
    filler(3704, 4, since=45),
    *numbered(4, u16(3708, "tracker_yield_today", 10, "kWh")),
    *numbered(4, u16(3712, "tracker_yield_yesterday", 10, "kWh")),
    *numbered(4, u16(3716, "tracker_max_power_today", 1, "W")),
    *numbered(4, u16(3720, "tracker_max_power_yesterday", 1, "W")),
    *numbered(4, u16(3724, "tracker_power", 1, "W")),
    u32(3728, "yield_total", 1, "kWh", since=44),
    u16(3730, "pv_power", 1, "W", since=44),
    *numbered(4, u16(3731, "tracker_mpp_mode", since=50)),
    *numbered(4, u16(3735, "tracker_enabled", since=91)),
    filler(3739, 1, since=97),
    text(3740, 8, "custom_name", write=True, since=97),
    # What earlier releases had there.
    u16(782, "alarm_low_voltage", until=75),
    u16(783, "alarm_high_voltage", until=75),
)
