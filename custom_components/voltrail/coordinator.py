"""What stands between a device and its entities, and how a device is polled."""

import logging
from abc import abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast, override

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import ChildDeviceInfo, DeviceInfo
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from . import repairs
from .const import (
    CONF_IDENTITY_KEY,
    CONF_READ_ONLY,
    DOMAIN,
    LONGEST_BACK_OFF,
    SETTINGS_INTERVAL,
)
from .engine.controls import Control
from .engine.device import Cadence, VoltrailDevice
from .engine.errors import ReadOnlyError, VoltrailError
from .engine.parts import Identity
from .engine.source import Source

_LOGGER = logging.getLogger(__name__)

type VoltrailConfigEntry = ConfigEntry[VoltrailData]


@dataclass(kw_only=True)
class VoltrailData:
    """What lives as long as an entry is loaded."""

    device: Source
    coordinator: VoltrailCoordinator
    devices: Mapping[str | None, DeviceInfo | ChildDeviceInfo]
    """The entries of the device registry: of the device (None), and of its parts by key."""


class VoltrailCoordinator(DataUpdateCoordinator[None]):
    """Tells the entities of a device that it has something new, polled or pushed."""

    config_entry: VoltrailConfigEntry
    device: Source

    def __init__(
        self,
        hass: HomeAssistant,
        entry: VoltrailConfigEntry,
        device: Source,
        interval: timedelta | None = None,
    ) -> None:
        super().__init__(
            hass, _LOGGER, config_entry=entry, name=entry.title, update_interval=interval
        )
        self.device = device
        self._layout: object = None
        self._identity: Identity | None = None
        self.device_id: str | None = None
        """The device's id in the registry, once it is there."""

    @property
    def identity_key(self) -> str:
        """What unique ids of this device begin with.

        Devices that do not tell a serial number are known by their entry; also later, when
        they do tell it.
        """
        entry = self.config_entry
        key: str = entry.data.get(CONF_IDENTITY_KEY) or entry.unique_id or entry.entry_id
        return key

    @property
    def watched(self) -> frozenset[str]:
        """The components that somebody looks at."""
        return frozenset[str]().union(*self.async_contexts())

    def controls(self) -> Iterable[Control]:
        """Return what can be asked of the device; nothing, if it was added without controls."""
        if self.config_entry.data.get(CONF_READ_ONLY):
            return ()
        return self.device.controls()

    @callback
    def async_watch_readings(self, add: Callable[[], None]) -> None:
        """Call ``add`` for the values that the device has, and again when it has others."""
        add()

    @abstractmethod
    async def async_diagnostics(self) -> dict[str, Any]:
        """Return how the device answers or speaks, and its raw data."""

    def _follow_identity(self) -> None:
        """Notice a new firmware, or that the device has said who it is."""
        identity = self.device.identity
        if identity == self._identity or self.device_id is None:
            return
        self._identity = identity
        # Entities that are added later bring this along.
        info = cast("DeviceInfo", self.config_entry.runtime_data.devices[None])
        info["manufacturer"] = identity.manufacturer or None
        info["model"] = identity.model or None
        info["serial_number"] = identity.serial
        info["sw_version"] = identity.firmware
        info["hw_version"] = identity.hardware
        dr.async_get(self.hass).async_update_device(
            self.device_id,
            manufacturer=info["manufacturer"],
            model=info["model"],
            serial_number=info["serial_number"],
            sw_version=info["sw_version"],
            hw_version=info["hw_version"],
        )


class PollingCoordinator(VoltrailCoordinator):
    """Polls a device: measurements at every turn, settings once a minute or on a hint.

    One coordinator serves both cadences. Two of them would compete for the one link, tell
    of a dead link twice, and disagree about whether the device is there.
    """

    device: VoltrailDevice

    def __init__(
        self, hass: HomeAssistant, entry: VoltrailConfigEntry, device: VoltrailDevice
    ) -> None:
        super().__init__(hass, entry, device, timedelta(seconds=device.options.scan_interval))
        self._settings_due = 0.0
        self._attention: object = None
        self._failures = 0
        self._upheld = True

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
        # Over a link that others use, a poll goes on to its end although its entry is gone.
        if not self._shutdown_requested:
            await self._uphold()
        if not self._shutdown_requested:
            self._follow_problems()
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
        wanted = self.watched or None
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

    def _follow_problems(self) -> None:
        problems = list(self.device.problems())
        if self.config_entry.data.get(CONF_READ_ONLY):
            others = [problem for problem in problems if problem.key != ReadOnlyError.key]
            usable = any(control.usable() for control in self.device.controls())
            if usable and len(others) == len(problems):
                self._take_control()
            # Its user knows, and wants it that way.
            problems = others
        repairs.async_sync(self.hass, self.config_entry, problems)

    def _take_control(self) -> None:
        """Forget that the device was added without controls: it takes orders now."""
        entry = self.config_entry
        _LOGGER.info("%s: it can be controlled now", self.name)
        data = {key: value for key, value in entry.data.items() if key != CONF_READ_ONLY}
        self.hass.config_entries.async_update_entry(entry, data=data)
        if entry.state is ConfigEntryState.LOADED:
            self.hass.config_entries.async_schedule_reload(entry.entry_id)

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
        self._follow_identity()

    @override
    async def async_diagnostics(self) -> dict[str, Any]:
        """Return what the last poll brought, and every raw register."""
        device = self.device
        dump: dict[str, Any] = {}
        try:
            raw, failed = await device.read_raw(private=False)
        except VoltrailError as err:
            dump["error"] = str(err)
        else:
            dump = {"units": raw, "failed": failed}
        return {
            "last_poll": {
                "successful": self.last_update_success,
                "failures": {name: str(err) for name, err in device.failures.items()},
                "answered": sorted(device.answered),
            },
            "dump": dump,
        }
