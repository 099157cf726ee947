"""One order at a time; a pause and a lower limit go ahead of everything that waits."""

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Final

from ..model.errors import LinkDownError

_HANDED_OVER: Final = object()
"""Owns a lock between its release and the moment when the one that waited for it wakes up."""


class OvertakenError(Exception):
    """A pause or a lower limit came while an order rested or waited; it goes first."""


@dataclass(order=True, kw_only=True)
class _Waiter:
    """An order that waits; the urgent ones are first, and then in the order of their coming."""

    later: bool
    number: int
    limits: bool = field(compare=False)
    """Whether it is a limit or a pause, which a newer one makes pointless."""
    overtaken: bool = field(default=False, compare=False)
    woken: asyncio.Future[None] = field(compare=False)


class CommandLock:
    """Held by an order from its first write to its last, so that no other write comes between.

    Whatever an order does on its own behalf, in its own task, belongs to it. An order that has
    to wait for the charger rests: then an urgent order breaks in, and the one that rested ends
    with :class:`OvertakenError`.
    """

    def __init__(self, *, spacing: float = 0.0) -> None:
        self._owner: object = None
        self._depth = 0
        self._overtaken = False
        self._waiting: list[_Waiter] = []
        self._order: Final = count()
        self._urgent = asyncio.Event()
        self._closed = False
        self._spacing = spacing
        self._changed_at: float | None = None

    # -- closing --

    def close(self) -> None:
        """Refuse every further order, and report none that is under way as done.

        The device is closed; the object that replaces it restores what was asked for.
        """
        self._closed = True
        self._urgent.set()

    def require_open(self) -> None:
        """Raise if orders have no effect any more."""
        if self._closed:
            raise LinkDownError(reason="the device is being loaded again")

    @property
    def closed(self) -> bool:
        """Whether the device was closed."""
        return self._closed

    @property
    def busy(self) -> bool:
        """Whether an order is under way, or waits."""
        return self._owner is not None

    # -- spacing --

    @property
    def wait(self) -> float:
        """Seconds until the next change of the current is allowed; 0 if it is now."""
        if self._changed_at is None:
            return 0.0
        return max(0.0, self._changed_at + self._spacing - _now())

    async def until_spaced(self) -> None:
        """Sleep, without holding it, until the next change of the current is allowed."""
        while (wait := self.wait) > 0:  # noqa: ASYNC110 - the last one may still be on its way
            await asyncio.sleep(wait)

    def note_change(self) -> None:
        """Take note that the current was changed just now."""
        self._changed_at = _now()

    # -- holding it --

    async def __aenter__(self) -> None:
        await self._enter(urgent=False, limits=False)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        err: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave(failed=err is not None)

    @asynccontextmanager
    async def order(self, *, urgent: bool) -> AsyncIterator[None]:
        """Hold it for a limit or a pause; an urgent one overtakes what waits and what rests."""
        await self._enter(urgent=urgent, limits=True)
        try:
            yield
        except BaseException:
            self._leave(failed=True)
            raise
        self._leave(failed=False)

    def require_newest(self) -> None:
        """Raise :class:`OvertakenError` if an urgent order came while this limit waited.

        It was asked for earlier. Carried out after the urgent one it would undo it.
        """
        if self._overtaken:
            raise OvertakenError

    async def rest(self, seconds: float) -> None:
        """Wait for the charger; raises :class:`OvertakenError` if an urgent order comes."""
        if not self._urgent.is_set():
            try:
                async with asyncio.timeout(seconds):
                    await self._urgent.wait()
            except TimeoutError:
                return
        self.require_open()
        raise OvertakenError

    async def _enter(self, *, urgent: bool, limits: bool) -> None:
        task = asyncio.current_task()
        if self._owner is not task:
            self.require_open()
            overtaken = False
            if self._owner is not None:
                overtaken = await self._queue(urgent=urgent, limits=limits)
            self._overtaken = overtaken
            self._owner = task
            if self._closed:
                self._release()
                self.require_open()
        self._depth += 1

    async def _queue(self, *, urgent: bool, limits: bool) -> bool:
        """Wait for the lock; return whether that made the order pointless."""
        woken = asyncio.get_running_loop().create_future()
        waiter = _Waiter(later=not urgent, number=next(self._order), limits=limits, woken=woken)
        if urgent:
            self._urgent.set()
            for older in self._waiting:
                older.overtaken = older.overtaken or (older.later and older.limits)
        heapq.heappush(self._waiting, waiter)
        try:
            await woken
        except asyncio.CancelledError:
            if woken.done() and not woken.cancelled():
                # It was handed over and is not wanted any more.
                self._release()
            elif waiter in self._waiting:
                self._waiting.remove(waiter)
                heapq.heapify(self._waiting)
                self._note_urgency()
            raise
        return waiter.overtaken

    def _leave(self, *, failed: bool) -> None:
        self._depth -= 1
        if not self._depth:
            self._release()
            if not failed:
                self.require_open()

    def _release(self) -> None:
        """Hand the lock to the next one that waits, or free it."""
        self._owner = None
        while self._waiting:
            waiter = heapq.heappop(self._waiting)
            if not waiter.woken.done():
                # No other order may take it before the one that waited wakes up.
                self._owner = _HANDED_OVER
                waiter.woken.set_result(None)
                break
        self._note_urgency()

    def _note_urgency(self) -> None:
        if not self._closed and (not self._waiting or self._waiting[0].later):
            self._urgent.clear()


def _now() -> float:
    return asyncio.get_running_loop().time()
