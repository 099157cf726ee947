"""Conditions by purpose; over nothing that can be judged they are false."""

from typing import Any

import pytest
import voluptuous as vol
from homeassistant.components.websocket_api import automation as offered
from homeassistant.core import HomeAssistant
from homeassistant.helpers import condition
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.voltrail.api.conditions import CONDITIONS
from custom_components.voltrail.const import DOMAIN
from simulators.mennekes_tcp import Charger4X

from .automations import holds
from .helpers import entity_id, poll, set_number


@pytest.fixture
def target(hass: HomeAssistant, charger_loaded: MockConfigEntry) -> dict[str, Any]:
    """The charger."""
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), charger_loaded.entry_id)
    return {"device_id": device.id}


async def test_at_a_charger(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_loaded: MockConfigEntry,
    target: dict[str, Any],
) -> None:
    """Plugged in, charging, blocked, and by what."""
    entry = charger_loaded

    async def now() -> list[bool]:
        return [
            await holds(hass, "car_is_connected", target),
            await holds(hass, "is_charging", target),
            await holds(hass, "is_blocked", target),
            await holds(hass, "is_blocked", target, reason=["paused"]),
            await holds(hass, "is_blocked", target, reason="fault"),
        ]

    assert await now() == [False, False, False, False, False]
    charger.do("plug_in")
    charger.advance(60)
    await poll(hass, entry)
    assert await now() == [True, True, False, False, False]
    await set_number(hass, entry, "current_limit", 0)
    for _ in range(6):
        charger.advance(5)
        await poll(hass, entry)
    assert await now() == [True, False, True, True, False]
    by_event = {"entity_id": entity_id(hass, entry, "event", "session")}
    assert await holds(hass, "car_is_connected", by_event), "any entity stands for its charger"


@pytest.mark.parametrize("behavior", ["any", "all"])
async def test_nothing_that_can_be_judged(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_loaded: MockConfigEntry,
    target: dict[str, Any],
    behavior: str,
) -> None:
    """A charger that is away, not loaded, or that was never there is not charging."""
    charger.do("plug_in")
    charger.advance(60)
    await poll(hass, charger_loaded)
    assert await holds(hass, "is_charging", target, behavior=behavior)
    charger.reachable = False
    await poll(hass, charger_loaded)
    assert not await holds(hass, "is_charging", target, behavior=behavior)
    assert not await holds(hass, "is_charging", {"device_id": "nobody"}, behavior=behavior)
    assert await hass.config_entries.async_unload(charger_loaded.entry_id)
    assert not await holds(hass, "is_charging", target, behavior=behavior)


@pytest.fixture
def meter(hass: HomeAssistant) -> str:
    """A meter in the registry; returns the id of its device."""
    entry = MockConfigEntry(domain=DOMAIN, title="Meter", data={"family": "ams_han"})
    entry.add_to_hass(hass)
    device = dr.async_get(hass).async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, "meter")}
    )
    for name, key, kind in (
        ("power", None, "power"),
        ("power_imported", "power_imported", "power"),
        ("current_l1", "current_phase", "current"),
        ("active_input_source", "active_input_source", "enum"),
    ):
        er.async_get(hass).async_get_or_create(
            "sensor",
            DOMAIN,
            f"meter_{name}",
            config_entry=entry,
            device_id=device.id,
            suggested_object_id=f"meter_{name}",
            translation_key=key,
            original_device_class=kind,
        )
    return device.id


async def test_at_a_meter(hass: HomeAssistant, meter: str) -> None:
    """Surplus is what is fed in, in whatever unit it is shown; imports are none."""
    target = {"device_id": meter}

    def show(name: str, value: object, unit: str | None = None) -> None:
        hass.states.async_set(f"sensor.meter_{name}", str(value), {"unit_of_measurement": unit})

    show("power_imported", -9000, "W")
    for value, unit, expected in (
        (-2000, "W", True),
        (-1500, "W", False),
        (-1.6, "kW", True),
        (2000, "W", False),
        ("unknown", "W", False),
        (-5000, None, False),
    ):
        show("power", value, unit)
        assert await holds(hass, "surplus_is_above", target, power=1500) is expected, value
    show("current_l1", -26, "A")
    assert await holds(hass, "current_is_above", target, current=25)
    assert not await holds(hass, "current_is_above", target, current=30)
    assert not await holds(hass, "grid_is_lost", target)
    show("active_input_source", "not_connected")
    assert await holds(hass, "grid_is_lost", target)
    assert not await holds(hass, "is_charging", target, behavior="all")


@pytest.mark.parametrize(
    ("key", "option"), [("surplus_is_above", "power"), ("current_is_above", "current")]
)
async def test_a_truth_value_is_no_number(
    hass: HomeAssistant, meter: str, key: str, option: str
) -> None:
    """Though Python counts with it."""
    with pytest.raises(vol.Invalid):
        await holds(hass, key, {"device_id": meter}, **{option: True})


async def test_the_editor_offers_them(hass: HomeAssistant, target: dict[str, Any]) -> None:
    """By target; and every one is described."""
    found = await offered.async_get_conditions_for_target(hass, target, expand_group=True)
    ours = {key.removeprefix("voltrail.") for key in found if key.startswith("voltrail.")}
    assert ours == set(CONDITIONS) - {"grid_is_lost"}
    descriptions = await condition.async_get_all_descriptions(hass)
    described = {key for key in descriptions if key.startswith("voltrail.")}
    assert described == {f"voltrail.{key}" for key in CONDITIONS}
