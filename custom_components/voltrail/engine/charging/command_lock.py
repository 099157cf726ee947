"""One order at a time; a pause and a lower limit go ahead of everything that waits."""

import asyncio
import heapq
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from types import TracebackType
from typing import Final

from ..model.errors import LinkDownError

type _Waiter = asyncio.Future[None]

_HANDED_OVER: Final = object()
"""Owns a lock between its release and the moment when the one that waited for it wakes up."""


class OvertakenError(Exception):
    """A pause or a lower limit came while an order rested; it goes first."""


class CommandLock:
    """Held by an order from its first write to its last, so that no other write comes between.

    Whatever an order does on its own behalf, in its own task, belongs to it. An order that has
    to wait for the charger rests: then an urgent order breaks in, and the one that rested ends
    with :class:`OvertakenError`.
    """

    def __init__(self, *, spacing: float = 0.0) -> None:
        self._owner: object = None
        self._depth = 0
        self._waiting: list[tuple[bool, int, _Waiter]] = []
        self._order: Final = count()
        self._urgent = asyncio.Event()
        self._closed = False
        self._spacing = spacing
        self._changed_at: float | None = None

    # -- closing --

    def close(self) -> None:
        """Begin no order any more, and take none that is under way for done.

        Its device is let go of, and the one that is met next holds what was asked for before.
        """
        self._closed = True
        self._urgent.set()

    def require_open(self) -> None:
        """Raise if orders have no effect any more."""
        if self._closed:
            raise LinkDownError(reason="the device is being loaded anew")

    @property
    def closed(self) -> bool:
        """Whether the device was let go of."""
        return self._closed

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
        await self._enter(urgent=False)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        err: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave(failed=err is not None)

    @asynccontextmanager
    async def order(self, *, urgent: bool) -> AsyncIterator[None]:
        """Hold it for an order; an urgent one overtakes what waits and what rests."""
        await self._enter(urgent=urgent)
        try:
            yield
        except BaseException:
            self._leave(failed=True)
            raise
        self._leave(failed=False)

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

    async def _enter(self, *, urgent: bool) -> None:
        task = asyncio.current_task()
        if self._owner is not task:
            self.require_open()
            if self._owner is not None:
                await self._queue(urgent=urgent)
            self._owner = task
            if self._closed:
                self._release()
                self.require_open()
        self._depth += 1

    async def _queue(self, *, urgent: bool) -> None:
        waiter: _Waiter = asyncio.get_running_loop().create_future()
        entry = (not urgent, next(self._order), waiter)
        heapq.heappush(self._waiting, entry)
        if urgent:
            self._urgent.set()
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                # It was handed over and is not wanted any more.
                self._release()
            else:
                self._waiting.remove(entry)
                heapq.heapify(self._waiting)
                self._note_urgency()
            raise

    def _leave(self, *, failed: bool) -> None:
        self._depth -= 1
        if not self._depth:
            self._release()
            if not failed:
                self.require_open()

    def _release(self) -> None:
        """Hand it to the next one, or to nobody."""
        self._owner = None
        while self._waiting:
            _, _, waiter = heapq.heappop(self._waiting)
            if not waiter.done():
                # Nobody else may take it before the one that waited wakes up.
                self._owner = _HANDED_OVER
                waiter.set_result(None)
                break
        self._note_urgency()

    def _note_urgency(self) -> None:
        if not self._closed and not (self._waiting and not self._waiting[0][0]):
            self._urgent.clear()


def _now() -> float:
    return asyncio.get_running_loop().time()
