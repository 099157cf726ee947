"""The Energy dashboard in one step: what is offered, what is added, and never twice the same."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from homeassistant.components.energy.data import (
    DEVICE_CONSUMPTION_SCHEMA,
    ENERGY_SOURCE_SCHEMA,
    async_get_manager,
)
from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.voltrail import energy_offer
from custom_components.voltrail.const import DOMAIN
from custom_components.voltrail.energy_counters import Role, completed, counters, missing
from custom_components.voltrail.energy_offer import ISSUE
from custom_components.voltrail.repairs import async_create_fix_flow
from simulators.victron_gx import ess_home

from .helpers import entity_id
from .test_victron_gx import loaded, unpaced  # noqa: F401 - a fixture

METER = ("power", "power_imported", "energy_imported", "energy_exported")
CHARGER = ("charging_state", "power", "energy_charged")
SYSTEM = ("power", "pv_power", "consumption_power", "pv_energy_produced", "state_of_charge")
GRID = ("power", "energy_imported", "energy_exported")
BATTERY = ("power", "energy_charged", "energy_discharged", "state_of_charge")
GATEWAY = {None: SYSTEM, "grid_30": GRID, "battery_225": BATTERY}


@pytest.fixture(autouse=True)
def _energy(hass: HomeAssistant) -> None:
    """There is an Energy dashboard."""
    hass.config.components.add("energy")


def put(
    hass: HomeAssistant,
    name: str,
    parts: Mapping[str | None, tuple[str, ...]],
    serial: str | None = None,
) -> MockConfigEntry:
    """Put a device into the house that says these words, and nothing else."""
    entry = MockConfigEntry(
        domain=DOMAIN, title=name, unique_id=name, state=ConfigEntryState.LOADED
    )
    entry.add_to_hass(hass)
    readings = []
    for key, words in parts.items():
        device = dr.async_get(hass).async_get_or_create(
            config_entry_id=entry.entry_id,
            identifiers={(DOMAIN, f"{name}_{key}")},
            name=name if key is None else f"{name} {key}",
            serial_number=serial,
        )
        part = None if key is None else SimpleNamespace(key=key)
        for word in words:
            path = word if key is None else f"{key}/{word}"
            readings.append(SimpleNamespace(name=word, part=part, path=path))
            er.async_get(hass).async_get_or_create(
                "sensor",
                DOMAIN,
                f"{name}_{path.replace('/', '_')}",
                config_entry=entry,
                device_id=device.id,
                suggested_object_id=f"{name}_{path}",
            )
    entry.runtime_data = SimpleNamespace(
        device=SimpleNamespace(readings=lambda: readings),
        coordinator=SimpleNamespace(identity_key=name),
    )
    return entry


def proposed(hass: HomeAssistant, preferences: dict[str, Any] | None = None) -> list[str]:
    """List the counters that would be offered."""
    return [one.energy for one in missing(preferences, counters(hass))]


def test_everything_is_offered_once(hass: HomeAssistant) -> None:
    """Grid, sun and battery behind a gateway, and chargers as devices, each with its power."""
    put(hass, "gx", GATEWAY)
    put(hass, "garage", {None: CHARGER})
    update = completed(None, missing(None, counters(hass)))
    sources: Any = ENERGY_SOURCE_SCHEMA(update["energy_sources"])
    grid, sun, battery = sources
    assert grid["stat_energy_from"] == "sensor.gx_grid_30_energy_imported"
    assert grid["stat_energy_to"] == "sensor.gx_grid_30_energy_exported"
    assert grid["power_config"] == {"stat_rate": "sensor.gx_grid_30_power"}
    assert sun["stat_energy_from"] == "sensor.gx_pv_energy_produced"
    assert sun["stat_rate"] == "sensor.gx_pv_power"
    # Here a battery that charges is positive, there one that gives.
    assert battery["stat_energy_from"] == "sensor.gx_battery_225_energy_discharged"
    assert battery["stat_energy_to"] == "sensor.gx_battery_225_energy_charged"
    assert battery["power_config"] == {"stat_rate_inverted": "sensor.gx_battery_225_power"}
    assert battery["stat_soc"] == "sensor.gx_battery_225_state_of_charge"
    (device,) = map(DEVICE_CONSUMPTION_SCHEMA, update["device_consumption"])
    assert device == {
        "stat_consumption": "sensor.garage_energy_charged",
        "stat_rate": "sensor.garage_power",
        "name": "garage",
    }
    assert proposed(hass, update) == []


@pytest.mark.parametrize(
    ("words", "grid"),
    [
        # A meter that tells its counters with everything else is the one that is billed.
        (METER, "sensor.meter_energy_imported"),
        # One that tells them once an hour does so after the hour has ended.
        ((*METER, "energy_timestamp"), "sensor.gx_grid_30_energy_imported"),
    ],
)
def test_one_connection_is_counted_once(
    hass: HomeAssistant, words: tuple[str, ...], grid: str
) -> None:
    """The utility's meter and the one behind the gateway count the same energy."""
    put(hass, "gx", GATEWAY)
    put(hass, "meter", {None: words})
    found = [one.energy for one in counters(hass) if one.role is Role.GRID]
    assert found == [grid]


def test_a_meter_is_surer_than_a_sum(hass: HomeAssistant) -> None:
    """A gateway without a meter of its own adds the grid's energy up from power."""
    put(hass, "gx", {None: (*SYSTEM, "energy_imported", "energy_exported")})
    put(hass, "meter", {None: METER})
    found = [one.energy for one in counters(hass) if one.role is Role.GRID]
    assert found == ["sensor.meter_energy_imported"]


def test_what_measures_no_power_is_offered_all_the_same(hass: HomeAssistant) -> None:
    """Energy without power, or a battery without its state of charge, is still energy."""
    put(hass, "gx", {None: ("pv_energy_produced",), "b": ("energy_charged", "energy_discharged")})
    put(hass, "meter", {None: ("energy_imported",)})
    put(hass, "garage", {None: ("charging_state", "energy_charged")})
    update = completed(None, missing(None, counters(hass)))
    assert len(ENERGY_SOURCE_SCHEMA(update["energy_sources"])) == 3
    assert not any("power" in key for source in update["energy_sources"] for key in source)
    (device,) = map(DEVICE_CONSUMPTION_SCHEMA, update["device_consumption"])
    assert "stat_rate" not in device


def test_sockets_are_named_after_their_station(hass: HomeAssistant) -> None:
    """A socket is a child device, without a serial number: both are counted."""
    entry = put(hass, "Driveway", {None: (), "1": CHARGER, "2": CHARGER}, serial="ACE1")
    registry = dr.async_get(hass)
    (station,) = (
        device
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id)
        if device.name == "Driveway"
    )
    for number, name in ((1, "Socket 1"), (2, "Driveway socket 2")):
        socket = registry.async_get_or_create_child(
            config_entry_id=entry.entry_id,
            parent_device_id=station.id,
            identifiers={(DOMAIN, f"socket {number}")},
            name=name,
        )
        for word in CHARGER:
            er.async_get(hass).async_update_entity(
                f"sensor.driveway_{number}_{word}", device_id=socket.id
            )
    assert [one.name for one in counters(hass)] == ["Driveway Socket 1", "Driveway socket 2"]


def test_a_value_that_is_not_known(hass: HomeAssistant) -> None:
    """It is shown as such, never as 0; what is not a number is shown as it is."""
    assert energy_offer.shown_value(hass, "sensor.nobody") == "?"
    hass.states.async_set("sensor.away", "unavailable")
    assert energy_offer.shown_value(hass, "sensor.away") == "?"
    hass.states.async_set("switch.car", "on")
    assert energy_offer.shown_value(hass, "switch.car") == "on"


def test_an_hourly_meter_is_better_than_none(hass: HomeAssistant) -> None:
    """Where nothing else counts the grid, the hour is late rather than missing."""
    put(hass, "meter", {None: (*METER, "energy_timestamp")})
    assert proposed(hass) == ["sensor.meter_energy_imported"]


def test_one_charger_is_counted_once(hass: HomeAssistant) -> None:
    """A charger that is reached directly and through a gateway has one serial number."""
    put(hass, "direct", {None: CHARGER}, serial="HQ1")
    put(hass, "behind", {None: ("power", "energy_charged")}, serial="HQ1")
    put(hass, "other", {None: CHARGER}, serial="HQ2")
    assert proposed(hass) == ["sensor.direct_energy_charged", "sensor.other_energy_charged"]


def test_a_system_tells_of_its_battery(hass: HomeAssistant) -> None:
    """Where no battery is a device of its own, the system's figures are taken."""
    words = (*SYSTEM, "battery_power", "battery_energy_charged", "battery_energy_discharged")
    put(hass, "gx", {None: words})
    battery = next(one for one in counters(hass) if one.role is Role.BATTERY)
    assert battery.entities == (
        "sensor.gx_battery_energy_discharged",
        "sensor.gx_battery_energy_charged",
        "sensor.gx_battery_power",
        "sensor.gx_state_of_charge",
    )


def test_what_a_person_chose_stays(hass: HomeAssistant) -> None:
    """Another integration's counter of the same energy is not joined by ours."""
    put(hass, "gx", GATEWAY)
    preferences = {
        "energy_sources": [
            {"type": "grid", "stat_energy_from": "sensor.utility", "stat_energy_to": None},
            {"type": "solar", "stat_energy_from": "sensor.inverter"},
        ],
        "device_consumption": [],
    }
    assert proposed(hass, preferences) == ["sensor.gx_battery_225_energy_discharged"]
    update = completed(preferences, missing(preferences, counters(hass)))
    assert update["energy_sources"][:2] == preferences["energy_sources"]


def test_a_second_battery_is_offered(hass: HomeAssistant) -> None:
    """What is there already is ours, so both are counted and none twice."""
    put(hass, "gx", {None: (), "battery_1": BATTERY})
    preferences = completed(None, missing(None, counters(hass)))
    put(hass, "boat", {None: (), "battery_2": BATTERY})
    assert proposed(hass, preferences) == ["sensor.boat_battery_2_energy_discharged"]


def test_only_the_power_is_missing(hass: HomeAssistant) -> None:
    """Who chose our counters by hand, before there was power to choose, gets the power only."""
    put(hass, "gx", GATEWAY)
    put(hass, "garage", {None: CHARGER})
    everything = completed(None, missing(None, counters(hass)))
    preferences = {
        "energy_sources": [
            {
                name: value
                for name, value in source.items()
                if name not in ("power_config", "stat_rate")
            }
            | ({"number_energy_price": 1.5} if source["type"] == "grid" else {})
            for source in everything["energy_sources"]
        ],
        "device_consumption": [
            {"stat_consumption": "sensor.garage_energy_charged", "name": "Mine"}
        ],
    }
    assert len(proposed(hass, preferences)) == 4
    update = completed(preferences, missing(preferences, counters(hass)))
    grid = update["energy_sources"][0]
    assert grid["power_config"] == {"stat_rate": "sensor.gx_grid_30_power"}
    assert grid["number_energy_price"] == 1.5
    (device,) = update["device_consumption"]
    assert device["name"] == "Mine"
    assert device["stat_rate"] == "sensor.garage_power"
    assert len(update["energy_sources"]) == 3


def test_what_is_off_or_away_is_not_offered(hass: HomeAssistant) -> None:
    """A disabled entity has no statistics, and an entry that is not loaded says nothing."""
    put(hass, "garage", {None: CHARGER})
    er.async_get(hass).async_update_entity(
        "sensor.garage_energy_charged", disabled_by=er.RegistryEntryDisabler.USER
    )
    away = MockConfigEntry(domain=DOMAIN, state=ConfigEntryState.SETUP_RETRY)
    away.add_to_hass(hass)
    assert proposed(hass) == []


# -- the offer -------------------------------------------------------------------


async def start_flow(hass: HomeAssistant) -> RepairsFlow:
    """Press Fix."""
    flow = await async_create_fix_flow(hass, ISSUE, None)
    flow.hass, flow.handler, flow.issue_id = hass, DOMAIN, ISSUE
    return flow


def offered(hass: HomeAssistant) -> bool:
    """Whether the repair is there."""
    return ir.async_get(hass).async_get_issue(DOMAIN, ISSUE) is not None


@pytest.mark.usefixtures("socket_enabled", "unpaced")
async def test_fix_adds_what_is_ticked(
    hass: HomeAssistant, charger_loaded: MockConfigEntry
) -> None:
    """A real gateway and a real charger: the form shows values, and adds what was chosen."""
    async with loaded(hass, ess_home()) as gx:
        await hass.async_block_till_done()
        assert offered(hass)
        flow: Any = await start_flow(hass)
        form = await flow.async_step_init({"issue_id": ISSUE})
        (marker, selector), *rest = form["data_schema"].schema.items()
        assert not rest
        options = {one["value"]: one["label"] for one in selector.config["options"]}
        chosen = marker.default()
        assert chosen == list(options)
        charged = entity_id(hass, charger_loaded, "sensor", "energy_charged")
        power = hass.states.get(entity_id(hass, charger_loaded, "sensor", "power"))
        assert power is not None
        assert options[charged].startswith("Individual device, AMTRON 4Business 710 22 C2: ")
        assert options[charged].endswith(f"Power {float(power.state):.0f} W")
        sun = entity_id(hass, gx, "sensor", "pv_energy_produced")
        done = await flow.async_step_init({"counters": [one for one in chosen if one != sun]})
        assert done["type"] is FlowResultType.CREATE_ENTRY
        manager = await async_get_manager(hass)
        assert manager.data is not None
        kinds = [source["type"] for source in manager.data["energy_sources"]]
        assert kinds == ["grid", "battery"]
        assert manager.data["device_consumption"][0]["stat_consumption"] == charged
        # What was left out is not offered again, not even by the next look; by hand it is.
        await hass.async_block_till_done()
        assert not offered(hass)
        flow = await start_flow(hass)
        form = await flow.async_step_init({"issue_id": ISSUE})
        assert next(iter(form["data_schema"].schema)).default() == [sun]


async def test_offer_follows_the_settings(hass: HomeAssistant) -> None:
    """Whoever sets up the Energy dashboard by hand meanwhile is not bothered any more."""
    entry = put(hass, "garage", {None: CHARGER})
    energy_offer.async_watch(hass, entry)
    await hass.async_block_till_done()
    assert offered(hass)
    manager = await async_get_manager(hass)
    await manager.async_update(completed(None, counters(hass)))  # type: ignore[arg-type]  # a dict
    await hass.async_block_till_done()
    assert not offered(hass)
    flow: Any = await start_flow(hass)
    assert (await flow.async_step_init({"issue_id": ISSUE}))["reason"] == "nothing_missing"


async def test_nothing_is_left_behind(
    hass: HomeAssistant, hass_storage: dict[str, Any], charger_loaded: MockConfigEntry
) -> None:
    """With the last device the offer goes, and what was left out of it."""
    await hass.async_block_till_done()
    assert offered(hass)
    store: Store[list[str]] = Store(hass, 1, f"{DOMAIN}.{ISSUE}")
    await store.async_save(["sensor.x"])
    await hass.config_entries.async_remove(charger_loaded.entry_id)
    await hass.async_block_till_done()
    assert not offered(hass)
    assert f"{DOMAIN}.{ISSUE}" not in hass_storage


async def test_a_house_without_the_dashboard(
    hass: HomeAssistant, charger_loaded: MockConfigEntry
) -> None:
    """Where the Energy dashboard is not part of Home Assistant, nothing is offered."""
    await hass.async_block_till_done()
    hass.config.components.remove("energy")
    ir.async_delete_issue(hass, DOMAIN, ISSUE)
    energy_offer.async_watch(hass, charger_loaded)
    await hass.async_block_till_done()
    assert not offered(hass)
