"""Profile 4X: 4Business and 4You."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.voltrail.engine.charger import (
    BlockedBy,
    ChargingState,
    CurrentLimited,
    Pausable,
    PowerLimited,
)
from custom_components.voltrail.engine.controls import NumberControl
from custom_components.voltrail.engine.device import Cadence
from custom_components.voltrail.engine.devices.mennekes_tcp import MennekesTcp
from custom_components.voltrail.engine.devices.mennekes_tcp.profile_4x import Profile4X
from custom_components.voltrail.engine.errors import (
    BelowMinimumError,
    DeviceRefusedError,
    NotAppliedError,
    OutOfBoundsError,
    ReadOnlyError,
    VoltrailError,
    WrongDeviceError,
)
from custom_components.voltrail.engine.options import Options
from simulators.mennekes_tcp import Charger4X
from simulators.mennekes_tcp.codes import PhaseMode
from tests.fake_time import in_fake_time

from .support import met, number, paths, poll, switch, value


async def test_who_it_is() -> None:
    """Model, name and full firmware; there is no serial number in the registers."""
    async with met(Charger4X(model="4You 510 11 T2S", name="Carport")) as device:
        identity = device.identity
        assert identity.model == "AMTRON 4You 510 11 T2S"
        assert identity.name == "Carport"
        assert identity.firmware == "1.5.21-1234"
        assert identity.serial is None
        assert device.fingerprint == "4X 4You 510 11 T2S"


async def test_before_protocol_1_5_there_are_fewer_blocks() -> None:
    """Limits are those of 1000, and nothing of the 2000s is asked for."""
    charger = Charger4X(protocol="1.0")
    async with met(charger) as device:
        assert "safe_current_active" not in paths(device)
        assert value(device, "blocked_by") is BlockedBy.NO_VEHICLE
        assert not [read for read in charger.traffic.reads if 600 <= read.address < 700]
        assert not [read for read in charger.traffic.reads if read.address >= 2000]
        await device.profile.set_current_limit(9)
        assert charger.unit(1).read(1000, 1) == [9]
        assert not charger.traffic.refusals


async def test_730_and_740_are_never_touched() -> None:
    """They would make the charger close the connection; nor is any hole but 123 read."""
    charger = Charger4X()
    charger.set({"network.mode": 1})
    async with met(charger) as device:
        await device.read_raw()
        touched = {
            address
            for read in charger.traffic.reads
            for address in range(read.address, read.address + read.length)
        }
        assert not touched & {730, 740, 720, 709, 713, 714, *range(125, 131), 133}
        assert not charger.traffic.refusals
        assert charger.traffic.connections_made == 1


async def test_the_master_of_a_network_tells_more() -> None:
    """Only a master reports the group; becoming one changes the layout."""
    charger = Charger4X()
    async with met(charger) as device:
        assert "network_limit_l1" not in paths(device)
        before = device.layout
        charger.set({"network.mode": 1})
        await poll(device)
        assert device.layout != before
    async with met(charger) as device:
        assert {"network_limit_l1", "stations_in_fallback", "network_consumed_l3"} <= paths(device)
        limit = number(device, "network_ems_limit")
        await limit.write(20)
        assert charger.unit(1).read(613, 3) == [20, 20, 20]
        assert limit.read() == 20
        with pytest.raises(OutOfBoundsError):
            await limit.write(limit.bounds().maximum + 1)


async def test_bounds_follow_the_charger_and_the_installer() -> None:
    """11 kW units stop at 16 A; an installer's limit caps current and power."""
    async with met(Charger4X(model="4You 510 11 T2S")) as device:
        assert number(device, "current_limit").bounds().maximum == 16
        assert number(device, "power_limit").bounds().maximum == 11040
    async with met(Charger4X(), options=Options(max_current=20)) as device:
        assert number(device, "current_limit").bounds().maximum == 20
        assert number(device, "power_limit").bounds().maximum == 13800
        await device.profile.set_power_limit(13800)
        assert device.profile.limits.current == 20


async def test_a_single_phase_charger() -> None:
    """Power and current follow the one phase."""
    charger = Charger4X(phase_mode=PhaseMode.ONE, grid_phases=1)
    async with met(charger) as device:
        assert number(device, "power_limit").bounds().maximum == 7360
        assert number(device, "current_limit").bounds().maximum == 32


async def test_reasons_for_not_charging() -> None:
    """The first reason that applies, in the order that is promised."""
    charger = Charger4X()
    async with met(charger) as device:
        charger.set({"hems.timeout": 0})
        charger.do("plug_in")
        await device.profile.set_current_limit(16)
        charger.advance(30)
        await poll(device)
        assert value(device, "charging_state") is ChargingState.CHARGING
        assert value(device, "blocked_by") is BlockedBy.NOTHING
        await device.profile.pause()
        charger.advance(30)
        await poll(device)
        assert value(device, "charging_state") is ChargingState.CONNECTED
        assert value(device, "blocked_by") is BlockedBy.PAUSED
        await device.profile.resume()
        charger.set({"car.wants_to_charge": False})
        charger.advance(30)
        await poll(device)
        assert value(device, "blocked_by") is BlockedBy.VEHICLE


async def test_a_charger_that_only_reads_is_not_written_to() -> None:
    """Every verb is refused before the wire."""
    charger = Charger4X()
    charger.set({"hems.access": "read_only"})
    async with met(charger) as device:
        charger.traffic.clear()
        point = device.profile
        for verb in (
            point.set_current_limit(10),
            point.set_power_limit(5000),
            point.pause(),
            point.resume(),
            number(device, "safe_current").write(8),
            number(device, "communication_timeout").write(100),
        ):
            with pytest.raises(ReadOnlyError):
                await verb
        assert charger.traffic.requests == 0
        assert [problem.key for problem in device.problems()] == ["read_only"]
        assert not number(device, "current_limit").usable()


async def test_the_fallback_is_bounded() -> None:
    """Safe current and timeout are read back, and refused out of bounds."""
    charger = Charger4X()
    async with met(charger) as device:
        await number(device, "safe_current").write(10)
        await number(device, "communication_timeout").write(90)
        assert charger.unit(1).read(131, 2) == [10, 90]
        for key, bad in (("safe_current", 33), ("communication_timeout", 0)):
            with pytest.raises(OutOfBoundsError):
                await number(device, key).write(bad)


async def test_resuming() -> None:
    """With the last limit; with 16 A only if nothing was ever set; never below 6."""
    charger = Charger4X()
    async with met(charger) as device:
        point = device.profile
        await switch(device, "charging").write(bool(0))
        await switch(device, "charging").write(bool(1))
        assert point.current_limit == 16
        await point.resume(8.5)
        assert point.current_limit == 8.5
        with pytest.raises(BelowMinimumError):
            await point.resume(5)
        assert isinstance(point, CurrentLimited)
        assert isinstance(point, PowerLimited)
        assert isinstance(point, Pausable)


async def test_a_charger_that_takes_over_slowly_is_given_a_second() -> None:
    """The old value right after the write is no failure; an old value for good is one."""
    charger = Charger4X()
    async with met(charger) as device:
        fault = charger.faults.inject("lose_answer", function=6, times=1)
        with pytest.raises(VoltrailError):
            await device.profile.set_current_limit(12)
        assert not fault.times
        charger.set({"hems.access": "read_write"})
        charger.read_only_writes = charger.read_only_writes.__class__.IGNORE
        charger.set({"hems.access": "read_only"})
        assert isinstance(device.profile, Profile4X)
        device.profile.hems = None
        with pytest.raises(NotAppliedError, match="asked for 9"):
            await device.profile.set_current_limit(9)
        assert device.profile.wish.current != 9


async def test_a_refusal_is_explained() -> None:
    """The code comes with its meaning."""
    charger = Charger4X()
    async with met(charger) as device:
        charger.faults.inject("exception", code=4, function=6)
        with pytest.raises(DeviceRefusedError, match="it failed while doing so"):
            await device.profile.set_current_limit(10)


async def test_the_wish_is_remembered_and_asserted_once() -> None:
    """After a restart the state is read, then the wish is sent once."""
    charger = Charger4X()
    async with met(charger) as device:
        await device.profile.set_power_limit(6000)
        memory = device.recall()
    charger.do("reboot")
    charger.advance(60)
    async with met(charger) as device:
        assert device.profile.wish.power is None
        # Nothing was remembered, so nothing is written.
        assert not [write for write in charger.traffic.writes if write.values == (6000,)][1:]
    charger.traffic.clear()
    async with met(charger, memory=memory) as device:
        assert device.profile.power_limit == 6000
        assert [write.address for write in charger.traffic.writes] == [2002, 2000]
        await poll(device)
        assert len(charger.traffic.writes) == 2
        assert device.recall() == memory


async def test_a_pause_is_asserted_too() -> None:
    """Somebody who paused and restarts Home Assistant finds the charge paused."""
    charger = Charger4X()
    async with met(charger) as device:
        await device.profile.set_current_limit(10)
        await device.profile.pause()
        memory = device.recall()
    charger.do("reboot")
    charger.advance(60)
    async with met(charger, memory=memory) as device:
        assert device.profile.current_limit == 0
        await device.profile.resume()
        assert device.profile.current_limit == 10


async def test_an_assertion_that_fails_stays_due() -> None:
    """A write that does not get through is tried again with the next poll."""
    charger = Charger4X()
    async with met(charger) as device:
        await device.profile.set_current_limit(10)
        memory = device.recall()
    charger.do("reboot")
    charger.advance(60)
    charger.faults.inject("exception", code=4, function=6, times=1)
    with pytest.raises(DeviceRefusedError):
        async with met(charger, memory=memory):
            pass
    async with met(charger, memory=memory) as device:
        assert device.profile.current_limit == 10


@in_fake_time
async def test_safe_current_for_minutes_is_a_problem() -> None:
    """A person is told when the charger does not come out of its safe current."""
    charger = Charger4X()

    def told(device: MennekesTcp) -> bool:
        return "safe_current_active" in [problem.key for problem in device.problems()]

    async with met(charger, in_memory=True) as device:
        charger.set({"hems.timeout": 30})
        await asyncio.sleep(31)
        await poll(device)
        assert value(device, "safe_current_active") is True
        for _ in range(17):
            await asyncio.sleep(10)
            await poll(device)
            assert not told(device)
        await asyncio.sleep(10)
        await poll(device)
        assert told(device)
        assert not charger.traffic.writes
        # A limit wakes it.
        await device.profile.set_current_limit(10)
        await poll(device)
        assert value(device, "safe_current_active") is False
        assert not told(device)


async def test_limits_set_elsewhere_are_adopted() -> None:
    """Current, power or a pause: after two polls it is the new wish."""
    charger = Charger4X()
    async with met(charger) as device:
        point = device.profile
        await point.set_current_limit(10)
        for words, expected in (
            ([0, 0, 22080], ("paused", True)),
            ([32, 320, 5000], ("power", 5000)),
            ([7, 70, 22080], ("current", 7)),
        ):
            charger.unit(1).write(2002, [words[2]])
            charger.unit(1).write(2000, [words[0]])
            charger.traffic.clear()
            await poll(device)
            await poll(device)
            assert getattr(point.wish, expected[0]) == expected[1]
            assert not charger.traffic.writes


async def test_state_e_counts_from_the_second_time() -> None:
    """A flash of state E is no error; one that stays is."""
    charger = Charger4X()
    async with met(charger) as device:
        charger.do("plug_in")
        charger.advance(1)
        await poll(device)
        charger.set({"car.faulty": True})
        charger.advance(1)
        await device.poll(Cadence.MEASUREMENTS)
        assert value(device, "charging_state") is not ChargingState.ERROR
        await device.poll(Cadence.MEASUREMENTS)
        assert value(device, "charging_state") is ChargingState.ERROR
        assert value(device, "blocked_by") is BlockedBy.FAULT


async def test_another_model_is_refused() -> None:
    """A device that is expected to be another one raises before anything is read."""
    charger = Charger4X()
    async with met(charger) as device:
        device.expected = "4X something else"
        with pytest.raises(WrongDeviceError):
            device._check_fingerprint()


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("current_limit"), st.floats()),
            st.tuples(st.just("power_limit"), st.floats()),
            st.tuples(st.just("charging"), st.booleans()),
        ),
        max_size=6,
    )
)
@settings(max_examples=60, deadline=None)
def test_no_order_of_requests_leaves_the_bounds(steps: list[tuple[str, float | bool]]) -> None:
    """Whatever is asked, in any order: the registers stay within charger and installer."""

    async def story() -> None:
        charger = Charger4X()
        async with met(charger, options=Options(max_current=16)) as device:
            # The charger's own reset value is not of our making.
            await device.profile.set_current_limit(6)
            for key, wanted in steps:
                (found,) = [found for found in device.controls() if found.key == key]
                try:
                    if isinstance(found, NumberControl):
                        await found.write(float(wanted))
                    else:
                        await switch(device, key).write(bool(wanted))
                except VoltrailError:
                    pass
                whole, tenths, watts = charger.unit(1).read(2000, 3)
                assert whole <= 16
                assert tenths <= 160
                assert whole == 0 or whole >= 6
                assert watts <= 22080

    asyncio.run(story())
