"""Actions by target: areas, labels and entities, and what is in them and not ours."""

from typing import Any

import pytest
import voluptuous as vol
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import area_registry as ar
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.voltrail.const import DOMAIN
from simulators.mennekes_tcp import Charger4X

from .helpers import entity_id


@pytest.fixture
def garage(hass: HomeAssistant, charger_loaded: MockConfigEntry) -> str:
    """The area in which the charger hangs, next to a lamp; returns its id."""
    area = ar.async_get(hass).async_create("Garage")
    registry = dr.async_get(hass)
    (charger,) = dr.async_entries_for_config_entry(registry, charger_loaded.entry_id)
    registry.async_update_device(charger.id, area_id=area.id, labels={"car"})
    other = MockConfigEntry(domain="lamps")
    other.add_to_hass(hass)
    lamp = registry.async_get_or_create(
        config_entry_id=other.entry_id, identifiers={("lamps", "lamp")}
    )
    registry.async_update_device(lamp.id, area_id=area.id)
    er.async_get(hass).async_get_or_create("light", "lamps", "lamp", device_id=lamp.id)
    return area.id


async def call(hass: HomeAssistant, name: str, **data: Any) -> Any:
    """Call an action."""
    return await hass.services.async_call(
        DOMAIN, name, data, blocking=True, return_response=name.startswith(("get_", "read_"))
    )


async def test_an_area_means_the_chargers_in_it(
    hass: HomeAssistant, charger: Charger4X, charger_loaded: MockConfigEntry, garage: str
) -> None:
    """The lamp in it is left alone; a label and an entity mean the charger too."""
    switch = entity_id(hass, charger_loaded, "switch", "charging")
    for amps, target in (
        (7, {"area_id": garage}),
        (8, {"label_id": "car"}),
        (9, {"entity_id": switch}),
        (10, {"area_id": garage, "entity_id": [switch], "label_id": ["car"]}),
    ):
        charger.traffic.clear()
        await call(hass, "set_charging_current", current=amps, **target)
        assert charger.hems.current == amps
    answer = await call(hass, "read_registers", area_id=garage, address=141, count=1)
    assert [one["registers"] for one in answer.values()] == [{"141": 0x414D}]


async def test_what_is_not_ours(
    hass: HomeAssistant, charger: Charger4X, charger_loaded: MockConfigEntry, garage: str
) -> None:
    """Named itself it is an error, and nothing is done; so is a target without a charger."""
    street = ar.async_get(hass).async_create("Street")
    switch = entity_id(hass, charger_loaded, "switch", "charging")
    before = charger.traffic.requests
    for target, key in (
        ({"entity_id": [switch, "light.lamps_lamp"]}, "not_our_device"),
        ({"area_id": garage, "device_id": ["nobody"]}, "not_our_device"),
        ({"area_id": street.id}, "nothing_chosen"),
        ({"label_id": "nothing"}, "nothing_chosen"),
    ):
        with pytest.raises(ServiceValidationError) as caught:
            await call(hass, "pause_charging", **target)
        assert caught.value.translation_key == key
    nobodies: list[dict[str, Any]] = [{}, {"area_id": []}, {"entity_id": "none"}]
    for nobody in nobodies:
        with pytest.raises(vol.Invalid):
            await call(hass, "pause_charging", **nobody)
    assert charger.traffic.requests == before


async def test_a_charger_that_does_not_run(
    hass: HomeAssistant, charger: Charger4X, charger_loaded: MockConfigEntry, garage: str
) -> None:
    """The others in the area are paused all the same, and the caller is told."""
    absent = MockConfigEntry(domain=DOMAIN, title="Carport", data=dict(charger_loaded.data))
    absent.add_to_hass(hass)
    registry = dr.async_get(hass)
    device = registry.async_get_or_create(
        config_entry_id=absent.entry_id, identifiers={(DOMAIN, "carport")}
    )
    registry.async_update_device(device.id, area_id=garage)
    with pytest.raises(ServiceValidationError) as caught:
        await call(hass, "pause_charging", area_id=garage)
    assert caught.value.translation_key == "not_loaded"
    assert charger.hems.current == 0
    with pytest.raises(ServiceValidationError) as caught:
        await call(hass, "get_status", area_id=garage)
    assert caught.value.translation_key == "not_loaded"
    with pytest.raises(ServiceValidationError) as caught:
        await call(hass, "read_registers", area_id=garage, address=141)
    assert caught.value.translation_key == "not_loaded"
