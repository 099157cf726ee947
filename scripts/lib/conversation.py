"""What only Home Assistant's websocket can do: registries, dashboards, statistics."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp


class RefusedError(Exception):
    """Home Assistant did not do what it was told."""


class Conversation:
    """Commands and their answers, one after the other."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0

    async def ask(self, kind: str, **data: Any) -> Any:
        """Send a command and return its result."""
        self._number += 1
        await self._socket.send_json({"id": self._number, "type": kind, **data})
        async for message in self._socket:
            answer = message.json()
            if answer.get("id") != self._number or answer["type"] != "result":
                continue
            if not answer["success"]:
                error = f"{kind}: {answer['error']['message']}"
                raise RefusedError(error)
            return answer["result"]
        error = f"{kind}: the connection was closed"
        raise RefusedError(error)


@asynccontextmanager
async def conversation(url: str, token: str) -> AsyncIterator[Conversation]:
    """Talk to the Home Assistant at this address."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}/api/websocket", max_msg_size=0) as socket,
    ):
        await socket.receive_json()
        await socket.send_json({"type": "auth", "access_token": token})
        greeting = await socket.receive_json()
        if greeting["type"] != "auth_ok":
            raise RefusedError(greeting.get("message", greeting["type"]))
        yield Conversation(socket)
