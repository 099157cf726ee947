"""``voltrail families``: what there is."""

import argparse
import textwrap
from dataclasses import asdict
from typing import Any, Final

from ..devices import FAMILIES
from ..devices.family import Family, LineSettings, Transport
from .console import Console, Style
from .errors import Status

_INDENT: Final = " " * 4


def families(arguments: argparse.Namespace, console: Console) -> int:
    """List the families, and how a device of each is reached."""
    if arguments.json:
        console.json([family_object(family) for family in FAMILIES], indent=2)
        return Status.DONE
    for family in FAMILIES:
        console.line(f"{console.styled(family.key, Style.STRONG)}  {family.title}")
        for fact in _facts(family):
            console.line(
                textwrap.fill(
                    fact,
                    console.width,
                    initial_indent=_INDENT,
                    subsequent_indent=_INDENT,
                    break_on_hyphens=False,
                )
            )
    return Status.DONE


def family_object(family: Family) -> dict[str, Any]:
    """Return how a device of a family is reached."""
    line = family.line
    return {
        "key": family.key,
        "title": family.title,
        "manufacturer": family.manufacturer,
        "transports": [str(transport) for transport in family.transports],
        "port": family.port,
        "unit": family.unit_id,
        "line": None if line is None else asdict(line),
        "options": {
            field.key: {
                "default": field.default,
                "minimum": field.minimum,
                "maximum": field.maximum,
                "unit": field.unit,
                "choices": list(field.choices) or None,
            }
            for field in family.option_fields
        },
    }


def _facts(family: Family) -> list[str]:
    if family.pushed:
        facts = ["sends by itself: voltrail listen"]
    else:
        facts = [f"{', '.join(family.transports)}; {_defaults(family)}"]
    if family.option_fields:
        facts.append(f"options: {', '.join(field.key for field in family.option_fields)}")
    return facts


def _defaults(family: Family) -> str:
    defaults = [f"unit {family.unit_id}"]
    if Transport.TCP in family.transports:
        defaults.insert(0, f"port {family.port}")
    if family.line is not None:
        defaults.append(line_text(family.line))
    return ", ".join(defaults)


def line_text(line: LineSettings) -> str:
    """Return the settings of a serial line as people write them: 2400 8E1."""
    return f"{line.baudrate} {line.bytesize}{line.parity}{line.stopbits}"
