"""The words of the command line."""

import argparse
import math
import textwrap
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Final

from ..devices import FAMILIES
from ..devices.family import Transport
from ..han import Zone, parse_key
from . import completion, listing, meters, reading, replaying, setting
from .console import WIDTH, Console
from .version import version

type Command = Callable[[argparse.Namespace, Console], int | Coroutine[Any, Any, int]]

_HOST: Final = "192.168.1.20"

_FAMILY: Final = FAMILIES[0].key
"""Stands in the examples."""


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return what was typed. Ends the program where that makes no sense."""
    root = parser()
    arguments, rest = root.parse_known_args(argv)
    if rest and "assignments" in arguments and not any(word.startswith("-") for word in rest):
        # argparse takes positional words in one run only, and forgets those behind an option.
        try:
            arguments.assignments.extend(map(_assignment, rest))
        except argparse.ArgumentTypeError as err:
            root.error(str(err))
    elif rest:
        root.error(f"unrecognized arguments: {' '.join(rest)}")
    return arguments


def parser() -> argparse.ArgumentParser:
    """Return the whole command line."""
    root = argparse.ArgumentParser(
        prog="voltrail",
        description="Read and control the energy devices of a house.",
        epilog="Exit status: 0 done, 1 the device did not answer or refused, 2 wrong usage.",
        suggest_on_error=True,
    )
    root.add_argument("--version", action="version", version=f"voltrail {version()}")
    root.add_argument(
        "--debug", action="store_true", help="log what is said on the wire to standard error"
    )
    commands = root.add_subparsers(title="commands", metavar="COMMAND", required=True)

    families = _command(
        commands,
        "families",
        listing.families,
        "list the kinds of devices, and how each is reached",
        example="families",
    )
    _add_json(families)

    read = _command(
        commands,
        "read",
        reading.read,
        "read a device once",
        example=f"read {_FAMILY} {_HOST} --json",
    )
    _add_device(read)
    _add_all(read)
    _add_json(read)
    read.add_argument(
        "--timeout",
        type=_positive,
        metavar="S",
        help="give up after so many seconds; not by itself if nothing is said",
    )

    watch = _command(
        commands,
        "watch",
        reading.watch,
        "show a device until interrupted: a live table, or what changed if not on a terminal",
        example=f"watch {_FAMILY} {_HOST} --interval 5",
        endless=lambda _arguments: True,
    )
    _add_device(watch)
    _add_all(watch)
    watch.add_argument(
        "--interval", type=_positive, metavar="SECONDS", help="time between two polls"
    )
    _add_count(watch, "polls")
    _add_json(watch)

    change = _command(
        commands,
        "set",
        setting.change,
        "set a limit or a setting, flip a switch, press a button",
        example=f"set {_FAMILY} {_HOST} current_limit=16 charging=on --hold",
        endless=lambda arguments: bool(arguments.hold),
    )
    _add_device(change)
    change.add_argument(
        "assignments",
        nargs="+",
        type=_assignment,
        metavar="CONTROL=VALUE",
        help="a number, on, off, one of the options, or press for a button",
    )
    change.add_argument(
        "--hold",
        action="store_true",
        help="keep life signs and set-points going until interrupted",
    )
    _add_json(change)

    dump = _command(
        commands,
        "dump",
        reading.dump,
        "write all raw registers as JSON, in the form that tests replay",
        example=f"dump {_FAMILY} {_HOST} --redact > dump.json",
    )
    _add_device(dump)
    dump.add_argument(
        "--redact",
        action="store_true",
        help="replace what identifies a person, a card or a place",
    )

    decode = _command(
        commands,
        "decode",
        meters.decode,
        "decode what a meter sent on its HAN or P1 port: bytes, or lines of hex with # comments",
        example="decode capture.hex --json",
    )
    decode.add_argument(
        "file", nargs="?", default="-", metavar="FILE", help="- or nothing is standard input"
    )
    _add_meter(decode)
    _add_json(decode)

    listen = _command(
        commands,
        "listen",
        meters.listen,
        "show what a meter sends, as it comes, until interrupted",
        example="listen /dev/ttyUSB0 --baudrate 2400 --parity E",
        endless=lambda _arguments: True,
    )
    listen.add_argument("endpoint", metavar="TARGET", help="a serial port, or host:port")
    _add_line(listen)
    _add_meter(listen)
    listen.add_argument(
        "--patience",
        type=_positive,
        default=meters.PATIENCE,
        metavar="SECONDS",
        help="silence after which the link is opened again (default: %(default)g)",
    )
    _add_count(listen, "messages")
    _add_json(listen)

    _add_replay(
        _command(
            commands,
            "replay",
            replaying.replay,
            "tell what the charging controller would have done on a recorded day",
            example="replay history.csv --switchable --picture day.svg",
        )
    )

    complete = _command(
        commands,
        "completion",
        completion.write,
        "print a completion script for a shell",
        example="completion bash > ~/.local/share/bash-completion/completions/voltrail",
    )
    complete.add_argument("shell", choices=completion.SHELLS)
    complete.set_defaults(parser=parser)
    return root


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Command,
    purpose: str,
    *,
    example: str,
    endless: Callable[[argparse.Namespace], bool] = lambda _arguments: False,
) -> argparse.ArgumentParser:
    """Add a command; ``endless`` tells whether only an interruption ends it."""
    command = commands.add_parser(
        name,
        help=purpose,
        description=textwrap.fill(f"{purpose[0].upper()}{purpose[1:]}.", WIDTH),
        epilog=f"example:\n  voltrail {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        suggest_on_error=True,
    )
    command.set_defaults(run=run, endless=endless)
    return command


def _add_json(command: argparse.ArgumentParser) -> None:
    command.add_argument("--json", action="store_true", help="print JSON")


def _add_all(command: argparse.ArgumentParser) -> None:
    command.add_argument("--all", action="store_true", help="also what only an installer looks at")


def _add_count(command: argparse.ArgumentParser, what: str) -> None:
    command.add_argument(
        "--count", type=_counting, metavar="N", help=f"end by itself after so many {what}"
    )


def _add_device(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "family",
        choices=[family.key for family in FAMILIES],
        metavar="FAMILY",
        help="the kind of device: see voltrail families",
    )
    command.add_argument(
        "endpoint", metavar="TARGET", help="a host, host:port, or the path of a serial port"
    )
    ways = [Transport.TCP, Transport.SERIAL, Transport.RTU_OVER_TCP]
    command.add_argument(
        "--transport",
        type=Transport,
        choices=ways,
        metavar="|".join(ways),
        help="how it is reached; told from TARGET if not said",
    )
    command.add_argument("--port", type=_port, metavar="N", help="TCP port")
    command.add_argument("--unit", type=_unit, metavar="N", help="Modbus unit id")
    command.add_argument(
        "--fresh",
        action="store_true",
        help="look again for what belongs to it, instead of using what was found before",
    )
    _add_line(command)
    installer = command.add_argument_group("what the installer decided")
    installer.add_argument(
        "--max-current",
        type=_positive,
        metavar="A",
        help="the most a charger may draw per phase at this house",
    )
    installer.add_argument(
        "--option",
        action="append",
        default=[],
        type=_assignment,
        metavar="KEY=VALUE",
        help="a setting that only this family has; may be given again",
    )


def _add_replay(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "file", metavar="HISTORY.csv", help="what Home Assistant exports; - is standard input"
    )
    entities = command.add_argument_group("entities, where their names do not tell")
    for role, meaning in (
        ("grid", "power at the grid connection, import positive"),
        ("car", "power of the car that day"),
        ("l1", "current of the house on L1"),
        ("l2", "current of the house on L2"),
        ("l3", "current of the house on L3"),
        ("sun", "power of the panels"),
    ):
        entities.add_argument(f"--{role}", metavar="ENTITY", help=meaning)
    charger = command.add_argument_group("the charger")
    charger.add_argument("--max-current", type=_positive, default=16.0, metavar="A")
    charger.add_argument("--phases", type=int, choices=(1, 3), default=3)
    charger.add_argument(
        "--switchable", action="store_true", help="its phases can be chosen while it charges"
    )
    charger.add_argument("--mode", choices=replaying.MODES, default=replaying.MODES[0])
    charger.add_argument(
        "--grid-share",
        choices=("little", "normal", "much"),
        default="normal",
        help="how much grid is accepted with the sun",
    )
    command.add_argument(
        "--fuse", type=_positive, default=0.0, metavar="A", help="the main fuse of each phase"
    )
    command.add_argument("--picture", type=Path, metavar="FILE.svg", help="also draw the day")


def _add_line(command: argparse.ArgumentParser) -> None:
    line = command.add_argument_group("serial line")
    line.add_argument("--baudrate", type=_counting, metavar="N")
    line.add_argument("--bytesize", type=int, choices=(7, 8))
    line.add_argument("--parity", choices=("N", "E", "O"))
    line.add_argument("--stopbits", type=int, choices=(1, 2))


def _add_meter(command: argparse.ArgumentParser) -> None:
    meter = command.add_argument_group("meter")
    meter.add_argument(
        "--key", type=_key, metavar="HEX", help="what an encrypted meter encrypts with"
    )
    meter.add_argument("--authentication-key", type=_key, metavar="HEX", help="what it signs with")
    meter.add_argument(
        "--zone",
        type=Zone,
        choices=list(Zone),
        default=Zone.AUTOMATIC,
        metavar="|".join(Zone),
        help="whether the meter's clock stays on standard time in summer",
    )


# -- values --------------------------------------------------------------------


def _assignment(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals and value):
        msg = f"{text} is not of the form NAME=VALUE"
        raise argparse.ArgumentTypeError(msg)
    return key, value


def _within(low: int, high: int, what: str) -> Callable[[str], int]:
    def convert(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            msg = f"{text} is no {what}: it is a whole number from {low} to {high}"
            raise argparse.ArgumentTypeError(msg)
        return int(text)

    return convert


_port = _within(1, 65535, "port")
_unit = _within(0, 255, "unit id")
_counting = _within(1, 10_000_000, "number that is possible here")


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        msg = f"{text} is not a number above 0"
        raise argparse.ArgumentTypeError(msg)
    return value


def _key(text: str) -> bytes:
    try:
        return parse_key(text)
    except ValueError:
        msg = "a key has 32 hexadecimal digits"
        raise argparse.ArgumentTypeError(msg) from None
