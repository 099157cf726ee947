"""One unit id of a simulated device: a register map that answers reads and writes."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from pymodbus.constants import ExcCodes
from pymodbus.simulator import DataType, SimAction, SimData, SimDevice

from simulators.registers import RefusedError, Register, Value


class Unit:
    """A register map with the rules of its device for holes, splits and read-only registers.

    `read` and `write` are what a device with stranger rules overrides. `merge_splits` is for
    devices that take half of a two-register value and keep the other half, instead of refusing.
    """

    def __init__(
        self,
        registers: Iterable[Register],
        *,
        read_only_code: ExcCodes = ExcCodes.ILLEGAL_ADDRESS,
        split_code: ExcCodes = ExcCodes.ILLEGAL_ADDRESS,
        merge_splits: bool = False,
    ) -> None:
        self.registers = sorted(registers, key=lambda register: register.address)
        self.read_only_code = read_only_code
        self.split_code = split_code
        self.merge_splits = merge_splits
        self._addresses = [register.address for register in self.registers]
        self._names = {register.name: register for register in self.registers}
        if len(self._names) != len(self.registers):
            message = "two registers have the same name"
            raise ValueError(message)
        for before, after in zip(self.registers, self.registers[1:], strict=False):
            if before.end > after.address:
                message = f"{before.name} and {after.name} overlap at {after.address}"
                raise ValueError(message)

    def __getitem__(self, name: str) -> Register:
        return self._names[name]

    def at(self, address: int) -> Register:
        """Return the register that covers this address, or refuse as the device does."""
        index = bisect_right(self._addresses, address) - 1
        if index >= 0:
            register = self.registers[index]
            if address < register.end and register.exists:
                return register
        raise RefusedError(ExcCodes.ILLEGAL_ADDRESS)

    def span(self, address: int, count: int) -> Iterator[Register]:
        """Yield the registers under a range; a hole in it refuses the whole request."""
        end = address + count
        while address < end:
            register = self.at(address)
            yield register
            address = register.end

    def read(self, address: int, count: int) -> list[int]:
        """Return the words of a range as a client gets them."""
        found = list(self.span(address, count))
        if any(register.read is None for register in found):
            raise RefusedError(ExcCodes.ILLEGAL_ADDRESS)
        words = [word for register in found for word in register.words]
        start = address - found[0].address
        return words[start : start + count]

    def write(self, address: int, words: list[int]) -> None:
        """Change a range: everything is looked at before anything is changed."""
        changes: list[tuple[Register, Value]] = []
        end = address + len(words)
        for register in self.span(address, len(words)):
            if register.write is None:
                raise RefusedError(self.read_only_code)
            first, last = max(register.address, address), min(register.end, end)
            new = words[first - address : last - address]
            if len(new) < register.count:
                if not self.merge_splits:
                    raise RefusedError(self.split_code)
                whole = register.words
                whole[first - register.address : last - register.address] = new
                new = whole
            value = register.decode(new)
            if register.check is not None:
                register.check(value)
            changes.append((register, value))
        for register, value in changes:
            assert register.write is not None
            register.write(value)

    def table(self) -> list[dict[str, object]]:
        """Return every register that exists now, with its raw words and what they mean."""
        return [
            {
                "address": register.address,
                "name": register.name,
                "words": register.words,
                "value": register.value,
                "unit": register.unit,
                "writable": register.write is not None,
            }
            for register in self.registers
            if register.exists and register.read is not None and not register.filler
        ]

    def sim_device(self, unit_id: int, action: SimAction) -> SimDevice:
        """Describe this map to pymodbus; `action` supplies the live values."""
        data = [
            SimData(register.address, count=register.count, datatype=DataType.REGISTERS)
            for register in self.registers
        ]
        return SimDevice(id=unit_id, simdata=data, action=action)
