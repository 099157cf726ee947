"""Where the values stand in a list.

A meter sends the same list again and again, and only its values differ. So a list is taken apart
once; what was learned is the places of the values, and all that must be unchanged between them
for the places to hold. For the next list one comparison and one unpacking are enough.
"""

from dataclasses import KW_ONLY, InitVar, dataclass, field
from enum import StrEnum
from struct import Struct
from typing import Final, NamedTuple

from .axdr import NUMBERS, Node
from .clock import SIZE as CLOCK_SIZE
from .clock import Habit
from .message import ListKind, Meter, Number
from .quantities import Unit, Word

_MOST: Final = 16


class Form(StrEnum):
    """How a list is built, which decides the rules that its values need."""

    DESCRIBED = "described"
    """Every number comes with its scale and unit, in an array (Aidon, Embriq)."""
    POSITIONS = "positions"
    """Bare values in a fixed order (Kaifa)."""
    PAIRS = "pairs"
    """Codes and values, with the maker's scales (Kaifa)."""
    KAMSTRUP = "kamstrup"
    """Codes and values behind the name of the list, with scales that depend on the model."""
    GENERAL = "general"
    """Codes, values and perhaps scales, in any arrangement (Austria)."""
    PUSH = "push"
    """Descriptions of all values, then the values, without scales (Switzerland)."""
    BARE = "bare"
    """Bare values in an order that their types give away (Slovenia, Croatia, Austria)."""


class RawList(NamedTuple):
    """A list that is to be learned."""

    data: bytes
    """The message that it fills the end of."""
    body: Node
    clocks: tuple[int, ...]
    """Where the clock of the header stands, if there is one."""
    changing: list[tuple[int, int]]
    """What may differ from one list to the next before its body begins."""


class Field(NamedTuple):
    """A number in a list, and the power of ten that turns it into its unit."""

    node: Node
    word: Word
    exponent: int


@dataclass(eq=False)
class Layout:
    """The places of the values in one list of one meter."""

    data: InitVar[bytes]
    fields: InitVar[list[Field]]
    _: KW_ONLY
    form: Form
    meter: Meter
    kind: ListKind
    habit: Habit
    guess: str | None = None
    """Who is likely to have made the meter, if nothing better tells."""
    described: bool = False
    """Whether it proves by itself what it is: every number has its scale and the right unit, or
    every element the type that it must have."""
    clocks: tuple[int, ...] = ()
    """Where a clock stands, the one to be believed first."""
    unknown: tuple[str, ...] = ()
    changing: InitVar[list[tuple[int, int]]]
    """What else may differ from one list to the next."""
    length: int = field(init=False)
    names: frozenset[str] = field(init=False)
    factors: tuple[str, ...] = field(init=False)
    """The power factors among them."""

    def __post_init__(
        self, data: bytes, fields: list[Field], changing: list[tuple[int, int]]
    ) -> None:
        self.length = len(data)
        self.names = frozenset(item.word.name for item in fields)
        self.factors = tuple(item.word.name for item in fields if item.word.unit is Unit.NONE)
        ordered = sorted(fields, key=lambda item: item.node.start)
        code = ">"
        at = 0
        mask = bytearray(b"\xff" * len(data))
        for node, _word, _exponent in ordered:
            code += f"{node.start - at}x{NUMBERS[node.tag]}"
            at = node.end
            mask[node.start : node.end] = bytes(node.end - node.start)
        for start, end in (*changing, *((start, start + CLOCK_SIZE) for start in self.clocks)):
            mask[start:end] = bytes(end - start)
        self._unpack = Struct(code).unpack_from
        self._scales = [
            (word.name, 10 ** max(exponent, 0), 10**-exponent if exponent < 0 else 0)
            for _, word, exponent in ordered
        ]
        self._adds = len(self.names) < len(fields)
        self._mask = int.from_bytes(mask)
        self._constant = int.from_bytes(data) & self._mask

    def fits(self, data: bytes) -> bool:
        """Whether a list of the same length differs from the learned one in values only."""
        return int.from_bytes(data) & self._mask == self._constant

    def readings(self, data: bytes) -> dict[str, Number]:
        """Return the values. Dividing, once, gives the decimal that was meant."""
        found: dict[str, Number] = {}
        for (name, factor, divisor), raw in zip(self._scales, self._unpack(data), strict=True):
            value = raw / divisor if divisor else raw * factor
            # Some send tariffs instead of a total: a counter twice is their sum.
            found[name] = found[name] + value if self._adds and name in found else value
        return found


class Layouts:
    """The layouts learned so far: few, since a meter has three lists at most."""

    def __init__(self) -> None:
        self._known: dict[int, list[Layout]] = {}
        self._count = 0

    def find(self, data: bytes) -> Layout | None:
        """Return the layout that fits, if it was learned."""
        for layout in self._known.get(len(data), ()):
            if layout.fits(data):
                return layout
        return None

    def keep(self, layout: Layout) -> None:
        """Remember a layout; when there are too many, some of them were no meter's."""
        if self._count >= _MOST:
            self._known.clear()
            self._count = 0
        self._known.setdefault(layout.length, []).append(layout)
        self._count += 1
