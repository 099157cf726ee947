"""The same door for scripts that know no asyncio: every call returns when it is done.

::

    with Device(FAMILY, "192.168.1.20") as charger:
        print(charger.read("power"))
        print(charger)
"""

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from threading import Thread
from types import TracebackType
from typing import Any, Final, Self, override

from .devices.family import Family
from .library import connect
from .model.errors import VoltrailError
from .model.points import Value
from .polling.polled_device import PolledDevice

TIMEOUT: Final = 30.0
"""Seconds that a call waits if nothing else is said."""


class Device[D: PolledDevice]:
    """A device that is read by calls that wait.

    ``where`` are the words of :func:`.library.connect`: transport, port, unit_id, options.
    """

    def __init__(
        self, family: Family[D], place: str, *, timeout: float = TIMEOUT, **where: Any
    ) -> None:
        self._family = family
        self._place = place
        self._where = where
        self._timeout = timeout
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._stack = AsyncExitStack()
        self._device: D | None = None

    def connect(self) -> Self:
        """Meet the device; raises a :class:`VoltrailError` or ``TimeoutError`` if it does not."""
        if self._device is None:
            if not self._thread.is_alive():
                self._thread.start()
            self._device = self._wait(self._meet())
        return self

    def connected(self) -> bool:
        """Whether the device was met, and its link is up."""
        return self._device is not None and self._device.modbus_unit.connected

    def read(self, name: str) -> Value:
        """Read one value by its path now; ``KeyError`` if the device has none of that name."""
        device = self._met
        reading = device.reading(name)
        self._wait(device.read_now(*reading.components))
        return reading.read()

    def read_all(self) -> dict[str, Value]:
        """Read everything now, by paths; what could not be read is missing."""
        device = self._met
        self._wait(device.update())
        return {
            reading.path: reading.read()
            for reading in device.readings()
            if device.available(reading.components)
        }

    def close(self) -> None:
        """Let go of the device."""
        if self._thread.is_alive():
            self._wait(self._stack.aclose())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(self._timeout)
        self._device = None
        if not self._loop.is_closed():
            self._loop.close()

    def __enter__(self) -> Self:
        """Connect for the length of a block."""
        try:
            return self.connect()
        except BaseException:
            self.close()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close at its end."""
        self.close()

    @override
    def __str__(self) -> str:
        """Return everything, a line for each value, as it reads now."""
        return "\n".join(f"{path}: {value}" for path, value in self.read_all().items())

    @property
    def _met(self) -> D:
        if self._device is None:
            msg = "connect() first"
            raise RuntimeError(msg)
        return self._device

    async def _meet(self) -> D:
        return await self._stack.enter_async_context(
            connect(self._family, self._place, **self._where)
        )

    def _wait[T](self, work: Coroutine[Any, Any, T]) -> T:
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(self._timeout)
        except TimeoutError:
            future.cancel()
            raise


__all__ = ["Device", "VoltrailError"]
