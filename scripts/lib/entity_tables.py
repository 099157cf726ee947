"""Tables of the entities of a family: what there is, what it is called, whether it is shown."""

import ast
import asyncio
import importlib
import inspect
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import ModuleType
from typing import Any, Final, NamedTuple

from custom_components.voltrail.engine.model.controls import (
    AnyControl,
    ButtonControl,
    NumberControl,
    SelectControl,
    SwitchControl,
    TimeControl,
)
from custom_components.voltrail.engine.model.parts import Part
from custom_components.voltrail.engine.model.points import Kind, Point, Quantity, Tier, points_of
from custom_components.voltrail.engine.polling.base_device import BaseDevice
from custom_components.voltrail.presentation import enabled_at_first, named_by_class, shown_unit
from scripts.lib.specimens import SPECIMENS, Specimen

type Words = Mapping[str, Any]
"""The English translations."""

_PLATFORMS: Final = ("switch", "number", "select", "button", "sensor", "binary_sensor")
"""In the order in which the tables list them: first what can be done, then what can be seen."""

_TIERS: Final = (Tier.MAIN, Tier.DETAIL, Tier.EXPERT)


class UnservedError(Exception):
    """A family declares a value that none of its specimens has."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One entity; or the entities of several phases, which differ in nothing else."""

    part: str
    """The word of the part; empty for the device itself."""
    platform: str
    word: str
    quantity: Quantity | None = None
    tier: Tier
    enabled: bool = True
    disabled_until_seen: bool = False


class Entity(NamedTuple):
    """One entity of a specimen."""

    row: Row
    key: str
    phase: str = ""
    number: int | None = None
    states: tuple[str, ...] = ()


@dataclass(kw_only=True)
class Found:
    """What is known of a row over all specimens."""

    entities: dict[str, Entity] = field(default_factory=dict)
    """By their keys."""
    states: dict[str, None] = field(default_factory=dict)
    """In the order in which they are declared."""
    specimens: list[Specimen] = field(default_factory=list)


class Tables:
    """The entities of one family."""

    def __init__(self, specimens: tuple[Specimen, ...], words: Words) -> None:
        self._specimens = specimens
        self._words = words
        self._rows: dict[Row, Found] = {}

    def note(self, specimen: Specimen, entities: Iterable[Entity]) -> None:
        """Take note of what a specimen has."""
        for entity in entities:
            known = self._rows.setdefault(entity.row, Found())
            known.entities.setdefault(entity.key, entity)
            known.states.update(dict.fromkeys(entity.states))
            if specimen not in known.specimens:
                known.specimens.append(specimen)

    # -- entities ----------------------------------------------------------------

    def entities(self) -> Iterator[str]:
        """Yield the lines of the tables, one table per part."""
        varied = sum(not specimen.only for specimen in self._specimens) > 1
        for part, rows in self._by_part():
            if part is not None:
                yield from (f"**{part}**", "")
            yield "| Name | Key | Kind | Unit | Shown |" + (" Where |" if varied else "")
            yield "| --- | --- | --- | --- | --- |" + (" --- |" if varied else "")
            for row in rows:
                found = self._rows[row]
                cells = [
                    self._name(row, found),
                    ", ".join(f"`{key}`" for key in found.entities),
                    row.platform.replace("_", " "),
                    _unit(row),
                    _shown(row, found),
                    *([self._where(found)] if varied else ()),
                ]
                yield f"| {' | '.join(cells)} |"
            yield ""

    def _by_part(self) -> Iterator[tuple[str | None, list[Row]]]:
        parts = list(dict.fromkeys(row.part for row in self._rows))
        for part in parts:
            rows = sorted(
                (row for row in self._rows if row.part == part),
                # Stable: within these, in the order of declaration.
                key=lambda row: (_TIERS.index(row.tier), _PLATFORMS.index(row.platform)),
            )
            yield (self._part_name(part) if len(parts) > 1 else None), rows

    def _part_name(self, word: str) -> str:
        if not word:
            return "The device itself"
        name = self._words.get("device", {}).get(word, {}).get("name", humanised(word))
        assert isinstance(name, str)
        return name.replace("{number}", "").replace("{device}", "").strip()

    def _name(self, row: Row, found: Found) -> str:
        texts = self._words["entity"].get(row.platform, {}).get(row.word)
        entities = found.entities.values()
        phases = ", ".join(dict.fromkeys(entity.phase for entity in entities))
        numbers = ", ".join(
            dict.fromkeys(str(entity.number) for entity in entities if entity.number is not None)
        )
        if texts is not None and (name := texts.get("name")) is not None:
            assert isinstance(name, str)
            return name.replace("{phase}", phases).replace("{number}", numbers)
        word = row.word.removesuffix("_phase").removesuffix("_number")
        return " ".join(part for part in (humanised(word), phases, numbers) if part)

    def _where(self, found: Found) -> str:
        """Say which forms of the device have it."""
        told: list[str] = []
        groups: dict[str, list[Specimen]] = {}
        for specimen in self._specimens:
            groups.setdefault(specimen.group, []).append(specimen)
        for group, members in groups.items():
            having = [member for member in members if member in found.specimens]
            if not having:
                continue
            since = having[0].since
            until = members[members.index(having[-1]) + 1 :]
            told.append(
                " ".join(
                    piece
                    for piece in (
                        group,
                        f"from {since}" if since else "",
                        f"before {until[0].since}" if until else "",
                    )
                    if piece
                )
            )
        whole = told == list(groups)
        return "all" if whole or told == [""] else ", ".join(told)

    # -- states --------------------------------------------------------------------

    def states(self) -> Iterator[str]:
        """Yield a table of the words that automations compare with."""
        known: dict[tuple[str, str], dict[str, None]] = {}
        for row, found in self._rows.items():
            if found.states:
                known.setdefault((row.platform, row.word), {}).update(found.states)
        yield "| Key | States |"
        yield "| --- | --- |"
        for (platform, word), states in sorted(known.items(), key=lambda item: item[0][1]):
            texts = self._words["entity"].get(platform, {}).get(word, {}).get("state", {})
            told = ", ".join(_state(state, texts.get(state)) for state in states)
            key = word.removesuffix("_phase").removesuffix("_number")
            kind = " (select)" if platform == "select" else ""
            yield f"| `{key}`{kind} | {told} |"


def _state(state: str, text: str | None) -> str:
    shown = humanised(state)
    return f"`{state}`" if text in (None, shown) else f"`{state}` ({text})"


def humanised(word: str) -> str:
    """Return a word as a text, for what has no text yet."""
    text = word.replace("_", " ")
    return text[:1].upper() + text[1:]


def _unit(row: Row) -> str:
    if row.quantity is None:
        return ""
    shown = shown_unit(row.quantity, row.tier) if row.platform == "sensor" else None
    return shown or row.quantity.unit


def _shown(row: Row, found: Found) -> str:
    controls = row.platform in _PLATFORMS[:4]
    match row.tier if row.enabled else Tier.EXPERT:
        case Tier.MAIN:
            text = "yes"
        case Tier.DETAIL:
            text = "configuration" if controls else "diagnostic"
        case _:
            text = "disabled"
    if row.disabled_until_seen and text != "disabled":
        text += ", once it has a value"
    if all(specimen.only for specimen in found.specimens):
        text += f", {found.specimens[0].only}"
    return text


# -- gathering -----------------------------------------------------------------------


def _reading(part: Part | None, name: str, point: Point) -> Entity:
    word = point.word(name)
    row = Row(
        part="" if part is None else part.word,
        platform="binary_sensor" if point.kind is Kind.FLAG else "sensor",
        word=str(point.quantity) if named_by_class(point.quantity, word) else word,
        quantity=point.quantity,
        tier=point.tier,
        enabled=enabled_at_first(point),
        disabled_until_seen=point.disabled_until_seen,
    )
    return Entity(row, name, point.phase, point.number, _members(point.states))


def _members(states: type[Enum] | None) -> tuple[str, ...]:
    return () if states is None else tuple(member.name.lower() for member in states)


def _control(control: AnyControl) -> Entity:
    word = control.key
    if control.phase:
        word = word.removesuffix(f"_{control.phase.lower().replace('-', '_')}") + "_phase"
    if control.number is not None:
        word = word.removesuffix(f"_{control.number}") + "_number"
    row = Row(
        part="" if control.part is None else control.part.word,
        platform=_platform(control),
        word=word,
        quantity=control.quantity if isinstance(control, NumberControl) else None,
        tier=control.tier,
    )
    options = control.options if isinstance(control, SelectControl) else ()
    states = tuple(option.name.lower() for option in options)
    return Entity(row, control.key, control.phase, control.number, states)


def _platform(control: AnyControl) -> str:
    match control:
        case NumberControl():
            return "number"
        case SwitchControl():
            return "switch"
        case SelectControl():
            return "select"
        case ButtonControl():
            return "button"
        case TimeControl():
            return "time"


def _entities(device: BaseDevice) -> Iterator[Entity]:
    yield from map(_control, device.controls())
    readings = list(device.readings())
    for reading in readings:
        yield _reading(reading.part, reading.name, reading.point)
    if not readings:
        # It only has what it has been told; what it may be told stands on its class.
        for declared in points_of(type(device)):
            yield _reading(None, declared.name, declared.point)


def _modules(key: str) -> Iterator[ModuleType]:
    package = importlib.import_module(f"custom_components.voltrail.engine.devices.{key}")
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        yield importlib.import_module(found.name)


def declared_names(key: str) -> set[str]:
    """Return every value that the classes of a family declare."""
    return {
        declared.name
        for module in _modules(key)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__
        for declared in points_of(kind)
    }


def problem_keys(key: str) -> set[str]:
    """Return the keys of everything that a family asks a person to put right."""
    return {
        keyword.value.value
        for module in _modules(key)
        for node in ast.walk(ast.parse(inspect.getsource(module)))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "Problem"
        # What asks for a secret opens a form instead.
        and all(keyword.arg != "asks_secret" for keyword in node.keywords)
        for keyword in node.keywords
        if keyword.arg == "key"
        and isinstance(keyword.value, ast.Constant)
        and isinstance(keyword.value.value, str)
    }


async def tables(key: str, words: Words) -> Tables:
    """Meet every specimen of a family, and note what each has."""
    specimens = SPECIMENS[key]()
    found = Tables(specimens, words)

    async def look(specimen: Specimen) -> list[Entity]:
        async with specimen.meet() as device:
            return list(_entities(device))

    seen: set[str] = set()
    for specimen, entities in zip(
        specimens, await asyncio.gather(*map(look, specimens)), strict=True
    ):
        found.note(specimen, entities)
        seen |= {entity.key for entity in entities}
    if unserved := declared_names(key) - seen:
        message = f"{key}: no specimen has {', '.join(sorted(unserved))}"
        raise UnservedError(message)
    return found
