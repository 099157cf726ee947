"""Kaifa's lists: bare values whose meaning is their position, and the scales of all its lists."""

from typing import Final

from .axdr import NUMBERS, Node, Tag
from .clock import SIZE as CLOCK_SIZE
from .clock import Habit
from .layout import Field, Form, Layout, RawList
from .makers import KAIFA
from .message import ListKind, Meter
from .quantities import WORDS, Unit, Word
from .texts import text_of

PREFIX: Final = "KFM_"

_POWERS: Final = ((1, 7, 0), (2, 7, 0), (3, 7, 0), (4, 7, 0))
_ONE_PHASE: Final = (*_POWERS, (31, 7, 0), (32, 7, 0))
_THREE_PHASES: Final = (
    *_POWERS,
    *((group, 7, 0) for group in (31, 51, 71)),
    *((group, 7, 0) for group in (32, 52, 72)),
)
_COUNTERS: Final = tuple(WORDS[group, 8, 0] for group in (1, 2, 3, 4))

#: How many elements a list has, without its counters, and what follows the three texts.
_VALUES: Final[dict[int, tuple[Word, ...]]] = {
    9: tuple(WORDS[code] for code in _ONE_PHASE),
    13: tuple(WORDS[code] for code in _THREE_PHASES),
}


def exponent(unit: Unit) -> int:
    """Return the power of ten of a number: mA, 0.1 V, and the plain unit else."""
    return {Unit.A: -3, Unit.V: -1}.get(unit, 0)


def positional(found: RawList) -> Layout | None:
    """Return the layout of a positional list; ``None`` if the body is none."""
    data, body, clocks, changing = found
    elements = body.children
    if body.tag == Tag.STRUCTURE and len(elements) == 1:
        return _power_alone(found, elements[0])
    counters = len(elements) in {14, 18}
    values = _VALUES.get(len(elements) - (5 if counters else 0))
    if values is None or any(element.tag != Tag.OCTETS for element in elements[:3]):
        return None
    version, serial, model = (text_of(data, element) for element in elements[:3])
    if version is None or not version.startswith(PREFIX):
        return None
    numbers = list(zip(elements[3:], values, strict=False))
    if counters:
        clocks = (elements[-5].start, *clocks)
        numbers += zip(elements[-4:], _COUNTERS, strict=True)
    if any(element.tag not in NUMBERS for element, _ in numbers) or (
        counters and elements[-5].end - elements[-5].start != CLOCK_SIZE
    ):
        return None
    return Layout(
        data,
        [Field(element, word, exponent(word.unit)) for element, word in numbers],
        form=Form.POSITIONS,
        meter=Meter(manufacturer=KAIFA, model=model, serial=serial, list_version=version),
        kind=ListKind.HOURLY if counters else ListKind.VALUES,
        habit=Habit.WALL,
        clocks=clocks,
        changing=changing,
    )


def _power_alone(found: RawList, element: Node) -> Layout | None:
    if element.tag not in NUMBERS:
        return None
    return Layout(
        found.data,
        [Field(element, WORDS[1, 7, 0], 0)],
        form=Form.POSITIONS,
        meter=Meter(manufacturer=KAIFA),
        kind=ListKind.POWER,
        habit=Habit.WALL,
        clocks=found.clocks,
        changing=found.changing,
    )
