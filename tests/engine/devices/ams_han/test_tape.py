"""Diagnostics: the last raw data, and nobody's id."""

import json
from datetime import timedelta

import pytest

from custom_components.voltrail.engine.devices.ams_han.tape import Tape, without_ids
from simulators.ams_han.payloads import Form, payload, pulse_batch

from .support import METERS, START, Listening

FORMS = [form for form in Form if form is not Form.TEXT]


@pytest.mark.parametrize("kind", [kind for kind in METERS if METERS[kind].identity.serial])
def test_no_meter_is_named(kind: str) -> None:
    """Raw data come without the id, however the meter writes it."""
    listening = Listening(kind)
    listening.run(60)
    serial = METERS[kind].identity.serial
    text = json.dumps(listening.meter.diagnose())
    assert serial not in text
    assert serial.encode().hex() not in text.lower()
    assert serial.encode().hex().encode().hex() not in text.lower()
    received = listening.meter.diagnose()["received"]
    assert received
    assert any(len(burst["data"]) > 100 for burst in received)
    if serial.isdecimal() and int(serial) < 1 << 32:
        assert f"{int(serial):08x}" not in text


@pytest.mark.parametrize("form", FORMS)
def test_no_meter_is_named_over_mqtt(form: Form) -> None:
    """Also where the frame is text within text."""
    listening = Listening("aidon-tn")
    sent = listening.simulated.send("2")
    listening.meter.hear_message(payload(form, sent), listening.now, topic="x")
    (burst,) = listening.meter.diagnose()["received"]
    data = bytes.fromhex(burst["data"])
    serial = b"7359990000000001"
    for hidden in (serial, serial.hex().encode(), serial.hex().upper().encode()):
        assert hidden not in data
    assert b"X" in data
    assert burst["channel"] == "x"
    assert burst["bytes"] == len(data)


def test_a_compressed_batch_stays_closed() -> None:
    """Whom it names cannot be seen, so nothing of it is shown."""
    listening = Listening("aidon-tn")
    sent = listening.simulated.send("2")
    batch = pulse_batch([(1, sent.wire), (2, sent.wire)], compressed=True)
    assert set(without_ids(batch)) == {ord("X")}
    assert without_ids(sent.wire) != sent.wire


def test_an_id_that_was_not_decoded_is_hidden_too() -> None:
    """Also that of a meter whose lists are not known, and who sends encrypted."""
    assert without_ids(b"\x10" + b"7359990000000001" + b"\x02") == b"\x10" + b"X" * 16 + b"\x02"
    assert without_ids(b"7EA0123456789012345678AF") == b"7EA0123456789012345678AF"
    assert without_ids(b"\xdb\x08KAM\x01\x02\x03\x04\x05\x20") == b"\xdb\x08KAMXXXXX\x20"


def test_the_tape_is_bounded() -> None:
    """Eight bursts of two kilobytes, whatever comes; pieces of a burst are joined."""
    tape = Tape()
    for second in range(100):
        for _ in range(1000):
            tape.add(b"12345", second)
        tape.pause()
    dump = tape.dump(100, [])
    assert [burst["age"] for burst in dump] == [8, 7, 6, 5, 4, 3, 2, 1]
    assert all(burst["bytes"] == 5000 for burst in dump)
    assert all(len(burst["data"]) == 4096 for burst in dump)


def test_diagnostics_tell_ages_and_drops() -> None:
    """Every value with its age and list, every drop with its reason."""
    listening = Listening("aidon-tn")
    listening.run(60)
    damaged = bytearray(listening.simulated.send("2").wire)
    damaged[40] ^= 1
    listening.meter.hear(bytes(damaged), listening.now)
    listening.silence(5)
    found = listening.meter.diagnose()
    json.dumps(found)
    assert found["samples"]["energy_imported"]["list"] == "hourly"
    assert found["samples"]["energy_imported"]["age"] == pytest.approx(25, abs=6)
    assert found["samples"]["power_imported"]["list"] in {"power", "values"}
    assert found["messages"]["hourly"] == 1
    assert found["drops"][-1]["reason"] == "fcs"
    assert found["drops"][-1]["age"] == 5
    assert found["stream"]["dropped"] == {"fcs": 1}
    assert START + timedelta(seconds=65) == listening.moment
