"""What the user asked for outlives restarts, and another client's limit is not overruled."""

import asyncio
import math

import pytest

from custom_components.voltrail.engine.devices.mennekes_rtu.errors import RecoveryFailedError
from custom_components.voltrail.engine.devices.mennekes_rtu.states import EvseState
from custom_components.voltrail.engine.model.charging import Phases
from custom_components.voltrail.engine.model.controls import ButtonControl
from custom_components.voltrail.engine.model.errors import DeviceSilentError, LinkDownError
from simulators.mennekes_rtu import Compact, Satellite
from tests.fake_time import in_fake_time

from ..owner import Owner
from .support import Line, control, serial_line, value

LOST = 200


def quiet(simulated: Compact) -> Compact:
    """Return the charger at mains that do not wander."""
    simulated.set({"grid.noise": 0.0})
    return simulated


def currents(simulated: Compact) -> int:
    """Count the limits that were sent."""
    return sum(write.address == 0x0302 for write in simulated.traffic.writes)


@in_fake_time
async def test_after_a_power_cut_everything_is_as_it_was() -> None:
    """Heartbeat, release, current and phases, without anybody asking."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        await device.point.set_phases(Phases.ONE)
        await device.point.set_current_limit(9)
        await asyncio.sleep(30)
        simulated.power_cycle()
        await asyncio.sleep(9)
        assert simulated.state()["ems.current"] is None
        await asyncio.sleep(30)
        assert (simulated.ems.released, simulated.ems.current) == (True, 9)
        assert simulated.ems.single_phase
        assert simulated.ems.alive


@in_fake_time
async def test_a_power_cut_that_no_poll_noticed() -> None:
    """A charger with nothing set at all has just been started, however short it was away."""
    simulated = quiet(Compact(silent_seconds=0.0))
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        await device.point.set_current_limit(9)
        await asyncio.sleep(25)
        simulated.power_cycle()
        await asyncio.sleep(25)
        assert (simulated.ems.released, simulated.ems.current) == (True, 9)


@in_fake_time
async def test_a_power_cut_is_not_taken_for_a_pause() -> None:
    """Also where the line fails while it is looked at closely."""
    simulated = quiet(Compact(silent_seconds=0.0))
    async with serial_line(simulated) as line:
        owner = Owner(line.device())
        async with owner as device:
            await device.point.set_current_limit(9)
            await asyncio.sleep(25)
            simulated.power_cycle()
            # The first read of each block is the poll's, and the second one the closer look.
            for address in (0x0302, 0x0D05):
                simulated.faults.inject("lose_request", function=3, address=address, every=2)
            await asyncio.sleep(60)
            assert owner.troubles
            assert (simulated.ems.released, simulated.ems.current) == (True, 9)
            assert not device.point.target.paused


@in_fake_time
async def test_an_order_right_after_a_power_cut_that_no_poll_noticed() -> None:
    """Who asks for a charge gets one, and no limit that is held without a release."""
    simulated = quiet(Compact(silent_seconds=0.0))
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        await device.point.set_current_limit(9)
        await asyncio.sleep(31)
        for amps in (9, 12):
            simulated.power_cycle()
            await asyncio.sleep(1)
            await device.point.set_current_limit(amps)
            assert (simulated.ems.released, simulated.ems.current) == (True, amps)
            await asyncio.sleep(30)
            assert (simulated.ems.released, simulated.ems.current) == (True, amps)


@in_fake_time
async def test_a_pause_also_survives() -> None:
    """A charger that keeps its release over a power cut is paused again."""
    simulated = quiet(Compact(keeps_set_points=True))
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        await device.point.pause()
        await asyncio.sleep(15)
        simulated.power_cycle()
        simulated.set({"ems.released": True, "ems.current": 16.0})
        await asyncio.sleep(40)
        assert (simulated.ems.released, simulated.ems.current) == (False, 16)


@in_fake_time
async def test_a_restart_of_home_assistant_asserts_once() -> None:
    """State first, then the last target, once; what is held already is not written."""
    simulated = quiet(Compact(fallback=8))
    async with serial_line(simulated) as line:
        owner = Owner(line.device())
        async with owner as device:
            await device.point.set_current_limit(11)
        memory = device.dump_state()
        assert memory["current"] == 11
        await asyncio.sleep(30)
        simulated.ems.current = 16.0
        before = currents(simulated)
        async with Owner(line.device(), memory=memory):
            await asyncio.sleep(60)
            assert simulated.ems.current == 11
            assert currents(simulated) == before + 1
        async with Owner(line.device(), memory=memory):
            await asyncio.sleep(60)
            assert currents(simulated) == before + 1


@pytest.mark.parametrize("delay", [0.0, 0.01, 0.02])
@in_fake_time
async def test_an_order_that_a_reload_overtakes_is_not_said_to_be_done(delay: float) -> None:
    """The next owner holds the lower one: nobody knows whether the pause got through."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line:
        owner = Owner(line.device())
        async with owner as device:
            point = device.point
            await point.set_current_limit(16)
            await asyncio.sleep(31)
            orders = [
                asyncio.create_task(point.pause()),
                asyncio.create_task(point.set_current_limit(8)),
            ]
            await asyncio.sleep(delay)
            assert not orders[0].done()
        memory = device.dump_state()
        async with Owner(line.device(), memory=memory):
            for outcome in await asyncio.gather(*orders, return_exceptions=True):
                assert isinstance(outcome, LinkDownError)
            await asyncio.sleep(30)
            assert (simulated.ems.released, simulated.ems.current) == (False, 16)


@in_fake_time
async def test_memory_is_kept_before_the_charger_answers() -> None:
    """A start without the charger must not forget what its user wanted."""
    simulated = quiet(Compact(satellite=Satellite.OFF))
    async with serial_line(simulated) as line:
        device = line.device()
        device.restore_state({"current": 12.0, "set": True})
        with pytest.raises(DeviceSilentError):
            await device.identify()
        assert device.dump_state() == {"current": 12.0, "set": True}
        device.close()


@pytest.mark.parametrize(
    ("memory", "expected"),
    [
        ({"current": 0, "set": True}, (None, False)),
        ({"current": -7.0, "set": True}, (None, False)),
        ({"current": 5.99, "set": True}, (None, False)),
        ({"current": math.nan, "set": True}, (None, False)),
        ({"current": math.inf, "set": True}, (None, False)),
        ({"current": True, "set": True}, (None, False)),
        ({"current": "16", "set": True}, (None, False)),
        ({"current": 16, "paused": "no", "set": True}, (16.0, True)),
        ({"current": 16, "paused": None, "set": True}, (16.0, True)),
        ({"current": 16, "power": -1, "phases": 2, "set": True}, (16.0, False)),
        ({"anything": 1}, (None, False)),
    ],
)
@in_fake_time
async def test_odd_memory(memory: dict[str, object], expected: tuple[float | None, bool]) -> None:
    """Whatever was stored, only a current that a car can be offered comes back."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device(), memory=memory) as device:
        target = device.point.target
        assert (target.current, target.paused) == expected
        assert target.power is None
        assert target.phases is None
        await asyncio.sleep(30)
        if target.current is None:
            assert currents(simulated) == 0
            assert not simulated.ems.released


@in_fake_time
async def test_phases_alone_are_no_order_to_charge() -> None:
    """Who only chose the phases does not find a car charging after a power cut."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        await device.point.set_phases(Phases.ONE)
        await asyncio.sleep(20)
        simulated.power_cycle()
        await asyncio.sleep(60)
        assert simulated.ems.single_phase
        assert not simulated.ems.released
        simulated.ems.single_phase = False
        await asyncio.sleep(25)
        assert device.dump_state()["phases"] == 3
        assert not simulated.ems.released


@in_fake_time
async def test_another_client_may_change_the_limit() -> None:
    """A limit that was set elsewhere is seen twice and then taken over, never fought."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        await device.point.set_current_limit(9)
        await asyncio.sleep(30)
        sent = currents(simulated)
        simulated.ems.current = 13.0
        await asyncio.sleep(12)
        assert device.dump_state()["current"] == 9
        await asyncio.sleep(15)
        assert device.dump_state()["current"] == 13
        simulated.ems.released = False
        await asyncio.sleep(25)
        assert device.dump_state()["paused"] is True
        simulated.ems.released = True
        await asyncio.sleep(25)
        assert device.dump_state()["paused"] is False
        # The trap, sprung by somebody else: taken for what it means, and never repeated.
        simulated.ems.current = 0.0
        await asyncio.sleep(25)
        assert device.dump_state()["current"] == 16
        assert currents(simulated) == sent
        simulated.power_cycle()
        await asyncio.sleep(60)
        assert simulated.ems.current == 16
        assert simulated.full_power_trap == 0


@in_fake_time
async def test_an_order_that_was_confirmed_and_never_followed_is_sent_again() -> None:
    """What confirms an order may be the late answer to another one: a pause must not get lost."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        await device.point.set_current_limit(9)
        await asyncio.sleep(30)
        await device.point.pause()
        simulated.ems.released = True
        await asyncio.sleep(30)
        assert not simulated.ems.released
        assert device.dump_state()["paused"] is True
        # Seen once, it is no order that got lost: whoever releases now means it.
        simulated.ems.released = True
        await asyncio.sleep(30)
        assert simulated.ems.released
        assert device.dump_state()["paused"] is False


@in_fake_time
async def test_a_charger_that_never_follows_is_left_alone() -> None:
    """Sent again a few times, and then what the charger holds is what counts."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        await device.point.set_current_limit(9)
        for _ in range(100):
            simulated.ems.current = 12.0
            await asyncio.sleep(1)
        assert currents(simulated) == 4
        assert device.dump_state()["current"] == 12


@in_fake_time
async def test_a_lifted_limit_is_not_brought_back_after_a_bad_minute() -> None:
    """A line that fails for some seconds is no reason to overrule anybody."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        await device.point.set_current_limit(9)
        await asyncio.sleep(30)
        simulated.ems.current = 13.0
        await asyncio.sleep(25)
        simulated.faults.inject("lose_request", times=2)
        await asyncio.sleep(40)
        assert simulated.ems.current == 13
        assert device.dump_state()["current"] == 13


@pytest.mark.parametrize("delay", [0.0, 0.005, 0.01, 0.02, 0.04, 0.08])
@in_fake_time
async def test_a_pause_is_not_undone_by_the_order_before_it(delay: float) -> None:
    """Wherever the order stands: what was asked for last is what counts."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        point = device.point
        await point.set_current_limit(10)
        await point.pause()
        # The limit is held already, so going on does not wait; but it looks first.
        async with asyncio.TaskGroup() as group:
            group.create_task(point.resume())
            await asyncio.sleep(delay)
            await point.pause()
        assert point.target.paused
        assert not simulated.ems.released
        await asyncio.sleep(30)
        # Now a limit is sent at once, and its answer cannot be seen for a while.
        async with asyncio.TaskGroup() as group:
            group.create_task(point.set_current_limit(12))
            await asyncio.sleep(delay)
            simulated.faults.inject("lose_request", function=3)
            await point.pause()
        assert (point.target.current, point.target.paused) == (12, True)
        for _ in range(60):
            assert not simulated.ems.released
            await asyncio.sleep(1)


@pytest.mark.parametrize("fault", ["lose_request", "lose_answer"])
@pytest.mark.parametrize("wait", [1.0, 8.0, 30.0])
@in_fake_time
async def test_a_pause_that_may_have_got_through(fault: str, wait: float) -> None:
    """It is what was wanted: nobody goes on without being asked to."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        point = device.point
        await point.set_current_limit(10)
        await asyncio.sleep(31)
        await point.set_current_limit(16)
        await asyncio.sleep(wait)
        simulated.faults.inject(fault, function=6, address=0x0D05)
        with pytest.raises(DeviceSilentError):
            await point.pause()
        if fault == "lose_request":
            await asyncio.sleep(12)
        for _ in range(60):
            assert not simulated.ems.released
            await asyncio.sleep(1)
        await point.resume()
        assert (simulated.ems.released, simulated.ems.current) == (True, 16)


@pytest.mark.parametrize("fault", ["lose_request", "lose_answer"])
@pytest.mark.parametrize(("asked", "held"), [(7, 7), (13, 10)])
@in_fake_time
async def test_a_limit_that_may_have_got_through(fault: str, asked: float, held: float) -> None:
    """The lower one counts, whether it is the new one or the old."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        point = device.point
        await point.set_current_limit(10)
        await asyncio.sleep(31)
        simulated.faults.inject(fault, function=16)
        with pytest.raises(DeviceSilentError):
            await point.set_current_limit(asked)
        await asyncio.sleep(15)
        assert simulated.ems.current == held
        await asyncio.sleep(60)
        assert simulated.ems.current == held


@pytest.mark.parametrize("fault", ["lose_request", "lose_answer"])
@pytest.mark.parametrize(("power", "function", "address"), [(5000, 16, 0x0302), (3000, 6, 0x0D05)])
@in_fake_time
async def test_a_power_is_kept_although_its_current_got_lost(
    fault: str, power: float, function: int, address: int
) -> None:
    """A car shows that it uses more phases; the order that this makes necessary gets lost."""
    simulated = quiet(Compact(model="Compact 2.0s 22"))
    simulated.set({"car.phases": 1})
    simulated.car.plug_in()
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        point = device.point
        await point.set_current_limit(6)
        await asyncio.sleep(30)
        await point.set_power_limit(power)
        await asyncio.sleep(30)
        assert simulated.meter.power > power - 50
        simulated.faults.inject(fault, function=function, address=address)
        simulated.set({"car.phases": 3})
        await asyncio.sleep(60)
        assert point.target.power == power
        assert simulated.meter.power < power
        assert point.target.too_little is (power == 3000)
        simulated.set({"car.phases": 1})
        simulated.car.leave()
        await asyncio.sleep(15)
        simulated.car.plug_in()
        await asyncio.sleep(60)
        assert simulated.meter.power > power - 50


@pytest.mark.parametrize("fault", ["lose_request", "lose_answer"])
@pytest.mark.parametrize(("asked", "held"), [(5000, 5000), (11000, 8000)])
@in_fake_time
async def test_a_power_that_may_have_got_through(fault: str, asked: float, held: float) -> None:
    """The lower one counts, also where it makes no other current for the present car."""
    simulated = quiet(Compact())
    simulated.set({"car.phases": 1})
    simulated.car.plug_in()
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        point = device.point
        await point.set_power_limit(8000)
        await asyncio.sleep(30)
        assert simulated.ems.current == 16
        simulated.faults.inject(fault, function=16)
        with pytest.raises(DeviceSilentError):
            await point.set_power_limit(asked)
        assert point.target.power == held
        simulated.car.leave()
        await asyncio.sleep(15)
        simulated.set({"car.phases": 3})
        simulated.car.plug_in()
        await asyncio.sleep(60)
        assert held - 100 < simulated.meter.power <= held


@pytest.mark.parametrize("delay", [0.5, 2.0, 4.0, 6.0])
@in_fake_time
async def test_a_pause_is_not_undone_by_the_way_out_of_an_error(delay: float) -> None:
    """Which begins with a release, and ends with a limit that waits for its turn."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        point = device.point
        # Without a car it would be harmless to try again at the next poll.
        simulated.car.plug_in()
        await point.set_current_limit(10)
        simulated.box.error_code = LOST
        async with asyncio.TaskGroup() as group:
            group.create_task(point.recover())
            await asyncio.sleep(delay)
            await point.pause()
        for _ in range(60):
            assert not simulated.ems.released
            await asyncio.sleep(1)
        assert point.target.paused


@in_fake_time
async def test_a_fallback_is_not_adopted_as_target() -> None:
    """A charger that wrote its safe current where our limit stood gets our limit back."""
    simulated = quiet(Compact(fallback=8))
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        await device.point.set_current_limit(11)
        await asyncio.sleep(25)
        # The charger can be read and hears no heartbeat: a gateway that swallows what is written.
        simulated.faults.inject("lose_request", function=6, times=None)
        await asyncio.sleep(30)
        assert value(device, "safe_current_active") is True
        simulated.ems.current = 8.0
        await asyncio.sleep(60)
        assert device.dump_state()["current"] == 11
        simulated.faults.clear()
        await asyncio.sleep(40)
        assert value(device, "safe_current_active") is False
        assert simulated.ems.current == 11


@in_fake_time
async def test_nothing_asked_for_nothing_asserted() -> None:
    """A charger that nobody ever gave an order is read, kept alive, and left alone."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()):
        await asyncio.sleep(60)
        simulated.power_cycle()
        await asyncio.sleep(120)
        assert {write.address for write in simulated.traffic.writes} == {0x0D00}


@in_fake_time
async def test_an_assertion_that_fails_stays_due() -> None:
    """The charger is away again in the middle: it is tried at the next poll."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line:
        owner = Owner(line.device(), memory={"current": 12.0, "set": True})
        async with owner:
            pass
        owner = Owner(line.device(), memory={"current": 12.0, "set": True})
        simulated.ems.current = 8.0
        simulated.faults.inject("exception", function=16, code=4)
        async with owner:
            assert simulated.ems.current == 8
            await asyncio.sleep(30)
            assert simulated.ems.current == 12
            assert owner.troubles


@in_fake_time
async def test_the_link_goes_and_comes() -> None:
    """After a reconnect the last target is asserted, if the charger does not hold it."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        await device.point.set_current_limit(9)
        await asyncio.sleep(30)
        await line.server.unplug()
        await asyncio.sleep(30)
        simulated.ems.current = 16.0
        await line.server.plug()
        await asyncio.sleep(60)
        assert simulated.ems.current == 9


# -- error 200 --


async def _into_the_error(line: Line, simulated: Compact) -> None:
    """Let the charger miss its energy manager until it stops."""
    device = line.device()
    await device.identify()
    await device.heartbeat.beat()
    device.close()
    await asyncio.sleep(15)
    assert simulated.box.error_code == LOST


@in_fake_time
async def test_it_comes_back_by_itself() -> None:
    """Heartbeat, release, current, in this order; then back to what was asked for."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line:
        await _into_the_error(line, simulated)
        simulated.traffic.clear()
        async with Owner(line.device(), memory={"current": 10.0, "set": True}) as device:
            await asyncio.sleep(20)
            assert simulated.box.error_code == 0
            assert value(device, "evse_state") is EvseState.IDLE
            assert (simulated.ems.released, simulated.ems.current) == (True, 10)
            written = [write.address for write in simulated.traffic.writes]
            steps = [address for address in written if address != 0x0D00]
            assert written[0] == 0x0D00
            assert steps[:2] == [0x0D05, 0x0302]
    assert simulated.full_power_trap == 0


@pytest.mark.parametrize("memory", [{"paused": True, "current": 16.0, "set": True}, {}])
@in_fake_time
async def test_without_a_car_a_paused_charger_comes_back_paused(memory: dict[str, object]) -> None:
    """The way out leads through a release; afterwards the relays are open again."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line:
        await _into_the_error(line, simulated)
        async with Owner(line.device(), memory=memory):
            await asyncio.sleep(20)
            assert simulated.box.error_code == 0
            assert (simulated.ems.released, simulated.ems.current) == (False, 6)


@in_fake_time
async def test_with_a_car_and_no_target_it_waits_for_a_person() -> None:
    """Nothing is released that nobody asked for; the button does it."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line:
        await _into_the_error(line, simulated)
        simulated.car.plug_in()
        async with Owner(line.device()) as device:
            await asyncio.sleep(60)
            assert simulated.box.error_code == LOST
            recover = control(device, "recover", ButtonControl)
            assert recover.usable()
            await recover.press()
            assert simulated.box.error_code == 0
            assert not recover.usable()
            assert not simulated.ems.released


@in_fake_time
async def test_it_is_tried_once() -> None:
    """Old software only comes back by a power cycle: no endless orders, and a word about it."""
    simulated = quiet(Compact(recovers=False))
    async with serial_line(simulated) as line:
        await _into_the_error(line, simulated)
        owner = Owner(line.device(), memory={"current": 10.0, "set": True})
        async with owner as device:
            await asyncio.sleep(120)
            assert currents(simulated) == 1
            assert [type(trouble) for trouble in owner.troubles] == [RecoveryFailedError]
            with pytest.raises(RecoveryFailedError, match="200"):
                await control(device, "recover", ButtonControl).press()
            simulated.power_cycle()
            await asyncio.sleep(60)
            assert value(device, "evse_state") is EvseState.IDLE
            assert (simulated.ems.released, simulated.ems.current) == (True, 10)


@in_fake_time
async def test_a_limit_that_the_charger_held_is_held_again() -> None:
    """Recovered by the button without a target, the charger keeps its own valid current."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line:
        await _into_the_error(line, simulated)
        simulated.set({"ems.released": True, "ems.current": 13.0})
        async with Owner(line.device()):
            await asyncio.sleep(20)
            assert (simulated.ems.released, simulated.ems.current) == (True, 13)


@in_fake_time
async def test_a_charger_that_refuses_the_heartbeat_is_not_recovered() -> None:
    """Without a heartbeat there is no way out, and nothing is tried."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line:
        await _into_the_error(line, simulated)
        simulated.box.satellite = Satellite.READ_ONLY
        async with Owner(line.device(), memory={"current": 10.0, "set": True}) as device:
            await asyncio.sleep(60)
            assert currents(simulated) == 0
            with pytest.raises(Exception, match="code 2"):
                await control(device, "recover", ButtonControl).press()
