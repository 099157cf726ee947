"""The smart charging network: limits per phase, and stations that have none."""

import pytest

from simulators.alfen import DataSource, Eve, ScnBlock, sample
from tests.simulators.alfen.support import STATION, client_of, single


async def test_each_phase_has_its_limit_and_timer() -> None:
    """A phase that is not renewed falls to the safe current by itself."""
    eve = Eve(source=DataSource.SCN)
    eve.do("plug_in")
    async with client_of(eve) as client:
        assert await client.word(1431, STATION) == 1
        for address, amps in ((1417, 16), (1419, 14), (1421, 12)):
            await client.wire.write(address, *single(amps), unit=STATION)
        assert [await client.amps(a, STATION) for a in (1411, 1413, 1415)] == [16, 14, 12]
        assert await client.amps(1206) == 12
        eve.advance(40)
        await client.wire.write(1417, *single(16), unit=STATION)
        eve.advance(19)
        assert [await client.seconds(a, STATION) for a in (1423, 1425, 1427)] == [41, 1, 1]
        eve.advance(2)
        assert [await client.seconds(a, STATION) for a in (1423, 1425, 1427)] == [39, 0, 0]
        assert [await client.amps(a, STATION) for a in (1417, 1419, 1421)] == [16, 6, 6]
        assert await client.amps(1206) == 6


async def test_socket_set_points_are_not_accounted_for() -> None:
    """They are taken, and only the network's limits count."""
    eve = Eve(source=DataSource.SCN)
    async with client_of(eve) as client:
        await client.wire.write(1417, *single(20), unit=STATION)
        await client.wire.write(1419, *single(20), unit=STATION)
        await client.wire.write(1421, *single(20), unit=STATION)
        await client.limit(10)
        assert (await client.amps(1210), await client.amps(1206)) == (10, 20)
        assert await client.word(1214) == 0


async def test_consumption_is_everybodys() -> None:
    """Of the sockets here and of the other stations."""
    eve = Eve(source=DataSource.SCN, sockets=2)
    eve.set({"scn.others_l1": 4, "scn.others_l2": 3, "scn.others_l3": 2})
    for verb in ("plug_in", "plug_in_2"):
        eve.do(verb)
    async with client_of(eve) as client:
        for address in (1417, 1419, 1421):
            await client.wire.write(address, *single(28), unit=STATION)
        eve.advance(30)
        assert [await client.amps(1206, unit) for unit in (1, 2)] == [12, 12]
        assert [await client.amps(a, STATION) for a in (1405, 1407, 1409)] == [28, 27, 26]
        assert await client.word(1404, STATION) == 3


async def test_one_request_for_all_limits_is_not_proven() -> None:
    """It is refused unless a test wants a station that takes it."""
    eve = Eve(source=DataSource.SCN)
    limits = [*single(16), *single(15), *single(14)]
    async with client_of(eve) as client:
        assert await client.refused(1417, *limits, unit=STATION) == 2
        assert await client.refused(1417, *limits[:4], unit=STATION) == 2
        assert await client.amps(1417, STATION) == 6
        eve.set({"scn.takes_spans": True})
        await client.wire.write(1417, *limits, unit=STATION)
        assert [await client.amps(a, STATION) for a in (1417, 1419, 1421)] == [16, 15, 14]


async def test_limits_have_bounds() -> None:
    """Zero to the station's maximum."""
    async with client_of(Eve(source=DataSource.SCN, max_current=25)) as client:
        for amps in (-1, 25.5, float("nan")):
            assert await client.refused(1417, *single(amps), unit=STATION) == 3


async def test_without_a_network_the_block_may_be_empty() -> None:
    """As in the sample: present, nothing in it, and no effect on the sockets."""
    async with client_of(sample()) as client:
        block = await client.wire.read(1400, 32, unit=STATION)
        assert (block[4], block[31]) == (0, 0)
        await client.wire.write(1417, *single(10), unit=STATION)
        await client.limit(16)
        assert await client.amps(1206) == 16


async def test_without_a_network_the_block_may_be_absent() -> None:
    """Exception 2; the rest of the station answers."""
    eve = Eve(scn_block=ScnBlock.REFUSED)
    async with client_of(eve) as client:
        assert await client.wire.refusal(1400, 32, unit=STATION) == 2
        assert await client.wire.refusal(1431, unit=STATION) == 2
        assert await client.refused(1417, *single(10), unit=STATION) == 2
        assert await client.word(1105, STATION) == 1
        eve.set({"ems.source": "scn"})
        assert await client.word(1431, STATION) == 1


async def test_without_a_network_the_connection_may_break() -> None:
    """Whoever reads the block in the same poll loses the poll."""
    eve = Eve(scn_block=ScnBlock.DROPS)
    async with client_of(eve) as client:
        assert await client.word(1105, STATION) == 1
        assert await client.wire.refusal(1400, 4, unit=STATION) == 2
        assert await client.wire.dropped()
    async with client_of(eve) as client:
        assert await client.word(1200) == 1


@pytest.mark.parametrize("reboot", [True, False])
async def test_a_reboot_loses_the_limits(*, reboot: bool) -> None:
    """Like those of the sockets."""
    eve = Eve(source=DataSource.SCN)
    async with client_of(eve) as client:
        await client.wire.write(1417, *single(16), unit=STATION)
    if reboot:
        eve.do("reboot")
        eve.advance(31)
    assert eve.register("scn_limit_l1", STATION).value == (6 if reboot else 16)
