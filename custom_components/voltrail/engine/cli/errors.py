"""What ends a command: a reason for people, and an exit status for programs."""

from enum import IntEnum
from typing import ClassVar


class Status(IntEnum):
    """How a command ended."""

    DONE = 0
    FAILED = 1
    """The device did not answer, or refused."""
    WRONG_USAGE = 2
    INTERRUPTED = 130
    TERMINATED = 143


class CommandError(Exception):
    """The command cannot go on."""

    status: ClassVar[Status] = Status.FAILED


class UsageError(CommandError):
    """What was typed makes no sense for this device."""

    status: ClassVar[Status] = Status.WRONG_USAGE


class NotReachedError(CommandError):
    """The device could not be reached; says what may stand in the way."""
