"""An event loop whose time jumps to the next timer whenever everybody waits.

A day of heartbeats takes seconds, no sleep is real, and every run is the same. Nothing in such a
loop may wait for the operating system, so devices are served by `simulators.memory` and found on
`loop.network`, which all of `create_connection` goes to:

    @in_fake_time
    async def test_a_day_of_heartbeats() -> None:
        charger = Compact()
        async with serve_serial_in_memory(charger) as line:
            params = ModbusSerialParams(device=line.url, baudrate=57600, stopbits=2)
            connection = ModbusConnection(params, timeout=1.0)  # of modbus_connection.tmodbus
            unit = connection.for_unit(50)
            for _ in range(21_600):
                await unit.write_register(0x0D00, 0x55AA)
                await asyncio.sleep(4)
        assert charger.ems.longest_gap < 6

`in_fake_time` makes an ordinary test of an async one, so pytest's automatic mode leaves it alone;
its fixtures must not be async. A whole folder runs in fake time, async fixtures included, with
this in its `conftest.py`:

    def pytest_asyncio_loop_factories() -> dict[str, LoopFactory]:
        return {"fake_time": FakeTimeLoop}

Time is `loop.time()`, counted from 0, and so is `time.monotonic()` while the loop runs: Modbus
libraries space their requests by it. `datetime.now()` stays real: code that is tested like this
asks the loop.
"""

import asyncio
import selectors
import time
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Final, override
from unittest.mock import patch

from simulators.memory import MemoryNetwork

#: Timers fire up to this early, in seconds.
_RESOLUTION: Final = 1e-6
#: Real seconds that one look at helper threads may take; then it looks again.
_PATIENCE: Final = 0.1


class NothingToWaitForError(RuntimeError):
    """Every task waits, and no timer is set that could wake one."""


class _Jumping(selectors.DefaultSelector):
    """Moves the loop's time where another selector would sleep."""

    loop: FakeTimeLoop

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if events or (timeout is not None and timeout <= 0):
            return events
        if self.loop.threads:
            # Threads work in real time; the simulated world waits for them.
            return super().select(_PATIENCE)
        if timeout is None:
            message = "everybody waits, and no timer is set"
            raise NothingToWaitForError(message)
        self.loop.jump(timeout)
        return events


class FakeTimeLoop(asyncio.SelectorEventLoop):
    """The loop; `network` is where its connections lead."""

    def __init__(self) -> None:
        self._now = 0.0
        self._interrupted: BaseException | None = None
        self.threads = 0
        self.network = MemoryNetwork()
        selector = _Jumping()
        selector.loop = self
        super().__init__(selector)
        # The real clock's, a nanosecond, is lost in the rounding of a time of some months, and a
        # timer that is due would never fire.
        self._clock_resolution = _RESOLUTION

    @override
    def time(self) -> float:
        return self._now

    @override
    def run_forever(self) -> None:
        with patch.object(time, "monotonic", self.time):
            super().run_forever()
        if (interrupted := self._interrupted) is not None:
            self._interrupted = None
            raise interrupted

    @override
    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """End the run when it was interrupted, instead of logging that and going on.

        pytest's time-out strikes wherever the loop happens to be. In the middle of a callback
        asyncio would swallow it, and the world would go on with half a delivery: the test
        would report wrong values where it was only slow.
        """
        if not self._ends_with(context.get("exception")):
            super().call_exception_handler(context)

    @override
    def create_task[T](
        self,
        coro: Coroutine[Any, Any, T],
        **options: Any,
    ) -> asyncio.Task[T]:
        task = super().create_task(coro, **options)
        # Nobody may ever ask what became of it.
        task.add_done_callback(self._look_at)
        return task

    def _look_at(self, task: asyncio.Task[Any]) -> None:
        # Not by its public name: asyncio would then believe that somebody looked at it.
        if not task.cancelled():
            self._ends_with(getattr(task, "_exception", None))

    def _ends_with(self, error: BaseException | None) -> bool:
        """Stop if this is more than a fault."""
        if error is None or isinstance(error, Exception):
            return False
        self._interrupted = error
        self.stop()
        return True

    def jump(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds

    @override
    async def create_connection(  # type: ignore[override]  # the part that clients use
        self,
        protocol_factory: Callable[[], asyncio.BaseProtocol],
        host: str | None = None,
        port: int | None = None,
        **options: Any,
    ) -> tuple[asyncio.Transport, asyncio.BaseProtocol]:
        """Connect to a device in memory; there is no other network."""
        await asyncio.sleep(0)
        await self.network.reach(host or "", port or 0)
        return self.network.connect(protocol_factory, host or "", port or 0)

    @override
    def run_in_executor[*Ts, T](
        self, executor: Any, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        self.threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_is_done)
        return future

    def _thread_is_done(self, _future: object) -> None:
        self.threads -= 1

    @override
    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        self.threads += 1
        try:
            await super().shutdown_default_executor(timeout)
        finally:
            self.threads -= 1


def run[T](main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine in fake time, as `asyncio.run` does in real time."""
    with asyncio.Runner(loop_factory=FakeTimeLoop) as runner:
        return runner.run(main)


def in_fake_time[**P, T](test: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, T]:
    """Let an async test run in a loop of its own, in fake time."""

    @wraps(test)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> T:
        return run(test(*args, **kwargs))

    return wrapper
