"""What a step costs, counted in calls of functions: never in seconds.

`python -m benchmarks.charging` measures it against an empty loop: some 6,000 turns of it, where
the 0.2 ms that a step may take are 30,000. This holds what was reached.
"""

import sys
from types import FrameType
from typing import Any, Final

import pytest

from custom_components.voltrail.engine.charging.controller import (
    ChargerConfig,
    ControllerConfig,
    MeanLimit,
    Mode,
)

from .house import House, Socket

STEPS: Final = 60


def calls_of_a_step(house: House) -> float:
    """Return how many functions the controller calls in a step, on the mean of some."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    before = sys.getprofile()
    for _ in range(STEPS):
        house.now += 1
        for socket in house.sockets.values():
            socket.advance(house.now)
        house.measure()
        observation = house.observation()
        sys.setprofile(note)
        try:
            house.controller.step(house.now, house.wall, observation, house.requests)
        finally:
            sys.setprofile(before)
    return count / STEPS


@pytest.mark.parametrize(("mode", "most"), [(Mode.SOLAR, 480), (Mode.FAST, 440)])
def test_a_step_calls_few_functions(mode: Mode, most: int) -> None:
    """With sun, fuse and a limit on the mean, while a car charges."""
    charger = ChargerConfig(key="car", switchable=True)
    house = House(
        ControllerConfig(chargers=(charger,), fuse_a=25.0, limit=MeanLimit(15_000)),
        {"car": Socket(charger)},
    )
    house.sun_w = 6000
    house.want(mode=mode)
    house.run(120)
    assert calls_of_a_step(house) <= most
