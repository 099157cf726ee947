"""Writes state down with ages instead of moments, and reads it back at another time.

A field says what it holds in its metadata: ``MOMENT`` a moment, ``MOMENTS`` a list of
them, ``SERIES`` a list of rows that begin with one; ``nested(T)`` a dataclass, ``each(T)`` a
mapping of them. Everything else is written as it is.
"""

from collections.abc import Callable
from dataclasses import Field, field, fields, is_dataclass
from typing import Any, Final

NEVER: Final = -1e9
"""A moment that was none."""

MOMENT: Final = {"kind": "moment"}
MOMENTS: Final = {"kind": "moments"}
SERIES: Final = {"kind": "series"}


def moment() -> Any:
    """Declare a moment that has not come yet."""
    return field(default=NEVER, metadata=MOMENT)


def nested(kind: type) -> Any:
    """Declare a part with a state of its own."""
    return field(default_factory=kind, metadata={"kind": "nested", "type": kind})


def each(kind: type) -> Any:
    """Declare a mapping of parts."""
    return field(default_factory=dict, metadata={"kind": "each", "type": kind})


def rows(kind: type) -> Any:
    """Declare a list of parts."""
    return field(default_factory=list, metadata={"kind": "rows", "type": kind})


_PLAIN: Final = "plain"


def dump(state: Any, now: float) -> dict[str, Any]:
    """Return a state as plain data."""
    assert is_dataclass(state)
    return {one.name: _written(one, getattr(state, one.name), now) for one in fields(state)}


def load[T](kind: type[T], data: dict[str, Any], now: float) -> T:
    """Return a state out of what was dumped; what is missing is as at first."""
    assert is_dataclass(kind)
    known = {one.name: _read(one, data[one.name], now) for one in fields(kind) if one.name in data}
    return kind(**known)


def _age(value: float, now: float) -> float | None:
    return None if value <= NEVER / 2 else now - value


def _when(age: float | None, now: float) -> float:
    return NEVER if age is None else now - age


def _written(one: Field[Any], value: Any, now: float) -> Any:
    kind = one.metadata.get("kind", _PLAIN)
    writers: dict[str, Callable[[], Any]] = {
        "moment": lambda: _age(value, now),
        "moments": lambda: [_age(item, now) for item in value],
        "series": lambda: [[_age(row[0], now), *row[1:]] for row in value],
        "nested": lambda: dump(value, now),
        "each": lambda: {key: dump(item, now) for key, item in value.items()},
        "rows": lambda: [dump(item, now) for item in value],
        _PLAIN: lambda: list(value) if isinstance(value, (list, tuple)) else value,
    }
    return writers[kind]()


def _read(one: Field[Any], value: Any, now: float) -> Any:
    part: Any = one.metadata.get("type")
    readers: dict[str, Callable[[], Any]] = {
        "moment": lambda: _when(value, now),
        "moments": lambda: [_when(item, now) for item in value],
        "series": lambda: [(_when(row[0], now), *row[1:]) for row in value],
        "nested": lambda: load(part, value, now),
        "each": lambda: {key: load(part, item, now) for key, item in value.items()},
        "rows": lambda: [load(part, item, now) for item in value],
        _PLAIN: lambda: tuple(value) if isinstance(one.default, tuple) else value,
    }
    return readers[one.metadata.get("kind", _PLAIN)]()
