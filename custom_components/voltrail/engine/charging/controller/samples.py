"""What the controller is shown: samples with the moment of their receipt.

Moments (``…_s``) are seconds of a monotonic clock, the same one as ``now``. Grid power is
positive at import, battery power positive when charging. What is not known is ``None``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class GridSample:
    """The power at the grid connection."""

    power_w: float
    received_s: float


@dataclass(frozen=True, slots=True)
class CurrentsSample:
    """The currents of the phases at one point; negative only where a meter knows the direction."""

    currents_a: tuple[float, ...]
    received_s: float


@dataclass(frozen=True, slots=True)
class BatterySample:
    """The house battery."""

    power_w: float
    received_s: float
    charge_percent: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargerView:
    """A charger as it was last read.

    ``currents_a`` are measured, in the charger's own order of phases. A charger that measures
    its power only says so in ``power_w`` with ``currents_a`` empty. ``failed_orders`` counts the
    orders that failed, or that may have got lost, since the last that was taken.
    """

    received_s: float
    currents_a: tuple[float, ...] = (0.0, 0.0, 0.0)
    power_w: float | None = None
    available: bool = True
    connected: bool = True
    ready: bool = True
    offered_a: float | None = None
    phases: int | None = None
    switching: bool = False
    session_wh: float | None = None
    car_percent: float | None = None
    failed_orders: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Slot:
    """A price per kWh that holds from one moment to the next; both are aware."""

    start: datetime
    end: datetime
    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Everything that is known at one moment."""

    grid: GridSample | None = None
    currents: CurrentsSample | None = None
    distributions: Mapping[str, CurrentsSample] = field(default_factory=dict)
    voltage_v: float | None = None
    battery: BatterySample | None = None
    chargers: Mapping[str, ChargerView] = field(default_factory=dict)
    slots: tuple[Slot, ...] = ()
    sun_up: bool = True
    outside_limit_w: float | None = None
    """The most that all chargers together may draw, as a grid operator orders it."""
    mean_limit_w: float | None = None
    """Replaces the limit of the options, for a peak that the month has reached already."""
