"""Triggers by purpose, at a charger behind a real socket and at what meters show."""

from datetime import timedelta
from typing import Any

import pytest
import voluptuous as vol
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.websocket_api import automation as offered
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import trigger
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.voltrail.api.triggers import REASONS, TRIGGERS
from custom_components.voltrail.const import DOMAIN
from custom_components.voltrail.waiting import waiting
from simulators.mennekes_tcp import Charger4X
from simulators.server import Server

from .automations import automate, kinds
from .helpers import entity_id, poll, set_number

HAPPENINGS = (
    *("car_connected", "car_disconnected", "car_full"),
    *("charging_started", "charging_stopped", "control_lost"),
)


def device_id(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Return the id of the charger's device."""
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return device.id


def on(key: str, target: dict[str, Any], **options: Any) -> dict[str, Any]:
    """Return a trigger of ours."""
    return {"trigger": f"{DOMAIN}.{key}", "id": key, "target": target, "options": options}


async def turn(hass: HomeAssistant, charger: Charger4X, entry: MockConfigEntry) -> None:
    """Let some time pass at the charger, and read it often enough for it to feel looked after."""
    for _ in range(6):
        charger.advance(5)
        await poll(hass, entry)


async def test_what_happens_at_a_charger(
    hass: HomeAssistant, charger: Charger4X, charger_loaded: MockConfigEntry
) -> None:
    """A car comes, charges and goes; each automation runs once."""
    entry = charger_loaded
    target = {"device_id": device_id(hass, entry)}
    runs = await automate(hass, *(on(key, target) for key in HAPPENINGS))
    charger.do("plug_in")
    await turn(hass, charger, entry)
    assert kinds(runs) == ["car_connected", "charging_started"]
    await set_number(hass, entry, "current_limit", 0)
    await turn(hass, charger, entry)
    assert kinds(runs) == ["charging_stopped"]
    charger.do("leave")
    await turn(hass, charger, entry)
    (run,) = runs
    assert run.data["kind"] == "car_disconnected"
    assert run.data["device_id"] == target["device_id"]
    assert run.data["session"]["energy"] > 0


@pytest.mark.parametrize("by", ["area_id", "entity_id", "label_id"])
async def test_targets(
    hass: HomeAssistant, charger: Charger4X, charger_loaded: MockConfigEntry, by: str
) -> None:
    """A charger is meant by its area, by its label, and by any of its entities."""
    registry, charger_id = dr.async_get(hass), device_id(hass, charger_loaded)
    area = ar.async_get(hass).async_create("Garage")
    registry.async_update_device(charger_id, area_id=area.id, labels={"car"})
    target = {
        "area_id": area.id,
        "entity_id": entity_id(hass, charger_loaded, "event", "session"),
        "label_id": "car",
    }
    elsewhere = ar.async_get(hass).async_create("Street")
    runs = await automate(
        hass,
        on("car_connected", {by: target[by]}),
        on("charging_started", {"area_id": elsewhere.id}),
    )
    charger.do("plug_in")
    await turn(hass, charger, charger_loaded)
    assert kinds(runs) == ["car_connected"]


async def test_what_began_while_the_link_was_away(
    hass: HomeAssistant, charger: Charger4X, charger_loaded: MockConfigEntry
) -> None:
    """An entity's own trigger never fires out of unavailable; these do."""
    entry = charger_loaded
    runs = await automate(
        hass,
        *(on(key, {"device_id": device_id(hass, entry)}) for key in TRIGGERS if key in HAPPENINGS),
    )
    charger.reachable = False
    await poll(hass, entry)
    found = hass.states.get(entity_id(hass, entry, "sensor", "charging_state"))
    assert found is not None
    assert found.state == "unavailable"
    charger.do("plug_in")
    charger.advance(600)
    assert kinds(runs) == []
    charger.reachable = True
    await poll(hass, entry)
    assert kinds(runs) == ["car_connected", "charging_started", "control_lost"]


async def test_what_began_while_the_entry_was_not_loaded(
    hass: HomeAssistant, charger: Charger4X, charger_loaded: MockConfigEntry
) -> None:
    """Also over a reload, and over a restart: what was seen last is stored."""
    entry = charger_loaded
    runs = await automate(hass, on("car_connected", {"device_id": device_id(hass, entry)}))
    assert await hass.config_entries.async_unload(entry.entry_id)
    charger.do("plug_in")
    charger.advance(600)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert kinds(runs) == ["car_connected"]


async def test_a_reason_that_lasts(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Blocked by what was chosen, and for as long as was asked for."""
    entry = charger_loaded
    target = {"device_id": device_id(hass, entry)}
    runs = await automate(
        hass,
        on("charging_blocked", target, reason=["paused"], **{"for": {"minutes": 2}}),
        {**on("charging_blocked", target, reason="fault"), "id": "fault"},
        {**on("charging_blocked", target, reason="paused"), "id": "at once"},
    )
    charger.do("plug_in")
    await turn(hass, charger, entry)
    await set_number(hass, entry, "current_limit", 0)
    await turn(hass, charger, entry)
    assert kinds(runs) == ["at once"]
    freezer.tick(timedelta(seconds=121))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert [run.data["reason"] for run in runs] == ["paused"]
    assert kinds(runs) == ["charging_blocked"]
    # And one that ends before its time.
    await set_number(hass, entry, "current_limit", 16)
    await turn(hass, charger, entry)
    await set_number(hass, entry, "current_limit", 0)
    await turn(hass, charger, entry)
    await set_number(hass, entry, "current_limit", 16)
    await turn(hass, charger, entry)
    freezer.tick(timedelta(seconds=121))
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert kinds(runs) == ["at once"]


async def test_an_energy_target(
    hass: HomeAssistant, charger: Charger4X, charger_loaded: MockConfigEntry
) -> None:
    """Once per session, and not for what was there when the automation began."""
    entry = charger_loaded
    charger.do("plug_in")
    await turn(hass, charger, entry)
    runs = await automate(
        hass,
        on("energy_target_reached", {"device_id": device_id(hass, entry)}, energy=1),
        {**on("energy_target_reached", {"device_id": device_id(hass, entry)}), "id": "controller"},
    )
    await turn(hass, charger, entry)
    assert kinds(runs) == []
    for _ in range(3):
        charger.advance(1200)
        await poll(hass, entry)
    assert kinds(runs) == ["energy_target_reached"]
    charger.do("leave")
    await turn(hass, charger, entry)
    charger.do("plug_in")
    await turn(hass, charger, entry)
    for _ in range(3):
        charger.advance(1200)
        await poll(hass, entry)
    assert kinds(runs) == ["energy_target_reached"]


async def test_a_device_that_falls_silent(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A short silence is none; a long one is told once."""
    entry = charger_loaded
    target = {"device_id": device_id(hass, entry)}
    runs = await automate(hass, on("fell_silent", target, **{"for": {"seconds": 30}}))
    for seconds, expected in ((10, []), (31, ["fell_silent"])):
        charger.reachable = False
        await poll(hass, entry)
        freezer.tick(timedelta(seconds=seconds))
        # Only what waits in the trigger, and no poll of the charger.
        async_fire_time_changed(hass)
        await hass.async_block_till_done()
        charger.reachable = True
        await poll(hass, entry)
        assert kinds(runs) == expected


@pytest.fixture
def meter(hass: HomeAssistant) -> str:
    """A meter in the registry, as its entities leave it; returns the id of its device."""
    entry = MockConfigEntry(domain=DOMAIN, title="Meter", data={"family": "ams_han"})
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, "meter")}
    )
    for name, key in (
        ("current_l1", "current_phase"),
        ("active_input_source", "active_input_source"),
        ("voltage_l1", "voltage_phase"),
    ):
        er.async_get(hass).async_get_or_create(
            "sensor",
            DOMAIN,
            f"meter_{name}",
            config_entry=entry,
            device_id=device.id,
            suggested_object_id=f"meter_{name}",
            translation_key=key,
        )
    return device.id


def show(hass: HomeAssistant, name: str, value: object, unit: str | None = None) -> None:
    """Let an entity of the meter show a value."""
    attributes = {} if unit is None else {"unit_of_measurement": unit}
    hass.states.async_set(f"sensor.meter_{name}", str(value), attributes)


async def test_more_than_the_fuse_allows(hass: HomeAssistant, meter: str) -> None:
    """One phase is enough, in either direction; also where it is seen on return only."""
    show(hass, "current_l1", 10, "A")
    show(hass, "voltage_l1", 230, "V")
    runs = await automate(hass, on("fuse_exceeded", {"device_id": meter}, current=25))
    for value, unit, expected in (
        (26, "A", ["fuse_exceeded"]),
        (27, "A", []),
        (20, "A", []),
        ("unavailable", None, []),
        (-26, "A", ["fuse_exceeded"]),
        ("unknown", None, []),
        (30, "A", []),
        (9, "A", []),
        (25_500, "mA", ["fuse_exceeded"]),
    ):
        show(hass, "current_l1", value, unit)
        await hass.async_block_till_done()
        assert kinds(runs) == expected, value
    show(hass, "voltage_l1", 240, "V")
    await hass.async_block_till_done()
    assert kinds(runs) == []


async def test_the_fuse_does_not_wait(hass: HomeAssistant, meter: str) -> None:
    """The current that passes it is written at once, as long as an automation watches it."""
    show(hass, "current_l1", 24.9, "A")
    await automate(hass, on("fuse_exceeded", {"device_id": meter}, current=25))
    place = waiting(hass)
    assert place.passes("sensor.meter_current_l1", (24.9, 25.1))
    assert place.passes("sensor.meter_current_l1", (-25.1, -24.9))
    assert not place.passes("sensor.meter_current_l1", (24.8, 24.9))
    assert not place.passes("sensor.meter_voltage_l1", (24.9, 25.1))
    await hass.services.async_call("automation", "turn_off", {"entity_id": "all"}, blocking=True)
    assert not place.passes("sensor.meter_current_l1", (24.9, 25.1))


async def test_the_grid_fails(hass: HomeAssistant, meter: str) -> None:
    """A generator that runs is neither: it was told already that the grid is gone."""
    show(hass, "active_input_source", "grid")
    runs = await automate(hass, on("grid_failed", {"entity_id": "sensor.meter_voltage_l1"}))
    for value, expected in (
        ("not_connected", ["grid_failed"]),
        ("generator", []),
        ("unavailable", []),
        ("grid", []),
        ("unavailable", []),
        ("not_connected", ["grid_failed"]),
    ):
        show(hass, "active_input_source", value)
        await hass.async_block_till_done()
        assert kinds(runs) == expected, value


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("fuse_exceeded", {}),
        ("fuse_exceeded", {"current": -1}),
        ("charging_blocked", {"reason": "nothing"}),
        ("car_full", {"for": 3}),
        ("energy_target_reached", {"energy": 0}),
        ("energy_target_reached", {"energy": True}),
        ("fuse_exceeded", {"current": True}),
        ("car_connected", {"loud": True}),
    ],
)
async def test_bad_options_are_refused(
    hass: HomeAssistant, key: str, options: dict[str, Any]
) -> None:
    """Like a reason that is none."""
    assert await async_setup_component(hass, DOMAIN, {})
    config = cv.TRIGGER_SCHEMA([on(key, {"device_id": "some"}, **options)])
    with pytest.raises(vol.Invalid):
        await trigger.async_validate_trigger_config(hass, config)


async def test_the_editor_offers_them(
    hass: HomeAssistant, charger_loaded: MockConfigEntry, charger_server: Server
) -> None:
    """By target: at the charger's device and at its area."""
    assert await async_setup_component(hass, "automation", {})
    charger_id = device_id(hass, charger_loaded)
    area = ar.async_get(hass).async_create("Garage")
    dr.async_get(hass).async_update_device(charger_id, area_id=area.id)
    for target in ({"device_id": [charger_id]}, {"area_id": [area.id]}):
        found = await offered.async_get_triggers_for_target(hass, target, expand_group=True)
        ours = {key.removeprefix("voltrail.") for key in found if key.startswith("voltrail.")}
        assert ours == set(TRIGGERS) - {"grid_failed"}
        services = await offered.async_get_services_for_target(hass, target, expand_group=True)
        assert "voltrail.pause_charging" in services
    descriptions = await trigger.async_get_all_descriptions(hass)
    described = {key for key in descriptions if key.startswith("voltrail.")}
    assert described == {f"voltrail.{key}" for key in TRIGGERS}
    blocked = descriptions["voltrail.charging_blocked"]
    assert blocked is not None
    assert blocked["fields"]["reason"]["selector"]["select"]["options"] == list(REASONS)
