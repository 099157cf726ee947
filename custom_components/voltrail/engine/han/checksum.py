"""The check sums of HDLC frames and of P1 telegrams."""

from binascii import crc_hqx
from typing import Final

#: Every byte with its bits in the opposite order.
_MIRRORED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))

_GOOD: Final = 0x1D0F


def passes_x25(data: bytes | bytearray) -> bool:
    """Whether data that ends with its own CRC-16/X-25 is undamaged.

    The standard library has the same polynomial, unmirrored. Mirroring the data instead is ten
    times as fast as a loop; over data and check together the result is then 0x1D0F, the mirror
    image of the residue 0xF0B8 that the standard names.
    """
    return crc_hqx(data.translate(_MIRRORED), 0xFFFF) == _GOOD


def _arc_table() -> tuple[int, ...]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
        table.append(crc)
    return tuple(table)


_ARC: Final = _arc_table()


def crc_arc(data: bytes | bytearray) -> int:
    """Return the CRC-16/ARC that closes a P1 telegram; the standard library does not have it."""
    crc = 0
    for byte in data:
        crc = crc >> 8 ^ _ARC[(crc ^ byte) & 0xFF]
    return crc
