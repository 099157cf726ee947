"""Charging sessions in Home Assistant, with the charger's simulator behind a real socket."""

from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from simulators.mennekes_tcp import Charger4X

from .helpers import entity_id, poll


def event(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, Any]:
    """Return what the event of the charger shows."""
    found = hass.states.get(entity_id(hass, entry, "event", "session"))
    assert found is not None
    return {"state": found.state, **found.attributes}


async def test_the_stages_of_a_session(
    hass: HomeAssistant, charger: Charger4X, charger_loaded: MockConfigEntry
) -> None:
    """Plugged in, charging, gone: each is told once, the last with what was charged."""
    entry = charger_loaded
    assert event(hass, entry)["state"] == "unknown"
    charger.do("plug_in")
    charger.advance(2)
    await poll(hass, entry)
    charger.advance(60)
    await poll(hass, entry)
    assert event(hass, entry)["event_type"] == "started"
    charger.advance(1800)
    await poll(hass, entry)
    charger.do("leave")
    charger.advance(5)
    await poll(hass, entry)
    told = event(hass, entry)
    assert told["event_type"] == "finished"
    assert told["energy"] > 2
    assert told["highest_power"] > 4
    assert told["counter_end"] - told["counter_start"] == pytest.approx(told["energy"], abs=0.002)
