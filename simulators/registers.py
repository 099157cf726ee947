"""Registers as a device's document lists them: where, how coded, what they mean, who may write.

A read computes its words from the model at that moment; nothing is stored twice. `None` is how a
model says that the device has no value, and becomes the words the document gives for that.
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from typing import Any, Final

from pymodbus.constants import ExcCodes

type Value = int | float | str | Sequence[int] | None
type Source[T] = Callable[[], T | None] | T | None
type Sink[T] = Callable[[T], None]

ALL_BITS: Final = 0xFFFF


class RefusedError(Exception):
    """The device answers this request with a Modbus exception."""

    def __init__(self, code: ExcCodes = ExcCodes.ILLEGAL_VALUE) -> None:
        super().__init__(code.name)
        self.code = code


class Order(Enum):
    """How the bytes of a value longer than one register travel."""

    BIG = "high word first"
    LOW_WORD_FIRST = "low word first, high byte first"
    LITTLE = "low word first, low byte first"


@dataclass(frozen=True, kw_only=True)
class Register:
    """One value of a register map, over as many registers as it needs."""

    address: int
    count: int
    name: str
    encode: Callable[[Any], list[int]]
    decode: Callable[[list[int]], Value]
    read: Callable[[], Any] | None
    write: Callable[[Any], None] | None = None
    #: Looks at a value before any register of the same request is changed; raises RefusedError.
    check: Callable[[Any], None] | None = None
    #: Absent registers answer as addresses that do not exist.
    present: Callable[[], bool] | None = None
    #: The word that fills the registers when there is no value.
    absent: int = ALL_BITS
    unit: str = ""
    #: A hole that the device lets a read run across; not shown in tables.
    filler: bool = False

    @property
    def end(self) -> int:
        """First address behind this value."""
        return self.address + self.count

    @property
    def exists(self) -> bool:
        """Whether the device has this register now."""
        return self.present is None or self.present()

    @property
    def value(self) -> Value:
        """What the model says now; None when there is nothing to say or it can only be written."""
        return None if self.read is None else self.read()

    @property
    def words(self) -> list[int]:
        """The registers as a client reads them now."""
        value = self.value
        if value is None:
            return [self.absent] * self.count
        words = self.encode(value)
        if len(words) != self.count or not all(0 <= word <= ALL_BITS for word in words):
            message = f"{self.name} at {self.address}: {value!r} does not fit"
            raise ValueError(message)
        return words


def _source[T](source: Source[T], *, write_only: bool) -> Callable[[], T | None] | None:
    if write_only:
        return None
    if callable(source):
        return source
    return lambda: source


def _to_words(data: bytes, order: Order) -> list[int]:
    if order is Order.LITTLE:
        data = data[::-1]
    words = list(struct.unpack(f">{len(data) // 2}H", data))
    return words[::-1] if order is Order.LOW_WORD_FIRST else words


def _to_bytes(words: list[int], order: Order) -> bytes:
    ordered = reversed(words) if order is Order.LOW_WORD_FIRST else words
    data = struct.pack(f">{len(words)}H", *ordered)
    return data[::-1] if order is Order.LITTLE else data


def _number[T: (int, float)](
    code: str,
    address: int,
    name: str,
    read: Source[T],
    write: Sink[T] | None,
    *,
    order: Order = Order.BIG,
    write_only: bool = False,
    check: Sink[T] | None = None,
    present: Callable[[], bool] | None = None,
    absent: int = ALL_BITS,
    unit: str = "",
) -> Register:
    packer = struct.Struct(f">{code}")

    def encode(value: T) -> list[int]:
        try:
            return _to_words(packer.pack(value), order)
        except struct.error as err:
            message = f"{name} at {address}: {value!r} does not fit"
            raise ValueError(message) from err

    def decode(words: list[int]) -> Value:
        (value,) = packer.unpack(_to_bytes(words, order))
        assert isinstance(value, int | float)
        return value

    return Register(
        address=address,
        count=packer.size // 2,
        name=name,
        encode=encode,
        decode=decode,
        read=_source(read, write_only=write_only),
        write=write,
        check=check,
        present=present,
        absent=absent,
        unit=unit,
    )


def uint16(
    address: int, name: str, read: Source[int] = None, write: Sink[int] | None = None, **more: Any
) -> Register:
    """Declare one register, 0 to 65535."""
    return _number("H", address, name, read, write, **more)


def int16(
    address: int, name: str, read: Source[int] = None, write: Sink[int] | None = None, **more: Any
) -> Register:
    """Declare one register with a sign."""
    return _number("h", address, name, read, write, **more)


def uint32(
    address: int, name: str, read: Source[int] = None, write: Sink[int] | None = None, **more: Any
) -> Register:
    """Declare two registers without a sign."""
    return _number("I", address, name, read, write, **more)


def int32(
    address: int, name: str, read: Source[int] = None, write: Sink[int] | None = None, **more: Any
) -> Register:
    """Declare two registers with a sign."""
    return _number("i", address, name, read, write, **more)


def uint64(
    address: int, name: str, read: Source[int] = None, write: Sink[int] | None = None, **more: Any
) -> Register:
    """Declare four registers without a sign."""
    return _number("Q", address, name, read, write, **more)


def int64(
    address: int, name: str, read: Source[int] = None, write: Sink[int] | None = None, **more: Any
) -> Register:
    """Declare four registers with a sign."""
    return _number("q", address, name, read, write, **more)


def float32(
    address: int,
    name: str,
    read: Source[float] = None,
    write: Sink[float] | None = None,
    **more: Any,
) -> Register:
    """Declare two registers holding an IEEE-754 single; no value is a NaN of all bits set."""
    return _number("f", address, name, read, write, **more)


def float64(
    address: int,
    name: str,
    read: Source[float] = None,
    write: Sink[float] | None = None,
    **more: Any,
) -> Register:
    """Declare four registers holding an IEEE-754 double; no value is a NaN of all bits set."""
    return _number("d", address, name, read, write, **more)


def text(
    address: int,
    count: int,
    name: str,
    read: Source[str] = None,
    write: Sink[str] | None = None,
    *,
    pad: str = "\0",
    right: bool = False,
    encoding: str = "latin-1",
    write_only: bool = False,
    check: Sink[str] | None = None,
    present: Callable[[], bool] | None = None,
) -> Register:
    """Declare a string, two characters per register; `right` puts the padding in front."""
    filler = pad.encode(encoding)

    def encode(value: str) -> list[int]:
        data = value.encode(encoding)[: 2 * count]
        data = data.rjust(2 * count, filler) if right else data.ljust(2 * count, filler)
        return _to_words(data, Order.BIG)

    def decode(words: list[int]) -> Value:
        return _to_bytes(words, Order.BIG).decode(encoding).strip(pad + "\0")

    return Register(
        address=address,
        count=count,
        name=name,
        encode=encode,
        decode=decode,
        read=_source(read, write_only=write_only),
        write=write,
        check=check,
        present=present,
        absent=filler[0] << 8 | filler[0],
    )


def bcd(
    address: int,
    count: int,
    name: str,
    read: Source[int],
    *,
    present: Callable[[], bool] | None = None,
    absent: int = 0,
    unit: str = "",
) -> Register:
    """Declare packed decimal digits, left padded with zeros: 74509 is 0x0007 0x4509."""

    def encode(value: int) -> list[int]:
        data = bytes.fromhex(f"{value:0{4 * count}d}")
        return _to_words(data, Order.BIG)

    def decode(words: list[int]) -> Value:
        digits = _to_bytes(words, Order.BIG).hex()
        return int(digits) if digits.isdecimal() else None

    return Register(
        address=address,
        count=count,
        name=name,
        encode=encode,
        decode=decode,
        read=_source(read, write_only=False),
        present=present,
        absent=absent,
        unit=unit,
    )


def words(
    address: int,
    count: int,
    name: str,
    read: Source[Sequence[int]] = None,
    write: Sink[list[int]] | None = None,
    **more: Any,
) -> Register:
    """Declare raw registers."""
    return Register(
        address=address,
        count=count,
        name=name,
        encode=list,
        decode=lambda raw: raw,
        read=_source(read, write_only=False),
        write=write,
        **more,
    )


def hole(address: int, count: int = 1, word: int = 0) -> Register:
    """Declare addresses that mean nothing but may be read across."""
    return words(address, count, f"hole_{address}", [word] * count, filler=True)


def on_phases[T](
    declare: Callable[..., Register],
    address: int,
    name: str,
    read: Callable[[int], T | None],
    write: Callable[[int, T], None] | None = None,
    *,
    stride: int = 1,
    **more: Any,
) -> Iterator[Register]:
    """Declare the same value for L1, L2 and L3; the functions are told 0, 1 or 2."""
    for phase in range(3):
        yield declare(
            address + stride * phase,
            f"{name}_l{phase + 1}",
            partial(read, phase),
            None if write is None else partial(write, phase),
            **more,
        )


def within(low: float, high: float, code: ExcCodes = ExcCodes.ILLEGAL_VALUE) -> Sink[float]:
    """Build a check that refuses values outside `low` to `high`, and what is no number."""

    def check(value: float) -> None:
        if not low <= value <= high:
            raise RefusedError(code)

    return check
