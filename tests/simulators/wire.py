"""A Modbus client of a few lines, so that frames are checked by something other than pymodbus."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from simulators.server import Server

#: An answer on this machine takes well under a millisecond; what comes later is not coming.
PATIENCE = 0.1


class ExceptionAnswerError(Exception):
    """The device answered with this Modbus exception."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Wire:
    """One connection of a Modbus TCP client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._transaction = 0

    async def close(self) -> None:
        """Hang up."""
        self._writer.close()
        await self._writer.wait_closed()

    def send(self, frame: bytes) -> None:
        """Send raw bytes."""
        self._writer.write(frame)

    async def receive(self, size: int) -> bytes:
        """Return this many bytes, or what came before the end or the silence."""
        try:
            async with asyncio.timeout(5):
                return await self._reader.readexactly(size)
        except asyncio.IncompleteReadError as err:
            return err.partial

    async def silent(self) -> bool:
        """Whether nothing comes, and the connection stays."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._reader.read(1)
        except TimeoutError:
            return True
        return False

    async def dropped(self) -> bool:
        """Whether the other side closes the connection, with nothing more to say."""
        try:
            async with asyncio.timeout(5):
                return await self._reader.read(1) == b""
        except ConnectionError:
            return True

    async def ask(self, pdu: bytes, unit: int = 1) -> bytes:
        """Send a request, return the answer without its header."""
        self._transaction += 1
        self.send(struct.pack(">HHHB", self._transaction, 0, len(pdu) + 1, unit) + pdu)
        header = await self.receive(7)
        if len(header) < 7:
            raise ConnectionError
        transaction, protocol, length, answered = struct.unpack(">HHHB", header)
        assert (transaction, protocol, answered) == (self._transaction, 0, unit)
        answer = await self.receive(length - 1)
        if answer[0] & 0x80:
            raise ExceptionAnswerError(answer[1])
        assert answer[0] == pdu[0]
        return answer

    async def read(
        self, address: int, count: int = 1, *, unit: int = 1, function: int = 3
    ) -> list[int]:
        """Read registers."""
        answer = await self.ask(struct.pack(">BHH", function, address, count), unit)
        return list(struct.unpack(f">{answer[1] // 2}H", answer[2:]))

    async def read_one(self, address: int, *, unit: int = 1) -> int:
        """Read one register."""
        (word,) = await self.read(address, unit=unit)
        return word

    async def write(self, address: int, *words: int, unit: int = 1) -> None:
        """Write registers with function 16."""
        count = len(words)
        pdu = struct.pack(f">BHHB{count}H", 16, address, count, 2 * count, *words)
        assert await self.ask(pdu, unit) == struct.pack(">BHH", 16, address, count)

    async def write_one(self, address: int, word: int, *, unit: int = 1) -> None:
        """Write a register with function 6, which echoes the request."""
        pdu = struct.pack(">BHH", 6, address, word)
        assert await self.ask(pdu, unit) == pdu

    async def refusal(self, address: int, count: int = 1, *, unit: int = 1) -> int | None:
        """Return the exception that a read gets."""
        try:
            await self.read(address, count, unit=unit)
        except ExceptionAnswerError as err:
            return err.code
        return None

    async def write_refusal(self, address: int, *words: int, unit: int = 1) -> int | None:
        """Return the exception that a write gets."""
        try:
            await self.write(address, *words, unit=unit)
        except ExceptionAnswerError as err:
            return err.code
        return None


@asynccontextmanager
async def connected(server: Server) -> AsyncIterator[Wire]:
    """Connect to a simulator."""
    wire = Wire(*await asyncio.open_connection(server.host, server.port))
    try:
        yield wire
    finally:
        await wire.close()
