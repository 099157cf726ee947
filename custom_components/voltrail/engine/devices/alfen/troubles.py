"""What a person should put right about set-points that run out."""

import asyncio
from collections.abc import Iterator, Sequence
from typing import Final

from ...model.controls import shown
from ...model.parts import Part
from ...polling.polled_device import Problem
from .set_point import SetPoint

SHORTEST_VALIDITY: Final = 30.0
"""A third of the validity, and two requests that are lost on the way: with less than this,
a single lost request can already be one too many."""

EXPIRED_PATIENCE: Final = 180.0
"""Seconds in safe current, in spite of our writing, after which a person is told."""


def troubles(set_points: Sequence[SetPoint], *, part: Part | None = None) -> Iterator[Problem]:
    """Yield each kind of trouble once, whichever of the set-points has it."""
    foreign = next((each for each in set_points if _is_foreign(each)), None)
    if foreign is not None:
        found = "nothing" if foreign.value is None else shown(foreign.value)
        yield Problem(key="other_master", part=part, details={"found": found})
    known = [each.validity for each in set_points if each.validity is not None]
    if known and min(known) < SHORTEST_VALIDITY:
        yield Problem(
            key="validity_too_short",
            part=part,
            details={"validity": shown(min(known)), "minimum": shown(SHORTEST_VALIDITY)},
        )
    if any(_stays_expired(each) for each in set_points):
        yield Problem(key="safe_current_active", part=part, details={})


def _is_foreign(set_point: SetPoint) -> bool:
    return set_point.taken_over or set_point.foreign_since is not None


def _stays_expired(set_point: SetPoint) -> bool:
    since = set_point.expired_since
    return since is not None and asyncio.get_running_loop().time() - since >= EXPIRED_PATIENCE
