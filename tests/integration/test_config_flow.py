"""The config flow, through the same doors as a person's browser."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from pymodbus.client import AsyncModbusTcpClient
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.voltrail import link
from custom_components.voltrail.const import DOMAIN
from custom_components.voltrail.engine.devices import FAMILIES
from simulators.mennekes_tcp import Charger4X, ChargerEcu
from simulators.server import Server, serve

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def open_form(hass: HomeAssistant, family: str = "mennekes_tcp") -> dict[str, Any]:
    """Go to the form of a family that is reached in one way only."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.MENU
    assert result["menu_options"] == [kind.key for kind in FAMILIES]
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"next_step_id": family}
    )
    assert result["type"] is FlowResultType.FORM
    return dict(result)


async def submit(
    hass: HomeAssistant,
    flow: dict[str, Any],
    host: str,
    port: int,
    unit_id: int = 1,
    **more: object,
) -> dict[str, Any]:
    """Fill the form in."""
    return dict(
        await hass.config_entries.flow.async_configure(
            flow["flow_id"], {"host": host, "port": port, "unit_id": unit_id, **more}
        )
    )


async def recover(hass: HomeAssistant, flow: dict[str, Any], server: Server) -> None:
    """After trouble, the same flow ends well."""
    result = await submit(hass, flow, server.host, server.port)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(result["result"].entry_id)


def assert_nothing_left(hass: HomeAssistant) -> None:
    """No link is held, and no entry was made."""
    assert not hass.data.get("modbus_connections")
    assert not hass.config_entries.async_entries(DOMAIN)


async def test_a_charger_is_added(hass: HomeAssistant, charger_server: Server) -> None:
    """Menu, form, entry: the charger names itself."""
    flow = await open_form(hass)
    assert flow["step_id"] == "mennekes_tcp"
    result = await submit(hass, flow, charger_server.host.upper(), charger_server.port)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Garage"
    assert result["data"] == {
        "family": "mennekes_tcp",
        "transport": "tcp",
        "host": charger_server.host,
        "port": charger_server.port,
        "unit_id": 1,
        "fingerprint": "4X 4Business 710 22 C2",
    }
    await hass.async_block_till_done()
    assert result["result"].state is ConfigEntryState.LOADED
    assert await hass.config_entries.async_unload(result["result"].entry_id)


async def test_an_older_charger_is_added(hass: HomeAssistant) -> None:
    """The other profile is told apart by itself."""
    async with serve(ChargerEcu()) as server:
        flow = await open_form(hass)
        result = await submit(hass, flow, server.host, server.port, 255)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert result["title"] == "AMTRON Professional"
        await hass.async_block_till_done()
        assert await hass.config_entries.async_unload(result["result"].entry_id)


async def test_the_same_place_twice_is_refused(
    hass: HomeAssistant, charger_server: Server, charger_entry: MockConfigEntry
) -> None:
    """A charger without a serial number is known by where it is."""
    charger_entry.add_to_hass(hass)
    flow = await open_form(hass)
    result = await submit(hass, flow, charger_server.host, charger_server.port)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"


@asynccontextmanager
async def peer(answer: bytes | None, *, hang_up: bool = False) -> AsyncIterator[int]:
    """Something else that listens: silent, talking nonsense, or hanging up at once."""
    writers: list[asyncio.StreamWriter] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        if hang_up:
            writer.close()
            return
        while await reader.read(100):
            if answer is not None:
                writer.write(answer)

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for silent peers less long than for real ones."""
    monkeypatch.setattr(
        "custom_components.voltrail.engine.devices.mennekes_tcp.MennekesTcp.request_timeout", 0.2
    )


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("answer", "hang_up", "key"),
    [
        (None, False, "device_silent"),
        (None, True, "connection_dropped"),
        (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", False, "garbled_answer"),
    ],
    ids=["silent", "hangs up", "nonsense"],
)
async def test_something_else_listens(
    hass: HomeAssistant,
    charger_server: Server,
    *,
    answer: bytes | None,
    hang_up: bool,
    key: str,
) -> None:
    """Each kind of wrong peer has its own message."""
    flow = await open_form(hass)
    async with peer(answer, hang_up=hang_up) as port:
        result = await submit(hass, flow, "127.0.0.1", port)
    assert result["type"] is FlowResultType.FORM
    assert result["errors"] == {"base": key}
    assert_nothing_left(hass)
    await recover(hass, flow, charger_server)


async def test_a_closed_port(hass: HomeAssistant, charger_server: Server) -> None:
    """Nobody listens at the port."""
    async with peer(None) as port:
        pass
    flow = await open_form(hass)
    result = await submit(hass, flow, "127.0.0.1", port)
    assert result["errors"] == {"base": "connection_refused"}
    assert_nothing_left(hass)
    await recover(hass, flow, charger_server)


@pytest.mark.parametrize(
    ("raised", "key"),
    [
        (OSError(113, "No route to host"), "host_unreachable"),
        (TimeoutError(), "host_unreachable"),
        (socket.gaierror(-2, "Name or service not known"), "unknown_host"),
    ],
    ids=["no route", "no answer", "no name"],
)
async def test_a_wrong_host(
    hass: HomeAssistant, charger_server: Server, raised: OSError, key: str
) -> None:
    """A host that is not there, and a name that nobody has."""
    flow = await open_form(hass)
    with patch("asyncio.BaseEventLoop.create_connection", side_effect=raised):
        result = await submit(hass, flow, "nowhere.invalid", 502)
    assert result["errors"] == {"base": key}
    assert_nothing_left(hass)
    await recover(hass, flow, charger_server)


@pytest.mark.usefixtures("impatient")
async def test_a_wrong_unit(hass: HomeAssistant, charger_server: Server) -> None:
    """The unit that does answer is named and filled in."""
    flow = await open_form(hass)
    result = await submit(hass, flow, charger_server.host, charger_server.port, 7)
    assert result["errors"] == {"base": "wrong_unit"}
    assert result["description_placeholders"]["unit_id"] == "1"
    suggested = {
        str(marker): (marker.description or {}).get("suggested_value")
        for marker in result["data_schema"].schema
    }
    assert suggested["unit_id"] == 1
    assert_nothing_left(hass)
    await recover(hass, flow, charger_server)


async def test_a_second_client(hass: HomeAssistant, charger_server: Server) -> None:
    """The charger takes one client, and somebody else is it."""
    flow = await open_form(hass)
    other = AsyncModbusTcpClient(charger_server.host, port=charger_server.port)
    await other.connect()
    await other.read_holding_registers(104, count=1)
    result = await submit(hass, flow, charger_server.host, charger_server.port)
    assert result["errors"] == {"base": "connection_dropped"}
    other.close()
    assert_nothing_left(hass)
    await asyncio.sleep(0.05)
    await recover(hass, flow, charger_server)


async def test_another_kind_of_device(
    hass: HomeAssistant, charger: Charger4X, charger_server: Server
) -> None:
    """A Modbus device that is no charger of this family calls itself something else."""
    flow = await open_form(hass)
    charger.faults.inject("exception", code=2, address=141, times=None)
    model, charger.box.model = charger.box.model, "Heat pump"
    result = await submit(hass, flow, charger_server.host, charger_server.port)
    # 142 answers, 141 does not: neither profile.
    assert result["errors"] == {"base": "unknown_device"}
    assert result["description_placeholders"]["found"] == "Heat pump"
    charger.faults.clear()
    charger.box.model = model
    assert_nothing_left(hass)
    await recover(hass, flow, charger_server)


async def test_a_refusal(hass: HomeAssistant, charger: Charger4X, charger_server: Server) -> None:
    """A device that answers with refusals only."""
    flow = await open_form(hass)
    charger.faults.inject("exception", code=4, times=None)
    result = await submit(hass, flow, charger_server.host, charger_server.port)
    assert result["errors"] == {"base": "device_refused"}
    charger.faults.clear()
    assert_nothing_left(hass)
    await recover(hass, flow, charger_server)


async def test_a_charger_that_only_reads(
    hass: HomeAssistant, charger: Charger4X, charger_server: Server
) -> None:
    """It is explained; ticking the box adds it all the same."""
    charger.set({"hems.access": "read_only"})
    flow = await open_form(hass)
    result = await submit(hass, flow, charger_server.host, charger_server.port)
    assert result["errors"] == {"base": "read_only"}
    assert_nothing_left(hass)
    result = await submit(hass, result, charger_server.host, charger_server.port, read_only=True)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert "read_only" not in result["data"]
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(result["result"].entry_id)


async def test_a_link_in_use_with_other_settings(
    hass: HomeAssistant, charger_server: Server
) -> None:
    """Home Assistant refuses a link with two sets of settings."""
    flow = await open_form(hass)
    with patch.object(
        link,
        "async_get_unit",
        side_effect=HomeAssistantError("in use"),
    ):
        result = await submit(hass, flow, charger_server.host, charger_server.port)
    assert result["errors"] == {"base": "link_settings_in_use"}
    await recover(hass, flow, charger_server)


async def test_the_unexpected(
    hass: HomeAssistant, charger_server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of ours is logged with its traceback, and the form stays usable."""
    flow = await open_form(hass)
    with patch(
        "custom_components.voltrail.engine.devices.mennekes_tcp.MennekesTcp.identify",
        side_effect=ZeroDivisionError,
    ):
        result = await submit(hass, flow, charger_server.host, charger_server.port)
    assert result["errors"] == {"base": "unknown"}
    assert "ZeroDivisionError" in caplog.text
    await recover(hass, flow, charger_server)


async def test_a_form_is_never_left_waiting(
    hass: HomeAssistant, charger_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the peer does, there is an answer in the end."""
    monkeypatch.setattr("custom_components.voltrail.probe.PATIENCE", 0.2)
    flow = await open_form(hass)
    async with peer(None) as port:
        result = await submit(hass, flow, "127.0.0.1", port)
    assert result["errors"] == {"base": "device_silent"}
    assert_nothing_left(hass)
    await recover(hass, flow, charger_server)


@pytest.mark.usefixtures("charger_loaded")
async def test_reconfigure_moves_the_charger(
    hass: HomeAssistant, charger_entry: MockConfigEntry
) -> None:
    """The same model at another address is accepted."""
    async with serve(Charger4X(model="4Business 710 22 C2")) as moved:
        result = await charger_entry.start_reconfigure_flow(hass)
        assert result["type"] is FlowResultType.FORM
        result = await submit(hass, result, moved.host, moved.port)
        assert result["type"] is FlowResultType.ABORT
        assert result["reason"] == "reconfigure_successful"
        await hass.async_block_till_done()
        assert charger_entry.data["port"] == moved.port
        assert charger_entry.state is ConfigEntryState.LOADED
        assert await hass.config_entries.async_unload(charger_entry.entry_id)


@pytest.mark.usefixtures("charger_loaded")
async def test_reconfigure_refuses_another_device(
    hass: HomeAssistant, charger_entry: MockConfigEntry
) -> None:
    """Another model stays out, and nothing changes."""
    before = dict(charger_entry.data)
    async with serve(Charger4X(model="4You 510 11 T2S")) as other:
        result = await charger_entry.start_reconfigure_flow(hass)
        result = await submit(hass, result, other.host, other.port)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "wrong_device"
    assert charger_entry.data == before
    assert charger_entry.state is ConfigEntryState.LOADED


@pytest.mark.usefixtures("charger_loaded")
async def test_reconfigure_explains_trouble(
    hass: HomeAssistant, charger_entry: MockConfigEntry, charger_server: Server
) -> None:
    """An error keeps the form open, with what was typed; then it works."""
    async with peer(None) as port:
        pass
    result = await charger_entry.start_reconfigure_flow(hass)
    result = await submit(hass, result, "127.0.0.1", port)
    assert result["errors"] == {"base": "connection_refused"}
    result = await submit(hass, result, charger_server.host, charger_server.port)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()


@pytest.mark.usefixtures("charger_loaded")
async def test_options(hass: HomeAssistant, charger_entry: MockConfigEntry) -> None:
    """The installer's limit caps the number, and the interval is taken over."""
    result = await hass.config_entries.options.async_init(charger_entry.entry_id)
    assert result["type"] is FlowResultType.FORM
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], {"scan_interval": 20, "max_current": 16}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    coordinator = charger_entry.runtime_data.coordinator
    assert coordinator.update_interval.total_seconds() == 20
    (number,) = [
        found
        for found in hass.states.async_all("number")
        if found.entity_id.endswith("current_limit")
    ]
    assert number.attributes["max"] == 16
