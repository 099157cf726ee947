"""The life of the entry: set up, loaded again, and removed without anything left over."""

from dataclasses import dataclass
from typing import Any, Final, cast

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.util.hass_dict import HassKey

from .. import storage
from ..const import DOMAIN, PLATFORMS
from ..coordinator import VoltrailConfigEntry, VoltrailData
from ..devices import Infos
from ..engine.charging.connection import ConnectionDevice
from ..engine.charging.controller import ControllerState
from ..session_log import SessionKeeper
from . import sign
from .coordinator import ChargingCoordinator
from .places import release
from .setup import Charger, charger_of, connection_setup, seats

_GOES_ON: Final = 120.0
"""Seconds between an unload and the next set-up that count as one reload."""


@dataclass(frozen=True, kw_only=True)
class _Left:
    """What an entry leaves to its next self."""

    state: ControllerState
    at: float


STATES: Final[HassKey[dict[str, _Left]]] = HassKey(f"{DOMAIN}_charging_states")
"""What entries that were unloaded have left, by their ids."""


async def async_setup_entry(hass: HomeAssistant, entry: VoltrailConfigEntry) -> bool:
    """Set up the controller of one connection."""
    device = ConnectionDevice(connection_setup(entry))
    entry.async_on_unload(device.close)
    remembered = storage.Memory(hass, entry.entry_id, device)
    await remembered.load()
    entry.async_on_unload(remembered.close)
    left = hass.data.get(STATES, {}).pop(entry.entry_id, None)
    if left is not None and hass.loop.time() - left.at < _GOES_ON:
        device.go_on(left.state)
    coordinator = ChargingCoordinator(hass, entry, device)
    entry.runtime_data = VoltrailData(
        device=device,
        coordinator=coordinator,
        devices=_register(hass, entry, coordinator),
        sessions=SessionKeeper(hass, entry.entry_id, coordinator),
    )
    entry.async_on_unload(entry.add_update_listener(_changed))
    await coordinator.async_start()
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: VoltrailConfigEntry) -> None:
    """Keep for the next set-up what was going on; the chargers go on as they were told."""
    sign.async_believe(hass, entry)
    device = cast("ConnectionDevice", entry.runtime_data.device)
    left = _Left(state=device.state, at=hass.loop.time())
    hass.data.setdefault(STATES, {})[entry.entry_id] = left
    if entry.disabled_by is not None:
        await device.let_go()


async def async_remove_entry(hass: HomeAssistant, entry: VoltrailConfigEntry) -> None:
    """Let go of all chargers."""
    hass.data.get(STATES, {}).pop(entry.entry_id, None)
    sign.async_believe(hass, entry)
    await release(hass, {charger_of(one.data): one.title for one in seats(entry).values()})


async def _changed(hass: HomeAssistant, entry: VoltrailConfigEntry) -> None:
    """Load the entry again after something was changed; who is not in it any more is let go."""
    device = cast("ConnectionDevice", entry.runtime_data.device)
    now: set[str] = set(seats(entry))
    await device.let_go(seat.key for seat in device.setup.seats if seat.key not in now)
    await hass.config_entries.async_reload(entry.entry_id)


def _register(
    hass: HomeAssistant, entry: VoltrailConfigEntry, coordinator: ChargingCoordinator
) -> Infos:
    """Register the connection, and say what its chargers' controls are called."""
    registry = dr.async_get(hass)
    info = DeviceInfo(
        identifiers={(DOMAIN, coordinator.identity_key)},
        name=entry.title,
        manufacturer="Voltrail",
        entry_type=DeviceEntryType.SERVICE,
    )
    house = registry.async_get_or_create(config_entry_id=entry.entry_id, **info)
    coordinator.device_id = house.id
    found: dict[str | None, Any] = {None: info}
    for key, subentry in seats(entry).items():
        found[key] = DeviceInfo(
            identifiers={(DOMAIN, f"{coordinator.identity_key}_{key}")},
            name=subentry.title,
            manufacturer="Voltrail",
            entry_type=DeviceEntryType.SERVICE,
            via_device_id=house.id,
        )
    return found


__all__ = ["Charger", "async_remove_entry", "async_setup_entry", "async_unload_entry"]
