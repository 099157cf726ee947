"""Which chargers the contract is about: every simulated one of every family that charges cars."""

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import override

from custom_components.voltrail.engine.devices import FAMILIES
from custom_components.voltrail.engine.devices.family import Family
from simulators.charger import Chargers, SimulatedCharger

from . import specimen
from .specimen import simulator as specimen_simulator


@dataclass(frozen=True, kw_only=True)
class Case:
    """One kind of simulated charger, and the family that it is of."""

    family: Family
    name: str
    build: Callable[[], SimulatedCharger]

    @override
    def __str__(self) -> str:
        return f"{self.family.key}-{self.name}"


def simulator_of(family: Family) -> ModuleType | None:
    """Return the package that simulates a family; it has the family's name."""
    if family is specimen.FAMILY:
        return specimen_simulator
    try:
        return importlib.import_module(f"simulators.{family.key}")
    except ModuleNotFoundError:
        return None


def chargers_of(family: Family) -> Chargers:
    """Return the simulated chargers of a family, by name."""
    chargers: Chargers = getattr(simulator_of(family), "CHARGERS", {})
    return chargers


def families() -> Iterator[Family]:
    """Yield the families that charge cars, and those that bring cars along all the same."""
    for family in (specimen.FAMILY, *FAMILIES):
        if family.is_charger or chargers_of(family):
            yield family


CASES = tuple(
    Case(family=family, name=name, build=build)
    for family in families()
    for name, build in chargers_of(family).items()
)
