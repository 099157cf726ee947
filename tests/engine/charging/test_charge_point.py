"""One order, from the target to the charger, where neither brand nor chance is needed to see it."""

import asyncio
import logging
from typing import override

import pytest

from custom_components.voltrail.engine.charging.charge_point import ChargePoint
from custom_components.voltrail.engine.charging.order_book import FEW_ORDERS, RAISES_APART
from custom_components.voltrail.engine.charging.reconciler import Standing
from custom_components.voltrail.engine.model.charging import Phases
from custom_components.voltrail.engine.model.controls import Bounds
from custom_components.voltrail.engine.model.errors import DeviceSilentError
from custom_components.voltrail.engine.model.options import Options
from tests.fake_time import in_fake_time


class Point(ChargePoint):
    """A charger with one register, a release, and a wire that may fail."""

    def __init__(self) -> None:
        super().__init__(Options(), self.change, self.store)
        self.register = 32.0
        self.released = True
        self.phases: Phases | None = None
        self.takes_orders = True
        self.fails = False
        self.takes = 0.0
        self.rests = 0.0
        self.written: list[float] = []
        self.stored = self.changes = 0

    def change(self) -> None:
        """Store soon."""
        self.changes += 1

    async def store(self) -> None:
        """Store at once."""
        self.stored += 1

    @property
    def offered(self) -> float:
        """What the car is offered."""
        return self.register if self.released else 0.0

    def set_from_outside(self, amps: float) -> None:
        """Another client limits; 0 pauses."""
        self.released = amps > 0
        self.register = amps or self.register

    @property
    @override
    def device_maximum(self) -> float:
        return 32.0

    @property
    @override
    def current_limit(self) -> float | None:
        return self.offered

    @property
    @override
    def charging_allowed(self) -> bool | None:
        return self.released

    @property
    @override
    def writable(self) -> bool:
        return self.takes_orders

    @property
    @override
    def phases_held(self) -> Phases | None:
        return self.phases

    @override
    def holds(self, amps: float) -> bool:
        return self.register == amps

    @override
    async def send_current(self, amps: float) -> None:
        await asyncio.sleep(self.takes)
        if self.rests:
            await self.lock.rest(self.rests)
        if self.fails:
            raise DeviceSilentError
        self.written.append(amps)
        self.register, self.released = amps, True

    @override
    async def send_unchanged(self, amps: float) -> None:
        self.released = True

    @override
    async def send_pause(self) -> None:
        self.written.append(0)
        self.released = False

    @property
    @override
    def power_limit(self) -> float | None:
        return None

    @override
    def power_bounds(self) -> Bounds:
        return Bounds(minimum=0, maximum=0, step=1)

    @override
    async def set_power_limit(self, watts: float) -> None:
        """Take none."""


class SpacedPoint(Point):
    """One that needs five seconds between two limits."""

    spacing = 5.0


# -- what is sent --


@in_fake_time
async def test_less_than_a_car_can_use_is_a_pause() -> None:
    """It never reaches the wire as a limit."""
    point = Point()
    await point.set_current_limit(10)
    await point.set_current_limit(4)
    assert point.written == [10, 0]
    assert point.target.paused


@pytest.mark.parametrize("amps", [10, 12])
@pytest.mark.parametrize("paused", [False, True])
@in_fake_time
async def test_what_lowers_nothing_breaks_no_rest(paused: bool, amps: float) -> None:  # noqa: FBT001 - a case
    """The order that rests is carried out, and then this one."""
    point = Point()
    await point.set_current_limit(10 if not paused else 16)
    if paused:
        await point.pause()
    rested: list[bool] = []

    async def phases() -> None:
        await point.lock.rest(5)
        rested.append(True)

    slow = asyncio.create_task(point.set_aside(phases))
    await asyncio.sleep(1)
    await point.set_current_limit(amps)
    assert rested == [True]
    assert point.offered == amps
    await slow


@in_fake_time
async def test_a_lower_limit_breaks_a_rest() -> None:
    """And what rested is done after it."""
    point = Point()
    await point.set_current_limit(10)
    slow = asyncio.create_task(point.set_aside(lambda: point.lock.rest(5)))
    await asyncio.sleep(1)
    await point.set_current_limit(8)
    assert asyncio.get_running_loop().time() == pytest.approx(1)
    assert point.offered == 8
    await slow
    assert asyncio.get_running_loop().time() == pytest.approx(6)


@in_fake_time
async def test_an_order_that_was_overtaken_is_what_a_pause_ends_in() -> None:
    """It was asked for, and may have got through before it was overtaken."""
    point = Point()
    await point.set_current_limit(10)
    point.rests = 5
    raising = asyncio.create_task(point.set_current_limit(16))
    await asyncio.sleep(1)
    await point.pause()
    await raising
    assert point.offered == 0
    point.rests = 0
    await point.resume()
    assert point.offered == 16


@in_fake_time
async def test_a_change_right_after_an_order_is_no_loss() -> None:
    """The charger was seen to hold the order, so whoever changed it meant it."""
    point = Point()
    await point.set_current_limit(10)
    point.set_from_outside(8)
    for _ in range(3):
        await point.reconcile()
    assert point.offered == 8
    assert point.written == [10]


# -- spacing --


@in_fake_time
async def test_a_limit_waits_for_its_time() -> None:
    """Counted from the end of the last one; the newest is the one that is sent."""
    point = SpacedPoint()
    point.takes = 3.0
    await point.set_current_limit(10)
    point.takes = 0.0
    for amps in (12, 14, 16):
        await point.set_current_limit(amps)
    assert point.waits
    await asyncio.sleep(4.9)
    assert point.written == [10]
    await asyncio.sleep(0.2)
    assert point.written == [10, 16]
    assert not point.waits


@in_fake_time
async def test_a_limit_that_waits_is_no_foreign_one() -> None:
    """However often the charger is looked at meanwhile."""
    point = SpacedPoint()
    await point.set_current_limit(10)
    await point.set_current_limit(16)
    assert point.standing is Standing.UNKNOWN
    for _ in range(4):
        await asyncio.sleep(1)
        await point.reconcile()
    await asyncio.sleep(2)
    assert point.offered == 16


@in_fake_time
async def test_a_pause_ends_the_waiting() -> None:
    """What waited is not sent, and the pause is what the charger holds."""
    point = SpacedPoint()
    await point.set_current_limit(10)
    await point.set_current_limit(16)
    await point.pause()
    assert not point.waits
    assert point.standing is Standing.KEPT
    await asyncio.sleep(10)
    assert point.written == [10, 0]


@in_fake_time
async def test_a_pause_that_came_another_way_ends_the_waiting_too() -> None:
    """The lower one of a controller that went and the person's, for example."""
    point = SpacedPoint()
    await point.set_current_limit(10)
    await point.set_current_limit(16)
    point.book.note(point.target.pausing())
    await asyncio.sleep(10)
    assert point.written == [10]


@in_fake_time
async def test_going_on_with_the_same_limit_need_not_wait() -> None:
    """That is no change."""
    point = SpacedPoint()
    await point.set_current_limit(10)
    await point.pause()
    await point.resume()
    assert point.offered == 10
    assert point.written == [10, 0]
    assert not point.waits


@in_fake_time
async def test_an_order_takes_the_place_of_the_one_that_waits() -> None:
    """It is sent once, also where both have waited for the lock."""
    point = SpacedPoint()
    await point.set_current_limit(10)
    await point.set_current_limit(16)
    await asyncio.sleep(4)
    async with point.lock:
        await asyncio.sleep(2)
        lower = asyncio.create_task(point.set_current_limit(8))
        await asyncio.sleep(1)
    await lower
    await asyncio.sleep(1)
    assert point.written == [10, 8]


@in_fake_time
async def test_a_late_one_that_gets_lost_is_due() -> None:
    """The next poll sends it."""
    point = SpacedPoint()
    await point.set_current_limit(10)
    await point.set_current_limit(16)
    point.fails = True
    await asyncio.sleep(6)
    point.fails = False
    assert point.offered == 10
    await point.reconcile()
    await asyncio.sleep(6)
    assert point.offered == 16


@in_fake_time
async def test_what_waits_ends_with_the_device(caplog: pytest.LogCaptureFixture) -> None:
    """Without a word: nobody could do anything about it."""
    point = SpacedPoint()
    await point.set_current_limit(10)
    await point.set_current_limit(16)
    point.close()
    with caplog.at_level(logging.WARNING):
        await asyncio.sleep(10)
    assert point.written == [10]
    assert not caplog.records


# -- after a poll --


@in_fake_time
async def test_nothing_is_asserted_where_no_orders_are_taken() -> None:
    """It is due, and waits until they are."""
    point = Point()
    await point.set_current_limit(10)
    point.takes_orders = False
    point.register = 32
    point.mark()
    await point.reconcile()
    assert point.written == [10]
    point.takes_orders = True
    await point.reconcile()
    assert point.written == [10, 10]


@in_fake_time
async def test_a_raise_that_was_held_back_is_stored_in_time() -> None:
    """A poll sees to it once a minute is over."""
    point = Point()
    for number in range(FEW_ORDERS + 1):
        await point.set_current_limit(10 + number)
    assert point.stored == FEW_ORDERS
    changes = point.changes
    await point.reconcile()
    assert point.changes == changes
    await asyncio.sleep(RAISES_APART)
    await point.reconcile()
    assert point.changes == changes + 1


# -- what is held --


@pytest.mark.parametrize(
    ("held", "wanted", "standing"),
    [
        (Phases.THREE, 1, Standing.OTHER),
        (Phases.ONE, 1, Standing.KEPT),
        (Phases.ONE, None, Standing.KEPT),
        (None, 1, Standing.KEPT),
    ],
)
@in_fake_time
async def test_the_phases_are_held_like_the_limit(
    held: Phases | None, wanted: int | None, standing: Standing
) -> None:
    """Where they can be told and were asked for."""
    point = Point()
    await point.set_current_limit(10)
    point.restore_state({**point.dump_state(), "phases": wanted})
    point.phases = held
    assert point.standing is standing
    for _ in range(3):
        point.reconciler.confirm()
        point.adopt_held()
    assert point.target.phases == (wanted if None in (held, wanted) else held.value)  # type: ignore[union-attr]  # told apart


@in_fake_time
async def test_a_foreign_pause_keeps_the_limit() -> None:
    """It is what the charge goes on with."""
    point = Point()
    await point.set_current_limit(10)
    point.set_from_outside(0)
    for _ in range(2):
        await point.reconcile()
    assert point.target.paused
    assert point.target.current == 10
    await point.resume()
    assert point.offered == 10


@in_fake_time
async def test_a_foreign_end_of_a_pause_keeps_the_power() -> None:
    """The limit is the one that was made of it."""
    point = Point()
    await point.set_current_limit(10)
    point.book.note(point.target.limited(10, power=6900))
    await point.pause()
    point.set_from_outside(10)
    for _ in range(2):
        await point.reconcile()
    assert (point.target.paused, point.target.current, point.target.power) == (False, 10, 6900)
