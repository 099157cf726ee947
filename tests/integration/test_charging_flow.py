"""The forms of the controller: what they propose, what they refuse, and what they keep."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
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
    assert set(first.supported_subentry_types) == {"charger", "distribution"}
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
