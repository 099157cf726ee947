"""The heartbeat: from the first moment, ahead of everything, and honest about how it goes."""

import asyncio
from typing import Any

import pytest

from custom_components.voltrail.engine.devices.mennekes_rtu import FAMILY, MennekesRtu
from custom_components.voltrail.engine.devices.mennekes_rtu.errors import (
    HeartbeatRefusedError,
    HeartbeatUnansweredError,
)
from custom_components.voltrail.engine.model.errors import DeviceSilentError
from custom_components.voltrail.engine.polling.polled_device import Cadence
from custom_components.voltrail.engine.transport.serial_bus import (
    SETTLE,
    SerialBus,
    SerialBusUnit,
)
from simulators.mennekes_rtu import Bus, Compact, Satellite
from tests.fake_time import in_fake_time, run

from ..owner import Owner
from .support import problems, serial_line, value

BEAT = (6, 0x0D00, (0x55AA,))


async def check(device: MennekesRtu) -> None:
    """Do what the form does with a charger that it met."""
    assert FAMILY.check is not None
    await FAMILY.check(device)


# -- when --


@in_fake_time
async def test_every_four_seconds_from_the_first_moment() -> None:
    """The first one goes before the first poll, the rest on their own rhythm."""
    simulated = Compact()
    async with serial_line(simulated) as line:
        owner = Owner(line.device())
        async with owner:
            first = simulated.traffic.writes[0]
            assert (first.function, first.address, first.values) == BEAT
            await asyncio.sleep(61)
            # A few more, as a poll does not start with a beat that is a while ago.
            assert 15 <= simulated.ems.heartbeats <= 20
            assert simulated.ems.longest_gap == pytest.approx(4, abs=0.1)
        beats = simulated.ems.heartbeats
        await asyncio.sleep(30)
        assert simulated.ems.heartbeats == beats, "nobody owns it any more"


@in_fake_time
async def test_it_is_said_before_a_charger_that_was_away_is_read() -> None:
    """The first thing a charger hears on a link that is opened anew is that we live."""
    simulated = Compact()
    async with serial_line(simulated) as line, Owner(line.device()):
        await asyncio.sleep(20)
        await line.server.unplug()
        await asyncio.sleep(20)
        simulated.traffic.clear()
        await line.server.plug()
        await asyncio.sleep(10)
        assert simulated.traffic.writes[0][1:] == BEAT
        assert simulated.traffic.requests > 1


@in_fake_time
async def test_it_waits_for_one_request_at_most() -> None:
    """Every answer takes almost as long as may be; a beat still goes in between."""
    simulated = Compact()
    async with serial_line(simulated) as line, Owner(line.device(), scan_interval=3):
        simulated.faults.inject("delay", function=3, seconds=0.9, times=None)
        await asyncio.sleep(300)
        # At most one block, and the four seconds; not the ten blocks of a poll.
        assert simulated.ems.longest_gap < 5
        assert simulated.traffic.requests > 250


@in_fake_time
async def test_a_neighbour_that_falls_silent_does_not_cost_a_beat() -> None:
    """One adapter, two chargers; the polls and beats of one that is off take their time-outs."""
    first = Compact()
    second = Compact(unit_id=11, serial="13552020", clock=first.clock)
    async with (
        serial_line(Bus(first, second)) as line,
        Owner(line.device(), scan_interval=3),
        Owner(line.device(11), scan_interval=3) as other,
    ):
        await asyncio.sleep(60)
        assert value(other, "register_layout") == "1.0.3"
        second.box.satellite = Satellite.OFF
        await asyncio.sleep(1800)
        assert first.ems.longest_gap < 6
        assert not first.box.error_code
        second.box.satellite = Satellite.ON
        await asyncio.sleep(60)
        assert second.ems.silence < 6
        assert not second.box.error_code


def test_a_silent_neighbour_takes_a_tenth_of_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked briefly and rarely it costs its neighbour little, and is heard when it is back."""
    carry, taken = SerialBus._carry, 0.0

    async def timed(line: SerialBus, unit: SerialBusUnit, *asked: Any) -> Any:
        nonlocal taken
        begun = asyncio.get_running_loop().time()
        try:
            return await carry(line, unit, *asked)
        finally:
            if unit.unit_id == 11:
                # What is garbled or missing is followed by a moment of silence.
                taken += asyncio.get_running_loop().time() - begun + SETTLE

    async def story() -> None:
        nonlocal taken
        first = Compact()
        second = Compact(unit_id=11, serial="13552020", clock=first.clock)
        async with (
            serial_line(Bus(first, second)) as line,
            Owner(line.device()),
            Owner(line.device(11)),
        ):
            await asyncio.sleep(60)
            second.box.satellite = Satellite.OFF
            await asyncio.sleep(120)
            taken = 0.0
            await asyncio.sleep(1800)
            assert 0.02 < taken / 1800 <= 0.1
            second.box.satellite = Satellite.ON
            await asyncio.sleep(12)
            assert second.ems.silence < 6
            assert first.ems.longest_gap < 6

    monkeypatch.setattr(SerialBus, "_carry", timed)
    run(story())


@in_fake_time
async def test_lost_beats_are_repeated_at_once() -> None:
    """Three in a row may get lost, at the worst moment, and the charger hardly notices."""
    simulated = Compact()
    async with serial_line(simulated) as line, Owner(line.device()):
        await asyncio.sleep(21)
        # The first loss makes the line a troubled one.
        simulated.faults.inject("lose_request", function=6, times=1)
        await asyncio.sleep(21)
        simulated.ems.longest_gap = 0.0
        for _ in range(20):
            simulated.faults.inject("lose_request", function=6, times=3)
            await asyncio.sleep(17.3)
        assert 4 < simulated.ems.longest_gap < 6


@in_fake_time
async def test_a_charger_that_is_switched_off_is_left_in_peace() -> None:
    """Beats thin out where nobody listens, and are back as soon as somebody does."""
    simulated = Compact()
    async with serial_line(simulated) as line:
        owner = Owner(line.device())
        async with owner as device:
            await asyncio.sleep(20)
            simulated.box.satellite = Satellite.OFF
            before = simulated.traffic.foreign
            await asyncio.sleep(3600)
            assert simulated.traffic.foreign - before < 800
            assert device.heartbeat.failures > 100
            assert not device.heartbeat.ignored
            simulated.box.satellite = Satellite.ON
            await asyncio.sleep(10)
            assert simulated.ems.silence < 5
            assert not device.heartbeat.failures


@in_fake_time
async def test_a_caller_that_comes_meanwhile_waits_for_the_same_beat() -> None:
    """Beats never pile up: one is under way, and everybody waits for that one."""
    simulated = Compact()
    async with serial_line(simulated) as line:
        device = line.device()
        await device.identify()
        await asyncio.gather(*(device.heartbeat.prove() for _ in range(5)))
        assert simulated.ems.heartbeats == 1
        await device.heartbeat.renew()
        assert simulated.ems.heartbeats == 2
        device.close()


# -- what is told about it --


@in_fake_time
async def test_its_age_and_the_fallback_are_readings() -> None:
    """Seconds since the last one that was acknowledged; unknown before the first."""
    simulated = Compact(fallback=1)
    async with serial_line(simulated) as line:
        device = line.device()
        await device.update()
        assert value(device, "heartbeat_age") is None
        await device.heartbeat.renew()
        await asyncio.sleep(7.5)
        assert value(device, "heartbeat_age") == 7.5
        assert value(device, "safe_current_active") is False
        await asyncio.sleep(5)
        await device.poll(Cadence.MEASUREMENTS)
        assert value(device, "safe_current_active") is True
        device.close()


@in_fake_time
async def test_a_charger_that_refuses_it_is_a_problem() -> None:
    """It is told after the second refusal, with what it said, and goes when it takes one."""
    simulated = Compact(fallback=8)
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        assert not problems(device)
        simulated.box.satellite = Satellite.READ_ONLY
        await asyncio.sleep(13)
        assert problems(device) == {"heartbeat_refused"}
        assert "code 2" in next(iter(device.problems())).details["reason"]
        before = len(simulated.traffic.refusals)
        await asyncio.sleep(60)
        # It is asked again at the usual pace, and may be read meanwhile.
        assert len(simulated.traffic.refusals) - before in {15, 16}
        assert value(device, "evse_state") is not None
        simulated.box.satellite = Satellite.ON
        await asyncio.sleep(5)
        assert not problems(device)


@in_fake_time
async def test_a_charger_that_does_not_answer_it_is_the_same_problem() -> None:
    """Everything else is answered, so it is not the line; and it can still be read."""
    simulated = Compact(fallback=8)
    async with serial_line(simulated) as line, Owner(line.device()) as device:
        await asyncio.sleep(20)
        simulated.faults.inject("lose_request", address=0x0D00, times=None)
        await asyncio.sleep(120)
        assert problems(device) == {"heartbeat_refused"}
        simulated.set({"charger.temperature": 33.0})
        await asyncio.sleep(120)
        assert value(device, "temperature") == 33
        simulated.faults.clear()
        await asyncio.sleep(15)
        assert not problems(device)


@in_fake_time
async def test_no_fallback_is_a_problem() -> None:
    """A charger that would go on for ever without us is worth a word."""
    for fallback, expected in ((0, {"missing_fallback"}), (1, set[str]()), (8, set[str]())):
        async with serial_line(Compact(fallback=fallback)) as line, Owner(line.device()) as device:
            assert problems(device) == expected


# -- finding out beforehand --


@in_fake_time
async def test_the_form_tries_a_heartbeat() -> None:
    """Taken, refused and ignored are three different things to tell."""
    simulated = Compact()
    async with serial_line(simulated) as line:
        device = line.device()
        await check(device)
        assert simulated.ems.heartbeats == 1
        simulated.faults.inject("lose_request", function=6)
        await check(device)
        assert simulated.ems.heartbeats == 2, "one may get lost on any line"
        simulated.box.satellite = Satellite.READ_ONLY
        with pytest.raises(HeartbeatRefusedError, match="S1"):
            await check(device)
        simulated.box.satellite = Satellite.ON
        simulated.faults.inject("lose_request", function=6, times=None)
        with pytest.raises(HeartbeatUnansweredError, match="gateway"):
            await check(device)
        simulated.box.satellite = Satellite.OFF
        device.close()
        stranger = line.device(13)
        with pytest.raises(DeviceSilentError):
            await check(stranger)
        stranger.close()
