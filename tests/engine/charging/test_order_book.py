"""What is stored of the orders, and when."""

import asyncio
import json
from typing import Any

import pytest

from custom_components.voltrail.engine.charging.order_book import (
    BUSY,
    FEW_ORDERS,
    RAISES_APART,
    OrderBook,
)
from custom_components.voltrail.engine.charging.target import Target
from tests.fake_time import in_fake_time


class Disk:
    """A book, and the disk that it is stored on."""

    def __init__(self) -> None:
        self.book = OrderBook(store=self.store, changed=self.change)
        self.stored: list[dict[str, Any]] = []
        self.changes = 0
        self.fails: BaseException | None = None

    async def store(self) -> None:
        """Store at once."""
        await asyncio.sleep(0)
        if self.fails is not None:
            raise self.fails
        self.stored.append(json.loads(json.dumps(self.book.dump())))

    def change(self) -> None:
        """Take note that it is to be stored soon."""
        self.changes += 1

    @property
    def wanted(self) -> list[float | None]:
        """The currents that were stored at once."""
        return [entry["current"] for entry in self.stored]

    async def order(self, amps: float, *, lowers: bool = False) -> None:
        """Give an order that is carried out."""
        wanted = self.book.target.limited(amps)
        await self.book.open(wanted, lowers=lowers)
        self.book.close(wanted)

    def after_a_kill(self) -> Target:
        """Return what the next one finds."""
        fresh = OrderBook(store=self.store, changed=self.change)
        fresh.load(self.stored[-1], least=6, cautious=lambda one, other: one.cautious(other))
        return fresh.target


@in_fake_time
async def test_an_order_is_stored_with_what_was_before() -> None:
    """Until its answer is known; that is stored some time later."""
    disk = Disk()
    await disk.order(10)
    wanted = disk.book.target.limited(16)
    await disk.book.open(wanted, lowers=False)
    assert (disk.stored[-1]["current"], disk.stored[-1]["before"]["current"]) == (16, 10)
    assert (disk.book.target.current, disk.book.before) == (16, Target().limited(10))
    # The lower one, whichever it is.
    assert disk.after_a_kill().current == 10
    changes = disk.changes
    disk.book.close(wanted)
    assert disk.changes == changes + 1
    assert "before" not in disk.book.dump()
    assert disk.book.before is None


@in_fake_time
async def test_an_equal_order_wears_nothing() -> None:
    """What is on the disk already is not written once more."""
    disk = Disk()
    await disk.order(10)
    stored, changes = len(disk.stored), disk.changes
    await disk.order(10)
    disk.book.note(disk.book.target)
    assert (len(disk.stored), disk.changes) == (stored, changes)


@in_fake_time
async def test_few_orders_are_stored_one_by_one() -> None:
    """And from the fourth on only one raise a minute."""
    disk = Disk()
    amps = [6.0 + number for number in range(FEW_ORDERS + 1)]
    for current in amps:
        await disk.order(current)
    assert disk.wanted == amps[:FEW_ORDERS]
    changes = disk.changes
    # It is held back until its time has come, also where something else is noted.
    disk.book.catch_up()
    disk.book.note(disk.book.target)
    assert disk.changes == changes
    await asyncio.sleep(RAISES_APART - 1)
    disk.book.catch_up()
    assert disk.changes == changes
    await asyncio.sleep(1)
    disk.book.catch_up()
    assert disk.changes == changes + 1
    disk.book.catch_up()
    assert disk.changes == changes + 1
    # That was one: the next raise waits for its own minute.
    await disk.order(20)
    assert len(disk.stored) == FEW_ORDERS
    await asyncio.sleep(RAISES_APART)
    await disk.order(21)
    assert disk.wanted[-1] == 21


@in_fake_time
async def test_many_orders_count_for_ten_minutes() -> None:
    """Then there are few of them again."""
    disk = Disk()
    for current in (6, 7, 8):
        await disk.order(current)
    await asyncio.sleep(BUSY - 1)
    await disk.order(9)
    # The last raise is more than a minute ago.
    assert disk.wanted[-1] == 9
    await disk.order(10)
    assert disk.wanted[-1] == 9
    await asyncio.sleep(1)
    # Two of the last ten minutes, and this one.
    await disk.order(11)
    assert disk.wanted[-1] == 11


@in_fake_time
async def test_a_lower_one_is_stored_however_many_there_are() -> None:
    """And what was held back is what was in force before it."""
    disk = Disk()
    for current in (6, 7, 8, 16):
        await disk.order(current)
    assert disk.wanted[-1] == 8
    wanted = disk.book.target.limited(12)
    await disk.book.open(wanted, lowers=True)
    assert (disk.stored[-1]["current"], disk.stored[-1]["before"]["current"]) == (12, 16)
    changes = disk.changes
    disk.book.close(wanted)
    # Nothing is held back any more.
    assert disk.changes == changes + 1
    await asyncio.sleep(RAISES_APART)
    disk.book.catch_up()
    assert disk.changes == changes + 1


@in_fake_time
async def test_a_lower_one_does_not_use_up_the_minute_of_a_raise() -> None:
    """Raises are counted, and lower ones are always stored."""
    disk = Disk()
    for current in (16, 15, 14, 13):
        await disk.order(current, lowers=True)
    await disk.order(14)
    assert disk.wanted[-1] == 14


@pytest.mark.parametrize("error", [OSError("full"), asyncio.CancelledError()])
@in_fake_time
async def test_a_disk_that_fails_changes_nothing(error: BaseException) -> None:
    """Nothing was sent, so what was in force is."""
    disk = Disk()
    await disk.order(10)
    disk.fails = error
    changes = disk.changes
    with pytest.raises(type(error)):
        await disk.book.open(disk.book.target.limited(16), lowers=False)
    assert (disk.book.target.current, disk.book.before) == (10, None)
    # What is on the disk now nobody knows, so it is stored again.
    assert disk.changes == changes + 1
    disk.fails = None
    await disk.order(16)
    assert disk.wanted[-1] == 16


@in_fake_time
async def test_what_no_order_made_is_stored_later() -> None:
    """Another client's limit, for example."""
    disk = Disk()
    await disk.order(10)
    changes = disk.changes
    disk.book.note(disk.book.target.limited(8))
    assert disk.changes == changes + 1
    assert disk.book.target.current == 8
    assert disk.book.dump()["current"] == 8


@in_fake_time
async def test_what_came_from_the_disk_is_on_it() -> None:
    """It is not written again."""
    disk = Disk()
    await disk.order(10)
    fresh = Disk()
    fresh.book.load(fresh_entry(disk), least=6, cautious=lambda one, other: one.cautious(other))
    assert fresh.book.target.current == 10
    await fresh.order(10)
    assert not fresh.stored
    assert not fresh.changes


def fresh_entry(disk: Disk) -> dict[str, Any]:
    """Return what is on the disk once everything was saved."""
    entry: dict[str, Any] = json.loads(json.dumps(disk.book.dump()))
    return entry


def test_odd_files() -> None:
    """What is no target before is none."""
    disk = Disk()
    odd: tuple[object, ...] = (None, 7, "16", [])
    for before in odd:
        disk.book.load({"current": 16, "set": True, "before": before}, least=6, cautious=_first)
        assert disk.book.target == Target().limited(16)


def _first(one: Target, _other: Target) -> Target:
    return one
