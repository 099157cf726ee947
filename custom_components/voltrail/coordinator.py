"""What stands between a device and its entities: one coordinator polls, its sibling listens."""

import asyncio
import logging
from abc import abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, NoReturn, cast, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntry, ConfigEntryState
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import ChildDeviceInfo, DeviceInfo
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from . import repairs
from .const import (
    CONF_FAMILY,
    CONF_FINGERPRINT,
    CONF_IDENTITY_KEY,
    CONF_READ_ONLY,
    CONF_TOPICS,
    CONF_TRANSPORT,
    DOMAIN,
)
from .engine.devices import family
from .engine.devices.family import Transport
from .engine.model.controls import AnyControl
from .engine.model.errors import DeviceSilentError, ReadOnlyError, VoltrailError
from .engine.model.parts import Identity
from .engine.polling.base_device import BaseDevice, Reading
from .engine.polling.fresh_reads import FreshReads
from .engine.polling.polled_device import PolledDevice
from .engine.polling.pushed_device import PushedDevice
from .engine.polling.schedule import Schedule
from .engine.polling.trouble import Level
from .push import return_watch
from .push.mqtt_listener import TopicListener, client_there
from .push.stream_listener import StreamListener
from .session_log import SessionKeeper

_LOGGER = logging.getLogger(__name__)

FASTEST: Final = 2.0
"""Seconds between two readings of what a controller follows, where the device bears that."""

type VoltrailConfigEntry = ConfigEntry[VoltrailData]


@dataclass(kw_only=True)
class VoltrailData:
    """What lives as long as an entry is loaded."""

    device: BaseDevice
    coordinator: VoltrailCoordinator
    devices: Mapping[str | None, DeviceInfo | ChildDeviceInfo]
    """The entries of the device registry: of the device (None), and of its parts by key."""
    sessions: SessionKeeper
    """The charging sessions; none, if it is no charger."""


class VoltrailCoordinator(DataUpdateCoordinator[None]):
    """Tells the entities of a device that it has something new, polled or pushed."""

    config_entry: VoltrailConfigEntry
    device: BaseDevice

    def __init__(
        self,
        hass: HomeAssistant,
        entry: VoltrailConfigEntry,
        device: BaseDevice,
        interval: timedelta | None = None,
    ) -> None:
        super().__init__(
            hass, _LOGGER, config_entry=entry, name=entry.title, update_interval=interval
        )
        self.device = device
        self.fresh_reads = FreshReads(device)
        """What programs read between two polls."""
        self.indices: dict[object, dict[str, Reading]] = {}
        """What programs ask for by name. It goes with the device, whose values hold it."""
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
        """The components that an entity shows."""
        return frozenset[str]().union(*self.async_contexts())

    def controls(self) -> Iterable[AnyControl]:
        """Return what can be asked of the device; nothing, if it was added without controls."""
        if self.config_entry.data.get(CONF_READ_ONLY):
            return ()
        return self.device.controls()

    def subentry_of(self, part: str | None) -> str | None:  # noqa: ARG002 - most have none
        """Return the sub-entry that a part belongs to."""
        return None

    @callback
    def async_watch_readings(self, add: Callable[[], None]) -> None:
        """Call ``add`` for the values that the device has, and again when it has others."""
        add()

    @callback
    def async_read_faster(self, names: Collection[str], heard: CALLBACK_TYPE) -> CALLBACK_TYPE:  # noqa: ARG002 - one that is pushed cannot be asked
        """Have components read every few seconds, and call ``heard`` each time, until undone.

        What is shown of them keeps its turn.
        """
        return _nothing

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

    device: PolledDevice

    def __init__(
        self, hass: HomeAssistant, entry: VoltrailConfigEntry, device: PolledDevice
    ) -> None:
        super().__init__(hass, entry, device, timedelta(seconds=device.options.scan_interval))
        # Only what an entity shows, once there are entities: the first poll comes before them.
        self.schedule = Schedule(device, lambda: self.watched or None)
        self._polling = asyncio.Lock()
        self._followers: list[CALLBACK_TYPE] = []
        self._between: asyncio.TimerHandle | None = None

    # -- what is followed closely --

    @callback
    @override
    def async_read_faster(self, names: Collection[str], heard: CALLBACK_TYPE) -> CALLBACK_TYPE:
        shortest = family(self.config_entry.data[CONF_FAMILY]).shortest_interval
        stop = self.schedule.ask_faster(names, max(FASTEST, shortest))
        self._followers.append(heard)
        self._set_between()

        @callback
        def undo() -> None:
            stop()
            if heard in self._followers:
                self._followers.remove(heard)

        return undo

    @callback
    def _set_between(self) -> None:
        """Read what is followed closely in a while."""
        interval = self.schedule.interval_between
        if self._between is None and interval is not None and not self._shutdown_requested:
            self._between = self.hass.loop.call_later(interval, self._begin_between)

    @callback
    def _begin_between(self) -> None:
        self.config_entry.async_create_background_task(
            self.hass, self._read_between(), name=f"{self.name} is followed closely"
        )

    async def _read_between(self) -> None:
        """Read what is followed closely, and tell only those who follow it."""
        try:
            async with self._polling:
                all_due = await self.schedule.poll_between()
            if not self._shutdown_requested:
                await self._reconcile()
        except VoltrailError:
            # The next poll tells of it, in the way that all failures are told.
            all_due = True
        except Exception:
            # A fault of ours must not end the close following until the next restart.
            _LOGGER.exception("%s: unexpected error between two polls", self.name)
            all_due = True
        self._between = None
        self._set_between()
        for heard in tuple(self._followers):
            heard()
        if all_due and not self._shutdown_requested:
            await self.async_request_refresh()

    @override
    async def async_shutdown(self) -> None:
        """Read nothing any more."""
        await super().async_shutdown()
        if self._between is not None:
            self._between.cancel()

    # -- polling --

    @override
    async def _async_update_data(self) -> None:
        try:
            async with self._polling:
                await self.schedule.poll()
        except VoltrailError as err:
            # The device has told the log; once is enough.
            self.last_update_success = False
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key=err.key,
                translation_placeholders=err.details,
                retry_after=self.schedule.pause,
            ) from err
        self.last_update_success = True
        self.update_interval = timedelta(seconds=self.schedule.pause)
        # Over a link that others use, a poll goes on to its end although its entry is gone.
        if not self._shutdown_requested:
            await self._reconcile()
        if not self._shutdown_requested:
            self._follow_problems()
            self._follow_changes()

    @callback
    def async_life_sign_changed(self) -> None:
        """Take note that a life sign got through again, or got through no more.

        A device that is back is read at once, not when the pause is over.
        """
        self.async_update_listeners()
        if not self.last_update_success:
            self.config_entry.async_create_task(
                self.hass, self.async_request_refresh(), name=f"{self.name} is heard again"
            )

    async def _reconcile(self) -> None:
        try:
            await self.device.reconcile()
        except VoltrailError as err:
            self.device.trouble.note(Level.PARTLY, f"could not restore the set-point: {err}")

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
        # An order that is under way comes first; the next poll looks again.
        if device.layout != self._layout and not device.busy:
            self._layout = device.layout
            _LOGGER.info("%s: it has other values now, loading it again", self.name)
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


class PushCoordinator(VoltrailCoordinator):
    """Passes on what a device sends, when it sends it, and notices when it falls silent."""

    device: PushedDevice

    def __init__(
        self, hass: HomeAssistant, entry: VoltrailConfigEntry, device: PushedDevice
    ) -> None:
        super().__init__(hass, entry, device)
        self._messages = 0
        self._problems: list[tuple[str, dict[str, str]]] = []
        self._watchers: list[Callable[[], None]] = []
        self._alarm: asyncio.TimerHandle | None = None
        self._listener: StreamListener | TopicListener | None = None

    async def async_start(self) -> None:
        """Listen from now on.

        Where listening is impossible, because port or host are gone, the entry is not ready;
        it is set up as soon as they are back. A device that only says nothing is no reason.
        """
        entry = self.config_entry
        await return_watch.async_stop(self.hass, entry)
        if entry.data[CONF_TRANSPORT] == Transport.MQTT:
            # It may take a while until the broker is there: that is no silence of the device.
            if not await client_there(self.hass):
                self._not_ready("mqtt_missing", {})
            self._begin()
            await self._subscribe(entry.data[CONF_TOPICS])
            return
        self._begin()
        listener = self._listener = StreamListener(entry.data, self.device, self.async_follow)
        entry.async_create_background_task(
            self.hass, listener.run(), name=f"{DOMAIN} listens to {entry.title}"
        )
        if (trouble := await listener.first) is not None:
            self._not_ready(trouble.key, trouble.details)

    def _not_ready(self, key: str, details: Mapping[str, str]) -> NoReturn:
        """Give up for now, and have the entry set up when the way to the device is there."""
        return_watch.async_watch(self.hass, self.config_entry)
        raise ConfigEntryNotReady(
            translation_domain=DOMAIN,
            translation_key=key,
            translation_placeholders=dict(details),
        )

    def _begin(self) -> None:
        self.device.begin(self.hass.loop.time())
        self._layout = self.device.layout
        self._identity = self.device.identity
        self._set_alarm()

    async def _subscribe(self, text: str) -> None:
        listener = self._listener = TopicListener(self.hass, text, self.device, self.async_follow)
        self.config_entry.async_on_unload(listener.stop)
        await listener.start()

    @callback
    def async_follow(self) -> None:
        """Show what the device has said, if it has said anything."""
        if self.device.messages != self._messages:
            self._messages = self.device.messages
            self._follow()

    @callback
    def _wake(self) -> None:
        """Show what time alone has changed."""
        self._alarm = None
        self.device.pass_time(self.hass.loop.time())
        self._follow()

    def _follow(self) -> None:
        self._follow_silence()
        self._follow_identity()
        self._follow_name()
        if self.device.layout != self._layout:
            self._layout = self.device.layout
            for add in self._watchers:
                add()
        self._follow_problems()
        self._set_alarm()
        self.async_update_listeners()

    def _follow_silence(self) -> None:
        alive = self.device.alive
        if alive and not self.last_update_success:
            _LOGGER.info("%s: it speaks again", self.name)
        elif self.last_update_success and not alive:
            trouble = "" if self._listener is None else self._listener.trouble
            reason = f" ({trouble})" if trouble else ""
            # Told once, and there is nothing to fix: hence no warning.
            _LOGGER.info("%s: nothing heard for %.0f s%s", self.name, self.device.patience, reason)
        self.last_update_success = alive

    def _follow_name(self) -> None:
        """Note the id of a device that was set up before it said it.

        Its entities keep the ids that they have.
        """
        entry, found = self.config_entry, self.device.fingerprint
        if entry.data[CONF_FINGERPRINT] or not found:
            return
        self.device.expected = found
        data = {
            **entry.data,
            CONF_FINGERPRINT: found,
            CONF_IDENTITY_KEY: self.identity_key,
        }
        unique_id = f"{entry.data[CONF_FAMILY]}_{found}"
        others = self.hass.config_entries.async_entries(DOMAIN)
        if any(other.unique_id == unique_id for other in others):
            _LOGGER.warning("%s: it is set up twice", self.name)
            self.hass.config_entries.async_update_entry(entry, data=data)
        else:
            self.hass.config_entries.async_update_entry(entry, data=data, unique_id=unique_id)

    def _follow_problems(self) -> None:
        problems = list(self.device.problems())
        found = [(problem.key, dict(problem.details)) for problem in problems]
        if found == self._problems:
            return
        self._problems = found
        others = [problem for problem in problems if not problem.asks_secret]
        repairs.async_sync(self.hass, self.config_entry, others)
        if len(others) < len(problems):
            self.config_entry.async_start_reauth(self.hass)
        else:
            self._take_question_back()

    def _take_question_back(self) -> None:
        """Stop asking for a secret: the device can be understood with the one that is known."""
        flows = list(self.config_entry.async_get_active_flows(self.hass, {SOURCE_REAUTH}))
        for flow in flows:
            self.hass.config_entries.flow.async_abort(flow["flow_id"])

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        moment = self.device.next_moment
        if moment is not None and not self._shutdown_requested:
            self._alarm = self.hass.loop.call_at(moment, self._wake)

    @callback
    @override
    def async_watch_readings(self, add: Callable[[], None]) -> None:
        self._watchers.append(add)
        add()

    @override
    async def async_shutdown(self) -> None:
        """Do nothing any more."""
        await super().async_shutdown()
        if self._alarm is not None:
            self._alarm.cancel()

    @override
    async def _async_update_data(self) -> None:
        # A caller wants fresh values now; a device that only sends cannot be asked for them.
        if not self.device.alive:
            raise UpdateFailed(translation_domain=DOMAIN, translation_key=DeviceSilentError.key)

    @override
    async def async_diagnostics(self) -> dict[str, Any]:
        """Return how the device speaks, and the last of what came."""
        return {
            "listening": {} if self._listener is None else self._listener.describe(),
            "device": self.device.diagnose(),
        }


@callback
def _nothing() -> None:
    """Do nothing."""
