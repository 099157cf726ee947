"""Lets a law drive a simulated day, and counts what came of it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from custom_components.voltrail.engine.charging.controller import (
    ChargerConfig,
    ChargerRequest,
    ChargerView,
    Controller,
    ControllerConfig,
    CurrentsSample,
    Explanation,
    GridSample,
    GridShare,
    Mode,
    Observation,
    Requests,
)

from .days import Day
from .hindsight import WEAR_WH
from .laws import Law
from .plant import Charger, Equipment, Meter

SHARES = {1: GridShare.MUCH, 2: GridShare.NORMAL, 3: GridShare.LITTLE}
MIDNIGHT = datetime(2026, 6, 14, 3, tzinfo=UTC)


@dataclass
class Result:
    """What a day brought."""

    sun_wh: float = 0.0
    bought_wh: float = 0.0
    starts: int = 0
    switches: int = 0
    lost: bool = False
    too_soon: int = 0
    rows: list[tuple[float, ...]] = field(default_factory=list)

    def score_wh(self, weight: float) -> float:
        """Return what the day was worth."""
        wear = WEAR_WH * (self.starts + self.switches)
        return self.sun_wh - weight * self.bought_wh - wear


class Driven:
    """The controller as a law."""

    def __init__(self, house: Equipment, weight: int, *, panels_w: float | None = None) -> None:
        self.controller = Controller(
            ControllerConfig(chargers=(charger_config(house),), panels_w=panels_w)
        )
        self._request = Requests(
            chargers={"car": ChargerRequest(mode=Mode.SOLAR, grid_share=SHARES[weight])}
        )
        self.too_soon = 0
        self._ordered = (-100.0, 0.0)
        self.explanation: Explanation | None = None
        self._grid: GridSample | None = None
        self._view: ChargerView | None = None

    def second(self, second: int, meter: Meter, charger: Charger, *, fresh: bool) -> None:
        """Take a step."""
        if fresh:
            self._grid = GridSample(meter.power_w, meter.received_s)
        shown = charger.shown
        if self._view is None or self._view.received_s != shown.received_s:
            self._view = ChargerView(
                received_s=shown.received_s,
                currents_a=shown.currents_a,
                offered_a=shown.offered_a,
                phases=shown.given,
                switching=shown.switching,
            )
        observation = Observation(
            grid=self._grid,
            currents=CurrentsSample(meter.currents_a, meter.received_s) if self._grid else None,
            chargers={"car": self._view} if shown.received_s >= 0 else {},
        )
        orders, self.explanation = self.controller.step(
            float(second), MIDNIGHT + timedelta(seconds=second), observation, self._request
        )
        for order in orders:
            before, amps = self._ordered
            if order.current_a > amps and second - before < 5:
                self.too_soon += 1
            self._ordered = (second, order.current_a)
            charger.order(second, order.current_a, order.phases)


def charger_config(house: Equipment) -> ChargerConfig:
    """Return what the charge point of a house says of itself."""
    return ChargerConfig(
        key="car",
        maximum_a=house.charger_a,
        step_a=house.step_a,
        phases=house.phases,
        switchable=house.switchable,
        one_verb=house.one_verb,
        rotation=house.rotation,
    )


def drive(day: Day, house: Equipment, law: Law, *, fault: dict[int, str] | None = None) -> Result:
    """Let a law drive a day."""
    dice = Random(f"{day.seed} {house.name}")  # noqa: S311
    meter, charger = Meter(house), Charger(house, dice)
    result = Result()
    loads = day.loads_w
    rotation = house.rotation
    now_fault = ""
    for second, sun in enumerate(day.sun_w):
        charger.advance(second)
        if fault and second in fault:
            now_fault = fault[second]
        own = charger.car.draw_a * 230.0
        used = charger.phases_in_use
        phases = [load[second] - sun / 3 for load in loads]
        for phase in rotation[:used]:
            phases[phase] += own
        fresh = meter.advance(second, (phases[0], phases[1], phases[2]), now_fault)
        draw = own * used
        if draw:
            surplus = draw - sum(phases)
            used_sun = min(draw, max(0.0, surplus))
            result.sun_wh += used_sun / 3600
            result.bought_wh += (draw - used_sun) / 3600
        law.second(second, meter, charger, fresh=fresh)
    result.starts, result.switches = charger.car.starts - charger.switches, charger.switches
    result.lost = charger.car.lost
    if isinstance(law, Driven):
        result.too_soon = law.too_soon
    return result
