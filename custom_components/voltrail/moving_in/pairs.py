"""Which entity of another integration means the same as which of ours.

Found by the registry, never by ids, which people change: a platform and a unique id stay what
they are. An old entry may be loaded, disabled, left behind by an integration that is not
installed any more, or deleted; of the deleted the registry still knows what they were called.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from homeassistant.components.sensor.const import UNIT_CONVERTERS
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er

from ..const import CONF_FAMILY, DOMAIN
from ..engine.devices import family
from ..engine.devices.predecessor import Counterpart, Doubt, Predecessor

DISABLED: Final = "disabled"
"""Ours is off so far; it is switched on when it takes over."""

_HOSTS: Final = ("host", "tcp_host")
_OURS_TO_DECIDE: Final = {er.RegistryEntryDisabler.USER, er.RegistryEntryDisabler.INTEGRATION}


@dataclass(frozen=True, kw_only=True)
class Old:
    """An entity of another integration."""

    entity_id: str
    unique_id: str
    entry_id: str | None
    unit: str | None = None
    registered: bool = True
    """Whether it is still in the registry; if not, its id is free already."""


@dataclass(frozen=True, kw_only=True)
class Pair:
    """An old entity and ours: they mean the same."""

    old: Old
    platform: str
    our_id: str
    our_unique_id: str
    doubt: str | None
    """Why it should be looked at before it is chosen."""


@callback
def olds(hass: HomeAssistant, platform: str) -> Mapping[str | None, list[Old]]:
    """Return what is there, or was, of another integration that has a history, by its entry."""
    registry = er.async_get(hass)
    found: dict[str | None, list[Old]] = defaultdict(list)
    for entity in registry.entities.values():
        # What a person disabled, or never enabled, has recorded nothing.
        if entity.platform == platform and entity.disabled_by not in _OURS_TO_DECIDE:
            found[entity.config_entry_id].append(
                Old(
                    entity_id=entity.entity_id,
                    unique_id=str(entity.unique_id),
                    entry_id=entity.config_entry_id,
                    unit=entity.unit_of_measurement,
                )
            )
    for deleted in registry.deleted_entities.values():
        # Another entity may have its id by now, one of ours for example.
        taken = deleted.entity_id in registry.entities or hass.states.get(deleted.entity_id)
        if deleted.platform == platform and not taken:
            found[deleted.config_entry_id].append(
                Old(
                    entity_id=deleted.entity_id,
                    unique_id=str(deleted.unique_id),
                    entry_id=deleted.config_entry_id,
                    registered=False,
                )
            )
    return found


async def find(hass: HomeAssistant, entry: ConfigEntry) -> list[Pair]:
    """Return the pairs of a device that is loaded, the best choice for each of ours first."""
    found: list[Pair] = []
    for predecessor in family(entry.data[CONF_FAMILY]).predecessors:
        for entry_id, group in olds(hass, predecessor.domain).items():
            old_entry = hass.config_entries.async_get_entry(entry_id) if entry_id else None
            if old_entry and not (_is_of(predecessor, old_entry) and _together(old_entry, entry)):
                continue
            by_id = {old.unique_id: old for old in group}
            name = old_entry.data.get("name") if old_entry else None
            matches = await hass.async_add_executor_job(
                _matches, predecessor, list(by_id), entry_id, name
            )
            for unique_id, row in matches:
                found += _paired(hass, entry, predecessor, by_id[unique_id], row)
    return sorted(found, key=lambda pair: pair.doubt is not None)


def _matches(
    predecessor: Predecessor, unique_ids: list[str], entry_id: str | None, name: str | None
) -> list[tuple[str, Counterpart]]:
    """Read the table; runs where waiting for a disk is allowed."""
    return list(predecessor.matches(unique_ids, entry_id, name))


def _is_of(predecessor: Predecessor, old_entry: ConfigEntry) -> bool:
    """Whether an old entry was made by this integration, and not by another of its domain."""
    return predecessor.told_by is None or predecessor.told_by in old_entry.data


def _together(old_entry: ConfigEntry, entry: ConfigEntry) -> bool:
    """Whether both may be about one device: only two hosts that differ tell that they are not."""
    hosts = [_host(old_entry), _host(entry)]
    return None in hosts or hosts[0] == hosts[1]


def _host(entry: ConfigEntry) -> str | None:
    places: tuple[Mapping[str, Any], ...] = (entry.data, entry.options)
    nested = entry.data.get("connection")
    if isinstance(nested, Mapping):
        places = (*places, nested)
    for place in places:
        for key in _HOSTS:
            if isinstance(host := place.get(key), str):
                return host.lower()
    return None


def _paired(
    hass: HomeAssistant, entry: ConfigEntry, predecessor: Predecessor, old: Old, row: Counterpart
) -> Iterator[Pair]:
    """Yield the pair, if we have an entity of the same kind: an id keeps its domain."""
    registry = er.async_get(hass)
    key = entry.runtime_data.coordinator.identity_key
    unique_id = f"{key}_{row.path.replace('/', '_')}"
    domain = old.entity_id.partition(".")[0]
    our_id = registry.async_get_entity_id(domain, DOMAIN, unique_id)
    ours = registry.async_get(our_id) if our_id else None
    if ours is None or ours.disabled_by is er.RegistryEntryDisabler.USER:
        return
    doubt = row.doubt
    if doubt is None and not fits(old.unit, ours.unit_of_measurement):
        doubt = Doubt.UNIT
    yield Pair(
        old=old,
        platform=predecessor.domain,
        our_id=ours.entity_id,
        our_unique_id=unique_id,
        doubt=doubt or (DISABLED if ours.disabled_by else None),
    )


def fits(old: str | None, ours: str | None) -> bool:
    """Whether statistics in one unit can go on in the other.

    The unit of an entity that is not loaded may be unknown; then the table's word counts.
    """
    if old is None or ours is None or old.casefold() == ours.casefold():
        return True
    return any({old, ours} <= converter.VALID_UNITS for converter in UNIT_CONVERTERS.values())


def doubted(pair: Pair, why: str) -> Pair:
    """Return a pair with a reason to look at it, unless it has one."""
    return pair if pair.doubt else replace(pair, doubt=why)
