"""Stands in for an integration that somebody used before: an entry, and entities with a history.

It has the domain and makes the unique ids of the real one, and speaks to no charger.
"""

from homeassistant.config_entries import SOURCE_IMPORT, ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers.typing import ConfigType

DOMAIN = "mennekes_modbus"


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Make the entry that its owner made once."""
    if DOMAIN in config and not hass.config_entries.async_entries(DOMAIN):
        flow = hass.config_entries.flow.async_init(
            DOMAIN, context={"source": SOURCE_IMPORT}, data=config[DOMAIN]
        )
        hass.async_create_task(flow)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Set up the entities."""
    await hass.config_entries.async_forward_entry_setups(entry, [Platform.SENSOR])
    return True


async def async_unload_entry(hass: HomeAssistant, entry: ConfigEntry) -> bool:
    """Let them go."""
    return await hass.config_entries.async_unload_platforms(entry, [Platform.SENSOR])
