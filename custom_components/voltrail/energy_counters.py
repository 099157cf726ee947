"""Which counters belong into the Energy dashboard, and which of them are missing there.

Found by the words that all families share, so a new family needs nothing of its own. Each
energy is proposed once: the meter of the utility and one behind a gateway count the same.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er

from .const import DOMAIN
from .device_names import full_name
from .engine.polling.base_device import Reading

type Preferences = Mapping[str, Any]
type Source = dict[str, Any]

_PRESENT: Final = {ConfigEntryState.LOADED, ConfigEntryState.SETUP_IN_PROGRESS}


class Role(StrEnum):
    """The place of a counter in the Energy dashboard."""

    GRID = "grid"
    SOLAR = "solar"
    BATTERY = "battery"
    DEVICE = "device"


@dataclass(frozen=True, kw_only=True)
class Counter:
    """Energy that something counts, and what is measured beside it; all are entity ids."""

    role: Role
    name: str
    """What the device is called that counts."""
    energy: str
    """What the house gets from it; what a device takes."""
    energy_back: str | None = None
    """What goes into the grid or the battery."""
    power: str | None = None
    state_of_charge: str | None = None
    serial: str | None = None
    rank: int = 0
    """Of several that count the same, the one with the lowest rank is proposed."""

    @property
    def entities(self) -> tuple[str, ...]:
        """All its entities, for the form that shows what would be added."""
        found = (self.energy, self.energy_back, self.power, self.state_of_charge)
        return tuple(entity for entity in found if entity is not None)


@dataclass(kw_only=True)
class _Part:
    """A device or a part of it: its entities by the word of the value."""

    name: str
    serial: str | None
    main: bool
    words: dict[str, str] = field(default_factory=dict)

    def counters(self) -> Iterator[Counter]:
        words = self.words
        if "charging_state" not in words:
            yield from self._grid()
            yield from self._sun()
            yield from self._battery("")
            # A system tells of its battery only where no battery tells of itself.
            yield from self._battery("battery_")
        if "energy_charged" in words and "energy_discharged" not in words:
            yield Counter(
                role=Role.DEVICE,
                name=self.name,
                energy=words["energy_charged"],
                power=words.get("power"),
                serial=self.serial,
            )

    def _grid(self) -> Iterator[Counter]:
        words = self.words
        if "energy_imported" not in words:
            return
        # Counters that come once an hour arrive after its end, and would be shown an hour late.
        hourly = "energy_timestamp" in words
        # What a system adds up from power is less sure than what the utility's meter counts.
        billed = self.main and "consumption_power" not in words
        yield Counter(
            role=Role.GRID,
            name=self.name,
            energy=words["energy_imported"],
            energy_back=words.get("energy_exported"),
            power=words.get("grid_power") or words.get("power"),
            rank=2 if hourly else 0 if billed else 1,
        )

    def _sun(self) -> Iterator[Counter]:
        words = self.words
        if "pv_energy_produced" in words:
            yield Counter(
                role=Role.SOLAR,
                name=self.name,
                energy=words["pv_energy_produced"],
                power=words.get("pv_power"),
            )

    def _battery(self, prefix: str) -> Iterator[Counter]:
        words = self.words
        charged = words.get(f"{prefix}energy_charged")
        discharged = words.get(f"{prefix}energy_discharged")
        if charged and discharged:
            yield Counter(
                role=Role.BATTERY,
                name=self.name,
                energy=discharged,
                energy_back=charged,
                power=words.get(f"{prefix}power"),
                state_of_charge=words.get("state_of_charge"),
            )


def counters(hass: HomeAssistant) -> list[Counter]:
    """Return what the loaded devices count, each energy once."""
    found = [
        counter
        for entry in hass.config_entries.async_entries(DOMAIN)
        if entry.state in _PRESENT and hasattr(entry, "runtime_data")
        for part in _parts(hass, entry)
        for counter in part.counters()
    ]
    grid = sorted((one for one in found if one.role is Role.GRID), key=lambda one: one.rank)
    chosen = [*grid[:1], *(one for one in found if one.role in (Role.SOLAR, Role.BATTERY))]
    serials: set[str] = set()
    for one in found:
        # A charger may be reached directly and through a gateway.
        if one.role is Role.DEVICE and not (one.serial and one.serial in serials):
            serials |= {one.serial} if one.serial else set()
            chosen.append(one)
    return chosen


def _parts(hass: HomeAssistant, entry: ConfigEntry) -> Iterable[_Part]:
    """Sort the readings of a device that have an enabled entity by the part they belong to."""
    data = entry.runtime_data
    registry = er.async_get(hass)
    parts: dict[str | None, _Part] = {}
    readings: dict[str | None, list[Reading]] = defaultdict(list)
    for reading in data.device.readings():
        readings[reading.part.key if reading.part else None].append(reading)
    for key, group in readings.items():
        for reading in group:
            unique_id = f"{data.coordinator.identity_key}_{reading.path.replace('/', '_')}"
            entity_id = registry.async_get_entity_id("sensor", DOMAIN, unique_id)
            entity = registry.async_get(entity_id) if entity_id else None
            if entity is None or entity.disabled_by is not None:
                continue
            if key not in parts:
                parts[key] = _named_part(hass, entity, main=key is None)
            parts[key].words[reading.name] = entity.entity_id
    return parts.values()


def _named_part(hass: HomeAssistant, entity: er.RegistryEntry, *, main: bool) -> _Part:
    registry = dr.async_get(hass)
    device = registry.async_get(entity.device_id) if entity.device_id else None
    if device is None:
        return _Part(name="", serial=None, main=main)
    # A socket has no serial number of its own.
    serial = None if isinstance(device, dr.ChildDeviceEntry) else device.serial_number
    return _Part(name=full_name(hass, device.id), serial=serial, main=main)


# -- the preferences -------------------------------------------------------------


def missing(preferences: Preferences | None, found: Iterable[Counter]) -> list[Counter]:
    """Return what could be added without counting any energy twice.

    An owner who has chosen another counter for the grid, the sun or a battery has decided where
    that energy is counted. To a counter that is chosen already, at most its power is added.
    """
    found = list(found)
    ours = {counter.energy for counter in found}
    sources = list((preferences or {}).get("energy_sources", ()))
    devices = {one["stat_consumption"]: one for one in _devices(preferences)}
    proposed = []
    for counter in found:
        known = devices.get(counter.energy)
        rivals: set[str | None] = set()
        if counter.role is not Role.DEVICE:
            same = [source for source in sources if source["type"] == counter.role]
            chosen = {source.get("stat_energy_from"): source for source in same}
            known = chosen.get(counter.energy)
            rivals = chosen.keys() - ours
        if not rivals if known is None else counter.power and not _has_power(known):
            proposed.append(counter)
    return proposed


def _devices(preferences: Preferences | None) -> list[Source]:
    return list((preferences or {}).get("device_consumption", ()))


def _has_power(source: Source) -> bool:
    return bool(source.get("stat_rate") or source.get("power_config"))


def completed(preferences: Preferences | None, chosen: Iterable[Counter]) -> dict[str, Any]:
    """Return the sources and devices with what was chosen added to them."""
    sources = [dict(one) for one in (preferences or {}).get("energy_sources", ())]
    devices = [dict(one) for one in _devices(preferences)]
    for counter in chosen:
        if counter.role is Role.DEVICE:
            _merge(devices, "stat_consumption", _device(counter))
        else:
            _merge(sources, "stat_energy_from", _source(counter))
    return {"energy_sources": sources, "device_consumption": devices}


def _merge(known: list[Source], key: str, new: Source) -> None:
    """Add a source, or to one that is there already only what it lacks."""
    for one in known:
        if one.get(key) == new[key] and one.get("type") == new.get("type"):
            one |= {name: value for name, value in new.items() if one.get(name) is None}
            return
    known.append(new)


def _device(counter: Counter) -> Source:
    found = {"stat_consumption": counter.energy, "name": counter.name}
    return found | ({"stat_rate": counter.power} if counter.power else {})


def _source(counter: Counter) -> Source:
    source: Source = {"type": str(counter.role), "stat_energy_from": counter.energy}
    if counter.role is Role.SOLAR:
        source["config_entry_solar_forecast"] = None
        if counter.power:
            source["stat_rate"] = counter.power
        return source
    source["stat_energy_to"] = counter.energy_back
    if counter.role is Role.GRID:
        source |= dict.fromkeys(("stat_cost", "stat_compensation"))
        source |= dict.fromkeys(("entity_energy_price", "number_energy_price"))
        source |= dict.fromkeys(("entity_energy_price_export", "number_energy_price_export"))
        source["cost_adjustment_day"] = 0.0
    if counter.power:
        # There, what a battery gives is positive; here, what it takes.
        kind = "stat_rate_inverted" if counter.role is Role.BATTERY else "stat_rate"
        source["power_config"] = {kind: counter.power}
    if counter.state_of_charge:
        source["stat_soc"] = counter.state_of_charge
    return source
