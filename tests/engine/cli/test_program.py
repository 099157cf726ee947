"""The program as a process of its own: exit status, signals, pipes, and never a traceback."""

import argparse
import asyncio
import contextlib
import io
import json
import logging
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import override

import pytest

from custom_components.voltrail.engine.cli import main, program
from custom_components.voltrail.engine.cli.arguments import parse
from custom_components.voltrail.engine.cli.console import Console
from tests.engine.cli.conftest import Box
from tests.engine.cli.support import Terminal
from tests.engine.han.support import BUSY, encoded

ROOT = Path(__file__).parents[3]


@contextlib.asynccontextmanager
async def started(*words: str, stdout: int = PIPE) -> AsyncIterator[Process]:
    """Run the command in a checkout, without Home Assistant."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "voltrail",
        *words,
        cwd=ROOT,
        stdin=PIPE,
        stdout=stdout,
        stderr=PIPE,
    )
    try:
        async with asyncio.timeout(30):
            yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def ended(*words: str, given: bytes = b"") -> tuple[int, str, str]:
    """Run the command to its end."""
    async with started(*words) as process:
        out, err = await process.communicate(given)
        assert process.returncode is not None
        return process.returncode, out.decode(), err.decode()


async def test_exit_status(box: Box) -> None:
    """0 done, 1 no answer, 2 wrong usage; the result alone is on standard output."""
    done, closed, wrong = await asyncio.gather(
        ended("read", "mennekes_tcp", box.place, "--json"),
        ended("read", "mennekes_tcp", "127.0.0.1:1"),
        ended("read", "mennekes_tcp"),
    )
    assert done[0] == 0, done
    assert json.loads(done[1])["readings"]["charging_state"]["value"] == "charging"
    assert done[2] == ""
    assert closed[:2] == (1, "")
    assert closed[2].startswith("voltrail: 127.0.0.1:1 refuses connections")
    assert closed[2].count("\n") == 1
    assert wrong[:2] == (2, "")


async def test_decode_standard_input() -> None:
    """A live port can be piped in: a message is printed before the input ends."""
    async with started("decode", "--json") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(encoded("aidon-tn", "2", BUSY))
        await process.stdin.drain()
        found = json.loads(await process.stdout.readline())
        assert found["meter"]["manufacturer"] == "Aidon"
        process.stdin.close()
        assert await process.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_interrupted_watch(box: Box, number: signal.Signals) -> None:
    """That is how it ends: quietly, with the connection closed."""
    async with started("watch", "mennekes_tcp", box.place, "--json") as process:
        assert process.stdout is not None
        await process.stdout.readline()
        process.send_signal(number)
        _, err = await process.communicate()
        assert (process.returncode, err) == (0, b"")


async def test_reader_that_has_seen_enough(box: Box) -> None:
    """As in ``voltrail watch … | head -1``."""
    reading, writing = os.pipe()
    words = ("watch", "mennekes_tcp", box.place, "--json", "--interval", "2")
    async with started(*words, stdout=writing) as process:
        os.close(writing)
        os.close(reading)
        _, err = await process.communicate()
        assert (process.returncode, err) == (0, b"")


async def test_full_disk() -> None:
    """A result that nobody got is no success."""
    full = os.open("/dev/full", os.O_WRONLY)
    async with started("families", stdout=full) as process:
        os.close(full)
        _, err = await process.communicate()
        assert (process.returncode, err) == (1, b"voltrail: No space left on device\n")


# -- the same without a process ------------------------------------------------


def test_main(capsys: pytest.CaptureFixture[str]) -> None:
    """The entry point returns the status."""
    assert main(["families"]) == 0
    assert "mennekes_tcp" in capsys.readouterr().out
    assert main(["listen", "127.0.0.1:1"]) == 1
    assert "it refuses connections" in capsys.readouterr().err
    assert main(["nothing"]) == 2
    assert main(["--help"]) == 0


@pytest.mark.parametrize(
    ("number", "words", "status"),
    [
        (signal.SIGINT, ["watch"], 0),
        (signal.SIGTERM, ["watch"], 0),
        (signal.SIGINT, ["read"], 130),
        (signal.SIGTERM, ["read"], 143),
        (signal.SIGTERM, ["set", "current_limit=10"], 143),
        (signal.SIGTERM, ["set", "current_limit=10", "--hold"], 0),
    ],
)
def test_signals(
    number: signal.Signals, words: list[str], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs until it is interrupted is done then; all else was cut short."""

    async def endless(*_: object) -> int:
        os.kill(os.getpid(), number)
        await asyncio.sleep(20)
        return 0

    def parsed(argv: list[str]) -> argparse.Namespace:
        arguments = parse(argv)
        arguments.run = endless
        return arguments

    monkeypatch.setattr(program, "parse", parsed)
    command, *rest = words
    assert main([command, "mennekes_tcp", "127.0.0.1:1", *rest]) == status


def test_interrupted_while_it_waits_for_nothing_asynchronous(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Decoding reads without an event loop."""

    def interrupt(*_: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "read", interrupt)
    assert main(["decode"]) == 130


def test_fault_of_ours(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Even that is one line; the rest is for whoever asks for it."""

    def broken(*_: object) -> bytes:
        message = "for a test"
        raise RuntimeError(message)

    monkeypatch.setattr(os, "read", broken)
    assert main(["decode"]) == 1
    assert capsys.readouterr().err == (
        "voltrail: that is a fault of Voltrail, please report it: RuntimeError('for a test') "
        "(--debug tells)\n"
    )


def test_debug_logs_to_standard_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Standard output is for results, whatever is logged."""
    given: dict[str, object] = {}
    monkeypatch.setattr(logging, "basicConfig", lambda **words: given.update(words))
    assert main(["--debug", "families", "--json"]) == 0
    assert given == {"level": logging.DEBUG, "stream": sys.stderr}
    assert json.loads(capsys.readouterr().out)


async def test_debug_tells_what_is_said_on_the_wire(box: Box) -> None:
    """On the side."""
    status, out, err = await ended("--debug", "read", "mennekes_tcp", box.place, "--json")
    assert status == 0
    assert json.loads(out)
    assert "pymodbus" in err


class Closed(io.StringIO):
    """A stream whose other end is gone."""

    def __init__(self, error: OSError) -> None:
        super().__init__()
        self._error = error

    @override
    def write(self, _text: str) -> int:
        """Fail."""
        raise self._error


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (BrokenPipeError(), 0, ""),
        (OSError(28, "No space left on device"), 1, "voltrail: No space left on device\n"),
    ],
)
def test_output_that_cannot_be_written(
    error: OSError,
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whoever has seen enough is no failure; a full disk is one."""
    monkeypatch.setattr(sys, "stdout", Closed(error))
    assert main(["families"]) == status
    assert capsys.readouterr().err == said


def test_output_that_fails_at_the_end(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was buffered may fail when it is flushed."""

    def flush(_: Console) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Console, "flush", flush)
    assert main(["families"]) == 1
    assert "the output cannot be written: No space left" in capsys.readouterr().err


def test_closed_streams(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after ``>&-``: nobody sees anything, and nothing breaks."""
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["families"]) == 0
    assert main(["decode", "/nosuch"]) == 2


def test_terminal_without_a_degree_sign() -> None:
    """A sign that cannot be shown is replaced, and JSON spells it out."""
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    console = Console(out, Terminal())
    console.line("5 °C")
    console.json({"unit": "°C"})
    assert raw.getvalue() == b'5 ?C\n{"unit": "\\u00b0C"}\n'
