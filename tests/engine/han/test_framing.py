"""Finding whole frames in a stream: HDLC, wired M-Bus, P1, and ciphered messages without any."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from random import Random
from typing import override

import pytest

from custom_components.voltrail.engine.han import Message, Reason
from custom_components.voltrail.engine.han.checksum import crc_arc, passes_x25
from simulators.ams_han import coding
from simulators.ams_han.catalogue import METERS
from simulators.ams_han.faults import Faults, through_brick
from simulators.ams_han.kamstrup import Kamstrup
from simulators.ams_han.p1 import P1
from simulators.ams_han.payloads import shared_flags
from simulators.ams_han.quantities import Identity, Quantities
from simulators.ams_han.wire import (
    AIDON,
    KAMSTRUP,
    LLC,
    Address,
    Notification,
    crc_x25,
    hdlc,
    long_frames,
    plain_header,
    segments,
)
from tests.engine.han.support import (
    BUSY,
    START,
    decode_one,
    decoded,
    encoded,
    expected,
    reader,
    simulated,
)

LIST_1 = encoded("aidon-tn", "1", BUSY)
LIST_2 = encoded("aidon-tn", "2", BUSY)
TELEGRAM = encoded("p1-se", "full", BUSY)


def a_power(watts: int) -> bytes:
    """A frame with one power, and whatever bytes that power has."""
    item = coding.structure(coding.code("1-0:1.7.0"), coding.uint32(watts), coding.scale(0, 27))
    return Notification(body=coding.array(item), header=plain_header(), address=AIDON).frame


def test_check_sums() -> None:
    """The published test values."""
    assert passes_x25(b"123456789" + (0x906E).to_bytes(2, "little"))
    assert not passes_x25(b"123456789" + (0x906E).to_bytes(2))
    assert crc_arc(b"123456789") == 0xBB3D


def test_check_sum_agrees_with_the_bitwise_one() -> None:
    """Of data of any length."""
    random = Random(5)  # noqa: S311 - noise, not secrets
    for size in range(300):
        data = random.randbytes(size)
        assert passes_x25(data + crc_x25(data))
        assert not passes_x25(data + crc_x25(data + b"\0"))


class TestHdlc:
    """The framing of the north."""

    def test_one_byte_at_a_time(self) -> None:
        """A message comes with its last byte and not before."""
        fresh = reader()
        for byte in LIST_2[:-1]:
            assert fresh.feed(bytes((byte,))) == []
        (message,) = fresh.feed(LIST_2[-1:])
        assert message.readings == expected("aidon-tn", "2", BUSY)

    def test_shared_flag(self) -> None:
        """One flag may close a frame and open the next."""
        assert len(decoded(shared_flags([LIST_2, LIST_1, LIST_2]))) == 3

    def test_shared_flag_over_a_pause(self) -> None:
        """Even if the meter pauses in between."""
        fresh = reader()
        assert len(fresh.feed(LIST_2)) == 1
        assert fresh.silence() == []
        assert len(fresh.feed(LIST_1[1:])) == 1

    def test_fill_flags(self) -> None:
        """Any number of flags may stand between frames."""
        assert len(decoded(b"~" * 7 + LIST_2 + b"~" * 3 + LIST_1 + b"~~")) == 2

    @pytest.mark.parametrize("watts", [0x7E7E7E7E, 0x7D5E7D7E, 0x7EA00B41, 0x0D0A0D0A])
    def test_no_stuffing(self, watts: int) -> None:
        """Flags, escapes and line ends are ordinary bytes inside."""
        assert decode_one(a_power(watts)).readings == {"power_imported": watts}

    @pytest.mark.parametrize("last", [0x7D, 0x7E])
    def test_check_that_ends_like_an_abort(self, last: int) -> None:
        """A frame whose last byte is 7D is whole, though 7D 7E looks like an abort."""
        frame = next(
            frame for watts in range(0, 1 << 32, 777_777) if (frame := a_power(watts))[-2] == last
        )
        assert len(decoded(frame + LIST_2)) == 2

    def test_a_frame_without_information(self) -> None:
        """It has no check of its header. It is whole, and says nothing."""
        fresh = reader()
        empty = hdlc(AIDON, b"")
        assert len(empty) == 2 + 8
        assert fresh.feed(empty + LIST_1)[0].readings == {"power_imported": 4821}
        assert fresh.journal.frames == 2
        assert fresh.journal.dropped == {}

    def test_a_damaged_frame_without_information(self) -> None:
        """Its only check is that of the frame."""
        fresh = reader()
        empty = bytearray(hdlc(AIDON, b""))
        empty[3] ^= 2
        assert len(fresh.feed(bytes(empty) + LIST_1)) == 1
        assert fresh.journal.dropped == {Reason.FCS: 1}

    @pytest.mark.parametrize(
        "address",
        [
            Address(destination=b"\x02\x03", source=b"\x21"),
            Address(destination=b"\x02\x04\x06\x09", source=b"\x02\x02\x02\x03"),
        ],
    )
    def test_long_addresses(self, address: Address) -> None:
        """Addresses have one, two or four bytes."""
        sent = replace(Kamstrup(identity=METERS["kamstrup-tn"].identity).list_1(BUSY))
        frame = hdlc(address, sent.information)
        assert decode_one(frame).readings == expected("kamstrup-tn", "1", BUSY)

    @pytest.mark.parametrize("destination", [b"\x02\x04\x07", b"\x02\x04\x06\x08\x0b"])
    def test_impossible_addresses(self, destination: bytes) -> None:
        """Three bytes are no address, nor are five."""
        fresh = reader()
        wrong = hdlc(Address(destination=destination, source=b"\x21"), b"\xe6\xe7\x00\x0f")
        assert len(fresh.feed(wrong + LIST_1)) == 1
        assert fresh.journal.dropped == {Reason.NOISE: 1}

    def test_a_length_that_cannot_be(self) -> None:
        """Too short for what the header needs: its check and that of the frame."""
        for length in (0x03, 0x07, 0x09, 0x0A):
            fresh = reader()
            header = bytes((0x7E, 0xA0, length, 0x41, 0x08, 0x83, 0x13))
            assert len(fresh.feed(header + LIST_1)) == 1
            assert fresh.journal.dropped == {Reason.LENGTH: 1}

    def test_a_known_header_proves_nothing_else(self) -> None:
        """The frame behind it must have its flag and its check all the same."""
        fresh = reader()
        assert len(fresh.feed(LIST_2)) == 1
        assert fresh.feed(LIST_2[:-1] + b"\0" + b"~") == []
        assert fresh.feed(LIST_2[:60] + b"\xee" + LIST_2[61:]) == []
        assert len(fresh.feed(LIST_2)) == 1
        assert fresh.journal.dropped == {Reason.LENGTH: 1, Reason.FCS: 1}

    def test_few_headers_are_known(self) -> None:
        """However many there are on a line."""
        fresh = reader()
        sent = Kamstrup(identity=METERS["kamstrup-tn"].identity).list_1(BUSY)
        for number in range(100):
            address = Address(destination=bytes((2 * number + 1,)), source=b"\x21")
            assert len(fresh.feed(hdlc(address, sent.information))) == 1
        assert len(fresh._stream._headers._known) <= 16

    def test_a_whole_frame_longer_than_any_list(self) -> None:
        """2047 bytes is the most a length can say."""
        filler = coding.structure(coding.code("0-0:96.13.0"), coding.visible("x" * 1988))
        power = coding.structure(coding.code("1-0:1.7.0"), coding.uint32(7), coding.scale(0, 27))
        body = coding.array(filler, power)
        sent = Notification(body=body, header=plain_header(), address=AIDON)
        frame = sent.frame
        assert 2000 < len(frame) <= 2049
        assert decode_one(frame).readings == {"power_imported": 7}


class TestResynchronisation:
    """Damage takes what it hit, and nothing else."""

    def test_noise_like_frames(self) -> None:
        """False starts cost nothing."""
        noise = bytes.fromhex("00ff7ea7ff130a7ea07e")
        assert len(decoded(noise[:-1] + LIST_2)) == 1
        assert len(decoded(noise + LIST_2[1:])) == 1

    def test_a_cut_frame_swallows_nothing(self) -> None:
        """The frames behind a cut one are found, even inside its declared length."""
        cut = LIST_2[: len(LIST_2) // 2]
        fresh = reader()
        assert len(fresh.feed(cut + LIST_1 + LIST_1)) == 0
        assert len(fresh.feed(LIST_2)) == 3
        assert fresh.journal.dropped[Reason.LENGTH] == 1

    def test_silence_ends_the_wait(self) -> None:
        """A cut frame at the end of a burst does not hold back the whole one inside."""
        fresh = reader()
        assert fresh.feed(LIST_2[:60] + LIST_1) == []
        assert len(fresh.silence()) == 1
        (drop,) = fresh.take_drops()
        assert drop.reason is Reason.CUT
        assert drop.text == f"a frame is cut: it ends after {60 + len(LIST_1)} bytes"

    @pytest.mark.parametrize("at", [2, 5, 7, 12, 100, -3, -2])
    def test_a_flipped_bit(self, at: int) -> None:
        """One wrong bit anywhere costs the frame, never gives a wrong value."""
        spoilt = bytearray(LIST_2)
        spoilt[at] ^= 0x04
        fresh = reader()
        messages = fresh.feed(bytes(spoilt) + LIST_1) + fresh.silence()
        assert [message.readings for message in messages] == [{"power_imported": 4821}]
        assert sum(fresh.journal.dropped.values()) >= 1

    def test_noise_is_reported_once(self) -> None:
        """Bytes without any frame are counted, and explained once nothing more can come."""
        fresh = reader()
        assert fresh.feed(b"\x13\x2b\x48\xa2" * 40) == []
        assert fresh.take_drops() == []
        fresh.silence()
        (drop,) = fresh.take_drops()
        assert drop.reason is Reason.NOISE
        assert drop.text.startswith("160 bytes belong to no frame")
        assert fresh.silence() == []
        assert fresh.take_drops() == []

    def test_noise_from_a_frame_that_was_reported_is_not_reported_again(self) -> None:
        """One damaged frame is one line."""
        fresh = reader()
        spoilt = LIST_2[:40] + b"\x00" + LIST_2[41:]
        fresh.feed(spoilt + LIST_1)
        fresh.silence()
        assert [drop.reason for drop in fresh.take_drops()] == [Reason.FCS]

    @pytest.mark.parametrize("kind", ["lost", "flipped", "cut", "check"])
    @pytest.mark.parametrize("name", ["kaifa-it", "aidon-tn", "kamstrup-tn", "p1-se", "kaifa-at"])
    def test_nothing_untouched_is_lost(self, kind: str, name: str) -> None:
        """Of a stream with a tenth of its messages damaged, all others are found."""
        faults = Faults(random=Random(11))  # noqa: S311 - noise, not secrets
        setattr(faults, kind, 0.1)
        stream = b""
        sent: Counter[str] = Counter()
        untouched: Counter[str] = Counter()
        for one in simulated(name).run_until(START + timedelta(minutes=10)):
            spoilt, whole = faults.spoil(one.wire)
            stream += spoilt
            said = _said(decode_one(one.wire))
            sent[said] += 1
            untouched[said] += whole
        fresh = reader()
        found = Counter(map(_said, fresh.feed(stream) + fresh.silence()))
        assert 0.8 < untouched.total() / sent.total() < 0.97
        assert untouched <= found <= sent


def _said(message: Message) -> str:
    return f"{message.timestamp} {message.readings}"


class TestBrick:
    """The adapter that inserts 0D before each 0A."""

    def test_is_undone(self) -> None:
        """Every frame with a 0A comes through all the same, and so do those without."""
        original = LIST_2 + LIST_1 + encoded("aidon-it", "2", BUSY) + a_power(0x0D0A0A0D)
        mangled = through_brick(original)
        assert len(mangled) > len(original) + 4
        fresh = reader()
        messages = [m for byte in mangled for m in fresh.feed(bytes((byte,)))]
        assert [message.readings for message in messages] == [
            message.readings for message in decoded(original)
        ]
        assert fresh.journal.dropped == {}

    def test_in_the_header(self) -> None:
        """Also if the length itself has a 0A."""
        frame = next(
            frame
            for size in range(400)
            if (frame := _filled(size))[2] == 0x0A and b"\n" not in frame[3:9]
        )
        assert decode_one(through_brick(frame)).readings == {"power_imported": 7}

    def test_half_of_a_pair_at_the_end_of_the_header(self) -> None:
        """In pieces nothing but that half has come when the header seems to be complete."""
        frame = next(
            frame
            for number in range(1 << 14)
            if (frame := _from_address(number))[8] == 0x0A and b"\n" not in frame[:8]
        )
        fresh = reader()
        messages = [m for byte in through_brick(frame) for m in fresh.feed(bytes((byte,)))]
        assert [message.readings for message in messages] == [{"power_imported": 4821}]
        assert fresh.journal.dropped == {}

    def test_a_healthy_frame_with_the_pair_is_left_alone(self) -> None:
        """0D 0A may be data."""
        assert decode_one(a_power(0x0D0A)).readings == {"power_imported": 0x0D0A}

    def test_a_damaged_frame_with_the_pair_stays_damaged(self) -> None:
        """The second attempt does not save what is really broken, nor hold up what follows."""
        spoilt = bytearray(a_power(0x0D0A))
        spoilt[12] ^= 1
        fresh = reader()
        messages = fresh.feed(bytes(spoilt) + LIST_1)
        messages += fresh.silence()
        assert [message.readings for message in messages] == [{"power_imported": 4821}]
        assert fresh.journal.dropped == {Reason.FCS: 1}

    def test_waits_only_so_long(self) -> None:
        """A frame that could be restored but is cut ends with the burst."""
        cut = through_brick(LIST_2)[:-1]
        fresh = reader()
        assert fresh.feed(cut) == []
        assert fresh.silence() == []
        assert sum(fresh.journal.dropped.values()) == 1


def _filled(size: int) -> bytes:
    filler = coding.structure(coding.code("0-0:96.13.0"), coding.visible("x" * size))
    power = coding.structure(coding.code("1-0:1.7.0"), coding.uint32(7), coding.scale(0, 27))
    body = coding.array(filler, power)
    return Notification(body=body, header=plain_header(), address=AIDON).frame


def _from_address(number: int) -> bytes:
    """A short list from one of many addresses."""
    source = bytes((number >> 7 << 1, (number & 0x7F) << 1 | 1))
    return hdlc(Address(destination=b"\x41", source=source), LIST_1[9:-3])


class TestSegments:
    """One message in several HDLC frames."""

    INFORMATION = Kamstrup(identity=METERS["kamstrup-tn"].identity).list_2(BUSY).information
    PARTS = segments(KAMSTRUP, INFORMATION, 90)

    def test_are_joined(self) -> None:
        """The message comes with the last one."""
        assert len(self.PARTS) > 3
        assert decode_one(b"".join(self.PARTS)).readings == expected("kamstrup-tn", "2", BUSY)

    def test_a_lost_end(self) -> None:
        """A new message begins with the LLC header, which no other segment has."""
        fresh = reader()
        stream = b"".join(self.PARTS[:-1] + self.PARTS)
        assert len(fresh.feed(stream)) == 1
        assert fresh.journal.dropped == {Reason.SEGMENT: 1}

    def test_a_lost_beginning(self) -> None:
        """That is said once, and nothing is made of the rest."""
        fresh = reader()
        assert fresh.feed(b"".join(self.PARTS[1:])) == []
        assert fresh.journal.dropped == {Reason.SEGMENT: 1}
        assert len(fresh.feed(b"".join(self.PARTS))) == 1

    def test_a_whole_frame_behind_damage(self) -> None:
        """What was damaged may have been a segment; a frame of its own is read all the same."""
        spoilt = self.PARTS[0][:20] + b"\xee" + self.PARTS[0][21:]
        for information in (self.INFORMATION, self.INFORMATION.removeprefix(LLC)):
            fresh = reader()
            assert len(fresh.feed(spoilt + hdlc(KAMSTRUP, information))) == 1
            assert fresh.journal.dropped == {Reason.FCS: 1}

    def test_a_damaged_middle(self) -> None:
        """What was joined so far goes with it; the rest alone is nothing."""
        spoilt = self.PARTS[1][:20] + b"\xee" + self.PARTS[1][21:]
        fresh = reader()
        stream = b"".join((self.PARTS[0], spoilt, *self.PARTS[2:], *self.PARTS))
        assert len(fresh.feed(stream)) == 1
        assert fresh.journal.dropped == {Reason.FCS: 1}

    def test_a_link_that_was_opened_again(self) -> None:
        """What had begun before is forgotten, and the next frame is one of its own."""
        fresh = reader()
        fresh.feed(self.PARTS[0])
        fresh.restart()
        assert len(fresh.feed(hdlc(KAMSTRUP, self.INFORMATION.removeprefix(LLC)))) == 1
        assert fresh.journal.dropped == {}

    def test_without_end(self) -> None:
        """A message that does not end is given up, and that is said once."""
        first = hdlc(KAMSTRUP, LLC + bytes(1500), more=True)
        part = hdlc(KAMSTRUP, bytes(1500), more=True)
        fresh = reader()
        fresh.feed(first + part * 8)
        assert fresh.journal.dropped == {Reason.LENGTH: 1}
        assert len(fresh.feed(b"".join(self.PARTS))) == 1


class TestLongFrames:
    """Wired M-Bus."""

    APDU = Kamstrup(identity=METERS["kamstrup-tn"].identity).list_2(BUSY).apdu
    FRAMES = long_frames(APDU, 100)

    def test_are_joined(self) -> None:
        """Byte by byte as well."""
        fresh = reader()
        stream = b"".join(self.FRAMES)
        messages = [m for byte in stream for m in fresh.feed(bytes((byte,)))]
        assert [m.readings for m in messages] == [expected("kamstrup-tn", "2", BUSY)]

    @pytest.mark.parametrize("missing", [0, 1])
    def test_a_missing_part(self, missing: int) -> None:
        """The parts are numbered; a message that lacks one is named once."""
        fresh = reader()
        assert len(self.FRAMES) == 3
        rest = [frame for number, frame in enumerate(self.FRAMES) if number != missing]
        assert fresh.feed(b"".join(rest)) == []
        assert fresh.journal.dropped == {Reason.SEGMENT: 1}
        assert len(fresh.feed(b"".join(self.FRAMES))) == 1

    def test_a_length_that_wraps(self) -> None:
        """Only its low byte is sent: 256 to 260 bytes look like 0 to 4, which no part has."""
        for size in range(251, 256):
            frames = long_frames(self.APDU, size)
            assert frames[0][1] == size - 251
            assert decode_one(b"".join(frames)).readings == expected("kamstrup-tn", "2", BUSY)

    @pytest.mark.parametrize("at", [-1, -2, 10])
    def test_a_damaged_frame(self, at: int) -> None:
        """The sum and the stop byte tell."""
        spoilt = bytearray(self.FRAMES[0])
        spoilt[at] ^= 0x40
        fresh = reader()
        assert len(fresh.feed(bytes(spoilt) + b"".join(self.FRAMES))) == 1
        assert fresh.journal.dropped == {Reason.MBUS_CHECKSUM: 1}

    @pytest.mark.parametrize(
        "start", ["6803036853ff0016", "68050668", "6805056908", "680505685b", "68", "6805"]
    )
    def test_false_starts(self, start: str) -> None:
        """What only begins like a frame is passed over."""
        fresh = reader()
        messages = fresh.feed(bytes.fromhex(start) + b"".join(self.FRAMES)) + fresh.silence()
        assert len(messages) == 1

    def test_another_kind_of_frame(self) -> None:
        """A whole frame that carries no part of a message."""
        content = b"\x53\xff\x72\x01\x67"
        frame = b"\x68\x05\x05\x68" + content + bytes((sum(content) & 0xFF,)) + b"\x16"
        fresh = reader()
        assert fresh.feed(frame) == []
        assert fresh.journal.dropped == {Reason.APDU: 1}


class TestTelegrams:
    """P1."""

    def test_byte_by_byte(self) -> None:
        """The message comes with the last digit of the check."""
        fresh = reader()
        for byte in TELEGRAM[:-3]:
            assert fresh.feed(bytes((byte,))) == []
        (message,) = fresh.feed(TELEGRAM[-3:-2])
        assert message.readings == expected("p1-se", "full", BUSY)

    def test_without_a_check_it_takes_the_line_end(self) -> None:
        """Some meters send none; then every line must be readable."""
        telegram = encoded("p1-iskra", "full", BUSY)
        fresh = reader()
        assert telegram.endswith(b"!\r\n")
        assert fresh.feed(telegram[:-1]) == []
        (message,) = fresh.feed(telegram[-1:])
        assert message.readings == expected("p1-iskra", "full", BUSY)

    @pytest.mark.parametrize("cut", [1, 2])
    def test_a_missing_final_line_end(self, cut: int) -> None:
        """Silence serves as one."""
        fresh = reader()
        assert fresh.feed(encoded("p1-iskra", "full", BUSY)[:-cut]) == []
        assert len(fresh.silence()) == 1

    def test_another_one_begins_in_it(self) -> None:
        """The first one is cut, and that is what is said; the next one is read."""
        fresh = reader()
        assert len(fresh.feed(TELEGRAM[:300].rpartition(b"\n")[0] + b"\n" + TELEGRAM)) == 1
        assert fresh.journal.dropped == {Reason.CUT: 1}

    def test_a_link_that_was_opened_again(self) -> None:
        """The search for the end begins again as well: the next telegram may be shorter."""
        fresh = reader()
        fresh.feed(TELEGRAM[:-8])
        fresh.restart()
        short = b"/KAM5\r\n\r\n1-0:1.7.0(0001.000*kW)\r\n!"
        (message,) = fresh.feed(short + f"{crc_arc(short):04X}\r\n".encode())
        assert message.readings == {"power_imported": 1000}

    def test_line_end_in_front(self) -> None:
        """A Kamstrup begins with one."""
        assert len(decoded(b"\r\n" + TELEGRAM + b"\r\n" + TELEGRAM)) == 2

    @pytest.mark.parametrize("end", [b"\r\0", b"\n", b"\0"])
    def test_other_line_ends_without_a_check(self, end: bytes) -> None:
        """Bridges change line ends."""
        telegram = encoded("p1-iskra", "full", BUSY).replace(b"\r\n", end)
        assert decode_one(telegram).readings == expected("p1-iskra", "full", BUSY)

    def test_zeros_instead_of_line_feeds(self) -> None:
        """One bridge does that; the meter computed its check over the line feeds."""
        assert decode_one(TELEGRAM.replace(b"\n", b"\0")).readings == expected(
            "p1-se", "full", BUSY
        )

    def test_lower_case_check(self) -> None:
        """Digits of the check in either case."""
        lower = TELEGRAM[:-6] + TELEGRAM[-6:].lower()
        assert len(decoded(lower)) == 1

    @pytest.mark.parametrize(
        ("tail", "reason"),
        [
            (b"!0000\r\n", Reason.P1_CRC),
            (b"!A0\r\n", Reason.P1_CRC),
            (b"!A0", Reason.P1_CRC),
            (b"!x\r\n", Reason.P1_CRC),
            (b"!\r0123\r\n", Reason.P1_CRC),
            (b"", Reason.CUT),
        ],
    )
    def test_a_wrong_check(self, tail: bytes, reason: Reason) -> None:
        """The whole telegram is rejected, never half of it taken."""
        fresh = reader()
        assert fresh.feed(TELEGRAM[: TELEGRAM.index(b"!")] + tail) + fresh.silence() == []
        assert fresh.journal.dropped == {reason: 1}

    @pytest.mark.parametrize(
        "line",
        [
            b"1-0:4:24.7.0(0000.000*kVAr)",
            b"1-0:1.7.0(",
            b"hello",
            b"1-0:1.7.0",
            b"1-0:51.7.0(003.!*A)",
            b"1-0:51.7.0(003.1*)",
            b"1-0:51.7.0(00a.1*A)",
            b"1-0:51.7.0(003.1 A)",
        ],
    )
    def test_an_unreadable_line_without_a_check(self, line: bytes) -> None:
        """There is nothing to trust then."""
        telegram = encoded("p1-iskra", "full", BUSY)
        spoilt = telegram.replace(b"\r\n!", b"\r\n" + line + b"\r\n!")
        fresh = reader()
        assert fresh.feed(spoilt) == []
        assert fresh.journal.dropped == {Reason.P1_LINE: 1}

    def test_an_unreadable_line_with_a_check_is_skipped(self) -> None:
        """The check vouches for the rest."""
        fresh = reader()
        (message,) = fresh.feed(_with_lines("hello", "1-0:1.7.0(0000.007*kW)"))
        assert message.readings == {"power_imported": 7}
        assert fresh.journal.skipped == 1

    def test_no_check_from_a_meter_that_has_one(self) -> None:
        """A check that was lost is not a meter that sends none."""
        fresh = reader()
        without = TELEGRAM[: TELEGRAM.index(b"!") + 1] + b"\r\n"
        assert len(fresh.feed(without)) == 1
        assert len(fresh.feed(TELEGRAM)) == 1
        assert fresh.feed(without) == []
        assert fresh.journal.dropped == {Reason.P1_CRC: 1}

    def test_a_cut_telegram_swallows_nothing(self) -> None:
        """The one behind it is found, with and without a check."""
        for telegram in (TELEGRAM, encoded("p1-iskra", "full", BUSY)):
            for cut in (3, 40, len(telegram) // 2, telegram.index(b"!")):
                assert len(decoded(telegram[:cut] + telegram)) == 1

    def test_binary_inside(self) -> None:
        """A telegram is text; anything else ends it at once."""
        fresh = reader()
        assert len(fresh.feed(TELEGRAM[:200] + LIST_1)) == 1
        assert fresh.journal.dropped == {Reason.P1_LINE: 1}

    def test_a_telegram_without_end(self) -> None:
        """It is given up after 8 kB."""
        fresh = reader()
        fresh.feed(TELEGRAM[:200] + b"1-0:1.7.0(0000.007*kW)\r\n" * 400)
        assert fresh.journal.dropped == {Reason.LENGTH: 1}
        assert len(fresh.feed(TELEGRAM)) == 1

    @pytest.mark.parametrize("noise", [b"/", b"/AB", b"/12345", b"/ABCD5", b"1/2 + 3/4"])
    def test_slashes(self, noise: bytes) -> None:
        """Not every slash begins a telegram."""
        assert len(decoded(noise + TELEGRAM)) == 1
        assert decoded(noise) == []

    @pytest.mark.parametrize(
        ("line", "reading"),
        [
            ("1-0:1.7.0(02.356*kW)", {"power_imported": 2356}),
            ("1-0:1.7.0(2356*W)", {"power_imported": 2356}),
            ("1-0:1.7.0(-0.5*kW)", {"power_imported": -500}),
            ("1-0:3.7.0(0000.202*kvar)", {"reactive_power_imported": 202}),
            ("1-0:3.8.0(00000518.309*kVArh)", {"reactive_energy_imported": 518_309}),
            ("1-0:1.8.0(000317.695*kWh)", {"energy_imported": 317_695}),
            ("1-0:1.8.0(0.0005*kWh)", {"energy_imported": 0.5}),
            ("1-0:31.7.0(009*A)", {"current_l1": 9}),
            ("1-0:32.7.0(00234.6*V)", {"voltage_l1": 234.6}),
            ("1-0:13.7.0(0.98)", {"power_factor": 0.98}),
            ("1-0:1.8.0*255(1.5*kWh)", {"energy_imported": 1500}),
            ("1-0:1.8.0*255(00031730.3458750*kWh)", {"energy_imported": 31_730_345.875}),
        ],
    )
    def test_values(self, line: str, reading: dict[str, float]) -> None:
        """Converted with decimals, never with binary fractions."""
        assert decode_one(_with_lines(line)).readings == reading

    @pytest.mark.parametrize(
        "line",
        [
            "1-0:1.7.0()",
            "1-0:1.7.0(00000)",
            "1-0:1.7.0(1.5*V)",
            "1-0:1.7.0(abc*kW)",
            "1-0:1.7.0(1*kW)(2*kW)",
            "1-0:1.8.1()",
            "0-1:1.7.0(1*kW)",
            "1-0:1.7.1(1*kW)",
            "1-0:1.8.0*01(1*kWh)",
            "1-0:1.8.1.12(1*kWh)",
        ],
    )
    def test_values_that_are_none(self, line: str) -> None:
        """What is empty or has another unit is not a value of 0."""
        fresh = reader()
        assert fresh.feed(_with_lines(line)) == []
        assert fresh.journal.dropped == {Reason.UNKNOWN_LIST: 1}

    def test_tariffs_are_added_up(self) -> None:
        """Dutch meters send no totals."""
        lines = ("1-0:1.8.1(000001.500*kWh)", "1-0:1.8.2(000002.250*kWh)", "1-0:2.8.1(3*kWh)")
        message = decode_one(_with_lines(*lines))
        assert message.readings == {"energy_imported": 3750, "energy_exported": 3000}

    @pytest.mark.parametrize("unreadable", ["()", "(1.5*V)", "(?)"])
    def test_some_of_the_tariffs_are_no_total(self, unreadable: str) -> None:
        """A counter would fall by thousands and rise again."""
        lines = ("1-0:1.8.1(1.5*kWh)", f"1-0:1.8.2{unreadable}", "1-0:2.8.1(3*kWh)")
        assert decode_one(_with_lines(*lines)).readings == {"energy_exported": 3000}

    def test_the_past_is_not_the_present(self) -> None:
        """Some meters tell what they counted up to the end of past months too."""
        lines = ("1-0:1.8.0(9.750*kWh)", "1-0:1.8.0*01(7.5*kWh)", "1-0:1.8.0.02(5.0*kWh)")
        assert decode_one(_with_lines(*lines)).readings == {"energy_imported": 9750}

    def test_a_total_goes_before_tariffs(self) -> None:
        """Where both are sent."""
        lines = ("1-0:1.8.1(1.500*kWh)", "1-0:1.8.0(9.750*kWh)", "1-0:1.8.2(2.250*kWh)")
        assert decode_one(_with_lines(*lines)).readings == {"energy_imported": 9750}

    @pytest.mark.parametrize(
        ("sent", "serial"),
        [
            ("96815390", "96815390"),
            ("45303030343330303639343534313631", "45303030343330303639343534313631"),
            ("4530303034333030363934353431363138", "4530303034333030363934353431363138"),
            ("4530303034333030363934353431363138FF", "4530303034333030363934353431363138FF"),
            ("ABC", "ABC"),
            ("", None),
        ],
    )
    def test_serial_numbers(self, sent: str, serial: str | None) -> None:
        """A number in hexadecimal digits is put in clear where it can be nothing else."""
        message = decode_one(_with_lines(f"0-0:96.1.1({sent})", "1-0:1.7.0(1*kW)"))
        if len(sent) in {32, 34}:
            serial = bytes.fromhex(sent).decode("ascii")
        assert message.meter.serial == serial

    @pytest.mark.parametrize(
        ("lines", "serial"),
        [
            (("0-0:42.0.0(53414731303330373030303030393536)",), "SAG1030700000956"),
            (("0-0:42.0.0(AUX1030303218126)", "0-0:96.1.0(1030303218126)"), "1030303218126"),
            (("0-0:96.1.0(1030303218126)", "0-0:42.0.0(AUX1030303218126)"), "1030303218126"),
            (("0-0:42.0.0()",), None),
        ],
    )
    def test_the_name_of_the_device_is_an_id(
        self, lines: tuple[str, ...], serial: str | None
    ) -> None:
        """Meters of Luxembourg have no other; where there is a number, that is the id."""
        assert decode_one(_with_lines(*lines, "1-0:1.7.0(1*kW)")).meter.serial == serial

    @pytest.mark.parametrize(
        "clock", ["()", "(2601051200)", "(260230120000W)", "(260105126000W)", "(now)"]
    )
    def test_clocks_in_another_form(self, clock: str) -> None:
        """They cost the time, not the telegram."""
        message = decode_one(_with_lines(f"0-0:1.0.0{clock}", "1-0:1.7.0(1*kW)"))
        assert message.timestamp is None

    def test_a_meter_of_another_channel(self) -> None:
        """The number of the gas meter is not that of this meter."""
        message = decode_one(_with_lines("0-1:96.1.0(1234)", "1-0:1.7.0(1*kW)"))
        assert message.meter.serial is None

    def test_a_continued_line(self) -> None:
        """An old gas meter puts its value on a line of its own."""
        telegram = encoded("p1-iskra", "full", BUSY)
        longer = telegram.replace(b"\r\n!", b"\r\n0-1:24.3.0(1)(m3)\r\n(00000.000)\r\n!")
        assert decode_one(longer).readings == expected("p1-iskra", "full", BUSY)


def _with_lines(*lines: str) -> bytes:
    """A telegram with a right check and just these lines."""

    class Lines(P1):
        @override
        def _swedish(self, now: Quantities) -> list[str]:
            return list(lines)

    return Lines(identity=Identity(serial="", model="")).telegram(BUSY)


class TestMixed:
    """One stream, several framings."""

    def test_framing_is_found_out(self) -> None:
        """Nobody has to say which one it is, and it may even change."""
        stream = (
            LIST_1
            + TELEGRAM
            + b"".join(long_frames(TestLongFrames.APDU))
            + LIST_2
            + encoded("p1-iskra", "full", BUSY)
        )
        assert len(decoded(stream)) == 5

    def test_restart_forgets_halves(self) -> None:
        """After a new connection nothing of the old one is continued."""
        fresh = reader()
        fresh.feed(LIST_2[:100])
        fresh.restart()
        assert fresh.feed(LIST_2[100:] + LIST_1)[0].readings == {"power_imported": 4821}

    def test_silence_in_silence(self) -> None:
        """Nothing came, nothing happens."""
        fresh = reader()
        assert fresh.silence() == []
        assert fresh.feed(b"") == []
        assert fresh.take_drops() == []

    def test_llc_may_be_missing(self) -> None:
        """A frame that carries the notification directly is read as well."""
        assert LLC in LIST_2
        sent = Kamstrup(identity=METERS["kamstrup-tn"].identity).list_1(BUSY)
        assert decode_one(hdlc(KAMSTRUP, sent.apdu)).readings == expected("kamstrup-tn", "1", BUSY)
