"""What one step costs, as a ratio to an empty loop of as many turns as cost a microsecond or so."""

import time
from typing import Final

from . import days
from .days import Day
from .driving import Driven, drive
from .plant import HOUSES

SECONDS: Final = 6000
_TURNS: Final = 2_000_000
_ROUNDS: Final = 3


def step_ratio() -> float:
    """Return what a step costs in turns of an empty loop; the best of some rounds counts."""
    day = days.make("broken", "cost")
    noon = slice(20_000, 20_000 + SECONDS)
    short = Day(
        day.kind,
        day.seed,
        day.sun_w[noon],
        (day.loads_w[0][noon], day.loads_w[1][noon], day.loads_w[2][noon]),
    )
    house = HOUSES["fast"]
    with_steps = min(
        _seconds(lambda: drive(short, house, Driven(house, 2))) for _ in range(_ROUNDS)
    )
    without = min(_seconds(lambda: drive(short, house, Nothing())) for _ in range(_ROUNDS))
    turn = min(_seconds(_empty) for _ in range(_ROUNDS)) / _TURNS
    return (with_steps - without) / SECONDS / turn


class Nothing:
    """A law that does nothing."""

    def second(self, *_args: object, **_more: object) -> None:
        """Do nothing."""


def _empty() -> None:
    for _ in range(_TURNS):
        pass


def _seconds(work: object) -> float:
    assert callable(work)
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin
