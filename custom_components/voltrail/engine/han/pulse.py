"""Batches of the Tibber Pulse: what it received over a while, in one MQTT message.

The format is not documented; this is what the samples show. It is a protocol buffer::

    message: 1 varint 44252, 2 entry (repeated), 3 varint 1 if compressed
    entry:   1 fixed64 up-time in ms, 2 "HAN" or "P1", 3 the data, 4 their length if compressed

Compressed entries are pieces of one zlib stream, flushed at the end of each.
"""

import zlib
from collections.abc import Iterator
from typing import Final, NamedTuple

from .drops import Drop, Reason

#: The first field of the samples. What it says is not known, so it is not relied on alone.
PREFIX: Final = b"\x08\xdc\xd9\x02"
FIELDS: Final = b"\x08\x12\x18"
"""What a batch may begin with, if its fields come in another order."""

_KINDS: Final = frozenset({b"HAN", b"P1"})
_MOST_ENTRIES: Final = 256
_LARGEST_ENTRY: Final = 16384
#: Of all entries together, unpacked: some hours of a meter.
_LARGEST_BATCH: Final = 256 * 1024

type _Value = int | bytes


class Entry(NamedTuple):
    """What the Pulse received at one moment."""

    uptime: int
    data: bytes


class _CutError(Exception):
    """The message ends inside a field."""


def unpack(payload: bytes) -> tuple[list[Entry], list[Drop]]:
    """Return the entries of a batch; of a message that was cut, those before the cut."""
    drops: list[Drop] = []
    packed: list[dict[int, _Value]] = []
    compressed = False
    try:
        for number, value in _fields(payload):
            if number == 2 and isinstance(value, bytes):
                packed.append(dict(_fields(value)))
            elif number == 3:
                compressed = bool(value)
    except _CutError:
        drops.append(Drop(Reason.BATCH, "a batch of a Pulse is cut"))
    packed = [entry for entry in packed[:_MOST_ENTRIES] if entry.get(2) in _KINDS]
    entries = list(_inflated(packed, drops) if compressed else _plain(packed))
    return entries, drops


def _plain(packed: list[dict[int, _Value]]) -> Iterator[Entry]:
    for entry in packed:
        yield Entry(_number(entry.get(1)), _bytes(entry.get(3)))


def _inflated(packed: list[dict[int, _Value]], drops: list[Drop]) -> Iterator[Entry]:
    stream = zlib.decompressobj()
    left = _LARGEST_BATCH
    for entry in packed:
        try:
            data = stream.decompress(_bytes(entry.get(3)), _LARGEST_ENTRY)
        except zlib.error:
            drops.append(Drop(Reason.BATCH, "a compressed batch of a Pulse is damaged"))
            return
        left -= len(data)
        if left < 0:
            drops.append(Drop(Reason.BATCH, f"a batch of a Pulse is longer than {_LARGEST_BATCH}"))
            return
        if len(data) != entry.get(4, len(data)):
            drops.append(Drop(Reason.BATCH, "an entry of a batch has not the length it says"))
        else:
            yield Entry(_number(entry.get(1)), data)


def _fields(data: bytes) -> Iterator[tuple[int, _Value]]:
    """Yield the fields of a protocol buffer, in whatever order they come."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        match key & 7:
            case 0:
                value, at = _varint(data, at)
                yield key >> 3, value
                continue
            case 1:
                size = 8
            case 2:
                size, at = _varint(data, at)
            case 5:
                size = 4
            case _:
                raise _CutError
        if at + size > len(data):
            raise _CutError
        yield key >> 3, data[at : at + size]
        at += size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 64, 7):
        if at >= len(data):
            raise _CutError
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
    raise _CutError


def _number(value: _Value | None) -> int:
    return int.from_bytes(value, "little") if isinstance(value, bytes) else value or 0


def _bytes(value: _Value | None) -> bytes:
    return value if isinstance(value, bytes) else b""
