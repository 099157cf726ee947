"""What a person should put right about set-points that run out."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from ...controls import shown
from ...device import Problem
from ...parts import Part
from .set_point import SHORTEST_VALIDITY, SetPoint

EXPIRED_PATIENCE: Final = 180.0
"""Seconds in safe current, in spite of our writing, after which a person is told."""


def troubles(set_points: Sequence[SetPoint], *, part: Part | None = None) -> Iterator[Problem]:
    """Yield each kind of trouble once, with the first set-point that has it."""

    def problem(
        key: str, applies: Callable[[SetPoint], bool], **details: Callable[[SetPoint], str]
    ) -> Iterator[Problem]:
        for set_point in set_points:
            if applies(set_point):
                told = {name: tell(set_point) for name, tell in details.items()}
                yield Problem(key=key, part=part, details=told)
                return

    yield from problem("other_master", _is_foreign, found=_found)
    yield from problem(
        "validity_too_short",
        lambda set_point: set_point.too_short,
        validity=lambda set_point: shown(set_point.validity or 0),
        minimum=lambda _: shown(SHORTEST_VALIDITY),
    )
    yield from problem("safe_current_active", _stays_expired)


def _is_foreign(set_point: SetPoint) -> bool:
    return set_point.taken_over or set_point.foreign_since is not None


def _found(set_point: SetPoint) -> str:
    value = set_point.value
    return "nothing" if value is None else shown(value)


def _stays_expired(set_point: SetPoint) -> bool:
    since = set_point.expired_since
    return since is not None and asyncio.get_running_loop().time() - since >= EXPIRED_PATIENCE
