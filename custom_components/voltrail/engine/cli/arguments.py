"""The words of the command line."""

import argparse
import math
import sys
import textwrap
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, override

from ..devices import FAMILIES
from ..devices.family import Transport
from .console import WIDTH, Console

PATIENCE: Final = 60.0
"""Seconds without a message after which a link is opened again: TCP does not notice by itself
that the other side is gone, and the slowest meter sends every 10 s."""
_SHELLS: Final = ("bash", "zsh", "fish")
_MODES: Final = ("solar", "solar_minimum", "fast")
"""What the controller does on a recorded day."""

_HOST: Final = "192.168.1.20"

_FAMILY: Final = FAMILIES[0].key
"""Stands in the examples."""


@dataclass(frozen=True, kw_only=True)
class Command:
    """One word of the command line, and what follows it."""

    purpose: str
    example: str
    code: tuple[str, str]
    """The module that carries it out, and the function: imported when it is wanted."""
    fill: Callable[[argparse.ArgumentParser], None]
    endless: Callable[[argparse.Namespace], bool] = lambda _arguments: False
    """Whether only an interruption ends it."""

    def run(
        self, arguments: argparse.Namespace, console: Console
    ) -> int | Coroutine[Any, Any, int]:
        """Carry it out."""
        module, function = self.code
        outcome: int | Coroutine[Any, Any, int] = getattr(
            import_module(f".{module}", __package__), function
        )(arguments, console)
        return outcome


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return what was typed. Ends the program where that makes no sense."""
    argv = sys.argv[1:] if argv is None else argv
    # The words of the other commands are not looked at: to make them takes longer than some tasks.
    root = parser(next((word for word in argv if word in COMMANDS), ""))
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


def parser(only: str | None = None) -> argparse.ArgumentParser:
    """Return the whole command line, or all of its commands and the arguments of one."""
    root = argparse.ArgumentParser(
        prog="voltrail",
        description="Read and control the energy devices of a house.",
        epilog="Exit status: 0 done, 1 the device did not answer or refused, 2 wrong usage.",
        suggest_on_error=True,
    )
    root.add_argument("--version", action=_Version, help="show program's version number and exit")
    root.add_argument(
        "--debug", action="store_true", help="log what is said on the wire to standard error"
    )
    commands = root.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        words = commands.add_parser(
            name,
            help=command.purpose,
            description=textwrap.fill(f"{command.purpose[0].upper()}{command.purpose[1:]}.", WIDTH),
            epilog=f"example:\n  voltrail {command.example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            suggest_on_error=True,
        )
        words.set_defaults(run=command.run, endless=command.endless)
        if only in (None, name):
            command.fill(words)
    return root


class _Version(argparse.Action):
    """Says the version, which is looked for only then."""

    def __init__(self, option_strings: Sequence[str], **traits: Any) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, help=traits["help"])

    @override
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from .version import version  # noqa: PLC0415

        sys.stdout.write(f"voltrail {version()}\n")
        parser.exit()


def _fill_families(words: argparse.ArgumentParser) -> None:
    _add_json(words)


def _fill_read(words: argparse.ArgumentParser) -> None:
    _add_device(words)
    _add_all(words)
    _add_json(words)
    words.add_argument(
        "--timeout",
        type=_positive,
        metavar="S",
        help="give up after so many seconds; not by itself if nothing is said",
    )


def _fill_watch(words: argparse.ArgumentParser) -> None:
    _add_device(words)
    _add_all(words)
    words.add_argument(
        "--interval", type=_positive, metavar="SECONDS", help="time between two polls"
    )
    _add_count(words, "polls")
    _add_json(words)


def _fill_set(words: argparse.ArgumentParser) -> None:
    _add_device(words)
    words.add_argument(
        "assignments",
        nargs="+",
        type=_assignment,
        metavar="CONTROL=VALUE",
        help="a number, on, off, one of the options, or press for a button",
    )
    words.add_argument(
        "--hold",
        action="store_true",
        help="keep life signs and set-points going until interrupted",
    )
    _add_json(words)


def _fill_dump(words: argparse.ArgumentParser) -> None:
    _add_device(words)
    words.add_argument(
        "--redact",
        action="store_true",
        help="replace what identifies a person, a card or a place",
    )


def _fill_decode(words: argparse.ArgumentParser) -> None:
    words.add_argument(
        "file", nargs="?", default="-", metavar="FILE", help="- or nothing is standard input"
    )
    _add_meter(words)
    _add_json(words)


def _fill_listen(words: argparse.ArgumentParser) -> None:
    words.add_argument("endpoint", metavar="TARGET", help="a serial port, or host:port")
    _add_line(words)
    _add_meter(words)
    words.add_argument(
        "--patience",
        type=_positive,
        default=PATIENCE,
        metavar="SECONDS",
        help="silence after which the link is opened again (default: %(default)g)",
    )
    _add_count(words, "messages")
    _add_json(words)


def _fill_completion(words: argparse.ArgumentParser) -> None:
    words.add_argument("shell", choices=_SHELLS)
    words.set_defaults(parser=parser)


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
    charger.add_argument("--mode", choices=_MODES, default=_MODES[0])
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
    from ..han import Zone  # noqa: PLC0415 - the decoder comes with it

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
    from ..han import parse_key  # noqa: PLC0415 - as above

    try:
        return parse_key(text)
    except ValueError:
        msg = "a key has 32 hexadecimal digits"
        raise argparse.ArgumentTypeError(msg) from None


COMMANDS: Final = {
    "families": Command(
        purpose="list the kinds of devices, and how each is reached",
        example="families",
        code=("listing", "families"),
        fill=_fill_families,
    ),
    "read": Command(
        purpose="read a device once",
        example=f"read {_FAMILY} {_HOST} --json",
        code=("reading", "read"),
        fill=_fill_read,
    ),
    "watch": Command(
        purpose="show a device until interrupted: a live table, or what changed if not on a "
        "terminal",
        example=f"watch {_FAMILY} {_HOST} --interval 5",
        code=("reading", "watch"),
        fill=_fill_watch,
        endless=lambda _arguments: True,
    ),
    "set": Command(
        purpose="set a limit or a setting, flip a switch, press a button",
        example=f"set {_FAMILY} {_HOST} current_limit=16 charging=on --hold",
        code=("setting", "change"),
        fill=_fill_set,
        endless=lambda arguments: bool(arguments.hold),
    ),
    "dump": Command(
        purpose="write all raw registers as JSON, in the form that tests replay",
        example=f"dump {_FAMILY} {_HOST} --redact > dump.json",
        code=("reading", "dump"),
        fill=_fill_dump,
    ),
    "decode": Command(
        purpose="decode what a meter sent on its HAN or P1 port: bytes, or lines of hex with # "
        "comments",
        example="decode capture.hex --json",
        code=("meters", "decode"),
        fill=_fill_decode,
    ),
    "listen": Command(
        purpose="show what a meter sends, as it comes, until interrupted",
        example="listen /dev/ttyUSB0 --baudrate 2400 --parity E",
        code=("meters", "listen"),
        fill=_fill_listen,
        endless=lambda _arguments: True,
    ),
    "replay": Command(
        purpose="tell what the charging controller would have done on a recorded day",
        example="replay history.csv --switchable --picture day.svg",
        code=("replaying", "replay"),
        fill=_add_replay,
    ),
    "completion": Command(
        purpose="print a completion script for a shell",
        example="completion bash > ~/.local/share/bash-completion/completions/voltrail",
        code=("completion", "write"),
        fill=_fill_completion,
    ),
}
"""All commands, by their names."""
