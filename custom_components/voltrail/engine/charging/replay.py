"""What the controller would have done on a day that was recorded.

The house of that day, without its car, meets the controller and a simple car: one that follows
after some seconds and starts after half a minute. What cannot be known is said.
"""

import math
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from .controller import (
    ChargerConfig,
    ChargerView,
    Controller,
    ControllerConfig,
    CurrentsSample,
    Explanation,
    GridSample,
    Observation,
    Order,
    Requests,
)
from .day_picture import Curve, draw
from .history import HistoryError, Series

_FOLLOWS_S: Final = 4.0
_STARTS_S: Final = 25.0
_SWITCHES_S: Final = 30.0
_COARSE_S: Final = 60.0
_EVERY_S: Final = 20
_STEP_S: Final = 1.0
_MOST_DAYS_S: Final = 2 * 86_400.0


@dataclass(slots=True)
class ReplayedCar:
    """A car that does as it is told, after a while."""

    phases: int = 3
    most_a: float = 16.0
    draw_a: float = 0.0
    given: int = 1
    offer_a: float = 0.0
    energy_wh: float = 0.0
    starts: int = 0
    switches: int = 0
    _ready_s: float = 0.0
    _orders: deque[tuple[float, Order]] = field(default_factory=deque)

    def order(self, now: float, order: Order) -> None:
        """Take an order."""
        self._orders.append((now + _FOLLOWS_S, order))

    def advance(self, now: float) -> None:
        """Go on by a step."""
        while self._orders and self._orders[0][0] <= now:
            order = self._orders.popleft()[1]
            if order.phases != self.given:
                self.given, self.switches = order.phases, self.switches + 1
                self._ready_s = now + _SWITCHES_S
            if order.current_a and not self.offer_a:
                self.starts += 1
                self._ready_s = max(self._ready_s, now + _STARTS_S)
            self.offer_a = order.current_a
        drawing = self.offer_a > 0 and now >= self._ready_s
        self.draw_a = min(self.offer_a, self.most_a) if drawing else 0.0
        self.energy_wh += self.power_w * _STEP_S / 3600

    @property
    def used(self) -> int:
        """How many phases it draws on."""
        return min(self.given, self.phases)

    @property
    def power_w(self) -> float:
        """What it draws."""
        return self.draw_a * self.used * 230.0

    def view(self, now: float) -> ChargerView:
        """Return what its charger shows."""
        return ChargerView(
            received_s=now,
            currents_a=tuple(self.draw_a if phase < self.used else 0.0 for phase in range(3)),
            offered_a=self.offer_a,
            phases=self.given,
            session_wh=self.energy_wh,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """What would have come of it. Rows are every twenty seconds."""

    times_s: tuple[float, ...]
    house_w: tuple[float | None, ...]
    sun_w: tuple[float | None, ...]
    car_w: tuple[float, ...]
    order_w: tuple[float, ...]
    reasons: tuple[str, ...]
    energy_wh: float
    sun_wh: float
    recorded_wh: float | None
    recorded_sun_wh: float | None
    starts: int
    switches: int
    minutes: Mapping[str, float]
    unknown: tuple[str, ...]

    def table(self) -> list[str]:
        """Return the day in words and numbers."""
        lines = ["                     that day   with the controller"]
        lines.append(_row("car, kWh", _kwh(self.recorded_wh), _kwh(self.energy_wh)))
        lines.append(_row("of it sun, kWh", _kwh(self.recorded_sun_wh), _kwh(self.sun_wh)))
        lines.append(_row("starts", "", str(self.starts)))
        lines.append(_row("changes of phases", "", str(self.switches)))
        lines += ["", "Minutes by reason:"]
        ranked = sorted(self.minutes.items(), key=lambda item: -item[1])
        lines += [f"  {reason:20} {minutes:6.0f}" for reason, minutes in ranked]
        lines += ["", "What this cannot know:"]
        return [*lines, *(f"  - {one}" for one in self.unknown)]

    def picture(self, title: str, utc_offset_h: float = 0.0) -> str:
        """Return the day as SVG."""
        first = self.times_s[0]
        midnight = first - (first + utc_offset_h * 3600) % 86_400
        hours = [(moment - midnight) / 3600 for moment in self.times_s]
        curves = [Curve("house without the car", self.house_w)]
        if any(value is not None for value in self.sun_w):
            curves.append(Curve("sun", self.sun_w))
        curves += [Curve("car", self.car_w), Curve("order", self.order_w, dashed=True)]
        return draw(title, hours, curves, self.reasons)


def replay(
    series: Mapping[str, Series],
    charger: ChargerConfig,
    requests: Requests,
    *,
    fuse_a: float = 0.0,
) -> Replay:
    """Let the controller live through a recorded day. Roles are those of ``history.pick``."""
    begin, end = _span(series["grid"])
    with_fuse = fuse_a if all(role in series for role in ("l1", "l2", "l3")) else 0.0
    controller = Controller(ControllerConfig(chargers=(charger,), fuse_a=with_fuse))
    car = ReplayedCar(
        phases=charger.phases,
        most_a=charger.maximum_a,
        given=1 if charger.switchable else charger.phases,
    )
    day = _Day(series, charger, car, begin)
    for now in _seconds(begin, end):
        car.advance(now)
        observation = day.observe(now)
        orders, told = controller.step(now, datetime.fromtimestamp(now, UTC), observation, requests)
        for order in orders:
            car.order(now, order)
        day.note(now, told)
    return day.result(_unknown(series, fuse_a=fuse_a, guarded=bool(with_fuse)))


class _Day:
    """The house of the recorded day, with another car in it."""

    def __init__(
        self, series: Mapping[str, Series], charger: ChargerConfig, car: ReplayedCar, begin: float
    ) -> None:
        self._series, self._charger, self._car, self._begin = series, charger, car, begin
        self._sun_wh = self._recorded_wh = self._recorded_sun_wh = 0.0
        self._reasons: Counter[str] = Counter()
        self._rows: list[tuple[float, float | None, float | None, float, float, str]] = []
        self._house_w: float | None = None

    def observe(self, now: float) -> Observation:
        """Return what would have been seen."""
        grid, recorded = self._series["grid"].at(now), self._recorded_w(now)
        self._house_w = None if grid is None else grid - recorded
        views = {self._charger.key: self._car.view(now)}
        if grid is None or self._house_w is None:
            return Observation(chargers=views)
        self._count(grid, recorded)
        # A history repeats a value for minutes, which no meter does: a watt more or less tells the
        # controller that this one lives.
        sample = GridSample(self._house_w + self._car.power_w + now % 2, now)
        return Observation(grid=sample, currents=self._currents(now, recorded), chargers=views)

    def note(self, now: float, told: Explanation) -> None:
        """Remember what was decided."""
        one = told.chargers[self._charger.key]
        self._reasons[str(one.reason)] += 1
        if int(now - self._begin) % _EVERY_S == 0:
            sun = self._series["sun"].at(now) if "sun" in self._series else None
            house = self._house_w
            if house is not None and sun is not None:
                house += sun
            order = one.order_a * one.level * 230.0
            self._rows.append((now, house, sun, self._car.power_w, order, str(one.reason)))

    def result(self, unknown: tuple[str, ...]) -> Replay:
        """Return what came of it."""
        times, house, sun, car, order, reasons = zip(*self._rows, strict=True)
        recorded = "car" in self._series
        return Replay(
            times_s=times,
            house_w=house,
            sun_w=sun,
            car_w=car,
            order_w=order,
            reasons=reasons,
            energy_wh=self._car.energy_wh,
            sun_wh=self._sun_wh,
            recorded_wh=self._recorded_wh if recorded else None,
            recorded_sun_wh=self._recorded_sun_wh if recorded else None,
            starts=self._car.starts,
            switches=self._car.switches,
            minutes={reason: count / 60 for reason, count in self._reasons.items()},
            unknown=unknown,
        )

    def _recorded_w(self, now: float) -> float:
        value = self._series["car"].at(now) if "car" in self._series else None
        return max(0.0, value or 0.0)

    def _currents(self, now: float, recorded_w: float) -> CurrentsSample | None:
        """Return the currents of the phases with the other car instead of the recorded one."""
        amps = [
            self._series[role].at(now) if role in self._series else None
            for role in ("l1", "l2", "l3")
        ]
        if any(one is None for one in amps):
            return None
        before = recorded_w / self._charger.phases / 230.0
        currents = []
        for phase, one in enumerate(amps):
            own = self._car.draw_a if phase < self._car.used else 0.0
            gone = before if phase < self._charger.phases else 0.0
            currents.append(max(0.0, abs(one or 0.0) - gone) + own)
        return CurrentsSample(tuple(currents), now)

    def _count(self, grid_w: float, recorded_w: float) -> None:
        assert self._house_w is not None
        surplus = max(0.0, -self._house_w)
        self._sun_wh += min(self._car.power_w, surplus) / 3600
        self._recorded_wh += recorded_w / 3600
        self._recorded_sun_wh += min(recorded_w, max(0.0, recorded_w - grid_w)) / 3600


def _span(grid: Series) -> tuple[float, float]:
    known = [
        moment for moment, value in zip(grid.times_s, grid.values, strict=True) if value is not None
    ]
    if len(known) < 2:
        message = "the grid power has no two states in this history"
        raise HistoryError(message)
    return math.floor(known[0]), min(known[-1], known[0] + _MOST_DAYS_S)


def _seconds(begin: float, end: float) -> Iterator[float]:
    now = begin
    while now <= end:
        yield now
        now += _STEP_S


def _unknown(series: Mapping[str, Series], *, fuse_a: float, guarded: bool) -> tuple[str, ...]:
    """Return what the recording cannot tell about this day."""
    said = [
        "a house battery would have acted otherwise: its power is not taken out of the grid power",
        "what the real car takes, how fast it starts, and whether it was there all day",
    ]
    gap = series["grid"].largest_gap_s()
    if gap > _COARSE_S:
        said.append(f"the grid power between two stored states, up to {gap / 60:.0f} minutes apart")
    if "car" not in series:
        said.append("what the car drew that day: it is still part of the house")
    if guarded:
        said.append("currents between two stored states, and which way they flowed")
    elif fuse_a:
        said.append("the main fuse: the history has no currents of all three phases")
    return tuple(said)


def _kwh(energy_wh: float | None) -> str:
    return "" if energy_wh is None else f"{energy_wh / 1000:.2f}"


def _row(name: str, before: str, after: str) -> str:
    return f"{name:18} {before:>10} {after:>21}"
