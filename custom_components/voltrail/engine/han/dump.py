"""Decodes a recording: lines of hexadecimal digits with comments, or the bytes themselves."""

import re
from collections.abc import Iterator
from typing import Final

from .clock import Zone
from .drops import Drop
from .message import Message
from .payload import PayloadReader
from .reader import HanReader

_HEX_LINE: Final = re.compile(rb"(?:[0-9A-Fa-f]{2}\s*)+")
_COMMENT: Final = b"#"


def decode_dump(
    data: bytes,
    *,
    encryption_key: bytes | None = None,
    authentication_key: bytes | None = None,
    zone: Zone = Zone.AUTOMATIC,
) -> Iterator[Message | Drop]:
    """Yield the messages in a recording, and what of it was dropped.

    Each line of digits may be what an MQTT message may be: frames, the content of a frame, a
    telegram, a batch. If that gives no message, the recording is taken as one stream, which is
    what bytes are taken for anyway; and bytes that are no stream may be one MQTT message.
    """
    stream = HanReader(
        encryption_key=encryption_key, authentication_key=authentication_key, zone=zone
    )
    payloads = PayloadReader(
        encryption_key=encryption_key, authentication_key=authentication_key, zone=zone
    )
    lines = _hex_lines(data)
    if lines is None:
        found = list(_as_stream(data, stream))
        yield from found if _has_message(found) else _better(found, _as_payloads([data], payloads))
        return
    found = list(_as_payloads(lines, payloads))
    yield from (
        found if _has_message(found) else _better(found, _as_stream(b"".join(lines), stream))
    )


def _as_payloads(payloads: list[bytes], reader: PayloadReader) -> Iterator[Message | Drop]:
    for payload in payloads:
        yield from reader.read(payload).messages
        yield from reader.take_drops()


def _as_stream(data: bytes, reader: HanReader) -> Iterator[Message | Drop]:
    yield from reader.feed(data)
    yield from reader.silence()
    yield from reader.take_drops()


def _has_message(found: list[Message | Drop]) -> bool:
    return any(isinstance(one, Message) for one in found)


def _better(first: list[Message | Drop], second: Iterator[Message | Drop]) -> list[Message | Drop]:
    """Return the second way to read a recording if it makes sense of it, and the first else."""
    found = list(second)
    return found if _has_message(found) else first


def _hex_lines(data: bytes) -> list[bytes] | None:
    """Return the bytes on each line of digits; ``None`` if the recording has other lines."""
    lines = [line.strip() for line in data.splitlines()]
    wanted = [line for line in lines if line and not line.startswith(_COMMENT)]
    if not all(_HEX_LINE.fullmatch(line) for line in wanted):
        return None
    return [bytes.fromhex(line.decode("ascii")) for line in wanted]
