"""Set-points that a device forgets: renewed for a known time, and never for ever."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime

import pytest

from custom_components.voltrail.engine.devices.victron_gx.services.settings import EssMode
from custom_components.voltrail.engine.devices.victron_gx.setpoints import (
    DEFAULT_DURATION,
    RENEW_EVERY,
)
from custom_components.voltrail.engine.model.errors import (
    DeviceSilentError,
    NotAcceptedError,
    NotNowError,
    OutOfBoundsError,
    VoltrailError,
    WrongDeviceError,
)
from custom_components.voltrail.engine.polling import keep_alive
from custom_components.voltrail.engine.polling.polled_device import Cadence
from simulators.victron_gx import VictronGx as SimulatedGx
from simulators.victron_gx import ess_home, everything
from tests.fake_time import in_fake_time

from .support import RAILS, Meeting, all_services, meet_in_memory, now


@asynccontextmanager
async def kept(gx: SimulatedGx, **extra: object) -> AsyncIterator[Meeting]:
    """Meet a GX as its owner does: polled, with its set-points renewed in the background."""
    async with meet_in_memory(gx, **{**RAILS, **extra}) as meeting:
        (keeper,) = meeting.device.keep_alives()
        task = asyncio.create_task(keep_alive.run(keeper))
        try:
            yield meeting
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def setpoint_writes(gx: SimulatedGx, address: int) -> int:
    """Count the writes to a register."""
    return sum(write.address == address for write in gx.traffic.writes)


@in_fake_time
async def test_a_setpoint_holds_for_its_time_and_is_let_go() -> None:
    """The GX forgets it after a minute; it is renewed until its time is over."""
    gx = ess_home()
    async with kept(gx) as meeting:
        number = meeting.number("volatile_grid_setpoint")
        assert number.read() is None
        assert number.bounds().maximum == 230 * 25 * 3
        await number.write(-3000)
        until = meeting.read("setpoint_until")
        assert isinstance(until, datetime)
        assert 0 < (until - datetime.now(UTC)).total_seconds() <= DEFAULT_DURATION
        for _ in range(9):
            await asyncio.sleep(30)
            assert gx.value("hub4_0.setpoint_override") == -3000
            assert number.read() == -3000
        await asyncio.sleep(120)
        assert gx.value("hub4_0.setpoint_override") is None
        assert number.read() is None
        assert meeting.read("setpoint_until") is None
        # No more than it takes, for as long as it was in force.
        assert setpoint_writes(gx, 2716) <= DEFAULT_DURATION / RENEW_EVERY + 2
        # And nothing of it went to flash.
        assert gx.flash.changes == 0


@in_fake_time
async def test_a_setpoint_that_is_not_taken_is_told() -> None:
    """It is read back when it comes into force, and not renewed in vain."""
    gx = ess_home()
    gx.services["hub4_0"].fixed = "setpoint_override"
    async with kept(gx) as meeting:
        number = meeting.number("volatile_grid_setpoint")
        with pytest.raises(NotAcceptedError, match="-500"):
            await number.write(-500)
        assert number.read() is None
        assert meeting.read("setpoint_until") is None
        await asyncio.sleep(60)
        assert setpoint_writes(gx, 2716) == 1


@in_fake_time
async def test_a_setpoint_of_0_does_not_hand_control_back() -> None:
    """0 in the register means the stored set-point: what is sent instead is what is shown."""
    gx = ess_home()
    async with kept(gx) as meeting:
        number = meeting.number("volatile_grid_setpoint")
        assert meeting.read("volatile_grid_setpoint") is None
        await number.write(0)
        assert gx.value("hub4_0.setpoint_override") == 1
        assert number.read() == 1
        await asyncio.sleep(60)
        assert gx.home.orders.grid_power == 1
        await meeting.poll(Cadence.SETTINGS)
        assert meeting.read("volatile_grid_setpoint") == 1


@in_fake_time
async def test_no_setpoint_is_renewed_at_a_device_that_is_left_alone() -> None:
    """Each request to a device that is away is a line in the log of the GX."""
    gx = ess_home()
    async with kept(gx) as meeting:
        await meeting.select("ess_mode").write(EssMode.EXTERNAL_CONTROL)
        await meeting.number("vebus_227/power_setpoint_l1").write(-1000)
        gx.services["vebus_276"].online = False
        errors = gx.status.errors
        for _ in range(12):
            await meeting.poll()
            await asyncio.sleep(10)
        # Only looks for it: when it leaves, every 5 s for half a minute, and then ever less often.
        assert gx.status.errors - errors <= 20


@in_fake_time
async def test_a_loop_is_not_held_up() -> None:
    """Only what comes into force is waited for; values that follow are sent at once."""
    gx = ess_home()
    async with kept(gx) as meeting:
        number = meeting.number("volatile_grid_setpoint")
        await number.write(-500)
        started = now()
        for value in range(100, 1100, 100):
            await number.write(value)
            assert gx.value("hub4_0.setpoint_override") == value
        assert now() - started < 1


@in_fake_time
async def test_its_user_chooses_the_time() -> None:
    """The time is set once, kept over a restart, and has an end."""
    gx = ess_home()
    async with kept(gx) as meeting:
        duration = meeting.number("setpoint_duration")
        assert duration.read() == DEFAULT_DURATION
        await duration.write(120)
        with pytest.raises(OutOfBoundsError):
            await duration.write(2 * 86400)
        await meeting.number("volatile_grid_setpoint").write(1000)
        await asyncio.sleep(110)
        assert gx.value("hub4_0.setpoint_override") == 1000
        await asyncio.sleep(90)
        assert gx.value("hub4_0.setpoint_override") is None
        memory = meeting.device.dump_state()
    async with meet_in_memory(gx, memory=memory, **RAILS) as meeting:
        assert meeting.number("setpoint_duration").read() == 120


@in_fake_time
async def test_writing_again_restarts_the_time() -> None:
    """An automation that goes on writing keeps it in force."""
    gx = ess_home()
    async with kept(gx) as meeting:
        number = meeting.number("volatile_grid_setpoint")
        for value in range(100, 1100, 100):
            await number.write(value)
            await asyncio.sleep(DEFAULT_DURATION - 60)
            assert gx.value("hub4_0.setpoint_override") == value


@in_fake_time
async def test_a_setpoint_can_be_released() -> None:
    """Nothing is written for that: it is not renewed any more."""
    gx = ess_home()
    async with kept(gx) as meeting:
        await meeting.number("volatile_grid_setpoint").write(-500)
        writes = setpoint_writes(gx, 2716)
        await meeting.button("release_setpoint").press()
        assert meeting.number("volatile_grid_setpoint").read() is None
        await asyncio.sleep(90)
        assert setpoint_writes(gx, 2716) == writes
        assert gx.value("hub4_0.setpoint_override") is None


@in_fake_time
async def test_a_setpoint_does_not_outlive_its_owner() -> None:
    """After a restart nothing is renewed: whoever set it has to want it again."""
    gx = ess_home()
    async with kept(gx) as meeting:
        await meeting.number("volatile_grid_setpoint").write(-500)
        memory = meeting.device.dump_state()
    async with kept(gx, memory=memory) as meeting:
        await asyncio.sleep(120)
        assert gx.value("hub4_0.setpoint_override") is None
        assert setpoint_writes(gx, 2716) == 1


@in_fake_time
async def test_another_client_takes_over() -> None:
    """Another value that cannot be the fallback ends the renewal: nobody fights."""
    gx = ess_home()
    async with kept(gx) as meeting:
        number = meeting.number("volatile_grid_setpoint")
        await number.write(-500)
        await asyncio.sleep(20)
        gx.accept(gx.services["hub4_0"], "setpoint_override", 4000)
        await asyncio.sleep(20)
        assert number.read() is None
        assert gx.value("hub4_0.setpoint_override") == 4000


@in_fake_time
async def test_a_setpoint_that_lapsed_is_put_back_while_its_time_lasts() -> None:
    """A GX that was away for a while has forgotten it; its user has not."""
    gx = ess_home(boot_seconds=30)
    async with kept(gx) as meeting:
        number = meeting.number("volatile_grid_setpoint")
        await number.write(-500)
        gx.do("reboot")
        await asyncio.sleep(90)
        assert gx.value("hub4_0.setpoint_override") == -500
        assert number.read() == -500


@in_fake_time
async def test_external_control_is_renewed_per_phase() -> None:
    """Without a renewal within seconds the Multi would drop to pass-through."""
    gx = ess_home()
    async with kept(gx) as meeting:
        await meeting.select("ess_mode").write(EssMode.EXTERNAL_CONTROL)
        for phase, power in ((1, -1000), (2, -2000), (3, 500)):
            await meeting.number(f"vebus_227/power_setpoint_l{phase}").write(power)
        for _ in range(200):
            await asyncio.sleep(1)
            values = [gx.value(f"vebus_276.setpoint_l{phase}") for phase in (1, 2, 3)]
            assert values == [-1000, -2000, 500]
        await asyncio.sleep(DEFAULT_DURATION)
        assert [gx.value(f"vebus_276.setpoint_l{phase}") for phase in (1, 2, 3)] != values
        assert meeting.read("vebus_227/setpoint_until") is None


@in_fake_time
async def test_a_lost_link_does_not_end_the_renewal() -> None:
    """What cannot be asked for a moment is asked again; the mode was not changed."""
    gx = ess_home()
    async with kept(gx) as meeting:
        await meeting.select("ess_mode").write(EssMode.EXTERNAL_CONTROL)
        number = meeting.number("vebus_227/power_setpoint_l1")
        await number.write(-1000)
        await meeting.server.unplug()
        await asyncio.sleep(40)
        await meeting.server.plug()
        await asyncio.sleep(40)
        assert number.read() == -1000
        assert gx.value("vebus_276.setpoint_l1") == -1000


@in_fake_time
async def test_another_gx_at_the_same_address_is_told_nothing() -> None:
    """Addresses get reused: after a lost link it is asked who it is before it is written to."""
    gx = ess_home()
    system = gx.services["system_0"]
    serial = system["serial"]
    async with kept(gx) as meeting:
        number = meeting.number("volatile_grid_setpoint")
        await number.write(-3000)
        await meeting.server.unplug()
        system["serial"] = "d41243b7e0aa"
        gx.controller.override.drop()
        gx.refresh()
        await meeting.server.plug()
        gx.traffic.clear()
        for _ in range(6):
            await asyncio.sleep(10)
            with suppress(VoltrailError):
                await meeting.device.poll(Cadence.MEASUREMENTS)
        with pytest.raises(WrongDeviceError):
            await meeting.number("minimum_state_of_charge").write(44)
        assert not gx.traffic.writes
        # The right one is back within the time that its user chose.
        system["serial"] = serial
        gx.refresh()
        await asyncio.sleep(30)
        assert gx.value("hub4_0.setpoint_override") == -3000


@in_fake_time
async def test_what_was_to_be_replaced_is_not_renewed() -> None:
    """An order that failed or was called off still says that the old value is wanted no more."""
    for failure in ("lose_answer", "called off"):
        gx = ess_home()
        async with kept(gx) as meeting:
            await meeting.select("ess_mode").write(EssMode.EXTERNAL_CONTROL)
            number = meeting.number("vebus_227/power_setpoint_l1")
            await number.write(-4000)
            if failure == "called off":
                order = asyncio.ensure_future(number.write(0))
                await asyncio.sleep(0)
                order.cancel()
                await asyncio.wait([order])
            else:
                gx.faults.inject("lose_answer", function=16, times=1)
                with pytest.raises(DeviceSilentError):
                    await number.write(0)
            writes = setpoint_writes(gx, 96)
            await asyncio.sleep(90)
            assert setpoint_writes(gx, 96) == writes
            assert gx.value("vebus_276.setpoint_l1") is None
            assert number.read() is None
            assert meeting.read("vebus_227/setpoint_until") is None


@in_fake_time
async def test_a_release_while_it_is_renewed_counts() -> None:
    """The device is being asked at that moment; nothing is written after."""
    gx = ess_home()
    async with meet_in_memory(gx, **RAILS) as meeting:
        await meeting.number("volatile_grid_setpoint").write(-500)
        (keeper,) = meeting.device.keep_alives()
        beat = asyncio.create_task(keeper.beat())
        await asyncio.sleep(0)
        await meeting.button("release_setpoint").press()
        await beat
        assert setpoint_writes(gx, 2716) == 1


@in_fake_time
async def test_a_release_while_it_is_set_counts() -> None:
    """What was asked for before is not put in force after; what is asked for then is."""
    gx = ess_home()
    async with kept(gx) as meeting:
        number, button = (
            meeting.number("volatile_grid_setpoint"),
            meeting.button("release_setpoint"),
        )
        order = asyncio.ensure_future(number.write(-4000))
        await asyncio.sleep(0)
        await button.press()
        await order
        assert number.read() is None
        await asyncio.sleep(90)
        assert gx.value("hub4_0.setpoint_override") is None
        orders = [asyncio.ensure_future(number.write(value)) for value in (-4000, -5000)]
        await asyncio.sleep(0)
        await button.press()
        await asyncio.gather(*orders, number.write(700))
        await asyncio.sleep(60)
        assert gx.value("hub4_0.setpoint_override") == 700


@in_fake_time
async def test_leaving_external_control_ends_the_renewal() -> None:
    """Whoever changes the mode at the GX wants something else."""
    gx = ess_home()
    async with kept(gx) as meeting:
        await meeting.select("ess_mode").write(EssMode.EXTERNAL_CONTROL)
        number = meeting.number("vebus_227/power_setpoint_l1")
        await number.write(-1000)
        await asyncio.sleep(20)
        gx.services["settings_0"]["hub4_mode"] = 1
        writes = setpoint_writes(gx, 96)
        await asyncio.sleep(60)
        assert number.read() is None
        assert setpoint_writes(gx, 96) == writes
        await meeting.poll(Cadence.SETTINGS)
        assert not number.usable()
        with pytest.raises(NotNowError):
            await number.write(-1000)


@in_fake_time
async def test_one_device_that_is_away_costs_another_nothing() -> None:
    """A Multi RS keeps its set-point while the ESS controller is gone."""
    gx = everything()
    async with kept(gx, services=all_services(gx)) as meeting:
        await meeting.number("volatile_grid_setpoint").write(-500)
        await meeting.number("multi_237/power_setpoint").write(-700)
        await meeting.number("acsystem_100/power_setpoint").write(800)
        gx.services["hub4_0"].online = False
        await asyncio.sleep(150)
        (keeper,) = meeting.device.keep_alives()
        assert keeper.failures > 0
        assert gx.value("multi_290.ess_setpoint") == -700
        assert gx.value("acsystem_0.ess_setpoint") == 800
