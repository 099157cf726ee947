"""A charger met through a real client, behind a real socket."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from modbus_connection import ModbusTcpParams
from modbus_connection.tmodbus import ModbusConnection

from custom_components.voltrail.engine.devices.mennekes_tcp import MennekesTcp
from custom_components.voltrail.engine.model.controls import Control, NumberControl, SwitchControl
from custom_components.voltrail.engine.model.options import Options
from custom_components.voltrail.engine.polling.polled_device import Cadence
from simulators.device import SimulatedDevice
from simulators.memory import serve_in_memory
from simulators.server import serve


@asynccontextmanager
async def met(
    charger: SimulatedDevice,
    *,
    unit_id: int = 1,
    options: Options | None = None,
    memory: Mapping[str, Any] | None = None,
    in_memory: bool = False,
    polled: bool = True,
) -> AsyncIterator[MennekesTcp]:
    """Meet the charger, with what was remembered, and read everything once.

    In fake time it has to be met in memory; it then lives as time goes by.
    """
    async with serve_in_memory(charger) if in_memory else serve(charger) as server:
        connection = ModbusConnection(ModbusTcpParams(host=server.host, port=server.port))
        device = MennekesTcp(connection.for_unit, unit_id, options)
        if memory is not None:
            device.restore_state(memory)
        try:
            await device.identify()
            if polled:
                await poll(device)
            yield device
        finally:
            device.close()
            await connection.close()


async def poll(device: MennekesTcp) -> None:
    """Read everything, and reconcile with what the user asked for."""
    await device.poll(Cadence.MEASUREMENTS)
    await device.poll(Cadence.SETTINGS)
    await device.reconcile()


def value(device: MennekesTcp, path: str) -> object:
    """Return a value by its path."""
    (reading,) = [reading for reading in device.readings() if reading.path == path]
    assert device.available(reading.components), path
    return reading.read()


def paths(device: MennekesTcp) -> set[str]:
    """Return the paths of everything the charger shows."""
    return {reading.path for reading in device.readings()}


def control(device: MennekesTcp, key: str) -> Control:
    """Return a control by its key."""
    (found,) = [found for found in device.controls() if found.key == key]
    return found


def number(device: MennekesTcp, key: str) -> NumberControl:
    """Return a number by its key."""
    found = control(device, key)
    assert isinstance(found, NumberControl)
    return found


def switch(device: MennekesTcp, key: str) -> SwitchControl:
    """Return a switch by its key."""
    found = control(device, key)
    assert isinstance(found, SwitchControl)
    return found
