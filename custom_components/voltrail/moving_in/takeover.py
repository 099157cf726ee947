"""Giving our entities the ids of old ones, and giving the ids back.

History and statistics belong to an id. So the old entity leaves the registry and ours gets its
id; nothing is deleted from the recorder, and nothing moved in it.
"""

from collections.abc import Iterable
from typing import Any, Final, TypedDict

from homeassistant.config_entries import (
    ConfigEntry,
    ConfigEntryDisabler,
    ConfigEntryState,
    OperationNotAllowed,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.storage import Store

from ..const import DOMAIN
from .pairs import Pair

VERSION: Final = 1
_AT_WORK: Final = {
    ConfigEntryState.LOADED,
    ConfigEntryState.UNLOAD_IN_PROGRESS,
    ConfigEntryState.FAILED_UNLOAD,
}


class Move(TypedDict):
    """What was done to one pair."""

    platform: str
    unique_id: str
    old_id: str
    our_unique_id: str
    our_id: str


class Moves(TypedDict):
    """What was done for an entry."""

    moves: list[Move]
    kept: bool
    """Whether the person has said that all is right."""


class OldEntryStaysError(Exception):
    """The old integration could not be stopped; after a restart it can."""


def store(hass: HomeAssistant, entry_id: str) -> Store[Moves]:
    """Return the file of an entry."""
    return Store(hass, VERSION, f"{DOMAIN}.{entry_id}.moving_in")


async def moves(hass: HomeAssistant, entry: ConfigEntry) -> Moves | None:
    """Return what was done for an entry, if anything was."""
    return await store(hass, entry.entry_id).async_load()


async def keep(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Remember that all is right as it is."""
    if done := await moves(hass, entry):
        await store(hass, entry.entry_id).async_save({**done, "kept": True})


async def take_over(hass: HomeAssistant, entry: ConfigEntry, pairs: Iterable[Pair]) -> None:
    """Give our entities the ids of the old ones; the order matters, see the comments."""
    pairs = list(pairs)
    # Two integrations at one device fight for it, and a loaded entity would come back.
    for entry_id in {pair.old.entry_id for pair in pairs if pair.old.entry_id}:
        await _disable(hass, entry_id)
    # What will be done is stored before it is done: whatever happens, it can be undone.
    before = await moves(hass, entry)
    done = [*(before["moves"] if before else ()), *map(_move, pairs)]
    await store(hass, entry.entry_id).async_save({"moves": done, "kept": False})
    registry = er.async_get(hass)
    for pair in pairs:
        if pair.old.registered and registry.async_get(pair.old.entity_id):
            # An id that is registered cannot be taken. Renaming the old entity instead would
            # take its history along.
            registry.async_remove(pair.old.entity_id)
            # What it left behind in the states would hold the id as well.
            hass.states.async_remove(pair.old.entity_id)
        _rename(hass, pair.our_id, pair.old.entity_id)


async def _disable(hass: HomeAssistant, entry_id: str) -> None:
    old_entry = hass.config_entries.async_get_entry(entry_id)
    if old_entry is None or old_entry.disabled_by is not None:
        return
    try:
        await hass.config_entries.async_set_disabled_by(entry_id, ConfigEntryDisabler.USER)
    except OperationNotAllowed as err:
        raise OldEntryStaysError from err
    # The answer says whether it could be loaded again; one that is not installed cannot.
    if old_entry.state in _AT_WORK:
        raise OldEntryStaysError


def _move(pair: Pair) -> Move:
    return {
        "platform": pair.platform,
        "unique_id": pair.old.unique_id,
        "old_id": pair.old.entity_id,
        "our_unique_id": pair.our_unique_id,
        "our_id": pair.our_id,
    }


@callback
def _rename(hass: HomeAssistant, entity_id: str, new_id: str) -> None:
    registry = er.async_get(hass)
    entity = registry.async_get(entity_id)
    assert entity is not None, "a pair names an entity of the registry"
    changes: dict[str, Any] = {"new_entity_id": new_id}
    if entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION:
        changes["disabled_by"] = None
    registry.async_update_entity(entity_id, **changes)


async def undo(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Give our entities their former ids back; those that were renamed since stay as they are."""
    registry = er.async_get(hass)
    done = await moves(hass, entry)
    open_moves = [
        move
        for move in (done["moves"] if done else ())
        if _ours(registry, move) == move["old_id"] and move["our_id"] not in registry.entities
    ]
    await _hold_history(hass, open_moves)
    for move in open_moves:
        registry.async_update_entity(move["old_id"], new_entity_id=move["our_id"])
    await store(hass, entry.entry_id).async_remove()


def _ours(registry: er.EntityRegistry, move: Move) -> str | None:
    domain = move["old_id"].partition(".")[0]
    return registry.async_get_entity_id(domain, DOMAIN, move["our_unique_id"])


async def _hold_history(hass: HomeAssistant, open_moves: list[Move]) -> None:
    """Leave the history with the ids that are given back.

    It would follow our entities, if they had none of their own under their former ids: moved
    in before the first five minutes were over, they have no statistics.
    """
    if open_moves and "recorder" in hass.config.components:
        # The database's library is there only where the recorder is.
        from . import recorded  # noqa: PLC0415

        await recorded.hold_statistics(
            hass, {move["old_id"]: move["our_id"] for move in open_moves}
        )
