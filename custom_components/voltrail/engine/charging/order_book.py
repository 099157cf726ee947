"""What is stored of the orders of one charge point, and when.

An order is stored before it is sent, with what was in force before, so that a kill at any
moment loses no pause and no lower limit. Programs that order all the time must not wear out an
SD card: from the fourth order in ten minutes on, a raise is stored at most once a minute. A
kill may then end in the lower limit before it, never in a higher one.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from .target import Target

FEW_ORDERS: Final = 3
"""So many orders in ten minutes are stored one by one."""

BUSY: Final = 600.0
"""Seconds over which orders are counted."""

RAISES_APART: Final = 60.0
"""Seconds between two stored raises while there are many orders."""


class OrderBook:
    """Remembers what the person asked for, and what may be in force instead."""

    def __init__(
        self, *, store: Callable[[], Awaitable[None]], changed: Callable[[], None]
    ) -> None:
        self._store = store
        self._changed = changed
        self.target = Target()
        self.before: Target | None = None
        """What was in force before an order that is not confirmed yet."""
        self._stored: tuple[Target, Target | None] = (self.target, None)
        self._recent: deque[float] = deque()
        self._raise_stored_at: float | None = None
        self._held_back = False

    async def open(self, wanted: Target, *, lowers: bool) -> None:
        """Take an order down before it is sent."""
        now = _now()
        while self._recent and now - self._recent[0] >= BUSY:
            self._recent.popleft()
        self._recent.append(now)
        self.before, self.target = self.target, wanted
        if self._stored == (wanted, None):
            return
        if not lowers and len(self._recent) > FEW_ORDERS and not self._raise_due(now):
            self._held_back = True
            return
        if not lowers:
            self._raise_stored_at = now
        self._held_back = False
        self._stored = (wanted, self.before)
        try:
            await self._store()
        except BaseException:
            # Nothing was sent, so nothing has changed.
            self.close(self.before)
            raise

    def _raise_due(self, now: float) -> bool:
        return self._raise_stored_at is None or now - self._raise_stored_at >= RAISES_APART

    def close(self, target: Target) -> None:
        """Note what is in force after an order; it is stored with the next delayed save."""
        self.target, self.before = target, None
        self._save_soon()

    def note(self, target: Target) -> None:
        """Take a target that no order made: another client's, or a fit to other phases."""
        self.target = target
        self._save_soon()

    def catch_up(self) -> None:
        """Store a raise that was held back, once its time has come."""
        if self._held_back and self._raise_due(_now()):
            self._held_back = False
            self._raise_stored_at = _now()
            self._save_soon()

    def _save_soon(self) -> None:
        if not self._held_back and self._stored != (self.target, None):
            self._stored = (self.target, None)
            self._changed()

    def dump(self) -> dict[str, Any]:
        """Return what is stored."""
        stored = self.target.dump()
        if self.before is not None:
            stored["before"] = self.before.dump()
        return stored

    def load(
        self,
        stored: Mapping[str, Any],
        *,
        least: float,
        cautious: Callable[[Target, Target], Target],
    ) -> None:
        """Restore what was stored; the lower one where an order may or may not have got through."""
        target, before = Target.load(stored, least=least), stored.get("before")
        if isinstance(before, Mapping):
            target = cautious(Target.load(before, least=least), target)
        self.target = target
        self._stored = (target, None)


def _now() -> float:
    return asyncio.get_running_loop().time()
