"""The table of sessions, as a spreadsheet opens it."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from custom_components.voltrail.engine.charging.session_table import COLUMNS, MARK, table
from custom_components.voltrail.engine.charging.sessions import Session

HEADINGS: Final = {key: key.upper() for key in (*COLUMNS, "total")}
START: Final = datetime(2026, 11, 30, 22, 30, tzinfo=UTC)


def session(**more: Any) -> Session:
    """Return a session over midnight, with everything known."""
    given: dict[str, Any] = {
        "start": START,
        "end": START + timedelta(hours=7, minutes=5),
        "first": 1_000_000.0,
        "last": 1_012_345.0,
        "highest_power": 11_040.0,
        "phases": 3,
        "authorised_by": "…4F2A",
        "cost": 3.21,
        "priced": 12_345.0,
        "solar_energy": 0.0,
        "sourced": 12_345.0,
        **more,
    }
    return Session(**given)


def rows(*sessions: Session, language: str = "en", name: str = "Garage") -> list[list[str]]:
    """Return the table as a spreadsheet reads it."""
    text = table(
        [(name, one) for one in sessions],
        headings=HEADINGS,
        language=language,
        zone=ZoneInfo("Europe/Oslo"),
    )
    assert text.startswith(MARK)
    separator = "," if language.startswith("en") else ";"
    return list(csv.reader(io.StringIO(text.removeprefix(MARK)), delimiter=separator))


def test_a_row() -> None:
    """Times are those of the wall clock, energy is in kWh, and the counters prove it."""
    headings, row, total = rows(session())
    assert headings == [key.upper() for key in COLUMNS]
    assert row == [
        *("Garage", "2026-11-30 23:30", "2026-12-01 06:35", "7:05", "12.345"),
        *("1000.000", "1012.345", "3.21", "0", "11.0", "3", "…4F2A"),
    ]
    assert total[0] == "TOTAL"
    assert total[3:5] == ["7:05", "12.345"]
    assert total[7] == "3.21"


@pytest.mark.parametrize("language", ["nb", "nl", "de", "sv", "da", "fr", "de-CH"])
def test_a_decimal_comma(language: str) -> None:
    """Where numbers have a comma, a semicolon parts the columns."""
    assert rows(session(), language=language)[1][4] == "12,345"


def test_what_is_not_known_is_empty() -> None:
    """No cost, no phases, no card: no zeros in their place, and no sum of a part."""
    bare = session(cost=0.0, priced=0.0, sourced=0.0, phases=None, authorised_by=None)
    _, _, row, total = rows(session(), bare)
    assert row[7:] == ["", "", "11.0", "", ""]
    assert total[7] == ""


def test_a_car_that_was_parked_is_left_out() -> None:
    """Nobody is paid for it."""
    assert len(rows(session(last=1_000_000.0))) == 2


def test_no_cell_is_a_formula() -> None:
    """A name or a card is text, whatever it begins with."""
    row = rows(session(authorised_by="=1+1"), name="@home")[1]
    assert row[0] == "'@home"
    assert row[-1] == "'=1+1"
