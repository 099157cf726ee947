"""Hardware that comes and goes behind the GX, and how often it is looked for.

Every refusal is a line in the log of the GX, and its interface shows the last one. So a
device that is away is asked for once per pause, and the pause doubles up to ten minutes:
about 150 refusals a day instead of thousands.
"""

from typing import Final

from modbus_connection import ModbusError

FIRST_PAUSE: Final = 30.0
LONGEST_PAUSE: Final = 600.0


class Absence:
    """Something that refused to answer, and when it will be asked again."""

    def __init__(self, error: ModbusError, now: float) -> None:
        self.error = error
        self.pause = FIRST_PAUSE
        self._next = now + self.pause

    def due(self, now: float) -> bool:
        """Whether it is time to ask again."""
        return now >= self._next

    def again(self, error: ModbusError, now: float) -> None:
        """Note that it refused once more."""
        self.error = error
        self.pause = min(self.pause * 2, LONGEST_PAUSE)
        self._next = now + self.pause
