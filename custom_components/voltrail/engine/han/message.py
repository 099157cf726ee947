"""What comes out of the decoder: one message of one meter."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

type Number = int | float
type Readings = Mapping[str, Number]


class ListKind(StrEnum):
    """Which of its lists a meter sent: what to expect in it, and when the next one comes."""

    POWER = "power"
    """Imported power alone, every 2 to 2.5 s (Aidon, Kaifa)."""
    VALUES = "values"
    """Power, currents and voltages, every 10 s."""
    HOURLY = "hourly"
    """The same with the energy counters, once an hour."""
    COMPLETE = "complete"
    """Everything the meter has, every 5 to 15 s; makers without an hourly list."""

    @property
    def period(self) -> float:
        """Seconds from one message of this kind to the next, as the makers say."""
        return _PERIODS[self]


_PERIODS = {
    ListKind.POWER: 2.5,
    ListKind.VALUES: 10.0,
    ListKind.HOURLY: 3600.0,
    ListKind.COMPLETE: 10.0,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Meter:
    """Who sent a message. What the message does not say is ``None``."""

    manufacturer: str | None = None
    model: str | None = None
    serial: str | None = None
    list_version: str | None = None


class Message(NamedTuple):
    """One message, decoded.

    A tuple because it is made twice as fast as a frozen class (benchmarks/han.py, Aidon list 1).
    ``readings`` holds what was sent and measured, in W, var, A, V, Wh and varh, and nothing
    else: a value that is absent was not in this message, which says nothing about its last one.
    """

    meter: Meter
    """What this message itself says about its sender."""
    belongs_to: Meter | None
    """The sender, also for a message that does not name it: the last one named on this stream."""
    kind: ListKind
    timestamp: datetime | None
    """The meter's own clock; ``None`` if it was not sent or is marked as wrong."""
    readings: Readings
    age: float = 0.0
    """Seconds by which this is older than the newest message of the same batch."""


def is_same_serial(one: str | None, other: str | None) -> bool:
    """Whether two serial numbers are those of one meter.

    Some lists of Iskraemeco name it by the last eight digits of its full number only.
    """
    if one == other or one is None or other is None:
        return one == other
    short, long = sorted((one, other), key=len)
    return _LAST_DIGITS.fullmatch(short) is not None and bool(
        _FULL_NUMBER.fullmatch(long) and long.endswith(short)
    )


_LAST_DIGITS = re.compile(r"\d{8}")
_FULL_NUMBER = re.compile(r"ISK\d{13}")
