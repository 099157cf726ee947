"""What the log is told: one warning, one line when it is over."""

import asyncio
import logging

import pytest

from custom_components.voltrail.engine.polling.trouble import CALM, Level, Trouble
from tests.fake_time import run


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the levels of what a person finds in the log."""
    return [record.levelname for record in caplog.records if record.levelno >= logging.INFO]


def test_a_bad_line_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """However often it comes and goes, and whatever of the device it hits."""
    caplog.set_level(logging.DEBUG)

    async def story() -> None:
        trouble = Trouble(lambda: "Lamp")
        trouble.note(Level.WELL)
        for _ in range(5):
            trouble.note(Level.PARTLY, "voltage failed")
            trouble.note(Level.GONE, "nobody answers")
            await asyncio.sleep(5)
            trouble.note(Level.WELL)
        assert lines(caplog) == ["WARNING", "INFO"]
        # What lasts is told all the same.
        trouble.note(Level.GONE, "nobody answers")
        await asyncio.sleep(CALM)
        trouble.note(Level.GONE, "nobody answers")
        assert lines(caplog) == ["WARNING", "INFO", "WARNING"]

    run(story())


def test_one_that_always_fails_partly_is_still_told_gone(caplog: pytest.LogCaptureFixture) -> None:
    """A block that is refused for ever must not hide that the device is away."""
    caplog.set_level(logging.DEBUG)

    async def story() -> None:
        trouble = Trouble(lambda: "Lamp")
        trouble.note(Level.PARTLY, "extra failed")
        await asyncio.sleep(CALM)
        trouble.note(Level.GONE, "nobody answers")
        trouble.note(Level.PARTLY, "extra failed")
        assert lines(caplog) == ["WARNING", "WARNING", "INFO"]

    run(story())
