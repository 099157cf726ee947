"""Register forms of these chargers: all bits set is how any of them says "no value"."""

import math
from typing import Any, override

from modbus_connection.model import FloatField, NumberField, RegisterField, uint64

NO_UINT16 = 0xFFFF
NO_UINT32 = 0xFFFF_FFFF
NO_UINT64 = 0xFFFF_FFFF_FFFF_FFFF

SINGLE_DIGITS = 7
"""What a single-precision number can tell; the digits behind are an artefact of binary
fractions, and 237.82 V should read as that."""


class _Real(FloatField):
    """A floating-point number that is either a number or not known."""

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> Any:
        value = super().decode(words, scale_exponent)
        if value is None or not math.isfinite(value):
            return None
        return float(f"{value:.{SINGLE_DIGITS}g}") if self.count == 2 else value


def single(address: int, *, writable: bool = False) -> FloatField:
    """Declare a float32; NaN means that the meter or the installation does not have it."""
    return _Real(address, count=2, writable=writable)


def double(address: int) -> FloatField:
    """Declare a float64."""
    return _Real(address, count=4)


def milliseconds(address: int) -> NumberField[float]:
    """Declare a uint64 of milliseconds, as seconds."""
    return uint64(address, scale=0.001, nan=NO_UINT64)


class _Text(RegisterField[str]):
    """A text that ends with NUL or blanks."""

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> str | None:
        if all(word == NO_UINT16 for word in words):
            return None
        raw = b"".join(word.to_bytes(2, "big") for word in words)
        return raw.decode("ascii", errors="ignore").strip(" \0")


def words(address: int, count: int) -> RegisterField[str]:
    """Declare a text over this many registers."""
    return _Text(address, count=count)
