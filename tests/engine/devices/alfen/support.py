"""A simulated station, with or without a wire between it and the engine."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from modbus_connection import (
    ModbusExceptionError,
    ModbusTcpParams,
    ModbusTimeoutError,
    ModbusUnit,
    pymodbus,
    tmodbus,
)

from custom_components.voltrail.engine.devices.alfen import Alfen
from custom_components.voltrail.engine.model.controls import Control
from custom_components.voltrail.engine.model.options import Options
from custom_components.voltrail.engine.model.points import Value
from custom_components.voltrail.engine.polling.polled_device import Cadence
from simulators.alfen import Eve
from simulators.memory import serve_in_memory
from simulators.registers import RefusedError
from simulators.server import Server, serve
from simulators.traffic import Request
from tests.fake_time import FakeTimeLoop

BEGINNING = datetime(2026, 11, 20, 12, tzinfo=UTC)


def loop_clock() -> datetime:
    """Return a wall clock that runs with the event loop's time."""
    return BEGINNING + timedelta(seconds=asyncio.get_running_loop().time())


class Direct:
    """The station's units without a wire: as fast as a test of a whole day needs.

    A lost request costs its sender the whole time-out, and the link with it.
    """

    def __init__(self, eve: Eve, *, lose_every: int = 0) -> None:
        self.eve = eve
        self.lose_every = lose_every
        self.requests = 0
        self.lost = 0
        self.log: list[Request] = []
        self.lost_callbacks: list[Callable[[], None]] = []
        self.lock = asyncio.Lock()

    def for_unit(self, unit_id: int) -> ModbusUnit:
        """Return a unit."""
        return cast("ModbusUnit", _DirectUnit(self, unit_id))

    def break_link(self) -> None:
        """Let the link drop; the next request opens it again."""
        for callback in self.lost_callbacks:
            callback()

    async def carry(self, request: Request) -> list[int]:
        """Carry one request to the station, and the answer back."""
        async with self.lock:
            self.requests += 1
            self.log.append(request)
            lost = self.lose_every and self.requests % self.lose_every == 0
            if lost or not self.eve.reachable:
                self.lost += 1
                await asyncio.sleep(Alfen.request_timeout)
                raise ModbusTimeoutError
            unit = self.eve.unit(request.unit)
            assert unit is not None
            try:
                if request.values is None:
                    return unit.read(request.address, request.length)
                self.eve.accepts_write(request)
                unit.write(request.address, list(request.values))
            except RefusedError as refused:
                raise ModbusExceptionError.from_code(int(refused.code)) from refused
            return []


class _DirectUnit:
    connected = True

    def __init__(self, link: Direct, unit_id: int) -> None:
        self._link = link
        self._unit_id = unit_id

    def require_timeout(self, seconds: float) -> None:
        """Ask for a time-out; every request has the longest one here."""

    def on_connection_lost(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Register a callback."""
        self._link.lost_callbacks.append(callback)
        return lambda: self._link.lost_callbacks.remove(callback)

    async def disconnect(self) -> None:
        """Drop the link; the next request opens it again, as if nothing had been."""

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        return await self._link.carry(Request(self._unit_id, 3, address, count))

    async def write_registers(self, address: int, values: list[int]) -> None:
        await self._link.carry(Request(self._unit_id, 16, address, len(values), tuple(values)))

    async def write_register(self, address: int, value: int) -> None:
        message = f"function 6 with {value} at {address}: these chargers refuse it on long values"
        raise AssertionError(message)


class SocketLoop(FakeTimeLoop):
    """Fake time over real sockets: within one machine, what was sent has arrived at once."""

    create_connection = asyncio.SelectorEventLoop.create_connection  # type: ignore[assignment]


type Connection = pymodbus.ModbusConnection | tmodbus.ModbusConnection


@asynccontextmanager
async def connected(
    eve: Eve,
    options: Options | None = None,
    *,
    client: type[Connection] = tmodbus.ModbusConnection,
) -> AsyncIterator[tuple[Alfen, Server, Connection]]:
    """Put the station on a real socket, and connect the engine to it.

    In fake time the wire is in memory, and the station lives with the loop's time.
    """
    loop = asyncio.get_running_loop()
    in_memory = isinstance(loop, FakeTimeLoop) and not isinstance(loop, SocketLoop)
    async with serve_in_memory(eve) if in_memory else serve(eve) as server:
        connection = client(ModbusTcpParams(host=server.host, port=server.port))
        device = Alfen(connection.for_unit, 200, options, clock=loop_clock)
        try:
            yield device, server, connection
        finally:
            device.close()
            await connection.close()


def alfen(link: Direct, memory: dict[str, Any] | None = None) -> Alfen:
    """Return a device on a link, with what it remembered."""
    device = Alfen(link.for_unit, 200, clock=loop_clock)
    if memory is not None:
        device.restore_state(memory)
    return device


async def poll_everything(device: Alfen) -> None:
    """Read every block once, as a dump or the command line does."""
    await device.poll(Cadence.MEASUREMENTS)
    await device.poll(Cadence.SETTINGS)


def value(device: Alfen, path: str) -> Value:
    """Return a reading by its path as it is shown: not at all if it is not available."""
    reading = next(reading for reading in device.readings() if reading.path == path)
    return reading.read() if device.available(reading.components) else None


def control[C: Control](device: Alfen, path: str, kind: type[C]) -> C:
    """Return a control by its path."""
    found = next(each for each in device.controls() if each.path == path)
    assert isinstance(found, kind)
    return found


def problem_keys(device: Alfen) -> set[str]:
    """Return the problems at hand."""
    return {problem.key for problem in device.problems()}


@asynccontextmanager
async def living(eve: Eve, *, step: float = 1.0) -> AsyncIterator[None]:
    """Let the station live with the event loop's time."""
    task = asyncio.create_task(eve.clock.follow_real_time(interval=step))
    try:
        yield
    finally:
        task.cancel()
