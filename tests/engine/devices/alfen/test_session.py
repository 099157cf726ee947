"""Sessions and the boot time: what the charger does not tell, and a restart must not lose."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from custom_components.voltrail.engine.devices.alfen import Alfen
from custom_components.voltrail.engine.devices.alfen.boot_time import BootTime, utc_now
from custom_components.voltrail.engine.devices.alfen.session import Session
from custom_components.voltrail.engine.model.clock import ClockWatch
from custom_components.voltrail.engine.polling.polled_device import Cadence
from simulators.alfen import Eve, sample
from tests.fake_time import run

from ..owner import Owner
from .support import BEGINNING, Direct, connected, living, loop_clock, poll_everything, value


class Wall:
    """A wall clock that a test moves."""

    def __init__(self) -> None:
        self.now = BEGINNING
        self.saves = 0
        self.passed = 0.0

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    def saved(self) -> None:
        """Count what would have been saved."""
        self.saves += 1

    def go(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
        self.passed += seconds

    def put(self, seconds: float) -> None:
        """Set the clock."""
        self.now += timedelta(seconds=seconds)

    def session(self) -> Session:
        """Return a session of a socket that was never looked at."""
        return Session(self, self.saved, ClockWatch(lambda: self.passed))


@pytest.fixture
def wall() -> Wall:
    """A clock at the beginning."""
    return Wall()


@pytest.fixture
def session(wall: Wall) -> Session:
    """A session of a socket that was never looked at."""
    return wall.session()


def test_a_session(session: Session, wall: Wall) -> None:
    """From the counter without a car to the counter after it left."""
    session.note_car(plugged=False)
    session.note_counter(1000)
    assert (session.energy, session.duration, session.started) == (None, None, None)
    session.note_car(plugged=True)
    assert session.started == BEGINNING
    wall.go(30)
    # The first Wh flow before the counter is read again.
    session.note_counter(1040)
    assert (session.energy, session.duration) == (40, 30)
    wall.go(3570)
    session.note_counter(8000)
    session.note_car(plugged=False)
    wall.go(60)
    # What flowed since the last look still belongs to it.
    session.note_counter(8010)
    assert (session.energy, session.duration) == (7010, 3600)
    wall.go(3600)
    session.note_counter(8010)
    assert (session.energy, session.duration) == (7010, 3600)
    session.note_car(plugged=True)
    assert (session.energy, session.duration) == (0, 0)
    assert session.started == BEGINNING + timedelta(seconds=7260)


@pytest.mark.parametrize("step", [86_400, -86_400, 3600, -600])
def test_a_clock_that_is_set(session: Session, wall: Wall, step: float) -> None:
    """Home Assistant found the time while a car charged: the session lasts as long as it did."""
    session.note_car(plugged=False)
    wall.go(10)
    session.note_car(plugged=True)
    for _ in range(60):
        wall.go(10)
        session.note_car(plugged=True)
    wall.put(step)
    wall.go(10)
    session.note_car(plugged=True)
    assert session.duration == 610
    assert session.started == wall.now - timedelta(seconds=610)
    session.note_car(plugged=False)
    assert session.duration == 610


def test_a_clock_that_is_set_after_a_restart(session: Session, wall: Wall) -> None:
    """A beginning from before the restart was noted by a clock that was right."""
    session.note_car(plugged=False)
    session.note_car(plugged=True)
    wall.go(3600)
    after = wall.session()
    after.restore_state(json.loads(json.dumps(session.dump_state())))
    wall.put(-1800)
    after.note_car(plugged=True)
    wall.go(10)
    wall.put(1800)
    after.note_car(plugged=True)
    assert after.duration == 3610


def test_a_meter_that_is_late(session: Session, wall: Wall) -> None:
    """What the counter tells within two minutes still belongs to the session, later it does not."""
    session.note_car(plugged=False)
    session.note_car(plugged=True)
    session.note_counter(1000)
    session.note_car(plugged=False)
    seen = []
    for counter in (1500, 1510, 1510, 1600):
        session.note_counter(counter)
        seen.append(session.energy)
        wall.go(60)
    assert seen == [500, 510, 510, 510]
    session.note_car(plugged=True)
    assert session.energy == 0


def test_a_session_that_began_unseen(session: Session, wall: Wall) -> None:
    """Neither when it began is known, nor what it has charged: nothing is made up."""
    session.note_car(plugged=True)
    session.note_counter(500)
    wall.go(60)
    session.note_counter(700)
    assert not any((session.energy, session.duration, session.started))
    assert session.started is None
    session.note_car(plugged=False)
    session.note_counter(800)
    session.note_car(plugged=True)
    session.note_counter(850)
    assert (session.energy, session.duration) == (50, 0)


def test_a_car_that_came_while_nothing_looked(session: Session, wall: Wall) -> None:
    """The session before it is over, and of the present one nothing is known."""
    session.note_car(plugged=False)
    session.note_counter(1000)
    session.note_car(plugged=True)
    session.note_counter(1500)
    session.note_car(plugged=False)
    after = wall.session()
    after.restore_state(session.dump_state())
    wall.go(3600)
    after.note_car(plugged=True)
    after.note_counter(2500)
    assert (after.energy, after.duration, after.started) == (None, None, None)


def test_unknown_states_end_no_session(session: Session, wall: Wall) -> None:
    """An error or an unknown state says nothing about the car."""
    session.note_car(plugged=False)
    session.note_car(plugged=True)
    session.note_counter(500)
    session.note_car(plugged=None)
    session.note_counter(None)
    wall.go(60)
    session.note_car(plugged=True)
    session.note_counter(600)
    assert (session.energy, session.duration) == (100, 60)


def test_cars_that_follow_each_other_fast(session: Session) -> None:
    """Without a counter in between, the next session counts from the first one it sees."""
    session.note_car(plugged=False)
    session.note_counter(100)
    session.note_car(plugged=True)
    session.note_counter(400)
    session.note_car(plugged=False)
    session.note_car(plugged=True)
    assert session.energy is None
    session.note_counter(450)
    session.note_counter(460)
    assert session.energy == 10


def test_a_replaced_meter(session: Session) -> None:
    """A counter that goes back and stays there begins the count anew."""
    session.note_car(plugged=False)
    session.note_car(plugged=True)
    session.note_counter(9000)
    session.note_counter(9500)
    seen = []
    for counter in (10, 15, 20, 60):
        session.note_counter(counter)
        seen.append(session.energy)
    assert seen == [500, 500, 0, 40]


def test_a_counter_that_falters(session: Session, wall: Wall) -> None:
    """A meter that says 0 for a moment neither ends the count nor makes a fortune of it."""
    session.note_car(plugged=False)
    for counter in (6_223_090, 0, 6_223_090):
        session.note_counter(counter)
    session.note_car(plugged=True)
    seen = []
    for counter in (6_224_090, 0, 0, 6_225_090, 0, 0, 6_226_090):
        session.note_counter(counter)
        seen.append(session.energy)
    assert seen == [1000, 1000, 1000, 2000, 2000, 2000, 3000]
    # The same with the first look after a restart, and after the end of a session.
    after = wall.session()
    after.restore_state(session.dump_state())
    after.note_car(plugged=True)
    after.note_counter(0)
    assert after.energy is None
    after.note_counter(6_226_090)
    assert after.energy == 3000
    after.note_car(plugged=False)
    after.note_counter(0)
    after.note_counter(6_226_590)
    after.note_counter(0)
    assert after.energy == 3500


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["plug in", "leave", "lost sight", "restart"]),
            st.sampled_from([0.0, 1.0, 500.0, 6_223_090.0, None]),
            st.floats(min_value=0, max_value=1e7),
        ),
        max_size=30,
    )
)
def test_session_energy_is_never_negative(happenings: list[str | float | None]) -> None:
    """Whatever meter and car do, and however often Home Assistant restarts."""
    wall = Wall()
    session = wall.session()
    for happening in happenings:
        match happening:
            case "plug in" | "leave":
                session.note_car(plugged=happening == "plug in")
            case "lost sight":
                session.note_car(plugged=None)
            case "restart":
                memory = session.dump_state()
                session = wall.session()
                session.restore_state(json.loads(json.dumps(memory)))
            case str():
                raise AssertionError(happening)
            case counter:
                session.note_counter(counter)
        assert session.energy is None or session.energy >= 0


def test_a_restart_in_the_middle(session: Session, wall: Wall) -> None:
    """The session goes on, and counts what was charged meanwhile."""
    session.note_car(plugged=False)
    session.note_counter(1000)
    session.note_car(plugged=True)
    session.note_counter(1500)
    assert wall.saves > 0
    after = wall.session()
    after.restore_state(session.dump_state())
    wall.go(300)
    after.note_car(plugged=True)
    after.note_counter(2500)
    assert (after.energy, after.duration) == (1500, 300)


def test_a_restart_after_the_end(session: Session, wall: Wall) -> None:
    """The last session is still the last one."""
    session.note_car(plugged=False)
    session.note_car(plugged=True)
    session.note_counter(1000)
    session.note_counter(1500)
    wall.go(60)
    session.note_car(plugged=False)
    session.note_counter(1500)
    after = wall.session()
    after.restore_state(session.dump_state())
    wall.go(300)
    after.note_car(plugged=False)
    after.note_counter(1500)
    assert (after.energy, after.duration) == (500, 60)


def test_a_car_that_left_meanwhile(session: Session, wall: Wall) -> None:
    """The session ends when that is first seen, with what the counter says then."""
    session.note_car(plugged=False)
    session.note_car(plugged=True)
    session.note_counter(1000)
    after = wall.session()
    after.restore_state(session.dump_state())
    wall.go(120)
    after.note_car(plugged=False)
    after.note_counter(1800)
    assert (after.energy, after.duration) == (800, 120)


def test_nothing_is_remembered_of_nothing(session: Session, wall: Wall) -> None:
    """An empty memory is no session."""
    session.restore_state({})
    wall.go(10)
    assert (session.energy, session.duration, session.started) == (None, None, None)


def test_a_clock_that_was_wrong(session: Session, wall: Wall) -> None:
    """A wall clock that is put back makes no negative duration."""
    session.note_car(plugged=False)
    session.note_car(plugged=True)
    wall.go(-3600)
    assert session.duration == 0


def test_a_session_on_a_station() -> None:
    """Energy and duration of a whole session, over a restart, equal what the meter counted."""

    async def story() -> None:
        eve = Eve()
        (socket,) = eve.sockets
        before = socket.meter.energy_l1 + socket.meter.energy_l2 + socket.meter.energy_l3
        owner = Owner(Alfen(Direct(eve).for_unit, 200, clock=loop_clock))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(100)
            socket.car.plug_in(charged=0.2)
            await asyncio.sleep(1000)
            memory = await owner.stop()
            await asyncio.sleep(100)
            owner = Owner(Alfen(Direct(eve).for_unit, 200, clock=loop_clock))
            owner.device.restore_state(memory)
            await owner.start()
            await asyncio.sleep(1000)
            socket.car.leave()
            await asyncio.sleep(100)
            charged = sum(socket.meter.energies) - before
            assert charged > 1000
            assert value(owner.device, "socket_1/session_energy") == pytest.approx(charged)
            assert value(owner.device, "socket_1/session_duration") == pytest.approx(2100, abs=11)
            started = value(owner.device, "socket_1/session_start")
            assert isinstance(started, datetime)
            assert (started - BEGINNING).total_seconds() == pytest.approx(100, abs=11)
            await owner.stop()

    run(story())


async def test_the_end_of_a_session_asks_for_the_counters_at_once() -> None:
    """A car that comes or goes draws attention to what is read once a minute."""
    eve = Eve()
    async with connected(eve) as (device, _, _):
        await poll_everything(device)
        before = device.attention
        await device.poll(Cadence.MEASUREMENTS)
        assert device.attention == before
        eve.sockets[0].car.plug_in()
        await device.poll(Cadence.MEASUREMENTS)
        assert device.attention != before


# -- when the station was started --


def test_boot_time_does_not_jitter(wall: Wall) -> None:
    """Late answers and slow clocks move nothing."""
    boot = BootTime(wall, wall.saved)
    boot.note(1000.4)
    moment = boot.moment
    assert moment == BEGINNING - timedelta(seconds=1001)
    uptime = 1000.4
    for day in range(400):
        # The station's clock loses two seconds a day, and answers come late at times.
        wall.go(86_400)
        uptime += 86_398
        boot.note(uptime - day % 7)
    assert boot.moment == moment
    assert wall.saves == 1


def test_a_reboot_moves_it(wall: Wall) -> None:
    """A station that was started anew has a smaller uptime than it should."""
    boot = BootTime(wall, wall.saved)
    boot.note(50_000)
    wall.go(3600)
    boot.note(3000)
    assert boot.moment == BEGINNING + timedelta(seconds=600)


def test_a_reboot_early_after_a_start(wall: Wall) -> None:
    """An uptime that grew, but by less than the time that passed, is one as well."""
    boot = BootTime(wall, wall.saved)
    boot.note(10)
    wall.go(3600)
    boot.note(3000)
    assert boot.moment == BEGINNING + timedelta(seconds=600)


def test_boot_time_outlives_a_restart(wall: Wall) -> None:
    """Weeks later it is still the same moment."""
    boot = BootTime(wall, wall.saved)
    assert boot.dump_state() == {}
    boot.note(500)
    after = BootTime(wall, wall.saved)
    after.restore_state(boot.dump_state())
    wall.go(30 * 86_400)
    after.note(30 * 86_400 + 520.0)
    assert after.moment == boot.moment
    fresh = BootTime(wall, wall.saved)
    fresh.restore_state({})
    assert fresh.moment is None
    fresh.note(None)
    assert fresh.moment is None


async def test_boot_time_of_the_recorded_station(wall: Wall) -> None:
    """Now less 126118.547 s of uptime, and the same after the next look."""
    eve = sample()
    device = Alfen(Direct(eve).for_unit, 200, clock=wall)
    await device.identify()
    expected = (BEGINNING - timedelta(seconds=126_118.547)).replace(microsecond=0)
    assert value(device, "boot_time") == expected
    eve.advance(10)
    wall.go(10.7)
    await device.poll(Cadence.IDENTITY)
    assert value(device, "boot_time") == expected
    memory = device.dump_state()
    again = Alfen(Direct(eve).for_unit, 200, clock=wall)
    again.restore_state(memory)
    assert again.dump_state() == memory
    await again.identify()
    assert value(again, "boot_time") == expected


def test_the_usual_clock_tells_the_zone() -> None:
    """Moments are never without a zone."""
    assert utc_now().tzinfo is UTC


def test_energy_moves_with_the_power() -> None:
    """While a car charges its counter is read with every poll, and only then."""

    async def story() -> None:
        eve = Eve()
        (socket,) = eve.sockets
        owner = Owner(Alfen(Direct(eve).for_unit, 200, clock=loop_clock))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(30)
            assert "socket_1_energy" not in owner.device.names(Cadence.MEASUREMENTS)
            socket.car.plug_in(charged=0.2)
            await asyncio.sleep(103)
            seen = []
            for _ in range(4):
                await asyncio.sleep(10)
                seen.append(value(owner.device, "socket_1/energy_charged"))
            assert len(set(seen)) == 4
            assert "socket_1_energy" in owner.device.names(Cadence.MEASUREMENTS)
        await owner.stop()

    run(story())
