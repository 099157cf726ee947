"""The vocabulary: what a declaration means, and how it is found again."""

from enum import IntEnum

import pytest
from modbus_connection.mock import MockModbusUnit
from modbus_connection.model import Component, NumberField, boolean, enum, int32, integer, string

from custom_components.voltrail.engine.model.points import (
    Aspect,
    Kind,
    Point,
    Quantity,
    Tier,
    Tiered,
    UnknownCode,
    derived,
    enumerated,
    flag,
    measure,
    phases,
    points_of,
    text,
)


class Weather(IntEnum):
    """States of a made-up register."""

    SUN = 1
    RAIN = 2


class Block(Component):
    """A made-up block."""

    voltage_l1 = measure(int32(10), Quantity.VOLTAGE, phase=1)
    voltage_l1_l2 = measure(int32(12), Quantity.VOLTAGE, phase=(1, 2), tier=Tier.EXPERT)
    input_power_2 = measure(int32(14), Quantity.POWER, number=2)
    weather = enumerated(enum(16, Weather))
    wet = flag(boolean(17), Aspect.PROBLEM)
    name = text(string(18, 2), private=True)
    raw = integer(20)

    @derived(Quantity.POWER)
    def power(self) -> int | None:
        """Twice the raw value."""
        return None if self.raw is None else 2 * self.raw


class Lesser(Block):
    """The same without a voltage between lines."""

    voltage_l1_l2 = None


class Tens(NumberField[int]):
    """A made-up form: tens, or what its factor says."""

    def __init__(self, address: int, factor: int = 10) -> None:
        super().__init__(address, scale=factor)


class Inside(Tiered, Component, tier=Tier.EXPERT):
    """A made-up block that is for the installer, but for a few values."""

    power_l1, power_l2, power_l3 = phases(Tens, (30, 32, 34), Quantity.POWER, tier=Tier.MAIN)
    current_l1, current_l2, current_l3 = phases(
        Tens, (31, 33, 35), Quantity.CURRENT, factor=(1, 2, 3)
    )
    mode_1, mode_2 = (enumerated(enum(39 + n, Weather), number=n) for n in (1, 2))
    note = text(string(50, 2))
    name = text(string(52, 2), tier=Tier.DETAIL)

    @derived(Aspect.PROBLEM)
    def wet(self) -> bool | None:
        """Whether it rains."""
        return self.mode_1 is Weather.RAIN

    @derived(Quantity.POWER, tier=Tier.MAIN)
    def power(self) -> int | None:
        """The power of the first phase."""
        return self.power_l1


class Further(Inside):
    """The same with one more value, which is not its parent's."""

    more = measure(int32(60), Quantity.POWER)


def test_phases_are_declared_together() -> None:
    """Each has its address and its phase; a trait is one for all, or one for each."""
    fields = Inside.declared_fields
    points = {declared.name: declared.point for declared in points_of(Inside)}
    for phase, address in ((1, 30), (2, 32), (3, 34)):
        power, current = fields[f"power_l{phase}"], fields[f"current_l{phase}"]
        assert (power.address, current.address) == (address, address + 1)
        assert isinstance(power, Tens)
        assert isinstance(current, Tens)
        assert (power.scale, current.scale) == (10, phase)
        assert points[f"power_l{phase}"] == Point(
            kind=Kind.NUMBER, quantity=Quantity.POWER, phase=f"L{phase}", resolution=10
        )


def test_a_class_has_a_tier() -> None:
    """It holds for every value that names none; a subclass begins from scratch."""
    tiers = {declared.name: declared.point.tier for declared in points_of(Further)}
    main = {"power_l1", "power_l2", "power_l3", "power", "more"}
    assert {name for name, tier in tiers.items() if tier is Tier.MAIN} == main
    assert {name for name, tier in tiers.items() if tier is Tier.DETAIL} == {"name"}


def test_declarations_are_found_in_their_order() -> None:
    """Fields without a meaning are no values; derived ones are."""
    names = [declared.name for declared in points_of(Block)]
    assert names == [
        *("voltage_l1", "voltage_l1_l2", "input_power_2", "weather", "wet", "name", "power")
    ]


def test_a_variant_can_lack_a_value() -> None:
    """A name set to None in a subclass is gone."""
    assert "voltage_l1_l2" not in [declared.name for declared in points_of(Lesser)]


def test_words_leave_phase_and_number_out() -> None:
    """One text serves every phase and every input."""
    words = {declared.name: declared.point.word(declared.name) for declared in points_of(Block)}
    assert words["voltage_l1"] == "voltage_phase"
    assert words["voltage_l1_l2"] == "voltage_phase"
    assert words["input_power_2"] == "input_power_number"
    assert words["power"] == "power"


def test_meanings() -> None:
    """Each kind of declaration keeps what it says."""
    points = {declared.name: declared.point for declared in points_of(Block)}
    assert points["voltage_l1"].phase == "L1"
    assert points["voltage_l1_l2"].phase == "L1-L2"
    assert points["weather"].states is Weather
    assert points["wet"].aspect is Aspect.PROBLEM
    assert points["name"].private
    assert points["power"].kind is Kind.NUMBER


def test_derived_kinds() -> None:
    """A method can be a number, a state, a flag, a text or a moment."""

    class View:
        @derived(Weather, depends_on=("block",))
        def weather(self) -> Weather | None:
            """Sun."""
            return Weather.SUN

        @derived(Aspect.RUNNING, depends_on=("block",))
        def runs(self) -> bool | None:
            """Yes."""
            return True

        @derived(Kind.MOMENT, depends_on=("block",))
        def since(self) -> None:
            """Not known."""

    found = {declared.name: declared for declared in points_of(View)}
    assert found["weather"].point.states is Weather
    assert found["runs"].point.kind is Kind.FLAG
    assert found["since"].point.kind is Kind.MOMENT
    assert found["runs"].depends_on == ("block",)
    assert View().weather is Weather.SUN
    assert View.weather.point.kind is Kind.STATE


async def test_an_unknown_code_is_kept(mock_modbus_unit: MockModbusUnit) -> None:
    """A code that no document names is neither lost nor an error."""
    block = Block(mock_modbus_unit)
    mock_modbus_unit.holding[16] = 2
    await block.async_update()
    assert block.weather is Weather.RAIN
    mock_modbus_unit.holding[16] = 77
    await block.async_update()
    assert isinstance(block.weather, UnknownCode)
    assert str(block.weather) == "unknown (77)"
    assert block.weather == 77


def test_only_enumerations_are_enumerated() -> None:
    """A plain number has no states."""
    with pytest.raises(TypeError):
        enumerated(integer(1))  # type: ignore[type-var]  # the point of the test


def test_every_quantity_has_a_unit_or_is_a_plain_number() -> None:
    """A unit is never forgotten by accident."""
    plain = {quantity for quantity in Quantity if not quantity.unit}
    # A price has the unit of its house.
    assert plain == {
        Quantity.POWER_FACTOR,
        Quantity.COUNT,
        Quantity.TOTAL_COUNT,
        Quantity.PRICE,
    }
