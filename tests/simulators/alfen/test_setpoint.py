"""The set-point, its validity, and the safe current behind it."""

import pytest

from simulators.alfen import DataSource, Eve, OverLimit
from tests.simulators.alfen.support import Client, client_of, single


async def test_a_set_point_holds_until_its_validity_ends() -> None:
    """It counts down, and the safe current takes its place in all registers."""
    eve = Eve(validity=60)
    async with client_of(eve) as client:
        assert (await client.amps(1210), await client.seconds()) == (6, 0)
        await client.limit(16)
        assert (await client.amps(1210), await client.amps(1206)) == (16, 16)
        assert await client.seconds() == 60
        eve.advance(10)
        assert await client.seconds() == 50
        eve.advance(49.5)
        assert (await client.seconds(), await client.amps(1206)) == (1, 16)
        eve.advance(0.5)
        assert await client.seconds() == 0
        for address in (1206, 1210, 1212):
            assert await client.amps(address) == 6
        assert await client.word(1214) == 1


async def test_every_write_starts_the_validity_again() -> None:
    """Also one that changes nothing."""
    eve = Eve(validity=60)
    async with client_of(eve) as client:
        for _ in range(5):
            await client.limit(16)
            eve.advance(50)
            assert (await client.seconds(), await client.amps(1206)) == (10, 16)


async def test_the_validity_is_the_installers() -> None:
    """It can be long, and too short to be useful."""
    for validity in (10, 300):
        async with client_of(Eve(validity=validity)) as client:
            await client.limit(8)
            assert await client.seconds() == validity


async def test_each_socket_has_its_own_timer() -> None:
    """The other one falls back although this one is renewed."""
    eve = Eve(sockets=2)
    async with client_of(eve) as client:
        await client.limit(16, unit=1)
        await client.limit(10, unit=2)
        eve.advance(40)
        await client.limit(16, unit=1)
        eve.advance(30)
        assert (await client.amps(1206, unit=1), await client.amps(1206, unit=2)) == (16, 6)
        assert (await client.seconds(unit=1), await client.seconds(unit=2)) == (30, 0)


async def test_a_reboot_loses_set_point_and_validity() -> None:
    """The safe current stays; meanwhile nobody is let in."""
    eve = Eve(safe_current=8)
    async with client_of(eve) as client:
        await client.limit(16)
        eve.do("reboot")
        assert await client.wire.dropped()
    eve.advance(29)
    assert not eve.admits()
    eve.advance(1)
    async with client_of(eve) as client:
        assert (await client.amps(1210), await client.amps(1212)) == (8, 8)
        assert await client.seconds() == 0


@pytest.mark.parametrize(
    ("amps", "applied", "offer"), [(0, 0, 0), (5, 5, 0), (5.9, 5.9, 0), (6, 6, 6), (7.2, 7.2, 7.2)]
)
async def test_less_than_six_amps_pauses(amps: float, applied: float, offer: float) -> None:
    """The car is offered nothing; the session stays."""
    eve = Eve()
    eve.do("plug_in")
    async with client_of(eve) as client:
        await client.limit(16)
        eve.advance(20)
        assert await client.state() == "C2"
        await client.limit(amps)
        eve.advance(20)
        assert await client.amps(1206) == pytest.approx(applied)
        assert await client.state() == ("C2" if offer else "B1")
        assert await client.amps(320) == pytest.approx(offer)


async def test_bounds_are_zero_and_the_stations_maximum() -> None:
    """Whatever is no current in between is refused, and nothing changes."""
    eve = Eve(max_current=25)
    async with client_of(eve) as client:
        for amps in (-0.1, 25.1, 400.0, float("inf"), float("nan")):
            assert await client.refused(1210, *single(amps)) == 3
        assert await client.seconds() == 0
        await client.limit(25)
        assert await client.amps(1206) == 25


async def test_a_station_may_clamp_instead() -> None:
    """What happens above the maximum is not documented."""
    async with client_of(Eve(max_current=25, over_limit=OverLimit.CLAMP)) as client:
        await client.limit(32)
        assert await client.amps(1210) == 25


async def _half(client: Client, address: int) -> list[int | None]:
    return [
        await client.refused(address, 0x4180),
        await client.refused(address + 1, 0),
        await client.refused_one(address, 0x4180),
        await client.refused_one(address + 1, 0),
    ]


async def test_a_value_is_written_whole_or_not_at_all() -> None:
    """One of two registers is refused with either function."""
    eve = Eve(source=DataSource.SCN)
    async with client_of(eve) as client:
        assert await _half(client, 1210) == [2, 2, 2, 2]
        assert await client.amps(1210) == 6
        assert await client.refused(1417, 0x4180, unit=200) == 2
        assert await client.refused(1418, 0, 0x4180, unit=200) == 2


async def test_what_is_read_only_stays() -> None:
    """Neither the safe current nor the applied one can be written, nor both with a set-point."""
    async with client_of(Eve()) as client:
        for address in (300, 1206, 1208, 1212):
            assert await client.refused(address, 0x4180, 0) == 2
        for address in (1200, 1214):
            assert await client.refused(address, 0) == 2
        assert await client.refused(1210, *single(16), *single(16)) == 2
        assert await client.refused(1208, 0, 60, *single(16)) == 2
        assert await client.amps(1210) == 6


async def test_another_source_is_not_accounted_for() -> None:
    """The set-point is taken and has no effect."""
    eve = Eve(source=DataSource.OTHER, max_current=20)
    async with client_of(eve) as client:
        await client.limit(10)
        assert (await client.amps(1210), await client.amps(1206)) == (10, 20)
        assert await client.word(1214) == 0


async def test_other_limits_of_the_station_count_too() -> None:
    """The applied current may be lower than the set-point that is accounted for."""
    eve = Eve()
    eve.set({"socket.other_limit": 9})
    async with client_of(eve) as client:
        await client.limit(16)
        assert (await client.amps(1206), await client.word(1214)) == (9, 1)


async def test_writing_has_to_be_allowed() -> None:
    """Without the installer's permission every write is refused, reads work."""
    async with client_of(Eve(allow_writing=False)) as client:
        assert await client.refused(1210, *single(16)) == 2
        assert await client.refused(1215, 1) == 2
        assert await client.amps(1210) == 6


async def test_reading_has_to_be_allowed() -> None:
    """Without the installer's permission every read is refused."""
    eve = Eve()
    eve.set({"ems.allow_reading": False})
    async with client_of(eve) as client:
        assert await client.wire.refusal(1200) == 2
        assert await client.wire.refusal(1100, unit=200) == 2


async def test_another_client_may_change_it() -> None:
    """Another energy manager's limit is in the same register."""
    eve = Eve()
    async with client_of(eve) as client:
        await client.limit(16)
        eve.set({"socket.setpoint": 10})
        assert await client.amps(1210) == 10


async def test_old_firmware_grants_nothing_without_a_car() -> None:
    """Only the applied current tells it."""
    eve = Eve(budget_needs_car=True)
    async with client_of(eve) as client:
        await client.limit(16)
        assert (await client.amps(1206), await client.amps(1210)) == (0, 16)
        eve.do("plug_in")
        assert await client.amps(1206) == 16
