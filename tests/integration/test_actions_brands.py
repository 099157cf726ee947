"""Actions and JSON-RPC for stations with two sockets, and for what only some chargers have."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.voltrail.api.actions import ALWAYS_ANSWERED, QUESTIONS
from custom_components.voltrail.const import DOMAIN
from simulators.alfen import Eve
from simulators.device import SimulatedDevice
from simulators.mennekes_rtu import Compact
from simulators.mennekes_tcp import Charger4X
from simulators.server import Server, serve

from .helpers import poll
from .test_rpc import ask

pytestmark = pytest.mark.usefixtures("socket_enabled")


@asynccontextmanager
async def loaded(
    hass: HomeAssistant, device: SimulatedDevice, **data: object
) -> AsyncIterator[tuple[MockConfigEntry, Server]]:
    """A device that is set up."""
    async with serve(device) as server:
        place = {"transport": "tcp", "host": server.host, "port": server.port}
        entry = MockConfigEntry(domain=DOMAIN, title="Driveway", data={**place, **data})
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        yield entry, server
        assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


@pytest.fixture
async def double(hass: HomeAssistant) -> AsyncIterator[tuple[Eve, MockConfigEntry, Server]]:
    """A station with two sockets."""
    eve = Eve(sockets=2)
    about = {"family": "alfen", "unit_id": 200, "fingerprint": eve.station.serial}
    async with loaded(hass, eve, **about) as (entry, server):
        yield eve, entry, server


@pytest.fixture
async def compact(hass: HomeAssistant) -> AsyncIterator[tuple[Compact, MockConfigEntry]]:
    """A charger that switches phases, locks, restarts and recovers."""
    charger = Compact(dynamic_phases=True, fallback=6)
    about = {"family": "mennekes_rtu", "unit_id": 50, "fingerprint": charger.box.serial}
    async with loaded(hass, charger, **about) as (entry, _):
        yield charger, entry


def device_ids(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, str]:
    """The devices of the registry by the keys of the parts; the station by no key."""
    registry = dr.async_get(hass)
    found = {}
    for device in (
        *dr.async_entries_for_config_entry(registry, entry.entry_id),
        *dr.async_child_entries_for_config_entry(registry, entry.entry_id),
    ):
        ((_, identifier),) = device.identifiers
        found[identifier.removeprefix(f"{entry.entry_id}").lstrip("_")] = device.id
    return found


async def call(hass: HomeAssistant, name: str, device_id: object, **data: object) -> Any:
    """Call an action."""
    return await hass.services.async_call(
        DOMAIN,
        name,
        {"device_id": device_id, **data},
        blocking=True,
        return_response=name.startswith(("get_", "read_")),
    )


async def test_a_socket_is_named_by_its_device(
    hass: HomeAssistant, double: tuple[Eve, MockConfigEntry, Server]
) -> None:
    """Each has its own limit, and tells what both share; an order to the station is one to both."""
    eve, entry, _ = double
    ids = device_ids(hass, entry)
    await call(hass, "set_charging_current", ids["socket_2"], current=9)
    left, right = eve.sockets
    assert (left.setpoint, right.setpoint) == (6, 9)
    answer = await call(hass, "get_diagnostics", ids["socket_2"])
    assert "temperature" in answer[ids["socket_2"]]
    await call(hass, "set_charging_current", ids[""], current=8)
    assert (left.setpoint, right.setpoint) == (8, 8)
    assert set(await call(hass, "get_status", ids[""])) == {ids["socket_1"], ids["socket_2"]}


async def test_what_a_charger_cannot_do_is_said(
    hass: HomeAssistant, double: tuple[Eve, MockConfigEntry, Server]
) -> None:
    """Of several devices none is asked if one cannot do it."""
    eve, entry, _ = double
    ids = device_ids(hass, entry)
    eve.traffic.clear()
    for name, data, key in (
        ("set_lock", {"locked": True}, "cannot_lock"),
        ("restart", {}, "cannot_restart"),
        ("recover", {}, "cannot_recover"),
    ):
        with pytest.raises(ServiceValidationError) as refused:
            await call(hass, name, [ids["socket_1"]], **data)
        assert refused.value.translation_key == key
    assert eve.traffic.requests == 0


async def test_rpc_wants_the_socket(
    hass_client: ClientSessionGenerator, double: tuple[Eve, MockConfigEntry, Server]
) -> None:
    """With two of them the parameter device is needed; the error names them."""
    eve, _, _ = double
    client = await hass_client()
    body = await ask(client, "getStatus")
    assert body["error"]["code"] == -32602
    assert "Driveway socket_2" in body["error"]["message"]
    serial = f"{eve.station.serial} socket_2"
    for name in (serial, "Driveway socket_2"):
        body = await ask(client, "setChargingCurrent", ampere=11, device=name)
        assert body["result"]["success"] is True
    assert eve.sockets[1].setpoint == 11
    configuration = (await ask(client, "getConfiguration", device=serial))["result"]["data"]
    assert configuration["maxCurrentHouse"] == 32
    assert configuration["phaseOptionsHw"] is None


async def test_a_question_to_a_station_that_is_gone(
    hass: HomeAssistant, double: tuple[Eve, MockConfigEntry, Server]
) -> None:
    """What nobody watches cannot be read, and that is said instead of an old value."""
    _, entry, server = double
    ids = device_ids(hass, entry)
    await server.unplug()
    with pytest.raises(HomeAssistantError):
        await call(hass, "get_diagnostics", ids["socket_1"])
    await poll(hass, entry)


async def test_old_values_are_no_answer(
    hass: HomeAssistant, double: tuple[Eve, MockConfigEntry, Server]
) -> None:
    """Of a station that is known to be gone only that much is said."""
    _, entry, server = double
    socket = device_ids(hass, entry)["socket_1"]
    await server.unplug()
    await poll(hass, entry)
    for name in sorted(QUESTIONS.keys() - ALWAYS_ANSWERED):
        with pytest.raises(HomeAssistantError) as caught:
            await call(hass, name, socket)
        assert caught.value.translation_key == "device_silent"
    told = (await call(hass, "get_diagnostics", socket))[socket]
    assert told.pop("available") is False
    assert set(told) == {"failed", "problems"}
    assert (await call(hass, "get_device_info", socket))[socket]["model"]


async def test_one_that_is_gone_does_not_keep_an_order_from_the_others(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_loaded: MockConfigEntry,
    double: tuple[Eve, MockConfigEntry, Server],
) -> None:
    """All are told to pause, whichever of them fails, and the failure is told."""
    eve, entry, server = double
    mine = device_ids(hass, charger_loaded)[""]
    sockets = device_ids(hass, entry)
    everybody = [sockets["socket_1"], mine, sockets["socket_2"]]
    await call(hass, "set_charging_current", everybody, current=10)
    assert charger.unit(1).read(2000, 1) == [10]
    await server.unplug()
    with pytest.raises(HomeAssistantError) as caught:
        await call(hass, "pause_charging", everybody)
    assert caught.value.translation_key == "link_down"
    assert charger.unit(1).read(2000, 1) == [0]
    assert [socket.setpoint for socket in eve.sockets] == [10, 10]


async def test_a_device_that_is_named_twice_is_told_once(
    hass: HomeAssistant, compact: tuple[Compact, MockConfigEntry]
) -> None:
    """Nothing is restarted twice, and nothing else is ordered twice."""
    charger, entry = compact
    device_id = device_ids(hass, entry)[""]
    await call(hass, "set_lock", [device_id, device_id], locked=True)
    # Life signs come in between, when their time has come.
    orders = [write for write in charger.traffic.writes if write.address != 0x0D00]
    assert [write.values for write in orders if write.address == orders[-1].address] == [(1,)]


async def test_what_only_some_chargers_have(
    hass: HomeAssistant, compact: tuple[Compact, MockConfigEntry]
) -> None:
    """Phases, lock, restart and recovery reach the charger."""
    charger, entry = compact
    device_id = device_ids(hass, entry)[""]
    await call(hass, "set_requested_phases", device_id, phases="one")
    assert charger.state()["ems.single_phase"] is True
    await call(hass, "set_lock", device_id, locked=True)
    assert charger.state()["ems.locked"] is True
    answer = await call(hass, "get_configuration", device_id)
    assert answer[device_id]["station_locked"] is True
    await call(hass, "set_lock", device_id, locked=False)
    await call(hass, "recover", device_id)
    charger.traffic.clear()
    await call(hass, "restart", device_id)
    assert charger.traffic.writes
