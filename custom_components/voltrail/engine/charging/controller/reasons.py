"""Why a charger does what it does."""

from enum import StrEnum


class Reason(StrEnum):
    """The one reason that counts now."""

    OFF = "off"
    NO_VEHICLE = "no_vehicle"
    NOT_READY = "not_ready"
    STARTING = "starting"
    MINIMUM = "minimum"
    BATTERY_FIRST = "battery_first"
    PLAN_INCOMPLETE = "plan_incomplete"
    WAITING_FOR_SUN = "waiting_for_sun"
    FOLLOWING_SUN = "following_sun"
    RIDING_THROUGH = "riding_through"
    TOO_LITTLE_SUN = "too_little_sun"
    FAST = "fast"
    FUSE = "fuse"
    LIMIT = "limit"
    PLAN_WAITING = "plan_waiting"
    PLAN_CHARGING = "plan_charging"
    TARGET_REACHED = "target_reached"
    WAITS_FOR_OTHER = "waits_for_other"
    PHASES_SWITCHING = "phases_switching"
    PHASES_REFUSED = "phases_refused"
    VEHICLE = "vehicle"
    MANUAL = "manual"
    METER_SILENT = "meter_silent"
    CHARGER_AWAY = "charger_away"
    FALLBACK = "fallback"
