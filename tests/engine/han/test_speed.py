"""What decoding costs, counted in calls of functions: never in seconds.

`python benchmarks/han.py` measures; these hold what was reached. A call is one of Python or of C.
"""

import re
import sys
from collections.abc import Callable
from random import Random
from types import FrameType
from typing import Any, Final

import pytest

from custom_components.voltrail.engine.han import HanReader, PayloadKind, PayloadReader, Reason, p1
from simulators.ams_han.payloads import pulse_batch
from tests.engine.han.support import BUSY, encoded

PIECE: Final = 64
#: What the listener of a stream hands over in one go.
CHUNK: Final = 2048
#: On the machine of the figures in the documentation so many calls take some 5 ms.
IN_ONE_GO: Final = 40_000


def calls(run: Callable[[], object]) -> int:
    """How many functions are called."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(before)
    return count


def feed(target: HanReader, data: bytes, size: int = PIECE) -> None:
    """Feed a stream in pieces."""
    for at in range(0, len(data), size):
        target.feed(data[at : at + size])


@pytest.mark.parametrize(
    ("name", "list_name", "most"),
    [
        ("aidon-tn", "1", 55),
        ("kaifa-it", "1", 60),
        ("aidon-tn", "2", 90),
        ("kamstrup-tn", "2", 92),
        ("p1-se", "full", 160),
        ("p1-nl", "full", 165),
        ("landis-e450", "full", 320),
        ("iskra-si", "2", 72),
    ],
)
def test_a_list_that_is_known(name: str, list_name: str, most: int) -> None:
    """The second of a kind costs few calls, in pieces of 64 bytes."""
    wire = encoded(name, list_name, BUSY)
    fresh = HanReader()
    feed(fresh, wire * 2)
    each = calls(lambda: feed(fresh, wire * 20)) / 20
    assert fresh.journal.messages == 22
    assert each <= most, each


def test_the_end_of_a_telegram_is_not_looked_for_again() -> None:
    """However small the pieces: a telegram that grows is not read from its slash each time."""
    wire = encoded("p1-se", "full", BUSY)
    fresh = HanReader()
    feed(fresh, wire * 2)
    bytewise = calls(lambda: feed(fresh, wire, 1))
    assert fresh.journal.messages == 3
    assert bytewise < 9 * len(wire), bytewise / len(wire)


class Counting:
    """A pattern that counts the bytes it is asked to search."""

    def __init__(self, pattern: re.Pattern[bytes]) -> None:
        self._pattern = pattern
        self.bytes = 0

    def search(self, data: bytearray, start: int, end: int) -> re.Match[bytes] | None:
        """Search, and count."""
        found = self._pattern.search(data, start, end)
        self.bytes += (found.end() if found else end) - start
        return found


def test_no_byte_of_a_telegram_is_searched_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if marks in its texts look like an end in every piece."""
    counting = Counting(p1._STOP)
    monkeypatch.setattr(p1, "_STOP", counting)
    fresh = HanReader()
    telegram = b"/KAM5\r\n\r\n" + b"0-0:96.13.0(a/b!c/d)\r\n" * 300
    feed(fresh, telegram)
    assert counting.bytes <= len(telegram)


#: Noise of every kind, and how many bytes of it at least a call gets through.
NOISE: Final[dict[str, tuple[bytes, float]]] = {
    "random": (Random(1).randbytes(50_000), 50),  # noqa: S311 - noise, not secrets
    "without the eighth bit": (
        bytes(byte & 0x7F for byte in Random(2).randbytes(50_000)),  # noqa: S311
        100,
    ),
    "zeros": (bytes(50_000), 100),
    "ones": (b"\xff" * 50_000, 100),
    "flags": (b"~" * 50_000, 60),
    "text": (b"hello world, nothing of a meter\r\n" * 1500, 80),
    "slashes": (b"/ABC5" * 10_000, 80),
    "formats": (b"~\xa0" * 25_000, 25),
    "two flags and a format": (b"~~\xa0\n\n\n\n\n\n" * 5000, 50),
    # What is made to look like frames, again and again.
    "headers": (b"~\xa7\xff\x41\x08\x83\x13" * 7000, 0.14),
    "headers of a brick": (b"~\xa0\r\n" * 12_000, 0.07),
    "long frames": (b"\x68\xff\xff\x68\x53" * 10_000, 0.15),
    "telegrams": (b"/ABC5\r" * 8000, 0.15),
    "telegrams in a line": (b"/ABC5\rx" * 7000, 0.2),
    "titles": (b"\xdb\x08KAM" * 10_000, 0.25),
}


@pytest.mark.parametrize("kind", NOISE)
def test_noise(kind: str) -> None:
    """Most of it is passed over in bulk; what is made to cost is bounded for each piece."""
    noise, bytes_a_call = NOISE[kind]
    fresh = HanReader()
    spent = calls(lambda: feed(fresh, noise, CHUNK))
    assert len(noise) / spent >= bytes_a_call, len(noise) / spent
    feed(fresh, noise, CHUNK)
    most = max(
        calls(lambda at=at: fresh.feed(noise[at : at + CHUNK]))  # type: ignore[misc]
        for at in range(0, len(noise), CHUNK)
    )
    assert most < IN_ONE_GO, most


@pytest.mark.parametrize("kind", NOISE)
def test_noise_in_one_mqtt_message(kind: str) -> None:
    """It is read in one go, so the longest possible one is bounded."""
    noise = (b"~\xa0" + NOISE[kind][0] * 2)[:65_536]
    target = PayloadReader()
    assert calls(lambda: target.read(noise)) < IN_ONE_GO


@pytest.mark.parametrize("first", [b"\x01\x82\xff\xf0", b"\x02\x82\xff\xf0", b"\x0f\0\0\0\0\0\x01"])
@pytest.mark.parametrize("filler", [b"\0", b"\x01\x01", b"\x01\xff", b"\x02\x02\x00"])
def test_a_list_without_end(first: bytes, filler: bytes) -> None:
    """More elements than any list has."""
    target = PayloadReader()
    data = (first + filler * 40_000)[:65_000]
    assert calls(lambda: target.read(data)) < IN_ONE_GO
    assert target.read(data).messages == ()
    assert target.journal.dropped[Reason.APDU] == 2


def test_a_batch_that_unpacks_to_much() -> None:
    """Some kilobytes of it would be megabytes: what comes first is read, the rest is not."""
    wire = encoded("p1-se", "full", BUSY)
    bomb = pulse_batch([(number, wire * 20) for number in range(60)], compressed=True)
    assert len(bomb) < 65_536
    target = PayloadReader()
    spent = calls(lambda: target.read(bomb))
    assert target.journal.dropped == {Reason.BATCH: 1}
    assert 300 < target.journal.messages < 400
    assert spent < 2 * IN_ONE_GO


def test_a_batch_of_noise() -> None:
    """All entries together are given up as soon as one message is."""
    noise = b"~\xa7\xff\x41\x08\x83\x13" * 30
    batch = pulse_batch([(number, noise) for number in range(200)])
    target = PayloadReader()
    assert len(batch) < 65_536
    assert calls(lambda: target.read(batch)) < IN_ONE_GO
    assert target.journal.dropped[Reason.HCS] <= 230


def test_a_document_is_short() -> None:
    """No gateway sends more; reading it would take long."""
    short, long = (b'{"data": {"P": 5' + b" " * spaces + b"}}" for spaces in (16_000, 16_384))
    assert len(PayloadReader().read(short).messages) == 1
    assert PayloadReader().read(long).kind is PayloadKind.TEXT


def test_damage_does_not_hide_what_comes_before_it() -> None:
    """An MQTT message is given up after too many false beginnings, not before."""
    good = encoded("aidon-tn", "2", BUSY)
    noise = b"~\xa7\xff\x41\x08\x83\x13"
    for count, messages in ((10, 2), (5000, 1)):
        read = PayloadReader().read(good + noise * count + good)
        assert len(read.messages) == messages
