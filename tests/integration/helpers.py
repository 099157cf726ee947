"""What several test files need."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.voltrail.const import DOMAIN


async def poll(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Let the coordinator read the device now."""
    await entry.runtime_data.coordinator.async_refresh()
    await hass.async_block_till_done(wait_background_tasks=False)


def entity_id(hass: HomeAssistant, entry: MockConfigEntry, platform: str, path: str) -> str:
    """Return the id of the entity with a path of the engine."""
    key = entry.runtime_data.coordinator.identity_key
    unique_id = f"{key}_{path.replace('/', '_')}"
    found = er.async_get(hass).async_get_entity_id(platform, DOMAIN, unique_id)
    assert found is not None, f"no {platform} for {path}"
    return found


def state(hass: HomeAssistant, entry: MockConfigEntry, platform: str, path: str) -> str:
    """Return the state of the entity with a path of the engine."""
    found = hass.states.get(entity_id(hass, entry, platform, path))
    assert found is not None, f"{platform} for {path} has no state"
    return found.state


async def set_number(hass: HomeAssistant, entry: MockConfigEntry, path: str, value: object) -> None:
    """Set a number as an automation does."""
    await hass.services.async_call(
        "number",
        "set_value",
        {"entity_id": entity_id(hass, entry, "number", path), "value": value},
        blocking=True,
    )


async def turn(hass: HomeAssistant, entry: MockConfigEntry, path: str, *, on: bool) -> None:
    """Flip a switch as a person does."""
    await hass.services.async_call(
        "switch",
        "turn_on" if on else "turn_off",
        {"entity_id": entity_id(hass, entry, "switch", path)},
        blocking=True,
    )
