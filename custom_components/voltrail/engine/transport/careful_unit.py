"""What a Modbus library may leave to its caller.

Some firmware now and then answers a read with fewer registers than were asked for, or
with none, in an otherwise sound frame. Not every library notices; taken for what was
asked, such an answer would end in an error that nobody expects.

And one library turns the cancellation of a waiting request into a time-out. A task that
goes on after a time-out, as life signs do, could then never be ended.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any, cast, override

from modbus_connection import ModbusProtocolError, ModbusTimeoutError, ModbusUnit


class _CarefulUnit:
    """A Modbus unit that only takes answers of the right length, and that can be cancelled."""

    def __init__(self, unit: ModbusUnit) -> None:
        self._unit = unit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._unit, name)

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        words = await _cancellable(self._unit.read_holding_registers(address, count))
        return _whole(words, address, count)

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        words = await _cancellable(self._unit.read_input_registers(address, count))
        return _whole(words, address, count)

    async def write_register(self, address: int, value: int) -> None:
        await _cancellable(self._unit.write_register(address, value))

    async def write_registers(self, address: int, values: list[int]) -> None:
        await _cancellable(self._unit.write_registers(address, values))

    @override
    def __repr__(self) -> str:
        return repr(self._unit)


def careful(unit: ModbusUnit) -> ModbusUnit:
    """Return the unit, made to refuse answers of the wrong length and to heed cancellation."""
    return cast("ModbusUnit", _CarefulUnit(unit))


async def _cancellable[T](request: Awaitable[T]) -> T:
    try:
        return await request
    except ModbusTimeoutError as err:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError from err
        raise


def _whole(words: list[int], address: int, count: int) -> list[int]:
    if len(words) != count:
        msg = f"{len(words)} registers instead of {count} from {address} on"
        raise ModbusProtocolError(msg)
    return words
