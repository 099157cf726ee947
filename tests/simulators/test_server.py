"""A simulated device on the wire: connections, frames, faults."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import override

import pytest
from pymodbus.client import AsyncModbusSerialClient, AsyncModbusTcpClient
from pymodbus.constants import ExcCodes
from pymodbus.exceptions import ModbusIOException
from pymodbus.framer import FramerType

from simulators.device import SimulatedDevice
from simulators.registers import RefusedError, float32, text, uint16, within
from simulators.server import CannotServeError, Server, serve, serve_pty, serve_serial
from simulators.traffic import Request, Write
from simulators.unit import Unit
from tests.simulators.wire import ExceptionAnswerError, Wire, connected


class Lamp(SimulatedDevice):
    """A lamp with one dial at unit 1 and a read-only twin at unit 2."""

    def __init__(self) -> None:
        super().__init__("lamp")
        self.level = 7
        self.heard: list[Request] = []
        self.units[1] = Unit(
            [
                uint16(10, "level", lambda: self.level, self.turn, check=within(0, 100)),
                uint16(11, "fixed", 5),
                float32(12, "power", lambda: self.level / 2),
                text(20, 4, "name", "lamp"),
            ]
        )
        self.units[2] = Unit([uint16(10, "level", lambda: self.level)])

    def turn(self, level: int) -> None:
        """Set the dial."""
        self.level = level

    @override
    def on_request(self, request: Request) -> None:
        """Remember who was asked."""
        self.heard.append(request)

    @override
    def accepts_write(self, request: Request) -> bool:
        """Take 66 without doing it, refuse 67."""
        if request.values == (67,):
            raise RefusedError(ExcCodes.DEVICE_BUSY)
        return request.values != (66,)


@pytest.fixture
def lamp() -> Lamp:
    """A lamp."""
    return Lamp()


@pytest.fixture
async def server(lamp: Lamp) -> AsyncIterator[Server]:
    """A lamp on the wire."""
    async with serve(lamp) as server:
        yield server


@pytest.fixture
async def wire(server: Server) -> AsyncIterator[Wire]:
    """A client of it."""
    async with connected(server) as wire:
        yield wire


async def test_registers_are_read_and_written(lamp: Lamp, wire: Wire) -> None:
    """Both write functions reach the model; reads show it live."""
    assert await wire.read(10, 4) == [7, 5, 0x4060, 0]
    await wire.write_one(10, 8)
    assert lamp.level == 8
    await wire.write(10, 9)
    assert await wire.read(10) == [9]
    assert lamp.register("level").value == 9
    assert list(lamp.traffic.writes) == [Write(1, 6, 10, (8,)), Write(1, 16, 10, (9,))]
    assert (lamp.traffic.requests, lamp.traffic.registers_read) == (4, 5)


async def test_pymodbus_agrees(server: Server) -> None:
    """An independent client gets the same."""
    async with AsyncModbusTcpClient(server.host, port=server.port, timeout=2) as client:
        assert (await client.read_holding_registers(20, count=4)).registers == [
            0x6C61,
            0x6D70,
            0,
            0,
        ]


async def test_units_answer_for_themselves(lamp: Lamp, wire: Wire) -> None:
    """Each unit has its own map; hooks see the unit that was asked."""
    assert await wire.read(10, unit=2) == [7]
    assert await wire.refusal(11, unit=2) == 2
    assert [request.unit for request in lamp.heard] == [2, 2]


async def test_unknown_units_are_silent_or_not(lamp: Lamp, server: Server, wire: Wire) -> None:
    """Silence by default; a gateway may say that nobody is there."""
    wire.send(bytes.fromhex("0001 0000 0006 03 03 000A 0001"))
    assert await wire.silent()
    assert (lamp.traffic.foreign, lamp.traffic.requests, lamp.heard) == (1, 0, [])
    lamp.unknown_unit = ExcCodes.GATEWAY_NO_RESPONSE
    async with connected(server) as other:
        assert await other.refusal(10, unit=3) == 0x0B
        assert await other.write_refusal(10, 1, unit=3) == 0x0B


async def test_one_unit_may_answer_for_all(lamp: Lamp) -> None:
    """Unit 0 stands for every id that is not listed, and hooks still see the real one."""
    lamp.units = {0: lamp.units[1]}
    async with serve(lamp) as server, connected(server) as wire:
        assert await wire.read(10, unit=255) == [7]
        await wire.write(10, 3, unit=77)
        assert [request.unit for request in lamp.heard] == [255, 77]
        assert lamp.traffic.writes[0].unit == 77


async def test_refusals(lamp: Lamp, wire: Wire) -> None:
    """Each mistake has its exception, and each is remembered."""
    assert await wire.refusal(13, 2) == 2
    assert await wire.refusal(5000) == 2
    assert await wire.refusal(10, 0) == 3
    assert await wire.refusal(10, 126) == 3
    assert await wire.write_refusal(11, 1) == 2
    assert await wire.write_refusal(10, 101) == 3
    assert await wire.write_refusal(10, 67) == 6
    with pytest.raises(ExceptionAnswerError) as caught:
        await wire.read(10, function=4)
    assert caught.value.code == 1
    with pytest.raises(ExceptionAnswerError) as caught:
        await wire.ask(bytes.fromhex("64 0000"))
    assert caught.value.code == 1
    assert [code for _, code in lamp.traffic.refusals] == [2, 2, 3, 3, 2, 3, 6, 1]
    assert lamp.level == 7


async def test_function_4_where_it_is_served(lamp: Lamp, wire: Wire) -> None:
    """Some devices serve the same registers as input registers."""
    lamp.functions |= {4}
    assert await wire.read(10, function=4) == [7]


async def test_a_write_can_be_acknowledged_and_forgotten(lamp: Lamp, wire: Wire) -> None:
    """As some devices do when they are read-only."""
    await wire.write(10, 66)
    await wire.write_one(10, 66)
    assert lamp.level == 7


async def test_requests_in_one_piece_are_all_answered(wire: Wire) -> None:
    """A client may send the next request before it has the answer, and split them anywhere."""
    first = bytes.fromhex("0001 0000 0006 01 03 000A 0001")
    second = bytes.fromhex("0002 0000 0006 01 03 000B 0001")
    both = first + second
    wire.send(both[:17])
    await asyncio.sleep(0)
    wire.send(both[17:])
    assert await wire.receive(22) == bytes.fromhex(
        "0001 0000 0005 01 03 02 0007  0002 0000 0005 01 03 02 0005"
    )


async def test_too_many_clients(lamp: Lamp, server: Server, wire: Wire) -> None:
    """The one too many completes the handshake and is dropped; a free place is usable at once."""
    lamp.max_clients = 1
    assert await wire.read(10) == [7]
    async with connected(server) as second:
        assert await second.dropped()
    assert await wire.read(10) == [7]
    await wire.close()
    async with connected(server) as third:
        assert await third.read(10) == [7]
    traffic = lamp.traffic
    assert (traffic.connections_refused, traffic.connections_most) == (1, 1)


async def test_idle_connections_are_closed_in_simulated_time(lamp: Lamp, wire: Wire) -> None:
    """Every request starts the time anew."""
    lamp.idle_seconds = 60
    lamp.advance(59)
    assert await wire.read(10) == [7]
    lamp.advance(59)
    assert await wire.read(10) == [7]
    lamp.advance(60)
    assert await wire.dropped()


async def test_some_addresses_cost_the_connection(lamp: Lamp, server: Server, wire: Wire) -> None:
    """The answer still comes, then the end; the device goes on."""
    lamp.closing_addresses = frozenset({730})
    assert await wire.refusal(728, 5) == 2
    assert await wire.dropped()
    async with connected(server) as other:
        assert await other.read(10) == [7]


async def test_pulling_the_cable(lamp: Lamp, server: Server, wire: Wire) -> None:
    """Everybody is cut off, nobody gets in; later all is as before, on the same port."""
    port = server.port
    await server.unplug()
    await server.unplug()
    assert await wire.dropped()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(server.host, port)
    await server.plug()
    assert server.port == port
    async with connected(server) as other:
        assert await other.read(10) == [7]


async def test_a_device_that_is_not_reachable(lamp: Lamp, server: Server, wire: Wire) -> None:
    """It drops its clients and takes no new ones."""
    lamp.set({"device.reachable": False})
    assert await wire.dropped()
    async with connected(server) as other:
        assert await other.dropped()
    lamp.set({"device.reachable": True})
    async with connected(server) as other:
        assert await other.read(10) == [7]


async def test_nothing_is_left_behind(lamp: Lamp) -> None:
    """Tasks, servers and clients end with the block."""
    before = asyncio.all_tasks()
    async with serve(lamp) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        lamp.faults.inject("delay", seconds=60)
        writer.write(bytes.fromhex("0001 0000 0006 01 03 000A 0001"))
        await asyncio.sleep(0.05)
        assert lamp.traffic.requests == 1
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before
    assert lamp.servers == []
    assert lamp.traffic.connections_open == 0


async def test_a_place_that_is_taken(lamp: Lamp, server: Server) -> None:
    """Says so, and leaves nothing behind."""
    other = Lamp()
    with pytest.raises(CannotServeError, match=str(server.port)):
        async with serve(other, port=server.port):
            pass
    with pytest.raises(CannotServeError, match="ttyNOWHERE"):
        async with serve_serial(other, "/dev/ttyNOWHERE"):
            pass
    assert other.servers == []


ANSWER = bytes.fromhex("0001 0000 0007 01 03 04 0007 0005")


@pytest.mark.parametrize(
    ("kind", "details", "answer"),
    [
        ("lose_request", {}, b""),
        ("lose_answer", {}, b""),
        ("exception", {"code": 6}, bytes.fromhex("0001 0000 0003 01 83 06")),
        ("short", {}, bytes.fromhex("0001 0000 0005 01 03 02 0007")),
        ("cut", {}, ANSWER[:6]),
        ("corrupt", {}, bytes.fromhex("0001 0000 0007 01 03 04 0017 0005")),
        ("garbage", {"data": "c0ffee"}, bytes.fromhex("c0ffee")),
        ("noise", {"data": "00"}, b"\0" + ANSWER),
        ("repeat", {}, ANSWER + ANSWER),
        ("close", {}, b""),
        ("delay", {"seconds": 0.02}, ANSWER),
    ],
)
async def test_faults(
    lamp: Lamp, wire: Wire, kind: str, details: dict[str, object], answer: bytes
) -> None:
    """One answer is spoilt as ordered."""
    lamp.faults.inject(kind, **details)
    wire.send(bytes.fromhex("0001 0000 0006 01 03 000A 0002"))
    assert await wire.receive(len(answer)) == answer
    if kind == "close":
        assert await wire.dropped()
    else:
        assert await wire.silent()
    assert lamp.traffic.requests == (0 if kind == "lose_request" else 1)


async def test_a_lost_answer_took_effect_and_a_lost_request_did_not(lamp: Lamp, wire: Wire) -> None:
    """Which of the two got lost matters to a client that repeats."""
    lamp.faults.inject("lose_answer", function=16)
    wire.send(bytes.fromhex("0001 0000 0009 01 10 000A 0001 02 0020"))
    assert await wire.silent()
    assert lamp.level == 0x20
    lamp.faults.inject("lose_request", function=16)
    wire.send(bytes.fromhex("0002 0000 0009 01 10 000A 0001 02 0030"))
    assert await wire.silent()
    assert lamp.level == 0x20


async def test_a_late_answer_does_not_hold_up_the_next(lamp: Lamp, wire: Wire) -> None:
    """The second request is answered first."""
    lamp.faults.inject("delay", seconds=0.05)
    wire.send(bytes.fromhex("0001 0000 0006 01 03 000A 0001 0002 0000 0006 01 03 000B 0001"))
    assert await wire.receive(22) == bytes.fromhex(
        "0002 0000 0005 01 03 02 0005  0001 0000 0005 01 03 02 0007"
    )


async def test_faults_can_be_aimed(lamp: Lamp, wire: Wire) -> None:
    """By unit, function, address, turn and chance."""
    fault = lamp.faults.inject("exception", address=12, every=2, times=None, code=4, unit=1)
    answers = [await wire.refusal(11, 3) for _ in range(4)]
    assert answers == [None, 4, None, 4]
    assert await wire.refusal(10, 2) is None
    assert await wire.refusal(10, unit=2) is None
    assert fault.seen == 4
    lamp.faults.clear()
    lamp.faults.inject("exception", times=None, probability=0.5)
    chances = [await wire.refusal(10) for _ in range(200)]
    assert 60 < chances.count(4) < 140


async def test_accepts_and_stays_silent(lamp: Lamp, server: Server, wire: Wire) -> None:
    """Nothing is answered until it is well again."""
    lamp.faults.silence()
    for _ in range(3):
        wire.send(bytes.fromhex("0001 0000 0006 01 03 000A 0001"))
    assert await wire.silent()
    lamp.faults.clear()
    async with connected(server) as other:
        assert await other.read(10) == [7]


async def test_counters_start_again(lamp: Lamp, wire: Wire) -> None:
    """Except for the connections that are open."""
    await wire.read(10)
    lamp.traffic.clear()
    assert lamp.traffic.requests == 0
    assert not lamp.traffic.reads
    assert lamp.traffic.connections_open == 1


def with_crc(frame: str) -> bytes:
    """Return a serial frame with its check sum, low byte first."""
    data = bytes.fromhex(frame)
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return data + crc.to_bytes(2, "little")


async def test_rtu_over_tcp(lamp: Lamp) -> None:
    """Serial frames through a socket; a frame with a wrong check sum is nothing at all."""
    async with serve(lamp, rtu=True) as server, connected(server) as wire:
        request = with_crc("01 03 000A 0002")
        answer = with_crc("01 03 04 0007 0005")
        wire.send(request)
        assert await wire.receive(9) == answer
        wire.send(request[:-1] + bytes([request[-1] ^ 1]))
        assert await wire.silent()
        # The beginning of a long write is forgotten when the line falls silent.
        wire.send(bytes.fromhex("01 10 000A 003C 78 0001"))
        assert await wire.silent()
        wire.send(request)
        assert await wire.receive(9) == answer
        # Somebody else on the bus is asked.
        wire.send(with_crc("09 03 000B 0001"))
        assert await wire.silent()


async def test_a_pseudo_terminal_serves_and_survives_its_clients(lamp: Lamp) -> None:
    """Clients come and go; noise on the line costs one answer, not the line."""
    async with serve_pty(lamp) as cable:
        for _ in range(2):
            client = AsyncModbusSerialClient(
                cable.path, framer=FramerType.RTU, baudrate=57600, timeout=0.3, retries=0
            )
            assert await client.connect()
            assert (await client.read_holding_registers(10, count=2)).registers == [7, 5]
            assert (await client.write_register(10, 9)).registers == [9]
            cable.to_device = lambda data: data[1:]
            with pytest.raises(ModbusIOException):
                await client.read_holding_registers(10, count=2)
            cable.to_device = None
            cable.to_client = lambda data: data[:-1] + bytes([data[-1] ^ 1])
            with pytest.raises(ModbusIOException):
                await client.read_holding_registers(10, count=2)
            cable.to_client = None
            assert (await client.read_holding_registers(10, count=2)).registers == [9, 5]
            lamp.level = 7
            client.close()


async def test_an_adapter_is_unplugged_and_comes_back(lamp: Lamp, tmp_path: Path) -> None:
    """The client's end vanishes; the link leads to the new one."""
    # Looking at a few names under a temporary folder holds nobody up.
    link = tmp_path / "ttyUSB0"
    async with serve_pty(lamp, link) as cable:
        assert cable.path == str(link)
        first = link.readlink()
        cable.unplug()
        cable.unplug()
        assert not link.is_symlink()
        assert not first.exists()
        cable.plug()
        cable.plug()
        client = AsyncModbusSerialClient(str(link), framer=FramerType.RTU, timeout=1, retries=0)
        assert await client.connect()
        assert (await client.read_holding_registers(10, count=2)).registers == [7, 5]
        client.close()
    assert not link.is_symlink()
