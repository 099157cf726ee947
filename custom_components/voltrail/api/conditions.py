"""Conditions by purpose: how a charger, a meter or the house stands now.

A condition over nothing that can be judged is false: a charger that does not answer neither
charges nor waits, whatever it said last.
"""

from abc import abstractmethod
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar, Final, cast, override

from homeassistant.const import CONF_FOR
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.automation import DomainSpec
from homeassistant.helpers.condition import Condition, ConditionConfig, EntityConditionBase
from homeassistant.helpers.typing import ConfigType

from ..engine.model.charging import ChargingState
from ..schema import vol
from .entities import (
    amperes,
    current_entities,
    entities_named,
    exchange_entities,
    grid_entities,
    watts,
)
from .schema import number
from .targets import with_devices
from .triggers import CONF_CURRENT, CONF_REASON, REASONS, schema

CONF_BEHAVIOR: Final = "behavior"
CONF_POWER: Final = "power"

_SHARED: Final[dict[vol.Marker, Any]] = {
    vol.Required(CONF_BEHAVIOR, default="any"): vol.In(["any", "all"]),
    vol.Optional(CONF_FOR): cv.positive_time_period,
}


class _Judged(EntityConditionBase):
    """A condition on what our entities show."""

    _domain_specs = MappingProxyType({"sensor": DomainSpec()})
    _options: ClassVar[dict[vol.Marker, Any]] = {}

    @override
    @classmethod
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        return cast("ConfigType", schema({**cls._options, **_SHARED})(config))

    _of_device: ClassVar[bool] = True
    """Whether any entity of a device stands for it; else only what was named is looked at."""

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        if self._of_device and config.target is not None:
            config = replace(config, target=with_devices(hass, config.target))
        super().__init__(hass, config)
        self._given: dict[str, Any] = config.options or {}

    @abstractmethod
    def _ours(self, entities: set[str]) -> set[str]:
        """Return those of the entities that can be judged."""

    @override
    def entity_filter(self, entities: set[str]) -> set[str]:
        return self._ours(super().entity_filter(entities))

    @override
    def _check_all_match_state(self, states: list[State]) -> bool:
        # Of nothing, everything would be true.
        return bool(states) and super()._check_all_match_state(states)


class _ChargingStateIs(_Judged):
    """The state of a charger is one of these."""

    _states: ClassVar[frozenset[ChargingState]]

    @override
    def _ours(self, entities: set[str]) -> set[str]:
        return entities_named(self._hass, entities, "charging_state")

    @override
    def is_valid_state(self, entity_state: State) -> bool:
        return entity_state.state in self._states


class CarIsConnected(_ChargingStateIs):
    """A car is plugged in."""

    _states = frozenset(
        {ChargingState.CONNECTED, ChargingState.CHARGING, ChargingState.VENTILATION}
    )


class IsCharging(_ChargingStateIs):
    """A car is being charged."""

    _states = frozenset({ChargingState.CHARGING, ChargingState.VENTILATION})


class IsBlocked(_Judged):
    """Something keeps a car from charging."""

    _options: ClassVar[dict[vol.Marker, Any]] = {
        vol.Optional(CONF_REASON, default=[]): vol.All(cv.ensure_list, [vol.In(REASONS)]),
    }

    @override
    def _ours(self, entities: set[str]) -> set[str]:
        return entities_named(self._hass, entities, "blocked_by")

    @override
    def is_valid_state(self, entity_state: State) -> bool:
        return entity_state.state in (self._given[CONF_REASON] or REASONS)


class SurplusIsAbove(_Judged):
    """More than this is fed into the grid."""

    _of_device = False
    _options: ClassVar[dict[vol.Marker, Any]] = {vol.Required(CONF_POWER): number}

    @override
    def _ours(self, entities: set[str]) -> set[str]:
        return exchange_entities(self._hass, entities)

    @override
    def is_valid_state(self, entity_state: State) -> bool:
        power = watts(self._hass, entity_state)
        return power is not None and -power > self._given[CONF_POWER]


class CurrentIsAbove(_Judged):
    """A phase carries more than this."""

    _of_device = False
    _options: ClassVar[dict[vol.Marker, Any]] = {
        vol.Required(CONF_CURRENT): vol.All(number, vol.Range(min=0)),
    }

    @override
    def _ours(self, entities: set[str]) -> set[str]:
        return current_entities(self._hass, entities)

    @override
    def is_valid_state(self, entity_state: State) -> bool:
        amps = amperes(self._hass, entity_state)
        return amps is not None and abs(amps) > self._given[CONF_CURRENT]


class GridIsLost(_Judged):
    """The grid is gone."""

    @override
    def _ours(self, entities: set[str]) -> set[str]:
        return grid_entities(self._hass, entities)

    @override
    def is_valid_state(self, entity_state: State) -> bool:
        return entity_state.state == "not_connected"


CONDITIONS: Final[dict[str, type[Condition]]] = {
    "car_is_connected": CarIsConnected,
    "current_is_above": CurrentIsAbove,
    "grid_is_lost": GridIsLost,
    "is_blocked": IsBlocked,
    "is_charging": IsCharging,
    "surplus_is_above": SurplusIsAbove,
}
