"""Logs the trouble of a device: once when it begins, once when it is over."""

import asyncio
import logging
from collections.abc import Callable
from enum import IntEnum
from typing import Final

_LOGGER = logging.getLogger(__name__)

CALM: Final = 60.0
"""Seconds after a line in which no warning follows. A bad line comes and goes, and each turn
of it is no news."""


class Level(IntEnum):
    """How much of a device is in trouble."""

    WELL = 0
    DOUBTFUL = 1
    """Some of its answers can hardly be true; that may be over soon, or they are true."""
    PARTLY = 2
    """Some of it does not answer."""
    GONE = 3
    """Nothing of it does."""


class Trouble:
    """Turns whatever goes wrong with one device into one warning, and one line when it is over.

    Who reads the log wants to know that something is wrong and since when; not every block of
    every poll that a bad line has damaged.
    """

    def __init__(self, title: Callable[[], str]) -> None:
        self._title = title
        self._told = Level.WELL
        self._before: list[Level] = []
        """The levels that were in force before each warning that is not over yet."""
        self._calm_until = 0.0
        self.held = False
        """Whether nothing is told for now: while a device is set up, the code that sets it up
        tells its owner."""

    def note(self, level: Level, reason: object = "") -> None:
        """Take note of how it is, as often as it is looked at."""
        now = _now()
        if level > self._told:
            if self.held or now < self._calm_until:
                _LOGGER.debug("%s: %s", self._title(), reason)
                return
            weight = logging.INFO if level is Level.DOUBTFUL else logging.WARNING
            _LOGGER.log(weight, "%s: %s", self._title(), reason)
            self._before.append(self._told)
            self._told = level
        elif self._before and level <= self._before[-1]:
            while self._before and level <= self._before[-1]:
                self._told = self._before.pop()
            _LOGGER.info("%s: it answers as before again", self._title())
        else:
            return
        self._calm_until = now + CALM


def _now() -> float:
    """The event loop's own clock, which no change of the wall clock moves."""
    return asyncio.get_running_loop().time()
