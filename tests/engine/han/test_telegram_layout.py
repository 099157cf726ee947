"""Telegrams that are known: they say the same as if they were read line by line."""

from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.voltrail.engine.han import HanReader
from simulators.ams_han.quantities import Quantities
from simulators.ams_han.wire import crc_arc
from tests.engine.han.support import BUSY, any_quantities, encoded, expected

KINDS: Final = ("p1-se", "p1-kamstrup", "p1-ellevio", "p1-nl")


def closed(lines: bytes) -> bytes:
    """A telegram with a right check."""
    return lines + f"{crc_arc(lines):04X}\r\n".encode()


def lines_of(name: str) -> bytes:
    """A telegram up to its exclamation mark."""
    wire = encoded(name, "full", BUSY)
    return wire[: wire.index(b"!") + 1]


def taught(name: str) -> HanReader:
    """A reader that knows the telegrams of a meter."""
    fresh = HanReader()
    assert len(fresh.feed(encoded(name, "full", BUSY))) == 1
    return fresh


@pytest.mark.parametrize("name", KINDS)
@given(now=any_quantities)
@settings(max_examples=40, deadline=None)
def test_any_values(name: str, now: Quantities) -> None:
    """What a meter sends next is read by what was learned from the one before."""
    (message,) = taught(name).feed(encoded(name, "full", now))
    assert message.readings == expected(name, "full", now)
    assert HanReader().feed(encoded(name, "full", now)) == [message]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"1-0:1.7.0(0004.821", b"1-0:1.7.0(00048.21"),
        (b"1-0:1.7.0(0004.821", b"1-0:1.7.0( 004.821"),
        (b"1-0:1.7.0(0004.821", b"1-0:1.7.0(0_04.821"),
        (b"1-0:1.7.0(0004.821", b"1-0:1.7.0(+004.821"),
        (b"1-0:1.7.0(0004.821", b"1-0:1.7.0(-004.821"),
        (b"1-0:1.7.0(0004.821*kW)", b"1-0:1.7.0(0004821.* W)"),
        (b"1-0:1.7.0(0004.821*kW)", b"1-0:1.7.0(00004821*kW)"),
        (b"1-0:1.7.0(", b"1-0:2.7.0("),
        (b"1-0:1.7.0(", b"1-0:9.7.0("),
        (b"1-0:1.7.0(", b"2-0:1.7.0("),
        (b"0-0:1.0.0(26", b"0-0:1.0.0(2x"),
        (b"0-0:1.0.0(2607", b"0-0:1.0.0(2613"),
        (b"110010W)\r\n", b"110010S)\r\n"),
        (b"1-0:1.7.0(0004.821*kW)", b"1-0:1.7.0[0004.821*kW]"),
        (b"/LGF5E360", b"/LGF5E350"),
    ],
)
def test_what_differs_in_more_than_digits(old: bytes, new: bytes) -> None:
    """It is read line by line again, and says what it says there."""
    lines = lines_of("p1-se")
    assert lines.count(old) == 1
    changed = closed(lines.replace(old, new))
    target = taught("p1-se")
    assert target.feed(changed) == HanReader().feed(changed)
    # And what was known is still known.
    assert target.feed(encoded("p1-se", "full", BUSY)) == HanReader().feed(closed(lines))


@pytest.mark.parametrize(
    "body",
    [
        # The last line of two counts; a number below zero; a total beside its tariffs.
        b"1-0:1.7.0(0001.000*kW)\r\n1-0:1.7.0(0002.000*kW)\r\n",
        b"1-0:1.7.0(-001.000*kW)\r\n",
        b"1-0:1.8.0(0003.000*kWh)\r\n1-0:1.8.1(0001.000*kWh)\r\n1-0:1.8.2(0001.000*kWh)\r\n",
        b"1-0:1.8.1(0001.000*kWh)\r\n1-0:1.8.2(0001.000*kWh)\r\n",
        b"1-0:1.8.1(0001.000*kWh)\r\n1-0:1.8.2()\r\n1-0:1.7.0(0001.000*kW)\r\n",
        b"1-0:1.7.0(0001.000*kW)\r\n0-1:24.2.1(0001.000*m3)\r\n",
        b"1-0:1.7.0(0001.000*kW)\r\n0-0:96.13.0(hello)\r\n",
        b"1-0:13.7.0(0.98)\r\n1-0:1.7.0(0001.000*kW)\r\n",
        b"1-0:1.7.0(0001*W)\r\n1-0:32.7.0(230.1*V)\r\n1-0:31.7.0(001*A)\r\n",
    ],
)
@given(digits=st.lists(st.integers(0, 9), min_size=60, max_size=60))
@settings(max_examples=30, deadline=None)
def test_lines_of_every_kind(body: bytes, digits: list[int]) -> None:
    """Whatever digits come next, learned or not the telegram says the same."""
    head = b"/KAM5\r\n\r\n"
    target = HanReader()
    target.feed(closed(head + body + b"!"))
    changed = bytearray(body)
    for at, digit in zip(_digits_of_values(body), digits, strict=False):
        changed[at] = 0x30 + digit
    telegram = closed(head + bytes(changed) + b"!")
    assert target.feed(telegram) == HanReader().feed(telegram)


def _digits_of_values(body: bytes) -> list[int]:
    inside = False
    found = []
    for at, byte in enumerate(body):
        inside = byte == 0x28 or (inside and byte not in b")*")
        if inside and 0x30 <= byte <= 0x39:
            found.append(at)
    return found


def test_few_layouts_are_known() -> None:
    """A meter whose telegrams have ever other lengths fills no memory."""
    fresh = HanReader()
    for number in range(50):
        value = f"{number:0{number % 12 + 1}d}".encode()
        assert len(fresh.feed(closed(b"/KAM5\r\n\r\n1-0:1.7.0(" + value + b"*W)\r\n!"))) == 1
        filler = b"0-0:96.13.0(" + b"x" * number + b")\r\n"
        assert len(fresh.feed(closed(b"/KAM5\r\n\r\n1-0:1.7.0(7*W)\r\n" + filler + b"!"))) == 1
    assert len(fresh._decoder._telegrams._layouts) <= 8
