"""What the engine's Modbus units do beyond those of the library."""

import asyncio
from typing import override

import pytest
from modbus_connection import ModbusConnectionError, ModbusProtocolError, ModbusTimeoutError
from modbus_connection.mock import MockModbusUnit

from custom_components.voltrail.engine.transport.careful_unit import CarefulUnit
from tests.fake_time import in_fake_time


@pytest.mark.parametrize("words", [[], [1], [1, 2, 3]])
async def test_answers_of_the_wrong_length(
    mock_modbus_unit: MockModbusUnit, words: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither less nor more than was asked for is an answer."""

    async def answer(address: int, count: int) -> list[int]:
        return words

    monkeypatch.setattr(mock_modbus_unit, "read_holding_registers", answer)
    monkeypatch.setattr(mock_modbus_unit, "read_input_registers", answer)
    unit = CarefulUnit(mock_modbus_unit).as_unit()
    for read in (unit.read_holding_registers, unit.read_input_registers):
        with pytest.raises(ModbusProtocolError, match="registers instead of 2 from 300 on"):
            await read(300, 2)


async def test_everything_else_is_the_librarys(mock_modbus_unit: MockModbusUnit) -> None:
    """Whole answers and writes pass unchanged."""
    unit = CarefulUnit(mock_modbus_unit).as_unit()
    await unit.write_register(10, 7)
    await unit.write_registers(11, [8, 9])
    assert await unit.read_holding_registers(10, 3) == [7, 8, 9]
    unit.require_timeout(4)
    assert mock_modbus_unit.required_timeout == 4
    assert repr(unit) == repr(mock_modbus_unit)


class _Swallowing(MockModbusUnit):
    """Makes a time-out of a cancellation, as one library does."""

    async def _wait(self) -> None:
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError as err:
            raise ModbusTimeoutError from err

    @override
    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        """Wait for an answer that does not come."""
        await self._wait()
        return []

    @override
    async def write_registers(self, address: int, values: list[int]) -> None:
        """Wait for an answer that does not come."""
        await self._wait()


@in_fake_time
async def test_a_cancellation_stays_one() -> None:
    """A task that goes on after a time-out can still be ended."""
    unit = CarefulUnit(_Swallowing.__new__(_Swallowing)).as_unit()

    async def insist(*, write: bool) -> None:
        while True:
            try:
                if write:
                    await unit.write_registers(10, [1])
                else:
                    await unit.read_holding_registers(10, 1)
            except ModbusTimeoutError:
                continue

    for write in (False, True):
        task = asyncio.create_task(insist(write=write))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(10):
                await task


@in_fake_time
async def test_an_outer_time_limit_counts() -> None:
    """A limit around a request is told from the request's own time-out."""
    unit = CarefulUnit(_Swallowing.__new__(_Swallowing)).as_unit()
    with pytest.raises(TimeoutError) as limit:
        async with asyncio.timeout(5):
            await unit.read_holding_registers(10, 1)
    assert not isinstance(limit.value, ModbusTimeoutError)


@in_fake_time
async def test_a_timeout_stays_one() -> None:
    """Without a cancellation a time-out is what it says, and the link is dropped."""
    dropped: list[str] = []

    class Silent(MockModbusUnit):
        connected = True

        @override
        async def disconnect(self) -> None:
            dropped.append("link")

        @override
        async def read_holding_registers(self, address: int, count: int) -> list[int]:
            raise ModbusTimeoutError

    unit = CarefulUnit(Silent.__new__(Silent), dropped=lambda: dropped.append("told"))
    with pytest.raises(ModbusTimeoutError):
        await unit.read_holding_registers(10, 1)
    assert dropped == ["told", "link"]


async def test_what_the_system_says_is_a_failure_of_the_link() -> None:
    """A port that vanishes in the middle of a request is no error of the program."""

    class Pulled(MockModbusUnit):
        connected = False

        @override
        async def write_register(self, address: int, value: int) -> None:
            raise OSError(5, "Input/output error")

    with pytest.raises(ModbusConnectionError, match="Input/output error"):
        await CarefulUnit(Pulled.__new__(Pulled)).write_register(10, 1)
