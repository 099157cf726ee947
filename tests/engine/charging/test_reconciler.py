"""The table of the reconciler, cell by cell, and what happens at its edges."""

import asyncio
from collections.abc import Callable

import pytest

from custom_components.voltrail.engine.charging.command_lock import OvertakenError
from custom_components.voltrail.engine.charging.reconciler import (
    FOREIGN_POLLS,
    REPEATS,
    TABLE,
    Reconciler,
    Standing,
)
from custom_components.voltrail.engine.model.errors import DeviceSilentError, NotAppliedError
from tests.fake_time import in_fake_time


class Charger:
    """A charge point as the reconciler knows it: it stands as it is told."""

    def __init__(self) -> None:
        self.asked = True
        self.wanted: object = 10
        self.standing = Standing.KEPT
        self.trusts_look = True
        self.gives_way = False
        self.foreign_patience = 0.0
        self.done: list[str] = []
        self.fails: BaseException | None = None
        self.obeys = True
        self.looks_like: Standing | None = None
        self.reconciler = Reconciler(self)

    async def look(self) -> None:
        """Read once more."""
        self.done.append("look")
        if self.looks_like is not None:
            self.standing = self.looks_like

    async def assert_target(self) -> None:
        """Order once more."""
        self.done.append("assert")
        if self.fails is not None:
            raise self.fails
        if self.obeys:
            self.standing = Standing.KEPT

    def adopt(self) -> None:
        """Take over what it holds."""
        self.done.append("adopt")
        self.wanted = object()
        self.standing = Standing.KEPT

    async def poll(self, *standings: Standing) -> None:
        """Poll once for each, and find it standing like that."""
        for standing in standings:
            self.standing = standing
            await self.reconciler.after_poll()

    async def settled(self, *, due: bool = False) -> None:
        """Be seen to hold the target; then perhaps be in doubt."""
        await self.poll(Standing.KEPT)
        if due:
            self.reconciler.mark()
        self.done.clear()


KEPT, OTHER, LOST, WAIT, UNKNOWN = Standing


@pytest.mark.parametrize(
    ("due", "standing", "done", "due_after"),
    [
        (False, KEPT, [], False),
        (False, OTHER, [], False),
        (False, LOST, ["look", "assert"], False),
        (False, WAIT, [], True),
        (False, UNKNOWN, [], False),
        (True, KEPT, ["look"], False),
        (True, OTHER, ["look", "assert"], False),
        (True, LOST, ["look", "assert"], False),
        (True, WAIT, ["look"], True),
        (True, UNKNOWN, ["look"], True),
    ],
)
@in_fake_time
async def test_the_table(due: bool, standing: Standing, done: list[str], due_after: bool) -> None:  # noqa: FBT001 - cells
    """What one poll leads to in each of the ten cells."""
    charger = Charger()
    await charger.settled(due=due)
    await charger.poll(standing)
    assert charger.done == done
    assert charger.reconciler.due is due_after


def test_the_table_is_whole() -> None:
    """Every standing, due or not."""
    assert set(TABLE) == {(due, standing) for due in (False, True) for standing in Standing}


@pytest.mark.parametrize("standing", Standing)
@in_fake_time
async def test_nothing_without_a_target(standing: Standing) -> None:
    """Where nothing was asked for nothing is due, whatever happens."""
    charger = Charger()
    charger.asked = False
    charger.reconciler.mark()
    await charger.poll(standing, standing, Standing.KEPT, standing)
    assert charger.done == []
    assert not charger.reconciler.due


# -- a fallback --


@in_fake_time
async def test_a_fallback_is_ended_once() -> None:
    """Its beginning makes the target due; while it lasts all the same nothing is repeated."""
    charger = Charger()
    charger.obeys = False
    await charger.settled()
    await charger.poll(LOST, LOST, LOST)
    assert charger.done == ["look", "assert"]


@in_fake_time
async def test_the_end_of_a_fallback_makes_it_due() -> None:
    """A charger that comes out of it with another limit is told at once."""
    charger = Charger()
    charger.obeys = False
    await charger.settled()
    await charger.poll(LOST)
    charger.obeys = True
    charger.done.clear()
    await charger.poll(OTHER)
    assert charger.done == ["look", "assert"]


@in_fake_time
async def test_a_fallback_is_noticed_while_orders_are_not_taken() -> None:
    """It is due as soon as they are."""
    charger = Charger()
    await charger.settled()
    charger.standing = LOST
    charger.reconciler.note_fallback()
    assert charger.reconciler.due
    charger.standing = OTHER
    charger.reconciler.note_fallback()
    assert charger.reconciler.due
    assert charger.done == []
    await charger.poll(OTHER)
    assert charger.done == ["look", "assert"]


# -- doubt --


@in_fake_time
async def test_what_was_held_and_is_changed_is_adopted() -> None:
    """With the second poll in a row that shows it."""
    charger = Charger()
    await charger.settled()
    await charger.poll(*[OTHER] * (FOREIGN_POLLS - 1))
    assert charger.done == []
    await charger.poll(OTHER)
    assert charger.done == ["adopt"]
    # That is the target now, and what differs from it is foreign again.
    await charger.poll(KEPT, OTHER, OTHER)
    assert charger.done == ["adopt", "adopt"]


@in_fake_time
async def test_polls_in_a_row() -> None:
    """One that shows the target, or an order, begins the count again."""
    charger = Charger()
    await charger.settled()
    await charger.poll(OTHER, KEPT, OTHER)
    assert charger.done == []
    charger.reconciler.mark()
    await charger.poll(OTHER, OTHER)
    assert charger.done == ["look", "assert"]


@in_fake_time
async def test_what_it_was_never_seen_to_hold_is_repeated() -> None:
    """A few times, each with the patience of two polls; then it has its way."""
    charger = Charger()
    await charger.settled()
    charger.wanted = 16
    charger.obeys = False
    await charger.poll(*[OTHER] * FOREIGN_POLLS * REPEATS)
    assert charger.done == ["assert"] * REPEATS
    await charger.poll(*[OTHER] * FOREIGN_POLLS)
    assert charger.done == ["assert"] * REPEATS + ["adopt"]


@in_fake_time
async def test_once_it_was_held_the_count_begins_again() -> None:
    """Another target has all its repeats."""
    charger = Charger()
    charger.obeys = False
    for wanted in (16, 18):
        charger.done.clear()
        charger.wanted = wanted
        await charger.poll(*[OTHER] * FOREIGN_POLLS * REPEATS)
        assert charger.done == ["assert"] * REPEATS
        await charger.poll(KEPT)


@in_fake_time
async def test_patience() -> None:
    """Where it takes time to tell, two polls are not enough."""
    charger = Charger()
    charger.foreign_patience = 30
    await charger.settled()
    for _ in range(3):
        await charger.poll(OTHER)
        assert charger.done == []
        await asyncio.sleep(10)
    await charger.poll(OTHER)
    assert charger.done == ["adopt"]
    # And time alone is not enough either.
    await charger.poll(OTHER)
    await asyncio.sleep(40)
    assert charger.done == ["adopt"]
    await charger.poll(KEPT, OTHER)
    assert charger.done == ["adopt"]


# -- others are at it --


@in_fake_time
async def test_giving_way() -> None:
    """Another limit is left alone though the target is due, and adopted in time."""
    charger = Charger()
    charger.gives_way = True
    charger.wanted = 16
    charger.reconciler.mark()
    await charger.poll(OTHER)
    assert charger.done == ["look"]
    assert charger.reconciler.due
    await charger.poll(OTHER)
    assert charger.done == ["look", "look", "adopt"]
    assert not charger.reconciler.due


@in_fake_time
async def test_what_was_lost_is_asserted_also_by_one_that_gives_way() -> None:
    """Nobody else is at it then."""
    charger = Charger()
    charger.gives_way = True
    await charger.settled(due=True)
    await charger.poll(LOST)
    assert charger.done == ["look", "assert"]


@in_fake_time
async def test_a_look_decides() -> None:
    """What a poll showed may be from before the doubt."""
    charger = Charger()
    await charger.settled(due=True)
    charger.looks_like = KEPT
    await charger.poll(OTHER)
    assert charger.done == ["look"]
    assert not charger.reconciler.due


# -- confirming --


@pytest.mark.parametrize(
    ("trusts", "standing", "confirmed"),
    [(True, KEPT, True), (True, OTHER, False), (False, KEPT, False), (True, UNKNOWN, False)],
)
@in_fake_time
async def test_confirming(trusts: bool, standing: Standing, confirmed: bool) -> None:  # noqa: FBT001 - cells
    """What is read right after an order counts where it can be trusted: else it is repeated."""
    charger = Charger()
    await charger.settled(due=True)
    charger.wanted = 16
    charger.trusts_look = trusts
    charger.standing = standing
    charger.reconciler.confirm()
    assert charger.reconciler.due is not confirmed
    await charger.poll(OTHER, OTHER)
    first = "look" if not confirmed else "adopt"
    assert charger.done[0] == first


# -- an assertion that fails --


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (DeviceSilentError, True),
        (asyncio.CancelledError, True),
        (OvertakenError, False),
    ],
)
@in_fake_time
async def test_an_assertion_that_fails_is_due_again(
    error: Callable[[], BaseException],
    raised: bool,  # noqa: FBT001 - a cell
) -> None:
    """And is tried with the next poll."""
    charger = Charger()
    await charger.settled(due=True)
    charger.fails = error()
    if raised:
        with pytest.raises(type(charger.fails)):
            await charger.poll(OTHER)
    else:
        await charger.poll(OTHER)
    assert charger.reconciler.due
    charger.fails = None
    await charger.poll(OTHER)
    assert charger.done == ["look", "assert"] * 2


@in_fake_time
async def test_a_charger_that_was_told_and_holds_something_else() -> None:
    """It is not told for ever: what it holds is adopted if it stays with it."""
    charger = Charger()
    charger.wanted = 16
    charger.reconciler.mark()
    charger.fails = NotAppliedError(asked=16, found=6)
    with pytest.raises(NotAppliedError):
        await charger.poll(OTHER)
    assert not charger.reconciler.due
    await charger.poll(OTHER, OTHER)
    assert charger.done == ["look", "assert", "adopt"]
