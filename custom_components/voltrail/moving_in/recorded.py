"""What the recorder has to say and to hold; to be imported only where there is one."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from homeassistant.components.recorder import get_instance, history
from homeassistant.components.recorder.statistics import async_import_statistics, get_metadata
from homeassistant.core import HomeAssistant, State
from homeassistant.util import dt as dt_util

_DAYS: Final = 30
"""How far back to look: the old integration has often been off for a while."""


async def last_states(hass: HomeAssistant, entity_ids: list[str]) -> dict[str, list[State]]:
    """Return the last recorded states of entities, the newest first."""

    def look() -> dict[str, list[State]]:
        start = dt_util.utcnow() - timedelta(days=_DAYS)
        return {
            entity_id: history.state_changes_during_period(
                hass, start, entity_id=entity_id, descending=True, limit=10
            ).get(entity_id, [])
            for entity_id in entity_ids
        }

    return await get_instance(hass).async_add_executor_job(look)


async def hold_statistics(hass: HomeAssistant, renamed: Mapping[str, str]) -> None:
    """See to it that statistics stay under their id when the entity goes on under another.

    The recorder lets statistics follow a renamed entity, unless there are some under the new
    id already: so there have to be, if none of a row.
    """
    recorder = get_instance(hass)
    ids = {*renamed, *renamed.values()}
    known = await recorder.async_add_executor_job(lambda: get_metadata(hass, statistic_ids=ids))
    for old_id, new_id in renamed.items():
        if old_id in known and new_id not in known:
            _, metadata = known[old_id]
            async_import_statistics(hass, {**metadata, "statistic_id": new_id}, [])
    await recorder.async_block_till_done()
