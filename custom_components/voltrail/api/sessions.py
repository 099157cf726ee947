"""A month of charging sessions: as data, and as a table that can be handed in."""

import re
from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from aiohttp import web
from homeassistant.components.http import KEY_HASS, HomeAssistantView
from homeassistant.components.http.auth import async_sign_path
from homeassistant.const import CONF_LANGUAGE
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType
from yarl import URL

from ..const import DOMAIN
from ..engine.charging.session_table import COLUMNS, table
from ..engine.charging.sessions import Session
from ..schema import vol
from ..session_words import described
from .chargers import Charger, chosen_chargers
from .schema import schema
from .targets import refuse

ATTR_MONTH: Final = "month"
ATTR_DEVICE: Final = "device"

ADDRESS: Final = f"/api/{DOMAIN}/sessions.csv"

LINK_LASTS: Final = timedelta(hours=24)
"""How long a link can be used that was made by an automation, and perhaps sent by mail."""

LATEST: Final = 10
"""How many of the last sessions are told beside those of the month."""

_MONTH: Final = re.compile(r"(20\d{2})-(0[1-9]|1[0-2])")


def month(value: object) -> str:
    """Return a month such as 2026-11; a date belongs to its month."""
    text = str(value)
    found = _MONTH.match(text)
    if found is None or not re.fullmatch(r"(-\d{2})?", text[found.end() :]):
        message = "expected a month, as 2026-11"
        raise vol.Invalid(message)
    return found[0]


SESSIONS: Final = schema({vol.Optional(ATTR_MONTH): month})
SESSION_TABLE: Final = schema(
    {
        vol.Optional(ATTR_MONTH): month,
        vol.Optional(CONF_LANGUAGE): vol.All(str, vol.Match(r"^[A-Za-z]{2,3}(-\w{2,4})?$")),
    }
)

type Handler = Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]


@callback
def async_register(hass: HomeAssistant) -> None:
    """Register the actions, and the address of the table."""
    for name, handler, fields in (
        ("get_sessions", _sessions(hass), SESSIONS),
        ("get_session_table", _session_table(hass), SESSION_TABLE),
    ):
        hass.services.async_register(
            DOMAIN, name, handler, fields, supports_response=SupportsResponse.ONLY
        )
    hass.http.register_view(SessionTableView())


def _span(chosen: str) -> tuple[datetime, datetime]:
    """Return where a month begins and ends, by the clock on the wall."""
    year, number = map(int, chosen.split("-"))
    zone = dt_util.get_default_time_zone()
    end = (year + 1, 1) if number == 12 else (year, number + 1)
    return datetime(year, number, 1, tzinfo=zone), datetime(*end, 1, tzinfo=zone)


def _this_month() -> str:
    return dt_util.now().strftime("%Y-%m")


def _found(hass: HomeAssistant, target: Mapping[str, Any]) -> dict[str, Charger]:
    chargers, absent = chosen_chargers(hass, target)
    for entry in absent:
        refuse("not_loaded", name=entry.title)
    return chargers


def _log(charger: Charger, chosen: str) -> tuple[Session | None, list[Session], list[Session]]:
    """Return the present session of a charger, those of a month, and the last ones."""
    part = charger.point.part
    point = charger.entry.runtime_data.sessions.of(None if part is None else part.key)
    assert point is not None, "every charge point has a log"
    return point.log.present, point.log.between(*_span(chosen)), point.log.latest(LATEST)


def _sessions(hass: HomeAssistant) -> Handler:
    async def handle(call: ServiceCall) -> ServiceResponse:
        chosen: str = call.data.get(ATTR_MONTH) or _this_month()
        return {
            device_id: _told(hass, charger, chosen)
            for device_id, charger in _found(hass, call.data).items()
        }

    return handle


def _told(hass: HomeAssistant, charger: Charger, chosen: str) -> JsonValueType:
    present, sessions, latest = _log(charger, chosen)
    costs = [one.total_cost for one in sessions if one.energy]
    known = [cost for cost in costs if cost is not None]
    return {
        "month": chosen,
        "energy": round(sum(one.energy or 0.0 for one in sessions) / 1000, 3),
        # A sum of only some of them would pose as the whole.
        "cost": round(sum(known), 2) if known and len(known) == len(costs) else None,
        "currency": hass.config.currency,
        "sessions": [described(one) for one in sessions],
        "present": None if present is None else described(present),
        "latest": [described(one) for one in latest],
    }


def _session_table(hass: HomeAssistant) -> Handler:
    async def handle(call: ServiceCall) -> ServiceResponse:
        chosen: str = call.data.get(ATTR_MONTH) or _this_month()
        language: str = call.data.get(CONF_LANGUAGE) or hass.config.language
        chargers = _found(hass, call.data)
        query = [(ATTR_MONTH, chosen), (CONF_LANGUAGE, language)]
        query += [(ATTR_DEVICE, device_id) for device_id in chargers]
        address = str(URL(ADDRESS).with_query(query))
        return {
            "month": chosen,
            "filename": _filename(chosen),
            "text": await _table(hass, chargers, chosen, language),
            "path": async_sign_path(hass, address, LINK_LASTS),
        }

    return handle


def _filename(chosen: str) -> str:
    return f"{DOMAIN}-{chosen}.csv"


async def _table(
    hass: HomeAssistant, chargers: Mapping[str, Charger], chosen: str, language: str
) -> str:
    texts = await async_get_translations(hass, language, "common", {DOMAIN})
    headings = {
        key: texts[f"component.{DOMAIN}.common.table_{key}"].format(currency=hass.config.currency)
        for key in (*COLUMNS, "total")
    }
    found = [
        (_name(hass, device_id, charger), session)
        for device_id, charger in chargers.items()
        for session in _log(charger, chosen)[1]
    ]
    found.sort(key=lambda one: one[1].start)
    return table(found, headings=headings, language=language, zone=dt_util.get_default_time_zone())


def _name(hass: HomeAssistant, device_id: str, charger: Charger) -> str:
    """Return what a charger's owner calls it."""
    device = dr.async_get(hass).async_get(device_id)
    name = None if device is None else device.name_by_user or device.name
    return name or charger.name


class SessionTableView(HomeAssistantView):
    """The table as a download; Home Assistant's login, or a signed path, stands before it."""

    url = ADDRESS
    name = f"api:{DOMAIN}:sessions"

    async def get(self, request: web.Request) -> web.Response:
        """Return the table of a month."""
        hass = request.app[KEY_HASS]
        try:
            chosen = month(request.query.get(ATTR_MONTH, _this_month()))
            target = {"device_id": request.query.getall(ATTR_DEVICE, [])}
            chargers = _found(hass, target)
        except (vol.Invalid, HomeAssistantError) as err:
            return self.json_message(str(err), 400)
        language = request.query.get(CONF_LANGUAGE, hass.config.language)
        text = await _table(hass, chargers, chosen, language)
        return web.Response(
            body=text.encode(),
            content_type="text/csv",
            charset="utf-8",
            headers={"Content-Disposition": f'attachment; filename="{_filename(chosen)}"'},
        )
