"""Numbers: limits and settings, with the bounds of device and installer."""

import asyncio
from typing import Final, override

from homeassistant.components.number import NumberEntity, NumberMode
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import VoltrailConfigEntry, VoltrailCoordinator
from .engine.model.controls import NumberControl
from .entity import VoltrailControl, add_entities
from .presentation import QUANTITIES, TURNED, number_scale, number_unit

BLANK_FOR: Final = 0.3
"""Seconds that a frontend needs to see a state before the next."""

# Orders take their turn in the engine, which knows which may wait, and which is overtaken.
PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VoltrailConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a number for everything that can be set to one."""
    coordinator = entry.runtime_data.coordinator
    add_entities(
        coordinator,
        async_add_entities,
        [
            VoltrailNumber(coordinator, control)
            for control in coordinator.controls()
            if isinstance(control, NumberControl)
        ],
    )


class VoltrailNumber(VoltrailControl[NumberControl], NumberEntity):
    """A number that can be set."""

    _attr_mode = NumberMode.BOX

    def __init__(self, coordinator: VoltrailCoordinator, control: NumberControl) -> None:
        super().__init__(coordinator, control)
        self._attr_device_class = QUANTITIES[control.quantity].number
        self._attr_native_unit_of_measurement = number_unit(control.quantity)
        self._scale = number_scale(control.quantity)
        self._blank: asyncio.TimerHandle | None = None

    def _shown_as(self, value: float) -> float:
        # A whole number stays one where the unit is the engine's.
        return value if self._scale == 1 else value / self._scale

    @property
    @override
    def native_min_value(self) -> float:
        """Return the least value."""
        return self._shown_as(self.control.bounds().minimum)

    @property
    @override
    def native_max_value(self) -> float:
        """Return the greatest value."""
        return self._shown_as(self.control.bounds().maximum)

    @property
    @override
    def native_step(self) -> float:
        """Return the step for a person's hand; typed numbers may be as fine as the device takes."""
        step = max(self.control.bounds().step, TURNED.get(self.control.quantity, 0.0))
        return self._shown_as(step)

    @property
    @override
    def native_value(self) -> float | None:
        """Return what the device holds, not what was asked of it."""
        value = None if self._blank else self.control.read()
        return None if value is None else self._shown_as(value)

    @override
    def _state_now(self) -> object:
        return self.control.read(), self.control.bounds()

    @override
    async def async_set_native_value(self, value: float) -> None:
        """Set the number; the device refuses what it or the installer does not allow."""
        value = value if self._scale == 1 else value * self._scale
        before = self.control.read()
        await self._do(self.control.write(value))
        person = self._context is not None and self._context.user_id is not None
        if person and self.control.read() == before != value:
            self._renew_box()

    @callback
    def _renew_box(self) -> None:
        """Make the box show what is in force, after a person typed a number that changes nothing.

        A paused charger stays paused at 5 A, so its state does not change; and without a change
        the frontend leaves what was typed in the box.
        """
        self._end_blank()
        self._blank = self.hass.loop.call_later(BLANK_FOR, self._show_again)
        self.async_write_ha_state()

    @callback
    def _show_again(self) -> None:
        self._blank = None
        self.async_write_ha_state()

    @callback
    def _end_blank(self) -> None:
        if self._blank is not None:
            self._blank.cancel()
            self._blank = None

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Show nothing any more."""
        self._end_blank()
        await super().async_will_remove_from_hass()
