"""A Home Assistant with Voltrail in it, and simulated devices behind real sockets."""

from collections.abc import AsyncIterator, Iterator
from unittest.mock import patch

import pytest
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

# Imported here so that the custom component is found before the test package's own.
from custom_components.voltrail import entity
from custom_components.voltrail.charging import inputs
from custom_components.voltrail.const import DOMAIN
from custom_components.voltrail.engine.transport import careful_unit
from simulators.mennekes_tcp import Charger4X
from simulators.server import Server, serve

from .charging_house import House
from .meters import JumpingClock


@pytest.fixture(autouse=True)
def _custom_integrations(enable_custom_integrations: None) -> None:
    """Let Home Assistant load what is in custom_components."""


@pytest.fixture(autouse=True)
def _no_parting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open the next link at once: where a test has stopped the clock, no pause ever ends."""
    monkeypatch.setattr(careful_unit, "PARTING", 0)


@pytest.fixture
def everything_enabled() -> Iterator[None]:
    """Create entities enabled that are disabled by default."""
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default",
        new=True,
    ):
        yield


@pytest.fixture
def every_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every change written at once: what a test compares is of this moment."""
    monkeypatch.setattr(entity, "band", lambda _: None)


@pytest.fixture
def charger() -> Charger4X:
    """A 4Business 710 with 22 kW."""
    return Charger4X(model="4Business 710 22 C2")


@pytest.fixture
async def charger_server(socket_enabled: None, charger: Charger4X) -> AsyncIterator[Server]:
    """The charger behind a socket."""
    async with serve(charger) as server:
        yield server


@pytest.fixture
def charger_entry(charger_server: Server) -> MockConfigEntry:
    """The entry of the charger, as the config flow makes it."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="AMTRON 4Business 710 22 C2",
        data={
            "family": "mennekes_tcp",
            "transport": "tcp",
            "host": charger_server.host,
            "port": charger_server.port,
            "unit_id": 1,
            "fingerprint": "4X 4Business 710 22 C2",
        },
    )


@pytest.fixture
async def charger_loaded(
    hass: HomeAssistant, charger_entry: MockConfigEntry
) -> AsyncIterator[MockConfigEntry]:
    """The charger, set up in Home Assistant; unloaded at the end, so that nothing lingers."""
    charger_entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(charger_entry.entry_id)
    await hass.async_block_till_done()
    yield charger_entry
    if hass.config_entries.async_get_entry(charger_entry.entry_id) is not None:
        await hass.config_entries.async_unload(charger_entry.entry_id)
        await hass.async_block_till_done()


@pytest.fixture
async def house(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_loaded: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[House]:
    """A house whose charger is set up, and the controller not yet; at noon."""
    monkeypatch.setattr(inputs, "is_up", lambda _: True)
    clock = JumpingClock(hass.loop)
    yield House(hass, clock, charger, charger_loaded)
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.entry_id != charger_loaded.entry_id:
            await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    clock.release()
