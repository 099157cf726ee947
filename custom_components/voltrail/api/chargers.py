"""Which charger a caller means, and what can be asked of it: for actions and for JSON-RPC."""

from collections.abc import Awaitable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, NoReturn

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import ChildDeviceInfo, DeviceInfo

from ..const import CHARGING, CONF_FAMILY, CONF_FINGERPRINT, DOMAIN
from ..coordinator import VoltrailConfigEntry, VoltrailCoordinator
from ..engine.devices import family
from ..engine.model.charging import (
    Chargeable,
    Lockable,
    Phases,
    PhaseSwitching,
    Recoverable,
    Restartable,
)
from ..engine.model.controls import AnyControl, ButtonControl, TimeControl
from ..engine.model.errors import CallerError, VoltrailError
from ..engine.model.parts import Part
from ..engine.model.points import Value
from ..engine.polling.polled_device import Reading
from .targets import Place, refuse, require_ours

type Plain = str | int | float | bool | None

STATUS: Final = (
    *("charging_state", "blocked_by", "current_offered", "phases_in_use", "operative"),
    *("safe_current_active", "authorisation", "downgrade", "phase_rotation"),
    *("ocpp_status", "vehicle_state", "evse_state", "control_pilot", "mode3_state", "relay"),
)
ENERGY: Final = ("session_energy", "energy_charged")
SESSION: Final = (
    *("session_energy", "session_duration", "session_start", "session_end"),
    *("session_maximum_current", "vehicle_phases", "vehicle_maximum_current"),
)
STATISTICS: Final = ("energy_charged", "sessions")


@dataclass(frozen=True, kw_only=True, eq=False)
class Charger:
    """A charge point that a caller means, with the entry it belongs to."""

    entry: VoltrailConfigEntry
    point: Chargeable
    _read: set[str] = field(default_factory=set)
    """Components that were read for this question alone."""

    @property
    def coordinator(self) -> VoltrailCoordinator:
        """What polls it."""
        return self.entry.runtime_data.coordinator

    @property
    def name(self) -> str:
        """What it is called; one of several sockets with its number."""
        part = self.point.part
        if part is None or self.device_info is self.entry.runtime_data.devices[None]:
            return self.entry.title
        return f"{self.entry.title} {part.key}"

    @property
    def device_info(self) -> DeviceInfo | ChildDeviceInfo:
        """Its device in the registry: the charger's, or that of one of several sockets."""
        part = self.point.part
        return self.entry.runtime_data.devices[None if part is None else part.key]

    # -- what it says --

    def readings(self) -> Iterable[Reading]:
        """Yield the values of the charge point, then those of the station it is part of."""
        return self._index.values()

    @property
    def _index(self) -> Mapping[str, Reading]:
        """The values by their names, built once for as long as the device has the same ones."""
        device, own = self.coordinator.device, self.point.part
        kept = self.coordinator.indices
        key = (None if own is None else own.key, device.layout)
        if key not in kept:
            kept.clear()
            found = list(device.readings())
            station = {} if own is None else _named(found, None)
            kept[key] = {**station, **_named(found, own)}
        return kept[key]

    async def freshen(self, names: Iterable[str]) -> None:
        """Read what the named values are made of, unless that was done within the last second.

        At most once a second for all who ask, in as few requests as there are components: one
        who only asks must not slow the house down. Orders and life signs come first, since each
        request waits for its turn on the line.
        """
        index = self._index
        wanted = {
            component for name in names if name in index for component in index[name].components
        }
        fresh = self.coordinator.fresh_reads
        try:
            await fresh.read(sorted(wanted))
        except VoltrailError as err:
            raise translated(err) from err
        self._read.update(wanted)

    async def current(self, components: Iterable[str]) -> bool:
        """Whether these components answer; those that no entity shows are read for it.

        What no entity shows is not polled, and an old value must not pose as a fresh one.
        """
        device = self.coordinator.device
        components = frozenset(components)
        unseen = components - self.coordinator.watched - self._read
        if unseen:
            try:
                await device.refresh(sorted(unseen))
            except VoltrailError as err:
                raise translated(err) from err
            self._read.update(unseen)
        return device.available(components)

    async def reading(self, name: str) -> Reading | None:
        """Return the value with a name; None if this charger has none, or none now."""
        reading = self._index.get(name)
        if reading is not None and await self.current(reading.components):
            return reading
        return None

    async def value(self, *names: str) -> Value:
        """Return the first of the named values that this charger knows."""
        for name in names:
            reading = await self.reading(name)
            value = None if reading is None else reading.read()
            if value is not None:
                return value
        return None

    async def number(self, *names: str) -> float | None:
        """Return the first of the named values as a number; a state by its code."""
        value = await self.value(*names)
        return value if isinstance(value, (int, float)) else None

    async def plain(self, names: Iterable[str]) -> dict[str, Plain]:
        """Return those of the named values that this charger has."""
        found = {name: await self.reading(name) for name in names}
        return {name: plain(reading) for name, reading in found.items() if reading is not None}

    def controls(self) -> Iterable[AnyControl]:
        """Yield what can be set or pressed at this charge point or its station."""
        own = self.point.part
        for control in self.coordinator.device.controls():
            if control.part in (own, None):
                yield control

    # -- what it is asked --

    async def do[T](self, verb: Awaitable[T]) -> T:
        """Carry out a verb, with errors in the user's language."""
        try:
            result = await verb
        except VoltrailError as err:
            raise translated(err) from err
        finally:
            self.coordinator.async_update_listeners()
        await self.coordinator.async_request_refresh()
        return result

    async def set_phases(self, phases: Phases) -> None:
        """Charge on this many phases from now on."""
        if not isinstance(self.point, PhaseSwitching) or not self._offers("phases"):
            self._refuse("cannot_switch_phases")
        await self.do(self.point.set_phases(phases))

    async def set_locked(self, *, locked: bool) -> None:
        """Lock or unlock the station."""
        if not isinstance(self.point, Lockable):
            self._refuse("cannot_lock")
        await self.do(self.point.set_locked(locked))

    async def restart(self) -> None:
        """Restart the charger."""
        if not isinstance(self.point, Restartable):
            self._refuse("cannot_restart")
        await self.do(self.point.restart())

    async def recover(self) -> None:
        """Bring the charger out of an error."""
        if not isinstance(self.point, Recoverable):
            self._refuse("cannot_recover")
        await self.do(self.point.recover())

    def _offers(self, key: str) -> bool:
        return any(control.key == key for control in self.controls())

    def _refuse(self, key: str) -> NoReturn:
        refuse(key, name=self.name)

    async def configuration(self) -> dict[str, Plain]:
        """Return everything that can be set, as the charger holds it."""
        device = self.coordinator.device
        controls = [
            one for one in self.controls() if not isinstance(one, (ButtonControl, TimeControl))
        ]
        # All in one go: each alone would be a request.
        depends_on = {one: device.serving(one.depends_on, one.part) for one in controls}
        await self.current(frozenset[str]().union(*depends_on.values()))
        held: dict[str, Plain] = {}
        for control in controls:
            if device.available(depends_on[control]):
                value = control.read()
                held[control.key] = value.name.lower() if isinstance(value, Enum) else value
        return held


def _named(readings: Iterable[Reading], part: Part | None) -> dict[str, Reading]:
    found: dict[str, Reading] = {}
    for reading in readings:
        if reading.part == part:
            found.setdefault(reading.name, reading)
    return found


def plain(reading: Reading) -> Plain:
    """Return a value in a form that JSON knows."""
    value = reading.read()
    if isinstance(value, Enum):
        return value.name.lower()
    if value is None or isinstance(value, (str, bool, float)) or type(value) is int:
        return value
    return str(value)


def translated(err: VoltrailError) -> HomeAssistantError:
    """Return the error that Home Assistant shows for one of the engine's."""
    kind = ServiceValidationError if isinstance(err, CallerError) else HomeAssistantError
    return kind(
        translation_domain=DOMAIN,
        translation_key=err.key,
        translation_placeholders=err.details,
    )


def all_chargers(hass: HomeAssistant) -> list[Charger]:
    """Return every charge point that is set up and loaded."""
    entries: list[VoltrailConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    return [
        Charger(entry=entry, point=point)
        for entry in entries
        for point in entry.runtime_data.device.charge_points()
    ]


def absent_chargers(hass: HomeAssistant) -> list[VoltrailConfigEntry]:
    """Return the entries of chargers that are set up and do not run, as one that never answered."""
    return [
        entry
        for entry in hass.config_entries.async_entries(DOMAIN, include_disabled=False)
        if entry.state is not ConfigEntryState.LOADED and _is_charger(entry)
    ]


def _is_charger(entry: VoltrailConfigEntry) -> bool:
    kind = entry.data[CONF_FAMILY]
    return kind != CHARGING and family(kind).is_charger


def is_called(entry: VoltrailConfigEntry, name: object) -> bool:
    """Whether a program may mean the charger of an entry, or a socket of it, by a name."""
    known = entry.entry_id, entry.title, entry.data.get(CONF_FINGERPRINT)
    return isinstance(name, str) and any(
        name == one or name.startswith(f"{one} ") for one in known if one
    )


def identifiers(charger: Charger) -> Collection[str]:
    """Return the names by which a program may call a charger."""
    part, entry = charger.point.part, charger.entry
    found = {entry.entry_id, entry.title, charger.name}
    serial = charger.coordinator.device.identity.serial
    if part is not None:
        # Also the only socket of a charger may be called by its number.
        found.add(f"{entry.title} {part.key}")
    if serial:
        found.add(serial if part is None else f"{serial} {part.key}")
        if charger.name == entry.title:
            found.add(serial)
    found.update(identifier for _, identifier in charger.device_info["identifiers"])
    # A program may ask for anything that JSON knows; not all of that can be in a set.
    return tuple(found)


def chargers_at(hass: HomeAssistant, place: Place) -> list[Charger]:
    """Return the charge points at a place: one, or all of a station."""
    entry = place.entry
    return [
        Charger(entry=entry, point=point)
        for point in entry.runtime_data.device.charge_points()
        if place.covers(None if point.part is None else point.part.key)
    ]


def chosen_chargers(
    hass: HomeAssistant, target: Mapping[str, Any]
) -> tuple[dict[str, Charger], list[VoltrailConfigEntry]]:
    """Return the chargers that a target means, by the ids of their devices.

    And the entries of chargers that are meant and do not run. Whatever is wrong with the target
    itself is found before the first order is sent.
    """
    found: dict[tuple[str, str | None], tuple[str, Charger]] = {}
    absent: dict[str, VoltrailConfigEntry] = {}
    for place in require_ours(hass, target):
        entry = place.entry
        if entry.state is not ConfigEntryState.LOADED:
            if place.named:
                refuse("not_loaded", name=entry.title)
            if _is_charger(entry):
                absent[entry.entry_id] = entry
            continue
        there = chargers_at(hass, place)
        if not there and place.named:
            refuse("not_a_charger", name=entry.title)
        for charger in there:
            part = charger.point.part
            key = entry.entry_id, None if part is None else part.key
            called = place.device_id if len(there) == 1 else device_id_of(hass, charger)
            found.setdefault(key, (called, charger))
    if not found and not absent:
        refuse("nothing_chosen")
    return dict(found.values()), list(absent.values())


def device_id_of(hass: HomeAssistant, charger: Charger) -> str:
    """Return the id of a charger's device in the registry."""
    registry, info = dr.async_get(hass), charger.device_info
    (identifier,) = info["identifiers"]
    device = registry.async_get_device_by_identifier(
        identifier, charger.entry.entry_id
    ) or registry.async_get_child_device_by_identifier(identifier, charger.entry.entry_id)
    assert device is not None, "it was registered when the entry was set up"
    return device.id


def chosen_entries(
    hass: HomeAssistant, target: Mapping[str, Any]
) -> dict[str, VoltrailConfigEntry]:
    """Return the loaded entries that a target means, by the ids of their devices."""
    found: dict[str, tuple[str, VoltrailConfigEntry]] = {}
    for place in require_ours(hass, target):
        if place.entry.state is not ConfigEntryState.LOADED:
            refuse("not_loaded", name=place.entry.title)
        found.setdefault(place.entry.entry_id, (place.device_id, place.entry))
    return dict(found.values())
