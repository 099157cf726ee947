"""The watchdog: what a charger does when its energy manager falls silent, and how it gets back."""

import pytest

from simulators.mennekes_rtu import Compact, ControlPilot, EvseState
from tests.simulators.mennekes_rtu.support import Master, master_of


async def _state(master: Master) -> EvseState:
    return EvseState(await master.word(0x0100))


@pytest.mark.parametrize("missing", ["heartbeat", "release", "current"])
async def test_a_start_needs_all_three(missing: str) -> None:
    """Heartbeat, release and a current of 6 A; any two of them are not enough."""
    charger = Compact()
    charger.do("plug_in")
    async with master_of(charger) as master:
        if missing != "heartbeat":
            await master.beat()
        if missing != "release":
            await master.write(0x0D05, 1)
        if missing != "current":
            await master.limit(6)
        charger.advance(9)
        assert await _state(master) is EvseState.WAITING
        assert await master.number(0x0114) == 0
        assert await master.word(0x0108) == ControlPilot.B1
        await master.beat()
        await master.write(0x0D05, 1)
        await master.limit(6.5)
        charger.advance(8)
        assert await _state(master) is EvseState.CHARGING
        assert await master.number(0x0114) == 6.5
        assert await master.word(0x0108) == ControlPilot.C2


async def test_only_the_right_word_is_a_heartbeat() -> None:
    """It is refused, and does not count."""
    charger = Compact()
    async with master_of(charger) as master:
        assert await master.refused_one(0x0D00, 0xAA55) == 3
        assert await master.refused_one(0x0D00, 1) == 3
    assert charger.ems.heartbeats == 0


async def test_ten_seconds_are_enough() -> None:
    """A heartbeat every ten seconds keeps the charger going; the longest gap is remembered."""
    charger = Compact(fallback=1)
    async with master_of(charger) as master:
        await master.start(charger)
        for gap in (10, 3, 9.5):
            charger.advance(gap)
            assert (await master.word(0x0E01), await _state(master)) == (0, EvseState.CHARGING)
            await master.beat()
        assert charger.ems.longest_gap == 10
        charger.advance(10.5)
        assert await master.word(0x0E01) == 1


@pytest.mark.parametrize(
    ("fallback", "active", "amps"), [(0, 0, 16), (1, 1, 0), (6, 1, 6), (13, 1, 13), (32, 1, 16)]
)
async def test_silence_leads_to_the_fallback(fallback: int, active: int, amps: float) -> None:
    """Keep, pause, or a current of its own, clamped as any other; with a car there is no error."""
    charger = Compact(fallback=fallback)
    async with master_of(charger) as master:
        await master.start(charger)
        charger.advance(30)
        assert await master.word(0x0E01) == active
        assert await master.number(0x0114) == amps
        assert await master.number(0x0500) == amps
        assert await master.word(0x0E00) == 0
        assert await master.number(0x0302) == 16
        await master.lead(charger, 12)
        assert await master.word(0x0E01) == 0
        assert await master.number(0x0114) == 16


async def test_reads_are_no_heartbeat() -> None:
    """Somebody who polls and does nothing else is silent."""
    charger = Compact(fallback=6)
    async with master_of(charger) as master:
        await master.start(charger)
        for _ in range(6):
            charger.advance(2)
            await master.limit(16)
            assert await _state(master) is EvseState.CHARGING
        assert await master.word(0x0E01) == 1


async def test_a_pause_outlasts_the_silence() -> None:
    """The fallback current needs the release as well."""
    charger = Compact(fallback=10)
    async with master_of(charger) as master:
        await master.start(charger)
        await master.write(0x0D05, 0)
        charger.advance(30)
        assert (await master.word(0x0E01), await master.number(0x0114)) == (1, 0)


async def test_a_car_may_arrive_during_the_fallback() -> None:
    """It charges with the current of the fallback."""
    charger = Compact(fallback=8)
    async with master_of(charger) as master:
        await master.beat()
        await master.write(0x0D05, 1)
        await master.limit(16)
        charger.advance(20)
        charger.do("plug_in")
        charger.advance(12)
        assert (await _state(master), await master.number(0x0114)) == (EvseState.CHARGING, 8)


async def _blocked(charger: Compact, master: Master) -> None:
    await master.beat()
    charger.advance(11)
    assert await _state(master) is EvseState.ERROR
    assert await master.word(0x0E00) == 200
    assert await master.word(0x0108) == ControlPilot.F


async def test_without_car_and_fallback_the_charger_blocks() -> None:
    """Error 200, and a car that arrives gets nothing."""
    charger = Compact()
    async with master_of(charger) as master:
        await _blocked(charger, master)
        charger.do("plug_in")
        charger.advance(10)
        assert (await _state(master), await master.number(0x0114)) == (EvseState.ERROR, 0)


async def test_it_blocks_when_the_car_leaves_during_the_silence() -> None:
    """Until then the last values stood."""
    charger = Compact()
    async with master_of(charger) as master:
        await master.start(charger)
        charger.advance(60)
        assert await _state(master) is EvseState.CHARGING
        charger.do("leave")
        charger.advance(1)
        assert await master.word(0x0E00) == 200


@pytest.mark.parametrize("order", [("release", "current"), ("current", "release")])
async def test_heartbeat_release_and_current_bring_it_back(order: tuple[str, str]) -> None:
    """All three of them after the error, the heartbeat first; then it is idle."""
    charger = Compact()
    async with master_of(charger) as master:
        await _blocked(charger, master)
        await master.beat()
        for step in order:
            assert await _state(master) is EvseState.ERROR
            await (master.write(0x0D05, 1) if step == "release" else master.limit(6))
        assert (await _state(master), await master.word(0x0E00)) == (EvseState.IDLE, 0)


async def test_a_wrong_recovery_does_not_help() -> None:
    """No heartbeat, no release, too little current or a heartbeat that stopped in between."""
    charger = Compact()
    async with master_of(charger) as master:
        await _blocked(charger, master)
        await master.write(0x0D05, 1)
        await master.limit(16)
        assert await _state(master) is EvseState.ERROR
        await master.beat()
        await master.write(0x0D05, 0)
        await master.limit(16.5)
        assert await _state(master) is EvseState.ERROR
        await master.write(0x0D05, 1)
        assert await _state(master) is EvseState.IDLE
        await _blocked(charger, master)
        await master.beat()
        await master.limit(5.9)
        await master.write(0x0D05, 1)
        charger.advance(5)
        assert await _state(master) is EvseState.ERROR
        charger.advance(10)
        await master.beat()
        await master.limit(16)
        assert await _state(master) is EvseState.ERROR


@pytest.mark.parametrize("charger", [Compact(recovers=False), Compact(layout="1.02")])
async def test_older_software_needs_a_power_cycle(charger: Compact) -> None:
    """Nothing sent over the line ends its error 200."""
    async with master_of(charger) as master:
        await _blocked(charger, master)
        await master.beat()
        await master.write(0x0D05, 1)
        await master.limit(16)
        assert await _state(master) is EvseState.ERROR
        charger.do("power_cycle")
        charger.advance(10)
        assert (await _state(master), await master.word(0x0E00)) == (EvseState.IDLE, 0)


async def test_other_errors_stay() -> None:
    """The recovery is for a missing energy manager only."""
    charger = Compact()
    async with master_of(charger) as master:
        charger.set({"charger.error_code": 2323})
        await master.beat()
        await master.write(0x0D05, 1)
        await master.limit(16)
        assert (await _state(master), await master.word(0x0E00)) == (EvseState.ERROR, 2323)
        charger.set({"charger.error_code": 0})
        assert await _state(master) is EvseState.IDLE


async def test_a_charger_may_wait_for_its_first_heartbeat() -> None:
    """Or not: whether the watchdog runs before it is not documented."""
    patient, eager = Compact(), Compact(waits_for_manager=False)
    for charger in (patient, eager):
        charger.advance(11)
    assert (patient.box.error_code, eager.box.error_code) == (0, 200)


async def test_a_power_cycle_loses_set_points() -> None:
    """Silence, then not initialised, then idle; and nothing starts by itself."""
    charger = Compact()
    async with master_of(charger) as master:
        await master.start(charger)
        await master.write(0x0D04, 1)
        charger.do("power_cycle")
        master.wire.send(bytes.fromhex("000100000006320301000001"))
        assert await master.wire.silent()
        charger.advance(8)
        assert await _state(master) is EvseState.NOT_INITIALISED
        charger.advance(2)
        assert [await master.word(address) for address in (0x0D04, 0x0D05, 0x0E02)] == [0, 0, 0]
        assert await master.number(0x0302) == 0
        await master.beat()
        await master.write(0x0D05, 1)
        charger.advance(5)
        assert (await _state(master), await master.number(0x0114)) == (EvseState.WAITING, 0)
        await master.limit(10)
        charger.advance(4)
        assert await master.number(0x0114) == 10
        assert charger.full_power_trap == 0


async def test_set_points_may_survive_a_power_cycle() -> None:
    """Which is not documented; the heartbeat has to come back in any case."""
    charger = Compact(keeps_set_points=True)
    async with master_of(charger) as master:
        await master.start(charger, 12)
        charger.do("power_cycle")
        charger.advance(15)
        assert await master.number(0x0114) == 0
        assert await master.number(0x0302) == 12
        await master.beat()
        charger.advance(4)
        assert await master.number(0x0114) == 12
