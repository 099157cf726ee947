"""Numbers: limits and settings, with the bounds of device and installer."""

from typing import override

from homeassistant.components.number import NumberEntity, NumberMode
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import VoltrailConfigEntry, VoltrailCoordinator
from .engine.model.controls import NumberControl
from .entity import VoltrailControl
from .presentation import QUANTITIES, native_unit

# Orders take their turn in the engine, which knows which may wait, and which is overtaken.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VoltrailConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a number for everything that can be set to one."""
    coordinator = entry.runtime_data.coordinator
    async_add_entities(
        VoltrailNumber(coordinator, control)
        for control in coordinator.controls()
        if isinstance(control, NumberControl)
    )


class VoltrailNumber(VoltrailControl[NumberControl], NumberEntity):
    """A number that can be set."""

    _attr_mode = NumberMode.BOX

    def __init__(self, coordinator: VoltrailCoordinator, control: NumberControl) -> None:
        super().__init__(coordinator, control)
        self._attr_device_class = QUANTITIES[control.quantity].number
        self._attr_native_unit_of_measurement = native_unit(control.quantity)

    @property
    @override
    def native_min_value(self) -> float:
        """Return the least value."""
        return self.control.bounds().minimum

    @property
    @override
    def native_max_value(self) -> float:
        """Return the greatest value."""
        return self.control.bounds().maximum

    @property
    @override
    def native_step(self) -> float:
        """Return the step."""
        return self.control.bounds().step

    @property
    @override
    def native_value(self) -> float | None:
        """Return what the device holds, not what was asked of it."""
        return self.control.read()

    @override
    def _state_now(self) -> object:
        return self.control.read(), self.control.bounds()

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set the number; the device refuses what it or the installer does not allow."""
        await self._do(self.control.write(value))
