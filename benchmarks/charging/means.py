"""A limit on the mean of a quarter of an hour or of an hour, on seven evening hours."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from random import Random
from typing import Final

from custom_components.voltrail.engine.charging.controller import (
    ChargerConfig,
    ChargerRequest,
    Controller,
    ControllerConfig,
    MeanLimit,
    Mode,
    Requests,
)

from .days import Household
from .plant import Equipment
from .world import House, Outcome, World

SECONDS: Final = 7 * 3600
CAR: Final = Equipment(name="mean")
THREE: Final = replace(CAR, name="mean, three", switchable=False, meter_s=10.0)
KNOWN_BELOW: Final = 0.9


@dataclass(frozen=True)
class Kept:
    """What came of a limit: how often it was exceeded although the house left room."""

    outcome: Outcome
    limit_w: float

    @property
    def highest_w(self) -> float:
        """Return the highest window."""
        return max(self.outcome.windows_w)

    @property
    def exceeded(self) -> int:
        """Return how many windows are above the limit in which the house alone was well below."""
        pairs = zip(self.outcome.windows_w, self.outcome.alone_w, strict=True)
        return sum(
            mean > self.limit_w and alone < KNOWN_BELOW * self.limit_w for mean, alone in pairs
        )


def loads(seed: str) -> list[list[float]]:
    """Return a house with a heat pump that runs half an hour at a time, and cooking."""
    dice = Random(f"mean {seed}")  # noqa: S311 - the same dice every time are the point
    phases = [[dice.uniform(50, 100)] * SECONDS for _ in range(3)]
    second = int(dice.uniform(0, 1800))
    while second < SECONDS:
        length = int(dice.uniform(1500, 1900))
        for load in phases:
            for place in range(second, min(second + length, SECONDS)):
                load[place] += 600
        second += length + int(dice.uniform(2700, 4200))
    home = Household(tuple(phases), dice, 16 * 3600, SECONDS)
    for hour in (16.6, 17.5, 18.7, 20.4, 21.8):
        home.use(0, hour, 0.3, 2100, dice.uniform(120, 240))
    home.use(1, 18.0, 0.3, 1800, dice.uniform(1000, 1600), duty=0.6, period_s=80)
    home.use(2, 18.1, 0.3, 2200, dice.uniform(1000, 1800), duty=0.5, period_s=150)
    home.machine(0, dice.uniform(19, 20), 2000, (700, 500))
    for _ in range(6):
        home.use(dice.randrange(3), dice.uniform(16, 23), 0.0, dice.uniform(100, 700), 900)
    return phases


def drive(seed: str, limit_w: float, *, window_s: int = 900, three: bool = False) -> Kept:
    """Drive one evening below a limit."""
    equipment = THREE if three else CAR
    house = House(
        loads(seed), {"car": equipment}, start=datetime(2026, 11, 14, 16, tzinfo=UTC), seed=seed
    )
    charger = ChargerConfig(key="car", switchable=not three)
    controller = Controller(
        ControllerConfig(chargers=(charger,), limit=MeanLimit(limit_w, window_s))
    )
    requests = Requests(chargers={"car": ChargerRequest(mode=Mode.FAST)})
    return Kept(World(house, controller, requests, window_s=window_s).run(SECONDS), limit_w)
