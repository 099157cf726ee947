"""The chargers of a connection, as their own entries come and go."""

import logging
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

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
from ..engine.charging.connection import PointSeat
from ..engine.model.errors import VoltrailError
from ..session_context import async_provide_solar_share
from ..signals import ENERGY_TARGET, PlaceSignal, async_tell
from . import const
from .messages import control_ended
from .other import EntitySeat
from .setup import Charger, charger_of, is_charging, seats

if TYPE_CHECKING:
    from ..engine.charging.connection import ConnectionDevice

_LOGGER = logging.getLogger(__name__)


def points(hass: HomeAssistant) -> dict[Charger, tuple[VoltrailCoordinator, ChargePoint]]:
    """Return all charge points that are loaded."""
    entries: list[VoltrailConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    found: dict[Charger, tuple[VoltrailCoordinator, ChargePoint]] = {}
    for entry in entries:
        coordinator = entry.runtime_data.coordinator
        for charger, point in _points_of(coordinator).items():
            found[charger] = coordinator, point
    return found


def _points_of(coordinator: VoltrailCoordinator) -> dict[Charger, ChargePoint]:
    return {
        (coordinator.identity_key, None if point.part is None else point.part.key): point
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


async def release(hass: HomeAssistant, chargers: Mapping[Charger, str]) -> None:
    """End the control of these charge points, as far as they are there."""
    ended: list[str] = []
    for charger, (coordinator, point) in points(hass).items():
        if charger in chargers and point.control.in_charge:
            await _end(coordinator, point)
            ended.append(chargers[charger])
    await control_ended(hass, ended)


async def release_unclaimed(hass: HomeAssistant, entry: VoltrailConfigEntry) -> None:
    """End the control of charge points that no connection has any more.

    Their connection was removed while they were not there.
    """
    known, coordinator = claimed(hass), entry.runtime_data.coordinator
    for charger, point in _points_of(coordinator).items():
        if point.control.in_charge and charger not in known:
            await _end(coordinator, point)
            await control_ended(hass, [coordinator.name])


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
        self._others = {
            key: EntitySeat(hass, device.seat_setup(key), one.data, heard)
            for key, one in seats(entry).items()
            if one.subentry_type == const.OTHER
        }
        self._bound: dict[str, tuple[VoltrailCoordinator, CALLBACK_TYPE]] = {}
        self._faster: dict[str, CALLBACK_TYPE] = {}
        self._remove: CALLBACK_TYPE | None = None

    async def start(self) -> None:
        """Take what is there, and follow what comes and goes."""
        self._remove = async_dispatcher_connect(
            self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._follow
        )
        for key, seat in self._others.items():
            seat.start()
            await self._device.bind(key, seat)
        await self._look()

    @callback
    def stop(self) -> None:
        """Follow no more."""
        if self._remove is not None:
            self._remove()
        for seat in self._others.values():
            seat.stop()
        self.read_faster(())
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
                if (slow_down := self._faster.pop(key, None)) is not None:
                    slow_down()
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
        removers = (
            coordinator.async_add_listener(self._heard, seat.components),
            async_provide_solar_share(
                self._hass,
                (coordinator.config_entry.entry_id, self._part_of(key)),
                self._device.solar_share,
            ),
        )

        @callback
        def remove() -> None:
            for one in removers:
                one()

        self._bound[key] = (coordinator, remove)
        try:
            await self._device.bind(key, seat)
        except VoltrailError as err:
            # It was let go of meanwhile; what comes after it is bound again.
            _LOGGER.debug("%s: not under control: %s", coordinator.name, err)

    @callback
    def read_faster(self, keys: Collection[str]) -> None:
        """Have these chargers read every few seconds, and all others as usual."""
        for key in [one for one in self._faster if one not in keys]:
            self._faster.pop(key)()
        for key in keys:
            seat = self._device.seats.get(key)
            if key not in self._faster and key in self._bound and isinstance(seat, PointSeat):
                coordinator, _ = self._bound[key]
                self._faster[key] = coordinator.async_read_faster(seat.fast, self._heard)

    @callback
    def tell_target(self, key: str) -> None:
        """Tell that the car at a charger has got what it was to get."""
        if (bound := self._bound.get(key)) is None:
            return
        coordinator, part = bound[0], self._part_of(key)
        entry = coordinator.config_entry
        sessions = entry.runtime_data.sessions.of(part)
        session = None if sessions is None else sessions.log.present
        signal = PlaceSignal(
            entry_id=entry.entry_id, part=part, kind=ENERGY_TARGET, session=session
        )
        async_tell(self._hass, signal)

    def _part_of(self, key: str) -> str | None:
        return next(part for (_, part), known in self._wanted.items() if known == key)

    @callback
    def show(self, key: str) -> None:
        """Show at the charger what became of an order."""
        if (bound := self._bound.get(key)) is not None:
            bound[0].async_update_listeners()
