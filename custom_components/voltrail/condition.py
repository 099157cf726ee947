"""Conditions, where Home Assistant looks for them."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.condition import Condition

from .api.conditions import CONDITIONS


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:
    """Return all conditions by their keys."""
    return CONDITIONS
