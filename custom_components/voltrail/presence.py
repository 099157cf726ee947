"""Tells when a device falls silent, and when it answers again."""

from typing import Final

from homeassistant.core import HomeAssistant, callback

from .coordinator import VoltrailConfigEntry
from .signals import ANSWERS, SILENT, PlaceSignal, async_tell

_NO_COMPONENT: Final = frozenset({"presence"})
"""A poll that only asks whether a device is there reads none of its values."""


@callback
def async_watch(hass: HomeAssistant, entry: VoltrailConfigEntry) -> None:
    """Watch a device for as long as its entry is loaded."""
    coordinator = entry.runtime_data.coordinator
    alive: bool | None = None

    @callback
    def look() -> None:
        nonlocal alive
        if coordinator.last_update_success is not alive:
            alive = coordinator.last_update_success
            kind = ANSWERS if alive else SILENT
            async_tell(hass, PlaceSignal(entry_id=entry.entry_id, part=None, kind=kind))

    entry.async_on_unload(coordinator.async_add_listener(look, _NO_COMPONENT))
    look()
