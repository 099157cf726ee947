"""The present or last session, worked out from the car's presence and the lifetime counter.

The charger counts no sessions for its Modbus clients. What is known here survives a
restart. Of a session that begins while nothing looks neither its start nor its energy is known.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from ...model.clock import ClockWatch

GONE_BACK: Final = 3
"""Looks in a row at a counter below the last one, before the meter counts as replaced: a
meter that is just starting may tell nonsense for a moment."""


TRAILING: Final = 120.0
"""Seconds after the end in which the counter still tells of the session: the meter may be
late, and it is read once a minute."""


class Session:
    """Notes when a car comes and goes, and what the counter said then."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        changed: Callable[[], None],
        watch: ClockWatch | None = None,
    ) -> None:
        self._clock = clock
        self._watch = watch or ClockWatch()
        self._changed = changed
        self._plugged: bool | None = None
        # The counter while no car is there: where the next session will begin.
        self._idle: float | None = None
        self._latest: float | None = None
        self._below = 0
        self._first: float | None = None
        self._last: float | None = None
        self.started: datetime | None = None
        self.ended: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether a session is going on."""
        return self.started is not None and self.ended is None

    @property
    def energy(self) -> float | None:
        """What the session charged, in Wh."""
        last = self._latest if self._last is None else self._last
        return None if self._first is None or last is None else last - self._first

    @property
    def duration(self) -> float | None:
        """How long the car was or has been connected, in seconds."""
        if self.started is None:
            return None
        return max(0.0, ((self.ended or self._clock()) - self.started).total_seconds())

    def note_car(self, *, plugged: bool | None) -> None:
        """Take note of whether a car is connected; None while that is not known."""
        if (step := self._watch.set_by(self._clock())) and self.open:
            self.started = self._watch.moved(self.started, step)
            self._changed()
        if plugged is None or plugged is self._plugged:
            return
        first_look, self._plugged = self._plugged is None, plugged
        if plugged and first_look and not self.open:
            # It began while nothing here looked: neither when nor at which counter is known.
            self.started = self.ended = self._first = self._last = None
            self._changed()
        elif plugged and not self.open:
            self.started, self.ended = self._clock(), None
            self._first, self._last = self._idle, None
            self._idle = None
            self._changed()
        elif not plugged and self.open:
            self.ended = self._clock()
            self._changed()

    def note_counter(self, counter: float | None) -> None:
        """Take note of the lifetime counter."""
        if counter is None or self._doubtful(counter):
            return
        if self._first is not None and counter < self._first and self.open:
            # Only a meter that was replaced counts back.
            self._first = None
        self._latest = counter
        if self._plugged is False:
            self._idle = counter
        if self.open:
            if self._first is None:
                self._first = counter
                self._changed()
        elif self._first is not None and (self._last is None or self._just_ended):
            last = max(counter, self._first)
            if last != self._last:
                self._last = last
                self._changed()

    @property
    def _just_ended(self) -> bool:
        ended = self.ended
        return ended is not None and 0 <= (self._clock() - ended).total_seconds() <= TRAILING

    def _doubtful(self, counter: float) -> bool:
        """Whether the counter went back, and not for long enough to be believed."""
        known = [told for told in (self._latest, self._last, self._first) if told is not None]
        if not known or counter >= known[0]:
            self._below = 0
            return False
        self._below += 1
        if self._below < GONE_BACK:
            return True
        self._below = 0
        return False

    def dump_state(self) -> dict[str, Any]:
        """Return what has to survive a restart."""
        return {
            "started": None if self.started is None else self.started.isoformat(),
            "ended": None if self.ended is None else self.ended.isoformat(),
            "first": self._first,
            "last": self._last,
        }

    def restore_state(self, memory: Mapping[str, Any]) -> None:
        """Restore what :meth:`dump_state` returned before a restart."""
        self.started = _moment(memory.get("started"))
        self.ended = _moment(memory.get("ended"))
        self._first, self._last = memory.get("first"), memory.get("last")


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
