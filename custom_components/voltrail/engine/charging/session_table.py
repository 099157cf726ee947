"""Sessions as a table that a spreadsheet opens as its user's language has it."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Final

from .sessions import Session

COLUMNS: Final = (
    *("charger", "start", "end", "duration", "energy", "counter_start", "counter_end"),
    *("cost", "solar_share", "highest_power", "phases", "card"),
)
"""The columns, by the keys of their headings."""

MARK: Final = "\ufeff"
"""Tells a spreadsheet that the text is UTF-8."""

_DECIMAL_POINT: Final = frozenset({"en", "zh", "ja", "ko", "he", "th"})
"""Languages whose numbers have a point; where they have a comma, it cannot part the columns."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


class _Style:
    """How a language writes numbers and parts columns."""

    def __init__(self, language: str) -> None:
        point = language.partition("-")[0].lower() in _DECIMAL_POINT
        self.separator = "," if point else ";"
        self._mark = "." if point else ","

    def number(self, value: float | None, decimals: int) -> str:
        """Write a number; nothing for one that is not known."""
        return "" if value is None else f"{value:.{decimals}f}".replace(".", self._mark)


def table(
    sessions: Iterable[tuple[str, Session]],
    *,
    headings: Mapping[str, str],
    language: str,
    zone: tzinfo,
) -> str:
    """Return sessions, each with the name of its charger, as comma-separated values.

    Only those in which something was charged: no one is paid for a car that was parked.
    """
    style = _Style(language)
    text = io.StringIO()
    writer = csv.writer(text, delimiter=style.separator, lineterminator="\r\n")
    writer.writerow([headings[key] for key in COLUMNS])
    charged = [(name, session) for name, session in sessions if session.energy]
    for name, session in charged:
        writer.writerow(_row(name, session, style, zone))
    writer.writerow(_total([session for _, session in charged], style, headings["total"]))
    return MARK + text.getvalue()


def _row(name: str, session: Session, style: _Style, zone: tzinfo) -> list[str]:
    end = session.end or session.start
    cells = {
        "charger": _harmless(name),
        "start": _moment(session.start, zone),
        "end": _moment(end, zone),
        "duration": _duration(session.duration(end)),
        "energy": style.number(_thousandth(session.energy), 3),
        "counter_start": style.number(_thousandth(session.first), 3),
        "counter_end": style.number(_thousandth(session.last), 3),
        "cost": style.number(session.total_cost, 2),
        "solar_share": style.number(_percent(session.solar_share), 0),
        "highest_power": style.number(_thousandth(session.highest_power), 1),
        "phases": "" if session.phases is None else str(session.phases),
        "card": _harmless(session.authorised_by or ""),
    }
    return [cells[key] for key in COLUMNS]


def _total(sessions: list[Session], style: _Style, word: str) -> list[str]:
    costs = [session.total_cost for session in sessions]
    known = [cost for cost in costs if cost is not None]
    cells = {
        "charger": word,
        "duration": _duration(sum(one.duration(one.end or one.start) for one in sessions)),
        "energy": style.number(sum(one.energy or 0.0 for one in sessions) / 1000, 3),
        # A sum of only some of them would look like the whole.
        "cost": style.number(sum(known), 2) if known and len(known) == len(costs) else "",
    }
    return [cells.get(key, "") for key in COLUMNS]


def _moment(moment: datetime, zone: tzinfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{minutes // 60}:{minutes % 60:02}"


def _thousandth(value: float | None) -> float | None:
    return None if value is None else value / 1000


def _percent(value: float | None) -> float | None:
    return None if value is None else value * 100


def _harmless(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
