"""Listens to one device that speaks by itself, and tells its entities."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, override

from homeassistant.components import mqtt
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryNotReady
from homeassistant.helpers.update_coordinator import UpdateFailed

from . import repairs
from .const import (
    CONF_FAMILY,
    CONF_FINGERPRINT,
    CONF_IDENTITY_KEY,
    CONF_TOPICS,
    CONF_TRANSPORT,
    DOMAIN,
)
from .coordinator import VoltrailConfigEntry, VoltrailCoordinator
from .engine.errors import DeviceSilentError
from .engine.family import Transport
from .engine.pushed import PushedDevice
from .streams import StreamListener
from .topics import TopicListener

_LOGGER = logging.getLogger(__name__)


class PushCoordinator(VoltrailCoordinator):
    """Passes on what a device says, when it says it, and notices when it says no more."""

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

        A device that spoke before is set up even if it cannot be reached: its totals are
        known. Of one that never spoke there is nothing to show yet.
        """
        entry = self.config_entry
        if entry.data[CONF_TRANSPORT] == Transport.MQTT:
            # It may take a while until the broker is there: that is no silence of the device.
            if not await mqtt.async_wait_for_mqtt_client(self.hass):
                raise ConfigEntryNotReady(translation_domain=DOMAIN, translation_key="mqtt_missing")
            self._begin()
            await self._subscribe(entry.data[CONF_TOPICS])
            return
        self._begin()
        listener = self._listener = StreamListener(entry.data, self.device, self.async_heard)
        entry.async_create_background_task(
            self.hass, listener.run(), name=f"{DOMAIN} listens to {entry.title}"
        )
        if not self._layout and (trouble := await listener.first) is not None:
            raise ConfigEntryNotReady(
                translation_domain=DOMAIN,
                translation_key=trouble.key,
                translation_placeholders=trouble.details,
            )

    def _begin(self) -> None:
        self.device.begin(self.hass.loop.time())
        self._layout = self.device.layout
        self._identity = self.device.identity
        self._set_alarm()

    async def _subscribe(self, text: str) -> None:
        listener = self._listener = TopicListener(self.hass, text, self.device, self.async_heard)
        self.config_entry.async_on_unload(listener.stop)
        await listener.start()

    @callback
    def async_heard(self) -> None:
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
            _LOGGER.warning(
                "%s: nothing heard for %.0f s%s", self.name, self.device.patience, reason
            )
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
        if found != self._problems:
            self._problems = found
            repairs.async_sync(self.hass, self.config_entry, problems)

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
        # Somebody wants fresh values now; a device that only speaks cannot be asked for them.
        if not self.device.alive:
            raise UpdateFailed(translation_domain=DOMAIN, translation_key=DeviceSilentError.key)

    @override
    async def async_diagnostics(self) -> dict[str, Any]:
        """Return how the device speaks, and the last of what came."""
        return {
            "listening": {} if self._listener is None else self._listener.describe(),
            "device": self.device.diagnose(),
        }
