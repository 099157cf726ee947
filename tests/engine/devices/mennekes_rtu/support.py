"""Simulated chargers on a serial line in memory, and an owner who looks after one."""

import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from modbus_connection import ModbusSerialParams, ModbusTcpParams, pymodbus, tmodbus

from custom_components.voltrail.engine.devices.mennekes_rtu import MennekesRtu
from custom_components.voltrail.engine.model.controls import Control
from custom_components.voltrail.engine.model.options import Options
from custom_components.voltrail.engine.model.points import Value
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
