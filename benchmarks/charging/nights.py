"""Ready at seven: 30 kWh on nights with prices by the hour, behind a fuse with a heat pump."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final, override

from custom_components.voltrail.engine.charging.controller import (
    ChargerConfig,
    ChargerRequest,
    Controller,
    ControllerConfig,
    Mode,
    Observation,
    Requests,
    Slot,
)

from .evenings import FUSE_A, MARGIN_A
from .plant import VOLTS, Equipment
from .world import House, Outcome, World

START: Final = datetime(2026, 11, 14, 17, tzinfo=UTC)
SECONDS: Final = 14 * 3600
WANTED_WH: Final = 30_000.0
CAR: Final = Equipment(name="night", switchable=False, step_a=0.1)


@dataclass(frozen=True)
class Night:
    """One night: in time or not, what it cost, and the least that it could have cost."""

    outcome: Outcome
    in_time_wh: float
    cheapest: float

    @property
    def above_percent(self) -> float:
        """Return how much it cost above the cheapest possible."""
        return 100 * (self.outcome.cost / self.cheapest - 1)


def loads(seed: str) -> list[list[float]]:
    """Return a house at night: a heat pump on three phases, and little else."""
    dice = Random(f"night {seed}")  # noqa: S311 - the same dice every time are the point
    phases = [[dice.uniform(120, 260)] * SECONDS for _ in range(3)]
    second = int(dice.uniform(0, 1800))
    while second < SECONDS:
        length = int(dice.uniform(1500, 2600))
        power = dice.uniform(700, 1100)
        for load in phases:
            for place in range(second, min(second + length, SECONDS)):
                load[place] += power
        second += length + int(dice.uniform(1200, 3000))
    for _ in range(12):
        begin, phase = int(dice.uniform(0, SECONDS)), dice.randrange(3)
        power = dice.uniform(800, 3200)
        for place in range(begin, min(begin + int(dice.uniform(120, 2400)), SECONDS)):
            phases[phase][place] += power
    return phases


def prices(seed: str) -> tuple[Slot, ...]:
    """Return prices of the hours: dear in the evening, cheap in the night, and never regular."""
    dice = Random(f"prices {seed}")  # noqa: S311
    slots = []
    for hour in range(SECONDS // 3600):
        begin = START + timedelta(hours=hour)
        night = 0.35 if hour < 5 else 0.18
        slots.append(
            Slot(begin, begin + timedelta(hours=1), round(night * dice.uniform(0.7, 1.4), 4))
        )
    return tuple(slots)


def drive(seed: str) -> Night:
    """Drive one night."""
    phases, slots = loads(seed), prices(seed)
    house = House(phases, {"car": CAR}, start=START, slots=slots, seed=seed)
    controller = Controller(
        ControllerConfig(
            chargers=(ChargerConfig(key="car", step_a=0.1),), fuse_a=FUSE_A, margin_a=MARGIN_A
        )
    )
    departure = START + timedelta(seconds=SECONDS)
    request = ChargerRequest(mode=Mode.PLAN, energy_target_wh=WANTED_WH, departure=departure)
    world = NightWorld(house, controller, Requests(chargers={"car": request}))
    outcome = world.run(SECONDS)
    return Night(outcome, outcome.charged_wh["car"], _cheapest(phases, slots))


class NightWorld(World):
    """A world after sunset, with nothing else to it."""

    @override
    def observe(self, second: int) -> Observation:
        """Return what is known, without the sun."""
        observation = super().observe(second)
        return Observation(
            grid=observation.grid,
            currents=observation.currents,
            chargers=observation.chargers,
            slots=observation.slots,
            sun_up=False,
        )


def _cheapest(phases: list[list[float]], slots: tuple[Slot, ...]) -> float:
    """Return the least cost: the cheapest hours first, with what the fuse leaves in each."""
    offers = []
    for hour, slot in enumerate(slots):
        energy = 0.0
        for second in range(hour * 3600, (hour + 1) * 3600):
            free = FUSE_A - MARGIN_A - max(load[second] for load in phases) / VOLTS
            amps = min(free, 16.0 - CAR.car_gap_a) if free >= 6 else 0.0
            energy += amps * 3 * VOLTS / 3600
        offers.append((slot.price, energy))
    cost, missing = 0.0, WANTED_WH
    for price, energy in sorted(offers):
        used = min(energy, missing)
        cost, missing = cost + used / 1000 * price, missing - used
    return cost
