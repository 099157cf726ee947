"""A house with several chargers, a fuse, a battery and a meter that may fail, driven by `step`.

The days of `driving` have one car and the sun; here is everything else.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Final

from custom_components.voltrail.engine.charging.controller import (
    BatterySample,
    ChargerView,
    Controller,
    CurrentsSample,
    Explanation,
    GridSample,
    Observation,
    Order,
    Requests,
    Slot,
)

from .plant import VOLTS, Charger, Equipment, Meter

WARMING_S: Final = 60.0


@dataclass
class Battery:
    """A house battery that pulls the grid power to zero within some seconds."""

    capacity_wh: float = 10_000.0
    most_w: float = 5_000.0
    charge_wh: float = 4_000.0
    power_w: float = 0.0

    def advance(self, rest_w: float) -> None:
        """Go on by a second; ``rest_w`` is what the house imports without the battery."""
        wanted = min(max(-rest_w, -self.most_w), self.most_w)
        self.power_w += (wanted - self.power_w) * 0.35
        if self.charge_wh >= self.capacity_wh:
            self.power_w = min(self.power_w, 0.0)
        if self.charge_wh <= 0.05 * self.capacity_wh:
            self.power_w = max(self.power_w, 0.0)
        self.charge_wh += self.power_w / 3600


@dataclass
class House:
    """What a world is made of. ``faults`` says at which second which fault of the meter begins."""

    loads_w: Sequence[Sequence[float]]
    cars: Mapping[str, Equipment]
    sun_w: Sequence[float] | None = None
    faults: Mapping[int, str] = field(default_factory=dict)
    start: datetime = datetime(2026, 11, 14, 16, tzinfo=UTC)
    slots: tuple[Slot, ...] = ()
    seed: str = "world"
    battery: Battery | None = None
    meter: Equipment | None = None


@dataclass
class Outcome:
    """What came of it."""

    charged_wh: dict[str, float] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)
    switches: dict[str, int] = field(default_factory=dict)
    warmth: float = 0.0
    warmth_alone: float = 0.0
    above_s: int = 0
    squares_1000: float = 0.0
    sun_wh: float = 0.0
    bought_wh: float = 0.0
    battery_percent: float = 0.0
    windows_w: list[float] = field(default_factory=list)
    alone_w: list[float] = field(default_factory=list)
    cost: float = 0.0
    too_soon: int = 0
    charged_at: dict[int, float] = field(default_factory=dict)


type Looker = Callable[[int, Explanation, Mapping[str, Charger]], None]


class World:
    """Runs a controller in a house, a second at a time."""

    def __init__(
        self,
        house: House,
        controller: Controller,
        requests: Requests,
        *,
        rating_a: float = 25.0,
        window_s: int = 900,
    ) -> None:
        dice = Random(house.seed)  # noqa: S311 - the same dice every time are the point
        self.house, self.controller, self.requests = house, controller, requests
        self.rating_a, self.window_s = rating_a, window_s
        self.chargers = {key: Charger(one, dice) for key, one in house.cars.items()}
        self.meter = Meter(house.meter or next(iter(house.cars.values())))
        self.outcome = Outcome()
        self._warm, self._warm_alone = [0.3] * 3, [0.3] * 3
        self._window_wh = self._alone_wh = 0.0
        self._ordered = dict.fromkeys(house.cars, (-100.0, 0.0))
        self._fault = ""
        self._grid: GridSample | None = None
        self._currents: CurrentsSample | None = None
        self.laws: Callable[[World, int], None] | None = None

    def run(self, seconds: int, look: Looker | None = None) -> Outcome:
        """Go on for some seconds, and return what came of it."""
        for second in range(seconds):
            self._advance(second)
            if self.laws is not None:
                self.laws(self, second)
                continue
            explanation = self._step(second)
            if look is not None:
                look(second, explanation, self.chargers)
        result = self.outcome
        for key, charger in self.chargers.items():
            result.charged_wh[key] = charger.car.energy_wh
            result.starts[key] = charger.car.starts - charger.switches
            result.switches[key] = charger.switches
        if self.house.battery is not None:
            battery = self.house.battery
            result.battery_percent = 100 * battery.charge_wh / battery.capacity_wh
        return result

    def _advance(self, second: int) -> None:
        house = self.house
        self._fault = house.faults.get(second, self._fault)
        sun = house.sun_w[second] if house.sun_w is not None else 0.0
        alone = [load[second] - sun / 3 for load in house.loads_w]
        phases = list(alone)
        for key, charger in self.chargers.items():
            charger.advance(second)
            own = charger.car.draw_a * VOLTS
            for phase in house.cars[key].rotation[: charger.phases_in_use]:
                phases[phase] += own
        self._count(second, alone, phases)
        if house.battery is not None:
            house.battery.advance(sum(phases))
            phases = [power + house.battery.power_w / 3 for power in phases]
        if self.meter.advance(second, (phases[0], phases[1], phases[2]), self._fault):
            self._grid = GridSample(self.meter.power_w, self.meter.received_s)
            self._currents = CurrentsSample(self.meter.currents_a, self.meter.received_s)

    def _step(self, second: int) -> Explanation:
        wall = self.house.start + timedelta(seconds=second)
        orders, explanation = self.controller.step(
            float(second), wall, self.observe(second), self.requests
        )
        for order in orders:
            self.order(second, order)
        return explanation

    def observe(self, second: int) -> Observation:
        """Return what is known in a second."""
        battery = self.house.battery
        return Observation(
            grid=self._grid,
            currents=self._currents,
            battery=BatterySample(
                round(battery.power_w),
                float(second),
                100 * battery.charge_wh / battery.capacity_wh,
            )
            if battery
            else None,
            chargers={
                key: _view(charger)
                for key, charger in self.chargers.items()
                if charger.shown.received_s >= 0
            },
            slots=self.house.slots,
        )

    def order(self, second: int, order: Order) -> None:
        """Give an order to a charger."""
        before, amps = self._ordered[order.charger]
        self.outcome.too_soon += order.current_a > amps and second - before < 5
        self._ordered[order.charger] = (second, order.current_a)
        self.chargers[order.charger].order(second, order.current_a, order.phases)

    def _count(self, second: int, alone_w: Sequence[float], phases_w: Sequence[float]) -> None:
        result, share = self.outcome, 1 - math.exp(-1 / WARMING_S)
        for phase in range(3):
            amps = abs(phases_w[phase]) / VOLTS
            ratio, ratio_alone = amps / self.rating_a, abs(alone_w[phase]) / VOLTS / self.rating_a
            self._warm[phase] += (ratio * ratio - self._warm[phase]) * share
            self._warm_alone[phase] += (ratio_alone**2 - self._warm_alone[phase]) * share
            if ratio > 1:
                result.above_s += 1
                result.squares_1000 += (amps**2 - self.rating_a**2) / 1000
        result.warmth = max(result.warmth, *self._warm)
        result.warmth_alone = max(result.warmth_alone, *self._warm_alone)
        cars = sum(phases_w) - sum(alone_w)
        used = min(cars, max(0.0, -sum(alone_w)))
        result.sun_wh += used / 3600
        result.bought_wh += (cars - used) / 3600
        if self.house.slots:
            at = self.house.start + timedelta(seconds=second)
            price = next((one.price for one in self.house.slots if one.start <= at < one.end), 0.0)
            result.cost += cars / 3.6e6 * price
        self._window_wh += max(0.0, sum(phases_w)) / 3600
        self._alone_wh += max(0.0, sum(alone_w)) / 3600
        if (second + 1) % self.window_s == 0:
            result.windows_w.append(self._window_wh * 3600 / self.window_s)
            result.alone_w.append(self._alone_wh * 3600 / self.window_s)
            self._window_wh = self._alone_wh = 0.0


def _view(charger: Charger) -> ChargerView:
    shown = charger.shown
    return ChargerView(
        received_s=shown.received_s,
        currents_a=shown.currents_a,
        offered_a=shown.offered_a,
        phases=shown.given,
        switching=shown.switching,
        session_wh=shown.energy_wh,
    )
