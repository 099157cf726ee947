"""Everything that the families can say, gathered from their classes and their code.

Values are declared on classes, so they are found there, in all variants at once. Controls,
problems and parts are made by calls; their words are read from the code of the calls.
"""

import ast
import importlib
import inspect
import pkgutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType

from custom_components.voltrail.engine import devices
from custom_components.voltrail.engine.charging import charge_point as charger
from custom_components.voltrail.engine.charging import charger_device, connection
from custom_components.voltrail.engine.model.controls import SelectControl
from custom_components.voltrail.engine.model.points import Point, points_of
from custom_components.voltrail.engine.polling.polled_device import PolledDevice
from simulators.victron_gx import everything
from tests.engine.devices.victron_gx.support import RAILS, all_services, meet_in_memory
from tests.fake_time import run

_PLATFORMS = {
    "NumberControl": "number",
    "SwitchControl": "switch",
    "SelectControl": "select",
    "ButtonControl": "button",
    "TimeControl": "time",
}


@dataclass(kw_only=True)
class Vocabulary:
    """The words, by what they name."""

    readings: dict[str, set[Point]] = field(default_factory=lambda: defaultdict(set))
    controls: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    choices: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    parts: set[str] = field(default_factory=set)
    problems: set[str] = field(default_factory=set)


def _modules() -> Iterator[ModuleType]:
    yield from (charger, charger_device)
    for found in pkgutil.walk_packages(connection.__path__, f"{connection.__name__}."):
        yield importlib.import_module(found.name)
    for found in pkgutil.walk_packages(devices.__path__, f"{devices.__name__}."):
        yield importlib.import_module(found.name)


@cache
def vocabulary() -> Vocabulary:
    """Gather the words of all families."""
    spoken = Vocabulary()
    for module in _modules():
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if kind.__module__ == module.__name__:
                for declared in points_of(kind):
                    spoken.readings[declared.point.word(declared.name)].add(declared.point)
        _gather_calls(module, spoken)
        # A family whose controls come from a table says itself what they are called.
        for platform, words in getattr(module, "CONTROL_WORDS", {}).items():
            spoken.controls[platform] |= words
        for word, options in getattr(module, "CHOICE_WORDS", {}).items():
            spoken.choices[word] |= options
        spoken.parts |= getattr(module, "PART_WORDS", set())
    run(_gather_live(spoken))
    return spoken


async def _gather_live(spoken: Vocabulary) -> None:
    """Ask a GX with all there is behind it, and one with a GPS receiver: what it offers depends."""
    gx = everything()
    for services in (all_services(gx), "gps 0"):
        async with meet_in_memory(gx, services=services, **RAILS) as meeting:
            _gather_device(meeting.device, spoken)


def _gather_device(device: PolledDevice, spoken: Vocabulary) -> None:
    for part in device.parts():
        spoken.parts.add(part.word)
    for reading in device.readings():
        spoken.readings[reading.word].add(reading.point)
    for control in device.controls():
        word = control.key
        if control.phase:
            word = f"{word.removesuffix(f'_{control.phase.lower()}')}_phase"
        if control.number is not None:
            word = f"{word.removesuffix(f'_{control.number}')}_number"
        spoken.controls[_PLATFORMS[type(control).__name__]].add(word)
        if isinstance(control, SelectControl):
            spoken.choices[word] |= {option.name.lower() for option in control.options}


def _gather_calls(module: ModuleType, spoken: Vocabulary) -> None:
    assert module.__file__ is not None
    for node in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", "")
        given = {keyword.arg: keyword.value for keyword in node.keywords}
        key = given.get("key")
        if name in _PLATFORMS and isinstance(key, ast.Constant):
            word = str(key.value)
            word += "_phase" if "phase" in given else ""
            word += "_number" if "number" in given else ""
            spoken.controls[_PLATFORMS[name]].add(word)
            if name == "SelectControl":
                spoken.choices[word] |= _options(given["options"], module)
        elif name == "Problem" and isinstance(key, ast.Constant) and "asks_secret" not in given:
            spoken.problems.add(str(key.value))
        elif name == "Part" and isinstance(given.get("word"), ast.Constant):
            spoken.parts.add(str(given["word"].value))  # type: ignore[attr-defined]  # checked


def _options(node: ast.expr, module: ModuleType) -> set[str]:
    """Return the option words of ``(Phases.ONE, Phases.THREE)`` or ``tuple(SolarMode)``."""
    if isinstance(node, ast.Name):
        return {member.name.lower() for member in getattr(module, node.id, ())}
    if isinstance(node, ast.Tuple):
        return {item.attr.lower() for item in node.elts if isinstance(item, ast.Attribute)}
    if isinstance(node, ast.Call) and isinstance(node.args[0], ast.Name):
        kind = getattr(module, node.args[0].id, ())
        return {member.name.lower() for member in kind}
    return set()
