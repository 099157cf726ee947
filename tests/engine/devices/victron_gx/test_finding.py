"""Finding out what is behind a GX, and never asking twice."""

import asyncio

import pytest

from custom_components.voltrail.engine.devices.victron_gx import VictronGx
from custom_components.voltrail.engine.devices.victron_gx.finding import (
    BEHIND,
    LARGEST_UNIT,
    MOST_PROBES,
    PLACES,
    Choice,
    DiscoveredService,
    Search,
    remembered,
)
from custom_components.voltrail.engine.devices.victron_gx.option_fields import OPTION_FIELDS
from custom_components.voltrail.engine.devices.victron_gx.searcher import PROBE_PAUSE, PROBES_LATER
from custom_components.voltrail.engine.devices.victron_gx.services import BY_KEY
from custom_components.voltrail.engine.model.errors import (
    NotSupportedError,
    UnknownDeviceError,
    VoltrailError,
)
from simulators.victron_gx import Service, ess_home, everything
from tests.fake_time import in_fake_time

from .support import RAILS, at_once, meet, meet_in_memory, now

ESS_HOME = {
    DiscoveredService("hub4", 100, 0),
    DiscoveredService("vebus", 227, 276),
    DiscoveredService("battery", 225, 512),
    DiscoveredService("solarcharger", 226, 279),
    DiscoveredService("solarcharger", 224, 278),
    DiscoveredService("grid", 30, 30),
}


def ask_all(search: Search, there: set[DiscoveredService]) -> list[DiscoveredService]:
    """Carry a search out against devices that are there; return what was asked for."""
    asked = []
    for candidate in search.candidates():
        asked.append(candidate)
        search.answered(candidate, present=candidate in there)
    return asked


# -- the plan ------------------------------------------------------------------


def test_places_are_known_services() -> None:
    """Whatever is looked for can be set up, and everything that hangs on a port is looked for."""
    assert frozenset(BY_KEY) - BEHIND == {"system", "settings"}
    assert frozenset(BY_KEY) > BEHIND


def test_an_empty_house_is_searched_with_a_hundred_probes() -> None:
    """However little is there, the promise holds, and nothing is asked for twice."""
    asked = ask_all(Search(services=BEHIND), set())
    assert len(asked) == len(set(asked)) == MOST_PROBES
    # Every type is looked for at least once.
    assert {candidate.service for candidate in asked} == BEHIND


def test_a_house_has_one_of_some_types() -> None:
    """The first hit ends the search for a type that a house has one of."""
    there = {DiscoveredService.at("vebus", 227), DiscoveredService.at("grid", 30)}
    asked = ask_all(Search(services=BEHIND), there)
    assert [candidate.unit_id for candidate in asked if candidate.service == "vebus"] == [227]
    assert [candidate.unit_id for candidate in asked if candidate.service == "grid"] == [30]


def test_what_must_be_there_is_asked_for_first() -> None:
    """By the system's own values: all of its places come before any of the others."""
    places = PLACES["vebus"]
    far = DiscoveredService.at("vebus", places.further[0])
    search = Search(services=BEHIND, hinted=frozenset({"vebus"}))
    asked = ask_all(search, {far})
    assert search.found == [far]
    assert asked.index(far) == len(places.likely)


def test_no_rare_type_is_left_out_for_a_common_one() -> None:
    """The likeliest place of each type comes before the second one of any."""
    asked = ask_all(Search(services=BEHIND), set())
    assert {candidate.service for candidate in asked[: len(PLACES)]} == BEHIND


def test_a_search_goes_on_where_its_probes_were_used_up() -> None:
    """Until all places have been asked for, a few at a time."""
    search = Search(services=BEHIND)
    asked = ask_all(search, set())
    assert search.unfinished
    while search.unfinished:
        rest = Search(services=BEHIND, asked=set(search.asked), allowed=5)
        more = ask_all(rest, set())
        assert 0 < len(more) <= 5
        asked += more
        search = rest
    places = [*((s, u) for s, p in PLACES.items() for u in (*p.likely, *p.further))]
    assert len(asked) == len(set(asked)) == len(places)


def test_only_what_the_firmware_knows_is_asked_for() -> None:
    """A miss must mean that the device is not there."""
    asked = ask_all(Search(services=frozenset({"battery", "tank"})), set())
    assert {candidate.service for candidate in asked} == {"battery", "tank"}


def test_what_is_known_is_not_asked_for() -> None:
    """A second search costs nothing for what the first one found."""
    known = DiscoveredService.at("battery", 225)
    search = Search(services=BEHIND, known=frozenset({known, DiscoveredService.at("vebus", 228)}))
    asked = ask_all(search, {known})
    assert known not in asked
    assert not any(candidate.service == "vebus" for candidate in asked)


def test_instance_0_is_unit_100() -> None:
    """Unit 0 is never used on the wire: to some it means everybody."""
    assert DiscoveredService.at("battery", 0) == DiscoveredService("battery", 100, 0)
    assert DiscoveredService.at("battery", 225) == DiscoveredService("battery", 225, 512)
    assert DiscoveredService.at("grid", 30) == DiscoveredService("grid", 30, 30)


# -- the user's word -----------------------------------------------------------


def test_a_user_names_devices() -> None:
    """The type and the unit id, as the GX lists them, in the forms people write."""
    choice = Choice.parse("battery 225, solarcharger:0; -GRID 31\n com.victronenergy.vebus 227 ,")
    assert choice.wanted == (
        DiscoveredService("battery", 225, 512),
        DiscoveredService("solarcharger", 100, 0),
        DiscoveredService("vebus", 227, 276),
    )
    assert choice.unwanted == {DiscoveredService("grid", 31, 31)}
    assert Choice.parse(["tank 21", "- grid 31"]) == Choice(
        wanted=(DiscoveredService("tank", 21, 21),),
        unwanted=frozenset({DiscoveredService("grid", 31, 31)}),
    )
    assert Choice.parse(None) == Choice.parse("") == Choice.parse([]) == Choice()


@pytest.mark.parametrize(
    "text",
    ["battery", "battery two", "battery -5", "battery 2.5", "toaster 5", "battery 256", "1 2 3"],
)
def test_a_slip_of_the_pen_is_explained(text: str) -> None:
    """What is no device is named, so that it can be put right."""
    with pytest.raises(ValueError, match=f"'{text}'"):
        Choice.parse(f"vebus 227, {text}")


def test_what_is_offered_is_understood() -> None:
    """The list to choose from holds the likely place of every type, and nothing strange."""
    field = next(field for field in OPTION_FIELDS if field.key == "services")
    assert len(set(field.suggestions)) == len(field.suggestions)
    offered = Choice.parse(field.suggestions)
    assert {found.service for found in offered.wanted} == BEHIND
    assert DiscoveredService("battery", 225, 512) in offered.wanted
    assert all(0 < found.unit_id <= LARGEST_UNIT for found in offered.wanted)


def test_memory_that_makes_no_sense_is_left_out() -> None:
    """A stored list is taken as far as it goes."""
    stored = [["battery", 225, 512], ["toaster", 1, 1], "grid", ["grid"], [1, 2], None]
    assert remembered(stored) == [DiscoveredService("battery", 225, 512)]
    assert remembered("nonsense") == []


# -- against the simulator -----------------------------------------------------


async def test_an_ess_home_is_found() -> None:
    """All devices of a typical home are found, for no more errors than promised."""
    gx = ess_home()
    async with meet(gx, poll=False) as meeting:
        identity = await meeting.device.identify()
        assert gx.status.errors == 0
        assert (identity.serial, identity.firmware) == (gx.portal_id, "3.80")
        await meeting.device.ensure_found()
        assert {tuple(found) for found in meeting.device.dump_state()["services"]} == {
            tuple(found) for found in ESS_HOME
        }
        assert meeting.device.searcher.probes <= MOST_PROBES
        assert gx.status.errors == meeting.device.searcher.probes - len(ESS_HOME)
        before = gx.status.errors
        await meeting.poll()
        await meeting.poll()
        assert gx.status.errors == before
        assert [part.key for part in meeting.device.parts()] == [
            "vebus_227",
            "battery_225",
            "solarcharger_226",
            "solarcharger_224",
            "grid_30",
        ]


async def test_parts_say_who_they_are() -> None:
    """Hardware behind the GX has the name of its owner, and its serial number."""
    async with meet(ess_home(), poll=False) as meeting:
        await meeting.device.ensure_found()
        parts = {part.key: part for part in meeting.device.parts()}
        battery, grid = parts["battery_225"].identity, parts["grid_30"].identity
        assert battery is not None
        assert grid is not None
        assert (battery.manufacturer, battery.model, battery.name) == (
            "Victron Energy",
            "Battery",
            "House battery",
        )
        assert grid.serial == "BP98602030010"
        assert parts["battery_225"].word == "battery"


async def test_nothing_is_searched_after_a_restart() -> None:
    """What was found is stored, and a start costs not one error."""
    gx = ess_home(pv_inverter=True)
    async with meet(gx) as meeting:
        memory = meeting.device.dump_state()
        paths = [reading.path for reading in meeting.device.readings()]
    errors = gx.status.errors
    async with meet(gx, memory=memory) as meeting:
        assert meeting.device.searcher.probes == 0
        assert gx.status.errors == errors
        assert [reading.path for reading in meeting.device.readings()] == paths


async def test_a_device_that_is_away_at_the_start_stays() -> None:
    """It is there, with its name, and without values until it comes back."""
    gx = ess_home()
    async with meet(gx) as meeting:
        memory = meeting.device.dump_state()
    gx.services["battery_512"].online = False
    async with meet(gx, memory=memory) as meeting:
        part = next(part for part in meeting.device.parts() if part.key == "battery_225")
        assert part.identity is not None
        assert part.identity.name == "House battery"
        charge = meeting.reading("battery_225/state_of_charge")
        assert not meeting.device.available(charge.components)
        # Everything else is there.
        assert meeting.device.available(meeting.reading("state_of_charge").components)


async def test_a_user_can_name_everything() -> None:
    """Then nothing is searched at all."""
    gx = ess_home()
    async with meet(gx, services="vebus 227, battery 225") as meeting:
        assert meeting.device.searcher.probes == 0
        assert gx.status.errors == 0
        assert [part.key for part in meeting.device.parts()] == ["vebus_227", "battery_225"]


async def test_a_slip_of_the_pen_stops_the_gx() -> None:
    """A list that got past the form is refused in words, not worked around."""
    async with meet(ess_home(), services=["vebus 227", "toaster 5"], poll=False) as meeting:
        with pytest.raises(NotSupportedError, match="'toaster 5'"):
            await meeting.device.identify()


async def test_a_user_can_add_and_remove() -> None:
    """What was found is completed and thinned out by hand, for as long as that is said."""
    gx = ess_home()
    async with meet(gx) as meeting:
        memory = meeting.device.dump_state()
        before = [part.key for part in meeting.device.parts()]
    async with meet(gx, memory=memory, services=["tank 99", "-grid 30"], poll=False) as meeting:
        await meeting.device.identify()
        keys = [part.key for part in meeting.device.parts()]
        assert set(keys) == {*before, "tank_99"} - {"grid_30"}
        # Values of the system stand in for the meter that is left out.
        assert meeting.has("energy_imported")
        memory = meeting.device.dump_state()
    async with meet(gx, memory=memory, poll=False) as meeting:
        await meeting.device.identify()
        assert [part.key for part in meeting.device.parts()] == before


async def test_what_a_user_named_is_not_forgotten() -> None:
    """It would be back with the next start; its user takes it out of the options."""
    gx = ess_home()
    async with meet(gx) as meeting:
        memory = meeting.device.dump_state()
    gx.set({"grid_30.online": False})
    for services, forgotten in (("grid 30", False), (None, True)):
        async with meet(gx, memory=memory, services=services) as meeting:
            assert meeting.device.forget("grid_30") is forgotten


async def test_what_is_left_out_is_not_even_looked_for() -> None:
    """Named before the first search, it costs no request; another of its type is found."""
    gx = ess_home()
    async with meet(gx, services="-grid 31, -battery 225") as meeting:
        asked = {(one.unit, one.address) for one in gx.traffic.reads}
        assert (31, 2600) not in asked
        assert (225, 259) not in asked
        keys = [part.key for part in meeting.device.parts()]
        assert "grid_30" in keys
        assert "battery_225" not in keys


async def test_searching_again_finds_what_is_new() -> None:
    """The layout changes, which tells the owner to set up anew; nothing known is asked for."""
    gx = ess_home(vebus_instance=288, pv_inverter=True)
    pv = gx.services["pvinverter_20"]
    pv.online = False
    async with meet(gx) as meeting:
        layout = meeting.device.layout
        pv.online = True
        gx.traffic.clear()
        await meeting.button("search_devices").press()
        assert meeting.device.layout != layout
        assert {request.address for request in gx.traffic.reads if request.unit == 225} == set()
        assert ["pvinverter", 20, 20] in meeting.device.dump_state()["services"]
        # Searching once more changes nothing.
        layout = meeting.device.layout
        await meeting.button("search_devices").press()
        assert meeting.device.layout == layout


async def test_a_search_asked_for_in_the_options_is_made_once() -> None:
    """It finds what is new, and the next start searches nothing."""
    gx = ess_home(pv_inverter=True, firmware="3.70")
    pv = gx.services["pvinverter_20"]
    pv.online = False
    async with meet(gx, search_again=0) as meeting:
        memory = meeting.device.dump_state()
    pv.online = True
    gx.install("3.80")
    for target, probes in ((0, False), (1, True), (1, False), (2, True), (2, False)):
        async with meet(gx, memory=memory, search_again=target) as meeting:
            assert bool(meeting.device.searcher.probes) is probes
            memory = meeting.device.dump_state()
        assert (["pvinverter", 20, 20] in memory["services"]) is bool(target)
        assert ["battery", 225, 512] in memory["services"]


async def test_a_search_that_was_asked_for_reads_the_firmware_again() -> None:
    """Old firmware cannot tell its version, so an update from it is not seen otherwise."""
    gx = ess_home(firmware="2.90", server=41)
    async with meet(gx) as meeting:
        memory = meeting.device.dump_state()
    gx.install("3.10", server=48)
    for target, server in ((0, 35), (1, 45), (1, 45)):
        async with meet(gx, memory=memory, search_again=target) as meeting:
            assert meeting.device.server.version == server
            memory = meeting.device.dump_state()


@in_fake_time
async def test_the_search_is_paced() -> None:
    """About twenty probes a second, so that a busy GX keeps up."""
    async with meet_in_memory(ess_home(), poll=False) as meeting:
        await meeting.device.identify()
        started = now()
        await meeting.device.ensure_found()
        assert now() - started >= (meeting.device.searcher.probes - 1) * PROBE_PAUSE


@in_fake_time
async def test_what_a_search_left_out_is_asked_for_later() -> None:
    """A few places every ten minutes, also after a restart; what is found changes the layout."""
    gx = ess_home()
    gx.services["digitalinput_10"] = Service(kind="digitalinput", instance=10)
    async with meet_in_memory(gx) as meeting:
        layout, probes = meeting.device.layout, meeting.device.searcher.probes
        for _ in range(9):
            await asyncio.sleep(60)
            await meeting.poll()
        assert meeting.device.searcher.probes == probes
        await asyncio.sleep(60)
        await meeting.poll()
        assert meeting.device.searcher.probes == probes + PROBES_LATER
        memory = meeting.device.dump_state()
        assert meeting.device.layout == layout
    async with meet_in_memory(gx, memory=memory) as meeting:
        for _ in range(12):
            await asyncio.sleep(600)
            await meeting.poll()
        assert ["digitalinput", 10, 10] in meeting.device.dump_state()["services"]
        assert meeting.device.layout != layout
        assert "asked" not in meeting.device.dump_state()
        probes = meeting.device.searcher.probes
        await asyncio.sleep(600)
        await meeting.poll()
        assert meeting.device.searcher.probes == probes


@in_fake_time
async def test_a_failure_of_a_moment_hides_no_device() -> None:
    """Only "no path" and "no such address" mean that nothing is there; the rest is asked again."""
    gx = ess_home()
    gx.faults.inject("exception", unit=225, address=259, times=2, code=4)
    async with meet_in_memory(gx) as meeting:
        assert ["battery", 225, 512] not in meeting.device.dump_state()["services"]
        for _ in range(12):
            await asyncio.sleep(600)
            await meeting.poll()
        assert ["battery", 225, 512] in meeting.device.dump_state()["services"]


async def test_a_device_that_returned_is_found_by_a_new_search() -> None:
    """The server finds it at the second request only; a search asks each type twice then."""
    gx = ess_home()
    async with meet(gx) as meeting:
        gx.set({"grid_30.online": False})
        await meeting.poll()
        assert meeting.device.forget("grid_30")
        gx.set({"grid_30.online": True})
        await meeting.button("search_devices").press()
        assert ["grid", 30, 30] in meeting.device.dump_state()["services"]


async def test_only_what_is_wanted_is_looked_for() -> None:
    """A program that says what it wants costs the GX a few requests, and no full search."""
    gx = everything()
    async with meet(gx, poll=False, **RAILS) as meeting:
        meeting.device.narrow(["evcharger_40/current_limit", "grid_setpoint", "toaster_5/power"])
        await meeting.poll()
        assert [part.key for part in meeting.device.parts()] == ["evcharger_40"]
        assert meeting.control("grid_setpoint") is not None
        assert meeting.device.searcher.probes == 2
        assert gx.status.errors == 0
        # It is no search that could be kept for one.
        assert "services" not in meeting.device.dump_findings()
    async with meet(gx, poll=False) as meeting:
        await meeting.poll()
        findings = meeting.device.dump_findings()
    assert "energy" not in findings
    errors = gx.status.errors
    async with meet(gx, poll=False) as meeting:
        meeting.device.restore_findings(findings)
        meeting.device.narrow(["battery_225/power"])
        await meeting.poll()
        assert [part.key for part in meeting.device.parts()] == ["battery_225"]
        assert meeting.device.searcher.probes == 0
    assert gx.status.errors == errors


@in_fake_time
async def test_a_search_that_breaks_off_goes_on() -> None:
    """However often the link is lost on the way, nothing is asked for twice."""
    gx = ess_home()
    async with meet_in_memory(gx, poll=False) as meeting:
        await meeting.device.identify()
        pauses = 0

        async def pull_the_cable(_seconds: float) -> None:
            nonlocal pauses
            pauses += 1
            if pauses % 20 == 0:
                await meeting.server.unplug()

        meeting.device.pause = pull_the_cable
        breaks = 0
        while not list(meeting.device.parts()):
            try:
                await meeting.device.ensure_found()
            except VoltrailError:
                breaks += 1
                assert "services" not in meeting.device.dump_state()
                await meeting.server.plug()
        assert breaks > 2
        assert meeting.device.searcher.probes <= MOST_PROBES
        assert gx.status.errors == meeting.device.searcher.probes - breaks - len(ESS_HOME)
        meeting.device.pause = at_once
        await meeting.poll()
        assert len(meeting.device.dump_state()["services"]) == len(ESS_HOME)


@in_fake_time
async def test_a_search_that_is_done_is_not_repeated() -> None:
    """A link that is lost while the devices are being set up costs no second search."""
    gx = ess_home()
    async with meet_in_memory(gx, poll=False) as meeting:
        await meeting.device.identify()
        # Where the battery says its name.
        gx.faults.inject("close", address=1336, times=1)
        with pytest.raises(VoltrailError):
            await meeting.device.ensure_found()
        assert list(meeting.device.parts()) == []
        probes = meeting.device.searcher.probes
        await meeting.poll()
        assert meeting.device.searcher.probes == probes
        assert len(list(meeting.device.parts())) == 5


async def test_two_who_wait_for_the_search_share_it() -> None:
    """A poll and a dump at the same moment ask the GX once."""
    gx = ess_home()
    async with meet(gx, poll=False) as meeting:
        await asyncio.gather(*(meeting.device.ensure_found() for _ in range(3)))
        assert meeting.device.searcher.probes <= MOST_PROBES
        assert len(list(meeting.device.parts())) == 5


async def test_a_device_that_the_firmware_does_not_know_is_left_out() -> None:
    """Named all the same, it costs no error; the update that knows it brings it."""
    gx = ess_home(firmware="3.50")
    async with meet(gx, services=["heatpump 42", "battery 225"], **RAILS) as meeting:
        assert gx.status.errors <= 3
        assert meeting.device.failures == {}
        assert [part.key for part in meeting.device.parts()] == ["battery_225"]
        assert list(meeting.device.controls())


async def test_the_unit_id_in_the_form_does_not_matter() -> None:
    """The GX itself is at 100, whatever somebody wrote."""
    async with meet(ess_home(), poll=False) as meeting:
        device = VictronGx(meeting.connection.for_unit, 1)
        assert (await device.identify()).serial == "c0619ab4e2d7"
        device.close()


async def test_something_else_is_not_a_gx() -> None:
    """A device without a portal id is refused in words."""
    gx = ess_home(portal_id="")
    async with meet(gx, poll=False) as meeting:
        with pytest.raises(UnknownDeviceError):
            await meeting.device.identify()
