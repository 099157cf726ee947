"""Finds whole frames of any kind in a stream of bytes.

Whatever may begin a frame is examined where it stands, in the order it came in. What turns out
to be none costs one byte: the search goes on right behind it, so that a false beginning never
takes a whole frame with it. A false beginning is not waited for either, since each kind shows
within a few bytes (HDLC has a check over its header) that it is meant.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Protocol

from . import hdlc, mbus, p1
from .drops import Drop, Journal, Reason
from .verdict import NO_START, Ciphered, Short, Unit, Verdict, Whole

_CIPHERED: Final = 0xDB
_LARGEST_CIPHERED: Final = 4096
_STARTS: Final = re.compile(b"[%c%c%c]" % (hdlc.FLAG, p1.START, mbus.START))
#: A sender calls itself by three letters. At the end of the buffer they may be still to come.
_STARTS_OR_TITLE: Final = re.compile(
    rb"[%c%c%c]|\xdb(?=\Z|\x08(?:\Z|[A-Za-z](?:\Z|[A-Za-z](?:\Z|[A-Za-z]))))"
    % (hdlc.FLAG, p1.START, mbus.START)
)
#: Fill flags and line ends may stand between frames.
_FILL: Final = b"~\r\n\0 "
#: Fed in slices, so that the buffer stays small however much comes at once.
_SLICE: Final = 4096


class _Examiner(Protocol):
    def __call__(self, buffer: bytearray, start: int, *, ended: bool) -> Verdict: ...


def _examine_ciphered(buffer: bytearray, start: int, *, ended: bool) -> Verdict:
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


_EXAMINERS: Final[dict[int, _Examiner]] = {
    hdlc.FLAG: hdlc.examine,
    p1.START: p1.examine,
    mbus.START: mbus.examine,
    _CIPHERED: _examine_ciphered,
}


class Stream:
    """Turns bytes, in pieces of any size, into whole frames.

    It holds at most the largest possible frame (8 kB, a P1 telegram) and one slice of 4 kB.
    """

    def __init__(self, journal: Journal, damaged: Callable[[Drop], None]) -> None:
        self._journal = journal
        self._damaged = damaged
        self._buffer = bytearray()
        self._wanted = 1
        self._noise = 0
        self._explained = False
        self._fresh = True
        self._framed = False

    def feed(self, data: bytes) -> Iterable[Unit]:
        """Return the frames that ``data`` completes, one by one as they are asked for."""
        self._journal.bytes += len(data)
        if len(data) > _SLICE:
            return self._feed_slices(data)
        self._buffer += data
        return self._scan(ended=False) if len(self._buffer) >= self._wanted else ()

    def _feed_slices(self, data: bytes) -> Iterator[Unit]:
        for start in range(0, len(data), _SLICE):
            self._buffer += data[start : start + _SLICE]
            yield from self._scan(ended=False)

    def silence(self) -> Iterator[Unit]:
        """Yield what is whole after all, now that no byte came for about a second.

        Meters pause between bursts, so a frame that is still incomplete was cut or never one.
        """
        yield from self._scan(ended=True)
        self._settle_noise()
        self._fresh = True

    def clear(self) -> None:
        """Forget what has not become a frame."""
        self._buffer.clear()
        self._wanted = 1
        self._noise = 0
        self._explained = False
        self._fresh = True
        self._framed = False

    def _scan(self, *, ended: bool) -> Iterator[Unit]:
        buffer = self._buffer
        position = 0
        self._wanted = 1
        while (start := self._next_start(position)) < len(buffer):
            self._skip(position, start)
            position = start
            verdict = _EXAMINERS[buffer[start]](buffer, start, ended=ended)
            if isinstance(verdict, Whole):
                position = verdict.end
                unit = verdict.unit
                if isinstance(unit, Ciphered):
                    unit = unit._replace(behind_damage=not self._fresh)
                else:
                    self._fresh = False
                    self._framed = True
                self._settle_noise()
                self._journal.frames += 1
                if unit is not None:
                    yield unit
                continue
            if isinstance(verdict, Short):
                if not ended:
                    self._wanted = verdict.length
                    break
                if start == len(buffer) - 1 and buffer[start] == hdlc.FLAG:
                    # The flag that closed a frame may open the next one, after the pause.
                    break
                drop: Drop | None = Drop(
                    Reason.CUT,
                    f"a frame is cut: it ends after {len(buffer) - start} bytes",
                )
            else:
                drop = verdict.drop
            if drop is not None:
                self._explained = True
                self._damaged(drop)
            self._skip(position, position + 1)
            position += 1
        else:
            self._skip(position, len(buffer))
            position = len(buffer)
        del buffer[:position]

    def _next_start(self, position: int) -> int:
        buffer = self._buffer
        # A ciphered message without a frame has little of its own to be known by, and DB is an
        # ordinary byte elsewhere: it is looked for where a burst begins, and behind damage only
        # where nothing comes in frames.
        if self._fresh and buffer[position : position + 1] == b"\xdb":
            return position
        found = (_STARTS if self._framed else _STARTS_OR_TITLE).search(buffer, position)
        return found.start() if found else len(buffer)

    def _skip(self, start: int, end: int) -> None:
        if start < end:
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
