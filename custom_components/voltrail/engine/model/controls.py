"""What can be asked of a device: a verb, bound to its read-back and to its bounds."""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import time
from enum import Enum
from typing import Any, Final

from .errors import NotANumberError, OutOfBoundsError
from .parts import Part
from .points import Quantity, Tier

_NOISE: Final = 1e-6
"""The part of a step that binary fractions may lose or add: 7.2 / 0.1 is 71.99…"""


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """What a number may be, from the device and the installer."""

    minimum: float
    maximum: float
    step: float
    ceiling: float | None = None
    """What the device and the installer allow now, where the number is an upper bound: more is
    met by the ceiling and not refused. For any other number there is none."""

    def accept(self, value: float) -> float:
        """Return the value on the device's own steps; refuse what is out of bounds.

        Between two steps the one nearer to zero is taken: a limit must never come out
        higher than it was asked for.
        """
        try:
            value = float(value)
        except OverflowError:
            # A whole number that is larger than any other number can be.
            value = math.inf
        if not math.isfinite(value):
            raise NotANumberError(value=value)
        if self.ceiling is not None:
            value = min(value, self.ceiling)
        noise = _NOISE * self.step
        if not self.minimum - noise <= value <= self.maximum + noise:
            raise OutOfBoundsError(
                value=shown(value), minimum=shown(self.minimum), maximum=shown(self.maximum)
            )
        accepted = self._steps(math.trunc, value + math.copysign(noise, value))
        if not self.minimum - noise <= accepted <= self.maximum + noise:
            # A bound between two steps, and no step between it and the value.
            raise OutOfBoundsError(
                value=shown(value),
                minimum=shown(self._steps(math.ceil, self.minimum - noise)),
                maximum=shown(self._steps(math.floor, self.maximum + noise)),
            )
        return accepted

    def _steps(self, cut: Callable[[float], int], value: float) -> float:
        return round(cut(value / self.step) * self.step, 6)


def shown(value: float) -> str:
    """Return a number without a needless fraction, for a message."""
    # z: there is no minus before a zero.
    return f"{value:z.6f}".rstrip("0").rstrip(".")


def always() -> bool:
    """Say that a control can be used at any time."""
    return True


@dataclass(frozen=True, kw_only=True, eq=False)
class _Control:
    """What all controls share."""

    key: str
    """The word of this control, the same on every device that has it."""
    part: Part | None = None
    depends_on: tuple[str, ...] = ()
    """The components that its read-back and bounds look at."""
    tier: Tier = Tier.MAIN
    phase: str = ""
    number: int | None = None
    usable: Callable[[], bool] = field(default=always)
    """Whether it can be used now; a control that cannot is shown as unavailable."""

    @property
    def path(self) -> str:
        """The name of this control within its device: ``key`` or ``part/key``."""
        return self.key if self.part is None else f"{self.part.key}/{self.key}"


@dataclass(frozen=True, kw_only=True, eq=False)
class NumberControl(_Control):
    """A number that can be set."""

    quantity: Quantity
    bounds: Callable[[], Bounds]
    read: Callable[[], float | None]
    write: Callable[[float], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, eq=False)
class SwitchControl(_Control):
    """Something that can be switched on and off."""

    read: Callable[[], bool | None]
    write: Callable[[bool], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, eq=False)
class SelectControl[E: Enum](_Control):
    """A choice out of a few, which are members of one enumeration."""

    options: tuple[E, ...]
    read: Callable[[], E | None]
    write: Callable[[E], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, eq=False)
class ButtonControl(_Control):
    """Something that can be done once."""

    press: Callable[[], Awaitable[None]]
    restarts: bool = False
    """Whether pressing it restarts the device."""


@dataclass(frozen=True, kw_only=True, eq=False)
class TimeControl(_Control):
    """A time of the day, by the clock of the house."""

    read: Callable[[], time | None]
    write: Callable[[time], Awaitable[None]]


# Any: a choice may be written, so no enumeration can stand for all of them.
type Control = NumberControl | SwitchControl | SelectControl[Any] | ButtonControl
"""What hardware can be asked."""

type AnyControl = Control | TimeControl
"""What anything that is shown as a device can be asked."""
