"""Times of the day, by the clock of the house."""

from datetime import time
from typing import override

from homeassistant.components.time import TimeEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import VoltrailConfigEntry
from .engine.model.controls import TimeControl
from .entity import VoltrailControl, add_entities

# Orders take their turn in the engine, which knows which may wait, and which is overtaken.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VoltrailConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a time for everything that happens at one."""
    coordinator = entry.runtime_data.coordinator
    add_entities(
        coordinator,
        async_add_entities,
        [
            VoltrailTime(coordinator, control)
            for control in coordinator.controls()
            if isinstance(control, TimeControl)
        ],
    )


class VoltrailTime(VoltrailControl[TimeControl], TimeEntity):
    """A time of the day that can be set."""

    @property
    @override
    def native_value(self) -> time | None:
        """Return the time; None if none was set."""
        return self.control.read()

    @override
    def _state_now(self) -> object:
        return self.control.read()

    @override
    async def async_set_value(self, value: time) -> None:
        """Set the time."""
        await self._do(self.control.write(value))
