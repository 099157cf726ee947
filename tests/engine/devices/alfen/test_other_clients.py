"""Other clients that write the same set-points: told of, and never written over."""

import asyncio

from custom_components.voltrail.engine.model.controls import NumberControl, SwitchControl
from simulators.alfen import Eve
from tests.fake_time import run

from ..owner import Owner
from .support import Direct, alfen, control, living, problem_keys, value


def test_another_client_is_left_alone() -> None:
    """A limit that somebody else writes is told of, adopted, and never written over."""

    async def story() -> None:
        eve = Eve(validity=60)
        (socket,) = eve.sockets
        link = Direct(eve)
        owner = Owner(alfen(link))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(15)
            limit = control(owner.device, "socket_1/current_limit", NumberControl)
            await limit.write(16)
            assert not problem_keys(owner.device)
            link.log.clear()
            for _ in range(30):
                socket.setpoint = 10
                await asyncio.sleep(20)
                assert socket.setpoint == 10
            assert problem_keys(owner.device) == {"other_master"}
            (problem,) = owner.device.problems()
            assert problem.details == {"found": "10"}
            assert problem.part is not None
            assert limit.read() == 10
            # The other one ends: its own watchdog has its effect, and we do not stand in.
            await asyncio.sleep(120)
            assert socket.remaining == 0
            assert not [request for request in link.log if request.values is not None]
            # The user speaks up again.
            await limit.write(12)
            await asyncio.sleep(300)
            assert socket.setpoint == 12
            assert not problem_keys(owner.device)
        await owner.stop()

    run(story())


def test_a_pause_of_another_client_is_left_alone() -> None:
    """And what a charge resumes with is still what was asked for here."""

    async def story() -> None:
        eve = Eve(validity=60)
        (socket,) = eve.sockets
        owner = Owner(alfen(Direct(eve)))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(15)
            await control(owner.device, "socket_1/current_limit", NumberControl).write(13)
            for _ in range(4):
                socket.setpoint = 0
                await asyncio.sleep(20)
            assert problem_keys(owner.device) == {"other_master"}
            assert socket.setpoint == 0
            assert control(owner.device, "socket_1/charging", SwitchControl).read() is False
            await control(owner.device, "socket_1/charging", SwitchControl).write(True)  # noqa: FBT003 - what the control takes
            assert socket.setpoint == 13
            assert not problem_keys(owner.device)
        await owner.stop()

    run(story())


def test_another_client_is_not_overruled_by_a_power_limit() -> None:
    """A power that was asked for before is not fitted to the next car any more."""

    async def story() -> None:
        eve = Eve(validity=60)
        (socket,) = eve.sockets
        socket.car.plug_in()
        link = Direct(eve)
        owner = Owner(alfen(link))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(30)
            await control(owner.device, "socket_1/power_limit", NumberControl).write(6900)
            for _ in range(4):
                socket.setpoint = 8
                await asyncio.sleep(20)
            assert problem_keys(owner.device) == {"other_master"}
            link.log.clear()
            socket.car.leave()
            await asyncio.sleep(20)
            socket.car.phases = 1
            socket.car.plug_in()
            for _ in range(4):
                socket.setpoint = 8
                await asyncio.sleep(20)
            assert value(owner.device, "socket_1/phases_in_use") == 1
            assert not [request for request in link.log if request.values is not None]
        await owner.stop()

    run(story())


def test_a_passing_foreign_write_is_outlasted() -> None:
    """Another client that writes once and falls silent soon leaves our target in force."""

    async def story() -> None:
        eve = Eve(validity=60)
        (socket,) = eve.sockets
        owner = Owner(alfen(Direct(eve)))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(15)
            await control(owner.device, "socket_1/current_limit", NumberControl).write(16)
            await asyncio.sleep(10)
            socket.setpoint = 10
            socket.remaining = 15
            await asyncio.sleep(60)
            assert socket.setpoint == 16
            assert not problem_keys(owner.device)
        await owner.stop()

    run(story())


def test_what_was_set_between_two_polls_is_not_overwritten() -> None:
    """A set-point in force that is not ours after a restart belongs to somebody."""

    async def story() -> None:
        eve = Eve(validity=60)
        (socket,) = eve.sockets
        owner = Owner(alfen(Direct(eve)))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(15)
            await control(owner.device, "socket_1/current_limit", NumberControl).write(16)
            memory = await owner.stop()
            link = Direct(eve)
            owner = Owner(alfen(link, memory))
            socket.setpoint = 9
            await owner.start()
            for _ in range(6):
                await asyncio.sleep(20)
                socket.setpoint = 9
            assert not [request for request in link.log if request.values is not None]
            memory = await owner.stop()
            assert memory["socket_1"]["current"] == 9
            assert memory["socket_1"]["set"] is False

    run(story())
