"""A recorded day once more, with the controller; and its picture."""

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from custom_components.voltrail.engine.charging.controller import (
    ChargerConfig,
    ChargerRequest,
    Mode,
    Requests,
)
from custom_components.voltrail.engine.charging.day_picture import Curve, draw
from custom_components.voltrail.engine.charging.history import HistoryError, pick, read
from custom_components.voltrail.engine.charging.replay import Replay, replay
from custom_components.voltrail.engine.cli import run
from custom_components.voltrail.engine.cli.console import Console

NOON = datetime(2026, 6, 14, 10, tzinfo=UTC)


def history(*, car: bool = True, currents: bool = True, unit: float = 1.0) -> Iterator[str]:
    """Return an hour of sun, in which the car of that day charged with 6 A from the grid."""
    yield "entity_id,state,last_changed"
    for minute in range(61):
        at = (NOON + timedelta(minutes=minute)).isoformat().replace("+00:00", "Z")
        state = "unavailable" if minute == 30 else str((-3360 + minute % 3) * unit)
        yield f"sensor.grid_power,{state},{at}"
        yield f"sensor.solar_power,{8000 * unit},{at}"
        if car:
            yield f"sensor.car_power,{4140 * unit},{at}"
        if currents:
            for phase in (1, 2, 3):
                yield f"sensor.grid_current_l{phase},5,{at}"


def day(lines: list[str], *, fuse_a: float = 25.0, **chosen: str) -> Replay:
    """Replay some lines."""
    return replay(
        pick(read(lines), chosen),
        ChargerConfig(key="car"),
        Requests(chargers={"car": ChargerRequest(mode=Mode.SOLAR)}),
        fuse_a=fuse_a,
    )


def test_takes_what_was_exported() -> None:
    """7.5 kW of surplus for an hour: the controller takes nearly all, that day took 4.1 kW."""
    done = day(list(history()))
    assert done.recorded_wh == pytest.approx(4140 * 59 / 60, rel=0.02)
    assert done.energy_wh > 6300
    assert done.sun_wh == pytest.approx(done.energy_wh, rel=0.04)
    assert done.starts >= 1
    assert done.minutes["following_sun"] > 40
    assert any("battery" in one for one in done.unknown)
    assert any("which way they flowed" in one for one in done.unknown)


def test_what_it_cannot_know_depends_on_the_history() -> None:
    """Without the car it is part of the house; without currents there is no fuse."""
    done = day(list(history(car=False, currents=False)))
    assert done.recorded_wh is None
    assert any("part of the house" in one for one in done.unknown)
    assert any("no currents" in one for one in done.unknown)
    assert done.energy_wh < 4400


def test_kilowatts_and_chosen_names() -> None:
    """Powers that are too small for watts are kilowatts; a role can be given by hand."""
    done = day(list(history(unit=0.001)), grid="sensor.grid_power")
    assert done.recorded_wh == pytest.approx(4140, rel=0.03)


def test_a_wide_table() -> None:
    """One column for each entity."""
    lines = ["time,grid power,car power"]
    lines += [f"2026-06-14 12:{minute:02}:00,{-5000 + minute},0" for minute in range(30)]
    done = day(lines)
    assert done.energy_wh > 1500


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([], "no column last_changed"),
        (["entity_id,state,last_changed", "a,b,c", "x"], "no state with a time"),
        (["entity_id,state,last_changed", "a,1,2026-06-14T10:00:00"], "which one is the grid"),
        (["entity_id,state,last_changed", "grid_power,1,2026-06-14T10:00:00"], "no two states"),
    ],
)
def test_says_what_is_missing(lines: list[str], says: str) -> None:
    """In words that help."""
    with pytest.raises(HistoryError, match=says):
        day(lines)


def test_an_entity_that_is_not_there() -> None:
    """The answer lists those that are."""
    with pytest.raises(HistoryError, match=r"sensor\.nothing is not in the history"):
        day(list(history()), car="sensor.nothing")


def test_the_picture_is_a_picture() -> None:
    """It parses, and has a line for each curve and a strip of reasons."""
    done = day(list(history()))
    tree = ET.fromstring(done.picture("A day", 2.0))  # noqa: S314 - our own
    names = {node.text for node in tree.iter("{http://www.w3.org/2000/svg}text")}
    assert {"A day", "sun", "car", "order", "house without the car"} <= names
    assert any(node.tag.endswith("title") for node in tree.iter())


def test_a_gap_is_a_gap() -> None:
    """Nothing is drawn where nothing is known, and what is written is escaped."""
    text = draw("<a & b>", [0.0, 1.0, 2.0], [Curve("x", [1.0, None, 3.0])])
    assert text.count("M") == 2
    assert "&lt;a &amp; b&gt;" in text


async def test_command(tmp_path: Path) -> None:
    """The command prints the table and draws the day."""
    file, picture = tmp_path / "history.csv", tmp_path / "day.svg"
    file.write_text("\n".join(history()), "utf-8")
    out, err = io.StringIO(), io.StringIO()
    arguments = ["replay", str(file), "--fuse", "25", "--picture", str(picture)]
    assert await run(arguments, Console(out, err)) == 0
    assert "What this cannot know" in out.getvalue()
    assert picture.read_text("utf-8").startswith("<svg")
    assert await run([*arguments[:-1], str(tmp_path / "no" / "day.svg")], Console(out, err)) == 1
    assert await run(["replay", str(tmp_path / "nothing.csv")], Console(out, err)) == 1
    assert "cannot be read" in err.getvalue()
    file.write_text("a,b\n", "utf-8")
    assert await run(["replay", str(file)], Console(out, err)) == 1
