"""One order at a time: an order is made of several writes, and none may come between them."""

import asyncio
from types import TracebackType

from ..model.errors import LinkDownError


class CommandLock:
    """A lock that an order holds from its first write to its last.

    Whatever an order does on its own behalf, in its own task, belongs to it.
    """

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._owner: asyncio.Task[object] | None = None
        self._depth = 0
        self._closed = False

    def close(self) -> None:
        """Let no order begin any more, and take none that is under way for done.

        Its device is let go of, and whoever meets it anew upholds what was asked for before.
        """
        self._closed = True

    def require_open(self) -> None:
        """Raise if orders have no effect any more."""
        if self._closed:
            raise LinkDownError(reason="the device is being loaded anew")

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        if self._owner is not task:
            await self._lock.acquire()
            if self._closed:
                self._lock.release()
                self.require_open()
            self._owner = task
        self._depth += 1

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        err: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._depth -= 1
        if not self._depth:
            self._owner = None
            self._lock.release()
            if err is None:
                self.require_open()
