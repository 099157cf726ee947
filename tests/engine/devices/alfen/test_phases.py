"""Switching phases: the sequence, what is believed afterwards, and what goes wrong."""

import asyncio
from contextlib import suppress

import pytest

from custom_components.voltrail.engine.devices.alfen import Alfen
from custom_components.voltrail.engine.model.charging import Phases
from custom_components.voltrail.engine.model.controls import NumberControl, SelectControl
from custom_components.voltrail.engine.model.errors import (
    LinkDownError,
    NotAppliedError,
    NotSupportedError,
    PhaseMissingError,
    PhasesSwitchingError,
    SettingNeededError,
    StillDrawingError,
)
from custom_components.voltrail.engine.polling.polled_device import Cadence
from simulators.alfen import Eve
from simulators.traffic import Request
from tests.fake_time import run

from ..owner import Owner
from .support import (
    Direct,
    alfen,
    connected,
    control,
    living,
    loop_clock,
    poll_everything,
    problem_keys,
    value,
)


def charging(eve: Eve) -> None:
    """Plug a car in."""
    eve.sockets[0].car.plug_in(charged=0.1)


def test_the_sequence() -> None:
    """Pause, wait until nothing flows, write, wait for the relays, go on."""

    async def story() -> None:
        eve = Eve()
        (socket,) = eve.sockets
        charging(eve)
        async with connected(eve) as (device, _, _):
            owner = Owner(device)
            await owner.start()
            await asyncio.sleep(10)
            await control(device, "socket_1/current_limit", NumberControl).write(16)
            await asyncio.sleep(30)
            assert value(device, "socket_1/phases_in_use") == 3
            eve.traffic.clear()
            phases = control(device, "socket_1/phases", SelectControl)
            assert phases.usable()
            assert phases.read() is Phases.THREE
            await phases.write(Phases.ONE)
            assert socket.switches == 1
            assert socket.switched_under_load == 0
            writes = [(write.function, write.address, write.values) for write in eve.traffic.writes]
            assert writes[0] == (16, 1210, (0, 0))
            assert (16, 1215, (1,)) in writes
            assert writes[-1] == (16, 1210, (0x4180, 0))
            assert phases.read() is Phases.ONE
            await asyncio.sleep(120)
            assert value(device, "socket_1/phases_in_use") == 1
            assert phases.read() is Phases.ONE
            assert not problem_keys(device)
            # Asked for again there is nothing to do, and no interruption.
            eve.traffic.clear()
            await phases.write(Phases.ONE)
            assert not eve.traffic.writes
            await phases.write(Phases.THREE)
            await asyncio.sleep(120)
            assert value(device, "socket_1/phases_in_use") == 3
            assert socket.switched_under_load == 0
            assert not problem_keys(device)
            memory = await owner.stop()
            assert memory["socket_1"]["phases"] == 3

    run(story())


def test_the_pause_is_kept_up_meanwhile() -> None:
    """With a short validity the pause is renewed while the car takes its time."""

    async def story() -> None:
        eve = Eve(validity=10)
        (socket,) = eve.sockets
        charging(eve)
        socket.car.ramp_down = 1
        owner = Owner(Alfen(Direct(eve).for_unit, 200, clock=loop_clock))
        await owner.start()
        async with living(eve, step=0.5):
            await asyncio.sleep(10)
            await control(owner.device, "socket_1/current_limit", NumberControl).write(16)
            await asyncio.sleep(60)
            seen: list[float] = []
            eve.clock.subscribe(lambda _: seen.append(socket.setpoint))
            await control(owner.device, "socket_1/phases", SelectControl).write(Phases.ONE)
            assert set(seen) <= {0.0, 16.0}
            assert seen.count(0.0) > 20
            assert socket.switched_under_load == 0
            await owner.stop()

    run(story())


def test_without_the_installers_option() -> None:
    """Exception 3 names the option, and the charge goes on as before."""

    async def story() -> None:
        eve = Eve(allow_phases=False)
        (socket,) = eve.sockets
        charging(eve)
        async with connected(eve) as (device, _, _):
            await poll_everything(device)
            await control(device, "socket_1/current_limit", NumberControl).write(16)
            await asyncio.sleep(10)
            with pytest.raises(SettingNeededError) as refused:
                await control(device, "socket_1/phases", SelectControl).write(Phases.ONE)
            assert refused.value.details == {"setting": "Allow 1- and 3-phased charging"}
            assert socket.setpoint == 16
            assert not device.sockets[0].switch.switching
            assert device.sockets[0].target.phases is None

    run(story())


def test_a_register_that_does_not_follow() -> None:
    """A station that takes the request and holds another number did not switch."""

    async def story() -> None:
        eve = Eve()
        link = Direct(eve)
        device = Alfen(link.for_unit, 200)
        async with living(eve):
            await poll_everything(device)
            eve.sockets[0].write_phases = lambda _: None  # type: ignore[assignment]  # deaf
            eve._map()
            with pytest.raises(NotAppliedError) as refused:
                await device.sockets[0].set_phases(Phases.ONE)
            assert refused.value.details == {"asked": "1", "found": "3"}

    run(story())


def test_a_car_that_does_not_stop() -> None:
    """Nothing is switched under load."""

    async def story() -> None:
        eve = Eve()
        (socket,) = eve.sockets
        charging(eve)
        device = Alfen(Direct(eve).for_unit, 200)
        async with living(eve):
            await poll_everything(device)
            await control(device, "socket_1/current_limit", NumberControl).write(16)
            await asyncio.sleep(20)
            socket.car.ramp_down = 0.01
            with pytest.raises(StillDrawingError):
                await device.sockets[0].set_phases(Phases.ONE)
            assert socket.switches == 0
            assert socket.setpoint == 16

    run(story())


def test_orders_during_the_sequence() -> None:
    """What is asked for meanwhile is what the charge goes on with."""

    async def story() -> None:
        eve = Eve()
        (socket,) = eve.sockets
        charging(eve)
        device = Alfen(Direct(eve).for_unit, 200)
        async with living(eve, step=0.5):
            await poll_everything(device)
            point = device.sockets[0]
            await point.set_current_limit(16)
            await asyncio.sleep(20)
            seen: list[float] = []
            eve.clock.subscribe(lambda _: seen.append(socket.setpoint))
            switching = asyncio.create_task(point.set_phases(Phases.ONE))
            await asyncio.sleep(0)
            # Changed back before anything happened: it must not look done.
            with pytest.raises(PhasesSwitchingError):
                await point.set_phases(Phases.THREE)
            await asyncio.sleep(6)
            await device.poll(Cadence.MEASUREMENTS)
            assert value(device, "socket_1/blocked_by") == "phase_switching"
            with pytest.raises(PhasesSwitchingError):
                await point.set_phases(Phases.THREE)
            await point.set_current_limit(10)
            assert socket.setpoint == 0
            await switching
            assert socket.setpoint == 10
            assert set(seen) <= {0.0, 10.0, 16.0}
            switching = asyncio.create_task(point.set_phases(Phases.THREE))
            await asyncio.sleep(6)
            await point.pause()
            await switching
            assert socket.setpoint == 0
            assert point.target.paused

    run(story())


def test_a_limit_of_power_holds_on_the_new_phases() -> None:
    """What was enough for one phase is three times as much on three."""

    async def story() -> None:
        eve = Eve()
        (socket,) = eve.sockets
        charging(eve)
        owner = Owner(Alfen(Direct(eve).for_unit, 200, clock=loop_clock))
        await owner.start()
        async with living(eve, step=0.5):
            await asyncio.sleep(10)
            point = owner.device.sockets[0]
            await point.set_phases(Phases.ONE)
            await point.set_power_limit(7000)
            await asyncio.sleep(60)
            assert socket.setpoint == pytest.approx(30.4, abs=0.2)
            seen: list[float] = []
            eve.clock.subscribe(lambda _: seen.append(sum(socket.meter.powers)))
            await point.set_phases(Phases.THREE)
            await asyncio.sleep(60)
            assert 6500 < seen[-1] <= max(seen) < 7100
            await point.set_phases(Phases.ONE)
            await asyncio.sleep(60)
            assert 6500 < seen[-1] <= max(seen) < 7100
            assert point.power_limit == pytest.approx(7000, abs=50)
            # Where it would be too little for three phases, the least is offered until the car
            # shows how many it uses.
            socket.car.phases = 1
            await point.set_power_limit(2000)
            await point.set_phases(Phases.THREE)
            await asyncio.sleep(60)
            assert 1800 < seen[-1] <= 2050
            await owner.stop()

    run(story())


def test_a_sequence_that_is_cut_off() -> None:
    """When the caller goes away the next renewal brings the charge back."""

    async def story() -> None:
        eve = Eve()
        (socket,) = eve.sockets
        charging(eve)
        owner = Owner(Alfen(Direct(eve).for_unit, 200, clock=loop_clock))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(10)
            point = owner.device.sockets[0]
            await point.set_current_limit(16)
            await asyncio.sleep(20)
            switching = asyncio.create_task(point.set_phases(Phases.ONE))
            await asyncio.sleep(6)
            switching.cancel()
            with suppress(asyncio.CancelledError):
                await switching
            assert not point.switch.switching
            await asyncio.sleep(30)
            assert socket.setpoint == 16
            assert not problem_keys(owner.device)
            await owner.stop()

    run(story())


def test_a_limit_of_power_holds_when_the_sequence_is_cut_off() -> None:
    """By then the charger may have been told to use three phases."""

    async def story() -> None:
        eve = Eve()
        (socket,) = eve.sockets
        charging(eve)
        owner = Owner(Alfen(Direct(eve).for_unit, 200, clock=loop_clock))
        await owner.start()
        async with living(eve, step=0.5):
            await asyncio.sleep(10)
            point = owner.device.sockets[0]
            await point.set_phases(Phases.ONE)
            await point.set_power_limit(7000)
            await asyncio.sleep(60)
            seen: list[float] = []
            eve.clock.subscribe(lambda _: seen.append(sum(socket.meter.powers)))
            switching = asyncio.create_task(point.set_phases(Phases.THREE))
            await asyncio.sleep(8)
            assert socket.phases == 3
            switching.cancel()
            await asyncio.sleep(60)
            assert 6500 < seen[-1] <= max(seen) < 7100
            await owner.stop()

    run(story())


def test_a_sequence_does_not_outlive_its_device() -> None:
    """Loaded anew, the station has another master: two would switch under load."""

    async def story() -> None:
        eve = Eve()
        (socket,) = eve.sockets
        charging(eve)
        socket.car.ramp_down = 1
        link = Direct(eve)
        owner = Owner(Alfen(link.for_unit, 200, clock=loop_clock))
        await owner.start()
        async with living(eve, step=0.5):
            await asyncio.sleep(10)
            point = owner.device.sockets[0]
            await point.set_current_limit(16)
            await asyncio.sleep(30)
            switching = asyncio.create_task(point.set_phases(Phases.ONE))
            await asyncio.sleep(6)
            assert socket.setpoint == 0
            memory = await owner.stop()
            owner = Owner(alfen(link, memory))
            await owner.start()
            with pytest.raises(LinkDownError):
                await switching
            await asyncio.sleep(60)
            assert socket.switched_under_load == 0
            assert socket.switches == 0
            assert socket.setpoint == 16
            await owner.stop()

    run(story())


def test_without_a_target_the_station_is_left_as_it_was() -> None:
    """Asking for phases is not asking for a current."""

    async def story() -> None:
        eve = Eve()
        (socket,) = eve.sockets
        link = Direct(eve)
        owner = Owner(Alfen(link.for_unit, 200, clock=loop_clock))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(10)
            await owner.device.sockets[0].set_phases(Phases.ONE)
            assert socket.setpoint == 6
            assert not owner.device.sockets[0].target.set
            link.log.clear()
            await asyncio.sleep(120)
            assert socket.remaining == 0
            assert not [request for request in link.log if request.values is not None]
            await owner.stop()

    run(story())


def test_a_set_point_that_cannot_be_read() -> None:
    """Nothing is known of what to go on with, so the pause is all that was ever written."""

    async def story() -> None:
        link = Direct(Eve())
        device = Alfen(link.for_unit, 200)
        carry = link.carry

        async def without_set_point(request: Request) -> list[int]:
            answer = await carry(request)
            if request.address == 1200:
                answer[10:12] = [0xFFFF] * 2
            return answer

        link.carry = without_set_point  # type: ignore[method-assign]  # a poorer socket
        await poll_everything(device)
        with pytest.raises(NotAppliedError):
            await device.sockets[0].set_phases(Phases.ONE)
        writes = [(each.address, each.values) for each in link.log if each.values is not None]
        assert writes == [(1210, (0, 0))]

    run(story())


async def test_phases_need_three_of_them() -> None:
    """Neither automatic, nor where only one phase is connected."""
    async with connected(Eve(single_phase=True)) as (device, _, _):
        await poll_everything(device)
        point = device.sockets[0]
        with pytest.raises(PhaseMissingError):
            await point.set_phases(Phases.ONE)
        with pytest.raises(NotSupportedError):
            await point.set_phases(Phases.AUTOMATIC)


async def test_phases_are_offered_until_the_meter_says_otherwise() -> None:
    """A meter that did not answer yet may have three phases."""
    eve = Eve()
    async with connected(eve) as (device, _, _):
        eve.faults.inject("exception", unit=1, address=300, times=None)
        await poll_everything(device)
        phases = control(device, "socket_1/phases", SelectControl)
        assert not phases.usable()
        before = device.layout
        eve.faults.clear()
        await poll_everything(device)
        assert phases.usable()
        # Offered it was before, so nothing has to be loaded anew.
        assert device.layout == before


class TestWhatIsBelieved:
    """What was asked for, what the register says, and what the currents say."""

    async def _look(self, device: Alfen, times: int = 3) -> None:
        for _ in range(times):
            await device.poll(Cadence.MEASUREMENTS)

    def test_a_station_that_only_says_so(self) -> None:
        """One phase asked for and confirmed, but three carry current."""

        async def story() -> None:
            eve = Eve()
            (socket,) = eve.sockets
            device = Alfen(Direct(eve).for_unit, 200)
            async with living(eve):
                await poll_everything(device)
                point = device.sockets[0]
                await point.set_current_limit(16)
                await point.set_phases(Phases.ONE)
                socket._relays = 3
                charging(eve)
                await asyncio.sleep(30)
                await self._look(device, 2)
                assert not problem_keys(device)
                await self._look(device, 1)
                (problem,) = device.problems()
                assert problem.key == "phases_not_switched"
                assert problem.details == {"asked": "1", "measured": "3"}
                assert point.switch.phases is Phases.THREE
                # The next car is a new story.
                socket.car.leave()
                await asyncio.sleep(5)
                await self._look(device, 1)
                assert not problem_keys(device)

        run(story())

    def test_a_car_with_one_phase_proves_nothing(self) -> None:
        """Three phases asked for, one used: the car may not have more."""

        async def story() -> None:
            eve = Eve()
            (socket,) = eve.sockets
            socket.car.phases = 1
            device = Alfen(Direct(eve).for_unit, 200)
            async with living(eve):
                await poll_everything(device)
                point = device.sockets[0]
                await point.set_current_limit(16)
                await point.set_phases(Phases.ONE)
                await point.set_phases(Phases.THREE)
                charging(eve)
                await asyncio.sleep(30)
                await self._look(device)
                assert not problem_keys(device)
                assert point.switch.phases is Phases.THREE
                # Had it drawn from three before, the switch would not have happened.
                socket.car.phases = 3
                await asyncio.sleep(10)
                await self._look(device)
                socket.car.phases = 1
                await asyncio.sleep(10)
                await self._look(device)
                assert problem_keys(device) == {"phases_not_switched"}

        run(story())

    def test_firmware_that_always_reads_three(self) -> None:
        """6.4.0-4210 says three phases whatever is in force: only currents tell."""

        async def story() -> None:
            eve = Eve(firmware="6.4.0-4210")
            device = Alfen(Direct(eve).for_unit, 200)
            async with living(eve):
                await poll_everything(device)
                point = device.sockets[0]
                assert point.switch.phases is None
                await point.set_current_limit(16)
                await point.set_phases(Phases.ONE)
                assert eve.sockets[0].phases == 1
                assert point.switch.phases is None
                charging(eve)
                await asyncio.sleep(30)
                await self._look(device)
                assert point.switch.phases is Phases.ONE
                assert not problem_keys(device)

        run(story())

    def test_a_meter_without_currents(self) -> None:
        """Where no current is measured, the pilot tells that the car has stopped."""

        async def story() -> None:
            eve = Eve()
            (socket,) = eve.sockets
            charging(eve)
            link = Direct(eve)
            device = Alfen(link.for_unit, 200)
            async with living(eve):
                await poll_everything(device)
                point = device.sockets[0]
                await point.set_current_limit(16)
                await asyncio.sleep(20)
                carry = link.carry

                async def without_currents(request: Request) -> list[int]:
                    answer = await carry(request)
                    if request.address == 300:
                        answer[20:26] = [0xFFFF] * 6
                    return answer

                link.carry = without_currents  # type: ignore[method-assign]  # a poorer meter
                await point.set_phases(Phases.ONE)
                assert socket.switches == 1
                assert socket.switched_under_load == 0

        run(story())
