"""What all entities share: identity, availability, and errors in the user's language."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Iterable
from typing import override

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback, EntityPlatform
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import CONF_EVERY_CHANGE, DOMAIN
from .coordinator import VoltrailCoordinator
from .engine.model.controls import AnyControl
from .engine.model.errors import CallerError, VoltrailError
from .engine.model.parts import Part
from .engine.model.points import Tier, Value
from .engine.polling.polled_device import Reading
from .presentation import (
    CONTROL_CATEGORY,
    READING_CATEGORY,
    Band,
    band,
    enabled_at_first,
    named_by_class,
)
from .waiting import waiting


class VoltrailEntity(CoordinatorEntity[VoltrailCoordinator]):
    """An entity that shows or moves something of a device or of one of its parts."""

    _attr_has_entity_name = True

    def __init__(
        self,
        coordinator: VoltrailCoordinator,
        *,
        path: str,
        part: Part | None,
        components: frozenset[str],
    ) -> None:
        # The context tells the coordinator which components an entity shows.
        super().__init__(coordinator, components)
        self._components = components
        self.part_key = None if part is None else part.key
        self._attr_unique_id = f"{coordinator.identity_key}_{path.replace('/', '_')}"
        devices = coordinator.config_entry.runtime_data.devices
        self._attr_device_info = devices[None if part is None else part.key]
        self._shown: tuple[bool, object] | None = None
        """Whether it was there, and what its state was made of, when it was written last."""

    @callback
    @override
    def add_to_platform_start(
        self,
        hass: HomeAssistant,
        platform: EntityPlatform,
        parallel_updates: asyncio.Semaphore | None,
    ) -> None:
        """Suggest an id for an entity of one of several sockets.

        Home Assistant puts the charger's name before the socket's. The socket's begins with it
        already, since most lists show it alone.
        """
        super().add_to_platform_start(hass, platform, parallel_updates)
        info = self._attr_device_info
        if info is None or info.get("parent_device_id") is None:
            return
        (identifier,) = info["identifiers"]
        socket = dr.async_get(hass).async_get_child_device_by_identifier(
            identifier, self.coordinator.config_entry.entry_id
        )
        if socket is not None and (name := self.suggested_object_id):
            self.internal_integration_suggested_object_id = f"{socket.name} {name}"

    @property
    @override
    def available(self) -> bool:
        """Whether the components behind this entity answered the last poll.

        A value from an earlier poll, shown as if it were current, would be a lie.
        """
        return super().available and self.coordinator.device.available(self._components)

    def _state_now(self) -> object:
        """Return everything that the state is made of."""
        raise NotImplementedError

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        shown = (self.available, self._state_now())
        if not self._waits(shown):
            self._show(shown)

    def _waits(self, shown: tuple[bool, object]) -> bool:  # noqa: ARG002 - a hook
        """Whether a change may be written later."""
        return False

    @callback
    def _show(self, shown: tuple[bool, object]) -> None:
        # Nothing is written for a value that did not change.
        if shown != self._shown:
            self._shown = shown
            self.async_write_ha_state()


class VoltrailReading(VoltrailEntity):
    """An entity that shows a value.

    A small change of what is measured waits up to a minute, so that the database of the house
    stays small (see ``presentation.band``). What waits is not shown by any other write either:
    the entity keeps the value that was written. Programs that need the newest ask the device.
    """

    def __init__(self, coordinator: VoltrailCoordinator, reading: Reading) -> None:
        super().__init__(
            coordinator, path=reading.path, part=reading.part, components=reading.components
        )
        self.reading = reading
        point = reading.point
        self._attr_entity_category = READING_CATEGORY[point.tier]
        # A value that this unit may not have stays disabled until it is seen for the first time.
        asleep = coordinator.device.unseen(reading)
        self._attr_entity_registry_enabled_default = enabled_at_first(point) and not asleep
        if not named_by_class(point.quantity, reading.word):
            self._attr_translation_key = reading.word
            self._attr_translation_placeholders = placeholders(point.phase, point.number)
        every = coordinator.config_entry.options.get(CONF_EVERY_CHANGE, False)
        self._band = None if every else band(point)
        self._written: Value = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def value(self) -> Value:
        """The value that is shown: the newest one, unless its change is small and waits."""
        return self.reading.read() if self._band is None else self._written

    @override
    async def async_added_to_hass(self) -> None:
        """Begin with the value of now."""
        if self._band is not None:
            self._written = self.reading.read()
            self._shown = (self.available, self._written)
        await super().async_added_to_hass()

    @override
    async def async_will_remove_from_hass(self) -> None:
        """Write nothing any more."""
        self._end_wait()
        await super().async_will_remove_from_hass()

    @override
    def _state_now(self) -> object:
        return self.reading.read()

    @override
    def _waits(self, shown: tuple[bool, object]) -> bool:
        if self._band is None:
            return False
        if shown == self._shown:
            # It came back: there is nothing left to write.
            self._end_wait()
            return False
        there = shown[0] and self._shown is not None and self._shown[0]
        if there and self._holds(self._band, shown[1]):
            if self._timer is None:
                self._timer = self.hass.loop.call_later(self._band.pause, self._land)
            return True
        self._end_wait()
        self._written = self.reading.read()
        return False

    def _holds(self, band: Band, new: object) -> bool:
        """Whether a change is small and passes no level that an automation of ours watches."""
        old = self._written
        if not (isinstance(old, (int, float)) and isinstance(new, (int, float))):
            return False
        known = waiting(self.hass)
        if not band.holds(old, new) or known.passes(self.entity_id, (old, new)):
            return False
        known.newest[self.entity_id] = new
        return True

    @callback
    def _land(self) -> None:
        """Write what has waited long enough."""
        self._end_wait()
        self._written = self.reading.read()
        self._show((self.available, self._written))

    def _end_wait(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            waiting(self.hass).newest.pop(self.entity_id, None)


class VoltrailControl[C: AnyControl](VoltrailEntity):
    """An entity that asks something of the device."""

    def __init__(self, coordinator: VoltrailCoordinator, control: C) -> None:
        super().__init__(
            coordinator,
            path=control.path,
            part=control.part,
            components=coordinator.device.serving(control.depends_on, control.part),
        )
        self.control: C = control
        self._attr_entity_category = CONTROL_CATEGORY[control.tier]
        self._attr_entity_registry_enabled_default = control.tier is not Tier.EXPERT
        word = control.key
        if control.phase:
            word = word.removesuffix(f"_{control.phase.lower().replace('-', '_')}") + "_phase"
        if control.number is not None:
            word = word.removesuffix(f"_{control.number}") + "_number"
        self._attr_translation_key = word
        self._attr_translation_placeholders = placeholders(control.phase, control.number)

    @property
    @override
    def available(self) -> bool:
        return super().available and self.control.usable()

    async def _do(self, verb: Awaitable[None]) -> None:
        """Carry out a verb, and show what came of it."""
        try:
            await verb
        except VoltrailError as err:
            kind = ServiceValidationError if isinstance(err, CallerError) else HomeAssistantError
            raise kind(
                translation_domain=DOMAIN,
                translation_key=err.key,
                translation_placeholders=err.details,
            ) from err
        finally:
            # Done or failed, the device was read again on the way.
            self.coordinator.async_update_listeners()
        await self.coordinator.async_request_refresh()


def add_entities(
    coordinator: VoltrailCoordinator,
    add: AddConfigEntryEntitiesCallback,
    entities: Iterable[VoltrailEntity],
) -> None:
    """Add entities, each to the sub-entry that its part belongs to."""
    groups: dict[str | None, list[VoltrailEntity]] = defaultdict(list)
    for entity in entities:
        groups[coordinator.subentry_of(entity.part_key)].append(entity)
    for subentry, group in groups.items():
        add(group, config_subentry_id=subentry)


def placeholders(phase: str, number: int | None) -> dict[str, str]:
    """Return what the name of an entity leaves open."""
    found = {}
    if phase:
        found["phase"] = phase
    if number is not None:
        found["number"] = str(number)
    return found
