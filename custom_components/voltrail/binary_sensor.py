"""Binary sensors: everything that is only yes or no."""

from typing import override

from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import VoltrailConfigEntry, VoltrailCoordinator
from .engine.model.points import Kind
from .engine.polling.polled_device import Reading
from .entity import VoltrailReading, add_entities
from .presentation import ASPECTS

PARALLEL_UPDATES = 0


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VoltrailConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add a binary sensor for every yes or no."""
    coordinator = entry.runtime_data.coordinator
    add_entities(
        coordinator,
        async_add_entities,
        [
            VoltrailBinarySensor(coordinator, reading)
            for reading in coordinator.device.readings()
            if reading.point.kind is Kind.FLAG
        ],
    )


class VoltrailBinarySensor(VoltrailReading, BinarySensorEntity):
    """A yes or no of a device."""

    def __init__(self, coordinator: VoltrailCoordinator, reading: Reading) -> None:
        super().__init__(coordinator, reading)
        if (aspect := reading.point.aspect) is not None:
            self._attr_device_class = ASPECTS[aspect]

    @property
    @override
    def is_on(self) -> bool | None:
        """Return the value, as it was last read."""
        value = self.reading.read()
        return None if value is None else bool(value)
