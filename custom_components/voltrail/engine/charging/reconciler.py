"""Keeping a charge point at its target: one table for every brand.

After a poll a brand says how its charger stands to the target; this decides what follows.
``due`` means that the charger may have forgotten what it was told: it was away, it fell back,
or it is not known whether an order got through::

               KEPT     OTHER                 LOST             WAIT     UNKNOWN
    settled    fine     doubt, then adopt     assert, once     due      wait
    due        settled  assert                assert           due      wait

*Doubt* waits for a second poll and the patience of the brand. A target that the charger was
never seen to hold is asserted again a few times; one that it held was changed at the charger,
and fighting over that would help no one: the new limit is adopted.

An assertion that fails leaves it due, unless the charger took the order and holds another
value all the same: telling it for ever would not help.
"""

import asyncio
from enum import Enum
from typing import Final, Protocol

from ..model.errors import NotAppliedError
from .command_lock import OvertakenError

FOREIGN_POLLS: Final = 2
"""Polls in a row with another limit than ours, before it counts as set at the charger."""

REPEATS: Final = 3
"""How often a target is asserted that was confirmed and that the charger never held."""


class Standing(Enum):
    """How a charger stands to its target, judged by what was read last."""

    KEPT = "kept"
    OTHER = "other"
    """It holds something else."""
    LOST = "lost"
    """It fell back on its own, and an order ends that."""
    WAIT = "wait"
    """It starts or switches: what it holds is not the last word."""
    UNKNOWN = "unknown"


class Act(Enum):
    """What follows."""

    NOTHING = "nothing"
    SETTLE = "settle"
    DOUBT = "doubt"
    MARK = "mark"
    ASSERT = "assert"


TABLE: Final[dict[tuple[bool, Standing], Act]] = {
    (False, Standing.KEPT): Act.SETTLE,
    (False, Standing.OTHER): Act.DOUBT,
    (False, Standing.LOST): Act.NOTHING,  # its beginning and its end make it due
    (False, Standing.WAIT): Act.MARK,
    (False, Standing.UNKNOWN): Act.NOTHING,
    (True, Standing.KEPT): Act.SETTLE,
    (True, Standing.OTHER): Act.ASSERT,
    (True, Standing.LOST): Act.ASSERT,
    (True, Standing.WAIT): Act.MARK,
    (True, Standing.UNKNOWN): Act.NOTHING,
}


class Reconciled(Protocol):
    """What a charge point tells the reconciler, and what it can be asked."""

    @property
    def asked(self) -> bool:
        """Whether anything was asked for at all."""

    @property
    def wanted(self) -> object:
        """What is asked for; equal as long as nothing else is asked for."""

    @property
    def standing(self) -> Standing:
        """How the charger stands to it."""

    @property
    def trusts_look(self) -> bool:
        """Whether what is read right after an order proves that the charger holds it."""

    @property
    def gives_way(self) -> bool:
        """Whether another limit is left alone even where the target is due.

        That is right where a limit runs out unless it is renewed: another client is at it.
        """

    @property
    def foreign_patience(self) -> float:
        """Seconds for which another limit has to last before it is adopted."""

    async def look(self) -> None:
        """Read what the standing is judged by once more: a poll may be from before the doubt."""

    async def assert_target(self) -> None:
        """Order once more what is asked for."""

    def adopt(self) -> None:
        """Take what the charger holds as what is asked for."""


class Reconciler:
    """Decides after each poll whether the target is sent again, or the charger's limit adopted."""

    def __init__(self, point: Reconciled) -> None:
        self._point = point
        self._due = False
        self._lost = False
        self._foreign_polls = 0
        self._foreign_since: float | None = None
        self._held: object = None
        self._repeats = 0

    @property
    def due(self) -> bool:
        """Whether the target is asserted as soon as the charger holds anything else."""
        return self._due

    def mark(self) -> None:
        """Take note that the charger may have forgotten what it was told."""
        self._due = self._point.asked

    def confirm(self) -> None:
        """Note that the charger holds the target: a later difference comes from outside."""
        if self._point.trusts_look and self._point.standing is Standing.KEPT:
            self._settle()

    def note_fallback(self) -> None:
        """Notice the beginning and the end of a fallback, also while orders are not taken."""
        lost = self._point.standing is Standing.LOST
        if lost is not self._lost:
            self._lost = lost
            self.mark()

    async def after_poll(self) -> None:
        """Do what the table says."""
        self.note_fallback()
        if not self._point.asked:
            return
        if self._due:
            await self._point.look()
        standing = self._point.standing
        due = self._due and not (standing is Standing.OTHER and self._point.gives_way)
        match TABLE[due, standing]:
            case Act.ASSERT:
                await self._assert()
            case Act.MARK:
                self.mark()
            case Act.SETTLE:
                self._settle()
            case Act.DOUBT:
                await self._doubt()
            case Act.NOTHING:
                pass

    def _settle(self) -> None:
        self._due = False
        self._foreign_polls = self._repeats = 0
        self._foreign_since = None
        self._held = self._point.wanted

    async def _doubt(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._foreign_since is None:
            self._foreign_since = now
        self._foreign_polls += 1
        lasted = now - self._foreign_since >= self._point.foreign_patience
        if self._foreign_polls < FOREIGN_POLLS or not lasted:
            return
        never_held = self._point.wanted != self._held and not self._point.gives_way
        if never_held and self._repeats < REPEATS:
            # It never did: what confirmed the order was the late answer to another one.
            self._repeats += 1
            await self._assert()
        else:
            self._point.adopt()
            self._settle()

    async def _assert(self) -> None:
        self._due = False
        self._foreign_polls, self._foreign_since = 0, None
        try:
            await self._point.assert_target()
        except OvertakenError:
            # A newer order came first. What it left undone is seen to at the next poll.
            self.mark()
            return
        except NotAppliedError:
            # It was told. What it holds instead is adopted, if it stays with it.
            self._held = self._point.wanted
            raise
        except BaseException:
            self.mark()
            raise
        self.confirm()
