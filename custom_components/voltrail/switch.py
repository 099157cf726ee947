"""Switches: what can be on or off, as the device says it is."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import VoltrailConfigEntry
from .engine.model.controls import SwitchControl
from .entity import VoltrailControl, add_entities

# Orders take their turn in the engine, which knows which may wait, and which is overtaken.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VoltrailConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a switch for everything that can be switched."""
    coordinator = entry.runtime_data.coordinator
    add_entities(
        coordinator,
        async_add_entities,
        [
            VoltrailSwitch(coordinator, control)
            for control in coordinator.controls()
            if isinstance(control, SwitchControl)
        ],
    )


class VoltrailSwitch(VoltrailControl[SwitchControl], SwitchEntity):
    """Something that can be switched on and off."""

    @property
    @override
    def is_on(self) -> bool | None:
        """Return what the device says."""
        return self.control.read()

    @override
    def _state_now(self) -> object:
        return self.control.read()

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Switch on."""
        await self._do(self.control.write(True))  # noqa: FBT003 - on is what a switch is about

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Switch off."""
        await self._do(self.control.write(False))  # noqa: FBT003 - off, likewise
