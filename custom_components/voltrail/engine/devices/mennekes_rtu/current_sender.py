"""Sends the current limit, at most one change in five seconds; the last value wins."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from ...model.errors import VoltrailError

_LOGGER = logging.getLogger(__name__)

CHANGES_APART: Final = 5.0
"""Seconds between two changes: the time a car is given to follow the last one."""


class CurrentSender:
    """Accepts a limit at any time, and sends it as soon as the charger may have it."""

    def __init__(self, write: Callable[[float], Awaitable[None]]) -> None:
        self._write = write
        self._wanted: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._sent_at: float | None = None
        self._dropped = asyncio.Event()
        self.failed: Callable[[], None] | None = None
        """Called when a limit that had been accepted could not be sent."""

    @property
    def pending(self) -> bool:
        """Whether a limit waits for its turn."""
        return self._task is not None

    @property
    def held_back(self) -> bool:
        """Whether a limit would have to wait for its turn now."""
        return self._wait > 0

    async def send(self, amps: float) -> None:
        """Send a limit now, or accept it for later if the last change is too fresh."""
        if self._task is None and not self.held_back:
            await self._send(amps)
            return
        self._wanted = amps
        if self._task is None:
            self._task = asyncio.create_task(self._send_later())

    async def send_in_turn(self, amps: float) -> bool:
        """Send a limit, and return when it was sent; false if it was dropped before."""
        self.drop()
        dropped = self._dropped
        while (wait := self._wait) > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await dropped.wait()
            if dropped.is_set():
                return False
        await self._send(amps)
        return True

    def drop(self) -> None:
        """Forget a limit that still waits."""
        self._dropped.set()
        self._dropped = asyncio.Event()
        self._wanted = None
        if self._task is not None:
            self._task.cancel()
            self._task = None

    @property
    def _wait(self) -> float:
        # Also for the same limit again: somebody else may have set another one meanwhile.
        return 0.0 if self._sent_at is None else self._sent_at + CHANGES_APART - _now()

    async def _send_later(self) -> None:
        try:
            while self._wanted is not None:
                if (wait := self._wait) > 0:
                    # And then looked at anew: the last one may still have been on its way.
                    await asyncio.sleep(wait)
                    continue
                amps, self._wanted = self._wanted, None
                await self._send(amps)
        except VoltrailError as err:
            _LOGGER.warning("A current limit that waited for its turn was not sent: %s", err)
            if self.failed is not None:
                self.failed()
        finally:
            if self._task is asyncio.current_task():
                self._task = None

    async def _send(self, amps: float) -> None:
        # Counted from before and from after: it may wait for the line, and two limits that
        # are sent five seconds apart must not arrive at once.
        self._sent_at = _now()
        try:
            await self._write(amps)
        finally:
            self._sent_at = _now()


def _now() -> float:
    return asyncio.get_running_loop().time()
