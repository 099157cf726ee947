"""Set-points that run out, and those who renew them."""

import asyncio

import pytest
from modbus_connection import pymodbus, tmodbus

from custom_components.voltrail.engine.devices.alfen import Alfen
from custom_components.voltrail.engine.devices.alfen.renewal import SetPointRenewal
from custom_components.voltrail.engine.model.controls import NumberControl
from custom_components.voltrail.engine.model.errors import DeviceSilentError, NotAppliedError
from custom_components.voltrail.engine.model.options import Options
from custom_components.voltrail.engine.polling.polled_device import Cadence
from simulators.alfen import DataSource, Eve, OverLimit
from simulators.alfen.socket import Socket
from simulators.clock import Clock
from tests.fake_time import run

from ..owner import Owner
from .support import (
    Connection,
    Direct,
    SocketLoop,
    alfen,
    connected,
    control,
    living,
    loop_clock,
    problem_keys,
    value,
)

DAY = 86_400.0
STEP = 5.0
"""Seconds that the station lives through in one go, where a whole day has to pass."""


def worst_setpoints(socket: Socket, eve: Eve) -> list[float]:
    """Record every set-point that was not what it should be, each simulated second."""
    seen: list[float] = []
    eve.clock.subscribe(lambda _: seen.append(socket.setpoint))
    return seen


def test_a_day_with_losses() -> None:
    """16 A stay in force for a day with a validity of 60 s and every tenth request lost."""

    async def day() -> None:
        eve = Eve(validity=60, clock=Clock(step=STEP))
        (socket,) = eve.sockets
        async with connected(eve) as (device, _, _), living(eve, step=STEP):
            # Polls help to hold a set-point; with fewer of them it is harder.
            owner = Owner(device, scan_interval=30)
            await owner.start()
            await asyncio.sleep(30)
            await control(device, "socket_1/current_limit", NumberControl).write(16)
            seen = worst_setpoints(socket, eve)
            loss = eve.faults.inject("lose_request", every=10, times=None)
            await asyncio.sleep(DAY)
            await owner.stop()
        # A validity that ends is over in the very step that a set-point is noted after.
        assert len(seen) >= DAY / STEP - 1
        assert set(seen) == {16.0}
        # So that losses are more than a setting of this test.
        assert loss.seen // 10 > 1_000
        assert len(eve.traffic.writes) > 3_000

    with asyncio.Runner(loop_factory=SocketLoop) as runner:
        runner.run(day())


@pytest.mark.parametrize("client", [tmodbus.ModbusConnection, pymodbus.ModbusConnection])
def test_an_hour_over_the_wire(client: type[Connection]) -> None:
    """The same for an hour with both Modbus libraries, and with all that they do about losses."""

    async def hour() -> None:
        eve = Eve(validity=60)
        (socket,) = eve.sockets
        async with connected(eve, client=client) as (device, _, _):
            owner = Owner(device)
            await owner.start()
            await asyncio.sleep(30)
            await control(device, "socket_1/current_limit", NumberControl).write(16)
            seen = worst_setpoints(socket, eve)
            eve.faults.inject("lose_request", every=10, times=None)
            await asyncio.sleep(3600)
            await owner.stop()
        assert set(seen) == {16.0}
        assert len(eve.traffic.writes) > 150

    run(hour())


def test_silence_lets_the_charger_fall_back() -> None:
    """Without us the charger is at its safe current when the validity is over."""

    async def story() -> None:
        eve = Eve(validity=60)
        (socket,) = eve.sockets
        owner = Owner(alfen(Direct(eve)))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(15)
            await control(owner.device, "socket_1/current_limit", NumberControl).write(16)
            await asyncio.sleep(120)
            assert socket.setpoint == 16
            memory = await owner.stop()
            await asyncio.sleep(70)
            assert socket.applied == 6
            assert socket.remaining == 0

            # Back again: the state is read, and the limit asserted once.
            link = Direct(eve)
            owner = Owner(alfen(link, memory))
            await owner.start()
            await asyncio.sleep(5)
            assert socket.setpoint == 16
            writes = [request for request in link.log if request.values is not None]
            assert len(writes) == 1
            first_write = link.log.index(writes[0])
            assert any(request.address == 1200 for request in link.log[:first_write])
            await owner.stop()

    run(story())


def test_nothing_is_sent_without_an_order() -> None:
    """A charger without a target is only read, hour after hour."""

    async def story() -> None:
        eve = Eve(sockets=2)
        link = Direct(eve)
        owner = Owner(alfen(link))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(3600)
        await owner.stop()
        assert all(request.values is None for request in link.log)
        # Two per socket and one for the station in every poll, and nothing for life signs.
        polls = [request for request in link.log if request.address in {300, 1100, 1200}]
        assert len(polls) == pytest.approx(360 * 5, abs=10)

    run(story())


def test_a_reboot_is_followed_by_one_assertion() -> None:
    """The charger forgets at a reboot; the limit is back as soon as it is."""

    async def story() -> None:
        eve = Eve(validity=60, reboot_seconds=40)
        (socket,) = eve.sockets
        link = Direct(eve)
        owner = Owner(alfen(link))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(15)
            await control(owner.device, "socket_1/current_limit", NumberControl).write(13.7)
            await asyncio.sleep(60)
            eve.reboot()
            link.break_link()
            await asyncio.sleep(41)
            assert socket.remaining == 0
            link.log.clear()
            await asyncio.sleep(25)
            assert socket.setpoint == pytest.approx(13.7)
            first = link.log[0]
            assert first.values is None
            assert value(owner.device, "boot_time") is not None
        await owner.stop()

    run(story())


def test_a_lowered_installer_limit_counts_after_a_restart() -> None:
    """The old limit is still in force and still ours: it is lowered, not adopted."""

    async def story() -> None:
        eve = Eve(validity=300)
        (socket,) = eve.sockets
        owner = Owner(alfen(Direct(eve)))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(15)
            await control(owner.device, "socket_1/current_limit", NumberControl).write(16)
            memory = await owner.stop()
            device = Alfen(Direct(eve).for_unit, 200, Options(max_current=10), clock=loop_clock)
            device.restore_state(memory)
            owner = Owner(device)
            await owner.start()
            await asyncio.sleep(15)
            assert socket.setpoint == 10
            assert not problem_keys(device)
            await owner.stop()

    run(story())


@pytest.mark.parametrize(("asked", "left"), [(20, 16), (10, 10)])
def test_a_lost_answer_is_no_other_client(asked: float, left: float) -> None:
    """A write that took effect although its answer got lost is still ours."""

    async def story() -> None:
        eve = Eve(validity=60)
        (socket,) = eve.sockets
        async with connected(eve) as (device, _, _):
            owner = Owner(device)
            await owner.start()
            await asyncio.sleep(15)
            limit = control(device, "socket_1/current_limit", NumberControl)
            await limit.write(16)
            eve.faults.inject("lose_answer", function=16, times=2)
            with pytest.raises(DeviceSilentError):
                await limit.write(asked)
            assert socket.setpoint == asked
            await asyncio.sleep(60)
            # Told that it failed, the user is left with what was in force before, unless that
            # is more: what was to protect a fuse is not raised again by us.
            assert socket.setpoint == left
            assert not problem_keys(device)
            await owner.stop()

    run(story())


def test_a_pause_is_kept_up() -> None:
    """A pause that ran out would let the car charge with the safe current."""

    async def story() -> None:
        eve = Eve(validity=60)
        (socket,) = eve.sockets
        socket.car.plug_in()
        owner = Owner(alfen(Direct(eve)))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(30)
            assert socket.car.current > 1
            await owner.device.sockets[0].pause()
            await asyncio.sleep(600)
            assert socket.setpoint == 0
            assert socket.car.current == 0
            assert value(owner.device, "socket_1/blocked_by") == "paused"
            await owner.device.sockets[0].resume()
            await asyncio.sleep(60)
            assert socket.setpoint == 16
        await owner.stop()

    run(story())


@pytest.mark.parametrize(("validity", "interval"), [(300, 20), (60, 20), (45, 15), (30, 10)])
def test_validity_is_learnt(validity: float, interval: float) -> None:
    """What 1208 shows after a write is the validity; a third of it is the interval."""

    async def story() -> None:
        eve = Eve(validity=validity)
        link = Direct(eve)
        owner = Owner(alfen(link))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(15)
            assert value(owner.device, "socket_1/communication_timeout") is None
            await control(owner.device, "socket_1/current_limit", NumberControl).write(16)
            assert value(owner.device, "socket_1/communication_timeout") == validity
            assert owner.device.sockets[0].interval == interval
            await asyncio.sleep(60)
            link.log.clear()
            await asyncio.sleep(600)
            writes = [request for request in link.log if request.values is not None]
            assert len(writes) == pytest.approx(600 / interval, abs=1)
            assert not problem_keys(owner.device)
        await owner.stop()

    run(story())


def test_validity_is_learnt_again_after_a_restart() -> None:
    """The first renewal of a set-point that is still in force shows it; the others just renew."""

    async def story() -> None:
        eve = Eve(validity=300)
        owner = Owner(alfen(Direct(eve)))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(15)
            await control(owner.device, "socket_1/current_limit", NumberControl).write(16)
            memory = await owner.stop()
            await asyncio.sleep(100)
            link = Direct(eve)
            owner = Owner(alfen(link, memory), scan_interval=1000)
            await owner.start()
            await asyncio.sleep(2)
            assert value(owner.device, "socket_1/communication_timeout") == 300
            link.log.clear()
            await asyncio.sleep(300)
            status = [request for request in link.log if request.address == 1200]
            writes = [request for request in link.log if request.address == 1210]
            assert len(status) == len(writes) == 15
        await owner.stop()

    run(story())


def test_a_validity_changed_between_writes() -> None:
    """The installer goes from 300 s to 60 and up to 120, and nobody sets a limit meanwhile."""

    async def story() -> None:
        eve = Eve(validity=300)
        (socket,) = eve.sockets
        owner = Owner(alfen(Direct(eve)))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(15)
            await control(owner.device, "socket_1/current_limit", NumberControl).write(16)
            for validity in (60, 120):
                socket.validity = validity
                await asyncio.sleep(60)
                # Polls between the writes see up to 10 s less.
                shown = value(owner.device, "socket_1/communication_timeout")
                assert shown == pytest.approx(validity, abs=10)
            socket.validity = 60
            await asyncio.sleep(60)
            assert value(owner.device, "socket_1/communication_timeout") == 60
            assert not problem_keys(owner.device)
        await owner.stop()

    run(story())


@pytest.mark.parametrize("asked_after", [15, 16.5, 18])
def test_a_validity_that_is_too_short(asked_after: float) -> None:
    """Ten seconds cannot be held against losses: it is renewed all the same, and told."""

    async def story() -> None:
        eve = Eve(validity=10)
        (socket,) = eve.sockets
        owner = Owner(alfen(Direct(eve)))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(asked_after)
            await control(owner.device, "socket_1/current_limit", NumberControl).write(16)
            seen = worst_setpoints(socket, eve)
            await asyncio.sleep(600)
            (problem,) = owner.device.problems()
            assert problem.key == "validity_too_short"
            assert problem.details == {"validity": "10", "minimum": "30"}
        await owner.stop()
        assert set(seen) == {16.0}

    run(story())


def test_a_changed_validity_is_noticed() -> None:
    """An installer who shortens the validity is followed, downwards and upwards."""

    async def story() -> None:
        eve = Eve(validity=300)
        (socket,) = eve.sockets
        owner = Owner(alfen(Direct(eve)))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(15)
            limit = control(owner.device, "socket_1/current_limit", NumberControl)
            await limit.write(16)
            socket.validity = 24
            await asyncio.sleep(120)
            assert owner.device.sockets[0].set_point.validity == 24
            assert problem_keys(owner.device) == {"validity_too_short"}
            socket.validity = 120
            await limit.write(15)
            assert owner.device.sockets[0].set_point.validity == 120
            assert not problem_keys(owner.device)
        await owner.stop()

    run(story())


def test_a_setpoint_that_never_holds_is_told() -> None:
    """A charger that stays in its safe current whatever is written gets a person's help."""

    async def story() -> None:
        eve = Eve(validity=60)
        (socket,) = eve.sockets
        link = Direct(eve)
        owner = Owner(alfen(link))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(15)
            await control(owner.device, "socket_1/current_limit", NumberControl).write(16)
            socket.validity = 0
            socket.safe_current = 16
            await asyncio.sleep(120)
            link.log.clear()
            await asyncio.sleep(180)
            assert "safe_current_active" in problem_keys(owner.device)
            # Asserted once, and then only when a renewal is due: not with every poll.
            writes = [request for request in link.log if request.values is not None]
            assert len(writes) == pytest.approx(180 / 20, abs=1)
        await owner.stop()

    run(story())


def test_low_validity_is_renewed_after_a_poll() -> None:
    """A set-point that runs low does not wait for its turn."""

    async def story() -> None:
        eve = Eve(validity=60)
        (socket,) = eve.sockets
        device = alfen(Direct(eve))
        await device.poll(Cadence.MEASUREMENTS)
        await control(device, "socket_1/current_limit", NumberControl).write(16)
        eve.advance(25)
        await device.poll(Cadence.MEASUREMENTS)
        await device.reconcile()
        assert socket.remaining == 35
        eve.advance(6)
        await device.poll(Cadence.MEASUREMENTS)
        await device.reconcile()
        assert socket.remaining == 60

    run(story())


def test_a_failed_beat_is_repeated_soon() -> None:
    """After a failure the next beat comes after 3 s, then ever more slowly."""

    async def story() -> None:
        renewal = SetPointRenewal(_Steady())
        intervals = []
        for failures in (0, 1, 2, 3, 4, 50):
            renewal.failures = failures
            intervals.append(renewal.interval)
        assert intervals == [20, 3, 6, 12, 20, 20]

    run(story())


class _Steady:
    """Something that is renewed every 20 s."""

    interval = 20.0

    async def renew(self) -> None:
        """Do nothing."""


def test_one_socket_out_of_order_leaves_the_other_reconciled() -> None:
    """Each socket has its own set-point, its own renewal and its own failures."""

    async def story() -> None:
        eve = Eve(sockets=2, validity=60)
        left, right = eve.sockets
        async with connected(eve) as (device, _, _):
            owner = Owner(device)
            await owner.start()
            await asyncio.sleep(15)
            await control(device, "socket_1/current_limit", NumberControl).write(16)
            await control(device, "socket_2/current_limit", NumberControl).write(10)
            eve.faults.inject("exception", unit=1, times=None)
            await asyncio.sleep(180)
            assert left.setpoint == 6
            assert right.setpoint == 10
            eve.faults.clear()
            await asyncio.sleep(60)
            assert left.setpoint == 16
            await owner.stop()

    run(story())


def test_a_station_that_clamps_is_not_taken_for_another_client() -> None:
    """What a station makes of a value is told, and is not a stranger's doing."""

    async def story() -> None:
        eve = Eve(over_limit=OverLimit.CLAMP, max_current=25)
        (socket,) = eve.sockets
        owner = Owner(alfen(Direct(eve)))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(15)
            limit = control(owner.device, "socket_1/current_limit", NumberControl)
            await limit.write(13)
            eve.station.max_current = 14
            with pytest.raises(NotAppliedError) as refused:
                await limit.write(20)
            assert refused.value.details == {"asked": "20", "found": "14"}
            await asyncio.sleep(60)
            # Nobody was promised 20 A or 14 A: the last limit that was set holds.
            assert socket.setpoint == 13
            assert not problem_keys(owner.device)
        await owner.stop()

    run(story())


def test_the_network_is_renewed() -> None:
    """Limits of a network hold per phase, each with its own renewal, also over a restart."""

    async def story() -> None:
        eve = Eve(source=DataSource.SCN, validity=60)
        owner = Owner(alfen(Direct(eve)))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(15)
            for phase, amps in ((1, 20), (2, 18.5)):
                path = f"network_ems_limit_l{phase}"
                await control(owner.device, path, NumberControl).write(amps)
            await asyncio.sleep(1800)
            assert [limit.current for limit in eve.scn.limits] == [20, 18.5, 6]
            memory = await owner.stop()
            await asyncio.sleep(120)
            assert [limit.current for limit in eve.scn.limits] == [6, 6, 6]
            owner = Owner(alfen(Direct(eve), memory))
            await owner.start()
            await asyncio.sleep(30)
            assert [limit.current for limit in eve.scn.limits] == [20, 18.5, 6]
            # Another client takes L1.
            for _ in range(6):
                eve.scn.limits[0].write(11)
                await asyncio.sleep(20)
            assert problem_keys(owner.device) == {"other_master"}
            assert [limit.current for limit in eve.scn.limits] == [11, 18.5, 6]
        await owner.stop()

    run(story())


def test_what_is_wrong_with_a_network_is_told() -> None:
    """The same troubles as with a socket, each told once for all phases."""

    async def story() -> None:
        eve = Eve(source=DataSource.SCN, validity=12)
        owner = Owner(alfen(Direct(eve)))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(15)
            assert not problem_keys(owner.device)
            for phase in (1, 2, 3):
                path = f"network_ems_limit_l{phase}"
                await control(owner.device, path, NumberControl).write(20)
            (problem,) = owner.device.problems()
            assert problem.key == "validity_too_short"
            assert problem.part is None
            assert problem.details == {"validity": "12", "minimum": "30"}
            eve.scn.validity = 0
            eve.scn.safe_current = 20
            await asyncio.sleep(200)
            assert "safe_current_active" in problem_keys(owner.device)
            # A station that left its network does not want any of it.
            eve.ems.source = DataSource.SOCKET
            await asyncio.sleep(70)
            assert not problem_keys(owner.device)
        await owner.stop()

    run(story())
