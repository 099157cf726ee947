"""How the station treats its clients: units, functions, limits of a read, connections."""

import asyncio
import struct

import pytest
from pymodbus.client import AsyncModbusTcpClient

from simulators.alfen import Eve, Platform
from simulators.server import serve
from tests.simulators.alfen.support import STATION, client_at, client_of
from tests.simulators.wire import ExceptionAnswerError


@pytest.mark.parametrize("function", [1, 2, 4, 5, 15, 22, 23, 43])
async def test_other_functions_do_not_exist(function: int) -> None:
    """Only 3, 6 and 16 do."""
    bodies = {22: b"\x04\xba\0\0\0\0", 23: b"\x04\xb0\0\1\x04\xba\0\1\2\0\0", 43: b"\x0e\1\0"}
    bodies |= {5: b"\x04\xb0\xff\0", 15: b"\x04\xb0\0\1\1\1"}
    pdu = bytes([function]) + bodies.get(function, b"\x04\xb0\0\1")
    async with client_of(Eve()) as client:
        with pytest.raises(ExceptionAnswerError) as caught:
            await client.wire.ask(pdu)
    assert caught.value.code == 1


@pytest.mark.parametrize(
    ("unit", "address", "count"),
    [
        (STATION, 99, 2),
        (STATION, 178, 2),
        (STATION, 179, 1),
        (STATION, 1099, 1),
        (STATION, 1100, 7),
        (STATION, 1399, 2),
        (STATION, 1431, 2),
        (STATION, 1432, 1),
        (STATION, 300, 2),
        (1, 299, 1),
        (1, 425, 2),
        (1, 426, 1),
        (1, 1199, 2),
        (1, 1215, 2),
        (1, 1216, 1),
        (1, 100, 17),
        (1, 1100, 2),
    ],
)
async def test_what_is_not_documented_is_not_there(unit: int, address: int, count: int) -> None:
    """A read that touches it is refused as a whole."""
    async with client_of(Eve()) as client:
        assert await client.wire.refusal(address, count, unit=unit) == 2


async def test_a_read_has_at_most_125_registers() -> None:
    """The meter has 126: one platform cuts the last value, the other refuses."""
    async with client_of(Eve()) as client:
        words = await client.wire.read(300, 125)
        assert len(words) == 125
        assert words[122:] == (await client.wire.read(422, 4))[:3]
        assert await client.wire.refusal(300, 126) == 3
    async with client_of(Eve(platform=Platform.AHP)) as client:
        assert await client.wire.refusal(300, 125) == 2
        assert len(await client.wire.read(300, 124 - 2)) == 122


async def test_the_newer_platform_cuts_no_value() -> None:
    """Borders of a request are borders of a value."""
    async with client_of(Eve()) as client:
        assert len(await client.wire.read(307, 2)) == 2
    async with client_of(Eve(platform=Platform.AHP)) as client:
        assert await client.wire.refusal(307, 2) == 2
        assert await client.wire.refusal(306, 3) == 2
        assert await client.wire.refusal(1200, 9) == 2


async def test_a_second_socket_is_there_or_not() -> None:
    """The number of sockets tells; a station may also not answer at all."""
    async with client_of(Eve(sockets=2)) as client:
        assert await client.word(1105, STATION) == 2
        assert await client.state(unit=2) == "A"
    async with client_of(Eve()) as client:
        assert await client.word(1105, STATION) == 1
        assert await client.wire.refusal(1200, unit=2) == 2
    async with client_of(Eve(unknown_unit=None)) as client:
        client.wire.send(struct.pack(">HHHBBHH", 1, 0, 6, 2, 3, 1200, 1))
        assert await client.wire.silent()
        assert await client.word(1200) == 1


async def test_two_clients_are_served() -> None:
    """The third is sent away."""
    async with serve(Eve()) as server, client_at(server) as one, client_at(server) as two:
        assert await one.word(1200) == await two.word(1200) == 1
        async with client_at(server) as three:
            assert await three.wire.dropped()
        assert await one.word(1200) == 1


async def test_some_say_it_is_one_client() -> None:
    """So it can be made one."""
    async with serve(Eve(max_clients=1)) as server, client_at(server) as one:
        assert await one.word(1200) == 1
        async with client_at(server) as two:
            assert await two.wire.dropped()


async def test_who_is_silent_for_a_minute_is_sent_away() -> None:
    """A request starts the minute again."""
    eve = Eve()
    async with client_of(eve) as client:
        assert await client.word(1200) == 1
        eve.advance(59)
        assert await client.word(1200) == 1
        eve.advance(59)
        assert await client.word(1200) == 1
        eve.advance(60)
        assert await client.wire.dropped()


async def test_without_a_licence_no_client_is_let_in() -> None:
    """Who is inside has to leave."""
    eve = Eve()
    async with serve(eve) as server:
        async with client_at(server) as client:
            assert await client.word(1200) == 1
            eve.set({"ems.licensed": False})
            eve.advance(1)
            assert await client.wire.dropped()
        async with client_at(server) as client:
            assert await client.wire.dropped()


async def test_one_firmware_answers_too_little() -> None:
    """Some reads bring fewer registers or none; asked again, they are right."""
    eve = Eve(firmware="6.5.0-4300", seed=1)
    lengths = set()
    async with client_of(eve) as client:
        for _ in range(200):
            answer = await client.wire.ask(struct.pack(">BHH", 3, 1200, 16))
            assert len(answer) == 2 + answer[1]
            lengths.add(answer[1] // 2)
            await client.limit(16)
    assert lengths == {0, 8, 16}
    assert eve.state()["station.short_answers"] == 0.05
    assert Eve(firmware="6.6.0").state()["station.short_answers"] == 0


async def test_a_client_library_gets_along() -> None:
    """Not only the client of these tests."""
    eve = Eve()
    async with serve(eve) as server:
        client = AsyncModbusTcpClient(server.host, port=server.port, timeout=5, retries=0)
        assert await client.connect()
        try:
            written = await client.write_registers(1210, [0x4180, 0], device_id=1)
            assert not written.isError()
            answer = await client.read_holding_registers(1200, count=16, device_id=1)
            assert answer.registers[6:8] == [0x4180, 0]
            refused = await client.read_input_registers(1200, count=16, device_id=1)
            assert refused.exception_code == 1
        finally:
            client.close()
            await asyncio.sleep(0)
