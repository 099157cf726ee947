"""A charger in one step: what it is, what it shows, and what it is to do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from .config import ChargerConfig
from .reasons import Reason
from .requests import ChargerRequest, Mode
from .samples import ChargerView
from .state import ChargerState

IN_USE_A: Final = 1.5
"""A phase that carries more is used by the car."""
DRAWING_A: Final = 1.0


@dataclass(slots=True)
class Bay:
    """The working place of one charger while a step is taken."""

    config: ChargerConfig
    state: ChargerState
    view: ChargerView
    request: ChargerRequest
    voltage_v: float
    weight: float = 2.0
    mode: Mode = Mode.SOLAR
    minimum_a: float = 6.0
    maximum_a: float = 16.0
    levels: tuple[int, ...] = (0,)
    level: int = 0
    amps: float = 0.0
    reason: Reason = Reason.OFF
    urgent: bool = False
    hold: bool = False
    """Nothing is sent in this step."""
    own: bool = True
    """Taken part in the budgets."""
    phase: int | None = None
    next_start: datetime | None = None
    until: datetime | None = None
    stretches: tuple[tuple[datetime, datetime], ...] = ()
    plan_reason: Reason | None = None
    measured_a: float = 0.0
    up_a: float = field(default=0.0)
    down_a: float = field(default=0.0)

    @property
    def unit_w(self) -> float:
        """The least power on one phase."""
        return self.minimum_a * self.voltage_v

    @property
    def most_a(self) -> float:
        """What the car is known to take; more than any charger gives while it is not known."""
        return self.state.car.most_a or 1000.0

    @property
    def drawing(self) -> bool:
        """Tell whether the car draws."""
        return self.measured_a > DRAWING_A

    @property
    def idle(self) -> bool:
        """Tell whether the car wants nothing although it could have it."""
        return self.state.car.full or self.state.car.asleep

    @property
    def running(self) -> bool:
        """Tell whether the car may draw, or is about to."""
        return self.state.level > 0

    def house_phases(self, level: int) -> tuple[int, ...]:
        """Return the phases of the house that the car loads."""
        used = self.phases_in_use()
        if len(used) != level or not used:
            used = range(min(level, len(self.config.rotation)))
        return tuple(self.config.rotation[phase] for phase in used)

    def phases_in_use(self) -> Sequence[int]:
        """Return the phases of the charger that carry a current."""
        return [
            phase
            for phase, amps in enumerate(self.view.currents_a)
            if amps > IN_USE_A and phase < len(self.config.rotation)
        ]

    def draw_w(self) -> tuple[float, float]:
        """Return both ends of what the car draws."""
        draw = self.state.draw
        currents = self.view.currents_a
        if draw.settled and currents:
            power = sum(currents) * self.voltage_v
            return power, power
        phases = max(self.state.level, len(self.phases_in_use()), 1)
        unit = phases * self.voltage_v
        return draw.low_a * unit, draw.high_a * unit

    def draw_a(self, house_phases: int) -> tuple[list[float], list[float]]:
        """Return both ends of what the car draws, per phase of the house."""
        low, high = [0.0] * house_phases, [0.0] * house_phases
        draw, rotation = self.state.draw, self.config.rotation
        if draw.settled and self.view.currents_a:
            for phase, amps in zip(rotation, self.view.currents_a, strict=False):
                if phase < house_phases:
                    low[phase] += amps
            return low, list(low)
        used = set(self.house_phases(self.state.level))
        used.update(rotation[phase] for phase in self.phases_in_use())
        for phase in used:
            if phase < house_phases:
                low[phase], high[phase] = draw.low_a, draw.high_a
        return low, high
