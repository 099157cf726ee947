"""The settings file of the GX: what is changed is written to flash, a little later, all at once."""

from dataclasses import dataclass
from typing import Final

#: Changes within this time after the first one are saved together.
_COLLECTED_FOR: Final = 2.0


@dataclass(kw_only=True)
class Flash:
    """Counts what wears it."""

    #: Settings that got another value; the same value again is no change.
    changes: int = 0
    #: Times that the file was written.
    writes: int = 0
    _due: float | None = None

    def change(self) -> None:
        """A setting has another value."""
        self.changes += 1
        if self._due is None:
            self._due = _COLLECTED_FOR

    def step(self, seconds: float) -> None:
        """Let time pass."""
        if self._due is not None:
            self._due -= seconds
            if self._due <= 0:
                self.writes += 1
                self._due = None
