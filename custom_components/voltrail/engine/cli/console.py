"""What is written where: results to standard output, everything else to standard error.

Colours, progress and redrawing are for terminals only.
"""

import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final, TextIO

WIDTH: Final = 80
"""Every table fits a terminal of this width, and so does a mail or an issue."""

_CLEAR_LINE: Final = "\r\x1b[K"
_OPEN_SCREEN: Final = "\x1b[?1049h\x1b[?25l"
_CLOSE_SCREEN: Final = "\x1b[?25h\x1b[?1049l"
_HOME: Final = "\x1b[H"
_CLEAR_REST_OF_LINE: Final = "\x1b[K"
_CLEAR_BELOW: Final = "\x1b[J"


class Style(StrEnum):
    """How a piece of text stands out."""

    STRONG = "1"
    BAD = "31"


class Console:
    """The two streams of the program."""

    def __init__(self, out: TextIO | None = None, err: TextIO | None = None) -> None:
        self._out = out or sys.stdout or _nowhere()
        self._err = err or sys.stderr or _nowhere()
        for stream in (self._out, self._err):
            # A terminal that cannot show a degree sign must not end the program.
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="replace")
        self.terminal = _is_terminal(self._out)
        self._colourful = self.terminal and _wants_colour()
        self._talkative = _is_terminal(self._err)

    @property
    def width(self) -> int:
        """How wide a table may be."""
        return min(WIDTH, shutil.get_terminal_size().columns) if self.terminal else WIDTH

    def styled(self, text: str, style: Style) -> str:
        """Return the text so that it stands out, if there are eyes to see it."""
        return f"\x1b[{style}m{text}\x1b[0m" if self._colourful and text else text

    # -- results --

    def line(self, text: str = "") -> None:
        """Write a line of the result; at once, since a reader may be waiting for it."""
        self._out.write(f"{text}\n")
        self._out.flush()

    def lines(self, lines: Sequence[str]) -> None:
        """Write lines of the result."""
        self.line("\n".join(lines))

    def json(self, value: Any, *, indent: int | None = None) -> None:
        """Write an object of the result, on one line unless it is to be indented."""
        encoding = (getattr(self._out, "encoding", None) or "").lower()
        unicode = encoding.startswith("utf")
        self.line(json.dumps(value, indent=indent, ensure_ascii=not unicode, allow_nan=False))

    def flush(self) -> None:
        """Flush all of the result."""
        self._out.flush()

    @contextmanager
    def screen(self) -> Iterator[Screen]:
        """Take the whole terminal for a while, and give it back as it was."""
        self._out.write(_OPEN_SCREEN)
        try:
            yield Screen(self._out)
        finally:
            self._out.write(_CLOSE_SCREEN)
            self._out.flush()

    # -- everything else --

    def note(self, text: str) -> None:
        """Say something that is not the result."""
        self._err.write(f"voltrail: {text}\n")
        self._err.flush()

    @contextmanager
    def progress(self, text: str) -> Iterator[None]:
        """Say what is going on while it goes on, and leave no trace of it."""
        if not self._talkative:
            yield
            return
        self._err.write(f"{text} …")
        self._err.flush()
        try:
            yield
        finally:
            self._err.write(_CLEAR_LINE)
            self._err.flush()


class Screen:
    """A terminal that shows one page, again and again."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def show(self, lines: Sequence[str]) -> None:
        """Show these lines in the place of the last ones; what is too much is left out."""
        height = shutil.get_terminal_size().lines
        if len(lines) > height:
            hidden = len(lines) - height + 1
            lines = [*lines[: height - 1], f"{hidden} more lines: make the window higher"]
        page = "\n".join(f"{line}{_CLEAR_REST_OF_LINE}" for line in lines)
        self._out.write(f"{_HOME}{page}{_CLEAR_BELOW}")
        self._out.flush()


def _nowhere() -> TextIO:
    """Stand in for a stream that was closed before the program began."""
    return Path(os.devnull).open("w", encoding="utf-8")


def _is_terminal(stream: TextIO) -> bool:
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def _wants_colour() -> bool:
    return not os.environ.get("NO_COLOR")
