"""A Victron GX in Home Assistant, with its simulator behind a real socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.voltrail.const import DOMAIN
from simulators.server import serve
from simulators.victron_gx import VictronGx, ess_home

from .helpers import poll, set_number, state

pytestmark = pytest.mark.usefixtures("socket_enabled", "unpaced")


@pytest.fixture
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait between probes, nor before reading back."""

    async def at_once(_seconds: float) -> None:
        return

    monkeypatch.setattr(
        "custom_components.voltrail.engine.devices.victron_gx.VictronGx.pause",
        staticmethod(at_once),
    )


@asynccontextmanager
async def loaded(hass: HomeAssistant, gx: VictronGx) -> AsyncIterator[MockConfigEntry]:
    """Set a GX up through the config flow and let it find its devices."""
    async with serve(gx) as server:
        result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
        for answer in (
            {"next_step_id": "victron_gx"},
            {"host": server.host, "port": server.port, "unit_id": 100},
        ):
            result = await hass.config_entries.flow.async_configure(result["flow_id"], answer)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        entry = result["result"]
        for _ in range(3):
            await hass.async_block_till_done(wait_background_tasks=False)
            await poll(hass, entry)
        yield entry
        assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


async def test_an_ess_home_is_found(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry
) -> None:
    """Every device behind the GX is one of its own; a restart probes nothing."""
    gx = ess_home()
    async with loaded(hass, gx) as entry:
        assert entry.unique_id == f"victron_gx_{gx.portal_id}"
        devices = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
        keys = {key for device in devices for _, key in device.identifiers}
        for part in ("vebus_227", "battery_225", "solarcharger_224", "solarcharger_226", "grid_30"):
            assert f"{entry.unique_id}_{part}" in keys
        (gateway,) = [device for device in devices if device.via_device_id is None]
        assert {device.via_device_id for device in devices} == {None, gateway.id}
        errors = gx.status.errors
        assert await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        await poll(hass, entry)
        assert gx.status.errors == errors
        soc = float(state(hass, entry, "sensor", "battery_225/state_of_charge"))
        value = gx.value("battery_512.soc")
        assert isinstance(value, (int, float))
        assert soc == pytest.approx(value, abs=0.2)


async def test_writing_is_a_choice_with_rails(hass: HomeAssistant) -> None:
    """Off by default; with rails a set-point arrives as it was asked for."""
    gx = ess_home()
    async with loaded(hass, gx) as entry:
        assert not hass.states.async_all("number")
        before = {found.entity_id for found in hass.states.async_all("sensor")}
        result = await hass.config_entries.options.async_init(entry.entry_id)
        result = await hass.config_entries.options.async_configure(
            result["flow_id"],
            {
                "scan_interval": 10,
                "write": True,
                "ac_voltage": 230,
                "ac_phases": "3",
                "ac_current": 25,
                "dc_current": 100,
                "battery": "lifepo4_16s",
            },
        )
        assert result["type"] is FlowResultType.CREATE_ENTRY, result
        await hass.async_block_till_done()
        await poll(hass, entry)
        # Turning write access on never renames an entity.
        assert before <= {found.entity_id for found in hass.states.async_all("sensor")}
        await set_number(hass, entry, "grid_setpoint", -5000)
        (word,) = gx.unit(100).read(2700, 1)
        assert word - 0x10000 == -5000


async def test_a_device_that_sleeps_stays(hass: HomeAssistant) -> None:
    """A meter that is off is unavailable, its device stays, the rest goes on."""
    gx = ess_home()
    async with loaded(hass, gx) as entry:
        gx.set({"grid_30.online": False})
        for _ in range(2):
            await poll(hass, entry)
        assert state(hass, entry, "sensor", "grid_30/power") == STATE_UNAVAILABLE
        assert state(hass, entry, "sensor", "battery_225/state_of_charge") != STATE_UNAVAILABLE
