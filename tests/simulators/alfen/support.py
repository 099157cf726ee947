"""What the tests of this station share."""

import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from simulators.alfen import Eve
from simulators.server import Server, serve
from tests.simulators.wire import ExceptionAnswerError, Wire, connected

STATION = 200


class Row(NamedTuple):
    """A line of the document."""

    address: int
    length: int
    name: str


def single(value: float) -> tuple[int, int]:
    """Return the two registers of a single precision number."""
    high, low = struct.unpack(">HH", struct.pack(">f", value))
    return high, low


def number(words: list[int]) -> float:
    """Return the single or double precision number in registers."""
    data = struct.pack(f">{len(words)}H", *words)
    (value,) = struct.unpack(">f" if len(words) == 2 else ">d", data)
    assert isinstance(value, float)
    return value


class Client:
    """Reads and writes in the words of the document."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    async def amps(self, address: int, unit: int = 1) -> float:
        """Read two registers as a number."""
        return number(await self.wire.read(address, 2, unit=unit))

    async def word(self, address: int, unit: int = 1) -> int:
        """Read one register."""
        return await self.wire.read_one(address, unit=unit)

    async def seconds(self, address: int = 1208, unit: int = 1) -> int:
        """Read two registers as an integer."""
        high, low = await self.wire.read(address, 2, unit=unit)
        return high << 16 | low

    async def state(self, unit: int = 1) -> str:
        """Read the mode 3 state without its padding."""
        words = await self.wire.read(1201, 5, unit=unit)
        return struct.pack(">5H", *words).rstrip(b"\0").decode()

    async def limit(self, amps: float, unit: int = 1) -> None:
        """Write a set-point."""
        await self.wire.write(1210, *single(amps), unit=unit)

    async def refused(self, address: int, *words: int, unit: int = 1) -> int | None:
        """Return the exception that a write gets."""
        return await self.wire.write_refusal(address, *words, unit=unit)

    async def refused_one(self, address: int, word: int, unit: int = 1) -> int | None:
        """Return the exception that function 6 gets."""
        try:
            await self.wire.write_one(address, word, unit=unit)
        except ExceptionAnswerError as err:
            return err.code
        return None


@asynccontextmanager
async def client_of(eve: Eve) -> AsyncIterator[Client]:
    """Serve a station and connect to it."""
    async with serve(eve) as server, client_at(server) as client:
        yield client


@asynccontextmanager
async def client_at(server: Server) -> AsyncIterator[Client]:
    """Connect to a station."""
    async with connected(server) as wire:
        yield Client(wire)
