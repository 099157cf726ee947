"""Waiting for the way to a device that was not there when its entry started.

Home Assistant itself tries an entry that is not ready ever more rarely, at last every few
minutes. A meter is missed for as long, although its adapter is back within seconds; so the way
to it is watched, and the entry is set up as soon as there is one.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from homeassistant.components import mqtt
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import CONF_TRANSPORT, DOMAIN
from ..engine.devices.family import Transport
from ..engine.model.errors import LinkDownError
from .stream_listener import opened

WATCHES: HassKey[dict[str, asyncio.Task[None]]] = HassKey(f"{DOMAIN}_watches")

PAUSE: Final = 3.0
"""Seconds between two looks; with one that has to time out, the way is found within ten."""

_LOOKING: Final = 5.0
"""Seconds for one look: a host that is back answers within four, however it was asked."""

# While its set-up is being given up, and until it is tried again.
_WAITING: Final = frozenset({ConfigEntryState.SETUP_IN_PROGRESS, ConfigEntryState.SETUP_RETRY})


@callback
def async_watch[D](hass: HomeAssistant, entry: ConfigEntry[D]) -> None:
    """Set up an entry, which is not ready now, as soon as there is a way to its device."""
    async_keep(hass, entry, _watch(hass, entry))


@callback
def async_keep[D](
    hass: HomeAssistant, entry: ConfigEntry[D], watching: Coroutine[Any, Any, None]
) -> None:
    """Watch for as long as an entry is not ready, until it is set up once more."""
    watch = hass.async_create_background_task(
        watching, name=f"{DOMAIN} waits for the way to {entry.title}"
    )
    watches = hass.data.setdefault(WATCHES, {})
    watches[entry.entry_id] = watch

    @callback
    def look() -> None:
        if entry.state not in _WAITING:
            watch.cancel()

    stop_looking = entry.async_on_state_change(look)

    def ended(_: object) -> None:
        stop_looking()
        if watches.get(entry.entry_id) is watch:
            del watches[entry.entry_id]

    watch.add_done_callback(ended)


async def async_stop[D](hass: HomeAssistant, entry: ConfigEntry[D]) -> None:
    """Watch no longer, and hold nothing open: the caller uses that link now."""
    watch = hass.data.get(WATCHES, {}).get(entry.entry_id)
    if watch is not None:
        watch.cancel()
        await asyncio.wait((watch,))


async def _watch[D](hass: HomeAssistant, entry: ConfigEntry[D]) -> None:
    while True:
        await asyncio.sleep(PAUSE)
        if await _there(hass, entry) and entry.state is ConfigEntryState.SETUP_RETRY:
            hass.config_entries.async_schedule_reload(entry.entry_id)
            return


async def _there[D](hass: HomeAssistant, entry: ConfigEntry[D]) -> bool:
    """Whether there is a way; nothing of it stays open."""
    if entry.data[CONF_TRANSPORT] == Transport.MQTT:
        return bool(hass.config_entries.async_loaded_entries(mqtt.DOMAIN))
    try:
        async with asyncio.timeout(_LOOKING), opened(entry.data):
            return True
    except LinkDownError, TimeoutError:
        return False
