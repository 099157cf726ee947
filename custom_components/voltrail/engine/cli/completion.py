"""``voltrail completion``: scripts that teach a shell the words of the command line."""

import argparse
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field

from .console import Console
from .errors import Status


@dataclass(frozen=True, kw_only=True)
class Word:
    """An option, and what may follow it."""

    text: str
    purpose: str
    takes_value: bool
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command, with its options and the choices for its first argument."""

    name: str
    purpose: str
    options: tuple[Word, ...]
    first: tuple[str, ...] = field(default=())


def write(arguments: argparse.Namespace, console: Console) -> int:
    """Print the script for a shell."""
    commands = tuple(_commands(arguments.parser()))
    writer = {"bash": _bash, "zsh": _zsh, "fish": _fish}[arguments.shell]
    console.lines(list(writer(commands)))
    return Status.DONE


# -- what there is -------------------------------------------------------------


def _commands(parser: argparse.ArgumentParser) -> Iterator[Command]:
    for action in _actions(parser):
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - see _actions
            purposes = {choice.dest: choice.help or "" for choice in action._choices_actions}  # noqa: SLF001
            for name, command in action.choices.items():
                yield _command(name, purposes[name], command)


def _command(name: str, purpose: str, parser: argparse.ArgumentParser) -> Command:
    options: list[Word] = []
    first: tuple[str, ...] = ()
    for action in _actions(parser):
        choices = tuple(map(str, action.choices or ()))
        if not action.option_strings:
            first = first or choices
            continue
        options.append(
            Word(
                text=action.option_strings[-1],
                purpose=(action.help or "").partition(" (")[0],
                takes_value=action.nargs != 0,
                choices=choices,
            )
        )
    return Command(name=name, purpose=purpose, options=tuple(options), first=first)


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    # argparse has no door through which its options can be listed; every tool that
    # completes its command lines looks here.
    return parser._actions  # noqa: SLF001


# -- bash, and zsh which understands it ------------------------------------------


def _bash(commands: tuple[Command, ...]) -> Iterator[str]:
    names = " ".join(command.name for command in commands)
    choices = {
        word.text: " ".join(word.choices)
        for command in commands
        for word in command.options
        if word.choices
    }
    values = sorted(
        {word.text for command in commands for word in command.options if word.takes_value}
        - set(choices)
    )
    yield "_voltrail() {"
    yield "  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} words="
    yield "  COMPREPLY=()"
    yield "  case $previous in"
    for option, words in choices.items():
        yield f'    {option}) COMPREPLY=($(compgen -W "{words}" -- "$current")); return ;;'
    yield f"    {'|'.join(values)}) return ;;"
    yield "  esac"
    yield "  if [ $COMP_CWORD -eq 1 ]; then"
    yield f'    words="{names} --help --version"'
    yield "  else"
    yield "    case ${COMP_WORDS[1]} in"
    for command in commands:
        options = " ".join(word.text for word in command.options)
        yield f"      {command.name})"
        if command.first:
            yield f'        [ $COMP_CWORD -ne 2 ] || words="{" ".join(command.first)}"'
        yield f'        [[ $current != -* ]] || words="{options}" ;;'
    yield "    esac"
    yield "  fi"
    yield '  COMPREPLY=($(compgen -W "$words" -- "$current"))'
    yield "}"
    # Where nothing of ours fits, a file may be meant: a capture, a serial port.
    yield "complete -o default -F _voltrail voltrail"


def _zsh(commands: tuple[Command, ...]) -> Iterator[str]:
    yield "#compdef voltrail"
    yield "autoload -U +X bashcompinit && bashcompinit"
    yield from _bash(commands)


# -- fish ----------------------------------------------------------------------


def _fish(commands: tuple[Command, ...]) -> Iterator[str]:
    for command in commands:
        yield (
            f"complete -c voltrail -n __fish_use_subcommand -f -a {command.name} "
            f"-d {shlex.quote(command.purpose)}"
        )
    for command in commands:
        seen = f"-n '__fish_seen_subcommand_from {command.name}'"
        if command.first:
            yield f"complete -c voltrail {seen} -a '{' '.join(command.first)}'"
        for word in command.options:
            follows = f" -x -a '{' '.join(word.choices)}'" if word.choices else ""
            if word.takes_value and not word.choices:
                follows = " -r"
            yield (
                f"complete -c voltrail {seen} -l {word.text.removeprefix('--')}{follows} "
                f"-d {shlex.quote(word.purpose)}"
            )
