"""The streams that devices speak on by themselves: a serial port, or a port of a host."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from homeassistant.const import CONF_DEVICE, CONF_HOST, CONF_PORT
from homeassistant.exceptions import HomeAssistantError
from serialx import SerialException, open_serial_connection

from ..const import (
    CONF_BAUDRATE,
    CONF_BYTESIZE,
    CONF_HANDSHAKE,
    CONF_PARITY,
    CONF_STOPBITS,
    CONF_TRANSPORT,
)
from ..engine.devices.family import Transport
from ..engine.model.errors import LinkDownError
from ..engine.polling.pushed_device import PushedDevice

_LOGGER = logging.getLogger(__name__)

PAUSE: Final = 1.0
"""Seconds without a byte after which a burst is over: meters pause longer between them."""

_PSEUDO_TERMINALS: Final = "/dev/pts/"

CONNECTING: Final = 10.0
CLOSING: Final = 2.0

SHORTEST_WAIT: Final = 1.0
LONGEST_WAIT: Final = 60.0
"""Seconds before a stream that was lost is opened again; they double each time."""

HANDSHAKES: Final = ("rtscts", "dsrdtr")
"""Lines by which an adapter is told that it may send; few adapters need any."""

#: So little that not even noise made to look like frames holds the event loop for 5 ms
#: (tests/engine/han/test_speed.py counts what a piece costs).
_CHUNK: Final = 2048

# Where the system lets us ask: a peer that died is noticed within a minute even while nothing
# is expected from it. (A meter that should have spoken is noticed much earlier.)
_KEEPALIVE: Final = {"TCP_KEEPIDLE": 30, "TCP_KEEPINTVL": 10, "TCP_KEEPCNT": 3}

type Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def opened(data: Mapping[str, Any]) -> AsyncIterator[asyncio.StreamReader]:
    """Hold the stream that an entry's data describe open.

    Raises a :class:`LinkDownError` if that is not possible.
    """
    serial = data[CONF_TRANSPORT] == Transport.SERIAL
    try:
        async with asyncio.timeout(CONNECTING):
            reader, writer = await (_serial_port(data) if serial else _connection(data))
    # A port behind a proxy raises Home Assistant's own error until the proxy is loaded, and a
    # line setting that the adapter does not have is a ValueError.
    except (OSError, SerialException, HomeAssistantError, ValueError) as err:
        raise LinkDownError(reason=str(err) or type(err).__name__) from err
    try:
        yield reader
    finally:
        # Only then is the port free for the next one. What went wrong is known already.
        with suppress(OSError, SerialException):
            writer.close()
            async with asyncio.timeout(CLOSING):
                await writer.wait_closed()


async def _connection(data: Mapping[str, Any]) -> Stream:
    reader, writer = await asyncio.open_connection(data[CONF_HOST], data[CONF_PORT])
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE.items():
        if (option := getattr(socket, name, None)) is not None:
            connection.setsockopt(socket.IPPROTO_TCP, option, value)
    return reader, writer


async def _serial_port(data: Mapping[str, Any]) -> Stream:
    device = data[CONF_DEVICE]
    path = await asyncio.get_running_loop().run_in_executor(None, os.path.realpath, device)
    if path.startswith(_PSEUDO_TERMINALS):
        # Of socat, say. It has no line, and the system refuses a parity from the second time on.
        data = {**data, CONF_BYTESIZE: 8, CONF_PARITY: "N"}
    return await open_serial_connection(
        url=device,
        baudrate=data[CONF_BAUDRATE],
        byte_size=data[CONF_BYTESIZE],
        parity=data[CONF_PARITY],
        stopbits=data[CONF_STOPBITS],
        # Entries from before this could be chosen have none.
        **{line: True for line in HANDSHAKES if line == data.get(CONF_HANDSHAKE)},
    )


async def hear_piece(reader: asyncio.StreamReader, device: PushedDevice) -> None:
    """Hand a device what comes next, or tell it that nothing came for a while.

    Raises a :class:`LinkDownError` when the stream has ended.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(PAUSE):
            data = await reader.read(_CHUNK)
    except TimeoutError:
        device.stream_idle(loop.time())
        return
    except (OSError, SerialException) as err:
        raise LinkDownError(reason=str(err) or type(err).__name__) from err
    if not data:
        raise LinkDownError(reason="the other side closed it")
    device.hear(data, loop.time())
    # What has come already is read without waiting: others get their turn after each piece.
    await asyncio.sleep(0)


class StreamListener:
    """Listens to a device for ever, and opens its stream again when it was lost or fell silent."""

    def __init__(
        self, data: Mapping[str, Any], device: PushedDevice, heard: Callable[[], None]
    ) -> None:
        self._data = data
        self._device = device
        self._heard = heard
        self.trouble = ""
        """What is wrong with the stream, if anything."""
        self.openings = 0
        self.first: asyncio.Future[LinkDownError | None] = (
            asyncio.get_running_loop().create_future()
        )
        """How the first attempt to open it went."""

    async def run(self) -> None:
        """Listen until cancelled."""
        wait = SHORTEST_WAIT
        while True:
            frames = self._device.frames
            try:
                async with opened(self._data) as reader:
                    self._tell(None)
                    await self._listen(reader)
            except LinkDownError as err:
                self._tell(err)
            except Exception as err:
                # A fault of ours must not end the listening until the next restart.
                _LOGGER.exception("Unexpected error while listening to a device")
                self._tell(LinkDownError(reason=type(err).__name__))
            if self._device.frames > frames:
                wait = SHORTEST_WAIT
            _LOGGER.debug("%s; opening it again in %g s", self.trouble, wait)
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST_WAIT)

    def _tell(self, trouble: LinkDownError | None) -> None:
        if trouble is None:
            self.openings += 1
            self.trouble = ""
        else:
            self.trouble = str(trouble)
        if not self.first.done():
            self.first.set_result(trouble)

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        """Hand over what comes. Nothing whole for too long means that the link is dead.

        TCP does not notice by itself that its peer has gone, nor does every serial adapter.
        """
        device = self._device
        loop = asyncio.get_running_loop()
        heard_at = loop.time()
        frames = device.frames
        device.stream_opened(heard_at)
        while True:
            await hear_piece(reader, device)
            self._heard()
            if device.frames != frames:
                frames, heard_at = device.frames, loop.time()
            elif loop.time() - heard_at >= device.patience:
                raise LinkDownError(reason=f"nothing whole came for {device.patience:.0f} s")

    def describe(self) -> dict[str, Any]:
        """Return what diagnostics should tell."""
        return {"openings": self.openings, "trouble": self.trouble}
