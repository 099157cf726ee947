"""Lists of bare values, in a fixed order that their types give away.

Iskraemeco sends them in Slovenia, Croatia and Austria, Landis+Gyr's E450 in a part of Austria.
Makers have lists of the same length, so the type of every element must fit, and not the number of
elements alone.
"""

import re
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from .axdr import NUMBERS, Node, Tag
from .clock import SIZE as CLOCK_SIZE
from .clock import Habit
from .layout import Field, Form, Layout, RawList
from .makers import ISKRAEMECO, LANDIS_GYR
from .message import ListKind, Meter
from .quantities import WORDS, Unit

type _Test = Callable[[bytes, Node], bool]


def _is(*tags: Tag) -> _Test:
    return lambda _, node: node.tag in tags


def _octets(pattern: bytes) -> _Test:
    matches = re.compile(pattern, re.DOTALL).fullmatch
    return lambda data, node: (
        node.tag == Tag.OCTETS and matches(data, node.start, node.end) is not None
    )


def _is_threshold(_: bytes, node: Node) -> bool:
    return node.tag == Tag.ARRAY and [child.tag for child in node.children] == [Tag.UINT16]


#: What the elements must be that are not measured.
_TESTS: Final[dict[str, _Test]] = {
    "name": _octets(rb"ISK\d{13}"),
    "8_digits": _octets(rb"\d{8}"),
    "13_digits": _octets(rb"\d{13}"),
    "text": _octets(rb"[ -~]+"),
    "empty": _octets(rb""),
    "tariff": _octets(rb".{2}"),
    "time": _octets(rb".{4}"),
    "date": _octets(rb".{5}"),
    "clock": _octets(rb".{%d}" % CLOCK_SIZE),
    "setup": _octets(rb"\0\x06\x19\x09\0\xff"),
    "relay": _is(Tag.ENUM),
    "switch": _is(Tag.BOOLEAN),
    "small": _is(Tag.UINT8),
    "number": _is(Tag.UINT32),
    "threshold": _is_threshold,
}
_SERIALS: Final = frozenset({"name", "8_digits", "13_digits"})

#: Voltages, currents and the factor are short numbers, powers and counters long ones.
_SHORT: Final = _is(Tag.UINT16)
_LONG: Final = _is(Tag.UINT32)
_ANY: Final = _is(*map(Tag, NUMBERS))
_SHORT_UNITS: Final = frozenset({Unit.V, Unit.A, Unit.NONE})

_CODE: Final = re.compile(r"(\d+)\.([78])\.(\d)")
#: Each register is rounded for itself.
_ROUNDING: Final = 2


class _Element(NamedTuple):
    """What stands in one place of a list: a code, or the name of something not measured."""

    name: str
    group: int = 0
    counted: bool = False
    tariff: int = 0

    @classmethod
    def named(cls, name: str) -> _Element:
        found = _CODE.fullmatch(name)
        if found is None:
            return cls(name)
        return cls(name, int(found[1]), found[2] == "8", int(found[3]))

    @property
    def code(self) -> tuple[int, int, int]:
        """The code of the total to which it belongs."""
        return self.group, 8 if self.counted else 7, 0

    def test(self, *, any_number: bool) -> _Test:
        if not self.group:
            return _TESTS[self.name]
        if any_number:
            return _ANY
        word = WORDS.get(self.code)
        return _SHORT if word is not None and word.unit in _SHORT_UNITS else _LONG


class _Kind:
    """One list: its elements in their order."""

    def __init__(
        self,
        kind: ListKind,
        elements: str,
        *,
        maker: str = ISKRAEMECO,
        volts: int = -1,
        any_number: bool = False,
    ) -> None:
        self.kind = kind
        self.maker = maker
        self.elements = [_Element.named(name) for name in elements.split()]
        self._tests = [element.test(any_number=any_number) for element in self.elements]
        self._exponents = {Unit.V: volts, Unit.A: -2, Unit.NONE: -3}
        self._totals = {
            element.code for element in self.elements if element.counted and not element.tariff
        }

    def fits(self, data: bytes, nodes: tuple[Node, ...]) -> bool:
        """Whether these are its elements.

        Every total is the sum of its tariffs in all captures: a check against a chance fit.
        """
        if not all(test(data, node) for test, node in zip(self._tests, nodes, strict=True)):
            return False
        left: dict[tuple[int, int, int], int] = {}
        for element, node in zip(self.elements, nodes, strict=True):
            if element.counted and element.code in self._totals:
                value = int.from_bytes(data[node.start : node.end])
                left[element.code] = left.get(element.code, 0) + (
                    -value if element.tariff else value
                )
        tariffs = {element.code for element in self.elements if element.tariff}
        return all(abs(left[code]) <= _ROUNDING for code in tariffs & left.keys())

    def fields(self, nodes: tuple[Node, ...]) -> Iterator[Field]:
        """Yield what is measured. Where there is no total, its tariffs are added up."""
        for element, node in zip(self.elements, nodes, strict=True):
            word = WORDS.get(element.code)
            if word is not None and not (element.tariff and element.code in self._totals):
                yield Field(node, word, self._exponents.get(word.unit, 0))


_POWERS: Final = "1.7.0 2.7.0 3.7.0 4.7.0"
_VOLTAGES: Final = "32.7.0 52.7.0 72.7.0"
_CURRENTS: Final = "31.7.0 51.7.0 71.7.0"
_POWERS_OF_PHASES: Final = "21.7.0 41.7.0 61.7.0 22.7.0 42.7.0 62.7.0"
_TARIFFS: Final = "1.8.0 1.8.1 1.8.2 2.8.0 2.8.1 2.8.2"
_CROATIA: Final = (
    f"{_POWERS_OF_PHASES} {_VOLTAGES} {_CURRENTS} number threshold threshold threshold switch"
)

_LISTS: Final = (
    # Slovenia: every second or every five; and its counters every quarter of an hour.
    _Kind(
        ListKind.VALUES,
        f"name text {_POWERS} {_VOLTAGES} {_CURRENTS} {_POWERS_OF_PHASES}",
    ),
    _Kind(ListKind.VALUES, f"name text {_VOLTAGES} {_CURRENTS} {_POWERS}"),
    _Kind(ListKind.VALUES, f"name text {_POWERS} 32.7.0 31.7.0 21.7.0 22.7.0"),
    # The last two of this one were always 0: not known (UNCONFIRMED).
    _Kind(ListKind.VALUES, f"name text {_POWERS} 32.7.0 number number"),
    _Kind(ListKind.VALUES, f"name text 32.7.0 31.7.0 {_POWERS}"),
    _Kind(ListKind.COMPLETE, f"name 1.7.0 2.7.0 {_TARIFFS}"),
    _Kind(ListKind.HOURLY, f"name text relay tariff {_TARIFFS} 3.8.0 4.8.0"),
    _Kind(ListKind.HOURLY, "name text 1.8.1 1.8.2 2.8.1 2.8.2 3.8.1 3.8.2 4.8.1 4.8.2"),
    _Kind(ListKind.HOURLY, "8_digits small 1.8.0 2.8.0"),
    # Croatia (IE.5). The last five are a limit, thresholds and a switch (UNCONFIRMED).
    _Kind(
        ListKind.COMPLETE,
        f"8_digits time date {_TARIFFS} 5.8.0 6.8.0 7.8.0 8.8.0 1.7.0 2.7.0 13.7.0 {_CROATIA}",
    ),
    _Kind(ListKind.COMPLETE, f"8_digits time date {_TARIFFS} 1.7.0 2.7.0 {_CROATIA}"),
    # Carinthia; the order is that of one other reader (UNCONFIRMED).
    _Kind(
        ListKind.COMPLETE,
        "setup 13_digits time date 1.8.0 2.8.0 3.8.0 4.8.0 1.7.0 2.7.0 empty empty",
    ),
    # Switzerland, always ciphered: no capture in clear exists. One other reader has export before
    # import, and the clock as the eighth element or the empty text (UNCONFIRMED).
    *(
        _Kind(ListKind.COMPLETE, f"{_TARIFFS} {two} 2.7.0 1.7.0 {_CURRENTS} 32.7.0 72.7.0")
        for two in ("empty clock", "clock empty")
    ),
    # Landis+Gyr E450, Austria. Seen without the types of its numbers.
    _Kind(
        ListKind.COMPLETE,
        f"{_VOLTAGES} {_CURRENTS} 1.7.0 2.7.0 1.8.0 2.8.0 8_digits",
        maker=LANDIS_GYR,
        volts=0,
        any_number=True,
    ),
)


def bare(found: RawList) -> Layout | None:
    """Return the layout of a list of bare values; ``None`` if this is none of them."""
    nodes = found.body.children
    if found.body.tag != Tag.STRUCTURE:
        return None
    for kind in _LISTS:
        if len(kind.elements) == len(nodes) and kind.fits(found.data, nodes):
            return _layout(found, kind)
    return None


def _layout(found: RawList, kind: _Kind) -> Layout:
    fields = list(kind.fields(found.body.children))
    serial = None
    clocks = list(found.clocks)
    changing = list(found.changing)
    for element, node in zip(kind.elements, found.body.children, strict=True):
        if element.name in _SERIALS:
            serial = found.data[node.start : node.end].decode("ascii")
        elif element.name == "clock":
            clocks.append(node.start)
        elif node not in [field.node for field in fields]:
            changing.append((node.start, node.end))
    return Layout(
        found.data,
        fields,
        form=Form.BARE,
        meter=Meter(manufacturer=kind.maker, serial=serial),
        kind=kind.kind,
        habit=Habit.WALL,
        described=True,
        clocks=tuple(clocks),
        changing=changing,
    )
