"""Triggers, where Home Assistant looks for them."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers.trigger import Trigger

from .api.triggers import TRIGGERS


async def async_get_triggers(hass: HomeAssistant) -> dict[str, type[Trigger]]:
    """Return all triggers by their keys."""
    return TRIGGERS
