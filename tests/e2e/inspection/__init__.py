"""Tells what of an integration is at work in Home Assistant: tasks, timers, listeners, objects."""

import asyncio
import gc
from collections.abc import Iterator
from typing import Any

import voluptuous as vol
from homeassistant.components import websocket_api
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.typing import ConfigType
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator


async def async_setup(hass: HomeAssistant, _config: ConfigType) -> bool:
    """Offer the websocket command."""
    websocket_api.async_register_command(hass, look)
    return True


@websocket_api.websocket_command(
    {vol.Required("type"): "inspection/look", vol.Required("domain"): str}
)
@callback
def look(
    hass: HomeAssistant, connection: websocket_api.ActiveConnection, message: dict[str, Any]
) -> None:
    """Answer with whatever names the integration."""
    package = f"custom_components.{message['domain']}"
    folder = package.replace(".", "/")
    found = {
        "tasks": [text for text in map(repr, asyncio.all_tasks()) if folder in text],
        "timers": [text for text in _timers(hass) if folder in text or package in text],
        "listeners": sorted(_listeners(hass, package)),
        "objects": sorted(_objects(package)),
    }
    connection.send_result(message["id"], found)


def _timers(hass: HomeAssistant) -> list[str]:
    return [repr(timer) for timer in hass.loop._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]


def _listeners(hass: HomeAssistant, package: str) -> Iterator[str]:
    for event, listeners in hass.bus._listeners.items():
        for job, _ in listeners:
            if str(getattr(job.target, "__module__", "")).startswith(package):
                yield f"{event}: {job.target}"


def _objects(package: str) -> Iterator[str]:
    gc.collect()
    for one in gc.get_objects():
        if isinstance(one, (Entity, DataUpdateCoordinator)):
            kind = type(one)
            if kind.__module__.startswith(package):
                yield kind.__qualname__
