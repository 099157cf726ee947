"""JSON-RPC 2.0 for programs that control a charger: one address, batches, notifications."""

import asyncio
import json
import math
from collections import Counter
from contextlib import suppress
from http import HTTPStatus
from typing import Final

from aiohttp import web
from homeassistant.auth.permissions.const import POLICY_CONTROL
from homeassistant.components.http import KEY_HASS, HomeAssistantView
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from .. import held_orders
from ..coordinator import VoltrailConfigEntry
from .chargers import Charger, absent_chargers, all_chargers, identifiers, is_called
from .rpc_methods import (
    DEVICE_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    NEEDS,
    PARSE_ERROR,
    QUESTIONS,
    VERBS,
    Json,
    Params,
    RpcError,
    answer,
    stamp,
)

URL: Final = "/api/voltrail/rpc"

# Enough for a dashboard, little enough to be answered while a person waits.
LONGEST_BATCH: Final = 50


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
        except ValueError, LookupError, RecursionError, web.RequestPayloadError:
            # Also an unknown encoding, brackets nested without end, and what
            # is not compressed as it says.
            return _response(_failure(None, RpcError(PARSE_ERROR, "this is not JSON")))
        if not isinstance(body, list):
            return _response(await self._handle(request, body))
        if not body:
            return _response(_failure(None, RpcError(INVALID_REQUEST, "the batch is empty")))
        if len(body) > LONGEST_BATCH:
            message = f"a batch may hold at most {LONGEST_BATCH} requests"
            return _response(_failure(None, RpcError(INVALID_REQUEST, message)))
        answers = []
        for place, one in enumerate(body):
            if place == 0 or _is_order(body[place - 1]):
                # What all questions up to the next order need is read in one go.
                await _freshen(request.app[KEY_HASS], body[place:])
            answers.append(await self._handle(request, one))
            # Other work of the house goes on between two answers.
            await asyncio.sleep(0)
        return _response([one for one in answers if one is not None])

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
            return {"success": True, "message": "pong", "timestamp": stamp()}
        found = method in QUESTIONS or method in VERBS
        if not found and method != "health":
            raise RpcError(METHOD_NOT_FOUND, f"there is no method {method}")
        hass = request.app[KEY_HASS]
        if found:
            # Wait for every charger that is being loaded again: it may be the one that is meant.
            await held_orders.async_turn(hass, [one.entry_id for one in absent_chargers(hass)])
        try:
            charger = _charger(hass, params)
        except _NotRunningError:
            if not found:
                return self._health(hass, up=False)
            raise
        if not found:
            return self._health(hass, up=charger.coordinator.last_update_success)
        if method in VERBS and not request["hass_user"].permissions.access_all_entities(
            POLICY_CONTROL
        ):
            raise RpcError(DEVICE_ERROR, "this user may not control devices")
        if not charger.coordinator.last_update_success:
            raise RpcError(DEVICE_ERROR, "the device does not answer")
        return await _carried_out(method, charger, params)

    def _health(self, hass: HomeAssistant, *, up: bool) -> Json:
        return answer(
            {
                "status": "healthy" if up else "unhealthy",
                "modbusConnected": up,
                "uptime": round(hass.loop.time() - self._started, 3),
                "timestamp": stamp(),
            }
        )


async def _carried_out(method: str, charger: Charger, params: Params) -> Json:
    """Answer a question with what was read for it, or carry out an order."""
    try:
        if method in QUESTIONS:
            await charger.freshen(NEEDS[method])
            return await QUESTIONS[method](charger, params)
        return await VERBS[method](charger, params)
    except HomeAssistantError as err:
        raise RpcError(DEVICE_ERROR, str(err)) from err


def _is_order(body: object) -> bool:
    method = body.get("method") if isinstance(body, dict) else None
    return isinstance(method, str) and method in VERBS


async def _freshen(hass: HomeAssistant, bodies: list[object]) -> None:
    """Read what the questions at the beginning of a batch need, all of a charger in one go."""
    needs: dict[tuple[str, str | None], tuple[Charger, set[str]]] = {}
    for body in bodies:
        if _is_order(body):
            break
        with suppress(RpcError):
            method, params = _parsed(body)
            if method in NEEDS:
                charger = _charger(hass, params)
                part = charger.point.part
                key = charger.entry.entry_id, None if part is None else part.key
                needs.setdefault(key, (charger, set()))[1].update(NEEDS[method])
    for charger, names in needs.values():
        # A charger that does not answer is told with each question.
        with suppress(HomeAssistantError):
            await charger.freshen(names)


def _response(told: Json | list[Json] | None) -> web.Response:
    """Send an answer; nothing if none is wanted.

    Not with Home Assistant's own JSON, which cannot return every number and text that a
    caller may have sent as its id.
    """
    return web.json_response(told) if told else web.Response(status=HTTPStatus.NO_CONTENT)


def _parsed(body: object) -> tuple[str, Params]:
    if not isinstance(body, dict) or body.get("jsonrpc") != "2.0":
        raise RpcError(INVALID_REQUEST, "this is not a JSON-RPC 2.0 request")
    request_id = body.get("id")
    if request_id is not None and _known_id(request_id) is None:
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


class _NotRunningError(RpcError):
    """The charger that is meant is set up and does not run: nothing can be asked of it."""

    def __init__(self, entry: VoltrailConfigEntry) -> None:
        super().__init__(DEVICE_ERROR, f"{entry.title} is not running: it has not answered yet")


def _charger(hass: HomeAssistant, params: Params) -> Charger:
    """Return the charger that is meant.

    One that does not run counts as well: an order that was meant for it must not reach another.
    """
    chargers = all_chargers(hass)
    absent = absent_chargers(hass)
    wanted = params.get("device")
    if wanted is not None:
        chargers = [charger for charger in chargers if wanted in identifiers(charger)]
        absent = [entry for entry in absent if not chargers and is_called(entry, wanted)]
        if not chargers and not absent:
            raise RpcError(INVALID_PARAMS, f"there is no charger {wanted}")
    names = _told_apart(
        [(charger.name, _id_of(charger)) for charger in chargers]
        + [(entry.title, entry.entry_id) for entry in absent]
    )
    if not names:
        raise RpcError(DEVICE_ERROR, "no charger is set up")
    if len(names) > 1:
        told = f"name one with the parameter device: {', '.join(names)}"
        raise RpcError(INVALID_PARAMS, told)
    if absent:
        raise _NotRunningError(absent[0])
    return chargers[0]


def _id_of(charger: Charger) -> str:
    """Return what is never the name of another charger."""
    serial, part = charger.coordinator.device.identity.serial, charger.point.part
    own = serial or charger.entry.entry_id
    several = part is not None and charger.name != charger.entry.title
    return f"{own} {part.key}" if several and part is not None and serial else own


def _told_apart(names: list[tuple[str, str]]) -> list[str]:
    """Return names, those that several have with what tells them apart."""
    counted = Counter(name for name, _ in names)
    return [name if counted[name] == 1 else f"{name} ({own})" for name, own in names]


def _known_id(request_id: object) -> str | float | None:
    """Return an id that JSON can return; None for everything else."""
    if isinstance(request_id, float) and math.isfinite(request_id):
        return request_id
    if isinstance(request_id, (str, int)) and not isinstance(request_id, bool):
        return request_id
    return None


def _failure(request_id: object, err: RpcError) -> Json:
    return {
        "jsonrpc": "2.0",
        "error": {"code": err.code, "message": str(err)},
        "id": _known_id(request_id),
    }
