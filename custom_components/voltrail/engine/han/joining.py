"""Messages that come in parts."""

from collections.abc import Callable
from typing import Final

from .axdr import length_at
from .drops import Drop, DropError, Reason

#: More than any meter sends in one message.
_LARGEST: Final = 8192


class Joiner:
    """Joins the parts of a message in the order of their numbers.

    A message that lost a part is named once; its other parts are then ignored until one begins
    the next message.
    """

    def __init__(self, first: int, drop: Callable[[Drop], None]) -> None:
        self._first = first
        self._drop = drop
        self._parts = bytearray()
        self._next = first
        self._is_lost = False

    @property
    def pending(self) -> bool:
        """Whether a message has begun."""
        return self._next != self._first

    def add(self, part: bytes, number: int, *, last: bool) -> bytes | None:
        """Take a part; return the message when it is the last one."""
        if number == self._first:
            if self.pending:
                self._lose(Reason.SEGMENT, "a message in parts was not finished")
            self.clear()
        elif number != self._next:
            self._lose(
                Reason.SEGMENT, f"part {number} of a message came where {self._next} was expected"
            )
            return None
        self._parts += part
        self._next += 1
        if len(self._parts) > _LARGEST:
            self._lose(Reason.LENGTH, f"a message in parts is longer than {_LARGEST} bytes")
            return None
        if not last:
            return None
        whole = bytes(self._parts)
        self.clear()
        return whole

    def add_next(self, part: bytes, *, last: bool) -> bytes | None:
        """Take the next part of a message whose parts have no numbers."""
        return self.add(part, self._next, last=last)

    def break_off(self) -> None:
        """Ignore the rest of a message: something was damaged, and that was said."""
        if not self._is_lost:
            self.clear()
            self._is_lost = True

    def clear(self) -> None:
        """Forget what has come of a message."""
        self._parts.clear()
        self._next = self._first
        self._is_lost = False

    def _lose(self, reason: Reason, text: str) -> None:
        if not self._is_lost:
            self._drop(Drop(reason, text))
        self.break_off()


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
