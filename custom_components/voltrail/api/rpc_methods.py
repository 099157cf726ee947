"""What a program can ask of a charger over JSON-RPC: the questions and the verbs.

The names and the shapes of the answers are those of an interface that such programs
already speak. It works for every charger; what a charger does not know is null.
"""

import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from homeassistant.util import dt as dt_util

from ..engine.devices import code_text
from ..engine.model.charging import ChargingState, Phases
from .chargers import Charger

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
DEVICE_ERROR: Final = -32000

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
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise RpcError(INVALID_PARAMS, f"{name} must be a number of ampere")
    if isinstance(value, float) and not math.isfinite(value):
        raise RpcError(INVALID_PARAMS, f"{name} must be a number of ampere")
    if value < 6:
        raise RpcError(INVALID_PARAMS, f"{name} must be at least 6 A")
    return value


def _met(charger: Charger, amps: float) -> tuple[float, str]:
    """Return the current that meets what was asked for, and a word on it if that is less."""
    maximum = charger.point.current_bounds().maximum
    if amps > maximum:
        return maximum, ", the most that is allowed"
    return float(amps), ""


def _unknown_params(params: Params, *known: str) -> None:
    for name in params:
        if name not in (*known, "device"):
            raise RpcError(INVALID_PARAMS, f"there is no parameter {name}")


# -- answers ---------------------------------------------------------------------


def stamp() -> str:
    """Return the present moment as the interface writes it."""
    return dt_util.utcnow().isoformat(timespec="milliseconds").replace("+00:00", "Z")


def answer(data: object) -> Json:
    """Wrap the answer as the interface does."""
    return {"success": True, "data": data, "timestamp": stamp()}


def _done(message: str) -> Json:
    """Return the answer to an order."""
    return answer({"message": message})


async def _code(charger: Charger, *names: str) -> int | None:
    value = await charger.number(*names)
    return None if value is None else int(value)


def _kilo(value: float | None) -> float | None:
    return None if value is None else round(value / 1000, 3)


async def _phases(charger: Charger, quantity: str) -> Json:
    return {f"l{phase}": await charger.number(f"{quantity}_l{phase}") for phase in (1, 2, 3)}


async def _text(charger: Charger, *names: str) -> str | None:
    value = await charger.value(*names)
    return None if value is None else str(value)


async def _flag(charger: Charger, name: str) -> bool | None:
    value = await charger.number(name)
    return None if value is None else bool(value)


async def _house_maximum(charger: Charger) -> float:
    house = await charger.number("house_maximum_current", "maximum_current")
    return charger.point.current_bounds().maximum if house is None else house


# The interface speaks in codes of one maker. A charger that does not speak of them is described
# by what its car does.
_BY_STATE: Final = {
    ChargingState.NO_VEHICLE: (1, 10),
    ChargingState.CONNECTED: (2, 27),
    ChargingState.CHARGING: (5, 28),
    ChargingState.VENTILATION: (5, 29),
    ChargingState.ERROR: (6, 14),
}


async def _device_info(charger: Charger, _params: Params) -> Json:
    identity = charger.coordinator.device.identity
    return answer(
        {
            "modbusVersion": await _text(charger, "register_layout", "protocol_version"),
            "firmwareVersion": identity.firmware,
            "serialNumber": identity.serial,
            "maxCurrentEVSE": charger.point.device_maximum,
            "maxCurrentHouse": await _house_maximum(charger),
        }
    )


async def _status(charger: Charger, _params: Params) -> Json:
    state = await charger.value("charging_state")
    evse, pilot = _BY_STATE.get(state, (0, 0)) if isinstance(state, ChargingState) else (0, 0)
    evse = _first(await _code(charger, "evse_state"), evse)
    pilot = _first(await _code(charger, "control_pilot"), pilot)
    authorisation = _first(await _code(charger, "authorisation"), 0)
    downgrade = _first(await _code(charger, "downgrade"), 0 if evse == 1 else 1)
    return answer(
        {
            "evseState": evse,
            "evseStateText": code_text("evse_state", evse),
            "cpState": pilot,
            "cpStateText": code_text("control_pilot", pilot),
            "authorizationStatus": authorisation,
            "authorizationText": code_text("authorisation", authorisation),
            "downgrade": downgrade,
            "downgradeText": code_text("downgrade", downgrade),
            "phaseRotation": _first(await _code(charger, "phase_rotation"), 0),
            "signaledCurrent": await charger.number("current_offered"),
        }
    )


def _first(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value


async def _voltage(charger: Charger, _params: Params) -> Json:
    return answer({**await _phases(charger, "voltage"), "unit": "V"})


async def _current(charger: Charger, _params: Params) -> Json:
    return answer({**await _phases(charger, "current"), "unit": "A"})


async def _power(charger: Charger, _params: Params) -> Json:
    total = await charger.number("power")
    return answer({**await _phases(charger, "power"), "total": total, "unit": "W"})


async def _charging_power(charger: Charger, _params: Params) -> Json:
    return answer(_kilo(await charger.number("power")))


async def _temperature(charger: Charger, _params: Params) -> Json:
    return answer(await charger.number("temperature"))


async def _energy(charger: Charger, _params: Params) -> Json:
    return answer(
        {
            "session": _kilo(await charger.number("session_energy")),
            "total": _kilo(await charger.number("energy_charged")),
            "unit": "kWh",
        }
    )


async def _session(charger: Charger, _params: Params) -> Json:
    duration = await charger.number("session_duration")
    minutes, seconds = divmod(int(duration or 0), 60)
    hours, minutes = divmod(minutes, 60)
    return answer(
        {
            "maxCurrent": await charger.number(
                "session_maximum_current", "vehicle_maximum_current"
            ),
            "chargedEnergy": _kilo(await charger.number("session_energy")),
            "duration": duration,
            "durationFormatted": None if duration is None else f"{hours}h {minutes}m {seconds}s",
            "detectedPhases": _first(await _code(charger, "vehicle_phases", "phases_in_use"), 0),
            "unit": {"current": "A", "energy": "kWh", "duration": "s"},
        }
    )


async def _statistics(charger: Charger, _params: Params) -> Json:
    return answer(
        {
            "totalEnergy": _kilo(await charger.number("energy_charged")),
            "totalSessions": await _code(charger, "sessions"),
            "unit": {"energy": "kWh"},
        }
    )


async def _diagnostics(charger: Charger, _params: Params) -> Json:
    error = await _code(charger, "error_code")
    failed = await charger.value("charging_state") is ChargingState.ERROR
    return answer(
        {
            "activeErrorCode": error or 0,
            "hasError": bool(error) or failed,
            "masterLostFallback": bool(await charger.number("safe_current_active")),
            "switchedPhases": await charger.number("switched_phases"),
            "temperature": await charger.number("temperature"),
        }
    )


async def _configuration(charger: Charger, _params: Params) -> Json:
    return answer(
        {
            "maxCurrentHouse": await _house_maximum(charger),
            "maxCurrentEvse": charger.point.device_maximum,
            "phaseSwitchingMode": await charger.number("phase_switch_mode"),
            "phaseOptionsHw": await charger.number("hardware_phases"),
            "cableLock": await _flag(charger, "permanent_cable_lock"),
            "masterLostFallbackCurrent": await charger.number("safe_current"),
            "gridImbalance": await _flag(charger, "imbalance_supervision"),
            "gridPhasesConnected": await charger.number("grid_phases"),
            "authorization": await _flag(charger, "authorisation_required"),
        }
    )


# -- verbs -----------------------------------------------------------------------


async def _set_current(charger: Charger, params: Params) -> Json:
    _unknown_params(params, "ampere")
    amps, less = _met(charger, _amps(params, "ampere"))
    in_force = await charger.do(charger.point.limit_without_starting(amps))
    waits = "" if in_force else "; charging stays stopped"
    return _done(f"Charging current set to {amps:g} A{less}{waits}")


async def _start(charger: Charger, params: Params) -> Json:
    _unknown_params(params, "current")
    amps, less = _met(charger, _amps(params, "current", 6))
    await charger.do(charger.point.resume(amps))
    return _done(f"Charging started with {amps:g} A{less}")


async def _resume(charger: Charger, params: Params) -> Json:
    _unknown_params(params, "current")
    amps, less = None, ""
    if "current" in params:
        amps, less = _met(charger, _amps(params, "current"))
        less = f" with {amps:g} A{less}"
    await charger.do(charger.point.resume(amps))
    return _done(f"Charging resumed{less}")


async def _stop(charger: Charger, params: Params) -> Json:
    _unknown_params(params)
    await charger.do(charger.point.pause())
    return _done("Charging stopped")


async def _pause(charger: Charger, params: Params) -> Json:
    _unknown_params(params)
    await charger.do(charger.point.pause())
    return _done("Charging paused")


async def _set_phases(charger: Charger, params: Params) -> Json:
    _unknown_params(params, "phases")
    wanted = params.get("phases")
    if isinstance(wanted, bool) or wanted not in (0, 1):
        raise RpcError(INVALID_PARAMS, "phases must be 0 (all) or 1 (one)")
    await charger.set_phases(Phases.ONE if wanted == 1 else Phases.THREE)
    return _done("One phase requested" if wanted == 1 else "All phases requested")


async def _set_lock(charger: Charger, params: Params) -> Json:
    _unknown_params(params, "lock")
    if not isinstance(locked := params.get("lock"), bool):
        raise RpcError(INVALID_PARAMS, "lock must be true or false")
    await charger.set_locked(locked=locked)
    return _done("Station locked" if locked else "Station unlocked")


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

NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "getDeviceInfo": (
        *("register_layout", "protocol_version"),
        *("house_maximum_current", "maximum_current"),
    ),
    "getStatus": (
        *("charging_state", "evse_state", "control_pilot", "authorisation", "downgrade"),
        *("phase_rotation", "current_offered"),
    ),
    **{
        f"get{quantity.capitalize()}": tuple(f"{quantity}_l{phase}" for phase in (1, 2, 3))
        for quantity in ("voltage", "current")
    },
    "getPower": ("power", "power_l1", "power_l2", "power_l3"),
    "getChargingPower": ("power",),
    "getTemperature": ("temperature",),
    "getEnergy": ("session_energy", "energy_charged"),
    "getSessionData": (
        *("session_maximum_current", "vehicle_maximum_current", "session_energy"),
        *("session_duration", "vehicle_phases", "phases_in_use"),
    ),
    "getStatistics": ("energy_charged", "sessions"),
    "getDiagnostics": (
        *("error_code", "charging_state", "safe_current_active", "switched_phases"),
        "temperature",
    ),
    "getConfiguration": (
        *("house_maximum_current", "maximum_current", "phase_switch_mode", "hardware_phases"),
        *("permanent_cable_lock", "safe_current", "imbalance_supervision", "grid_phases"),
        "authorisation_required",
    ),
}
"""The values that an answer is made of: they are read when the question comes."""
