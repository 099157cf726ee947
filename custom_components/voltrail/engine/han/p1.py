"""P1 telegrams in the stream: text from a slash to an exclamation mark and its check."""

import re
from typing import Final

from .checksum import crc_arc
from .drops import Reason
from .verdict import NO_START, Short, Telegram, Verdict, Whole, refuse

START: Final = 0x2F
_END: Final = 0x21
#: A telegram with a text message of the network operator stays below this.
LARGEST: Final = 8192
_LONGEST_NAME: Final = 70

#: Neither mark can be part of a name.
_IDENTIFICATION: Final = re.compile(rb"/[A-Za-z]{3}[0-9][^\r\n\0!/]{0,64}[\r\n\0]")
_BEGUN: Final = re.compile(rb"/(?:[A-Za-z]{1,3}|[A-Za-z]{3}[0-9][^\r\n\0!/]{0,64})?")
#: What stops a telegram: its end, the beginning of the next if this one was cut, or no text.
_STOP: Final = re.compile(rb"[^\r\n\0\t \"-.0-~](?:(?<![!/])|(?<=[\r\n\0][!/]))")
_DIGITS: Final = re.compile(rb"[0-9A-Fa-f]+")
_LINE_END: Final = re.compile(rb"(?:\r[\n\0]|\n|\0)")
LINE: Final = re.compile(
    rb"(\d{1,3})-(\d{1,3}):(\d{1,3}\.\d{1,3}\.\d{1,3})(?:[.*](\d{1,3}))?"
    rb"((?:\([^()\r\n\0]*\))+)"
)
#: Without a check a line must be flawless: numbers with units, numbers, plain words or nothing.
#: Some values of sub-meters stand on a line of their own.
_FLAWLESS: Final = re.compile(
    rb"(?:\d{1,3}-\d{1,3}:\d{1,3}\.\d{1,3}\.\d{1,3}(?:[.*]\d{1,3})?)?"
    rb"(?:\((?:-?\d+(?:\.\d+)?\*[A-Za-z]+\d?|[\w.:-]*)\))+"
)


class Finder:
    """Finds telegrams in a buffer; looks for their end at each byte once, in whatever pieces."""

    def __init__(self) -> None:
        self.searched = 0
        """Up to where in the buffer nothing stops a telegram."""

    def clear(self) -> None:
        """Begin with an empty buffer."""
        self.searched = 0

    def move(self, count: int) -> None:
        """Take note that the first bytes of the buffer were taken away."""
        self.searched = max(self.searched - count, 0)

    def examine(self, buffer: bytearray, start: int, *, ended: bool) -> Verdict:
        """Judge the slash at ``start`` as the beginning of a telegram."""
        if _IDENTIFICATION.match(buffer, start) is None:
            open_end = _BEGUN.fullmatch(buffer, start, start + _LONGEST_NAME)
            return Short(len(buffer) - start + 1) if open_end and not ended else NO_START
        stop = self._stop(buffer, start)
        if stop is None:
            if len(buffer) - start >= LARGEST:
                return refuse(Reason.LENGTH, f"a P1 telegram has no end within {LARGEST} bytes")
            return Short(LARGEST, in_text=True)
        if buffer[stop] == START:
            return refuse(Reason.CUT, "a P1 telegram is cut: another one begins in it")
        if buffer[stop] != _END:
            return refuse(Reason.P1_LINE, "a P1 telegram is interrupted by bytes that are no text")
        # One bridge replaces each line feed by a zero byte. The meter counted the line feed.
        text = bytes(buffer[start : stop + 1]).replace(b"\0", b"\n")
        return _check(buffer, start, stop + 1, text, ended=ended)

    def _stop(self, buffer: bytearray, start: int) -> int | None:
        """Return where the telegram stops, as far as it has come."""
        limit = min(len(buffer), start + LARGEST)
        found = _STOP.search(buffer, max(start + 5, self.searched), limit)
        self.searched = found.start() if found else max(limit, self.searched)
        return found and found.start()


def _check(buffer: bytearray, start: int, at: int, text: bytes, *, ended: bool) -> Verdict:
    """Look at what stands behind the exclamation mark: four digits of check, or no check at all."""
    tail = bytes(buffer[at : at + 4])
    digits = _DIGITS.match(tail)
    if digits is None:
        return _without_check(tail, at, start, text, ended=ended)
    if digits.end() == len(tail) < 4 and not ended:
        return Short(at + 4 - start)
    if digits.end() < 4:
        return refuse(Reason.P1_CRC, "the check of a P1 telegram is cut")
    if (sent := int(tail, 16)) != (computed := crc_arc(text)):
        return refuse(
            Reason.P1_CRC,
            f"the check of a P1 telegram is wrong: {sent:04X}, computed {computed:04X}",
        )
    return Whole(at + 4, Telegram(text, checked=True))


def _without_check(tail: bytes, at: int, start: int, text: bytes, *, ended: bool) -> Verdict:
    if tail in {b"", b"\r"}:
        if not ended:
            return Short(at + len(tail) + 1 - start)
    elif _LINE_END.match(tail) is None:
        return refuse(Reason.P1_CRC, "the check of a P1 telegram is not readable")
    if not _all_lines_readable(text):
        return refuse(Reason.P1_LINE, "a P1 telegram without a check has an unreadable line")
    return Whole(at, Telegram(text, checked=False))


def _all_lines_readable(text: bytes) -> bool:
    """Whether every line of a telegram is flawless: all there is to trust without a check."""
    _, *lines = text[:-1].splitlines()
    return all(not line or _FLAWLESS.fullmatch(line) for line in lines)
