"""Writes state down with ages instead of moments, and reads it back at another time.

A field says what it holds in its metadata: ``MOMENT`` a moment, ``MOMENTS`` a list of
them, ``SERIES`` a list of rows that begin with one; ``nested(T)`` a dataclass, ``each(T)`` a
mapping of them. Everything else is written as it is.
"""

from dataclasses import MISSING, Field, field, fields, is_dataclass
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
    match one.metadata.get("kind"):
        case "moment":
            return _age(value, now)
        case "moments":
            return [_age(item, now) for item in value]
        case "series":
            return [[_age(row[0], now), *row[1:]] for row in value]
        case "nested":
            return dump(value, now)
        case "each":
            return {key: dump(item, now) for key, item in value.items()}
        case "rows":
            return [dump(item, now) for item in value]
    return list(value) if isinstance(value, (list, tuple)) else value


def _read(one: Field[Any], value: Any, now: float) -> Any:
    kind = one.metadata.get("type")
    match one.metadata.get("kind"):
        case "moment":
            return _when(value, now)
        case "moments":
            return [_when(item, now) for item in value]
        case "series":
            return [(_when(row[0], now), *row[1:]) for row in value]
        case "nested":
            return load(kind, value, now)
        case "each":
            return {key: load(kind, item, now) for key, item in value.items()}
        case "rows":
            return [load(kind, item, now) for item in value]
    if isinstance(value, list) and one.default is not MISSING and isinstance(one.default, tuple):
        return tuple(value)
    return list(value) if isinstance(value, list) else value
