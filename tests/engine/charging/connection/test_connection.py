"""What people want of a connection, what is kept of it, and what is noticed."""

from datetime import UTC, datetime, time
from typing import Any

import pytest

from custom_components.voltrail.engine.charging.connection import (
    ConnectionDevice,
    ConnectionSetup,
    ConnectionWishes,
    SeatSetup,
)
from custom_components.voltrail.engine.charging.connection.doubts import MasterDoubt, SignDoubt
from custom_components.voltrail.engine.charging.connection.tally import Tally
from custom_components.voltrail.engine.charging.connection.wishes import ChargerWishes
from custom_components.voltrail.engine.charging.controller import (
    BatteryPriority,
    GridShare,
    Mode,
    Observation,
    PhaseChoice,
)
from custom_components.voltrail.engine.model.controls import NumberControl, SelectControl
from custom_components.voltrail.engine.model.errors import OutOfBoundsError
from custom_components.voltrail.engine.model.parts import Identity, Part

PART = Part(
    key="garage",
    word="charger",
    identity=Identity(manufacturer="", model="", name="Garage"),
)
WALL = datetime(2026, 12, 1, 10, tzinfo=UTC)


def connection(**more: Any) -> ConnectionDevice:
    """A connection with one charger that is not there."""
    seat = SeatSetup(part=PART, car_percent=True)
    device = ConnectionDevice(
        ConnectionSetup(title="House", seats=(seat,), battery_w=5000, prices=True, **more)
    )
    device.now_at = lambda: WALL
    return device


async def test_every_request_can_be_set_and_is_kept() -> None:
    """What was written is read back, and again after it was stored."""
    device = connection()
    written = {
        "garage/mode": Mode.PLAN,
        "garage/departure": time(6, 30),
        "garage/energy_target": 12_500.0,
        "garage/charge_target": 80.0,
        "garage/price_limit": 0.12,
        "garage/maximum_current": 13.0,
        "garage/minimum_current": 8.0,
        "garage/grid_share": GridShare.LITTLE,
        "garage/phase_choice": PhaseChoice.ONE,
        "observer": True,
        "battery_priority": BatteryPriority.BATTERY,
        "battery_target": 70.0,
        "battery_floor": 20.0,
    }
    for path, value in written.items():
        control: Any = device.control(path)
        await control.write(value)
        assert control.read() == value, path
    again = connection()
    again.restore_state(device.dump_state())
    for path, value in written.items():
        kept: Any = again.control(path)
        assert kept.read() == value, path
    assert device.wishes.chargers["garage"].departs == datetime(2026, 12, 2, 6, 30, tzinfo=UTC)


async def test_bounds() -> None:
    """What makes no sense is refused; the lowest price limit is none."""
    device = connection()
    target: Any = device.control("garage/energy_target")
    with pytest.raises(OutOfBoundsError):
        await target.write(-1)
    price: Any = device.control("garage/price_limit")
    await price.write(0.3)
    await price.write(-10)
    assert price.read() is None
    most = device.control("garage/maximum_current")
    assert isinstance(most, NumberControl)
    assert (most.bounds().minimum, most.bounds().maximum) == (6, 16)


async def test_the_most_holds() -> None:
    """A minimum above the maximum does not raise what may be drawn."""
    device = connection()
    await device.want("garage", maximum_a=8.0, minimum_a=12.0)
    request = device.wishes.chargers["garage"].request(manual_a=None, capacity_wh=None)
    assert (request.minimum_a, request.maximum_a) == (8, 8)


def test_what_suits_the_roof() -> None:
    """Where the minimum is much of the roof little grid is accepted, until another is chosen."""
    for panels, expected in ((5500, GridShare.LITTLE), (10_000, GridShare.NORMAL)):
        share = connection(panels_w=panels).control("garage/grid_share")
        assert isinstance(share, SelectControl)
        assert share.read() is expected


@pytest.mark.parametrize(
    "stored",
    [
        None,
        [],
        {"chargers": []},
        {"chargers": {"garage": {"mode": "turbo", "departure": "25:00", "departs": "soon"}}},
        {"chargers": {"garage": {"mode": 3, "energy_target_wh": "much", "days": [9, "x"]}}},
        {"observing": "perhaps", "battery_target_percent": float("nan")},
        {"chargers": {"garage": {"price_limit": True, "departs": "2026-12-02T06:30:00"}}},
    ],
)
def test_damaged_stored_requests(stored: object) -> None:
    """What makes no sense is left out: the usual mode, and never fast."""
    wishes = ConnectionWishes()
    wishes.load(stored, {"garage": Mode.SOLAR})
    assert wishes == ConnectionWishes(chargers={"garage": ChargerWishes()})


def test_a_charger_that_never_was_there() -> None:
    """It is decided without it, and it is said to be away."""
    device = connection(fuse_a=25.0)
    assert device.step(0.0, WALL, Observation()) == ()
    readings = {reading.path: reading.read() for reading in device.readings()}
    assert readings["garage/reason"] == "charger_away"
    assert readings["surplus"] is None
    assert readings["headroom_l1"] is None
    assert device.solar_share() is None


def test_a_plan_for_some_days_goes_on() -> None:
    """An hour after the car was to leave and did not, the next of its days is planned for."""
    wishes = ChargerWishes(departure=time(7), days=(1, 3))
    wishes.depart(WALL, UTC)
    thursday = datetime(2026, 12, 3, 7, tzinfo=UTC)
    assert wishes.departs == thursday
    wishes.depart_again(datetime(2026, 12, 3, 7, 30, tzinfo=UTC), UTC)
    assert wishes.departs == thursday
    wishes.depart_again(datetime(2026, 12, 3, 8, 0, tzinfo=UTC), UTC)
    assert wishes.departs == datetime(2026, 12, 8, 7, tzinfo=UTC)


def test_one_phase() -> None:
    """A house on one phase has the headroom of one."""
    paths = {reading.path for reading in connection(fuse_a=25.0, phases=1).readings()}
    assert "headroom_l1" in paths
    assert "headroom_l2" not in paths


def test_tally() -> None:
    """What was counted today begins again at midnight, and outlives a restart."""
    tally = Tally(UTC)
    tally.follow(WALL)
    assert tally.today("starts", 5) == 0
    assert tally.today("starts", 7) == 2
    again = Tally(UTC)
    again.load(tally.dump())
    again.follow(WALL)
    assert again.today("starts", 8) == 3
    again.follow(datetime(2026, 12, 2, tzinfo=UTC))
    assert again.today("starts", 8) == 0
    again.load({"day": 3, "began": None})
    assert again.today("starts", 9) == 1


def starts(doubt: SignDoubt, *changes_w: float, after_s: float = 30.0) -> None:
    """Let a car of 7 kW start again and again, while the meter changes by so much."""
    for place, change in enumerate(changes_w):
        at = place * 1000.0
        doubt.note(at, 500.0, 0.0)
        doubt.note(at + after_s, 500.0 + change, 7000.0)


def test_sign() -> None:
    """Two starts at which the meter fell prove it; one at which it rose proves the contrary."""
    doubt = SignDoubt()
    starts(doubt, -7000)
    assert not doubt.wrong
    starts(doubt, -6500)
    assert doubt.wrong
    doubt = SignDoubt()
    starts(doubt, -7000, 6800, -7000, -7000)
    assert doubt.settled
    assert not doubt.wrong
    doubt = SignDoubt()
    starts(doubt, -7000, -7000, -7000, after_s=300.0)
    doubt.note(9000.0, None, 0.0)
    assert not doubt.wrong


def test_another_master() -> None:
    """Three changes in ten minutes are one too many; in an hour they are not."""
    doubt = MasterDoubt()
    for at, adopted in ((0, 5), (100, 6), (200, 7), (300, 8)):
        doubt.note(at, adopted)
    assert doubt.found
    doubt = MasterDoubt()
    for at, adopted in ((0, 0), (1000, 1), (2000, 2), (3000, 3)):
        doubt.note(at, adopted)
    assert not doubt.found
