"""What the kills of a real Home Assistant are judged by; the kills are in `scripts/soak`."""

from typing import Final

import pytest

from scripts.lib.kills import may_be

MAYBE: Final = None


@pytest.mark.parametrize(
    ("before", "asked", "done", "allowed"),
    [
        (16, 0, True, {0}),
        (16, 8, True, {8}),
        (8, 16, True, {8, 16}),
        (0, 16, True, {0, 16}),
        (16, 0, MAYBE, {0, 16}),
        (8, 16, MAYBE, {8, 16}),
    ],
)
def test_what_may_be_in_force(
    before: float, asked: float, *, done: bool | None, allowed: set[float]
) -> None:
    """A pause and a lowering count; a raise may be lost until it is confirmed on the disk."""
    assert may_be(before, asked, done=done) == allowed
