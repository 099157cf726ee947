"""Which of our entities tells what, by the registry: names and ids are their owner's."""

import math
from collections.abc import Iterable
from typing import Final

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, UnitOfElectricCurrent, UnitOfPower
from homeassistant.core import HomeAssistant, State, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util.unit_conversion import (
    BaseUnitConverter,
    ElectricCurrentConverter,
    PowerConverter,
)

from ..const import DOMAIN
from ..waiting import waiting

_SOLD: Final = frozenset({"energy_imported", "power_imported"})
"""Whatever has one of these measures what is bought and sold."""


@callback
def entities_named(hass: HomeAssistant, entity_ids: Iterable[str], *words: str) -> set[str]:
    """Return those of the entities that are ours and tell one of these values."""
    registry = er.async_get(hass)
    return {
        entity_id
        for entity_id in entity_ids
        if (entry := registry.async_get(entity_id)) is not None
        and entry.platform == DOMAIN
        and entry.translation_key in words
    }


@callback
def current_entities(hass: HomeAssistant, entity_ids: Iterable[str]) -> set[str]:
    """Return the entities that tell the current of a phase."""
    return entities_named(hass, entity_ids, "current_phase")


@callback
def grid_entities(hass: HomeAssistant, entity_ids: Iterable[str]) -> set[str]:
    """Return the entities that tell what feeds the house."""
    return entities_named(hass, entity_ids, "active_input_source")


@callback
def exchange_entities(hass: HomeAssistant, entity_ids: Iterable[str]) -> set[str]:
    """Return the entities that tell the power drawn from the grid, negative where it is fed in."""
    registry = er.async_get(hass)
    found = entities_named(hass, entity_ids, "grid_power")
    for entity_id in set(entity_ids) - found:
        entry = registry.async_get(entity_id)
        if (
            entry is not None
            and entry.platform == DOMAIN
            and entry.original_device_class == "power"
            and entry.translation_key is None
            and entry.device_id is not None
            and _measures_exchange(registry, entry.device_id)
        ):
            found.add(entity_id)
    return found


def _measures_exchange(registry: er.EntityRegistry, device_id: str) -> bool:
    known = er.async_entries_for_device(registry, device_id, include_disabled_entities=True)
    return any(one.translation_key in _SOLD for one in known)


def number(state: State) -> float | None:
    """Return a state as a number; None where it is none."""
    try:
        value = float(state.state)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def watts(hass: HomeAssistant, state: State) -> float | None:
    """Return the newest power in watt, whatever unit its owner chose."""
    return _newest(hass, state, PowerConverter, UnitOfPower.WATT)


def amperes(hass: HomeAssistant, state: State) -> float | None:
    """Return the newest current in ampere, whatever unit its owner chose."""
    return _newest(hass, state, ElectricCurrentConverter, UnitOfElectricCurrent.AMPERE)


def _newest(
    hass: HomeAssistant, state: State, converter: type[BaseUnitConverter], wanted: str
) -> float | None:
    waits = waiting(hass).newest.get(state.entity_id)
    return _in(state, converter, wanted) if waits is None else waits


def _in(state: State, converter: type[BaseUnitConverter], wanted: str) -> float | None:
    value, unit = number(state), state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    if value is None or unit not in converter.VALID_UNITS:
        return None
    return converter.convert(value, unit, wanted)
