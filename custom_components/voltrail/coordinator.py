"""Polls one device, and keeps it at what its user asked for.

One coordinator serves both cadences of a device. Two of them would compete for the
one link, tell of a dead link twice, and disagree about whether the device is there.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import ChildDeviceInfo, DeviceInfo
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from . import repairs
from .const import DOMAIN, LONGEST_BACK_OFF, SETTINGS_INTERVAL
from .engine.device import Cadence, VoltrailDevice
from .engine.errors import VoltrailError
from .engine.parts import Identity
from .memory import Memory

_LOGGER = logging.getLogger(__name__)

type VoltrailConfigEntry = ConfigEntry[VoltrailData]


@dataclass(kw_only=True)
class VoltrailData:
    """What lives as long as an entry is loaded."""

    device: VoltrailDevice
    coordinator: VoltrailCoordinator
    memory: Memory
    devices: Mapping[str | None, DeviceInfo | ChildDeviceInfo]
    """The entries of the device registry: of the device (None), and of its parts by key."""


class VoltrailCoordinator(DataUpdateCoordinator[None]):
    """Polls a device: measurements at every turn, settings once a minute or on a hint."""

    config_entry: VoltrailConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: VoltrailConfigEntry, device: VoltrailDevice
    ) -> None:
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=entry.title,
            update_interval=timedelta(seconds=device.options.scan_interval),
        )
        self.device = device
        self._settings_due = 0.0
        self._attention: object = None
        self._layout: object = None
        self._identity: Identity | None = None
        self._failures = 0
        self._upheld = True
        self.device_id: str | None = None
        """The device's id in the registry, once it is there."""

    @property
    def identity_key(self) -> str:
        """What unique ids of this device begin with.

        Devices that do not tell a serial number are known by their entry.
        """
        return self.config_entry.unique_id or self.config_entry.entry_id

    @override
    async def _async_update_data(self) -> None:
        try:
            await self._poll()
        except VoltrailError as err:
            self._failures += 1
            # Whatever was read before is old by the time the device is back.
            self._settings_due = 0.0
            pause = self.device.options.scan_interval * 2 ** min(self._failures - 1, 8)
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key=err.key,
                translation_placeholders=err.details,
                retry_after=max(self.device.options.scan_interval, min(pause, LONGEST_BACK_OFF)),
            ) from err
        self._failures = 0
        await self._uphold()
        repairs.async_sync(self.hass, self.config_entry, self.device.problems())
        self._follow_changes()

    @callback
    def async_heard(self) -> None:
        """Take note that a life sign got through again, or got through no more.

        A device that is back is read at once, not when the back-off is over.
        """
        self.async_update_listeners()
        if not self.last_update_success:
            self.config_entry.async_create_task(
                self.hass, self.async_request_refresh(), name=f"{self.name} is heard again"
            )

    async def _poll(self) -> None:
        # Only what somebody looks at, once there is somebody: the first poll comes
        # before the entities.
        contexts = list(self.async_contexts())
        wanted = frozenset[str]().union(*contexts) if contexts else None
        await self.device.poll(Cadence.MEASUREMENTS, wanted)
        now = self.hass.loop.time()
        attention = self.device.attention
        if now >= self._settings_due or attention != self._attention:
            await self.device.poll(Cadence.SETTINGS, wanted)
            self._settings_due = now + SETTINGS_INTERVAL
            self._attention = attention

    async def _uphold(self) -> None:
        try:
            await self.device.uphold()
        except VoltrailError as err:
            if self._upheld:
                _LOGGER.warning("%s: could not restore the set-point: %s", self.name, err)
            self._upheld = False
        else:
            self._upheld = True

    def _follow_changes(self) -> None:
        """Notice a new firmware, and values that came or went."""
        device = self.device
        if self._layout is None:
            self._layout = device.layout
            self._identity = device.identity
        if device.layout != self._layout:
            self._layout = device.layout
            _LOGGER.info("%s: it has other values now, loading it anew", self.name)
            self.hass.config_entries.async_schedule_reload(self.config_entry.entry_id)
        if device.identity != self._identity and self.device_id is not None:
            self._identity = device.identity
            dr.async_get(self.hass).async_update_device(
                self.device_id,
                sw_version=device.identity.firmware,
                hw_version=device.identity.hardware,
            )
