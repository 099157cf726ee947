"""HDLC frames of type 3, as the meters of Norway, Sweden, Denmark and Switzerland send them.

The end of a frame is found by its length and never by its flag: 7E and 7D are ordinary bytes
inside, and nothing is stuffed. Even a frame whose last byte of check is 7D is whole.
"""

from typing import Final, NamedTuple

from .checksum import passes_x25
from .drops import Reason
from .verdict import NO_START, Information, Refused, Short, Verdict, Whole, refuse

FLAG: Final = 0x7E
_TWO_FLAGS: Final = b"~~"
_LARGEST: Final = 2 + 0x7FF
#: A flag, and a header with the longest addresses.
_LONGEST_HEADER: Final = 1 + 2 + 4 + 4 + 1 + 2
#: A header that is to be remembered stands within so many bytes; those of all meters do.
_REMEMBERED: Final = 8
_MOST_HEADERS: Final = 16


class _Header(NamedTuple):
    """The header of a frame: format, addresses, control and check."""

    size: int
    length: int
    """Of the whole frame, without its flags."""
    more: bool
    address: bytes


class Headers:
    """Finds frames, and remembers the headers of good ones: a meter has few of them."""

    def __init__(self) -> None:
        self._known: dict[bytes, _Header] = {}

    def examine(self, buffer: bytearray, start: int, *, ended: bool) -> Verdict:
        """Judge the flag at ``start`` as the opening of a frame.

        A header that was good before is good again: then only the frame's own check is left to do
        (a third of the time of a short list; benchmarks/han.py, Aidon list 1).
        """
        key = bytes(buffer[start + 1 : start + 1 + _REMEMBERED])
        if (header := self._known.get(key)) is not None:
            if len(buffer) - start < header.length + 2:
                return Short(header.length + 2)
            end = start + header.length + 1
            frame = bytes(buffer[start + 1 : end])
            if buffer[end] == FLAG and passes_x25(frame):
                content = frame[header.size : -2]
                # Most meters open the next frame with a flag of its own.
                own = buffer[end : end + 2] == _TWO_FLAGS
                return Whole(end + own, Information(content, header.more, header.address))
        verdict = _examine_twice(buffer, start, ended=ended)
        if isinstance(verdict, Whole) and verdict.unit is not None:
            self._remember(key, buffer, start)
        return verdict

    def _remember(self, key: bytes, buffer: bytearray, start: int) -> None:
        header = _header(buffer, start)
        # What an adapter has spoilt and was put right has another header than stands here.
        if not isinstance(header, _Header) or header.size > _REMEMBERED:
            return
        if len(self._known) >= _MOST_HEADERS:
            self._known.clear()
        self._known[key] = header


def _examine_twice(buffer: bytearray, start: int, *, ended: bool) -> Verdict:
    """Judge a frame, and what it was before an adapter spoilt it.

    The OSS "brick" adapter inserts 0D before each 0A. That can be undone, but only as a second
    attempt on what failed: a healthy frame may contain the pair itself.
    """
    verdict = _examine(buffer, start)
    if not isinstance(verdict, Refused) or verdict.drop is None:
        return verdict
    if buffer.endswith(b"\r") and not ended and len(buffer) - start < _LARGEST:
        # The other half of a pair may be the next byte.
        return Short(len(buffer) - start + 1)
    if buffer.find(b"\r\n", start, start + _LARGEST) < 0:
        return verdict
    return _examine_unspoilt(buffer, start, ended=ended) or verdict


def _examine_unspoilt(buffer: bytearray, start: int, *, ended: bool) -> Verdict | None:
    """Judge a frame without the bytes that were inserted; ``None`` if that makes it no better."""
    # The header first: most of what is refused has none after this attempt either, and the whole
    # would be copied for each false beginning (test_speed.py counts the calls).
    head = buffer[start : start + 2 * _LONGEST_HEADER].replace(b"\r\n", b"\n")
    if isinstance(_header(head, 0), Refused):
        return None
    raw = buffer[start : start + 2 * _LARGEST]
    second = _examine(raw.replace(b"\r\n", b"\n"), 0)
    if isinstance(second, Short) and not ended and len(raw) < 2 * _LARGEST:
        return Short(len(raw) + 1)
    if isinstance(second, Whole):
        return Whole(start + _length_before(raw, second.end), second.unit)
    return None


def _examine(buffer: bytearray, start: int) -> Verdict:
    header = _header(buffer, start)
    if not isinstance(header, _Header):
        return header
    size, length, more, address = header
    if len(buffer) - start < length + 2:
        return Short(length + 2)
    if buffer[start + length + 1] != FLAG:
        return refuse(Reason.LENGTH, f"a frame of {length} bytes does not end where it should")
    frame = bytes(buffer[start + 1 : start + 1 + length])
    if not passes_x25(frame):
        return refuse(Reason.FCS, f"the frame check of a frame of {length} bytes is wrong")
    if length == size:
        return Whole(start + length + 1, None)
    return Whole(start + length + 1, Information(frame[size:-2], more, address))


def _header(buffer: bytearray, start: int) -> _Header | Short | Refused:
    """Return the header behind the flag at ``start``, if there is a good one.

    The control byte is not looked at: Kaifa says 10 where others say 13.
    """
    if len(buffer) - start < 2:
        return Short(2)
    if buffer[start + 1] & 0xF0 != 0xA0:
        return NO_START
    at = start + 3
    for _ in ("destination", "source"):
        size = _address_size(buffer, at)
        if size == 0:
            return Short(len(buffer) - start + 1)
        if size not in {1, 2, 4}:
            return NO_START
        at += size
    length = (buffer[start + 1] & 0x07) << 8 | buffer[start + 2]
    more = bool(buffer[start + 1] & 0x08)
    header = _Header(at + 2 - start, length, more, bytes(buffer[start + 3 : at]))
    return _wrong(buffer, start, header) or header


def _wrong(buffer: bytearray, start: int, header: _Header) -> Short | Refused | None:
    """Return why a header is none, or not yet.

    A frame without information has no check of its header but only that of the frame.
    """
    size, length, _, _ = header
    if length == size:
        return None
    if length < size + 3:
        return refuse(Reason.LENGTH, f"a frame of {length} bytes is too short for its header")
    if len(buffer) - start < size + 1:
        return Short(size + 1)
    if not passes_x25(buffer[start + 1 : start + 1 + size]):
        return refuse(Reason.HCS, f"the header check of a frame of {length} bytes is wrong")
    return None


def _address_size(buffer: bytearray, start: int) -> int:
    """Return how many bytes an address has; 0 if they have not come yet, 5 if it has no end."""
    try:
        for size in (1, 2, 3, 4):
            if buffer[start + size - 1] & 1:
                return size
    except IndexError:
        return 0
    return 5


def _length_before(raw: bytearray, length: int) -> int:
    """Return how many bytes became ``length`` bytes when the inserted ones were taken out."""
    before = length
    while len(raw[:before].replace(b"\r\n", b"\n")) < length:
        before += 1
    return before
