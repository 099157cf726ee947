"""Release, lock, solar modes, restart, access, sessions and what the charger tells about itself."""

import pytest

from simulators.mennekes_rtu import (
    AuthorisationStatus,
    CableLock,
    Compact,
    ControlPilot,
    EvseState,
    Satellite,
)
from tests.simulators.mennekes_rtu.support import Master, master_of, single


async def _state(master: Master) -> EvseState:
    return EvseState(await master.word(0x0100))


async def test_a_car_comes_charges_pauses_and_leaves() -> None:
    """The sequence in the document's appendix."""
    charger = Compact()
    async with master_of(charger) as master:
        await master.beat()
        await master.limit(6)
        assert (await _state(master), await master.word(0x0108)) == (1, ControlPilot.A1)
        assert await master.word(0x0D02) == CableLock.UNLOCKED
        charger.do("plug_in")
        charger.advance(1)
        assert await _state(master) is EvseState.CONNECTED
        assert await master.number(0x0B00) == 16
        assert await master.word(0x0D02) == CableLock.LOCKED
        charger.advance(2)
        assert await _state(master) is EvseState.WAITING
        charger.set({"car.wants_to_charge": False})
        await master.write(0x0D05, 1)
        await master.lead(charger, 4)
        assert (await _state(master), await master.word(0x0108)) == (4, ControlPilot.B2)
        charger.set({"car.wants_to_charge": True})
        await master.lead(charger, 8)
        assert (await _state(master), await master.word(0x0108)) == (5, ControlPilot.C2)
        assert await master.number(0x0512) == pytest.approx(3 * 230 * 6, rel=0.02)
        await master.write(0x0D05, 0)
        await master.lead(charger, 4)
        assert await _state(master) is EvseState.WAITING
        assert await master.number(0x0512) == 0
        await master.write(0x0D05, 1)
        await master.lead(charger, 8)
        assert await _state(master) is EvseState.CHARGING
        charger.do("leave")
        await master.lead(charger, 4)
        assert await _state(master) is EvseState.IDLE


async def test_a_session_is_counted() -> None:
    """Energy, duration and phases stand until the next one begins."""
    charger = Compact()
    charger.grid.noise = 0.0
    async with master_of(charger) as master:
        total = await master.number(0x1000)
        await master.start(charger, 10)
        await master.lead(charger, 360)
        charger.do("leave")
        await master.lead(charger, 4)
        energy = await master.number(0x0B02)
        duration = (await master.read(0x0B04, 2))[1]
        assert energy == pytest.approx(0.69, rel=0.05)
        assert duration == pytest.approx(376, abs=2)
        assert await master.number(0x1000) - total == pytest.approx(energy, abs=1e-3)
        assert charger.car.charged_wh == pytest.approx(30_000 + 1000 * energy, rel=1e-6)
        await master.lead(charger, 20)
        assert await master.number(0x0B02) == energy
        assert (await master.read(0x0B04, 2))[1] == duration
        assert (await master.read(0x1002, 2))[1] == 320
        charger.do("plug_in")
        charger.advance(1)
        assert await master.number(0x0B02) == 0
        assert (await master.read(0x1002, 2))[1] == 321
        assert await master.word(0x0B06) == 0


@pytest.mark.parametrize("address", [0x0D00, 0x0D03, 0x0D04, 0x0D05, 0x0D06, 0x0D19])
async def test_function_16_is_not_listed_for_functions(address: int) -> None:
    """It is refused, unless a test wants a charger that takes it."""
    good = {0x0D00: 0x55AA, 0x0D19: 0x00BB}.get(address, 1)
    charger = Compact(solar_modes=True)
    async with master_of(charger) as master:
        assert await master.refused(address, good) == 2
        charger.set({"charger.takes_spans": True})
        assert await master.refused(address, good) is None


@pytest.mark.parametrize("address", [0x0D05, 0x0D06])
async def test_switches_are_on_or_off(address: int) -> None:
    """Anything else is refused."""
    async with master_of(Compact()) as master:
        for word in (1, 0, 1):
            await master.write(address, word)
            assert await master.word(address) == word
        for word in (2, 0x55AA, 0xFFFF):
            assert await master.refused_one(address, word) == 3


async def test_a_locked_station_does_not_charge() -> None:
    """It goes on when it is unlocked."""
    charger = Compact()
    async with master_of(charger) as master:
        await master.start(charger)
        await master.write(0x0D06, 1)
        await master.lead(charger, 4)
        assert (await _state(master), await master.number(0x0114)) == (EvseState.CONNECTED, 0)
        await master.write(0x0D06, 0)
        await master.lead(charger, 8)
        assert await _state(master) is EvseState.CHARGING


async def test_solar_modes_need_their_switch() -> None:
    """Without it nothing happens; with it the mode is shown and drives nothing."""
    charger = Compact()
    async with master_of(charger) as master:
        await master.write(0x0D03, 2)
        assert await master.word(0x0D03) == 0
        await master.write(0x073C, 1)
        await master.start(charger)
        for mode in (1, 2, 3, 0):
            await master.write(0x0D03, mode)
            await master.lead(charger, 4)
            assert await master.word(0x0D03) == mode
            assert await _state(master) is EvseState.CHARGING
        assert await master.refused_one(0x0D03, 4) == 3


async def test_a_restart_needs_an_idle_charger() -> None:
    """With a car it is refused; without, the charger is silent and has forgotten."""
    charger = Compact()
    async with master_of(charger) as master:
        await master.start(charger)
        assert await master.refused_one(0x0D19, 0x00BB) == 3
        charger.do("leave")
        await master.lead(charger, 4)
        assert await master.refused_one(0x0D19, 1) == 3
        await master.write(0x0D19, 0x00BB)
        assert not charger.awake
        charger.advance(8)
        assert await _state(master) is EvseState.NOT_INITIALISED
        charger.advance(2)
        assert await _state(master) is EvseState.IDLE
        assert await master.word(0x0D05) == 0


async def test_authorisation_comes_before_everything() -> None:
    """With the feature on, a card is needed for every car."""
    charger = Compact()
    charger.set({"charger.authorisation": True})
    async with master_of(charger) as master:
        assert (await master.word(0x0312), await master.word(0x0101)) == (1, 0)
        await master.start(charger)
        assert await master.word(0x0101) == AuthorisationStatus.NOT_AUTHORISED
        assert await _state(master) is EvseState.CONNECTED
        charger.do("authorise")
        await master.lead(charger, 8)
        assert await master.word(0x0101) == AuthorisationStatus.AUTHORISED
        assert await _state(master) is EvseState.CHARGING
        charger.do("leave")
        await master.lead(charger, 4)
        await master.start(charger)
        assert await _state(master) is EvseState.CONNECTED


async def test_not_a_satellite_may_read() -> None:
    """Every write is an illegal address, the heartbeat first of all."""
    async with master_of(Compact(satellite=Satellite.READ_ONLY)) as master:
        assert await _state(master) is EvseState.IDLE
        for address, word in ((0x0D00, 0x55AA), (0x0D05, 1), (0x0D06, 1), (0x073A, 6)):
            assert await master.refused_one(address, word) == 2
        assert await master.refused(0x0302, *single(16)) == 2


async def test_not_a_satellite_may_be_silent() -> None:
    """Until the switches are set."""
    charger = Compact(satellite=Satellite.OFF)
    async with master_of(charger) as master:
        master.wire.send(bytes.fromhex("000100000006320301000001"))
        assert await master.wire.silent()
        charger.set({"charger.satellite": "on"})
        assert await _state(master) is EvseState.IDLE


@pytest.mark.parametrize(
    ("states", "state", "pilot"),
    [
        ({"car.faulty": True}, EvseState.ERROR, ControlPilot.E),
        ({"charger.error_code": 2011}, EvseState.ERROR, ControlPilot.F),
        ({"charger.service": True}, EvseState.SERVICE, ControlPilot.B1),
        ({"car.ventilation": True}, EvseState.CHARGING, ControlPilot.D2),
    ],
)
async def test_states_of_trouble(
    states: dict[str, object], state: EvseState, pilot: ControlPilot
) -> None:
    """Nothing is signalled then, except to a car that only wants air."""
    charger = Compact()
    async with master_of(charger) as master:
        await master.start(charger)
        charger.set(states)
        await master.lead(charger, 8)
        assert (await _state(master), await master.word(0x0108)) == (state, pilot)
        assert (await master.number(0x0114) > 0) == (state is EvseState.CHARGING)


async def test_states_and_verbs_have_names() -> None:
    """What tests and the control interface can look at."""
    charger = Compact()
    assert set(charger.verbs) == {"power_cycle", "authorise", "plug_in", "leave", "drop_clients"}
    states = charger.state()
    for name in ("ems.heartbeats", "charging.state", "line.dropped", "violations.full_power"):
        assert name in states
    charger.set({"charger.rotation": 2, "charger.imbalance": True, "charger.cable_locked": True})
    assert charger.register("rotation").value == 2
    assert charger.register("imbalance").value == 1
    assert charger.register("permanent_cable_lock").value == 1
    assert charger.register("cable_lock").value == CableLock.LOCKED
