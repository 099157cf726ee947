"""An AMTRON Xtra in Home Assistant, with its simulator behind a real socket."""

import pytest
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.voltrail.const import DOMAIN
from simulators.mennekes_tcp import ChargerHcc3
from simulators.server import serve

from .helpers import poll, set_number, state, turn


@pytest.mark.usefixtures("socket_enabled")
async def test_from_the_form_to_a_pause(hass: HomeAssistant) -> None:
    """The form finds it at unit 255, and orders reach it; nothing is written before them."""
    charger = ChargerHcc3()
    charger.plug_in()
    async with serve(charger) as server:
        result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
        result = await hass.config_entries.flow.async_configure(
            result["flow_id"], {"next_step_id": "mennekes_tcp"}
        )
        result = await hass.config_entries.flow.async_configure(
            result["flow_id"], {"host": server.host, "port": server.port, "unit_id": 255}
        )
        assert result["type"] is FlowResultType.CREATE_ENTRY
        entry = result["result"]
        assert entry.data["unit_id"] == 255
        assert entry.unique_id == "mennekes_tcp_420112345"
        await hass.async_block_till_done()
        assert entry.state is ConfigEntryState.LOADED
        assert not charger.traffic.writes
        charger.advance(30)
        await poll(hass, entry)
        assert state(hass, entry, "sensor", "charging_state") == "charging"
        assert float(state(hass, entry, "number", "current_limit")) == 16
        await set_number(hass, entry, "current_limit", 9)
        assert charger.hcc3.limit == 9
        await turn(hass, entry, "charging", on=False)
        assert charger.hcc3.limit == 0
        assert state(hass, entry, "switch", "charging") == "off"
        assert await hass.config_entries.async_unload(entry.entry_id)
