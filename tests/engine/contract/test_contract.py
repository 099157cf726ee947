"""What every charger does with an order, judged by what its simulated car is offered.

A family gets these tests with its line in ``FAMILIES`` and its simulator's ``CHARGERS``.
"""

import asyncio

import pytest

from tests.fake_time import in_fake_time

from .cases import CASES, Case
from .house import living_in

every_charger = pytest.mark.parametrize("case", CASES, ids=str)


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
    """A charger that forgot its pause is paused again."""
    async with living_in(case) as house:
        await house.limit(10)
        await house.pause()
        await house.power_cycle()
        await house.polls(2)
        await asyncio.sleep(2)
        assert not any(house.offered)
        for point in house.points:
            await point.resume()
        await asyncio.sleep(6)
        assert set(house.offered) == {10}
