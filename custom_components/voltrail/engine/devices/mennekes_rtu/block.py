"""A run of registers that is read in one go, where the charger allows it."""

from contextlib import suppress
from typing import override

from modbus_connection import (
    IllegalDataAddressError,
    IllegalDataValueError,
    IllegalFunctionError,
    ModbusExceptionError,
)
from modbus_connection.model import Component

ABSENT = (IllegalFunctionError, IllegalDataAddressError, IllegalDataValueError)
"""What stands for "not there". Which exception a charger uses was not captured (UNCONFIRMED); one
that is busy or fails for a moment answers others, and they take nothing away."""


class Block(Component):
    """A component that falls apart into single values if it is refused as a whole.

    A charger of layout 1.0.2 refused some blocks of registers that it serves one by one. What
    it refuses even alone it does not have; both is remembered as long as this object lives.
    """

    split = False
    """Whether the values are read one by one."""
    whole = False
    """Whether it was answered before: then a refusal says nothing about what there is."""

    @override
    async def async_update(self, *, notify: bool = True) -> None:
        try:
            await super().async_update(notify=notify)
        except ABSENT as err:
            if self.whole:
                raise
            await self._split_up(err)
            await super().async_update(notify=notify)
        self.whole = True

    @override
    async def async_read_raw(self, *, notify: bool = True) -> dict[str, dict[int, int | bool]]:
        try:
            return await super().async_read_raw(notify=notify)
        except ABSENT as err:
            if self.whole:
                raise
            await self._split_up(err)
            return await super().async_read_raw(notify=notify)

    async def _split_up(self, err: ModbusExceptionError) -> None:
        spans = {
            name: (found.address, found.address + found.count - 1)
            for name, found in self.resolved_fields.items()
        }
        if self.split or len(spans) < 2:
            raise err
        served: list[str] = []
        for name, (first, last) in spans.items():
            if await self._serves(first, last - first + 1):
                served.append(name)
        if not served:
            raise err
        self.split = True
        self.register_ranges = tuple(sorted(spans.values()))
        self.restrict_fields(served)

    async def _serves(self, address: int, count: int) -> bool:
        """Whether registers are there: they are not, if they are refused twice."""
        for _ in range(2):
            with suppress(*ABSENT):
                await self.modbus_unit.read_holding_registers(address, count)
                return True
        return False
