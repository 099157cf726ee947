"""Decodes a recording: lines of hexadecimal digits with comments, or the bytes themselves.

Bytes are decoded as they come, so that a live port can be piped in, and so are lines of digits that
begin with a frame. Other digits are read to their end first: only then is it known whether their
lines are messages or pieces of one.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from .clock import Zone
from .drops import Drop, Reason
from .message import Message
from .payload import PayloadKind, PayloadReader
from .reader import HanReader

type Found = Message | Drop

_DIGITS: Final = re.compile(rb"(?:[0-9A-Fa-f\s]++|#[^\n]*+)*+")
_COMMENT: Final = re.compile(rb"#[^\n]*")
_HEX: Final = re.compile(rb"[0-9A-Fa-f]*")
_PREAMBLE: Final = re.compile(rb"(?:\s++|#[^\n]*\n)*+")
#: The first byte of a whole line of digits.
_FIRST_BYTE: Final = re.compile(rb"([0-9A-Fa-f]{2})[0-9A-Fa-f \t\r]*(?:#[^\n]*)?\n")
#: What every frame, telegram and ciphered message begins with, but none of their contents.
_FRAME_STARTS: Final = b"\x7e\x68\xdb/"
_LARGEST_PAYLOAD: Final = 65536
#: A month of what a gateway collects. More of it would fill the memory before it was decoded.
_MOST_DIGITS: Final = 64 * 1024 * 1024


def decode_dump(
    data: bytes | Iterable[bytes],
    *,
    encryption_key: bytes | None = None,
    authentication_key: bytes | None = None,
    zone: Zone = Zone.AUTOMATIC,
) -> Iterator[Found]:
    """Yield the messages in a recording, and what of it was dropped, in their order.

    It may come in pieces. Lines of digits are a stream, or each of them is what an MQTT message
    may be: the content of a frame, a batch. So are bytes that are no stream.
    """
    stream = HanReader(
        encryption_key=encryption_key, authentication_key=authentication_key, zone=zone
    )
    payloads = PayloadReader(
        encryption_key=encryption_key, authentication_key=authentication_key, zone=zone
    )
    pieces = iter((data,) if isinstance(data, bytes) else data)
    text = bytearray()
    begin = judged = 0
    for piece in pieces:
        text += piece
        if b"\n" in piece:
            begin = _begin(text, begin)
            if _is_a_frame(text, begin):
                yield from _something(_of_lines(bytes(text), pieces, stream))
                return
        if _DIGITS.fullmatch(text, judged) is None:
            yield from _something(_of_bytes(bytes(text), pieces, stream, payloads))
            return
        if len(text) > _MOST_DIGITS:
            yield _too_many()
            return
        judged = _still_open(text, judged)
    digits = _COMMENT.sub(b"", text)
    if digits.strip():
        yield from _something(_of_digits(digits, stream, payloads))


def _begin(text: bytearray, begin: int) -> int:
    """Return where the first digits are, if not before ``begin``."""
    found = _PREAMBLE.match(text, begin)
    assert found is not None, "it may be empty"
    return found.end()


def _is_a_frame(text: bytearray, begin: int) -> bool:
    found = _FIRST_BYTE.match(text, begin)
    return found is not None and int(found[1], 16) in _FRAME_STARTS


def _still_open(text: bytearray, judged: int) -> int:
    """Return from where on digits are to be judged again: a comment may go on in the next piece."""
    line = max(text.rfind(b"\n", judged) + 1, judged)
    comment = text.find(b"#", line)
    return len(text) if comment < 0 else comment


def _too_many() -> Drop:
    return Drop(
        Reason.LENGTH,
        f"more than {_MOST_DIGITS >> 20} MB of digits that are no lines with frames: cut it up",
    )


def _something(found: Iterator[Found]) -> Iterator[Found]:
    """Yield what was found; if it was nothing at all, say so."""
    nothing = True
    for one in found:
        nothing = False
        yield one
    if nothing:
        yield Drop(Reason.NOISE, "nothing in it comes from a meter")


def _of_bytes(
    first: bytes, rest: Iterable[bytes], stream: HanReader, payloads: PayloadReader
) -> Iterator[Found]:
    if _is_batch(first):
        whole = bytearray(first)
        for piece in rest:
            whole += piece
            if len(whole) > _LARGEST_PAYLOAD:
                # No batch is so long; its reader says so.
                break
        yield from _as_payloads([bytes(whole)], payloads)
        return
    seen = bytearray()
    for piece in chain((first,), rest):
        if len(seen) <= _LARGEST_PAYLOAD:
            seen += piece
        yield from stream.feed(piece)
        yield from stream.take_drops()
    ended = list(_ended(stream))
    if stream.journal.frames or len(seen) > _LARGEST_PAYLOAD:
        yield from ended
    else:
        yield from _better(ended, _as_payloads([bytes(seen)], payloads))


def _of_lines(first: bytes, rest: Iterable[bytes], stream: HanReader) -> Iterator[Found]:
    """Decode lines of a stream as they come."""
    unfinished = bytearray()
    for piece in chain((first,), rest):
        *lines, last = piece.split(b"\n")
        for line in lines:
            yield from _of_line(bytes(unfinished + line), stream)
            unfinished.clear()
        unfinished += last
        if len(unfinished) > _MOST_DIGITS:
            yield _too_many()
            return
    yield from _of_line(bytes(unfinished), stream)
    yield from _ended(stream)


def _of_line(line: bytes, stream: HanReader) -> Iterator[Found]:
    digits = b"".join(_COMMENT.sub(b"", line).split())
    if _HEX.fullmatch(digits) is None:
        yield Drop(Reason.NOISE, "a line is neither digits nor a comment")
    elif len(digits) % 2:
        yield _half_a_byte(digits)
    else:
        yield from stream.feed(bytes.fromhex(digits.decode("ascii")))
        yield from stream.take_drops()


def _half_a_byte(digits: bytes) -> Drop:
    return Drop(Reason.CUT, f"a line of {len(digits)} digits has half a byte too much")


def _of_digits(digits: bytes, stream: HanReader, payloads: PayloadReader) -> Iterator[Found]:
    lines: list[bytes] = []
    for line in digits.splitlines():
        text = b"".join(line.split())
        if len(text) % 2:
            yield _half_a_byte(text)
        elif text:
            lines.append(bytes.fromhex(text.decode("ascii")))
    if not lines:
        return
    if _is_batch(lines[0]):
        yield from _as_payloads(lines, payloads)
        return
    found = list(_as_stream(lines, stream))
    if lines[0][0] not in _FRAME_STARTS and not _has_message(found):
        # Not before: without their frames, contents have no check.
        found = _better(list(_as_payloads(lines, payloads)), found)
        found = _better(found, _as_payloads([b"".join(lines)], payloads))
    yield from found


def _as_payloads(lines: Iterable[bytes], reader: PayloadReader) -> Iterator[Found]:
    for line in lines:
        yield from reader.read(line).messages
        yield from reader.take_drops()


def _as_stream(pieces: Iterable[bytes], reader: HanReader) -> Iterator[Found]:
    for piece in pieces:
        yield from reader.feed(piece)
        yield from reader.take_drops()
    yield from _ended(reader)


def _ended(reader: HanReader) -> Iterator[Found]:
    yield from reader.silence()
    yield from reader.take_drops()


def _is_batch(data: bytes) -> bool:
    """Whether this is what a gateway has collected, with whole frames inside."""
    return PayloadReader().read(data).kind is PayloadKind.BATCH


def _has_message(found: Iterable[Found]) -> bool:
    return any(isinstance(one, Message) for one in found)


def _better(first: list[Found], second: Iterable[Found]) -> list[Found]:
    """Return the second way to read a recording if only it makes sense of it."""
    if _has_message(first):
        return first
    found = list(second)
    return found if _has_message(found) else first
