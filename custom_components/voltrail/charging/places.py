"""The chargers of a connection, as their own entries come and go."""

import logging
from collections.abc import Callable
from typing import Any

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect

from ..const import DOMAIN
from ..coordinator import VoltrailConfigEntry, VoltrailCoordinator
from ..engine.charging.charge_point import ChargePoint
from ..engine.charging.connection import ConnectionDevice, PointSeat
from ..engine.model.errors import VoltrailError
from .setup import Charger, charger_of, is_charging, seats

_LOGGER = logging.getLogger(__name__)


def points(hass: HomeAssistant) -> dict[Charger, tuple[VoltrailCoordinator, ChargePoint]]:
    """Return all charge points that are loaded."""
    entries: list[VoltrailConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    return {
        (coordinator.identity_key, None if point.part is None else point.part.key): (
            coordinator,
            point,
        )
        for entry in entries
        for coordinator in (entry.runtime_data.coordinator,)
        for point in coordinator.device.charge_points()
        if isinstance(point, ChargePoint)
    }


def claimed(hass: HomeAssistant) -> dict[Charger, str]:
    """Return which charge points a connection controls, and the name that it has there."""
    return {
        charger_of(one.data): one.title
        for entry in hass.config_entries.async_entries(DOMAIN, include_disabled=False)
        if is_charging(entry)
        for one in seats(entry).values()
    }


async def release(hass: HomeAssistant, chargers: set[Charger]) -> None:
    """End the control of these charge points, as far as they are there."""
    for charger, (coordinator, point) in points(hass).items():
        if charger in chargers and point.control.in_charge:
            await _end(coordinator, point)


async def release_unclaimed(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """End the control of charge points that no connection has any more.

    Their connection was removed while they were not there.
    """
    known = claimed(hass)
    for charger, (coordinator, point) in points(hass).items():
        mine = coordinator.config_entry.entry_id == entry.entry_id
        if mine and point.control.in_charge and charger not in known:
            await _end(coordinator, point)


async def _end(coordinator: VoltrailCoordinator, point: ChargePoint) -> None:
    try:
        await point.end_control()
    except VoltrailError as err:
        _LOGGER.warning("%s: its control did not end: %s", coordinator.name, err)


class Places:
    """Binds each charger while its entry is loaded, and lets it be away while it is not."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: VoltrailConfigEntry,
        device: ConnectionDevice,
        heard: Callable[[], None],
        changed: Callable[[], None],
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._device = device
        self._heard = heard
        self._changed = changed
        self._wanted = {charger_of(one.data): key for key, one in seats(entry).items()}
        self._bound: dict[str, tuple[VoltrailCoordinator, CALLBACK_TYPE]] = {}
        self._remove: CALLBACK_TYPE | None = None

    async def start(self) -> None:
        """Take what is there, and follow what comes and goes."""
        self._remove = async_dispatcher_connect(
            self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._follow
        )
        await self._look()

    @callback
    def stop(self) -> None:
        """Follow no more."""
        if self._remove is not None:
            self._remove()
        for _, remove in self._bound.values():
            remove()
        self._bound.clear()

    @callback
    def _follow(self, _change: ConfigEntryChange, entry: ConfigEntry[Any]) -> None:
        if entry.domain != DOMAIN or is_charging(entry):
            return
        settled = (ConfigEntryState.LOADED, ConfigEntryState.NOT_LOADED)
        if entry.state in settled or entry.state is ConfigEntryState.SETUP_RETRY:
            self._changed()
            self._entry.async_create_task(self._hass, self._look(), f"{DOMAIN} chargers")

    async def _look(self) -> None:
        there = points(self._hass)
        for charger, key in self._wanted.items():
            found, bound = there.get(charger), self._bound.get(key)
            if bound is not None and (found is None or found[0] is not bound[0]):
                bound[1]()
                del self._bound[key]
                self._device.unbind(key)
                bound = None
            if found is not None and bound is None:
                await self._bind(key, *found)
        self._heard()

    async def _bind(self, key: str, coordinator: VoltrailCoordinator, point: ChargePoint) -> None:
        seat = PointSeat(
            self._device.seat_setup(key),
            coordinator.device,
            point,
            alive=lambda: coordinator.last_update_success,
        )
        remove = coordinator.async_add_listener(self._heard, seat.components)
        self._bound[key] = (coordinator, remove)
        try:
            await self._device.bind(key, seat)
        except VoltrailError as err:
            # It was let go of meanwhile; what comes after it is bound again.
            _LOGGER.debug("%s: not under control: %s", coordinator.name, err)

    @callback
    def show(self, key: str) -> None:
        """Show at the charger what became of an order."""
        if (bound := self._bound.get(key)) is not None:
            bound[0].async_update_listeners()
