"""What is known of the connection: meter, battery, limits, made of what the sources say."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.const import STATE_ON
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.sun import is_up

from ..engine.charging.controller import (
    BatterySample,
    CurrentsSample,
    GridSample,
    Observation,
)
from . import const
from .prices import Prices
from .sources import AMPERES, PERCENT, WATTS, Measured, Source, entity_id, number

_SUN_EVERY: Final = 60.0
_SWITCHES: Final = frozenset({"binary_sensor", "switch", "input_boolean"})
_UNITS: Final[dict[str, str]] = {
    const.CONF_GRID_POWER: WATTS,
    const.CONF_GRID_EXPORT: WATTS,
    **dict.fromkeys(const.CONF_CURRENTS, AMPERES),
    const.CONF_BATTERY_POWER: WATTS,
    const.CONF_BATTERY_DISCHARGE: WATTS,
    const.CONF_BATTERY_CHARGE: PERCENT,
    const.CONF_SOLAR_POWER: WATTS,
    const.CONF_MEAN_LIMIT_SOURCE: WATTS,
}
_SLOW: Final = frozenset(
    {const.CONF_BATTERY_CHARGE, const.CONF_SOLAR_POWER, const.CONF_MEAN_LIMIT_SOURCE}
)
"""What may be as old as it is shown."""


class Inputs:
    """The sources of one connection."""

    def __init__(
        self,
        hass: HomeAssistant,
        data: Mapping[str, Any],
        distributions: Mapping[str, Mapping[str, Any]],
        cars: Mapping[str, Mapping[str, Any]],
        heard: Callable[[], None],
    ) -> None:
        self._hass = hass
        self._data = data
        self._heard = heard
        self._sources = self._open(data, _UNITS)
        self._distributions = {
            key: self._open(one, dict.fromkeys(const.CONF_CURRENTS, AMPERES))
            for key, one in distributions.items()
        }
        self._outside = self._open(data, {const.CONF_OUTSIDE: None})
        self._cars = {
            key: self._open(one, {const.CONF_CAR_CHARGE: PERCENT}) for key, one in cars.items()
        }
        self._prices = Prices(hass, list(data.get(const.CONF_PRICES) or ()), heard)
        self._sun_up = True
        self._sun_at: float | None = None

    def _open(self, data: Mapping[str, Any], units: Mapping[str, str | None]) -> dict[str, Source]:
        return {
            key: Source(self._hass, stored, unit, self._heard)
            for key, unit in units.items()
            if (stored := data.get(key))
        }

    def _all(self) -> list[Source]:
        groups = (
            self._sources,
            self._outside,
            *self._distributions.values(),
            *self._cars.values(),
        )
        return [source for group in groups for source in group.values()]

    @callback
    def start(self) -> None:
        """Listen from now on."""
        for source in self._all():
            source.start()
        self._prices.start()

    @callback
    def restart(self) -> None:
        """Look again where the numbers come from."""
        for source in self._all():
            source.restart()

    @callback
    def stop(self) -> None:
        """Listen no more."""
        for source in self._all():
            source.stop()
        self._prices.stop()

    @callback
    def read_faster(self, *, faster: bool) -> None:
        """Have what the law follows read every few seconds, or as usual."""
        for group in (self._sources, *self._distributions.values()):
            for key, source in group.items():
                if key not in _SLOW:
                    source.read_faster(faster=faster)

    # -- observing --

    def observe(self, now: float) -> Observation:
        """Return what is known, but for the chargers."""
        self._prices.look(now)
        return Observation(
            grid=self._grid(),
            currents=self._currents(self._sources),
            distributions={
                key: sample
                for key, group in self._distributions.items()
                if (sample := self._currents(group)) is not None
            },
            battery=self._battery(),
            slots=self._prices.slots,
            sun_up=self._sun(now),
            outside_limit_w=self._outside_limit(),
            mean_limit_w=self._value(const.CONF_MEAN_LIMIT_SOURCE),
        )

    def car_percent(self, key: str) -> float | None:
        """Return how full the car at a charger is."""
        source = self._cars.get(key, {}).get(const.CONF_CAR_CHARGE)
        found = None if source is None else source.read()
        return None if found is None else found.value

    def _read(self, key: str) -> Measured | None:
        source = self._sources.get(key)
        return None if source is None else source.read()

    def _value(self, key: str) -> float | None:
        found = self._read(key)
        return None if found is None else found.value

    def _signed(self, positive: str, negative: str, inverted: str) -> Measured | None:
        """Return one signed number, or the difference of two."""
        one = self._read(positive)
        if one is None:
            return None
        if negative not in self._sources:
            sign = -1.0 if self._data.get(inverted) else 1.0
            return Measured(value=sign * one.value, received=one.received)
        other = self._read(negative)
        if other is None:
            return None
        # Of two that belong to one meter the one that stands still may not speak for hours.
        received = max(one.received, other.received)
        return Measured(value=one.value - other.value, received=received)

    def _grid(self) -> GridSample | None:
        found = self._signed(
            const.CONF_GRID_POWER, const.CONF_GRID_EXPORT, const.CONF_GRID_INVERTED
        )
        return None if found is None else GridSample(found.value, found.received)

    def _currents(self, group: Mapping[str, Source]) -> CurrentsSample | None:
        """Return the currents of all phases; none of them if one is missing."""
        found = [group[key].read() for key in const.CONF_CURRENTS if key in group]
        known = [one for one in found if one is not None]
        if not known or len(known) < len(found):
            return None
        # As fresh as the last of them: the others may have stayed what they were.
        return CurrentsSample(tuple(one.value for one in known), max(one.received for one in known))

    def _battery(self) -> BatterySample | None:
        found = self._signed(
            const.CONF_BATTERY_POWER, const.CONF_BATTERY_DISCHARGE, const.CONF_BATTERY_INVERTED
        )
        if found is None:
            return None
        charge = self._value(const.CONF_BATTERY_CHARGE)
        return BatterySample(found.value, found.received, charge)

    def _outside_limit(self) -> float | None:
        """Return what a grid operator allows now; what cannot be read limits nothing new.

        A switch that is on means the power of the form; a number is the limit itself. An entity
        that is gone counts as on: when in doubt the lower one holds.
        """
        stored = self._data.get(const.CONF_OUTSIDE)
        if not stored:
            return None
        found = entity_id(self._hass, stored)
        state = None if found is None else self._hass.states.get(found)
        least = float(self._data[const.CONF_OUTSIDE_POWER])
        if state is None or state.state in ("unavailable", "unknown"):
            return least
        if state.domain in _SWITCHES:
            return least if state.state == STATE_ON else None
        limit = number(state, WATTS)
        return least if limit is None else max(0.0, limit)

    def _sun(self, now: float) -> bool:
        """Tell whether the sun is up; to work that out takes longer than a decision."""
        if self._sun_at is None or now - self._sun_at >= _SUN_EVERY or now < self._sun_at:
            self._sun_at, self._sun_up = now, is_up(self._hass)
        return self._sun_up
