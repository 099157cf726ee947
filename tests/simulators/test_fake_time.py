"""The event loop whose time jumps."""

import asyncio
import threading
from typing import Any

import pytest

from tests.fake_time import FakeTimeLoop, NothingToWaitForError, in_fake_time, run


@in_fake_time
async def test_a_year_passes_at_once() -> None:
    """Timers fire in their order, at their time."""
    loop = asyncio.get_running_loop()
    seen: list[float] = []

    async def wake(seconds: float) -> None:
        await asyncio.sleep(seconds)
        seen.append(loop.time())

    day = 86_400.0
    await asyncio.gather(*(wake(days * day) for days in (365, 1, 30)))
    assert seen == pytest.approx([day, 30 * day, 365 * day])


@in_fake_time
async def test_timeouts_are_exact() -> None:
    """Half a second is half a second."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await asyncio.Event().wait()
    assert asyncio.get_running_loop().time() == pytest.approx(0.5)


@in_fake_time
async def test_threads_are_waited_for() -> None:
    """They work in real time, in which no fake time passes."""
    loop = asyncio.get_running_loop()
    go = threading.Event()

    def work() -> bool:
        return go.wait(20)

    def pass_on(times: int) -> None:
        if times:
            loop.call_soon(pass_on, times - 1)
        else:
            go.set()

    pass_on(50)
    async with asyncio.timeout(0.001):
        assert await loop.run_in_executor(None, work)
    assert loop.time() == 0


def test_waiting_for_nothing_is_an_error() -> None:
    """Rather than a test that never ends."""

    async def wait() -> None:
        await asyncio.Event().wait()

    with pytest.raises(NothingToWaitForError):
        run(wait())


class Interruption(BaseException):
    """Comes from outside, as the time-out of a test does."""


def test_an_interruption_ends_the_run() -> None:
    """Also one that strikes in a callback, where asyncio logs what it caught and goes on."""
    went_on = False

    def interrupt() -> None:
        raise Interruption

    async def wait() -> None:
        nonlocal went_on
        asyncio.get_running_loop().call_soon(interrupt)
        await asyncio.sleep(1)
        went_on = True

    with pytest.raises(Interruption):
        run(wait())
    assert not went_on


async def interrupted() -> None:
    """Be interrupted in a task that nobody waits for."""
    raise Interruption


def test_an_interrupted_task_ends_the_run() -> None:
    """Whether or not anybody asks what became of it."""

    async def wait() -> None:
        task = asyncio.create_task(interrupted())
        await asyncio.sleep(1)
        assert not task.done()

    with pytest.raises(Interruption):
        run(wait())


def test_there_is_no_other_network() -> None:
    """Nobody listens where no device was served."""

    async def connect() -> None:
        await asyncio.open_connection("127.0.0.1", 502)

    with pytest.raises(ConnectionRefusedError, match=r"127\.0\.0\.1:502"):
        run(connect())


def test_each_run_begins_at_zero() -> None:
    """Nothing is left of the one before."""

    async def sleep() -> float:
        await asyncio.sleep(3)
        return asyncio.get_running_loop().time()

    assert [run(sleep()), run(sleep())] == [3, 3]


@pytest.mark.parametrize("value", [1, 2])
def test_arguments_reach_the_test(value: int, tmp_path: Any) -> None:
    """Parameters and fixtures come through the decorator."""

    @in_fake_time
    async def body(*arguments: object) -> tuple[object, ...]:
        assert isinstance(asyncio.get_running_loop(), FakeTimeLoop)
        return arguments

    assert body(value, tmp_path) == (value, tmp_path)
