"""Changing between one and three phases."""

import asyncio

import pytest

from custom_components.voltrail.engine.devices.mennekes_rtu.errors import (
    PhasesFixedError,
    PhasesRefusedError,
)
from custom_components.voltrail.engine.model.charging import BlockedBy, ChargingState, Phases
from custom_components.voltrail.engine.model.controls import NumberControl, SelectControl
from custom_components.voltrail.engine.model.errors import (
    LinkDownError,
    PhasesSwitchingError,
    VoltrailError,
)
from custom_components.voltrail.engine.polling.polled_device import Cadence
from simulators.mennekes_rtu import Compact, HardwarePhases
from tests.fake_time import in_fake_time

from ..owner import Owner
from .support import control, serial_line, value


def quiet(simulated: Compact) -> Compact:
    """Return the charger at mains that do not wander, with a car."""
    simulated.set({"grid.noise": 0.0})
    simulated.car.plug_in()
    return simulated


@pytest.mark.parametrize(
    ("simulated", "offered"),
    [
        (Compact(), True),
        (Compact(dynamic_phases=False), False),
        (Compact(model="Compact 2.0s 22"), False),
        (Compact(model="Compact 2.0s 7.4"), False),
        (Compact(layout="1.00"), False),
        (Compact(layout="1.01"), True),
    ],
)
@in_fake_time
async def test_only_offered_where_it_can_be_done(simulated: Compact, offered: bool) -> None:  # noqa: FBT001 - a parameter
    """Hardware for both, and dynamic phases configured: nothing less will do."""
    async with serial_line(simulated) as line:
        device = line.device()
        await device.update()
        assert ("phases" in {each.path for each in device.controls()}) is offered
        if not offered:
            with pytest.raises(PhasesFixedError):
                await device.point.set_phases(Phases.ONE)
            assert not simulated.traffic.writes
        device.close()


@in_fake_time
async def test_the_select_comes_and_goes_with_the_configuration() -> None:
    """An installer who allows dynamic phases sees the select appear."""
    simulated = Compact(dynamic_phases=False)
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        before = device.layout
        simulated.box.solar_phases_code = 3
        await asyncio.sleep(75)
        assert device.layout != before
        assert "phases" in {each.path for each in device.controls()}


@in_fake_time
async def test_without_a_charge_it_is_done_at_once() -> None:
    """The next charge uses the phases that were asked for."""
    simulated = quiet(Compact())
    simulated.car.leave()
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        select = control(device, "phases", SelectControl)
        assert select.read() is Phases.THREE
        await select.write(Phases.ONE)
        assert simulated.ems.single_phase
        assert select.read() is Phases.ONE
        await asyncio.sleep(25)
        assert select.usable()
        simulated.car.plug_in()
        await control(device, "current_limit", NumberControl).write(10)
        await asyncio.sleep(30)
        assert value(device, "phases_in_use") == 1
        with pytest.raises(PhasesFixedError):
            await device.point.set_phases(Phases.AUTOMATIC)


@in_fake_time
async def test_during_a_charge_the_charger_takes_its_time() -> None:
    """It goes from charging to ready and back; meanwhile no second change is accepted."""
    simulated = quiet(Compact(switch_pause=40))
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        await control(device, "current_limit", NumberControl).write(16)
        await asyncio.sleep(30)
        assert value(device, "phases_in_use") == 3
        select = control(device, "phases", SelectControl)
        await select.write(Phases.ONE)
        assert not select.usable()
        with pytest.raises(PhasesSwitchingError):
            await device.point.set_phases(Phases.THREE)
        await asyncio.sleep(15)
        assert value(device, "charging_state") is ChargingState.CONNECTED
        assert value(device, "blocked_by") is BlockedBy.PHASE_SWITCHING
        await asyncio.sleep(50)
        assert value(device, "charging_state") is ChargingState.CHARGING
        assert value(device, "phases_in_use") == 1
        assert select.usable()
        assert simulated.charging.switches == 1
        # Asked for again, it is held already, and nothing has to settle.
        await select.write(Phases.ONE)
        assert select.usable()


@in_fake_time
async def test_a_change_that_never_ends_is_given_up() -> None:
    """A car that does not go on after the change must not block the next one for ever."""
    simulated = quiet(Compact(switch_pause=10))
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        await control(device, "current_limit", NumberControl).write(16)
        await asyncio.sleep(30)
        await device.point.set_phases(Phases.ONE)
        simulated.car.target = 0.1
        await asyncio.sleep(60)
        assert device.point.phase_switch.under_way
        await asyncio.sleep(30)
        assert not device.point.phase_switch.under_way
        assert value(device, "blocked_by") is BlockedBy.VEHICLE


@in_fake_time
async def test_power_is_kept_when_the_phases_change() -> None:
    """The current is lowered before phases are added, and fitted after the change."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        power = control(device, "power_limit", NumberControl)
        highest = 0.0

        async def watch() -> None:
            nonlocal highest
            while True:
                highest = max(highest, simulated.meter.power)
                await asyncio.sleep(1)

        await power.write(4900)
        await asyncio.sleep(30)
        assert simulated.ems.current == pytest.approx(7.1)
        watching = asyncio.create_task(watch())
        await device.point.set_phases(Phases.ONE)
        await asyncio.sleep(60)
        assert value(device, "phases_in_use") == 1
        assert simulated.ems.current == pytest.approx(16)
        await device.point.set_phases(Phases.THREE)
        await asyncio.sleep(60)
        assert value(device, "phases_in_use") == 3
        assert simulated.ems.current == pytest.approx(7.1)
        watching.cancel()
        assert highest < 4950
        assert device.dump_state()["power"] == 4900
        assert simulated.violations.fast_changes == 0


@pytest.mark.parametrize("delay", [0, 3, 8, 15])
@pytest.mark.parametrize("layout", ["1.01", "1.03"])
@pytest.mark.parametrize("charging", [False, True])
@in_fake_time
async def test_a_power_for_one_phase_right_after_the_change(
    charging: bool,  # noqa: FBT001 - a parameter
    layout: str,
    delay: float,
) -> None:
    """Too little for the three phases that were in use is no reason to stop for good."""
    simulated = quiet(Compact(layout=layout))
    if not charging:
        simulated.car.leave()
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        await device.point.set_current_limit(16)
        await asyncio.sleep(33)
        await device.point.set_phases(Phases.ONE)
        await asyncio.sleep(delay)
        await device.point.set_power_limit(3300)
        await asyncio.sleep(40)
        assert simulated.ems.released
        assert simulated.ems.current == pytest.approx(14.3)
        assert device.dump_state()["power"] == 3300


@in_fake_time
async def test_too_little_for_three_phases_is_a_pause_after_the_change() -> None:
    """6 A are kept until it has ended; from then on they would be more than was asked for."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line:
        owner = Owner(line.device())
        async with owner as device:
            await device.point.set_phases(Phases.ONE)
            await device.point.set_power_limit(3600)
            await asyncio.sleep(60)
            assert simulated.meter.power > 3500
            await device.point.set_phases(Phases.THREE)
            await asyncio.sleep(40)
            assert not simulated.ems.released
            assert device.dump_state()["power"] == 3600
            assert not owner.troubles
            # Nobody asked for that pause, so it is over with the phases that made it necessary.
            await device.point.set_phases(Phases.ONE)
            await asyncio.sleep(40)
            assert simulated.meter.power > 3500
            await device.point.pause()
            await device.point.set_phases(Phases.THREE)
            await asyncio.sleep(40)
            await device.point.set_phases(Phases.ONE)
            await asyncio.sleep(40)
            assert not simulated.ems.released


@in_fake_time
async def test_the_phases_of_the_last_car_say_nothing_of_the_next() -> None:
    """The register keeps them until the next session begins."""
    simulated = quiet(Compact(model="Compact 2.0s 22"))
    simulated.set({"car.phases": 1})
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        await device.point.set_current_limit(16)
        await asyncio.sleep(60)
        assert value(device, "vehicle_phases") == 1
        simulated.car.leave()
        await asyncio.sleep(75)
        await device.point.set_power_limit(5000)
        assert simulated.ems.current == pytest.approx(7.2)
        simulated.set({"car.phases": 3})
        simulated.car.plug_in()
        for _ in range(60):
            assert simulated.meter.power < 5050
            await asyncio.sleep(1)
        # Of one that only rests it is known what it uses.
        simulated.car.leave()
        simulated.set({"car.phases": 1})
        await asyncio.sleep(30)
        simulated.car.plug_in()
        await asyncio.sleep(60)
        assert simulated.ems.current == pytest.approx(21.7)
        await device.point.pause()
        await asyncio.sleep(30)
        await device.point.resume()
        assert simulated.ems.current == pytest.approx(21.7)


@in_fake_time
async def test_a_limit_of_power_holds_for_the_next_car() -> None:
    """It uses three phases where the last one used one, and begins with no more than it may."""
    simulated = quiet(Compact(model="Compact 2.0s 22"))
    simulated.set({"car.phases": 1})
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        await device.point.set_power_limit(5000)
        for phases in (1, 3, 1):
            simulated.set({"car.phases": phases})
            simulated.car.plug_in()
            for _ in range(60):
                assert simulated.meter.power < 5050
                await asyncio.sleep(1)
            assert simulated.meter.power > 4800
            simulated.car.leave()
            await asyncio.sleep(30)


@in_fake_time
async def test_a_limit_of_power_holds_although_no_entity_shows_it() -> None:
    """With every sensor disabled the phases are followed all the same."""
    simulated = quiet(Compact(model="Compact 2.0s 22"))
    simulated.set({"car.phases": 1})
    async with serial_line(simulated) as line:
        device = line.device()
        await device.update()
        async with Owner(device, wanted=()):
            await device.point.set_power_limit(5000)
            await asyncio.sleep(60)
            assert simulated.meter.power > 4800
            # Somebody looked once.
            await device.update()
            simulated.car.leave()
            await asyncio.sleep(30)
            simulated.set({"car.phases": 3})
            simulated.car.plug_in()
            for _ in range(60):
                assert simulated.meter.power < 5050
                await asyncio.sleep(1)


@pytest.mark.parametrize("delay", [0, 3, 8, 12])
@in_fake_time
async def test_a_power_for_three_phases_right_after_the_change(delay: float) -> None:
    """It is for three phases, although the car is still seen on one."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        await device.point.set_phases(Phases.ONE)
        await device.point.set_power_limit(3600)
        await asyncio.sleep(60)
        await device.point.set_phases(Phases.THREE)
        await asyncio.sleep(delay)
        await device.point.set_power_limit(7000)
        for _ in range(60):
            assert simulated.meter.power < 7050
            await asyncio.sleep(1)
        assert simulated.ems.current == pytest.approx(10.1)


@pytest.mark.parametrize("layout", ["1.01", "1.03"])
@pytest.mark.parametrize("reaction", [2.0, 10.0, 15.0, 25.0])
@in_fake_time
async def test_a_car_that_goes_on_late_gets_no_more_than_the_limit(
    reaction: float, layout: str
) -> None:
    """The change is over as soon as it may charge; what it will use is not known before it does."""
    simulated = quiet(Compact(layout=layout))
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        await device.point.set_phases(Phases.ONE)
        await device.point.set_power_limit(3600)
        await asyncio.sleep(60)
        simulated.car.reaction = reaction
        await device.point.set_phases(Phases.THREE)
        for _ in range(90):
            # The least that three phases can be offered, until it shows that it uses them.
            assert simulated.meter.power < 3 * 6.1 * 230
            await asyncio.sleep(1)
        assert not simulated.ems.released
        assert device.point.target.too_little


@in_fake_time
async def test_a_pause_waits_for_no_change_of_phases() -> None:
    """The current that is lowered first waits for its turn; a pause does not, and it stays."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        point = device.point
        await point.set_phases(Phases.ONE)
        await asyncio.sleep(30)
        await point.set_power_limit(3300)
        await asyncio.sleep(60)
        await point.set_power_limit(3600)
        async with asyncio.TaskGroup() as group:
            changing = group.create_task(point.set_phases(Phases.THREE))
            await asyncio.sleep(1)
            assert not changing.done()
            started = asyncio.get_running_loop().time()
            await point.pause()
            assert asyncio.get_running_loop().time() - started < 0.5
        for _ in range(60):
            assert not simulated.ems.released
            await asyncio.sleep(1)
        assert point.target.paused
        assert not simulated.ems.single_phase


@in_fake_time
async def test_a_reload_lets_no_phases_come_before_their_current() -> None:
    """While the current waits for its turn the device is let go of: three phases are too much."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line:
        async with Owner(line.device()) as device:
            await device.point.set_phases(Phases.ONE)
            await asyncio.sleep(30)
            await device.point.set_power_limit(3300)
            await asyncio.sleep(30)
            await device.point.set_power_limit(3600)
            changing = asyncio.create_task(device.point.set_phases(Phases.THREE))
            await asyncio.sleep(1)
        with pytest.raises(LinkDownError):
            await changing
        assert simulated.ems.single_phase
        assert simulated.ems.current == pytest.approx(15.6)


@pytest.mark.parametrize("fault", ["lose_request", "lose_answer", "exception"])
@in_fake_time
async def test_a_change_that_fails_keeps_the_limit(fault: str) -> None:
    """The current that was lowered for it is raised again, and the power is still wanted."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        point = device.point
        await point.set_phases(Phases.ONE)
        await asyncio.sleep(30)
        await point.set_power_limit(3300)
        await asyncio.sleep(30)
        simulated.faults.inject(fault, function=6, address=0x0D04)
        with pytest.raises(VoltrailError):
            await point.set_phases(Phases.THREE)
        assert simulated.ems.current == 6
        await asyncio.sleep(60)
        assert simulated.ems.single_phase
        assert simulated.ems.current == pytest.approx(14.3)
        assert (point.target.power, point.target.phases) == (3300, 1)


@in_fake_time
async def test_a_change_that_is_called_off_keeps_the_limit() -> None:
    """Wherever whoever asked for it stops waiting."""
    for delay in (0.01, 0.03, 0.05):
        simulated = quiet(Compact())
        async with serial_line(simulated) as line, Owner(line.device()) as device:
            point = device.point
            await point.set_phases(Phases.ONE)
            await asyncio.sleep(30)
            await point.set_power_limit(3300)
            await asyncio.sleep(30)
            changing = asyncio.create_task(point.set_phases(Phases.THREE))
            await asyncio.sleep(delay)
            assert changing.cancel()
            await asyncio.sleep(90)
            assert simulated.ems.single_phase
            assert simulated.ems.current == pytest.approx(14.3)
            assert (point.target.power, point.target.phases) == (3300, 1)


@in_fake_time
async def test_without_a_target_in_watt_the_current_stays() -> None:
    """Who set amps gets amps, on however many phases."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        await device.point.set_current_limit(12)
        await asyncio.sleep(20)
        for phases in (Phases.ONE, Phases.THREE):
            await device.point.set_phases(phases)
            await asyncio.sleep(60)
            assert simulated.ems.current == 12


@in_fake_time
async def test_exception_3_is_explained() -> None:
    """A 22 kW unit that claims to switch refuses with code 3, and is not asked again and again."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        before = device.layout
        simulated.box.hardware_phases = HardwarePhases.THREE
        with pytest.raises(PhasesRefusedError, match="code 3"):
            await device.point.set_phases(Phases.ONE)
        # What it says of itself decides whether there is a select, not what it once refused.
        assert device.layout == before
        assert device.dump_state()["phases"] is None
        await device.poll(Cadence.SETTINGS)
        assert device.layout != before
        assert "phases" not in {each.path for each in device.controls()}


@in_fake_time
async def test_phases_that_are_refused_later_are_given_up() -> None:
    """A target of phases that cannot be kept is dropped, and the current is kept all the same."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        await device.point.set_current_limit(10)
        await device.point.set_phases(Phases.ONE)
        await asyncio.sleep(60)
        refusal = simulated.faults.inject(
            "exception", code=3, function=6, address=0x0D04, times=1000
        )
        simulated.set({"ems.single_phase": False, "ems.current": 16.0})
        device.mark()
        await asyncio.sleep(60)
        assert device.point.target.phases is None
        assert simulated.ems.current == 10
        assert refusal.seen == 1


@in_fake_time
async def test_functions_that_are_not_there_are_not_offered() -> None:
    """What the charger refuses to read even alone has no control."""
    simulated = quiet(Compact())
    simulated.faults.inject("exception", code=2, address=0x0D04, times=1000)
    async with serial_line(simulated) as line:
        device = line.device()
        await device.update()
        controls = {each.path for each in device.controls()}
        assert "phases" not in controls
        assert {"charging", "station_locked", "solar_mode"} <= controls


@in_fake_time
async def test_a_layout_that_does_not_tell_its_phases() -> None:
    """Before layout 1.02 the end of a change is only seen by the charge going on."""
    simulated = quiet(Compact(layout="1.01"))
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        await device.point.set_current_limit(10)
        await asyncio.sleep(20)
        await device.point.set_phases(Phases.ONE)
        await asyncio.sleep(40)
        assert not device.point.phase_switch.under_way
        assert value(device, "phases_in_use") == 1
