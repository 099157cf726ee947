"""A keep-alive beats on its own rhythm until its owner ends it."""

import asyncio
from typing import ClassVar, override

import pytest

from custom_components.voltrail.engine.model.errors import DeviceSilentError
from custom_components.voltrail.engine.polling.keep_alive import KeepAlive, run
from tests.fake_time import in_fake_time


class Drum(KeepAlive):
    """Beats, and fails on demand."""

    name: ClassVar[str] = "drum"

    def __init__(self) -> None:
        super().__init__()
        self.beats: list[float] = []
        self.broken = False
        self.takes = 0.0

    @property
    @override
    def interval(self) -> float:
        return 4.0

    @override
    async def beat(self) -> None:
        self.beats.append(asyncio.get_running_loop().time())
        await asyncio.sleep(self.takes)
        if self.broken:
            raise DeviceSilentError


async def _drum_for(drum: Drum, seconds: float, changes: list[int]) -> None:
    task = asyncio.create_task(run(drum, on_change=lambda: changes.append(drum.failures)))
    await asyncio.sleep(seconds)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@in_fake_time
async def test_it_beats_at_once_and_goes_on() -> None:
    """The first beat does not wait for an interval."""
    drum = Drum()
    await _drum_for(drum, 9, [])
    assert drum.beats == [0, 4, 8]
    assert drum.last_success == 8
    assert drum.failures == 0


@in_fake_time
async def test_a_timer_that_fires_a_little_early_is_no_reason_to_wait() -> None:
    """Several that sleep for the rest in turns could keep a loop busy, and its time still."""
    drum, early = Drum(), 4 - 5e-7
    asyncio.get_running_loop().call_later(early, lambda: None)
    await _drum_for(drum, 5, [])
    assert drum.beats == [0, early]


@in_fake_time
async def test_a_failure_is_told_once_each_way() -> None:
    """Failing beats go on at the same rhythm; only the change is told."""
    drum, changes = Drum(), list[int]()
    drum.broken = True
    await _drum_for(drum, 9, changes)
    assert changes == [1]
    assert drum.failures == 3
    drum.broken = False
    await _drum_for(drum, 9, changes)
    assert changes == [1, 0]


@in_fake_time
async def test_a_slow_beat_does_not_stretch_the_rhythm() -> None:
    """The next beat is due an interval after the start of this one, or at once if it is late."""
    drum = Drum()
    drum.takes = 3
    await _drum_for(drum, 9, [])
    assert drum.beats == [0, 4, 8]
    slow = Drum()
    slow.takes = 5
    await _drum_for(slow, 12, [])
    assert [beat - slow.beats[0] for beat in slow.beats] == [0, 5, 10]


@in_fake_time
async def test_a_beat_of_a_cancelled_caller_is_repeated() -> None:
    """A poll that is cancelled takes its life sign along; the device still waits for one."""
    drum = Drum()
    task = asyncio.create_task(run(drum))
    await asyncio.sleep(3)
    drum.takes = 2
    poll = asyncio.create_task(drum.renew())
    await asyncio.sleep(0.5)
    poll.cancel()
    with pytest.raises(asyncio.CancelledError):
        await poll
    drum.takes = 0
    await asyncio.sleep(5)
    assert drum.beats == [0, 3, 4, 8]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@in_fake_time
async def test_what_was_never_said_is_due() -> None:
    """Also after a first try that was cut short."""
    drum = Drum()
    assert drum.due_in == 0
    drum.takes = 2
    first = asyncio.create_task(drum.renew())
    await asyncio.sleep(1)
    assert drum.due_in == 3
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert drum.due_in == 0


@in_fake_time
async def test_a_life_sign_goes_on_without_anybody_who_wants_to_know() -> None:
    """Whoever waits for a beat that is under way is told of no other."""
    drum = Drum()
    drum.takes = 1
    drum.broken = True
    await asyncio.gather(drum.renew(), drum.renew())
    assert drum.beats == [0]
    assert drum.failures == 1


class Hasty(Drum):
    """Beats again soon after a beat that failed."""

    @property
    @override
    def interval(self) -> float:
        return 1.0 if self.failures else 4.0


@in_fake_time
async def test_a_failed_beat_of_another_caller_is_repeated_in_its_own_time() -> None:
    """Whoever keeps it going does not sleep through what a poll found out meanwhile."""
    drum = Hasty()
    task = asyncio.create_task(run(drum))
    await asyncio.sleep(2)
    drum.broken = True
    await drum.renew()
    drum.broken = False
    await asyncio.sleep(6)
    assert drum.beats == [0, 2, 3, 7]
    drum.takes = 1.5
    drum.broken = True
    await asyncio.sleep(1)
    renewal = asyncio.create_task(drum.renew())
    await asyncio.sleep(4)
    await renewal
    assert drum.beats == [0, 2, 3, 7, 9, 10.5, 12]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
