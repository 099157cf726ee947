"""Encrypted messages, in every frame they come in."""

import builtins
from collections.abc import Callable
from typing import Any

import pytest

from custom_components.voltrail.engine.han import HanReader, PayloadReader, Reason, parse_key
from simulators.ams_han import coding
from simulators.ams_han.catalogue import METERS
from simulators.ams_han.ciphering import Seal
from simulators.ams_han.kamstrup import Kamstrup
from simulators.ams_han.wire import AIDON, KAMSTRUP_ENCRYPTED, LLC, blocks, hdlc, plain_header
from tests.engine.han.support import (
    AUTHENTICATION_KEY,
    BUSY,
    KEY,
    START,
    an_hour_change,
    encoded,
    expected,
    reader,
)

LIST = Kamstrup(identity=METERS["kamstrup-tn"].identity).list_2(BUSY)
READINGS = expected("kamstrup-tn", "2", BUSY)


def sealed(apdu: bytes = LIST.apdu, seal: Seal | None = None) -> bytes:
    """An encrypted message in a frame."""
    seal = seal or Seal(key=KEY, authentication_key=AUTHENTICATION_KEY)
    return hdlc(KAMSTRUP_ENCRYPTED, LLC + seal.seal(apdu))


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("authentication_key", [AUTHENTICATION_KEY, None])
@pytest.mark.parametrize("suite", [0, 1])
def test_is_opened(signed: bool, authentication_key: bytes | None, suite: int) -> None:  # noqa: FBT001 - a parameter of the test
    """With and without a tag, with and without the key to verify it."""
    seal = Seal(key=KEY, authentication_key=AUTHENTICATION_KEY if signed else None, suite=suite)
    fresh = HanReader(encryption_key=KEY, authentication_key=authentication_key)
    (message,) = fresh.feed(sealed(seal=seal))
    assert message.readings == READINGS
    assert fresh.journal.dropped == {}


@pytest.mark.parametrize(
    "name", [name for name, kind in METERS.items() if kind.ciphered and name != "p1-lu"]
)
def test_every_encrypted_meter_without_the_second_key(name: str) -> None:
    """The encryption key alone opens them all."""
    fresh = HanReader(encryption_key=KEY)
    sent = an_hour_change(name)
    messages = [message for one in sent for message in fresh.feed(one.wire)]
    assert len(messages) == len(sent)


def test_luxembourg() -> None:
    """A telegram, encrypted, without any frame: found where a burst begins."""
    fresh = reader()
    sent = an_hour_change("p1-lu")
    messages = []
    for one in sent:
        for byte in one.wire:
            messages += fresh.feed(bytes((byte,)))
        messages += fresh.silence()
    assert len(messages) == len(sent)
    assert messages[0].meter.manufacturer == "Sagemcom"


def test_two_telegrams_in_one_burst() -> None:
    """The second one begins where the first ends."""
    sent = an_hour_change("p1-lu")
    assert len(reader().feed(sent[0].wire + sent[1].wire)) == 2


@pytest.mark.parametrize(
    "start",
    [
        b"\xdb\x09" + bytes(20),
        b"\xdb\x08" + b"KAM12345" + b"\x83" + bytes(20),
        b"\xdb\x08" + b"KAM12345" + b"\x82\xff\xff" + bytes(20),
        b"\xdb",
        b"\xdb\x08KAM",
        b"\xdb\x08" + b"KAM12345" + b"\x7f" + bytes(20),
    ],
)
def test_false_starts(start: bytes) -> None:
    """What only begins like an encrypted message gives way to the next burst."""
    fresh = reader()
    fresh.feed(start)
    fresh.silence()
    assert len(fresh.feed(an_hour_change("p1-lu")[0].wire)) == 1


@pytest.mark.parametrize("size", [1, 7, 64, 4096])
def test_a_recording_that_begins_in_the_middle(size: int) -> None:
    """Where no pause tells when a burst begins, the sender's name does."""
    sent = an_hour_change("p1-lu")
    data = sent[0].wire[100:] + b"".join(one.wire for one in sent[1:])
    fresh = reader()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    messages = [message for piece in pieces for message in fresh.feed(piece)]
    assert len(messages) == len(sent) - 1 > 2


def test_damage_costs_the_damaged_alone() -> None:
    """In a recording without pauses as well."""
    sent = [one.wire for one in an_hour_change("p1-lu")]
    sent[1] = bytes(3) + sent[1][3:]
    assert len(reader().feed(b"".join(sent))) == len(sent) - 1


def test_what_is_left_of_a_damaged_frame_is_not_believed() -> None:
    """A flipped bit passes through the cipher; nothing but the frame's check would show it."""
    seal = Seal(key=KEY)
    frames = [sealed(seal=seal) for _ in range(3)]
    damaged = bytearray(frames[0])
    damaged[1] ^= 0x80
    damaged[-20] ^= 1
    fresh = HanReader(encryption_key=KEY)
    assert fresh.feed(bytes(damaged)) == []
    assert fresh.silence() == []
    assert len(fresh.feed(frames[1] + frames[2])) == 2


@pytest.mark.parametrize("size", [10, 100, 200, 300])
def test_lengths_of_messages_without_a_frame(size: int) -> None:
    """The length takes one to three bytes; the end is found by it alone."""
    apdu = plain_header() + coding.structure(coding.octets(bytes(size)))
    seal = Seal(key=KEY, authentication_key=AUTHENTICATION_KEY)
    fresh = reader()
    fresh.feed(seal.seal(apdu) + encoded("kamstrup-tn", "1", BUSY))
    assert fresh.journal.dropped == {Reason.UNKNOWN_LIST: 1}
    assert fresh.journal.messages == 1


def test_without_a_key() -> None:
    """It is said that a key is needed."""
    fresh = HanReader()
    assert fresh.feed(sealed()) == []
    (drop,) = fresh.take_drops()
    assert drop.reason is Reason.ENCRYPTED_WITHOUT_KEY
    assert drop.text == "a message is encrypted, and there is no key for it"


def test_with_a_wrong_key() -> None:
    """Garbage is not decoded, and the key suspected."""
    for key, authentication_key, reason in (
        (bytes(16), None, Reason.DECRYPTION),
        (bytes(16), AUTHENTICATION_KEY, Reason.AUTHENTICATION),
        (KEY, bytes(16), Reason.AUTHENTICATION),
    ):
        fresh = HanReader(encryption_key=key, authentication_key=authentication_key)
        assert fresh.feed(sealed()) == []
        assert fresh.journal.dropped == {reason: 1}


def test_a_wrong_tag() -> None:
    """A frame with good checks and a wrong tag is rejected by who can verify it."""
    apdu = bytearray(Seal(key=KEY, authentication_key=AUTHENTICATION_KEY).seal(LIST.apdu))
    apdu[-1] ^= 1
    frame = hdlc(KAMSTRUP_ENCRYPTED, LLC + bytes(apdu))
    fresh = reader()
    assert fresh.feed(frame) == []
    assert fresh.journal.dropped == {Reason.AUTHENTICATION: 1}
    assert len(HanReader(encryption_key=KEY).feed(frame)) == 1


@pytest.mark.parametrize("plain", [b"\x0f\x00", b"garbage", b"/ABC5 cut", b"", b"/"])
def test_nonsense_inside(plain: bytes) -> None:
    """What was encrypted may be nonsense; without a verified tag the key is suspected."""
    seal = Seal(key=KEY)
    fresh = reader()
    assert fresh.feed(sealed(plain, seal)) == []
    assert fresh.journal.dropped == {Reason.DECRYPTION: 1}


def test_nonsense_with_a_good_tag() -> None:
    """Then it is not the key."""
    fresh = reader()
    assert fresh.feed(sealed(b"\x0f\x00")) == []
    assert (
        fresh.feed(sealed(b"/ABC5 cut", Seal(key=KEY, authentication_key=AUTHENTICATION_KEY))) == []
    )
    assert fresh.journal.dropped == {Reason.APDU: 1, Reason.P1_CRC: 1}


@pytest.mark.parametrize(
    "apdu",
    [
        b"\xdb",
        b"\xdb\x07KAM12345",
        b"\xdb\x08KAM12345",
        b"\xdb\x08KAM12345\x82\x01",
        b"\xdb\x08KAM12345\x04\x20\x00\x00\x00",
        b"\xdb\x08KAM12345\x09\x20" + bytes(4),
        b"\xdb\x08KAM12345\x06\x10" + bytes(5),
        b"\xdb\x08KAM12345\x06\xa0" + bytes(5),
        b"\xdb\x08KAM12345\x06\x22" + bytes(5),
        b"\xdb\x08KAM12345\x06\x30" + bytes(5),
    ],
)
def test_envelopes_that_cannot_be(apdu: bytes) -> None:
    """Too short, of another length than they say, or encrypted in another way."""
    fresh = reader()
    assert fresh.feed(hdlc(AIDON, LLC + apdu)) == []
    assert fresh.journal.dropped == {Reason.APDU: 1}


class TestReplay:
    """A message that was heard before is not believed again."""

    def test_is_refused(self) -> None:
        """The counter must go up."""
        seal = Seal(key=KEY, authentication_key=AUTHENTICATION_KEY, counter=7)
        first, second = sealed(seal=seal), sealed(seal=seal)
        fresh = reader()
        assert len(fresh.feed(first + second)) == 2
        assert fresh.feed(second + first) == []
        assert fresh.journal.dropped == {Reason.REPLAY: 2}

    def test_another_meter_counts_for_itself(self) -> None:
        """A meter that was exchanged begins anywhere."""
        old = Seal(key=KEY, counter=1000)
        new = Seal(key=KEY, title=b"KAM\x00\x09\x09\x09\x09")
        assert len(reader().feed(sealed(seal=old) + sealed(seal=new))) == 2

    def test_restart_accepts_any_counter(self) -> None:
        """After a long gap the old counter says nothing."""
        seal = Seal(key=KEY, counter=1000)
        fresh = reader()
        fresh.feed(sealed(seal=seal))
        fresh.restart()
        seal.counter = 1
        assert len(fresh.feed(sealed(seal=seal))) == 1

    def test_a_counter_that_was_reset_is_accepted_in_the_end(self) -> None:
        """A meter that lost its counter is heard again after some minutes."""
        seal = Seal(key=KEY, counter=1000)
        fresh = reader()
        fresh.feed(sealed(seal=seal))
        seal.counter = 0
        heard = [len(fresh.feed(sealed(seal=seal))) for _ in range(64)]
        assert heard == [0] * 60 + [1] * 4

    def test_garbage_does_not_move_the_counter(self) -> None:
        """Only what turned out to be a message counts."""
        fresh = HanReader(encryption_key=KEY)
        fresh.feed(sealed(seal=Seal(key=bytes(16), counter=5000)))
        assert len(fresh.feed(sealed(seal=Seal(key=KEY)))) == 1


class TestBlocks:
    """One message in a general block transfer."""

    def test_parts_of_a_plain_message(self) -> None:
        """The result may be in clear as well."""
        stream = b"".join(hdlc(AIDON, LLC + block) for block in blocks(LIST.apdu, 150))
        (message,) = reader().feed(stream)
        assert message.readings == READINGS

    def test_a_missing_block(self) -> None:
        """The rest of that message is dropped; the next one is read."""
        parts = [hdlc(AIDON, LLC + block) for block in blocks(LIST.apdu, 80)]
        assert len(parts) == 4
        fresh = reader()
        assert fresh.feed(b"".join(parts[:1] + parts[2:])) == []
        assert fresh.journal.dropped == {Reason.SEGMENT: 1}
        assert len(fresh.feed(b"".join(parts))) == 1

    def test_a_block_in_a_damaged_frame(self) -> None:
        """That is said once; the other blocks of its message are not complained about."""
        parts = [hdlc(AIDON, LLC + block) for block in blocks(LIST.apdu, 80)]
        spoilt = parts[1][:30] + b"\xee" + parts[1][31:]
        fresh = reader()
        assert fresh.feed(b"".join((parts[0], spoilt, *parts[2:]))) == []
        assert fresh.journal.dropped == {Reason.FCS: 1}
        assert len(fresh.feed(b"".join(parts))) == 1

    @pytest.mark.parametrize("block", [b"\xe0", b"\xe0\xc0\x00\x01\x00\x00\x05abc"])
    def test_a_damaged_block(self, block: bytes) -> None:
        """Cut in its header, or of another length than it says."""
        fresh = reader()
        assert fresh.feed(hdlc(AIDON, LLC + block)) == []
        assert fresh.journal.dropped == {Reason.APDU: 1}


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the package is missing, that is said; nothing is raised."""
    real: Callable[..., Any] = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("cryptography"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    frame = sealed()
    monkeypatch.setattr(builtins, "__import__", without)
    fresh = reader()
    assert fresh.feed(frame) == []
    (drop,) = fresh.take_drops()
    assert drop.reason is Reason.ENCRYPTED_WITHOUT_LIBRARY


@pytest.mark.parametrize(
    "text",
    [
        "000102030405060708090a0b0c0d0e0f",
        " 00010203 04050607 08090A0B 0C0D0E0F\n",
        "00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f",
        "00-01-02-03-04-05-06-07-08-09-0a-0b-0c-0d-0e-0f",
    ],
)
def test_keys_as_people_write_them(text: str) -> None:
    """Grid companies print them in many ways."""
    assert parse_key(text) == KEY


@pytest.mark.parametrize("text", ["", "00", "0001 0203", "x" * 32, "00" * 17])
def test_what_is_no_key(text: str) -> None:
    """Anything else is refused before it is used."""
    with pytest.raises(ValueError, match=r"32|hexadecimal"):
        parse_key(text)


@pytest.mark.parametrize("key", [b"", bytes(15), bytes(17), bytes(32)])
def test_a_key_of_another_length_is_a_mistake_of_the_caller(key: bytes) -> None:
    """It is refused at once, for both readers and both keys."""
    for build in (HanReader, PayloadReader):
        with pytest.raises(ValueError, match="16 bytes"):
            build(encryption_key=key)
        with pytest.raises(ValueError, match="16 bytes"):
            build(encryption_key=KEY, authentication_key=key)


def test_maker_from_the_title() -> None:
    """A list that names no maker comes from who encrypted it; letters only."""
    body = coding.structure(
        *[
            part
            for group in (1, 2, 3)
            for part in (
                coding.code(f"1-0:{group}.7.0"),
                coding.uint32(5),
                coding.scale(0, 29 if group == 3 else 27),
            )
        ]
    )
    apdu = plain_header() + body
    for title, maker in (
        (b"LGZ12345", "Landis+Gyr"),
        (b"XYZ12345", "XYZ"),
        (b"\x01\x02\x0312345", None),
    ):
        (message,) = reader().feed(sealed(apdu, Seal(key=KEY, title=title)))
        assert message.meter.manufacturer == maker
    assert START.year == 2026


def test_a_message_without_a_frame_behind_a_pause() -> None:
    """Where frames come as well, it is looked for at the beginning of a burst only."""
    wire = encoded("p1-lu", "full", BUSY)
    frame = encoded("p1-se", "full", BUSY)
    for pause, messages in ((True, 2), (False, 1)):
        fresh = reader()
        found = fresh.feed(frame)
        if pause:
            found += fresh.silence()
        assert len(found + fresh.feed(wire) + fresh.silence()) == messages
