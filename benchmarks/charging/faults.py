"""A meter that is silent or frozen for ten minutes, and a house with a battery."""

from random import Random
from typing import Final

from custom_components.voltrail.engine.charging.controller import (
    Battery as BatteryConfig,
)
from custom_components.voltrail.engine.charging.controller import (
    BatteryPriority,
    ChargerConfig,
    ChargerRequest,
    Controller,
    ControllerConfig,
    Mode,
    Requests,
)

from . import days
from .days import Day
from .plant import HOUSES, Equipment
from .world import Battery, House, Outcome, World

BEGIN_S: Final = 1200
END_S: Final = 1800
SECONDS: Final = 2400


def under_a_cloud(seed: str, cloud_s: int) -> list[float]:
    """Return a sunny hour with a cloud of twenty minutes that comes with the fault."""
    del seed
    return [
        8200.0
        if second < cloud_s or second > END_S
        else max(700.0, 8200 - 250 * (second - cloud_s))
        for second in range(SECONDS)
    ]


def blind_wh(fault: str, meter_s: float = 1.0) -> float:
    """Return what is bought in ten minutes of a fault, just as a cloud comes."""
    equipment = Equipment(name="blind", meter_s=meter_s)
    loads = days.family(_dice(), 12 * 3600, SECONDS)
    bought: list[float] = []
    house = House(
        loads,
        {"car": equipment},
        sun_w=under_a_cloud("cloud", BEGIN_S + 5),
        faults={BEGIN_S: fault, END_S: ""},
    )
    controller = Controller(ControllerConfig(chargers=(ChargerConfig(key="car", switchable=True),)))
    world = World(house, controller, Requests(chargers={"car": ChargerRequest(mode=Mode.SOLAR)}))
    world.run(SECONDS, lambda _second, _told, _chargers: bought.append(world.outcome.bought_wh))
    return bought[END_S] - bought[BEGIN_S]


def _dice() -> Random:
    return Random("blind")  # noqa: S311 - the same dice every time are the point


def with_battery(kind: str, seed: str, priority: BatteryPriority) -> Outcome:
    """Drive a day with a house battery."""
    day: Day = days.make(kind, seed)
    house = House(
        day.loads_w, {"car": HOUSES["whole"]}, sun_w=day.sun_w, battery=Battery(), seed=seed
    )
    charger = ChargerConfig(key="car", switchable=True)
    controller = Controller(
        ControllerConfig(chargers=(charger,), battery=BatteryConfig(most_w=5000.0))
    )
    requests = Requests(
        chargers={"car": ChargerRequest(mode=Mode.SOLAR)},
        battery_priority=priority,
        battery_target_percent=80.0,
    )
    return World(house, controller, requests).run(days.LENGTH_S)
