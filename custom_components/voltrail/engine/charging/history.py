"""A day out of Home Assistant's history, as its export writes it.

The export is a list of rows ``entity_id, state, last_changed``; a wide table with a column of
times and one column for each entity is read as well. Only changes are stored, so a value holds
until the next one: what was between two of them is not known.
"""

import csv
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Final

_ENTITY: Final = ("entity_id", "entity", "sensor")
_STATE: Final = ("state", "value")
_TIME: Final = ("last_changed", "last_updated", "time", "timestamp", "date")
_KILO: Final = ("kw", "kva")
ROLES: Final = ("grid", "car", "l1", "l2", "l3", "sun")


class HistoryError(ValueError):
    """A file that is no history, or lacks what is needed."""


@dataclass(slots=True)
class Series:
    """The states of one entity: when each began, and what it was; None where it was not known."""

    times_s: list[float] = field(default_factory=list)
    values: list[float | None] = field(default_factory=list)

    def at(self, moment_s: float) -> float | None:
        """Return the value that held at a moment."""
        place = bisect_right(self.times_s, moment_s) - 1
        return self.values[place] if place >= 0 else None

    def since(self, moment_s: float) -> float | None:
        """Return when the value that held at a moment had begun."""
        place = bisect_right(self.times_s, moment_s) - 1
        return self.times_s[place] if place >= 0 else None

    def largest_gap_s(self) -> float:
        """Return the longest time between two changes."""
        pairs = zip(self.times_s, self.times_s[1:], strict=False)
        return max((later - earlier for earlier, later in pairs), default=0.0)


def read(lines: Iterable[str], zone: tzinfo = UTC) -> dict[str, Series]:
    """Return the series of all entities in a history."""
    rows = csv.reader(lines)
    header = [name.strip().removeprefix("\ufeff").casefold() for name in next(rows, [])]
    entity, state = _column(header, _ENTITY), _column(header, _STATE)
    time = _column(header, _TIME)
    if time is None:
        message = "there is no column last_changed: export the history from Home Assistant"
        raise HistoryError(message)
    found: dict[str, list[tuple[float, float | None]]] = {}
    for name, text, when in _cells(rows, header, entity, state, time):
        moment = _moment(when, zone)
        if moment is not None:
            found.setdefault(name, []).append((moment, _number(text)))
    if not found:
        message = "there is no state with a time in it"
        raise HistoryError(message)
    return {name: _series(states) for name, states in found.items()}


def pick(series: Mapping[str, Series], chosen: Mapping[str, str]) -> dict[str, Series]:
    """Return the series by their role; those that were not chosen are found by their names."""
    roles: dict[str, Series] = {}
    for role in ROLES:
        name = chosen.get(role) or next((one for one in series if _plays(one, role)), None)
        if name is None:
            continue
        if name not in series:
            message = f"{name} is not in the history; there are {', '.join(sorted(series))}"
            raise HistoryError(message)
        roles[role] = _in_base_unit(name, series[name], role)
    if "grid" not in roles:
        message = f"which one is the grid power? There are {', '.join(sorted(series))}"
        raise HistoryError(message)
    return roles


def _plays(name: str, role: str) -> bool:
    plain = name.casefold()
    match role:
        case "grid":
            return "grid" in plain and "power" in plain
        case "car":
            return any(word in plain for word in ("car", "charger", "wallbox")) and "power" in plain
        case "sun":
            return any(word in plain for word in ("solar", "pv")) and "power" in plain
        case _:
            return plain.endswith(f"current_{role}")


def _in_base_unit(name: str, series: Series, role: str) -> Series:
    """Return watts: an entity that counts in kW says so in its name, or is too small for W."""
    known = [abs(value) for value in series.values if value is not None]
    small = bool(known) and 0 < max(known) < 60 and role in {"grid", "car", "sun"}
    if not (small or any(name.casefold().endswith(f"_{unit}") for unit in _KILO)):
        return series
    values = [None if value is None else value * 1000 for value in series.values]
    return Series(series.times_s, values)


def _column(header: list[str], names: Iterable[str]) -> int | None:
    return next((header.index(name) for name in names if name in header), None)


def _cells(
    rows: Iterable[list[str]], header: list[str], entity: int | None, state: int | None, time: int
) -> Iterator[tuple[str, str, str]]:
    for row in rows:
        if len(row) <= time:
            continue
        if entity is not None and state is not None:
            if len(row) > max(entity, state):
                yield row[entity], row[state], row[time]
            continue
        for place, cell in enumerate(row[: len(header)]):
            if place != time and cell.strip():
                yield header[place], cell, row[time]


def _moment(text: str, zone: tzinfo) -> float | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number == number and abs(number) < 1e9 else None  # noqa: PLR0124 - NaN


def _series(states: list[tuple[float, float | None]]) -> Series:
    states.sort(key=lambda one: one[0])
    return Series([moment for moment, _ in states], [value for _, value in states])
