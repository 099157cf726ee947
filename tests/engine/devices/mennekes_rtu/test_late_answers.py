"""Answers that come too late: whatever they say, nobody may take it for something else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from random import Random

import pytest
from modbus_connection import ModbusError, ModbusUnit, pymodbus, tmodbus

from custom_components.voltrail.engine.devices.mennekes_rtu import MennekesRtu
from custom_components.voltrail.engine.model.errors import VoltrailError
from custom_components.voltrail.engine.model.points import Value
from custom_components.voltrail.engine.polling import keep_alive
from custom_components.voltrail.engine.polling.polled_device import Cadence
from custom_components.voltrail.engine.transport.serial_bus import SerialBus
from simulators.memory import serve_in_memory, serve_serial_in_memory
from simulators.mennekes_rtu import Compact
from tests.fake_time import in_fake_time

from .support import Connection, connect

#: Runs of four registers, each with other words: the answer to one fits every other one.
ALIKE = [
    (address, 4)
    for address in (
        *(0x0001, 0x0013, 0x0015, 0x0017, 0x001B, 0x0100, 0x0300, 0x0302, 0x0304),
        *(0x030D, 0x030E, 0x0310, 0x0500, 0x0504, 0x0506, 0x0508, 0x0B02, 0x1000),
    )
]


@dataclass(frozen=True, kw_only=True)
class Lateness:
    """How bad it is, for how long, and which part of the reads still has to succeed."""

    late: float
    most: float = 2.5
    requests: int = 10_000
    served: float
    gap: float = 6.0


LATENESS = {
    # One answer in twenty, as on a line with a busy gateway.
    "now_and_then": Lateness(late=0.05, requests=2_500, served=0.9),
    # No poll ends without one.
    "all_the_time": Lateness(late=0.3, served=0.3),
    # A charger that is hopelessly behind: next to nothing is heard of it, and all of it is true.
    # It has been given up after 12 s without any word of it, then beats come seldom, and one of
    # them may wait in the charger for 4 s: the largest gap of 80 such worlds was 12.9 s.
    "hopeless": Lateness(late=0.7, most=4.0, requests=2_500, served=0.0, gap=16.0),
}


@dataclass(kw_only=True)
class Tally:
    """What became of what was asked."""

    right: int = 0
    wrong: list[object] = field(default_factory=list)
    failed: int = 0


def motionless() -> Compact:
    """Return a charger of which nothing changes, and whose every number is telling."""
    simulated = Compact(fallback=8, switch_pause=17)
    simulated.set(
        {
            "grid.noise": 0.0,
            "grid.nominal_l1": 231.0,
            "grid.nominal_l2": 232.0,
            "grid.nominal_l3": 233.0,
            "session.duration": 777.0,
            "session.energy": 4242.0,
            "charger.downgrade_current": 9.5,
            "ems.current": 10.5,
        }
    )
    simulated.advance(40)
    return simulated


@asynccontextmanager
async def late_line(
    simulated: Compact, face: str, client: type[Connection]
) -> AsyncIterator[Connection]:
    """Put the charger on a serial line, or behind a gateway that passes its bytes on."""
    serving = (
        serve_serial_in_memory(simulated)
        if face == "serial"
        else serve_in_memory(simulated, rtu=True)
    )
    async with serving as server:
        connection = connect(client, server)
        try:
            yield connection
        finally:
            await connection.close()


async def read_alike(
    unit: ModbusUnit, random: Random, truth: dict[tuple[int, int], list[int]], tally: Tally
) -> None:
    """Read something that could be mistaken for anything else."""
    place = random.choice(ALIKE)
    try:
        words = await unit.read_holding_registers(*place)
    except ModbusError:
        tally.failed += 1
    else:
        if words == truth[place]:
            tally.right += 1
        else:
            tally.wrong.append((place, words))


def shown(device: MennekesRtu) -> dict[str, Value]:
    """Return everything that an entity could show now."""
    return {
        reading.path: reading.read()
        for reading in device.readings()
        if reading.path != "heartbeat_age" and device.available(reading.components)
    }


@pytest.mark.parametrize("client", [tmodbus.ModbusConnection, pymodbus.ModbusConnection])
@pytest.mark.parametrize("face", ["serial", "rtu_over_tcp"])
@pytest.mark.parametrize("lateness", LATENESS.values(), ids=LATENESS)
@in_fake_time
async def test_no_late_answer_is_ever_taken_for_another_one(
    client: type[Connection], face: str, lateness: Lateness
) -> None:
    """Polls and reads of every kind, thousands of answers too late, and not one wrong value."""
    simulated, random, tally = motionless(), Random(1), Tally()  # noqa: S311 - repeatable
    async with late_line(simulated, face, client) as connection:
        device = MennekesRtu(SerialBus().over(connection.for_unit), 50)
        await device.update()
        beating = asyncio.create_task(keep_alive.run(device.heartbeat))
        await asyncio.sleep(5)
        await device.poll(Cadence.MEASUREMENTS)
        expected = shown(device)
        truth = {place: simulated.unit().read(*place) for place in ALIKE}
        assert len({tuple(words) for words in truth.values()}) == len(ALIKE)
        simulated.set({"line.late": lateness.late, "line.late_most": lateness.most})
        simulated.traffic.clear()
        while simulated.traffic.requests < lateness.requests:
            with suppress(VoltrailError):
                await device.poll(random.choice([Cadence.MEASUREMENTS, Cadence.SETTINGS]))
            tally.wrong += [one for one in shown(device).items() if expected[one[0]] != one[1]]
            for _ in range(5):
                await read_alike(device.modbus_unit, random, truth, tally)
                await asyncio.sleep(random.choice([0, 0, 0.1, 1]))
        beating.cancel()
        device.close()
    assert not tally.wrong
    assert simulated.line.delayed > lateness.late * lateness.requests / 2
    assert tally.right >= lateness.served * (tally.right + tally.failed)
    assert simulated.ems.longest_gap < lateness.gap


@pytest.mark.parametrize("client", [tmodbus.ModbusConnection, pymodbus.ModbusConnection])
@in_fake_time
async def test_without_the_quiet_line_values_are_wrong(client: type[Connection]) -> None:
    """What the test above proves absent is there as soon as the line is not looked after."""
    simulated, random, tally = motionless(), Random(1), Tally()  # noqa: S311 - repeatable
    async with late_line(simulated, "serial", client) as connection:
        unit = connection.for_unit(50)
        unit.require_timeout(1.0)
        truth = {place: simulated.unit().read(*place) for place in ALIKE}
        simulated.set({"line.late": 0.3})
        for _ in range(500):
            await read_alike(unit, random, truth, tally)
    assert tally.wrong
