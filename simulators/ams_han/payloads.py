"""What adapters and bridges make of a message before they publish it over MQTT.

The letters are those of the reference, section 12.
"""

import json
import zlib
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from simulators.ams_han.wire import FLAG, Notification

if TYPE_CHECKING:
    from simulators.ams_han.meter import Sent

_PULSE: Final = 44252


class Form(StrEnum):
    """How a message is published."""

    FRAME = "A"
    SEVERAL = "B"
    BARE_FRAME = "C"
    LLC = "D"
    APDU = "E"
    BODY = "F"
    HEX = "G"
    JSON = "H"
    TEXT = "I"
    BATCH = "J"


def payload(form: Form, *sent: Sent) -> bytes:
    """Return one MQTT message with what was sent; the last one, in forms that hold only one.

    A telegram has no inner parts: it is published as it is.
    """
    last = sent[-1]
    if form is Form.SEVERAL:
        return shared_flags([frame for one in sent for frame in one.frames])
    if form is Form.BATCH:
        return pulse_batch([(round(one.moment.timestamp() * 1000), one.wire) for one in sent])
    if form in {Form.LLC, Form.APDU, Form.BODY} and isinstance(last.content, Notification):
        return _part(form, last.content)
    wire = last.wire
    forms = {
        Form.BARE_FRAME: wire.removeprefix(FLAG).removesuffix(FLAG),
        Form.HEX: wire.hex().encode("ascii"),
        Form.JSON: json.dumps({"data": wire.hex().upper()}).encode("ascii"),
    }
    return forms.get(form, wire)


def _part(form: Form, content: Notification) -> bytes:
    if form is Form.BODY:
        return content.body
    return content.apdu if form is Form.APDU else content.information


def shared_flags(frames: list[bytes]) -> bytes:
    """Join frames so that one flag closes one and opens the next."""
    return FLAG + FLAG.join(frame.removeprefix(FLAG).removesuffix(FLAG) for frame in frames) + FLAG


def pulse_batch(entries: list[tuple[int, bytes]], *, compressed: bool = False) -> bytes:
    """Return a batch of a Tibber Pulse: up-time in milliseconds and data of each entry."""
    packer = zlib.compressobj(wbits=11)
    message = _varint_field(1, _PULSE)
    if compressed:
        message += _varint_field(3, 1)
    for uptime, data in entries:
        stored = data
        if compressed:
            stored = packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH)
        entry = (
            b"\x09"
            + uptime.to_bytes(8, "little")
            + _bytes_field(2, b"P1" if data.lstrip().startswith(b"/") else b"HAN")
            + _bytes_field(3, stored)
        )
        if compressed:
            entry += _varint_field(4, len(data))
        message += _bytes_field(2, entry)
    return message


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _varint_field(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _bytes_field(number: int, data: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(data)) + data
