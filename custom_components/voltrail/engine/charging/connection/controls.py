"""What people can ask of a connection and of a charger under control."""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final, Protocol

from ...model.charging import MINIMUM_CURRENT
from ...model.controls import (
    AnyControl,
    Bounds,
    ButtonControl,
    NumberControl,
    SelectControl,
    SwitchControl,
    TimeControl,
)
from ...model.points import Quantity, Tier
from ..controller import BatteryPriority, ChargerConfig, GridShare, Mode, PhaseChoice
from .setup import ConnectionSetup, SeatSetup
from .wishes import ChargerWishes, ConnectionWishes

NO_PRICE: Final = -10.0
"""A price limit that is none: no price is lower."""
_PERCENT: Final = Bounds(minimum=0, maximum=100, step=1)
_ENERGY: Final = Bounds(minimum=0, maximum=200_000, step=100)
_PRICE: Final = Bounds(minimum=NO_PRICE, maximum=100, step=0.001)
_SMALL_ROOF: Final = 0.6
"""Where the least that charges is more of the roof's power than this, little grid is accepted."""


class Wanted(Protocol):
    """Who is told what people want."""

    setup: ConnectionSetup
    wishes: ConnectionWishes

    def charger_config(self, key: str) -> ChargerConfig:
        """Return what a charger said of itself."""

    async def set_observing(self, observing: bool) -> None:  # noqa: FBT001 - a state
        """Only watch, or drive."""

    async def set_mode(self, key: str, mode: Mode) -> None:
        """Choose what a charger is to do."""

    async def boost(self, key: str) -> None:
        """Charge as fast as possible until the car leaves."""

    async def want(self, key: str | None, **wished: Any) -> None:
        """Set something else that is wanted."""


def connection_controls(device: Wanted) -> Iterator[AnyControl]:
    """Yield what can be asked of the connection."""
    wishes = device.wishes
    yield SwitchControl(key="observer", read=lambda: wishes.observing, write=device.set_observing)
    if device.setup.battery_w is None:
        return
    yield SelectControl(
        key="battery_priority",
        tier=Tier.DETAIL,
        options=tuple(BatteryPriority),
        read=lambda: wishes.battery_priority,
        write=lambda priority: device.want(None, battery_priority=priority),
    )
    yield NumberControl(
        key="battery_target",
        tier=Tier.DETAIL,
        quantity=Quantity.RATIO,
        bounds=lambda: _PERCENT,
        read=lambda: wishes.battery_target_percent,
        write=lambda percent: device.want(None, battery_target_percent=_PERCENT.accept(percent)),
    )
    yield NumberControl(
        key="battery_floor",
        tier=Tier.DETAIL,
        quantity=Quantity.RATIO,
        bounds=lambda: _PERCENT,
        read=lambda: wishes.battery_floor_percent,
        write=lambda percent: device.want(None, battery_floor_percent=_PERCENT.accept(percent)),
    )


def charger_controls(device: Wanted, seat: SeatSetup) -> Iterator[AnyControl]:
    """Yield what can be asked of one charger."""
    return _ChargerControls(device, seat).controls()


class _ChargerControls:
    """The controls of one charger."""

    def __init__(self, device: Wanted, seat: SeatSetup) -> None:
        self._device = device
        self._seat = seat
        self._part = seat.part

    @property
    def _wishes(self) -> ChargerWishes:
        return self._device.wishes.chargers[self._seat.key]

    @property
    def _config(self) -> ChargerConfig:
        return self._device.charger_config(self._seat.key)

    def _wish(self, name: str, accept: Callable[[Any], Any]) -> Callable[[Any], Awaitable[None]]:
        return lambda value: self._device.want(self._seat.key, **{name: accept(value)})

    def controls(self) -> Iterator[AnyControl]:
        """Yield them."""
        key = self._seat.key
        yield SelectControl(
            key="mode",
            part=self._part,
            options=tuple(Mode),
            read=lambda: Mode.FAST if self._wishes.boost else self._wishes.mode,
            write=lambda mode: self._device.set_mode(key, mode),
        )
        yield ButtonControl(key="boost", part=self._part, press=lambda: self._device.boost(key))
        yield TimeControl(
            key="departure",
            part=self._part,
            read=lambda: self._wishes.departure,
            write=self._wish("departure", lambda at: at),
        )
        yield from self._targets()
        yield from self._limits()
        yield from self._choices()

    def _targets(self) -> Iterator[AnyControl]:
        yield NumberControl(
            key="energy_target",
            part=self._part,
            tier=Tier.DETAIL,
            quantity=Quantity.STORED_ENERGY,
            bounds=lambda: _ENERGY,
            read=lambda: self._wishes.energy_target_wh,
            write=self._wish("energy_target_wh", _ENERGY.accept),
        )
        if self._seat.car_percent:
            yield NumberControl(
                key="charge_target",
                part=self._part,
                tier=Tier.DETAIL,
                quantity=Quantity.RATIO,
                bounds=lambda: _PERCENT,
                read=lambda: self._wishes.charge_target_percent,
                write=self._wish("charge_target_percent", _PERCENT.accept),
            )
        if self._device.setup.prices:
            yield NumberControl(
                key="price_limit",
                part=self._part,
                tier=Tier.DETAIL,
                quantity=Quantity.PRICE,
                bounds=lambda: _PRICE,
                read=lambda: self._wishes.price_limit,
                write=self._wish("price_limit", _price),
            )

    def _limits(self) -> Iterator[AnyControl]:
        yield NumberControl(
            key="maximum_current",
            part=self._part,
            tier=Tier.DETAIL,
            quantity=Quantity.CURRENT,
            bounds=self._current_bounds,
            read=lambda: self._most(self._wishes.maximum_a),
            write=self._wish("maximum_a", self._accept_current),
        )
        yield NumberControl(
            key="minimum_current",
            part=self._part,
            tier=Tier.DETAIL,
            quantity=Quantity.CURRENT,
            bounds=self._current_bounds,
            read=lambda: self._wishes.minimum_a or self._config.minimum_a,
            write=self._wish("minimum_a", self._accept_current),
        )

    def _choices(self) -> Iterator[AnyControl]:
        if self._seat.phases > 1:
            yield SelectControl(
                key="phase_choice",
                part=self._part,
                tier=Tier.DETAIL,
                options=tuple(PhaseChoice),
                read=lambda: self._wishes.phase_choice,
                write=self._wish("phase_choice", lambda choice: choice),
                usable=lambda: self._config.switchable,
            )
        yield SelectControl(
            key="grid_share",
            part=self._part,
            tier=Tier.DETAIL,
            options=tuple(GridShare),
            read=self._grid_share,
            write=self._wish("grid_share", lambda share: share),
        )

    def _current_bounds(self) -> Bounds:
        config = self._config
        least = max(config.minimum_a, MINIMUM_CURRENT)
        return Bounds(minimum=least, maximum=max(config.maximum_a, least), step=config.step_a)

    def _accept_current(self, amps: float) -> float:
        return self._current_bounds().accept(amps)

    def _most(self, wished: float | None) -> float:
        most = self._current_bounds().maximum
        return most if wished is None else min(wished, most)

    def _grid_share(self) -> GridShare:
        """Return what was chosen; before that, what suits the roof."""
        if (chosen := self._wishes.grid_share) is not None:
            return chosen
        config, setup = self._config, self._device.setup
        phases = 1 if config.switchable else config.phases
        least_w = config.minimum_a * phases * setup.voltage_v
        small = setup.panels_w is not None and least_w > _SMALL_ROOF * setup.panels_w
        return GridShare.LITTLE if small else GridShare.NORMAL


def _price(value: float) -> float | None:
    price = _PRICE.accept(value)
    return None if price <= NO_PRICE else price
