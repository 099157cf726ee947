"""A limit that starts nothing."""

import asyncio

from tests.engine.contract.cases import CASES
from tests.engine.contract.house import SPACING, living_in
from tests.fake_time import run


def test_a_paused_charger_stays_paused_and_goes_on_with_it() -> None:
    """Of whatever family; where nothing is paused it is a limit like any other."""

    async def story() -> None:
        case = next(case for case in CASES if case.family.key == "mennekes_tcp")
        async with living_in(case) as house:
            (point,) = house.points
            await house.settle(12)
            assert await point.limit_without_starting(10)
            assert house.offered == (10,)
            await point.pause()
            assert not await point.limit_without_starting(8)
            await house.polls(3)
            assert house.offered == (0,)
            assert house.disk["current"] == 8
            await point.resume()
            await asyncio.sleep(SPACING)
            assert house.offered == (8,)

    run(story())
