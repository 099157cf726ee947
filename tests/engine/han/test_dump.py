"""Recordings, as people attach them to a report."""

from custom_components.voltrail.engine.han import Drop, Message, Reason, decode_dump
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
