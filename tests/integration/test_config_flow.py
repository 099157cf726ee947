"""The config flow, through the same doors as a person's browser."""

import asyncio
import errno
import json
import socket
from asyncio.selector_events import BaseSelectorEventLoop
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import SOURCE_USER, SOURCE_ZEROCONF, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
from pymodbus.client import AsyncModbusTcpClient
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.voltrail import config_flow, link
from custom_components.voltrail.const import CHARGING, DOMAIN
from custom_components.voltrail.engine.devices import FAMILIES
from custom_components.voltrail.engine.devices.mennekes_tcp import MennekesTcp
from custom_components.voltrail.engine.model.parts import Identity
from custom_components.voltrail.flows import modbus_probe
from custom_components.voltrail.flows.forms import place
from simulators import alfen
from simulators.device import SimulatedDevice
from simulators.mennekes_rtu import Compact
from simulators.mennekes_tcp import Charger4X, ChargerEcu
from simulators.server import Server, serve
from simulators.victron_gx import VictronGx

from .helpers import set_number, state
from .test_project import INTEGRATION

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def open_form(hass: HomeAssistant, family: str = "mennekes_tcp") -> dict[str, Any]:
    """Go to the form of a family that is reached in one way only."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert result["type"] is FlowResultType.MENU
    assert result["menu_options"] == [CHARGING, *(kind.key for kind in FAMILIES)]
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


def sockets() -> set[str]:
    """Return the sockets that this process has open."""
    found = set()
    for descriptor in Path("/proc/self/fd").iterdir():
        # The one that lists the folder is gone by now.
        with suppress(FileNotFoundError):
            found.add(str(descriptor.readlink()))
    return {name for name in found if name.startswith("socket:")}


class Before:
    """What there was before a form was sent, to see what is left of it afterwards."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._sockets = sockets()
        self._tasks = asyncio.all_tasks()

    async def nothing_left(self) -> None:
        """No entry, no device, no entity, no link, no socket and no task was left behind."""
        hass = self._hass
        assert not hass.config_entries.async_entries(DOMAIN)
        assert not list(dr.async_get(hass).devices)
        assert not list(er.async_get(hass).entities)
        await self.no_link_left()

    async def no_link_left(self) -> None:
        """No link, no socket and no task was left behind."""
        assert not self._hass.data.get("modbus_connections")
        # The other ends are in this process, too, and notice a moment later.
        for _ in range(200):
            if self._clean:
                break
            await asyncio.sleep(0.01)
        assert sockets() <= self._sockets
        assert asyncio.all_tasks() <= self._tasks

    @property
    def _clean(self) -> bool:
        return sockets() <= self._sockets and asyncio.all_tasks() <= self._tasks


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


@pytest.mark.parametrize(
    ("written", "host", "port"),
    [
        ("192.168.1.50", "192.168.1.50", None),
        (" AMTRON.local ", "amtron.local", None),
        ("http://192.168.1.50", "192.168.1.50", None),
        ("https://amtron.local/index.html?x=1", "amtron.local", None),
        # The port of a web page is not that of Modbus.
        ("http://192.168.1.50:25000/", "192.168.1.50", None),
        ("192.168.1.50:1502", "192.168.1.50", 1502),
        ("[::1]", "::1", None),
        ("[fe80::1]:503", "fe80::1", 503),
        ("fe80::1", "fe80::1", None),
        # Left as they are, for the form to complain about.
        ("192.168.1.50:port", "192.168.1.50:port", None),
        ("[::1", "[::1", None),
        ("my charger/1", "my charger/1", None),
        ("http://", "http://", None),
    ],
)
def test_an_address_as_people_write_it(written: str, host: str, port: int | None) -> None:
    """From the address bar of a browser, with a port behind it, or in brackets."""
    assert place(written) == (host, port)


async def test_a_port_behind_the_address_counts(
    hass: HomeAssistant, charger_server: Server
) -> None:
    """It is the one that was meant, and the entry has both apart."""
    flow = await open_form(hass)
    written = f"{charger_server.host}:{charger_server.port}"
    result = await submit(hass, flow, written, 502)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["host"] == charger_server.host
    assert result["data"]["port"] == charger_server.port
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


async def test_the_same_charger_under_another_unit_id_is_refused(hass: HomeAssistant) -> None:
    """An ECU answers to any: two entries would send it two limits."""
    async with serve(ChargerEcu()) as server:
        flow = await open_form(hass)
        result = await submit(hass, flow, server.host, server.port, 255)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()
        flow = await open_form(hass)
        again = await submit(hass, flow, server.host, server.port, 1)
        assert again["reason"] == "already_configured"
        assert await hass.config_entries.async_unload(result["result"].entry_id)


async def test_a_charger_behind_the_proxy_of_another_kind(hass: HomeAssistant) -> None:
    """A proxy puts several devices at one address, told apart by their unit ids."""
    async with serve(ChargerEcu()) as server:
        MockConfigEntry(
            domain=DOMAIN,
            data={
                "family": "alfen",
                "transport": "tcp",
                "host": server.host,
                "port": server.port,
                "unit_id": 200,
                "fingerprint": "ACE0000001",
            },
        ).add_to_hass(hass)
        flow = await open_form(hass)
        result = await submit(hass, flow, server.host, server.port, 255)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()
        assert await hass.config_entries.async_unload(result["result"].entry_id)


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
        writer.close()

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
        before = Before(hass)
        result = await submit(hass, flow, "127.0.0.1", port)
        assert result["type"] is FlowResultType.FORM
        assert result["errors"] == {"base": key}
        await before.nothing_left()
    await recover(hass, flow, charger_server)


async def test_a_closed_port(hass: HomeAssistant, charger_server: Server) -> None:
    """Nobody listens at the port."""
    async with peer(None) as port:
        pass
    flow = await open_form(hass)
    before = Before(hass)
    result = await submit(hass, flow, "127.0.0.1", port)
    assert result["errors"] == {"base": "connection_refused"}
    await before.nothing_left()
    await recover(hass, flow, charger_server)


async def test_a_host_that_is_not_known(hass: HomeAssistant, charger_server: Server) -> None:
    """A name that the name servers do not have."""
    flow = await open_form(hass)
    before = Before(hass)
    unknown = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    with patch("socket.getaddrinfo", side_effect=unknown):
        result = await submit(hass, flow, "nowhere.invalid", 502)
    assert result["errors"] == {"base": "unknown_host"}
    await before.nothing_left()
    await recover(hass, flow, charger_server)


@pytest.mark.parametrize(
    "host",
    ["", " ", "192.168.1..20", "a" * 300, "http://my charger/", "my charger", "\x00", "[::1"],
)
async def test_a_name_that_no_host_can_have(
    hass: HomeAssistant, charger_server: Server, host: str
) -> None:
    """A slip of the pen is told from a charger that is away, and nobody is asked for it."""
    flow = await open_form(hass)
    before = Before(hass)
    with patch.object(link, "units", side_effect=AssertionError("somebody is asked")):
        result = await submit(hass, flow, host, 502)
    assert result["errors"] == {"base": "unknown_host"}
    await before.nothing_left()
    await recover(hass, flow, charger_server)


@pytest.mark.parametrize(
    "raised",
    [OSError(errno.EHOSTUNREACH, "No route to host"), TimeoutError()],
    ids=["no route", "no answer"],
)
async def test_a_wrong_host(hass: HomeAssistant, charger_server: Server, raised: OSError) -> None:
    """An address where nobody is."""
    flow = await open_form(hass)
    before = Before(hass)
    with patch.object(BaseSelectorEventLoop, "sock_connect", side_effect=raised):
        result = await submit(hass, flow, "127.0.0.9", 502)
    assert result["errors"] == {"base": "host_unreachable"}
    await before.nothing_left()
    await recover(hass, flow, charger_server)


@pytest.mark.usefixtures("impatient")
async def test_a_wrong_unit(hass: HomeAssistant, charger_server: Server) -> None:
    """The unit that does answer is named and filled in."""
    flow = await open_form(hass)
    before = Before(hass)
    result = await submit(hass, flow, charger_server.host, charger_server.port, 7)
    assert result["errors"] == {"base": "wrong_unit"}
    assert result["description_placeholders"]["unit_id"] == "1"
    suggested = {
        str(marker): (marker.description or {}).get("suggested_value")
        for marker in result["data_schema"].schema
    }
    assert suggested["unit_id"] == 1
    await before.nothing_left()
    await recover(hass, flow, charger_server)


async def gone(charger: SimulatedDevice) -> None:
    """Wait until the charger has noticed that its client left."""
    for _ in range(200):
        if not charger.traffic.connections_open:
            return
        await asyncio.sleep(0.01)
    pytest.fail("a connection is still open")


async def test_a_second_client(
    hass: HomeAssistant, charger: Charger4X, charger_server: Server
) -> None:
    """The charger takes one client, and somebody else is it."""
    flow = await open_form(hass)
    other = AsyncModbusTcpClient(charger_server.host, port=charger_server.port)
    await other.connect()
    await other.read_holding_registers(104, count=1)
    before = Before(hass)
    result = await submit(hass, flow, charger_server.host, charger_server.port)
    assert result["errors"] == {"base": "connection_dropped"}
    await before.nothing_left()
    other.close()
    await gone(charger)
    await recover(hass, flow, charger_server)


@pytest.mark.parametrize(
    ("other", "unit_id", "key"),
    [
        (alfen.sample, 1, "other_registers"),
        (alfen.sample, 200, "other_registers"),
        (Compact, 50, "other_registers"),
        (VictronGx, 100, "device_refused"),
    ],
    ids=["a socket", "a station", "a serial charger behind a gateway", "a gateway"],
)
async def test_another_kind_of_device(
    hass: HomeAssistant,
    charger_server: Server,
    *,
    other: Callable[[], SimulatedDevice],
    unit_id: int,
    key: str,
) -> None:
    """Something speaks Modbus, and is no charger of this family; nothing was written to it."""
    flow = await open_form(hass)
    device = other()
    async with serve(device) as server:
        before = Before(hass)
        result = await submit(hass, flow, server.host, server.port, unit_id)
        assert result["errors"] == {"base": key}
        await before.nothing_left()
    assert not device.traffic.writes
    await recover(hass, flow, charger_server)


async def test_a_device_with_a_name(
    hass: HomeAssistant, charger: Charger4X, charger_server: Server
) -> None:
    """A device that has a name where these have theirs is called by it."""
    flow = await open_form(hass)
    for address in (100, 141):
        charger.faults.inject("exception", code=2, address=address, times=None)
    model, charger.box.model = charger.box.model, "Heat pump"
    before = Before(hass)
    result = await submit(hass, flow, charger_server.host, charger_server.port)
    assert result["errors"] == {"base": "unknown_device"}
    assert result["description_placeholders"]["found"] == "Heat pump"
    await before.nothing_left()
    charger.faults.clear()
    charger.box.model = model
    await recover(hass, flow, charger_server)


async def test_a_refusal(hass: HomeAssistant, charger: Charger4X, charger_server: Server) -> None:
    """A device that answers with refusals only."""
    flow = await open_form(hass)
    charger.faults.inject("exception", code=4, times=None)
    before = Before(hass)
    result = await submit(hass, flow, charger_server.host, charger_server.port)
    assert result["errors"] == {"base": "device_refused"}
    await before.nothing_left()
    charger.faults.clear()
    await recover(hass, flow, charger_server)


async def test_a_charger_that_only_reads(
    hass: HomeAssistant, charger: Charger4X, charger_server: Server
) -> None:
    """It is explained; ticking the box adds it all the same."""
    charger.set({"hems.access": "read_only"})
    flow = await open_form(hass)
    before = Before(hass)
    result = await submit(hass, flow, charger_server.host, charger_server.port)
    assert result["errors"] == {"base": "read_only"}
    await before.nothing_left()
    result = await submit(hass, result, charger_server.host, charger_server.port, read_only=True)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["data"]["read_only"] is True
    assert not result["options"]
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


@pytest.mark.usefixtures("charger_loaded", "impatient")
async def test_the_unexpected_while_looking_for_another_unit(
    hass: HomeAssistant, charger_entry: MockConfigEntry, charger_server: Server
) -> None:
    """Also then the form stays usable, and the entry that made room is set up again."""
    result = await charger_entry.start_reconfigure_flow(hass)
    identify = MennekesTcp.identify
    faults = [ZeroDivisionError()]

    async def fail_once(device: MennekesTcp) -> Identity:
        if device.unit_id == 1 and faults:
            raise faults.pop()
        return await identify(device)

    with patch.object(MennekesTcp, "identify", fail_once):
        result = await submit(hass, result, "localhost", charger_server.port, 7)
    assert result["errors"] == {"base": "unknown"}
    assert charger_entry.state is ConfigEntryState.LOADED
    result = await submit(hass, result, charger_server.host, charger_server.port)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()


async def test_a_form_is_never_left_waiting(
    hass: HomeAssistant, charger_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the peer does, there is an answer in the end."""
    assert modbus_probe.PATIENCE < 15
    flow = await open_form(hass)
    with monkeypatch.context() as hurried:
        hurried.setattr(modbus_probe, "PATIENCE", 0.2)
        async with peer(None) as port:
            before = Before(hass)
            result = await submit(hass, flow, "127.0.0.1", port)
            assert result["errors"] == {"base": "device_silent"}
            await before.nothing_left()
    await recover(hass, flow, charger_server)


def test_every_trouble_has_words_of_its_own() -> None:
    """What can be wrong in the form is told in different words, in every language."""
    keys = (
        "unknown_host",
        "connection_refused",
        "device_silent",
        "garbled_answer",
        "wrong_unit",
        "unknown_device",
        "other_registers",
        "device_refused",
        "read_only",
        "connection_dropped",
        "host_unreachable",
    )
    for file in (INTEGRATION / "translations").glob("*.json"):
        errors = json.loads(file.read_text(encoding="utf-8"))["config"]["error"]
        assert len({errors[key] for key in keys}) == len(keys), file.name


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
    """Another model stays out, nothing changes, and the form says which one answered."""
    before = dict(charger_entry.data)
    async with serve(Charger4X(model="4You 510 11 T2S")) as other:
        result = await charger_entry.start_reconfigure_flow(hass)
        result = await submit(hass, result, other.host, other.port)
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == "reconfigure"
    assert result["errors"] == {"base": "wrong_device"}
    names = result["description_placeholders"]
    assert names is not None
    assert names["expected"] == charger_entry.title
    assert "4You 510" in names["found"]
    assert charger_entry.data == before
    assert charger_entry.state is ConfigEntryState.LOADED


@pytest.mark.usefixtures("charger_loaded")
async def test_reconfigure_refuses_the_place_of_another_entry(
    hass: HomeAssistant, charger_entry: MockConfigEntry
) -> None:
    """Its twin looks the same, as neither tells a serial number, and is set up already."""
    before = dict(charger_entry.data)
    async with serve(Charger4X(model="4Business 710 22 C2")) as twin:
        MockConfigEntry(domain=DOMAIN, data={**before, "port": twin.port}).add_to_hass(hass)
        result = await charger_entry.start_reconfigure_flow(hass)
        result = await submit(hass, result, twin.host, twin.port)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    assert charger_entry.data == before
    assert charger_entry.state is ConfigEntryState.LOADED


@pytest.mark.usefixtures("charger_loaded", "impatient")
async def test_reconfigure_gives_the_charger_its_name(
    hass: HomeAssistant, charger_entry: MockConfigEntry, charger_server: Server
) -> None:
    """The same charger, called otherwise, takes one client only: the entry makes room."""
    result = await charger_entry.start_reconfigure_flow(hass)
    result = await submit(hass, result, "localhost", charger_server.port, 7)
    assert result["errors"] == {"base": "wrong_unit"}
    await hass.async_block_till_done()
    assert charger_entry.state is ConfigEntryState.LOADED
    result = await submit(hass, result, "localhost", charger_server.port)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert charger_entry.data["host"] == "localhost"
    assert charger_entry.state is ConfigEntryState.LOADED


async def test_reconfigure_of_a_charger_that_is_switched_off_here(
    hass: HomeAssistant, charger_entry: MockConfigEntry, charger_server: Server
) -> None:
    """An entry that is not loaded is changed all the same, and holds no link meanwhile."""
    charger_entry.add_to_hass(hass)
    result = await charger_entry.start_reconfigure_flow(hass)
    async with peer(None) as port:
        pass
    before = Before(hass)
    result = await submit(hass, result, "127.0.0.1", port)
    assert result["errors"] == {"base": "connection_refused"}
    assert charger_entry.state is ConfigEntryState.NOT_LOADED
    await before.no_link_left()
    result = await submit(hass, result, charger_server.host, charger_server.port)
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(charger_entry.entry_id)


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
    # It goes up to what the largest unit can do; more than the limit is met by the limit.
    assert number.attributes["max"] == 32
    await set_number(hass, charger_entry, "current_limit", 20)
    assert state(hass, charger_entry, "number", "current_limit") == "16.0"


@pytest.mark.usefixtures("charger_loaded")
@pytest.mark.parametrize("given", [{"scan_interval": True}, {"max_current": True}])
async def test_a_truth_value_is_no_number(
    hass: HomeAssistant, charger_entry: MockConfigEntry, given: dict[str, object]
) -> None:
    """Also where a number could be 1."""
    form = await hass.config_entries.options.async_init(charger_entry.entry_id)
    with pytest.raises(InvalidData) as refused:
        await hass.config_entries.options.async_configure(
            form["flow_id"], {"scan_interval": 10, **given}
        )
    assert "expected a number" in str(refused.value.schema_errors)
    hass.config_entries.options.async_abort(form["flow_id"])


@pytest.mark.parametrize(("serial", "unique_id"), [("ACE0287582", "alfen_ACE0287582"), ("", None)])
async def test_an_announcement_that_tells_no_serial_number(
    hass: HomeAssistant, serial: str, unique_id: str | None
) -> None:
    """The device is asked for it; one that has none is known by where it is."""
    async with serve(alfen.Eve(serial=serial)) as server:
        kinds = [replace(kind, port=server.port) if kind.zeroconf else kind for kind in FAMILIES]
        announced = ZeroconfServiceInfo(
            ip_address=ip_address(server.host),
            ip_addresses=[ip_address(server.host)],
            port=80,
            hostname="eve.local.",
            type="_alfen._tcp.local.",
            name="Eve._alfen._tcp.local.",
            properties={},
        )
        with patch.object(config_flow, "FAMILIES", kinds):
            result = await hass.config_entries.flow.async_init(
                DOMAIN, context={"source": SOURCE_ZEROCONF}, data=announced
            )
            # It got an address of the other kind as well, and says so.
            announced.ip_addresses.append(ip_address("fd00::1"))
            again = await hass.config_entries.flow.async_init(
                DOMAIN, context={"source": SOURCE_ZEROCONF}, data=announced
            )
        assert again["reason"] == "already_in_progress"
        assert result["type"] is FlowResultType.FORM
        result = await hass.config_entries.flow.async_configure(result["flow_id"], {})
        assert result["type"] is FlowResultType.CREATE_ENTRY
        assert result["result"].unique_id == unique_id
        await hass.async_block_till_done()
        assert await hass.config_entries.async_unload(result["result"].entry_id)
