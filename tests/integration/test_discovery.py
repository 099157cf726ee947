"""Devices that make themselves known."""

import dataclasses
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
