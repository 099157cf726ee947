"""Registers code values as documents say."""

import math

import pytest
from pymodbus.constants import ExcCodes

from simulators.registers import (
    Order,
    RefusedError,
    Register,
    bcd,
    float32,
    float64,
    hole,
    int16,
    int32,
    on_phases,
    text,
    uint16,
    uint32,
    uint64,
    within,
)
from simulators.unit import Unit


@pytest.mark.parametrize(
    ("register", "words"),
    [
        (uint16(0, "a", 65535), [0xFFFF]),
        (int16(0, "a", -2), [0xFFFE]),
        (uint32(0, "a", 990_320), [0x000F, 0x1C70]),
        (uint32(0, "a", 0x41, order=Order.LITTLE), [0x4100, 0x0000]),
        (uint32(0, "a", 0x00010002, order=Order.LOW_WORD_FIRST), [0x0002, 0x0001]),
        (int32(0, "a", -5000), [0xFFFF, 0xEC78]),
        (uint64(0, "a", 1 << 40), [0, 0x0100, 0, 0]),
        (float32(0, "a", 230.5), [0x4366, 0x8000]),
        (float64(0, "a", 1.5), [0x3FF8, 0, 0, 0]),
        (bcd(0, 2, "a", 74509), [0x0007, 0x4509]),
        (text(0, 3, "a", "abc"), [0x6162, 0x6300, 0]),
        (text(0, 3, "a", "abc", pad=" ", right=True), [0x2020, 0x2061, 0x6263]),
        (hole(0, 2, 0xFFFF), [0xFFFF, 0xFFFF]),
    ],
)
def test_values_become_words_and_words_values(register: Register, words: list[int]) -> None:
    """Every type travels as its document says, both ways."""
    assert register.words == words
    assert register.decode(words) == register.value


@pytest.mark.parametrize(
    ("register", "words"),
    [
        (uint16(0, "a", None), [0xFFFF]),
        (int32(0, "a", None), [0xFFFF, 0xFFFF]),
        (uint16(0, "a", None, absent=0), [0]),
        (bcd(0, 2, "a", None), [0, 0]),
        (text(0, 2, "a", None), [0, 0]),
        (text(0, 2, "a", None, pad=" "), [0x2020, 0x2020]),
    ],
)
def test_no_value_has_words_of_its_own(register: Register, words: list[int]) -> None:
    """None becomes what the document gives for "no value"."""
    assert register.words == words


def test_no_float_is_a_nan() -> None:
    """All bits set is a NaN when a client decodes it."""
    register = float32(0, "a", None)
    value = register.decode(register.words)
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize(
    "register", [uint16(0, "a", 65536), uint16(0, "a", -1), int16(0, "a", 40000)]
)
def test_values_that_do_not_fit_are_an_error_of_the_model(register: Register) -> None:
    """A model that leaves its registers must be noticed, not wrapped round."""
    with pytest.raises(ValueError, match="does not fit"):
        _ = register.words


def test_digits_that_are_none_decode_to_nothing() -> None:
    """A BCD register with a hexadecimal digit has no value."""
    assert bcd(0, 1, "a", 0).decode([0x12AB]) is None


def _refusal(code: ExcCodes) -> pytest.RaisesExc[RefusedError]:
    return pytest.RaisesExc(RefusedError, check=lambda err: err.code is code)


class Dial:
    """A model with a wide and a narrow value."""

    def __init__(self) -> None:
        self.wide = 0x0001_0002
        self.narrow = 3

    def turn(self, value: int) -> None:
        """Change the wide one."""
        self.wide = value

    def nudge(self, value: int) -> None:
        """Change the narrow one."""
        self.narrow = value

    def unit(self, *, merge_splits: bool = False) -> Unit:
        """Return the map of both, with a hole to read across at 14 and a real one at 15."""
        return Unit(
            [
                uint32(10, "wide", lambda: self.wide, self.turn),
                uint16(12, "narrow", lambda: self.narrow, self.nudge, check=within(0, 9)),
                uint16(13, "fixed", 7),
                hole(14),
                uint16(16, "behind", 8),
                uint16(17, "command", write=self.nudge, write_only=True),
            ],
            merge_splits=merge_splits,
        )


def test_a_read_follows_the_model() -> None:
    """A value is computed when it is read, not stored beside the model."""
    dial = Dial()
    unit = dial.unit()
    assert unit.read(10, 5) == [1, 2, 3, 7, 0]
    dial.wide = 5
    assert unit.read(10, 3) == [0, 5, 3]


def test_a_read_may_begin_and_end_inside_a_value() -> None:
    """Half of a wide value can be read."""
    assert Dial().unit().read(11, 2) == [2, 3]


@pytest.mark.parametrize(
    ("address", "count"), [(9, 1), (9, 3), (15, 1), (14, 3), (16, 2), (17, 1), (18, 1)]
)
def test_a_read_of_what_is_not_there_is_refused(address: int, count: int) -> None:
    """Holes, ends and write-only registers are no data addresses, however they are reached."""
    with _refusal(ExcCodes.ILLEGAL_ADDRESS):
        Dial().unit().read(address, count)


def test_a_write_changes_the_model() -> None:
    """Several values can be written at once."""
    dial = Dial()
    dial.unit().write(10, [0, 9, 4])
    assert (dial.wide, dial.narrow) == (9, 4)


@pytest.mark.parametrize(
    ("address", "words", "code"),
    [
        (12, [10], ExcCodes.ILLEGAL_VALUE),
        (10, [0, 9, 10], ExcCodes.ILLEGAL_VALUE),
        (12, [4, 7], ExcCodes.ILLEGAL_ADDRESS),  # the second is read-only
        (11, [9], ExcCodes.ILLEGAL_ADDRESS),  # half a value
        (15, [1], ExcCodes.ILLEGAL_ADDRESS),
    ],
)
def test_a_refused_write_changes_nothing(address: int, words: list[int], code: ExcCodes) -> None:
    """Everything is looked at before anything is changed."""
    dial = Dial()
    with _refusal(code):
        dial.unit().write(address, words)
    assert (dial.wide, dial.narrow) == (0x0001_0002, 3)


def test_half_a_value_can_be_merged() -> None:
    """Some devices keep the other half of a value that is written in part."""
    dial = Dial()
    dial.unit(merge_splits=True).write(10, [500])
    assert dial.wide == 500 << 16 | 2


def test_registers_come_and_go() -> None:
    """A register that is not present answers as if it did not exist."""
    there = True
    unit = Unit([uint16(1, "a", 1), uint16(2, "b", 2, present=lambda: there)])
    assert unit.read(1, 2) == [1, 2]
    there = False
    with _refusal(ExcCodes.ILLEGAL_ADDRESS):
        unit.read(1, 2)
    assert [row["name"] for row in unit.table()] == ["a"]


def test_the_table_shows_what_a_client_would_read() -> None:
    """The table leaves out holes and what cannot be read."""
    table = Dial().unit().table()
    assert [row["name"] for row in table] == ["wide", "narrow", "fixed", "behind"]
    assert table[0] == {
        "address": 10,
        "name": "wide",
        "words": [1, 2],
        "value": 0x0001_0002,
        "unit": "",
        "writable": True,
    }


def test_a_map_must_be_sound() -> None:
    """Values that overlap and names that repeat are mistakes of the author."""
    with pytest.raises(ValueError, match="overlap at 11"):
        Unit([uint32(10, "a", 0), uint16(11, "b", 0)])
    with pytest.raises(ValueError, match="same name"):
        Unit([uint16(10, "a", 0), uint16(11, "a", 0)])


def test_phases_are_declared_in_one_line() -> None:
    """The same value for three phases, as far apart as the document puts them."""
    values = [1, 2, 3]
    registers = list(
        on_phases(uint32, 6, "power", lambda phase: values[phase], values.__setitem__, stride=2)
    )
    assert [(register.address, register.name) for register in registers] == [
        (6, "power_l1"),
        (8, "power_l2"),
        (10, "power_l3"),
    ]
    Unit(registers).write(8, [0, 9])
    assert values == [1, 9, 3]
