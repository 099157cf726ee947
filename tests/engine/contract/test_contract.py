"""What every charger does with an order, judged by what its simulated car is offered.

A family gets these tests with its line in ``FAMILIES`` and its simulator's ``CHARGERS``.
"""

import asyncio
import math
from itertools import count
from typing import Any

import pytest

from custom_components.voltrail.engine.devices.family import Family
from custom_components.voltrail.engine.model.charging import Phases
from custom_components.voltrail.engine.model.controls import NumberControl, SelectControl
from custom_components.voltrail.engine.model.errors import (
    CallerError,
    LinkDownError,
    NotANumberError,
    OutOfBoundsError,
    VoltrailError,
)
from custom_components.voltrail.engine.model.options import Options
from simulators.charger import SimulatedCharger
from simulators.traffic import Request
from tests.fake_time import in_fake_time

from .cases import CASES, Case, chargers_of, families, simulator_of
from .house import SPACING, House, Killed, KilledError, living_in

LIMITS = ("current_limit", "power_limit")

every_charger = pytest.mark.parametrize("case", CASES, ids=str)
every_family = pytest.mark.parametrize("family", tuple(families()), ids=lambda family: family.key)


@every_family
def test_every_family_of_chargers_has_simulated_ones(family: Family) -> None:
    """Without one nobody knows what its cars are offered."""
    assert chargers_of(family), (
        f"{family.key}: simulators/{family.key}/__init__.py has no CHARGERS; "
        "see simulators/charger.py"
    )


@every_family
def test_every_simulated_charger_is_tried(family: Family) -> None:
    """A kind of charger that a package offers is built by one of its CHARGERS."""
    tried = {type(build()) for build in chargers_of(family).values()}
    offered = {
        kind
        for kind in vars(simulator_of(family)).values()
        if isinstance(kind, type)
        and issubclass(kind, SimulatedCharger)
        and kind is not SimulatedCharger
    }
    assert offered <= tried, f"{family.key}: CHARGERS builds no {offered - tried}"


# -- what is forgotten comes back --


@every_charger
@in_fake_time
async def test_an_order_survives_a_power_cycle(case: Case) -> None:
    """Two polls after the charger is back, its car is offered what was ordered."""
    async with living_in(case) as house:
        wanted = tuple(10.0 + place for place in range(len(house.points)))
        for point, amps in zip(house.points, wanted, strict=True):
            await point.set_current_limit(amps)
        await asyncio.sleep(2)
        assert house.offered == wanted
        for _ in range(2):
            await house.power_cycle()
            await house.polls(2)
            await asyncio.sleep(2)
            assert house.offered == wanted


@every_charger
@in_fake_time
async def test_a_pause_survives_a_power_cycle(case: Case) -> None:
    """A charger that forgot its pause is paused again, and goes on with the old limit."""
    async with living_in(case) as house:
        await house.settle(10)
        await house.order(0)
        await house.power_cycle()
        await house.polls(2)
        await asyncio.sleep(2)
        assert not any(house.offered)
        for point in house.points:
            await point.resume()
        await asyncio.sleep(SPACING)
        assert set(house.offered) == {10}


@every_charger
@in_fake_time
async def test_an_order_in_watts_survives_a_power_cycle(case: Case) -> None:
    """The car is offered as much as before, and no more than was ordered."""
    async with living_in(case) as house:
        for point in house.points:
            await point.set_power_limit(7000)
        await asyncio.sleep(SPACING)
        await house.polls(2)
        offered = house.offered
        assert all(6000 < 3 * 230 * amps <= 7000 for amps in offered)
        await house.power_cycle()
        await house.polls(4)
        await asyncio.sleep(SPACING)
        # While the car draws nothing yet, the nominal voltage has to do.
        assert house.offered == pytest.approx(offered, abs=0.5)


@every_charger
@in_fake_time
async def test_an_order_survives_a_restart_of_both(case: Case) -> None:
    """What the charger forgot while nobody looked after it is known from the disk."""
    async with living_in(case) as house:
        for amps in (10, 0):
            await house.settle(amps)
            await house.end()
            await house.power_cycle()
            await house.begin()
            await house.polls(2)
            await asyncio.sleep(SPACING)
            assert set(house.offered) == {amps}


# -- a lower one goes first --


@every_charger
@pytest.mark.parametrize("lower", [0, 8])
@in_fake_time
async def test_a_lower_order_overtakes_higher_ones_that_wait(case: Case, lower: float) -> None:
    """Whatever else was ordered before it has no effect any more."""
    async with living_in(case) as house:
        await house.settle(10)
        point = house.points[0]
        await point.set_current_limit(12)
        orders = [point.set_current_limit(amps) for amps in (13, 14, 15, 16)]
        house.charger.amps_seen.clear()
        last = point.set_current_limit(lower) if lower else point.pause()
        await asyncio.gather(*orders, last)
        await asyncio.sleep(2 if lower == 0 else SPACING)
        # The first was under way already; the others never reach the wire.
        assert not {14, 15, 16} & set(house.charger.amps_seen)
        async with house.never_more_than(lower, 10):
            await house.polls(3)
        assert house.offered[0] == lower


@every_charger
@pytest.mark.parametrize("lower", [0, 8])
@in_fake_time
async def test_a_lower_order_overtakes_a_change_of_phases(case: Case, lower: float) -> None:
    """It is carried out at once, and is what counts when the phases have changed."""
    async with living_in(case) as house:
        await house.settle(16)
        await house.polls(2)
        selects = [
            control
            for control in house.device.controls()
            if isinstance(control, SelectControl) and control.key == "phases" and control.usable()
        ]
        if not selects:
            pytest.skip("nobody can tell this charger now on how many phases to charge")
        for phases in (Phases.ONE, Phases.THREE):
            await house.settle(16)
            changing = asyncio.ensure_future(selects[0].write(phases))
            await asyncio.sleep(1)
            began = asyncio.get_running_loop().time()
            await house.order(lower)
            assert asyncio.get_running_loop().time() - began < 3
            await asyncio.sleep(2 if lower == 0 else SPACING)
            async with house.never_more_than(lower):
                await asyncio.gather(changing, return_exceptions=True)
                await house.polls(8)
            assert set(house.offered) == {lower}


# -- nobody knows --


@every_charger
@pytest.mark.parametrize("lost", ["answer", "order"])
@in_fake_time
async def test_an_order_that_got_lost_ends_in_the_lower_one(case: Case, lost: str) -> None:
    """It failed, so the lower of two holds, and nothing raises it unasked; else it is in force."""
    async with living_in(case) as house:
        lose = house.charger.lose_next_answer
        if lost == "order":
            lose = house.charger.lose_next_order
        await house.settle(10)
        held = [10.0 for _ in house.points]
        for wanted in (16, 9, 14, 0, 12):
            for place, point in enumerate(house.points):
                lose(2)
                try:
                    await (point.set_current_limit(wanted) if wanted else point.pause())
                except VoltrailError:
                    held[place] = min(held[place], wanted)
                else:
                    held[place] = wanted
            await house.polls(4)
            await asyncio.sleep(SPACING)
            assert house.offered == tuple(held), f"after {wanted}"
            async with house.never_more_than(*held):
                await house.polls(8)
            assert house.offered == tuple(held), f"after {wanted}"


@every_charger
@in_fake_time
async def test_a_limit_that_got_lost_is_not_what_a_pause_ends_in(case: Case) -> None:
    """A paused charger stays paused, and goes on with what was in force before, if told to."""
    async with living_in(case) as house:
        await house.settle(14)
        await house.settle(0)
        for point in house.points:
            house.charger.lose_next_order(2)
            with pytest.raises(VoltrailError):
                await point.set_current_limit(8)
            house.charger.lose_nothing()
            await asyncio.sleep(SPACING)
        async with house.never_more_than(0):
            await house.polls(4)
        await house.end()
        await house.begin()
        async with house.never_more_than(0):
            await house.polls(2)
        for point in house.points:
            await point.resume()
        await asyncio.sleep(SPACING)
        assert set(house.offered) == {14}


# -- others --


@every_charger
@pytest.mark.parametrize("foreign", [0, 8, 14])
@in_fake_time
async def test_a_foreign_limit_is_adopted(case: Case, foreign: float) -> None:
    """Another client that keeps at it has its way, also where its limit runs out unless renewed."""
    async with living_in(case) as house:
        await house.settle(10)
        await house.polls(2)
        for _ in range(12):
            house.charger.set_from_outside(foreign)
            await asyncio.sleep(1)
            assert set(house.offered) == {foreign}
            await house.polls(1)
        assert set(house.offered) == {foreign}
        # Once it is silent, nothing of ours comes back.
        async with house.never_more_than(foreign or 6):
            await house.polls(12)


@every_charger
@in_fake_time
async def test_an_order_ends_what_was_adopted(case: Case) -> None:
    """Who orders again is obeyed again."""
    async with living_in(case) as house:
        await house.settle(10)
        for _ in range(8):
            house.charger.set_from_outside(8)
            await house.polls(1)
        await house.settle(12)
        await house.polls(12)
        assert set(house.offered) == {12}


# -- after the end --


@every_charger
@in_fake_time
async def test_nothing_is_written_after_close(case: Case) -> None:
    """Neither what is ordered then, nor what waited, nor what a poll would bring back."""
    async with living_in(case) as house:
        await house.settle(10)
        points = house.points
        await points[0].set_current_limit(11)
        # This one has to wait where the charger needs its time.
        await points[0].set_current_limit(12)
        house.device.close()
        written = len(house.charger.writes_seen)
        house.charger.set_from_outside(7)
        for point in points:
            for order in (point.set_current_limit(9), point.pause(), point.resume()):
                with pytest.raises(LinkDownError):
                    await order
            with pytest.raises(LinkDownError):
                await point.set_power_limit(5000)
        house.device.mark()
        for _ in range(5):
            await asyncio.sleep(10)
            await house.poll()
        assert len(house.charger.writes_seen) == written


# -- bounds --


@every_charger
@in_fake_time
async def test_the_installers_limit_is_never_exceeded(case: Case) -> None:
    """Not on the wire and not at the car: not by an order, nor by what was stored before."""
    async with living_in(case) as house:
        await house.settle(20 if house.points[0].device_maximum >= 20 else 16)
        await house.end()
        house.options = Options(max_current=13)
        house.charger.amps_seen.clear()
        await house.begin()
        await house.polls(2)
        await asyncio.sleep(SPACING)
        assert set(house.offered) == {13}
        async with house.never_more_than(13):
            for point in house.points:
                for amps in (16, 32, 13.5, 1e9):
                    await _try(point.set_current_limit(amps))
                await _try(point.set_power_limit(22_000))
                await _try(point.set_power_limit(point.power_bounds().maximum))
                await _try(point.resume(32))
                await asyncio.sleep(SPACING)
                await point.pause()
                await point.resume()
            await house.polls(2)
        await house.power_cycle()
        await house.polls(3)
        await asyncio.sleep(SPACING)
        assert max(house.offered) <= 13
        assert max(house.charger.amps_seen) <= 13


@every_charger
@in_fake_time
async def test_a_lowered_limit_of_the_installer_is_not_an_order(case: Case) -> None:
    """It lowers what is sent; what a person asked for is back when the installer allows it."""
    async with living_in(case) as house:
        wanted = 20 if house.points[0].device_maximum >= 20 else 16
        await house.settle(wanted)
        for allowed in (8, 32):
            await house.end()
            house.options = Options(max_current=allowed)
            await house.begin()
            await house.polls(3)
            await asyncio.sleep(SPACING)
            await house.polls(2)
            assert set(house.offered) == {min(wanted, allowed)}


async def _try(order: Any) -> None:
    try:
        await order
    except OutOfBoundsError:
        return


@every_charger
@in_fake_time
async def test_what_is_no_limit_never_reaches_the_wire(case: Case) -> None:
    """Refused, and nothing has changed: at the charger, on the disk, in what is held."""
    async with living_in(case) as house:
        await house.settle(10)
        await house.polls(3)
        written, disk = len(house.charger.writes_seen), dict(house.disk)
        numbers = [
            control
            for control in house.device.controls()
            if isinstance(control, NumberControl) and control.key in LIMITS
        ]
        assert len(numbers) == 2 * len(house.points)
        for control in numbers:
            for value, error in (
                (math.nan, NotANumberError),
                (math.inf, NotANumberError),
                (-1.0, OutOfBoundsError),
            ):
                with pytest.raises(error):
                    await control.write(value)
        for point in house.points:
            with pytest.raises(CallerError):
                await point.resume(4)
            assert point.target.current == 10
        assert len(house.charger.writes_seen) == written
        assert house.disk == disk


@every_charger
@in_fake_time
async def test_a_charger_that_can_only_be_read_is_left_alone(case: Case) -> None:
    """An order is refused; before the wire if the charger says so; and what was holds."""
    async with living_in(case) as house:
        await house.settle(10)
        await house.polls(2)
        house.charger.forbid_writing()
        await house.polls(7)
        written = len(house.charger.writes_seen)
        told = not house.points[0].writable
        for amps in (16, 8, 0):
            with pytest.raises(VoltrailError):
                await house.order(amps)
            await asyncio.sleep(SPACING)
        assert all(point.target.current == 10 and not point.target.paused for point in house.points)
        if told:
            house.charger.set_from_outside(8)
            house.device.mark()
            await house.polls(7)
            assert len(house.charger.writes_seen) == written


# -- the disk --


def _stored(house: House, place: int) -> dict[str, Any]:
    """Return what is on the disk of one socket."""
    part = house.points[place].part
    stored: dict[str, Any] = house.disk if part is None else house.disk[part.key]
    return stored


@every_charger
@in_fake_time
async def test_an_order_is_stored_before_it_is_sent(case: Case) -> None:
    """The disk then holds what is wanted, and what was in force before."""
    async with living_in(case) as house:
        await house.settle(10)
        await house.polls(3)
        for before, wanted in ((10, 14), (14, 8), (8, 0)):
            for place, point in enumerate(house.points):
                seen: list[dict[str, Any]] = []

                def watch(
                    request: Request, place: int = place, seen: list[dict[str, Any]] = seen
                ) -> None:
                    seen.append(_stored(house, place))

                house.charger.watchers.append(watch)
                await (point.set_current_limit(wanted) if wanted else point.pause())
                house.charger.watchers.remove(watch)
                await asyncio.sleep(SPACING)
                assert seen, f"{case}: nothing was sent"
                assert seen[0]["paused"] is (wanted == 0)
                assert wanted == 0 or seen[0]["current"] == wanted
                assert seen[0]["before"]["current"] == before
            # Meanwhile the answer is known, and so is what is in force.
            await house.polls(3)
            assert all("before" not in _stored(house, place) for place in range(len(house.points)))


@every_charger
@in_fake_time
async def test_a_raise_that_is_not_stored_ends_in_the_lower_one(case: Case) -> None:
    """The fourth order in ten minutes spares the disk, and a kill then ends no higher."""
    async with living_in(case) as house:
        for amps in (8, 9, 10):
            await house.settle(amps)
        await house.polls(3)
        await house.settle(16)
        await house.kill()
        async with house.never_more_than(16):
            await house.begin()
            # Where another client may be at it, 16 A runs out instead of being fought.
            await house.polls(12)
        assert max(house.offered) <= 10


@every_charger
@pytest.mark.parametrize(("before", "wanted"), [(10, 14), (14, 10), (10, 0), (0, 10)])
@in_fake_time
async def test_a_kill_at_any_moment_ends_in_the_newest_or_the_lower(
    case: Case, before: float, wanted: float
) -> None:
    """At each await of an order the program is gone; the next one knows what is on the disk."""
    async with living_in(case) as house:
        for awaits in count():
            await house.settle(before)
            point = house.points[0]
            order = point.set_current_limit(wanted) if wanted else point.pause()
            disk = house.disk
            killed = Killed(order, awaits)
            try:
                await killed
            except KilledError:
                given = house.disk is not disk
                await house.kill()
                killed.bury()
                await house.begin()
            else:
                assert awaits > 2, "an order that is never waited for is never killed"
                return
            await house.polls(2)
            await asyncio.sleep(SPACING)
            possible = {wanted, min(before, wanted)} if given else {before}
            assert house.offered[0] in possible, f"killed at await {awaits}"
            for _ in range(2):
                await asyncio.sleep(30)
                await house.polls(1)
            assert house.offered[0] in possible, f"killed at await {awaits}, 80 s later"
