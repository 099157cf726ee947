"""Where the bytes of a meter go: clients on a TCP port, a pseudo-terminal, an MQTT broker."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from simulators.ams_han.payloads import Form, payload
from simulators.pty_cable import PtyCable

if TYPE_CHECKING:
    from pathlib import Path

    from paho.mqtt.client import Client

    from simulators.ams_han.meter import Sent


class TcpOutput:
    """Sends the same bytes to all who are connected, as ser2net does."""

    def __init__(self) -> None:
        self.port = 0
        #: Keeps connections open and sends nothing: the half-open link of a dead adapter.
        self.frozen = False
        self._writers: set[asyncio.StreamWriter] = set()
        self._changed = asyncio.Condition()

    @property
    def clients(self) -> int:
        """How many are connected."""
        return len(self._writers)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client until it leaves. What it sends is ignored, as a meter does."""
        self._writers.add(writer)
        await self._tell()
        try:
            while await reader.read(1024):
                pass
        except ConnectionError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()
            await self._tell()

    async def wait_for_clients(self, count: int) -> None:
        """Return when so many are connected."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.clients == count)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    def send(self, data: bytes) -> None:
        """Send to all."""
        if self.frozen:
            return
        for writer in self._writers:
            writer.write(data)

    def drop(self) -> None:
        """Close all connections from this side."""
        for writer in tuple(self._writers):
            writer.close()


@asynccontextmanager
async def tcp_output(host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[TcpOutput]:
    """Listen while the block runs."""
    output = TcpOutput()
    server = await asyncio.start_server(output.connected, host, port)
    output.port = server.sockets[0].getsockname()[1]
    try:
        yield output
    finally:
        server.close()
        output.drop()
        await server.wait_closed()


class PtyOutput:
    """Sends bytes into a pseudo-terminal. Nobody need listen."""

    def __init__(self, cable: PtyCable) -> None:
        self.cable = cable
        self._port = os.open(cable.far_path, os.O_RDWR | os.O_NONBLOCK | os.O_NOCTTY)

    @property
    def path(self) -> str:
        """Where the reader opens its port."""
        return self.cable.path

    def send(self, data: bytes) -> None:
        """Send; what a full line cannot take is lost, as on a real one."""
        with suppress(BlockingIOError):
            os.write(self._port, data)

    def close(self) -> None:
        """Let go of the port."""
        os.close(self._port)


@asynccontextmanager
async def pty_output(link: Path | None = None) -> AsyncIterator[PtyOutput]:
    """Offer a pseudo-terminal while the block runs; `link` leads to it."""
    with PtyCable(link=link) as cable:
        output = PtyOutput(cable)
        try:
            yield output
        finally:
            output.close()


class MqttOutput:
    """Publishes messages as an adapter does."""

    def __init__(self, client: Client, topic: str, form: Form) -> None:
        self._client = client
        self._topic = topic
        self._form = form
        self.connected = asyncio.Event()
        """Set while the broker is there. What is published while it is not is lost."""
        # The client's own thread tells.
        tell = asyncio.get_running_loop().call_soon_threadsafe

        def came(*_: object) -> None:
            tell(self.connected.set)

        def went(*_: object) -> None:
            tell(self.connected.clear)

        client.on_connect = came
        client.on_disconnect = went

    def send(self, sent: Sent) -> None:
        """Publish one message."""
        self._client.publish(self._topic, payload(self._form, sent))


@asynccontextmanager
async def mqtt_output(
    host: str, port: int, topic: str, form: Form = Form.FRAME
) -> AsyncIterator[MqttOutput]:
    """Publish while the block runs; the broker may come and go."""
    from paho.mqtt.client import Client  # noqa: PLC0415 - the other outputs do without it
    from paho.mqtt.enums import CallbackAPIVersion  # noqa: PLC0415

    client = Client(CallbackAPIVersion.VERSION2)
    output = MqttOutput(client, topic, form)
    client.connect_async(host, port)
    client.loop_start()
    try:
        yield output
    finally:
        client.disconnect()
        await asyncio.to_thread(client.loop_stop)
