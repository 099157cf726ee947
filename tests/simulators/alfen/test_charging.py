"""Cars at the sockets: states, currents, and a meter that counts."""

import pytest

from simulators.alfen import Eve, MeterState
from simulators.car import Pilot
from tests.simulators.alfen.support import STATION, Client, client_of, number


async def _power(client: Client, unit: int = 1) -> float:
    return await client.amps(344, unit)


async def _energy(client: Client, unit: int = 1) -> float:
    return number(await client.wire.read(374, 4, unit=unit))


async def test_a_car_comes_charges_and_leaves() -> None:
    """All along, the state says so."""
    eve = Eve()
    async with client_of(eve) as client:
        assert await client.state() == "A"
        await client.limit(0)
        eve.do("plug_in")
        eve.advance(5)
        assert await client.state() == "B1"
        await client.limit(16)
        eve.set({"car.wants_to_charge": False})
        eve.advance(1)
        assert await client.state() == "B2"
        eve.set({"car.wants_to_charge": True})
        eve.advance(10)
        assert await client.state() == "C2"
        assert await client.amps(320) == 16
        eve.set({"car.ventilation": True})
        assert await client.state() == "D2"
        eve.do("leave")
        eve.advance(1)
        assert (await client.state(), await client.amps(320)) == ("A", 0)


async def test_a_paused_car_still_asks_for_a_moment() -> None:
    """While its current falls, the pilot is C without a signal."""
    eve = Eve()
    eve.do("plug_in")
    eve.advance(20)
    eve.set({"car.ramp_down": 1, "socket.setpoint": 16})
    eve.advance(20)
    eve.set({"socket.setpoint": 0})
    eve.advance(2)
    async with client_of(eve) as client:
        assert await client.state() == "C1"
        eve.set({"car.ventilation": True})
        assert await client.state() == "D1"


async def test_state_strings_are_padded_with_zeros() -> None:
    """Two letters to a register."""
    eve = Eve()
    eve.do("plug_in")
    async with client_of(eve) as client:
        eve.advance(20)
        assert await client.wire.read(1201, 5) == [0x4332, 0, 0, 0, 0]


@pytest.mark.parametrize("states", [{"socket.faulted": True}, {"car.faulty": True}])
async def test_an_error_is_f(states: dict[str, object]) -> None:
    """Nothing flows."""
    eve = Eve()
    eve.do("plug_in")
    eve.advance(20)
    async with client_of(eve) as client:
        eve.set(states)
        eve.advance(5)
        assert (await client.state(), await client.amps(320)) == ("F", 0)


async def test_some_units_rest_in_e() -> None:
    """It is no error, and a car changes it."""
    eve = Eve(idle_state="E")
    async with client_of(eve) as client:
        assert await client.state() == "E"
        eve.do("plug_in")
        eve.advance(20)
        assert await client.state() == "C2"


async def test_not_every_text_is_documented() -> None:
    """A state that the document does not have can be shown."""
    eve = Eve()
    async with client_of(eve) as client:
        eve.set({"socket.odd_state": "X9"})
        assert await client.state() == "X9"
        eve.set({"socket.odd_state": None})
        assert await client.state() == "A"


async def test_an_inoperative_socket_offers_nothing() -> None:
    """Availability is told by its own register."""
    eve = Eve()
    eve.do("plug_in")
    eve.set({"socket.operative": False})
    eve.advance(20)
    async with client_of(eve) as client:
        assert (await client.word(1200), await client.state()) == (0, "B1")


async def test_the_meter_counts_what_it_shows() -> None:
    """Power times time is energy, for each socket by itself."""
    eve = Eve(sockets=2)
    eve.grid.noise = 0.0
    eve.do("plug_in_2")
    async with client_of(eve) as client:
        before = [await _energy(client, unit) for unit in (1, 2)]
        assert before == [6_223_090, 302_806]
        await client.limit(16, unit=2)
        eve.advance(30)
        power = await _power(client, 2)
        assert power == pytest.approx(3 * 230 * 16 * 0.99, rel=1e-6)
        start = await _energy(client, 2)
        await client.limit(16, unit=2)
        eve.advance(36)
        assert await _energy(client, 2) - start == pytest.approx(power / 100, rel=1e-6)
        assert await _energy(client, 1) == before[0]
        assert await _power(client, 1) == 0


async def test_every_value_of_a_full_meter_fits_the_others() -> None:
    """Volts, amps, watts, volt-amperes and vars belong together."""
    eve = Eve()
    eve.do("plug_in")
    eve.set({"car.phases": 2, "socket.setpoint": 10})
    eve.advance(20)
    async with client_of(eve) as client:
        block = await client.wire.read(300, 62)
        values = {300 + at: number(block[at : at + 2]) for at in range(6, 62, 2)}
        for phase in (0, 1, 2):
            volts, amps = values[306 + 2 * phase], values[320 + 2 * phase]
            watts, apparent = values[338 + 2 * phase], values[346 + 2 * phase]
            assert amps == pytest.approx(10 if phase < 2 else 0)
            assert apparent == pytest.approx(volts * amps)
            assert watts == pytest.approx(apparent * values[328 + 2 * phase])
            reactive = values[354 + 2 * phase]
            assert apparent**2 == pytest.approx(watts**2 + reactive**2)
        for first, total in ((320, 326), (338, 344), (346, 352), (354, 360)):
            phases = sum(values[first + 2 * phase] for phase in (0, 1, 2))
            assert values[total] == pytest.approx(phases)
        assert values[312] == pytest.approx(398, abs=3)
        assert values[318] == pytest.approx(10)
        assert values[336] == 50
        energies = await client.wire.read(362, 64)
        counters = [number(energies[at : at + 4]) for at in range(0, 64, 4)]
        for first in (0, 4, 8, 12):
            assert counters[first + 3] == pytest.approx(sum(counters[first : first + 3]))
        assert counters[4:8] == [0, 0, 0, 0]
        assert counters[11] > 0 < counters[15]


async def test_a_meter_can_stand_still() -> None:
    """Its age grows, its state says so, its values stay."""
    eve = Eve()
    eve.do("plug_in")
    eve.advance(20)
    async with client_of(eve) as client:
        power = await _power(client)
        assert await client.word(300) == MeterState.INITIALISED | MeterState.UPDATED == 3
        eve.set({"meter.frozen": True, "meter.error": True, "meter.warning": True})
        eve.do("leave")
        eve.advance(30)
        assert await client.word(300) == 0b1101
        assert (await client.wire.read(301, 4))[3] == 30_029
        assert await _power(client) == power


async def test_states_and_verbs_have_names() -> None:
    """Those of a second socket end in its number."""
    eve = Eve(sockets=2)
    names = eve.state()
    for name in ("socket.setpoint", "socket_2.mode3_state", "meter_2.energy", "car_2.plugged"):
        assert name in names
    assert set(eve.verbs) == {
        *("reboot", "drop_clients", "plug_in", "leave", "plug_in_2", "leave_2"),
    }
    eve.set({"socket.remaining": 5, "socket.setpoint": 20, "socket_2.phases": 1})
    assert eve.register("phases", 2).value == 1
    eve.set({"socket.remaining": 5})
    assert eve.register("remaining").value == 5
    assert eve.register("temperature", STATION).value == 35.8125
    assert eve.sockets[0].car.pilot(0) is Pilot.A
