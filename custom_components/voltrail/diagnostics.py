"""Diagnostics: every raw register, every value, and nothing that identifies a person."""

from enum import Enum
from typing import Any

from homeassistant.components.diagnostics import async_redact_data
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant

from .coordinator import VoltrailConfigEntry
from .engine.errors import VoltrailError

TO_REDACT = {CONF_HOST, "serial", "name", "fingerprint", "title", "unique_id"}


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: VoltrailConfigEntry
) -> dict[str, Any]:
    """Return what a contributor needs to understand a device, or to replay it in a test."""
    device = entry.runtime_data.device
    coordinator = entry.runtime_data.coordinator
    identity = device.identity
    dump: dict[str, Any] = {}
    try:
        raw, failed = await device.read_raw(private=False)
    except VoltrailError as err:
        dump["error"] = str(err)
    else:
        dump = {"units": raw, "failed": failed}
    values = {
        reading.path: "**REDACTED**" if reading.point.private else _plain(reading.read())
        for reading in device.readings()
    }
    return {
        "entry": async_redact_data(
            {"data": dict(entry.data), "options": dict(entry.options)}, TO_REDACT
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
        "last_poll": {
            "successful": coordinator.last_update_success,
            "failures": {name: str(err) for name, err in device.failures.items()},
            "answered": sorted(device.answered),
        },
        "readings": values,
        "controls": {
            control.path: _plain(control.read())
            for control in device.controls()
            if hasattr(control, "read")
        },
        "dump": dump,
    }


def _plain(value: object) -> object:
    return value.name.lower() if isinstance(value, Enum) else value
