"""A small HTTP interface to a running simulator: look at it, change its states, spoil its answers.

GET  /state                        all states by name
POST /set       {"car.plugged": true}
POST /do        {"verb": "reboot"}
POST /advance   {"seconds": 30}
GET  /registers?unit=1             name, address, raw words and value of every register
GET  /log                          counters, writes and refusals; DELETE /log counts from zero
POST /fault     {"kind": "delay", "seconds": 2, "times": 3};  DELETE /fault clears all
POST /link      {"plugged": false} pulls the cable, or puts it back
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from aiohttp import web

from simulators.device import SimulatedDevice
from simulators.states import StateError

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@web.middleware
async def _explained(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer a request that cannot be met with the reason."""
    try:
        return await handler(request)
    except (StateError, ValueError, TypeError, KeyError) as err:
        return web.json_response({"error": str(err)}, status=400)


class _Control:
    def __init__(self, device: SimulatedDevice) -> None:
        self._device = device

    async def state(self, _request: web.Request) -> web.Response:
        return web.json_response(self._device.state())

    async def set(self, request: web.Request) -> web.Response:
        self._device.set(await _body(request))
        return web.json_response(self._device.state())

    async def do(self, request: web.Request) -> web.Response:
        self._device.do(str((await _body(request))["verb"]))
        return web.json_response(self._device.state())

    async def advance(self, request: web.Request) -> web.Response:
        self._device.advance(float((await _body(request))["seconds"]))
        return web.json_response({"now": self._device.clock.now})

    async def registers(self, request: web.Request) -> web.Response:
        wanted = request.query.get("unit")
        units = self._device.units
        if wanted is None:
            return web.json_response(
                {str(unit_id): unit.table() for unit_id, unit in units.items()}
            )
        return web.json_response(self._device.unit(int(wanted)).table())

    async def log(self, _request: web.Request) -> web.Response:
        entries = asdict(self._device.traffic)
        for name in ("reads", "writes"):
            entries[name] = [entry._asdict() for entry in getattr(self._device.traffic, name)]
        entries["refusals"] = [
            {"request": request._asdict(), "code": int(code)}
            for request, code in self._device.traffic.refusals
        ]
        return web.json_response(entries)

    async def forget(self, _request: web.Request) -> web.Response:
        self._device.traffic.clear()
        return web.json_response({})

    async def fault(self, request: web.Request) -> web.Response:
        body = await _body(request)
        self._device.faults.inject(body.pop("kind"), **body)
        return web.json_response({})

    async def heal(self, _request: web.Request) -> web.Response:
        self._device.faults.clear()
        return web.json_response({})

    async def link(self, request: web.Request) -> web.Response:
        plugged = bool((await _body(request))["plugged"])
        for server in tuple(self._device.servers):
            await (server.plug() if plugged else server.unplug())
        return web.json_response({})


async def _body(request: web.Request) -> dict[str, Any]:
    body = await request.json()
    if not isinstance(body, dict):
        message = "the body is no JSON object"
        raise TypeError(message)
    return body


@asynccontextmanager
async def control(device: SimulatedDevice, port: int = 0) -> AsyncIterator[str]:
    """Offer the interface on 127.0.0.1 and yield its address."""
    doors = _Control(device)
    app = web.Application(middlewares=[_explained])
    app.add_routes(
        [
            web.get("/state", doors.state),
            web.post("/set", doors.set),
            web.post("/do", doors.do),
            web.post("/advance", doors.advance),
            web.get("/registers", doors.registers),
            web.get("/log", doors.log),
            web.delete("/log", doors.forget),
            web.post("/fault", doors.fault),
            web.delete("/fault", doors.heal),
            web.post("/link", doors.link),
        ]
    )
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        host, real_port = runner.addresses[0][:2]
        yield f"http://{host}:{real_port}"
    finally:
        await runner.cleanup()
