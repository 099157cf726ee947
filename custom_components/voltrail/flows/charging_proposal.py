"""What a house most likely has, by the Energy dashboard and by Voltrail's own devices."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from homeassistant.components.energy.data import async_get_manager
from homeassistant.const import ATTR_DEVICE_CLASS
from homeassistant.core import HomeAssistant, callback, valid_entity_id
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.translation import async_get_translations

from ..charging import const
from ..charging.prices import tells_prices
from ..charging.setup import is_charging
from ..const import DOMAIN
from ..coordinator import VoltrailConfigEntry
from ..energy_counters import Role, counters
from ..energy_offer import shown_value

_USUAL_BATTERY_KW: Final = 5.0
_USUAL_FUSE: Final = 25


def power_of(source: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return the sensors of a source's power, each with its sign.

    The sensors that the Energy dashboard makes itself fall silent while a meter is steady: so
    what they are made of is read.
    """
    config = source.get("power_config") or {}
    if entity := config.get("stat_rate_inverted"):
        return [(entity, -1)]
    if "stat_rate_from" in config and "stat_rate_to" in config:
        return [(config["stat_rate_from"], 1), (config["stat_rate_to"], -1)]
    entity = config.get("stat_rate") or source.get("stat_rate")
    return [(entity, 1)] if entity else []


class Proposal:
    """Collects what is likely, as the form takes it."""

    def __init__(self, hass: HomeAssistant, preferences: Mapping[str, Any] | None) -> None:
        self._hass = hass
        self._sources = list((preferences or {}).get("energy_sources", ()))
        self._counters = [] if _none_loaded(hass) else counters(hass)

    def values(self) -> dict[str, Any]:
        """Return the values of the form, with its sections."""
        grid = self._grid()
        found: dict[str, Any] = {**grid, **self._currents(grid.get(const.CONF_GRID_POWER))}
        found["solar"] = self._solar()
        found[const.CONF_BATTERY] = self._battery()
        found["tariff"] = self._prices()
        return found

    def battery_sensors(self) -> set[str]:
        """Return the sensors that measure a battery's power, and not the grid's."""
        found = {one for source in self._of("battery") for one, _ in power_of(source)}
        found |= {one.power for one in self._counters if one.role is Role.BATTERY and one.power}
        return found

    def _of(self, kind: str) -> Iterator[Mapping[str, Any]]:
        yield from (source for source in self._sources if source.get("type") == kind)

    def _there(self, sensors: list[tuple[str, int]]) -> bool:
        """Whether sensors can be read: one may be a statistic, or gone."""
        return bool(sensors) and all(
            valid_entity_id(one) and self._hass.states.get(one) is not None for one, _ in sensors
        )

    def _grid(self) -> dict[str, Any]:
        known = [power_of(source) for source in self._of("grid")]
        known = [sensors for sensors in known if self._there(sensors)]
        if len(known) > 1:
            # Two connections, or tariffs that are measured apart: it cannot be known which.
            return {}
        if known:
            return _signed(
                known[0], const.CONF_GRID_POWER, const.CONF_GRID_EXPORT, const.CONF_GRID_INVERTED
            )
        own = [one.power for one in self._counters if one.role is Role.GRID and one.power]
        own += [] if own else [one for one in (_own_meter(self._hass),) if one]
        return {const.CONF_GRID_POWER: own[0]} if own else {}

    def _currents(self, grid: str | None) -> dict[str, Any]:
        """Return the currents of the device that measures the grid power."""
        registry = er.async_get(self._hass)
        entity = registry.async_get(grid) if grid else None
        if entity is None or entity.device_id is None:
            return {}
        found = sorted(
            one.entity_id
            for one in er.async_entries_for_device(registry, entity.device_id)
            if _is_current(self._hass, one)
        )
        if len(found) not in (1, 3):
            return {}
        return {
            **dict(zip(const.CONF_CURRENTS, found, strict=False)),
            const.CONF_PHASES: str(len(found)),
            const.CONF_FUSE: _USUAL_FUSE,
        }

    def _solar(self) -> dict[str, Any]:
        known = [power_of(source) for source in self._of("solar")]
        sensors = [one[0][0] for one in known if self._there(one)]
        sensors += [one.power for one in self._counters if one.role is Role.SOLAR and one.power]
        return {const.CONF_SOLAR_POWER: sensors[0]} if sensors else {}

    def _battery(self) -> dict[str, Any]:
        for source in self._of("battery"):
            sensors = power_of(source)
            if not self._there(sensors):
                continue
            # The dashboard counts discharging positive: the other way round than here.
            turned = [(one, -sign) for one, sign in reversed(sensors)]
            found = _signed(
                turned,
                const.CONF_BATTERY_POWER,
                const.CONF_BATTERY_DISCHARGE,
                const.CONF_BATTERY_INVERTED,
            )
            most = (source.get("capacity") or 2 * _USUAL_BATTERY_KW) / 2
            found[const.CONF_BATTERY_MOST] = round(most, 1)
            charge = source.get("stat_soc")
            if charge and self._there([(charge, 1)]):
                found[const.CONF_BATTERY_CHARGE] = charge
            return found
        return self._own_battery()

    def _own_battery(self) -> dict[str, Any]:
        for one in self._counters:
            if one.role is Role.BATTERY and one.power:
                found = {
                    const.CONF_BATTERY_POWER: one.power,
                    const.CONF_BATTERY_MOST: _USUAL_BATTERY_KW,
                }
                if one.state_of_charge:
                    found[const.CONF_BATTERY_CHARGE] = one.state_of_charge
                return found
        return {}

    def _prices(self) -> dict[str, Any]:
        for source in self._of("grid"):
            price = source.get("entity_energy_price")
            if price and tells_prices(self._hass, price):
                return {const.CONF_PRICES: [price]}
        return {}


def _signed(
    sensors: list[tuple[str, int]], positive: str, negative: str, inverted: str
) -> dict[str, Any]:
    """Return one sensor with its sign, or two."""
    (one, sign), *others = sensors
    if others:
        return {positive: one, negative: others[0][0]}
    return {positive: one, inverted: sign < 0}


def _none_loaded(hass: HomeAssistant) -> bool:
    return not hass.config_entries.async_loaded_entries(DOMAIN)


@callback
def _own_meter(hass: HomeAssistant) -> str | None:
    """Return the power of a meter of ours whose counters have not come yet."""
    registry = er.async_get(hass)
    entries: list[VoltrailConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    for entry in entries:
        if is_charging(entry):
            continue
        names = {one.name for one in entry.runtime_data.device.readings() if one.part is None}
        if {"power", "power_imported"} <= names:
            key = entry.runtime_data.coordinator.identity_key
            return registry.async_get_entity_id("sensor", DOMAIN, f"{key}_power")
    return None


def _is_current(hass: HomeAssistant, entity: er.RegistryEntry) -> bool:
    kind = entity.device_class or entity.original_device_class
    state = hass.states.get(entity.entity_id)
    if state is not None:
        kind = state.attributes.get(ATTR_DEVICE_CLASS, kind)
    return entity.domain == "sensor" and kind == "current" and "neutral" not in entity.entity_id


async def proposal(hass: HomeAssistant) -> Proposal:
    """Return what is likely in this house."""
    manager = await async_get_manager(hass)
    return Proposal(hass, manager.data)


async def at_this_moment(hass: HomeAssistant, values: Mapping[str, Any]) -> str:
    """Return what the sensors say now: one look tells whether the signs are right."""
    texts = await async_get_translations(hass, hass.config.language, "common", {DOMAIN})
    parts = [
        (word, sensor)
        for word, sensor in (
            ("grid", values.get(const.CONF_GRID_POWER)),
            ("sun", values.get("solar", {}).get(const.CONF_SOLAR_POWER)),
            ("battery", values.get(const.CONF_BATTERY, {}).get(const.CONF_BATTERY_POWER)),
        )
        if sensor
    ]
    shown = [
        f"{texts[f'component.{DOMAIN}.common.{word}']}: {shown_value(hass, sensor)}"
        for word, sensor in parts
    ]
    if not shown:
        return ""
    return f"{texts[f'component.{DOMAIN}.common.now']}: {', '.join(shown)}."


__all__ = ["Proposal", "at_this_moment", "power_of", "proposal"]
