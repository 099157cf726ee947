"""Readings as people read them."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.voltrail.engine.han import UNITS, Unit, shown


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("energy_imported", 518_308, "518.308 kWh"),
        ("energy_imported", 518_309, "518.309 kWh"),
        ("reactive_energy_exported", 3_210_932, "3210.932 kvarh"),
        ("energy_imported_l1", 34_304_050, "34304.05 kWh"),
        ("energy_imported", 19_949_322.1493, "19949.3221493 kWh"),
        ("power_imported", 5852, "5852 W"),
        ("reactive_power_exported", 435, "435 var"),
        ("current_l1", 33.813, "33.813 A"),
        ("voltage_l3", 218.8, "218.8 V"),
    ],
)
def test_examples(name: str, value: float, text: str) -> None:
    """Counters in thousands, everything else as it is."""
    number, unit = shown(name, value)
    assert f"{number} {unit}" == text


def test_a_factor_has_no_unit() -> None:
    """It is a plain number."""
    assert shown("power_factor", 0.98) == (0.98, "")


@given(st.integers(0, 10**15))
def test_decimals_are_exact(value: int) -> None:
    """What is printed is the thousandth part and not something next to it."""
    number, _ = shown("energy_imported", value)
    assert Decimal(json.dumps(number)) == Decimal(value) / 1000


def test_every_reading_has_a_unit() -> None:
    """The words of the design, and no others."""
    totals = {
        "power_imported": Unit.W,
        "power_exported": Unit.W,
        "reactive_power_imported": Unit.VAR,
        "reactive_power_exported": Unit.VAR,
        "energy_imported": Unit.WH,
        "energy_exported": Unit.WH,
        "reactive_energy_imported": Unit.VARH,
        "reactive_energy_exported": Unit.VARH,
        "power_factor": Unit.NONE,
    }
    per_phase = {
        f"{name}_l{phase}": unit
        for name, unit in (
            *(item for item in totals.items() if "reactive_energy" not in item[0]),
            ("current", Unit.A),
            ("voltage", Unit.V),
        )
        for phase in (1, 2, 3)
    }
    assert totals | per_phase == UNITS
