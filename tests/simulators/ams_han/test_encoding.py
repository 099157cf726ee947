"""Frames, lists and telegrams as the documents print them."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from simulators.ams_han import coding
from simulators.ams_han.catalogue import METERS
from simulators.ams_han.ciphering import Seal
from simulators.ams_han.quantities import Quantities
from simulators.ams_han.wire import (
    AIDON,
    Notification,
    blocks,
    crc_arc,
    crc_x25,
    hdlc,
    long_frames,
    segments,
)

NOW = Quantities(
    moment=datetime(2026, 7, 1, 10, 0, 10, tzinfo=UTC),
    power_imported=1234,
    currents=(1.5, 2.5, 3.5),
    voltages=(230.1, 229.9, 231.0),
    energy_imported=12_345_678,
)


def encode(name: str, list_name: str, now: Quantities = NOW) -> Notification:
    """One list of a meter."""
    kind = METERS[name]
    content = kind.lists(kind.identity)[list_name](now)
    assert isinstance(content, Notification)
    return content


def test_check_sums() -> None:
    """The published test values, low byte first."""
    assert crc_x25(b"123456789") == bytes.fromhex("6e90")
    assert crc_arc(b"123456789") == 0xBB3D


@pytest.mark.parametrize(
    ("name", "list_name", "header"),
    [
        ("aidon-tn", "1", "a02a41088313"),
        ("aidon-1ph", "2", "a0d241088313"),
        ("aidon-it", "2", "a10b41088313"),
        ("aidon-tn", "2", "a11e41088313"),
        ("aidon-it", "3", "a17741088313"),
        ("aidon-tn", "3", "a18a41088313"),
        ("aidon-se", "full", "a24341088313"),
        ("embriq-it", "2", "a11e41088313"),
        ("kaifa-it", "1", "a02701020110"),
        ("kaifa-1ph", "2", "a06501020110"),
        ("kaifa-1ph", "3", "a08701020110"),
        ("kaifa-tn", "2", "a07801020110"),
        ("kaifa-tn", "3", "a09a01020110"),
        ("kaifa-it", "2", "a07901020110"),
        ("kaifa-it", "3", "a09b01020110"),
        ("kaifa-se-pairs", "full", "a11d01000110"),
        ("kaifa-se", "full", "a09a01000110"),
        ("kamstrup-tn", "1", "a0e22b2113"),
        ("kamstrup-tn", "2", "a12c2b2113"),
        ("kamstrup-1ph", "1", "a0ba2b2113"),
        ("kamstrup-1ph", "2", "a1042b2113"),
        ("kamstrup-2017", "1", "a0e32b2113"),
    ],
)
def test_sizes_and_headers(name: str, list_name: str, header: str) -> None:
    """Every list has the length and the addresses that were seen on real meters."""
    frame = encode(name, list_name).frame
    assert frame[1:].hex().startswith(header)
    assert len(frame) == 2 + (int(header[:4], 16) & 0x7FF)
    assert frame[0] == frame[-1] == 0x7E
    assert crc_x25(frame[1:-3]) == frame[-3:-1]


def test_an_encrypted_push_list_has_the_size_seen() -> None:
    """A1E9, with a tag."""
    kind = METERS["kamstrup-push"]
    (frame,) = kind.frames(kind.lists(kind.identity)["full"](NOW), kind.seal(bytes(16), bytes(16)))
    assert frame[1:6].hex() == "a1e9410313"


def test_a_frame_byte_by_byte() -> None:
    """The short list of an Aidon, with the header check that its meters send."""
    assert encode("aidon-tn", "1").frame.hex() == (
        "7ea02a4108831304 13".replace(" ", "")
        + "e6e700"
        + "0f4000000000"
        + "0101"
        + "0203"
        + "09060100010700ff"
        + "06000004d2"
        + "02020f00161b"
        + crc_x25(encode("aidon-tn", "1").frame[1:-3]).hex()
        + "7e"
    )


def test_clocks() -> None:
    """Year to status, 12 bytes."""
    moment = datetime(2026, 7, 1, 12, 0, 10, tzinfo=UTC)
    assert coding.date_time(moment).hex() == "07ea0701030c000aff800000"
    assert coding.date_time(moment, -60, 0x80).hex() == "07ea0701030c000affffc480"


@pytest.mark.parametrize(
    ("count", "wire"), [(0, "00"), (127, "7f"), (128, "8180"), (255, "81ff"), (256, "820100")]
)
def test_lengths(count: int, wire: str) -> None:
    """One byte, or a mark and one or two."""
    assert coding.length(count).hex() == wire


def test_one_phase_kamstrup_keeps_its_count() -> None:
    """Two nulls for each pair that is not there."""
    body = encode("kamstrup-1ph", "1").body
    assert body[:2].hex() == "0219"
    assert body.count(bytes(4)) >= 2


def test_an_embriq_pads_and_an_it_net_is_zero() -> None:
    """What the decoder has to take away again."""
    body = encode("embriq-it", "2").body
    assert b"13943597" + bytes(8) in body
    assert coding.code("1-0:52.7.0") + coding.uint16(0) in body


def test_long_frames() -> None:
    """Length, sum and number of each part."""
    first, last = long_frames(bytes(range(250)), 200)
    assert (first[0], first[1], first[3], first[6], first[-1]) == (0x68, 205, 0x68, 0x00, 0x16)
    assert (last[1], last[6]) == (55, 0x11)
    assert first[-2] == sum(first[4:-2]) & 0xFF


def test_blocks_and_segments() -> None:
    """Numbers from 1, the last one marked; segments carry a bit in the format."""
    parts = blocks(bytes(300), 200)
    assert [part[:6].hex() for part in parts] == ["e04000010000", "e0c000020000"]
    assert [part[6:9].hex() for part in parts] == ["8200c8", "640000"]
    frames = segments(AIDON, bytes(300), 200)
    assert [frame[1] & 0x08 for frame in frames] == [8, 0]


def test_a_frame_without_information_has_one_check() -> None:
    """And no header check."""
    assert len(hdlc(AIDON, b"")) == 2 + 2 + 4 + 2
    assert hdlc(AIDON, b"", flags=False)[0] == 0xA0


def test_a_sealed_message() -> None:
    """Title, security, counter; a tag only with the second key."""
    apdu = bytes(100)
    plain = Seal(key=bytes(16)).seal(apdu)
    signed = Seal(key=bytes(16), authentication_key=bytes(16)).seal(apdu)
    assert plain[:2].hex() == signed[:2].hex() == "db08"
    assert plain[10:16].hex() == "692000000001"
    assert signed[10:16].hex() == "753000000001"
    assert len(signed) == len(plain) + 12
    assert plain[16:] == signed[16:-12]


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("p1-se", "0-0:1.0.0(260701110010W)"),
        ("p1-kamstrup", "0-0:1.0.0(260701120010S)"),
        ("p1-se", "1-0:1.7.0(0001.234*kW)"),
        ("p1-se", "1-0:1.8.0(00012345.678*kWh)"),
        ("p1-ellevio", "1-0:3.7.0(0000.000*kvar)"),
        ("p1-se", "1-0:32.7.0(230.1*V)"),
        ("p1-se", "1-0:31.7.0(001.5*A)"),
        ("p1-nl", "1-0:1.8.1(004115.226*kWh)"),
        ("p1-nl", "1-0:1.8.2(008230.452*kWh)"),
        ("p1-nl", "0-0:96.1.1(4530303030303030303030303030303035)"),
    ],
)
def test_lines_of_telegrams(name: str, line: str) -> None:
    """As the profile writes them."""
    kind = METERS[name]
    telegram = kind.lists(kind.identity)["full"](NOW)
    assert isinstance(telegram, bytes)
    assert f"\r\n{line}\r\n".encode() in telegram
    text, _, check = telegram.partition(b"!")
    assert int(check, 16) == crc_arc(text + b"!")


def test_a_telegram_without_a_check() -> None:
    """Nothing behind the exclamation mark."""
    kind = METERS["p1-iskra"]
    telegram = kind.lists(kind.identity)["full"](NOW)
    assert isinstance(telegram, bytes)
    assert telegram.endswith(b")\r\n!\r\n")


def test_summer() -> None:
    """The clock of the wall goes an hour ahead, and back again."""
    summers = [
        replace(NOW, moment=datetime(2026, month, day, hour, tzinfo=UTC)).summer
        for month, day, hour in ((3, 29, 0), (3, 29, 1), (10, 25, 0), (10, 25, 1))
    ]
    assert summers == [False, True, True, False]
