"""What the controller did, and why, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from .reasons import Reason


@dataclass(frozen=True, slots=True)
class Order:
    """So many amperes on so many phases; 0 A is a pause.

    ``phases`` is what the charger is to give, not what the car uses. ``power_w`` is there for a
    charger that chooses its phases by the watts it is told. ``urgent`` overtakes whatever waits.
    """

    charger: str
    current_a: float
    phases: int
    power_w: int | None = None
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerExplanation:
    """Why a charger does what it does, with the numbers that it takes to change.

    ``account_wh`` of ``price_wh`` are reached towards the state ``towards`` (phases in use).
    ``phase`` is the house phase (0 is L1) that limits. ``away_from_order_s``-like countdowns do
    not exist: a time is given only where one is fixed (``until``, ``next_start``).
    """

    reason: Reason
    level: int = 0
    order_a: float = 0.0
    draw_low_a: float = 0.0
    draw_high_a: float = 0.0
    account_wh: float = 0.0
    price_wh: float = 0.0
    towards: int | None = None
    phase: int | None = None
    next_start: datetime | None = None
    until: datetime | None = None
    stretches: tuple[tuple[datetime, datetime], ...] = ()
    energy_wh: float = 0.0
    sun_wh: float = 0.0
    grid_wh: float = 0.0
    starts: int = 0
    switches: int = 0
    starts_total: int = 0
    switches_total: int = 0
    car_phases: int = 0
    refused: tuple[int, ...] = ()
    above_offer: bool = False
    failed_orders: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """The whole decision: what it was made of, and what became of each charger."""

    chargers: Mapping[str, ChargerExplanation] = field(default_factory=dict)
    surplus_low_w: float | None = None
    surplus_high_w: float | None = None
    headroom_a: tuple[float, ...] = ()
    warmth: tuple[float, ...] = ()
    overload: bool = False
    window_used_wh: float | None = None
    window_mean_w: float | None = None
    window_limit_w: float | None = None
    meter_silent: bool = False
    meter_frozen: bool = False
    reserving: bool = False
    observing: bool = False
    would: tuple[Order, ...] = ()
    """What would have been ordered, while only observing."""
