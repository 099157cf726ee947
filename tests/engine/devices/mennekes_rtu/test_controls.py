"""What the charger is told, seen in its own registers."""

import asyncio
from collections.abc import Callable

import pytest

from custom_components.voltrail.engine.charging.reconciler import Standing
from custom_components.voltrail.engine.devices.mennekes_rtu.errors import NotIdleError
from custom_components.voltrail.engine.devices.mennekes_rtu.states import (
    ConnectedPhases,
    EvseState,
    MaximumSetting,
    PhaseRotation,
    SolarMode,
    SolarPhases,
)
from custom_components.voltrail.engine.model.charging import BlockedBy, ChargingState
from custom_components.voltrail.engine.model.controls import (
    ButtonControl,
    NumberControl,
    SelectControl,
    SwitchControl,
)
from custom_components.voltrail.engine.model.errors import (
    DeviceRefusedError,
    NotSupportedError,
    NoVoltageError,
    OutOfBoundsError,
    VoltrailError,
)
from custom_components.voltrail.engine.model.options import Options
from custom_components.voltrail.engine.polling.polled_device import Cadence
from simulators.mennekes_rtu import Compact, Satellite
from tests.fake_time import in_fake_time

from ..owner import Owner
from .support import control, serial_line, value


def quiet(simulated: Compact) -> Compact:
    """Return the charger at mains that do not wander."""
    simulated.set({"grid.noise": 0.0})
    return simulated


def orders(simulated: Compact) -> list[tuple[int, int, tuple[int, ...]]]:
    """Return what was written but heartbeats: function, address, words."""
    return [
        (write.function, write.address, write.values)
        for write in simulated.traffic.writes
        if write.address != 0x0D00
    ]


@in_fake_time
async def test_a_current_limit_starts_a_charge() -> None:
    """The current goes out first, then the release; so the car never gets the old limit."""
    simulated = quiet(Compact())
    simulated.car.plug_in()
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        limit = control(device, "current_limit", NumberControl)
        assert limit.bounds().ceiling == 16
        await limit.write(10.3)
        assert simulated.ems.current == pytest.approx(10.3)
        assert simulated.ems.released
        assert orders(simulated) == [(16, 0x0302, (0x4124, 0xCCCD)), (6, 0x0D05, (1,))]
        assert limit.read() == 10.3
        await asyncio.sleep(30)
        assert value(device, "charging_state") is ChargingState.CHARGING
        assert value(device, "blocked_by") is BlockedBy.NOTHING
        assert value(device, "phases_in_use") == 3
        assert value(device, "current_offered") == 10.3


@pytest.mark.parametrize("amps", [0, 0.1, 3, 5.9])
@in_fake_time
async def test_too_little_is_a_pause(amps: float) -> None:
    """Anything below 6 A opens the relays, and leaves the register of the current alone."""
    simulated = quiet(Compact())
    simulated.car.plug_in()
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        limit = control(device, "current_limit", NumberControl)
        await limit.write(12)
        await limit.write(amps)
        assert simulated.ems.current == 12
        assert not simulated.ems.released
        assert limit.read() == 0
        await asyncio.sleep(12)
        assert value(device, "charging_state") is ChargingState.CONNECTED
        assert value(device, "blocked_by") is BlockedBy.PAUSED
    assert simulated.full_power_trap == 0


@in_fake_time
async def test_charging_goes_on_with_the_last_limit() -> None:
    """The switch pauses, and resumes where it was; never set, it resumes with 16 A."""
    simulated = quiet(Compact(model="Compact 2.0s 22"))
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        charging = control(device, "charging", SwitchControl)
        assert charging.read() is False
        await charging.write(True)  # noqa: FBT003 - a switch
        assert (simulated.ems.released, simulated.ems.current) == (True, 16)
        await asyncio.sleep(6)
        await control(device, "current_limit", NumberControl).write(20)
        await charging.write(False)  # noqa: FBT003 - a switch
        assert (simulated.ems.released, simulated.ems.current) == (False, 20)
        assert charging.read() is False
        await asyncio.sleep(6)
        await charging.write(True)  # noqa: FBT003 - a switch
        assert (simulated.ems.released, simulated.ems.current) == (True, 20)
        assert charging.read() is True


@in_fake_time
async def test_changes_are_five_seconds_apart_and_the_last_one_wins() -> None:
    """A limit is accepted at once and sent when it may be; what was overtaken is never sent."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        limit = control(device, "current_limit", NumberControl)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        for amps in (8, 9, 10, 11):
            await limit.write(amps)
        assert loop.time() - begun < 1
        assert simulated.ems.current == 8
        await asyncio.sleep(6)
        assert simulated.ems.current == 11
        assert [order[2] for order in orders(simulated) if order[1] == 0x0302] == [
            (0x4100, 0),
            (0x4130, 0),
        ]
        await limit.write(7)
        await asyncio.sleep(2)
        # A pause does not wait, and what waited before it is not sent any more.
        await limit.write(0)
        assert not simulated.ems.released
        await asyncio.sleep(10)
        assert (simulated.ems.released, simulated.ems.current) == (False, 11)
        assert simulated.violations.fast_changes == 0


@in_fake_time
async def test_one_less_every_five_seconds_loses_no_step() -> None:
    """An automation that counts down from what the limit shows arrives where it means to.

    The limit shows what was asked for while it waits for its turn: of an old value a step would be
    ordered twice.
    """
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        limit = control(device, "current_limit", NumberControl)
        await limit.write(16)
        shown: list[float | None] = []
        for pause in (5, 3, 5, 2, 5, 5, 1, 5):
            await asyncio.sleep(pause)
            present = limit.read()
            assert present is not None
            await limit.write(present - 1)
            shown.append(limit.read())
        assert shown == [15, 14, 13, 12, 11, 10, 9, 8]
        await asyncio.sleep(6)
        assert (simulated.ems.current, limit.read()) == (8, 8)
        assert simulated.violations.fast_changes == 0


@in_fake_time
async def test_a_limit_that_waits_does_not_release_too_early() -> None:
    """After a pause the car waits for the new limit, it does not get the old one meanwhile."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        limit = control(device, "current_limit", NumberControl)
        await limit.write(16)
        await limit.write(0)
        await limit.write(7)
        assert not simulated.ems.released
        await asyncio.sleep(6)
        assert (simulated.ems.released, simulated.ems.current) == (True, 7)


@in_fake_time
async def test_the_same_limit_again_is_no_change() -> None:
    """Paused and resumed at once; unless somebody else has set another limit meanwhile."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        charging = control(device, "charging", SwitchControl)
        await device.point.set_current_limit(9)
        await charging.write(False)  # noqa: FBT003 - a switch
        await charging.write(True)  # noqa: FBT003 - a switch
        assert (simulated.ems.released, simulated.ems.current) == (True, 9)
        assert [order[1] for order in orders(simulated)] == [0x0302, 0x0D05, 0x0D05, 0x0D05]
        for elsewhere in (lambda: setattr(simulated.ems, "current", 0.0), _hide(simulated)):
            await asyncio.sleep(6)
            await device.point.set_current_limit(10)
            await charging.write(False)  # noqa: FBT003 - a switch
            elsewhere()
            await charging.write(True)  # noqa: FBT003 - a switch
            assert not simulated.ems.released
            simulated.faults.clear()
            await asyncio.sleep(6)
            assert (simulated.ems.released, simulated.ems.current) == (True, 10)
    assert simulated.full_power_trap == 0


def _hide(simulated: Compact) -> Callable[[], object]:
    """Return how to keep the limit that the charger holds from being seen."""
    return lambda: simulated.faults.inject("lose_request", function=3, address=0x0302, times=2)


@in_fake_time
async def test_a_limit_that_could_not_be_sent_in_its_turn_is_sent_later() -> None:
    """It was accepted, so it is the charger's duty to be reached, not the user's."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        limit = control(device, "current_limit", NumberControl)
        await limit.write(10)
        await limit.write(12)
        simulated.faults.inject("lose_request", function=16, times=None)
        await asyncio.sleep(9)
        assert simulated.ems.current == 10
        simulated.faults.clear()
        await asyncio.sleep(30)
        assert simulated.ems.current == 12
        assert limit.read() == 12


@in_fake_time
async def test_a_refused_limit_is_not_kept_as_target() -> None:
    """An order that fails at once is the user's to know, and changes nothing."""
    simulated = quiet(Compact(satellite=Satellite.READ_ONLY))
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        with pytest.raises(DeviceRefusedError):
            await control(device, "current_limit", NumberControl).write(10)
        assert not device.dump_state()["set"]


@pytest.mark.parametrize(("layout", "word"), [("1.00", 0x51EC), ("1.02", 0x51EC), ("1.03", 0)])
@in_fake_time
async def test_six_ampere_on_old_layouts(layout: str, word: int) -> None:
    """Up to layout 1.0.2 exactly 6 A does not charge, so a little more is sent; 6 is shown."""
    simulated = quiet(Compact(layout=layout))
    simulated.car.plug_in()
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        await control(device, "current_limit", NumberControl).write(6)
        assert orders(simulated)[0] == (16, 0x0302, (0x40C0, word))
        await asyncio.sleep(30)
        assert value(device, "charging_state") is ChargingState.CHARGING
        assert control(device, "current_limit", NumberControl).read() == 6
        assert device.point.standing is Standing.KEPT


@in_fake_time
async def test_bounds_come_from_the_charger_and_the_installer() -> None:
    """The lower of house, charger and installer; nothing beyond ever reaches the wire."""
    simulated = quiet(Compact(model="Compact 2.0s 22"))
    async with serial_line(simulated) as line:
        device = line.device(options=Options(max_current=20))
        await device.update()
        limit = control(device, "current_limit", NumberControl)
        assert limit.bounds().ceiling == 20
        with pytest.raises(OutOfBoundsError):
            await limit.write(-0.5)
        simulated.set({"charger.house_current": 13.0})
        await device.update()
        assert limit.bounds().ceiling == 13
        # A register that is not filled is no rating.
        simulated.set({"charger.house_current": 0.0, "charger.evse_code": 4})
        await device.update()
        assert limit.bounds().ceiling == 13
        assert not simulated.traffic.writes
        device.close()


@in_fake_time
async def test_power_is_turned_into_current() -> None:
    """Watts become amps of the phases in use, rounded down; too few of them pause."""
    simulated = quiet(Compact())
    simulated.car.plug_in()
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        power = control(device, "power_limit", NumberControl)
        assert power.bounds().ceiling == 16 * 690
        await power.write(5000)
        assert simulated.ems.current == pytest.approx(7.2)
        assert power.read() == 5000
        simulated.set({"car.phases": 1})
        await asyncio.sleep(30)
        await power.write(3000)
        assert simulated.ems.current == pytest.approx(13.0)
        await power.write(1000)
        assert not simulated.ems.released
        assert device.dump_state()["power"] == 3000


@in_fake_time
async def test_power_comes_back_after_a_pause() -> None:
    """A charge that was limited by power resumes by power, as far as it is possible now."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        point = device.point
        await point.set_power_limit(11000)
        await point.pause()
        simulated.set({f"grid.nominal_l{phase}": 200.0 for phase in (1, 2, 3)})
        await asyncio.sleep(12)
        await point.resume()
        assert simulated.ems.current == pytest.approx(16)
        assert device.dump_state()["power"] == 11000
        simulated.set({f"grid.nominal_l{phase}": 0.0 for phase in (1, 2, 3)})
        await point.pause()
        # A meter of nothing but zeros is believed after a minute.
        await asyncio.sleep(75)
        await point.resume()
        assert simulated.ems.released
        assert device.dump_state()["power"] == 11000
        with pytest.raises(VoltrailError) as caught:
            await point.set_power_limit(0.5)
        assert isinstance(caught.value, NoVoltageError | OutOfBoundsError)
        await asyncio.sleep(6)
        await point.resume(8)
        await asyncio.sleep(6)
        assert simulated.ems.current == 8


@in_fake_time
async def test_station_lock_and_solar_mode() -> None:
    """Both are what the charger says they are, not what was asked for."""
    simulated = quiet(Compact(solar_modes=True))
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        lock = control(device, "station_locked", SwitchControl)
        await lock.write(True)  # noqa: FBT003 - a switch
        assert simulated.ems.locked
        assert lock.read() is True
        simulated.car.plug_in()
        await control(device, "current_limit", NumberControl).write(10)
        await asyncio.sleep(12)
        assert value(device, "blocked_by") is BlockedBy.STATION_LOCKED
        await lock.write(False)  # noqa: FBT003 - a switch
        assert not simulated.ems.locked
        solar = control(device, "solar_mode", SelectControl)
        assert solar.options == tuple(SolarMode)
        await solar.write(SolarMode.SUNSHINE_PLUS)
        assert simulated.ems.solar_mode == 3
        assert solar.read() is SolarMode.SUNSHINE_PLUS
        simulated.box.solar_modes = False
        await solar.write(SolarMode.STANDARD)
        assert solar.read() is SolarMode.SUNSHINE_PLUS


@in_fake_time
async def test_restart_only_while_idle() -> None:
    """It is one word, written once, and never with a car connected."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        restart = control(device, "restart", ButtonControl)
        assert restart.restarts
        assert restart.usable()
        simulated.car.plug_in()
        with pytest.raises(NotIdleError):
            await restart.press()
        await asyncio.sleep(12)
        assert not restart.usable()
        simulated.car.leave()
        await asyncio.sleep(12)
        await restart.press()
        assert orders(simulated) == [(6, 0x0D19, (0x00BB,))]
        assert not simulated.awake
    async with serial_line(Compact(layout="1.02")) as line, Owner(line.device()) as device:
        assert "restart" not in {each.path for each in device.controls()}
        with pytest.raises(NotSupportedError):
            await device.point.restart()


@in_fake_time
async def test_the_installers_settings() -> None:
    """Each is one register, written by function 6, and read back; layouts before have none."""
    simulated = quiet(Compact(fallback=0))
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        assert simulated.violations.installer_writes == 0
        for path, choice in (
            ("charger_maximum", MaximumSetting.AMPERE_13),
            ("phase_rotation", PhaseRotation.L3_L1_L2),
            ("connected_phases", ConnectedPhases.L1),
            ("solar_phases", SolarPhases.THREE_PHASES),
        ):
            select = control(device, path, SelectControl)
            await select.write(choice)
            assert select.read() is choice
        pause = control(device, "phase_switch_pause", NumberControl)
        await pause.write(90)
        assert pause.read() == 90
        solar = control(device, "solar_modes", SwitchControl)
        await solar.write(True)  # noqa: FBT003 - a switch
        assert solar.read() is True
        assert [order[:2] for order in orders(simulated)] == [
            (6, 0x0706),
            (6, 0x070A),
            (6, 0x0710),
            (6, 0x071A),
            (6, 0x078C),
            (6, 0x073C),
        ]
        box = simulated.box
        assert (box.evse_code, box.rotation, box.connected_phases) == (4, 2, 1)
        assert (box.solar_phases_code, box.switch_pause, box.solar_modes) == (2, 90, True)
        with pytest.raises(OutOfBoundsError):
            await pause.write(1201)
    async with serial_line(Compact(layout="1.02")) as line, Owner(line.device()) as device:
        assert "charger_maximum" not in {each.path for each in device.controls()}


@in_fake_time
async def test_the_fallback_as_an_installers_setting() -> None:
    """A pause and a current are one number; whether there is a fallback at all is a switch."""
    simulated = quiet(Compact(fallback=0))
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        amps = control(device, "safe_current", NumberControl)
        supervised = control(device, "energy_manager_supervision", SwitchControl)
        assert (amps.read(), supervised.read()) == (None, False)
        await supervised.write(True)  # noqa: FBT003 - a switch
        assert simulated.box.fallback == 1
        assert (amps.read(), supervised.read()) == (0.0, True)
        for asked, stored in ((10, 10), (5, 1), (0, 1), (32, 32)):
            await amps.write(asked)
            assert simulated.box.fallback == stored
        await supervised.write(True)  # noqa: FBT003 - a switch
        assert simulated.box.fallback == 32, "what is set already is not set anew"
        await supervised.write(False)  # noqa: FBT003 - a switch
        assert simulated.box.fallback == 0


@in_fake_time
async def test_the_fallback_keeps_to_the_installers_limit() -> None:
    """Also when Home Assistant is gone nobody charges with more than the house bears."""
    simulated = quiet(Compact(fallback=6))
    async with (
        serial_line(simulated) as line,
        Owner(line.device(options=Options(max_current=10))) as device,
    ):
        amps = control(device, "safe_current", NumberControl)
        assert amps.bounds().maximum == 10
        with pytest.raises(OutOfBoundsError):
            await amps.write(16)
        assert simulated.box.fallback == 6
        await amps.write(10)
        assert simulated.box.fallback == 10


@in_fake_time
async def test_why_it_does_not_charge() -> None:
    """The first reason that applies, in the words that all brands share."""
    simulated = quiet(Compact(fallback=1))
    async with serial_line(simulated) as line:
        device = line.device()
        await device.identify()
        await device.heartbeat.beat()
        await device.point.set_current_limit(10)

        async def reason() -> BlockedBy | None:
            await device.poll(Cadence.MEASUREMENTS)
            return device.point.blocked_by

        assert await reason() is BlockedBy.NO_VEHICLE
        simulated.car.plug_in()
        simulated.box.authorisation = True
        await asyncio.sleep(4)
        assert await reason() is BlockedBy.NOT_AUTHORISED
        simulated.authorise()
        simulated.box.downgraded = True
        simulated.box.downgrade_current = 0.0
        await device.heartbeat.beat()
        await asyncio.sleep(4)
        assert await reason() is BlockedBy.DOWNGRADED
        simulated.box.downgraded = False
        simulated.car.target = 0.1
        await device.heartbeat.beat()
        await asyncio.sleep(4)
        assert await reason() is BlockedBy.VEHICLE
        simulated.car.target = 1.0
        await asyncio.sleep(12)
        assert await reason() is BlockedBy.COMMUNICATION_TIMEOUT
        simulated.car.ventilation = True
        await device.heartbeat.beat()
        await asyncio.sleep(6)
        assert await reason() is BlockedBy.NOTHING
        assert device.point.charging_state is ChargingState.VENTILATION
        simulated.box.error_code = 2303
        assert await reason() is BlockedBy.FAULT
        simulated.box.error_code = 0
        simulated.box.service = True
        assert await reason() is None
        assert value(device, "evse_state") is EvseState.SERVICE
        device.close()


@in_fake_time
async def test_what_the_register_of_the_current_means() -> None:
    """0 is no limit at all, a little is a pause, and before layout 1.03 nobody knows."""
    for layout, stored, expected in (
        ("1.03", 0.0, 16.0),
        ("1.03", 3.0, 0.0),
        ("1.03", 7.5, 7.5),
        ("1.02", 0.0, None),
    ):
        simulated = quiet(Compact(layout=layout))
        simulated.ems.current = stored
        simulated.ems.released = True
        async with serial_line(simulated) as line:
            device = line.device()
            await device.update()
            assert control(device, "current_limit", NumberControl).read() == expected
            device.close()


@in_fake_time
async def test_phases_that_are_known_without_a_car() -> None:
    """Watts are turned into amps of the phases that a car will get."""
    for settings, phases in (
        ({"charger.connected_phases": 1}, 1),
        ({"charging.single_phase": True}, 1),
        # Those of the last car, which the register keeps, are not those of the next one.
        ({"session.phases": 2}, None),
        ({}, None),
    ):
        simulated = quiet(Compact())
        simulated.set(settings)
        async with serial_line(simulated) as line:
            device = line.device()
            await device.update()
            assert device.point.active_phases == phases
            device.close()
    async with serial_line(quiet(Compact(model="Compact 2.0s 7.4"))) as line:
        device = line.device()
        await device.update()
        assert device.point.active_phases == 1
        device.close()


@in_fake_time
async def test_phases_that_are_known_of_a_car_that_rests() -> None:
    """What it has used before is what it will use again."""
    simulated = quiet(Compact())
    simulated.car.plug_in()
    async with serial_line(simulated) as line:
        device = line.device()
        await asyncio.sleep(5)
        simulated.set({"session.phases": 2})
        await device.update()
        assert value(device, "charging_state") is ChargingState.CONNECTED
        assert device.point.active_phases == 2
        device.close()


@in_fake_time
async def test_an_order_counts_even_if_it_cannot_be_seen_at_once() -> None:
    """The charger took it; that the line swallows the look at it afterwards is no failure."""
    simulated = quiet(Compact())
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        simulated.faults.inject("lose_request", function=3, times=2)
        await control(device, "current_limit", NumberControl).write(10)
        assert simulated.ems.current == 10
        assert device.dump_state()["current"] == 10
