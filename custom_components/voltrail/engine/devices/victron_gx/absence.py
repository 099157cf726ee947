"""Hardware that comes and goes behind the GX, and how often it is asked for.

Every refusal is a line in the log of the GX, and its interface shows the last one. So a device
that is away is asked for once per pause, and the pause doubles up to ten minutes: about 150
refusals a day instead of thousands.
"""

import logging
from typing import Final

from modbus_connection import ModbusError

from .writing import Clock

_LOGGER = logging.getLogger(__name__)

FIRST_PAUSE: Final = 30.0
LONGEST_PAUSE: Final = 600.0


class Absence:
    """Something that refused to answer, and when it will be asked again."""

    def __init__(self, error: ModbusError, now: float, pause: float = FIRST_PAUSE) -> None:
        self.error, self.pause = error, pause
        self._next = now + pause

    def due(self, now: float) -> bool:
        """Whether it is time to ask again."""
        return now >= self._next

    def again(self, error: ModbusError, now: float) -> None:
        """Note that it refused once more."""
        self.error = error
        self.pause = max(FIRST_PAUSE, min(self.pause * 2, LONGEST_PAUSE))
        self._next = now + self.pause


class Absences:
    """All that refused to answer."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[str, Absence] = {}

    def reason(self, *keys: str) -> ModbusError | None:
        """Return why something is left alone for now; None if it may be asked for."""
        now = self._clock()
        for key in keys:
            absence = self._known.get(key)
            if absence is not None and not absence.due(now):
                return absence.error
        return None

    def note(self, key: str, err: ModbusError, pause: float = FIRST_PAUSE) -> None:
        """Note that something refused to answer; ``pause`` is how long it may be a mere blink."""
        known = self._known.get(key)
        if known is None:
            self._known[key] = Absence(err, self._clock(), pause)
            _LOGGER.info("%s does not answer: %s", key, err)
        else:
            known.again(err, self._clock())

    def over(self, key: str) -> bool:
        """Note that something answers; return whether it is back from an absence."""
        return self._known.pop(key, None) is not None
