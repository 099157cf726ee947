"""Simulated chargers on a serial line in memory, and an owner who looks after one."""

import asyncio
import warnings
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

from modbus_connection import ModbusSerialParams, ModbusTcpParams, pymodbus, tmodbus

from custom_components.voltrail.engine.devices.mennekes_rtu import MennekesRtu
from custom_components.voltrail.engine.model.controls import Control
from custom_components.voltrail.engine.model.errors import VoltrailError
from custom_components.voltrail.engine.model.options import Options
from custom_components.voltrail.engine.model.points import Value
from custom_components.voltrail.engine.polling import keep_alive
from custom_components.voltrail.engine.polling.polled_device import Cadence
from custom_components.voltrail.engine.transport.serial_bus import SerialBus
from simulators.device import SimulatedDevice
from simulators.memory import MemoryServer, Timing, serve_serial_in_memory

type Connection = pymodbus.ModbusConnection | tmodbus.ModbusConnection


def connect(client: type[Connection], server: MemoryServer) -> Connection:
    """Return a connection of either Modbus library to a line in memory."""
    if client is tmodbus.ModbusConnection:
        return client(ModbusSerialParams(device=server.url, baudrate=57600, stopbits=2))
    with warnings.catch_warnings():
        # Its other way to the same line opens a real socket.
        warnings.simplefilter("ignore", DeprecationWarning)
        return client(ModbusTcpParams(host=server.host, port=server.port, framer="rtu"))


@dataclass(kw_only=True)
class Line:
    """A serial line: the simulated end, and ours."""

    server: MemoryServer
    connection: Connection
    quiet: SerialBus

    def device(self, unit_id: int = 50, options: Options | None = None) -> MennekesRtu:
        """Return a charger on this line, not yet met."""
        return MennekesRtu(self.quiet.over(self.connection.for_unit), unit_id, options)


@asynccontextmanager
async def serial_line(
    simulated: SimulatedDevice,
    *,
    client: type[Connection] = tmodbus.ModbusConnection,
    timing: Timing | None = None,
) -> AsyncIterator[Line]:
    """Put a charger, or a bus of them, on a serial line of 57600 baud; only in fake time."""
    async with serve_serial_in_memory(simulated, timing) as server:
        connection = connect(client, server)
        try:
            yield Line(server=server, connection=connection, quiet=SerialBus())
        finally:
            await connection.close()


class Owner:
    """What the integration does with a device: polls, life signs, and upholding."""

    def __init__(
        self,
        device: MennekesRtu,
        *,
        scan_interval: float = 10.0,
        memory: Mapping[str, Any] | None = None,
        wanted: tuple[str, ...] | None = None,
    ) -> None:
        self.device = device
        self.wanted = wanted
        self.scan_interval = scan_interval
        self.polls = 0
        self.troubles: list[VoltrailError] = []
        self.read = asyncio.Event()
        """Set by every poll that succeeds."""
        self._asked = asyncio.Event()
        self._heard = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        if memory is not None:
            device.restore_state(memory)

    async def __aenter__(self) -> MennekesRtu:
        await self.device.identify()
        await self.start()
        return self.device

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Begin to look after the device, and return when it has been read once."""
        for alive in self.device.keep_alives():
            beating = keep_alive.run(alive, on_change=self._heard.set)
            self._tasks.append(asyncio.create_task(beating))
        self._tasks.append(asyncio.create_task(self._poll_forever()))
        await self._asked.wait()

    async def stop(self) -> dict[str, Any]:
        """End, and return what the next owner has to remember."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.device.close()
        return self.device.dump_state()

    async def _poll_forever(self) -> None:
        loop = asyncio.get_running_loop()
        settings_due, attention, failures = 0.0, object(), 0
        while True:
            started = loop.time()
            try:
                await self.device.poll(Cadence.MEASUREMENTS, self.wanted)
                if started >= settings_due or self.device.attention != attention:
                    await self.device.poll(Cadence.SETTINGS, self.wanted)
                    settings_due, attention = started + 60, self.device.attention
                await self.device.reconcile()
            except VoltrailError as err:
                self.troubles.append(err)
                failures += 1
                self._asked.set()
                pause = min(60.0, self.scan_interval * 2.0 ** min(failures - 1, 8))
                self._heard.clear()
                # A charger that is heard again is read at once.
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._heard.wait()
            else:
                self.polls += 1
                self.read.set()
                self._asked.set()
                failures = 0
                await asyncio.sleep(max(0.0, started + self.scan_interval - loop.time()))


def value(device: MennekesRtu, path: str) -> Value:
    """Return a reading's value."""
    return device.reading(path).read()


def control[C: Control](device: MennekesRtu, path: str, kind: type[C]) -> C:
    """Return a control."""
    found = device.control(path)
    assert isinstance(found, kind)
    return found


def problems(device: MennekesRtu) -> set[str]:
    """Return the problems at hand."""
    return {problem.key for problem in device.problems()}
