"""The second target of a charge point: that of a controller, beside the person's."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from ..model.charging import MINIMUM_CURRENT
from .target import Target

CONTROLLER_MISSING: Final = 300.0
"""Seconds without a word of the controller that is in charge, after which a person is told."""


class ControlSlot:
    """What a controller asks for. Only that it is in charge is stored.

    It speaks for a while only. When it falls silent, and after a start or a reconnect, the
    charger is held at the lower of what it holds and the fallback current until the controller
    speaks again; nothing of the person's is asserted behind its back.
    """

    def __init__(self) -> None:
        self.target = Target()
        self.in_charge = False
        """Whether control has begun and not ended; this is stored."""
        self.fallback = MINIMUM_CURRENT
        self.hands_off = False
        """Whether a person, or another client, drives until the controller speaks again."""
        self._until = 0.0
        self._silent_since: float | None = None

    @property
    def drives(self) -> bool:
        """Whether this target counts, and not the person's."""
        return self.in_charge and not self.hands_off

    @property
    def lost(self) -> bool:
        """Whether what it said is forgotten: it has to speak again to be heard."""
        return self._silent_since is not None

    @property
    def missing(self) -> bool:
        """Whether the controller that is in charge has not spoken for long."""
        since = self._silent_since
        return self.drives and since is not None and _now() - since >= CONTROLLER_MISSING

    # -- the life of a control --

    def begin(self, fallback: float) -> None:
        """Put a controller in charge."""
        self.in_charge, self.hands_off = True, False
        self.fallback = max(float(fallback), MINIMUM_CURRENT)
        self.lose()

    def end(self) -> None:
        """Let the person's target count again."""
        self.in_charge = False
        self.target = Target()

    def hear(self, *, until: float) -> None:
        """Take note that the controller speaks, and for how long it counts."""
        self._until = until
        self._silent_since = None
        self.hands_off = False

    def lose(self) -> None:
        """Forget what the controller said: the charger may have forgotten it as well."""
        self.target = Target()
        if self._silent_since is None:
            self._silent_since = _now()

    def guard(self, held: float | None) -> bool:
        """After a poll: hold the charger at a safe current while the controller is silent.

        Return whether that has just begun.
        """
        if not self.drives:
            return False
        if self._silent_since is None and _now() > self._until:
            self.lose()
        if self.target.set or held is None:
            return False
        safe = min(held, self.fallback)
        self.target = Target().limited(safe) if safe else Target().pausing()
        return True

    # -- orders, as the book takes them; nothing is stored --

    async def open(self, wanted: Target, *, lowers: bool) -> None:  # noqa: ARG002 - as the book's
        """Take an order before it is sent."""
        self.target = wanted

    def close(self, target: Target) -> None:
        """Note what is in force after an order."""
        self.target = target

    def note(self, target: Target) -> None:
        """Take a target that no order made."""
        self.target = target

    # -- memory --

    def dump(self) -> dict[str, Any]:
        """Return what is stored: that a controller is in charge."""
        return {"controlled": {"fallback": self.fallback}} if self.in_charge else {}

    def load(self, stored: Mapping[str, Any]) -> None:
        """Take back that a controller is in charge; it has not spoken yet."""
        found = stored.get("controlled")
        if isinstance(found, Mapping):
            fallback = found.get("fallback")
            # Anything unclear is the least there is.
            self.begin(fallback if type(fallback) is float else MINIMUM_CURRENT)


def _now() -> float:
    return asyncio.get_running_loop().time()
