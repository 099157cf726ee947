"""Reading a station over a real socket: its values, its requests, its trouble."""

import asyncio
import re
from pathlib import Path
from typing import Final

import pytest
from modbus_connection import pymodbus, tmodbus
from modbus_connection.mock import MockModbusConnection

from custom_components.voltrail.engine.devices.alfen import Alfen
from custom_components.voltrail.engine.devices.alfen.states import Mode3State
from custom_components.voltrail.engine.model.controls import NumberControl, SelectControl
from custom_components.voltrail.engine.model.errors import (
    DeviceSilentError,
    LinkDownError,
    UnknownDeviceError,
    WrongDeviceError,
)
from custom_components.voltrail.engine.model.points import UnknownCode
from custom_components.voltrail.engine.polling.polled_device import Cadence
from simulators.alfen import DataSource, Eve, MeterKind, Platform, ScnBlock, sample
from simulators.registers import text
from simulators.traffic import Request
from simulators.unit import Unit
from tests.fake_time import run

from .support import (
    Connection,
    Direct,
    alfen,
    connected,
    control,
    loop_clock,
    poll_everything,
    problem_keys,
    value,
)
from .test_registers import load, load_recorded

# Names of the simulator's registers, where they are not the engine's.
SOCKET_WORDS: Final = {
    "mode3_text": "mode3_state",
    "current_offered": "applied_current",
    "setpoint_validity": "remaining",
    "setpoint_accounted_for": "accounted",
    "phases_reported": "phases",
    "neutral_current": "current_neutral",
    "current_sum": "current",
    "energy_charged": "energy_delivered",
    "energy_charged_l1": "energy_delivered_l1",
    "energy_charged_l2": "energy_delivered_l2",
    "energy_charged_l3": "energy_delivered_l3",
}
STATION_WORDS: Final = {
    "maximum_current": "max_current",
    "backoffice_state": "ocpp_state",
    "device_name": "name",
    "platform": "platform_type",
    "serial_number": "serial",
    "network_name": "scn_name",
    "network_sockets": "scn_sockets",
    "network_safe_current": "scn_safe_current",
    "network_control_enabled": "scn_enabled",
    **{
        f"{ours}_l{phase}": f"{theirs}_l{phase}"
        for ours, theirs in (
            ("network_consumed", "scn_consumption"),
            ("network_applied_limit", "scn_actual_limit"),
            ("network_ems_limit", "scn_limit"),
            ("network_validity", "scn_remaining"),
        )
        for phase in (1, 2, 3)
    },
}
# The engine's unit, as a multiple of the register's.
SCALES: Final = {"meter_age": 0.001, "uptime": 0.001, "utc_offset": 60}

# Worked out by the engine, so that no register holds them.
WORKED_OUT: Final = {
    "mode3_state",
    "meter_fault",
    "charging_state",
    "blocked_by",
    "limited_by",
    "phases_in_use",
    "safe_current_active",
    "communication_timeout",
    "session_energy",
    "session_duration",
    "session_start",
    "protocol_version",
    "station_clock",
    "boot_time",
    "network_safe_current_active",
}


def busy_double() -> Eve:
    """A station with two sockets in a network, one car on three phases and one on one."""
    eve = Eve(sockets=2, source=DataSource.SCN)
    left, right = eve.sockets
    left.car.plug_in()
    right.car.plug_in()
    right.car.phases = 1
    for limit in eve.scn.limits:
        limit.write(32)
    eve.advance(50)
    return eve


def in_america() -> Eve:
    """A station whose clock is behind the world's."""
    eve = Eve()
    eve.station.utc_offset = -300
    return eve


@pytest.mark.parametrize(
    "make",
    [
        sample,
        busy_double,
        lambda: Eve(platform=Platform.AHP),
        lambda: Eve(single_phase=True),
        lambda: Eve(meter_kind=MeterKind.SPARSE),
        in_america,
    ],
    ids=["recorded", "double in a network", "AHP", "one phase", "sparse meter", "west of London"],
)
async def test_every_value_is_the_simulators(make: object) -> None:
    """Each register value equals what the simulated station says of itself."""
    assert callable(make)
    eve: Eve = make()
    compared: set[tuple[int, str]] = set()
    async with connected(eve) as (device, _, _):
        await poll_everything(device)
        for reading in device.readings():
            if reading.name in WORKED_OUT:
                continue
            number = 200 if reading.part is None else reading.part.number
            assert number is not None
            names = STATION_WORDS if reading.part is None else SOCKET_WORDS
            name = names.get(reading.name, reading.name)
            expected = eve.register(name, number).value
            if isinstance(expected, int | float):
                expected *= SCALES.get(reading.name, 1)
                assert reading.read() == pytest.approx(expected, rel=1e-6), reading.path
            else:
                assert reading.read() == expected, reading.path
            compared.add((number, name))
    every = {
        (unit_id, str(row["name"])) for unit_id, unit in eve.units.items() for row in unit.table()
    }
    # The clock's parts, the manufacturer and the table version are shown put together.
    missing = {name for _, name in every - compared}
    assert missing == {
        *("year", "month", "day", "hour", "minute", "second"),
        *("manufacturer", "table_version"),
    }


async def test_names_of_the_older_library_lead_to_values() -> None:
    """Each name that the page of the library gives has a value of a station in a network."""
    page = (Path(__file__).parents[4] / "docs" / "library.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `(\w+)` \| `([\w/]+)` \|", page, re.MULTILINE)
    async with connected(busy_double()) as (device, _, _):
        await poll_everything(device)
        known = {reading.path: reading for reading in device.readings()}
        assert len(named) > 80
        for there, path in named:
            assert known[path].read() is not None, there


async def test_what_is_worked_out() -> None:
    """The values that no register holds."""
    async with connected(busy_double()) as (device, _, _):
        await poll_everything(device)
        assert value(device, "socket_1/charging_state") == "charging"
        assert value(device, "socket_2/charging_state") == "charging"
        assert value(device, "socket_1/blocked_by") == "nothing"
        assert value(device, "socket_1/phases_in_use") == 3
        assert value(device, "socket_2/phases_in_use") == 1
        assert value(device, "socket_2/mode3_state") is Mode3State.C2
        assert value(device, "network_safe_current_active") is False
        assert value(device, "protocol_version") == "1"
        # In a network the set-points of sockets are not what counts, and that is no problem.
        assert value(device, "socket_1/setpoint_accounted_for") is False
        for _ in range(4):
            await device.poll(Cadence.MEASUREMENTS)
        assert not problem_keys(device)


def counted(eve: Eve) -> list[tuple[int, int, int]]:
    """Return unit, address and length of every read since the last look, and forget them."""
    reads = [(read.unit, read.address, read.length) for read in eve.traffic.reads]
    eve.traffic.clear()
    return reads


@pytest.mark.parametrize("sockets", [1, 2])
async def test_requests(sockets: int) -> None:
    """Two requests per socket and one for the station; everything: three and three."""
    eve = Eve(sockets=sockets)
    units = range(1, sockets + 1)
    async with connected(eve) as (device, _, _):
        await device.identify()
        assert counted(eve) == [(200, 100, 79), (200, 1100, 6), (200, 1400, 32)]

        await device.poll(Cadence.MEASUREMENTS)
        measuring = [read for unit in units for read in ((unit, 1200, 16), (unit, 300, 62))]
        assert counted(eve) == [*measuring, (200, 1100, 6)]

        await device.poll(Cadence.SETTINGS)
        assert counted(eve) == [*((unit, 362, 64) for unit in units), (200, 1400, 32)]

        for cadence in Cadence:
            await device.poll(cadence)
        reads = counted(eve)
        assert len(reads) == len(set(reads)) == 3 * sockets + 3
        for unit in units:
            assert sum(read[0] == unit for read in reads) == 3
        assert not eve.traffic.refusals
        # Nothing is watched by any entity: what the device itself needs is still read.
        await device.poll(Cadence.MEASUREMENTS, ())
        assert counted(eve) == [*measuring, (200, 1100, 6)]
        assert eve.traffic.connections_most == 1


def test_the_product_block_is_read_once_an_hour() -> None:
    """Clock and uptime are read along with the settings, every hour."""

    async def story() -> None:
        link = Direct(Eve())
        device = Alfen(link.for_unit, 200, clock=loop_clock)
        await device.identify()
        link.log.clear()
        for _ in range(180):
            await asyncio.sleep(60)
            await device.poll(Cadence.SETTINGS)
        assert sum(request.address == 100 for request in link.log) == 3

    run(story())


@pytest.mark.parametrize("client", [tmodbus.ModbusConnection, pymodbus.ModbusConnection])
@pytest.mark.parametrize("kind", ["short", "empty"])
async def test_a_short_answer_is_asked_for_once_more(kind: str, client: type[Connection]) -> None:
    """Answers with too few registers are repeated at once, at the meeting and in polls."""
    eve = Eve()
    async with connected(eve, client=client) as (device, _, _):
        eve.faults.inject(kind, times=1, unit=200, address=100)
        eve.faults.inject(kind, times=1, unit=200, address=1105)
        await device.identify()
        assert len(counted(eve)) == 5
        eve.faults.inject(kind, times=1, unit=1, address=300)
        await device.poll(Cadence.MEASUREMENTS)
        assert len(counted(eve)) == 4
        assert not device.failures
        assert value(device, "socket_1/voltage_l1") is not None


async def test_firmware_650_is_read_in_spite_of_its_short_answers() -> None:
    """A part of all reads comes back short; hardly a value is lost over it."""
    eve = Eve(firmware="6.5.0-4321", short_answers=0.1, seed=7)
    async with connected(eve) as (device, _, _):
        polls = lost = 0
        for _ in range(150):
            await device.poll(Cadence.MEASUREMENTS)
            polls += 1
            lost += len(device.failures)
        assert eve.traffic.requests > 3.1 * polls
        # Both of two answers in a row: one in a hundred.
        assert lost < 3 * polls * 0.05


@pytest.mark.parametrize(
    ("unit", "address", "failed", "alive"),
    [
        (1, 300, "socket_1_meter", "socket_1/mode3_state"),
        (1, 1200, "socket_1_status", "socket_1/voltage_l1"),
        (1, 362, "socket_1_energy", "socket_1/power"),
        (2, 300, "socket_2_meter", "socket_1/voltage_l1"),
        (200, 1100, "station", "socket_2/voltage_l1"),
        (200, 1400, "network", "temperature"),
    ],
)
async def test_one_failing_block_takes_down_its_own_values(
    unit: int, address: int, failed: str, alive: str
) -> None:
    """The other blocks go on, and what failed comes back by itself."""
    eve = Eve(sockets=2)
    async with connected(eve) as (device, _, _):
        await poll_everything(device)
        eve.faults.inject("exception", times=None, unit=unit, address=address)
        await poll_everything(device)
        assert set(device.failures) == {failed}
        (reading,) = (one for one in device.readings() if one.path == alive)
        assert device.available(reading.components)
        gone = [one for one in device.readings() if failed in one.components]
        assert gone
        assert not any(device.available(one.components) for one in gone)
        eve.faults.clear()
        await poll_everything(device)
        assert not device.failures
        assert all(device.available(one.components) for one in device.readings())


async def test_what_could_not_be_read_does_not_sleep() -> None:
    """Of a block that did not answer nobody knows which values this meter has."""
    eve = sample()
    async with connected(eve) as (device, _, _):
        eve.faults.inject("exception", times=None, unit=1, address=300)
        await poll_everything(device)
        power = device.reading("socket_1/power_l1")
        assert power.read() is None
        assert not device.unseen(power)
        eve.faults.clear()
        await poll_everything(device)
        assert device.unseen(power)


async def test_a_station_block_that_fails_at_the_meeting() -> None:
    """The station is met all the same; a second socket is found when the block answers."""
    eve = Eve(sockets=2)
    eve.faults.inject("exception", times=None, unit=200, address=1100)
    async with connected(eve) as (device, _, _):
        await device.poll(Cadence.MEASUREMENTS)
        before = device.layout
        assert [part.key for part in device.parts()] == ["socket_1"]
        eve.faults.clear()
        await device.poll(Cadence.MEASUREMENTS)
        assert device.layout != before


@pytest.mark.parametrize("block", [ScnBlock.REFUSED, ScnBlock.DROPS])
def test_a_station_without_a_network(block: ScnBlock) -> None:
    """Whether it refuses or hangs up: there is no network, and everything else works."""

    async def story() -> None:
        eve = Eve(scn_block=block)
        async with connected(eve) as (device, _, _):
            started = asyncio.get_running_loop().time()
            await poll_everything(device)
            # No request was sent into a connection that was being closed.
            assert asyncio.get_running_loop().time() - started < Alfen.request_timeout
            assert device.network_limits is None
            assert len(list(device.keep_alives())) == 1
            assert not problem_keys(device)
            assert not any(one.name.startswith("network") for one in device.readings())
            assert value(device, "socket_1/voltage_l1") is not None
            assert not device.failures
            # It is not asked for again.
            counted(eve)
            await poll_everything(device)
            assert not any(address == 1400 for _, address, _ in counted(eve))

    run(story())


def test_a_silent_network_block_is_no_network() -> None:
    """A block that is never answered costs the meeting one time-out and nothing else."""

    async def story() -> None:
        eve = Eve()
        async with connected(eve) as (device, _, _):
            eve.faults.inject("lose_request", times=None, unit=200, address=1400)
            await poll_everything(device)
            assert device.network_limits is None
            assert not device.failures

    run(story())


@pytest.mark.parametrize("kind", ["short", "empty"])
async def test_a_network_that_answers_too_little_at_first(kind: str) -> None:
    """A short answer at the meeting is asked for once more here as well."""
    eve = Eve(source=DataSource.SCN)
    async with connected(eve) as (device, _, _):
        eve.faults.inject(kind, times=1, unit=200, address=1400)
        await device.identify()
        assert counted(eve)[2:] == [(200, 1400, 32)] * 2
        assert device.network_in_force is not None
        assert value(device, "network_name") == "VILLAGE"


def test_a_network_that_is_known_is_not_forgotten_over_a_lost_request() -> None:
    """What it was asked for stays in force; only a refusal says that the network is gone."""

    async def story() -> None:
        eve = Eve(source=DataSource.SCN)
        async with connected(eve) as (device, _, _):
            await poll_everything(device)
            await control(device, "network_ems_limit_l1", NumberControl).write(20)
            memory = device.dump_state()
        async with connected(eve) as (device, _, _):
            device.restore_state(memory)
            eve.faults.inject("lose_request", times=1, unit=200, address=1400)
            await device.identify()
            assert not device.available(("network",))
            await poll_everything(device)
            assert device.available(("network",))
            assert device.dump_state()["network"]["1"] == {"wish": 20, "sent": 20}
        eve.ems.source, eve.scn.block = DataSource.SOCKET, ScnBlock.REFUSED
        async with connected(eve) as (device, _, _):
            device.restore_state(memory)
            await poll_everything(device)
            assert device.network_limits is None
            assert "network" not in device.dump_state()

    run(story())


async def test_a_second_socket_that_is_known_is_there_at_once() -> None:
    """The block that counts the sockets may fail; then there are as many as there were."""
    eve = Eve(sockets=2)
    async with connected(eve) as (device, _, _):
        await poll_everything(device)
        memory = device.dump_state()
    eve.faults.inject("exception", times=None, unit=200, address=1100)
    async with connected(eve) as (device, _, _):
        device.restore_state(memory)
        await poll_everything(device)
        before = device.layout
        assert [part.key for part in device.parts()] == ["socket_1", "socket_2"]
        eve.faults.clear()
        await poll_everything(device)
        assert device.layout == before


def test_a_lost_request_does_not_end_the_meeting() -> None:
    """Who the station is and how many sockets it has is asked for once more."""

    async def story() -> None:
        eve = Eve(sockets=2)
        for address in (100, 1105):
            eve.faults.inject("lose_request", times=1, unit=200, address=address)
        async with connected(eve) as (device, _, _):
            assert (await device.identify()).serial == "ACE0012345"
            assert len(device.sockets) == 2

    run(story())


async def test_a_network_that_is_switched_on_later() -> None:
    """The layout changes, so that the limits of the network are offered."""
    eve = Eve()
    async with connected(eve) as (device, _, _):
        await poll_everything(device)
        before = device.layout
        assert not any(one.key.startswith("network") for one in device.controls())
        eve.ems.source = DataSource.SCN
        await poll_everything(device)
        assert device.layout != before
        assert sum(one.key.startswith("network") for one in device.controls()) == 3


async def test_parts() -> None:
    """The sockets are parts of the station, without an identity of their own."""
    async with connected(Eve(sockets=2)) as (device, _, _):
        await poll_everything(device)
        parts = list(device.parts())
        assert [(part.key, part.word, part.number) for part in parts] == [
            ("socket_1", "socket", 1),
            ("socket_2", "socket", 2),
        ]
        assert all(part.identity is None for part in parts)
        assert [point.part for point in device.charge_points()] == parts


async def test_no_station_is_there() -> None:
    """A refused connection is told as such."""
    eve = Eve()
    async with connected(eve) as (device, server, _):
        await server.unplug()
        with pytest.raises(LinkDownError):
            await device.identify()
        await server.plug()
        assert (await device.identify()).serial == "ACE0012345"


def test_a_station_that_falls_silent() -> None:
    """Two time-outs say that nobody is there; it comes back by itself."""

    async def story() -> None:
        eve = Eve()
        link = Direct(eve)
        device = Alfen(link.for_unit, 200)
        await device.poll(Cadence.MEASUREMENTS)
        eve.reachable = False
        link.log.clear()
        with pytest.raises(DeviceSilentError):
            await device.poll(Cadence.MEASUREMENTS)
        assert len(link.log) == 2
        eve.reachable = True
        await device.poll(Cadence.MEASUREMENTS)
        assert not device.failures

    run(story())


async def test_something_else_answers() -> None:
    """A device of another make is refused by name."""
    eve = Eve(platform_type="XY1")
    # The document fixes the manufacturer; this one is somebody else.
    async with connected(eve) as (device, _, _):
        assert (await device.identify()).manufacturer == "Alfen NV"
    eve.units[200] = Unit([text(100, 79, "all", "\0" * 34 + "Somebody")])
    async with connected(eve) as (device, _, _):
        with pytest.raises(UnknownDeviceError, match="Somebody"):
            await device.identify()
    eve.units[200] = Unit([text(100, 79, "all", "\0" * 158)])
    async with connected(eve) as (device, _, _):
        with pytest.raises(UnknownDeviceError, match="without a name"):
            await device.identify()


async def test_another_station_at_the_same_address() -> None:
    """After the link was lost the serial number is compared before anything else."""
    eve = Eve(serial="ACE0000001")
    async with connected(eve) as (device, _, _):
        await device.poll(Cadence.MEASUREMENTS)
        eve.station.serial = "ACE0000002"
        eve.drop_clients()
        await asyncio.sleep(0.05)
        with pytest.raises(WrongDeviceError) as wrong:
            await device.poll(Cadence.MEASUREMENTS)
        assert wrong.value.details == {"expected": "ACE0000001", "found": "ACE0000002"}


async def test_an_unknown_meter_type_is_kept() -> None:
    """A code that the document does not name is shown as it is."""
    connection = MockModbusConnection()
    load_recorded(connection)
    load(connection.for_unit(1), 305, [9])
    device = Alfen(connection.for_unit, 200)
    await poll_everything(device)
    found = value(device, "socket_1/meter_type")
    assert isinstance(found, UnknownCode)
    assert found == 9


@pytest.mark.parametrize(("state", "fault"), [(3, False), (7, True), (11, True), (0, False)])
async def test_meter_fault(state: int, fault: bool) -> None:  # noqa: FBT001 - a case
    """Warning and error bits of the meter are one problem."""
    eve = Eve()
    (socket,) = eve.sockets
    socket.meter.warning, socket.meter.error = bool(state & 4), bool(state & 8)
    async with connected(eve) as (device, _, _):
        await poll_everything(device)
        assert value(device, "socket_1/meter_fault") is fault


async def test_controls_of_single_phase_hardware() -> None:
    """No phases to choose from where only one is connected."""
    async with connected(Eve(single_phase=True)) as (device, _, _):
        await poll_everything(device)
        assert not any(isinstance(one, SelectControl) for one in device.controls())
        assert [one.path for one in device.controls()] == [
            "socket_1/current_limit",
            "socket_1/power_limit",
            "socket_1/charging",
        ]
        assert any(isinstance(one, NumberControl) for one in device.controls())


async def test_a_counter_that_has_counted_never_stands_at_0() -> None:
    """A meter that is just starting says 0, and thousands of kWh would be booked a moment later."""
    eve = Eve()
    link = Direct(eve)
    carry = link.carry
    starting = False

    async def started_anew(request: Request) -> list[int]:
        answer = await carry(request)
        return [0] * len(answer) if starting and request.address == 362 else answer

    link.carry = started_anew  # type: ignore[method-assign]  # a meter that starts
    device = alfen(link)
    await poll_everything(device)
    counted = value(device, "socket_1/energy_charged")
    assert counted
    starting = True
    await poll_everything(device)
    assert value(device, "socket_1/energy_charged") is None
    # After a power cut both of us have just started.
    again = alfen(link, device.dump_state())
    await poll_everything(again)
    assert value(again, "socket_1/energy_charged") is None
    starting = False
    for each in (device, again):
        await poll_everything(each)
        assert value(each, "socket_1/energy_charged") == counted
    # A new charger has counted nothing, and says so.
    starting = True
    new = alfen(link)
    await poll_everything(new)
    assert value(new, "socket_1/energy_charged") == 0
