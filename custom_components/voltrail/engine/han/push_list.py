"""Push lists that describe themselves: the way of Switzerland, and of Landis+Gyr's E450 elsewhere.

The first element is an array with a description of every element, itself included: class, OBIS
code, attribute and index. The values follow, with neither codes nor scales.
"""

from math import hypot
from typing import Final, NamedTuple

from .axdr import NUMBERS, Node, Tag
from .clock import SIZE as CLOCK_SIZE
from .clock import Habit
from .layout import Field, Form, Layout, RawList
from .makers import ISKRAEMECO, LANDIS_GYR, maker_of_letters
from .message import ListKind, Meter, Number
from .quantities import WORDS, Unit, Word
from .texts import text_of

_DESCRIPTION: Final = [Tag.UINT16, Tag.OCTETS, Tag.INT8, Tag.UINT16]
_CODE_SIZE: Final = 6

_DATA: Final = 1
_REGISTERS: Final = frozenset({3, 4})
_CLOCK: Final = 8
_PUSH_SETUP: Final = 40
#: Every class here keeps its value under this number; a push set-up its list of objects.
_VALUE: Final = 2

_SERIAL: Final = (0, 0, 96, 1, 0)
_DEVICE_NAME: Final = (0, 0, 42, 0, 0)
_SETUP_OF_LANDIS_GYR: Final = (0, 8, 25, 9, 0)


class _Object(NamedTuple):
    """One element, and what its description says about it."""

    kind: int
    code: tuple[int, ...]
    attribute: int
    value: Node

    @property
    def name(self) -> str:
        a, b, c, d, e, _ = self.code
        return f"{a}-{b}:{c}.{d}.{e}"

    @property
    def word(self) -> Word | None:
        """What it measures, if it is a register that is known here."""
        a, _, *code, f = self.code
        is_value = self.kind in _REGISTERS and self.attribute == _VALUE
        if not is_value or a != 1 or f != 0xFF or self.value.tag not in NUMBERS:
            return None
        return WORDS.get((code[0], code[1], code[2]))


def described(found: RawList) -> Layout | None:
    """Return the layout of a list that describes itself; ``None`` if this is none.

    It may have no fields: some describe gas and water meters only.
    """
    objects = _objects(found)
    if objects is None:
        return None
    fields, clocks, unknown, changing = [], [], [], list(found.changing)
    texts: dict[tuple[int, ...], str | None] = {}
    for item in objects:
        value = item.value
        if (word := item.word) is not None:
            fields.append(Field(value, word, _EXPONENTS.get(word.unit, 0)))
        elif item.kind == _CLOCK and value.end - value.start == CLOCK_SIZE:
            clocks.append(value.start)
        elif item.kind == _DATA and item.code[:5] in {_SERIAL, _DEVICE_NAME}:
            texts[item.code[:5]] = text_of(found.data, value)
        elif item.kind != _PUSH_SETUP:
            unknown.append(item.name)
            changing.append((value.start, value.end))
    device = texts.get(_DEVICE_NAME)
    return Layout(
        found.data,
        fields,
        form=Form.PUSH,
        meter=Meter(
            manufacturer=maker_of_letters(device) if device else None,
            # The standard of 2026 names the meter only so.
            serial=texts.get(_SERIAL) or device,
        ),
        guess=LANDIS_GYR if objects[0].code[:5] == _SETUP_OF_LANDIS_GYR else None,
        kind=_kind(fields),
        habit=Habit.UNSURE_WALL,
        described=True,
        clocks=(*clocks, *found.clocks),
        unknown=tuple(unknown),
        changing=changing,
    )


#: Voltages and currents are left as they were sent, and `Scales` decides.
_EXPONENTS: Final = {Unit.NONE: -3}


def _objects(found: RawList) -> list[_Object] | None:
    """Return the elements with their descriptions; ``None`` if the list has none."""
    elements = found.body.children
    if found.body.tag != Tag.STRUCTURE or not elements or elements[0].tag != Tag.ARRAY:
        return None
    descriptions = elements[0].children
    if len(descriptions) != len(elements) or not all(map(_is_description, descriptions)):
        return None
    return [
        _Object(
            int.from_bytes(found.data[kind.start : kind.end]),
            tuple(found.data[code.start : code.end]),
            found.data[attribute.start],
            value,
        )
        for (kind, code, attribute, _), value in zip(
            (description.children for description in descriptions), elements, strict=True
        )
    ]


def _is_description(node: Node) -> bool:
    parts = node.children
    return (
        node.tag == Tag.STRUCTURE
        and [part.tag for part in parts] == _DESCRIPTION
        and parts[1].end - parts[1].start == _CODE_SIZE
    )


def _kind(fields: list[Field]) -> ListKind:
    counts = any("energy" in field.word.name for field in fields)
    return ListKind.COMPLETE if counts else ListKind.VALUES


_VOLTAGES: Final = tuple(f"voltage_l{phase}" for phase in (1, 2, 3))
_CURRENTS: Final = tuple(f"current_l{phase}" for phase in (1, 2, 3))
_NOMINAL: Final = 230
#: More volts than any meter of a house measures.
_IN_TENTHS: Final = 1000
#: Below this, rounding makes the comparison of currents and power worthless.
_ENOUGH_VA: Final = 50
#: The E450 sends to this address (five meters); three E570 send to others (UNCONFIRMED as a rule).
_E450: Final = b"\xce\xff"


class Scales:
    """Brings voltages and currents to V and A, and remembers what the numbers told.

    Landis+Gyr's E450 and E570 send whole volts, its E360 and Iskraemeco's AM550 tenths. All send
    0.01 A but the E570, which sends whole amperes. Nothing in the list names the model.
    """

    def __init__(self) -> None:
        self._serial: str | None = None
        self._tenths = False
        self._amperes = False

    def finish(self, readings: dict[str, Number], meter: Meter, address: bytes) -> None:
        """Bring the voltages and currents of a list to V and A."""
        if meter.serial != self._serial:
            self._serial = meter.serial
            self._tenths = self._amperes = False
        voltages = [name for name in _VOLTAGES if name in readings]
        if any(readings[name] > _IN_TENTHS for name in voltages):
            self._tenths = True
        if self._tenths or meter.manufacturer == ISKRAEMECO:
            for name in voltages:
                readings[name] /= 10
        if not self._in_amperes(readings, meter, address):
            for name in _CURRENTS:
                if name in readings:
                    readings[name] /= 100

    def _in_amperes(self, readings: dict[str, Number], meter: Meter, address: bytes) -> bool:
        """Whether the currents are those of an E570.

        As hundredths they would carry a hundredth of the power that the meter says. That shows
        only under load. In doubt they are hundredths: power and energy are right either way.
        """
        if meter.manufacturer != LANDIS_GYR or address.startswith(_E450):
            return False
        carried = sum(
            abs(readings.get(current, 0)) / 100 * (readings.get(voltage) or _NOMINAL)
            for current, voltage in zip(_CURRENTS, _VOLTAGES, strict=True)
        )
        apparent = hypot(
            readings.get("power_imported", 0) - readings.get("power_exported", 0),
            readings.get("reactive_power_imported", 0) - readings.get("reactive_power_exported", 0),
        )
        if carried and apparent > _ENOUGH_VA:
            self._amperes = apparent > 10 * carried
        return self._amperes
