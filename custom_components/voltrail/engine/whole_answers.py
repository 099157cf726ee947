"""Answers that are shorter than what was asked for.

Some firmware now and then answers a read with fewer registers, or with none, in an
otherwise sound frame. Not every Modbus library notices; taken for what was asked, such
an answer would end in an error that nobody expects.
"""

from typing import Any, cast, override

from modbus_connection import ModbusProtocolError, ModbusUnit


class _WholeAnswers:
    """A Modbus unit that only takes answers of the length that was asked for."""

    def __init__(self, unit: ModbusUnit) -> None:
        self._unit = unit

    def __getattr__(self, name: str) -> Any:
        return getattr(self._unit, name)

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        return _whole(await self._unit.read_holding_registers(address, count), address, count)

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        return _whole(await self._unit.read_input_registers(address, count), address, count)

    @override
    def __repr__(self) -> str:
        return repr(self._unit)


def whole_answers(unit: ModbusUnit) -> ModbusUnit:
    """Return the unit, made to refuse an answer of another length than was asked for."""
    return cast("ModbusUnit", _WholeAnswers(unit))


def _whole(words: list[int], address: int, count: int) -> list[int]:
    if len(words) != count:
        msg = f"{len(words)} registers instead of {count} from {address} on"
        raise ModbusProtocolError(msg)
    return words
