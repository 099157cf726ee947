"""The device registry: the device of an entry, and its parts."""

from collections.abc import Mapping

from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import ChildDeviceInfo, DeviceInfo

from .const import DOMAIN
from .coordinator import VoltrailConfigEntry, VoltrailCoordinator
from .engine.model.parts import Part


def _identifier(coordinator: VoltrailCoordinator, part: Part | None) -> tuple[str, str]:
    key = coordinator.identity_key
    return (DOMAIN, key if part is None else f"{key}_{part.key}")


def async_register(
    hass: HomeAssistant, entry: VoltrailConfigEntry, coordinator: VoltrailCoordinator
) -> Mapping[str | None, DeviceInfo | ChildDeviceInfo]:
    """Register the device, then its parts; forget parts that the device no longer has."""
    registry = dr.async_get(hass)
    identity = coordinator.device.identity
    info = DeviceInfo(
        identifiers={_identifier(coordinator, None)},
        manufacturer=identity.manufacturer or None,
        model=identity.model or None,
        name=entry.title,
        serial_number=identity.serial,
        sw_version=identity.firmware,
        hw_version=identity.hardware,
    )
    if host := entry.data.get(CONF_HOST):
        info["configuration_url"] = f"http://[{host}]" if ":" in host else f"http://{host}"
    device = registry.async_get_or_create(config_entry_id=entry.entry_id, **info)
    coordinator.device_id = device.id
    found: dict[str | None, DeviceInfo | ChildDeviceInfo] = {None: info}
    for part in coordinator.device.parts():
        found[part.key] = _part_info(coordinator, entry.title, part, device.id)
    current = {identifier for known in found.values() for identifier in known["identifiers"]}
    known_devices = [
        *dr.async_entries_for_config_entry(registry, entry.entry_id),
        *dr.async_child_entries_for_config_entry(registry, entry.entry_id),
    ]
    for known_device in known_devices:
        if not current.intersection(known_device.identifiers):
            registry.async_remove_device(known_device.id)
    return found


def _part_info(
    coordinator: VoltrailCoordinator, title: str, part: Part, device_id: str
) -> DeviceInfo | ChildDeviceInfo:
    names = {"device": title, "number": "" if part.number is None else str(part.number)}
    identity = part.identity
    if identity is None:
        return ChildDeviceInfo(
            identifiers={_identifier(coordinator, part)},
            parent_device_id=device_id,
            translation_key=part.word,
            translation_placeholders=names,
        )
    info = DeviceInfo(
        identifiers={_identifier(coordinator, part)},
        manufacturer=identity.manufacturer,
        model=identity.model,
        serial_number=identity.serial,
        sw_version=identity.firmware,
        hw_version=identity.hardware,
        via_device_id=device_id,
    )
    if identity.name:
        info["name"] = identity.name
    else:
        info["translation_key"] = part.word
        info["translation_placeholders"] = names
    return info


def can_go(entry: VoltrailConfigEntry, device_entry: dr.AnyDeviceEntry) -> bool:
    """Whether a device of the registry can be deleted: it is not this entry's, or is away."""
    for key, info in entry.runtime_data.devices.items():
        if info["identifiers"] & device_entry.identifiers:
            return key is not None and entry.runtime_data.device.forget(key)
    return True
