"""Adapters that are pulled, gateways that start anew, and what is back when."""

import asyncio

import pytest
from modbus_connection import ModbusTcpParams, tmodbus
from pymodbus.constants import ExcCodes

from custom_components.voltrail.engine.devices.mennekes_rtu import MennekesRtu
from custom_components.voltrail.engine.model.errors import (
    DeviceSilentError,
    LinkDownError,
    WrongDeviceError,
)
from simulators.memory import MemoryServer, serve_in_memory
from simulators.mennekes_rtu import Bus, Compact, Satellite
from tests.fake_time import in_fake_time

from ..owner import Owner
from .support import Connection, connect, problems, serial_line, value

#: Seconds within which everything has to be as it was.
BACK_WITHIN = 10.0


async def until_read_again(owner: Owner[MennekesRtu]) -> float:
    """Wait for the next poll that succeeds; return how long that took."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    owner.read.clear()
    await owner.read.wait()
    return loop.time() - begun


@pytest.mark.parametrize("away", [3, 20, 600])
@in_fake_time
async def test_an_adapter_that_is_pulled_and_comes_back(away: float) -> None:
    """However long it was away: read, kept alive, and limited as before within 10 s."""
    simulated = Compact(fallback=6)
    simulated.set({"grid.noise": 0.0})
    simulated.car.plug_in()
    async with serial_line(simulated) as line:
        owner = Owner(line.device())
        async with owner as device:
            await device.point.set_current_limit(13)
            await asyncio.sleep(25)
            assert value(device, "current_offered") == 13
            await line.server.unplug()
            await asyncio.sleep(away)
            if away > 10:
                assert isinstance(owner.troubles[-1], LinkDownError)
                assert simulated.ems.fallback_active
            # Meanwhile somebody has been at it.
            simulated.ems.current = 16.0
            await line.server.plug()
            taken = await until_read_again(owner)
            assert taken < BACK_WITHIN
            assert not simulated.ems.fallback_active
            assert simulated.ems.silence < 5
            await asyncio.sleep(BACK_WITHIN - taken)
            assert simulated.ems.current == 13


@in_fake_time
async def test_two_chargers_come_back_together() -> None:
    """One adapter for both: none of them makes the other one wait."""
    first = Compact()
    second = Compact(unit_id=11, serial="13552020", clock=first.clock)
    async with serial_line(Bus(first, second)) as line:
        owners = Owner(line.device()), Owner(line.device(11))
        async with owners[0], owners[1]:
            await asyncio.sleep(30)
            await line.server.unplug()
            await asyncio.sleep(60)
            await line.server.plug()
            for taken in await asyncio.gather(*map(until_read_again, owners)):
                assert taken < BACK_WITHIN


@in_fake_time
async def test_another_charger_on_the_same_adapter_is_not_taken_for_the_old_one() -> None:
    """After the link was lost the serial number is looked at first, and nothing is ordered."""
    simulated = Compact()
    async with serial_line(simulated) as line:
        owner = Owner(line.device())
        async with owner as device:
            await device.point.set_current_limit(13)
            await asyncio.sleep(25)
            await line.server.unplug()
            await asyncio.sleep(25)
            simulated.box.serial = "99999999"
            simulated.ems.current = 8.0
            await line.server.plug()
            await asyncio.sleep(60)
            assert isinstance(owner.troubles[-1], WrongDeviceError)
            assert simulated.ems.current == 8


@pytest.mark.parametrize("rtu", [True, False])
@in_fake_time
async def test_behind_a_gateway_that_restarts(rtu: bool) -> None:  # noqa: FBT001 - a parameter
    """Modbus TCP or the bytes of the line: the connection is dropped and made again."""
    simulated = Compact()
    async with serve_in_memory(simulated, rtu=rtu) as server:
        connection = _connection(server, rtu=rtu)
        owner = Owner(MennekesRtu(connection.for_unit, 50))
        async with owner:
            await asyncio.sleep(25)
            await server.unplug()
            await asyncio.sleep(25)
            await server.plug()
            assert await until_read_again(owner) < BACK_WITHIN
            assert simulated.ems.silence < 5
        await connection.close()


@in_fake_time
async def test_a_gateway_that_forgot_its_connections() -> None:
    """The connection looks alive, and nobody answers on it any more: it is opened anew."""
    simulated = Compact()
    async with serve_in_memory(simulated, rtu=True) as server:
        connection = _connection(server, rtu=True)
        owner = Owner(MennekesRtu(connection.for_unit, 50))
        async with owner:
            await asyncio.sleep(25)
            before = simulated.traffic.connections_made
            # Only this connection is dead: what is asked on the next one is answered.
            fault = simulated.faults.inject("lose_request", times=None)
            await asyncio.sleep(9)
            assert simulated.traffic.connections_made > before
            fault.times = 0
            # Not the whole 10 s: they began with the last answer before.
            assert await until_read_again(owner) < BACK_WITHIN
            assert simulated.ems.silence < 5
        await connection.close()


@in_fake_time
async def test_a_gateway_that_tells_of_a_lost_answer() -> None:
    """Its exception 11 is no refusal: beats are repeated, and nothing is taken for missing."""
    simulated = Compact(fallback=8, unknown_unit=ExcCodes.GATEWAY_NO_RESPONSE)
    simulated.set({"charger.temperature": 21.0})
    async with serve_in_memory(simulated) as server:
        connection = _connection(server, rtu=False)
        owner = Owner(MennekesRtu(connection.for_unit, 50))
        for address in (0x0013, 0x0706, 0x030A):
            simulated.faults.inject("exception", address=address, code=11)
        async with owner as device:
            assert device.identity.serial == "13552019"
            assert "charger_maximum" in {control.path for control in device.controls()}
            await asyncio.sleep(20)
            for _ in range(10):
                simulated.faults.inject("exception", function=6, code=11, times=2)
                await asyncio.sleep(17)
            assert simulated.ems.longest_gap < 6
            assert not problems(device)
            # And one that is switched off is silent, not obstinate.
            simulated.box.satellite = Satellite.OFF
            await asyncio.sleep(60)
            assert isinstance(owner.troubles[-1], DeviceSilentError)
            assert not problems(device)
        await connection.close()


def _connection(server: MemoryServer, *, rtu: bool) -> Connection:
    if rtu:
        return connect(tmodbus.ModbusConnection, server)
    return tmodbus.ModbusConnection(ModbusTcpParams(host=server.host, port=server.port))
