"""A block of registers of one service, as the running firmware has it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, ClassVar, Final, override

from modbus_connection import ModbusUnit
from modbus_connection.model import Component, Range, RegisterField

from ...model.controls import Bounds
from ...model.points import (
    Aspect,
    Derived,
    Kind,
    Point,
    Quantity,
    Tier,
    Tiered,
    derived,
    points_of,
)
from .fields import GxNumber, Zero, at
from .states import Alarm
from .write_limits import Setting, WriteLimits

COUNTED: Final = frozenset({Quantity.ENERGY, Quantity.TOTAL_COUNT})
"""Quantities that only grow."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a component is read from, and under which rules."""

    unit: ModbusUnit
    unit_id: int
    server: int
    """The version of the Modbus server, 1.0.x."""
    ranges: tuple[Range, ...]
    """What can be read in one go: the service's registers, cut at the firmware's holes."""
    write_limits: WriteLimits
    seen: Callable[[], None]
    """Called when a counter was seen to count for the first time."""


class GxComponent(Tiered, Component):
    """Registers of one service.

    It keeps to what the firmware has, reads a 0 that means "no value" as None, and refuses to
    write what the write limits forbid.
    """

    served_with: ClassVar[dict[str, str]] = {}
    """Derived values, by the register without which they make no sense."""

    def __init__(self, place: Place) -> None:
        super().__init__(place.unit)
        self.unit_id = place.unit_id
        self._write_limits = place.write_limits
        self._on_seen = place.seen
        # The library's own restriction reshapes ranges around the dropped fields; here the
        # whole readable map of the service is known, so it is stated instead.
        self._register_fields: dict[str, RegisterField[Any]] = {
            name: served
            for name, field in self._register_fields.items()
            if (served := at(field, place.server)) is not None
        }
        self.register_ranges = place.ranges
        self.counters_seen: set[str] = set()
        """The counters that have been above 0, so that they are missed when they have no value."""
        self._seen: set[str] = set()
        self._lived: set[frozenset[str]] = set()
        self._phases_seen: set[str] = set()
        self.phases_known: int | None = None
        """The number of phases that was told last; it outlasts a glitch."""

    def register(self, name: str) -> GxNumber[Any] | None:
        """Return the number register behind an attribute, if this firmware has one."""
        field = self._register_fields.get(name)
        return field if isinstance(field, GxNumber) else None

    @cached_property
    def _points(self) -> dict[str, Point]:
        return {declared.name: declared.point for declared in points_of(type(self))}

    def point(self, name: str) -> Point:
        """Return the meaning of a register."""
        # Commands, and halves of a value, have none of their own to show.
        return self._points.get(name) or Point(kind=Kind.NUMBER)

    # -- zeros that are no values ----------------------------------------------

    @cached_property
    def _zeros(self) -> dict[str, tuple[Zero, frozenset[str]]]:
        """What a 0 means, and the lifelines, of each register whose 0 may be no value."""
        numbers = {
            name: (field, _lifelines(declared))
            for name, declared in type(self).declared_fields.items()
            if (field := self.register(name)) is not None and isinstance(declared, GxNumber)
        }
        groups = {lifelines for _, lifelines in numbers.values()}
        found: dict[str, tuple[Zero, frozenset[str]]] = {}
        for name, (field, lifelines) in numbers.items():
            zero = field.zero
            if self.point(name).quantity in COUNTED and not lifelines:
                zero = Zero.COUNTER
            # A single lifeline is its own one: it has no value at 0.
            needed = frozenset({name}) if frozenset({name}) in groups else lifelines
            if zero in (Zero.UNTIL_SEEN, Zero.COUNTER) or needed:
                found[name] = (zero, needed)
        return found

    @cached_property
    def _phases(self) -> dict[str, tuple[str, ...]]:
        """The numbers of the second and third phase; the first one is always there."""
        found: dict[str, list[str]] = {}
        for name, point in self._points.items():
            if (
                point.kind is Kind.NUMBER
                and point.phase in ("L2", "L3")
                and name in self._register_fields
            ):
                found.setdefault(point.phase, []).append(name)
        return {phase: tuple(names) for phase, names in found.items()}

    @property
    def phases_told(self) -> int | None:
        """The number of phases, where the device tells it."""
        return None

    @override
    def _verify_read(self) -> None:
        self.phases_known = self.phases_told or self.phases_known
        self._hide_zeros()
        for phase, names in self._phases.items():
            if not self._has_phase(phase):
                self._values.update(dict.fromkeys(names))

    def _hide_zeros(self) -> None:
        values = self._values
        for name, (zero, lifelines) in self._zeros.items():
            if values.get(name):
                self._note_seen(name, zero)
            elif (
                zero is Zero.COUNTER
                or (zero is Zero.UNTIL_SEEN and name not in self._seen)
                or (lifelines and not self._alive(lifelines))
            ):
                values[name] = None

    def _alive(self, lifelines: frozenset[str]) -> bool:
        values = self._values
        if any(values.get(name) for name in lifelines):
            self._lived.add(lifelines)
            return True
        # A meter that has none of several lifelines is alive while it tells anything at all.
        return (
            len(lifelines) > 1
            and lifelines not in self._lived
            and any(value for name, value in values.items() if name not in lifelines)
        )

    def _note_seen(self, name: str, zero: Zero) -> None:
        if zero is Zero.UNTIL_SEEN:
            self._seen.add(name)
        elif zero is Zero.COUNTER and name not in self.counters_seen:
            self.counters_seen.add(name)
            self._on_seen()

    def _has_phase(self, phase: str) -> bool:
        """Whether a phase is connected: told, or anything on it was ever above 0."""
        if self.phases_known is not None:
            return int(phase[1]) <= self.phases_known
        if phase not in self._phases_seen and any(
            self._values.get(name) for name in self._phases[phase]
        ):
            self._phases_seen.add(phase)
        return phase in self._phases_seen

    def missing(self, name: str, phase: str) -> bool:
        """Whether a value has never been there: a sensor or a phase that is not fitted."""
        if phase in self._phases and not self._has_phase(phase):
            return True
        zero, _ = self._zeros.get(name, (Zero.REAL, frozenset()))
        return zero is Zero.UNTIL_SEEN and name not in self._seen

    def counted(self, *names: str) -> float | None:
        """Return the sum of several counters; None while one that counted has no value."""
        values = [self._values.get(name) for name in names]
        if any(
            value is None and name in self.counters_seen
            for name, value in zip(names, values, strict=True)
        ):
            return None
        return total(*values)

    # -- writing ---------------------------------------------------------------

    def setting(self, name: str) -> Setting | None:
        """Return what may be written to an attribute."""
        field = self.register(name)
        return None if field is None else field.setting

    def bounds(self, name: str) -> Bounds | None:
        """Return the bounds of an attribute; None if it may not be written here."""
        field = self.register(name)
        if field is None or field.setting is None:
            return None
        return self._write_limits.bounds(field.setting, field.step)

    def checked(self, field: str, value: float) -> float:
        """Return a value on the register's steps; refuse what the write limits forbid."""
        register = self.register(field)
        step = 1 if register is None or register.convert is not None else register.step
        return self._write_limits.check(field, self.setting(field), step, value)

    @override
    async def write(self, field: str, value: Any) -> None:
        # The last step before the wire: no caller gets past the write limits.
        await super().write(field, self.checked(field, float(value)))

    async def write_run(self, values: Mapping[str, float]) -> None:
        """Write registers that stand in a row, in one request."""
        words: dict[int, list[int]] = {}
        for name, value in values.items():
            register = self.register(name)
            assert register is not None, "only what this firmware has"
            words[register.address] = register.encode(self.checked(name, value))
        run = [word for address in sorted(words) for word in words[address]]
        await self.modbus_unit.write_registers(min(words), run)


class AlarmedComponent(GxComponent):
    """Registers of a service that reports alarms."""

    @cached_property
    def _alarms(self) -> tuple[str, ...]:
        return tuple(
            name
            for name, point in self._points.items()
            if point.states is Alarm and name in self._register_fields
        )

    @derived(Aspect.PROBLEM)
    def alarm_active(self) -> bool | None:
        """Whether any of the alarms is raised, a warning included."""
        states = [self._values.get(name) for name in self._alarms]
        if all(state is None for state in states):
            return None
        return any(states)


class DcComponent(GxComponent):
    """Registers of something on DC that tells its voltage and its current, but no power."""

    @derived(Quantity.POWER, tier=Tier.MAIN)
    def power(self) -> float | None:
        """Voltage times current, with the sign of the current."""
        return watts(self._values.get("voltage"), self._values.get("current"))


def phase_sum(
    word: str, *, tier: Tier | None = None, called: str = ""
) -> Derived[GxComponent, float]:
    """Declare the power of all phases together."""
    names = _phase_names(word)

    @derived(Quantity.POWER, tier=tier, called=called)
    def power(self: GxComponent) -> float | None:
        return total(*(getattr(self, name) for name in names))

    return power


def counter_sum(*names: str) -> Derived[GxComponent, float]:
    """Declare the sum of several counters, which has no value while one of them lost its own."""

    @derived(Quantity.ENERGY, tier=Tier.MAIN)
    def energy(self: GxComponent) -> float | None:
        return self.counted(*names)

    return energy


def moment(seconds: str, *, number: int | None = None) -> Derived[GxComponent, datetime]:
    """Declare the moment that a register holds in seconds since 1970; 0 is none."""

    @derived(Kind.MOMENT, number=number, tier=Tier.EXPERT)
    def value(self: GxComponent) -> datetime | None:
        since_1970: float | None = getattr(self, seconds)
        return datetime.fromtimestamp(since_1970, UTC) if since_1970 and since_1970 > 0 else None

    return value


def phase_counters(word: str) -> Derived[GxComponent, float]:
    """Declare the energy of all phases together."""
    return counter_sum(*_phase_names(word))


def _phase_names(word: str) -> tuple[str, ...]:
    return tuple(f"{word}_l{phase}" for phase in (1, 2, 3))


class PhasedInverter(AlarmedComponent):
    """Registers of an inverter/charger that tells how many phases it has."""

    input_power = phase_sum("input_power", tier=Tier.MAIN)
    """What comes in; negative goes to the mains."""
    output_power = phase_sum("output_power", tier=Tier.MAIN)
    """What goes to the loads."""

    @property
    @override
    def phases_told(self) -> int | None:
        phases: float | None = self._values.get("number_of_phases")
        return None if phases is None else int(phases)


def _lifelines(declared: GxNumber[Any]) -> frozenset[str]:
    lifeline = declared.lifeline
    return lifeline if isinstance(lifeline, frozenset) else frozenset(filter(None, (lifeline,)))


def total(*values: float | None) -> float | None:
    """Return the sum of what is known; None if nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def watts(voltage: float | None, current: float | None) -> float | None:
    """Return the power of a device that tells only what it is made of."""
    return None if voltage is None or current is None else round(voltage * current)


def unwrapped(narrow: float | None, near: float | None, span: float) -> float | None:
    """Return a value that wrapped around, put back to where a coarser twin says it is."""
    if narrow is None or near is None:
        return near if narrow is None else narrow
    return narrow + round((near - narrow) / span) * span


INT16_SPAN: Final = 1 << 16
