"""Register 1215: who may switch phases, how long it takes, what is read."""

import pytest

from simulators.alfen import Eve
from tests.simulators.alfen.support import client_of


async def _phases_in_use(eve: Eve) -> list[bool]:
    async with client_of(eve) as client:
        return [await client.amps(address) > 0.5 for address in (320, 322, 324)]


@pytest.mark.parametrize("function", [6, 16])
async def test_both_functions_switch(function: int) -> None:
    """A value of one register is written with either."""
    eve = Eve()
    async with client_of(eve) as client:
        if function == 6:
            await client.wire.write_one(1215, 1)
        else:
            await client.wire.write(1215, 1)
        assert await client.word(1215) == 1


async def test_the_relays_take_their_pause() -> None:
    """Nothing flows for a while, then on one phase."""
    eve = Eve()
    eve.do("plug_in")
    eve.advance(20)
    assert await _phases_in_use(eve) == [True, True, True]
    async with client_of(eve) as client:
        await client.limit(0)
        eve.advance(10)
        await client.wire.write(1215, 1)
        assert eve.state()["socket.switched_under_load"] == 0
        await client.limit(16)
        eve.advance(4)
        assert await client.state() == "B1"
        assert await client.amps(320) == 0
        eve.advance(20)
        assert (await client.state(), await client.amps(320)) == ("C2", 16)
    assert await _phases_in_use(eve) == [True, False, False]


async def test_switching_under_load_is_noticed() -> None:
    """It wears out relays and cars, so tests can see that nobody does it."""
    eve = Eve()
    eve.do("plug_in")
    eve.advance(20)
    async with client_of(eve) as client:
        await client.wire.write(1215, 1)
        await client.wire.write(1215, 1)
    state = eve.state()
    assert (state["socket.switches"], state["socket.switched_under_load"]) == (1, 1)


@pytest.mark.parametrize("eve", [Eve(allow_phases=False), Eve(single_phase=True)])
@pytest.mark.parametrize("phases", [1, 3])
async def test_it_is_refused_without_option_or_hardware(eve: Eve, phases: int) -> None:
    """Exception 3 with both functions."""
    async with client_of(eve) as client:
        assert await client.refused(1215, phases) == 3
        assert await client.refused_one(1215, phases) == 3


async def test_there_are_one_phase_and_three() -> None:
    """Nothing else."""
    async with client_of(Eve()) as client:
        for phases in (0, 2, 4, 0xFFFF):
            assert await client.refused(1215, phases) == 3
        assert await client.word(1215) == 3


async def test_one_firmware_always_reads_three() -> None:
    """Only the currents tell the truth there."""
    eve = Eve(firmware="6.4.0-4210")
    eve.do("plug_in")
    async with client_of(eve) as client:
        await client.wire.write(1215, 1)
        assert await client.word(1215) == 3
    eve.advance(30)
    assert await _phases_in_use(eve) == [True, False, False]


async def test_sockets_switch_by_themselves() -> None:
    """The other one keeps its phases."""
    async with client_of(Eve(sockets=2)) as client:
        await client.wire.write(1215, 1, unit=2)
        assert (await client.word(1215, unit=1), await client.word(1215, unit=2)) == (3, 1)
