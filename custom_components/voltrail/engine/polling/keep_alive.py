"""Renewing what a device forgets: life signs, and set-points with a validity.

A keep-alive belongs to the device; the owner of the device runs it, beside the polls
and ahead of them. It ends with its owner: then the device's own watchdog decides,
which is what a watchdog is for.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from typing import ClassVar, Final

from ..model.errors import VoltrailError

_LOGGER = logging.getLogger(__name__)

EARLY: Final = 0.001
"""Seconds by which a timer may fire too soon: what is left then is not worth a sleep."""


class KeepAlive(ABC):
    """Something that has to be said again and again."""

    name: ClassVar[str]

    def __init__(self) -> None:
        self.failures = 0
        """How many beats in a row did not get through."""
        self.last_success: float | None = None
        """When the last beat was acknowledged, on the event loop's clock."""
        self.last_started: float | None = None
        """When the last beat was sent off, acknowledged or not."""
        self.running = False
        """Whether its task runs."""
        self.on_change: Callable[[], None] | None = None
        """Called when beats stop getting through, and when they do again."""
        self._beating = asyncio.Lock()
        self.beaten = asyncio.Event()
        """Set after every beat, also after one that was asked for from outside."""

    @property
    @abstractmethod
    def interval(self) -> float:
        """Seconds until the next beat; read again before each."""

    @abstractmethod
    async def beat(self) -> None:
        """Say it once. Decide on a fresh read whether there is anything to keep alive."""

    async def renew(self) -> None:
        """Beat now, and take note of how it went; whatever the device does is no error.

        A caller that comes while a beat is under way waits for that one.
        """
        if self._beating.locked():
            async with self._beating:
                return
        async with self._beating:
            await self._renew()

    async def _renew(self) -> None:
        loop = asyncio.get_running_loop()
        before, self.last_started = self.last_started, loop.time()
        alive = self.failures == 0
        try:
            await self.beat()
        except asyncio.CancelledError:
            # The caller was cancelled, and it is not known whether the beat was sent.
            self.last_started = before
            self.beaten.set()
            raise
        except VoltrailError as err:
            self.failures += 1
            # Once each way: a device that is away for the night must not fill the log.
            if alive:
                _LOGGER.debug("The %s did not get through: %s", self.name, err)
        else:
            if not alive:
                _LOGGER.debug("The %s gets through again", self.name)
            self.failures = 0
            self.last_success = loop.time()
        self.beaten.set()
        if self.on_change is not None and alive != (self.failures == 0):
            self.on_change()

    @property
    def due_in(self) -> float:
        """Seconds until the next beat; not more than 0 if it is due.

        It is due one interval after the start of the last one, not after its end: a slow
        answer must not stretch the rhythm that the device counts on.
        """
        if self.last_started is None:
            return 0.0
        return self.last_started + self.interval - asyncio.get_running_loop().time()


async def run(keep_alive: KeepAlive, *, on_change: Callable[[], None] | None = None) -> None:
    """Beat until cancelled, the first time at once."""
    keep_alive.on_change = on_change
    keep_alive.running = True
    try:
        await keep_alive.renew()
        while True:
            keep_alive.beaten.clear()
            # Another caller may beat meanwhile: then it is due later, or sooner if that failed.
            with suppress(TimeoutError):
                async with asyncio.timeout(max(0.0, keep_alive.due_in)):
                    await keep_alive.beaten.wait()
            if keep_alive.due_in <= EARLY:
                await keep_alive.renew()
    finally:
        keep_alive.running = False
