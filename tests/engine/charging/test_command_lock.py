"""One order at a time, and which one is next."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import pytest

from custom_components.voltrail.engine.charging.command_lock import CommandLock, OvertakenError
from custom_components.voltrail.engine.model.errors import LinkDownError
from tests.fake_time import in_fake_time


class Orders:
    """Orders that say when they are carried out, each a second long unless it rests."""

    def __init__(self) -> None:
        self.lock = CommandLock()
        self.log: list[str] = []

    def give(
        self, name: str, *, urgent: bool = False, rests: bool = False, aside: bool = False
    ) -> asyncio.Task[None]:
        """Give an order now."""

        async def order() -> None:
            hold = self.lock if aside else self.lock.order(urgent=urgent)
            async with hold:
                self.lock.require_newest()
                self.log.append(name)
                await (self.lock.rest(1) if rests else asyncio.sleep(1))
                self.log.append(f"{name} done")

        return asyncio.create_task(order())


async def outcomes(*orders: asyncio.Task[None]) -> list[type[BaseException] | None]:
    """Return how orders ended."""
    ended = await asyncio.gather(*orders, return_exceptions=True)
    return [None if end is None else type(end) for end in ended]


@in_fake_time
async def test_one_after_the_other() -> None:
    """In the order in which they were given."""
    orders = Orders()
    assert await outcomes(*(orders.give(name) for name in "abc")) == [None] * 3
    assert orders.log == ["a", "a done", "b", "b done", "c", "c done"]


@in_fake_time
async def test_an_urgent_order_ends_the_older_ones_that_wait() -> None:
    """What was asked for before it counts no more; what is asked for after it does."""
    orders = Orders()
    given = [orders.give("a"), orders.give("b"), orders.give("c")]
    await asyncio.sleep(0.5)
    given += [orders.give("pause", urgent=True), orders.give("d")]
    assert await outcomes(*given) == [None, OvertakenError, OvertakenError, None, None]
    assert orders.log == ["a", "a done", "pause", "pause done", "d", "d done"]
    assert asyncio.get_running_loop().time() == pytest.approx(3)


@in_fake_time
async def test_urgent_orders_keep_their_order() -> None:
    """The last of them is the one that counts."""
    orders = Orders()
    given = [orders.give("a"), orders.give("8 A", urgent=True), orders.give("pause", urgent=True)]
    assert await outcomes(*given) == [None] * 3
    assert orders.log[2:] == ["8 A", "8 A done", "pause", "pause done"]


@in_fake_time
async def test_what_is_no_limit_only_lets_it_go_first() -> None:
    """A setting, or what a poll does, is carried out after the urgent one."""
    orders = Orders()
    given = [orders.give("a"), orders.give("setting", aside=True)]
    await asyncio.sleep(0.5)
    given.append(orders.give("pause", urgent=True))
    assert await outcomes(*given) == [None] * 3
    assert orders.log[2:] == ["pause", "pause done", "setting", "setting done"]


@in_fake_time
async def test_an_urgent_order_ends_one_that_rests() -> None:
    """At once, and not when its rest is over."""
    orders = Orders()
    resting = orders.give("phases", rests=True)
    await asyncio.sleep(0.5)
    pause = orders.give("pause", urgent=True)
    assert await outcomes(resting, pause) == [OvertakenError, None]
    assert orders.log == ["phases", "pause", "pause done"]
    assert asyncio.get_running_loop().time() == pytest.approx(1.5)
    # That is over now: the next one that rests does so undisturbed.
    assert await outcomes(orders.give("phases", rests=True)) == [None]


@in_fake_time
async def test_no_rest_while_an_urgent_order_waits() -> None:
    """Also if it came before the rest began."""
    orders = Orders()

    async def two_steps() -> None:
        async with orders.lock:
            await asyncio.sleep(1)
            await orders.lock.rest(5)

    slow = asyncio.create_task(two_steps())
    await asyncio.sleep(0.5)
    pause = orders.give("pause", urgent=True)
    assert await outcomes(slow, pause) == [OvertakenError, None]
    assert asyncio.get_running_loop().time() == pytest.approx(2)


@in_fake_time
async def test_an_ordinary_order_waits_for_one_that_rests() -> None:
    """It is no reason to break off."""
    orders = Orders()
    given = [orders.give("phases", rests=True), orders.give("16 A")]
    assert await outcomes(*given) == [None, None]
    assert orders.log == ["phases", "phases done", "16 A", "16 A done"]


@in_fake_time
async def test_an_order_may_give_others_on_its_own_behalf() -> None:
    """Nobody else comes between, and it is over when the outermost is."""
    orders = Orders()

    async def outer() -> None:
        async with orders.lock.order(urgent=False):
            async with orders.lock, orders.lock.order(urgent=True):
                orders.log.append("inner")
            await asyncio.sleep(1)
            orders.log.append("outer")

    task = asyncio.create_task(outer())
    await asyncio.sleep(0)
    assert await outcomes(task, orders.give("next")) == [None, None]
    assert orders.log == ["inner", "outer", "next", "next done"]


@pytest.mark.parametrize("urgent", [False, True])
@in_fake_time
async def test_an_order_that_is_cancelled_while_it_waits(urgent: bool) -> None:  # noqa: FBT001 - a case
    """It leaves no trace; an urgent one that is gone disturbs no rest any more."""
    orders = Orders()
    first = orders.give("a", rests=not urgent)
    await asyncio.sleep(0)
    gone, last = orders.give("gone", urgent=urgent), orders.give("last", rests=True)
    await asyncio.sleep(0.5)
    gone.cancel()
    ended = await outcomes(first, gone, last)
    assert ended[:2] == [None, asyncio.CancelledError]
    # Where an urgent one had come it ended the older ones; this one was younger.
    assert ended[2] is None
    assert orders.log == ["a", "a done", "last", "last done"]


@in_fake_time
async def test_an_order_that_is_cancelled_as_it_is_handed_the_lock() -> None:
    """Between the release and the moment when it wakes up: the next one gets it."""
    orders = Orders()
    async with orders.lock:
        handed, last = orders.give("handed"), orders.give("last")
        await asyncio.sleep(0)
    handed.cancel()
    assert await outcomes(handed, last) == [asyncio.CancelledError, None]
    assert orders.log == ["last", "last done"]


@in_fake_time
async def test_an_order_that_is_cancelled_just_before_it_would_be_handed_the_lock() -> None:
    """It is passed over, and ends like any other that was cancelled."""
    orders = Orders()
    async with orders.lock:
        gone, last = orders.give("gone"), orders.give("last")
        await asyncio.sleep(0)
        gone.cancel()
    assert await outcomes(gone, last) == [asyncio.CancelledError, None]
    assert orders.log == ["last", "last done"]


@in_fake_time
async def test_an_overtaken_order_that_is_cancelled_hands_nothing_on() -> None:
    """It never had the lock: two at once would be the end of it."""
    orders = Orders()
    first = orders.give("a")
    await asyncio.sleep(0)
    overtaken = orders.give("b")
    await asyncio.sleep(0.5)
    pause = orders.give("pause", urgent=True)
    # Until it has come, and a little less than until the other one would notice.
    await asyncio.sleep(0)
    overtaken.cancel()
    # Now a third one: it must not come between.
    last = orders.give("c")
    ended = await outcomes(first, overtaken, pause, last)
    assert ended == [None, asyncio.CancelledError, None, None]
    assert orders.log == ["a", "a done", "pause", "pause done", "c", "c done"]


@in_fake_time
async def test_an_urgent_order_that_is_gone_ends_no_rest() -> None:
    """It was cancelled before the order that it would have overtaken began to rest."""
    orders = Orders()

    async def two_steps() -> None:
        async with orders.lock:
            await asyncio.sleep(1)
            await orders.lock.rest(1)

    slow = asyncio.create_task(two_steps())
    await asyncio.sleep(0.3)
    gone = orders.give("gone", urgent=True)
    await asyncio.sleep(0.3)
    gone.cancel()
    assert await outcomes(slow, gone) == [None, asyncio.CancelledError]
    assert asyncio.get_running_loop().time() == pytest.approx(2)


@in_fake_time
async def test_who_lets_go_and_asks_again_waits() -> None:
    """The one that waited is next, even if it did not wake up yet."""
    orders = Orders()
    async with orders.lock:
        waiting = orders.give("b")
        await asyncio.sleep(0)
    async with orders.lock:
        orders.log.append("c")
    await waiting
    assert orders.log == ["b", "b done", "c"]


@in_fake_time
async def test_no_order_comes_between_a_release_and_the_next_one() -> None:
    """Who asks at that very moment waits for its turn."""
    orders = Orders()
    first = orders.give("a")
    await asyncio.sleep(0)
    second = orders.give("b")
    first.add_done_callback(lambda _: orders.give("c"))
    await first
    await second
    await asyncio.sleep(1.5)
    assert orders.log == ["a", "a done", "b", "b done", "c", "c done"]


@pytest.mark.parametrize(
    "give",
    [lambda orders: orders.give("x"), lambda orders: orders.give("x", urgent=True)],
)
@in_fake_time
async def test_no_order_begins_after_the_end(
    give: Callable[[Orders], asyncio.Task[None]],
) -> None:
    """Neither one that is given then, nor one that waited."""
    orders = Orders()
    first = orders.give("a")
    await asyncio.sleep(0)
    waiting = [give(orders), give(orders)]
    await asyncio.sleep(0.5)
    orders.lock.close()
    assert orders.lock.closed
    late = give(orders)
    # The one under way is not said to be done: the next owner holds what was before.
    assert await outcomes(first, *waiting, late) == [LinkDownError] * 4
    assert orders.log == ["a", "a done"]


@in_fake_time
async def test_the_end_wakes_what_rests() -> None:
    """And no rest begins after it."""
    orders = Orders()
    resting = orders.give("phases", rests=True)
    await asyncio.sleep(0.5)
    orders.lock.close()
    assert await outcomes(resting) == [LinkDownError]
    assert asyncio.get_running_loop().time() == pytest.approx(0.5)
    with pytest.raises(LinkDownError):
        await orders.lock.rest(1)


@in_fake_time
async def test_a_failure_stays_what_it_was_after_the_end() -> None:
    """What went wrong is more than that the device was let go of."""
    lock = CommandLock()
    for hold in (lock, lock.order(urgent=False)):
        lock._closed = False
        with suppress(LookupError):
            async with hold:
                lock.close()
                raise LookupError


@in_fake_time
async def test_spacing() -> None:
    """The time until the next change, counted from the last one."""
    loop = asyncio.get_running_loop()
    lock = CommandLock(spacing=5)
    assert lock.wait == 0
    await lock.until_spaced()
    assert loop.time() == 0
    lock.note_change()
    await asyncio.sleep(2)
    assert lock.wait == pytest.approx(3)
    # One more change while another waits: it waits for that one as well.
    waiting = asyncio.create_task(lock.until_spaced())
    await asyncio.sleep(2)
    lock.note_change()
    await waiting
    assert loop.time() == pytest.approx(9)
    assert lock.wait == 0
