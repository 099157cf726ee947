"""What people want: set by them, kept over restarts, and never changed by the controller's orders.

What is stored and makes no sense is left out: a file that was damaged must not keep a house
from charging, and never means *fast*.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Any, Final

from ..controller import (
    BatteryPriority,
    ChargerRequest,
    GridShare,
    Mode,
    PhaseChoice,
)
from .departure import next_departure

_STAYED: Final = timedelta(hours=1)


@dataclass(kw_only=True)
class ChargerWishes:
    """What is wanted of one charger. A target of 0 is none."""

    mode: Mode = Mode.SOLAR
    energy_target_wh: float = 0.0
    charge_target_percent: float = 0.0
    departure: time | None = None
    days: tuple[int, ...] = ()
    """The weekdays on which the car leaves; every day, if there are none."""
    departs: datetime | None = None
    """When the car of this session leaves."""
    maximum_a: float | None = None
    minimum_a: float | None = None
    phase_choice: PhaseChoice = PhaseChoice.AUTOMATIC
    price_limit: float | None = None
    grid_share: GridShare | None = None
    boost: bool = False

    def request(self, *, manual_a: float | None, capacity_wh: float | None) -> ChargerRequest:
        """Return it as the controller takes it."""
        least = self.minimum_a
        if least is not None and self.maximum_a is not None:
            # What may be drawn at most holds, whatever was said of the least.
            least = min(least, self.maximum_a)
        return ChargerRequest(
            mode=self.mode,
            grid_share=self.grid_share,
            maximum_a=self.maximum_a,
            minimum_a=least,
            manual_a=manual_a,
            phase_choice=self.phase_choice,
            energy_target_wh=self.energy_target_wh,
            charge_target_percent=self.charge_target_percent,
            capacity_wh=capacity_wh,
            departure=self.departs,
            price_limit=self.price_limit,
            boost=self.boost,
        )

    def depart(self, wall: datetime, zone: tzinfo) -> None:
        """Work out when the car of this session leaves."""
        at = self.departure
        self.departs = None if at is None else next_departure(wall, at, zone, self.days)

    def depart_again(self, wall: datetime, zone: tzinfo) -> None:
        """Plan for the next of its days, if the car is still there long after it was to leave."""
        if self.days and self.departs is not None and wall - self.departs >= _STAYED:
            self.depart(wall, zone)

    def dump(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "mode": self.mode,
            "energy_target_wh": self.energy_target_wh,
            "charge_target_percent": self.charge_target_percent,
            "departure": None if self.departure is None else self.departure.isoformat(),
            "days": list(self.days),
            "departs": None if self.departs is None else self.departs.isoformat(),
            "maximum_a": self.maximum_a,
            "minimum_a": self.minimum_a,
            "phase_choice": self.phase_choice,
            "price_limit": self.price_limit,
            "grid_share": self.grid_share,
            "boost": self.boost,
        }

    @classmethod
    def load(cls, stored: object, *, default: Mode) -> ChargerWishes:
        """Take back what was stored."""
        found = stored if isinstance(stored, Mapping) else {}
        days = found.get("days")
        return cls(
            mode=_member(Mode, found.get("mode")) or default,
            energy_target_wh=_number(found.get("energy_target_wh")) or 0.0,
            charge_target_percent=_number(found.get("charge_target_percent")) or 0.0,
            departure=_time(found.get("departure")),
            days=tuple(day for day in days if day in range(7)) if isinstance(days, list) else (),
            departs=_moment(found.get("departs")),
            maximum_a=_number(found.get("maximum_a")),
            minimum_a=_number(found.get("minimum_a")),
            phase_choice=_member(PhaseChoice, found.get("phase_choice")) or PhaseChoice.AUTOMATIC,
            price_limit=_number(found.get("price_limit")),
            grid_share=_member(GridShare, found.get("grid_share")),
            boost=found.get("boost") is True,
        )


@dataclass(kw_only=True)
class ConnectionWishes:
    """What is wanted of the connection and of its chargers."""

    observing: bool = False
    battery_priority: BatteryPriority = BatteryPriority.CAR
    battery_target_percent: float = 100.0
    battery_floor_percent: float = 100.0
    chargers: dict[str, ChargerWishes] = field(default_factory=dict)

    def dump(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "observing": self.observing,
            "battery_priority": self.battery_priority,
            "battery_target_percent": self.battery_target_percent,
            "battery_floor_percent": self.battery_floor_percent,
            "chargers": {key: one.dump() for key, one in self.chargers.items()},
        }

    def load(self, stored: object, defaults: Mapping[str, Mode]) -> None:
        """Take back what was stored."""
        found = stored if isinstance(stored, Mapping) else {}
        if isinstance(observing := found.get("observing"), bool):
            self.observing = observing
        priority = _member(BatteryPriority, found.get("battery_priority"))
        self.battery_priority = priority or self.battery_priority
        for name in ("battery_target_percent", "battery_floor_percent"):
            if (percent := _number(found.get(name))) is not None:
                setattr(self, name, percent)
        chargers = found.get("chargers")
        known = chargers if isinstance(chargers, Mapping) else {}
        for key, default in defaults.items():
            self.chargers[key] = ChargerWishes.load(known.get(key), default=default)


def ended(wishes: ChargerWishes, default: Mode) -> ChargerWishes:
    """Return what is wanted of a charger after the car has left."""
    return replace(wishes, mode=default, boost=False, departs=None)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) else None


def _member[E: StrEnum](kind: type[E], value: object) -> E | None:
    return kind(value) if isinstance(value, str) and value in tuple(kind) else None


def _time(value: object) -> time | None:
    try:
        return time.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _moment(value: object) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.astimezone(UTC) if found is not None and found.tzinfo is not None else None
