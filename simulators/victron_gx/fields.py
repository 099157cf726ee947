"""The language of the register tables: one line per register, as the GX's own list has it.

A field names a value of a service, not a register: several registers may show the same value in
another width or scale, and then have the same name. What the GX does with a value that does not
fit depends on its version, and so does whether a register exists at all.
"""

from dataclasses import dataclass, replace
from enum import Enum
from math import floor, isfinite
from typing import Final, Protocol

type Value = bool | int | float | str | None

#: What reserved registers read.
RESERVED: Final = 0xFFFF


class Coding(Enum):
    """How a value becomes words, high word first."""

    UNSIGNED = "unsigned"
    SIGNED = "signed"
    TEXT = "text"
    FILLER = "filler"


@dataclass(frozen=True, kw_only=True)
class Field:
    """One row of the register list."""

    address: int
    count: int
    coding: Coding
    name: str = ""
    #: A raw register is the value times this.
    scale: float = 1.0
    unit: str = ""
    #: An integer inside the GX. Since server 85 such values are clamped where others wrap.
    whole: bool = False
    writable: bool = False
    #: The first server release that has the row, as in 85 for v1.0.85; 0: older than Venus 2.90.
    since: int = 0
    #: The last one that has it.
    until: int | None = None

    @property
    def end(self) -> int:
        """First address behind this row."""
        return self.address + self.count

    def exists(self, server: int) -> bool:
        """Whether this server release has the row."""
        return self.since <= server and (self.until is None or server <= self.until)

    def encode(self, value: Value, server: int) -> list[int]:
        """Return the words a client reads; a value that is not there reads 0."""
        if self.coding is Coding.FILLER:
            return [RESERVED] * self.count
        if self.coding is Coding.TEXT:
            data = str(value or "").encode("latin-1", "replace")[: 2 * self.count]
            data = data.ljust(2 * self.count, b"\0")
            return [data[at] << 8 | data[at + 1] for at in range(0, 2 * self.count, 2)]
        raw = self._raw(value, server) & ((1 << 16 * self.count) - 1)
        return [raw >> 16 * place & 0xFFFF for place in range(self.count - 1, -1, -1)]

    def _raw(self, value: Value, server: int) -> int:
        if value is None or isinstance(value, str) or not isfinite(value):
            return 0
        if self.count == 4:
            return int(value)
        raw = _rounded((_rounded(value) if self.whole else value) * self.scale)
        if self.whole and server >= 85:
            # Server 96 gave up the last value, so that a clamped one is never all bits set.
            spare = 1 if server >= 96 else 0
            return max(self._lowest, min(self._highest - spare, raw))
        if self.whole:
            return raw
        # A double that becomes an integer of 32 bits saturates on the ARM of a GX, where a PC
        # wraps it. What is left of it in one register wraps all the same.
        if self.coding is Coding.SIGNED:
            return max(-(1 << 31), min((1 << 31) - 1, raw))
        return max(0, min((1 << 32) - 1, raw))

    @property
    def _lowest(self) -> int:
        return -(1 << 16 * self.count - 1) if self.coding is Coding.SIGNED else 0

    @property
    def _highest(self) -> int:
        return (1 << 16 * self.count - (self.coding is Coding.SIGNED)) - 1

    def decode(self, words: list[int]) -> Value:
        """Return the value that these words stand for."""
        if self.coding is Coding.TEXT:
            data = b"".join(word.to_bytes(2) for word in words)
            return data.partition(b"\0")[0].decode("latin-1")
        raw = 0
        for word in words:
            raw = raw << 16 | word
        if self.coding is Coding.SIGNED and raw > self._highest:
            raw -= 1 << 16 * self.count
        return raw if self.whole else raw / self.scale


def _rounded(value: float) -> int:
    """Round half away from zero, as the GX does."""
    return floor(value + 0.5) if value >= 0 else -floor(-value + 0.5)


class _Declaration(Protocol):
    def __call__(
        self,
        address: int,
        name: str,
        scale: float | None = None,
        unit: str = "",
        *,
        write: bool = False,
        since: int = 0,
        until: int | None = None,
    ) -> Field: ...


def _number(coding: Coding, count: int) -> _Declaration:
    """Make the declaration of a number; one without a scale is a whole number inside the GX."""

    def declare(
        address: int,
        name: str,
        scale: float | None = None,
        unit: str = "",
        *,
        write: bool = False,
        since: int = 0,
        until: int | None = None,
    ) -> Field:
        return Field(
            address=address,
            count=count,
            coding=coding,
            name=name,
            scale=1.0 if scale is None else scale,
            unit=unit,
            whole=scale is None,
            writable=write,
            since=since,
            until=until,
        )

    return declare


u16: Final = _number(Coding.UNSIGNED, 1)
i16: Final = _number(Coding.SIGNED, 1)
u32: Final = _number(Coding.UNSIGNED, 2)
i32: Final = _number(Coding.SIGNED, 2)
u64: Final = _number(Coding.UNSIGNED, 4)


def text(
    address: int,
    count: int,
    name: str,
    *,
    write: bool = False,
    since: int = 0,
    until: int | None = None,
) -> Field:
    """Declare a string of two Latin-1 characters per register, padded with zeros."""
    return Field(
        address=address,
        count=count,
        coding=Coding.TEXT,
        name=name,
        writable=write,
        since=since,
        until=until,
    )


def filler(
    address: int, count: int, *, write: bool = False, since: int = 0, until: int | None = None
) -> Field:
    """Declare reserved registers, there so that a read can run across them."""
    return Field(
        address=address,
        count=count,
        coding=Coding.FILLER,
        writable=write,
        since=since,
        until=until,
    )


def _series(field: Field, endings: list[str], step: int | None) -> tuple[Field, ...]:
    stride = field.count if step is None else step
    return tuple(
        replace(field, address=field.address + stride * place, name=f"{field.name}_{ending}")
        for place, ending in enumerate(endings)
    )


def phases(field: Field, *, step: int | None = None) -> tuple[Field, ...]:
    """Repeat a field for L1, L2 and L3."""
    return _series(field, ["l1", "l2", "l3"], step)


def numbered(count: int, field: Field, *, step: int | None = None) -> tuple[Field, ...]:
    """Repeat a field with a number from 1."""
    return _series(field, [str(number) for number in range(1, count + 1)], step)


class Table:
    """All rows that one type of service has, or has had since Venus 2.90."""

    def __init__(self, service: str, *fields: Field) -> None:
        self.service = service
        self.fields = tuple(sorted(fields, key=lambda field: (field.address, field.since)))
        #: The widest row of each value, newest first: the one a value is looked up with.
        self.values: dict[str, Field] = {}
        for field in sorted(self.fields, key=lambda field: (field.until is None, field.count)):
            if field.name:
                self.values[field.name] = field

    def rows(self, server: int) -> list[Field]:
        """Return the rows that this server release has."""
        return [field for field in self.fields if field.exists(server)]
