"""Recordings, as people attach them to a report."""

from collections.abc import Iterator
from itertools import chain, repeat

import pytest

from custom_components.voltrail.engine.han import Drop, Message, Reason, decode_dump, dump
from simulators.ams_han.payloads import Form, payload
from tests.engine.han.support import (
    AUTHENTICATION_KEY,
    BUSY,
    KEY,
    encoded,
    expected,
    simulated,
)

LIST_2 = encoded("aidon-tn", "2", BUSY)
LIST_1 = encoded("aidon-tn", "1", BUSY)
TELEGRAM = encoded("p1-se", "full", BUSY)


def messages_of(data: bytes) -> list[dict[str, float]]:
    """The readings in a recording that has no damage."""
    found = list(decode_dump(data))
    assert not [one for one in found if isinstance(one, Drop)]
    return [dict(one.readings) for one in found if isinstance(one, Message)]


def test_lines_of_digits() -> None:
    """Frames, one on each line, with comments, blank lines and spaces."""
    text = f"# a meter\n\n{LIST_2.hex()}\r\n  {LIST_1.hex(' ').upper()}  \n# end\n"
    assert messages_of(text.encode()) == [
        expected("aidon-tn", "2", BUSY),
        expected("aidon-tn", "1", BUSY),
    ]


def test_lines_that_cut_frames() -> None:
    """A stream printed in lines of equal length is still a stream."""
    digits = (LIST_2 + LIST_1).hex()
    lines = "\n".join(digits[at : at + 64] for at in range(0, len(digits), 64))
    assert len(messages_of(lines.encode())) == 2


def test_one_element_per_line() -> None:
    """A frame taken apart, with what is known about each piece beside it."""
    pieces = (LIST_2[:17], LIST_2[17:40], LIST_2[40:])
    text = "# a frame\n" + "\n".join(
        f"{piece.hex()}  # {at}: aa" for at, piece in enumerate(pieces)
    )
    assert len(messages_of(text.encode())) == 1
    notification = payload(Form.LLC, simulated("aidon-tn").send("2"))
    text = f"{notification[:30].hex()} # its beginning\n{notification[30:].hex()} # its end\n"
    assert len(messages_of(text.encode())) == 1


def test_pieces_of_a_damaged_frame() -> None:
    """None of them is taken for a message that needs no check."""
    spoilt = LIST_2[:20] + b"\x55" + LIST_2[21:]
    body = spoilt.index(b"\x01")
    text = f"{spoilt[:body].hex()}\n{spoilt[body:].hex()}"
    (drop,) = decode_dump(text.encode())
    assert isinstance(drop, Drop)


def test_half_a_byte() -> None:
    """A line that lost a digit is left out, and the next one is read."""
    kinds = [type(one) for one in decode_dump(f"{LIST_1.hex()[:-1]}\n{LIST_2.hex()}".encode())]
    assert kinds == [Drop, Message]
    for lost in (b"7ea\n", b"7ea", b"0f4\n"):
        (drop,) = decode_dump(lost)
        assert isinstance(drop, Drop)
        assert drop.reason is Reason.CUT


def test_bytes_as_they_come() -> None:
    """A live port can be piped in: nothing waits for the end."""
    came: list[int] = []

    def pieces() -> Iterator[bytes]:
        for at in range(0, len(LIST_2), 50):
            came.append(at)
            yield LIST_2[at : at + 50]
        for at in range(3):
            came.append(-at)
            yield LIST_1

    found = decode_dump(pieces())
    assert isinstance(next(found), Message)
    assert len(came) <= len(LIST_2) // 50 + 2
    assert len(list(found)) == 3


def test_lines_as_they_come() -> None:
    """So can a live port behind something that prints digits, for ever."""
    came = 0

    def pieces() -> Iterator[bytes]:
        nonlocal came
        yield b"# a meter\n"
        while True:
            came += 1
            text = f"{LIST_1.hex()} # {came}\n".encode()
            yield text[:11]
            yield text[11:]

    found = decode_dump(pieces())
    for number in range(1, 4):
        assert isinstance(next(found), Message)
        assert came == number


def test_a_line_of_something_else() -> None:
    """Among lines of digits it is named, and decoding goes on."""
    text = f"{LIST_1.hex()}\nread at 12:00\n{LIST_1.hex()}\n"
    kinds = [type(one) for one in decode_dump(text.encode())]
    assert kinds == [Message, Drop, Message]


@pytest.mark.parametrize("piece", [b"00", b"7ea0", b"00\n", b"7e\n" + b"7e" * 1000])
def test_digits_without_end(piece: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """They do not fill the memory."""
    monkeypatch.setattr(dump, "_MOST_DIGITS", 10_000)
    pieces = chain((piece,), repeat(piece.replace(b"7e\n", b""), 50_000))
    *_, last = decode_dump(pieces)
    assert isinstance(last, Drop)
    assert last.reason is Reason.LENGTH
    assert next(pieces)


def test_a_long_line_takes_no_longer() -> None:
    """Nothing is looked at again with every piece that comes."""
    text = (LIST_2 * 4000).hex().encode()
    pieces = [text[at : at + 512] for at in range(0, len(text), 512)]
    assert len(list(decode_dump(pieces))) == 4000


def test_a_long_preamble_takes_no_longer() -> None:
    """It is looked through once, however many pieces it comes in."""
    pieces = chain(repeat(b"# by hand\n\n", 60_000), (LIST_1.hex().encode() + b"\n",))
    assert [type(one) for one in decode_dump(pieces)] == [Message]


def test_digits_in_pieces() -> None:
    """Wherever the pieces are cut."""
    text = f"# zz\n{LIST_2.hex()} # zz\n{LIST_1.hex()}\n".encode()
    pieces = [text[at : at + 7] for at in range(0, len(text), 7)]
    assert len(list(decode_dump(pieces))) == 2


def test_batches() -> None:
    """What a gateway collected, as bytes and as digits: the frames inside are not a stream."""
    one = simulated("aidon-tn").send("2")
    batch = payload(Form.BATCH, one)
    assert messages_of(batch) == messages_of(batch.hex().encode())
    assert len(messages_of(batch)) == 1
    (found,) = decode_dump([batch[:40], batch[40:]])
    assert isinstance(found, Message)


def test_a_batch_without_end() -> None:
    """It is given up where no batch goes on."""
    batch = payload(Form.BATCH, simulated("aidon-tn").send("2"))
    pieces = chain((batch,), repeat(bytes(1000), 1000))
    (drop,) = decode_dump(pieces)
    assert isinstance(drop, Drop)
    assert drop.reason is Reason.LENGTH
    assert next(pieces)


def test_something_else() -> None:
    """What is no recording of a meter is said to be none."""
    for recording in (b"~~~~", b"hello\n" * 20000, b"31323334"):
        found = list(decode_dump(recording))
        assert found
        assert all(isinstance(one, Drop) for one in found)


def test_bytes() -> None:
    """The bytes themselves, frames or text."""
    assert len(messages_of(LIST_2 + LIST_1)) == 2
    assert messages_of(TELEGRAM) == [expected("p1-se", "full", BUSY)]


def test_one_payload() -> None:
    """Bytes that are no stream may be one MQTT message."""
    one = simulated("aidon-tn").send("2")
    for form in (Form.BODY, Form.JSON):
        assert len(messages_of(payload(form, one))) == 1


def test_damage_is_explained_in_its_place() -> None:
    """Decoding goes on behind it."""
    spoilt = LIST_2[:50] + b"\x55" + LIST_2[51:]
    text = f"{LIST_1.hex()}\n{spoilt.hex()}\n{LIST_2.hex()}"
    kinds = [type(one) for one in decode_dump(text.encode())]
    assert kinds == [Message, Drop, Message]


def test_nothing_but_damage() -> None:
    """Neither way to read it makes sense; the first one explains."""
    for recording in (LIST_2[:-5].hex().encode(), LIST_2[:-5]):
        (drop,) = decode_dump(recording)
        assert isinstance(drop, Drop)
        assert drop.reason is Reason.CUT


def test_nothing() -> None:
    """An empty recording is no mistake."""
    assert list(decode_dump(b"")) == []
    assert list(decode_dump(b"# nothing here\n\n")) == []


def test_keys() -> None:
    """They serve both ways to read."""
    wire = simulated("kamstrup-push").send("full").wire
    for recording in (wire, wire.hex().encode()):
        (message,) = decode_dump(
            recording, encryption_key=KEY, authentication_key=AUTHENTICATION_KEY
        )
        assert isinstance(message, Message)
