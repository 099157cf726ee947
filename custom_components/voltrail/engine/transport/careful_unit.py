"""Guards that a Modbus library may leave to its caller.

Some firmware now and then answers a read with fewer registers than were asked for, or
with none, in an otherwise sound frame. Not every library notices; decoded as if it were
complete, such an answer would end in an error that no caller expects.

And one library turns the cancellation of a waiting request into a time-out. A task that
goes on after a time-out, as life signs do, could then never be ended.

What an operating system says of a port that is gone reaches the caller as a failure of the link.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar
from functools import partial
from typing import Any, Final, cast, override

from modbus_connection import (
    ModbusConnectionError,
    ModbusError,
    ModbusProtocolError,
    ModbusTimeoutError,
    ModbusUnit,
)

PARTING: Final = 0.1
"""Seconds between two links: a device that serves one client has to see that the first is gone."""


type Screen = Callable[[str, int, list[int]], None]
"""Judges an answer by its space, its address and its words; raises if it cannot be true."""

SCREEN: ContextVar[Screen | None] = ContextVar("screen", default=None)
"""Judges the answers of reads before values are decoded from them."""


class CarefulUnit:
    """A Modbus unit that only takes answers of the right length, and that can be cancelled."""

    def __init__(
        self,
        unit: ModbusUnit,
        *,
        turns: asyncio.Lock | None = None,
        dropped: Callable[[], None] = lambda: None,
    ) -> None:
        self._unit = unit
        self._turns = turns or asyncio.Lock()
        """Held by one request at a time: a link must be dropped before the next is sent on it."""
        self.gap = 0.0
        """Seconds between the starts of two requests, for a device that fails at a faster pace."""
        self._next_at = 0.0
        self._dropped = dropped
        """Called when the link was dropped: another device may answer on the next one."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._unit, name)

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        """Read registers."""
        words = await self._ask(partial(self._unit.read_holding_registers, address, count))
        return _screened("holding", address, _whole(words, address, count))

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        """Read input registers."""
        words = await self._ask(partial(self._unit.read_input_registers, address, count))
        return _screened("input", address, _whole(words, address, count))

    async def write_register(self, address: int, value: int) -> None:
        """Write one register."""
        await self._ask(partial(self._unit.write_register, address, value))

    async def write_registers(self, address: int, values: list[int]) -> None:
        """Write several registers at once."""
        await self._ask(partial(self._unit.write_registers, address, values))

    def as_unit(self) -> ModbusUnit:
        """Return this as what it stands for; all that is not declared here is passed on."""
        return cast("ModbusUnit", self)

    async def _ask[T](self, ask: Callable[[], Awaitable[T]]) -> T:
        if self._on_a_line:
            # It has turns of its own, in which life signs come first.
            return await self._careful(ask)
        async with self._turns:
            if self.gap:
                await self._wait_for_gap()
            return await self._careful(ask)

    async def _wait_for_gap(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._next_at > now:
            await asyncio.sleep(self._next_at - now)
        self._next_at = max(self._next_at, now) + self.gap

    @property
    def _on_a_line(self) -> bool:
        return bool(getattr(self._unit, "drops_its_link", False))

    async def _careful[T](self, ask: Callable[[], Awaitable[T]]) -> T:
        try:
            return await ask()
        except ModbusTimeoutError as err:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise asyncio.CancelledError from err
            # Where answers carry a number none gets lost by itself. But the rest of a
            # damaged one makes a library wait for more, and count the next answers as that.
            await self.let_go()
            raise
        except OSError as err:
            # Where a port vanishes in the middle of a request, a library may let this through.
            raise ModbusConnectionError(str(err) or type(err).__name__) from err

    async def let_go(self) -> None:
        """Drop the link if it is open; the next request opens a new one.

        A line with several devices decides by itself when none of them can be heard.
        """
        unit = self._unit
        if self._on_a_line or not unit.connected:
            return
        self._dropped()
        with suppress(ModbusError, OSError):
            await unit.disconnect()
        await asyncio.sleep(PARTING)

    @override
    def __repr__(self) -> str:
        return repr(self._unit)


def _screened(space: str, address: int, words: list[int]) -> list[int]:
    if (screen := SCREEN.get()) is not None:
        screen(space, address, words)
    return words


def _whole(words: list[int], address: int, count: int) -> list[int]:
    if len(words) != count:
        msg = f"{len(words)} registers instead of {count} from {address} on"
        raise ModbusProtocolError(msg)
    return words
