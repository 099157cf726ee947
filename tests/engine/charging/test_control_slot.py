"""A controller's target beside the person's: which of them counts, and what is stored."""

import asyncio
from typing import Any, override

import pytest

from custom_components.voltrail.engine.charging.control_slot import CONTROLLER_MISSING
from custom_components.voltrail.engine.model.charging import ChargingState
from custom_components.voltrail.engine.model.errors import LinkDownError, NotNowError
from tests.fake_time import in_fake_time

from .test_current_driven import Point


class Station(Point):
    """A charge point that counts what is stored of it, and that can be killed."""

    def __init__(self) -> None:
        self.saves: list[dict[str, Any]] = []
        self.lost = False
        super().__init__()
        self.book._store = self._store = self._save

    async def _save(self) -> None:
        self.saves.append(self.dump_state())

    @override
    async def send_current(self, amps: float) -> None:
        """Take a limit, unless the link is down."""
        if self.lost:
            raise LinkDownError(reason="a test")
        await super().send_current(amps)

    def restarted(self) -> Station:
        """Return what a new start makes of the last file, at the same charger."""
        again = Station()
        again.offered = self.offered
        again.restore_state(self.saves[-1])
        return again


async def controlled(person: float = 32.0) -> Station:
    """Return a charge point whose person asked for 16 A, and that a controller drives at 8 A."""
    point = Station()
    await point.set_current_limit(min(person, 16))
    await point.begin_control(6.0)
    await point.command(8, until=_now() + 60)
    return point


def _now() -> float:
    return asyncio.get_running_loop().time()


@in_fake_time
async def test_orders_of_a_controller_are_not_stored() -> None:
    """The person's target stays what it was; that a controller is in charge is stored once."""
    point = await controlled()
    saves = len(point.saves)
    for amps in (7, 12, 0, 9):
        await point.command(amps, until=_now() + 60)
        assert point.offered == amps
    assert len(point.saves) == saves
    assert point.saves[-1]["current"] == 16
    assert point.saves[-1]["controlled"] == {"fallback": 6.0}
    await point.begin_control(6.0)
    assert len(point.saves) == saves


@pytest.mark.parametrize(("held", "expected"), [(8.0, 6.0), (32.0, 6.0), (0.0, 0.0), (6.0, 6.0)])
@in_fake_time
async def test_after_a_kill_never_more_than_the_fallback(held: float, expected: float) -> None:
    """Neither the person's 16 A nor what the charger came up with, until the controller speaks."""
    point = (await controlled()).restarted()
    point.offered = held
    for _ in range(5):
        await point.reconcile()
        assert point.offered <= max(expected, 8.0 if held == 8.0 else expected)
    assert point.offered == expected
    await point.command(11, until=_now() + 60)
    await point.reconcile()
    assert point.offered == 11


@in_fake_time
async def test_a_reboot_under_control_does_not_bring_the_person_back() -> None:
    """The charger was away, and is back with all that it can give."""
    point = await controlled()
    point.offered = 16
    point.mark()
    await point.reconcile()
    assert point.offered == 6


@in_fake_time
async def test_a_controller_that_falls_silent_leaves_a_safe_current() -> None:
    """Its word counts for a while; after five minutes without one a person is told."""
    point = await controlled()
    await asyncio.sleep(61)
    await point.reconcile()
    assert (point.offered, point.control.missing) == (6, False)
    await asyncio.sleep(CONTROLLER_MISSING)
    assert point.control.missing
    await point.command(10, until=_now() + 60)
    assert (point.offered, point.control.missing) == (10, False)


@in_fake_time
async def test_a_person_takes_over_and_the_controller_comes_back() -> None:
    """An order of a person counts until the controller speaks again, and is stored."""
    point = await controlled()
    await point.set_current_limit(13)
    assert (point.offered, point.control.hands_off) == (13, True)
    assert point.saves[-1]["current"] == 13
    await asyncio.sleep(3600)
    await point.reconcile()
    assert (point.offered, point.control.missing) == (13, False)
    await point.command(9, until=_now() + 60)
    assert (point.offered, point.target.current, point.book.target.current) == (9, 9, 13)


@in_fake_time
async def test_another_client_takes_over() -> None:
    """What is set at the charger is adopted under control as well."""
    point = await controlled()
    await point.reconcile()
    point.offered = 14
    for _ in range(3):
        await point.reconcile()
    assert point.offered == 14
    assert (point.control.hands_off, point.book.target.current) == (True, 14)


@pytest.mark.parametrize(("driven", "left"), [(8, 8), (16, 16), (0, 0)])
@in_fake_time
async def test_the_end_of_control_leaves_the_lower_target(driven: float, left: float) -> None:
    """Kept over reconnects and restarts; the person's own comes with the next order of his."""
    point = await controlled()
    await point.command(driven, until=_now() + 60)
    await point.end_control()
    assert "controlled" not in point.saves[-1]
    again = point.restarted()
    again.offered = 16
    await again.reconcile()
    assert again.offered == left
    with pytest.raises(NotNowError):
        await again.command(16, until=_now() + 60)
    await again.resume(16)
    assert again.offered == 16


@in_fake_time
async def test_what_a_controller_lost_on_the_way_is_the_lower_one() -> None:
    """Nobody knows whether it got through; the person's target is not touched by that."""
    point = await controlled()
    point.lost = True
    for amps in (12, 7):
        with pytest.raises(LinkDownError):
            await point.command(amps, until=_now() + 60)
    point.lost = False
    point.state = ChargingState.CONNECTED
    await point.reconcile()
    assert (point.offered, point.book.target.current) == (7, 16)
