"""What another integration for the same device calls the same values.

An owner who used one before has years of statistics under its names. A table beside the family says
which of our values has the same meaning, and where that is to be doubted.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Doubt(StrEnum):
    """Why a history should not simply go on, though the meaning is the same."""

    REGISTER = "register"
    """The old integration reads another register than it says."""
    INVERTED = "inverted"
    """On there is off here."""
    SCALE = "scale"
    """The old integration shows another power of ten than the device means."""
    SIGN = "sign"
    """The old integration takes what is below zero for a very large number."""
    WRAPS = "wraps"
    """The old counter starts again at some hundred kWh."""
    UNIT = "unit"
    """The units do not fit, or were wrong there."""
    MEANING = "meaning"
    """The nearest that there is, and not quite the same."""


@dataclass(frozen=True, kw_only=True)
class Counterpart:
    """A value of the old integration, and ours."""

    key: str
    path: str
    """The path of our value; ``{unit}`` stands for the unit id in the old unique id."""
    doubt: Doubt | None


@dataclass(frozen=True, kw_only=True)
class Predecessor:
    """An older integration for devices of a family."""

    domain: str
    title: str
    """Where it comes from: two integrations may share a domain."""
    table: Path
    """Its values, one a line. To be read where waiting for a disk is allowed."""
    unique_id: str
    """A pattern for its unique ids. ``{key}`` stands for one of its keys, ``{entry_id}`` for the
    id of its config entry, ``{name}`` for the name in it, and the group ``unit`` is a unit id."""
    told_by: str | None = None
    """What only its own config entries hold, where another integration has the same domain."""

    def counterparts(self) -> list[Counterpart]:
        """Read the table."""
        import csv  # noqa: PLC0415 - only who moves in needs it

        with self.table.open(encoding="utf-8", newline="") as lines:
            return [
                Counterpart(
                    key=row["key"],
                    path=row["path"],
                    doubt=Doubt(row["doubt"]) if row["doubt"] else None,
                )
                for row in csv.DictReader(lines)
            ]

    def matches(
        self, unique_ids: Iterable[str], entry_id: str | None, name: str | None
    ) -> Iterator[tuple[str, Counterpart]]:
        """Yield, for each unique id that is one of its own, the counterparts of its value."""
        rows: dict[str, list[Counterpart]] = {}
        for row in self.counterparts():
            rows.setdefault(row.key, []).append(row)
        pattern = self._pattern(rows, {"entry_id": entry_id, "name": name})
        for unique_id in unique_ids:
            if (found := pattern.fullmatch(unique_id)) is None:
                continue
            unit = found.groupdict().get("unit", "")
            for row in rows[found["key"]]:
                path = row.path.replace("{unit}", unit)
                yield unique_id, Counterpart(key=row.key, path=path, doubt=row.doubt)

    def _pattern(self, keys: Iterable[str], known: Mapping[str, str | None]) -> re.Pattern[str]:
        # The longest first: one key may be the beginning, or the end, of another.
        ordered = sorted(keys, key=len, reverse=True)
        pattern = self.unique_id.replace("{key}", f"(?P<key>{'|'.join(map(re.escape, ordered))})")
        for word, value in known.items():
            # An entry that is gone does not tell any more: as little as possible then.
            pattern = pattern.replace(f"{{{word}}}", ".+?" if value is None else re.escape(value))
        return re.compile(pattern)
