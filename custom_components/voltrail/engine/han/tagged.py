"""Lists whose values carry OBIS codes: the way of every maker but Kaifa in Norway.

One walk serves them all. It takes ``code, value`` and ``code, value, {scale, unit}``, each in a
structure of its own or all in one; it skips what stands where a code is expected, as the two
nulls for each phase that a one-phase Kamstrup does not have.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from . import kaifa, kamstrup
from .axdr import GROUPS, NUMBERS, Node, Tag
from .clock import SIZE as CLOCK_SIZE
from .clock import Habit
from .layout import Field, Form, Layout, RawList
from .makers import AIDON, SAGEMCOM, maker_of_letters, maker_of_list
from .message import ListKind, Meter
from .quantities import WORDS, Word
from .texts import text_of

_LIST_VERSION: Final = frozenset({(1, 0, 0, 2, 129), (1, 1, 0, 2, 129)})
_SERIAL: Final = frozenset({(0, 0, 96, 1, 0), (1, 1, 0, 0, 5)})
_MODEL: Final = frozenset({(0, 0, 96, 1, 7), (1, 1, 96, 1, 1)})
_NUMBER: Final = (1, 1, 0, 0, 1)
_DEVICE_NAME: Final = (0, 0, 42, 0, 0)
_CLOCK: Final = frozenset({(0, 0, 1, 0, 0), (0, 1, 1, 0, 0)})

_LARGEST_EXPONENT: Final = 6
#: Fewer numbers than this may describe themselves by chance.
_CONVINCING: Final = 3
_SHORTEST_SERIAL: Final = 8


class _Item(NamedTuple):
    code: bytes
    value: Node
    scale: Node | None


class _List:
    """A list while it is being learned."""

    def __init__(self, data: bytes, body: Node) -> None:
        self.data = data
        self.items: list[_Item] = []
        self.strays: list[Node] = []
        self.flat = body.tag == Tag.STRUCTURE
        self._first = body.children[0] if body.children else None
        self._walk(body)
        self.serial: str | None = None
        self.model: str | None = None
        self.version: str | None = None
        self.number: str | None = None
        self.device: str | None = None
        self.clocks: list[int] = []
        self.unknown: list[str] = []
        self.changing: list[tuple[int, int]] = []
        self.measured = list(self._sort())
        for stray in self.strays:
            self._take_stray(stray)

    def _walk(self, group: Node) -> None:
        children = group.children
        at = 0
        while at < len(children):
            child = children[at]
            at += 1
            if _is_code(child) and at < len(children):
                value = children[at]
                at += 1
                scale = children[at] if at < len(children) and _is_scale(children[at]) else None
                at += scale is not None
                self.items.append(_Item(self.data[child.start : child.end], value, scale))
            elif child.tag in GROUPS:
                self._walk(child)
            elif child.tag != Tag.NULL:
                self.strays.append(child)

    def _sort(self) -> Iterator[tuple[_Item, Word]]:
        """Take what says who and when, and yield what was measured."""
        for item in self.items:
            value = item.value
            a, _, c, d, e, f = item.code
            word = WORDS.get((c, d, e)) if a == 1 and f == 0xFF else None
            if word is not None and value.tag in NUMBERS:
                yield item, word
            elif not self._take_identity(tuple(item.code[:5]), value):
                self.skip(item)

    def _take_identity(self, code: tuple[int, ...], value: Node) -> bool:
        text = text_of(self.data, value)
        if code in _LIST_VERSION:
            self.version = text
        elif code in _SERIAL:
            self.serial = text
        elif code in _MODEL:
            self.model = text
        elif code == _DEVICE_NAME:
            self.device = text
        elif code == _NUMBER and value.tag in NUMBERS:
            self.number = str(int.from_bytes(self.data[value.start : value.end]))
        elif code in _CLOCK and _is_clock(value):
            self.clocks.append(value.start)
        else:
            return False
        return True

    def _take_stray(self, stray: Node) -> None:
        """Take a value without a code: the name of a Kamstrup list, clock and id of a Sagemcom."""
        text = text_of(self.data, stray)
        if _is_clock(stray) and not (text or "").isdecimal():
            # Sagemcom's number has as many digits as a clock has bytes.
            self.clocks.append(stray.start)
        elif text is None:
            self.unknown.append("a value without a code")
            self.changing.append((stray.start, stray.end))
        elif self.version is None and text.startswith(kamstrup.PREFIX):
            self.version = text
        elif self.flat and self.serial is None and len(text) >= _SHORTEST_SERIAL:
            self.serial = text

    @property
    def is_flat_behind_a_clock(self) -> bool:
        """Whether it is built as only Sagemcom does: a clock without a code, then triples."""
        return (
            self._first is not None
            and _is_clock(self._first)
            and all(item.scale is not None for item in self.items)
        )

    def skip(self, item: _Item) -> None:
        """Note an element that means nothing here; a simple one may change as it likes."""
        a, b, c, d, e, _ = item.code
        self.unknown.append(f"{a}-{b}:{c}.{d}.{e}")
        if item.value.tag not in GROUPS:
            self.changing.append((item.value.start, item.value.end))


def learn(raw: RawList) -> Layout:
    """Return the layout of a list with codes; one without fields if nothing in it is known."""
    data, body, clocks, changing = raw
    found = _List(data, body)
    maker = maker_of_list(found.version)
    form = _form(body, found.version)
    fields = []
    described = 0
    for item, word in found.measured:
        if item.scale is not None:
            exponent = _sent_exponent(data, item.scale, word)
            described += 1
        else:
            exponent = _known_exponent(form, word, found.model)
        if exponent is None:
            found.skip(item)
        else:
            fields.append(Field(item.value, word, exponent))
    return Layout(
        data,
        fields,
        form=form,
        meter=Meter(
            manufacturer=maker or _stated_maker(body, found.device),
            model=found.model,
            serial=found.serial or found.number or found.device,
            list_version=found.version,
        ),
        guess=SAGEMCOM if found.is_flat_behind_a_clock else None,
        kind=_kind(form, found, {field.word.name for field in fields}),
        habit=_HABITS.get(form, Habit.STATUS),
        described=len(fields) == described >= _CONVINCING,
        clocks=(*found.clocks, *clocks),
        unknown=tuple(found.unknown),
        changing=changing + found.changing,
    )


_HABITS: Final = {Form.DESCRIBED: Habit.STANDARD, Form.PAIRS: Habit.WALL}


def _form(body: Node, version: str | None) -> Form:
    if version is not None and version.startswith(kamstrup.PREFIX):
        return Form.KAMSTRUP
    if body.tag == Tag.ARRAY:
        return Form.DESCRIBED
    if version is not None and version.startswith(kaifa.PREFIX):
        return Form.PAIRS
    return Form.GENERAL


def _stated_maker(body: Node, device: str | None) -> str | None:
    """Return the maker of a list without a name, as the short and the Swedish ones of Aidon are."""
    if device is not None:
        return maker_of_letters(device)
    return AIDON if body.tag == Tag.ARRAY else None


def _sent_exponent(data: bytes, scale: Node, word: Word) -> int | None:
    """Return the power of ten that was sent; ``None`` if it cannot be that of this quantity."""
    exponent, unit = scale.children
    power = int.from_bytes(data[exponent.start : exponent.end], signed=True)
    fits = data[unit.start] == word.unit.code and abs(power) <= _LARGEST_EXPONENT
    return power if fits else None


def _known_exponent(form: Form, word: Word, model: str | None) -> int | None:
    """Return the power of ten that the maker's document says; a stranger's is not guessed."""
    if form is Form.KAMSTRUP:
        return kamstrup.exponent(word.unit, model)
    return kaifa.exponent(word.unit) if form is Form.PAIRS else None


def _kind(form: Form, found: _List, names: set[str]) -> ListKind:
    if names == {"power_imported"}:
        return ListKind.POWER
    if not any("energy" in name for name in names):
        return ListKind.VALUES
    # A list that names its meter is one of several, of which this is the hourly one. The Swedish
    # lists of Aidon and the push list of Kamstrup name none and are all there is.
    several = form in {Form.DESCRIBED, Form.KAMSTRUP} and found.serial is not None
    return ListKind.HOURLY if several else ListKind.COMPLETE


def _is_code(node: Node) -> bool:
    return node.tag == Tag.OCTETS and node.end - node.start == 6


def _is_clock(node: Node) -> bool:
    return node.tag in {Tag.OCTETS, Tag.DATE_TIME} and node.end - node.start == CLOCK_SIZE


def _is_scale(node: Node) -> bool:
    return node.tag == Tag.STRUCTURE and [child.tag for child in node.children] == [
        Tag.INT8,
        Tag.ENUM,
    ]
