"""Carries a command out, and turns what went wrong into one line and an exit status."""

import argparse
import os
import sys
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from types import CoroutineType
from typing import Any

from ..model.errors import NoBackendError, VoltrailError
from .arguments import parse
from .console import Console
from .errors import CommandError, Status


class _TerminatedError(Exception):
    """A signal asked the program to end."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit status."""
    console = Console()
    try:
        status = _main(argv, console)
        console.flush()
    except BrokenPipeError:
        # The reader of the output closed it. Python would complain once more at its end.
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Status.DONE
    except OSError as err:
        console.note(f"the output cannot be written: {err.strerror}")
        return Status.FAILED
    return status


async def run(argv: Sequence[str], console: Console | None = None) -> int:
    """Run a command inside a running event loop; returns its exit status."""
    console = console or Console()
    try:
        arguments = parse(argv)
    except SystemExit as err:
        return int(err.code or Status.DONE)
    try:
        outcome = arguments.run(arguments, console)
        return int(await outcome if isinstance(outcome, CoroutineType) else outcome)
    except Exception as err:  # noqa: BLE001 - whatever it is, people get a line and no traceback
        return _failed(err, console)


def _main(argv: Sequence[str] | None, console: Console) -> int:
    try:
        arguments = parse(argv)
    except SystemExit as err:
        return int(err.code or Status.DONE)
    if arguments.debug:
        _set_up_log(debug=True)
    try:
        outcome = arguments.run(arguments, console)
        return _finished(outcome) if isinstance(outcome, CoroutineType) else int(outcome)
    except KeyboardInterrupt:
        return _stopped(arguments, Status.INTERRUPTED)
    except _TerminatedError:
        return _stopped(arguments, Status.TERMINATED)
    except Exception as err:  # noqa: BLE001 - as above
        return _failed(err, console)


def _finished(command: Coroutine[Any, Any, int]) -> int:
    import asyncio  # noqa: PLC0415 - a command that waits for nothing needs no loop

    _set_up_log(debug=False)
    return int(asyncio.run(_stoppable(command)))


async def _stoppable(command: Coroutine[Any, Any, int]) -> int:
    """Let a command tidy up when the program is told to end. Ctrl-C does so anyway."""
    import asyncio  # noqa: PLC0415 - as above
    import signal  # noqa: PLC0415

    task = asyncio.current_task()
    assert task is not None
    told = False

    def stop() -> None:
        nonlocal told
        told = True
        task.cancel()

    # Not every system has both, and only the main thread may.
    with suppress(NotImplementedError, RuntimeError, ValueError):
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, stop)
    try:
        return await command
    except asyncio.CancelledError:
        if told:
            raise _TerminatedError from None
        raise


def _stopped(arguments: argparse.Namespace, status: Status) -> Status:
    """To be interrupted is how a command ends that would go on for ever."""
    return Status.DONE if arguments.endless(arguments) else status


def _failed(err: Exception, console: Console) -> int:
    if isinstance(err, BrokenPipeError):
        raise err
    match err:
        case CommandError():
            console.note(str(err))
            return err.status
        case VoltrailError() | NoBackendError():
            console.note(str(err))
        case OSError():
            console.note(err.strerror or str(err))
        case _:
            import logging  # noqa: PLC0415 - what lists and explains needs no log

            logging.getLogger(__name__).debug("Unexpected", exc_info=err)
            console.note(f"that is a fault of Voltrail, please report it: {err!r} (--debug tells)")
    return Status.FAILED


def _set_up_log(*, debug: bool) -> None:
    """Keep what libraries log off the terminal: what matters is said in plainer words."""
    import logging  # noqa: PLC0415 - as above

    if debug:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    else:
        logging.getLogger().addHandler(logging.NullHandler())
