"""Limits as a person meets them: one drives, and none says what is not in force."""

from unittest.mock import patch

import pytest
from homeassistant.const import EntityCategory
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)

from simulators.mennekes_tcp import Charger4X

from .helpers import entity_id, poll, set_number, state


def category(hass: HomeAssistant, entry: MockConfigEntry, path: str) -> EntityCategory | None:
    """Return the category of a number."""
    found = er.async_get(hass).async_get(entity_id(hass, entry, "number", path))
    assert found is not None
    return found.entity_category


async def test_an_order_to_the_device_sets_one_limit(
    hass: HomeAssistant, charger: Charger4X, charger_loaded: MockConfigEntry
) -> None:
    """*Set number value 10* on the charger means 10 A, not 10 A and 10 W."""
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), charger_loaded.entry_id)
    await hass.services.async_call(
        "number", "set_value", {"device_id": device.id, "value": 10}, blocking=True
    )
    assert charger.hems.current == 10
    assert state(hass, charger_loaded, "switch", "charging") == "on"
    assert category(hass, charger_loaded, "current_limit") is None
    assert category(hass, charger_loaded, "power_limit") is EntityCategory.CONFIG
    assert state(hass, charger_loaded, "sensor", "limited_by") == "current"
    await set_number(hass, charger_loaded, "power_limit", 7000)
    assert state(hass, charger_loaded, "sensor", "limited_by") == "power"


@pytest.mark.parametrize("charger", [Charger4X(model="4You 510 11 C2")], ids=["11 kW"])
async def test_where_power_chooses_the_phases_power_drives(
    hass: HomeAssistant, charger: Charger4X, charger_entry: MockConfigEntry
) -> None:
    """An 11 kW unit with dynamic phases is steered by its power."""
    charger_entry.add_to_hass(hass)
    data = {**charger_entry.data, "fingerprint": "4X 4You 510 11 C2"}
    hass.config_entries.async_update_entry(charger_entry, data=data)
    assert await hass.config_entries.async_setup(charger_entry.entry_id)
    await hass.async_block_till_done()
    assert category(hass, charger_entry, "power_limit") is None
    assert category(hass, charger_entry, "current_limit") is EntityCategory.CONFIG
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), charger_entry.entry_id)
    await hass.services.async_call(
        "number", "set_value", {"device_id": device.id, "value": 4300}, blocking=True
    )
    assert charger.unit(1).read(2002, 1) == [4300]
    assert await hass.config_entries.async_unload(charger_entry.entry_id)


async def test_a_person_turns_whole_amperes(
    hass: HomeAssistant, charger: Charger4X, charger_loaded: MockConfigEntry
) -> None:
    """The device is finer, and takes what a program or a keyboard gives it."""
    for path, step in (("current_limit", 1), ("power_limit", 100)):
        found = hass.states.get(entity_id(hass, charger_loaded, "number", path))
        assert found is not None
        assert found.attributes["step"] == step
    await set_number(hass, charger_loaded, "current_limit", 8.5)
    assert charger.unit(1).read(2001, 1) == [85]
    assert state(hass, charger_loaded, "number", "current_limit") == "8.5"


async def test_below_the_minimum_the_number_shows_0(
    hass: HomeAssistant, charger: Charger4X, charger_loaded: MockConfigEntry
) -> None:
    """5 A pauses; also where another client has left 5 A in the register."""
    await set_number(hass, charger_loaded, "current_limit", 5)
    assert state(hass, charger_loaded, "number", "current_limit") == "0.0"
    assert state(hass, charger_loaded, "switch", "charging") == "off"
    await set_number(hass, charger_loaded, "current_limit", 16)
    charger.unit(1).write(2000, [5])
    await poll(hass, charger_loaded)
    assert state(hass, charger_loaded, "number", "current_limit") == "0.0"
    assert state(hass, charger_loaded, "number", "power_limit") == "0.0"


@pytest.mark.parametrize("person", [True, False])
async def test_a_box_never_keeps_what_is_not_in_force(
    hass: HomeAssistant, charger_loaded: MockConfigEntry, hass_admin_user: MockUser, *, person: bool
) -> None:
    """Without a change of state the frontend leaves what was typed; an automation has no box."""
    number = entity_id(hass, charger_loaded, "number", "current_limit")
    await set_number(hass, charger_loaded, "current_limit", 0)
    changes = async_capture_events(hass, "state_changed")
    with patch("custom_components.voltrail.number.BLANK_FOR", 0):
        await hass.services.async_call(
            "number",
            "set_value",
            {"entity_id": number, "value": 5},
            blocking=True,
            context=Context(user_id=hass_admin_user.id) if person else Context(),
        )
        await hass.async_block_till_done()
    seen = [one.data["new_state"].state for one in changes if one.data["entity_id"] == number]
    assert seen == (["unknown", "0.0"] if person else [])
