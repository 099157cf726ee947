"""Which devices a caller means by naming devices, entities, areas, floors or labels."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids

from ..const import CONF_FORMER_DEVICES, DOMAIN
from ..coordinator import VoltrailConfigEntry


@dataclass(frozen=True, kw_only=True)
class Place:
    """A device of ours, or one of its parts."""

    entry: VoltrailConfigEntry
    part: str | None
    """The key of the part; None for the device itself."""
    device_id: str
    """How it was called."""
    named: bool
    """Whether it was named itself, and not only the area that it stands in."""

    def covers(self, part: str | None) -> bool:
        """Whether a part of the entry is meant as well.

        The sockets of a charger are children of its device, as they are for Home Assistant's own
        orders; hardware behind a gateway stands for itself.
        """
        if self.part is not None or part is None:
            return part in (None, self.part)
        devices = self.entry.runtime_data.devices if hasattr(self.entry, "runtime_data") else {}
        info = devices.get(part)
        return info is None or info is devices[None] or "parent_device_id" in info


@callback
def place_of_device(hass: HomeAssistant, device_id: str, *, named: bool = True) -> Place | None:
    """Return the place that a device of the registry stands for; None if it is not ours."""
    entries: list[VoltrailConfigEntry] = hass.config_entries.async_entries(DOMAIN)
    for entry in entries:
        if (part := entry.data.get(CONF_FORMER_DEVICES, {}).get(device_id)) is not None:
            return Place(entry=entry, part=part, device_id=device_id, named=named)
    device = dr.async_get(hass).async_get(device_id)
    if device is None:
        return None
    owners = [one for one in entries if one.entry_id == device.config_entry_id]
    if not owners:
        return None
    (entry,) = owners
    infos = entry.runtime_data.devices if hasattr(entry, "runtime_data") else {}
    for key, info in infos.items():
        if device.identifiers & info["identifiers"]:
            return Place(entry=entry, part=key, device_id=device_id, named=named)
    return Place(entry=entry, part=None, device_id=device_id, named=named)


@callback
def places(hass: HomeAssistant, target: Mapping[str, Any]) -> Iterator[Place]:
    """Yield the places that a target means, some of them twice; what is not ours is left out."""
    chosen = async_extract_referenced_entity_ids(hass, TargetSelection(dict(target)))
    named = [one for one in named_devices(target) if one in chosen.referenced_devices]
    for device_id in named:
        if (place := place_of_device(hass, device_id)) is not None:
            yield place
    # Parts of those that were named, and whatever stands in a named area.
    for device_id in sorted(chosen.referenced_devices.difference(named)):
        if (place := place_of_device(hass, device_id, named=False)) is not None:
            yield place
    for entity_id in sorted(chosen.referenced | chosen.indirectly_referenced):
        itself = entity_id in chosen.referenced
        if (place := place_of_entity(hass, entity_id, named=itself)) is not None:
            yield place


@callback
def place_of_entity(hass: HomeAssistant, entity_id: str, *, named: bool = True) -> Place | None:
    """Return the place that an entity belongs to; None if it is not ours."""
    entity = er.async_get(hass).async_get(entity_id)
    if entity is None or entity.platform != DOMAIN or entity.device_id is None:
        return None
    return place_of_device(hass, entity.device_id, named=named)


@callback
def with_devices(hass: HomeAssistant, target: Mapping[str, Any]) -> dict[str, Any]:
    """Return a target that also means the devices of the entities that it names.

    Who names one entity of a charger means the charger: it is its state that counts.
    """
    registry = er.async_get(hass)
    entities = (registry.async_get(one) for one in TargetSelection(dict(target)).entity_ids)
    owners = {
        entity.device_id
        for entity in entities
        if entity is not None and entity.platform == DOMAIN and entity.device_id is not None
    }
    return {**target, ATTR_DEVICE_ID: [*named_devices(target), *sorted(owners)]}


@callback
def require_ours(hass: HomeAssistant, target: Mapping[str, Any]) -> list[Place]:
    """Return the places that a target means; refuse it if it names something that is not ours."""
    found = list(places(hass, target))
    entities = TargetSelection(dict(target)).entity_ids
    for device_id in named_devices(target):
        if place_of_device(hass, device_id) is None:
            refuse("not_our_device", device=device_id)
    for entity_id in sorted(entities):
        if place_of_entity(hass, entity_id) is None:
            refuse("not_our_device", device=entity_id)
    if not found:
        refuse("nothing_chosen")
    return found


def named_devices(target: Mapping[str, Any]) -> list[str]:
    """Return the ids of the devices that are named themselves."""
    found = target.get(ATTR_DEVICE_ID) or []
    return [found] if isinstance(found, str) else list(dict.fromkeys(found))


def refuse(key: str, **details: str) -> NoReturn:
    """Tell the caller what is wrong with the call."""
    raise ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=details
    )
