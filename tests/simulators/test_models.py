"""The physics that all simulated chargers share."""

from dataclasses import dataclass
from enum import IntEnum
from random import Random

import pytest

from simulators.car import Car, Pilot
from simulators.clock import Clock
from simulators.grid import Grid
from simulators.meter import Meter
from simulators.states import StateError, read_states, set_state

VOLTS = (230.0, 231.0, 229.0)


def dice(seed: int) -> Random:
    """Return chance that repeats."""
    return Random(seed)  # noqa: S311 - noise, not a secret


def test_time_passes_in_steps() -> None:
    """Listeners see every second, and the rest."""
    clock = Clock()
    steps: list[float] = []
    stop = clock.subscribe(steps.append)
    clock.advance(2.5)
    assert steps == [1, 1, 0.5]
    assert (clock.moment - clock.start).total_seconds() == 2.5
    stop()
    clock.advance(1)
    assert len(steps) == 3
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)


def test_the_counter_is_power_times_time() -> None:
    """Whatever the power did, its integral is what the counter gained."""
    meter = Meter(energy_l1=1000.0)
    random = dice(4)
    integral = 0.0
    for _ in range(1000):
        seconds = random.uniform(0.1, 3)
        integral += meter.power * seconds / 3600
        gained = meter.measure(seconds, (random.uniform(0, 32), 6.0, 0.0), VOLTS)
        assert gained >= 0
    assert meter.energy == pytest.approx(1000 + integral, rel=1e-12)
    assert meter.power == pytest.approx(sum(meter.powers))


def test_voltages_wander_a_little_and_repeatably() -> None:
    """The noise stays small, and the same seed gives the same noise."""
    first, second = (Grid(random=dice(7)) for _ in range(2))
    seen: list[float] = []
    for _ in range(2000):
        first.step(1)
        second.step(1)
        assert first.voltages == second.voltages
        seen += first.voltages
    assert 227 < min(seen) < 229.5
    assert 230.5 < max(seen) < 233
    assert Grid(random=dice(7), phases=1).voltages == (230, 0, 0)


def test_a_car_follows_the_offer_after_a_while() -> None:
    """A higher offer is followed after a few seconds, a lower one at once."""
    car = Car(plugged=True)
    drawn: list[float] = []
    for offer in [16] * 8 + [8] * 2 + [0] * 2:
        car.step(1, offer)
        drawn.append(car.current)
    assert drawn == [0, 0, 4, 8, 12, 16, 16, 16, 8, 8, 0, 0]
    assert car.pilot(0) is Pilot.B


def test_a_car_draws_no_more_than_it_can() -> None:
    """Its own charger is the limit, on as many phases as it has."""
    car = Car(plugged=True, max_current=16, phases=1)
    for _ in range(20):
        car.step(1, 32)
    assert car.currents(3) == (16, 0, 0)
    assert Car(plugged=True, phases=2, _drawn=7).currents(3) == (7, 7, 0)
    assert Car(plugged=True, phases=3, _drawn=7).currents(1) == (7, 0, 0)


def test_some_cars_need_more_to_start_than_to_go_on() -> None:
    """At 6 A this one does not begin, but once it charges it stays."""
    car = Car(plugged=True, start_current=7)
    for _ in range(10):
        car.step(1, 6)
    assert car.current == 0
    assert car.pilot(6) is Pilot.B
    for offer in [7] * 10 + [6] * 10:
        car.step(1, offer)
    assert car.current == 6


def test_a_car_tapers_and_is_full() -> None:
    """Near the end it draws less and less, then stops by itself."""
    car = Car(plugged=True, battery_wh=1000, charged_wh=850, max_current=16)
    drawn: list[float] = []
    for _ in range(2000):
        car.step(1, 16)
        car.charge(230 * car.current / 3600)
        drawn.append(car.current)
    assert max(drawn) == 16
    assert 0 < drawn[200] < 16
    assert drawn[-1] == 0
    assert car.full
    assert car.pilot(16) is Pilot.B


@pytest.mark.parametrize(
    ("car", "pilot"),
    [
        (Car(), Pilot.A),
        (Car(plugged=True), Pilot.C),
        (Car(plugged=True, wants_to_charge=False), Pilot.B),
        (Car(plugged=True, ventilation=True), Pilot.D),
        (Car(plugged=True, faulty=True), Pilot.E),
    ],
)
def test_the_pilot_shows_what_the_car_wants(car: Car, pilot: Pilot) -> None:
    """The letters of the standard."""
    assert car.pilot(16) is pilot


def test_a_car_that_left_draws_nothing() -> None:
    """Leaving ends it at once."""
    car = Car()
    car.plug_in(charged=0.2)
    assert car.charged == pytest.approx(0.2)
    for _ in range(10):
        car.step(1, 16)
    assert car.current == 16
    car.leave()
    assert (car.current, car.pilot(16)) == (0, Pilot.A)


class Colour(IntEnum):
    """Something to choose from."""

    RED = 1
    GREEN = 2


@dataclass(kw_only=True)
class Part:
    """Every kind of state."""

    on: bool = False
    number: int = 1
    level: float = 1.0
    word: str = ""
    colour: Colour = Colour.RED
    maybe: int | None = None
    _hidden: int = 0

    @property
    def double(self) -> int:
        """What follows from another state."""
        return 2 * self.number

    @property
    def tenths(self) -> int:
        """The level, finer."""
        return int(10 * self.level)

    @tenths.setter
    def tenths(self, value: int) -> None:
        self.level = value / 10


def test_states_are_fields_and_properties() -> None:
    """What begins with an underscore is nobody's business."""
    assert read_states(Part()) == {
        "on": False,
        "number": 1,
        "level": 1.0,
        "word": "",
        "colour": "red",
        "maybe": None,
        "double": 2,
        "tenths": 10,
    }


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("on", "yes", True),
        ("on", 0, False),
        ("number", "7", 7),
        ("level", 2, 2.0),
        ("word", "w", "w"),
        ("colour", "GREEN", Colour.GREEN),
        ("colour", 2, Colour.GREEN),
        ("maybe", "3", 3),
        ("maybe", None, None),
        ("tenths", 25, 25),
    ],
)
def test_states_are_set_from_text_and_numbers(name: str, value: object, expected: object) -> None:
    """The command line has only text, JSON has numbers."""
    part = Part()
    set_state(part, name, value)
    assert getattr(part, name) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("on", "maybe"),
        ("number", "x"),
        ("colour", "blue"),
        ("double", 3),
        ("_hidden", 1),
        ("no", 1),
    ],
)
def test_what_makes_no_sense_is_refused(name: str, value: object) -> None:
    """With a reason, and without a change."""
    part = Part()
    with pytest.raises(StateError):
        set_state(part, name, value)
    assert part == Part()
