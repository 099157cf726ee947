"""What the type checker promises a contributor, each promise kept by a mistake.

Nothing in here but the last test runs: mypy looks at it with all the rest, and an ignored
mistake that it does not find any more is an error itself.
"""

from collections.abc import Awaitable, Callable
from enum import Enum, IntEnum

import pytest
from modbus_connection.model import Component, boolean, enum, integer, string

from custom_components.voltrail.engine.charging.charge_point import ChargePoint
from custom_components.voltrail.engine.charging.current_driven import CurrentDriven
from custom_components.voltrail.engine.devices import mennekes_tcp
from custom_components.voltrail.engine.library import connect
from custom_components.voltrail.engine.model.charging import CurrentLimited, Pausable, PowerLimited
from custom_components.voltrail.engine.model.controls import (
    Bounds,
    ButtonControl,
    NumberControl,
    SelectControl,
    SwitchControl,
)
from custom_components.voltrail.engine.model.options import Options
from custom_components.voltrail.engine.model.points import (
    Aspect,
    Quantity,
    derived,
    enumerated,
    flag,
    measure,
    text,
)


class Mode(IntEnum):
    """Choices of a made-up device."""

    SLOW = 1
    FAST = 2


class Colour(Enum):
    """Choices of something else."""

    RED = 1


class Block(Component):
    """A made-up block."""

    power = measure(integer(1), Quantity.POWER)
    mode = enumerated(enum(2, Mode))
    open = flag(boolean(3), Aspect.PLAIN)
    name = text(string(4, 2))

    @derived(Quantity.POWER)
    def half(self) -> float | None:
        """Half of it."""
        return None if self.power is None else self.power / 2


def declarations_are_typed(block: Block) -> None:
    """What a register means is known wherever it is used."""
    known: tuple[int | None, Mode | None, float | None] = (block.power, block.mode, block.half)
    assert known
    _ = block.pwoer  # type: ignore[attr-defined]
    text_of_it: str = block.power  # type: ignore[assignment]
    half: str = block.half  # type: ignore[assignment]
    assert text_of_it
    assert half
    measure(string(4, 2), Quantity.POWER)  # type: ignore[type-var]
    measure(integer(1), "power")  # type: ignore[arg-type]
    enumerated(integer(1))  # type: ignore[type-var]
    flag(string(4, 2))  # type: ignore[type-var]


def controls_are_typed(
    take_number: Callable[[float], Awaitable[None]],
    take_yes: Callable[[bool], Awaitable[None]],
    take_mode: Callable[[Mode], Awaitable[None]],
    bounds: Callable[[], Bounds],
) -> None:
    """A verb takes what its control gives it, and the read-back is of the same kind."""
    NumberControl(
        key="right", quantity=Quantity.POWER, bounds=bounds, read=lambda: 1.0, write=take_number
    )
    NumberControl(
        key="wrong",
        quantity=Quantity.POWER,
        bounds=bounds,
        read=lambda: "1",  # type: ignore[arg-type, return-value]
        write=take_number,
    )
    NumberControl(
        key="wrong",
        quantity=Quantity.POWER,
        bounds=bounds,
        read=lambda: 1.0,
        write=take_mode,  # type: ignore[arg-type]
    )
    NumberControl(  # type: ignore[call-arg]
        key="without bounds", quantity=Quantity.POWER, read=lambda: 1.0, write=take_number
    )
    SwitchControl(key="right", read=lambda: True, write=take_yes)
    SwitchControl(
        key="wrong",
        read=lambda: True,
        write=take_mode,  # type: ignore[arg-type]
    )
    ButtonControl(key="wrong", press=take_yes)  # type: ignore[arg-type]


def choices_are_typed(take_mode: Callable[[Mode], Awaitable[None]]) -> None:
    """All of a choice is of one enumeration: what is offered, what is held, what is taken."""
    SelectControl(key="right", options=tuple(Mode), read=lambda: Mode.SLOW, write=take_mode)
    SelectControl(
        key="wrong",
        options=tuple(Colour),
        read=lambda: None,
        write=take_mode,  # type: ignore[arg-type]
    )
    SelectControl(
        key="wrong",
        options=tuple(Mode),
        read=lambda: Colour.RED,  # type: ignore[arg-type, return-value]
        write=take_mode,
    )
    SelectControl(key="wrong", options=("slow",), read=lambda: None, write=take_mode)  # type: ignore[arg-type, type-var]


def devices_are_typed(point: ChargePoint) -> tuple[CurrentLimited, PowerLimited, Pausable]:
    """Whoever asks a charger for something cannot ask for what it does not have."""
    _ = point.curent_limit  # type: ignore[attr-defined]
    _ = connect("mennekes_tcp", "192.168.1.20")  # type: ignore[arg-type]
    return point, point, point


async def a_family_makes_its_own_devices() -> None:
    """The door for programs knows which device it opens to."""
    async with connect(mennekes_tcp.FAMILY, "192.168.1.20") as charger:
        await charger.profile.set_current_limit(16)
        await charger.profile.set_current_limit("16")  # type: ignore[arg-type]
        await charger.profile.set_curent_limit(16)  # type: ignore[union-attr]


def test_a_charge_point_has_to_be_whole() -> None:
    """What a brand forgets to say is noticed when the first one is built."""
    with pytest.raises(TypeError, match="device_maximum"):
        CurrentDriven(Options(), lambda: None)  # type: ignore[abstract]
