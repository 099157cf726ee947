"""A limit that an energy manager has to renew, or the safe current takes its place."""

from dataclasses import dataclass
from math import ceil
from typing import Final

#: A second counted down in tenths must not leave a crumb behind.
_CRUMB: Final = 1e-6


@dataclass(kw_only=True)
class SetPoint:
    """A limit, its timer and what counts when the timer ends."""

    safe_current: float = 6.0
    #: As set in the Service Installer; it cannot be read over Modbus.
    validity: float = 60.0
    #: Seconds until the safe current counts.
    remaining: float = 0.0
    _written: float = 0.0

    @property
    def current(self) -> float:
        """What is in force; once it has expired the register itself shows the safe current."""
        return self._written if self.remaining > 0 else self.safe_current

    @property
    def seconds(self) -> int:
        """Remaining validity in whole seconds; 0 only when it is over."""
        return ceil(self.remaining)

    def write(self, amps: float) -> None:
        """Take a new limit and start the timer again."""
        self._written = amps
        self.remaining = self.validity

    def forget(self) -> None:
        """Lose limit and validity, as a reboot does; the safe current stays."""
        self._written = self.remaining = 0.0

    def step(self, seconds: float) -> None:
        """Grow older."""
        self.remaining -= seconds
        if self.remaining < _CRUMB:
            self.remaining = 0.0
