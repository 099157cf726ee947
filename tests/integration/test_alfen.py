"""An Alfen Eve in Home Assistant, with its simulator behind a real socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.voltrail.const import DOMAIN
from simulators.alfen import Eve, sample
from simulators.server import serve

from .helpers import entity_id, poll, set_number, state, turn

pytestmark = pytest.mark.usefixtures("socket_enabled")


@asynccontextmanager
async def loaded(hass: HomeAssistant, eve: Eve) -> AsyncIterator[MockConfigEntry]:
    """Set a station up through the config flow, and let go of it at the end."""
    async with serve(eve) as server:
        result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
        for answer in (
            {"next_step_id": "alfen"},
            {"host": server.host, "port": server.port, "unit_id": 200},
        ):
            result = await hass.config_entries.flow.async_configure(result["flow_id"], answer)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()
        entry = result["result"]
        yield entry
        assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


@pytest.mark.usefixtures("everything_enabled")
async def test_the_recorded_station(hass: HomeAssistant) -> None:
    """The values of a station with firmware 6.1.0-4159, as entity states."""
    async with loaded(hass, sample()) as entry:
        assert entry.title == "DIE_14966"
        assert entry.unique_id == "alfen_ACE0287582"
        for path, shown in (
            ("socket_1/voltage_l1", 237.82),
            ("socket_1/voltage_l2", 240.76),
            ("socket_1/voltage_l3", 238.81),
            ("socket_1/current_l1", 0),
            ("socket_1/frequency", 50.02),
            ("socket_1/energy_charged", 0.031),
            ("socket_1/current_offered", 6),
            ("socket_1/safe_current", 6),
            ("socket_1/setpoint_validity", 0),
            ("temperature", 35.81),
        ):
            assert float(state(hass, entry, "sensor", path)) == pytest.approx(shown, abs=0.005), (
                path
            )
        assert state(hass, entry, "sensor", "socket_1/mode3_state") == "a"
        assert state(hass, entry, "sensor", "socket_1/charging_state") == "no_vehicle"
        assert state(hass, entry, "sensor", "socket_1/blocked_by") == "no_vehicle"
        assert state(hass, entry, "binary_sensor", "socket_1/setpoint_accounted_for") == "on"
        assert state(hass, entry, "sensor", "socket_1/voltage_l1_l2") == STATE_UNKNOWN
        assert float(state(hass, entry, "number", "socket_1/current_limit")) == 6


async def test_values_that_are_missing_sleep(hass: HomeAssistant) -> None:
    """What reads NaN at first has an entity that is disabled."""
    async with loaded(hass, sample()) as entry:
        found = er.async_get(hass).async_get(entity_id(hass, entry, "sensor", "socket_1/power_l1"))
        assert found is not None
        assert found.disabled_by is er.RegistryEntryDisabler.INTEGRATION


async def test_values_that_come_wake_their_entity(hass: HomeAssistant) -> None:
    """A meter that starts to report a phase enables its entity; a person's choice stays."""
    eve = sample()
    async with loaded(hass, eve) as entry:
        registry = er.async_get(hass)
        l1, l2 = (entity_id(hass, entry, "sensor", f"socket_1/power_l{phase}") for phase in (1, 2))
        registry.async_update_entity(l2, disabled_by=er.RegistryEntryDisabler.USER)
        eve.set({"meter.kind": "full"})
        await poll(hass, entry)
        for found, expected in ((l1, None), (l2, er.RegistryEntryDisabler.USER)):
            known = registry.async_get(found)
            assert known is not None
            assert known.disabled_by is expected


async def test_values_that_came_while_nobody_looked_wake_their_entity(hass: HomeAssistant) -> None:
    """A meter that was fitted while Home Assistant was off has entities like any other."""
    eve = sample()
    async with loaded(hass, eve) as entry:
        registry = er.async_get(hass)
        l1, l2 = (entity_id(hass, entry, "sensor", f"socket_1/power_l{phase}") for phase in (1, 2))
        registry.async_update_entity(l2, disabled_by=er.RegistryEntryDisabler.USER)
        assert await hass.config_entries.async_unload(entry.entry_id)
        eve.set({"meter.kind": "full"})
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        for found, expected in ((l1, None), (l2, er.RegistryEntryDisabler.USER)):
            known = registry.async_get(found)
            assert known is not None
            assert known.disabled_by is expected


async def test_sockets_are_devices_of_their_own(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry
) -> None:
    """Two sockets hang below the station."""
    async with loaded(hass, Eve(sockets=2)) as entry:
        (station,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
        children = dr.async_child_entries_for_config_entry(device_registry, entry.entry_id)
        assert sorted(child.name or "" for child in children) == [
            "Socket 1",
            "Socket 2",
        ]
        assert {child.parent_device_id for child in children} == {station.id}
        assert station.serial_number
        assert station.manufacturer == "Alfen NV"


async def test_controls_move_their_own_socket(hass: HomeAssistant) -> None:
    """Limit, switch and power of socket 2 leave socket 1 alone."""
    eve = Eve(sockets=2)
    async with loaded(hass, eve) as entry:
        before = eve.register("setpoint", 1).value
        await set_number(hass, entry, "socket_2/current_limit", 12.5)
        assert eve.register("setpoint", 2).value == 12.5
        await turn(hass, entry, "socket_2/charging", on=False)
        assert eve.register("setpoint", 2).value == 0
        await turn(hass, entry, "socket_2/charging", on=True)
        assert eve.register("setpoint", 2).value == 12.5
        await set_number(hass, entry, "socket_2/power_limit", 6900)
        limit = eve.register("setpoint", 2).value
        assert isinstance(limit, float)
        assert 9 <= limit <= 10.1
        assert eve.register("setpoint", 1).value == before


async def test_a_socket_is_a_charger_for_actions(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry
) -> None:
    """The station of two sockets is ambiguous, a socket is not."""
    eve = Eve(sockets=2)
    async with loaded(hass, eve) as entry:
        (station,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
        second = next(
            child
            for child in dr.async_child_entries_for_config_entry(device_registry, entry.entry_id)
            if child.name is not None and child.name.endswith("2")
        )
        with pytest.raises(HomeAssistantError) as caught:
            await hass.services.async_call(
                DOMAIN, "pause_charging", {"device_id": station.id}, blocking=True
            )
        assert caught.value.translation_key == "which_socket"
        await hass.services.async_call(
            DOMAIN,
            "set_charging_current",
            {"device_id": second.id, "current": 11},
            blocking=True,
        )
        assert eve.register("setpoint", 2).value == 11
        answer = await hass.services.async_call(
            DOMAIN, "get_status", {"device_id": second.id}, blocking=True, return_response=True
        )
        assert answer is not None
        assert answer[second.id]["current_limit"] == 11  # type: ignore[index,call-overload]  # JSON


async def test_phases_can_be_chosen(hass: HomeAssistant) -> None:
    """The select writes 1215; without the installer's option the refusal is explained."""
    eve = Eve()
    async with loaded(hass, eve) as entry:
        await set_number(hass, entry, "socket_1/current_limit", 10)
        found = hass.states.get(entity_id(hass, entry, "select", "socket_1/phases"))
        assert found is not None
        assert found.attributes["options"] == ["one", "three"]
        assert found.state == "three"


async def test_the_poll_is_lean(hass: HomeAssistant) -> None:
    """Two requests per socket and one for the station."""
    eve = Eve(sockets=2)
    async with loaded(hass, eve) as entry:
        coordinator = entry.runtime_data.coordinator
        await poll(hass, entry)
        coordinator._settings_due = hass.loop.time() + 1000
        eve.traffic.clear()
        await poll(hass, entry)
        reads = [(read.unit, read.address, read.length) for read in eve.traffic.reads]
        assert len([read for read in reads if read[0] == 1]) == 2
        assert len([read for read in reads if read[0] == 2]) == 2
        assert len([read for read in reads if read[0] == 200]) <= 1
