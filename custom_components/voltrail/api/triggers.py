"""Triggers by purpose: what happens at a charger, at a meter, in the house.

What happens at a charger is told by a signal (see ``signals``), also if it happened while the
charger or Home Assistant was away. Levels, as of a current, are looked at in states: there the
last one that was known counts, so that one that was passed while it was *unavailable* is noticed.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, cast, override

from homeassistant.const import (
    ATTR_DEVICE_ID,
    ATTR_ENTITY_ID,
    CONF_FOR,
    CONF_OPTIONS,
    CONF_TARGET,
)
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, State, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.target import (
    TargetStateChangedData,
    async_track_target_selector_state_change_event,
)
from homeassistant.helpers.trigger import (
    Trigger,
    TriggerActionRunner,
    TriggerConfig,
    TriggerNotTriggeredReporter,
)
from homeassistant.helpers.typing import ConfigType

from ..engine.charging.sessions import Happening
from ..engine.model.charging import BlockedBy
from ..schema import vol
from ..session_words import described
from ..signals import ANSWERS, ENERGY_TARGET, HAPPENED, LOOKED, SILENT, PlaceSignal
from ..waiting import Waiting, waiting
from .entities import amperes, current_entities, grid_entities
from .schema import number
from .targets import Place, places, with_devices

CONF_REASON: Final = "reason"
CONF_ENERGY: Final = "energy"
CONF_CURRENT: Final = "current"

REASONS: Final = tuple(
    reason.value for reason in BlockedBy if reason not in (BlockedBy.NOTHING, BlockedBy.NO_VEHICLE)
)
"""What can keep a car from charging."""

type Spot = tuple[str, str | None]
"""An entry, and the key of a part."""

_FOR: Final[dict[vol.Marker, Any]] = {vol.Optional(CONF_FOR): cv.positive_time_period}


def schema(options: dict[vol.Marker, Any]) -> vol.Schema:
    """Return the schema of a trigger or a condition with a target."""
    return vol.Schema(
        {
            vol.Required(CONF_TARGET): cv.TARGET_FIELDS,
            vol.Required(CONF_OPTIONS, default={}): options,
        }
    )


class _TargetTrigger(Trigger):
    """A trigger that is about the devices of a target."""

    _options: ClassVar[dict[vol.Marker, Any]] = _FOR

    @override
    @classmethod
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        return cast("ConfigType", schema(cls._options)(config))

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        super().__init__(hass, config)
        assert config.target is not None, "the schema asks for one"
        self._target = config.target
        self._given: dict[str, Any] = config.options or {}
        self._duration: timedelta = self._given.get(CONF_FOR) or timedelta()

    def _place(self, spot: Spot) -> Place | None:
        """Return how the target calls a place; None if it does not mean it."""
        entry_id, part = spot
        for place in places(self._hass, self._target):
            if place.entry.entry_id == entry_id and place.covers(part):
                return place
        return None


class _Pending:
    """Waits for a time in which what happened has to go on."""

    def __init__(self, hass: HomeAssistant, duration: timedelta) -> None:
        self._hass = hass
        self._duration = duration
        self._waiting: dict[object, CALLBACK_TYPE] = {}

    @callback
    def begin(self, key: object, action: Callable[[], None]) -> None:
        """Call ``action`` after the time, unless it ends before."""
        self.end(key)
        if not self._duration:
            action()
            return

        @callback
        def over(_now: datetime) -> None:
            del self._waiting[key]
            action()

        self._waiting[key] = async_call_later(self._hass, self._duration, over)

    @callback
    def end(self, key: object) -> None:
        """Wait no more: it has ended."""
        if (cancel := self._waiting.pop(key, None)) is not None:
            cancel()

    @callback
    def end_all(self) -> None:
        """Wait for nothing any more."""
        for key in list(self._waiting):
            self.end(key)


class _Watched:
    """The entities whose changes must not wait when they pass a level."""

    def __init__(self, place: Waiting, level: float | None) -> None:
        self._place = place
        self._level = level
        self._entity_ids: set[str] = set()

    @callback
    def follow(self, added: set[str], removed: set[str]) -> None:
        """Watch other entities."""
        if self._level is None:
            return
        for entity_id in removed & self._entity_ids:
            self._place.unwatch(entity_id, self._level)
        for entity_id in added - self._entity_ids:
            self._place.watch(entity_id, self._level)
        self._entity_ids = (self._entity_ids - removed) | added

    @callback
    def end(self) -> None:
        """Watch no more."""
        self.follow(set(), set(self._entity_ids))


class _HappeningTrigger(_TargetTrigger):
    """Fires when something of a kind happens at one of the places of its target."""

    _kind: ClassVar[str]
    _ends: ClassVar[frozenset[str]] = frozenset()
    """What ends it: it has to last for the time that was given, if any."""
    _says: ClassVar[str]

    def _wanted(self, signal: PlaceSignal) -> bool:
        """Whether this is what the trigger waits for."""
        return signal.kind == self._kind

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        pending = _Pending(self._hass, self._duration)

        @callback
        def happened(signal: PlaceSignal) -> None:
            spot = signal.entry_id, signal.part
            wanted = self._wanted(signal)
            if signal.kind in self._ends or (signal.kind == self._kind and not wanted):
                pending.end(spot)
            if wanted and (place := self._place(spot)) is not None:
                pending.begin(spot, lambda: self._fire(run_action, signal, place))

        remove = async_dispatcher_connect(self._hass, HAPPENED, happened)

        @callback
        def detach() -> None:
            remove()
            pending.end_all()

        return detach

    @callback
    def _fire(self, run_action: TriggerActionRunner, signal: PlaceSignal, place: Place) -> None:
        told: dict[str, Any] = {ATTR_DEVICE_ID: place.device_id, "for": self._duration}
        if signal.reason is not None:
            told["reason"] = signal.reason
        if signal.session is not None:
            told["session"] = described(signal.session)
        run_action(told, f"{self._says}: {place.entry.title}")


class CarConnected(_HappeningTrigger):
    """Fires when a car is plugged in."""

    _kind = Happening.CONNECTED.value
    _ends = frozenset({Happening.FINISHED.value})
    _says = "a car was plugged in"


class CarDisconnected(_HappeningTrigger):
    """Fires when a car leaves."""

    _kind = Happening.FINISHED.value
    _ends = frozenset({Happening.CONNECTED.value})
    _says = "the car left"


class ChargingStarted(_HappeningTrigger):
    """Fires when charging begins."""

    _kind = Happening.STARTED.value
    _ends = frozenset({Happening.STOPPED.value, Happening.FINISHED.value})
    _says = "charging began"


class ChargingStopped(_HappeningTrigger):
    """Fires when charging ends, for whatever reason."""

    _kind = Happening.STOPPED.value
    _ends = frozenset({Happening.STARTED.value})
    _says = "charging ended"


class CarFull(_HappeningTrigger):
    """Fires when a car that was charged takes no more."""

    _options: ClassVar[dict[vol.Marker, Any]] = {}
    _kind = Happening.FULL.value
    _says = "the car is full"


class ChargingBlocked(_HappeningTrigger):
    """Fires when something keeps a car from charging."""

    _options: ClassVar[dict[vol.Marker, Any]] = {
        vol.Optional(CONF_REASON, default=[]): vol.All(cv.ensure_list, [vol.In(REASONS)]),
        **_FOR,
    }
    _kind = Happening.BLOCKED.value
    _ends = frozenset({Happening.UNBLOCKED.value})
    _says = "charging is blocked"

    @override
    def _wanted(self, signal: PlaceSignal) -> bool:
        reasons = self._given[CONF_REASON]
        return super()._wanted(signal) and (not reasons or signal.reason in reasons)


class ControlLost(_HappeningTrigger):
    """Fires when a charger has lost Home Assistant, and charges by its own fallback."""

    _kind = Happening.CONTROL_LOST.value
    _ends = frozenset({Happening.CONTROL_REGAINED.value})
    _says = "the charger lost contact"


class FellSilent(_HappeningTrigger):
    """Fires when a device does not answer, or a meter speaks no more."""

    _kind = SILENT
    _ends = frozenset({ANSWERS})
    _says = "nothing is heard any more"


class EnergyTargetReached(_TargetTrigger):
    """Fires when a session has got so much energy, or what was wanted for it."""

    _options: ClassVar[dict[vol.Marker, Any]] = {
        vol.Optional(CONF_ENERGY): vol.All(number, vol.Range(min=0, min_included=False)),
    }

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        super().__init__(hass, config)
        self._wanted: float | None = self._given.get(CONF_ENERGY)
        self._below: dict[Spot, datetime] = {}
        """The beginnings of the sessions that were seen with less."""

    def _reached(self, signal: PlaceSignal) -> bool:
        """Whether a session has just got the energy.

        Not one that had it already when the automation was switched on.
        """
        session, spot = signal.session, (signal.entry_id, signal.part)
        if session is None or session.energy is None or self._wanted is None:
            return False
        if session.energy < self._wanted * 1000:
            self._below[spot] = session.start
            return False
        return self._below.pop(spot, None) == session.start

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        @callback
        def fire(signal: PlaceSignal) -> None:
            place = self._place((signal.entry_id, signal.part))
            if place is not None and signal.session is not None:
                told = {ATTR_DEVICE_ID: place.device_id, "session": described(signal.session)}
                run_action(told, f"the energy target was reached: {place.entry.title}")

        @callback
        def looked(signal: PlaceSignal) -> None:
            if self._reached(signal):
                fire(signal)

        @callback
        def happened(signal: PlaceSignal) -> None:
            if signal.kind == ENERGY_TARGET and self._wanted is None:
                fire(signal)

        removers = (
            async_dispatcher_connect(self._hass, LOOKED, looked),
            async_dispatcher_connect(self._hass, HAPPENED, happened),
        )

        @callback
        def detach() -> None:
            for remove in removers:
                remove()

        return detach


class _LevelTrigger(_TargetTrigger):
    """Fires when something comes to hold at one of the entities of its target."""

    _says: ClassVar[str]

    @abstractmethod
    def _entities(self, entity_ids: Iterable[str]) -> set[str]:
        """Return those of the entities that can be judged."""

    @abstractmethod
    def _holds(self, state: State) -> bool | None:
        """Whether it holds; None where the entity does not tell."""

    def _judged(self, state: State | None) -> bool | None:
        return None if state is None else self._holds(state)

    @property
    def _level(self) -> float | None:
        """The number whose passing must be written at once; None for what is no number."""
        return None

    @override
    async def async_attach_runner(
        self,
        run_action: TriggerActionRunner,
        did_not_trigger: TriggerNotTriggeredReporter | None = None,
    ) -> CALLBACK_TYPE:
        pending = _Pending(self._hass, self._duration)
        known: dict[str, bool] = {}
        watched = _Watched(waiting(self._hass), self._level)

        @callback
        def changed(data: TargetStateChangedData) -> None:
            event = data.state_change_event
            entity_id, state = event.data["entity_id"], event.data["new_state"]
            holds = self._judged(state)
            if holds is None or state is None:
                return
            before = known.get(entity_id)
            known[entity_id] = holds
            if not holds:
                pending.end(entity_id)
            elif before is False:
                pending.begin(entity_id, lambda: self._fire(run_action, state))

        @callback
        def targeted(added: set[str], removed: set[str], states: Any) -> None:
            for entity_id in removed:
                known.pop(entity_id, None)
                pending.end(entity_id)
            watched.follow(added, removed)
            for entity_id in added:
                holds = self._judged(states[entity_id])
                if holds is not None:
                    known[entity_id] = holds

        remove = await async_track_target_selector_state_change_event(
            self._hass, self._target, changed, self._entities, targeted
        )

        @callback
        def detach() -> None:
            remove()
            pending.end_all()
            watched.end()

        return detach

    @callback
    def _fire(self, run_action: TriggerActionRunner, state: State) -> None:
        told = {ATTR_ENTITY_ID: state.entity_id, "to_state": state, "for": self._duration}
        run_action(told, f"{self._says}: {state.name}")


class FuseExceeded(_LevelTrigger):
    """Fires when one phase carries more than the fuse is made for."""

    _options: ClassVar[dict[vol.Marker, Any]] = {
        vol.Required(CONF_CURRENT): vol.All(number, vol.Range(min=0)),
        **_FOR,
    }
    _says = "more current than the fuse is made for"

    @property
    @override
    def _level(self) -> float | None:
        return float(self._given[CONF_CURRENT])

    @override
    def _entities(self, entity_ids: Iterable[str]) -> set[str]:
        return current_entities(self._hass, entity_ids)

    @override
    def _holds(self, state: State) -> bool | None:
        amps = amperes(self._hass, state)
        # A meter gives what flows back a sign; the fuse does not care.
        return None if amps is None else abs(amps) > self._given[CONF_CURRENT]


class GridFailed(_LevelTrigger):
    """Fires when the grid is gone and the house runs by itself."""

    _says = "the grid failed"

    def __init__(self, hass: HomeAssistant, config: TriggerConfig) -> None:
        super().__init__(hass, config)
        self._target = with_devices(hass, self._target)

    @override
    def _entities(self, entity_ids: Iterable[str]) -> set[str]:
        return grid_entities(self._hass, entity_ids)

    @override
    def _holds(self, state: State) -> bool | None:
        return {"not_connected": True, "grid": False, "shore": False}.get(state.state)


TRIGGERS: Final[dict[str, type[Trigger]]] = {
    "car_connected": CarConnected,
    "car_disconnected": CarDisconnected,
    "car_full": CarFull,
    "charging_blocked": ChargingBlocked,
    "charging_started": ChargingStarted,
    "charging_stopped": ChargingStopped,
    "control_lost": ControlLost,
    "energy_target_reached": EnergyTargetReached,
    "fell_silent": FellSilent,
    "fuse_exceeded": FuseExceeded,
    "grid_failed": GridFailed,
}
