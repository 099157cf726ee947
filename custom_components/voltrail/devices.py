"""The device registry: the device of an entry, and its parts."""

from collections.abc import Mapping
from typing import cast

from homeassistant.const import CONF_HOST
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import ChildDeviceInfo, DeviceInfo

from .const import CONF_FORMER_DEVICES, DOMAIN
from .coordinator import VoltrailConfigEntry, VoltrailCoordinator
from .engine.model.parts import Part
from .engine.polling.base_device import BaseDevice

type Infos = Mapping[str | None, DeviceInfo | ChildDeviceInfo]


def _identifier(coordinator: VoltrailCoordinator, part: Part | None) -> tuple[str, str]:
    key = coordinator.identity_key
    return (DOMAIN, key if part is None else f"{key}_{part.key}")


def only_socket(device: BaseDevice) -> Part | None:
    """Return the part of the only charge point: the charger and its one socket are one thing.

    A charger behind a gateway is hardware of its own.
    """
    points = list(device.charge_points())
    part = points[0].part if len(points) == 1 else None
    return None if part is None or part.identity is not None else part


def async_register(
    hass: HomeAssistant, entry: VoltrailConfigEntry, coordinator: VoltrailCoordinator
) -> Infos:
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
    socket = only_socket(coordinator.device)
    for part in coordinator.device.parts():
        if part == socket:
            found[part.key] = info
            _merge(hass, entry, device, _identifier(coordinator, part), part)
        else:
            part_info = _part_info(coordinator, _name(entry, device), part, device.id)
            found[part.key] = part_info
            if "parent_device_id" in part_info:
                # Before its entities, whose ids are made of its name.
                child = cast("ChildDeviceInfo", part_info)
                registry.async_get_or_create_child(config_entry_id=entry.entry_id, **child)
    _forget_others(hass, entry, found)
    _follow_names(hass, entry, device.id, found)
    return found


def _name(entry: VoltrailConfigEntry, device: dr.DeviceEntry) -> str:
    """Return what a person calls a device."""
    return device.name_by_user or entry.title


def _forget_others(hass: HomeAssistant, entry: VoltrailConfigEntry, found: Infos) -> None:
    registry = dr.async_get(hass)
    current = {identifier for known in found.values() for identifier in known["identifiers"]}
    known_devices = [
        *dr.async_entries_for_config_entry(registry, entry.entry_id),
        *dr.async_child_entries_for_config_entry(registry, entry.entry_id),
    ]
    for known_device in known_devices:
        if not current.intersection(known_device.identifiers):
            registry.async_remove_device(known_device.id)


def _merge(
    hass: HomeAssistant,
    entry: VoltrailConfigEntry,
    device: dr.DeviceEntry,
    identifier: tuple[str, str],
    part: Part,
) -> None:
    """Let the device take over what a person made of the device that its one socket was.

    In earlier versions the socket of every such charger was a device below the charger's. Its
    entities, its area, its name and its labels pass to the charger; actions that name its id
    still reach it.
    """
    registry = dr.async_get(hass)
    former = registry.async_get_child_device_by_identifier(identifier, entry.entry_id)
    if former is None:
        return
    entities = er.async_get(hass)
    for known in er.async_entries_for_device(entities, former.id, include_disabled_entities=True):
        # What was off with its device stays off.
        off = known.disabled_by is er.RegistryEntryDisabler.DEVICE
        entities.async_update_entity(
            known.entity_id,
            device_id=device.id,
            disabled_by=er.RegistryEntryDisabler.USER if off else known.disabled_by,
        )
    registry.async_update_device(
        device.id,
        area_id=device.area_id or former.area_id,
        name_by_user=device.name_by_user or former.name_by_user,
        labels=device.labels | former.labels,
    )
    formers = {**entry.data.get(CONF_FORMER_DEVICES, {}), former.id: part.key}
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_FORMER_DEVICES: formers})
    registry.async_remove_device(former.id)


def _follow_names(
    hass: HomeAssistant, entry: VoltrailConfigEntry, device_id: str, found: Infos
) -> None:
    """Rename the sockets when a person renames their charger."""
    sockets = [info for info in found.values() if "parent_device_id" in info]
    if not sockets:
        return
    registry = dr.async_get(hass)

    @callback
    def follow(event: Event[dr.EventDeviceRegistryUpdatedData]) -> None:
        device = registry.async_get(device_id, include_child_devices=False)
        if device is None or event.data["device_id"] != device_id:
            return
        for info in sockets:
            child = cast("ChildDeviceInfo", info)
            known = child["translation_placeholders"] or {}
            named = {**known, "device": _name(entry, device)}
            if named != known:
                child["translation_placeholders"] = named
                registry.async_get_or_create_child(config_entry_id=entry.entry_id, **child)

    entry.async_on_unload(hass.bus.async_listen(dr.EVENT_DEVICE_REGISTRY_UPDATED, follow))


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
