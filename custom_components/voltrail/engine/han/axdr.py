"""The coding of a notification's body: tags, lengths and values (A-XDR)."""

from collections.abc import Iterator
from enum import IntEnum
from typing import Final, NamedTuple

from .drops import DropError, Reason


class Tag(IntEnum):
    """The types that meters use."""

    NULL = 0x00
    ARRAY = 0x01
    STRUCTURE = 0x02
    BOOLEAN = 0x03
    INT32 = 0x05
    UINT32 = 0x06
    OCTETS = 0x09
    VISIBLE = 0x0A
    UTF8 = 0x0C
    INT8 = 0x0F
    INT16 = 0x10
    UINT8 = 0x11
    UINT16 = 0x12
    INT64 = 0x14
    UINT64 = 0x15
    ENUM = 0x16
    FLOAT32 = 0x17
    FLOAT64 = 0x18
    DATE_TIME = 0x19


#: How the ``struct`` module calls the numbers that can be a measured value.
NUMBERS: Final[dict[int, str]] = {
    Tag.INT8: "b",
    Tag.UINT8: "B",
    Tag.INT16: "h",
    Tag.UINT16: "H",
    Tag.INT32: "i",
    Tag.UINT32: "I",
    Tag.INT64: "q",
    Tag.UINT64: "Q",
}
TEXTS: Final = frozenset({Tag.OCTETS, Tag.VISIBLE, Tag.UTF8})
GROUPS: Final = frozenset({Tag.ARRAY, Tag.STRUCTURE})

_SIZES: Final[dict[int, int]] = {
    Tag.NULL: 0,
    Tag.BOOLEAN: 1,
    Tag.INT32: 4,
    Tag.UINT32: 4,
    Tag.INT8: 1,
    Tag.INT16: 2,
    Tag.UINT8: 1,
    Tag.UINT16: 2,
    Tag.INT64: 8,
    Tag.UINT64: 8,
    Tag.ENUM: 1,
    Tag.FLOAT32: 4,
    Tag.FLOAT64: 8,
    Tag.DATE_TIME: 12,
}
_DEEPEST: Final = 4
#: The longest list that is known has some 150, its descriptions included.
_MOST_ELEMENTS: Final = 1000


class Node(NamedTuple):
    """One element: what it is and where its content stands. Content is not decoded here."""

    tag: int
    start: int
    end: int
    children: tuple[Node, ...] = ()


def parse(data: bytes, start: int) -> Node:
    """Return the one element that fills ``data`` from ``start`` to the end."""
    try:
        node = _element(data, start, 1, iter(range(_MOST_ELEMENTS)))
    except IndexError:
        raise DropError(Reason.APDU, "the message ends inside an element") from None
    except StopIteration:
        raise DropError(
            Reason.APDU, f"the message has more than {_MOST_ELEMENTS} elements"
        ) from None
    if node.end != len(data):
        raise DropError(Reason.APDU, f"{len(data) - node.end} bytes are left over in the message")
    return node


def _element(data: bytes, start: int, depth: int, left: Iterator[int]) -> Node:
    next(left)
    tag = data[start]
    start += 1
    if (size := _SIZES.get(tag)) is not None:
        return _simple(data, tag, start, size)
    if tag in TEXTS:
        size, start = length_at(data, start)
        return _simple(data, tag, start, size)
    if tag not in GROUPS:
        raise DropError(Reason.APDU, f"the message has an element of unknown type {tag:02X}")
    if depth > _DEEPEST:
        raise DropError(Reason.APDU, "the message is nested too deeply")
    count, end = length_at(data, start)
    children = []
    for _ in range(count):
        child = _element(data, end, depth + 1, left)
        children.append(child)
        end = child.end
    return Node(tag, start, end, tuple(children))


def _simple(data: bytes, tag: int, start: int, size: int) -> Node:
    if start + size > len(data):
        raise DropError(Reason.APDU, "the message ends inside an element")
    return Node(tag, start, start + size)


def length_at(data: bytes, start: int) -> tuple[int, int]:
    """Return a length or count, and where it ends. ``IndexError`` if the data end before."""
    first = data[start]
    if first < 0x80:
        return first, start + 1
    if first == 0x81:
        return data[start + 1], start + 2
    if first == 0x82:
        return data[start + 1] << 8 | data[start + 2], start + 3
    raise DropError(Reason.APDU, f"a length begins with {first:02X}")
