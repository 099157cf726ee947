"""Frames of the document, byte for byte, on a line in memory and through a transparent gateway."""

import asyncio
from typing import override

import pytest

from simulators.memory import Timing, network_of, serve_serial_in_memory
from simulators.mennekes_rtu import Compact, EvseState
from simulators.server import serve
from tests.fake_time import in_fake_time


def _crc(data: bytes) -> bytes:
    """Return the check sum, computed bit by bit and not by what the simulator uses."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0xA001 if crc & 1 else crc >> 1
    return crc.to_bytes(2, "little")


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text)


def _summed(text: str) -> str:
    """Close a frame of which the document gives no check sum."""
    return text + _crc(_bytes(text)).hex()


_TAKEN = _summed("321003020002")

#: What is asked, and what a charger that is charging answers; None for the same once more.
EXCHANGES = [
    ("read EVSE state", "320301000001 8035", "3203020005 7C43"),
    ("read energy and sessions", "320310000004 450A", _summed("320308453D96B800000140")),
    ("heartbeat", "32060D0055AA 318A", None),
    ("release", "32060D050001 5F64", None),
    ("no release", "32060D050000 9EA4", None),
    ("6 A", "321003020002 04 40C00000 833E", _TAKEN),
    ("16 A", "321003020002 04 41800000 8316", _TAKEN),
    ("1 A", "321003020002 04 3F800000 9B3E", _TAKEN),
    ("one phase", "32060D040001 0EA4", None),
    ("lock", "32060D060001 AF64", None),
    ("an address that is not there", _summed("320301040001"), "328302 30FE"),
]


def _charging() -> Compact:
    charger = Compact(energy=3_033_420.0)
    charger.grid.noise = 0.0
    charger.do("plug_in")
    charger.ems.beat(0x55AA)
    charger.ems.release(1)
    charger.ems.set_current(16.0)
    charger.set({"car.reaction": 0, "car.max_current": 1})
    charger.advance(3)
    charger.meter.energy_l1 = 3_033_420.0 - charger.meter.energy_l2 - charger.meter.energy_l3
    assert charger.charging.state is EvseState.CHARGING
    return charger


class Ear(asyncio.Protocol):
    """Remembers what it hears."""

    def __init__(self) -> None:
        self.heard = b""
        self.moments: list[float] = []

    @override
    def data_received(self, data: bytes) -> None:
        self.heard += data
        self.moments.append(asyncio.get_running_loop().time())


@pytest.mark.parametrize(("request_", "answer"), [row[1:] for row in EXCHANGES])
@in_fake_time
async def test_frames_on_a_line(request_: str, answer: str | None) -> None:
    """Nothing but the answer is on the line, after its time."""
    async with serve_serial_in_memory(_charging(), Timing(turnaround=0.004)) as line:
        loop = asyncio.get_running_loop()
        transport, ear = network_of(loop).connect(Ear, line.host, line.port)
        await asyncio.sleep(0)
        asked, start = _bytes(request_), loop.time()
        assert asked[-2:] == _crc(asked[:-2])
        transport.write(asked)
        await asyncio.sleep(0.5)
        expected = asked if answer is None else _bytes(answer)
        assert ear.heard == expected
        # 11 bits to a byte; 3.5 bytes of silence before the charger knows that it was asked.
        wire = (len(asked) + 3.5 + len(expected)) * 11 / 57600
        assert ear.moments == [pytest.approx(start + wire + 0.004)]


async def test_frames_through_a_gateway() -> None:
    """A transparent gateway carries the same bytes."""
    async with serve(_charging(), rtu=True) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        for _, request_, answer in EXCHANGES:
            asked = _bytes(request_)
            writer.write(asked)
            expected = asked if answer is None else _bytes(answer)
            async with asyncio.timeout(5):
                assert await reader.readexactly(len(expected)) == expected
        writer.close()
        await writer.wait_closed()


async def test_a_serial_number_is_asked_for_in_one_frame() -> None:
    """The answer has 16 characters."""
    async with serve(Compact(serial="13552019"), rtu=True) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        writer.write(_bytes("320300130008 B00A"))
        async with asyncio.timeout(5):
            answer = await reader.readexactly(21)
        assert answer[:19] == b"\x32\x03\x10________13552019"
        assert answer[19:] == _crc(answer[:19])
        writer.close()
        await writer.wait_closed()


async def test_refusals_of_function_6_and_a_restart() -> None:
    """Exception 3 for phases on a 22 kW unit; a restart is echoed before the silence."""
    async with serve(Compact(model="Compact 2.0s 22"), rtu=True) as server:
        reader, writer = await asyncio.open_connection(server.host, server.port)
        async with asyncio.timeout(5):
            writer.write(_bytes("32060D040001 0EA4"))
            assert await reader.readexactly(5) == _bytes("328603 F26E")
            writer.write(_bytes("32060D1900BB 1F11"))
            assert await reader.readexactly(8) == _bytes("32060D1900BB 1F11")
        writer.close()
        await writer.wait_closed()
