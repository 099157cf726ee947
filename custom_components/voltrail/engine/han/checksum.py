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


#: The polynomial of CRC-16/ARC is (x + 1)(x^15 + x + 1); this is the second factor.
_FACTOR: Final = 0x8003
#: Steps by which a number is folded, the largest first, and the bits that each leaves as they are.
#: The first halves the longest telegram.
_FOLDS: Final = tuple(
    (step, 15 * step, (1 << 15 * step) - 1) for step in (1 << n for n in range(12, -1, -1))
)


def crc_arc(data: bytes | bytearray) -> int:
    """Return the CRC-16/ARC that closes a P1 telegram; the standard library does not have it.

    The text is one long number, and its remainder by a polynomial of three terms takes some dozen
    shifts of the whole: x^15 = x + 1, so x^(15n) = x^n + 1 for every power of two n. The remainder
    by the other factor is the parity. (A table took 10 times as long; benchmarks/han.py.)
    """
    number = int.from_bytes(data.translate(_MIRRORED)) << 16
    parity = number.bit_count() & 1
    for step, width, mask in _FOLDS:
        while high := number >> width:
            number = number & mask ^ high ^ high << step
    if (number.bit_count() & 1) != parity:
        number ^= _FACTOR
    return int.from_bytes(number.to_bytes(2).translate(_MIRRORED), "little")
