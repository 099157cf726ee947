"""Bringing a charger back to what its user asked for, and letting others have their way."""

from dataclasses import replace
from typing import Final

from ...charging.charge_point import Target
from . import recovery
from .charge_point import CompactPoint
from .states import EvseState

FOREIGN_POLLS: Final = 2
"""Polls in a row with another limit than ours, before it counts as set by somebody else."""

REPEATS: Final = 3
"""How often an order is sent again that the charger confirmed and was never seen to follow."""


class Upholding:
    """Looks at the charger after each poll, and decides whether it has to be told again."""

    def __init__(self, point: CompactPoint) -> None:
        self._point = point
        self._due = False
        self._foreign = 0
        self._seen: Target | None = None
        self._repeats = 0
        self._blank = False
        self._recovery_tried = False

    def due(self) -> None:
        """Take note that the charger may have forgotten what it was told."""
        self._due = self._point.target.set

    async def look(self, *, known: bool) -> None:
        """Bring the charger back, if that is due and it is known what it holds."""
        point = self._point
        await point.follow_phases()
        if await self._recover():
            return
        starting = point.blocks.status.evse_state in (None, EvseState.NOT_INITIALISED)
        if starting or point.fallen_back:
            # What it holds now is not the last word.
            self.due()
            return
        holds = point.holds_target
        if not point.target.set or not known or holds is None or point.busy:
            return
        # Everything back at nothing at once: it was started anew, and nobody noticed.
        started, self._blank = point.blank and not self._blank, point.blank
        self._due = self._due or started
        if self._due:
            # What the poll has read may be from before the doubt.
            await point.look_again(("limits", "functions"))
            await self._assert(holds=point.holds_target is not False)
        elif holds:
            self._foreign = self._repeats = 0
            self._seen = replace(point.target)
        else:
            self._foreign += 1
            if self._foreign >= FOREIGN_POLLS:
                await self._disagree()

    async def _disagree(self) -> None:
        """Decide what to do about a charger that does not hold what was asked for."""
        self._foreign = 0
        point = self._point
        if point.target != self._seen and self._repeats < REPEATS:
            # It never did: what confirmed the order was the late answer to another one.
            self._repeats += 1
            await self._assert(holds=False)
        else:
            # Somebody else drives now; fighting over it would help nobody.
            self._repeats = 0
            point.adopt()
            self._seen = replace(point.target)

    async def _assert(self, *, holds: bool) -> None:
        self._due = False
        self._foreign = 0
        if holds:
            return
        try:
            # The charger takes orders from nobody whose heartbeat it has not heard.
            await self._point.heartbeat.prove()
            await self._point.assert_target()
        except BaseException:
            # Not asserted, so it is still due.
            self._due = True
            raise

    async def _recover(self) -> bool:
        """Bring it out of error 200, once; return whether it is in it."""
        point = self._point
        if not recovery.lost_manager(point):
            self._recovery_tried = False
            return False
        heard = point.heartbeat.running and point.heartbeat.failures == 0
        if heard and not self._recovery_tried and recovery.harmless(point):
            self._recovery_tried = True
            await recovery.recover(point)
            self.due()
        return True
