"""What a law sees and does in a simulated day, and two laws of other kinds.

Neither has anything in common with the controller but the plant that it drives.
"""

import math
from dataclasses import dataclass
from typing import Protocol

from .plant import LEAST_A, VOLTS, Charger, Equipment, Meter


class Law(Protocol):
    """Drives one charger."""

    def second(self, second: int, meter: Meter, charger: Charger, *, fresh: bool) -> None:
        """Do what is due in this second."""


@dataclass
class Timer:
    """Runs while a condition holds."""

    since_s: float | None = None

    def elapsed(self, second: int, *, holds: bool) -> float:
        """Return for how long a condition has held."""
        if not holds:
            self.since_s = None
            return -1.0
        if self.since_s is None:
            self.since_s = second
        return second - self.since_s


class Thresholds:
    """Thresholds and timers, as the most used programs have them.

    Every cycle: what is there beyond the car is added to what the car was offered. Enabled
    after the surplus was enough for the least for a while, disabled after it was not.
    """

    def __init__(
        self,
        house: Equipment,
        *,
        cycle_s: int,
        start_s: float,
        stop_s: float,
        settle_s: float = 60.0,
        least_between_switches_s: float = 0.0,
    ) -> None:
        self._house = house
        self._cycle = cycle_s
        self._start, self._stop = start_s, stop_s
        self._settle, self._between = settle_s, least_between_switches_s
        self._enabled = False
        self._amps = 0.0
        self._given = 1 if house.switchable else house.phases
        self._switched_s = -10_000.0
        self._timers = {name: Timer() for name in ("start", "stop", "up", "down")}
        self._seen_phases = 0

    def second(self, second: int, meter: Meter, charger: Charger, *, fresh: bool) -> None:
        """Look every cycle, soon after a meter with the same period has spoken."""
        del fresh
        if second % self._cycle != 2 or meter.received_s < 0 or charger.shown.received_s < 0:
            return
        if second - self._switched_s < self._settle:
            return
        draws = [amps for amps in charger.shown.currents_a if amps > 1]
        if draws and not charger.shown.switching:
            self._seen_phases = len(draws)
        power = sum(charger.shown.currents_a) * VOLTS
        available = power - meter.power_w
        if self._house.switchable and self._scale(second, available, charger):
            return
        self._enable(second, available, charger, max(draws, default=0.0), meter.power_w)

    def _active(self) -> int:
        if not self._house.switchable and self._seen_phases:
            return self._seen_phases
        return self._given

    def _scale(self, second: int, available_w: float, charger: Charger) -> bool:
        """Change the phases where that was due for long enough."""
        least_three = 3 * LEAST_A * VOLTS
        most_one = min(self._house.charger_a, self._house.car_a) * VOLTS
        three = self._given == 3
        down = self._timers["down"].elapsed(second, holds=three and available_w < least_three)
        up = self._timers["up"].elapsed(
            second, holds=not three and available_w >= max(least_three, most_one)
        )
        idle = not self._enabled
        waited = second - self._switched_s >= self._between
        if waited and (three and down >= 0 and (idle or down >= self._stop)):
            self._switch(second, 1, charger)
            return not idle
        if waited and (not three and up >= 0 and (idle or up >= self._start)):
            self._switch(second, 3, charger)
            return not idle
        return False

    def _switch(self, second: int, phases: int, charger: Charger) -> None:
        self._given = phases
        self._timers = {name: Timer() for name in self._timers}
        if self._enabled:
            self._switched_s = second
            self._amps = LEAST_A
            charger.order(second, self._amps, phases)

    def _enable(
        self, second: int, available_w: float, charger: Charger, drawn_a: float, grid_w: float
    ) -> None:
        unit = self._active() * VOLTS
        base = min(self._amps, drawn_a + 2) if drawn_a else self._amps
        base = base if self._enabled and drawn_a else 0.0
        target = base - grid_w / unit if base else available_w / unit
        amps = math.floor(target / self._house.step_a + 1e-6) * self._house.step_a
        enough = target >= LEAST_A
        if self._enabled:
            if self._timers["stop"].elapsed(second, holds=not enough) >= self._stop:
                self._enabled, self._amps = False, 0.0
                self._timers = {name: Timer() for name in self._timers}
                charger.order(second, 0.0, self._given)
                return
        else:
            if self._timers["start"].elapsed(second, holds=enough) < self._start:
                return
            self._enabled = True
            self._timers = {name: Timer() for name in self._timers}
        amps = round(min(max(amps, LEAST_A), self._house.charger_a), 1)
        if amps != self._amps:
            self._amps = amps
            charger.order(second, amps, self._given)


class Blueprint:
    """Our own blueprint for the solar surplus, with its defaults."""

    def __init__(self, house: Equipment) -> None:
        self._house = house
        most = min(house.phases, house.car_phases)
        least = 1 if house.switchable else most
        self._minimum = 1450.0 if least == 1 else 4200.0
        self._maximum = house.charger_a * VOLTS * most
        self._start_w = 1800.0 if least == 1 else 4500.0
        self._stop_w = 800.0 if least == 1 else 2500.0
        self._phases = most
        self._on = False
        self._limit = 0.0
        self._limit_s = self._off_s = self._action_s = -10_000.0
        self._start, self._stop = Timer(), Timer()

    def second(self, second: int, meter: Meter, charger: Charger, *, fresh: bool) -> None:
        """Watch all the time, follow every ten seconds."""
        del fresh
        if meter.received_s < 0 or charger.shown.received_s < 0:
            return
        surplus = sum(charger.shown.currents_a) * VOLTS - meter.power_w
        rested = second - self._off_s >= 300
        start = not self._on and rested and surplus >= self._start_w
        stop = self._on and surplus < self._stop_w
        if self._start.elapsed(second, holds=start) >= 120:
            self._on = True
            self._set(second, self._target(second, surplus, paused=True), charger)
        elif self._stop.elapsed(second, holds=stop) >= 300:
            self._on, self._off_s = False, second
            charger.order(second, 0.0, charger.given)
        elif second % 10 == 0 and self._on and second - self._action_s >= 30:
            target = self._target(second, surplus, paused=False)
            if abs(target - self._limit) >= 200:
                self._set(second, target, charger)

    def _target(self, second: int, surplus_w: float, *, paused: bool) -> float:
        wanted = min(max(surplus_w - 100, self._minimum), self._maximum)
        if not self._house.switchable:
            return math.floor(wanted)
        on_three, old_enough = self._limit >= 4300, second - self._limit_s >= 600
        if wanted >= 4300:
            at_the_top = self._limit >= 3680 - 200
            if not (paused or on_three or (at_the_top and old_enough)):
                wanted = 3680
        elif on_three and not paused and not (self._limit <= 4500 and old_enough):
            wanted = min(4300, self._maximum)
        else:
            wanted = min(wanted, 3680)
        return math.floor(wanted)

    def _set(self, second: int, watts: float, charger: Charger) -> None:
        if watts != self._limit:
            self._limit_s = second
        self._limit, self._action_s = watts, second
        phases = self._phases
        if self._house.switchable:
            phases = 3 if watts >= 4000 else 1
        step = self._house.step_a
        amps = math.floor(watts / (phases * VOLTS) / step + 1e-6) * step
        given = phases if self._house.switchable else self._house.phases
        charger.order(second, round(amps, 1), given)
