"""Events: a charging session begins, goes on and ends."""

from typing import Any, Final, override

from homeassistant.components.event import EventEntity
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import VoltrailConfigEntry, VoltrailCoordinator
from .engine.charging.sessions import Happened, Happening
from .entity import VoltrailEntity
from .session_log import PointSessions
from .session_words import described

PARALLEL_UPDATES = 0

ATTR_LATEST: Final = "latest"
LATEST: Final = 10
"""How many of the last sessions are shown, for a dashboard."""

STAGES: Final = (Happening.CONNECTED, Happening.STARTED, Happening.FINISHED)
"""What is shown of a session; triggers know more."""


async def async_setup_entry(
    hass: HomeAssistant,
    entry: VoltrailConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add an event for every place where a car is plugged in."""
    data = entry.runtime_data
    async_add_entities(
        VoltrailSessionEvent(data.coordinator, sessions) for sessions in data.sessions.points
    )


class VoltrailSessionEvent(VoltrailEntity, EventEntity):
    """The last stage of the sessions at a charge point."""

    _attr_translation_key = "session"
    # The log keeps them; the recorder need not keep ten of them with each event.
    _unrecorded_attributes = frozenset({ATTR_LATEST})

    def __init__(self, coordinator: VoltrailCoordinator, sessions: PointSessions) -> None:
        part = sessions.point.part
        super().__init__(
            coordinator,
            path="session" if part is None else f"{part.key}/session",
            part=part,
            components=sessions.state_components,
        )
        self._attr_event_types = [stage.value for stage in STAGES]
        self._sessions = sessions

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to what happens."""
        await super().async_added_to_hass()
        listeners = self._sessions.listeners
        listeners.append(self._happened)
        self.async_on_remove(lambda: listeners.remove(self._happened))

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any]:
        """Return the last finished sessions, the newest first."""
        return {ATTR_LATEST: [described(one) for one in self._sessions.log.latest(LATEST)]}

    @override
    def _state_now(self) -> object:
        # It changes by what happens, not by what is read.
        return None

    @callback
    def _happened(self, one: Happened) -> None:
        if one.kind in STAGES:
            told: dict[str, Any] = {} if one.session is None else described(one.session)
            self._trigger_event(one.kind.value, told)
            self.async_write_ha_state()
