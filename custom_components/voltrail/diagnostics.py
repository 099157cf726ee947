"""Diagnostics: all raw data, every value, and nothing that identifies a person."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from enum import Enum
from typing import Any

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant

from .charging.setup import is_charging
from .const import CONF_FAMILY, CONF_FINGERPRINT, CONF_TOPICS
from .coordinator import VoltrailConfigEntry
from .engine.devices import family
from .engine.model.errors import WrongDeviceError

# Topics may hold the id of a meter.
TO_REDACT = {CONF_HOST, CONF_TOPICS, CONF_FINGERPRINT, "serial", "name"}


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: VoltrailConfigEntry
) -> dict[str, Any]:
    """Return what a contributor needs to understand a device, or to replay it in a test."""
    told = async_redact_data(
        {"data": dict(entry.data), "options": dict(entry.options)},
        TO_REDACT if is_charging(entry) else TO_REDACT | family(entry.data[CONF_FAMILY]).secrets,
    )
    host = entry.data.get(CONF_HOST)
    if entry.state is not ConfigEntryState.LOADED:
        # A device that cannot be set up is the one that people ask about.
        reason = entry.reason
        if entry.error_reason_translation_key == WrongDeviceError.key:
            # In words, it names the serial numbers of both.
            reason = WrongDeviceError.key
        return _without(host, {"entry": told, "state": entry.state.value, "reason": reason})
    device = entry.runtime_data.device
    identity = device.identity
    numbered = _numbered(entry)
    values = {
        numbered(reading.path): REDACTED if reading.point.private else _plain(reading.read())
        for reading in device.readings()
    }
    return {
        "entry": told,
        "identity": async_redact_data(asdict(identity), TO_REDACT),
        "readings": values,
        "controls": {
            numbered(control.path): _plain(control.read())
            for control in device.controls()
            if hasattr(control, "read")
        },
        **_without(host, await _told(entry)),
    }


def _numbered(entry: VoltrailConfigEntry) -> Callable[[str], str]:
    """Return what gives the chargers of a connection numbers: their keys hold serial numbers."""
    device = entry.runtime_data.device
    keys = [part.key for part in device.parts()] if is_charging(entry) else []

    def numbered(text: str) -> str:
        for place, key in enumerate(keys, start=1):
            text = text.replace(key, f"charger_{place}")
        return text

    return numbered


def _without(host: str | None, found: Mapping[str, Any]) -> dict[str, Any]:
    """Take the host out of texts: errors name it."""

    def clean(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {key: clean(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [clean(inner) for inner in value]
        return value.replace(host, REDACTED) if host and isinstance(value, str) else value

    return {key: clean(value) for key, value in found.items()}


async def _told(entry: VoltrailConfigEntry) -> dict[str, Any]:
    numbered = _numbered(entry)
    told = await entry.runtime_data.coordinator.async_diagnostics()
    if not is_charging(entry):
        return told
    return {
        key: numbered(value) if isinstance(value, str) else value for key, value in told.items()
    }


def _plain(value: object) -> object:
    return value.name.lower() if isinstance(value, Enum) else value
