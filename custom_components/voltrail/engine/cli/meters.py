"""``voltrail decode`` and ``listen``: meters that send by themselves."""

import argparse
import os
from collections.abc import Iterator
from contextlib import aclosing
from typing import Final

from ..han import Drop, Message, decode_dump
from .byte_source import Keys, Listener, places
from .console import Console
from .errors import Status, UsageError
from .messages import message_object, message_table

_CHUNK: Final = 4096
_STANDARD_INPUT: Final = 0


def decode(arguments: argparse.Namespace, console: Console) -> int:
    """Decode a file; what is damaged is named on the side, and decoding goes on."""
    printer = Printer(console, as_json=arguments.json)
    for event in decode_dump(_chunks(arguments.file), **_keys(arguments)):
        printer.show(event)
    return Status.DONE if printer.messages or not printer.dropped else Status.FAILED


def _chunks(file: str) -> Iterator[bytes]:
    """Yield what there is as soon as it is there."""
    try:
        descriptor = _STANDARD_INPUT if file == "-" else os.open(file, os.O_RDONLY)
        try:
            while data := os.read(descriptor, _CHUNK):
                yield data
        finally:
            if file != "-":
                os.close(descriptor)
    except OSError as err:
        msg = f"{'standard input' if file == '-' else file} cannot be read: {err.strerror}"
        raise UsageError(msg) from err


async def listen(arguments: argparse.Namespace, console: Console) -> int:
    """Print messages as they come, until the program is ended."""
    printer = Printer(console, as_json=arguments.json)
    listener = Listener(
        places(arguments), _keys(arguments), note=console.note, patience=arguments.patience
    )
    async with aclosing(listener.events()) as heard:
        async for event in heard:
            printer.show(event)
            if arguments.count is not None and printer.messages >= arguments.count:
                break
    return Status.DONE


def _keys(arguments: argparse.Namespace) -> Keys:
    return Keys(
        encryption_key=arguments.key,
        authentication_key=arguments.authentication_key,
        zone=arguments.zone,
    )


class Printer:
    """Prints messages as results, and names on the side what was dropped."""

    def __init__(self, console: Console, *, as_json: bool) -> None:
        self._console = console
        self._as_json = as_json
        self.messages = 0
        self.dropped = 0

    def show(self, event: Message | Drop) -> None:
        """Print a message, or say why there is none."""
        if isinstance(event, Drop):
            self.dropped += 1
            self._console.note(event.text)
            return
        self.messages += 1
        if self._as_json:
            self._console.json(message_object(event))
        else:
            self._console.lines(list(message_table(event, self._console)))


__all__ = ["decode", "listen"]
