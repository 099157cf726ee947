"""A set-point that runs out, on its own: what is judged, written, confirmed and learnt."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import pytest

from custom_components.voltrail.engine.charging.reconciler import Standing
from custom_components.voltrail.engine.devices.alfen.set_point import SetPoint
from custom_components.voltrail.engine.model.errors import DeviceSilentError, NotAppliedError
from tests.fake_time import run

from .support import loop_clock


class Register:
    """A register with a validity that does what a test says."""

    def __init__(self) -> None:
        self.value: float | None = None
        self.remaining: float | None = None
        self.writes: list[float] = []
        self.validity: float = 60

    def set_point(self, look: Callable[[], Awaitable[None]] | None = None) -> SetPoint:
        """Return a set-point on this register."""

        async def write(amps: float) -> None:
            self.writes.append(amps)
            self.value, self.remaining = amps, self.validity

        async def nothing() -> None:
            pass

        return SetPoint(
            read=lambda: self.value,
            remaining=lambda: self.remaining,
            write=write,
            look=look or nothing,
            rest=asyncio.sleep,
            changed=lambda: None,
        )


@pytest.mark.parametrize(
    ("value", "remaining", "standing", "runs_low"),
    [
        (None, None, Standing.UNKNOWN, False),
        (None, 30, Standing.UNKNOWN, False),
        (6, 0, Standing.LOST, True),
        (None, 0, Standing.LOST, True),
        (16, 0, Standing.LOST, True),
        (16, 50, Standing.KEPT, False),
        (16, 29, Standing.KEPT, True),
        (16, None, Standing.KEPT, False),
        (12, 50, Standing.LOST, False),
        (10, 50, Standing.OTHER, False),
        (10, 1, Standing.OTHER, True),
        (10, None, Standing.OTHER, False),
    ],
)
def test_standing(
    value: float | None, remaining: float | None, standing: Standing, *, runs_low: bool
) -> None:
    """What was read last decides; 12 A is what was written before."""
    register = Register()
    set_point = register.set_point()
    set_point.sent = 12.0
    register.value, register.remaining = value, remaining
    assert set_point.judge(16.0) is standing
    assert set_point.runs_low is runs_low


def test_nothing_wanted_is_nothing_judged() -> None:
    """Without a target there is nothing to hold, not even what ran out."""
    register = Register()
    register.value, register.remaining = 6, 0
    assert register.set_point().judge(None) is Standing.UNKNOWN


def test_the_longest_validity_counts() -> None:
    """A late look shows less than was set; only much less is a new setting."""

    async def story() -> None:
        register = Register()
        set_point = register.set_point()
        learnt = []
        for shown in (55, 60, 52, 60, 300, 295, 40):
            register.validity = shown
            await set_point.put(16)
            learnt.append(set_point.validity)
        assert learnt == [55, 60, 60, 60, 300, 300, 40]
        register.validity = 0
        await set_point.put(16)
        assert set_point.validity == 40

    run(story())


def test_a_silent_look_is_repeated() -> None:
    """The look after a write may get lost; only when all do, the write counts as failed."""

    async def story() -> None:
        looks: list[datetime] = []
        silent = 2

        async def look() -> None:
            looks.append(loop_clock())
            if len(looks) <= silent:
                raise DeviceSilentError

        set_point = Register().set_point(look)
        await set_point.put(16)
        assert len(looks) == 3
        looks.clear()
        silent = 3
        with pytest.raises(DeviceSilentError):
            await set_point.put(15)

    run(story())


def test_a_value_that_disappears_was_not_applied() -> None:
    """A register that holds nothing after a write did not take it."""

    async def story() -> None:
        register = Register()

        async def look() -> None:
            register.value = None

        with pytest.raises(NotAppliedError) as refused:
            await register.set_point(look).put(16)
        assert refused.value.details == {"asked": "16", "found": "nothing"}

    run(story())
