"""The mains in front of a charger: a voltage per phase that wanders a little."""

from dataclasses import dataclass, field
from math import exp
from random import Random

#: How quickly the noise forgets, in seconds.
_MEMORY = 20.0


@dataclass(kw_only=True)
class Grid:
    """Three phases against neutral; `phases` of them are connected."""

    random: Random
    phases: int = 3
    nominal_l1: float = 230.0
    nominal_l2: float = 230.0
    nominal_l3: float = 230.0
    #: Standard deviation in volts; 0 for voltages that stand still.
    noise: float = 0.4
    frequency: float = 50.0
    _deviation: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0], repr=False)

    def step(self, seconds: float) -> None:
        """Let the voltages wander."""
        kept = exp(-seconds / _MEMORY)
        fresh = self.noise * (1 - kept**2) ** 0.5
        self._deviation = [
            deviation * kept + fresh * self.random.gauss() for deviation in self._deviation
        ]

    @property
    def voltages(self) -> tuple[float, float, float]:
        """Voltage of L1, L2 and L3; 0 where nothing is connected."""
        nominal = (self.nominal_l1, self.nominal_l2, self.nominal_l3)
        l1, l2, l3 = (
            volts + deviation if phase < self.phases else 0.0
            for phase, (volts, deviation) in enumerate(zip(nominal, self._deviation, strict=True))
        )
        return l1, l2, l3
