"""How often a meter speaks: learned from what it does, since makers, settings and adapters vary."""

from collections import deque
from collections.abc import Mapping
from statistics import median
from typing import Final

from ...han import ListKind

PERIODS_OF_PATIENCE: Final = 3.5
"""Two messages in a row may be damaged; a third that is missing is silence."""

# Messages of one burst or batch say nothing about the rhythm.
_SHORTEST_GAP: Final = 0.5
_SHORTEST_PERIOD: Final = 1.0
_LONGEST_PERIOD: Final = ListKind.HOURLY.period
_ENOUGH_GAPS: Final = 3
_KEPT_GAPS: Final = 7

_WITH_COUNTERS: Final = frozenset({ListKind.HOURLY, ListKind.COMPLETE})
#: The counters of Slovenia come every quarter of an hour.
_SELDOM: Final = 600.0


class Rhythm:
    """The lists that come now, and the period of each."""

    def __init__(self) -> None:
        self._heard_at: dict[ListKind, float] = {}
        self._gaps: dict[ListKind, deque[float]] = {}
        self._remembered: dict[ListKind, float] = {}
        self._counted_at: float | None = None
        self._counted_gaps: deque[float] = deque(maxlen=_KEPT_GAPS)

    def heard(self, kind: ListKind, now: float) -> ListKind:
        """Take note of a message; return its kind, by how often such messages really come.

        Lists that are overdue by then do not come any more.
        """
        if kind in _WITH_COUNTERS:
            kind = self._by_frequency(kind, now)
        before = self._heard_at.get(kind)
        if before is not None and now - before >= _SHORTEST_GAP:
            self._gaps.setdefault(kind, deque(maxlen=_KEPT_GAPS)).append(now - before)
        self._heard_at[kind] = now
        for other, heard_at in list(self._heard_at.items()):
            if other is not ListKind.HOURLY and now - heard_at > self.validity(other):
                del self._heard_at[other]
        return kind

    def _by_frequency(self, kind: ListKind, now: float) -> ListKind:
        """Return whether a list with counters is one of several, or all there is.

        Its content cannot tell: what one meter sends hourly is the only list of another, and the
        clock that gives the hourly list of a Kaifa away may not be set.
        """
        if self._counted_at is not None and now - self._counted_at >= _SHORTEST_GAP:
            self._counted_gaps.append(now - self._counted_at)
        self._counted_at = now
        if len(self._counted_gaps) == _KEPT_GAPS:
            # All of them: an hourly list may come more than once, or under more than one topic.
            often = max(self._counted_gaps) < _SELDOM
        else:
            often = ListKind.COMPLETE in self._remembered
        if kind is ListKind.HOURLY and often:
            return ListKind.COMPLETE
        if kind is ListKind.COMPLETE and not often and self.comes(ListKind.VALUES):
            return ListKind.HOURLY
        return kind

    def period(self, kind: ListKind) -> float:
        """Return the seconds from one message of a kind to the next.

        The middle one of the last gaps: at every tenth second one list takes another's place,
        and a message that is lost must not make the meter look slow.
        """
        gaps = self._gaps.get(kind, ())
        if kind is not ListKind.HOURLY and len(gaps) >= _ENOUGH_GAPS:
            return min(max(median(gaps), _SHORTEST_PERIOD), _LONGEST_PERIOD)
        return self._remembered.get(kind, kind.period)

    def validity(self, kind: ListKind) -> float:
        """Return how long after it came a list of this kind is current."""
        return PERIODS_OF_PATIENCE * self.period(kind)

    def comes(self, kind: ListKind) -> bool:
        """Whether lists of this kind come now."""
        return kind in self._heard_at

    @property
    def patience(self) -> float:
        """Seconds of silence after which the meter is gone."""
        kinds = self._heard_at or {ListKind.VALUES: 0.0}
        return PERIODS_OF_PATIENCE * min(map(self.period, kinds))

    def dump_state(self) -> dict[str, float]:
        """Return what has to survive a restart."""
        return {str(kind): self.period(kind) for kind in self._heard_at}

    def restore_state(self, memory: Mapping[str, float], now: float) -> None:
        """Expect the lists from before a restart."""
        self._remembered = {ListKind(kind): period for kind, period in memory.items()}
        self._heard_at = dict.fromkeys(self._remembered, now)
