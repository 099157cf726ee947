"""Hardware that comes and goes behind the GX, and how often it is asked for.

Every refusal is a line in the log of the GX, and its interface shows the last one. So a device
that is away is asked for once per pause, and the pause doubles up to ten minutes: about 150
refusals a day instead of thousands. But a refusal may be one of a bad moment, of the GX or of a
gateway on the way: for the first half minute it is asked for like anything else.
"""

import logging
import math
from typing import Final

from modbus_connection import ModbusError

from .writing import Clock

_LOGGER = logging.getLogger(__name__)

BLINK: Final = 5.0
"""Seconds until something that has just refused is asked again."""

BLINKING: Final = 30.0
"""Seconds for which it may have been a bad moment."""

LONGEST_PAUSE: Final = 600.0

SECOND_LOOK: Final = 0.5
"""Seconds after which hardware is asked once more if a pause ends in a refusal.

The server finds a service that returned only at the second request for its type; the first one
is refused, however long it has been back, and makes the server look.
"""


class Absence:
    """Something that refused to answer, and when it will be asked again."""

    def __init__(self, error: ModbusError, now: float) -> None:
        self.error, self.pause = error, BLINK
        self._since = now
        self._next = now + BLINK

    def due(self, now: float) -> bool:
        """Whether it is time to ask again."""
        return now >= self._next

    def end_pause(self) -> None:
        """Let it be asked for at once, out of its turn."""
        self._next = -math.inf

    def again(self, error: ModbusError, now: float) -> None:
        """Note that it refused once more; the pause grows if it was asked in its turn."""
        self.error = error
        if math.isfinite(self._next) and now - self._since >= BLINKING:
            self.pause = min(self.pause * 2, LONGEST_PAUSE)
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

    def known(self, *keys: str) -> bool:
        """Whether something refused to answer when it was last asked."""
        return any(key in self._known for key in keys)

    def end_pause(self, *keys: str) -> None:
        """Let something be asked for at once."""
        for key in keys:
            if key in self._known:
                self._known[key].end_pause()

    def note(self, key: str, err: ModbusError) -> None:
        """Note that something refused to answer."""
        known = self._known.get(key)
        if known is None:
            self._known[key] = Absence(err, self._clock())
            # The device tells of it as it tells of everything that fails.
            _LOGGER.debug("%s does not answer: %s", key, err)
        else:
            known.again(err, self._clock())

    def over(self, key: str) -> bool:
        """Note that something answers; return whether it is back from an absence."""
        return self._known.pop(key, None) is not None
