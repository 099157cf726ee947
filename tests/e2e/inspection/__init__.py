"""Tells what of an integration is at work in Home Assistant: tasks, timers, listeners, objects."""

import asyncio
import gc
from collections.abc import Iterator
from typing import Any

import voluptuous as vol
from homeassistant.components import websocket_api
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.typing import ConfigType

ENDS = ("async_remove", "async_shutdown", "close", "stop")


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
        "timers": list(_timers(hass, package)),
        "listeners": sorted(_listeners(hass, package)),
        "objects": sorted(_objects(package)),
    }
    connection.send_result(message["id"], found)


def _timers(hass: HomeAssistant, package: str) -> Iterator[str]:
    for timer in hass.loop._scheduled:  # type: ignore[attr-defined]
        if timer.cancelled():
            continue
        # What is called, whose method it is, and the jobs that it is given.
        call = timer._callback
        concerned = (call, getattr(call, "__self__", None), *timer._args)
        targets = [getattr(one, "target", one) for one in concerned]
        if any(_belongs(one, package) or _belongs(type(one), package) for one in targets):
            yield repr(timer)


def _listeners(hass: HomeAssistant, package: str) -> Iterator[str]:
    for event, listeners in hass.bus._listeners.items():
        for job, _ in listeners:
            if _belongs(job.target, package):
                yield f"{event}: {job.target}"


def _objects(package: str) -> Iterator[str]:
    """What has to be ended some day, because it has a way to be."""
    gc.collect()
    for one in gc.get_objects():
        kind = type(one)
        if _belongs(kind, package) and any(hasattr(kind, end) for end in ENDS):
            yield kind.__qualname__


def _belongs(one: object, package: str) -> bool:
    return str(getattr(one, "__module__", "")).startswith(package)
