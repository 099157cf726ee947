"""Future prices out of the entities of price integrations: their attributes, or their actions.

Integrations of HACS give lists as attributes; those of Home Assistant give them as the answer of
an action. The prices are taken as they are, with or without taxes.
"""

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util

from ..const import DOMAIN
from ..engine.charging.controller import Slot
from ..engine.charging.prices import joined, read_attributes, read_items, read_mapping
from .sources import entity_id

_LOGGER = logging.getLogger(__name__)

ASK_EVERY: Final = 1800.0
"""Seconds between two questions to an integration that answers an action: some ask a server."""
_PER_MWH: Final = 0.001


@dataclass(frozen=True, kw_only=True)
class Asked:
    """An integration that tells its prices when an action asks for them."""

    action: str
    data: Callable[[str, date], Iterator[dict[str, Any]]]
    """What it is asked, given its config entry and the local day; one question each."""
    scale: float = 1.0


def _by_date(entry: str, day: date) -> Iterator[dict[str, Any]]:
    for ahead in (0, 1):
        yield {"config_entry": entry, "date": (day + timedelta(days=ahead)).isoformat()}


def _by_country(_entry: str, day: date) -> Iterator[dict[str, Any]]:
    for ahead in (0, 1):
        yield {"date": (day + timedelta(days=ahead)).isoformat()}


def _by_span(_entry: str, day: date) -> Iterator[dict[str, Any]]:
    yield {"start": _midnight(day).isoformat(), "end": _midnight(day, 2).isoformat()}


def _with_vat(entry: str, day: date) -> Iterator[dict[str, Any]]:
    for span in _by_span(entry, day):
        yield {"config_entry": entry, "incl_vat": True, **span}


def _ahead(entry: str, _day: date) -> Iterator[dict[str, Any]]:
    yield {"config_entry_id": entry, "hours": 24}


def _midnight(day: date, days: int = 0) -> datetime:
    return dt_util.start_of_local_day(day + timedelta(days=days))


ASKED: Final[dict[str, Asked]] = {
    "nordpool": Asked(action="get_prices_for_date", data=_by_date, scale=_PER_MWH),
    "tibber": Asked(action="get_prices", data=_by_span),
    "energyzero": Asked(action="get_energy_prices", data=_with_vat),
    "easyenergy": Asked(action="get_energy_usage_prices", data=_with_vat),
    "omie": Asked(action="get_prices_for_date", data=_by_country),
    "green_planet_energy": Asked(action="get_prices", data=_ahead),
}
"""Integrations of Home Assistant that answer an action, by their domain."""


def slots_of(state: State | None) -> tuple[Slot, ...]:
    """Return the prices that an entity shows in its attributes."""
    if state is None:
        return ()
    return read_attributes(
        state.attributes,
        zone=dt_util.get_default_time_zone(),
        day=dt_util.now().date(),
        unit=str(state.attributes.get(ATTR_UNIT_OF_MEASUREMENT, "")),
    )


def asked_of(hass: HomeAssistant, chosen: str) -> tuple[Asked, er.RegistryEntry] | None:
    """Return what an entity's integration can be asked; None if it answers no action."""
    entity = er.async_get(hass).async_get(chosen)
    asked = None if entity is None else ASKED.get(entity.platform)
    if (
        entity is None
        or asked is None
        or not hass.services.has_service(entity.platform, asked.action)
    ):
        return None
    return asked, entity


def tells_prices(hass: HomeAssistant, chosen: str) -> bool:
    """Whether future prices can be had from an entity or its integration."""
    return bool(slots_of(hass.states.get(chosen))) or asked_of(hass, chosen) is not None


class Prices:
    """The prices that are known now, from all entities of one source."""

    def __init__(self, hass: HomeAssistant, stored: list[str], heard: Callable[[], None]) -> None:
        self._hass = hass
        self._stored = stored
        self._heard = heard
        self._remove: CALLBACK_TYPE | None = None
        self._shown: dict[str, tuple[Slot, ...]] = {}
        self._answered: dict[str, tuple[Slot, ...]] = {}
        self._asking: asyncio.Task[None] | None = None
        self._asked_at = -ASK_EVERY
        self._day: date | None = None
        self.slots: tuple[Slot, ...] = ()
        """The same tuple for as long as nothing new is known."""

    @property
    def _entities(self) -> list[str]:
        found = [entity_id(self._hass, stored) for stored in self._stored]
        return [one for one in found if one is not None]

    @callback
    def start(self) -> None:
        """Look now, and whenever an entity changes."""
        entities = self._entities
        if entities:
            self._remove = async_track_state_change_event(self._hass, entities, self._note)
        self.look(self._hass.loop.time())

    @callback
    def stop(self) -> None:
        """Look no more."""
        if self._remove is not None:
            self._remove()
            self._remove = None
        if self._asking is not None:
            self._asking.cancel()

    @callback
    def _note(self, event: Event[EventStateChangedData]) -> None:
        self._show(event.data["entity_id"])
        self._join()
        self._heard()

    @callback
    def look(self, now: float) -> None:
        """Look again when another day has begun, and ask those that answer when it is time."""
        today = dt_util.now().date()
        if today != self._day:
            self._day = today
            for one in self._entities:
                self._show(one)
            self._join()
        due = now - self._asked_at >= ASK_EVERY
        if due and self._entities and (self._asking is None or self._asking.done()):
            self._asked_at = now
            self._asking = self._hass.async_create_background_task(
                self._ask_all(today), f"{DOMAIN} asks for prices"
            )

    def _show(self, chosen: str) -> None:
        if slots := slots_of(self._hass.states.get(chosen)):
            self._shown[chosen] = slots

    def _join(self) -> None:
        slots = joined(*self._answered.values(), *self._shown.values())
        if slots != self.slots:
            self.slots = slots

    async def _ask_all(self, today: date) -> None:
        for chosen in self._entities:
            if chosen not in self._shown and (found := asked_of(self._hass, chosen)) is not None:
                await self._ask(chosen, *found, today)
        self._join()
        self._heard()

    async def _ask(self, chosen: str, asked: Asked, entity: er.RegistryEntry, today: date) -> None:
        found: list[tuple[Slot, ...]] = []
        for data in asked.data(entity.config_entry_id or "", today):
            try:
                answer = await self._hass.services.async_call(
                    entity.platform, asked.action, data, blocking=True, return_response=True
                )
            except HomeAssistantError as err:
                # Tomorrow is often not known yet; what was known stays.
                _LOGGER.debug("%s.%s: %s", entity.platform, asked.action, err)
                continue
            found.append(_read(answer, entity, asked.scale))
        if any(found):
            self._answered[chosen] = joined(*found)


def _read(answer: Any, entity: er.RegistryEntry, scale: float) -> tuple[Slot, ...]:
    """Return the prices of an answer: a list somewhere inside, one per area or home."""
    zone = dt_util.get_default_time_zone()
    inside = answer.get("prices", answer) if isinstance(answer, Mapping) else answer
    if isinstance(inside, Mapping):
        area = entity.unique_id.partition("-")[0]
        lists = [inside[area]] if area in inside else list(inside.values())
        if lists and not isinstance(lists[0], (list, tuple)):
            return read_mapping(inside, zone, scale=scale)
        inside = lists[0] if lists else ()
    return read_items(inside or (), zone, scale=scale)
