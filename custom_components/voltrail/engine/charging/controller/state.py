"""Everything that the controller remembers, as one dataclass."""

from dataclasses import dataclass, field
from typing import Any, Self

from . import codec
from .accounts import Accounts, clear
from .codec import MOMENTS, each, moment, nested
from .draw import Draw
from .fuse import Fuse
from .limit import Limit
from .meter import Meter


@dataclass
class Car:
    """What a session has shown of the car. ``phases`` and ``most_a`` are 0 until known."""

    connected: bool = False
    arrived_s: float = moment()
    phases: int = 0
    most_a: float = 0.0
    least_a: float = 0.0
    lowest_a: float = 0.0
    few_since_s: float = moment()
    unused_since_s: float = moment()
    drawing_since_s: float = moment()
    quiet_since_s: float = moment()
    drew: bool = False
    tries: int = 0
    asleep: bool = False
    full: bool = False
    excess_since_s: float = moment()
    pauses: int = 0
    starts: int = 0
    switches: int = 0
    refused: list[int] = field(default_factory=list)
    speed: float = 0.98
    """What part of its full power the car gets when it charges as fast as it may."""
    energy_wh: float = 0.0
    sun_wh: float = 0.0
    offset_wh: float = 0.0
    reached: tuple[float, float] = (0.0, 0.0)
    """The targets that were reached."""


@dataclass
class ChargerState:
    """What is remembered of one charger. ``level`` is how many phases the car uses; 0 is paused."""

    draw: Draw = nested(Draw)  # noqa: RUF009 - it makes a field
    car: Car = nested(Car)  # noqa: RUF009 - it makes a field
    accounts: Accounts = nested(Accounts)  # noqa: RUF009 - it makes a field
    mode: str = ""
    adopted: bool = False
    level: int = 0
    order_a: float = 0.0
    order_phases: int = 0
    ordered_s: float = moment()
    on_s: float = moment()
    off_s: float = moment()
    switched_s: float = moment()
    stage: str = ""
    stage_s: float = moment()
    starting: bool = False
    offered_s: float = moment()
    nap_until_s: float = moment()
    verify_s: float = moment()
    paused_by: str = ""
    away_s: float = moment()
    failed: int = 0
    moved_from_a: float = 0.0
    turn_s: float = moment()
    switches_s: list[float] = field(default_factory=list, metadata=MOMENTS)
    usual_phases: int = 0
    """What the last car used."""
    starts_total: int = 0
    switches_total: int = 0


@dataclass
class ControllerState:
    """All state. ``dump`` writes ages and not moments, so that it can be loaded at any time."""

    meter: Meter = nested(Meter)  # noqa: RUF009 - it makes a field
    phases: Meter = nested(Meter)  # noqa: RUF009 - it makes a field
    fuse: Fuse = nested(Fuse)  # noqa: RUF009 - it makes a field
    distributions: dict[str, Fuse] = each(Fuse)  # noqa: RUF009 - it makes a field
    limit: Limit = nested(Limit)  # noqa: RUF009 - it makes a field
    chargers: dict[str, ChargerState] = each(ChargerState)  # noqa: RUF009 - it makes a field
    battery_seen_s: float = moment()
    battery_took_w: float = 0.0
    known: bool = False
    surplus_low_w: float = 0.0
    surplus_high_w: float = 0.0
    import_w: float = 0.0
    sampled_s: float = moment()
    started_s: float = moment()
    rotated_s: float = moment()
    turns: int = 0

    def dump(self, now: float) -> dict[str, Any]:
        """Return the state as plain data that can be stored."""
        return codec.dump(self, now)

    @classmethod
    def load(cls, data: dict[str, Any], now: float) -> Self:
        """Return the state that was dumped, as if no time had passed."""
        return codec.load(cls, data, now)

    def after_restart(self) -> None:
        """Trust nothing that may have changed meanwhile, and keep what was learned.

        The accounts begin at 0, the chargers are adopted as they are found, and nothing is
        ordered before two fresh samples of the meter.
        """
        for source in (self.meter, self.phases):
            source.fresh = source.repeats = source.equal_after_move = 0
            source.frozen = False
            source.seen_s = source.changed_s = source.started_s = codec.NEVER
        self.known = False
        self.started_s = codec.NEVER
        for charger in self.chargers.values():
            clear(charger.accounts)
            charger.adopted = False
            charger.stage, charger.starting, charger.failed = "", False, 0
            charger.draw = Draw(settling_s=charger.draw.settling_s, gap_a=charger.draw.gap_a)
