"""What the owner says of the connection and of each charger behind it."""

from dataclasses import dataclass
from datetime import UTC, tzinfo

from ...model.charging import MINIMUM_CURRENT
from ...model.parts import Part
from ..controller import Distribution, MeanLimit, Mode


@dataclass(frozen=True, kw_only=True)
class SeatSetup:
    """A charger under control. ``limit_a`` is what its cable or its installer allows."""

    part: Part
    rotation: tuple[int, ...] = (0, 1, 2)
    phases: int = 3
    priority: int = 0
    limit_a: float | None = None
    fallback_a: float = MINIMUM_CURRENT
    default_mode: Mode = Mode.SOLAR
    measured: bool = True
    full_minimum: bool = False
    latest_slots: bool = True
    capacity_wh: float | None = None
    switches_a_day: int | None = None
    distribution: str | None = None
    car_percent: bool = False
    """Whether the car says how full it is."""

    @property
    def key(self) -> str:
        """The name of the charger within the connection."""
        return self.part.key


@dataclass(frozen=True, kw_only=True)
class ConnectionSetup:
    """The grid connection.

    ``fuse_a`` 0 guards no fuse; ``battery_w`` is what the house battery can take.
    """

    title: str
    seats: tuple[SeatSetup, ...] = ()
    phases: int = 3
    voltage_v: float = 230.0
    fuse_a: float = 0.0
    margin_a: float = 2.0
    limit: MeanLimit | None = None
    distributions: tuple[Distribution, ...] = ()
    battery_w: float | None = None
    panels_w: float | None = None
    prices: bool = False
    repeats: bool = True
    observing: bool = False
    """Whether it only watches at first."""
    zone: tzinfo = UTC
