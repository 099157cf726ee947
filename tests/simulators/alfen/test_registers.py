"""Every register of the document: where it is, how long, and what it says."""

import math
import struct

import pytest

from simulators.alfen import Eve, Platform, sample
from tests.simulators.alfen.support import STATION, Row, client_of, number

PRODUCT = [
    Row(100, 17, "name"),
    Row(117, 5, "manufacturer"),
    Row(122, 1, "table_version"),
    Row(123, 17, "firmware"),
    Row(140, 17, "platform_type"),
    Row(157, 11, "serial"),
    Row(168, 1, "year"),
    Row(169, 1, "month"),
    Row(170, 1, "day"),
    Row(171, 1, "hour"),
    Row(172, 1, "minute"),
    Row(173, 1, "second"),
    Row(174, 4, "uptime"),
    Row(178, 1, "utc_offset"),
]
OVERVIEW = [
    Row(1100, 2, "max_current"),
    Row(1102, 2, "temperature"),
    Row(1104, 1, "ocpp_state"),
    Row(1105, 1, "sockets"),
]
NETWORK = [
    Row(1400, 4, "scn_name"),
    Row(1404, 1, "scn_sockets"),
    Row(1405, 2, "scn_consumption_l1"),
    Row(1407, 2, "scn_consumption_l2"),
    Row(1409, 2, "scn_consumption_l3"),
    Row(1411, 2, "scn_actual_limit_l1"),
    Row(1413, 2, "scn_actual_limit_l2"),
    Row(1415, 2, "scn_actual_limit_l3"),
    Row(1417, 2, "scn_limit_l1"),
    Row(1419, 2, "scn_limit_l2"),
    Row(1421, 2, "scn_limit_l3"),
    Row(1423, 2, "scn_remaining_l1"),
    Row(1425, 2, "scn_remaining_l2"),
    Row(1427, 2, "scn_remaining_l3"),
    Row(1429, 2, "scn_safe_current"),
    Row(1431, 1, "scn_enabled"),
]
METER = [
    Row(300, 1, "meter_state"),
    Row(301, 4, "meter_age"),
    Row(305, 1, "meter_type"),
    Row(306, 2, "voltage_l1"),
    Row(308, 2, "voltage_l2"),
    Row(310, 2, "voltage_l3"),
    Row(312, 2, "voltage_l1_l2"),
    Row(314, 2, "voltage_l2_l3"),
    Row(316, 2, "voltage_l3_l1"),
    Row(318, 2, "current_neutral"),
    Row(320, 2, "current_l1"),
    Row(322, 2, "current_l2"),
    Row(324, 2, "current_l3"),
    Row(326, 2, "current"),
    Row(328, 2, "power_factor_l1"),
    Row(330, 2, "power_factor_l2"),
    Row(332, 2, "power_factor_l3"),
    Row(334, 2, "power_factor"),
    Row(336, 2, "frequency"),
    Row(338, 2, "power_l1"),
    Row(340, 2, "power_l2"),
    Row(342, 2, "power_l3"),
    Row(344, 2, "power"),
    Row(346, 2, "apparent_power_l1"),
    Row(348, 2, "apparent_power_l2"),
    Row(350, 2, "apparent_power_l3"),
    Row(352, 2, "apparent_power"),
    Row(354, 2, "reactive_power_l1"),
    Row(356, 2, "reactive_power_l2"),
    Row(358, 2, "reactive_power_l3"),
    Row(360, 2, "reactive_power"),
    Row(362, 4, "energy_delivered_l1"),
    Row(366, 4, "energy_delivered_l2"),
    Row(370, 4, "energy_delivered_l3"),
    Row(374, 4, "energy_delivered"),
    Row(378, 4, "energy_consumed_l1"),
    Row(382, 4, "energy_consumed_l2"),
    Row(386, 4, "energy_consumed_l3"),
    Row(390, 4, "energy_consumed"),
    Row(394, 4, "apparent_energy_l1"),
    Row(398, 4, "apparent_energy_l2"),
    Row(402, 4, "apparent_energy_l3"),
    Row(406, 4, "apparent_energy"),
    Row(410, 4, "reactive_energy_l1"),
    Row(414, 4, "reactive_energy_l2"),
    Row(418, 4, "reactive_energy_l3"),
    Row(422, 4, "reactive_energy"),
]
CONTROL = [
    Row(1200, 1, "operative"),
    Row(1201, 5, "mode3_state"),
    Row(1206, 2, "applied_current"),
    Row(1208, 2, "remaining"),
    Row(1210, 2, "setpoint"),
    Row(1212, 2, "safe_current"),
    Row(1214, 1, "accounted"),
    Row(1215, 1, "phases"),
]
#: What the recorded meter does not supply.
NOT_A_NUMBER = {
    "voltage_l1_l2",
    "voltage_l2_l3",
    "voltage_l3_l1",
    "current_neutral",
    "current",
    *(f"power_factor_l{phase}" for phase in (1, 2, 3)),
    *(f"power_l{phase}" for phase in (1, 2, 3)),
    *(f"apparent_power{end}" for end in ("", "_l1", "_l2", "_l3")),
    *(f"reactive_power{end}" for end in ("", "_l1", "_l2", "_l3")),
    *(f"energy_delivered_l{phase}" for phase in (1, 2, 3)),
    *(f"energy_consumed{end}" for end in ("", "_l1", "_l2", "_l3")),
    *(f"apparent_energy{end}" for end in ("", "_l1", "_l2", "_l3")),
    *(f"reactive_energy{end}" for end in ("", "_l1", "_l2", "_l3")),
}


@pytest.mark.parametrize(
    ("unit", "rows"), [(STATION, PRODUCT + OVERVIEW + NETWORK), (1, METER + CONTROL)]
)
def test_the_map_is_the_documents(unit: int, rows: list[Row]) -> None:
    """Nothing is missing, nothing is added, nothing has another place or length."""
    registers = Eve().unit(unit).registers
    assert [Row(row.address, row.count, row.name) for row in registers] == rows


@pytest.mark.parametrize(
    ("unit", "address", "count"),
    [
        (STATION, 100, 79),
        (STATION, 1100, 6),
        (STATION, 1400, 32),
        (STATION, 1400, 17),
        (STATION, 1417, 15),
        (1, 300, 62),
        (1, 362, 64),
        (1, 1200, 16),
        (1, 300, 6),
        (1, 306, 22),
        (1, 328, 34),
        (2, 300, 62),
        (2, 1200, 16),
    ],
)
async def test_proven_blocks_are_read_in_one_request(unit: int, address: int, count: int) -> None:
    """The blocks that projects read on real stations work, on both platforms."""
    for platform in ("NG9XX", "AHP"):
        eve = Eve(sockets=2, platform=_platform(platform))
        async with client_of(eve) as client:
            assert len(await client.wire.read(address, count, unit=unit)) == count


def _platform(name: str) -> Platform:
    return Platform[name]


async def test_the_sample_reads_as_it_was_recorded() -> None:
    """All numbers of the recorded station come out to the digit."""
    async with client_of(sample()) as client:
        read = client.wire.read
        product = struct.pack(">79H", *await read(100, 79, unit=STATION))
        assert product[:34].rstrip(b"\0") == b"DIE_14966"
        assert product[34:44].rstrip(b"\0") == b"Alfen NV"
        assert product[44:46] == b"\0\1"
        assert product[46:80].rstrip(b"\0") == b"6.1.0-4159"
        assert product[80:114].rstrip(b"\0") == b"NG910"
        assert product[114:136].rstrip(b"\0") == b"ACE0287582"
        assert struct.unpack(">6h", product[136:148]) == (2023, 7, 15, 21, 10, 48)
        assert struct.unpack(">Qh", product[148:158]) == (126_118_547, 60)
        overview = await read(1100, 6, unit=STATION)
        assert number(overview[:2]) == 25
        assert number(overview[2:4]) == 35.8125
        assert overview[4:] == [1, 1]
        network = await read(1400, 32, unit=STATION)
        assert network[:17] == [0] * 17
        assert network[17:23] == [0x40C0, 0] * 3
        assert network[23:29] == [0] * 6
        assert network[29:] == [0x40C0, 0, 0]
        assert await read(1200, 16) == [
            *(1, 0x4100, 0, 0, 0, 0),
            *(0x40C0, 0, 0, 0, 0x40C0, 0, 0x40C0, 0),
            *(1, 3),
        ]


async def test_the_recorded_meter_has_few_numbers() -> None:
    """What the meter does not supply is all ones; the rest is what was recorded."""
    expected = {
        "meter_state": 3,
        "meter_age": 29,
        "meter_type": 0,
        "voltage_l1": 237.8199920654297,
        "voltage_l2": 240.75999450683594,
        "voltage_l3": 238.80999755859375,
        "power_factor": 0.0,
        "frequency": 50.02000427246094,
        "power": 0.0,
        "energy_delivered": 31.0,
        **{f"current_l{phase}": 0.0 for phase in (1, 2, 3)},
    }
    async with client_of(sample()) as client:
        seen: dict[str, float] = {}
        for address, count, name in METER:
            words = await client.wire.read(address, count)
            if name in NOT_A_NUMBER:
                assert words == [0xFFFF] * count
                assert math.isnan(number(words))
            elif count == 1 or name == "meter_age":
                seen[name] = words[-1]
            else:
                seen[name] = number(words)
    assert seen == expected


async def test_the_earlier_recording_has_its_clock_and_uptime() -> None:
    """The product block was recorded seven minutes before; time leads from one to the other."""
    eve = sample(earlier=True)
    async with client_of(eve) as client:
        words = await client.wire.read(168, 10, unit=STATION)
        assert words[:6] == [2023, 7, 15, 21, 3, 39]
        assert words[8] << 16 | words[9] == 125_689_398
    eve.advance(429.149)
    async with client_of(eve) as client:
        words = await client.wire.read(168, 10, unit=STATION)
        assert words[:6] == [2023, 7, 15, 21, 10, 48]
        assert words[8] << 16 | words[9] == 126_118_547


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (230.16, 0x436628F5),
        (229.60, 0x43659999),
        (231.36, 0x43675C29),
        (6.751, 0x40D80832),
        (778.3, 0x44429333),
    ],
)
async def test_singles_travel_high_word_first(value: float, words: int) -> None:
    """Numbers of the document, as bytes."""
    exact = number([words >> 16, words & 0xFFFF])
    assert exact == pytest.approx(value, rel=1e-4)
    eve = Eve()
    eve.sockets[0].meter.voltages = (exact, 0.0, 0.0)
    async with client_of(eve) as client:
        assert await client.wire.read(306, 2) == [words >> 16, words & 0xFFFF]


@pytest.mark.parametrize(
    ("energy", "words"),
    [
        (302_806.0, 0x41127B5800000000),
        (6_223_090.0, 0x4157BD3C80000000),
        (31.0, 0x403F000000000000),
    ],
)
async def test_doubles_travel_high_word_first(energy: float, words: int) -> None:
    """Energies of the document, as bytes."""
    eve = Eve()
    eve.set({"meter.energy_l1": energy})
    async with client_of(eve) as client:
        assert await client.wire.read(374, 4) == [
            words >> shift & 0xFFFF for shift in (48, 32, 16, 0)
        ]


async def test_frames_are_the_documents() -> None:
    """Requests and answers byte for byte."""
    eve = Eve()
    exchanges = [
        ("000100000006010304B00010", "000100000023010320"),
        ("00020000000B011004BA00020441800000", "000200000006011004BA0002"),
        ("000300000009011004BF0001020001", "000300000006011004BF0001"),
    ]
    async with client_of(eve) as client:
        for request, answer in exchanges:
            client.wire.send(bytes.fromhex(request))
            expected = bytes.fromhex(answer)
            assert await client.wire.receive(len(expected)) == expected
            if answer.endswith("0320"):
                block = await client.wire.receive(32)
                assert block[:4] == b"\x00\x01\x41\x00"
        assert eve.sockets[0].setpoint == 16
        assert eve.sockets[0].phases == 1
        eve.set({"ems.allow_phases": False})
        client.wire.send(bytes.fromhex("000400000006010604BF0003"))
        assert (await client.wire.receive(9)).endswith(bytes.fromhex("018603"))


async def test_uptime_and_clock_run() -> None:
    """Uptime counts milliseconds and begins again with a reboot."""
    eve = Eve()
    eve.advance(12.5)
    async with client_of(eve) as client:
        assert (await client.wire.read(174, 4, unit=STATION))[3] == 12_500
        moment = eve.clock.moment
        assert await client.wire.read(171, 3, unit=STATION) == [
            moment.hour,
            moment.minute,
            moment.second,
        ]
    eve.do("reboot")
    eve.advance(31)
    assert eve.register("uptime", STATION).value == 1000


async def test_single_phase_hardware_has_one_phase() -> None:
    """Whatever needs L2 or L3 is not a number."""
    async with client_of(Eve(single_phase=True)) as client:
        assert number(await client.wire.read(306, 2)) == pytest.approx(230, abs=5)
        for address in (308, 310, 312, 314, 316, 322, 324, 330, 340, 348, 356):
            assert await client.wire.read(address, 2) == [0xFFFF, 0xFFFF]
        for address in (366, 370, 382, 398, 414):
            assert await client.wire.read(address, 4) == [0xFFFF] * 4
        assert await client.word(1215) == 1


async def test_a_quantity_may_become_valid() -> None:
    """A better meter fitted later supplies what was not a number."""
    eve = sample()
    async with client_of(eve) as client:
        assert await client.wire.read(312, 2) == [0xFFFF, 0xFFFF]
        eve.set({"meter.kind": "full"})
        assert number(await client.wire.read(312, 2)) == pytest.approx(414.5, abs=0.5)
