"""Renewing what a device forgets: life signs, and set-points with a validity.

A keep-alive belongs to the device; whoever owns the device runs it, beside the polls
and ahead of them. It ends with its owner: then the device's own watchdog decides,
which is what a watchdog is for.
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from .errors import VoltrailError

_LOGGER = logging.getLogger(__name__)


class KeepAlive(ABC):
    """Something that has to be said again and again."""

    name: ClassVar[str]

    def __init__(self) -> None:
        self.failures = 0
        """How many beats in a row did not get through."""
        self.last_success: float | None = None
        """When the last beat was acknowledged, on the event loop's clock."""

    @property
    @abstractmethod
    def interval(self) -> float:
        """Seconds until the next beat; asked anew before each."""

    @abstractmethod
    async def beat(self) -> None:
        """Say it once. Decide on a fresh read whether there is anything to keep alive."""


async def run(keep_alive: KeepAlive, *, on_change: Callable[[], None] | None = None) -> None:
    """Beat until cancelled, the first time at once.

    The next beat is due one interval after the start of this one, not after its end:
    a slow answer must not stretch the rhythm that the device counts on.
    """
    loop = asyncio.get_running_loop()
    while True:
        started = loop.time()
        alive = keep_alive.failures == 0
        try:
            await keep_alive.beat()
        except VoltrailError as err:
            keep_alive.failures += 1
            # Once each way: a device that is away for the night must not fill the log.
            if alive:
                _LOGGER.debug("The %s did not get through: %s", keep_alive.name, err)
        else:
            if not alive:
                _LOGGER.debug("The %s gets through again", keep_alive.name)
            keep_alive.failures = 0
            keep_alive.last_success = loop.time()
        if on_change is not None and alive != (keep_alive.failures == 0):
            on_change()
        await asyncio.sleep(max(0.0, started + keep_alive.interval - loop.time()))
