"""Devices that make themselves known."""

import dataclasses
import xml.etree.ElementTree as ET
from collections.abc import AsyncIterator, Iterator
from ipaddress import ip_address
from unittest.mock import patch

import pytest
from homeassistant.config_entries import SOURCE_SSDP, SOURCE_ZEROCONF
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.ssdp import ATTR_UPNP_MANUFACTURER, SsdpServiceInfo
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.voltrail import config_flow
from custom_components.voltrail.const import DOMAIN
from custom_components.voltrail.engine.devices import FAMILIES
from simulators.alfen import sample
from simulators.server import Server, serve
from simulators.victron_gx import VictronGx, description, ess_home

from .test_project import INTEGRATION, load

pytestmark = pytest.mark.usefixtures("socket_enabled")

KINDS = {kind.key: kind for kind in FAMILIES}


def announced(host: str = "127.0.0.1") -> ZeroconfServiceInfo:
    """What a charger says of itself; the port is not Modbus'."""
    return ZeroconfServiceInfo(
        ip_address=ip_address(host),
        ip_addresses=[ip_address(host)],
        port=80,
        hostname="eve.local.",
        type="_alfen._tcp.local.",
        name="NG910-60503-ACE0287582._alfen._tcp.local.",
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
async def test_a_known_charger_is_followed(hass: HomeAssistant) -> None:
    """A charger that moved keeps its entry, with the new address."""
    entry = MockConfigEntry(
        domain=DOMAIN,
        unique_id="alfen_ACE0287582",
        data={"family": "alfen", "transport": "tcp", "host": "192.168.1.9", "port": 502},
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


@pytest.mark.usefixtures("gx_port")
async def test_a_known_gx_is_followed(hass: HomeAssistant, gx: VictronGx) -> None:
    """One that has another address now keeps its entry; another one is another."""
    moved, other = (
        MockConfigEntry(
            domain=DOMAIN,
            unique_id=f"victron_gx_{portal_id}",
            data={"family": "victron_gx", "transport": "tcp", "host": host, "port": 502},
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
