"""What a charge point is asked to hold."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self


class PausedBy(StrEnum):
    """Who asked for a pause."""

    PERSON = "person"
    TOO_LITTLE = "too_little"
    """No person did: what is wanted is too little for the phases in use."""


@dataclass(frozen=True, kw_only=True)
class Target:
    """A limit or a pause, and what a charge resumes with after the pause.

    The value is frozen: an order makes a new one. What is stored has the names that
    earlier versions wrote, so that their files can be read and ours by them.
    """

    current: float | None = None
    """The last current limit above 0."""
    power: float | None = None
    """The last power limit above 0, while power and not current is what drives."""
    paused_by: PausedBy | None = None
    phases: int | None = None
    set: bool = False
    """Whether anything was ever asked for; if not, there is nothing to hold."""

    @property
    def paused(self) -> bool:
        """Whether the charger shall offer nothing."""
        return self.paused_by is not None

    @property
    def too_little(self) -> bool:
        """Whether the pause ends by itself as soon as there is enough power."""
        return self.paused_by is PausedBy.TOO_LITTLE

    # -- the next target --

    def limited(self, current: float, *, power: float | None = None) -> Self:
        """Return the target with a new limit, in force at once."""
        return replace(self, current=current, power=power, paused_by=None, set=True)

    def powered(self, power: float) -> Self:
        """Return the target with a limit of power that the charger itself knows."""
        return replace(self, power=power, paused_by=None, set=True)

    def resumed(self, usual: float) -> Self:
        """Return the target without a pause; with the usual current if none was ever set."""
        current = usual if self.current is None else self.current
        return replace(self, current=current, paused_by=None, set=True)

    def pausing(self, by: PausedBy = PausedBy.PERSON) -> Self:
        """Return the target with a pause; the limit is kept for the time after it."""
        return replace(self, paused_by=by, set=True)

    def cautious(self, other: Self) -> Self:
        """Return the lower of two targets, for when it is not known which of them is in force.

        A limit that got lost on its way to a paused charger is forgotten: the pause is the
        lower one, and the limit that would end it was never confirmed.
        """
        if other.paused:
            return self.pausing(other.paused_by or PausedBy.PERSON)
        if self.paused or other.demand >= self.demand:
            return self
        return other

    @property
    def demand(self) -> tuple[float, float]:
        """How much it lets through, for comparing: the current, then the power."""
        most = math.inf
        return (
            most if self.current is None else self.current,
            most if self.power is None else self.power,
        )

    # -- storing --

    def dump(self) -> dict[str, Any]:
        """Return the target in a form that can be stored."""
        return {
            "current": self.current,
            "power": self.power,
            "paused": self.paused,
            "too_little": self.too_little,
            "phases": self.phases,
            "set": self.set,
        }

    @classmethod
    def load(cls, stored: Mapping[str, Any], *, least: float) -> Self:
        """Take a stored target back; what makes no sense is left out.

        Anything unclear about a pause is a pause: that never does harm.
        """
        paused_by = PausedBy.PERSON if stored.get("paused", False) is not False else None
        if paused_by is not None and stored.get("too_little") is True:
            paused_by = PausedBy.TOO_LITTLE
        phases = stored.get("phases")
        return cls(
            current=_at_least(least, stored.get("current")),
            power=_at_least(1.0, stored.get("power")),
            paused_by=paused_by,
            phases=phases if type(phases) is int and phases in (1, 3) else None,
            set=stored.get("set") is True,
        )


def _at_least(least: float, value: object) -> float | None:
    """Return a stored number, if it is one and not less than makes sense."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and value >= least else None
