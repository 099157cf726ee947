"""HDLC frames of type 3, as the meters of Norway, Sweden, Denmark and Switzerland send them.

The end of a frame is found by its length and never by its flag: 7E and 7D are ordinary bytes
inside, and nothing is stuffed. Even a frame whose last byte of check is 7D is whole.
"""

from typing import Final

from .checksum import passes_x25
from .drops import Reason
from .verdict import NO_START, Information, Refused, Short, Verdict, Whole, refuse

FLAG: Final = 0x7E
_LARGEST: Final = 2 + 0x7FF


def examine(buffer: bytearray, start: int, *, ended: bool) -> Verdict:
    """Judge the flag at ``start`` as the opening of a frame.

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
    raw = buffer[start : start + 2 * _LARGEST]
    second = _examine(raw.replace(b"\r\n", b"\n"), 0)
    if isinstance(second, Short) and not ended and len(raw) < 2 * _LARGEST:
        return Short(len(raw) + 1)
    if isinstance(second, Whole):
        return Whole(start + _length_before(raw, second.end), second.unit)
    return verdict


def _examine(buffer: bytearray, start: int) -> Verdict:
    if len(buffer) - start < 2:
        return Short(2)
    if buffer[start + 1] & 0xF0 != 0xA0:
        return NO_START
    if (header := _header_size(buffer, start)) == 0:
        return Short(len(buffer) - start + 1)
    if header is None:
        return refuse(Reason.HCS, "no frame header after the flag: an address has no end")
    length = (buffer[start + 1] & 0x07) << 8 | buffer[start + 2]
    return _check_header(buffer, start, header, length) or _check(buffer, start, header, length)


def _header_size(buffer: bytearray, start: int) -> int | None:
    """Return the size of format, addresses, control and check; 0 if that is open, None if never.

    The control byte is not looked at: Kaifa says 10 where others say 13.
    """
    at = start + 3
    for _ in ("destination", "source"):
        size = _address_size(buffer, at)
        if size == 0:
            return 0
        if size not in {1, 2, 4}:
            return None
        at += size
    return at + 3 - start - 1


def _check_header(buffer: bytearray, start: int, header: int, length: int) -> Verdict | None:
    """Return why this is no frame, or not yet; ``None`` if the header is good.

    A frame without information has no check of its header but only that of the frame.
    """
    if length == header:
        return None
    if length < header + 3:
        return refuse(Reason.LENGTH, f"a frame of {length} bytes is too short for its header")
    if len(buffer) - start < header + 1:
        return Short(header + 1)
    if not passes_x25(buffer[start + 1 : start + 1 + header]):
        return refuse(Reason.HCS, f"the header check of a frame of {length} bytes is wrong")
    return None


def _check(buffer: bytearray, start: int, header: int, length: int) -> Verdict:
    """Judge a frame whose length is known."""
    if len(buffer) - start < length + 2:
        return Short(length + 2)
    if buffer[start + length + 1] != FLAG:
        return refuse(Reason.LENGTH, f"a frame of {length} bytes does not end where it should")
    frame = bytes(buffer[start + 1 : start + 1 + length])
    if not passes_x25(frame):
        return refuse(Reason.FCS, f"the frame check of a frame of {length} bytes is wrong")
    if length == header:
        return Whole(start + length + 1, None)
    more = bool(frame[0] & 0x08)
    return Whole(start + length + 1, Information(frame[header:-2], more, frame[2 : header - 3]))


def _address_size(buffer: bytearray, start: int) -> int:
    """Return how many bytes an address has; 0 if they have not come yet, 5 if it has no end."""
    for size in range(1, 5):
        if start + size > len(buffer):
            return 0
        if buffer[start + size - 1] & 1:
            return size
    return 5


def _length_before(raw: bytearray, length: int) -> int:
    """Return how many bytes became ``length`` bytes when the inserted ones were taken out."""
    before = length
    while len(raw[:before].replace(b"\r\n", b"\n")) < length:
        before += 1
    return before
