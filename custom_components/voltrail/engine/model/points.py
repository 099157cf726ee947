"""What a value means: the vocabulary that devices and user interfaces share.

A register is declared once, with its meaning on the same line::

    voltage_l1 = measure(float32(306), Quantity.VOLTAGE, phase=1)

The field stays what it was, a typed attribute of its component; the meaning is kept
beside it and found again by :func:`points_of`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum, IntEnum, StrEnum
from typing import Any, Self, overload, override
from weakref import WeakKeyDictionary

from modbus_connection.model import FloatField, NumberField, RegisterField

type Value = int | float | bool | str | Enum | datetime | None


class Quantity(StrEnum):
    """A physical quantity. It implies the unit, and how it is shown."""

    CURRENT = "current"
    VOLTAGE = "voltage"
    POWER = "power"
    REACTIVE_POWER = "reactive_power"
    APPARENT_POWER = "apparent_power"
    ENERGY = "energy"
    """A counter that only grows, over the life of the device."""
    SESSION_ENERGY = "session_energy"
    """A counter that starts again by design: per session, per day."""
    STORED_ENERGY = "stored_energy"
    """An amount of energy that goes up and down, or a setting."""
    REACTIVE_ENERGY = "reactive_energy"
    APPARENT_ENERGY = "apparent_energy"
    FREQUENCY = "frequency"
    POWER_FACTOR = "power_factor"
    TEMPERATURE = "temperature"
    DURATION = "duration"
    STATE_OF_CHARGE = "state_of_charge"
    """How full a battery is; not how full it should be."""
    RATIO = "ratio"
    CHARGE = "charge"
    COUNT = "count"
    """A plain number: sessions, stations, phases, a raw code."""
    TOTAL_COUNT = "total_count"
    """A number of events that only grows."""
    VOLUME = "volume"
    SPEED = "speed"
    ROTATION = "rotation"
    PRESSURE = "pressure"
    IRRADIANCE = "irradiance"
    HUMIDITY = "humidity"
    ANGLE = "angle"
    COORDINATE = "coordinate"
    """A latitude or a longitude."""
    DISTANCE = "distance"
    CARBON_DIOXIDE = "carbon_dioxide"
    PARTICULATES = "particulates"
    """Fine dust, PM2.5."""
    ILLUMINANCE = "illuminance"
    PRICE = "price"
    """What a kWh costs, in the money of the house."""

    @property
    def unit(self) -> str:
        """The unit every value of this quantity has in the engine; "" for a plain number."""
        return _UNITS.get(self, "")


_UNITS: dict[Quantity, str] = {
    Quantity.CURRENT: "A",
    Quantity.VOLTAGE: "V",
    Quantity.POWER: "W",
    Quantity.REACTIVE_POWER: "var",
    Quantity.APPARENT_POWER: "VA",
    Quantity.ENERGY: "Wh",
    Quantity.SESSION_ENERGY: "Wh",
    Quantity.STORED_ENERGY: "Wh",
    Quantity.REACTIVE_ENERGY: "varh",
    Quantity.APPARENT_ENERGY: "VAh",
    Quantity.FREQUENCY: "Hz",
    Quantity.TEMPERATURE: "°C",
    Quantity.DURATION: "s",
    Quantity.STATE_OF_CHARGE: "%",
    Quantity.RATIO: "%",
    Quantity.CHARGE: "Ah",
    Quantity.VOLUME: "m³",
    Quantity.SPEED: "m/s",
    Quantity.ROTATION: "rpm",
    Quantity.PRESSURE: "kPa",
    Quantity.IRRADIANCE: "W/m²",
    Quantity.HUMIDITY: "%",
    Quantity.ANGLE: "°",
    Quantity.COORDINATE: "°",
    Quantity.DISTANCE: "m",
    Quantity.CARBON_DIOXIDE: "ppm",
    Quantity.PARTICULATES: "µg/m³",
    Quantity.ILLUMINANCE: "lx",
}


class Aspect(StrEnum):
    """What a yes means, for a value that is only yes or no."""

    PLAIN = "plain"
    PROBLEM = "problem"
    RUNNING = "running"
    CHARGING = "charging"
    CONNECTED = "connected"
    PLUGGED = "plugged"
    LOCKED = "locked"
    POWERED = "powered"


class Tier(StrEnum):
    """Whom a value is for."""

    MAIN = "main"
    """Everybody: shown on the device page and in dashboards."""
    DETAIL = "detail"
    """The curious: shown as diagnostic."""
    EXPERT = "expert"
    """The installer: diagnostic, and disabled until a person enables it."""


class Kind(StrEnum):
    """The form of a value."""

    NUMBER = "number"
    STATE = "state"
    FLAG = "flag"
    TEXT = "text"
    MOMENT = "moment"


class UnknownCode(int):
    """A code that the device's documents do not name.

    Firmware grows new states; one of them must never break the rest. It is neither a
    member of the enumeration nor ``None``: the number is kept and shown.
    """

    __slots__ = ()

    @override
    def __str__(self) -> str:
        return f"unknown ({int(self)})"


@dataclass(frozen=True, kw_only=True)
class Point:
    """The meaning of one value."""

    kind: Kind
    quantity: Quantity | None = None
    states: type[Enum] | None = None
    aspect: Aspect | None = None
    tier: Tier = Tier.MAIN
    phase: str = ""
    """"L1", or "L1-L2" for a line-to-line value."""
    number: int | None = None
    """Which one, where a device has several of the same inside (trackers, inputs)."""
    private: bool = False
    """Identifies a person, a card or a place; kept out of diagnostics."""
    disabled_until_seen: bool = False
    """Many units of this kind never have it. Where it has no value when the device is met,
    it is offered switched off, until it has one."""
    spare: bool = False
    """Says what another value says as well, or only counts down: a new installation begins with
    it switched off."""
    resolution: float | None = None
    """The smallest difference that the register can tell, in the quantity's unit."""
    called: str = ""
    """The word to translate, where the attribute's name alone says too little on the page of the
    device. The name stays what programs know it by."""
    tier_given: bool = field(default=True, compare=False, repr=False)
    """Whether the declaration names the tier, so that its class does not."""

    def word(self, name: str) -> str:
        """Return the attribute's name without its phase or number: the word to translate."""
        name = self.called or name
        for suffix, kept in ((self._phase_suffix, "_phase"), (self._number_suffix, "_number")):
            if suffix:
                name = name.removesuffix(suffix) + kept
        return name

    @property
    def _phase_suffix(self) -> str:
        return f"_{self.phase.lower().replace('-', '_')}" if self.phase else ""

    @property
    def _number_suffix(self) -> str:
        return "" if self.number is None else f"_{self.number}"


_POINTS: WeakKeyDictionary[RegisterField[Any], Point] = WeakKeyDictionary()
_BEHIND: WeakKeyDictionary[RegisterField[Any], Point] = WeakKeyDictionary()

type Phase = int | tuple[int, int]


def _phase(phase: Phase | None) -> str:
    if phase is None:
        return ""
    return "-".join(f"L{number}" for number in ((phase,) if isinstance(phase, int) else phase))


class Tiered:
    """A class whose values have a tier of its own, unless their declaration names another.

    ``class Battery(Tiered, Component, tier=Tier.EXPERT)``: without a tier it is ``Tier.MAIN``.
    """

    @override
    def __init_subclass__(cls, *, tier: Tier | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if tier is None:
            return
        for attribute in vars(cls).values():
            if isinstance(attribute, Derived):
                attribute.point = _tiered(attribute.point, tier)
            elif isinstance(attribute, RegisterField) and attribute in _POINTS:
                _POINTS[attribute] = _tiered(_POINTS[attribute], tier)


def _tiered(point: Point, tier: Tier) -> Point:
    return point if point.tier_given else replace(point, tier=tier)


def _point(kind: Kind, tier: Tier | None, phase: Phase | None = None, **meaning: Any) -> Point:
    return Point(
        kind=kind,
        tier=tier or Tier.MAIN,
        tier_given=tier is not None,
        phase=_phase(phase),
        **meaning,
    )


def measure[F: NumberField[int] | NumberField[float] | FloatField](
    field: F,
    quantity: Quantity,
    *,
    phase: Phase | None = None,
    number: int | None = None,
    tier: Tier | None = None,
    private: bool = False,
    disabled_until_seen: bool = False,
    spare: bool = False,
) -> F:
    """Declare a register as a measured quantity, already scaled to the quantity's unit."""
    _POINTS[field] = _point(
        Kind.NUMBER,
        tier,
        phase,
        quantity=quantity,
        number=number,
        private=private,
        disabled_until_seen=disabled_until_seen,
        spare=spare,
        resolution=abs(field.scale) if isinstance(field, NumberField) else None,
    )
    return field


def counted[F: NumberField[int] | NumberField[float]](field: F) -> F:
    """Declare a counter of energy that is only shown as a part of a sum.

    It is no value of its own, but what cannot be true of it cannot be true of the sum either.
    """
    _BEHIND[field] = _point(
        Kind.NUMBER, None, quantity=Quantity.ENERGY, resolution=abs(field.scale)
    )
    return field


def phases[F: NumberField[int] | NumberField[float] | FloatField](
    form: Callable[..., F],
    addresses: tuple[int, int, int],
    quantity: Quantity,
    *,
    tier: Tier | None = None,
    disabled_until_seen: bool = False,
    spare: bool = False,
    **traits: Any,
) -> tuple[F, F, F]:
    """Declare one quantity of the three phases, each in a register of its own.

    ``voltage_l1, voltage_l2, voltage_l3 = phases(uint16, (10, 12, 14), Quantity.VOLTAGE)``.
    ``traits`` go to the form; a tuple among them holds one trait for each phase.
    """
    l1, l2, l3 = (
        measure(
            form(
                address,
                **{
                    name: trait[place] if isinstance(trait, tuple) else trait
                    for name, trait in traits.items()
                },
            ),
            quantity,
            phase=place + 1,
            tier=tier,
            disabled_until_seen=disabled_until_seen,
            spare=spare,
        )
        for place, address in enumerate(addresses)
    )
    return l1, l2, l3


def enumerated[E: IntEnum](
    field: NumberField[E],
    *,
    phase: Phase | None = None,
    number: int | None = None,
    tier: Tier | None = None,
) -> NumberField[E]:
    """Declare a register as one of several states.

    A code that the enumeration does not have reads as :class:`UnknownCode`.
    """
    states = field.convert
    if not (isinstance(states, type) and issubclass(states, IntEnum)):
        msg = "enumerated() takes a field made by enum()"
        raise TypeError(msg)
    known = {int(member): member for member in states}
    field.convert = lambda raw: known.get(raw, UnknownCode(raw))
    _POINTS[field] = _point(Kind.STATE, tier, phase, states=states, number=number)
    return field


def flag[F: RegisterField[bool] | RegisterField[int]](
    field: F,
    aspect: Aspect = Aspect.PLAIN,
    *,
    phase: Phase | None = None,
    number: int | None = None,
    tier: Tier | None = None,
) -> F:
    """Declare a register or a bit as a yes or no."""
    _POINTS[field] = _point(Kind.FLAG, tier, phase, aspect=aspect, number=number)
    return field


def text[F: RegisterField[Any]](
    field: F,
    *,
    tier: Tier | None = None,
    number: int | None = None,
    private: bool = False,
) -> F:
    """Declare registers as a text; ``Tier.DETAIL`` unless it or its class has another tier."""
    point = _point(Kind.TEXT, tier, number=number, private=private)
    _POINTS[field] = _tiered(point, Tier.DETAIL)
    return field


class Derived[O, V]:
    """A value that is worked out from others: a property with a meaning."""

    def __init__(
        self, compute: Callable[[O], V | None], point: Point, depends_on: tuple[str, ...]
    ) -> None:
        self._compute = compute
        self.point = point
        self.depends_on = depends_on
        """The components it is worked out from; empty for "the component it stands in"."""
        self.__doc__ = compute.__doc__

    @overload
    def __get__(self, obj: None, owner: type) -> Self: ...

    @overload
    def __get__(self, obj: O, owner: type) -> V | None: ...

    def __get__(self, obj: O | None, owner: type) -> Self | V | None:
        return self if obj is None else self._compute(obj)


def derived[O, V](
    meaning: Quantity | Aspect | Kind | type[Enum],
    *,
    depends_on: tuple[str, ...] = (),
    phase: Phase | None = None,
    number: int | None = None,
    tier: Tier | None = None,
    private: bool = False,
    spare: bool = False,
    called: str = "",
) -> Callable[[Callable[[O], V | None]], Derived[O, V]]:
    """Declare a method as a value of its own, with what it means.

    ``depends_on`` names the components whose registers it looks at. If one of them
    failed, the value is not available.
    """
    kind, quantity, aspect, states = Kind.TEXT, None, None, None
    if isinstance(meaning, Quantity):
        kind, quantity = Kind.NUMBER, meaning
    elif isinstance(meaning, Aspect):
        kind, aspect = Kind.FLAG, meaning
    elif isinstance(meaning, Kind):
        kind = meaning
    else:
        kind, states = Kind.STATE, meaning
    point = _point(
        kind,
        tier,
        phase,
        quantity=quantity,
        aspect=aspect,
        states=states,
        number=number,
        private=private,
        spare=spare,
        called=called,
    )

    def declare(compute: Callable[[O], V | None]) -> Derived[O, V]:
        return Derived(compute, point, depends_on)

    return declare


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A value found on a class: its name, its meaning and what it looks at."""

    name: str
    point: Point
    depends_on: tuple[str, ...]


def points_behind(owner: type) -> Mapping[str, Point]:
    """Return the meaning of the registers that are not shown, but that a shown value is made of."""
    return {
        name: _BEHIND[attribute]
        for klass in reversed(owner.__mro__)
        for name, attribute in vars(klass).items()
        if isinstance(attribute, RegisterField) and attribute in _BEHIND
    }


_DECLARED: WeakKeyDictionary[type, tuple[Declared, ...]] = WeakKeyDictionary()


def points_of(owner: type) -> tuple[Declared, ...]:
    """Return every value that a class declares, in the order of its declaration.

    A name that a subclass sets to ``None`` is one that this variant does not have. A class is
    looked through once: a GX has a thousand values, and is asked for them several times at a start.
    """
    if (known := _DECLARED.get(owner)) is None:
        known = _DECLARED[owner] = tuple(_declared(owner))
    return known


def _declared(owner: type) -> Iterable[Declared]:
    found: dict[str, Declared] = {}
    for klass in reversed(owner.__mro__):
        for name, attribute in vars(klass).items():
            if isinstance(attribute, Derived):
                found[name] = Declared(
                    name=name, point=attribute.point, depends_on=attribute.depends_on
                )
            elif isinstance(attribute, RegisterField) and attribute in _POINTS:
                found[name] = Declared(name=name, point=_POINTS[attribute], depends_on=())
            else:
                found.pop(name, None)
    return found.values()
