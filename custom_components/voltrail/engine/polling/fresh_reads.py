"""Reads for those who ask now: fresh, and at most once a second for all of them together."""

import asyncio
import math
from collections.abc import Sequence
from typing import Final

from .base_device import BaseDevice

FRESH: Final = 1.0
"""Seconds for which a value that was read counts as fresh."""


class FreshReads:
    """Reads what is asked for now, in the order of asking."""

    def __init__(self, device: BaseDevice) -> None:
        self._device = device
        self._turn = asyncio.Lock()
        self._last = -math.inf

    async def read(self, names: Sequence[str]) -> None:
        """Read those of the components that are not fresh."""
        if not self._stale(names):
            return
        async with self._turn:
            loop = asyncio.get_running_loop()
            # Another one may have read them meanwhile.
            if not self._stale(names):
                return
            if (wait := self._last + FRESH - loop.time()) > 0:
                await asyncio.sleep(wait)
            self._last = loop.time()
            await self._device.refresh(self._stale(names))

    def _stale(self, names: Sequence[str]) -> list[str]:
        now = asyncio.get_running_loop().time()
        received = {name: self._device.received((name,)) for name in names}
        return [name for name, at in received.items() if at is None or now - at >= FRESH]
