"""A day of the recorder as the replay takes it; to be imported only where there is a recorder."""

from collections.abc import Mapping
from datetime import datetime

from homeassistant.components.recorder import get_instance, history
from homeassistant.core import HomeAssistant, State

from ..engine.charging.history import Series
from .sources import number


async def series(
    hass: HomeAssistant, entities: Mapping[str, tuple[str, str]], begin: datetime, end: datetime
) -> dict[str, Series]:
    """Return the numbers of entities, each by its role and in the unit of the role."""
    wanted = [entity for entity, _ in entities.values()]

    def look() -> Mapping[str, list[State | dict[str, object]]]:
        return history.get_significant_states(
            hass, begin, end, wanted, significant_changes_only=False
        )

    found = await get_instance(hass).async_add_executor_job(look)
    return {
        role: _series(found.get(entity, []), unit)
        for role, (entity, unit) in entities.items()
        if found.get(entity)
    }


def _series(states: list[State | dict[str, object]], unit: str) -> Series:
    known = [state for state in states if isinstance(state, State)]
    return Series(
        [state.last_updated.timestamp() for state in known],
        [number(state, unit) for state in known],
    )


def difference(positive: Series, negative: Series) -> Series:
    """Return one signed number out of what is bought and what is sold."""
    times = sorted({*positive.times_s, *negative.times_s})
    values: list[float | None] = []
    for moment in times:
        one, other = positive.at(moment), negative.at(moment)
        values.append(None if one is None else one - (other or 0.0))
    return Series(times, values)


def turned(one: Series) -> Series:
    """Return a number with the other sign."""
    return Series(one.times_s, [None if value is None else -value for value in one.values])
