"""The forms of the controller: what they propose, what they refuse, and what they keep."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from homeassistant.components.energy.data import async_get_manager
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.voltrail.const import DOMAIN

from .charging_house import AMPERE, POWER

FORM: dict[str, Any] = {
    "grid_power": "sensor.grid",
    "grid_inverted": False,
    "phases": "3",
    "margin": 2,
    "observer": True,
    "solar": {},
    "tariff": {},
    "battery": {"battery_inverted": False},
    "limits": {"window": "15", "outside_power": 4.2},
}
CURRENTS = {f"current_l{phase}": f"sensor.current_{phase}" for phase in (1, 2, 3)}
CHARGER: dict[str, Any] = {
    "charger_phases": "3",
    "rotation": "l1_l2_l3",
    "default_mode": "solar",
    "priority": 1,
    "fallback": 6,
    "measured": True,
    "full_minimum": False,
}


@pytest.fixture(autouse=True)
async def _sensors(hass: HomeAssistant) -> AsyncIterator[None]:
    """Sensors as other integrations bring them; whatever was set up is let go of at the end."""
    hass.states.async_set("sensor.grid", "500", POWER)
    hass.states.async_set("sensor.export", "0", POWER)
    hass.states.async_set("sensor.battery", "-300", POWER)
    hass.states.async_set("sensor.energy", "1", {"unit_of_measurement": "kWh"})
    hass.states.async_set("sensor.car", "50", {"unit_of_measurement": "%"})
    for phase in (1, 2, 3):
        hass.states.async_set(f"sensor.current_{phase}", "3", AMPERE)
    yield
    for entry in hass.config_entries.async_entries(DOMAIN):
        await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


async def begin(hass: HomeAssistant) -> str:
    """Open the form of a connection, and return the id of its flow."""
    flows = hass.config_entries.flow
    result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "charging"})
    assert result["step_id"] == "charging"
    flow_id: str = result["flow_id"]
    return flow_id


async def add(hass: HomeAssistant, **more: Any) -> Any:
    """Add a connection without a charger."""
    result = await hass.config_entries.flow.async_configure(await begin(hass), {**FORM, **more})
    if result["type"] is FlowResultType.FORM and result["step_id"] == "charging_chargers":
        result = await hass.config_entries.flow.async_configure(result["flow_id"], {"chargers": []})
    assert result["type"] is FlowResultType.CREATE_ENTRY, result
    await hass.async_block_till_done()
    return result["result"]


async def test_next_next_done(hass: HomeAssistant, charger_loaded: MockConfigEntry) -> None:
    """The usual house: one meter, and all chargers that there are."""
    flows = hass.config_entries.flow
    result = await flows.async_configure(await begin(hass), FORM)
    assert result["step_id"] == "charging_chargers"
    result = await flows.async_configure(result["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    entry = result["result"]
    assert entry.title == "Charging"
    (subentry,) = entry.subentries.values()
    assert subentry.title == charger_loaded.title
    assert subentry.unique_id == charger_loaded.entry_id
    assert hass.states.get("select.amtron_4business_710_22_c2_mode").state == "solar"  # type: ignore[union-attr]
    assert hass.states.get("switch.charging_only_watch").state == "on"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"grid_power": "sensor.energy"}, {"grid_power": "not_a_power"}),
        ({"grid_power": "sensor.gone"}, {"grid_power": "not_a_power"}),
        ({"grid_export": "sensor.grid"}, {"grid_export": "chosen_twice"}),
        ({"current_l1": "sensor.grid", "fuse": 25}, {"current_l1": "chosen_twice"}),
        ({"current_l1": "sensor.export", "fuse": 25}, {"current_l1": "not_a_current"}),
        ({"current_l1": "sensor.current_1", "fuse": 25}, {"current_l1": "currents_incomplete"}),
        (CURRENTS, {"fuse": "fuse_missing"}),
        ({"fuse": 25}, {"current_l1": "currents_needed"}),
        ({**CURRENTS, "fuse": 10, "margin": 6}, {"margin": "margin_too_large"}),
        (
            {"battery": {"battery_inverted": False, "battery_power": "sensor.battery"}},
            {"base": "battery_most_missing"},
        ),
        ({"solar": {"solar_power": "sensor.energy"}}, {"base": "not_a_power"}),
    ],
)
async def test_what_cannot_be_right(
    hass: HomeAssistant, typed: dict[str, Any], error: dict[str, str]
) -> None:
    """It is refused, with the words at the field."""
    result = await hass.config_entries.flow.async_configure(await begin(hass), {**FORM, **typed})
    assert result["errors"] == error


async def test_a_meter_is_needed(hass: HomeAssistant) -> None:
    """Without power and without currents nothing can be decided; a mean needs the power."""
    without = {key: value for key, value in FORM.items() if key != "grid_power"}
    result = await hass.config_entries.flow.async_configure(await begin(hass), without)
    assert result["errors"] == {"grid_power": "meter_missing"}
    limits = {"window": "15", "outside_power": 4.2, "mean_limit": 5}
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {**without, **CURRENTS, "fuse": 25, "limits": limits}
    )
    assert result["errors"] == {"grid_power": "power_needed"}


async def test_a_sensor_that_is_not_there_yet(hass: HomeAssistant) -> None:
    """Of one that is registered the unit is known, although it has no state."""
    registry = er.async_get(hass)
    known = registry.async_get_or_create(
        "sensor", "other", "1", suggested_object_id="later", unit_of_measurement="kW"
    )
    entry = await add(hass, grid_power="sensor.later")
    # What outlives a rename is kept.
    assert entry.data["grid_power"] == known.id


async def test_changed_later(hass: HomeAssistant) -> None:
    """The form shows what is kept, and what was typed replaces it."""
    battery = {"battery_inverted": True, "battery_power": "sensor.battery", "battery_most": 5}
    entry = await add(hass, **CURRENTS, fuse=25, battery=battery)
    assert entry.data["battery_most"] == 5000
    flows = hass.config_entries.flow
    result = await flows.async_init(
        DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
    )
    assert result["step_id"] == "charging_change"
    shown = result["data_schema"]
    assert shown is not None
    suggested = {
        str(marker): (marker.description or {}).get("suggested_value") for marker in shown.schema
    }
    assert suggested["current_l2"] == "sensor.current_2"
    assert suggested["fuse"] == 25
    form = {key: value for key, value in FORM.items() if key != "observer"}
    result = await flows.async_configure(result["flow_id"], {**form, "grid_power": "sensor.car"})
    assert result["errors"] == {"grid_power": "not_a_power"}
    result = await flows.async_configure(result["flow_id"], {**form, **CURRENTS, "fuse": 35})
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.data["fuse"] == 35
    assert "battery_power" not in entry.data
    assert entry.runtime_data.device.setup.fuse_a == 35


async def test_a_second_connection(hass: HomeAssistant, charger_loaded: MockConfigEntry) -> None:
    """A charger is behind one connection only; names of a second one do not clash."""
    first = await add(hass)
    second = await add(hass)
    assert first.data["identity_key"] == "charging"
    assert second.data["identity_key"] == "charging_2"
    assert set(first.supported_subentry_types) == {"charger", "distribution", "other_charger"}
    assert not charger_loaded.supported_subentry_types
    assert charger_loaded.supports_options
    assert not first.supports_options


async def test_chargers_and_boards(hass: HomeAssistant, charger_loaded: MockConfigEntry) -> None:
    """A sub-distribution is added, then a charger behind it; both can be changed and deleted."""
    entry = await add(hass)
    flows = hass.config_entries.subentries
    user: Any = {"source": SOURCE_USER}
    result = await flows.async_init((entry.entry_id, "distribution"), context=user)
    board = {"name": "Garage", "fuse": 16, "margin": 2, "current_l1": "sensor.current_1"}
    for wrong, error in (
        ({"margin": 12}, {"margin": "margin_too_large"}),
        ({"current_l1": "sensor.grid"}, {"current_l1": "not_a_current"}),
        ({"current_l2": "sensor.current_2"}, {"current_l1": "currents_incomplete"}),
    ):
        result = await flows.async_configure(result["flow_id"], {**board, **wrong})
        assert result["errors"] == error
    result = await flows.async_configure(result["flow_id"], board)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    (garage,) = entry.get_subentries_of_type("distribution")

    result = await flows.async_init((entry.entry_id, "charger"), context=user)
    typed = {**CHARGER, "charger": charger_loaded.entry_id, "distribution": garage.subentry_id}
    result = await flows.async_configure(result["flow_id"], {**typed, "limit": 10, "fallback": 16})
    assert result["errors"] == {"fallback": "fallback_above_limit"}
    result = await flows.async_configure(result["flow_id"], {**typed, "car_charge": "sensor.grid"})
    assert result["errors"] == {"car_charge": "not_a_percentage"}
    result = await flows.async_configure(
        result["flow_id"], {**typed, "car_charge": "sensor.car", "capacity": 60, "limit": 16}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    (seat,) = entry.runtime_data.device.setup.seats
    assert seat.distribution == garage.subentry_id
    assert seat.capacity_wh == 60_000
    assert hass.states.get("number.amtron_4business_710_22_c2_charge_target") is not None

    result = await flows.async_init((entry.entry_id, "charger"), context=user)
    assert result["reason"] == "no_charger"
    await _change(hass, entry)


async def _reopen(hass: HomeAssistant, entry: Any, one: Any) -> Any:
    """Open the form of a sub-entry."""
    context: Any = {"source": SOURCE_RECONFIGURE, "subentry_id": one.subentry_id}
    return await hass.config_entries.subentries.async_init(
        (entry.entry_id, one.subentry_type), context=context
    )


async def _change(hass: HomeAssistant, entry: Any) -> None:
    """Change both sub-entries, and delete one while its form is open."""
    flows = hass.config_entries.subentries
    (charger,) = entry.get_subentries_of_type("charger")
    (garage,) = entry.get_subentries_of_type("distribution")
    result = await _reopen(hass, entry, charger)
    result = await flows.async_configure(result["flow_id"], {**CHARGER, "limit": 8, "fallback": 10})
    assert result["errors"] == {"fallback": "fallback_above_limit"}
    result = await flows.async_configure(
        result["flow_id"], {**CHARGER, "rotation": "l2_l3_l1", "priority": 2}
    )
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    (seat,) = entry.runtime_data.device.setup.seats
    assert seat.rotation == (1, 2, 0)
    assert seat.priority == 2

    result = await _reopen(hass, entry, garage)
    board = {"fuse": 20, "margin": 2, "current_l1": "sensor.current_1"}
    result = await flows.async_configure(result["flow_id"], {**board, "margin": 16})
    assert result["errors"] == {"margin": "margin_too_large"}
    result = await flows.async_configure(result["flow_id"], board)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert entry.runtime_data.device.setup.distributions[0].fuse_a == 20

    for one, typed in ((garage, board), (charger, CHARGER)):
        result = await _reopen(hass, entry, one)
        hass.config_entries.async_remove_subentry(entry, one.subentry_id)
        await hass.async_block_till_done()
        result = await flows.async_configure(result["flow_id"], typed)
        assert result["reason"] == "gone"
    assert not entry.runtime_data.device.setup.seats


# -- what is proposed ----------------------------------------------------------


def suggested(result: Any) -> dict[str, Any]:
    """Return what a form proposes, with its sections."""
    found: dict[str, Any] = {}
    for marker, field in result["data_schema"].schema.items():
        value = (marker.description or {}).get("suggested_value")
        if hasattr(field, "schema") and hasattr(field.schema, "schema"):
            value = {
                str(inner): (inner.description or {}).get("suggested_value")
                for inner in field.schema.schema
                if (inner.description or {}).get("suggested_value") is not None
            }
        if value is not None:
            found[str(marker)] = value
    return found


async def proposed(hass: HomeAssistant, *sources: dict[str, Any]) -> dict[str, Any]:
    """Return what the form proposes in a house with these sources in its Energy dashboard."""
    manager = await async_get_manager(hass)
    settings: Any = {"energy_sources": list(sources), "device_consumption": []}
    manager.data = settings
    flows = hass.config_entries.flow
    result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "charging"})
    found = suggested(result)
    placeholders = result["description_placeholders"]
    assert placeholders is not None
    found["now"] = placeholders["now"]
    return found


async def test_from_the_energy_dashboard(hass: HomeAssistant) -> None:
    """One signed meter, panels, and a battery that counts the other way round."""
    hass.states.async_set("sensor.roof", "2000", POWER)
    found = await proposed(
        hass,
        {"type": "grid", "stat_energy_from": "sensor.a", "stat_rate": "sensor.grid"},
        {"type": "grid", "stat_energy_from": "sensor.b"},
        {"type": "solar", "stat_energy_from": "sensor.c", "stat_rate": "sensor.roof"},
        {
            "type": "battery",
            "stat_rate": "sensor.battery",
            "stat_soc": "sensor.car",
            "capacity": 10,
        },
    )
    assert found["grid_power"] == "sensor.grid"
    assert found["grid_inverted"] is False
    assert found["solar"] == {"solar_power": "sensor.roof"}
    assert found["battery"] == {
        "battery_power": "sensor.battery",
        "battery_inverted": True,
        "battery_charge": "sensor.car",
        "battery_most": 5,
    }
    assert found["observer"] is True
    assert found["now"] == "Now: Grid: 500 W, Sun: 2000 W, Battery: -300 W."


async def test_inverted_and_two_sensors(hass: HomeAssistant) -> None:
    """What the dashboard's own sensors are made of is read, not these."""
    hass.states.async_set("sensor.charging", "0", POWER)
    found = await proposed(
        hass,
        {
            "type": "grid",
            "stat_rate": "sensor.grid_inverted",
            "power_config": {"stat_rate_inverted": "sensor.grid"},
        },
        {
            "type": "battery",
            "power_config": {
                "stat_rate_from": "sensor.battery",
                "stat_rate_to": "sensor.charging",
            },
        },
    )
    assert (found["grid_power"], found["grid_inverted"]) == ("sensor.grid", True)
    assert found["battery"]["battery_power"] == "sensor.charging"
    assert found["battery"]["battery_discharge"] == "sensor.battery"
    found = await proposed(
        hass,
        {
            "type": "grid",
            "power_config": {"stat_rate_from": "sensor.grid", "stat_rate_to": "sensor.export"},
        },
    )
    assert (found["grid_power"], found["grid_export"]) == ("sensor.grid", "sensor.export")


async def test_nothing_is_guessed(hass: HomeAssistant) -> None:
    """Two connections, a statistic or a sensor that is gone: the person has to say."""
    two = [{"type": "grid", "stat_rate": one} for one in ("sensor.grid", "sensor.export")]
    for sources in (
        two,
        [{"type": "grid", "stat_rate": "other:power"}],
        [{"type": "grid", "stat_rate": "sensor.gone"}, {"type": "battery"}, {"type": "solar"}],
    ):
        found = await proposed(hass, *sources)
        assert "grid_power" not in found
        assert found["battery"] == {}
        assert found["now"] == ""


async def test_the_currents_of_the_same_meter(hass: HomeAssistant) -> None:
    """The device of the grid power most likely measures the phases as well."""
    entry = MockConfigEntry(domain="other")
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={("other", "meter")}
    )
    registry = er.async_get(hass)
    names = ("power", "current_phase_a", "current_phase_b", "current_phase_c", "current_neutral")
    for name in names:
        one = registry.async_get_or_create(
            "sensor",
            "other",
            name,
            config_entry=entry,
            device_id=device.id,
            suggested_object_id=f"meter_{name}",
        )
        hass.states.async_set(one.entity_id, "5", POWER if name == "power" else AMPERE)
    found = await proposed(hass, {"type": "grid", "stat_rate": "sensor.meter_power"})
    assert found["current_l1"] == "sensor.meter_current_phase_a"
    assert found["current_l3"] == "sensor.meter_current_phase_c"
    assert (found["phases"], found["fuse"]) == ("3", 25)


async def test_a_battery_is_no_grid(hass: HomeAssistant) -> None:
    """The power of the battery is refused in the place of the grid's."""
    await proposed(hass, {"type": "battery", "stat_rate": "sensor.battery"})
    result = await hass.config_entries.flow.async_configure(
        await begin(hass), {**FORM, "grid_power": "sensor.battery"}
    )
    assert result["errors"] == {"grid_power": "is_battery"}


async def test_prices(hass: HomeAssistant) -> None:
    """An entity without prices ahead is refused, one with them is proposed and kept."""
    result = await hass.config_entries.flow.async_configure(
        await begin(hass), {**FORM, "tariff": {"prices": ["sensor.grid"]}}
    )
    assert result["errors"] == {"base": "no_prices"}
    today = dt_util.start_of_local_day()
    hass.states.async_set(
        "sensor.price",
        "0.2",
        {
            "unit_of_measurement": "EUR/kWh",
            "raw_today": [
                {"start": today + timedelta(hours=hour), "value": hour / 100} for hour in range(24)
            ],
        },
    )
    found = await proposed(
        hass,
        {"type": "grid", "stat_rate": "sensor.grid", "entity_energy_price": "sensor.price"},
    )
    assert found["tariff"] == {"prices": ["sensor.price"]}
    entry = await add(hass, tariff=found["tariff"])
    slots = entry.runtime_data.coordinator.inputs.observe(0.0).slots
    assert len(slots) == 24
    assert slots[3].price == 0.03
