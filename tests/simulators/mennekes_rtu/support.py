"""What the tests of these chargers share."""

import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from simulators.device import SimulatedDevice
from simulators.mennekes_rtu import Compact
from simulators.server import serve
from tests.simulators.wire import ExceptionAnswerError, Wire, connected

HEARTBEAT = 0x55AA


def single(value: float) -> tuple[int, int]:
    """Return the two registers of a single precision number."""
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return high, low


def number(words: list[int]) -> float:
    """Return the single precision number in two registers."""
    (value,) = struct.unpack(">f", struct.pack(">2H", *words))
    assert isinstance(value, float)
    return value


class Master:
    """An energy manager behind a gateway, in the words of the document."""

    def __init__(self, wire: Wire, unit: int = 50) -> None:
        self.wire = wire
        self.unit = unit

    async def read(self, address: int, count: int = 1, function: int = 3) -> list[int]:
        """Read registers."""
        return await self.wire.read(address, count, unit=self.unit, function=function)

    async def word(self, address: int) -> int:
        """Read one register."""
        (word,) = await self.read(address)
        return word

    async def number(self, address: int) -> float:
        """Read a number in two registers."""
        return number(await self.read(address, 2))

    async def write(self, address: int, word: int) -> None:
        """Write a register with function 6."""
        await self.wire.write_one(address, word, unit=self.unit)

    async def limit(self, amps: float) -> None:
        """Write the current limit with function 16."""
        await self.wire.write(0x0302, *single(amps), unit=self.unit)

    async def beat(self) -> None:
        """Send a heartbeat."""
        await self.write(0x0D00, HEARTBEAT)

    async def refusal(self, address: int, count: int = 1) -> int | None:
        """Return the exception that a read gets."""
        return await self.wire.refusal(address, count, unit=self.unit)

    async def refused(self, address: int, *words: int) -> int | None:
        """Return the exception that function 16 gets."""
        return await self.wire.write_refusal(address, *words, unit=self.unit)

    async def refused_one(self, address: int, word: int) -> int | None:
        """Return the exception that function 6 gets."""
        try:
            await self.write(address, word)
        except ExceptionAnswerError as err:
            return err.code
        return None

    async def lead(self, device: SimulatedDevice, seconds: float) -> None:
        """Let time pass with a heartbeat every four seconds."""
        while seconds > 0:
            await self.beat()
            device.advance(min(4.0, seconds))
            seconds -= 4.0
        await self.beat()

    async def start(self, charger: Compact, amps: float = 16.0) -> None:
        """Do all that charging needs, and wait until it runs."""
        charger.do("plug_in")
        await self.beat()
        await self.write(0x0D05, 1)
        await self.limit(amps)
        await self.lead(charger, 16)


@asynccontextmanager
async def master_of(charger: Compact) -> AsyncIterator[Master]:
    """Put a charger behind a gateway and connect to it."""
    async with serve(charger) as server, connected(server) as wire:
        yield Master(wire, charger.unit_id)
