"""Names of what the entry and its sub-entries hold."""

from typing import Final

CHARGER: Final = "charger"
DISTRIBUTION: Final = "distribution"
OTHER: Final = "other_charger"
"""A charger of another integration."""

CONF_GRID_POWER: Final = "grid_power"
CONF_GRID_EXPORT: Final = "grid_export"
CONF_GRID_INVERTED: Final = "grid_inverted"
CONF_SIGN_KEPT: Final = "sign_kept"
CONF_CURRENTS: Final = ("current_l1", "current_l2", "current_l3")
CONF_PHASES: Final = "phases"
CONF_FUSE: Final = "fuse"
CONF_MARGIN: Final = "margin"
CONF_OBSERVER: Final = "observer"
CONF_SOLAR_POWER: Final = "solar_power"
CONF_PANELS: Final = "panels_power"

CONF_BATTERY: Final = "battery"
CONF_BATTERY_POWER: Final = "battery_power"
CONF_BATTERY_DISCHARGE: Final = "battery_discharge"
CONF_BATTERY_INVERTED: Final = "battery_inverted"
CONF_BATTERY_CHARGE: Final = "battery_charge"
CONF_BATTERY_MOST: Final = "battery_most"

CONF_LIMITS: Final = "limits"
CONF_MEAN_LIMIT: Final = "mean_limit"
CONF_MEAN_LIMIT_SOURCE: Final = "mean_limit_source"
CONF_WINDOW: Final = "window"
CONF_OUTSIDE: Final = "outside_limit"
CONF_OUTSIDE_POWER: Final = "outside_power"

CONF_PRICES: Final = "prices"

CONF_CHARGERS: Final = "chargers"
CONF_CHARGER: Final = "charger"
CONF_PART: Final = "part"
CONF_ROTATION: Final = "rotation"
CONF_CHARGER_PHASES: Final = "charger_phases"
CONF_PRIORITY: Final = "priority"
CONF_LIMIT: Final = "limit"
CONF_FALLBACK: Final = "fallback"
CONF_DEFAULT_MODE: Final = "default_mode"
CONF_MEASURED: Final = "measured"
CONF_FULL_MINIMUM: Final = "full_minimum"
CONF_EARLY_SLOTS: Final = "early_slots"
CONF_CAR_CHARGE: Final = "car_charge"
CONF_CAPACITY: Final = "capacity"
CONF_SWITCHES: Final = "switches_a_day"
CONF_DISTRIBUTION: Final = "distribution"

CONF_NUMBER: Final = "number"
CONF_SWITCH: Final = "switch"
CONF_SELECT: Final = "phase_select"
CONF_POWER: Final = "power"
CONF_STATE: Final = "state"
OTHER_ENTITIES: Final = (CONF_NUMBER, CONF_SWITCH, CONF_SELECT, CONF_POWER, CONF_STATE)
"""The entities by which a charger of another integration is driven."""

ROTATIONS: Final = {
    "l1_l2_l3": (0, 1, 2),
    "l2_l3_l1": (1, 2, 0),
    "l3_l1_l2": (2, 0, 1),
    "l1_l3_l2": (0, 2, 1),
    "l2_l1_l3": (1, 0, 2),
    "l3_l2_l1": (2, 1, 0),
}
"""Which phase of the house each phase of a charger is."""
