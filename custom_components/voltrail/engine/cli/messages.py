"""What a meter said, as JSON and as people read it."""

from collections.abc import Iterator, Mapping

from ..han import Message, shown
from .console import Console
from .report import Object
from .table import INDENT, heading


def message_object(message: Message) -> Object:
    """Return a message of a meter, and what it says itself, in the units that people use."""
    sender = message.meter
    return {
        "meter": {
            "manufacturer": sender.manufacturer,
            "model": sender.model,
            "serial": sender.serial,
            "list": sender.list_version,
        },
        "timestamp": None if message.timestamp is None else message.timestamp.isoformat(),
        "readings": _shown(message.readings),
    }


def _shown(readings: Mapping[str, int | float]) -> Object:
    found = {}
    for name, value in readings.items():
        number, unit = shown(name, value)
        found[name] = {"value": number, "unit": unit or None}
    return found


def message_table(message: Message, console: Console) -> Iterator[str]:
    """Yield a message of a meter."""
    sender = message.belongs_to or message.meter
    facts = (sender.manufacturer, sender.model, sender.serial, message.meter.list_version)
    who = " ".join(fact for fact in facts if fact) or "a meter that does not say who it is"
    when = "" if message.timestamp is None else f"{message.timestamp.isoformat()}  "
    yield from heading(f"{when}{who}", console)
    width = max(map(len, message.readings), default=0)
    for name, value in message.readings.items():
        number, unit = shown(name, value)
        yield f"{INDENT}{name:{width}}  {number:>12} {unit}".rstrip()
