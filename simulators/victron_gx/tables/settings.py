"""The settings of the GX, its ESS controller, and what restores inverter configurations."""

from typing import Final

from simulators.victron_gx.fields import Table, filler, i16, i32, text, u16

SETTINGS: Final = Table(
    "settings",
    i16(2700, "grid_setpoint", 1, "W", write=True),
    u16(2701, "max_charge_percentage", 1, "%", write=True),
    u16(2702, "max_discharge_percentage", 1, "%", write=True),
    i16(2703, "grid_setpoint", 0.01, "W", write=True),
    # -1, which stands for no limit, reads 0 here and at 2706: it is less than half a step.
    i16(2704, "max_discharge_power", 0.1, "W", write=True, since=50),
    i16(2705, "max_charge_current", 1, "A", write=True),
    i16(2706, "max_feed_in_power", 0.01, "W", write=True),
    u16(2707, "feed_in_dc_excess", write=True),
    u16(2708, "prevent_ac_feed_in", write=True),
    u16(2710, "max_charge_voltage", 10, "V", write=True),
    u16(2711, "ac_input_1_type", write=True, since=45),
    u16(2712, "ac_input_2_type", write=True, since=45),
    i16(2713, "peak_shaving_export_limit", 1, "A", write=True, since=72),
    i16(2714, "peak_shaving_import_limit", 1, "A", write=True, since=76),
    u16(2715, "peak_shaving_always", write=True, since=73),
    u16(2718, "metered_by_inverter", write=True, since=89),
    filler(2719, 1, since=97),
    i32(2720, "max_discharge_power", 1, "W", write=True, since=97),
    i32(2722, "max_feed_in_power", 1, "W", write=True, since=97),
    u16(2900, "battery_life_state", write=True),
    u16(2901, "minimum_soc", 10, "%", write=True),
    u16(2902, "hub4_mode", write=True),
    u16(2903, "battery_life_soc_limit", 10, "%"),
    u16(4701, "pump_auto_start_enabled", write=True, since=43),
    u16(4702, "pump_mode", write=True, since=43),
    u16(4703, "pump_start_value", 1, "%", write=True, since=43),
    u16(4704, "pump_stop_value", 1, "%", write=True, since=43),
    u16(5420, "dess_battery_capacity", 10, "kWh", write=True, since=71),
    u16(5421, "dess_full_charge_duration", 1, "h", write=True, since=71),
    u16(5422, "dess_full_charge_interval", 1, "d", write=True, since=71),
    u16(5423, "dess_mode", write=True, since=71),
    u16(5424, "dess_schedule_allow_grid_feed_in", write=True, since=71),
    u16(5425, "dess_schedule_duration", 1, "s", write=True, since=71),
    u16(5426, "dess_schedule_restrictions", write=True, since=71),
    u16(5427, "dess_schedule_soc", 1, "%", write=True, since=71),
    i32(5428, "dess_schedule_start", 1, write=True, since=71),
    u16(5430, "dess_schedule_strategy", write=True, since=96),
    text(5700, 8, "system_name", write=True, since=97),
    # What earlier releases had there. The one at 2717 lies inside the set-point at 2716, and the
    # one at 5429 inside the start of the schedule.
    u16(2704, "max_discharge_power", 0.1, "W", write=True, until=49),
    i16(2714, "peak_shaving_import_limit", 1, "A", write=True, since=72, until=75),
    u16(2717, "metered_by_inverter", write=True, since=75, until=88),
    u16(5429, "dess_schedule_strategy", write=True, since=71, until=95),
)

HUB4: Final = Table(
    "hub4",
    u16(2709, "feed_in_limiting"),
    i32(2716, "setpoint_override", 1, "W", write=True, since=74),
    u16(2724, "pv_disabled", since=101),
)

PLATFORM: Final = Table(
    "platform",
    u16(5800, "restore_file_index", write=True, since=93),
    u16(5801, "restore_action", write=True, since=93),
    u16(5802, "restore_notify", write=True, since=93),
    filler(5803, 7, since=93),
    u16(5810, "restore_file_index", write=True, since=93),
    u16(5811, "restore_action", write=True, since=93),
    u16(5812, "restore_notify", write=True, since=93),
    filler(5813, 7, since=93),
)

PUMP: Final = Table(
    "pump",
    u16(4700, "state", since=43),
)
