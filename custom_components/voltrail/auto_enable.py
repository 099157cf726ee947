"""Entities that are disabled until their value is seen for the first time.

A meter that is fitted later, or a phase that was not used so far, starts to report one
day. Its entity was created disabled; the registry enables it then, once.
"""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN
from .coordinator import VoltrailConfigEntry
from .engine.model.points import Kind
from .engine.polling.polled_device import Reading
from .presentation import enabled_at_first


@callback
def async_watch(hass: HomeAssistant, entry: VoltrailConfigEntry) -> None:
    """Enable sleeping entities whose values came meanwhile, and others when theirs come.

    Called before entities are added, so that those that are awake are added at once.
    """
    coordinator = entry.runtime_data.coordinator
    sleeping = [
        reading
        for reading in coordinator.device.readings()
        if reading.point.disabled_until_seen and enabled_at_first(reading.point)
    ]

    @callback
    def look() -> None:
        for reading in [found for found in sleeping if found.read() is not None]:
            sleeping.remove(reading)
            _wake(hass, coordinator.identity_key, reading)

    look()
    if sleeping:
        entry.async_on_unload(coordinator.async_add_listener(look))


def _wake(hass: HomeAssistant, identity_key: str, reading: Reading) -> None:
    platform = Platform.BINARY_SENSOR if reading.point.kind is Kind.FLAG else Platform.SENSOR
    registry = er.async_get(hass)
    entity_id = registry.async_get_entity_id(
        platform, DOMAIN, f"{identity_key}_{reading.path.replace('/', '_')}"
    )
    if entity_id is None:
        return
    entity = registry.async_get(entity_id)
    # A person who disabled it had a reason.
    if entity is not None and entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION:
        registry.async_update_entity(entity_id, disabled_by=None)
