"""The sun and the clouds over the panels."""

from dataclasses import dataclass, field
from datetime import datetime
from math import exp, pi, sin, tanh
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

#: How long a cloud lasts, and how long its edge takes, in seconds.
_CLOUD_SECONDS: Final = 180.0
_EDGE_SECONDS: Final = 20.0


@dataclass(kw_only=True)
class Sky:
    """How much of the rated power of a panel arrives, between 0 and 1."""

    random: Random
    sunrise: float = 6.0
    sunset: float = 20.0
    #: How much the thickest clouds take; 0 for a clear day.
    clouds: float = 0.5
    #: A fixed light, whatever the hour; None follows the clock.
    light: float | None = None
    _drift: float = field(default=0.0, repr=False)
    _cover: float = field(default=0.0, repr=False)
    _now: float = field(default=0.0, repr=False)

    def step(self, seconds: float, moment: datetime) -> None:
        """Let the clouds drift and the sun move on."""
        kept = exp(-seconds / _CLOUD_SECONDS)
        self._drift = self._drift * kept + (1 - kept**2) ** 0.5 * self.random.gauss()
        self._cover += (self._drift - self._cover) * (1 - exp(-seconds / _EDGE_SECONDS))
        if self.light is not None:
            self._now = self.light
            return
        hour = moment.hour + moment.minute / 60 + moment.second / 3600
        day = (hour - self.sunrise) / (self.sunset - self.sunrise)
        height = sin(pi * day) if 0 < day < 1 else 0.0
        self._now = height * (1 - self.clouds * (1 + tanh(self._cover)) / 2)

    @property
    def now(self) -> float:
        """The light at the moment."""
        return self._now

    @property
    def night(self) -> bool:
        """Whether the sun is down."""
        return self._now <= 0
