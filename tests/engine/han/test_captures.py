"""Frames that real meters sent.

They are kept beside the checkout and are not part of the project; without them these tests pass
on nothing, and the others stand on frames of the simulator.
"""

import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest

from custom_components.voltrail.engine.han import (
    Drop,
    HanReader,
    Message,
    PayloadKind,
    PayloadReader,
    Reason,
    decode_dump,
    shown,
)
from simulators.ams_han.faults import Faults
from tests.engine.cli.support import voltrail

DATA: Final = Path(__file__).parents[4] / "shared" / "data"
FOLDERS: Final = tuple(folder for name in ("han", "han-2") if (folder := DATA / name).is_dir())

pytestmark = pytest.mark.skipif(
    not FOLDERS, reason="the captures are not part of the project, and not here"
)

_PREFIXES: Final = {
    "p_import": "power_imported",
    "p_export": "power_exported",
    "q_import": "reactive_power_imported",
    "q_export": "reactive_power_exported",
    "e_import": "energy_imported",
    "e_export": "energy_exported",
    "r_import": "reactive_energy_imported",
    "r_export": "reactive_energy_exported",
    "i": "current",
    "u": "voltage",
    "pf": "power_factor",
}
_WORDS: Final = _PREFIXES | {
    f"{short}_l{phase}": f"{word}_l{phase}"
    for short, word in _PREFIXES.items()
    for phase in (1, 2, 3)
}


@cache
def described() -> dict[str, Any]:
    """What is known about each file, by its path below the folder of all data."""
    return {
        f"{folder.name}/{name}": about
        for folder in FOLDERS
        for name, about in json.loads((folder / "expected.json").read_text())["files"].items()
    }


@cache
def cases() -> list[dict[str, Any]]:
    """Made-up messages in every form and with every fault."""
    return [
        case
        for folder in FOLDERS
        for path in sorted(folder.rglob("forms.json"))
        for case in json.loads(path.read_text())["cases"]
    ]


def lines(name: str) -> list[bytes]:
    """The frames of a file."""
    text = (DATA / name).read_text()
    return [bytes.fromhex(line) for line in text.splitlines() if line and line[0] != "#"]


def expected_frames(about: dict[str, Any]) -> list[dict[str, Any]]:
    """What must come out of a file, message by message."""
    frames = about["frames"]
    if about["form"] == "pulse":
        return [entry["values"] for frame in frames for entry in frame["entries"]]
    return [frame for frame in frames if "reject" not in frame]


def expected_readings(about: dict[str, Any], frame: dict[str, Any]) -> dict[str, float]:
    """The values of one message in our words; what an IT net does not have left out."""
    readings = {_WORDS[key]: value for key, value in frame.items() if key in _WORDS}
    if "IT" in about["phases"] and readings.get("voltage_l2") == 0:
        del readings["voltage_l2"]
        if readings["current_l2"] == 0:
            del readings["current_l2"]
    return readings


def as_read(message: Message) -> dict[str, float]:
    """The readings of a message, counters in thousands."""
    return {name: shown(name, value)[0] for name, value in message.readings.items()}


def meter_id(frame: dict[str, Any]) -> str | None:
    """Who sent it, if it says so."""
    serial = frame.get("meter_id") or frame.get("meter_number")
    return None if serial is None else str(serial)


def check(about: dict[str, Any], frame: dict[str, Any], message: Message) -> None:
    """Compare one message with what is expected of it."""
    assert as_read(message) == expected_readings(about, frame)
    assert message.meter.serial == meter_id(frame)
    assert message.meter.list_version == frame.get("list_id")
    assert message.meter.manufacturer is not None
    assert message.meter.manufacturer in about["make"]
    if about["form"] not in {"p1", "pulse"}:
        assert message.meter.model == (frame.get("meter_model") or None)
    if utc := frame.get("meter_time_utc"):
        assert message.timestamp == datetime.fromisoformat(utc)
    sent = frame.get("meter_time", frame.get("apdu_time"))
    status = frame.get("meter_time_status", frame.get("apdu_time_status"))
    if sent is None or status == 1:
        assert message.timestamp is None
    else:
        assert message.timestamp is not None
        assert message.timestamp.replace(tzinfo=None) == datetime.fromisoformat(sent)


def good(*forms: str) -> list[str]:
    """The files with messages in these forms."""
    return [
        name
        for name, about in described().items()
        if about["form"] in forms and not about.get("strict_reader_must_reject")
    ]


def bad() -> list[str]:
    """The files with nothing but damage."""
    return [name for name, about in described().items() if about.get("strict_reader_must_reject")]


@pytest.mark.parametrize("name", good("hdlc", "llc", "apdu", "stream", "pulse", "p1"))
def test_capture(name: str) -> None:
    """Every message of every file, in the form it was captured in."""
    about = described()[name]
    reader = PayloadReader()
    messages = [message for line in lines(name) for message in reader.read(line).messages]
    if about.get("sampled"):
        assert len(messages) == about["frame_count"]
        for number, frame in about["frames"].items():
            check(about, frame, messages[int(number)])
        total = sum(message.readings["power_imported"] for message in messages)
        assert total == about["sum_p_import_w"]
        return
    frames = expected_frames(about)
    assert len(messages) == len(frames) > 0
    for frame, message in zip(frames, messages, strict=True):
        check(about, frame, message)


@pytest.mark.parametrize("name", good("hdlc", "stream", "p1"))
@pytest.mark.parametrize("size", [1, 64, 1000])
def test_capture_as_a_stream(name: str, size: int) -> None:
    """The same over a serial line, in pieces."""
    stream = b"".join(lines(name))
    reader, whole = HanReader(), PayloadReader()
    messages = [
        message
        for start in range(0, len(stream), size)
        for message in reader.feed(stream[start : start + size])
    ] + reader.silence()
    assert messages == [m for line in lines(name) for m in whole.read(line).messages]


@pytest.mark.parametrize("kind", ["lost", "flipped", "cut"])
@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_stream_of_a_real_meter(kind: str, seed: int) -> None:
    """Of 1,200 frames a tenth is damaged; every one of the others is found."""
    faults = Faults(random=Random(seed))  # noqa: S311 - noise, not secrets
    setattr(faults, kind, 0.1)
    stream, untouched = b"", []
    for frame in lines("han/kaifa-ma304h3e-stream-1200.roarfred.hex"):
        spoilt, whole = faults.spoil(frame)
        stream += spoilt
        if whole:
            untouched.append(frame)
    reader, alone = HanReader(), HanReader()
    found = Counter(map(str, reader.feed(stream) + reader.silence()))
    wanted = Counter(str(message) for frame in untouched for message in alone.feed(frame))
    assert 1040 < wanted.total() == len(untouched) < 1120
    # Who a short list belongs to may have been learned from a frame that is damaged here.
    assert _readings_only(wanted) <= _readings_only(found)


def _readings_only(messages: Counter[str]) -> Counter[str]:
    said: Counter[str] = Counter()
    for text, count in messages.items():
        said[text.partition("kind=")[2]] += count
    return said


@pytest.mark.parametrize("name", described())
def test_capture_as_a_file(name: str) -> None:
    """The file as it is, comments and all, says the same and explains each drop once."""
    found = list(decode_dump((DATA / name).read_bytes()))
    payloads = PayloadReader()
    messages = [m for line in lines(name) for m in payloads.read(line).messages]
    assert [one for one in found if isinstance(one, Message)] == messages
    drops = [one for one in found if isinstance(one, Drop)]
    # What is wrong with a line is seen differently from what is wrong in a stream.
    assert len(drops) == len(payloads.take_drops())


@pytest.mark.parametrize("name", described())
async def test_capture_through_the_command_line(name: str) -> None:
    """`voltrail decode --json`: one object for each message, one line for each piece of damage."""
    about = described()[name]
    outcome = await voltrail("decode", str(DATA / name), "--json")
    if name in bad():
        assert (outcome.status, outcome.out) == (1, "")
        assert len(outcome.err.splitlines()) == 1
        return
    assert outcome.status == 0
    found = outcome.objects
    expected: Iterable[tuple[dict[str, Any], dict[str, Any]]]
    if about.get("sampled"):
        assert len(found) == about["frame_count"]
        expected = [(frame, found[int(number)]) for number, frame in about["frames"].items()]
    else:
        expected = zip(expected_frames(about), found, strict=True)
    for frame, said in expected:
        values = {key: reading["value"] for key, reading in said["readings"].items()}
        assert values == expected_readings(about, frame)
        assert all(reading["unit"] == unit_of(key) for key, reading in said["readings"].items())
        assert said["meter"]["serial"] == meter_id(frame)
        assert said["meter"]["list"] == frame.get("list_id")


def unit_of(key: str) -> str | None:
    """The unit in which a reading is shown, by its name."""
    quantity = key.split("_l", maxsplit=1)[0].removesuffix("_imported").removesuffix("_exported")
    return {
        "power": "W",
        "reactive_power": "var",
        "current": "A",
        "voltage": "V",
        "energy": "kWh",
        "reactive_energy": "kvarh",
        "power_factor": None,
    }[quantity]


@pytest.mark.parametrize("name", bad())
def test_damaged_capture(name: str) -> None:
    """Nothing is made of it, and one reason is given."""
    for reader in (PayloadReader(), HanReader()):
        for line in lines(name):
            if isinstance(reader, HanReader):
                assert reader.feed(line) + reader.silence() == []
            else:
                assert reader.read(line).messages == ()
        assert len(reader.take_drops()) == 1


@pytest.mark.parametrize("case", cases(), ids=lambda case: str(case["name"]))
def test_synthetic_case(case: dict[str, Any]) -> None:
    """Every form of payload, every fault."""
    key, authentication_key = (
        bytes.fromhex(case[name]) if name in case else None
        for name in ("encryption_key", "authentication_key")
    )
    reader = PayloadReader(encryption_key=key, authentication_key=authentication_key)
    result = reader.read(bytes.fromhex(case["data"]))
    about = {"phases": ""}
    assert [as_read(message) for message in result.messages] == [
        expected_readings(about, frame) for frame in case["expected"]
    ]
    for frame, message in zip(case["expected"], result.messages, strict=True):
        assert message.meter.serial == frame.get("meter_id")
    assert result.kind is not PayloadKind.UNKNOWN
    if not case["expected"]:
        assert reader.journal.dropped == {Reason.AUTHENTICATION: 1}


def test_all_files_are_looked_at() -> None:
    """No file is overlooked because of its form."""
    looked_at = {*good("hdlc", "llc", "apdu", "stream", "pulse", "p1"), *bad()}
    files = {f"{folder.name}/{path.name}" for folder in FOLDERS for path in folder.glob("*.hex")}
    assert looked_at == described().keys() == files
