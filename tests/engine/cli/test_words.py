import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import pytest

from custom_components.voltrail.engine.cli import listing, version
from custom_components.voltrail.engine.cli.console import Console
from custom_components.voltrail.engine.cli.messages import message_table
from custom_components.voltrail.engine.cli.report import Plain, plain
from custom_components.voltrail.engine.cli.table import words
from custom_components.voltrail.engine.devices import FAMILIES, ams_han
from custom_components.voltrail.engine.devices.family import LineSettings, OptionField, Transport
from custom_components.voltrail.engine.han import ListKind, Message, Meter
from custom_components.voltrail.engine.model.charging import ChargingState, Phases
from custom_components.voltrail.engine.model.points import Kind, Point, Quantity, UnknownCode, Value
from tests.engine.cli.support import voltrail

COMMANDS = (
    "families",
    "read",
    "watch",
    "set",
    "dump",
    "decode",
    "listen",
    "replay",
    "completion",
)


# -- values --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (0, 0),
        (0.0, 0.0),
        (True, True),
        ("text", "text"),
        (ChargingState.NO_VEHICLE, "no_vehicle"),
        (Phases.ONE, "one"),
        (UnknownCode(7), "unknown (7)"),
        (datetime(2026, 7, 1, 12, tzinfo=UTC), "2026-07-01T12:00:00+00:00"),
        (float("nan"), None),
        (float("inf"), None),
    ],
)
def test_value_in_json(value: Value, expected: Plain) -> None:
    """Only types that JSON has, and the words of the engine in lower case."""
    found = plain(value)
    assert found == expected
    assert type(found) is type(expected)


def test_flag_in_json() -> None:
    """A bit that reads as a number is a yes or no all the same."""
    point = Point(kind=Kind.FLAG)
    assert [plain(value, point) for value in (0, 1, None)] == [False, True, None]


@pytest.mark.parametrize(
    ("value", "quantity", "expected"),
    [
        (None, Quantity.POWER, "-"),
        (0, Quantity.POWER, "0 W"),
        (1234567, Quantity.ENERGY, "1234.567 kWh"),
        (1, Quantity.REACTIVE_ENERGY, "0.001 kvarh"),
        (229.89999389648438, Quantity.VOLTAGE, "229.9 V"),
        (-5, Quantity.TEMPERATURE, "-5 °C"),
        (3, Quantity.COUNT, "3"),
        (True, None, "yes"),
        (False, None, "no"),
        ("charging", None, "charging"),
        ("", None, "-"),
    ],
)
def test_value_for_people(value: Plain, quantity: Quantity | None, expected: str) -> None:
    """Energy in thousands, no needless digits, nothing as a dash."""
    assert words(value, quantity) == expected


def test_message_without_a_meter() -> None:
    """Some meters never say who they are."""
    message = Message(
        meter=Meter(), belongs_to=None, kind=ListKind.POWER, timestamp=None, readings={}
    )
    assert list(message_table(message, Console())) == ["a meter that does not say who it is"]


# -- families ------------------------------------------------------------------


async def test_families_are_listed() -> None:
    """All of them, with how they are reached."""
    done = await voltrail("families")
    assert done.status == 0
    assert max(map(len, done.lines)) <= 80
    for family in FAMILIES:
        assert f"{family.key}  {family.title}" in done.lines
    assert "    tcp; port 502, unit 1" in done.lines


async def test_families_of_every_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Serial ones, ones with options, ones that send by themselves."""
    serial = replace(
        FAMILIES[0],
        key="serial",
        transports=(Transport.SERIAL, Transport.RTU_OVER_TCP),
        line=LineSettings(baudrate=57600, stopbits=2),
        unit_id=50,
        option_fields=tuple(OptionField(key=f"option_number_{n}") for n in range(8)),
    )
    monkeypatch.setattr(listing, "FAMILIES", (serial, ams_han.FAMILY))
    done = await voltrail("families")
    assert "    serial, rtu_over_tcp; unit 50, 57600 8N2" in done.lines
    assert "    sends by itself: voltrail listen" in done.lines
    assert "    option_number_4, option_number_5, option_number_6, option_number_7" in done.lines
    assert max(map(len, done.lines)) <= 80


async def test_families_in_json() -> None:
    """What a program needs to reach a device."""
    done = await voltrail("families", "--json")
    (found,) = [found for found in json.loads(done.out) if found["key"] == "mennekes_tcp"]
    assert found["transports"] == ["tcp"]
    assert (found["port"], found["unit"], found["line"]) == (502, 1, None)


# -- help ----------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
async def test_help_has_an_example(command: str) -> None:
    """And fits a terminal."""
    done = await voltrail(command, "--help")
    assert (done.status, done.err) == (0, "")
    assert f"example:\n  voltrail {command} " in done.out or command == "families"
    assert max(map(len, done.lines)) <= 80


async def test_help() -> None:
    """It names every command."""
    done = await voltrail("--help")
    assert done.status == 0
    for command in COMMANDS:
        assert re.search(rf"^    {command} ", done.out, re.MULTILINE)


@pytest.mark.parametrize(
    "typed", [[], ["nothing"], ["read"], ["read", "nothing", "x"], ["families", "more"]]
)
async def test_wrong_usage(typed: list[str]) -> None:
    """Ends with how it is used."""
    done = await voltrail(*typed)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("usage: voltrail")


async def test_version(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of the checkout, else of the wheel, else it is not known."""
    done = await voltrail("--version")
    assert re.fullmatch(r"voltrail \d+\.\d+\.\d+((a|b|rc)\d+)?\n", done.out)
    monkeypatch.setattr(version, "_MANIFEST", tmp_path / "manifest.json")
    monkeypatch.setattr(metadata, "version", lambda _: "7.8.9")
    assert version.version() == "7.8.9"
    for foreign in ('{"version": "1"}', "[]", "no JSON"):
        (tmp_path / "manifest.json").write_text(foreign, encoding="utf-8")
        assert version.version() == "7.8.9"

    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert version.version() == "unknown"


# -- completion ----------------------------------------------------------------


async def completed(line: str) -> list[str]:
    """Return what bash would offer behind a line."""
    script = (await voltrail("completion", "bash")).out
    words = line.split(" ")
    program = f"""{script}
        COMP_WORDS=({" ".join(f"'{word}'" for word in words)})
        COMP_CWORD={len(words) - 1}
        _voltrail
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run(  # noqa: S603, ASYNC221 - a script of ours, which takes no time
        [bash, "--norc", "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout.split()


async def test_completion_of_bash() -> None:
    """Commands, families, options, and the values of those that have few."""
    assert await completed("voltrail re") == ["read", "replay"]
    assert set(COMMANDS) < set(await completed("voltrail "))
    assert "mennekes_tcp" in await completed("voltrail read ")
    assert await completed("voltrail read mennekes_tcp --js") == ["--json"]
    assert await completed("voltrail watch mennekes_tcp host --transport rtu") == ["rtu_over_tcp"]
    assert await completed("voltrail listen /dev/ttyUSB0 --parity ") == ["N", "E", "O"]
    assert await completed("voltrail completion f") == ["fish"]
    # Here nobody but the user knows: a host, a number.
    assert await completed("voltrail read mennekes_tcp ") == []
    assert await completed("voltrail read mennekes_tcp host --port --") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
async def test_completion_is_a_valid_script(shell: str) -> None:
    """As far as the shell is there to judge."""
    done = await voltrail("completion", shell)
    assert (done.status, done.err) == (0, "")
    for word in (*COMMANDS, "mennekes_tcp", "rtu_over_tcp"):
        assert word in done.out
    if (path := shutil.which(shell)) is not None:
        subprocess.run([path, "-n"], input=done.out, text=True, check=True)  # noqa: S603, ASYNC221


async def test_completion_of_nothing_known() -> None:
    """There are three."""
    assert (await voltrail("completion", "tcsh")).status == 2
