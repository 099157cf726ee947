"""Orders that come while an entry is loaded again: they wait, and are carried out after it.

For the seconds of a reload there are no entities, and Home Assistant drops what is ordered of
them without a word. A pause that comes just then must not be lost because the charger told of
another firmware, or because its owner changed an option.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import (
    ATTR_DOMAIN,
    ATTR_ENTITY_ID,
    ATTR_SERVICE,
    ATTR_SERVICE_DATA,
    EVENT_CALL_SERVICE,
    STATE_UNAVAILABLE,
    Platform,
)
from homeassistant.core import Context, Event, HassJob, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN

_LOGGER = logging.getLogger(__name__)

PATIENCE: Final = 30.0
"""Seconds for which an order waits; after that no person expects it any more."""

ORDERED: Final = frozenset({Platform.NUMBER, Platform.SELECT, Platform.SWITCH, Platform.TIME})
"""What says how something should be. A button that was pressed a while ago is none of these."""

TARGETS: Final = frozenset({ATTR_ENTITY_ID, "device_id", "area_id", "floor_id", "label_id"})

HELD: HassKey[dict[str, _Held]] = HassKey(f"{DOMAIN}_held_orders")


@dataclass(frozen=True, kw_only=True)
class _Order:
    """What was ordered of entities that were not there."""

    domain: str
    service: str
    data: dict[str, Any]
    context: Context

    @override
    def __str__(self) -> str:
        return f"{self.domain}.{self.service} of {', '.join(self.data[ATTR_ENTITY_ID])}"


class _Held:
    """What waits for one entry, in the order of its coming."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        self.hass = hass
        self.entry = entry
        self.title = entry.title
        self.queue: list[_Order | asyncio.Future[None]] = []
        known = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        self._entities = {one.entity_id for one in known if one.domain in ORDERED}
        self._stop = hass.bus.async_listen(EVENT_CALL_SERVICE, self._called)
        expired = HassJob(self._expire, cancel_on_shutdown=True)
        self._end_waiting = async_call_later(hass, PATIENCE, expired)

    @callback
    def _expire(self, _: datetime) -> None:
        async_drop(self.hass, self.entry)

    @callback
    def _called(self, event: Event[dict[str, Any]]) -> None:
        domain, data = event.data[ATTR_DOMAIN], event.data[ATTR_SERVICE_DATA]
        if domain not in ORDERED:
            return
        meant = async_extract_referenced_entity_ids(self.hass, TargetSelection(data))
        missed = sorted(
            one
            for one in self._entities & (meant.referenced | meant.indirectly_referenced)
            if one.startswith(f"{domain}.") and self._is_away(one)
        )
        if missed:
            others = {key: value for key, value in data.items() if key not in TARGETS}
            self.queue.append(
                _Order(
                    domain=domain,
                    service=event.data[ATTR_SERVICE],
                    data={**others, ATTR_ENTITY_ID: missed},
                    context=event.context,
                )
            )

    def _is_away(self, entity_id: str) -> bool:
        state = self.hass.states.get(entity_id)
        return state is None or state.state == STATE_UNAVAILABLE

    @callback
    def close(self) -> None:
        """Take nothing any more."""
        self._stop()
        self._end_waiting()

    async def carry_out(self) -> None:
        """Let everything have its turn."""
        for waiting in self.queue:
            if isinstance(waiting, asyncio.Future):
                if not waiting.done():
                    waiting.set_result(None)
                # What waited goes before what came after it.
                await asyncio.sleep(0)
                continue
            try:
                await self.hass.services.async_call(
                    waiting.domain,
                    waiting.service,
                    waiting.data,
                    blocking=True,
                    context=waiting.context,
                )
            except HomeAssistantError as err:
                _LOGGER.warning("%s: %s was not carried out: %s", self.title, waiting, err)

    @callback
    def give_up(self) -> None:
        """Tell what is not carried out; what waits for its turn finds out for itself."""
        for waiting in self.queue:
            if isinstance(waiting, asyncio.Future):
                if not waiting.done():
                    waiting.set_result(None)
            else:
                _LOGGER.warning(
                    "%s: %s was not carried out, as the device was not there in time",
                    self.title,
                    waiting,
                )


@callback
def async_hold(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Hold orders from now on: the entry is being unloaded, most likely to be loaded again."""
    if hass.is_stopping or entry.disabled_by is not None:
        return
    async_drop(hass, entry)
    hass.data.setdefault(HELD, {})[entry.entry_id] = _Held(hass, entry)


@callback
def async_release(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Carry out what was held: the entry is loaded, and its entities are there."""
    held = hass.data.get(HELD, {}).pop(entry.entry_id, None)
    if held is not None:
        held.close()
        hass.async_create_task(held.carry_out(), f"{DOMAIN} carries out what waited")


@callback
def async_drop(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Hold nothing any more: the entry was removed, or was not there in time."""
    held = hass.data.get(HELD, {}).pop(entry.entry_id, None)
    if held is not None:
        held.close()
        held.give_up()


async def async_turn(hass: HomeAssistant, entry_ids: Collection[str]) -> None:
    """Wait until entries that are being loaded again are there, or are not expected any more."""
    turns = list(_turns(hass, entry_ids))
    if turns:
        await asyncio.wait(turns)


def _turns(hass: HomeAssistant, entry_ids: Collection[str]) -> Iterable[asyncio.Future[None]]:
    for entry_id in entry_ids:
        held = hass.data.get(HELD, {}).get(entry_id)
        if held is not None:
            turn = hass.loop.create_future()
            held.queue.append(turn)
            yield turn
