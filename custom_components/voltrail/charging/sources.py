"""Where a number comes from: a value of Voltrail's own, or the entity of another integration.

A value of Voltrail is read directly, with the time at which the device sent it. Of any other
entity both kinds of events count: one that is reported and has not changed is as fresh as one
that has, and its arrival is noted on the clock of the event loop.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, UnitOfElectricCurrent, UnitOfPower
from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    EventStateReportedData,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import (
    async_track_entity_registry_updated_event,
    async_track_state_change_event,
    async_track_state_report_event,
)
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import ElectricCurrentConverter, PowerConverter

from ..const import DOMAIN
from ..coordinator import VoltrailConfigEntry, VoltrailCoordinator
from ..engine.polling.base_device import BaseDevice, Reading

PERCENT: Final = "%"
WATTS: Final = UnitOfPower.WATT
AMPERES: Final = UnitOfElectricCurrent.AMPERE


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A number, and when it was received, on the clock of the event loop."""

    value: float
    received: float


def number(state: State | None, unit: str | None) -> float | None:
    """Return the state as a number in a unit; None if there is none that makes sense."""
    if state is None:
        return None
    try:
        value = float(state.state)
    except ValueError:
        return None
    own = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    if not math.isfinite(value) or unit is None:
        return value if math.isfinite(value) else None
    try:
        return _converted(value, own, unit)
    except HomeAssistantError:
        return None


def _converted(value: float, own: str | None, unit: str) -> float | None:
    if own == unit:
        return value
    if unit == WATTS:
        return PowerConverter.convert(value, own, unit)
    if unit == AMPERES:
        return ElectricCurrentConverter.convert(value, own, unit)
    return None


def reference(hass: HomeAssistant, entity_id: str) -> str:
    """Return what an entity is stored as: the registry's id outlives a rename."""
    entity = er.async_get(hass).async_get(entity_id)
    return entity_id if entity is None else entity.id


def entity_id(hass: HomeAssistant, stored: str) -> str | None:
    """Return the entity that was stored; None if it is gone."""
    return er.async_resolve_entity_id(er.async_get(hass), stored)


class Source:
    """One number, from wherever it comes."""

    def __init__(
        self, hass: HomeAssistant, stored: str, unit: str | None, heard: Callable[[], None]
    ) -> None:
        self._hass = hass
        self._stored = stored
        self._unit = unit
        self._heard = heard
        self._removers: list[CALLBACK_TYPE] = []
        self._entity_id: str | None = None
        self._received: float | None = None
        self._own: tuple[VoltrailCoordinator, Reading] | None = None
        self._faster = False
        self._undo_faster: CALLBACK_TYPE | None = None

    # -- listening --

    @callback
    def start(self) -> None:
        """Listen from now on."""
        self._entity_id = found = entity_id(self._hass, self._stored)
        if found is None:
            # It may come: until then it is asked for by the id that it had.
            return
        self._received = self._age_at_start(found)
        self._removers += [
            async_track_state_change_event(self._hass, [found], self._note),
            async_track_state_report_event(self._hass, [found], self._note),
            async_track_entity_registry_updated_event(self._hass, [found], self._renamed),
        ]
        self.find_own()

    @callback
    def stop(self) -> None:
        """Listen no more."""
        while self._removers:
            self._removers.pop()()
        self._slow_down()
        self._own = None

    @callback
    def restart(self) -> None:
        """Look again where the number comes from: an entry of ours was loaded again."""
        self.stop()
        self.start()

    @callback
    def _renamed(self, _event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        """Follow an entity that was renamed: the old id will never speak again."""
        self.restart()

    def _age_at_start(self, found: str) -> float | None:
        state = self._hass.states.get(found)
        if state is None:
            return None
        age = (dt_util.utcnow() - state.last_reported).total_seconds()
        return self._hass.loop.time() - max(0.0, age)

    @callback
    def _note(self, _event: Event[EventStateChangedData] | Event[EventStateReportedData]) -> None:
        self._received = self._hass.loop.time()
        if self._own is None:
            self._heard()

    # -- a value of our own --

    @callback
    def find_own(self) -> None:
        """Look whether the entity is one of ours, whose value can be read directly."""
        if (found := self._reading()) is None:
            return
        coordinator, reading = found
        self._own = found
        self._removers.append(coordinator.async_add_listener(self._heard, reading.components))
        self.read_faster(faster=self._faster)

    @callback
    def read_faster(self, *, faster: bool) -> None:
        """Have a value of ours read every few seconds, or as usual."""
        self._faster = faster
        if not faster:
            self._slow_down()
        elif self._own is not None and self._undo_faster is None:
            coordinator, reading = self._own
            self._undo_faster = coordinator.async_read_faster(reading.components, self._heard)

    @callback
    def _slow_down(self) -> None:
        undo, self._undo_faster = self._undo_faster, None
        if undo is not None:
            undo()

    def _reading(self) -> tuple[VoltrailCoordinator, Reading] | None:
        entity = er.async_get(self._hass).async_get(self._entity_id or "")
        if entity is None or entity.platform != DOMAIN or entity.config_entry_id is None:
            return None
        entry: VoltrailConfigEntry | None = self._hass.config_entries.async_get_entry(
            entity.config_entry_id
        )
        if entry is None or entry.state is not ConfigEntryState.LOADED:
            return None
        coordinator = entry.runtime_data.coordinator
        return own_reading(coordinator, entity.unique_id)

    # -- reading --

    def read(self) -> Measured | None:
        """Return the number as it was last received; None if it is not known now."""
        if self._own is None:
            return self._read_state()
        coordinator, reading = self._own
        device: BaseDevice = coordinator.device
        if not coordinator.last_update_success or not device.available(reading.components):
            return None
        value = device.newest(reading)
        received = device.received(reading.components)
        if not isinstance(value, (int, float)) or received is None:
            return None
        return Measured(value=float(value), received=received)

    def _read_state(self) -> Measured | None:
        found = None if self._entity_id is None else self._hass.states.get(self._entity_id)
        value = number(found, self._unit)
        if value is None or self._received is None:
            return None
        return Measured(value=value, received=self._received)


def own_reading(
    coordinator: VoltrailCoordinator, unique_id: str
) -> tuple[VoltrailCoordinator, Reading] | None:
    """Return the value behind an entity of ours."""
    for reading in coordinator.device.readings():
        if unique_id == f"{coordinator.identity_key}_{reading.path.replace('/', '_')}":
            return coordinator, reading
    return None
