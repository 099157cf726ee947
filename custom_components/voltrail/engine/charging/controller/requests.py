"""What people want of the controller."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Mode(StrEnum):
    """What a charger is to do."""

    OFF = "off"
    SOLAR = "solar"
    SOLAR_MINIMUM = "solar_minimum"
    FAST = "fast"
    PLAN = "plan"
    MANUAL = "manual"


class GridShare(StrEnum):
    """How much grid is accepted with the sun."""

    LITTLE = "little"
    NORMAL = "normal"
    MUCH = "much"

    @property
    def weight(self) -> float:
        """What a bought kWh weighs against one of the sun (λ)."""
        return _WEIGHTS[self]


_WEIGHTS = {GridShare.LITTLE: 3.0, GridShare.NORMAL: 2.0, GridShare.MUCH: 1.0}


class PhaseChoice(StrEnum):
    """On which phases a charger may charge, where it can be told."""

    AUTOMATIC = "automatic"
    ONE = "one"
    THREE = "three"


class BatteryPriority(StrEnum):
    """Who gets the sun first."""

    CAR = "car"
    BATTERY = "battery"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerRequest:
    """What is wanted of one charger.

    A target of 0 is none. ``maximum_a`` None is the charger's own. ``manual_a`` is the number
    that a person set, the ceiling of the mode *manual*. ``grid_share`` None lets the roof decide.
    ``capacity_wh`` turns ``charge_percent`` into energy, with ``loss`` lost on the way.
    """

    mode: Mode = Mode.SOLAR
    grid_share: GridShare | None = None
    maximum_a: float | None = None
    minimum_a: float | None = None
    manual_a: float | None = None
    phase_choice: PhaseChoice = PhaseChoice.AUTOMATIC
    energy_target_wh: float = 0.0
    charge_target_percent: float = 0.0
    capacity_wh: float | None = None
    loss: float = 0.1
    departure: datetime | None = None
    price_limit: float | None = None
    boost: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """What is wanted of all chargers and of the connection."""

    chargers: Mapping[str, ChargerRequest] = field(default_factory=dict)
    battery_priority: BatteryPriority = BatteryPriority.CAR
    battery_target_percent: float = 100.0
    battery_floor_percent: float | None = None
    observing: bool = False
    """Decide and explain, but send nothing."""
