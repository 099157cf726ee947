"""Finds whole frames of any kind in a stream of bytes.

Whatever may begin a frame is examined where it stands, in the order it came in. What turns out
to be none costs one byte: the search goes on right behind it, so that a false beginning never
takes a whole frame with it. A false beginning is not waited for either, since each kind shows
within a few bytes (HDLC has a check over its header) that it is meant.
"""

import re
import sys
from collections.abc import Callable
from typing import Final

from . import hdlc, mbus, p1
from .drops import Drop, Journal, Reason
from .verdict import NO_START, Ciphered, Short, Unit, Verdict, Whole, refuse

_CIPHERED: Final = 0xDB
_LARGEST_CIPHERED: Final = 4096
#: An HDLC address: the last byte of one, two or four is odd.
_ODD: Final = b"[" + b"".join(b"\\x%02x" % byte for byte in range(1, 256, 2)) + b"]"
_ADDRESS: Final = b"(?:%b|(?:[^%b{1}|[^%b{3})%b)" % (_ODD, _ODD[1:], _ODD[1:], _ODD)
#: The first bytes of every kind of frame, as many as tell most of the noise from one; at the end of
#: the buffer they may be still to come. (Each false beginning that is looked at further costs as
#: much as a hundred bytes that are not; benchmarks/han.py, noise.)
_FRAME: Final = (
    rb"~(?:\Z|[\xa0-\xaf](?:.%b{2}|.{0,8}\Z))"
    rb"|/(?:[A-Za-z]{3}[0-9][^\r\n\0!/]{0,64}[\r\n\0]|[^\r\n\0!/]{0,68}\Z)"
    rb"|h(?:(.)\1hS|.{0,3}\Z)"
) % _ADDRESS
#: A sender calls itself by three letters.
_TITLE: Final = rb"\xdb(?:\Z|\x08(?:\Z|[A-Za-z](?:\Z|[A-Za-z](?:\Z|[A-Za-z]))))"
_STARTS: Final = re.compile(_FRAME, re.DOTALL)
_STARTS_OR_TITLE: Final = re.compile(_FRAME + b"|" + _TITLE, re.DOTALL)
#: Fill flags and line ends may stand between frames.
_FILL: Final = b"~\r\n\0 "
#: Fed in slices, so that the buffer stays small however much comes at once.
_SLICE: Final = 4096


def _examine_ciphered(buffer: bytearray, start: int) -> Verdict:
    """Judge the DB at ``start`` as a ciphered message without a frame, as in Luxembourg."""
    head = bytes(buffer[start : start + 13])
    if head[1:2] not in {b"", b"\x08"}:
        return NO_START
    if len(head) < 13:
        return Short(13)
    first = head[10]
    if first < 0x80:
        end = 11 + first
    elif first == 0x81:
        end = 12 + head[11]
    elif first == 0x82:
        end = 13 + (head[11] << 8 | head[12])
    else:
        return NO_START
    if end > _LARGEST_CIPHERED:
        return NO_START
    if len(buffer) - start < end:
        return Short(end)
    return Whole(start + end, Ciphered(bytes(buffer[start : start + end])))


class Stream:
    """Turns bytes, in pieces of any size, into whole frames.

    It holds at most the largest possible frame (8 kB, a P1 telegram) and one slice of 4 kB. Frames
    and damage are handed on in the order they stand in: the end of one message must not be joined
    to the beginning of another.
    """

    def __init__(
        self,
        journal: Journal,
        damaged: Callable[[Drop], None],
        found: Callable[[Unit], None],
        *,
        patience: int = sys.maxsize,
    ) -> None:
        """Make a stream; one that ends is given up after so many false beginnings."""
        self._journal = journal
        self._damaged = damaged
        self._found = found
        self._patience = patience
        self.refused = 0
        """False beginnings so far."""
        self._headers = hdlc.Headers()
        self._telegrams = p1.Finder()
        self.clear()

    def clear(self) -> None:
        """Forget what has not become a frame."""
        self._buffer = bytearray()
        self._telegrams.clear()
        self._wanted = 1
        self._in_text = False
        self._noise = 0
        self._explained = False
        self._fresh = True
        self._framed = False

    def feed(self, data: bytes) -> None:
        """Hand on the frames that ``data`` completes."""
        self._journal.bytes += len(data)
        if len(data) > _SLICE:
            for start in range(0, len(data), _SLICE):
                self._buffer += data[start : start + _SLICE]
                self._scan(ended=False)
            return
        self._buffer += data
        if len(self._buffer) >= self._wanted:
            self._scan(ended=False)
        elif self._in_text and (b"!" in data or b"/" in data):
            # In a telegram all other bytes only make it longer: most pieces are not looked at
            # (of 11 pieces of 64 bytes 10; benchmarks/han.py, P1 telegram).
            self._scan(ended=False)

    def silence(self) -> None:
        """Hand on what is whole after all, now that no byte came for about a second.

        Meters pause between bursts, so a frame that is still incomplete was cut or never one.
        """
        self._scan(ended=True)
        self._settle_noise()
        self._fresh = True

    def _scan(self, *, ended: bool) -> None:
        buffer = self._buffer
        position = 0
        self._wanted = 1
        self._in_text = False
        while (start := self._next_start(position)) < len(buffer):
            if position < start:
                self._skip(position, start)
                position = start
            is_hdlc = buffer[start] == hdlc.FLAG
            examine = self._headers.examine if is_hdlc else self._examine_others
            verdict = examine(buffer, start, ended=ended)
            if isinstance(verdict, Whole):
                position = verdict.end
                self._take(verdict.unit)
                continue
            if isinstance(verdict, Short):
                if self._waits(verdict, start, ended=ended):
                    break
                length = len(buffer) - start
                verdict = refuse(Reason.CUT, f"a frame is cut: it ends after {length} bytes")
            self._refuse(position, verdict.drop)
            position += 1
        else:
            if position < len(buffer):
                self._skip(position, len(buffer))
            position = len(buffer)
        if position:
            del buffer[:position]
            if self._telegrams.searched:
                self._telegrams.move(position)

    def _waits(self, verdict: Short, start: int, *, ended: bool) -> bool:
        """Whether more bytes may still decide."""
        if ended:
            # The flag that closed a frame may open the next one, after the pause.
            return start == len(self._buffer) - 1 and self._buffer[start] == hdlc.FLAG
        self._wanted = verdict.length
        self._in_text = verdict.in_text
        return True

    def _next_start(self, position: int) -> int:
        buffer = self._buffer
        if self.refused > self._patience:
            return len(buffer)
        # A ciphered message without a frame has little of its own to be known by, and DB is an
        # ordinary byte elsewhere: it is looked for where a burst begins, and behind damage only
        # where nothing comes in frames.
        if self._fresh and buffer[position : position + 1] == b"\xdb":
            return position
        found = (_STARTS if self._framed else _STARTS_OR_TITLE).search(buffer, position)
        return found.start() if found else len(buffer)

    def _examine_others(self, buffer: bytearray, start: int, *, ended: bool) -> Verdict:
        first = buffer[start]
        if first == p1.START:
            return self._telegrams.examine(buffer, start, ended=ended)
        if first == mbus.START:
            return mbus.examine(buffer, start)
        return _examine_ciphered(buffer, start)

    def _take(self, unit: Unit | None) -> None:
        if isinstance(unit, Ciphered):
            unit = unit._replace(behind_damage=not self._fresh)
        else:
            self._fresh = False
            self._framed = True
        if self._noise or self._explained:
            self._settle_noise()
        self._journal.frames += 1
        if unit is not None:
            self._found(unit)

    def _refuse(self, position: int, drop: Drop | None) -> None:
        self.refused += 1
        if drop is not None:
            self._explained = True
            self._damaged(drop)
        self._skip(position, position + 1)

    def _skip(self, start: int, end: int) -> None:
        self._noise += len(self._buffer[start:end].translate(None, _FILL))
        self._fresh = False

    def _settle_noise(self) -> None:
        """Report bytes that were no frame, unless the frame they came from was reported."""
        if self._noise and not self._explained:
            self._damaged(
                Drop(
                    Reason.NOISE,
                    f"{self._noise} bytes belong to no frame: noise, or the wrong speed or parity",
                )
            )
        self._noise = 0
        self._explained = False
