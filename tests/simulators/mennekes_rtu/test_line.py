"""The line itself: noise, late answers, neighbours, and a cable that is pulled."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from modbus_connection import (
    ModbusError,
    ModbusSerialParams,
    ModbusTcpParams,
    ModbusTimeoutError,
    ModbusUnit,
)
from modbus_connection.pymodbus import ModbusConnection as PymodbusConnection
from modbus_connection.tmodbus import ModbusConnection as TmodbusConnection
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.constants import ExcCodes

from simulators.device import SimulatedDevice
from simulators.memory import MemoryServer, Timing, serve_in_memory, serve_serial_in_memory
from simulators.mennekes_rtu import Bus, Compact
from simulators.server import LineSettings, serve, serve_pty
from tests.fake_time import in_fake_time
from tests.simulators.mennekes_rtu.support import Master
from tests.simulators.wire import connected


@asynccontextmanager
async def on_a_line(
    device: SimulatedDevice, timing: Timing | None = None, *, patience: float = 1.0
) -> AsyncIterator[tuple[MemoryServer, ModbusUnit]]:
    """Connect to unit 50 on a line in memory."""
    async with serve_serial_in_memory(device, timing) as line:
        params = ModbusSerialParams(device=line.url, baudrate=57600, stopbits=2)
        connection = TmodbusConnection(params, timeout=patience)
        try:
            yield line, connection.for_unit(50)
        finally:
            await connection.close()


@pytest.mark.parametrize(
    ("rates", "shorter", "longer"),
    [
        ({"dropped": 0.01}, True, False),
        ({"repeated": 0.01}, False, True),
        ({"corrupted": 0.01}, False, False),
    ],
)
def test_noise_hits_as_often_as_asked(
    rates: dict[str, float], *, shorter: bool, longer: bool
) -> None:
    """One byte in a hundred, whatever the pieces in which they travel."""
    charger = Compact(seed=7)
    charger.set({f"line.{name}": rate for name, rate in rates.items()})
    line = charger.line
    sent = bytes(range(256)) * 400
    arrived = b"".join(line.carry(sent[at : at + 37]) for at in range(0, len(sent), 37))
    assert line.spoilt == pytest.approx(len(sent) / 100, rel=0.1)
    assert (len(arrived) < len(sent), len(arrived) > len(sent)) == (shorter, longer)
    if "corrupted" in rates:
        wrong = [one ^ other for one, other in zip(sent, arrived, strict=True) if one != other]
        assert len(wrong) == line.spoilt
        assert all(bits.bit_count() == 1 for bits in wrong)


def test_noise_can_be_certain_and_absent() -> None:
    """The ends of the scale, and changes in between."""
    line = Compact(seed=7).line
    assert line.carry(b"quiet") == b"quiet"
    line.dropped = 1.0
    assert line.carry(b"gone") == b""
    line.dropped = 0.0
    assert line.carry(b"quiet") == b"quiet"
    line.repeated = 1.0
    assert line.carry(b"ab") == b"aabb"


@in_fake_time
async def test_noise_costs_answers_and_never_changes_them() -> None:
    """Check sums catch what is spoilt on either way; heartbeats that are answered have arrived."""
    charger = Compact(seed=5, fallback=1)
    charger.set({"line.dropped": 3e-4, "line.repeated": 3e-4, "line.corrupted": 3e-4})
    beats = failures = 0
    async with on_a_line(charger) as (_, unit):
        for _ in range(1000):
            try:
                await unit.write_register(0x0D00, 0x55AA)
                beats += 1
                assert await unit.read_holding_registers(0x0300, 8) == [
                    *(0x40C0, 0, 0, 0, 0x427C, 0, 0x4180, 0),
                ]
            except ModbusError:
                failures += 1
            await asyncio.sleep(2)
    assert charger.line.spoilt > 20
    assert 10 < failures < 200
    assert beats <= charger.ems.heartbeats <= beats + failures
    assert charger.ems.longest_gap > 3


@in_fake_time
async def test_bytes_take_their_time() -> None:
    """A long block takes longer than a short one, by 11 bits to a byte."""
    async with on_a_line(Compact(), Timing(turnaround=0.010)) as (_, unit):
        loop = asyncio.get_running_loop()
        await unit.read_holding_registers(0x0100, 1)
        start = loop.time()
        await unit.read_holding_registers(0x0500, 20)
        took = loop.time() - start
        assert took == pytest.approx((8 + 3.5 + 45) * 11 / 57600 + 0.010, abs=0.002)


@pytest.mark.parametrize("chunk", [1, 7, 62])
@in_fake_time
async def test_adapters_hand_over_pieces(chunk: int) -> None:
    """A frame that arrives in parts is the same frame."""
    async with on_a_line(Compact(), Timing(chunk=chunk)) as (_, unit):
        assert len(await unit.read_holding_registers(0x0500, 20)) == 20


@in_fake_time
async def test_who_talks_into_an_answer_destroys_both() -> None:
    """Two wires carry one voice."""
    charger = Compact()
    charger.set({"line.late": 1, "line.late_least": 0.199, "line.late_most": 0.199})
    async with on_a_line(charger, patience=0.205) as (line, unit):
        with pytest.raises(ModbusTimeoutError):
            await unit.read_holding_registers(0x0500, 20)
        with pytest.raises(ModbusError):
            await unit.read_holding_registers(0x0B00, 6)
        assert line.collisions > 0
        charger.set({"line.late": 0})
        await asyncio.sleep(1)
        assert len(await unit.read_holding_registers(0x0B00, 6)) == 6


@pytest.mark.filterwarnings("ignore:ModbusTcpParams:DeprecationWarning")
@in_fake_time
async def test_a_late_answer_is_taken_for_the_next_one() -> None:
    """Frames carry no transaction number: who does not wait reads another block's numbers."""
    charger = Compact(seed=2)
    charger.set({"line.late": 0.2, "line.late_least": 0.3, "line.late_most": 1.5})
    wrong = 0
    async with serve_serial_in_memory(charger) as line:
        params = ModbusTcpParams(host=line.host, port=line.port, framer="rtu")
        unit = PymodbusConnection(params, timeout=0.3).for_unit(50)
        for _ in range(100):
            for address, expected in ((0x0304, 0x427C), (0x0306, 0x4180)):
                try:
                    words = await unit.read_holding_registers(address, 2)
                except ModbusError:
                    continue
                wrong += words[0] != expected
    assert charger.line.delayed > 20
    assert wrong > 5


@in_fake_time
async def test_late_answers_stay_in_order() -> None:
    """The charger does one thing after the other."""
    charger = Compact()
    charger.set({"line.late": 1, "line.late_least": 1, "line.late_most": 1})
    async with serve_in_memory(charger, rtu=True) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(bytes.fromhex("3203010000018035"))
        await asyncio.sleep(0.1)
        charger.set({"line.late": 0})
        writer.write(bytes.fromhex("32060D0055AA318A"))
        await asyncio.sleep(0.5)
        assert charger.ems.heartbeats == 1
        assert (await reader.readexactly(7))[:5] == bytes.fromhex("3203020001")
        assert await reader.readexactly(8) == bytes.fromhex("32060D0055AA318A")
        writer.close()


@in_fake_time
async def test_two_chargers_share_a_line() -> None:
    """Each has its heartbeat; who is not there is silent."""
    one = Compact(serial="1")
    two = Compact(unit_id=11, serial="2", model="Compact 2.0s 22", clock=one.clock)
    bus = Bus(one, two)
    async with on_a_line(bus) as (line, unit):
        params = ModbusSerialParams(device=line.url, baudrate=57600, stopbits=2)
        other = TmodbusConnection(params, timeout=1.0).for_unit(11)
        silent = TmodbusConnection(params, timeout=1.0).for_unit(12)
        await unit.write_register(0x0D00, 0x55AA)
        await asyncio.sleep(6)
        await other.write_register(0x0D00, 0x55AA)
        assert (await unit.read_holding_registers(0x0013, 8))[-1] == 0x5F31
        assert (await other.read_holding_registers(0x0013, 8))[-1] == 0x5F32
        await other.write_register(0x0D06, 1)
        assert (one.ems.locked, two.ems.locked) == (False, True)
        with pytest.raises(ModbusTimeoutError):
            await silent.read_holding_registers(0x0100, 1)
        assert bus.traffic.foreign == 1
        await asyncio.sleep(5)
        assert (one.box.error_code, two.box.error_code) == (200, 0)
        two.do("power_cycle")
        with pytest.raises(ModbusTimeoutError):
            await other.read_holding_registers(0x0100, 1)


def test_a_bus_names_its_chargers() -> None:
    """The first as if it was alone, the second by its unit id; the line is one."""
    one = Compact()
    two = Compact(unit_id=11, clock=one.clock)
    bus = Bus(one, two)
    bus.set({"car_11.plugged": True, "line.dropped": 0.5})
    bus.do("authorise_11")
    assert (one.car.plugged, two.car.plugged, two.box.authorised) == (False, True, True)
    assert two.line is one.line
    assert "line_11.dropped" not in bus.state()
    with pytest.raises(ValueError, match="same unit"):
        Bus(one, Compact(clock=one.clock))
    with pytest.raises(ValueError, match="one time"):
        Bus(one, Compact(unit_id=12))


async def test_noise_is_on_every_serial_face() -> None:
    """Also behind a transparent gateway; a Modbus TCP gateway would hide it."""
    charger = Compact()
    charger.set({"line.corrupted": 1})
    async with serve(charger, rtu=True) as server, connected(server) as wire:
        wire.send(bytes.fromhex("3203010000018035"))
        assert await wire.silent()
    async with serve(charger) as server, connected(server) as wire:
        assert await Master(wire).word(0x0100) == 1


async def test_a_gateway_may_tell_that_no_device_answers() -> None:
    """Exception 11 in place of silence."""
    charger = Compact(unknown_unit=ExcCodes.GATEWAY_NO_RESPONSE)
    async with serve(charger) as server, connected(server) as wire:
        assert await Master(wire, 50).word(0x0100) == 1
        assert await Master(wire, 51).refusal(0x0100) == 11


async def _read_state(path: str) -> int:
    client = AsyncModbusSerialClient(path, baudrate=57600, stopbits=2, timeout=2, retries=0)
    assert await client.connect()
    try:
        answer = await client.read_holding_registers(0x0100, count=1, device_id=50)
        return answer.registers[0]
    finally:
        client.close()


@pytest.mark.parametrize("pace", [None, LineSettings(stopbits=2)])
async def test_an_adapter_is_pulled_and_comes_back(
    tmp_path: Path, pace: LineSettings | None
) -> None:
    """The name is gone with it, and leads to the new one afterwards; the charger lives on."""
    link = tmp_path / "usb-RS485"
    charger = Compact()
    async with serve_pty(charger, link, pace=pace) as cable:
        assert await _read_state(str(link)) == 1
        open_client = AsyncModbusSerialClient(str(link), timeout=0.2, retries=0)
        assert await open_client.connect()
        cable.unplug()
        assert not link.is_symlink()
        with pytest.raises(FileNotFoundError):
            link.resolve(strict=True)
        open_client.close()
        charger.do("plug_in")
        charger.advance(1)
        cable.plug()
        assert link.is_symlink()
        assert await _read_state(str(link)) == 2
        (server,) = charger.servers
        await server.unplug()
        assert not link.is_symlink()
        await server.plug()
        assert await _read_state(str(link)) == 2
    assert not link.is_symlink()
    assert charger.servers == []


async def test_it_runs_as_a_program(tmp_path: Path) -> None:
    """On a pseudo-terminal and as a gateway, two chargers, until it is told to end."""
    link = tmp_path / "tty"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulators.mennekes_rtu", "--port", "0", "--pty", str(link)),
        *("--second-unit", "11", "--layout", "1.02", "--fallback", "6", "--car", "plugged"),
        *("--model", "Start 2.0s 22", "--set", "line.late_most=0.5"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            lines = [(await process.stdout.readline()).decode().split() for _ in range(3)]
        assert lines[1][-1] == str(link)
        assert await _read_state(str(link)) in {2, 3}
        port = int(lines[0][-1].rpartition(":")[2])
        client = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=5, retries=0)
        assert await client.connect()
        answer = await client.read_input_registers(0x0000, count=1, device_id=11)
        assert answer.registers == [0x0102]
        client.close()
        async with aiohttp.ClientSession(lines[2][-1]) as door, asyncio.timeout(20):
            async with door.get("/state") as said:
                states = await said.json()
            assert (states["charger.fallback"], states["line.late_most"]) == (6, 0.5)
            async with door.post("/link", json={"plugged": False}):
                assert not link.is_symlink()
            async with door.post("/link", json={"plugged": True}):
                assert link.is_symlink()
    finally:
        process.send_signal(signal.SIGTERM)
        _, complaints = await process.communicate()
    assert process.returncode == 0
    assert complaints == b""
