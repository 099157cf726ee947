"""The mean power of windows that follow the local clock: quarters of an hour, hours.

What a tariff counts is the energy of a window. It is taken from the differences of the meter's
own counter where there is one, and from the power only to fill in what no counter has told yet.
A window with a gap that nothing fills counts as unknown. Moments are seconds since 1970.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

LONGEST_GAP_S: Final = 300.0
"""A window in which nothing is known for longer than this counts as unknown."""
_HOUR_S: Final = 3600.0
_RESOLUTION_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class WindowRule:
    """Windows of a length, aligned to the clock of a zone."""

    length_s: int
    zone: tzinfo = UTC

    def span(self, at: float) -> tuple[float, float]:
        """Return the begin and the end of the window that a moment lies in.

        A change of the clock within a window ends it, and the next one begins.
        """
        offset = self.offset(at)
        start = (at + offset) // self.length_s * self.length_s - offset
        end = start + self.length_s
        if self.offset(start) != offset:
            start = self._change(start, at)
        if self.offset(end - 1) != offset:
            end = self._change(at, end)
        return start, end

    def offset(self, at: float) -> float:
        """Return how far the local clock is ahead of UTC."""
        offset = datetime.fromtimestamp(at, self.zone).utcoffset()
        return offset.total_seconds() if offset is not None else 0.0

    def _change(self, before: float, after: float) -> float:
        """Return when the clock was changed between two moments."""
        old = self.offset(before)
        low, high = before // _RESOLUTION_S, after // _RESOLUTION_S + 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (
                (middle, high) if self.offset(middle * _RESOLUTION_S) == old else (low, middle)
            )
        return high * _RESOLUTION_S


@dataclass(frozen=True, slots=True)
class ClosedWindow:
    """A window that is over; ``mean_w`` is None where it is not known."""

    start_s: float
    end_s: float
    mean_w: float | None


@dataclass(slots=True)
class Piece:
    """What of one window is known by power alone since the last word of the counter."""

    start_s: float
    end_s: float
    energy_wh: float = 0.0
    counted_wh: float = 0.0
    """What the counter has told of this window."""
    unknown_s: float = 0.0
    longest_unknown_s: float = 0.0
    open_s: float = 0.0
    """Of what is unknown so much came since the last word of the counter: it may still tell."""
    longest_open_s: float = 0.0

    @property
    def total_wh(self) -> float:
        """What the window has used so far."""
        return self.counted_wh + self.energy_wh

    @property
    def longest_gap_s(self) -> float:
        """The longest time of which nothing is known."""
        return max(self.longest_unknown_s, self.longest_open_s)

    def blind(self, seconds: float) -> None:
        """Note that nothing is known of some seconds, unless a counter tells."""
        self.open_s += seconds
        self.longest_open_s = max(self.longest_open_s, seconds)

    def give_up(self) -> None:
        """Take for unknown what no counter has told."""
        self.unknown_s += self.open_s
        self.longest_unknown_s = self.longest_gap_s
        self.fill()

    def fill(self) -> None:
        """Take for known what was open: a counter has told."""
        self.open_s = self.longest_open_s = 0.0

    def closed(self) -> ClosedWindow:
        """Return what became of it."""
        known = self.longest_gap_s <= LONGEST_GAP_S and self.end_s > self.start_s
        length = self.end_s - self.start_s
        # What is missing in a window that is known was as the rest of it.
        measured = max(length - self.unknown_s - self.open_s, 1.0)
        mean = self.total_wh * _HOUR_S / measured if known else None
        return ClosedWindow(self.start_s, self.end_s, mean)


@dataclass(slots=True)
class MeanWindow:
    """Adds up windows one after the other."""

    rule: WindowRule
    pieces: list[Piece] = field(default_factory=list)
    """The present window last; before it those that still wait for the counter's word."""
    power_w: float = 0.0
    seen_s: float | None = None
    counter_wh: float | None = None
    counter_seen_s: float = 0.0

    @property
    def used_wh(self) -> float:
        """What the present window has used so far."""
        return self.pieces[-1].total_wh if self.pieces else 0.0

    @property
    def whole(self) -> bool:
        """Tell whether the present window is known well enough."""
        return bool(self.pieces) and self.pieces[-1].longest_gap_s <= LONGEST_GAP_S

    @property
    def start_s(self) -> float:
        """The begin of the present window."""
        return self.pieces[-1].start_s if self.pieces else 0.0

    @property
    def end_s(self) -> float:
        """The end of the present window."""
        return self.pieces[-1].end_s if self.pieces else 0.0

    def left_s(self, at: float) -> float:
        """Return the seconds that the present window still has."""
        return max(0.0, self.end_s - at)

    def expected_w(self, at: float) -> float | None:
        """Return the mean of the present window if the power stays as it is."""
        if not self.whole:
            return None
        piece = self.pieces[-1]
        rest = self.power_w * self.left_s(at) / _HOUR_S
        return (piece.total_wh + rest) * _HOUR_S / (piece.end_s - piece.start_s)

    def add_power(self, at: float, power_w: float) -> list[ClosedWindow]:
        """Take the imported power of a moment; returns the windows that are over by now."""
        power_w = max(0.0, power_w)
        self._go_on_to(at, (self.power_w + power_w) / 2)
        self.power_w = power_w
        return self._finished(at)

    def add_counter(self, at: float, counter_wh: float) -> list[ClosedWindow]:
        """Take the meter's counter of imported energy; returns the windows that are over."""
        self._go_on_to(at, self.power_w)
        last, self.counter_wh = self.counter_wh, counter_wh
        since, self.counter_seen_s = self.counter_seen_s, at
        if last is not None and counter_wh >= last:
            self._correct(counter_wh - last, since)
        else:
            # The first reading, or a counter that was reset, tells nothing of what was before.
            for piece in self.pieces:
                piece.give_up()
        return self._finished(at)

    def recall(self) -> dict[str, Any]:
        """Return what must survive a restart, as plain data."""
        piece = self.pieces[-1] if self.pieces else None
        return {
            "start_s": piece.start_s if piece else None,
            "used_wh": piece.total_wh if piece else 0.0,
            "longest_unknown_s": piece.longest_gap_s if piece else 0.0,
            "unknown_s": piece.unknown_s + piece.open_s if piece else 0.0,
            "seen_s": self.seen_s,
            "power_w": self.power_w,
            "counter_wh": self.counter_wh,
            "counter_seen_s": self.counter_seen_s,
        }

    def remember(self, memory: dict[str, Any]) -> None:
        """Go on from what was stored; the time since then is a gap until a counter fills it."""
        if memory.get("start_s") is None or memory.get("seen_s") is None:
            return
        start, end = self.rule.span(memory["seen_s"])
        if start == memory["start_s"]:
            piece = Piece(start, end, counted_wh=memory["used_wh"])
            piece.unknown_s = memory["unknown_s"]
            piece.longest_unknown_s = memory["longest_unknown_s"]
            self.pieces = [piece]
        self.seen_s, self.power_w = memory["seen_s"], memory["power_w"]
        self.counter_wh = memory["counter_wh"]
        self.counter_seen_s = memory["counter_seen_s"]

    def _go_on_to(self, at: float, mean_w: float) -> None:
        if self.seen_s is None:
            start, end = self.rule.span(at)
            self.pieces = [Piece(start, end)]
            self.pieces[-1].blind(at - start)
            self.pieces[-1].give_up()
            self.seen_s = at
            return
        if at <= self.seen_s:
            return
        blind = at - self.seen_s > LONGEST_GAP_S
        for piece, seconds in self._pieces_until(at):
            if blind:
                piece.blind(seconds)
            else:
                piece.energy_wh += mean_w * seconds / _HOUR_S
        self.seen_s = at

    def _pieces_until(self, at: float) -> Iterator[tuple[Piece, float]]:
        """Yield each window that lies between the last moment and this, and how much of it."""
        since = self.seen_s
        assert since is not None
        while True:
            piece = self.pieces[-1] if self.pieces else None
            if piece is None or since >= piece.end_s:
                piece = Piece(*self.rule.span(since))
                self.pieces.append(piece)
                # After days without a word only the last windows matter.
                del self.pieces[:-200]
            until = min(at, piece.end_s)
            yield piece, until - since
            since = until
            if since >= at:
                break
        if at >= self.pieces[-1].end_s:
            self.pieces.append(Piece(*self.rule.span(at)))

    def _correct(self, counted_wh: float, since: float) -> None:
        """Put what the counter has told in the place of what the power made of it."""
        pieces = [piece for piece in self.pieces if piece.end_s > since]
        begun = pieces[-1]
        if len(pieces) > 1 and not begun.energy_wh and not begun.open_s:
            # It speaks just as a window ends.
            pieces.pop()
        lost = len(pieces) > 1 and any(piece.longest_open_s for piece in pieces)
        guessed = sum(piece.energy_wh for piece in pieces)
        for piece in pieces:
            if lost:
                # It is not known in which of the windows it was used.
                piece.give_up()
                continue
            part = piece.energy_wh / guessed if guessed else 1 / len(pieces)
            piece.counted_wh += counted_wh * part
            piece.energy_wh = 0.0
            piece.fill()

    def _finished(self, at: float) -> list[ClosedWindow]:
        """Return the windows that are over, once the counter has told of them or is late."""
        done: list[ClosedWindow] = []
        waits = self.counter_wh is not None and at - self.counter_seen_s < 2 * _HOUR_S
        while len(self.pieces) > 1:
            piece = self.pieces[0]
            told = self.counter_seen_s >= piece.end_s
            if waits and not told and at - piece.end_s < LONGEST_GAP_S:
                break
            done.append(piece.closed())
            del self.pieces[0]
        return done
