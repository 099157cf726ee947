"""Wired M-Bus long frames, in which Austrian meters send their ciphered messages."""

from typing import Final

from .drops import Reason
from .verdict import NO_START, LongFrame, Short, Verdict, Whole, refuse

START: Final = 0x68
_STOP: Final = 0x16
_SEND_USER_DATA: Final = 0x53
#: Without data it is 53, the address, the part, 01 and 67.
_SHORTEST: Final = 5


def examine(buffer: bytearray, start: int) -> Verdict:
    """Judge the 68 at ``start`` as the beginning of ``68 L L 68 53 FF CI 01 67 data sum 16``."""
    head = bytes(buffer[start : start + 5])
    if not _begins_frame(head):
        return NO_START
    if len(head) < 5:
        return Short(len(head) + 1)
    length = _length(head[1])
    if len(buffer) - start < length + 6:
        return Short(length + 6)
    content = bytes(buffer[start + 4 : start + 4 + length])
    if buffer[start + 5 + length] != _STOP or buffer[start + 4 + length] != sum(content) & 0xFF:
        return refuse(
            Reason.MBUS_CHECKSUM, f"the check sum of an M-Bus frame of {length} bytes is wrong"
        )
    # 53, the address, then: which part this is, and whether it is the last one.
    part = content[2]
    if part & 0xE0:
        return refuse(Reason.APDU, f"an M-Bus frame carries something else than parts (CI {part})")
    unit = LongFrame(content[5:], part & 0x0F, bool(part & 0x10))
    return Whole(start + length + 6, unit)


def _begins_frame(head: bytes) -> bool:
    """Whether a frame may begin so, as far as it has come: 68, the length twice, 68 and 53."""
    length = head[1:2] or b"\xff"
    frame = bytes((START,)) + 2 * length + bytes((START, _SEND_USER_DATA))
    return frame.startswith(head)


def _length(sent: int) -> int:
    """Return the length of the content, of which only the low byte is sent.

    Sagemcom's T210-D sends 257 bytes as 01. Nothing can be shorter than the shortest.
    """
    return sent if sent >= _SHORTEST else sent + 0x100
