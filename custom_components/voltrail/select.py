"""Selects: a choice out of a few."""

from enum import Enum
from typing import Any, override

from homeassistant.components.select import SelectEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import VoltrailConfigEntry, VoltrailCoordinator
from .engine.model.controls import SelectControl
from .entity import VoltrailControl, add_entities

# Orders take their turn in the engine, which knows which may wait, and which is overtaken.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VoltrailConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a select for everything that has a few choices."""
    coordinator = entry.runtime_data.coordinator
    add_entities(
        coordinator,
        async_add_entities,
        [
            VoltrailSelect(coordinator, control)
            for control in coordinator.controls()
            if isinstance(control, SelectControl)
        ],
    )


class VoltrailSelect(VoltrailControl[SelectControl[Any]], SelectEntity):
    """A choice out of a few."""

    def __init__(self, coordinator: VoltrailCoordinator, control: SelectControl[Any]) -> None:
        super().__init__(coordinator, control)
        self._choices: dict[str, Enum] = {choice.name.lower(): choice for choice in control.options}
        self._attr_options = list(self._choices)

    @property
    @override
    def current_option(self) -> str | None:
        """Return what the device holds; it may be a choice that cannot be made here."""
        value = self.control.read()
        return value.name.lower() if isinstance(value, Enum) else None

    @override
    def _state_now(self) -> object:
        return self.control.read()

    @override
    async def async_select_option(self, option: str) -> None:
        """Make a choice."""
        await self._do(self.control.write(self._choices[option]))
