"""MQTT messages: every form of data, and what is none."""

import json
import zlib
from datetime import UTC, datetime
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.voltrail.engine.han import (
    ListKind,
    Meter,
    Payload,
    PayloadKind,
    PayloadReader,
    Reason,
)
from simulators.ams_han.ciphering import Seal
from simulators.ams_han.meter import HanMeter, Sent
from simulators.ams_han.payloads import Form, payload, pulse_batch, shared_flags
from simulators.ams_han.wire import Notification, long_frames
from tests.engine.han.support import (
    AUTHENTICATION_KEY,
    BUSY,
    KEY,
    decode_one,
    encoded,
    expected,
    simulated,
)

BINARY_FORMS = [form for form in Form if form is not Form.TEXT]


def sent(name: str, list_name: str) -> Sent:
    """One message of a meter."""
    meter: HanMeter = simulated(name)
    return meter.send(list_name)


def content(one: Sent) -> Notification:
    """The list in a message, before it was framed."""
    assert isinstance(one.content, Notification)
    return one.content


def readings_of(result: Payload) -> list[dict[str, float]]:
    """What the messages in a payload say."""
    return [dict(message.readings) for message in result.messages]


def bare() -> PayloadReader:
    """A reader without keys."""
    return PayloadReader()


@pytest.mark.parametrize("form", BINARY_FORMS)
@pytest.mark.parametrize("name", ["aidon-tn", "kaifa-it", "kamstrup-tn", "aidon-se"])
def test_every_form_of_every_maker(form: Form, name: str) -> None:
    """The form is found out, and the values are the same in all of them."""
    one = sent(name, "full" if name == "aidon-se" else "2")
    (message,) = bare().read(payload(form, one)).messages
    assert message.readings == decode_one(one.wire).readings


@pytest.mark.parametrize("form", BINARY_FORMS)
@pytest.mark.parametrize("name", ["aidon-tn", "kaifa-it"])
def test_every_form_of_the_shortest_list(form: Form, name: str) -> None:
    """A single power is convincing if a house can have it."""
    one = sent(name, "1")
    (message,) = bare().read(payload(form, one)).messages
    assert message.kind is ListKind.POWER


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        (Form.FRAME, PayloadKind.FRAMES),
        (Form.SEVERAL, PayloadKind.FRAMES),
        (Form.BARE_FRAME, PayloadKind.FRAMES),
        (Form.LLC, PayloadKind.NOTIFICATION),
        (Form.APDU, PayloadKind.NOTIFICATION),
        (Form.BODY, PayloadKind.NOTIFICATION),
        (Form.HEX, PayloadKind.FRAMES),
        (Form.JSON, PayloadKind.FRAMES),
        (Form.BATCH, PayloadKind.BATCH),
    ],
)
def test_kinds(form: Form, kind: PayloadKind) -> None:
    """What the form is, is said."""
    assert bare().read(payload(form, sent("aidon-tn", "2"))).kind is kind


@pytest.mark.parametrize("flags", [slice(1, None), slice(None, -1), slice(1, -1)])
def test_a_frame_may_lack_flags(flags: slice) -> None:
    """Either or both."""
    frame = encoded("aidon-tn", "2", BUSY)
    assert readings_of(bare().read(frame[flags])) == [expected("aidon-tn", "2", BUSY)]


def test_several_frames() -> None:
    """All of them count, also behind a damaged one."""
    frames = [encoded("aidon-tn", list_name, BUSY) for list_name in ("2", "1", "3")]
    assert len(bare().read(shared_flags(frames)).messages) == 3
    frames[0] = frames[0][:50] + b"\x55" + frames[0][51:]
    reader = bare()
    assert len(reader.read(b"".join(frames)).messages) == 2
    assert [drop.reason for drop in reader.take_drops()] == [Reason.FCS]


@pytest.mark.parametrize("start", [b"\x40\xbb\x7e", b"\x0f\x00\x7e", b"\x02\x01\x06\x00\x7e"])
def test_a_stream_that_begins_in_mid_frame(start: bytes) -> None:
    """Even if its first byte looks like the content of a frame."""
    reader = bare()
    result = reader.read(start + encoded("aidon-tn", "2", BUSY))
    assert result.kind is PayloadKind.FRAMES
    assert readings_of(result) == [expected("aidon-tn", "2", BUSY)]
    assert [drop.reason for drop in reader.take_drops()] == [Reason.NOISE]


@pytest.mark.parametrize(
    "rewrite",
    [
        bytes.upper,
        bytes.lower,
        lambda text: b" ".join(text[i : i + 2] for i in range(0, len(text), 2)),
    ],
)
@pytest.mark.parametrize("form", [Form.FRAME, Form.LLC, Form.APDU, Form.BODY])
def test_hex_text(form: Form, rewrite: object) -> None:
    """In either case, with spaces and line ends."""
    assert callable(rewrite)
    text = rewrite(payload(form, sent("kamstrup-tn", "2")).hex().encode("ascii")) + b"\r\n"
    assert len(bare().read(text).messages) == 1


def test_hex_text_of_a_telegram() -> None:
    """A bridge that passes everything on does so with text as well."""
    telegram = encoded("p1-se", "full", BUSY)
    result = bare().read(telegram.hex().encode("ascii"))
    assert result.kind is PayloadKind.TELEGRAM
    assert readings_of(result) == [expected("p1-se", "full", BUSY)]


@pytest.mark.parametrize("change", [lambda t: t, lambda t: b"\r\n \n" + t, lambda t: t[:-2]])
def test_telegrams(change: object) -> None:
    """With white space in front, without the last line end."""
    assert callable(change)
    for name in ("p1-se", "p1-iskra"):
        result = bare().read(change(encoded(name, "full", BUSY)))
        assert result.kind is PayloadKind.TELEGRAM
        assert readings_of(result) == [expected(name, "full", BUSY)]


def test_a_cut_telegram() -> None:
    """It gives nothing, and the reason."""
    reader = bare()
    result = reader.read(encoded("p1-se", "full", BUSY)[:300])
    assert (result.kind, result.messages) == (PayloadKind.TELEGRAM, ())
    assert [drop.reason for drop in reader.take_drops()] == [Reason.CUT]


def test_long_frames() -> None:
    """Wired M-Bus, passed on."""
    frames = long_frames(content(sent("kamstrup-tn", "2")).apdu)
    result = bare().read(b"".join(frames))
    assert result.kind is PayloadKind.FRAMES
    assert len(result.messages) == 1


def test_parts_may_come_in_several_messages() -> None:
    """A bridge publishes each frame; the blocks in them are joined."""
    reader = PayloadReader(encryption_key=KEY, authentication_key=AUTHENTICATION_KEY)
    one = sent("landis-e450-ciphered", "full")
    results = [reader.read(frame) for frame in one.frames]
    assert [len(result.messages) for result in results] == [0] * (len(one.frames) - 1) + [1]
    assert reader.take_drops() == []
    reader.read(one.frames[0])
    reader.restart()
    assert reader.read(one.frames[1]).messages == ()
    assert [drop.reason for drop in reader.take_drops()] == [Reason.SEGMENT]


@pytest.mark.parametrize("form", [Form.FRAME, Form.HEX])
def test_frames_that_need_a_key(form: Form) -> None:
    """They are told apart from damaged ones."""
    one = sent("kamstrup-push", "full")
    reader = bare()
    result = reader.read(payload(form, one))
    assert (result.kind, result.messages) == (PayloadKind.FRAMES, ())
    assert reader.journal.dropped == {Reason.ENCRYPTED_WITHOUT_KEY: 1}
    assert len(PayloadReader(encryption_key=KEY).read(payload(form, one)).messages) == 1


def test_ciphered_content_without_a_frame() -> None:
    """With a tag to verify it needs no check."""
    apdu = Seal(key=KEY, authentication_key=AUTHENTICATION_KEY).seal(
        content(sent("sagemcom-at", "full")).apdu
    )
    for data in (apdu, sent("p1-lu", "full").wire):
        keys = PayloadReader(encryption_key=KEY, authentication_key=AUTHENTICATION_KEY)
        result = keys.read(data)
        assert result.kind is PayloadKind.NOTIFICATION
        assert len(result.messages) == 1


def test_the_meter_is_remembered() -> None:
    """A short list belongs to the meter that named itself in the message before."""
    reader = bare()
    reader.read(payload(Form.FRAME, sent("aidon-tn", "2")))
    (short,) = reader.read(payload(Form.FRAME, sent("aidon-tn", "1"))).messages
    assert short.belongs_to == reader.meter
    assert short.belongs_to is not None
    assert short.belongs_to.serial == "7359990000000001"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (b"", PayloadKind.EMPTY),
        (b" \r\n\0", PayloadKind.EMPTY),
        (b"Debug: Cap voltage low!", PayloadKind.DEBUG),
        (b"Debug: Unknown command 'reboot'", PayloadKind.DEBUG),
        (b"Hello, this is a Pulse", PayloadKind.TEXT),
        ("Straße\n".encode(), PayloadKind.TEXT),
        (b"0x12", PayloadKind.TEXT),
        (b"face", PayloadKind.TEXT),
        (b"12", PayloadKind.NUMBER),
        (b"-1.75", PayloadKind.NUMBER),
        (b"1234567890123456", PayloadKind.NUMBER),
        (b"{broken", PayloadKind.TEXT),
        (b"[1, 2]", PayloadKind.TEXT),
        (b'{"a": 1}', PayloadKind.TEXT),
        (b'{"data": "hello"}', PayloadKind.TEXT),
        (b'{"data": "\xc3\xa9"}', PayloadKind.TEXT),
        (b'{"a":' * 100_000, PayloadKind.UNKNOWN),
        (b'{"a":' * 10_000, PayloadKind.TEXT),
        (b"{" + b"9" * 5000, PayloadKind.TEXT),
    ],
    ids=range(19),
)
def test_what_is_no_data(text: bytes, kind: PayloadKind) -> None:
    """It is told apart, and nothing is made of it."""
    result = bare().read(text)
    assert result.kind is kind
    assert result.messages == ()
    if kind in {PayloadKind.DEBUG, PayloadKind.TEXT, PayloadKind.NUMBER}:
        assert result.text == text.decode().strip()[:200]


@pytest.mark.parametrize("data", [b"\xff\xfe\xfd", b"abc\x01def", b"\x00\x01\x02", b"\x68\x01"])
def test_what_is_not_even_text(data: bytes) -> None:
    """Bytes of unknown meaning are counted."""
    reader = bare()
    assert reader.read(data).kind is PayloadKind.UNKNOWN
    assert reader.journal.dropped == {Reason.NOISE: 1}


def test_too_long() -> None:
    """No adapter sends 64 kB."""
    reader = bare()
    assert reader.read(encoded("aidon-tn", "2", BUSY) * 300).kind is PayloadKind.UNKNOWN
    assert reader.journal.dropped == {Reason.LENGTH: 1}


def test_status() -> None:
    """What a Pulse says of itself is handed on."""
    status = {"rssi": -61, "Vcap": 3.2, "Build": "1.1.8"}
    result = bare().read(json.dumps({"status": status}).encode())
    assert result.kind is PayloadKind.STATUS
    assert result.status is not None
    assert result.status["rssi"] == -61
    assert result.messages == ()


class TestPulse:
    """Batches of the Tibber Pulse."""

    LISTS = (encoded("aidon-tn", "2", BUSY), encoded("aidon-tn", "1", BUSY))

    @pytest.mark.parametrize("compressed", [True, False])
    @pytest.mark.parametrize("name", ["aidon-tn", "p1-se"])
    def test_entries_with_their_age(self, compressed: bool, name: str) -> None:  # noqa: FBT001 - a parameter of the test
        """The newest has age 0; the others are as old as the up-times differ."""
        wire = encoded(name, "full" if name == "p1-se" else "2", BUSY)
        batch = pulse_batch([(1000, wire), (3500, wire), (11_000, wire)], compressed=compressed)
        result = bare().read(batch)
        assert [message.age for message in result.messages] == [10.0, 7.5, 0.0]
        assert readings_of(result) == [decode_one(wire).readings] * 3

    def test_several_frames_in_one_entry(self) -> None:
        """An entry is a piece of stream."""
        assert len(bare().read(pulse_batch([(5, b"".join(self.LISTS))])).messages) == 2

    @pytest.mark.parametrize("compressed", [True, False])
    def test_cut(self, compressed: bool) -> None:  # noqa: FBT001 - a parameter of the test
        """The entries before the cut are good."""
        batch = pulse_batch([(1, self.LISTS[1]), (2, self.LISTS[0])], compressed=compressed)
        for cut in range(6, len(batch) - 1):
            reader = bare()
            result = reader.read(batch[:cut])
            assert result.kind is PayloadKind.BATCH
            assert len(result.messages) < 2
            if reader.journal.dropped:
                assert set(reader.journal.dropped) == {Reason.BATCH}
        assert len(bare().read(batch[:-3]).messages) == 1

    def test_order_of_fields_and_unknown_ones(self) -> None:
        """Nothing depends on the order, and strange fields are passed over."""
        frame = self.LISTS[0]
        entry = (
            b"\x1a"
            + bytes((0x80 | len(frame) & 0x7F, len(frame) >> 7))
            + frame
            + b"\x12\x03HAN"
            + b"\x2a\x02hi"
            + b"\x35\x01\x02\x03\x04"
            + b"\x09"
            + (77).to_bytes(8, "little")
        )
        size = bytes((0x80 | len(entry) & 0x7F, len(entry) >> 7))
        batch = b"\x12" + size + entry + b"\x38\x2a" + b"\x08\xdc\xd9\x02"
        result = bare().read(batch)
        assert result.kind is PayloadKind.BATCH
        assert readings_of(result) == [expected("aidon-tn", "2", BUSY)]

    def test_entries_of_another_kind(self) -> None:
        """Only data of meters is looked at."""
        entry = b"\x12\x03LOG\x1a\x05hello"
        assert bare().read(b"\x08\xdc\xd9\x02\x12" + bytes((len(entry),)) + entry).messages == ()

    def test_entries_without_data(self) -> None:
        """A field of the wrong type is as good as none."""
        for entry in (b"\x12\x03HAN", b"\x12\x03HAN\x18\x05\x0a\x01\x01", b"\x12\x03HAN\x08\x05"):
            reader = bare()
            batch = b"\x08\xdc\xd9\x02\x12" + bytes((len(entry),)) + entry
            assert reader.read(batch) == Payload(kind=PayloadKind.BATCH)
            assert reader.take_drops() == []

    @pytest.mark.parametrize("tail", [b"\x13", b"\x12\xff", b"\x08" + b"\xff" * 10, b"\x09abc"])
    def test_broken_fields(self, tail: bytes) -> None:
        """An unknown type of field, or a number without end, ends the batch."""
        reader = bare()
        assert len(reader.read(pulse_batch([(1, self.LISTS[0])]) + tail).messages) == 1
        assert reader.journal.dropped == {Reason.BATCH: 1}

    def test_damaged_compression(self) -> None:
        """What follows in the same stream cannot be read either."""
        batch = pulse_batch([(1, self.LISTS[0]), (2, self.LISTS[1])], compressed=True)
        at = batch.index(b"HAN") + 6
        reader = bare()
        assert reader.read(batch[:at] + b"\xff\xff\xff" + batch[at + 3 :]).messages == ()
        assert set(reader.journal.dropped) == {Reason.BATCH}

    def test_wrong_length(self) -> None:
        """An entry that does not unpack to what it says is left out."""
        stored = zlib.compress(self.LISTS[0], wbits=11)
        entry = b"\x12\x03HAN\x1a" + bytes((0x80 | len(stored) & 0x7F, len(stored) >> 7)) + stored
        entry += b"\x20\x05"
        size = bytes((0x80 | len(entry) & 0x7F, len(entry) >> 7))
        reader = bare()
        assert reader.read(b"\x08\xdc\xd9\x02\x18\x01\x12" + size + entry).messages == ()
        assert reader.journal.dropped == {Reason.BATCH: 1}

    def test_a_bomb(self) -> None:
        """What unpacks to more than any telegram is cut off, not held."""
        batch = pulse_batch([(1, bytes(1_000_000)), (2, self.LISTS[0])], compressed=True)
        assert len(batch) < 5000
        reader = bare()
        assert reader.read(batch).messages == ()
        assert Reason.BATCH in reader.journal.dropped


class TestGateway:
    """JSON of an amsreader, decoded by itself."""

    FULL: ClassVar[dict[str, object]] = {
        "lv": "AIDON_V0001",
        "meterId": "7359990000000001",
        "type": "6534",
        "P": 1234,
        "Q": 0,
        "PO": 0,
        "QO": 78,
        "I1": 1.5,
        "I2": -0.7,
        "I3": 23.4,
        "U1": 230.1,
        "U2": 229.9,
        "U3": 231.0,
        "tPI": 518.309,
        "tPO": 0.0,
        "tQI": 1.1,
        "tQO": 2,
        "P1": 400,
        "PO1": 0,
        "tPI1": 1.005,
        "PF": 0.98,
        "rtc": 1767607210,
    }
    TOP: ClassVar[dict[str, object]] = {
        "id": "AA:BB",
        "name": "AMS",
        "up": 5,
        "t": 1767607211,
        "vcc": 3.3,
        "rssi": -50,
    }

    @pytest.mark.parametrize("flat", [True, False])
    def test_values(self, flat: bool) -> None:  # noqa: FBT001 - a parameter of the test
        """In an object of their own or not; counters become Wh without noise."""
        document = self.TOP | (self.FULL if flat else {"data": self.FULL})
        reader = bare()
        result = reader.read(json.dumps(document).encode())
        assert result.kind is PayloadKind.VALUES
        (message,) = result.messages
        assert message.meter == Meter(
            manufacturer="Aidon",
            model="6534",
            serial="7359990000000001",
            list_version="AIDON_V0001",
        )
        assert message.belongs_to == message.meter
        assert message.kind is ListKind.HOURLY
        assert message.timestamp == datetime(2026, 1, 5, 10, 0, 10, tzinfo=UTC)
        assert message.readings == {
            "power_imported": 1234,
            "power_exported": 0,
            "reactive_power_imported": 0,
            "reactive_power_exported": 78,
            "current_l1": 1.5,
            "current_l2": -0.7,
            "current_l3": 23.4,
            "voltage_l1": 230.1,
            "voltage_l2": 229.9,
            "voltage_l3": 231.0,
            "energy_imported": 518_309,
            "energy_exported": 0,
            "reactive_energy_imported": 1100,
            "reactive_energy_exported": 2000,
            "power_imported_l1": 400,
            "power_exported_l1": 0,
            "energy_imported_l1": 1005,
        }
        assert reader.journal.messages == 1

    @pytest.mark.parametrize(
        ("data", "kind"), [({"P": 5}, ListKind.POWER), ({"P": 5, "U1": 230.0}, ListKind.VALUES)]
    )
    def test_short_lists(self, data: dict[str, float], kind: ListKind) -> None:
        """They say less, and nothing of the meter."""
        (message,) = bare().read(json.dumps({"data": data}).encode()).messages
        assert message.kind is kind
        assert message.meter == Meter()
        assert message.belongs_to is None
        assert message.timestamp is None

    @pytest.mark.parametrize(
        "value",
        [
            *("true", '"5"', "null", "1e400", "-1e99", "NaN", "1e9999999999", "[]", "9" * 20),
            *("1e" + "9" * 20, "1e-" + "9" * 20),
        ],
    )
    def test_values_that_are_none(self, value: str) -> None:
        """Whatever stands there, nothing is raised and nothing invented."""
        result = bare().read(f'{{"data": {{"P": {value}}}}}'.encode())
        assert result.messages == ()

    def test_a_tiny_value(self) -> None:
        """It is nothing, and no reason to stumble."""
        (message,) = bare().read(b'{"data": {"P": 1e-9999999999, "tPI": 1E-400}}').messages
        assert message.readings == {"power_imported": 0, "energy_imported": 0}

    @pytest.mark.parametrize("clock", ["0", "-5", "1e3", '"x"', "9" * 30, "9" * 11, "5"])
    def test_clocks_that_are_none(self, clock: str) -> None:
        """They cost the time only."""
        (message,) = bare().read(f'{{"data": {{"P": 1, "rtc": {clock}}}}}'.encode()).messages
        assert message.timestamp is None

    def test_texts_that_are_none(self) -> None:
        """Nor do odd identities do harm."""
        data = {"P": 1, "meterId": 5, "type": "é", "lv": ""}
        (message,) = bare().read(json.dumps({"data": data}).encode()).messages
        assert message.meter == Meter(model="?")


@given(st.binary(max_size=400))
@settings(max_examples=500, deadline=None)
def test_any_bytes(data: bytes) -> None:
    """Any payload gets an answer."""
    assert bare().read(data).kind in PayloadKind


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["data", "P", "U2", "status", "rtc", "lv"]), inner)
        ),
        max_leaves=12,
    )
)
@settings(max_examples=300, deadline=None)
def test_any_json(document: object) -> None:
    """So does any JSON."""
    result = bare().read(json.dumps(document).encode())
    assert result.kind in PayloadKind
    for message in result.messages:
        assert all(abs(value) < 1e16 for value in message.readings.values())


def test_body_of_a_list_with_a_clock() -> None:
    """The body alone has no header; the clock of the list serves."""
    one = sent("kaifa-tn", "3")
    (message,) = bare().read(payload(Form.BODY, one)).messages
    assert message.timestamp == one.quantities.moment
