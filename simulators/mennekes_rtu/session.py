"""One charge after the other, and what the charger has counted in its life."""

from dataclasses import dataclass


@dataclass(kw_only=True)
class Session:
    """States named `session.*`; the last session's numbers stand until the next begins."""

    running: bool = False
    duration: float = 0.0
    energy: float = 0.0
    #: Register 0x0B06: the most phases the car was seen to use, 0 before it drew anything.
    phases: int = 0
    #: Register 0x1002.
    count: int = 319
    _counter: float = 0.0

    def begin(self, counter: float) -> None:
        """Start from nothing."""
        self.running = True
        self.count += 1
        self.duration = self.energy = 0.0
        self.phases = 0
        self._counter = counter

    def step(self, seconds: float, counter: float, phases: int) -> None:
        """Go on."""
        self.duration += seconds
        self.energy = counter - self._counter
        self.phases = max(self.phases, phases)

    def end(self) -> None:
        """Stop."""
        self.running = False
