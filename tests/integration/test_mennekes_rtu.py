"""A Compact in Home Assistant: on a pseudo-terminal, behind a raw gateway, behind Modbus TCP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from pymodbus.constants import ExcCodes
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.voltrail import link
from custom_components.voltrail.const import DOMAIN
from custom_components.voltrail.engine.devices.mennekes_rtu.heartbeat import Heartbeat
from custom_components.voltrail.engine.transport.serial_bus import SerialBusUnit
from custom_components.voltrail.repairs import RemedyFlow, async_create_fix_flow
from simulators.mennekes_rtu import Bus, Compact
from simulators.mennekes_rtu.codes import Satellite
from simulators.server import serve, serve_pty

from .helpers import entity_id, poll, set_number, state, turn

pytestmark = pytest.mark.usefixtures("socket_enabled")

SHORT_TIMEOUT = "custom_components.voltrail.engine.devices.mennekes_rtu.MennekesRtu.request_timeout"
LINE = {"baudrate": 57600, "bytesize": "8", "parity": "N", "stopbits": "2"}


async def open_form(hass: HomeAssistant, transport: str) -> str:
    """Go through the two menus; return the flow."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"next_step_id": "mennekes_rtu"}
    )
    assert result["type"] is FlowResultType.MENU
    assert result["menu_options"] == ["serial", "rtu_over_tcp", "tcp"]
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"next_step_id": transport}
    )
    assert result["type"] is FlowResultType.FORM
    assert result["step_id"] == transport
    return result["flow_id"]


async def submit(hass: HomeAssistant, flow_id: str, **form: object) -> dict[str, Any]:
    """Fill the form in."""
    return dict(await hass.config_entries.flow.async_configure(flow_id, form))


async def reconfigure(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, Any]:
    """Open the form that changes how the charger is reached."""
    return dict(
        await hass.config_entries.flow.async_init(
            DOMAIN, context={"source": SOURCE_RECONFIGURE, "entry_id": entry.entry_id}
        )
    )


@asynccontextmanager
async def finished(hass: HomeAssistant, result: dict[str, Any]) -> AsyncIterator[MockConfigEntry]:
    """The entry that the flow made, unloaded at the end."""
    assert result["type"] is FlowResultType.CREATE_ENTRY, result.get("errors")
    await hass.async_block_till_done()
    entry = result["result"]
    assert entry.state is ConfigEntryState.LOADED
    yield entry
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


@asynccontextmanager
async def behind_a_gateway(hass: HomeAssistant, charger: Compact) -> AsyncIterator[MockConfigEntry]:
    """A charger behind a Modbus TCP gateway, added through the flow."""
    async with serve(charger) as server:
        flow_id = await open_form(hass, "tcp")
        result = await submit(hass, flow_id, host=server.host, port=server.port, unit_id=50)
        async with finished(hass, result) as entry:
            yield entry


@pytest.mark.usefixtures("everything_enabled")
async def test_on_a_serial_port(hass: HomeAssistant, tmp_path: Path) -> None:
    """Form, values and a command over a pseudo-terminal; the adapter goes and comes."""
    charger = Compact()
    async with serve_pty(charger, tmp_path / "ttyUSB7") as cable:
        flow_id = await open_form(hass, "serial")
        result = await submit(hass, flow_id, device=str(cable.path), unit_id=50, **LINE)
        async with finished(hass, result) as entry:
            assert entry.data["stopbits"] == 2
            assert float(state(hass, entry, "sensor", "voltage_l1")) == pytest.approx(230, abs=5)
            await set_number(hass, entry, "current_limit", 13)
            await poll(hass, entry)
            assert charger.state()["ems.current"] == 13
            cable.unplug()
            await poll(hass, entry)
            assert state(hass, entry, "sensor", "voltage_l1") == STATE_UNAVAILABLE
            cable.plug()
            for _ in range(50):
                await poll(hass, entry)
                if state(hass, entry, "sensor", "voltage_l1") != STATE_UNAVAILABLE:
                    break
                await asyncio.sleep(0.1)
            assert state(hass, entry, "sensor", "voltage_l1") != STATE_UNAVAILABLE


async def test_behind_a_raw_gateway(hass: HomeAssistant) -> None:
    """The bytes of the line through a socket."""
    charger = Compact()
    async with serve(charger, rtu=True) as server:
        flow_id = await open_form(hass, "rtu_over_tcp")
        result = await submit(hass, flow_id, host=server.host, port=server.port, unit_id=50)
        async with finished(hass, result) as entry:
            assert state(hass, entry, "sensor", "charging_state") == "no_vehicle"
            assert entity_id(hass, entry, "sensor", "power") == "sensor.amtron_power"


async def test_heartbeats_go_on_by_themselves(hass: HomeAssistant) -> None:
    """From the moment the entry is loaded, and no longer than that."""
    charger = Compact()
    async with behind_a_gateway(hass, charger):
        assert charger.state()["ems.heartbeats"] != 0
    beats = charger.state()["ems.heartbeats"]
    await asyncio.sleep(0)
    assert charger.state()["ems.heartbeats"] == beats


async def test_heartbeats_survive_a_fault_of_ours(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged with all that is known, and the next one goes out in its time."""
    original, beats = Heartbeat.beat, 0

    async def beat(heartbeat: Heartbeat) -> None:
        nonlocal beats
        beats += 1
        # The first one belongs to the form.
        if beats == 2:
            message = "for a test"
            raise RuntimeError(message)
        await original(heartbeat)

    monkeypatch.setattr(Heartbeat, "beat", beat)
    monkeypatch.setattr(Heartbeat, "interval", 0.01)
    charger = Compact()
    async with behind_a_gateway(hass, charger):
        for _ in range(100):
            if beats > 3:
                break
            await asyncio.sleep(0.01)
    assert beats > 3
    assert "Unexpected error in the heartbeat of AMTRON" in caplog.text
    assert "RuntimeError: for a test" in caplog.text


async def test_the_charge_switch_takes_the_release_away(hass: HomeAssistant) -> None:
    """A pause is the release, never 0 A: that would mean full power."""
    charger = Compact()
    async with behind_a_gateway(hass, charger) as entry:
        await set_number(hass, entry, "current_limit", 10)
        await turn(hass, entry, "charging", on=False)
        assert charger.state()["ems.released"] is False
        await set_number(hass, entry, "current_limit", 0)
        await turn(hass, entry, "charging", on=True)
        assert charger.state()["ems.released"] is True
        assert charger.state()["violations.full_power"] == 0


async def test_lock_phases_and_buttons(hass: HomeAssistant) -> None:
    """What only this charger has."""
    charger = Compact(dynamic_phases=True)
    async with behind_a_gateway(hass, charger) as entry:
        await turn(hass, entry, "station_locked", on=True)
        assert charger.state()["ems.locked"] is True
        await turn(hass, entry, "station_locked", on=False)
        assert charger.state()["ems.locked"] is False
        for key in ("restart", "recover"):
            assert hass.states.get(entity_id(hass, entry, "button", key)) is not None
        charger.do("plug_in")
        charger.advance(5)
        await poll(hass, entry)
        # Only an idle charger may be restarted.
        assert state(hass, entry, "button", "restart") == STATE_UNAVAILABLE


async def test_a_charger_that_is_no_satellite(hass: HomeAssistant) -> None:
    """It can be read, and refuses the heartbeat: the form names the switches."""
    charger = Compact(satellite=Satellite.READ_ONLY)
    async with serve(charger) as server:
        flow_id = await open_form(hass, "tcp")
        result = await submit(hass, flow_id, host=server.host, port=server.port, unit_id=50)
        assert result["errors"] == {"base": "heartbeat_refused"}
        charger.set({"charger.satellite": "on"})
        result = await submit(hass, flow_id, host=server.host, port=server.port, unit_id=50)
        async with finished(hass, result):
            pass


async def test_a_missing_fallback_is_a_repair(hass: HomeAssistant) -> None:
    """Without a fallback a lost life sign leaves the charger as it is."""
    charger = Compact(fallback=0)
    async with behind_a_gateway(hass, charger) as entry:
        issue_id = f"{entry.entry_id}_missing_fallback"
        assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is not None


async def test_a_missing_fallback_is_put_right_by_its_repair(hass: HomeAssistant) -> None:
    """It asks for a current, writes it, and is gone; a refusal is told."""
    charger = Compact(fallback=0)
    async with behind_a_gateway(hass, charger) as entry:
        issue_id = f"{entry.entry_id}_missing_fallback"
        issue = ir.async_get(hass).async_get_issue(DOMAIN, issue_id)
        assert issue is not None
        assert issue.is_fixable
        flow = await async_create_fix_flow(hass, issue_id, dict(issue.data or {}))
        assert isinstance(flow, RemedyFlow)
        flow.hass = hass
        result = await flow.async_step_init()
        assert result["type"] is FlowResultType.FORM
        charger.faults.inject("exception", code=4, function=6, times=None)
        charger.faults.inject("exception", code=4, function=16, times=None)
        result = await flow.async_step_init({"value": 6})
        assert result["reason"] == "refused"
        charger.faults.clear()
        result = await flow.async_step_init({"value": 6})
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()
        assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is None
        # Once more, as from a window that stayed open.
        assert (await flow.async_step_init())["type"] is FlowResultType.CREATE_ENTRY
    assert (await flow.async_step_init())["reason"] == "not_loaded"


async def test_a_charger_that_takes_no_fallback_is_told_about(hass: HomeAssistant) -> None:
    """Before layout 1.03 only the charger's own tool can set it: there is nothing to fix here."""
    async with behind_a_gateway(hass, Compact(fallback=0, layout="1.02")) as entry:
        issue = ir.async_get(hass).async_get_issue(DOMAIN, f"{entry.entry_id}_missing_fallback")
        if issue is not None:
            assert not issue.is_fixable
            assert issue.translation_key == "missing_fallback"


async def test_two_chargers_share_an_adapter(hass: HomeAssistant, tmp_path: Path) -> None:
    """Two entries on one line; one with other line settings is refused."""
    first = Compact()
    second = Compact(unit_id=11, serial="_______00000002", clock=first.clock)
    async with serve_pty(Bus(first, second), tmp_path / "ttyUSB8") as cable:
        flow_id = await open_form(hass, "serial")
        result = await submit(hass, flow_id, device=str(cable.path), unit_id=50, **LINE)
        async with finished(hass, result) as one:
            flow_id = await open_form(hass, "serial")
            other = {**LINE, "baudrate": 9600}
            result = await submit(hass, flow_id, device=str(cable.path), unit_id=11, **other)
            assert result["errors"] == {"base": "link_settings_in_use"}
            result = await submit(hass, flow_id, device=str(cable.path), unit_id=11, **LINE)
            async with finished(hass, result) as two:
                assert one.unique_id != two.unique_id
                assert two.title == f"{one.title} (0002)"
                await set_number(hass, two, "current_limit", 9)
                await poll(hass, two)
                assert state(hass, two, "number", "current_limit") == "9.0"


async def test_a_silent_line_is_told_as_such_however_long_it_takes(
    hass: HomeAssistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits in front of the form is told to look at the line, not at the charger."""
    monkeypatch.setattr("custom_components.voltrail.flows.modbus_probe.PATIENCE", 0.5)
    charger = Compact()
    charger.faults.inject("lose_request", times=None)
    async with serve_pty(charger, tmp_path / "ttyUSB6") as cable:
        flow_id = await open_form(hass, "serial")
        result = await submit(hass, flow_id, device=str(cable.path), unit_id=50, **LINE)
        assert result["errors"] == {"base": "line_silent"}


async def test_a_wrong_unit_id(hass: HomeAssistant) -> None:
    """The charger still has the id it was delivered with: the form finds it there."""
    charger = Compact()
    async with serve(charger) as server:
        flow_id = await open_form(hass, "tcp")
        result = await submit(hass, flow_id, host=server.host, port=server.port, unit_id=7)
        assert result["errors"] == {"base": "wrong_unit"}
        assert result["description_placeholders"]["unit_id"] == "50"
        # Whoever answers there may be anybody's: finding out only reads.
        assert not charger.traffic.writes


async def test_two_chargers_behind_one_gateway_take_turns(hass: HomeAssistant) -> None:
    """There is one line behind it, whatever it speaks to us: heartbeats go before all polls."""
    first = Compact()
    second = Compact(unit_id=11, serial="_______00000002", clock=first.clock)
    async with serve(Bus(first, second)) as server:
        flow_id = await open_form(hass, "tcp")
        result = await submit(hass, flow_id, host=server.host, port=server.port, unit_id=50)
        async with finished(hass, result) as one:
            flow_id = await open_form(hass, "tcp")
            result = await submit(hass, flow_id, host=server.host, port=server.port, unit_id=11)
            async with finished(hass, result) as two:
                lines = set()
                for entry, unit_id in ((one, 50), (two, 11)):
                    unit = link.units(hass, entry.data, entry)(unit_id)
                    assert isinstance(unit, SerialBusUnit)
                    lines.add(unit.line)
                assert len(lines) == 1
                assert first.ems.alive
                assert second.ems.alive


@pytest.mark.parametrize(
    ("transport", "charger", "trouble"),
    [
        ("tcp", Compact(), "gateway_silent"),
        ("rtu_over_tcp", Compact(), "gateway_silent"),
        # This one says that it knows nobody of that id, in the language of its own mode.
        (
            "rtu_over_tcp",
            Compact(unknown_unit=ExcCodes.GATEWAY_NO_RESPONSE),
            "garbled_answer",
        ),
    ],
)
async def test_a_gateway_in_the_other_mode(
    hass: HomeAssistant,
    monkeypatch: pytest.MonkeyPatch,
    transport: str,
    charger: Compact,
    trouble: str,
) -> None:
    """It says nothing, or nothing that makes sense: both explanations name the mode."""
    monkeypatch.setattr(SHORT_TIMEOUT, 0.2)
    async with serve(charger, rtu=transport == "tcp") as server:
        flow_id = await open_form(hass, transport)
        result = await submit(hass, flow_id, host=server.host, port=server.port, unit_id=50)
        assert result["errors"] == {"base": trouble}


async def test_looking_for_a_second_charger_leaves_the_first_alone(
    hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody at the id that was typed: the link that the first one uses stays as it is."""
    monkeypatch.setattr(SHORT_TIMEOUT, 0.2)
    charger = Compact(unit_id=33)
    async with serve(charger) as server:
        flow_id = await open_form(hass, "tcp")
        result = await submit(hass, flow_id, host=server.host, port=server.port, unit_id=33)
        async with finished(hass, result):
            flow_id = await open_form(hass, "tcp")
            made = charger.traffic.connections_made
            result = await submit(hass, flow_id, host=server.host, port=server.port, unit_id=7)
            assert result["errors"] == {"base": "gateway_silent"}
            assert charger.traffic.connections_made == made


async def test_a_port_that_is_not_there(hass: HomeAssistant, tmp_path: Path) -> None:
    """A path without an adapter is told as such."""
    flow_id = await open_form(hass, "serial")
    result = await submit(hass, flow_id, device=str(tmp_path / "nothing"), unit_id=50, **LINE)
    assert result["errors"] == {"base": "port_unavailable"}


async def test_reconfigure_changes_the_line(
    hass: HomeAssistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other settings for the same port: the entry gets out of the way of the test."""
    monkeypatch.setattr(SHORT_TIMEOUT, 0.2)
    charger = Compact()
    async with serve_pty(charger, tmp_path / "ttyUSB9") as cable:
        flow_id = await open_form(hass, "serial")
        result = await submit(hass, flow_id, device=str(cable.path), unit_id=50, **LINE)
        async with finished(hass, result) as entry:
            form = {"device": str(cable.path), "unit_id": 50, **LINE, "baudrate": 19200}
            result = await reconfigure(hass, entry)
            result = await submit(hass, result["flow_id"], **form)
            assert result["type"] is FlowResultType.ABORT
            assert result["reason"] == "reconfigure_successful"
            await hass.async_block_till_done()
            assert entry.data["baudrate"] == 19200
            assert entry.state is ConfigEntryState.LOADED
            charger.faults.inject("lose_request", times=None)
            result = await reconfigure(hass, entry)
            result = await submit(hass, result["flow_id"], **{**form, "baudrate": 57600})
            assert result["errors"] == {"base": "line_silent"}
            charger.faults.clear()
            await hass.async_block_till_done()
            # The entry is back on the settings that worked.
            assert entry.data["baudrate"] == 19200
