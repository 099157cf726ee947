"""The device registry: one device for a charger with one socket, names that tell sockets apart."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.voltrail.const import DOMAIN
from simulators.alfen import Eve
from simulators.server import serve

from .helpers import entity_id

pytestmark = pytest.mark.usefixtures("socket_enabled")

SERIAL = "ACE0123456"


@asynccontextmanager
async def prepared(hass: HomeAssistant, eve: Eve) -> AsyncIterator[MockConfigEntry]:
    """Return the entry of a station that is not set up yet, and unload it at the end."""
    async with serve(eve) as server:
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="Driveway",
            unique_id=f"alfen_{SERIAL}",
            data={
                "family": "alfen",
                "transport": "tcp",
                "host": server.host,
                "port": server.port,
                "unit_id": 200,
                "fingerprint": None,
            },
        )
        entry.add_to_hass(hass)
        yield entry
        await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set the entry up."""
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


def former_socket(hass: HomeAssistant, entry: MockConfigEntry) -> dr.ChildDeviceEntry:
    """Register the devices as earlier versions left them; return that of the only socket."""
    registry = dr.async_get(hass)
    key = f"alfen_{SERIAL}"
    station = registry.async_get_or_create(
        config_entry_id=entry.entry_id, identifiers={(DOMAIN, key)}, name="Driveway"
    )
    return registry.async_get_or_create_child(
        config_entry_id=entry.entry_id,
        identifiers={(DOMAIN, f"{key}_socket_1")},
        parent_device_id=station.id,
        name="Socket 1",
    )


def former_power(
    hass: HomeAssistant, entry: MockConfigEntry, former: dr.ChildDeviceEntry
) -> er.RegistryEntry:
    """Register the power of the socket as earlier versions left it."""
    return er.async_get(hass).async_get_or_create(
        "sensor",
        DOMAIN,
        f"alfen_{SERIAL}_socket_1_power",
        config_entry=entry,
        device_id=former.id,
        suggested_object_id="socket_1_power",
    )


async def test_one_socket_is_one_device(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry
) -> None:
    """Nobody looks for the power of his charger on a device called Socket 1."""
    async with prepared(hass, Eve()) as entry:
        await set_up(hass, entry)
        (charger,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
        assert not dr.async_child_entries_for_config_entry(device_registry, entry.entry_id)
        assert charger.name == "Driveway"
        power = entity_id(hass, entry, "sensor", "socket_1/power")
        assert power == "sensor.driveway_power"
        found = hass.states.get(power)
        assert found is not None
        assert found.name == "Driveway Power"


async def test_earlier_registries_are_taken_over(
    hass: HomeAssistant,
    device_registry: dr.DeviceRegistry,
    entity_registry: er.EntityRegistry,
    area_registry: ar.AreaRegistry,
) -> None:
    """Ids, and what a person made of the socket's device, pass to the charger."""
    async with prepared(hass, Eve()) as entry:
        former = former_socket(hass, entry)
        area = area_registry.async_create("Yard")
        device_registry.async_update_child_device(
            former.id, area_id=area.id, name_by_user="Left side", labels={"car"}
        )
        power = former_power(hass, entry, former)
        await set_up(hass, entry)
        (charger,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
        assert not dr.async_child_entries_for_config_entry(device_registry, entry.entry_id)
        assert charger.area_id == area.id
        assert charger.name_by_user == "Left side"
        assert charger.labels == {"car"}
        assert entity_id(hass, entry, "sensor", "socket_1/power") == power.entity_id
        kept = entity_registry.async_get(power.entity_id)
        assert kept is not None
        assert (kept.id, kept.device_id) == (power.id, charger.id)
        answer = await hass.services.async_call(
            DOMAIN, "get_status", {"device_id": former.id}, blocking=True, return_response=True
        )
        assert answer is not None
        assert set(answer) == {former.id}, "an automation still names the former device"


async def test_what_was_off_with_its_device_stays_off(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry, entity_registry: er.EntityRegistry
) -> None:
    """Whoever disabled the socket's device had a reason."""
    async with prepared(hass, Eve()) as entry:
        former = former_socket(hass, entry)
        power = former_power(hass, entry, former)
        device_registry.async_update_child_device(
            former.id, disabled_by=dr.DeviceEntryDisabler.USER
        )
        await hass.async_block_till_done()
        await set_up(hass, entry)
        known = entity_registry.async_get(power.entity_id)
        assert known is not None
        assert known.disabled_by is er.RegistryEntryDisabler.USER


async def test_what_a_person_made_of_the_charger_is_kept(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry, area_registry: ar.AreaRegistry
) -> None:
    """The charger's own area and name win over those of its socket."""
    async with prepared(hass, Eve()) as entry:
        former = former_socket(hass, entry)
        yard, street = (area_registry.async_create(name) for name in ("Yard", "Street"))
        device_registry.async_update_child_device(
            former.id, area_id=yard.id, name_by_user="Left side"
        )
        device_registry.async_update_device(
            former.parent_device_id, area_id=street.id, name_by_user="Charger"
        )
        await set_up(hass, entry)
        (charger,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
        assert charger.area_id == street.id
        assert charger.name_by_user == "Charger"


async def test_sockets_are_named_after_their_charger(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry
) -> None:
    """Two chargers with two sockets have four names, also when one is named anew."""
    async with prepared(hass, Eve(sockets=2)) as entry:
        await set_up(hass, entry)

        def names() -> list[str]:
            children = dr.async_child_entries_for_config_entry(device_registry, entry.entry_id)
            return sorted(child.name or "" for child in children)

        assert names() == ["Driveway socket 1", "Driveway socket 2"]
        (station,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
        device_registry.async_update_device(station.id, name_by_user="Carport")
        await hass.async_block_till_done()
        assert names() == ["Carport socket 1", "Carport socket 2"]
        power = entity_id(hass, entry, "sensor", "socket_1/power")
        assert power == "sensor.driveway_socket_1_power"
