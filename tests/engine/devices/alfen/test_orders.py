"""What a station is asked to do, and what becomes of it in its registers."""

import asyncio
import math
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.voltrail.engine.devices.alfen import Alfen
from custom_components.voltrail.engine.model.charging import Phases
from custom_components.voltrail.engine.model.controls import (
    Bounds,
    NumberControl,
    SelectControl,
    SwitchControl,
)
from custom_components.voltrail.engine.model.errors import (
    BelowMinimumError,
    CallerError,
    DeviceRefusedError,
    DeviceSilentError,
    LinkDownError,
    NotANumberError,
    NotAppliedError,
    OutOfBoundsError,
    SettingNeededError,
    VoltrailError,
)
from custom_components.voltrail.engine.model.options import Options
from custom_components.voltrail.engine.polling.polled_device import Cadence
from simulators.alfen import DataSource, Eve
from simulators.traffic import Request, Write
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

ON, OFF = True, False


async def test_a_current_limit_goes_out_as_one_request_of_function_16() -> None:
    """Two registers in one request, checked by one look."""
    eve = Eve(sockets=2)
    async with connected(eve) as (device, _, _):
        await poll_everything(device)
        eve.traffic.clear()
        limit = control(device, "socket_2/current_limit", NumberControl)
        await limit.write(16)
        assert list(eve.traffic.writes) == [Write(2, 16, 1210, (0x4180, 0))]
        assert [(read.unit, read.address) for read in eve.traffic.reads] == [(2, 1200)]
        assert eve.register("setpoint", 2).value == 16
        assert eve.register("setpoint", 1).value == 6
        assert limit.read() == 16
        assert value(device, "socket_2/current_offered") == 16
        assert value(device, "socket_2/safe_current_active") is False
        assert value(device, "socket_1/safe_current_active") is True


@pytest.mark.parametrize(
    ("asked", "written"),
    [(13.7, 13.7), (13.79, 13.7), (6, 6), (25, 25), (5.9, 0), (0.1, 0), (0, 0)],
)
async def test_current_limits(asked: float, written: float) -> None:
    """Tenths of an ampere, rounded towards zero; what is too little to charge pauses."""
    eve = Eve(max_current=25)
    async with connected(eve) as (device, _, _):
        await poll_everything(device)
        await control(device, "socket_1/current_limit", NumberControl).write(asked)
        assert eve.register("setpoint").value == pytest.approx(written, abs=1e-5)


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        (-1, OutOfBoundsError),
        (math.nan, NotANumberError),
        (math.inf, NotANumberError),
    ],
)
async def test_impossible_limits_never_reach_the_wire(
    asked: float, error: type[CallerError]
) -> None:
    """What is no limit at all is refused."""
    eve = Eve(max_current=25)
    async with connected(eve) as (device, _, _):
        await poll_everything(device)
        with pytest.raises(error):
            await control(device, "socket_1/current_limit", NumberControl).write(asked)
        assert not eve.traffic.writes


async def test_the_installers_limit_caps() -> None:
    """The lower of the station's and the installer's maximum holds for every verb."""
    eve = Eve(max_current=25)
    async with connected(eve, Options(max_current=13)) as (device, _, _):
        await poll_everything(device)
        limit = control(device, "socket_1/current_limit", NumberControl)
        assert limit.bounds() == Bounds(minimum=0, maximum=32, step=0.1, ceiling=13)
        await limit.write(13.1)
        assert eve.register("setpoint").value == 13
        await control(device, "socket_1/charging", SwitchControl).write(ON)
        assert eve.register("setpoint").value == 13


async def test_old_firmware_without_a_car_does_not_bound_to_nothing() -> None:
    """A maximum of 0 A while no car is connected is no maximum: the last one holds."""
    eve = Eve(max_current=25)
    async with connected(eve) as (device, _, _):
        await poll_everything(device)
        eve.station.max_current = 0
        await poll_everything(device)
        assert value(device, "maximum_current") == 0
        assert control(device, "socket_1/current_limit", NumberControl).bounds().ceiling == 25


async def test_pause_and_resume() -> None:
    """Off writes 0 A; on goes on with the last limit above 0."""
    eve = Eve()
    async with connected(eve) as (device, _, _):
        await poll_everything(device)
        charging = control(device, "socket_1/charging", SwitchControl)
        limit = control(device, "socket_1/current_limit", NumberControl)
        await limit.write(11)
        assert charging.read() is True
        await charging.write(OFF)
        assert eve.register("setpoint").value == 0
        assert (charging.read(), limit.read()) == (False, 0)
        await charging.write(ON)
        assert eve.register("setpoint").value == 11
        assert charging.read() is True


async def test_pause_with_five_amps() -> None:
    """Stations that mind 0 A are paused with 5 A, which is below what charges."""
    eve = Eve()
    async with connected(eve, Options(extra={"pause_current": "5"})) as (device, _, _):
        await poll_everything(device)
        charging = control(device, "socket_1/charging", SwitchControl)
        await charging.write(OFF)
        assert eve.register("setpoint").value == 5
        assert charging.read() is False
        assert control(device, "socket_1/current_limit", NumberControl).read() == 0
        assert value(device, "socket_1/setpoint") == 5


async def test_power_is_turned_into_current() -> None:
    """With the measured voltages and the phases in use, rounded down."""
    eve = Eve()
    eve.grid.noise = 0
    (socket,) = eve.sockets
    eve.advance(1)
    async with connected(eve) as (device, _, _):
        await poll_everything(device)
        power = control(device, "socket_1/power_limit", NumberControl)
        await power.write(11_040)
        assert eve.register("setpoint").value == pytest.approx(16)
        assert power.read() == 11_040
        socket.car.phases = 1
        socket.car.plug_in()
        eve.advance(30)
        await poll_everything(device)
        assert value(device, "socket_1/phases_in_use") == 1
        await power.write(3000)
        assert eve.register("setpoint").value == pytest.approx(13.0)
        await power.write(1000)
        assert eve.register("setpoint").value == 0
        # More than this car can draw, and not more than the station can give.
        await power.write(7361)
        assert eve.register("setpoint").value == 32
        await power.write(30_000)
        assert eve.register("setpoint").value == 32


async def test_power_on_one_phase_without_a_car() -> None:
    """A station told to use one phase is going to use one."""
    eve = Eve()
    eve.grid.noise = 0
    (socket,) = eve.sockets
    socket.phases = 1
    eve.advance(30)
    async with connected(eve) as (device, _, _):
        await poll_everything(device)
        await control(device, "socket_1/power_limit", NumberControl).write(2300)
        assert eve.register("setpoint").value == pytest.approx(10.0)


async def test_writing_that_the_installer_does_not_allow() -> None:
    """The refusal names the option that has to be ticked."""
    eve = Eve()
    eve.ems.allow_writing = False
    async with connected(eve) as (device, _, _):
        await poll_everything(device)
        with pytest.raises(SettingNeededError) as refused:
            await control(device, "socket_1/current_limit", NumberControl).write(16)
        assert refused.value.details == {"setting": "Allow writing maximum currents"}
        # A refused order leaves no target.
        assert not device.sockets[0].target.set


async def test_other_refusals_keep_their_reason() -> None:
    """A station that failed is not explained by a setting."""
    eve = Eve()
    async with connected(eve) as (device, _, _):
        await poll_everything(device)
        eve.faults.inject("exception", function=16, times=None, code=4)
        with pytest.raises(DeviceRefusedError, match="code 4"):
            await control(device, "socket_1/current_limit", NumberControl).write(16)


def test_a_lost_order_is_repeated_once() -> None:
    """One request may get lost; of two the user hears."""

    async def story() -> None:
        eve = Eve()
        async with connected(eve) as (device, _, _):
            await poll_everything(device)
            limit = control(device, "socket_1/current_limit", NumberControl)
            eve.faults.inject("lose_request", function=16, times=1)
            await limit.write(16)
            assert eve.register("setpoint").value == 16
            eve.faults.inject("lose_request", function=16, times=2)
            with pytest.raises(DeviceSilentError):
                await limit.write(10)
            assert eve.register("setpoint").value == 16

    run(story())


def test_an_order_without_a_link() -> None:
    """A dead link is told as such."""

    async def story() -> None:
        eve = Eve()
        async with connected(eve) as (device, server, _):
            await poll_everything(device)
            limit = control(device, "socket_1/current_limit", NumberControl)
            await server.unplug()
            with pytest.raises((LinkDownError, DeviceSilentError)):
                await limit.write(16)

    run(story())


async def test_a_look_that_is_refused_is_told() -> None:
    """When the read-back fails, its own error comes out."""
    eve = Eve()
    async with connected(eve) as (device, _, _):
        await poll_everything(device)
        eve.faults.inject("exception", function=3, unit=1, times=None, code=4)
        with pytest.raises(DeviceRefusedError):
            await control(device, "socket_1/current_limit", NumberControl).write(16)


# -- the network --


def in_network() -> Eve:
    """A station in a network."""
    return Eve(source=DataSource.SCN, max_current=32)


async def test_network_limits_are_written_one_by_one() -> None:
    """Each phase in a request of two registers."""
    eve = in_network()
    async with connected(eve) as (device, _, _):
        await poll_everything(device)
        eve.traffic.clear()
        for phase, amps in ((1, 16), (2, 7), (3, 6)):
            limit = control(device, f"network_ems_limit_l{phase}", NumberControl)
            assert limit.phase == f"L{phase}"
            assert limit.usable()
            await limit.write(amps)
            assert limit.read() == amps
        assert list(eve.traffic.writes) == [
            Write(200, 16, 1417, (0x4180, 0)),
            Write(200, 16, 1419, (0x40E0, 0)),
            Write(200, 16, 1421, (0x40C0, 0)),
        ]
        assert [limit.current for limit in eve.scn.limits] == [16, 7, 6]
        assert value(device, "network_safe_current_active") is False


async def test_network_bounds() -> None:
    """One station's worth, unless the installer says how much the network may have."""
    eve = in_network()
    async with connected(eve) as (device, _, _):
        await poll_everything(device)
        limit = control(device, "network_ems_limit_l1", NumberControl)
        assert limit.bounds() == Bounds(minimum=0, maximum=32, step=0.1)
        with pytest.raises(OutOfBoundsError):
            await limit.write(32.1)
    async with connected(eve, Options(extra={"network_max_current": 63})) as (device, _, _):
        await poll_everything(device)
        limit = control(device, "network_ems_limit_l1", NumberControl)
        assert limit.bounds() == Bounds(minimum=0, maximum=63, step=0.1)


async def test_a_network_that_is_switched_off_takes_no_limits() -> None:
    """The numbers stay until the integration loads anew, and cannot be used."""
    eve = in_network()
    async with connected(eve) as (device, _, _):
        await poll_everything(device)
        limit = control(device, "network_ems_limit_l1", NumberControl)
        eve.ems.source = DataSource.SOCKET
        await poll_everything(device)
        assert not limit.usable()
        assert value(device, "network_safe_current_active") is False


def test_a_failing_network_does_not_stop_the_sockets() -> None:
    """Reconciling goes on with the rest, and reports what failed."""

    async def story() -> None:
        eve = in_network()
        (socket,) = eve.sockets
        device = Alfen(Direct(eve).for_unit, 200)
        await poll_everything(device)
        await control(device, "network_ems_limit_l1", NumberControl).write(16)
        await control(device, "network_ems_limit_l2", NumberControl).write(16)
        await control(device, "socket_1/current_limit", NumberControl).write(16)
        eve.advance(70)
        await poll_everything(device)
        eve.ems.allow_writing = False
        with pytest.raises(SettingNeededError):
            await device.reconcile()
        eve.ems.allow_writing = True
        await poll_everything(device)
        # Asserted once; what is still missing waits for its renewal.
        await device.reconcile()
        for alive in device.keep_alives():
            await alive.beat()
        assert socket.setpoint == 16
        assert [limit.current for limit in eve.scn.limits] == [16, 16, 6]

    run(story())


# -- why it does not charge --


async def reason_of(prepare: Callable[[Eve], None]) -> object:
    """Return why a socket does not charge, with a car connected."""
    eve = Eve()
    (socket,) = eve.sockets
    socket.car.plug_in()
    socket.setpoint = 16
    prepare(eve)
    eve.advance(5)
    async with connected(eve) as (device, _, _):
        await poll_everything(device)
        return value(device, "socket_1/blocked_by")


def pause(eve: Eve) -> None:
    """Pause over Modbus."""
    eve.sockets[0].setpoint = 0


def expire_with_nothing(eve: Eve) -> None:
    """Fall to a safe current that is too little."""
    eve.sockets[0].safe_current = 0
    eve.sockets[0].remaining = 0


def expire_with_something(eve: Eve) -> None:
    """Fall to a safe current that charges, with a car that does not want any."""
    eve.sockets[0].remaining = 0
    eve.sockets[0].car.wants_to_charge = False


def take_out_of_service(eve: Eve) -> None:
    """Make it inoperative."""
    eve.sockets[0].operative = False


def listen_to_another_client(eve: Eve) -> None:
    """Ignore set-points, and allow nothing."""
    eve.ems.source = DataSource.OTHER
    eve.sockets[0].other_limit = 0


def do_not_want(eve: Eve) -> None:
    """A car that is full."""
    eve.sockets[0].car.wants_to_charge = False


def withhold(eve: Eve) -> None:
    """Offer nothing, for a reason that no register tells."""
    eve.sockets[0].other_limit = 0


def break_down(eve: Eve) -> None:
    """Fail."""
    eve.sockets[0].faulted = True


def leave(eve: Eve) -> None:
    """Drive away."""
    eve.sockets[0].car.leave()


def rest_in_e(eve: Eve) -> None:
    """Idle in E, as some units do."""
    leave(eve)
    eve.station.idle_state = "E"


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda _: None, "nothing"),
        (pause, "paused"),
        (expire_with_nothing, "communication_timeout"),
        (expire_with_something, "vehicle"),
        (take_out_of_service, "station_locked"),
        (listen_to_another_client, "not_accounted_for"),
        (do_not_want, "vehicle"),
        (withhold, None),
        (break_down, "fault"),
        (leave, "no_vehicle"),
        (rest_in_e, "no_vehicle"),
    ],
)
async def test_blocked_by(prepare: Callable[[Eve], None], reason: str | None) -> None:
    """The first reason that applies; None where the station keeps it to itself."""
    assert await reason_of(prepare) == reason


@pytest.mark.parametrize(
    ("limits", "safe_current", "lived", "reason", "in_safe_current"),
    [
        ((20, 20, 20), 6, 5, "nothing", False),
        ((20, 20, 0), 6, 5, "paused", False),
        ((20, 20, 20), 0, 70, "communication_timeout", True),
        ((20, 20, 20), 8, 70, "nothing", True),
    ],
)
async def test_in_a_network_its_limits_are_what_counts(
    limits: tuple[float, float, float],
    safe_current: float,
    lived: float,
    reason: str,
    in_safe_current: bool,  # noqa: FBT001 - a case
) -> None:
    """The socket's own set-point has run out long ago, and that means nothing."""
    eve = in_network()
    (socket,) = eve.sockets
    socket.car.plug_in()
    eve.scn.safe_current = safe_current
    for limit, amps in zip(eve.scn.limits, limits, strict=True):
        limit.write(amps)
    eve.advance(lived)
    assert socket.remaining == 0
    async with connected(eve) as (device, _, _):
        await poll_everything(device)
        assert value(device, "socket_1/blocked_by") == reason
        assert value(device, "socket_1/safe_current_active") is in_safe_current
        assert value(device, "network_safe_current_active") is in_safe_current
        # What is not known any more is not told, and not asserted.
        eve.faults.inject("exception", unit=200, address=1400, times=None)
        await poll_everything(device)
        eve.traffic.clear()
        await device.reconcile()
        assert not eve.traffic.requests
        assert value(device, "socket_1/safe_current_active") is None


@pytest.mark.parametrize(
    ("state", "meaning"),
    [
        ("A", "no_vehicle"),
        ("B1", "connected"),
        ("B2", "connected"),
        ("C1", "connected"),
        ("C2", "charging"),
        ("D1", "connected"),
        ("D2", "ventilation"),
        ("E", "no_vehicle"),
        ("F", "error"),
    ],
)
async def test_charging_state(state: str, meaning: str) -> None:
    """E is no error, F is one."""
    eve = Eve()
    eve.sockets[0].odd_state = state
    async with connected(eve) as (device, _, _):
        await poll_everything(device)
        assert value(device, "socket_1/charging_state") == meaning


@pytest.mark.parametrize(
    ("setpoint", "remaining", "applied", "active"),
    [
        (6, 0, 6, True),
        (16, 0, 6, True),
        # The trap: asking for as much as the safe current is no fall-back.
        (6, 40, 6, False),
        (0, 40, 0, False),
        (16, 40, 16, False),
        (16, 40, 12, False),
        # In force, and yet nothing but the safe current comes: somebody else decides.
        (16, 40, 6, True),
    ],
)
async def test_safe_current_active(
    setpoint: float,
    remaining: float,
    applied: float,
    active: bool,  # noqa: FBT001 - a case
) -> None:
    """The validity tells, and an applied current that is the safe one for no reason of ours."""
    eve = Eve()
    (socket,) = eve.sockets
    socket.setpoint = setpoint
    socket.remaining = remaining
    socket.other_limit = applied
    async with connected(eve) as (device, _, _):
        await poll_everything(device)
        assert value(device, "socket_1/safe_current_active") is active


async def test_a_set_point_that_the_charger_does_not_use() -> None:
    """Told after a few polls, because the charger does not listen to an energy manager."""
    eve = Eve(source=DataSource.OTHER)
    async with connected(eve) as (device, _, _):
        await device.poll(Cadence.MEASUREMENTS)
        assert not problem_keys(device)
        await device.poll(Cadence.MEASUREMENTS)
        await device.poll(Cadence.MEASUREMENTS)
        assert problem_keys(device) == {"not_accounted_for"}
        eve.ems.source = DataSource.SOCKET
        await device.poll(Cadence.MEASUREMENTS)
        assert not problem_keys(device)


async def test_a_set_point_of_a_socket_in_a_network() -> None:
    """Told to whoever tries it in vain, and not to those who limit the network instead."""
    eve = in_network()
    async with connected(eve) as (device, _, _):
        for _ in range(4):
            await poll_everything(device)
        assert not problem_keys(device)
        await control(device, "socket_1/current_limit", NumberControl).write(10)
        assert problem_keys(device) == {"not_accounted_for"}
        await control(device, "network_ems_limit_l1", NumberControl).write(10)
        assert not problem_keys(device)


# -- orders whose outcome nobody knows, and orders that meet --


def _slow(link: Direct, seconds: float) -> None:
    carry = link.carry

    async def slowly(request: Request) -> list[int]:
        answer = await carry(request)
        await asyncio.sleep(seconds)
        return answer

    link.carry = slowly  # type: ignore[method-assign]  # a wire that takes its time


@pytest.mark.parametrize(("asked", "held"), [(0, 0), (3, 0), (10, 10), (20, 16)])
def test_what_may_have_got_through_is_not_raised_again(asked: float, held: float) -> None:
    """The charger took it and was silent then: a lower limit counts, a higher one does not."""

    async def story() -> None:
        eve = Eve()
        link = Direct(eve)
        owner = Owner(Alfen(link.for_unit, 200, clock=loop_clock))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(10)
            point = owner.device.sockets[0]
            await point.set_current_limit(16)
            carry = link.carry

            async def deaf_after_a_write(request: Request) -> list[int]:
                answer = await carry(request)
                if request.values is not None:
                    eve.reachable = False
                    asyncio.get_running_loop().call_later(100, _revive, eve)
                return answer

            link.carry = deaf_after_a_write  # type: ignore[method-assign]  # and then it is
            # Or by then its validity is over, and it holds something else.
            with pytest.raises((DeviceSilentError, NotAppliedError)):
                await point.set_current_limit(asked)
            link.carry = carry  # type: ignore[method-assign]  # as it was
            await asyncio.sleep(150)
            assert eve.register("setpoint").value == held
            assert eve.sockets[0].remaining > 0
            await owner.stop()

    run(story())


def _revive(eve: Eve) -> None:
    eve.reachable = True


@pytest.mark.parametrize("asked", [0, 10])
def test_an_order_that_is_called_off_is_not_raised_again(asked: float) -> None:
    """Automations are cut off when they start anew."""

    async def story() -> None:
        eve = Eve()
        link = Direct(eve)
        owner = Owner(Alfen(link.for_unit, 200, clock=loop_clock))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(10)
            point = owner.device.sockets[0]
            await point.set_current_limit(16)
            _slow(link, 0.3)
            order = asyncio.create_task(point.set_current_limit(asked))
            await asyncio.sleep(0.5)
            assert eve.register("setpoint").value == asked
            order.cancel()
            await asyncio.sleep(90)
            assert eve.register("setpoint").value == asked
            await owner.stop()

    run(story())


@pytest.mark.parametrize(("asked", "held"), [(10, 10), (20, 16)])
def test_a_limit_of_the_network_is_not_raised_again_either(asked: float, held: float) -> None:
    """It may have got through: a lower limit counts, a higher one does not."""

    async def story() -> None:
        eve = in_network()
        link = Direct(eve)
        owner = Owner(Alfen(link.for_unit, 200, clock=loop_clock))
        await owner.start()
        async with living(eve):
            await asyncio.sleep(10)
            limit = control(owner.device, "network_ems_limit_l2", NumberControl)
            await limit.write(16)
            _slow(link, 0.3)
            order = asyncio.ensure_future(limit.write(asked))
            await asyncio.sleep(0.5)
            assert eve.scn.limits[1].current == asked
            order.cancel()
            await asyncio.sleep(90)
            assert eve.scn.limits[1].current == held
            await owner.stop()

    run(story())


def test_a_limit_of_power_holds_for_the_next_car() -> None:
    """The last one used one phase, this one uses three: it does not begin with three times that."""

    async def story() -> None:
        eve = Eve()
        (socket,) = eve.sockets
        owner = Owner(Alfen(Direct(eve).for_unit, 200, clock=loop_clock))
        await owner.start()
        seen: list[float] = []
        async with living(eve, step=0.5):
            await asyncio.sleep(10)
            point = owner.device.sockets[0]
            await point.set_power_limit(7000)
            eve.clock.subscribe(lambda _: seen.append(sum(socket.meter.powers)))
            for phases in (1, 3, 1):
                socket.car.phases = phases
                socket.car.plug_in(charged=0.1)
                await asyncio.sleep(60)
                assert 6500 < seen[-1] <= max(seen) < 7100
                socket.car.leave()
                await asyncio.sleep(30)
            await owner.stop()

    run(story())


def test_a_pause_for_too_little_power_is_not_that_of_the_user() -> None:
    """Also if nobody knows whether it got through."""

    async def story() -> None:
        eve = Eve()
        (socket,) = eve.sockets
        link = Direct(eve)
        device = Alfen(link.for_unit, 200, clock=loop_clock)
        async with living(eve):
            await poll_everything(device)
            point = device.sockets[0]
            await point.set_phases(Phases.ONE)
            await point.set_power_limit(2000)
            await point.set_phases(Phases.THREE)
            socket.car.plug_in(charged=0.1)
            await asyncio.sleep(20)
            await device.poll(Cadence.MEASUREMENTS)
            _slow(link, 0.3)
            fitting = asyncio.create_task(point.reconcile())
            await asyncio.sleep(0.5)
            assert socket.setpoint == 0
            fitting.cancel()
            await asyncio.wait([fitting])
            socket.car.leave()
            await asyncio.sleep(5)
            for _ in range(3):
                await device.poll(Cadence.MEASUREMENTS)
                await device.reconcile()
            assert not point.target.paused
            assert socket.setpoint >= 6

    run(story())


def test_no_power_is_fitted_into_a_pause() -> None:
    """The car shows its phases, its current is fitted to the power, and its owner pauses."""

    async def story() -> None:
        eve = Eve()
        (socket,) = eve.sockets
        link = Direct(eve)
        device = Alfen(link.for_unit, 200, clock=loop_clock)
        async with living(eve):
            await poll_everything(device)
            point = device.sockets[0]
            await point.set_power_limit(7000)
            socket.car.phases = 1
            socket.car.plug_in(charged=0.1)
            await asyncio.sleep(20)
            await device.poll(Cadence.MEASUREMENTS)
            _slow(link, 0.3)
            # The renewal is at work, the poll waits for it, and so does the pause.
            renewal = asyncio.create_task(point.renew())
            await asyncio.sleep(0.45)
            reconciling = asyncio.create_task(device.reconcile())
            await asyncio.sleep(0)
            await asyncio.gather(renewal, reconciling, point.pause())
            assert socket.setpoint == 0
            assert point.target.paused

    run(story())


# -- whatever happens --

AMPS = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True),
    st.floats(min_value=-1, max_value=70),
    st.sampled_from([0.0, 0.05, 5.9, 5.99, 6.0, 6.04, 16.0, 25.0, 31.99, 32.0, 32.04]),
)
STEPS = st.one_of(
    st.tuples(st.just("current"), AMPS),
    st.tuples(st.just("power"), st.floats(min_value=-10, max_value=30_000)),
    st.tuples(st.just("network"), AMPS),
    st.tuples(st.just("charging"), st.booleans()),
    st.tuples(st.just("phases"), st.sampled_from([Phases.ONE, Phases.THREE, Phases.AUTOMATIC])),
    st.tuples(st.just("maximum"), st.sampled_from([0.0, 4.0, 6.0, 10.0, 25.0, 32.0])),
    st.tuples(st.just("foreign"), st.sampled_from([0.0, 7.0, 32.0])),
    st.tuples(st.just("wait"), st.sampled_from([1.0, 20.0, 61.0, 200.0])),
    st.tuples(st.just("restart"), st.none()),
)


async def _do(device: Alfen, eve: Eve, step: str, argument: Any) -> None:
    match step:
        case "current":
            await control(device, "socket_1/current_limit", NumberControl).write(argument)
        case "power":
            await control(device, "socket_1/power_limit", NumberControl).write(argument)
        case "network":
            await control(device, "network_ems_limit_l2", NumberControl).write(argument)
        case "charging":
            await control(device, "socket_1/charging", SwitchControl).write(argument)
        case "phases":
            await control(device, "socket_1/phases", SelectControl).write(argument)
        case "maximum":
            eve.station.max_current = argument
        case "foreign":
            eve.sockets[0].setpoint = argument
        case "wait":
            await asyncio.sleep(argument)


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(STEPS, max_size=8),
    installer=st.sampled_from([None, 6.0, 10.0, 16.0, 80.0]),
    pause_current=st.sampled_from(["0", "5"]),
)
def test_nothing_out_of_bounds_is_ever_written(
    steps: list[tuple[str, Any]], installer: float | None, pause_current: str
) -> None:
    """No sequence of verbs, renewals and mishaps writes more than was allowed at that time."""
    options = Options(max_current=installer, extra={"pause_current": pause_current})
    highest, log = run(_live(steps, options))
    for request in log:
        if request.values is None:
            continue
        if request.address == 1215:
            assert request.values in {(1,), (3,)}
            continue
        (amps,) = struct.unpack(">f", struct.pack(">2H", *request.values))
        if request.unit == 200:
            assert 0 <= amps <= highest + 1e-5
        else:
            assert amps == float(pause_current) or 6 <= amps <= min(highest, installer or 80) + 1e-5


async def _live(steps: list[tuple[str, Any]], options: Options) -> tuple[float, list[Request]]:
    """Take the steps; return the highest maximum that was ever told, and what was sent."""
    eve = Eve(source=DataSource.SCN, max_current=25)
    eve.sockets[0].car.plug_in()
    link = Direct(eve)
    device = Alfen(link.for_unit, 200, options, clock=loop_clock)
    highest = 25.0
    async with living(eve):
        await poll_everything(device)
        for step, argument in steps:
            if step == "restart":
                memory = device.dump_state()
                device.close()
                device = Alfen(link.for_unit, 200, options, clock=loop_clock)
                device.restore_state(memory)
            if step == "maximum":
                highest = max(highest, argument)
            with suppress(VoltrailError):
                await _do(device, eve, step, argument)
                await poll_everything(device)
                await device.reconcile()
                for alive in device.keep_alives():
                    await alive.beat()
    return highest, link.log


async def test_too_little_to_resume_with() -> None:
    """Going on with less than what charges is refused."""
    async with connected(Eve()) as (device, _, _):
        await poll_everything(device)
        with pytest.raises(BelowMinimumError):
            await device.sockets[0].resume(5)


@pytest.mark.parametrize("delay", [0.0, 0.03, 0.05])
def test_an_order_that_a_reload_overtakes_is_not_said_to_be_done(delay: float) -> None:
    """Also where nothing is left of it but a look at what was written."""

    async def story() -> None:
        eve = Eve()
        link = Direct(eve)
        device = alfen(link)
        async with living(eve):
            await poll_everything(device)
            point = device.sockets[0]
            await point.set_current_limit(16)
            _slow(link, 0.04)
            pausing = asyncio.create_task(point.pause())
            await asyncio.sleep(delay)
            assert not pausing.done()
            device.close()
            with pytest.raises(LinkDownError):
                await pausing

    run(story())
