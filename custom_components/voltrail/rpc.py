"""JSON-RPC 2.0 for programs that control a charger: the verbs and questions over one address.

The methods and the shapes of the answers are those of an interface that such programs
already speak. It works for every charger; what a charger does not know is null.
"""

import json
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from aiohttp import web
from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.components.http import KEY_HASS, HomeAssistantView
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .chargers import Charger, all_chargers, identifiers
from .engine.charger import ChargingState, Phases

_LOGGER = logging.getLogger(__name__)

URL: Final = "/api/voltrail/rpc"

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
DEVICE_ERROR: Final = -32000

# Enough for a dashboard, little enough to be answered while a person waits.
LONGEST_BATCH: Final = 50

type Params = Mapping[str, Any]
type Json = dict[str, Any]


class RpcError(Exception):
    """An answer with an error code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


# -- parameters ------------------------------------------------------------------


def _amps(params: Params, name: str, default: float | None = None) -> float:
    """Return a current that the interface allows: at least 6 A. The charger has its own maximum."""
    value = params.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise RpcError(INVALID_PARAMS, f"{name} must be a number of ampere")
    if value < 6:
        raise RpcError(INVALID_PARAMS, f"{name} must be at least 6 A")
    return float(value)


def _within(charger: Charger, name: str, amps: float) -> float:
    maximum = charger.point.current_bounds().maximum
    if amps > maximum:
        raise RpcError(INVALID_PARAMS, f"{name} must be at most {maximum:g} A for this charger")
    return amps


def _unknown_params(params: Params, *known: str) -> None:
    for name in params:
        if name not in (*known, "device"):
            raise RpcError(INVALID_PARAMS, f"there is no parameter {name}")


# -- answers ---------------------------------------------------------------------


def _stamp() -> str:
    """Return the present moment as the interface writes it."""
    return dt_util.utcnow().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _answer(data: object) -> Json:
    return {"success": True, "data": data, "timestamp": _stamp()}


def _code(charger: Charger, name: str) -> int | None:
    value = charger.number(name)
    return None if value is None else int(value)


def _kilo(value: float | None) -> float | None:
    return None if value is None else round(value / 1000, 3)


def _phases(charger: Charger, quantity: str) -> Json:
    return {f"l{phase}": charger.number(f"{quantity}_l{phase}") for phase in (1, 2, 3)}


def _text_of(charger: Charger, name: str) -> str | None:
    reading = charger.reading(name)
    if reading is None or (value := reading.read()) is None:
        return None
    return getattr(value, "name", str(value)).replace("_", " ").capitalize()


# The states of the interface. A charger that does not speak of them is described by
# what its car does.
_EVSE_TEXTS: Final = {
    0: "Not initialised",
    1: "Idle (A1)",
    2: "EV connected (B1)",
    3: "Preconditions valid, not charging yet",
    4: "Ready to charge (B2)",
    5: "Charging (C2)",
    6: "Error",
    7: "Service mode",
}
_PILOT_TEXTS: Final = {
    0: "Initialising",
    10: "A1 (no EV)",
    11: "B1 (EV connected)",
    12: "C1 (EV ready)",
    13: "D1 (ventilation)",
    14: "E (error)",
    15: "F (error)",
    26: "A2 (EV disconnected)",
    27: "B2 (EVSE ready)",
    28: "C2 (charging)",
    29: "D2 (charging with ventilation)",
}
_AUTHORISATION_TEXTS: Final = {
    0: "Not used",
    1: "Authorized (charging released)",
    2: "Not authorized",
}
_DOWNGRADE_TEXTS: Final = {
    0: "Not relevant (no EV)",
    1: "Charging current not downgraded",
    2: "Charging current downgraded",
}
_BY_STATE: Final = {
    ChargingState.NO_VEHICLE: (1, 10),
    ChargingState.CONNECTED: (2, 27),
    ChargingState.CHARGING: (5, 28),
    ChargingState.VENTILATION: (5, 29),
    ChargingState.ERROR: (6, 14),
}


async def _device_info(charger: Charger, _params: Params) -> Json:
    identity = charger.coordinator.device.identity
    house = charger.number("maximum_current_house")
    return _answer(
        {
            "modbusVersion": _text(charger, "layout_version") or _text(charger, "protocol_version"),
            "firmwareVersion": identity.firmware,
            "serialNumber": identity.serial,
            "maxCurrentEVSE": charger.point.device_maximum,
            "maxCurrentHouse": charger.point.current_bounds().maximum if house is None else house,
        }
    )


def _text(charger: Charger, name: str) -> str | None:
    reading = charger.reading(name)
    value = None if reading is None else reading.read()
    return None if value is None else str(value)


async def _status(charger: Charger, _params: Params) -> Json:
    reading = charger.reading("charging_state")
    state = None if reading is None else reading.read()
    evse, pilot = _BY_STATE.get(state, (0, 0)) if isinstance(state, ChargingState) else (0, 0)
    evse = _first(_code(charger, "evse_state"), evse)
    pilot = _first(_code(charger, "control_pilot"), pilot)
    authorisation = _first(_code(charger, "authorisation"), 0)
    downgrade = _first(_code(charger, "downgrade"), 0 if evse == 1 else 1)
    return _answer(
        {
            "evseState": evse,
            "evseStateText": _EVSE_TEXTS.get(evse, f"Unknown ({evse})"),
            "cpState": pilot,
            "cpStateText": _PILOT_TEXTS.get(pilot, f"Unknown ({pilot})"),
            "authorizationStatus": authorisation,
            "authorizationText": _AUTHORISATION_TEXTS.get(
                authorisation, f"Unknown ({authorisation})"
            ),
            "downgrade": downgrade,
            "downgradeText": _DOWNGRADE_TEXTS.get(downgrade, f"Unknown ({downgrade})"),
            "phaseRotation": _first(_code(charger, "phase_rotation"), 0),
            "signaledCurrent": charger.number("current_offered"),
        }
    )


def _first(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value


async def _voltage(charger: Charger, _params: Params) -> Json:
    return _answer({**_phases(charger, "voltage"), "unit": "V"})


async def _current(charger: Charger, _params: Params) -> Json:
    return _answer({**_phases(charger, "current"), "unit": "A"})


async def _power(charger: Charger, _params: Params) -> Json:
    return _answer({**_phases(charger, "power"), "total": charger.number("power"), "unit": "W"})


async def _charging_power(charger: Charger, _params: Params) -> Json:
    return _answer(_kilo(charger.number("power")))


async def _temperature(charger: Charger, _params: Params) -> Json:
    return _answer(charger.number("temperature"))


async def _energy(charger: Charger, _params: Params) -> Json:
    return _answer(
        {
            "session": _kilo(charger.number("session_energy")),
            "total": _kilo(charger.number("energy_charged")),
            "unit": "kWh",
        }
    )


async def _session(charger: Charger, _params: Params) -> Json:
    duration = charger.number("session_duration")
    minutes, seconds = divmod(int(duration or 0), 60)
    hours, minutes = divmod(minutes, 60)
    most = charger.number("session_maximum_current")
    return _answer(
        {
            "maxCurrent": charger.number("vehicle_maximum_current") if most is None else most,
            "chargedEnergy": _kilo(charger.number("session_energy")),
            "duration": duration,
            "durationFormatted": None if duration is None else f"{hours}h {minutes}m {seconds}s",
            "detectedPhases": _first(
                _code(charger, "session_phases"), _first(_code(charger, "phases_in_use"), 0)
            ),
            "unit": {"current": "A", "energy": "kWh", "duration": "s"},
        }
    )


async def _statistics(charger: Charger, _params: Params) -> Json:
    return _answer(
        {
            "totalEnergy": _kilo(charger.number("energy_charged")),
            "totalSessions": _code(charger, "sessions"),
            "unit": {"energy": "kWh"},
        }
    )


async def _diagnostics(charger: Charger, _params: Params) -> Json:
    error = _code(charger, "error_code")
    reading = charger.reading("charging_state")
    failed = reading is not None and reading.read() is ChargingState.ERROR
    return _answer(
        {
            "activeErrorCode": error or 0,
            "hasError": bool(error) or failed,
            "masterLostFallback": bool(charger.number("safe_current_active")),
            "switchedPhases": charger.number("switched_phases"),
            "temperature": charger.number("temperature"),
        }
    )


async def _configuration(charger: Charger, _params: Params) -> Json:
    house = charger.number("maximum_current_house")
    lock = charger.number("permanent_cable_lock")
    return _answer(
        {
            "maxCurrentHouse": charger.point.current_bounds().maximum if house is None else house,
            "maxCurrentEvse": charger.point.device_maximum,
            "phaseSwitchingMode": charger.number("phase_switch_mode"),
            "phaseOptionsHw": charger.number("phase_options"),
            "cableLock": None if lock is None else bool(lock),
            "masterLostFallbackCurrent": charger.number("safe_current"),
            "gridImbalance": _flag(charger, "grid_imbalance_supervision"),
            "gridPhasesConnected": charger.number("grid_phases"),
            "authorization": _flag(charger, "authorisation_required"),
        }
    )


def _flag(charger: Charger, name: str) -> bool | None:
    value = charger.number(name)
    return None if value is None else bool(value)


# -- verbs -----------------------------------------------------------------------


async def _set_current(charger: Charger, params: Params) -> Json:
    _unknown_params(params, "ampere")
    amps = _within(charger, "ampere", _amps(params, "ampere"))
    await charger.do(charger.point.set_current_limit(amps))
    return _answer(f"Charging current set to {amps:g} A")


async def _start(charger: Charger, params: Params) -> Json:
    _unknown_params(params, "current")
    amps = _within(charger, "current", _amps(params, "current", 6))
    await charger.do(charger.point.resume(amps))
    return _answer(f"Charging started with {amps:g} A")


async def _resume(charger: Charger, params: Params) -> Json:
    _unknown_params(params, "current")
    amps = None
    if "current" in params:
        amps = _within(charger, "current", _amps(params, "current"))
    await charger.do(charger.point.resume(amps))
    return _answer("Charging resumed")


async def _stop(charger: Charger, params: Params) -> Json:
    _unknown_params(params)
    await charger.do(charger.point.pause())
    return _answer("Charging stopped")


async def _pause(charger: Charger, params: Params) -> Json:
    _unknown_params(params)
    await charger.do(charger.point.pause())
    return _answer("Charging paused")


async def _set_phases(charger: Charger, params: Params) -> Json:
    _unknown_params(params, "phases")
    wanted = params.get("phases")
    if isinstance(wanted, bool) or wanted not in (0, 1):
        raise RpcError(INVALID_PARAMS, "phases must be 0 (all) or 1 (one)")
    await charger.set_phases(Phases.ONE if wanted == 1 else Phases.THREE)
    return _answer("One phase requested" if wanted == 1 else "All phases requested")


async def _set_lock(charger: Charger, params: Params) -> Json:
    _unknown_params(params, "lock")
    if not isinstance(locked := params.get("lock"), bool):
        raise RpcError(INVALID_PARAMS, "lock must be true or false")
    await charger.set_locked(locked=locked)
    return _answer("Station locked" if locked else "Station unlocked")


type Method = Callable[[Charger, Params], Awaitable[Json]]

QUESTIONS: Final[dict[str, Method]] = {
    "getDeviceInfo": _device_info,
    "getStatus": _status,
    "getVoltage": _voltage,
    "getCurrent": _current,
    "getPower": _power,
    "getChargingPower": _charging_power,
    "getTemperature": _temperature,
    "getEnergy": _energy,
    "getSessionData": _session,
    "getStatistics": _statistics,
    "getDiagnostics": _diagnostics,
    "getConfiguration": _configuration,
}

VERBS: Final[dict[str, Method]] = {
    "setChargingCurrent": _set_current,
    "startCharging": _start,
    "stopCharging": _stop,
    "pauseCharging": _pause,
    "resumeCharging": _resume,
    "setRequestedPhases": _set_phases,
    "setLock": _set_lock,
}


class RpcView(HomeAssistantView):
    """The address; Home Assistant's own authentication stands before it."""

    url = URL
    name = "api:voltrail:rpc"

    def __init__(self, hass: HomeAssistant) -> None:
        self._started = hass.loop.time()

    async def post(self, request: web.Request) -> web.Response:
        """Answer one request, or a batch of them."""
        try:
            body = json.loads(await request.text())
        except ValueError:
            return self.json(_failure(None, RpcError(PARSE_ERROR, "this is not JSON")))
        if not isinstance(body, list):
            answer = await self._handle(request, body)
            if answer is None:
                return web.Response(status=HTTPStatus.NO_CONTENT)
            return self.json(answer)
        if not body:
            return self.json(_failure(None, RpcError(INVALID_REQUEST, "the batch is empty")))
        if len(body) > LONGEST_BATCH:
            message = f"a batch may hold at most {LONGEST_BATCH} requests"
            return self.json(_failure(None, RpcError(INVALID_REQUEST, message)))
        answers = [await self._handle(request, one) for one in body]
        told = [answer for answer in answers if answer is not None]
        return self.json(told) if told else web.Response(status=HTTPStatus.NO_CONTENT)

    async def _handle(self, request: web.Request, body: object) -> Json | None:
        """Answer one request; None for a notification, which wants no answer."""
        request_id = body.get("id") if isinstance(body, dict) else None
        try:
            method, params = _parsed(body)
            result = await self._call(request, method, params)
        except RpcError as err:
            if isinstance(body, dict) and "id" not in body and err.code != INVALID_REQUEST:
                return None
            return _failure(request_id, err)
        if isinstance(body, dict) and "id" not in body:
            return None
        return {"jsonrpc": "2.0", "result": result, "id": request_id}

    async def _call(self, request: web.Request, method: str, params: Params) -> Json:
        if method == "ping":
            return {"success": True, "message": "pong", "timestamp": _stamp()}
        found = QUESTIONS.get(method) or VERBS.get(method)
        if found is None and method != "health":
            raise RpcError(METHOD_NOT_FOUND, f"there is no method {method}")
        hass = request.app[KEY_HASS]
        charger = _charger(hass, params)
        if found is None:
            return self._health(hass, charger)
        if method in VERBS and not request["hass_user"].permissions.access_all_entities(
            POLICY_CONTROL
        ):
            raise RpcError(DEVICE_ERROR, "this user may not control devices")
        if not charger.coordinator.last_update_success:
            raise RpcError(DEVICE_ERROR, "the device does not answer")
        try:
            return await found(charger, params)
        except HomeAssistantError as err:
            raise RpcError(DEVICE_ERROR, str(err)) from err

    def _health(self, hass: HomeAssistant, charger: Charger) -> Json:
        up = charger.coordinator.last_update_success
        return _answer(
            {
                "status": "healthy" if up else "unhealthy",
                "modbusConnected": up,
                "uptime": round(hass.loop.time() - self._started, 3),
                "timestamp": _stamp(),
            }
        )


def _parsed(body: object) -> tuple[str, Params]:
    if not isinstance(body, dict) or body.get("jsonrpc") != "2.0":
        raise RpcError(INVALID_REQUEST, "this is not a JSON-RPC 2.0 request")
    request_id = body.get("id")
    if isinstance(request_id, (bool, dict, list)):
        raise RpcError(INVALID_REQUEST, "id must be a number, a text or null")
    method, params = body.get("method"), body.get("params", {})
    if not isinstance(method, str):
        raise RpcError(INVALID_REQUEST, "method must be a text")
    if not isinstance(params, (dict, list)):
        raise RpcError(INVALID_REQUEST, "params must be an object")
    if isinstance(params, list):
        if params:
            raise RpcError(INVALID_PARAMS, "parameters go by name")
        params = {}
    return method, params


def _charger(hass: HomeAssistant, params: Params) -> Charger:
    chargers = all_chargers(hass)
    wanted = params.get("device")
    if wanted is not None:
        chargers = [charger for charger in chargers if wanted in identifiers(charger).values()]
        if not chargers:
            raise RpcError(INVALID_PARAMS, f"there is no charger {wanted}")
    if not chargers:
        raise RpcError(DEVICE_ERROR, "no charger is set up, or none has answered yet")
    if len(chargers) > 1:
        names = ", ".join(charger.name for charger in chargers)
        raise RpcError(INVALID_PARAMS, f"name one with the parameter device: {names}")
    return chargers[0]


def _failure(request_id: object, err: RpcError) -> Json:
    known = request_id if isinstance(request_id, (str, int, float)) else None
    return {
        "jsonrpc": "2.0",
        "error": {"code": err.code, "message": str(err)},
        "id": known,
    }
