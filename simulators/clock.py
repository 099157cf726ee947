"""Simulated time. Models know no other: tests move it by hand, programs let it follow real time."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

type Listener = Callable[[float], None]

#: Where simulated time begins unless a program says otherwise; any fixed moment would do.
BEGINNING: Final = datetime(2026, 1, 5, 7, 45, 9, tzinfo=UTC)

_ROUNDING: Final = 1e-9


class Clock:
    """Advances everything that listens, in steps no longer than `step` seconds."""

    def __init__(self, start: datetime = BEGINNING, step: float = 1.0) -> None:
        self.start = start
        self.step = step
        self.now = 0.0
        self._listeners: list[Listener] = []

    @property
    def moment(self) -> datetime:
        """The simulated date and time."""
        return self.start + timedelta(seconds=self.now)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener(seconds)` after each step, in order of subscription."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def advance(self, seconds: float) -> None:
        """Let simulated time pass."""
        if seconds < 0:
            message = "time does not run backwards"
            raise ValueError(message)
        while seconds > _ROUNDING:
            step = min(self.step, seconds)
            seconds -= step
            self.now += step
            for listener in tuple(self._listeners):
                listener(step)

    async def follow_real_time(self, speed: float = 1.0, interval: float = 0.2) -> None:
        """Advance with the event loop's time, `speed` times as fast, until cancelled."""
        loop = asyncio.get_running_loop()
        last = loop.time()
        while True:
            await asyncio.sleep(interval)
            now = loop.time()
            self.advance((now - last) * speed)
            last = now
