"""The fields of the forms for a connection, and what cannot be right in them."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import ATTR_DEVICE_CLASS, ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant, callback
from homeassistant.data_entry_flow import section
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    BooleanSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
from homeassistant.util.unit_conversion import ElectricCurrentConverter, PowerConverter

from ..charging import const
from ..charging.other import phase_options
from ..charging.prices import tells_prices
from ..charging.setup import distributions, is_charging
from ..charging.sources import entity_id, reference
from ..const import DOMAIN
from ..engine.charging.controller import Mode
from ..engine.model.charging import MINIMUM_CURRENT
from ..schema import vol
from .forms import NumberBox, Schema, choice

_SOLAR: Final = "solar"
_SECTIONS: Final[dict[str, tuple[str, ...]]] = {
    _SOLAR: (const.CONF_SOLAR_POWER, const.CONF_PANELS),
    const.CONF_BATTERY: (
        const.CONF_BATTERY_POWER,
        const.CONF_BATTERY_DISCHARGE,
        const.CONF_BATTERY_INVERTED,
        const.CONF_BATTERY_CHARGE,
        const.CONF_BATTERY_MOST,
    ),
    const.CONF_LIMITS: (
        const.CONF_MEAN_LIMIT,
        const.CONF_WINDOW,
        const.CONF_MEAN_LIMIT_SOURCE,
        const.CONF_OUTSIDE,
        const.CONF_OUTSIDE_POWER,
    ),
    "tariff": (const.CONF_PRICES,),
}
_POWERS: Final = (
    const.CONF_GRID_POWER,
    const.CONF_GRID_EXPORT,
    const.CONF_SOLAR_POWER,
    const.CONF_BATTERY_POWER,
    const.CONF_BATTERY_DISCHARGE,
)
_ENTITIES: Final = frozenset(
    {
        *_POWERS,
        *const.CONF_CURRENTS,
        const.CONF_BATTERY_CHARGE,
        const.CONF_MEAN_LIMIT_SOURCE,
        const.CONF_OUTSIDE,
        const.CONF_CAR_CHARGE,
        *const.OTHER_ENTITIES,
    }
)
_KILOWATTS: Final = frozenset(
    {const.CONF_PANELS, const.CONF_BATTERY_MOST, const.CONF_MEAN_LIMIT, const.CONF_OUTSIDE_POWER}
)
"""Typed in kW, and kept in W."""
_LEAST_ROOM: Final = MINIMUM_CURRENT


# -- fields ------------------------------------------------------------------


def _sensor(
    device_class: str, units: Iterable[str | None], exclude: list[str] | None = None
) -> Any:
    """Return a list of sensors; those without a class are offered by their unit."""
    wanted = sorted(unit for unit in units if unit is not None)
    return EntitySelector(
        EntitySelectorConfig(
            filter=[
                {"domain": ["sensor", "number", "input_number"], "device_class": device_class},
                {"domain": "sensor", "unit_of_measurement": wanted},
            ],
            exclude_entities=exclude or [],
        )
    )


def _power(exclude: list[str] | None = None) -> Any:
    return _sensor("power", PowerConverter.VALID_UNITS, exclude)


def _current() -> Any:
    return _sensor("current", ElectricCurrentConverter.VALID_UNITS)


def _box(minimum: float, maximum: float, unit: str, step: float = 1) -> NumberBox:
    return NumberBox(
        NumberSelectorConfig(
            min=minimum,
            max=maximum,
            step=step,
            unit_of_measurement=unit,
            mode=NumberSelectorMode.BOX,
        )
    )


def _own_outputs(hass: HomeAssistant) -> list[str]:
    """Return what connections show themselves: no use as a measurement."""
    registry = er.async_get(hass)
    return [
        one.entity_id
        for entry in hass.config_entries.async_entries(DOMAIN)
        if is_charging(entry)
        for one in er.async_entries_for_config_entry(registry, entry.entry_id)
    ]


def _sections(own: list[str]) -> dict[str, Schema]:
    """Return the fields that only some houses need, by the section they stand in."""
    return {
        _SOLAR: {
            vol.Optional(const.CONF_SOLAR_POWER): _power(own),
            vol.Optional(const.CONF_PANELS): _box(0.1, 1000, "kW", 0.1),
        },
        const.CONF_BATTERY: {
            vol.Optional(const.CONF_BATTERY_POWER): _power(own),
            vol.Optional(const.CONF_BATTERY_DISCHARGE): _power(own),
            vol.Required(const.CONF_BATTERY_INVERTED, default=False): BooleanSelector(),
            vol.Optional(const.CONF_BATTERY_CHARGE): _sensor("battery", ["%"]),
            vol.Optional(const.CONF_BATTERY_MOST): _box(0.1, 200, "kW", 0.1),
        },
        const.CONF_LIMITS: {
            vol.Optional(const.CONF_MEAN_LIMIT): _box(1, 1000, "kW", 0.1),
            vol.Required(const.CONF_WINDOW, default="15"): choice("15", "30", "60"),
            vol.Optional(const.CONF_MEAN_LIMIT_SOURCE): _power(own),
            vol.Optional(const.CONF_OUTSIDE): EntitySelector(
                EntitySelectorConfig(
                    domain=["sensor", "binary_sensor", "switch", "input_boolean", "number"]
                )
            ),
            vol.Required(const.CONF_OUTSIDE_POWER, default=4.2): _box(0, 100, "kW", 0.1),
        },
        "tariff": {
            vol.Optional(const.CONF_PRICES): EntitySelector(
                EntitySelectorConfig(domain=["sensor", "binary_sensor", "event"], multiple=True)
            )
        },
    }


@callback
def connection_fields(hass: HomeAssistant, *, first: bool) -> Schema:
    """Return the fields of a connection."""
    own = _own_outputs(hass)
    fields: Schema = {
        vol.Optional(const.CONF_GRID_POWER): _power(own),
        vol.Optional(const.CONF_GRID_EXPORT): _power(own),
        vol.Required(const.CONF_GRID_INVERTED, default=False): BooleanSelector(),
        vol.Required(const.CONF_PHASES, default="3"): choice("1", "3"),
        **{vol.Optional(key): _current() for key in const.CONF_CURRENTS},
        vol.Optional(const.CONF_FUSE): _box(10, 250, "A"),
        vol.Required(const.CONF_MARGIN, default=2): _box(0, 20, "A", 0.5),
    }
    if first:
        fields[vol.Required(const.CONF_OBSERVER, default=True)] = BooleanSelector()
    for name, group in _sections(own).items():
        fields[vol.Required(name)] = section(vol.Schema(group), {"collapsed": True})
    return fields


def charger_fields(hass: HomeAssistant, entry: ConfigEntry[Any]) -> Schema:
    """Return the fields of a charger."""
    fields: Schema = {
        vol.Required(const.CONF_CHARGER_PHASES, default="3"): choice("1", "3"),
        vol.Required(const.CONF_ROTATION, default="l1_l2_l3"): choice(
            *const.ROTATIONS, translation_key=const.CONF_ROTATION
        ),
        vol.Required(const.CONF_DEFAULT_MODE, default=Mode.SOLAR.value): choice(
            *(mode.value for mode in Mode), translation_key="charging_mode"
        ),
        vol.Required(const.CONF_PRIORITY, default=1): _box(1, 9, ""),
        vol.Optional(const.CONF_LIMIT): _box(6, 80, "A"),
        vol.Required(const.CONF_FALLBACK, default=6): _box(6, 32, "A"),
        vol.Required(const.CONF_MEASURED, default=True): BooleanSelector(),
        vol.Required(const.CONF_FULL_MINIMUM, default=False): BooleanSelector(),
        vol.Optional(const.CONF_SWITCHES): _box(0, 100, ""),
        vol.Optional(const.CONF_CAR_CHARGE): _sensor("battery", ["%"]),
        vol.Optional(const.CONF_CAPACITY): _box(1, 300, "kWh", 0.1),
    }
    if boards := distributions(entry):
        fields[vol.Optional(const.CONF_DISTRIBUTION)] = SelectSelector(
            SelectSelectorConfig(
                options=[
                    SelectOptionDict(value=key, label=one.title) for key, one in boards.items()
                ],
                mode=SelectSelectorMode.DROPDOWN,
            )
        )
    return fields


def other_fields(hass: HomeAssistant, entry: ConfigEntry[Any]) -> Schema:
    """Return the fields of a charger of another integration."""
    ours = [one.entity_id for one in er.async_get(hass).entities.values() if one.platform == DOMAIN]

    def entities(*domains: str) -> EntitySelector:
        return EntitySelector(EntitySelectorConfig(domain=list(domains), exclude_entities=ours))

    return {
        vol.Required(const.CONF_NUMBER): entities("number", "input_number"),
        vol.Optional(const.CONF_SWITCH): entities("switch", "input_boolean"),
        vol.Optional(const.CONF_SELECT): entities("select", "input_select"),
        vol.Optional(const.CONF_POWER): _power(ours),
        vol.Optional(const.CONF_STATE): entities("sensor", "binary_sensor"),
        **charger_fields(hass, entry),
    }


def other_mistakes(hass: HomeAssistant, data: Mapping[str, Any]) -> dict[str, str]:
    """Return what cannot be right about a charger of another integration."""
    amps = hass.states.get(entity_id(hass, data[const.CONF_NUMBER]) or "")
    unit = None if amps is None else amps.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    if amps is None or unit not in (None, "A"):
        return {const.CONF_NUMBER: "not_a_current"}
    if not data.get(const.CONF_SWITCH) and float(amps.attributes.get("min", 0)) > 0:
        return {const.CONF_SWITCH: "cannot_pause"}
    select = data.get(const.CONF_SELECT)
    if select and len(phase_options(hass.states.get(entity_id(hass, select) or ""))) < 2:
        return {const.CONF_SELECT: "no_phases"}
    power = data.get(const.CONF_POWER)
    if power and not _fits(hass, power, PowerConverter.VALID_UNITS):
        return {const.CONF_POWER: "not_a_power"}
    return charger_mistakes(hass, data)


def distribution_fields() -> Schema:
    """Return the fields of a sub-distribution."""
    return {
        vol.Required(const.CONF_FUSE): _box(10, 250, "A"),
        vol.Required(const.CONF_MARGIN, default=2): _box(0, 20, "A", 0.5),
        **{vol.Optional(key): _current() for key in const.CONF_CURRENTS},
    }


# -- to and from what is kept ------------------------------------------------


def flat(typed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed, without its sections."""
    data = {key: value for key, value in typed.items() if key not in _SECTIONS}
    for name in _SECTIONS:
        data.update(typed.get(name, {}))
    return data


def stored(hass: HomeAssistant, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was typed, as it is kept: entities by what outlives a rename, powers in W."""
    kept: dict[str, Any] = {}
    for key, value in data.items():
        if key in _ENTITIES:
            kept[key] = reference(hass, value)
        elif key == const.CONF_PRICES:
            kept[key] = [reference(hass, one) for one in value]
        elif key in _KILOWATTS:
            kept[key] = round(value * 1000)
        else:
            kept[key] = value
    return kept


def shown(hass: HomeAssistant, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept, as it is typed; an entity that is gone is left out."""
    found: dict[str, Any] = {}
    for key, value in data.items():
        if key in _ENTITIES:
            if (known := entity_id(hass, value)) is not None:
                found[key] = known
        elif key == const.CONF_PRICES:
            known_prices = [entity_id(hass, one) for one in value]
            found[key] = [one for one in known_prices if one is not None]
        else:
            found[key] = value / 1000 if key in _KILOWATTS else value
    return found


def nested(hass: HomeAssistant, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept, as the form with its sections takes it."""
    known = shown(hass, data)
    inside = {key for keys in _SECTIONS.values() for key in keys}
    found: dict[str, Any] = {key: value for key, value in known.items() if key not in inside}
    for name, keys in _SECTIONS.items():
        found[name] = {key: known[key] for key in keys if key in known}
    return found


stored_charger = stored
shown_charger = shown
stored_distribution = stored


# -- what cannot be right ----------------------------------------------------


def mistakes(hass: HomeAssistant, data: Mapping[str, Any]) -> dict[str, str]:
    """Return what cannot be right about a connection, by the field where it is shown."""
    errors = _wrong_sensors(hass, data)
    if errors:
        return errors
    currents = [key for key in const.CONF_CURRENTS if data.get(key)]
    wanted = const.CONF_CURRENTS[: int(data[const.CONF_PHASES])]
    if not data.get(const.CONF_GRID_POWER) and not currents:
        return {const.CONF_GRID_POWER: "meter_missing"}
    if currents and tuple(currents) != wanted:
        return {const.CONF_CURRENTS[0]: "currents_incomplete"}
    return _wrong_limits(data, guarded=bool(currents))


def _wrong_limits(data: Mapping[str, Any], *, guarded: bool) -> dict[str, str]:
    fuse = data.get(const.CONF_FUSE)
    if guarded and not fuse:
        return {const.CONF_FUSE: "fuse_missing"}
    if fuse and not guarded:
        return {const.CONF_CURRENTS[0]: "currents_needed"}
    if fuse and fuse - data[const.CONF_MARGIN] < _LEAST_ROOM:
        return {const.CONF_MARGIN: "margin_too_large"}
    if data.get(const.CONF_MEAN_LIMIT) and not data.get(const.CONF_GRID_POWER):
        return {const.CONF_GRID_POWER: "power_needed"}
    battery = data.get(const.CONF_BATTERY_POWER)
    if battery and not data.get(const.CONF_BATTERY_MOST):
        return {"base": "battery_most_missing"}
    return {}


def wrong_prices(hass: HomeAssistant, data: Mapping[str, Any]) -> dict[str, str]:
    """Return an entity that tells no prices ahead."""
    chosen = data.get(const.CONF_PRICES) or ()
    if chosen and not any(tells_prices(hass, one) for one in chosen):
        return {"base": "no_prices"}
    return {}


def _wrong_sensors(hass: HomeAssistant, data: Mapping[str, Any]) -> dict[str, str]:
    """Return sensors that do not measure what they were chosen for."""
    errors: dict[str, str] = {}
    seen: set[str] = set()
    for keys, units, problem in (
        (_POWERS, PowerConverter.VALID_UNITS, "not_a_power"),
        (const.CONF_CURRENTS, ElectricCurrentConverter.VALID_UNITS, "not_a_current"),
    ):
        for key in keys:
            if not (chosen := data.get(key)):
                continue
            place = key if key in (*const.CONF_CURRENTS, *_POWERS[:2]) else "base"
            if chosen in seen:
                errors[place] = "chosen_twice"
            elif not _fits(hass, chosen, units):
                errors[place] = problem
            seen.add(chosen)
    return errors


def _fits(hass: HomeAssistant, chosen: str, units: Iterable[str | None]) -> bool:
    """Whether an entity has one of the units; without a state its registered unit counts."""
    found = entity_id(hass, chosen)
    state = None if found is None else hass.states.get(found)
    if state is None:
        registered = er.async_get(hass).async_get(found or "")
        return registered is not None and registered.unit_of_measurement in units
    if state.attributes.get(ATTR_DEVICE_CLASS) in ("battery", "energy"):
        return False
    return state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) in units


def charger_mistakes(hass: HomeAssistant, data: Mapping[str, Any]) -> dict[str, str]:
    """Return what cannot be right about a charger."""
    limit = data.get(const.CONF_LIMIT)
    if limit is not None and data[const.CONF_FALLBACK] > limit:
        return {const.CONF_FALLBACK: "fallback_above_limit"}
    if (chosen := data.get(const.CONF_CAR_CHARGE)) and not _percent(hass, chosen):
        return {const.CONF_CAR_CHARGE: "not_a_percentage"}
    return {}


def _percent(hass: HomeAssistant, chosen: str) -> bool:
    state = hass.states.get(entity_id(hass, chosen) or "")
    return state is not None and state.attributes.get(ATTR_UNIT_OF_MEASUREMENT) == "%"


def distribution_mistakes(hass: HomeAssistant, data: Mapping[str, Any]) -> dict[str, str]:
    """Return what cannot be right about a sub-distribution."""
    errors = _wrong_sensors(hass, data)
    if errors:
        return errors
    currents = [key for key in const.CONF_CURRENTS if data.get(key)]
    if tuple(currents) not in (const.CONF_CURRENTS, const.CONF_CURRENTS[:1]):
        return {const.CONF_CURRENTS[0]: "currents_incomplete"}
    if data[const.CONF_FUSE] - data[const.CONF_MARGIN] < _LEAST_ROOM:
        return {const.CONF_MARGIN: "margin_too_large"}
    return {}
