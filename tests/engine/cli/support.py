"""Runs the command line inside the test's event loop, beside the simulator it talks to."""

import asyncio
import io
import json
from collections.abc import Awaitable
from contextlib import redirect_stderr, redirect_stdout, suppress
from typing import Any, NamedTuple, override

from custom_components.voltrail.engine.cli import run


class Outcome(NamedTuple):
    """What a command wrote, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """The result, line by line."""
        return self.out.splitlines()

    @property
    def object(self) -> dict[str, Any]:
        """The result as the one object of JSON that it is."""
        found: dict[str, Any] = json.loads(self.out)
        return found

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The result as one object of JSON per line."""
        return [json.loads(line) for line in self.lines]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    @override
    def isatty(self) -> bool:
        return True


async def voltrail(*words: str, terminal: bool = False) -> Outcome:
    """Run a command to its end."""
    out, err = (Terminal() if terminal else io.StringIO() for _ in range(2))
    with redirect_stdout(out), redirect_stderr(err):
        status = await run(words)
    assert "Traceback" not in err.getvalue()
    return Outcome(status, out.getvalue(), err.getvalue())


async def interrupted(until: Awaitable[object], *words: str) -> Outcome:
    """Run a command that does not end by itself, until something else has come about."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        running = asyncio.create_task(run(words))
        await until
        assert not running.done(), err.getvalue()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert running.cancelled()
    assert "Traceback" not in err.getvalue()
    return Outcome(-1, out.getvalue(), err.getvalue())
