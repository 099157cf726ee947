"""What a meter has measured at one moment, before any list rounds it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Final

type PerPhase = tuple[float, float, float]

STANDARD_TIME: Final = timezone(timedelta(hours=1))
_NOTHING: Final = (0.0, 0.0, 0.0)


class Net(StrEnum):
    """How the house is connected."""

    ONE_PHASE = "1ph"
    IT = "it"
    TN = "tn"


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a meter says of itself."""

    serial: str
    model: str


@dataclass(frozen=True, kw_only=True)
class Quantities:
    """In W, var, A, V, Wh and varh. On an IT net the voltages are L1-L2, L1-L3 and L2-L3."""

    moment: datetime = datetime(2026, 1, 5, 12, 0, 10, tzinfo=UTC)
    power_imported: float = 0
    power_exported: float = 0
    reactive_imported: float = 0
    reactive_exported: float = 0
    currents: PerPhase = _NOTHING
    voltages: PerPhase = _NOTHING
    power_imported_per_phase: PerPhase = _NOTHING
    power_exported_per_phase: PerPhase = _NOTHING
    reactive_imported_per_phase: PerPhase = _NOTHING
    reactive_exported_per_phase: PerPhase = _NOTHING
    power_factor: float = 1
    power_factors: PerPhase = (1.0, 1.0, 1.0)
    energy_imported: float = 0
    energy_exported: float = 0
    reactive_energy_imported: float = 0
    reactive_energy_exported: float = 0
    energy_imported_per_phase: PerPhase = _NOTHING
    energy_exported_per_phase: PerPhase = _NOTHING

    @property
    def standard_time(self) -> datetime:
        """Central European Time without summer time, as a clock shows it."""
        return self.moment.astimezone(STANDARD_TIME)

    @property
    def wall_time(self) -> datetime:
        """Central European Time as people have it."""
        return self.standard_time + timedelta(hours=self.summer)

    @property
    def summer(self) -> bool:
        """Whether clocks are set forward, by the rule of the European Union."""
        year = self.moment.year
        return _last_sunday(year, 3) <= self.moment < _last_sunday(year, 10)


def _last_sunday(year: int, month: int) -> datetime:
    """Return one o'clock, Universal Time, of the last Sunday of a month with 31 days."""
    day = datetime(year, month, 31, 1, tzinfo=UTC)
    while day.isoweekday() != 7:
        day -= timedelta(days=1)
    return day
