"""Diagnostics: all raw data, every value, and nothing that identifies a person."""

from enum import Enum
from typing import Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant

from .const import CONF_FAMILY
from .coordinator import VoltrailConfigEntry
from .engine.devices import family

TO_REDACT = {CONF_HOST, "serial", "name", "fingerprint", "title", "unique_id"}


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: VoltrailConfigEntry
) -> dict[str, Any]:
    """Return what a contributor needs to understand a device, or to replay it in a test."""
    device = entry.runtime_data.device
    identity = device.identity
    secret = {field.key for field in family(entry.data[CONF_FAMILY]).option_fields if field.secret}
    values = {
        reading.path: "**REDACTED**" if reading.point.private else _plain(reading.read())
        for reading in device.readings()
    }
    return {
        "entry": async_redact_data(
            {"data": dict(entry.data), "options": dict(entry.options)}, TO_REDACT | secret
        ),
        "identity": async_redact_data(
            {
                "manufacturer": identity.manufacturer,
                "model": identity.model,
                "serial": identity.serial,
                "firmware": identity.firmware,
                "hardware": identity.hardware,
                "name": identity.name,
                "variant": identity.variant,
            },
            TO_REDACT,
        ),
        "readings": values,
        "controls": {
            control.path: _plain(control.read())
            for control in device.controls()
            if hasattr(control, "read")
        },
        **await entry.runtime_data.coordinator.async_diagnostics(),
    }


def _plain(value: object) -> object:
    return value.name.lower() if isinstance(value, Enum) else value
