"""A Victron EV charging station in Home Assistant, with its simulator behind a real socket."""

import pytest
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.voltrail.const import DOMAIN
from simulators.server import Server, serve
from simulators.victron_evcs import ChargingStation
from simulators.victron_evcs.station import Mode

from .helpers import poll, set_number, state, turn

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def submit(hass: HomeAssistant, server: Server) -> ConfigFlowResult:
    """Fill in the form."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    for answer in (
        {"next_step_id": "victron_evcs"},
        {"host": server.host, "port": server.port, "unit_id": 1},
    ):
        result = await hass.config_entries.flow.async_configure(result["flow_id"], answer)
    return result


async def test_from_the_form_to_a_pause(hass: HomeAssistant) -> None:
    """It is set up with its defaults, obeys in manual mode, and says why it does not elsewhere."""
    station = ChargingStation()
    station.plug_in()
    async with serve(station) as server:
        result = await submit(hass, server)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        entry = result["result"]
        assert entry.unique_id == "victron_evcs_HQ2309ABCDE"
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
        assert not station.traffic.writes
        station.advance(30)
        await poll(hass, entry)
        assert state(hass, entry, "sensor", "charging_state") == "charging"
        assert float(state(hass, entry, "sensor", "power")) > 10_000
        await set_number(hass, entry, "current_limit", 9)
        assert station.evcs.set_current == 9
        await turn(hass, entry, "charging", on=False)
        assert not station.evcs.started
        station.evcs.mode = Mode.AUTO
        await poll(hass, entry)
        assert state(hass, entry, "number", "current_limit") == "unavailable"
        assert state(hass, entry, "select", "ev_charger_mode") == "auto"
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_something_else_at_its_port(hass: HomeAssistant) -> None:
    """It answers 0 to everything, which reads like a station without a car: no entry."""
    station = ChargingStation()
    station.evcs.all_zeros = True
    async with serve(station) as server:
        result = await submit(hass, server)
        assert result["type"] is FlowResultType.FORM
        assert result["errors"] == {"base": "other_registers"}
        assert not station.traffic.writes


@pytest.mark.parametrize("choice", ["directly", "through_gateway"])
async def test_one_that_is_behind_a_gateway_too(hass: HomeAssistant, choice: str) -> None:
    """Its control and its energy come one way, and not both."""
    gx = MockConfigEntry(domain=DOMAIN, unique_id="victron_gx_c0619ab12345", data={})
    gx.add_to_hass(hass)
    registry = dr.async_get(hass)
    gateway = registry.async_get_or_create(
        config_entry_id=gx.entry_id, identifiers={(DOMAIN, "gx")}, name="GX"
    )
    behind = registry.async_get_or_create(
        config_entry_id=gx.entry_id,
        identifiers={(DOMAIN, "gx_evcharger_40")},
        name="Carport",
        serial_number="HQ2309ABCDE",
        via_device_id=gateway.id,
    )
    station = ChargingStation()
    async with serve(station) as server:
        result = await submit(hass, server)
        assert result["type"] is FlowResultType.MENU
        assert result["description_placeholders"] == {"name": "Carport øst", "other": "Carport"}
        result = await hass.config_entries.flow.async_configure(
            result["flow_id"], {"next_step_id": choice}
        )
        await hass.async_block_till_done()
        known = registry.async_get(behind.id)
        assert known is not None
        if choice == "directly":
            assert result["type"] is FlowResultType.CREATE_ENTRY
            assert known.disabled
            assert await hass.config_entries.async_unload(result["result"].entry_id)
        else:
            assert result["type"] is FlowResultType.ABORT
            assert result["reason"] == "stays_behind_gateway"
            assert not known.disabled


async def test_orders_are_refused_in_its_own_modes(hass: HomeAssistant) -> None:
    """With the reason, and nothing is written."""
    station = ChargingStation()
    async with serve(station) as server:
        entry = (await submit(hass, server))["result"]
        await hass.async_block_till_done()
        station.evcs.mode = Mode.SCHEDULED
        with pytest.raises(HomeAssistantError, match="not in manual mode"):
            await set_number(hass, entry, "current_limit", 9)
        assert not station.traffic.writes
        assert await hass.config_entries.async_unload(entry.entry_id)
