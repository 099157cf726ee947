"""Diagnostics: complete enough to replay a device, and silent about its owner."""

import json

import pytest
from homeassistant.core import HomeAssistant
from modbus_connection.mock import MockModbusConnection
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.voltrail.const import DOMAIN
from custom_components.voltrail.diagnostics import async_get_config_entry_diagnostics
from custom_components.voltrail.engine.devices.mennekes_tcp import MennekesTcp
from custom_components.voltrail.engine.polling.polled_device import Cadence
from simulators import alfen
from simulators.mennekes_tcp import Charger4X
from simulators.server import Server, serve

from .helpers import poll


@pytest.mark.usefixtures("charger_loaded")
async def test_every_register_is_in_it(hass: HomeAssistant, charger_entry: MockConfigEntry) -> None:
    """The dump replays to the same values on a mock unit."""
    found = await async_get_config_entry_diagnostics(hass, charger_entry)
    dump = json.loads(json.dumps(found["dump"], default=str))
    assert not dump["failed"]
    connection = MockModbusConnection()
    unit = connection.for_unit(1)
    unit.load_raw(dump["units"]["1"])
    replayed = MennekesTcp(connection.for_unit, 1)
    await replayed.identify()
    await replayed.poll(Cadence.MEASUREMENTS)
    await replayed.poll(Cadence.SETTINGS)
    values = {
        reading.path: reading.read()
        for reading in replayed.readings()
        if not reading.point.private and reading.point.states is None
    }
    assert values
    for path, value in values.items():
        assert found["readings"][path] == value, path
    assert found["identity"]["model"] == "AMTRON 4Business 710 22 C2"
    assert found["last_poll"]["successful"]


@pytest.mark.usefixtures("charger_loaded")
async def test_nothing_identifies_a_person(
    hass: HomeAssistant, charger_server: Server, charger_entry: MockConfigEntry
) -> None:
    """Host and given name are taken out, also from the raw registers."""
    found = await async_get_config_entry_diagnostics(hass, charger_entry)
    text = json.dumps(found, default=str)
    assert "Garage" not in text
    assert charger_server.host not in text
    registers = found["dump"]["units"][1]["holding"]
    assert registers[2158] == 0x5858


@pytest.mark.usefixtures("charger_loaded")
async def test_a_dead_device_still_has_diagnostics(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_server: Server,
    charger_entry: MockConfigEntry,
) -> None:
    """What is known is told, and what failed is named."""
    await charger_server.unplug()
    await poll(hass, charger_entry)
    found = await async_get_config_entry_diagnostics(hass, charger_entry)
    assert not found["last_poll"]["successful"]
    assert "could not connect" in found["dump"]["error"]
    assert found["readings"]["power"] == 0
    # The reasons name the host.
    assert charger_server.host not in json.dumps(found, default=str)


async def test_a_silent_device_is_not_asked_for_everything(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A person waits for the file: two time-outs tell enough."""
    monkeypatch.setattr(MennekesTcp, "request_timeout", 0.1)
    charger_entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(charger_entry.entry_id)
    await hass.async_block_till_done()
    charger.faults.silence()
    charger.traffic.clear()
    found = await async_get_config_entry_diagnostics(hass, charger_entry)
    assert found["dump"] == {"error": "The device did not answer in time."}
    assert charger.traffic.requests <= 2
    charger.faults.clear()
    assert await hass.config_entries.async_unload(charger_entry.entry_id)


@pytest.mark.usefixtures("socket_enabled")
async def test_another_device_is_not_named(hass: HomeAssistant) -> None:
    """Where another one answers, neither serial number is told."""
    station = alfen.Eve(serial="ACE0000001")
    async with serve(station) as server:
        entry = MockConfigEntry(
            domain=DOMAIN,
            data={
                "family": "alfen",
                "transport": "tcp",
                "host": server.host,
                "port": server.port,
                "unit_id": 200,
                "fingerprint": "ACE0000002",
            },
        )
        entry.add_to_hass(hass)
        await hass.config_entries.async_setup(entry.entry_id)
        found = await async_get_config_entry_diagnostics(hass, entry)
        assert found["state"] == "setup_retry"
        assert found["reason"] == "wrong_device"
        assert "ACE0" not in json.dumps(found)
        await hass.config_entries.async_remove(entry.entry_id)


async def test_a_device_that_cannot_be_set_up_has_diagnostics(
    hass: HomeAssistant, charger_server: Server, charger_entry: MockConfigEntry
) -> None:
    """Of an entry that is not loaded there are its settings, and why."""
    await charger_server.unplug()
    charger_entry.add_to_hass(hass)
    await hass.config_entries.async_setup(charger_entry.entry_id)
    found = await async_get_config_entry_diagnostics(hass, charger_entry)
    assert found["entry"]["data"]["family"] == "mennekes_tcp"
    assert found["state"] == "setup_retry"
    assert "could not connect" in found["reason"]
    assert charger_server.host not in json.dumps(found, default=str)
    await hass.config_entries.async_remove(charger_entry.entry_id)
