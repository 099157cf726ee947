"""The one who sends limits, at most one in five seconds."""

import asyncio

import pytest

from custom_components.voltrail.engine.devices.mennekes_rtu.current_sender import CurrentSender
from custom_components.voltrail.engine.model.errors import DeviceSilentError
from tests.fake_time import in_fake_time


class Wire:
    """Takes limits, and fails on demand."""

    def __init__(self) -> None:
        self.taken: list[tuple[float, float]] = []
        self.broken = False
        self.takes = 0.0

    async def write(self, amps: float) -> None:
        """Take a limit."""
        await asyncio.sleep(self.takes)
        if self.broken:
            raise DeviceSilentError
        self.taken.append((asyncio.get_running_loop().time(), amps))


@in_fake_time
async def test_the_last_one_wins_in_its_turn() -> None:
    """Counted from when the last one was sent, however long it took to get there."""
    wire = Wire()
    sender = CurrentSender(wire.write)
    assert not sender.held_back
    wire.takes = 2.0
    await sender.send(6)
    assert sender.held_back
    assert not sender.pending
    wire.takes = 0.0
    await sender.send(7)
    await sender.send(8)
    assert sender.pending
    await asyncio.sleep(6)
    assert wire.taken == [(2, 6), (7, 8)]
    assert not sender.pending


@in_fake_time
async def test_a_limit_that_fails_in_its_turn_is_told() -> None:
    """To whoever wants to know; nobody has to."""
    wire, told = Wire(), list[bool]()
    sender = CurrentSender(wire.write)
    wire.broken = True
    for listening in (False, True):
        await asyncio.sleep(5)
        wire.broken = False
        await sender.send(6)
        await sender.send(7)
        wire.broken = True
        if listening:
            sender.failed = lambda: told.append(True)
        await asyncio.sleep(6)
        assert not sender.pending
    assert told == [True]
    assert [amps for _, amps in wire.taken] == [6, 6]


@in_fake_time
async def test_one_in_turn_takes_the_place_of_what_waits() -> None:
    """It returns when the charger has it, and what it replaced is never sent."""
    wire = Wire()
    sender = CurrentSender(wire.write)
    await sender.send(6)
    await sender.send(7)
    await sender.send_in_turn(8)
    assert wire.taken == [(0, 6), (5, 8)]
    await sender.send(9)
    sender.drop()
    # Another one may wait before the first has noticed.
    await sender.send(10)
    await asyncio.sleep(10)
    assert [amps for _, amps in wire.taken] == [6, 8, 10]
    sender.drop()


@in_fake_time
async def test_two_limits_never_arrive_at_once() -> None:
    """Also if the first one is still on its way while the second one waits for its turn."""
    wire = Wire()
    sender = CurrentSender(wire.write)
    wire.takes = 3.0
    async with asyncio.TaskGroup() as group:
        group.create_task(sender.send(6))
        await asyncio.sleep(1)
        wire.takes = 0.0
        await sender.send(7)
    await asyncio.sleep(10)
    assert wire.taken == [(3, 6), (8, 7)]


@in_fake_time
async def test_one_in_turn_can_be_dropped() -> None:
    """Whoever waits for it is told at once, and it is never sent."""
    wire = Wire()
    sender = CurrentSender(wire.write)
    assert await sender.send_in_turn(6)
    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(sender.send_in_turn(7))
        await asyncio.sleep(1)
        sender.drop()
    assert waiting.result() is False
    assert asyncio.get_running_loop().time() == pytest.approx(1)
    await asyncio.sleep(10)
    assert wire.taken == [(0, 6)]
