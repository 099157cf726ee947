"""The MQTT topics that devices speak under; broker and connection are Home Assistant's."""

import asyncio
from collections.abc import Callable
from typing import Any

from homeassistant.components import mqtt
from homeassistant.core import HomeAssistant, callback

from ..engine.polling.pushed_device import PushedDevice


def topics(text: str) -> list[str]:
    """Return the topics in a list with commas, each once."""
    return list(dict.fromkeys(topic.strip() for topic in text.split(",") if topic.strip()))


async def client_there(hass: HomeAssistant) -> bool:
    """Wait until Home Assistant's MQTT client is there; for a minute at most."""
    try:
        return await mqtt.async_wait_for_mqtt_client(hass)
    except asyncio.CancelledError:
        # All waiting tasks share one future, and a task that is cancelled leaves it cancelled.
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise
        return False


class TopicListener:
    """Listens to a device under its topics."""

    def __init__(
        self, hass: HomeAssistant, text: str, device: PushedDevice, heard: Callable[[], None]
    ) -> None:
        self._hass = hass
        self._topics = topics(text)
        self.device = device
        """Who is listened to; another one may take its place."""
        self._heard = heard
        self._ends: list[Callable[[], None]] = []
        self._stopped = False
        self._retained = 0

    @property
    def trouble(self) -> str:
        """What is wrong, as far as can be seen from here."""
        loaded = self._hass.config_entries.async_loaded_entries(mqtt.DOMAIN)
        connected = bool(loaded) and mqtt.is_connected(self._hass)
        return "" if connected else "Home Assistant is not connected to the MQTT broker"

    async def start(self) -> None:
        """Subscribe. Messages are bytes: half of what adapters send is no text."""
        for topic in self._topics:
            self._ends.append(
                await mqtt.async_subscribe(self._hass, topic, self._received, encoding=None)
            )

    @callback
    def stop(self) -> None:
        """Unsubscribe."""
        self._stopped = True
        while self._ends:
            self._ends.pop()()

    @callback
    def _received(self, message: mqtt.ReceiveMessage) -> None:
        if self._stopped:
            # If MQTT itself was set up again meanwhile, it no longer knows what to unsubscribe.
            return
        if message.retain:
            # Its age is not known.
            self._retained += 1
            return
        payload = message.payload
        data = payload.encode() if isinstance(payload, str) else bytes(payload)
        self.device.hear_message(data, self._hass.loop.time(), topic=message.topic)
        self._heard()

    def describe(self) -> dict[str, Any]:
        """Return what diagnostics should tell."""
        return {
            "topics": len(self._topics),
            "retained_ignored": self._retained,
            "trouble": self.trouble,
        }
