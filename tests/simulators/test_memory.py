"""Devices on a network in memory, and days that take seconds."""

import asyncio
from typing import override

import pytest
from modbus_connection import (
    ModbusConnectionError,
    ModbusError,
    ModbusSerialParams,
    ModbusTcpParams,
    ModbusTimeoutError,
)
from modbus_connection.pymodbus import ModbusConnection as PymodbusConnection
from modbus_connection.tmodbus import ModbusConnection as TmodbusConnection

from simulators.alfen import Eve
from simulators.device import SimulatedDevice
from simulators.memory import MemoryServer, network_of, serve_in_memory, serve_serial_in_memory
from simulators.registers import uint16
from simulators.unit import Unit
from tests.fake_time import in_fake_time

type Backend = type[PymodbusConnection | TmodbusConnection]

BACKENDS = pytest.mark.parametrize("backend", [PymodbusConnection, TmodbusConnection])


class Watch(SimulatedDevice):
    """Shows the seconds it has lived."""

    max_clients = 2
    idle_seconds = 60

    def __init__(self) -> None:
        super().__init__("watch")
        self.steps = 0
        self.units[1] = Unit([uint16(0, "seconds", lambda: round(self.clock.now))])

    @override
    def step(self, seconds: float) -> None:
        self.steps += 1


def _open(server: MemoryServer, backend: Backend = TmodbusConnection) -> Connection:
    return backend(ModbusTcpParams(host=server.host, port=server.port), timeout=5.0)


type Connection = PymodbusConnection | TmodbusConnection


@BACKENDS
@in_fake_time
async def test_client_libraries_get_along(backend: Backend) -> None:
    """They open, ask, time out and close as on a real network."""
    watch = Watch()
    async with serve_in_memory(watch) as server:
        connection = _open(server, backend)
        unit = connection.for_unit(1)
        assert await unit.read_holding_registers(0, 1) == [0]
        await asyncio.sleep(30)
        assert await unit.read_holding_registers(0, 1) == [30]
        watch.faults.silence()
        start = asyncio.get_running_loop().time()
        with pytest.raises(ModbusTimeoutError):
            await unit.read_holding_registers(0, 1)
        assert asyncio.get_running_loop().time() == pytest.approx(start + 5, abs=0.1)
        await connection.close()
        await asyncio.sleep(1)
        assert watch.traffic.connections_open == 0


@in_fake_time
async def test_the_device_lives_without_being_asked() -> None:
    """Second by second, and up to the moment of a request."""
    watch = Watch()
    async with serve_in_memory(watch) as server:
        await asyncio.sleep(1000)
        assert watch.clock.now == pytest.approx(1000, abs=1.01)
        assert watch.steps in {999, 1000}
        await asyncio.sleep(0.4)
        server.catch_up()
        assert watch.clock.now == pytest.approx(1000.4)
    await asyncio.sleep(10)
    assert watch.clock.now == pytest.approx(1000.4)


@in_fake_time
async def test_the_idle_and_the_third_are_sent_away() -> None:
    """The same rules as on a real network."""
    watch = Watch()
    async with serve_in_memory(watch) as server:
        first, second, third = (_open(server) for _ in range(3))
        lost: list[str] = []
        first.on_connection_lost(lambda: lost.append("first"))
        for connection in (first, second):
            assert await connection.for_unit(1).read_holding_registers(0, 1) == [0]
        with pytest.raises(ModbusError):
            await third.for_unit(1).read_holding_registers(0, 1)
        assert watch.traffic.connections_refused >= 1
        await asyncio.sleep(61)
        assert lost == ["first"]
        assert watch.traffic.connections_open == 0
        assert await first.for_unit(1).read_holding_registers(0, 1) == [61]


@BACKENDS
@in_fake_time
async def test_a_pulled_plug_is_noticed(backend: Backend) -> None:
    """Nobody listens until it is back; then the same connection works again."""
    watch = Watch()
    async with serve_in_memory(watch) as server:
        connection = _open(server, backend)
        unit = connection.for_unit(1)
        await unit.read_holding_registers(0, 1)
        await server.unplug()
        await asyncio.sleep(1)
        assert not connection.connected
        with pytest.raises(ModbusConnectionError):
            await unit.read_holding_registers(0, 1)
        await server.plug()
        assert await unit.read_holding_registers(0, 1) == [1]


@in_fake_time
async def test_a_lost_answer_on_a_serial_line_costs_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """What was asked takes effect, and the next request is answered."""
    watch = Watch()
    async with serve_serial_in_memory(watch) as server:
        params = ModbusSerialParams(device=server.url, baudrate=57600, stopbits=2)
        connection = TmodbusConnection(params, timeout=1.0)
        unit = connection.for_unit(1)
        watch.faults.inject("lose_answer")
        with pytest.raises(ModbusTimeoutError):
            await unit.read_holding_registers(0, 1)
        assert await unit.read_holding_registers(0, 1) == [1]
        await connection.close()
    # A task of the simulator that ends in an error of its own is only told here.
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


async def test_it_needs_a_loop_with_a_network() -> None:
    """The loop of an ordinary test has none."""
    with pytest.raises(TypeError, match="fake time"):
        network_of(asyncio.get_running_loop())


@in_fake_time
async def test_a_day_of_renewals() -> None:
    """A set-point renewed every 20 s survives a day in which every tenth request is lost."""
    eve = Eve(validity=60)
    eve.faults.inject("lose_request", every=10, times=None)
    lowest = 16.0
    async with serve_in_memory(eve) as server:
        connection = TmodbusConnection(
            ModbusTcpParams(host=server.host, port=server.port), timeout=5.0
        )
        unit = connection.for_unit(1)
        lost = 0
        for _ in range(86_400 // 20):
            try:
                await unit.write_registers(1210, [0x4180, 0])
            except ModbusTimeoutError:
                lost += 1
            await asyncio.sleep(20)
            lowest = min(lowest, eve.sockets[0].applied)
        assert lost == 432
        assert lowest == 16
        assert asyncio.get_running_loop().time() > 86_400
        await asyncio.sleep(61)
        assert eve.sockets[0].applied == 6
        await connection.close()
