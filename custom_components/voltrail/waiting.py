"""Small changes that wait to be written, for those of our own who must not be late.

An entity holds a small change back for up to a minute (see ``presentation.band``). A condition
asks here for what waits; a trigger says which level it watches, and the change that passes it is
written at once.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .const import DOMAIN


class Waiting:
    """What waits, and which levels are watched, by entity; in the engine's units."""

    def __init__(self) -> None:
        self.newest: dict[str, float] = {}
        """The newest value of each entity that shows an older one."""
        self._levels: defaultdict[str, Counter[float]] = defaultdict(Counter)

    @callback
    def watch(self, entity_id: str, level: float) -> None:
        """Have a change that passes a level written at once; its sign does not matter."""
        self._levels[entity_id][level] += 1

    @callback
    def unwatch(self, entity_id: str, level: float) -> None:
        """Watch a level no more."""
        levels = self._levels[entity_id]
        levels[level] -= 1
        if not +levels:
            del self._levels[entity_id]

    def passes(self, entity_id: str, numbers: Iterable[float]) -> bool:
        """Whether a watched level lies between numbers."""
        levels = self._levels.get(entity_id)
        if levels is None:
            return False
        sizes = [abs(number) for number in numbers]
        return any(min(sizes) <= level < max(sizes) for level in levels)


_WAITING: Final[HassKey[Waiting]] = HassKey(f"{DOMAIN}_waiting")


@callback
def waiting(hass: HomeAssistant) -> Waiting:
    """Return what waits in this Home Assistant."""
    return hass.data.setdefault(_WAITING, Waiting())
