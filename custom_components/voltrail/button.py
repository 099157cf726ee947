"""Buttons: what can be done once."""

from typing import override

from homeassistant.components.button import ButtonDeviceClass, ButtonEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import VoltrailConfigEntry, VoltrailCoordinator
from .engine.model.controls import ButtonControl
from .entity import VoltrailControl, add_entities

# Orders take their turn in the engine, which knows which may wait, and which is overtaken.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VoltrailConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a button for everything that can be done once."""
    coordinator = entry.runtime_data.coordinator
    add_entities(
        coordinator,
        async_add_entities,
        [
            VoltrailButton(coordinator, control)
            for control in coordinator.controls()
            if isinstance(control, ButtonControl)
        ],
    )


class VoltrailButton(VoltrailControl[ButtonControl], ButtonEntity):
    """Something that can be done once."""

    def __init__(self, coordinator: VoltrailCoordinator, control: ButtonControl) -> None:
        super().__init__(coordinator, control)
        if control.restarts:
            self._attr_device_class = ButtonDeviceClass.RESTART

    @override
    def _state_now(self) -> object:
        return None

    @override
    async def async_press(self) -> None:
        """Do it."""
        await self._do(self.control.press())
