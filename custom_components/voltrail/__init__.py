"""Voltrail: the energy devices of a house on one rail."""

import asyncio
import logging
from collections.abc import Iterable
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_SCAN_INTERVAL
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ConfigEntryNotReady, HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.importlib import async_import_module
from homeassistant.helpers.typing import ConfigType
from homeassistant.util import dt as dt_util

from . import (
    auto_enable,
    dashboard,
    devices,
    energy_offer,
    held_orders,
    link,
    meeting,
    presence,
    repairs,
    session_log,
    storage,
)
from .api import actions, control, rpc, sessions
from .charging.places import release_unclaimed
from .charging.setup import is_charging
from .const import (
    CONF_FAMILY,
    CONF_FINGERPRINT,
    CONF_MAX_CURRENT,
    CONF_UNIT_ID,
    DOMAIN,
    PLATFORMS,
)
from .coordinator import (
    PollingCoordinator,
    PushCoordinator,
    VoltrailConfigEntry,
    VoltrailCoordinator,
    VoltrailData,
)
from .engine.devices import family
from .engine.devices.family import Family
from .engine.model.errors import VoltrailError
from .engine.model.options import Options
from .engine.polling import keep_alive
from .engine.polling.base_device import BaseDevice
from .engine.polling.polled_device import PolledDevice, UnitSource
from .engine.polling.pushed_device import PushedDevice
from .moving_in import offer as moving_in
from .push import return_watch
from .session_log import SessionKeeper

_LOGGER = logging.getLogger(__name__)

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Set up what does not belong to one device."""
    actions.async_register(hass)
    sessions.async_register(hass)
    control.async_register(hass)
    hass.http.register_view(rpc.RpcView(hass))
    await dashboard.async_register(hass)
    return True


async def async_migrate_entry(hass: HomeAssistant, entry: VoltrailConfigEntry) -> bool:
    """Bring an entry that an older release has stored up to date."""
    if entry.version > 1:
        # Stored by a newer release, in a way that this one cannot know.
        return False
    if entry.minor_version < 2 and not is_charging(entry):
        # Up to 0.1, the keys of a meter were among its settings.
        secret = family(entry.data[CONF_FAMILY]).secrets
        hass.config_entries.async_update_entry(
            entry,
            data={**entry.data, **{key: entry.options[key] for key in secret & set(entry.options)}},
            options={key: value for key, value in entry.options.items() if key not in secret},
            minor_version=2,
        )
    return True


def options(entry: VoltrailConfigEntry) -> Options:
    """Return what the installer decided, in the engine's form."""
    kind = family(entry.data[CONF_FAMILY])
    return Options(
        max_current=entry.options.get(CONF_MAX_CURRENT),
        scan_interval=entry.options.get(CONF_SCAN_INTERVAL, kind.scan_interval),
        zone=dt_util.get_default_time_zone(),
        extra={
            field.key: (entry.data if field.secret else entry.options).get(field.key, field.default)
            for field in kind.option_fields
        },
    )


async def _charging(hass: HomeAssistant) -> Any:
    """Return what sets the controller up, and import it elsewhere: most houses have none."""
    return await async_import_module(hass, f"{__package__}.charging.entry")


async def async_setup_entry(hass: HomeAssistant, entry: VoltrailConfigEntry) -> bool:
    """Set up one device, or the controller of a connection."""
    if is_charging(entry):
        done: bool = await (await _charging(hass)).async_setup_entry(hass, entry)
        held_orders.async_release(hass, entry)
        return done
    kind = family(entry.data[CONF_FAMILY])
    await link.async_load(hass, kind)
    if kind.listen is None:
        coordinator = await _start_polling(hass, entry, kind)
    else:
        coordinator = await _start_listening(hass, entry, kind.listen(options(entry)))
    keeper = SessionKeeper(hass, entry.entry_id, coordinator)
    await keeper.load(coordinator.device)
    entry.runtime_data = VoltrailData(
        device=coordinator.device,
        coordinator=coordinator,
        devices=devices.async_register(hass, entry, coordinator),
        sessions=keeper,
    )
    auto_enable.async_watch(hass, entry)
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    # Only now: what happened meanwhile is shown by an entity.
    entry.async_on_unload(keeper.stop)
    keeper.start()
    presence.async_watch(hass, entry)
    energy_offer.async_watch(hass, entry)
    moving_in.async_watch(hass, entry)
    await release_unclaimed(hass, entry)
    held_orders.async_release(hass, entry)
    return True


async def _start_polling(
    hass: HomeAssistant, entry: VoltrailConfigEntry, kind: Family
) -> VoltrailCoordinator:
    def create(units: UnitSource) -> PolledDevice:
        return kind.create(units, entry.data[CONF_UNIT_ID], options(entry))

    try:
        device = create(link.units(hass, entry.data, entry))
    except HomeAssistantError as err:
        # Not another entry may hold it, but a form in which a person tries other settings.
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN, translation_key="link_settings_in_use"
        ) from err
    # Only now: the link stays open while one lets go of it and the other takes it.
    await return_watch.async_stop(hass, entry)
    await _prepare(hass, entry, device)
    coordinator = PollingCoordinator(hass, entry, device)
    try:
        await _meet(hass, entry, coordinator)
    except ConfigEntryNotReady:
        meeting.async_watch(hass, entry, create)
        raise
    return coordinator


async def _meet(
    hass: HomeAssistant, entry: VoltrailConfigEntry, coordinator: PollingCoordinator
) -> None:
    """Find out whether the device is there, and read it for the first time."""
    device = coordinator.device
    device.trouble.held = True
    # Life signs go ahead of everything else: a device may be counting already.
    early = [] if meeting.is_stranger(hass, entry) else list(device.life_signs())
    _keep_all_saying(hass, entry, coordinator, early)
    try:
        await link.introduce(device, entry.data)
    except VoltrailError as err:
        meeting.async_note(hass, entry, err)
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key=err.key,
            translation_placeholders=err.details,
        ) from err
    meeting.async_note(hass, entry, None)
    _keep_all_saying(
        hass, entry, coordinator, (one for one in device.keep_alives() if one not in early)
    )
    await coordinator.async_config_entry_first_refresh()
    device.trouble.held = False


def _keep_all_saying(
    hass: HomeAssistant,
    entry: VoltrailConfigEntry,
    coordinator: PollingCoordinator,
    signs: Iterable[keep_alive.KeepAlive],
) -> None:
    for alive in signs:
        entry.async_create_background_task(
            hass,
            _keep_saying(alive, coordinator),
            name=f"{DOMAIN} {alive.name} {entry.title}",
        )


async def _keep_saying(alive: keep_alive.KeepAlive, coordinator: PollingCoordinator) -> None:
    """Renew for as long as the entry is loaded, also after an unexpected error.

    Polls go on after a fault of ours. So must the life sign of a charger under a limit: without
    it the charger falls back, and the owner cannot see why.
    """
    while True:
        try:
            await keep_alive.run(alive, on_change=coordinator.async_life_sign_changed)
        except Exception:
            _LOGGER.exception("Unexpected error in the %s of %s", alive.name, coordinator.name)
        await asyncio.sleep(alive.interval)


async def _start_listening(
    hass: HomeAssistant, entry: VoltrailConfigEntry, device: PushedDevice
) -> VoltrailCoordinator:
    await _prepare(hass, entry, device)
    coordinator = PushCoordinator(hass, entry, device)
    await coordinator.async_start()
    return coordinator


async def _prepare(hass: HomeAssistant, entry: VoltrailConfigEntry, device: BaseDevice) -> None:
    """Tell a device which one it should be, and what it knew before the restart."""
    entry.async_on_unload(device.close)
    device.title = entry.title
    device.expected = entry.data[CONF_FINGERPRINT]
    remembered = storage.Memory(hass, entry.entry_id, device)
    await remembered.load()
    entry.async_on_unload(remembered.close)


async def async_unload_entry(hass: HomeAssistant, entry: VoltrailConfigEntry) -> bool:
    """Let go of one device."""
    held_orders.async_hold(hass, entry)
    if not await hass.config_entries.async_unload_platforms(entry, PLATFORMS):
        held_orders.async_release(hass, entry)
        return False
    if is_charging(entry):
        await (await _charging(hass)).async_unload_entry(hass, entry)
    repairs.async_clear(hass, entry)
    return True


async def async_remove_entry(hass: HomeAssistant, entry: VoltrailConfigEntry) -> None:
    """Leave nothing behind."""
    held_orders.async_drop(hass, entry)
    await storage.store(hass, entry.entry_id).async_remove()
    await session_log.async_remove(hass, entry.entry_id)
    repairs.async_clear(hass, entry)
    if is_charging(entry):
        await (await _charging(hass)).async_remove_entry(hass, entry)
    else:
        await moving_in.async_forget(hass, entry)
    if not hass.config_entries.async_entries(DOMAIN):
        await energy_offer.async_forget(hass)


async def async_remove_config_entry_device(
    hass: HomeAssistant, entry: VoltrailConfigEntry, device_entry: dr.AnyDeviceEntry
) -> bool:
    """Allow deleting a device that is not part of this one any more, or has gone."""
    # As long as the entry is not loaded, it is not known what is part of it.
    return entry.state is ConfigEntryState.LOADED and devices.can_go(entry, device_entry)
