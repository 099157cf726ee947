"""The one connection: opened with patience, never silent for long, and healed unnoticed."""

import asyncio
from typing import Any, override

import pytest
from modbus_connection import pymodbus, tmodbus

from custom_components.voltrail.engine.model.errors import LinkDownError, WrongDeviceError
from custom_components.voltrail.engine.model.options import Options
from custom_components.voltrail.engine.polling.polled_device import Cadence
from simulators.alfen import Eve
from tests.fake_time import FakeTimeLoop, run

from ..owner import Owner
from .support import Connection, connected, poll_everything


def test_the_connection_is_never_silent_for_a_minute() -> None:
    """However rarely it is polled: a station that hangs up lets nobody in for a while."""

    async def story(scan_interval: float) -> Eve:
        eve = Eve()
        options = Options(scan_interval=scan_interval)
        async with connected(eve, options) as (device, _, _):
            owner = Owner(device, scan_interval=scan_interval)
            await owner.start()
            await asyncio.sleep(3600)
            await owner.stop()
        assert not eve.traffic.writes
        return eve

    for scan_interval in (10, 45, 120, 300):
        eve = run(story(scan_interval))
        assert eve.traffic.connections_made == 1, scan_interval
        # Only where polls alone would not do.
        beside = sum(read.address == 1100 for read in eve.traffic.reads) - 3600 / scan_interval
        assert beside == pytest.approx(80 if scan_interval > 45 else 0, abs=5)


@pytest.mark.parametrize("client", [tmodbus.ModbusConnection, pymodbus.ModbusConnection])
def test_a_station_that_lets_no_client_in_for_ten_seconds(client: type[Connection]) -> None:
    """Newer firmware takes that long to accept a connection."""

    class Slow(FakeTimeLoop):
        """Connections take nearly ten seconds."""

        @override
        async def create_connection(self, *args: Any, **options: Any) -> Any:
            await asyncio.sleep(9.8)
            return await super().create_connection(*args, **options)

    async def story() -> None:
        async with connected(Eve(), client=client) as (device, _, _):
            await poll_everything(device)
            assert asyncio.get_running_loop().time() == pytest.approx(10, abs=0.2)
            assert not device.failures

    with asyncio.Runner(loop_factory=Slow) as runner:
        runner.run(story())


async def test_another_station_at_the_same_address_is_told_nothing() -> None:
    """Addresses get reused: after a lost link it is asked who it is before it is written to."""
    eve = Eve()
    serial = eve.station.serial
    async with connected(eve) as (device, server, _):
        await poll_everything(device)
        point = device.sockets[0]
        await point.set_current_limit(16)
        await server.unplug()
        eve.station.serial = "ACE0099999"
        await server.plug()
        eve.traffic.clear()
        for _ in range(2):
            with pytest.raises((WrongDeviceError, LinkDownError)):
                await point.set_current_limit(20)
        with pytest.raises(WrongDeviceError):
            await point.pause()
        assert not eve.traffic.writes
        # Nobody paused the right one.
        eve.station.serial = serial
        await device.poll(Cadence.MEASUREMENTS)
        assert point.target.current == 16
        assert not point.target.paused


async def test_an_idle_connection_is_closed_and_opened_again_unnoticed() -> None:
    """After a minute without a request the station hangs up; the next poll just works."""
    eve = Eve()
    async with connected(eve) as (device, _, connection):
        await device.poll(Cadence.MEASUREMENTS)
        eve.advance(61)
        for _ in range(100):
            if not connection.connected:
                break
            await asyncio.sleep(0.01)
        assert not connection.connected
        await device.poll(Cadence.MEASUREMENTS)
        assert not device.failures
        assert eve.traffic.connections_made == 2
