"""Register 0x0D04: who may switch, how long it takes, what is read."""

import pytest

from simulators.mennekes_rtu import Compact, EvseState, HardwarePhases
from tests.simulators.mennekes_rtu.support import Master, master_of


async def _currents(master: Master) -> list[float]:
    return [await master.number(address) for address in (0x0500, 0x0502, 0x0504)]


@pytest.mark.parametrize(("pause", "length"), [(0, 5), (60, 60)])
async def test_a_switch_goes_from_charging_to_ready_and_back(pause: int, length: int) -> None:
    """The relays open for the pause of register 0x0314; there is no other sign of it."""
    charger = Compact(switch_pause=pause)
    async with master_of(charger) as master:
        await master.start(charger)
        assert await _currents(master) == [16, 16, 16]
        assert await master.word(0x0314) == pause
        await master.write(0x0D04, 1)
        assert (await master.word(0x0D04), await master.word(0x0E02)) == (1, 1)
        states = []
        for _ in range(length + 6):
            await master.beat()
            charger.advance(1)
            states.append(EvseState(await master.word(0x0100)))
            if states[-1] is EvseState.READY:
                assert await _currents(master) == [0, 0, 0]
                assert await master.number(0x0114) == 0
        assert states[: length - 1] == [EvseState.READY] * (length - 1)
        assert set(states[length:]) == {EvseState.CHARGING}
        assert await _currents(master) == [16, 0, 0]
        assert await master.word(0x0B06) == 3
        await master.write(0x0D04, 0)
        await master.lead(charger, length + 8)
        assert await _currents(master) == [16, 16, 16]


async def test_without_a_charge_the_phases_are_for_the_next_one() -> None:
    """No pause, and the car never sees three."""
    charger = Compact(switch_pause=60)
    async with master_of(charger) as master:
        await master.beat()
        await master.write(0x0D04, 1)
        assert await master.word(0x0E02) == 1
        await master.start(charger)
        assert await _currents(master) == [16, 0, 0]
        assert await master.word(0x0B06) == 1


async def test_asked_twice_it_switches_once() -> None:
    """The same phases again do nothing."""
    charger = Compact()
    async with master_of(charger) as master:
        await master.start(charger)
        await master.write(0x0D04, 1)
        charger.advance(4)
        await master.write(0x0D04, 1)
        await master.lead(charger, 8)
        assert await master.word(0x0100) == EvseState.CHARGING
    assert charger.state()["charging.switches"] == 1


@pytest.mark.parametrize("model", ["Compact 2.0s 22", "Compact 2.0s 7.4"])
@pytest.mark.parametrize("word", [0, 1])
async def test_hardware_that_cannot_switch_refuses(model: str, word: int) -> None:
    """Exception 3, as seen on 22 kW units."""
    async with master_of(Compact(model=model)) as master:
        assert await master.refused_one(0x0D04, word) == 3
        assert await master.word(0x0D04) == 0


async def test_by_the_document_it_is_ignored() -> None:
    """Acknowledged, and nothing happens."""
    charger = Compact(model="Compact 2.0s 22", refuses_phases=False)
    async with master_of(charger) as master:
        await master.start(charger)
        await master.write(0x0D04, 1)
        await master.lead(charger, 4)
        assert (await master.word(0x0D04), await master.word(0x0E02)) == (0, 0)
        assert await master.word(0x0100) == EvseState.CHARGING


async def test_it_has_to_be_set_up() -> None:
    """The hardware could, the installer chose three phases: ignored, as documented."""
    charger = Compact(dynamic_phases=False)
    async with master_of(charger) as master:
        assert (await master.word(0x030A), await master.word(0x030C)) == (1, 2)
        await master.write(0x0D04, 1)
        assert (await master.word(0x0D04), await master.word(0x0E02)) == (0, 0)


async def test_there_is_one_phase_and_all() -> None:
    """No third word."""
    async with master_of(Compact()) as master:
        for word in (2, 3, 0xFFFF):
            assert await master.refused_one(0x0D04, word) == 3


@pytest.mark.parametrize(
    "charger",
    [Compact(model="Compact 2.0s 7.4"), Compact(hardware_phases=HardwarePhases.ONE)],
)
async def test_one_phase_hardware_has_one_phase(charger: Compact) -> None:
    """Voltages of the others are 0."""
    async with master_of(charger) as master:
        await master.start(charger)
        assert (await _currents(master))[1:] == [0, 0]
        volts = [await master.number(address) for address in (0x0506, 0x0508, 0x050A)]
        assert volts == [pytest.approx(230, abs=5), 0, 0]
        assert await master.word(0x0B06) == 1
