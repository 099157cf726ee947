"""How values are shown: no decimals that the hardware lacks, one battery per house."""

from typing import Any

import pytest
from homeassistant.components.sensor import SensorDeviceClass
from modbus_connection.model import FloatField, NumberField

from custom_components.voltrail.engine.model.parts import Part
from custom_components.voltrail.engine.model.points import (
    Kind,
    Point,
    Quantity,
    Tier,
    derived,
    measure,
    points_of,
)
from custom_components.voltrail.presentation import decimals, sensor_class, shown_unit

from .test_project import INTEGRATION, load


def declared(field: NumberField[Any] | FloatField, quantity: Quantity) -> Point:
    """Return what a register means."""
    owner = type("Owner", (), {"value": measure(field, quantity)})
    (found,) = points_of(owner)
    return found.point


@pytest.mark.parametrize(
    ("scale", "quantity", "expected"),
    [
        (1, Quantity.CURRENT, 0),
        (0.1, Quantity.CURRENT, 1),
        (0.001, Quantity.CURRENT, 1),
        (1, Quantity.ENERGY, 2),
        (100, Quantity.ENERGY, 1),
        (1000, Quantity.ENERGY, 0),
        (0.01, Quantity.FREQUENCY, 2),
        (1, Quantity.FREQUENCY, 0),
        (1, Quantity.POWER, 0),
    ],
)
def test_decimals_end_where_the_hardware_does(
    scale: float, quantity: Quantity, expected: int
) -> None:
    """16 A of a register in whole amperes are not 16.0 A, and 12 kWh not 12.00 kWh."""
    number: NumberField[float] = NumberField(1, scale=scale)
    assert decimals(declared(number, quantity)) == expected


def test_a_value_that_is_worked_out_keeps_its_decimals() -> None:
    """Nobody knows how fine it is."""

    class Owner:
        @derived(Quantity.ENERGY)
        def energy(self) -> float | None:
            return None

    (found,) = points_of(Owner)
    assert decimals(found.point) == 2


def test_a_session_lasts_hours_and_minutes() -> None:
    """The frontend makes them of hours; four decimals keep the minutes right."""
    main = Point(kind=Kind.NUMBER, quantity=Quantity.DURATION)
    assert shown_unit(Quantity.DURATION, Tier.MAIN) == "h"
    assert decimals(main) == 4
    assert shown_unit(Quantity.DURATION, Tier.DETAIL) is None


def test_one_battery_of_a_house_runs_low() -> None:
    """The system's; not once more for each device that knows of it, nor the car's."""
    main = Point(kind=Kind.NUMBER, quantity=Quantity.STATE_OF_CHARGE)
    detail = Point(kind=Kind.NUMBER, quantity=Quantity.STATE_OF_CHARGE, tier=Tier.DETAIL)
    part = Part(key="battery_225", word="battery", number=225)
    assert sensor_class(main, None) is SensorDeviceClass.BATTERY
    assert sensor_class(main, part) is None
    assert sensor_class(detail, None) is None
    assert sensor_class(Point(kind=Kind.NUMBER, quantity=Quantity.POWER), part) is not None


def test_words_on_the_page() -> None:
    """A name and its state read as one; a battery is no charging station."""
    for language in ("en", "nb", "nl", "de", "sv", "da", "fr"):
        words = load(INTEGRATION / "translations" / f"{language}.json")["entity"]
        for name in ("safe_current_active", "network_safe_current_active"):
            assert set(words["binary_sensor"][name]["state"]) == {"on", "off"}
        assert len(words["sensor"]["blocked_by"]["name"].split()) == 1
        assert words["sensor"]["grid_power"]["name"]
    icons = load(INTEGRATION / "icons.json")["entity"]["sensor"]
    assert "energy_charged" not in icons
