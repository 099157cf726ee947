"""An event loop whose time jumps to the next timer as soon as there is nothing else to do."""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, override

#: Real seconds granted to the kernel before time jumps, where sockets are open.
GRACE = 0.001
#: Real seconds after which a loop with nothing to wait for is a test that hangs.
STUCK = 20.0


class _Selector(selectors.DefaultSelector):
    """Jumps instead of waiting."""

    now = 0.0

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if events or (timeout is not None and timeout <= 0):
            return events
        if timeout is None:
            events = super().select(STUCK)
            assert events, "nothing is scheduled, and nothing arrives"
            return events
        # The pipe that wakes the loop is always there.
        if len(self.get_map()) > 1 and (events := super().select(GRACE)):
            return events
        self.now += timeout
        return []


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop that lives through a day in seconds."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    @override
    def time(self) -> float:
        return self._virtual.now


def run[T](main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(main)
