"""The OBIS codes that mean something here, in the words and units of the engine."""

from decimal import Decimal
from enum import StrEnum
from typing import Final, NamedTuple


class Unit(StrEnum):
    """The unit of a reading inside the engine."""

    W = "W"
    VAR = "var"
    A = "A"
    V = "V"
    WH = "Wh"
    VARH = "varh"
    NONE = ""

    @property
    def code(self) -> int:
        """The number of this unit in a list that describes itself."""
        return _CODES[self]


_CODES: Final = {
    Unit.W: 27,
    Unit.VAR: 29,
    Unit.WH: 30,
    Unit.VARH: 32,
    Unit.A: 33,
    Unit.V: 35,
    Unit.NONE: 255,
}


class Word(NamedTuple):
    """A reading's name and unit."""

    name: str
    unit: Unit


def _per_phase(group: int, name: str, unit: Unit) -> dict[int, Word]:
    """Return the three codes of a quantity per phase; they are 20 apart."""
    return {group + 20 * (phase - 1): Word(f"{name}_l{phase}", unit) for phase in (1, 2, 3)}


#: By the third field of the code, where the fourth is 7: the value of the moment.
_MOMENTARY: Final = {
    1: Word("power_imported", Unit.W),
    2: Word("power_exported", Unit.W),
    3: Word("reactive_power_imported", Unit.VAR),
    4: Word("reactive_power_exported", Unit.VAR),
    13: Word("power_factor", Unit.NONE),
    **_per_phase(21, "power_imported", Unit.W),
    **_per_phase(22, "power_exported", Unit.W),
    **_per_phase(23, "reactive_power_imported", Unit.VAR),
    **_per_phase(24, "reactive_power_exported", Unit.VAR),
    **_per_phase(31, "current", Unit.A),
    **_per_phase(32, "voltage", Unit.V),
    **_per_phase(33, "power_factor", Unit.NONE),
}
#: The same where the fourth field is 8: a counter.
_COUNTED: Final = {
    1: Word("energy_imported", Unit.WH),
    2: Word("energy_exported", Unit.WH),
    3: Word("reactive_energy_imported", Unit.VARH),
    4: Word("reactive_energy_exported", Unit.VARH),
    **_per_phase(21, "energy_imported", Unit.WH),
    **_per_phase(22, "energy_exported", Unit.WH),
}

#: By the three fields in the middle of the code. Makers differ in those before.
WORDS: Final = {(group, 7, 0): word for group, word in _MOMENTARY.items()} | {
    (group, 8, 0): word for group, word in _COUNTED.items()
}

UNITS: Final = {word.name: word.unit for word in WORDS.values()}
"""Every reading there can be, and its unit."""


def shown(name: str, value: float) -> tuple[int | float, str]:
    """Return a reading as people read it: counters in kWh and kvarh, all else unchanged.

    Dividing an integer once gives the decimal that was meant: 518309 varh is 518.309 kvarh. With
    a fraction it takes a decimal division: 19949322.1493 Wh must not become 19949.322149300002 kWh.
    """
    unit = UNITS[name]
    if unit in {Unit.WH, Unit.VARH}:
        exact = isinstance(value, int)
        return value / 1000 if exact else float(Decimal(str(value)) / 1000), f"k{unit}"
    return value, unit
