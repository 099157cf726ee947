"""Stores what a device has to remember over a restart: set-points, counters of our own."""

from typing import Any, override

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers.storage import Store

from .const import DOMAIN
from .engine.polling.base_device import BaseDevice

# Soon enough not to lose a set-point, rarely enough to spare an SD card from counters
# that change with every poll.
SAVE_DELAY = 20.0


def store(hass: HomeAssistant, entry_id: str) -> Store[dict[str, Any]]:
    """Return the file of an entry."""
    return _Store(hass, 1, f"{DOMAIN}.{entry_id}", minor_version=2, atomic_writes=True)


class _Store(Store[dict[str, Any]]):
    """The file; minor version 2 has what was in force before an order that is not confirmed."""

    @override
    async def _async_migrate_func(
        self, old_major_version: int, old_minor_version: int, old_data: dict[str, Any]
    ) -> dict[str, Any]:
        # What is new may be missing; what was there has kept its names.
        return old_data


class Memory:
    """Keeps what a device wants to remember in a file of its entry."""

    def __init__(self, hass: HomeAssistant, entry_id: str, device: BaseDevice) -> None:
        self._store = store(hass, entry_id)
        self._hass = hass
        self._device = device
        self._stop_waiting = _nothing
        self._due = False
        self._used = False

    async def load(self) -> None:
        """Give the device what it remembered, and listen for changes from now on."""
        if (memory := await self._store.async_load()) is not None:
            self._device.restore_state(memory)
        self._device.memory_changed = self._changed
        self._device.memory_store = self._store_now
        self._stop_waiting = self._hass.bus.async_listen(EVENT_HOMEASSISTANT_STOP, self._save_last)

    @callback
    def _save_last(self, _event: Event) -> None:
        """Have what was added up since the last save written in the end."""
        if self._used:
            self._changed()

    @callback
    def _changed(self) -> None:
        self._used = True
        # Asking again would put the save off again, for ever with frequent changes.
        if not self._due:
            self._due = True
            self._store.async_delay_save(self._data, SAVE_DELAY)

    async def _store_now(self) -> None:
        """Save before an order is sent; what was due is saved with it."""
        self._used = True
        await self._store.async_save(self._data())

    @callback
    def _data(self) -> dict[str, Any]:
        self._due = False
        return self._device.dump_state()

    async def close(self) -> None:
        """Save everything now, and nothing later: the next set-up owns the file."""
        self._device.memory_changed = _nothing
        self._device.memory_store = _store_nothing
        self._stop_waiting()
        if self._used:
            # Also if nothing is due: this waits for a save that is under way.
            await self._store.async_save(self._data())


def _nothing() -> None:
    """Do nothing."""


async def _store_nothing() -> None:
    """Do nothing."""
