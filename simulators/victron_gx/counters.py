"""Counters of energy, in kWh as the GX has them."""

from dataclasses import dataclass
from typing import Final

_WATT_SECONDS_PER_KWH: Final = 3_600_000.0


class Counters:
    """Counts kWh by name from W that stand still for a while."""

    def __init__(self) -> None:
        self._kwh: dict[str, float] = {}

    def __getitem__(self, name: str) -> float:
        return self._kwh.get(name, 0.0)

    def add(self, name: str, watts: float, seconds: float) -> None:
        """Count a power."""
        self._kwh[name] = self[name] + watts * seconds / _WATT_SECONDS_PER_KWH

    def preset(self, **kwh: float) -> None:
        """Have counted this much already."""
        self._kwh.update(kwh)

    def add_signed(self, name: str, other: str, watts: float, seconds: float) -> None:
        """Count a power under one name if it is positive, else under the other."""
        self.add(name if watts > 0 else other, abs(watts), seconds)

    def clear(self) -> None:
        """Count from zero again."""
        self._kwh.clear()


@dataclass(kw_only=True)
class MpptDay:
    """What an MPPT remembers of today and yesterday."""

    today: float = 0.0
    yesterday: float = 0.0
    most_today: int = 0
    most_yesterday: int = 0
    total: float = 0.0

    def turn(self) -> None:
        """Begin a new day."""
        self.yesterday, self.today = self.today, 0.0
        self.most_yesterday, self.most_today = self.most_today, 0

    def add(self, watts: int, seconds: float) -> None:
        """Count a power."""
        energy = watts * seconds / _WATT_SECONDS_PER_KWH
        self.today += energy
        self.total += energy
        self.most_today = max(self.most_today, watts)
