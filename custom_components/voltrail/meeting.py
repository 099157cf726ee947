"""Waiting for a polled device that could not be met when its entry started.

Home Assistant itself tries an entry that is not ready ever more rarely, at last every 80 s. A
device that is back is met within seconds instead. And one that counts the seconds since its last
life sign gets them meanwhile: a bad line may let few whole answers through, and a life sign needs
none.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util.hass_dict import HassKey

from . import link
from .const import CONF_FINGERPRINT, DOMAIN
from .engine.model.errors import VoltrailError, WrongDeviceError
from .engine.polling import keep_alive
from .engine.polling.polled_device import PolledDevice, UnitSource
from .push import return_watch

PAUSE: Final = 3.0
"""Seconds between two tries; with one that has to time out, the device is met within ten."""

STRANGERS: HassKey[set[str]] = HassKey(f"{DOMAIN}_strangers")
"""The entries at whose address another device was met last; it gets no life sign from here."""


@callback
def async_note[D](
    hass: HomeAssistant, entry: ConfigEntry[D], trouble: VoltrailError | None
) -> None:
    """Take note of whom an entry has met."""
    strangers = hass.data.setdefault(STRANGERS, set())
    if isinstance(trouble, WrongDeviceError):
        strangers.add(entry.entry_id)
    elif trouble is None:
        strangers.discard(entry.entry_id)


@callback
def is_stranger[D](hass: HomeAssistant, entry: ConfigEntry[D]) -> bool:
    """Whether it is known that another device answers where an entry leads."""
    return entry.entry_id in hass.data.get(STRANGERS, ())


@callback
def async_watch[D](
    hass: HomeAssistant, entry: ConfigEntry[D], create: Callable[[UnitSource], PolledDevice]
) -> None:
    """Say life signs to a device that was not met, and set its entry up when it can be."""
    return_watch.async_keep(hass, entry, _watch(hass, entry, create))


async def _watch[D](
    hass: HomeAssistant, entry: ConfigEntry[D], create: Callable[[UnitSource], PolledDevice]
) -> None:
    while True:
        # A person may be trying other settings of the same link in a form.
        with suppress(HomeAssistantError):
            async with link.temporary_units(hass, entry.data) as units:
                met = await _meet(hass, entry, create(units))
                if met and entry.state is ConfigEntryState.SETUP_RETRY:
                    hass.config_entries.async_schedule_reload(entry.entry_id)
                    return
        await asyncio.sleep(PAUSE)


async def _meet[D](hass: HomeAssistant, entry: ConfigEntry[D], device: PolledDevice) -> bool:
    """Return when a device has said who it is, and whether it is the one that belongs here."""
    device.title = entry.title
    device.expected = entry.data[CONF_FINGERPRINT]
    signs = [] if is_stranger(hass, entry) else list(device.life_signs())
    saying = [asyncio.ensure_future(keep_alive.run(sign)) for sign in signs]
    try:
        while True:
            await asyncio.sleep(PAUSE)
            # One that hears no life sign tells nothing else either; its line may have others.
            if any(sign.failures for sign in signs):
                continue
            try:
                await device.identify()
            except WrongDeviceError as err:
                async_note(hass, entry, err)
                return False
            except VoltrailError:
                continue
            else:
                return True
    finally:
        for task in saying:
            task.cancel()
        await asyncio.gather(*saying, return_exceptions=True)
        device.close()
