"""Days in steps of a second: the sun on a roof, and what a family uses on each phase."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Final

START_S: Final = 5 * 3600
"""The simulated part of a day begins at five in the morning of local time."""
LENGTH_S: Final = 16 * 3600
KINDS: Final = ("clear", "broken", "large", "changing", "overcast")
_ROOF_LAG_S: Final = 6.0

type Sky = Callable[[Random, int], list[float]]


@dataclass(frozen=True)
class Day:
    """The sun and the loads of each phase, in W, second by second."""

    kind: str
    seed: str
    sun_w: list[float]
    loads_w: tuple[list[float], list[float], list[float]]

    @property
    def surplus_w(self) -> list[float]:
        """What a car could take without import."""
        one, two, three = self.loads_w
        return [sun - a - b - c for sun, a, b, c in zip(self.sun_w, one, two, three, strict=True)]


def make(kind: str, seed: str, panels_w: float = 10_000.0) -> Day:
    """Return a day."""
    dice = Random(f"{kind} {seed}")  # noqa: S311 - the same dice every time are the point
    clear = _clear(dice, panels_w)
    cover = _SKIES[kind](dice, LENGTH_S)
    sun: list[float] = []
    power = 0.0
    for base, share in zip(clear, cover, strict=True):
        power += (base * share - power) / _ROOF_LAG_S
        sun.append(power)
    return Day(kind, seed, sun, family(Random(f"family {seed}"), START_S, LENGTH_S))  # noqa: S311


def _clear(dice: Random, panels_w: float) -> list[float]:
    """Return a sky without clouds, between spring and autumn."""
    half = dice.uniform(6.3, 8.0) * 3600
    noon = (13.2 + dice.uniform(-0.3, 0.3)) * 3600 - START_S
    peak = panels_w * dice.uniform(0.80, 0.90) * min(1.0, half / (7.2 * 3600)) ** 0.6
    powers = []
    for second in range(LENGTH_S):
        angle = (second - noon) / half * (math.pi / 2)
        powers.append(peak * math.cos(angle) ** 1.25 if abs(angle) < math.pi / 2 else 0.0)
    return powers


# -- skies ----------------------------------------------------------------------


def _haze(dice: Random, seconds: int) -> list[float]:
    cover, level = [], 0.98
    for _ in range(seconds):
        level += (0.98 - level) / 900 + dice.gauss(0, 0.0004)
        cover.append(level)
    return cover


def _clouds(
    dice: Random,
    seconds: int,
    *,
    gap_s: float,
    cloud_s: float,
    spread: float,
    dark: tuple[float, float],
    edge: tuple[float, float],
) -> list[float]:
    """Return gaps and clouds in turn; at a cloud's edge the sun is a little stronger."""
    cover: list[float] = []
    shining = dice.random() < gap_s / (gap_s + cloud_s)
    level = 1.0 if shining else dice.uniform(*dark)
    ripple = 0.0
    while len(cover) < seconds:
        mean = gap_s if shining else cloud_s
        length = max(5, int(dice.lognormvariate(math.log(mean) - spread * spread / 2, spread)))
        wanted = dice.uniform(0.97, 1.10) if shining else _darkness(dice, dark)
        ramp = dice.uniform(*edge)
        for _ in range(length):
            ripple += -ripple / 40 + dice.gauss(0, 0.004)
            level += (wanted - level) / ramp
            cover.append(max(0.03, level + ripple * (0.4 if shining else 1.0)))
        shining = not shining
    return cover[:seconds]


def _darkness(dice: Random, dark: tuple[float, float]) -> float:
    """Return what a cloud lets through; one in ten is thin."""
    return dice.uniform(0.4, 0.7) if dice.random() < 0.1 else dice.uniform(*dark)


def _broken(dice: Random, seconds: int) -> list[float]:
    scale = dice.uniform(0.7, 1.5)
    return _clouds(
        dice,
        seconds,
        gap_s=850 * scale,
        cloud_s=350 * scale,
        spread=0.9,
        dark=(0.04, 0.16),
        edge=(8, 40),
    )


def _large(dice: Random, seconds: int) -> list[float]:
    return _clouds(
        dice,
        seconds,
        gap_s=3600,
        cloud_s=1500,
        spread=0.8,
        dark=(0.05, 0.25),
        edge=(20, 120),
    )


def _overcast(dice: Random, seconds: int) -> list[float]:
    cover: list[float] = []
    slow, quick = dice.uniform(0.2, 0.4), 0.0
    mean = dice.uniform(0.2, 0.36)
    for _ in range(seconds):
        slow += (mean - slow) / 2400 + dice.gauss(0, 0.0035)
        quick += -quick / 90 + dice.gauss(0, 0.003)
        cover.append(min(0.85, max(0.05, slow + quick)))
    return cover


def _changing(dice: Random, seconds: int) -> list[float]:
    cover: list[float] = []
    while len(cover) < seconds:
        sky = dice.choice((_haze, _broken, _broken, _large, _overcast))
        cover += sky(dice, int(dice.uniform(4000, 9000)))
    return cover[:seconds]


_SKIES: Final[dict[str, Sky]] = {
    "clear": _haze,
    "broken": _broken,
    "large": _large,
    "changing": _changing,
    "overcast": _overcast,
}


# -- what a family uses -----------------------------------------------------------


def family(
    dice: Random, start_s: int, seconds: int
) -> tuple[list[float], list[float], list[float]]:
    """Return the loads of three phases of a house with a family in it."""
    loads = tuple([dice.uniform(60, 140)] * seconds for _ in range(3))
    _cycle(loads[1], dice, power_w=110, on_s=700, off_s=1900)
    _cycle(loads[2], dice, power_w=140, on_s=500, off_s=2600)
    day = Household(loads, dice, start_s, seconds)
    for hour in (6.8, 7.5, 10.5, 13.0, 16.0, 18.5):
        day.use(0, hour, 0.5, 2100, dice.uniform(100, 240))  # a kettle
    for hour in (7.0, 12.3, 18.0):
        day.use(1, hour, 0.4, 1200, dice.uniform(300, 900), duty=0.6, period_s=75)  # a hob
        day.use(2, hour, 0.4, 1500, dice.uniform(300, 900))
    if dice.random() < 0.6:
        day.use(2, dice.choice((11.5, 17.3)), 0.5, 2800, 2700, duty=0.45, period_s=90)  # an oven
    if dice.random() < 0.7:
        day.machine(1, dice.uniform(8, 15), 2050, (900, 400))  # a washing machine
    if dice.random() < 0.7:
        day.machine(0, dice.choice((9.0, 13.7, 19.0)), 2000, (800, 700))  # a dishwasher
    if dice.random() < 0.3:
        day.use(1, dice.uniform(11, 16), 0.5, 900, 4000)  # a dryer with a heat pump
    for _ in range(dice.randint(15, 35)):
        phase = dice.randrange(3)
        day.use(phase, dice.uniform(6, 21), 0.0, dice.uniform(80, 700), dice.uniform(60, 2400))
    return loads[0], loads[1], loads[2]


def _cycle(load: list[float], dice: Random, *, power_w: float, on_s: float, off_s: float) -> None:
    second = int(dice.uniform(0, off_s))
    while second < len(load):
        length = int(on_s * dice.uniform(0.8, 1.2))
        for place in range(second, min(second + length, len(load))):
            load[place] += power_w
        second += length + int(off_s * dice.uniform(0.8, 1.2))


@dataclass
class Household:
    """Puts appliances into the loads of a house."""

    loads_w: tuple[list[float], ...]
    dice: Random
    start_s: int
    seconds: int

    def use(
        self,
        phase: int,
        hour: float,
        spread: float,
        power_w: float,
        length_s: float,
        *,
        duty: float = 1.0,
        period_s: float = 60.0,
    ) -> None:
        """Use an appliance about some hour; ``duty`` is how much of a period it heats."""
        begin = int((hour + self.dice.uniform(-spread, spread)) * 3600) - self.start_s
        load = self.loads_w[phase]
        for second in range(max(0, begin), min(begin + int(length_s), self.seconds)):
            if (second - begin) % period_s < duty * period_s:
                load[second] += power_w

    def machine(self, phase: int, hour: float, power_w: float, heats_s: tuple[int, ...]) -> None:
        """Use a machine that heats its water some times."""
        for heat in heats_s:
            self.use(phase, hour, 0.0, power_w, heat * self.dice.uniform(0.8, 1.2))
            hour += (heat + self.dice.uniform(900, 1800)) / 3600
