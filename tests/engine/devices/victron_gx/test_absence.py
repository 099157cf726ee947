"""Devices that come and go, and what they cost the GX."""

import asyncio
from contextlib import suppress

import pytest
from modbus_connection.exceptions import GatewayPathUnavailableError

from custom_components.voltrail.engine.devices.victron_charging_station import (
    EvChargerPosition,
)
from custom_components.voltrail.engine.devices.victron_gx import VictronGx
from custom_components.voltrail.engine.devices.victron_gx.absence import Absence
from custom_components.voltrail.engine.devices.victron_gx.finding import PLACES
from custom_components.voltrail.engine.model.errors import DeviceRefusedError, VoltrailError
from custom_components.voltrail.engine.model.options import Options
from custom_components.voltrail.engine.polling.polled_device import Cadence
from simulators.clock import Clock
from simulators.victron_gx import VictronGx as SimulatedGx
from simulators.victron_gx import ess_home, everything
from tests.fake_time import in_fake_time

from .support import RAILS, Direct, Meeting, at_once, meet_in_memory

DAY = 24 * 3600


async def lose_link(meeting: Meeting) -> None:
    """Pull the cable, and poll into the void once, as it happens to any client."""
    await meeting.server.unplug()
    await meeting.server.plug()
    with suppress(VoltrailError):
        await meeting.poll()


def test_pauses_double_up_to_ten_minutes() -> None:
    """Every 5 s for half a minute, then twice as long each time."""
    error = GatewayPathUnavailableError()
    absence = Absence(error, 0.0)
    moment, pauses = 0.0, []
    for _ in range(14):
        assert not absence.due(moment + absence.pause - 0.1)
        moment += absence.pause
        assert absence.due(moment)
        pauses.append(absence.pause)
        absence.again(error, moment)
    assert pauses == [5] * 6 + [10, 20, 40, 80, 160, 320, 600, 600]


@in_fake_time
async def test_a_day_with_a_device_that_vanishes_at_night() -> None:
    """A whole day of polls every 30 s costs the GX at most 200 refusals."""
    gx = ess_home(pv_inverter=True, clock=Clock(step=30))
    device = VictronGx(Direct(gx).for_unit, 100, Options(scan_interval=30))
    device.pause = at_once
    await device.ensure_found()
    searching = gx.status.errors
    power = next(one for one in device.readings() if one.path == "pvinverter_20/power")
    seen: list[bool] = []
    for poll in range(DAY // 30):
        await device.poll(Cadence.MEASUREMENTS)
        if poll % 2 == 0:
            await device.poll(Cadence.SETTINGS)
        seen.append(device.available(power.components))
        gx.advance(30)
        await asyncio.sleep(30)
    # Away for the night, and only then.
    assert 0.2 < sum(seen) / len(seen) < 0.8
    away = [line for line in list(gx.error_log)[searching:] if "no pvinverter" in line]
    assert 0 < len(away) <= 200
    # What else missed is what the search had left out, each place once.
    others = [line for line in list(gx.error_log)[searching:] if line not in away]
    assert len(others) < len(PLACES) * 3


async def test_a_device_that_is_gone_is_asked_for_once(gx: SimulatedGx, meeting: Meeting) -> None:
    """One refusal for all of its blocks, and one that proves it; the others go on."""
    errors = gx.status.errors
    gx.services["solarcharger_279"].online = False
    await meeting.poll()
    await meeting.poll()
    assert gx.status.errors - errors == 2
    failures = meeting.device.failures
    assert set(failures) == {"solarcharger_226_main", "solarcharger_226_trackers"}
    assert isinstance(failures["solarcharger_226_main"], DeviceRefusedError)


async def test_a_refusal_of_another_kind_is_no_absence(gx: SimulatedGx, meeting: Meeting) -> None:
    """Something failed for once; the next poll asks again, at once."""
    gx.faults.inject("exception", unit=224, address=771, times=2)
    await meeting.poll()
    assert "solarcharger_224_main" in meeting.device.failures
    await meeting.poll()
    assert meeting.device.failures == {}


@in_fake_time
@pytest.mark.parametrize("code", [2, 10, 11])
async def test_a_refusal_of_a_bad_moment_takes_nothing_away(code: int) -> None:
    """The next request is answered again: nobody sees a thing, and nothing is left alone."""
    gx = ess_home()
    async with meet_in_memory(gx) as meeting:
        gx.faults.inject("exception", code=code, unit=226, address=771, times=1)
        await meeting.poll()
        assert meeting.device.failures == {}
        # Refused for half a minute, it is there with the first poll after it.
        gx.faults.inject("exception", code=code, unit=226, address=771, times=99)
        for _ in range(6):
            await meeting.poll()
            await asyncio.sleep(5)
        assert meeting.device.failures
        gx.faults.clear()
        await meeting.poll()
        assert meeting.device.failures == {}


@in_fake_time
async def test_a_device_comes_back_by_itself() -> None:
    """At the next look for it, all of its blocks at once."""
    gx = ess_home()
    async with meet_in_memory(gx) as meeting:
        gx.services["solarcharger_279"].online = False
        await meeting.poll()
        assert meeting.device.failures
        gx.services["solarcharger_279"].online = True
        await meeting.poll()
        assert meeting.device.failures
        await asyncio.sleep(30)
        await meeting.poll()
        assert meeting.device.failures == {}


@in_fake_time
async def test_a_charging_station_that_changes_its_state_is_back_with_the_next_poll() -> None:
    """The GX does not find it for 2 to 5 s then; one that stays away is left alone like others."""
    gx = everything()
    station = gx.services["evcharger_40"]
    async with meet_in_memory(gx, services="evcharger 40") as meeting:
        station.online = False
        await meeting.poll()
        assert meeting.device.failures
        await asyncio.sleep(5)
        station.online = True
        await asyncio.sleep(5)
        await meeting.poll()
        assert not meeting.device.failures
        station.online = False
        errors = gx.status.errors
        for _ in range(12):
            await meeting.poll()
            await asyncio.sleep(10)
        # Twice when it leaves, and twice at the end of each pause.
        assert gx.status.errors - errors <= 14


@in_fake_time
async def test_a_device_that_is_back_is_found_at_the_end_of_a_pause() -> None:
    """The first request after its return is refused, and makes the GX look for it."""
    gx = ess_home(pv_inverter=True)
    async with meet_in_memory(gx) as meeting:
        inverter = gx.services["pvinverter_20"]
        inverter.online = False
        for _ in range(60):
            await meeting.poll()
            await asyncio.sleep(10)
        inverter.online = True
        await asyncio.sleep(600)
        await meeting.poll()
        assert meeting.device.failures == {}
        assert meeting.read("pvinverter_20/power") is not None


@in_fake_time
async def test_an_order_looks_for_what_is_left_alone() -> None:
    """It does not wait for the next look, also where it only writes."""
    gx = everything()
    station = gx.services["evcharger_40"]
    async with meet_in_memory(gx, services="evcharger 40", **RAILS) as meeting:
        station.online = False
        for _ in range(4):
            await meeting.poll()
            await asyncio.sleep(10)
        errors = gx.status.errors
        with pytest.raises(VoltrailError, match="not there"):
            await meeting.number("evcharger_40/current_limit").write(10)
        assert gx.status.errors > errors
        station.online = True
        await meeting.number("evcharger_40/current_limit").write(10)
        assert gx.value("evcharger_40.set_current") == 10
        assert not meeting.device.failures
        station.online = False
        await meeting.poll()
        station.online = True
        await meeting.select("evcharger_40/position").write(EvChargerPosition.AC_INPUT_1)
        assert gx.value("evcharger_40.position") == 1


@in_fake_time
async def test_an_order_in_vain_makes_no_pause_longer() -> None:
    """What is asked out of turn says nothing about how long the device will be away."""
    gx = everything()
    station = gx.services["evcharger_40"]
    async with meet_in_memory(gx, services="evcharger 40", **RAILS) as meeting:
        station.online = False
        await meeting.poll()
        for _ in range(5):
            with pytest.raises(VoltrailError):
                await meeting.number("evcharger_40/current_limit").write(10)
        station.online = True
        await asyncio.sleep(30)
        await meeting.poll()
        assert not meeting.device.failures


@in_fake_time
async def test_a_latecomer_is_asked_who_it_is() -> None:
    """A device that was away at the start tells its name when it is back."""
    gx = ess_home()
    async with meet_in_memory(gx) as meeting:
        memory = meeting.device.dump_state()
    gx.services["battery_512"].online = False
    async with meet_in_memory(gx, memory=memory) as meeting:
        name = meeting.reading("battery_225/custom_name")
        assert not meeting.device.available(name.components)
        gx.services["battery_512"].online = True
        await asyncio.sleep(600)
        await meeting.poll()
        assert meeting.device.available(name.components)
        assert name.read() == "House battery"


@in_fake_time
async def test_an_older_firmware_is_not_asked_in_vain() -> None:
    """After a downgrade the missing registers are asked for rarely, until the next start."""
    gx = ess_home()
    async with meet_in_memory(gx) as meeting:
        errors = gx.status.errors
        gx.install("3.60")
        for _ in range(10):
            await meeting.poll()
        assert "main" in meeting.device.failures
        refused = gx.status.errors - errors
        await meeting.poll()
        assert gx.status.errors - errors == refused
        memory = meeting.device.dump_state()
    # The next start finds out, and goes on with what that firmware has.
    async with meet_in_memory(gx, memory=memory) as meeting:
        assert meeting.device.failures == {}
        assert meeting.read("state_of_charge") == 60


@in_fake_time
async def test_a_new_firmware_is_noticed() -> None:
    """After an update the layout changes, so that the owner sets up anew."""
    gx = ess_home(firmware="3.70")
    async with meet_in_memory(gx) as meeting:
        layout = meeting.device.layout
        assert not meeting.has("battery_225/custom_name")
        gx.install("3.80")
        # An update ends in a restart of the GX.
        await lose_link(meeting)
        await meeting.poll()
        assert meeting.device.layout != layout
        memory = meeting.device.dump_state()
    async with meet_in_memory(gx, memory=memory) as meeting:
        assert meeting.has("battery_225/custom_name")
        assert meeting.device.searcher.probes == 0


@in_fake_time
async def test_hardware_that_is_away_does_not_stop_the_gx() -> None:
    """After a lost link the GX says who it is; a sleeping inverter need not."""
    gx = ess_home(pv_inverter=True)
    async with meet_in_memory(gx) as meeting:
        gx.services["pvinverter_20"].online = False
        await lose_link(meeting)
        await meeting.poll()
        assert set(meeting.device.failures) == {"pvinverter_20_main"}
        assert meeting.read("state_of_charge") is not None
