"""What the GX and its devices accept. The reply to a write does not tell: it is sent before.

A value outside is acknowledged and has no effect. Only ranges that are known are here; those of
the set-points of the ESS controller are UNCONFIRMED, so it takes anything, unless the constructor
of the simulator says otherwise.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True)
class Between:
    """A range, its ends included."""

    low: float
    high: float

    def __contains__(self, value: object) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high


type Accepted = Between | Collection[int]

_SWITCH: Final = (0, 1)
_ON_OFF: Final = (1, 4)
_INPUT_TYPES: Final = (0, 1, 2, 3)
_ESS_MODES: Final = (0, 1, 2, 3)

ACCEPTED: Final[dict[str, Accepted]] = {
    "settings.minimum_soc": Between(0, 100),
    "settings.max_charge_current": Between(-1, 10_000),
    "settings.max_charge_voltage": Between(0, 80),
    "settings.max_charge_percentage": Between(0, 100),
    "settings.max_discharge_percentage": Between(0, 100),
    "settings.feed_in_dc_excess": _SWITCH,
    "settings.prevent_ac_feed_in": _SWITCH,
    "settings.peak_shaving_always": _SWITCH,
    "settings.metered_by_inverter": _SWITCH,
    "settings.ac_input_1_type": _INPUT_TYPES,
    "settings.ac_input_2_type": _INPUT_TYPES,
    "settings.battery_life_state": range(13),
    "settings.hub4_mode": (1, 2, 3),
    "settings.dess_battery_capacity": Between(0, 1000),
    "settings.dess_full_charge_duration": Between(-1, 12),
    "settings.dess_full_charge_interval": Between(-1, 99),
    "settings.dess_mode": range(5),
    "settings.pump_mode": (0, 1, 2),
    "settings.pump_auto_start_enabled": _SWITCH,
    "system.relay_1": _SWITCH,
    "system.relay_2": _SWITCH,
    "vebus.mode": (1, 2, 3, 4),
    "vebus.charge_disabled": _SWITCH,
    "vebus.feed_in_disabled": _SWITCH,
    "multi.mode": (1, 2, 3, 4),
    "multi.ess_mode": _ESS_MODES,
    "multi.ess_minimum_soc": Between(0, 100),
    "acsystem.ess_mode": _ESS_MODES,
    "inverter.mode": (1, 2, 3, 4, 5, 251, 252, 253),
    "solarcharger.mode": _ON_OFF,
    "dcdc.mode": _ON_OFF,
    "alternator.mode": _ON_OFF,
    "charger.mode": _SWITCH,
    "battery.mode": (3, 252),
    "battery.relay": _SWITCH,
    "evcharger.mode": (0, 1, 2),
    "evcharger.set_current": Between(6, 32),
    "evcharger.max_current": Between(6, 32),
    "evcharger.start_stop": _SWITCH,
    # 0 is the output, 1 the input: the register list has it the wrong way round, and 2 too many.
    "evcharger.position": (0, 1),
    "generator.manual_start": _SWITCH,
    "generator.auto_start_enabled": _SWITCH,
    "genset.start": _SWITCH,
    "dcgenset.start": _SWITCH,
}

#: Written to make something happen; back at 0 before anybody can read them.
MOMENTARY: Final = frozenset(
    {
        "vebus.system_reset",
        "vebus.redetect_system",
        "vebus.droop_activate",
        "vebus.direct_pq_activate",
        "vebus.direct_vf_activate",
        "generator.service_counter_reset",
    }
)
