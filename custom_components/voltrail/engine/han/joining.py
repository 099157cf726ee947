"""Messages that come in parts."""

from typing import Final

from .axdr import length_at
from .drops import DropError, Reason

#: More than any meter sends in one message.
_LARGEST: Final = 8192


class Joiner:
    """Joins the parts of a message in the order of their numbers."""

    def __init__(self, first: int) -> None:
        self.first = first
        self._parts = bytearray()
        self._next = first

    @property
    def pending(self) -> bool:
        """Whether a message has begun."""
        return self._next != self.first

    def add(self, part: bytes, number: int, *, last: bool) -> bytes | None:
        """Take a part; return the message when it is the last one."""
        if number == self.first:
            self.clear()
        if number != self._next:
            expected = self._next
            self.clear()
            raise DropError(
                Reason.SEGMENT, f"part {number} of a message came where {expected} was expected"
            )
        self._parts += part
        self._next += 1
        if len(self._parts) > _LARGEST:
            self.clear()
            raise DropError(Reason.LENGTH, f"a message in parts is longer than {_LARGEST} bytes")
        if not last:
            return None
        whole = bytes(self._parts)
        self.clear()
        return whole

    def add_next(self, part: bytes, *, last: bool) -> bytes | None:
        """Take the next part of a message whose parts have no numbers."""
        return self.add(part, self._next, last=last)

    def clear(self) -> None:
        """Forget what has come of a message."""
        self._parts.clear()
        self._next = self.first


def block(apdu: bytes) -> tuple[bytes, int, bool]:
    """Take apart a general block transfer; return the part, its number and whether it is the last.

    It is ``E0 control number(2) acknowledged(2) length part`` (Landis+Gyr E450).
    """
    try:
        length, start = length_at(apdu, 6)
    except IndexError:
        raise DropError(Reason.APDU, "a block ends inside its header") from None
    if start + length != len(apdu):
        raise DropError(Reason.APDU, "a block has not the length it says")
    return apdu[start:], int.from_bytes(apdu[2:4]), bool(apdu[1] & 0x80)
