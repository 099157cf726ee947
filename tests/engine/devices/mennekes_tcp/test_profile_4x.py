"""Profile 4X: 4Business and 4You."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.voltrail.engine.charging.reconciler import Standing
from custom_components.voltrail.engine.charging.target import Target
from custom_components.voltrail.engine.devices.mennekes_tcp import MennekesTcp
from custom_components.voltrail.engine.devices.mennekes_tcp.profile_4x import Profile4X
from custom_components.voltrail.engine.model.charging import (
    BlockedBy,
    ChargingState,
    CurrentLimited,
    Pausable,
    PowerLimited,
)
from custom_components.voltrail.engine.model.controls import NumberControl
from custom_components.voltrail.engine.model.errors import (
    BelowMinimumError,
    DeviceRefusedError,
    NotAppliedError,
    OutOfBoundsError,
    ReadOnlyError,
    VoltrailError,
    WrongDeviceError,
)
from custom_components.voltrail.engine.model.options import Options
from custom_components.voltrail.engine.polling.polled_device import Cadence
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
        assert number(device, "current_limit").bounds().ceiling == 16
        assert number(device, "power_limit").bounds().ceiling == 11040
    async with met(Charger4X(), options=Options(max_current=20)) as device:
        assert number(device, "current_limit").bounds().ceiling == 20
        assert number(device, "power_limit").bounds().ceiling == 13800
        await device.profile.set_power_limit(13800)
        assert device.profile.current_limit == 20


async def test_a_single_phase_charger() -> None:
    """Power and current follow the one phase."""
    charger = Charger4X(phase_mode=PhaseMode.ONE, grid_phases=1)
    async with met(charger) as device:
        assert number(device, "power_limit").bounds().ceiling == 7360
        assert number(device, "current_limit").bounds().ceiling == 32


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


@in_fake_time
async def test_a_slider_that_is_moved_on_makes_no_error() -> None:
    """Orders that come at once are carried out in turn, and the last one counts."""
    charger = Charger4X()
    charger.set({"network.mode": 1})
    async with met(charger, in_memory=True) as device:
        for key in ("safe_current", "communication_timeout", "network_ems_limit"):
            slider = number(device, key)
            await asyncio.gather(*(slider.write(value) for value in (12, 8, 15)))
            assert slider.read() == 15


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
        assert device.profile.target.current != 9


async def test_a_refusal_is_explained() -> None:
    """The code comes with its meaning."""
    charger = Charger4X()
    async with met(charger) as device:
        charger.faults.inject("exception", code=4, function=6)
        with pytest.raises(DeviceRefusedError, match="it failed while doing so"):
            await device.profile.set_current_limit(10)


async def test_the_target_is_remembered_and_asserted_once() -> None:
    """After a restart the state is read, then the target is sent once."""
    charger = Charger4X()
    async with met(charger) as device:
        await device.profile.set_power_limit(6000)
        memory = device.dump_state()
    charger.do("reboot")
    charger.advance(60)
    async with met(charger) as device:
        assert device.profile.target.power is None
        # Nothing was remembered, so nothing is written.
        assert not [write for write in charger.traffic.writes if write.values == (6000,)][1:]
    charger.traffic.clear()
    async with met(charger, memory=memory) as device:
        assert device.profile.power_limit == 6000
        assert [write.address for write in charger.traffic.writes] == [2002, 2000]
        await poll(device)
        assert len(charger.traffic.writes) == 2
        assert device.dump_state() == memory


@pytest.mark.parametrize("asked", ["current", "power"])
async def test_a_lowered_limit_of_the_installer_is_brought_to_the_charger(asked: str) -> None:
    """It caps what was asked for before, in ampere or in watt."""
    charger = Charger4X()
    async with met(charger) as device:
        point = device.profile
        await (point.set_current_limit(13) if asked == "current" else point.set_power_limit(9000))
        memory = device.dump_state()
    async with met(charger, options=Options(max_current=10), memory=memory) as device:
        await poll(device)
        assert device.profile.current_limit == 10
        assert charger.hems.current == 10
        if asked == "power":
            assert charger.hems.power == 10 * 3 * 230
    charger.traffic.clear()
    async with met(charger, options=Options(max_current=10), memory=device.dump_state()) as device:
        await poll(device)
        assert not charger.traffic.writes


async def test_a_pause_is_asserted_too() -> None:
    """Somebody who paused and restarts Home Assistant finds the charge paused."""
    charger = Charger4X()
    async with met(charger) as device:
        await device.profile.set_current_limit(10)
        await device.profile.pause()
        memory = device.dump_state()
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
        memory = device.dump_state()
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
    """A person is told when a charger that was ours does not come out of its safe current."""
    charger = Charger4X()

    def told(device: MennekesTcp) -> bool:
        return "safe_current_active" in [problem.key for problem in device.problems()]

    async with met(charger, in_memory=True) as device:
        await device.profile.set_current_limit(8)
        # Since then it takes no orders from here.
        charger.set({"hems.timeout": 30, "hems.access": "read_only", "hems.timed_out": True})
        charger.traffic.clear()
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
        charger.set({"hems.access": "read_write"})
        await poll(device)
        await device.profile.set_current_limit(10)
        await poll(device)
        assert value(device, "safe_current_active") is False
        assert not told(device)


async def test_limits_set_elsewhere_are_adopted() -> None:
    """Current, power or a pause: after two polls it is the new target."""
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
            assert getattr(point.target, expected[0]) == expected[1]
            assert not charger.traffic.writes


@pytest.mark.parametrize(
    ("amps", "watts", "adopted"),
    # One phase with 6 A, three with 6 A, and once the power is what limits.
    [(6, 3725, 1380), (6, 11_000, 4140), (16, 5000, 5000)],
)
async def test_two_limits_set_elsewhere_become_one(amps: int, watts: int, adopted: int) -> None:
    """Resuming never lets more through than both of them did."""
    charger = Charger4X(model="4You 510 11 T2S", phase_mode=PhaseMode.DYNAMIC)
    async with met(charger) as device:
        await device.profile.set_current_limit(16)
        remembered: list[int] = []
        device.memory_changed = lambda: remembered.append(1)
        if watts < 11_040:
            charger.unit(1).write(2002, [watts])
        charger.unit(1).write(2000, [amps])
        charger.traffic.clear()
        for _ in range(6):
            await poll(device)
        assert device.profile.target.power == adopted
        # It is taken note of once, and left alone.
        assert remembered == [1]
        assert not charger.traffic.writes
        await device.profile.pause()
        # Somebody lets it go on as before: that counts, too.
        charger.unit(1).write(2000, [amps])
        for _ in range(2):
            await poll(device)
        assert not device.profile.target.paused
        await device.profile.pause()
        await device.profile.resume()
        assert charger.unit(1).read(2000, 3) == [16, 160, adopted]


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


async def waiting(device: MennekesTcp, charger: Charger4X) -> object:
    """Return why a car waits, once the charger has had time for it."""
    charger.advance(3)
    await poll(device)
    assert value(device, "charging_state") is ChargingState.CONNECTED
    return value(device, "blocked_by")


@pytest.mark.usefixtures("offers_at_once")
async def test_whose_fault_it_is() -> None:
    """The reason is the charger's as long as it offers nothing, and the car's after."""
    charger = Charger4X()
    async with met(charger) as device:
        charger.set({"hems.timeout": 0, "car.wants_to_charge": False})
        charger.do("plug_in")
        await device.profile.set_current_limit(16)
        assert await waiting(device, charger) is BlockedBy.VEHICLE
        for states, reason in (
            ({"charger.operator_limit": 0}, BlockedBy.DOWNGRADED),
            ({"charger.released": False}, BlockedBy.DOWNGRADED),
            ({"charger.available": False}, BlockedBy.STATION_LOCKED),
            ({"charger.authorisation": "not_authorised"}, BlockedBy.NOT_AUTHORISED),
            ({"charger.faulted": True}, BlockedBy.FAULT),
            # It offers current, whoever may write to it, and whether it has lost us.
            ({"hems.access": "read_only"}, BlockedBy.VEHICLE),
            ({"hems.access": "read_only", "charger.operator_limit": 0}, BlockedBy.READ_ONLY),
            ({"hems.timed_out": True, "hems.safe_current": 6}, BlockedBy.VEHICLE),
            (
                {"hems.timed_out": True, "hems.safe_current": 0},
                BlockedBy.COMMUNICATION_TIMEOUT,
            ),
            # Then the limit is not what counts.
            (
                {"hems.timed_out": True, "hems.safe_current": 0, "hems.current_tenths": 0},
                BlockedBy.COMMUNICATION_TIMEOUT,
            ),
            ({"hems.current_tenths": 0}, BlockedBy.PAUSED),
        ):
            before = charger.state()
            charger.set(states)
            # What keeps the limit in force would put some of it right.
            device.profile.book.note(Target())
            assert await waiting(device, charger) is reason, states
            charger.set({name: before[name] for name in states})
        charger.do("leave")
        await poll(device)
        assert value(device, "blocked_by") is BlockedBy.NO_VEHICLE


@pytest.mark.usefixtures("offers_at_once")
@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        (PhaseMode.DYNAMIC, BlockedBy.PHASE_SWITCHING),
        # In other modes the register means nothing.
        (PhaseMode.WHEN_UNPLUGGED, BlockedBy.DOWNGRADED),
    ],
)
async def test_phases_being_switched(mode: PhaseMode, reason: BlockedBy) -> None:
    """The register counts in dynamic mode only."""
    charger = Charger4X(model="4You 510 11 T2S", phase_mode=mode)
    async with met(charger) as device:
        charger.set({"hems.timeout": 0, "car.wants_to_charge": False})
        charger.do("plug_in")
        await device.profile.set_current_limit(16)
        charger.advance(3)
        charger.set({"charging.switching": 60.0})
        assert await waiting(device, charger) is reason


@pytest.mark.parametrize(
    ("mode", "asked", "held"),
    [
        (PhaseMode.DYNAMIC, 3600, 3600),
        (PhaseMode.DYNAMIC, 3680, 3600),
        (PhaseMode.DYNAMIC, 4139, 3600),
        (PhaseMode.DYNAMIC, 4140, 4140),
        (PhaseMode.DYNAMIC, 1380, 1380),
        (PhaseMode.DYNAMIC, 1379, 0),
        (PhaseMode.DYNAMIC, 1, 0),
        (PhaseMode.WHEN_UNPLUGGED, 4000, 4000),
        (PhaseMode.THREE, 4139, 0),
        (PhaseMode.THREE, 4140, 4140),
    ],
)
async def test_power_between_one_and_three_phases(
    mode: PhaseMode, asked: float, held: float
) -> None:
    """What neither one phase nor three can do is taken down to what one can."""
    charger = Charger4X(model="4You 510 11 T2S", phase_mode=mode)
    async with met(charger) as device:
        await device.profile.set_power_limit(asked)
        assert device.profile.power_limit == held
        if held:
            assert charger.unit(1).read(2000, 3) == [16, 160, held]
        else:
            assert charger.unit(1).read(2000, 1) == [0]


async def test_before_protocol_1_5_the_highest_power_is_found_out() -> None:
    """Nothing tells it there, and the charger takes too high a one down in silence."""
    charger = Charger4X(
        model="4You 410 7.4", protocol="1.4", phase_mode=PhaseMode.ONE, grid_phases=1
    )
    charger.set({"hems.power": 2000})
    async with met(charger) as device:
        await device.profile.set_current_limit(10)
        assert charger.unit(1).read(1000, 3) == [10, 100, 7360]
        assert device.profile.standing is Standing.KEPT
        charger.traffic.clear()
        await device.profile.set_current_limit(12)
        # It is known from then on.
        assert [write.address for write in charger.traffic.writes] == [1000]
        assert number(device, "power_limit").bounds().ceiling == 7360


async def test_the_installers_own_settings_are_read_back() -> None:
    """What the charger does not hold afterwards is an error, and less than 6 A is none."""
    charger = Charger4X()
    async with met(charger, options=Options(max_current=16)) as device:
        safe_current = number(device, "safe_current")
        assert safe_current.bounds().maximum == 16
        await safe_current.write(5)
        assert charger.unit(1).read(131, 1) == [0]
        assert safe_current.read() == 0
        charger.set({"charger.rated_current": 10})
        with pytest.raises(NotAppliedError, match="asked for 16, it holds 10"):
            await safe_current.write(16)


async def test_a_value_that_cannot_be_read_back_is_no_success() -> None:
    """The old value proves nothing, even if it is the one that was asked for."""
    charger = Charger4X()
    async with met(charger) as device:
        await device.profile.set_current_limit(10)
        charger.faults.inject("exception", code=4, function=3, address=2000, times=None)
        with pytest.raises(DeviceRefusedError, match="it failed while doing so"):
            await device.profile.set_current_limit(10)


async def test_one_of_the_two_limits_is_meant() -> None:
    """The one that is meant is written first, and the other is taken out of its way."""
    charger = Charger4X()
    async with met(charger) as device:
        point = device.profile
        steps = (
            (point.set_power_limit(6000), [(2002, 6000), (2000, 32)]),
            (point.set_power_limit(7000), [(2002, 7000), (2000, 32)]),
            (point.set_current_limit(10), [(2000, 10), (2002, 22080)]),
            (point.set_current_limit(7.5), [(2001, 75)]),
            (point.pause(), [(2000, 0)]),
            (point.resume(), [(2001, 75)]),
            (point.set_power_limit(5000), [(2002, 5000), (2000, 32)]),
            (point.pause(), [(2000, 0)]),
            (point.resume(), [(2002, 5000), (2000, 32)]),
        )
        for verb, expected in steps:
            charger.traffic.clear()
            await verb
            written = [(write.address, *write.values) for write in charger.traffic.writes]
            assert written == expected


async def test_registers_that_disagree() -> None:
    """The whole amperes count if the tenths say something else."""
    charger = Charger4X()
    async with met(charger) as device:
        assert isinstance(device.profile, Profile4X)
        limits = device.profile.limits
        limits._values.update(current=10, tenths=125)
        assert device.profile.current_limit == 10
        limits._values.update(current=12, tenths=125)
        assert device.profile.current_limit == 12.5


async def test_before_anything_was_read() -> None:
    """What is not known yet is None, and nothing is made of it."""
    charger = Charger4X()
    async with met(charger, polled=False) as device:
        point = device.profile
        assert point.standing is Standing.UNKNOWN
        point.adopt()
        assert not point.target.set
        assert point.current_limit is None
        assert point.charging_allowed is None
        assert point.blocked_by is None
        assert value_of(device, "error_words") is None
        assert not list(device.problems())


def value_of(device: MennekesTcp, path: str) -> object:
    """Return a value whether it is current or not."""
    return device.reading(path).read()


async def test_what_is_polled_in_any_case() -> None:
    """What keeps the limit in force is read even if no entity shows it; a hint reads settings."""
    charger = Charger4X()
    async with met(charger) as device:
        charger.traffic.clear()
        for cadence in Cadence:
            await device.poll(cadence, ())
        addresses = {read.address for read in charger.traffic.reads}
        assert addresses == {122, 131, 2000, 2010, 2020}
        before = device.attention
        charger.do("plug_in")
        charger.advance(1)
        await poll(device)
        assert device.attention != before
        assert list(device.charge_points()) == [device.profile]


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
