"""Changing between one and three phases, and waiting until the charger has done so."""

import asyncio
from dataclasses import dataclass
from typing import Final

from ...model.charging import Phases
from .states import EvseState, RequestedPhases

SETTLING: Final = 60.0
"""Seconds that a change may take on top of the configured pause."""

_AT_LEAST: Final = 10.0
"""Seconds before a change counts as done: at first the registers still show the old state."""

WORDS: Final = {Phases.ONE: RequestedPhases.ONE, Phases.THREE: RequestedPhases.ALL}


@dataclass(frozen=True, kw_only=True)
class Change:
    """A change of phases that was ordered."""

    target: Phases
    started: float
    charging: bool
    """Whether the car was charging; then it will charge again."""
    pause: float
    """Seconds that the relays stay open, as configured."""


class PhaseSwitch:
    """Follows one change from the order to its end.

    The charger does it alone: it stops the current, opens the relays, waits for its pause and
    goes on, from state 5 to 4 and back. No register says that it is at it.
    """

    def __init__(self) -> None:
        self._change: Change | None = None

    @property
    def under_way(self) -> bool:
        """Whether a change was ordered and has not been seen to end."""
        return self._change is not None

    @property
    def target(self) -> Phases | None:
        """What the charger changes to now, if it is at it."""
        return None if self._change is None else self._change.target

    def begin(self, target: Phases, *, charging: bool, pause: float) -> None:
        """Take note of an order."""
        self._change = Change(target=target, started=_now(), charging=charging, pause=pause)

    def settle(self, state: EvseState | None, switched: RequestedPhases | None) -> bool:
        """Look at what was just read; return whether the change has just come to its end."""
        change = self._change
        if change is None:
            return False
        elapsed = _now() - change.started
        # Before layout 1.02 the charger does not tell which phases it has switched.
        switched_over = switched is None or switched is WORDS[change.target]
        back = state is EvseState.CHARGING if change.charging else True
        if (switched_over and back and elapsed >= max(_AT_LEAST, change.pause)) or (
            elapsed >= change.pause + SETTLING
        ):
            self._change = None
            return True
        return False


def _now() -> float:
    return asyncio.get_running_loop().time()
