"""Several chargers on one budget: first the minimum for each that fits, then the rest."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_TINY: Final = 1e-9


@dataclass(slots=True)
class Claim:
    """What one charger asks for, the first in a list before those behind it.

    ``uses`` are the places in the budget (phases, or the one sum of watts) that it takes from.
    One that is ``running`` takes its minimum whether it fits or not, until it is paused.
    """

    minimum: float
    maximum: float
    uses: tuple[int, ...] = (0,)
    priority: int = 0
    running: bool = False
    given: float = 0.0

    def take(self, room: list[float], amount: float) -> None:
        """Give it some of the room."""
        self.given += amount
        for place in self.uses:
            room[place] -= amount


def share(room: Sequence[float], claims: Sequence[Claim]) -> list[float]:
    """Return what each of the claims gets."""
    left = list(room)
    for claim in claims:
        claim.given = 0.0
        if claim.running:
            claim.take(left, claim.minimum)
    for claim in claims:
        fits = all(left[place] >= claim.minimum - _TINY for place in claim.uses)
        if not claim.running and fits:
            claim.take(left, claim.minimum)
    for priority in sorted({claim.priority for claim in claims}):
        _raise_together(left, [claim for claim in claims if claim.priority == priority])
    return [
        # What does not fit is told to those who have to live with it anyway.
        claim.given + min(0.0, *(left[place] for place in claim.uses))
        if claim.running
        else claim.given
        for claim in claims
    ]


def _raise_together(left: list[float], claims: list[Claim]) -> None:
    """Raise claims of equal priority by equal steps until each is full or has no room."""
    rising = [claim for claim in claims if claim.running or claim.given > 0]
    while rising:
        step = math.inf
        for claim in rising:
            step = min(step, claim.maximum - claim.given)
            for place in claim.uses:
                users = sum(place in other.uses for other in rising)
                step = min(step, left[place] / users)
        if step > _TINY and math.isfinite(step):
            for claim in rising:
                claim.take(left, step)
        rising = [
            claim
            for claim in rising
            if claim.given < claim.maximum - _TINY
            and all(left[place] > _TINY for place in claim.uses)
        ]
