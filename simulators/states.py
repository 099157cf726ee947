"""Named states of a model, read and set by tests, the control interface and the command line.

A part of a device is any object. Its public dataclass fields and its properties are its states;
fields, and properties with a setter, can be set.
"""

import dataclasses
from annotationlib import Format, get_annotations
from enum import Enum
from types import NoneType
from typing import Any, get_args

type Scalar = bool | int | float | str | None

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


class StateError(ValueError):
    """There is no such state, or it cannot be set to this."""


def _hints(part: object) -> dict[str, tuple[Any, bool]]:
    """Return the type of each state and whether it can be set.

    Annotations may name what is imported for type checkers only; such fields are no states.
    """
    hints: dict[str, tuple[Any, bool]] = {}
    kinds = type(part).__mro__[::-1]
    if dataclasses.is_dataclass(part):
        types: dict[str, Any] = {}
        for kind in kinds:
            types |= get_annotations(kind, format=Format.FORWARDREF)
        hints = {field.name: (types[field.name], True) for field in dataclasses.fields(part)}
    for kind in kinds:
        for name, member in vars(kind).items():
            if isinstance(member, property) and member.fget is not None:
                answer = get_annotations(member.fget, format=Format.FORWARDREF).get("return", str)
                hints[name] = (answer, member.fset is not None)
    return {name: hint for name, hint in hints.items() if not name.startswith("_")}


def _plain(value: object) -> Scalar:
    return value.name.lower() if isinstance(value, Enum) else value  # type: ignore[return-value]  # filtered below


def read_states(part: object) -> dict[str, Scalar]:
    """Return every state of a part that is a single value."""
    values = {name: getattr(part, name) for name in _hints(part)}
    return {
        name: _plain(value)
        for name, value in values.items()
        if value is None or isinstance(value, bool | int | float | str | Enum)
    }


def _as_bool(value: object) -> bool:
    word = str(value).lower()
    if word in _YES:
        return True
    if word in _NO:
        return False
    message = f"{value!r} is neither on nor off"
    raise StateError(message)


def _as_enum(kind: type[Enum], value: object) -> Enum:
    for member in kind:
        if str(value).lower() in {member.name.lower(), str(member.value).lower()}:
            return member
    message = f"{value!r} is none of {', '.join(member.name.lower() for member in kind)}"
    raise StateError(message)


def _converted(hint: Any, value: object) -> object:
    kinds = get_args(hint) or (hint,)
    if NoneType in kinds and (value is None or str(value).lower() == "none"):
        return None
    kind = next(kind for kind in kinds if kind is not NoneType)
    if kind is bool:
        return _as_bool(value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _as_enum(kind, value)
    if kind not in {int, float, str}:
        message = f"a {kind} cannot be set from outside"
        raise StateError(message)
    try:
        return kind(value)
    except (TypeError, ValueError) as err:
        message = f"{value!r} is no {kind.__name__}"
        raise StateError(message) from err


def set_state(part: object, name: str, value: object) -> None:
    """Set one state of a part, converting text and numbers to the type it has."""
    hint, settable = _hints(part).get(name, (str, False))
    if not settable:
        message = f"{name} cannot be set"
        raise StateError(message)
    setattr(part, name, _converted(hint, value))
