"""One charge after the other: when it began and ended, how much it took."""

from dataclasses import dataclass
from datetime import datetime


def _digits(moment: datetime | None) -> int:
    """Return hhmmss as one decimal number; these chargers give no date and no zone."""
    return 0 if moment is None else int(moment.strftime("%H%M%S"))


@dataclass(kw_only=True)
class Session:
    """States named `session.*`."""

    running: bool = False
    #: Whether energy has flowed in it.
    charged: bool = False
    duration: float = 0.0
    energy: float = 0.0
    _start: datetime | None = None
    _end: datetime | None = None
    _counter: float = 0.0

    @property
    def started_at(self) -> int:
        """Start of the present or last session as hhmmss."""
        return _digits(self._start)

    @property
    def ended_at(self) -> int:
        """End of the previous session as hhmmss."""
        return _digits(self._end)

    def begin(self, moment: datetime, counter: float) -> None:
        """Start from nothing; until now the last session's numbers stood."""
        self.running, self.charged = True, False
        self.duration = self.energy = 0.0
        self._start, self._counter = moment, counter

    def step(self, seconds: float, counter: float) -> None:
        """Go on."""
        self.duration += seconds
        self.energy = counter - self._counter
        self.charged = self.charged or self.energy > 0

    def end(self, moment: datetime) -> None:
        """Stop; energy and duration stay to be read."""
        self.running, self._end = False, moment
