"""Every fault of a link, at every family, in a Home Assistant in faked time."""

import pytest

from tests.fake_time import run
from tests.reliability.home import home
from tests.reliability.known import KNOWN
from tests.reliability.row import row
from tests.reliability.subjects import SUBJECTS, subject

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("key", SUBJECTS)
def test_no_fault_of_the_link_does_harm(key: str) -> None:
    """No wrong value, one line down and one up, back in 10 s, the limit as wanted, life signs."""

    async def story() -> None:
        async with subject(key) as device, home(device) as house:
            await house.start()
            await house.settle()
            cells = await row(house)
            assert await house.end() == []
        broken = {cell.fault: cell.failed for cell in cells if cell.failed}
        known = {fault for whose, fault in KNOWN if whose == key}
        assert {fault: why for fault, why in broken.items() if fault not in known} == {}
        assert known - broken.keys() == set(), "these hold now: take them off the list"

    run(story())
