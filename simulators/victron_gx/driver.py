"""What brings a service to life."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simulators.victron_gx.service import Service


class Driver:
    """Something that changes values with time, or because one was written."""

    def step(self, seconds: float) -> None:
        """Let time pass."""

    def publish(self) -> None:
        """Put what is known now into the values of services; called before anybody looks."""

    def wrote(self, service: Service, name: str) -> None:
        """Notice that somebody changed a value."""

    def restart(self) -> None:
        """Forget what a restart of the GX makes one forget."""


class Volatile:
    """A set-point that is gone when nobody repeats it."""

    def __init__(self, seconds: float | None) -> None:
        #: How long it holds; None for ever.
        self.seconds = seconds
        self.value: float | None = None
        self._left = 0.0

    def write(self, value: float) -> None:
        """Set it, or repeat it."""
        self.value = value
        self._left = self.seconds or 0.0

    def step(self, seconds: float) -> None:
        """Let time pass."""
        if self.value is not None and self.seconds is not None:
            self._left -= seconds
            if self._left <= 0:
                self.value = None

    def drop(self) -> None:
        """Be without a value."""
        self.value = None
