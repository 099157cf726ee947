"""Charger, car and meter, as they behave second by second.

Nothing in here knows a controller. All of it is made up after what is known of such devices:
chargers that take some seconds, cars that start late, ramp, stay below the offer, and give up.
"""

from collections import deque
from dataclasses import dataclass, replace
from random import Random
from typing import Final

VOLTS: Final = 230.0
LEAST_A: Final = 6.0


@dataclass(frozen=True, kw_only=True)
class Equipment:
    """A house's meter, charger and car."""

    name: str
    meter_s: float = 1.0
    meter_late_s: float = 1.0
    whole_amperes: bool = False
    charger_delay_s: float = 2.0
    poll_s: float = 2.0
    step_a: float = 1.0
    charger_a: float = 16.0
    phases: int = 3
    switchable: bool = True
    one_verb: bool = False
    switch_s: float = 25.0
    car_a: float = 16.0
    car_phases: int = 3
    car_start_s: tuple[float, float] = (15.0, 35.0)
    car_ramp_a_s: float = 2.0
    car_lag_s: float = 2.0
    car_gap_a: float = 0.3
    gives_up_after: int | None = None
    rotation: tuple[int, ...] = (0, 1, 2)


HOUSES: Final = {
    house.name: house
    for house in (
        Equipment(name="fast", one_verb=True, step_a=0.1, charger_delay_s=1.0),
        Equipment(
            name="slow",
            meter_s=10.0,
            charger_delay_s=3.0,
            poll_s=4.0,
            switch_s=40.0,
            car_start_s=(25.0, 40.0),
            car_ramp_a_s=2.0,
            car_gap_a=0.5,
        ),
        Equipment(
            name="whole",
            meter_s=2.5,
            whole_amperes=True,
            charger_delay_s=3.0,
            poll_s=5.0,
            car_gap_a=0.5,
        ),
        Equipment(
            name="three",
            step_a=0.1,
            switchable=False,
            charger_delay_s=3.0,
            poll_s=3.0,
        ),
        Equipment(name="wide", charger_a=32.0, car_a=16.0, charger_delay_s=4.0, poll_s=3.0),
        Equipment(
            name="hybrid",
            car_phases=1,
            step_a=0.1,
            meter_s=5.0,
            poll_s=3.0,
            charger_delay_s=3.0,
            gives_up_after=8,
            phases=1,
            switchable=False,
        ),
    )
}


class Meter:
    """Tells the power at the connection and the currents of the phases, now and then."""

    def __init__(self, equipment: Equipment) -> None:
        self._equipment = equipment
        self._due = 0.0
        self._under_way: deque[tuple[float, float, tuple[float, ...]]] = deque()
        self._frozen: tuple[float, tuple[float, ...]] | None = None
        self.power_w = 0.0
        self.currents_a: tuple[float, ...] = (0.0, 0.0, 0.0)
        self.received_s = -1.0

    def advance(self, second: int, phases_w: tuple[float, float, float], fault: str = "") -> bool:
        """Go on by a second; True if a telegram came. A fault is *silent* or *frozen*."""
        if second >= self._due:
            self._due += self._equipment.meter_s
            if fault == "frozen":
                self._frozen = self._frozen or (self.power_w, self.currents_a)
                told = self._frozen
            else:
                self._frozen = None
                told = self._measure(phases_w)
            if fault != "silent":
                self._under_way.append((second + self._equipment.meter_late_s, *told))
        if not self._under_way or self._under_way[0][0] > second:
            return False
        _, self.power_w, self.currents_a = self._under_way.popleft()
        self.received_s = float(second)
        return True

    def _measure(self, phases_w: tuple[float, float, float]) -> tuple[float, tuple[float, ...]]:
        digits = 0 if self._equipment.whole_amperes else 1
        currents = tuple(round(abs(power) / VOLTS, digits) for power in phases_w)
        return round(sum(phases_w)), currents


class Car:
    """A car at a charger: starts late, ramps, and may give up."""

    def __init__(self, equipment: Equipment, dice: Random) -> None:
        self._equipment = equipment
        self._dice = dice
        self._wakes_s = -1
        self._offer_a = 0.0
        self._follows_s = 0
        self._target_a = 0.0
        self.draw_a = 0.0
        self.lost = False
        self.interruptions = 0
        self.energy_wh = 0.0
        self.starts = 0
        self.wants_wh: float | None = None

    def advance(self, second: int, offer_a: float, phases: int) -> None:
        """Go on by a second with an offer."""
        equipment = self._equipment
        if offer_a != self._offer_a:
            self._heed(second, offer_a)
        if self._offer_a < LEAST_A or self.lost or self._full():
            self.draw_a = max(0.0, self.draw_a - 8.0)
        elif second >= self._wakes_s:
            if second >= self._follows_s:
                self._target_a = min(self._offer_a - equipment.car_gap_a, equipment.car_a)
            step = equipment.car_ramp_a_s
            self.draw_a += min(max(self._target_a - self.draw_a, -3 * step), step)
        self.energy_wh += self.draw_a * phases * VOLTS / 3600

    def _heed(self, second: int, offer_a: float) -> None:
        equipment = self._equipment
        before, self._offer_a = self._offer_a, offer_a
        if before < LEAST_A <= offer_a:
            self.starts += 1
            low, high = equipment.car_start_s
            self._wakes_s = second + int(self._dice.uniform(low, high))
            self._target_a = self._follows_s = 0
        elif offer_a < LEAST_A <= before:
            self.interruptions += 1
            if equipment.gives_up_after and self.interruptions >= equipment.gives_up_after:
                self.lost = True
        else:
            self._follows_s = second + int(equipment.car_lag_s)

    def _full(self) -> bool:
        return self.wants_wh is not None and self.energy_wh >= self.wants_wh


class Charger:
    """Takes orders, carries them out after a while, and tells what it measures when asked."""

    def __init__(self, equipment: Equipment, dice: Random) -> None:
        self._equipment = equipment
        self.car = Car(equipment, dice)
        self._orders: deque[tuple[float, float, int]] = deque()
        self._switched_s = -1.0
        self._next: tuple[float, int] | None = None
        self._asked_s = -100.0
        self.offer_a = 0.0
        self.given = 1 if equipment.switchable else equipment.phases
        self.switches = 0
        self.shown = Shown(received_s=-1.0, given=self.given)
        self.refuses_phases = False

    @property
    def phases_in_use(self) -> int:
        """How many phases the car draws on."""
        return min(self.given, self._equipment.car_phases)

    @property
    def draw_w(self) -> float:
        """What the car draws now."""
        return self.car.draw_a * self.phases_in_use * VOLTS

    def order(self, second: float, amps: float, phases: int) -> None:
        """Take an order."""
        self._orders.append((second + self._equipment.charger_delay_s, amps, phases))

    def advance(self, second: int) -> None:
        """Go on by a second."""
        while self._orders and self._orders[0][0] <= second:
            _, amps, phases = self._orders.popleft()
            self._carry_out(second, amps, phases)
        if self._next is not None and second >= self._switched_s:
            self.offer_a, self.given = self._next
            self._next = None
        self.car.advance(second, self.offer_a, self.phases_in_use)
        if second - self._asked_s >= self._equipment.poll_s:
            self._asked_s = second
            amps = round(self.car.draw_a, 1)
            used = self.phases_in_use
            self.shown = Shown(
                received_s=float(second),
                currents_a=tuple(amps if phase < used else 0.0 for phase in range(3)),
                offered_a=self.offer_a,
                given=self.given,
                switching=self._next is not None,
                energy_wh=self.car.energy_wh,
            )

    def _carry_out(self, second: int, amps: float, phases: int) -> None:
        amps = min(amps, self._equipment.charger_a)
        switch = self._equipment.switchable and not self.refuses_phases
        if switch and phases != (self._next[1] if self._next else self.given):
            # It pauses by itself meanwhile, whoever told it.
            self.switches += 1
            self._switched_s = second + self._equipment.switch_s
            self._next = (amps, phases)
            self.offer_a = 0.0
        elif self._next is not None:
            self._next = (amps, self._next[1])
        else:
            self.offer_a = amps


@dataclass(frozen=True, slots=True)
class Shown:
    """What a charger tells when it is asked."""

    received_s: float
    currents_a: tuple[float, ...] = (0.0, 0.0, 0.0)
    offered_a: float = 0.0
    given: int = 3
    switching: bool = False
    energy_wh: float = 0.0


def small_roof(house: Equipment) -> Equipment:
    """Return the same house under another name, for a roof of 5.5 kW."""
    return replace(house, name=f"{house.name}, small roof")
