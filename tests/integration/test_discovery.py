"""Devices that make themselves known."""

import dataclasses
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Iterator
from ipaddress import ip_address
from unittest.mock import call, patch

import pytest
from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_SSDP,
    SOURCE_USER,
    SOURCE_ZEROCONF,
    ConfigEntryState,
    ConfigFlowResult,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.ssdp import ATTR_UPNP_MANUFACTURER, SsdpServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.voltrail import config_flow
from custom_components.voltrail.const import DOMAIN
from custom_components.voltrail.engine.devices import FAMILIES
from custom_components.voltrail.engine.model.parts import Identity
from custom_components.voltrail.flows.modbus_probe import Found, Trouble
from simulators.alfen import sample
from simulators.server import Server, serve
from simulators.victron_gx import VictronGx, description, ess_home

from .test_project import INTEGRATION, load

pytestmark = pytest.mark.usefixtures("socket_enabled")

KINDS = {kind.key: kind for kind in FAMILIES}


def announced(host: str = "127.0.0.1", name: str = "NG910-60503-ACE0287582") -> ZeroconfServiceInfo:
    """What a charger says of itself; the port is not Modbus'."""
    return ZeroconfServiceInfo(
        ip_address=ip_address(host),
        ip_addresses=[ip_address(host)],
        port=80,
        hostname="eve.local.",
        type="_alfen._tcp.local.",
        name=f"{name}._alfen._tcp.local.",
        properties={},
    )


@pytest.fixture
async def server(socket_enabled: None) -> AsyncIterator[Server]:
    """A charger on the network."""
    async with serve(sample()) as found:
        yield found


@pytest.fixture
def on_this_port(server: Server) -> Iterator[None]:
    """Let the family's port be the one that the simulator got."""
    kinds = tuple(
        dataclasses.replace(kind, port=server.port)
        if kind.zeroconf or kind.key == "victron_gx"
        else kind
        for kind in FAMILIES
    )
    with patch.object(config_flow, "FAMILIES", kinds):
        yield


def test_the_manifest_listens_for_what_families_announce() -> None:
    """Every announcement a family names is in the manifest, and no other."""
    manifest = load(INTEGRATION / "manifest.json")
    assert set(manifest["zeroconf"]) == {kind for family in FAMILIES for kind in family.zeroconf}
    makers = {family.ssdp_manufacturer for family in FAMILIES} - {None}
    assert {found["manufacturer"] for found in manifest.get("ssdp", ())} == makers


@pytest.mark.usefixtures("on_this_port")
async def test_a_charger_is_found(hass: HomeAssistant) -> None:
    """One confirmation, and it is there."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_ZEROCONF}, data=announced()
    )
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "discovery_confirm"
    result = await hass.config_entries.flow.async_configure(result["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].unique_id == "alfen_ACE0287582"
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(result["result"].entry_id)


@pytest.mark.usefixtures("on_this_port")
async def test_a_known_charger_is_followed(hass: HomeAssistant, server: Server) -> None:
    """A charger that moved keeps its entry, with the new address."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id="alfen_ACE0287582",
        data={
            "family": "alfen",
            "transport": "tcp",
            "host": "192.168.1.9",
            "port": server.port,
            "unit_id": 200,
        },
    )
    entry.add_to_hass(hass)
    with patch("custom_components.voltrail.async_setup_entry", return_value=True):
        result = await hass.config_entries.flow.async_init(
            DOMAIN, context={"source": SOURCE_ZEROCONF}, data=announced()
        )
        await hass.async_block_till_done()
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert entry.data["host"] == "127.0.0.1"


async def set_up(hass: HomeAssistant, server: Server) -> MockConfigEntry:
    """A charger that is set up, at the address where it answers."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id="alfen_ACE0287582",
        data={
            "family": "alfen",
            "transport": "tcp",
            "host": server.host,
            "port": server.port,
            "unit_id": 200,
            "fingerprint": "ACE0287582",
        },
    )
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


async def discover(hass: HomeAssistant, host: str = "127.0.0.1") -> ConfigFlowResult:
    """Let a charger make itself known at an address."""
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_ZEROCONF}, data=announced(host)
    )


async def test_a_charger_that_answers_is_not_moved(hass: HomeAssistant, server: Server) -> None:
    """It may have a second address, or be known by its name: both lead to it."""
    entry = await set_up(hass, server)
    server.device.traffic.clear()
    assert (await discover(hass, "192.168.1.9"))["reason"] == "already_configured"
    asked = server.device.traffic.requests
    assert asked
    for _ in range(5):
        assert (await discover(hass, "192.168.1.9"))["reason"] == "already_configured"
    assert entry.data["host"] == server.host
    # On the link that there is, and once for all of them.
    assert server.device.traffic.requests == asked
    assert server.device.traffic.connections_open == 1
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_charger_that_moved_just_now_is_followed(
    hass: HomeAssistant, server: Server
) -> None:
    """It is asked where it was; the last poll says nothing about now."""
    entry = await set_up(hass, server)
    await server.unplug()
    with (
        patch.object(config_flow, "meet", return_value=_found("ACE0287582")),
        patch.object(hass.config_entries, "async_schedule_reload") as reload,
    ):
        assert (await discover(hass, "192.168.1.9"))["reason"] == "already_configured"
    assert entry.data["host"] == "192.168.1.9"
    assert reload.mock_calls == [call(entry.entry_id)]
    assert await hass.config_entries.async_unload(entry.entry_id)


def _found(serial: str) -> Found:
    """Return what a charger with a serial number answers."""
    identity = Identity(manufacturer="Alfen", model="Eve", serial=serial)
    return Found(identity=identity, fingerprint=serial, read_only=False)


@pytest.mark.parametrize(
    "answer", [Trouble("connection_refused"), _found("ACE0000001")], ids=["nothing", "another"]
)
async def test_an_announcement_alone_moves_nothing(
    hass: HomeAssistant, server: Server, answer: Found | Trouble
) -> None:
    """Anyone in the network can announce a charger: it has to answer there as itself."""
    entry = await set_up(hass, server)
    await server.unplug()
    with patch.object(config_flow, "meet", return_value=answer):
        assert (await discover(hass, "192.168.1.9"))["reason"] == "already_configured"
    assert entry.data["host"] == server.host
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_charging_station_is_followed_to_its_port(hass: HomeAssistant) -> None:
    """What it announces is the port of Modbus; at another one something else may answer."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id="victron_evcs_HQ2309ABCDE",
        data={
            "family": "victron_evcs",
            "transport": "tcp",
            "host": "192.168.1.9",
            "port": 502,
            "unit_id": 1,
        },
    )
    entry.add_to_hass(hass)
    kind = "_victron-car-charger._tcp.local."
    told = ZeroconfServiceInfo(
        ip_address=ip_address("192.168.1.33"),
        ip_addresses=[ip_address("192.168.1.33")],
        port=1502,
        hostname="evcs.local.",
        type=kind,
        name=f"EVCS.{kind}",
        properties={},
    )
    with (
        patch.object(config_flow, "meet", return_value=_found("HQ2309ABCDE")),
        patch("custom_components.voltrail.async_setup_entry", return_value=True),
    ):
        result = await hass.config_entries.flow.async_init(
            DOMAIN, context={"source": SOURCE_ZEROCONF}, data=told
        )
        await hass.async_block_till_done()
    assert result["reason"] == "already_configured"
    assert (entry.data["host"], entry.data["port"]) == ("192.168.1.33", 1502)


async def test_a_charger_that_is_back_is_set_up_at_once(
    hass: HomeAssistant, server: Server
) -> None:
    """Nobody waits for the next try when it makes itself known."""
    await server.unplug()
    entry = await set_up(hass, server)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    await server.plug()
    assert (await discover(hass))["reason"] == "already_configured"
    await hass.async_block_till_done()
    assert hass.config_entries.async_loaded_entries(DOMAIN) == [entry]
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("on_this_port")
async def test_a_charger_at_the_address_of_another_is_found(hass: HomeAssistant) -> None:
    """The other one is gone, and its address was given to this one."""
    MockConfigEntry(
        domain=DOMAIN,
        unique_id="alfen_ACE0000001",
        data={"family": "alfen", "transport": "tcp", "host": "127.0.0.1", "port": 502},
    ).add_to_hass(hass)
    result = await discover(hass)
    assert result["type"] is FlowResultType.FORM
    hass.config_entries.flow.async_abort(result["flow_id"])


async def test_a_charger_without_a_name_is_known_by_its_address(
    hass: HomeAssistant, server: Server
) -> None:
    """Not every firmware announces the serial number; where one is set up nobody is asked."""
    entry = await set_up(hass, server)
    server.device.traffic.clear()
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_ZEROCONF}, data=announced(name="Garage")
    )
    assert result["reason"] == "already_configured"
    assert not server.device.traffic.requests
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("on_this_port")
async def test_a_charger_that_is_not_wanted_is_not_asked(
    hass: HomeAssistant, server: Server
) -> None:
    """Somebody else may be its only client."""
    MockConfigEntry(
        domain=DOMAIN, unique_id="alfen_ACE0287582", source=SOURCE_IGNORE, data={}
    ).add_to_hass(hass)
    assert (await discover(hass))["reason"] == "already_configured"
    assert not server.device.traffic.connections_made


async def test_a_gx_that_is_known_is_not_asked(hass: HomeAssistant) -> None:
    """Its description tells who it is."""
    MockConfigEntry(
        domain=DOMAIN, unique_id="victron_gx_c0619ab12345", source=SOURCE_IGNORE, data={}
    ).add_to_hass(hass)
    with patch.object(config_flow, "meet", side_effect=AssertionError):
        result = await hass.config_entries.flow.async_init(
            DOMAIN,
            context={"source": SOURCE_SSDP},
            data=SsdpServiceInfo(
                ssdp_usn="x",
                ssdp_st="x",
                ssdp_location="http://127.0.0.1:80/description.xml",
                upnp={
                    ATTR_UPNP_MANUFACTURER: "Victron Energy",
                    "X_VrmPortalId": "c0619ab12345",
                },
            ),
        )
    assert result["reason"] == "already_configured"


@pytest.mark.usefixtures("on_this_port")
async def test_a_charger_is_added_by_hand_beside_its_card(
    hass: HomeAssistant, server: Server
) -> None:
    """The card of the discovery does not stand in the way, and goes."""
    card = await discover(hass)
    assert card["type"] is FlowResultType.FORM
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    for answer in (
        {"next_step_id": "alfen"},
        {"host": server.host, "port": server.port, "unit_id": 200},
    ):
        result = await hass.config_entries.flow.async_configure(result["flow_id"], answer)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert not hass.config_entries.flow.async_progress()
    assert await hass.config_entries.async_unload(result["result"].entry_id)


async def test_what_does_not_answer_is_left_alone(hass: HomeAssistant) -> None:
    """No card for a device that cannot be set up; the reason has a text."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_ZEROCONF}, data=announced()
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "connection_refused"


async def test_an_announcement_without_an_address(hass: HomeAssistant) -> None:
    """UPnP without a location leads nowhere."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_SSDP},
        data=SsdpServiceInfo(
            ssdp_usn="x",
            ssdp_st="x",
            ssdp_location=None,
            upnp={ATTR_UPNP_MANUFACTURER: "Victron Energy"},
        ),
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "unknown_host"


# -- over UPnP -----------------------------------------------------------------


@pytest.fixture
def gx() -> VictronGx:
    """A GX with its Modbus TCP server switched on."""
    return ess_home(system_name="Barn")


@pytest.fixture
async def gx_port(gx: VictronGx, socket_enabled: None) -> AsyncIterator[int]:
    """Let the family's port be the one that the simulated GX got."""
    async with serve(gx) as found:
        kinds = tuple(dataclasses.replace(kind, port=found.port) for kind in FAMILIES)
        with patch.object(config_flow, "FAMILIES", kinds):
            yield found.port


def gx_announced(gx: VictronGx, host: str = "127.0.0.1") -> SsdpServiceInfo:
    """What a GX says of itself, read the way Home Assistant reads it."""
    root = ET.fromstring(description(gx))  # noqa: S314 - the simulator's own
    (device,) = [child for child in root if child.tag.endswith("device")]
    upnp = {child.tag.rpartition("}")[2]: child.text for child in device}
    assert upnp["X_VrmPortalId"] == gx.portal_id
    return SsdpServiceInfo(
        ssdp_usn=f"{upnp['UDN']}::upnp:rootdevice",
        ssdp_st="upnp:rootdevice",
        ssdp_location=f"http://{host}:80/upnp.xml",
        upnp=upnp,
    )


async def test_a_gx_is_found(hass: HomeAssistant, gx: VictronGx, gx_port: int) -> None:
    """The portal id is its identity; devices may be named on the way, without a slip."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_SSDP}, data=gx_announced(gx)
    )
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "discovery_confirm"
    placeholders = result["description_placeholders"]
    assert placeholders is not None
    assert placeholders["name"] == "Barn"
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"services": ["vebus"]}
    )
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"services": "services_invalid"}
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"services": ["vebus 227"]}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    assert entry.unique_id == f"victron_gx_{gx.portal_id}"
    assert entry.data["port"] == gx_port
    assert entry.options == {"services": ["vebus 227"]}
    await hass.async_block_till_done()
    # So far it has cost the GX nothing.
    assert gx.status.errors == 0
    # It goes on announcing itself.
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_SSDP}, data=gx_announced(gx)
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_known_gx_is_followed(hass: HomeAssistant, gx: VictronGx, gx_port: int) -> None:
    """One that has another address now keeps its entry; another one is another."""
    moved, other = (
        MockConfigEntry(
            domain=DOMAIN,
            unique_id=f"victron_gx_{portal_id}",
            data={
                "family": "victron_gx",
                "transport": "tcp",
                "host": host,
                "port": gx_port,
                "unit_id": 100,
            },
        )
        for portal_id, host in ((gx.portal_id, "192.168.1.9"), ("c0619ab00009", "192.168.1.8"))
    )
    for entry in (moved, other):
        entry.add_to_hass(hass)
    with patch("custom_components.voltrail.async_setup_entry", return_value=True):
        result = await hass.config_entries.flow.async_init(
            DOMAIN, context={"source": SOURCE_SSDP}, data=gx_announced(gx)
        )
        await hass.async_block_till_done()
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert moved.data["host"] == "127.0.0.1"
    assert other.data["host"] == "192.168.1.8"


async def test_a_gx_without_modbus_is_left_alone(hass: HomeAssistant, gx: VictronGx) -> None:
    """It announces itself all the same, and nobody is bothered with a card that leads nowhere."""
    result = await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_SSDP}, data=gx_announced(gx)
    )
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "connection_refused"
