"""Register forms of the GX, in the notation of its register list.

The list says ``raw = value * scale``, so 230.5 V at a scale of 10 travels as 2305. A scale
below 1 makes steps: 0.01 is hundreds. Where the list counts in another unit than the
engine, ``times`` is how many of ours make one of theirs (1000 for kWh).

``zero`` is what a 0 means. ``lifeline`` names another register of the block that is never 0 on
live hardware, or several of which one is not: while they have no value, a 0 here has none either.

``since`` is the version of the Modbus server (1.0.x) that first knew the register; without
it, every server since early 2022 does. ``before`` is the narrower register of the same
value that older servers have. Only one of the two is read, so the 16-bit twins that overflow
are no values of their own.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Any, Final, TypedDict, Unpack, override

from modbus_connection.model import NumberField, RegisterField, StringField

from ...model.errors import OutOfBoundsError
from .write_limits import Setting

KILO: Final = 1000
HOURS: Final = 3600
DAYS: Final = 86400

_TRUTH: Final = {0: False, 1: True}


class Zero(Enum):
    """What a 0 means. The server has no other way to say that it has no value."""

    REAL = "real"
    """A value like any other."""
    NO_VALUE = "no_value"
    """Never a value: a cell of 0 V, a capacity of 0 Ah."""
    UNTIL_SEEN = "until_seen"
    """No value until another one was seen: a sensor that may not be fitted."""
    COUNTER = "counter"
    """Never a value of a quantity that only grows, which is how a register gets this policy.

    A counter that falls to exactly 0 has lost its source, it was not reset: inverters do so at
    night, and every counter does while the GX starts. Its first 0 does not count either: what
    follows would be booked as energy of that moment.
    """


NO_VALUE: Final = Zero.NO_VALUE
UNTIL_SEEN: Final = Zero.UNTIL_SEEN


@dataclass(frozen=True, kw_only=True)
class Form:
    """How wide a number is, and whether it has a sign."""

    words: int
    signed: bool

    @property
    def low(self) -> int:
        """The least raw value."""
        return -(1 << 16 * self.words - 1) if self.signed else 0

    @property
    def high(self) -> int:
        """The greatest raw value."""
        return (1 << 16 * self.words - self.signed) - 1


UINT16: Final = Form(words=1, signed=False)
INT16: Final = Form(words=1, signed=True)
UINT32: Final = Form(words=2, signed=False)
INT32: Final = Form(words=2, signed=True)
UINT64: Final = Form(words=4, signed=False)


class Traits(TypedDict, total=False):
    """What may be said of any number beyond its place and scale."""

    since: int
    until: int
    before: GxNumber[Any]
    zero: Zero
    lifeline: str | frozenset[str]
    times: float
    setting: Setting
    writable: bool


class GxNumber[T](NumberField[T]):
    """A number of the GX."""

    def __init__(
        self,
        address: int,
        form: Form,
        scale: float = 1,
        *,
        convert: Any = None,
        **traits: Unpack[Traits],
    ) -> None:
        times, setting = traits.get("times", 1), traits.get("setting")
        super().__init__(
            address,
            count=form.words,
            signed=form.signed,
            scale=times / scale,
            convert=convert,
            writable=traits.get("writable", False) or setting is not None,
        )
        self.form = form
        self.document_scale = scale
        self.since = traits.get("since", 0)
        self.until = traits.get("until")
        self.before = traits.get("before")
        self.zero = traits.get("zero", Zero.REAL)
        self.lifeline = traits.get("lifeline")
        self.setting = setting
        # Whole factors keep counters whole; a division is exact where a product is not.
        self._multiply = round(self.scale) if self.scale == round(self.scale) else None
        self._divide = scale / times
        self._off = None if setting is None else setting.off
        self._half = 1 << 16 * form.words - 1

    @override
    def __set_name__(self, owner: type, name: str) -> None:
        super().__set_name__(owner, name)
        if self.before is not None:
            # It is decoded in this one's place, so its value is kept under this name.
            self.before.__set_name__(owner, name)

    def at(self, server: int) -> GxNumber[Any] | None:
        """Return the register that holds this value on a server of this version."""
        if self.since <= server and (self.until is None or server <= self.until):
            return self
        return None if self.before is None else self.before.at(server)

    @property
    def step(self) -> float:
        """The smallest difference that the register can hold."""
        return abs(self.scale)

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> Any:
        # Written out: a full system has a thousand of these in every poll.
        raw = words[0]
        for word in words[1:]:
            raw = raw << 16 | word
        if self.signed and raw >= self._half:
            raw -= self._half << 1
        if self.convert is not None:
            return self._convert(raw)
        if raw == 0:
            return None if self.zero is Zero.NO_VALUE or self._off == 0 else 0
        value = (
            raw * self._multiply
            if self._multiply is not None
            else round(raw / self._divide, self._decimals)
        )
        return None if value == self._off else value

    @override
    def encode(self, value: Any, scale_exponent: int | None = None) -> list[int]:
        # Scaled first and folded to two's complement after: the other way round a
        # set-point of -5000 W has been seen to arrive as +60500 W.
        raw = int(value) if self.convert is not None else round(value * self._divide)
        if not self.form.low <= raw <= self.form.high:
            raise OutOfBoundsError(value=raw, minimum=self.form.low, maximum=self.form.high)
        return [raw >> 16 * place & 0xFFFF for place in reversed(range(self.count))]


class GxText(StringField):
    """A text: Latin-1, two characters a register, filled up with zeros."""

    def __init__(
        self, address: int, length: int, *, since: int = 0, writable: bool = False
    ) -> None:
        super().__init__(address, count=length, writable=writable)
        self.since = since

    def at(self, server: int) -> GxText | None:
        """Return the text if a server of this version has it."""
        return self if self.since <= server else None

    @override
    def decode(self, words: list[int], scale_exponent: int | None = None) -> str:
        raw = b"".join(word.to_bytes(2, "big") for word in words)
        return raw.partition(b"\0")[0].decode("latin-1").strip()


def at(field: RegisterField[Any], server: int) -> GxNumber[Any] | GxText | None:
    """Return the register that serves a declared field on a server of this version."""
    assert isinstance(field, GxNumber | GxText), "the GX has registers of these forms only"
    return field.at(server)


def variants(field: object) -> Iterator[GxNumber[Any] | GxText]:
    """Yield a declared register, and those of the same value that older servers have."""
    assert isinstance(field, GxNumber | GxText), "the GX has registers of these forms only"
    yield field
    if isinstance(field, GxNumber) and field.before is not None:
        yield from variants(field.before)


def uint16(address: int, scale: float = 1, **traits: Unpack[Traits]) -> GxNumber[float]:
    """Declare one register, 0 to 65535."""
    return GxNumber(address, UINT16, scale, **traits)


def int16(address: int, scale: float = 1, **traits: Unpack[Traits]) -> GxNumber[float]:
    """Declare one register with a sign."""
    return GxNumber(address, INT16, scale, **traits)


def uint32(address: int, scale: float = 1, **traits: Unpack[Traits]) -> GxNumber[float]:
    """Declare two registers without a sign, the high word first."""
    return GxNumber(address, UINT32, scale, **traits)


def int32(address: int, scale: float = 1, **traits: Unpack[Traits]) -> GxNumber[float]:
    """Declare two registers with a sign, the high word first."""
    return GxNumber(address, INT32, scale, **traits)


def uint64(address: int, scale: float = 1, **traits: Unpack[Traits]) -> GxNumber[float]:
    """Declare four registers without a sign."""
    return GxNumber(address, UINT64, scale, **traits)


def kwh16(address: int, scale: float = 10, **traits: Unpack[Traits]) -> GxNumber[float]:
    """Declare an energy in one register, listed in kWh."""
    traits.setdefault("times", KILO)
    return GxNumber(address, UINT16, scale, **traits)


def narrow_kwh(address: int) -> GxNumber[float]:
    """Declare an energy in hundredths of a kWh that wraps at 655.35 kWh."""
    return kwh16(address, 100)


def kwh32(address: int, scale: float = 100, **traits: Unpack[Traits]) -> GxNumber[float]:
    """Declare an energy in two registers, listed in kWh."""
    traits.setdefault("times", KILO)
    return GxNumber(address, UINT32, scale, **traits)


def code[E: IntEnum](
    address: int, states: type[E], *, form: Form = UINT16, **traits: Unpack[Traits]
) -> GxNumber[E]:
    """Declare a register that holds one of several codes."""
    return GxNumber(address, form, convert=states, **traits)


def yes(address: int, **traits: Unpack[Traits]) -> GxNumber[bool]:
    """Declare a register that is 0 or 1."""
    return GxNumber(address, UINT16, convert=_TRUTH, **traits)


def each(form: Callable[[int], GxNumber[Any]], *addresses: int) -> tuple[GxNumber[Any], ...]:
    """Return a register of the same form at each of several addresses."""
    return tuple(map(form, addresses))


def row(first: int, count: int, width: int = 1) -> Iterator[tuple[int, int]]:
    """Yield the numbers and the addresses of several registers that stand in a row."""
    return enumerate(range(first, first + count * width, width), start=1)


def string(address: int, length: int, *, since: int = 0, writable: bool = False) -> GxText:
    """Declare a text over this many registers."""
    return GxText(address, length, since=since, writable=writable)
