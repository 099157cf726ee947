"""No imports go in a circle, and each room of the engine is entered from above only.

Imports under ``TYPE_CHECKING`` count as well: a module that names the types of another one
cannot be understood without it.
"""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

INTEGRATION: Final = Path(__file__).parents[2] / "custom_components" / "voltrail"

ROOMS: Final = (
    ("engine.model",),
    ("engine.transport",),
    ("engine.polling",),
    ("engine.charging", "engine.han"),
    ("engine.devices",),
    ("engine.cli", "engine.library"),
)
"""The rooms of the engine from the lowest to the highest."""

type Graph = Mapping[str, frozenset[str]]


@cache
def imports() -> Graph:
    """Return what each module of the integration imports of the others."""
    paths = {_name(path): path for path in INTEGRATION.rglob("*.py")}
    return {
        name: frozenset(_imported(name, path, frozenset(paths))) - {name}
        for name, path in paths.items()
    }


def _name(path: Path) -> str:
    parts = path.relative_to(INTEGRATION).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(name: str, path: Path, known: frozenset[str]) -> Iterator[str]:
    package = name.split(".") if path.stem == "__init__" else name.split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        # The integration imports itself relatively, everywhere.
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        base = package[: len(package) - node.level + 1] + (node.module or "").split(".")
        source = ".".join(filter(None, base))
        for alias in node.names:
            submodule = f"{source}.{alias.name}".lstrip(".")
            # A package stands for the names that it gives; a module in it stands for itself.
            yield submodule if submodule in known else source


def circles(graph: Graph) -> list[tuple[str, ...]]:
    """Return one circle for each group of modules that lead to one another."""
    found, done = [], set[str]()

    def visit(path: list[str]) -> None:
        for target in sorted(graph[path[-1]]):
            if target in path:
                found.append((*path[path.index(target) :], target))
            elif target not in done:
                visit([*path, target])
        done.add(path[-1])

    for name in graph:
        if name not in done:
            visit([name])
    return found


def test_a_circle_is_found() -> None:
    """Also one that is entered from outside; two ways to one module are no circle."""
    graph = {"a": frozenset("bc"), "b": frozenset("d"), "c": frozenset("d"), "d": frozenset[str]()}
    assert circles(graph) == []
    assert circles({**graph, "d": frozenset("b")}) == [("b", "d", "b")]


def test_every_import_is_understood() -> None:
    """Each leads to a module that is there, and the whole is one house."""
    graph = imports()
    assert frozenset().union(*graph.values()) <= graph.keys()
    assert sum(map(len, graph.values())) > 2 * len(graph)


def test_nothing_goes_in_a_circle() -> None:
    """Each module can be read without those that import it."""
    assert [" > ".join(one) for one in circles(imports())] == []


def test_rooms_are_entered_from_above() -> None:
    """A lower room knows nothing of a higher one."""
    floors = {room: floor for floor, rooms in enumerate(ROOMS) for room in rooms}

    def floor(name: str) -> int | None:
        return floors.get(".".join(name.split(".")[:2]))

    upwards = {
        (name, target)
        for name, targets in imports().items()
        for target in targets
        if (here := floor(name)) is not None and (there := floor(target)) is not None
        if there > here
    }
    assert upwards == set()
