"""Fast charging behind a main fuse of 25 A, on evenings with heavy loads."""

from dataclasses import dataclass, replace
from random import Random
from typing import Final

from custom_components.voltrail.engine.charging.controller import (
    ChargerConfig,
    ChargerRequest,
    Controller,
    ControllerConfig,
    Mode,
    Order,
    Requests,
)

from .days import Household
from .plant import VOLTS, Equipment
from .world import House, Outcome, World

SECONDS: Final = 6 * 3600
FUSE_A: Final = 25.0
MARGIN_A: Final = 2.0
FIRST: Final = Equipment(name="evening", switchable=False, car_gap_a=0.0, charger_delay_s=2.0)
SECOND: Final = Equipment(
    name="second", switchable=False, phases=1, car_phases=1, rotation=(1,), charger_delay_s=3.0
)
METERS: Final = {
    "1 s": FIRST,
    "10 s": replace(FIRST, meter_s=10.0, meter_late_s=2.0),
    "whole": replace(FIRST, whole_amperes=True),
}
SILENT: Final = {6000: "silent", 6600: "", 14_000: "silent", 14_600: ""}


@dataclass(frozen=True)
class Evening:
    """One evening: how the controller did beside what hindsight could have had."""

    best_wh: float
    outcome: Outcome


def loads(seed: str) -> list[list[float]]:
    """Return what a family with a heat pump and an electric kitchen uses from four to ten."""
    dice = Random(f"evening {seed}")  # noqa: S311 - the same dice every time are the point
    phases = [[dice.uniform(150, 350)] * SECONDS for _ in range(3)]
    home = Household(tuple(phases), dice, 16 * 3600, SECONDS)
    _heat_pump(phases, dice)
    for hour in (16.5, 17.7, 18.6, 20.3):
        home.use(0, hour, 0.3, 2100, dice.uniform(120, 240))  # a kettle
    for phase, power in ((1, 2300), (2, 1500)):
        home.use(phase, 18.0, 0.2, power, dice.uniform(900, 1800), duty=0.6, period_s=90)  # a hob
    home.use(2, 17.6, 0.3, 2700, dice.uniform(1500, 2500), duty=0.5, period_s=150)  # an oven
    home.machine(0, dice.uniform(18.8, 20), 2100, (900, 700))  # a dishwasher
    home.machine(1, dice.uniform(16.3, 19), 2200, (1000,))  # a washing machine
    home.use(2, dice.uniform(19.3, 20.2), 0.2, 2200, 2400, duty=0.8, period_s=300)  # a dryer
    if dice.random() < 0.5:
        home.use(0, dice.uniform(18, 21), 0.2, 5200, dice.uniform(200, 420))  # a water heater
    return phases


def _heat_pump(phases: list[list[float]], dice: Random) -> None:
    second = int(dice.uniform(0, 2400))
    while second < SECONDS:
        length = int(dice.uniform(1200, 2000))
        for load in phases:
            for place in range(second, min(second + length, SECONDS)):
                load[place] += 800
        second += length + int(dice.uniform(1500, 2700))


def hindsight_wh(phases: list[list[float]]) -> float:
    """Return what could have been charged without ever exceeding fuse less margin."""
    energy = 0.0
    for second in range(SECONDS):
        free = FUSE_A - MARGIN_A - max(load[second] for load in phases) / VOLTS
        if free >= 6:
            energy += min(free, 16.0) * 3 * VOLTS / 3600
    return energy


def drive(seed: str, meter: str = "1 s", *, silent: bool = False, second: bool = False) -> Evening:
    """Drive one evening."""
    phases = loads(seed)
    house = House(
        phases,
        {"first": METERS[meter]} | ({"second": SECOND} if second else {}),
        faults=SILENT if silent else {},
        seed=seed,
    )
    chargers = [ChargerConfig(key="first")]
    if second:
        chargers.append(ChargerConfig(key="second", phases=1, rotation=(1,), priority=1))
    controller = Controller(
        ControllerConfig(chargers=tuple(chargers), fuse_a=FUSE_A, margin_a=MARGIN_A)
    )
    requests = Requests(chargers={one.key: ChargerRequest(mode=Mode.FAST) for one in chargers})
    return Evening(hindsight_wh(phases), World(house, controller, requests).run(SECONDS))


def drive_blueprint(seed: str, meter: str = "1 s") -> Evening:
    """Drive the same evening with our blueprint for the main fuse, and its defaults."""
    phases = loads(seed)
    house = House(phases, {"first": METERS[meter]}, seed=seed)
    controller = Controller(ControllerConfig(chargers=()))
    world = World(house, controller, Requests())
    world.laws = FuseBlueprint()
    return Evening(hindsight_wh(phases), world.run(SECONDS))


class FuseBlueprint:
    """Our blueprint for the main fuse, by code of its own."""

    def __init__(self) -> None:
        self._limit, self._on = 16.0, False
        self._acted = self._room_since = -1000.0
        self._begun = False

    def __call__(self, world: World, second: int) -> None:
        """Look at every second."""
        if not self._begun:
            self._begun = self._on = True
            world.order(second, Order("first", 16.0, 3))
        if world.meter.received_s < 0:
            return
        room = FUSE_A - MARGIN_A - max(world.meter.currents_a)
        enough = room >= (1 if self._on else 6)
        if not enough:
            self._room_since = second
        if room < 0 and self._on and second - self._acted >= 15:
            amps = self._limit + room
            self._acted = second
            self._limit, self._on = (float(int(amps)), True) if amps >= 6 else (0.0, False)
            world.order(second, Order("first", self._limit, 3))
        elif enough and second - self._room_since >= 300 and self._limit + 1 <= 16:
            self._limit = float(int(min((self._limit if self._on else 0) + room, 16)))
            self._on, self._acted, self._room_since = True, second, second
            world.order(second, Order("first", self._limit, 3))
