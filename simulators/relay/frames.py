"""Requests and answers as they are on the wire, cut out of a stream and put together again."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, override

_READS: Final = frozenset({3, 4})
_FIXED: Final = frozenset({5, 6, 15, 16})


class Framing(StrEnum):
    """How a stream is cut."""

    MBAP = "mbap"
    """Modbus TCP: a transaction number and a length before everything."""
    RTU = "rtu"
    """A serial line: a check sum behind everything."""
    NONE = "none"
    """A device that speaks by itself; a frame is what it sent at once."""


def check_sum(data: bytes) -> bytes:
    """The check sum of a serial frame, low byte first."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc.to_bytes(2, "little")


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One request or answer."""

    framing: Framing
    unit: int = 0
    pdu: bytes = b""
    """The function and what follows; the whole of a frame without framing."""
    transaction: int = 0
    asked: Frame | None = None
    """The request that this answers."""

    @property
    def wire(self) -> bytes:
        """All its bytes."""
        match self.framing:
            case Framing.MBAP:
                size = len(self.pdu) + 1
                head = self.transaction.to_bytes(2) + b"\x00\x00" + size.to_bytes(2)
                return head + bytes((self.unit,)) + self.pdu
            case Framing.RTU:
                body = bytes((self.unit,)) + self.pdu
                return body + check_sum(body)
            case _:
                return self.pdu

    @property
    def function(self) -> int:
        """The function, without the sign of a refusal."""
        return self.pdu[0] & 0x7F if self.pdu and self.framing is not Framing.NONE else 0

    @property
    def address(self) -> int:
        """The first register of a request."""
        return int.from_bytes(self.pdu[1:3])

    @property
    def words(self) -> bytes | None:
        """The registers of an answer to a read; None if it is something else."""
        if self.framing is Framing.NONE or not self.pdu or self.pdu[0] not in _READS:
            return None
        return self.pdu[2:]

    def with_words(self, words: bytes) -> Frame:
        """Return the answer with other registers, and a byte count that fits."""
        return replace(self, pdu=bytes((self.pdu[0], len(words) & 0xFF)) + words)

    def refused(self, code: int) -> Frame:
        """Return a refusal in its place."""
        return replace(self, pdu=bytes((self.function | 0x80, code)))

    @override
    def __str__(self) -> str:
        return self.wire.hex(" ")


class Cutter:
    """Cuts a stream into frames; what belongs to none is passed on as it is."""

    def __init__(self, framing: Framing, *, answers: bool) -> None:
        self._framing = framing
        self._answers = answers
        self._buffer = b""

    def feed(self, data: bytes) -> list[Frame]:
        """Return the frames that are complete."""
        if self._framing is Framing.NONE:
            return [Frame(framing=self._framing, pdu=data)]
        self._buffer += data
        found: list[Frame] = []
        while (size := self._size()) is not None and len(self._buffer) >= size:
            whole, self._buffer = self._buffer[:size], self._buffer[size:]
            found.append(self._frame(whole))
        return found

    def _frame(self, whole: bytes) -> Frame:
        if self._framing is Framing.MBAP:
            return Frame(
                framing=self._framing,
                transaction=int.from_bytes(whole[:2]),
                unit=whole[6],
                pdu=whole[7:],
            )
        return Frame(framing=self._framing, unit=whole[0], pdu=whole[1:-2])

    def _size(self) -> int | None:
        """Return how long the frame at the beginning is, once that can be told."""
        buffer = self._buffer
        if self._framing is Framing.MBAP:
            return 6 + int.from_bytes(buffer[4:6]) if len(buffer) >= 6 else None
        if len(buffer) < 3:
            return None
        function = buffer[1]
        if function & 0x80:
            return 5
        if self._answers:
            return 5 + buffer[2] if function in _READS else 8
        if function in {15, 16}:
            return 9 + buffer[6] if len(buffer) > 6 else None
        return 8
