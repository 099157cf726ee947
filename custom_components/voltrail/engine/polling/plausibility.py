"""Answers that arrive undamaged and still cannot be true.

Behind a gateway, or while a device boots, a sound frame may hold nothing but zeros, nothing but
ones, or the pattern of "not a number". And a damaged counter is booked in statistics for good.
So an answer that cannot be true is read again before any of it is believed: it never reaches
the component, whose values stay as they were, and do not count as current meanwhile.

* An answer that is filled with ones or NaN all over, where it held values before.
* An answer that is filled with zeros, where a voltage, a frequency, a counter or a text stood in
  it. Where nothing of that kind did, zeros may well be true (a state, a set-point, a session that
  begins): they are believed if they are read twice and another part of the device reads well.
* A frequency or the voltage of a phase that becomes 0 beside other values: believed when it is
  read twice.
* A counter that steps back, or grows by more than the device can count in the time.

Every other 0 passes at once. And an answer that repeats for long enough is believed in the end.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

from modbus_connection import ModbusProtocolError
from modbus_connection.model import Component, RegisterField, ResolvedField

from ..model.points import Kind, Point, Quantity, UnknownCode, points_behind, points_of

ENERGIES: Final = frozenset({Quantity.ENERGY, Quantity.REACTIVE_ENERGY, Quantity.APPARENT_ENERGY})

_LARGEST: Final = {
    Quantity.CURRENT: 3000.0,
    Quantity.VOLTAGE: 3000.0,
    Quantity.FREQUENCY: 500.0,
    Quantity.ENERGY: 1e12,
}
"""Beyond these there is no such value: 65,535 A is a register without one."""

ROOM: Final = 900.0
"""Seconds at full power that a counter may be ahead: some count in steps, and some late."""

STEP_BACK: Final = 0.001
"""The share by which a counter may be behind: some round, and some add their phases up."""

EVENTS: Final = 1.0
"""Events that can happen in a second, for counters of events."""

TWICE: Final = 2
OFTEN: Final = 3


class Filling(StrEnum):
    """What an answer is filled with from end to end."""

    ZEROS = "nothing but zeros"
    ONES = "nothing but ones, or no numbers"


@dataclass(frozen=True, eq=False)
class Patience:
    """How often and for how long something has to be read until it is the truth."""

    reads: int
    seconds: float


ZEROS: Final = Patience(OFTEN, 60.0)
# A house may be without mains, but no value is all ones: it is only how "none" is said.
ONES: Final = Patience(OFTEN, 600.0)
JUMP: Final = Patience(OFTEN, 60.0)
SINGLE: Final = Patience(TWICE, 0.0)


class Place(NamedTuple):
    """Which answer of which component."""

    component: str
    space: str
    address: int


class DoubtfulAnswerError(ModbusProtocolError):
    """A sound answer that cannot be true."""

    def __init__(self, place: Place, what: str, *, proven: bool) -> None:
        super().__init__(f"{what} from {place.address} on")
        self.place = place
        self.proven = proven
        """Whether the answer alone shows it; if not, the rest of the device has to tell."""


@dataclass(frozen=True, eq=False)
class _Watched:
    """A value of an answer that tells whether the answer can be true."""

    name: str
    point: Point
    resolved: ResolvedField

    def decode(self, address: int, words: list[int]) -> Any:
        begin = self.resolved.address - address
        register = self.resolved.field
        assert isinstance(register, RegisterField), "only registers hold such values"
        return register.decode(words[begin : begin + self.resolved.count])

    def within(self, space: str, address: int, count: int) -> bool:
        mine = self.resolved
        return (
            mine.space == space
            and mine.scale_address is None
            and address <= mine.address
            and mine.address + mine.count <= address + count
        )


class _Answer(NamedTuple):
    """What of an answer tells whether it can be true."""

    values: tuple[_Watched, ...]
    never_zero: tuple[_Watched, ...]
    counters: tuple[_Watched, ...]


class _Known:
    """What of a component tells, sorted out once.

    To look at all points with each poll was a quarter of what a poll of a GX costs.
    """

    def __init__(self, component: Component) -> None:
        self.fields = component.resolved_fields
        self.values = tuple(_watched(component, self.fields.items()))
        self.bounded = tuple(
            (one.name, most)
            for one in self.values
            if one.point.quantity is not None
            and (most := _LARGEST.get(one.point.quantity)) is not None
        )
        self._answers: dict[tuple[str, int, int], _Answer] = {}

    def answer(self, space: str, address: int, count: int) -> _Answer:
        """Return what tells of an answer."""
        place = space, address, count
        if (found := self._answers.get(place)) is None:
            values = tuple(one for one in self.values if one.within(space, address, count))
            found = self._answers[place] = _Answer(
                values,
                tuple(one for one in values if _never_zero(one.point)),
                tuple(one for one in values if _counts(one.point)),
            )
        return found


@dataclass(kw_only=True)
class _Doubt:
    """Something that was read, and is not believed yet."""

    since: float
    jumped: Mapping[_Watched, float] = field(default_factory=dict)
    """The counters that are elsewhere than they can be, and where."""
    reads: int = 0
    believed: bool = False


@dataclass(frozen=True, kw_only=True)
class _Counted:
    """What a counter showed when it was believed last."""

    value: float
    at: float


class Plausibility:
    """Judges the answers of one device."""

    def __init__(self, now: Callable[[], float], largest_power: Callable[[], float]) -> None:
        self._now = now
        self._largest_power = largest_power
        self._filled: dict[Place, Filling | None] = {}
        self._zeros_known: set[Place] = set()
        self._doubts: dict[tuple[Place, Patience], _Doubt] = {}
        self._counted: dict[tuple[str, str], _Counted] = {}
        self._known: WeakKeyDictionary[Component, _Known] = WeakKeyDictionary()

    def screen(self, name: str, component: Component) -> Callable[[str, int, list[int]], None]:
        """Return what judges the answers that a component gets; it raises what it doubts."""
        return lambda space, address, words: self._judge(
            component, Place(name, space, address), words
        )

    def believe(self, doubted: DoubtfulAnswerError) -> None:
        """Believe a doubted answer when it comes once more."""
        for patience in (ZEROS, ONES):
            if (doubt := self._doubts.get((doubted.place, patience))) is not None:
                doubt.believed = True

    def lives(self, component: Component) -> bool:
        """Whether a component holds a value that an answer full of zeros would contradict."""
        return any(
            _vital(one.point) and getattr(component, one.name)
            for one in self._known_of(component).values
        )

    def prune(self, component: Component) -> None:
        """Drop values that cannot be true: the filler of a register without a value."""
        values = component._values  # noqa: SLF001 - where the library keeps them
        for name, most in self._known_of(component).bounded:
            value = values.get(name)
            if isinstance(value, (int, float)) and not -most <= value <= most:
                values[name] = None

    # -- one answer --

    def _judge(self, component: Component, place: Place, words: list[int]) -> None:
        filling = _filling(words)
        answer = self._known_of(component).answer(place.space, place.address, len(words))
        if filling is not None and self._filled.get(place, filling) is not filling:
            self._judge_filling(component, place, words, filling, answer.values)
        elif filling is None:
            self._judge_values(component, place, words, answer)
        if self._doubts:
            self._settle(place)
        self._filled[place] = filling
        if filling is Filling.ZEROS:
            self._zeros_known.add(place)

    def _judge_filling(
        self,
        component: Component,
        place: Place,
        words: list[int],
        filling: Filling,
        values: tuple[_Watched, ...],
    ) -> None:
        if filling is Filling.ZEROS:
            shown = any(_vital(one.point) and getattr(component, one.name) for one in values)
            # What was once true may be so again, such as an inverter at night.
            proven = shown and place not in self._zeros_known
            self._doubt(place, filling, ZEROS, proven=proven)
            return
        # The one register of a small answer may well be at -1.
        small = len(words) <= TWICE
        proven = not small or not any(_meant(one.decode(place.address, words)) for one in values)
        self._doubt(place, filling, ONES, proven=proven)

    def _judge_values(
        self, component: Component, place: Place, words: list[int], answer: _Answer
    ) -> None:
        zeros = [
            one.name
            for one in answer.never_zero
            if getattr(component, one.name) and one.decode(place.address, words) == 0
        ]
        counters = {}
        for one in answer.counters:
            value = one.decode(place.address, words)
            if isinstance(value, (int, float)) and value > 0:
                counters[one] = float(value)
        if zeros:
            self._doubt(place, f"0 as {', '.join(zeros)}", SINGLE, proven=True)
        self._judge_counters(place, counters)
        now = self._now()
        for one, value in counters.items():
            self._counted[place.component, one.name] = _Counted(value=value, at=now)

    def _judge_counters(self, place: Place, counters: Mapping[_Watched, float]) -> None:
        jumped = {
            one: value
            for one, value in counters.items()
            if (before := self._counted.get((place.component, one.name))) is not None
            and not self._follows(one, before, value)
        }
        if not jumped:
            return
        doubt = self._doubts.get((place, JUMP))
        if doubt is not None and not all(
            one in doubt.jumped
            and self._follows(one, _Counted(value=doubt.jumped[one], at=doubt.since), value)
            for one, value in jumped.items()
        ):
            # It goes on from somewhere else: what was doubted so far is wrong in any case.
            del self._doubts[place, JUMP]
        one, value = next(iter(jumped.items()))
        before = self._counted[place.component, one.name]
        what = f"{value:g} as {one.name} after {before.value:g}"
        self._doubt(place, what, JUMP, proven=True, jumped=jumped)

    def _follows(self, one: _Watched, before: _Counted, value: float) -> bool:
        """Whether a counter can have come from one value to another."""
        seconds = self._now() - before.at + ROOM
        if one.point.quantity in ENERGIES:
            most = self._largest_power() * seconds / 3600
        else:
            most = EVENTS * seconds
        step = one.point.resolution or 0.0
        if value < before.value - max(step, STEP_BACK * before.value):
            return _wrapped(one.resolved, before.value, value)
        return value <= before.value + most + step

    def _doubt(
        self,
        place: Place,
        what: str,
        patience: Patience,
        *,
        proven: bool,
        jumped: Mapping[_Watched, float] | None = None,
    ) -> None:
        """Doubt an answer, unless that has been done for long enough."""
        now = self._now()
        doubt = self._doubts.get((place, patience))
        if doubt is None:
            doubt = self._doubts[place, patience] = _Doubt(since=now, jumped=jumped or {})
        doubt.reads += 1
        lasts = doubt.reads >= patience.reads and now - doubt.since >= patience.seconds
        if not lasts and not doubt.believed:
            raise DoubtfulAnswerError(place, what, proven=proven)

    def _settle(self, place: Place) -> None:
        """Note that an answer is believed: nothing of it is doubted any more."""
        for patience in (ZEROS, ONES, JUMP, SINGLE):
            self._doubts.pop((place, patience), None)

    def _known_of(self, component: Component) -> _Known:
        """Return what of a component tells; found out once for as long as it has these fields."""
        known = self._known.get(component)
        if known is None or known.fields is not component.resolved_fields:
            known = self._known[component] = _Known(component)
        return known


def _watched(
    component: Component, fields: Iterable[tuple[str, ResolvedField]]
) -> Iterable[_Watched]:
    shown = {declared.name: declared.point for declared in points_of(type(component))}
    points = {**points_behind(type(component)), **shown}
    for name, resolved in fields:
        point = points.get(name)
        if point is not None and isinstance(resolved.field, RegisterField):
            yield _Watched(name, point, resolved)


def _filling(words: list[int]) -> Filling | None:
    if words and words[0] not in _FILLERS:
        # As most begin: there is no need to look at the rest.
        return None
    found = set(words)
    if found == {0}:
        return Filling.ZEROS
    # 7FFF FFFF and 7FC0 0000 are numbers that are none, too.
    ones = found <= {0xFFFF, 0x7FFF} or found == {0x7FC0, 0}
    return Filling.ONES if ones else None


_FILLERS: Final = frozenset({0, 0xFFFF, 0x7FFF, 0x7FC0})


def _counts(point: Point) -> bool:
    return point.quantity in ENERGIES or point.quantity is Quantity.TOTAL_COUNT


def _never_zero(point: Point) -> bool:
    """Whether a device that works has no 0 here: its mains are there."""
    return point.quantity is Quantity.FREQUENCY or (
        point.quantity is Quantity.VOLTAGE and bool(point.phase)
    )


def _vital(point: Point) -> bool:
    """Whether a value never becomes 0 together with everything around it."""
    return (
        point.quantity in (Quantity.FREQUENCY, Quantity.VOLTAGE)
        or _counts(point)
        or point.kind is Kind.TEXT
    )


def _meant(value: object) -> bool:
    """Whether a decoded value says something."""
    return value is not None and not isinstance(value, UnknownCode)


def _wrapped(resolved: ResolvedField, before: float, value: float) -> bool:
    """Whether a narrow counter went over its end."""
    scale: float = abs(getattr(resolved.field, "scale", 1.0))
    span = scale * 65536.0**resolved.count
    return before > 0.9 * span and value < 0.1 * span


__all__ = ["JUMP", "DoubtfulAnswerError", "Filling", "Patience", "Place", "Plausibility"]
