"""What a Modbus library may leave to its caller.

Some firmware now and then answers a read with fewer registers than were asked for, or
with none, in an otherwise sound frame. Not every library notices; taken for what was
asked, such an answer would end in an error that nobody expects.

And one library turns the cancellation of a waiting request into a time-out. A task that
goes on after a time-out, as life signs do, could then never be ended.

What an operating system says of a port that is gone reaches the caller as a failure of the link.
"""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, cast, override

from modbus_connection import (
    ModbusConnectionError,
    ModbusError,
    ModbusProtocolError,
    ModbusTimeoutError,
    ModbusUnit,
)


class CarefulUnit:
    """A Modbus unit that only takes answers of the right length, and that can be cancelled."""

    def __init__(self, unit: ModbusUnit) -> None:
        self._unit = unit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._unit, name)

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        """Read registers."""
        words = await _cancellable(self._unit.read_holding_registers(address, count))
        return _whole(words, address, count)

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        """Read input registers."""
        words = await _cancellable(self._unit.read_input_registers(address, count))
        return _whole(words, address, count)

    async def write_register(self, address: int, value: int) -> None:
        """Write one register."""
        await _cancellable(self._unit.write_register(address, value))

    async def write_registers(self, address: int, values: list[int]) -> None:
        """Write several registers at once."""
        await _cancellable(self._unit.write_registers(address, values))

    def as_unit(self) -> ModbusUnit:
        """Return this as what it stands for; all that is not declared here is passed on."""
        return cast("ModbusUnit", self)

    async def let_go(self) -> bool:
        """Drop the link if it is open, and say whether it was; the next request opens a new one.

        A line with several speakers decides by itself when nobody on it can be heard.
        """
        unit = self._unit
        if getattr(unit, "drops_its_link", False) or not unit.connected:
            return False
        with suppress(ModbusError, OSError):
            await unit.disconnect()
        return True

    @override
    def __repr__(self) -> str:
        return repr(self._unit)


async def _cancellable[T](request: Awaitable[T]) -> T:
    try:
        return await request
    except ModbusTimeoutError as err:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError from err
        raise
    except OSError as err:
        # Where a port vanishes in the middle of a request, a library may let this through.
        raise ModbusConnectionError(str(err) or type(err).__name__) from err


def _whole(words: list[int], address: int, count: int) -> list[int]:
    if len(words) != count:
        msg = f"{len(words)} registers instead of {count} from {address} on"
        raise ModbusProtocolError(msg)
    return words
