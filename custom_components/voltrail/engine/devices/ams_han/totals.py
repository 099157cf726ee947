"""Counters that only grow, however strange the messages are that they come in."""

from dataclasses import dataclass
from typing import Final

LARGEST_POWER: Final = 100_000
"""W: more than the largest fuse in front of such a meter lets through, behind current
transformers too, since the meter counts on their small side."""

# Some firmwares send an hourly list twice: the next one then holds the energy of two hours.
_ROOM_HOURLY: Final = 1.0
# Some meters send every few seconds what they count every few minutes.
_ROOM_OFTEN: Final = 0.25

# A counter that stays where it was refused is right, and the one before was wrong.
_ENOUGH: Final = 3
_LONG_ENOUGH: Final = 3600.0


@dataclass(kw_only=True)
class _Refused:
    """Values in a row that fit each other and not what was accepted."""

    value: float
    at: float
    since: float
    count: int = 1


class Totals:
    """Judges the values of counters."""

    def __init__(self) -> None:
        self._accepted: dict[str, tuple[float, float]] = {}
        self._refused: dict[str, _Refused] = {}

    def accept(self, name: str, value: float, at: float) -> None:
        """Take a value as it is."""
        self._accepted[name] = value, at
        self._refused.pop(name, None)

    def judge(self, name: str, value: float, at: float, *, often: bool = False) -> str | None:
        """Take a value, or say what is wrong with it: ``step_back`` or ``jump``.

        A counter that comes every few seconds has less room to jump than an hourly one.
        """
        room = _ROOM_OFTEN if often else _ROOM_HOURLY
        before = self._accepted.get(name)
        wrong = None if before is None else _wrong(value, at, *before, room)
        if wrong is not None and not self._insists(name, value, at, room):
            return wrong
        self.accept(name, value, at)
        return None

    def refuses(self, name: str) -> bool:
        """Whether the last value of a counter was refused."""
        return name in self._refused

    def _insists(self, name: str, value: float, at: float, room: float) -> bool:
        """Whether values like this one have been coming for long enough."""
        refused = self._refused.get(name)
        if refused is None or _wrong(value, at, refused.value, refused.at, room) is not None:
            self._refused[name] = _Refused(value=value, at=at, since=at)
            return False
        refused.value, refused.at = value, at
        refused.count += 1
        return refused.count >= _ENOUGH and at - refused.since >= _LONG_ENOUGH


def _wrong(value: float, at: float, before: float, before_at: float, room: float) -> str | None:
    if value < before:
        return "step_back"
    hours = max(at - before_at, 0) / 3600 + room
    return "jump" if value - before > LARGEST_POWER * hours else None
