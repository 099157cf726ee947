"""Values as they stand on the wire (A-XDR)."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import datetime

W: Final = 27
VAR: Final = 29
WH: Final = 30
VARH: Final = 32
AMPERE: Final = 33
VOLT: Final = 35

#: The deviation of a clock that does not give it.
NO_DEVIATION: Final = -0x8000


def length(count: int) -> bytes:
    """A length or a count of elements."""
    if count < 0x80:
        return bytes((count,))
    if count < 0x100:
        return bytes((0x81, count))
    return b"\x82" + count.to_bytes(2)


def array(*elements: bytes) -> bytes:
    """An array of finished elements."""
    return b"\x01" + length(len(elements)) + b"".join(elements)


def structure(*elements: bytes) -> bytes:
    """A structure of finished elements."""
    return b"\x02" + length(len(elements)) + b"".join(elements)


def octets(data: bytes) -> bytes:
    """A string of bytes."""
    return b"\x09" + length(len(data)) + data


def visible(text: str) -> bytes:
    """A string of letters."""
    return b"\x0a" + length(len(text)) + text.encode("ascii")


def int32(value: float) -> bytes:
    """A signed number of 32 bits."""
    return b"\x05" + round(value).to_bytes(4, signed=True)


def uint32(value: float) -> bytes:
    """An unsigned number of 32 bits."""
    return b"\x06" + round(value).to_bytes(4)


def int8(value: float) -> bytes:
    """A signed number of 8 bits."""
    return b"\x0f" + round(value).to_bytes(1, signed=True)


def int16(value: float) -> bytes:
    """A signed number of 16 bits."""
    return b"\x10" + round(value).to_bytes(2, signed=True)


def uint16(value: float) -> bytes:
    """An unsigned number of 16 bits."""
    return b"\x12" + round(value).to_bytes(2)


def uint8(value: float) -> bytes:
    """An unsigned number of 8 bits."""
    return b"\x11" + round(value).to_bytes(1)


def int64(value: float) -> bytes:
    """A signed number of 64 bits."""
    return b"\x14" + round(value).to_bytes(8, signed=True)


def boolean(value: bool) -> bytes:  # noqa: FBT001 - a value on the wire
    """Yes or no."""
    return b"\x03" + bytes((value,))


def uint64(value: float) -> bytes:
    """An unsigned number of 64 bits."""
    return b"\x15" + round(value).to_bytes(8)


def enum(value: int) -> bytes:
    """A choice of several."""
    return b"\x16" + bytes((value,))


NULL: Final = b"\x00"


def code(text: str) -> bytes:
    """An OBIS code: "1-0:1.7.0", with 255 as its last field."""
    front, _, back = text.partition(":")
    a, b = front.split("-")
    return octets(bytes((int(a), int(b), *map(int, back.split(".")), 255)))


def scale(exponent: int, unit: int) -> bytes:
    """What a number is to be multiplied with, and its unit."""
    return structure(int8(exponent), enum(unit))


def date_time(
    local: datetime, deviation: int = NO_DEVIATION, status: int = 0, hundredths: int = 0xFF
) -> bytes:
    """The 12 bytes of a clock, without a tag."""
    return (
        local.year.to_bytes(2)
        + bytes((local.month, local.day, local.isoweekday()))
        + bytes((local.hour, local.minute, local.second, hundredths))
        + deviation.to_bytes(2, signed=True)
        + bytes((status,))
    )
