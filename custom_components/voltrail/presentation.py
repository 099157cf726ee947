"""How the engine's vocabulary is shown: the only file that knows both languages."""

from dataclasses import dataclass
from typing import Final

from homeassistant.components.binary_sensor import BinarySensorDeviceClass
from homeassistant.components.number import NumberDeviceClass
from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import EntityCategory, UnitOfEnergy, UnitOfReactiveEnergy, UnitOfTime

from .engine.model.parts import Part
from .engine.model.points import Aspect, Point, Quantity, Tier


@dataclass(frozen=True, kw_only=True)
class Traits:
    """How a quantity is shown."""

    sensor: SensorDeviceClass | None = None
    number: NumberDeviceClass | None = None
    state: SensorStateClass | None = SensorStateClass.MEASUREMENT
    shown_unit: str | None = None
    """The unit people want to see, where it is not the engine's."""
    decimals: int | None = None
    step: float = 0.0
    """The smallest change that is worth a row in the recorder at once, in the engine's unit; a
    smaller one waits for the pause. Without step and share every change is written."""
    share: float = 0.0
    """The same as a share of what is shown; the larger of both counts."""
    pause: float = 60.0
    """Seconds for which a smaller change may wait; it always lands."""


@dataclass(frozen=True, kw_only=True)
class Band:
    """The changes of a number that may wait before they are written."""

    step: float
    share: float
    pause: float

    def holds(self, shown: float, new: float) -> bool:
        """Whether a change is a small one."""
        return abs(new - shown) < max(self.step, self.share * abs(shown))


QUANTITIES: Final[dict[Quantity, Traits]] = {
    Quantity.CURRENT: Traits(
        sensor=SensorDeviceClass.CURRENT, number=NumberDeviceClass.CURRENT, decimals=1, step=0.5
    ),
    Quantity.VOLTAGE: Traits(
        sensor=SensorDeviceClass.VOLTAGE, number=NumberDeviceClass.VOLTAGE, decimals=1, share=0.01
    ),
    Quantity.POWER: Traits(
        sensor=SensorDeviceClass.POWER,
        number=NumberDeviceClass.POWER,
        decimals=0,
        step=50,
        share=0.05,
    ),
    Quantity.REACTIVE_POWER: Traits(
        sensor=SensorDeviceClass.REACTIVE_POWER,
        number=NumberDeviceClass.REACTIVE_POWER,
        decimals=0,
        step=50,
        share=0.05,
    ),
    Quantity.APPARENT_POWER: Traits(
        sensor=SensorDeviceClass.APPARENT_POWER,
        number=NumberDeviceClass.APPARENT_POWER,
        decimals=0,
        step=50,
        share=0.05,
    ),
    Quantity.ENERGY: Traits(
        sensor=SensorDeviceClass.ENERGY,
        number=NumberDeviceClass.ENERGY,
        state=SensorStateClass.TOTAL_INCREASING,
        shown_unit=UnitOfEnergy.KILO_WATT_HOUR,
        decimals=2,
    ),
    Quantity.SESSION_ENERGY: Traits(
        sensor=SensorDeviceClass.ENERGY,
        number=NumberDeviceClass.ENERGY,
        state=SensorStateClass.TOTAL_INCREASING,
        shown_unit=UnitOfEnergy.KILO_WATT_HOUR,
        decimals=2,
    ),
    Quantity.STORED_ENERGY: Traits(
        sensor=SensorDeviceClass.ENERGY_STORAGE,
        number=NumberDeviceClass.ENERGY_STORAGE,
        shown_unit=UnitOfEnergy.KILO_WATT_HOUR,
        decimals=1,
    ),
    Quantity.REACTIVE_ENERGY: Traits(
        sensor=SensorDeviceClass.REACTIVE_ENERGY,
        number=NumberDeviceClass.REACTIVE_ENERGY,
        state=SensorStateClass.TOTAL_INCREASING,
        shown_unit=UnitOfReactiveEnergy.KILO_VOLT_AMPERE_REACTIVE_HOUR,
        decimals=2,
    ),
    Quantity.APPARENT_ENERGY: Traits(state=SensorStateClass.TOTAL_INCREASING, decimals=0),
    Quantity.FREQUENCY: Traits(
        sensor=SensorDeviceClass.FREQUENCY, number=NumberDeviceClass.FREQUENCY, decimals=2, step=0.1
    ),
    Quantity.POWER_FACTOR: Traits(
        sensor=SensorDeviceClass.POWER_FACTOR,
        number=NumberDeviceClass.POWER_FACTOR,
        decimals=2,
        step=0.1,
    ),
    Quantity.TEMPERATURE: Traits(
        sensor=SensorDeviceClass.TEMPERATURE,
        number=NumberDeviceClass.TEMPERATURE,
        decimals=1,
        step=0.5,
    ),
    Quantity.DURATION: Traits(
        sensor=SensorDeviceClass.DURATION,
        number=NumberDeviceClass.DURATION,
        state=None,
        decimals=0,
        step=60,
    ),
    Quantity.STATE_OF_CHARGE: Traits(
        sensor=SensorDeviceClass.BATTERY, number=NumberDeviceClass.BATTERY, decimals=0, step=1
    ),
    Quantity.RATIO: Traits(decimals=0),
    Quantity.CHARGE: Traits(decimals=1, step=1, share=0.01),
    Quantity.COUNT: Traits(state=None, decimals=0),
    Quantity.TOTAL_COUNT: Traits(state=SensorStateClass.TOTAL_INCREASING, decimals=0),
    Quantity.VOLUME: Traits(
        sensor=SensorDeviceClass.VOLUME_STORAGE,
        number=NumberDeviceClass.VOLUME_STORAGE,
        decimals=3,
    ),
    Quantity.SPEED: Traits(sensor=SensorDeviceClass.SPEED, number=NumberDeviceClass.SPEED, step=1),
    Quantity.ROTATION: Traits(decimals=0, step=50, share=0.05),
    Quantity.PRESSURE: Traits(
        sensor=SensorDeviceClass.PRESSURE, number=NumberDeviceClass.PRESSURE, decimals=1, share=0.01
    ),
    Quantity.IRRADIANCE: Traits(
        sensor=SensorDeviceClass.IRRADIANCE,
        number=NumberDeviceClass.IRRADIANCE,
        decimals=0,
        step=50,
        share=0.05,
    ),
    Quantity.HUMIDITY: Traits(
        sensor=SensorDeviceClass.HUMIDITY, number=NumberDeviceClass.HUMIDITY, decimals=0, step=1
    ),
    Quantity.ANGLE: Traits(state=SensorStateClass.MEASUREMENT_ANGLE, decimals=0, step=5),
    # About a metre. The mean of places is no place.
    Quantity.COORDINATE: Traits(state=None, decimals=5),
    Quantity.CARBON_DIOXIDE: Traits(sensor=SensorDeviceClass.CO2, decimals=0, step=50),
    Quantity.PARTICULATES: Traits(sensor=SensorDeviceClass.PM25, decimals=0, step=5),
    Quantity.ILLUMINANCE: Traits(
        sensor=SensorDeviceClass.ILLUMINANCE, decimals=0, step=50, share=0.05
    ),
    # The money of the house is not known here.
    Quantity.PRICE: Traits(decimals=3),
    Quantity.DISTANCE: Traits(
        sensor=SensorDeviceClass.DISTANCE, number=NumberDeviceClass.DISTANCE, decimals=0
    ),
}

NAMED_BY_CLASS: Final = frozenset(
    {
        Quantity.CURRENT,
        Quantity.VOLTAGE,
        Quantity.POWER,
        Quantity.REACTIVE_POWER,
        Quantity.APPARENT_POWER,
        Quantity.FREQUENCY,
        Quantity.POWER_FACTOR,
        Quantity.TEMPERATURE,
    }
)
"""Quantities whose device class is the right name for a value called the same."""

ASPECTS: Final[dict[Aspect, BinarySensorDeviceClass | None]] = {
    Aspect.PLAIN: None,
    Aspect.PROBLEM: BinarySensorDeviceClass.PROBLEM,
    Aspect.RUNNING: BinarySensorDeviceClass.RUNNING,
    Aspect.CHARGING: BinarySensorDeviceClass.BATTERY_CHARGING,
    Aspect.CONNECTED: BinarySensorDeviceClass.CONNECTIVITY,
    Aspect.PLUGGED: BinarySensorDeviceClass.PLUG,
    # Home Assistant's lock class says "on" for unlocked, so a plain yes is clearer.
    Aspect.LOCKED: None,
    Aspect.POWERED: BinarySensorDeviceClass.POWER,
}

READING_CATEGORY: Final = {
    Tier.MAIN: None,
    Tier.DETAIL: EntityCategory.DIAGNOSTIC,
    Tier.EXPERT: EntityCategory.DIAGNOSTIC,
}

TURNED: Final = {Quantity.CURRENT: 1.0, Quantity.POWER: 100.0}
"""What a person turns a number by, where the device takes it in finer steps."""

CONTROL_CATEGORY: Final = {
    Tier.MAIN: None,
    Tier.DETAIL: EntityCategory.CONFIG,
    Tier.EXPERT: EntityCategory.CONFIG,
}


def named_by_class(quantity: Quantity | None, word: str) -> bool:
    """Whether the device class already gives a value its name."""
    return quantity in NAMED_BY_CLASS and word == quantity


def native_unit(quantity: Quantity) -> str | None:
    """Return the unit for Home Assistant; its words are the engine's."""
    return quantity.unit or None


def number_unit(quantity: Quantity) -> str | None:
    """Return the unit of what can be set: a number has no other than its native one."""
    return QUANTITIES[quantity].shown_unit or native_unit(quantity)


def number_scale(quantity: Quantity) -> float:
    """Return how many of the engine's units are one of what can be set."""
    return 1000.0 if QUANTITIES[quantity].shown_unit is not None else 1.0


def shown_unit(quantity: Quantity, tier: Tier) -> str | None:
    """Return the unit that people want to see; None if it is the engine's."""
    if quantity is Quantity.DURATION and tier is Tier.MAIN:
        # How long a car has been charging; the frontend shows it in hours and minutes.
        return UnitOfTime.HOURS
    return QUANTITIES[quantity].shown_unit


def sensor_class(point: Point, part: Part | None) -> SensorDeviceClass | None:
    """Return the device class of a measured value."""
    assert point.quantity is not None, "it is measured"
    if point.quantity is Quantity.STATE_OF_CHARGE and (part or point.tier is not Tier.MAIN):
        # One house battery that runs low is one low battery, however many devices tell of it.
        return None
    return QUANTITIES[point.quantity].sensor


def enabled_at_first(point: Point) -> bool:
    """Whether a new installation shows a value without being asked to.

    The voltages of the mains never stand still, and few people look at them.
    """
    mains = point.quantity is Quantity.VOLTAGE and point.phase != ""
    return point.tier is not Tier.EXPERT and not point.spare and not mains


def band(point: Point) -> Band | None:
    """Return which changes of a value may wait; None where each is written at once.

    States, counters and texts are: only what is measured wavers without a meaning.
    """
    traits = None if point.quantity is None else QUANTITIES[point.quantity]
    if traits is None or not (traits.step or traits.share):
        return None
    share = traits.share
    if point.quantity is Quantity.CURRENT and not point.phase:
        # Of a direct current half an ampere is little power.
        share = QUANTITIES[Quantity.POWER].share
    return Band(step=traits.step, share=share, pause=traits.pause)


def decimals(point: Point) -> int | None:
    """Return how many decimals are shown: no more than the hardware tells apart."""
    assert point.quantity is not None, "it is measured"
    unit = shown_unit(point.quantity, point.tier)
    if unit == UnitOfTime.HOURS:
        # So that the minutes, which are made of it, are right.
        return 4
    wanted = QUANTITIES[point.quantity].decimals
    if wanted is None or point.resolution is None:
        return wanted
    step = point.resolution / (1 if unit is None else 1000)
    for fewer in range(wanted):
        if abs(round(step, fewer) - step) < step / 100:
            return fewer
    return wanted
