"""Service actions: the verbs and questions of a charger, for automations."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import asdict
from typing import Any, Final

from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import verify_domain_control
from homeassistant.util.json import JsonObjectType

from .. import held_orders
from ..const import DOMAIN
from ..engine.model.charging import Phases
from ..engine.model.errors import DeviceSilentError, VoltrailError
from ..engine.model.points import Kind, Tier
from ..engine.polling.polled_device import PolledDevice, Reading
from ..schema import vol
from .chargers import (
    ENERGY,
    SESSION,
    STATISTICS,
    STATUS,
    Charger,
    chosen_chargers,
    chosen_entries,
    plain,
    translated,
)
from .schema import number, schema, whole
from .targets import refuse, require_ours

ATTR_CURRENT: Final = "current"
ATTR_POWER: Final = "power"
ATTR_PHASES: Final = "phases"
ATTR_LOCKED: Final = "locked"
ATTR_UNIT_ID: Final = "unit_id"
ATTR_ADDRESS: Final = "address"
ATTR_COUNT: Final = "count"
ATTR_SPACE: Final = "space"


# Bounds are the charger's own affair: it tells them in the user's language.
AMPS: Final = number
WATTS: Final = number

type Verb = Callable[[Charger, dict[str, Any]], Awaitable[None]]
type Question = Callable[[Charger], Awaitable[JsonObjectType]]


# -- verbs ---------------------------------------------------------------------


async def _start(charger: Charger, given: dict[str, Any]) -> None:
    await charger.do(charger.point.resume(given.get(ATTR_CURRENT)))


async def _pause(charger: Charger, _given: dict[str, Any]) -> None:
    await charger.do(charger.point.pause())


async def _set_current(charger: Charger, given: dict[str, Any]) -> None:
    await charger.do(charger.point.set_current_limit(given[ATTR_CURRENT]))


async def _set_power(charger: Charger, given: dict[str, Any]) -> None:
    await charger.do(charger.point.set_power_limit(given[ATTR_POWER]))


async def _set_phases(charger: Charger, given: dict[str, Any]) -> None:
    await charger.set_phases(Phases[given[ATTR_PHASES].upper()])


async def _set_lock(charger: Charger, given: dict[str, Any]) -> None:
    await charger.set_locked(locked=given[ATTR_LOCKED])


async def _restart(charger: Charger, _given: dict[str, Any]) -> None:
    await charger.restart()


async def _recover(charger: Charger, _given: dict[str, Any]) -> None:
    await charger.recover()


VERBS: Final[dict[str, tuple[Verb, dict[vol.Marker, Any]]]] = {
    "start_charging": (_start, {vol.Optional(ATTR_CURRENT): AMPS}),
    "stop_charging": (_pause, {}),
    "pause_charging": (_pause, {}),
    "resume_charging": (_start, {vol.Optional(ATTR_CURRENT): AMPS}),
    "set_charging_current": (_set_current, {vol.Required(ATTR_CURRENT): AMPS}),
    "set_charging_power": (_set_power, {vol.Required(ATTR_POWER): WATTS}),
    "set_requested_phases": (
        _set_phases,
        {vol.Required(ATTR_PHASES): vol.In([phases.name.lower() for phases in Phases])},
    ),
    "set_lock": (_set_lock, {vol.Required(ATTR_LOCKED): cv.boolean}),
    "restart": (_restart, {}),
    "recover": (_recover, {}),
}


# -- questions -----------------------------------------------------------------


async def _device_info(charger: Charger) -> JsonObjectType:
    identity = charger.coordinator.device.identity
    bounds = charger.point.current_bounds()
    return {
        **asdict(identity),
        "title": charger.name,
        "maximum_current": bounds.maximum,
        "minimum_current": charger.point.minimum_current,
    }


async def _status(charger: Charger) -> JsonObjectType:
    return {
        **await charger.plain(STATUS),
        "charging": charger.point.charging_allowed,
        "current_limit": charger.point.current_limit,
        "power_limit": charger.point.power_limit,
    }


async def _measurements(charger: Charger) -> JsonObjectType:
    return await _plain(
        charger,
        (
            reading
            for reading in charger.readings()
            if reading.point.kind is Kind.NUMBER and reading.point.tier is Tier.MAIN
        ),
    )


async def _energy(charger: Charger) -> JsonObjectType:
    return {**await charger.plain(ENERGY)}


async def _session(charger: Charger) -> JsonObjectType:
    return {**await charger.plain(SESSION)}


async def _statistics(charger: Charger) -> JsonObjectType:
    return {**await charger.plain(STATISTICS)}


async def _diagnostics(charger: Charger) -> JsonObjectType:
    device = charger.coordinator.device
    available = charger.coordinator.last_update_success
    told = (
        reading
        for reading in charger.readings()
        if reading.point.tier is not Tier.MAIN and not reading.point.private
    )
    return {
        "available": available,
        "failed": {name: str(err) for name, err in device.failures.items()},
        "problems": [problem.key for problem in device.problems()],
        **(await _plain(charger, told) if available else {}),
    }


async def _plain(charger: Charger, readings: Iterable[Reading]) -> JsonObjectType:
    """Return values by name, those that no entity shows read for it."""
    wanted = list(readings)
    await charger.current(frozenset[str]().union(*(one.components for one in wanted)))
    available = charger.coordinator.device.available
    return {one.name: plain(one) for one in wanted if available(one.components)}


async def _configuration(charger: Charger) -> JsonObjectType:
    return {**await charger.configuration()}


QUESTIONS: Final[dict[str, Question]] = {
    "get_device_info": _device_info,
    "get_status": _status,
    "get_measurements": _measurements,
    "get_energy": _energy,
    "get_session": _session,
    "get_statistics": _statistics,
    "get_diagnostics": _diagnostics,
    "get_configuration": _configuration,
}

ALWAYS_ANSWERED: Final = frozenset({"get_device_info", "get_diagnostics"})
"""What can be said of a charger that does not answer."""

LAST_ADDRESS: Final = 65535


def _within_reach(given: dict[str, Any]) -> dict[str, Any]:
    """Refuse registers behind the last one that there can be."""
    if given[ATTR_ADDRESS] + given[ATTR_COUNT] - 1 > LAST_ADDRESS:
        message = f"the last register is {LAST_ADDRESS}"
        raise vol.Invalid(message, [ATTR_COUNT])
    return given


REGISTERS: Final[dict[vol.Marker, Any]] = {
    vol.Optional(ATTR_UNIT_ID): vol.All(whole, vol.Range(min=0, max=255)),
    vol.Required(ATTR_ADDRESS): vol.All(whole, vol.Range(min=0, max=LAST_ADDRESS)),
    vol.Optional(ATTR_COUNT, default=1): vol.All(whole, vol.Range(min=1, max=125)),
    vol.Optional(ATTR_SPACE, default="holding"): vol.In(["holding", "input"]),
}
READ_REGISTERS: Final = vol.All(schema(REGISTERS), _within_reach)


@callback
def async_register(hass: HomeAssistant) -> None:
    """Register all actions; they are there before the first device is."""
    for name, (verb, fields) in VERBS.items():
        hass.services.async_register(
            DOMAIN,
            name,
            # A user who may only look at entities may not give orders past them.
            verify_domain_control(DOMAIN)(_command(hass, verb)),
            schema(dict(fields)),
        )
    for name, question in QUESTIONS.items():
        hass.services.async_register(
            DOMAIN,
            name,
            _query(hass, question, needs_answers=name not in ALWAYS_ANSWERED),
            schema({}),
            supports_response=SupportsResponse.ONLY,
        )
    hass.services.async_register(
        DOMAIN,
        "read_registers",
        _read_registers(hass),
        READ_REGISTERS,
        supports_response=SupportsResponse.ONLY,
    )


def _command(hass: HomeAssistant, verb: Verb) -> Callable[[ServiceCall], Coroutine[Any, Any, None]]:
    async def handle(call: ServiceCall) -> None:
        meant = {place.entry.entry_id for place in require_ours(hass, call.data)}
        await held_orders.async_turn(hass, meant)
        # All of them are found before the first is asked: a mistake changes nothing.
        chargers, absent = chosen_chargers(hass, call.data)
        by_entry: dict[str, list[Charger]] = {}
        for charger in chargers.values():
            by_entry.setdefault(charger.entry.entry_id, []).append(charger)
        outcomes = await asyncio.gather(
            *(_told(verb, one, call.data) for one in by_entry.values()),
            return_exceptions=True,
        )
        for outcome in outcomes:
            if outcome is not None:
                raise outcome
        for entry in absent:
            refuse("not_loaded", name=entry.title)

    return handle


async def _told(
    verb: Verb, chargers: Iterable[Charger], given: dict[str, Any]
) -> HomeAssistantError | None:
    """Give an order to charge points behind one connection, one by one; return what went wrong.

    One that refuses, or cannot be reached, must not leave the others as they are.
    """
    wrong: HomeAssistantError | None = None
    for charger in chargers:
        try:
            await verb(charger, given)
        except HomeAssistantError as err:
            wrong = wrong or err
    return wrong


def _query(
    hass: HomeAssistant, question: Question, *, needs_answers: bool
) -> Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]:
    async def handle(call: ServiceCall) -> ServiceResponse:
        chargers, absent = chosen_chargers(hass, call.data)
        for entry in absent:
            refuse("not_loaded", name=entry.title)
        for charger in chargers.values():
            if needs_answers and not charger.coordinator.last_update_success:
                # What it said last would look as if it were true now.
                raise translated(DeviceSilentError())
        return {found: await question(charger) for found, charger in chargers.items()}

    return handle


async def _check_control(hass: HomeAssistant, call: ServiceCall) -> None:
    """Refuse who may only look: registers also hold what identifies a person or a place."""
    if call.context.user_id is None:
        # It is not a person, but an automation.
        return
    user = await hass.auth.async_get_user(call.context.user_id)
    if user is None or not user.permissions.access_all_entities(POLICY_CONTROL):
        raise Unauthorized(context=call.context, permission=POLICY_CONTROL)


def _read_registers(
    hass: HomeAssistant,
) -> Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]:
    async def handle(call: ServiceCall) -> ServiceResponse:
        await _check_control(hass, call)
        answers: dict[str, Any] = {}
        for device_id, entry in chosen_entries(hass, call.data).items():
            device = entry.runtime_data.device
            if not isinstance(device, PolledDevice):
                refuse("no_registers", name=entry.title)
            unit_id = call.data.get(ATTR_UNIT_ID, device.unit_id)
            address, count = call.data[ATTR_ADDRESS], call.data[ATTR_COUNT]
            try:
                words = await device.read_registers(
                    unit_id, address, count, space=call.data[ATTR_SPACE]
                )
            except VoltrailError as err:
                raise translated(err) from err
            answers[device_id] = {
                "unit_id": unit_id,
                "registers": {str(address + offset): word for offset, word in enumerate(words)},
            }
        return answers

    return handle
