"""Actions of the charging controller: set a plan, explain a decision, replay a day."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum
from typing import TYPE_CHECKING, Any, Final, cast

from homeassistant.const import ATTR_DATE, ATTR_MODE, WEEKDAYS
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.service import verify_domain_control
from homeassistant.util import dt as dt_util

from ..charging import const
from ..charging.places import points
from ..charging.setup import charger_of, is_charging, seats
from ..charging.sources import AMPERES, WATTS, entity_id
from ..charging.words import async_prepare, sentence
from ..const import DOMAIN
from ..coordinator import VoltrailConfigEntry
from ..engine.charging.controller import Mode, Requests
from ..engine.charging.history import HistoryError, Series
from ..schema import vol
from .schema import number, schema
from .targets import Place, refuse, require_ours

if TYPE_CHECKING:
    from ..engine.charging.connection import ConnectionDevice
    from ..engine.charging.replay import Replay

ATTR_ENERGY: Final = "energy"
ATTR_CHARGE: Final = "charge"
ATTR_DEPARTURE: Final = "departure"
ATTR_WEEKDAYS: Final = "weekdays"

SET_PLAN: Final = schema(
    {
        vol.Optional(ATTR_ENERGY): vol.All(number, vol.Range(min=0, max=200)),
        vol.Optional(ATTR_CHARGE): vol.All(number, vol.Range(min=0, max=100)),
        vol.Required(ATTR_DEPARTURE): cv.time,
        vol.Optional(ATTR_WEEKDAYS): vol.All(cv.ensure_list, [vol.In(WEEKDAYS)]),
    }
)
EXPLAIN: Final = schema({})
REPLAY: Final = schema(
    {
        vol.Optional(ATTR_DATE): cv.date,
        vol.Optional(ATTR_MODE): vol.In([mode.value for mode in Mode]),
    }
)

type Handler = Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]


@dataclass(frozen=True, kw_only=True)
class Controlled:
    """A charger under control, and the connection that it belongs to."""

    entry: VoltrailConfigEntry
    key: str

    @property
    def device(self) -> ConnectionDevice:
        """The connection."""
        return cast("ConnectionDevice", self.entry.runtime_data.device)

    @property
    def name(self) -> str:
        """What the charger is called."""
        return seats(self.entry)[self.key].title


@callback
def async_register(hass: HomeAssistant) -> None:
    """Register the actions."""
    # A user who may only look at entities may not give orders past them.
    hass.services.async_register(
        DOMAIN, "set_plan", verify_domain_control(DOMAIN)(_set_plan(hass)), SET_PLAN
    )
    for name, handler, fields in (
        ("explain", _explain(hass), EXPLAIN),
        ("replay", _replay(hass), REPLAY),
    ):
        hass.services.async_register(
            DOMAIN, name, handler, fields, supports_response=SupportsResponse.ONLY
        )


def chosen(hass: HomeAssistant, target: Mapping[str, Any]) -> list[Controlled]:
    """Return the chargers that a target means: by their controls, by themselves, or all."""
    found: dict[tuple[str, str], Controlled] = {}
    for place in require_ours(hass, target):
        for one in _at(hass, place):
            found[one.entry.entry_id, one.key] = one
    if not found:
        refuse("not_controlled")
    return list(found.values())


def _at(hass: HomeAssistant, place: Place) -> list[Controlled]:
    if is_charging(place.entry):
        if not hasattr(place.entry, "runtime_data"):
            refuse("not_loaded", name=place.entry.title)
        keys = [place.part] if place.part is not None else list(seats(place.entry))
        return [Controlled(entry=place.entry, key=key) for key in keys]
    mine = {
        charger
        for charger, (coordinator, point) in points(hass).items()
        if coordinator.config_entry.entry_id == place.entry.entry_id
        and place.covers(None if point.part is None else point.part.key)
    }
    return [
        Controlled(entry=entry, key=key)
        for entry in hass.config_entries.async_loaded_entries(DOMAIN)
        if is_charging(entry)
        for key, subentry in seats(entry).items()
        if charger_of(subentry.data) in mine
    ]


# -- a plan --------------------------------------------------------------------


def _set_plan(hass: HomeAssistant) -> Handler:
    async def handle(call: ServiceCall) -> ServiceResponse:
        energy, charge = call.data.get(ATTR_ENERGY), call.data.get(ATTR_CHARGE)
        if not energy and not charge:
            refuse("plan_without_goal")
        found = chosen(hass, call.data)
        for one in found:
            if charge and not one.device.seat_setup(one.key).car_percent:
                refuse("no_state_of_charge", name=one.name)
        days = tuple(sorted(WEEKDAYS.index(day) for day in call.data.get(ATTR_WEEKDAYS, ())))
        for one in found:
            await one.device.want(
                one.key,
                energy_target_wh=(energy or 0.0) * 1000,
                charge_target_percent=charge or 0.0,
                departure=call.data[ATTR_DEPARTURE],
                days=days,
            )
            await one.device.set_mode(one.key, Mode.PLAN)
            one.entry.runtime_data.coordinator.async_update_listeners()
        return None

    return handle


# -- the decision --------------------------------------------------------------


def _explain(hass: HomeAssistant) -> Handler:
    async def handle(call: ServiceCall) -> ServiceResponse:
        await async_prepare(hass)
        return {one.name: _explained(hass, one) for one in chosen(hass, call.data)}

    return handle


def _explained(hass: HomeAssistant, one: Controlled) -> Any:
    told = one.device.explanation
    why = None if told is None else told.chargers.get(one.key)
    if told is None or why is None:
        return {"reason": None}
    # The entry has brought it along.
    from ..engine.charging.connection.views import ChargerControlView  # noqa: PLC0415

    details = ChargerControlView(one.device, one.key).details()
    whole = {name: value for name, value in asdict(told).items() if name != "chargers"}
    return _plain(
        {
            "mode": one.device.wishes.chargers[one.key].mode,
            "explanation": sentence(hass, why.reason, details),
            **asdict(why),
            "connection": whole,
        }
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, datetime) else value


# -- a day of the recorder -----------------------------------------------------


def _replay(hass: HomeAssistant) -> Handler:
    async def handle(call: ServiceCall) -> ServiceResponse:
        if "recorder" not in hass.config.components:
            refuse("no_recorder")
        day: date = call.data.get(ATTR_DATE) or dt_util.now().date() - timedelta(days=1)
        mode = call.data.get(ATTR_MODE)
        return {one.name: await _replayed(hass, one, day, mode) for one in chosen(hass, call.data)}

    return handle


async def _replayed(hass: HomeAssistant, one: Controlled, day: date, mode: str | None) -> Any:
    begin = dt_util.start_of_local_day(day)
    end = dt_util.start_of_local_day(day + timedelta(days=1))
    series = await _series(hass, one, begin, end)
    wishes = one.device.wishes.chargers[one.key]
    request = replace(
        wishes.request(manual_a=None, capacity_wh=None), mode=Mode(mode) if mode else wishes.mode
    )
    config = one.device.charger_config(one.key)
    requests = Requests(chargers={one.key: request})
    setup = one.device.setup

    def replayed() -> Replay:
        # Some seconds of work, and an import: not in the event loop.
        from ..engine.charging.replay import replay  # noqa: PLC0415

        return replay(series, config, requests, fuse_a=setup.fuse_a)

    try:
        found = await hass.async_add_executor_job(replayed)
    except (HistoryError, KeyError) as err:
        refuse("nothing_recorded", day=day.isoformat(), reason=str(err))
    offset = begin.utcoffset() or timedelta()
    return {
        "table": found.table(),
        "energy": round(found.energy_wh),
        "solar_energy": round(found.sun_wh),
        "recorded_energy": None if found.recorded_wh is None else round(found.recorded_wh),
        "starts": found.starts,
        "phase_switches": found.switches,
        "minutes": {reason: round(minutes, 1) for reason, minutes in found.minutes.items()},
        "unknown": list(found.unknown),
        "picture": found.picture(f"{one.name} {day}", offset.total_seconds() / 3600),
    }


async def _series(
    hass: HomeAssistant, one: Controlled, begin: datetime, end: datetime
) -> dict[str, Series]:
    """Return what was recorded of the meter, of the roof and of the charger."""
    # It brings the recorder with it, which a house without it does not need.
    from ..charging import recorded  # noqa: PLC0415

    data = one.entry.data
    roles = {
        "grid": (data.get(const.CONF_GRID_POWER), WATTS),
        "export": (data.get(const.CONF_GRID_EXPORT), WATTS),
        "sun": (data.get(const.CONF_SOLAR_POWER), WATTS),
        **{
            role: (data.get(key), AMPERES)
            for role, key in zip(("l1", "l2", "l3"), const.CONF_CURRENTS, strict=True)
        },
        "car": (_own_power(hass, one), WATTS),
    }
    entities = {
        role: (found, unit)
        for role, (stored, unit) in roles.items()
        if stored and (found := entity_id(hass, stored)) is not None
    }
    series = await recorded.series(hass, entities, begin, end)
    if "export" in series and "grid" in series:
        series["grid"] = recorded.difference(series["grid"], series.pop("export"))
    elif data.get(const.CONF_GRID_INVERTED) and "grid" in series:
        series["grid"] = recorded.turned(series["grid"])
    return series


def _own_power(hass: HomeAssistant, one: Controlled) -> str | None:
    """Return the entity of the power of a charger."""
    identity, part = charger_of(seats(one.entry)[one.key].data)
    path = "power" if part is None else f"{part}_power"
    return er.async_get(hass).async_get_entity_id("sensor", DOMAIN, f"{identity}_{path}")


__all__ = ["async_register", "chosen"]
