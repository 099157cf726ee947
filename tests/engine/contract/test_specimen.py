"""The made-up charger of CONTRIBUTING.md is the one that is tried here."""

import asyncio
import re
from pathlib import Path
from typing import Final

import pytest

from custom_components.voltrail.engine.charging.charge_point import ChargePoint
from custom_components.voltrail.engine.charging.current_driven import CurrentDriven
from custom_components.voltrail.engine.model.errors import DeviceSilentError, LinkDownError
from tests.fake_time import in_fake_time

from .cases import CASES
from .house import living_in

FOLDER: Final = Path(__file__).parent / "specimen"
GUIDE: Final = Path(__file__).parents[3] / "CONTRIBUTING.md"

(SPECIMEN,) = (case for case in CASES if case.family.key == "specimen")


def _chapter() -> str:
    text = GUIDE.read_text(encoding="utf-8")
    return text.partition("\n## Add a charger\n")[2].partition("\n## ")[0]


def test_the_guide_shows_its_code() -> None:
    """What a contributor copies is what works."""
    (shown,) = re.findall(r"```python\n(.*?)```", _chapter(), re.DOTALL)
    for module in ("charge_point.py", "device.py"):
        code = (FOLDER / module).read_text(encoding="utf-8")
        body = code[code.index("\nclass ") :].strip()
        assert body in shown, f"CONTRIBUTING.md does not show what is in specimen/{module}"


def test_the_guide_names_what_there_is() -> None:
    """Every name in its tables is one of a charge point."""
    rows = re.findall(r"^\| (`.*?) \|", _chapter(), re.MULTILINE)
    names = {name for row in rows for name in re.findall(r"`(\w+)", row)}
    assert {"send_current", "standing", "spacing"} <= names
    known = {*dir(ChargePoint), *dir(CurrentDriven)}
    assert names <= known, f"no charge point has {names - known}"


@in_fake_time
async def test_it_holds_its_limit_and_follows_up_a_lost_write() -> None:
    """All of that comes from the base: it is in none of its lines."""
    async with living_in(SPECIMEN) as house:
        (point,) = house.points
        await point.set_current_limit(10)
        await house.power_cycle()
        assert house.offered == (32,)
        await house.polls(2)
        assert house.offered == (10,)
        house.charger.lose_next_order()
        with pytest.raises(DeviceSilentError):
            await point.pause()
        assert house.offered == (10,)
        await house.polls(1)
        assert house.offered == (0,)
        house.device.close()
        with pytest.raises(LinkDownError):
            await point.set_current_limit(16)
        await house.power_cycle()
        for _ in range(4):
            await asyncio.sleep(10)
            await house.poll()
        assert house.offered == (32,)
