"""Days with the sun: the controller, thresholds and timers, and our blueprint, beside hindsight."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import Final

from . import days, hindsight, laws
from .driving import Driven, Result, drive
from .laws import Law
from .plant import HOUSES, Equipment

TUNED: Final = ("a1", "a2", "a3")
HELD_OUT: Final = {"held-out 1": ("h1", "h2", "h3"), "held-out 2": ("k1", "k2", "k3")}
PANELS_W: Final = 10_000.0
SMALL_W: Final = 5_500.0
_NOTHING_WH: Final = 200.0

LAWS: Final[dict[str, Callable[[Equipment], Law]]] = {
    "thresholds, 30 s": lambda house: laws.Thresholds(house, cycle_s=30, start_s=60, stop_s=180),
    "thresholds, 10 s": lambda house: laws.Thresholds(house, cycle_s=10, start_s=60, stop_s=180),
    "our blueprint": laws.Blueprint,
    "controller, λ = 1": lambda house: Driven(house, 1),
    "controller, λ = 2": lambda house: Driven(house, 2),
    "controller, λ = 3": lambda house: Driven(house, 3),
}


@dataclass(frozen=True)
class Job:
    """One house on one day."""

    kind: str
    house: str
    seed: str
    laws: tuple[str, ...]
    panels_w: float = PANELS_W


@dataclass(frozen=True)
class Done:
    """What each law made of it, and the best that could be had, by λ."""

    job: Job
    results: dict[str, Result]
    best: dict[int, hindsight.Best]


@dataclass(frozen=True)
class Figures:
    """What a law made of many days."""

    j1: float
    j3: float
    sun_kwh: float
    bought_kwh: float
    starts: float
    switches: float
    lost: int
    too_soon: int


def run(job: Job) -> Done:
    """Let some laws drive one day."""
    day, house = days.make(job.kind, job.seed, job.panels_w), HOUSES[job.house]
    surplus = day.surplus_w
    return Done(
        job,
        {name: drive(day, house, LAWS[name](house)) for name in job.laws},
        {weight: hindsight.find(surplus, house, weight) for weight in (1, 3)},
    )


def jobs(
    seeds: Iterable[str],
    names: Sequence[str],
    *,
    kinds: Iterable[str] = days.KINDS,
    houses: Iterable[str] = tuple(HOUSES),
    panels_w: float = PANELS_W,
) -> list[Job]:
    """Return every house on every kind of day."""
    return [
        Job(kind, house, seed, tuple(names), panels_w)
        for seed, kind, house in product(seeds, kinds, houses)
    ]


def run_all(wanted: Sequence[Job], workers: int = 2) -> list[Done]:
    """Run jobs beside each other."""
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(run, wanted))


def figures(chosen: Sequence[Done], law: str) -> Figures:
    """Return what a law made of some days."""
    results = [one.results[law] for one in chosen]
    count = len(results)
    scores = [
        100
        * sum(one.results[law].score_wh(weight) for one in chosen)
        / max(_NOTHING_WH, sum(one.best[weight].score_wh for one in chosen))
        for weight in (1, 3)
    ]
    return Figures(
        j1=scores[0],
        j3=scores[1],
        sun_kwh=sum(one.sun_wh for one in results) / count / 1000,
        bought_kwh=sum(one.bought_wh for one in results) / count / 1000,
        starts=sum(one.starts for one in results) / count,
        switches=sum(one.switches for one in results) / count,
        lost=sum(one.lost for one in results),
        too_soon=sum(one.too_soon for one in results),
    )


def table(done: Sequence[Done]) -> list[str]:
    """Return a table of all laws that ran."""
    names = list(done[0].results)
    lines = [f"{'':20}   J(1)   J(3)  sun kWh  not sun  starts  switches  lost"]
    lines += [_line(name, figures(done, name)) for name in names]
    for weight in (1, 3):
        best = [one.best[weight] for one in done]
        lines.append(
            f"{f'hindsight, λ = {weight}':20}  100.0  100.0"
            f"{sum(one.sun_wh for one in best) / len(best) / 1000:9.1f}"
            f"{sum(one.bought_wh for one in best) / len(best) / 1000:9.2f}"
            f"{sum(one.starts for one in best) / len(best):8.1f}"
            f"{sum(one.switches for one in best) / len(best):10.1f}"
        )
    return lines


def by_kind_and_house(done: Sequence[Done], law: str) -> list[str]:
    """Return a law's figures by kind of day, and by house."""
    kinds = dict.fromkeys(one.job.kind for one in done)
    houses = dict.fromkeys(one.job.house for one in done)
    return [
        *(
            _line(kind, figures([one for one in done if one.job.kind == kind], law))
            for kind in kinds
        ),
        *(
            _line(house, figures([one for one in done if one.job.house == house], law))
            for house in houses
        ),
    ]


def _line(name: str, found: Figures) -> str:
    return (
        f"{name:20} {found.j1:6.1f} {found.j3:6.1f} {found.sun_kwh:8.1f} {found.bought_kwh:8.2f} "
        f"{found.starts:7.1f} {found.switches:9.1f} {found.lost:5}"
    )
