"""A smart meter in Home Assistant, over each of its ways, with its simulator at the other end."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, cast
from unittest.mock import AsyncMock, Mock, patch

import pytest
from homeassistant.components.mqtt import ReceiveMessage
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_mqtt_message,
)

from custom_components.voltrail.api.actions import QUESTIONS
from custom_components.voltrail.const import DOMAIN
from custom_components.voltrail.diagnostics import async_get_config_entry_diagnostics
from custom_components.voltrail.engine.errors import LinkDownError
from custom_components.voltrail.engine.polling.pushed_device import PushedDevice
from custom_components.voltrail.push.stream_listener import StreamListener, hear_piece
from simulators.ams_han.outputs import TcpOutput, pty_output, tcp_output

from .helpers import entity_id, state
from .meters import (
    KEY,
    METERS,
    START,
    Home,
    JumpingClock,
    Port,
    connected,
    network_entry,
    publish,
    serial_entry,
    set_up,
    topic_entry,
    until,
)

SERIAL = "7359990000000001"
OTHER = "7359990000000099"


@pytest.fixture
async def clock(hass: HomeAssistant) -> AsyncIterator[JumpingClock]:
    """Time that jumps."""
    jumping = JumpingClock(hass.loop)
    with jumping.waiting_for_ports():
        yield jumping
    jumping.release()


@pytest.fixture
async def output(socket_enabled: None) -> AsyncIterator[TcpOutput]:
    """A port of a host, as ser2net offers it."""
    async with tcp_output() as found:
        yield found


@pytest.fixture
async def home(hass: HomeAssistant, clock: JumpingClock, output: TcpOutput) -> AsyncIterator[Home]:
    """An Aidon behind the port, and its entry loaded."""
    entry = network_entry(output.port)
    await set_up(hass, entry)
    await connected(output)
    yield Home(hass, entry, Port(clock), output.send)
    if entry.state is ConfigEntryState.LOADED:
        await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


def number(hass: HomeAssistant, entry: MockConfigEntry, path: str) -> float:
    """Return the state of a sensor."""
    return float(state(hass, entry, "sensor", path))


def assert_equal_to_the_simulator(hass: HomeAssistant, home: Home) -> None:
    """Everything that is shown is what the meter last sent."""
    last, values, hourly = home.port.last["1"], home.port.last["2"], home.port.last["3"]
    newest = max(last, values, key=lambda sent: sent.moment).quantities
    now, hour = values.quantities, hourly.quantities
    for path, expected, step in (
        ("power_imported", newest.power_imported, 0.51),
        ("power", newest.power_imported, 0.51),
        ("power_exported", now.power_exported, 0.51),
        ("reactive_power_exported", now.reactive_exported, 0.51),
        ("current_l1", now.currents[0], 0.051),
        ("current_l2", now.currents[1], 0.051),
        ("current_l3", now.currents[2], 0.051),
        ("voltage_l1", now.voltages[0], 0.051),
        ("voltage_l2", now.voltages[1], 0.051),
        ("voltage_l3", now.voltages[2], 0.051),
        ("energy_imported", hour.energy_imported / 1000, 0.0101),
        ("energy_exported", hour.energy_exported / 1000, 0.0101),
        ("reactive_energy_imported", hour.reactive_energy_imported / 1000, 0.0101),
        ("reactive_energy_exported", hour.reactive_energy_exported / 1000, 0.0101),
    ):
        assert number(hass, home.entry, path) == pytest.approx(expected, abs=step), path
    assert state(hass, home.entry, "sensor", "energy_timestamp") == "2026-01-05T10:00:00+00:00"


@pytest.mark.usefixtures("everything_enabled", "every_change")
async def test_over_the_network(hass: HomeAssistant, home: Home) -> None:
    """Values are the simulator's; the device says who it is."""
    await home.run(62)
    assert_equal_to_the_simulator(hass, home)
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), home.entry.entry_id)
    assert (device.manufacturer, device.model) == ("Aidon", "6534")
    assert device.serial_number == SERIAL
    assert device.identifiers == {(DOMAIN, f"ams_han_{SERIAL}")}


@pytest.mark.usefixtures("everything_enabled", "every_change")
async def test_over_a_serial_port(
    hass: HomeAssistant, clock: JumpingClock, socket_enabled: None, tmp_path: Path
) -> None:
    """The same over a pseudo-terminal."""
    async with pty_output(tmp_path / "port") as pty:
        entry = serial_entry(pty.path)
        await set_up(hass, entry)
        home = Home(hass, entry, Port(clock), pty.send)
        listener = entry.runtime_data.coordinator._listener
        await until(lambda: listener.openings == 1, "the port is open")
        await home.run(62)
        assert_equal_to_the_simulator(hass, home)
        # The system takes the parity of a pseudo-terminal once and refuses it from then on.
        for _ in range(2):
            assert await hass.config_entries.async_reload(entry.entry_id)
            listener = entry.runtime_data.coordinator._listener
            await until(lambda: listener.openings == 1, "the port is open again")  # noqa: B023
            assert listener.trouble == ""
        assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("mqtt_mock")
@pytest.mark.usefixtures("everything_enabled", "every_change")
async def test_over_mqtt(hass: HomeAssistant, clock: JumpingClock) -> None:
    """The same under a topic; what the broker kept from before is left alone."""
    entry = topic_entry("elsewhere, meter/+/han")
    await set_up(hass, entry)
    home = Home(hass, entry, Port(clock), publish(hass, "meter/1/han"))
    stale = home.port.meter.send("2").wire
    async_fire_mqtt_message(hass, "meter/1/han", stale, retain=True)
    assert not list(home.device.readings())
    await home.run(62, stream=False)
    assert_equal_to_the_simulator(hass, home)
    found = await async_get_config_entry_diagnostics(hass, entry)
    assert found["listening"] == {"topics": 2, "retained_ignored": 1, "trouble": ""}
    assert "meter/+/han" not in json.dumps(found, default=str)
    assert await hass.config_entries.async_unload(entry.entry_id)
    # Nobody listens any more.
    device = found["device"]
    async_fire_mqtt_message(hass, "meter/1/han", stale)
    await hass.async_block_till_done()
    assert device["messages"]["hourly"] == 1


@pytest.mark.usefixtures("mqtt_mock")
async def test_mqtt_that_was_set_up_again(hass: HomeAssistant, clock: JumpingClock) -> None:
    """It takes its subscriptions along, and does not let go of them: what comes is left alone."""
    subscribed: list[Callable[[ReceiveMessage], None]] = []

    async def subscribe(*arguments: Any, **_: Any) -> Callable[[], None]:
        subscribed.append(arguments[2])
        return lambda: None

    entry = topic_entry()
    with patch("homeassistant.components.mqtt.async_subscribe", subscribe):
        await set_up(hass, entry)
    wire = Port(clock).meter.send("2").wire
    (received,) = subscribed
    message = ReceiveMessage(
        topic="meter/han",
        payload=wire,
        qos=0,
        retain=False,
        subscribed_topic="meter/han",
        timestamp=0.0,
    )
    received(message)
    device = entry.runtime_data.device
    assert device.messages == 1
    await hass.config_entries.async_remove(entry.entry_id)
    received(message)
    assert device.messages == 1
    # The pretended broker has a timer that fires once.
    await clock.jump(2)


@pytest.mark.usefixtures("mqtt_mock")
async def test_two_meters_under_one_topic(hass: HomeAssistant, clock: JumpingClock) -> None:
    """Each entry takes its own."""
    homes = []
    for serial in (SERIAL, OTHER):
        entry = topic_entry(serial=serial)
        await set_up(hass, entry)
        port = Port(clock, "kamstrup-tn", serial=serial)
        port.meter.house.hold((1000, 0, 0) if serial == SERIAL else (7000, 0, 0))
        homes.append(Home(hass, entry, port, publish(hass, "meter/han")))
    for _ in range(6):
        for home in homes:
            await home.run(10, stream=False)
    for home, watts in zip(homes, (1000, 7000), strict=True):
        assert number(hass, home.entry, "power") == watts
        assert home.device.refused["other_meter"] > 3
        assert await hass.config_entries.async_unload(home.entry.entry_id)


@pytest.mark.usefixtures("mqtt_mock")
async def test_mqtt_without_its_integration(hass: HomeAssistant, clock: JumpingClock) -> None:
    """The entry waits for it, and is tried again later."""
    (broker,) = hass.config_entries.async_entries("mqtt")
    await hass.config_entries.async_unload(broker.entry_id)
    await hass.config_entries.async_set_disabled_by(
        broker.entry_id, disabled_by=ConfigEntryDisabler.USER
    )
    entry = topic_entry()
    entry.add_to_hass(hass)
    setting_up = asyncio.create_task(hass.config_entries.async_setup(entry.entry_id))
    while not setting_up.done():
        await clock.jump(1)
    assert not await setting_up
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "mqtt_missing"


async def test_entities_appear_with_their_values(hass: HomeAssistant, home: Home) -> None:
    """The counters come with the hourly list, half a minute later, without a restart."""
    registry = er.async_get(hass)

    def paths() -> set[str]:
        prefix = f"ams_han_{SERIAL}_"
        return {
            entity.unique_id.removeprefix(prefix)
            for entity in er.async_entries_for_config_entry(registry, home.entry.entry_id)
        }

    assert paths() == set()
    await home.run(10)
    assert {"power", "current_l1", "voltage_l3", "list_version"} <= paths()
    assert "energy_imported" not in paths()
    await home.run(40)
    assert {"energy_imported", "energy_timestamp", "meter_clock"} <= paths()
    assert home.entry.state is ConfigEntryState.LOADED


async def test_silence_and_return(
    hass: HomeAssistant, home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """After three to four periods everything is unavailable; one line down, one up."""
    caplog.set_level(logging.INFO, "custom_components.voltrail")
    await home.run(62)
    caplog.clear()
    # The last message came two seconds before the end of the run.
    await home.silence(5.5)
    assert number(hass, home.entry, "power") > 0
    await home.silence(2.5)
    for path in ("power", "current_l1", "energy_imported", "energy_timestamp"):
        assert state(hass, home.entry, "sensor", path) == STATE_UNAVAILABLE, path
    await home.silence(300)
    lines = [record.message for record in caplog.records if record.levelno >= logging.INFO]
    assert len(lines) == 1
    assert "nothing heard for 9 s" in lines[0]
    # As Home Assistant wants it: no warning, for nobody has done anything wrong.
    assert {record.levelno for record in caplog.records if record.levelno >= logging.INFO} == {
        logging.INFO
    }
    listener = home.entry.runtime_data.coordinator._listener
    assert listener.openings > 3
    await home.wait_for(lambda: not listener.trouble, "the stream is open again")
    await home.run(30)
    assert number(hass, home.entry, "power") > 0
    assert number(hass, home.entry, "energy_imported") > 0
    lines = [record.message for record in caplog.records if record.levelno >= logging.INFO]
    assert len(lines) == 2
    assert "it speaks again" in lines[1]


async def test_a_flood_does_not_hold_the_event_loop() -> None:
    """Others get their turn after each piece, also while more of it is there already."""
    reader = asyncio.StreamReader()
    reader.feed_data(b"~\xa7\xff\x41\x08\x83\x13" * 10_000)
    reader.feed_eof()
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    heard: list[int] = []

    class Device:
        """Notes how much it hears in one go."""

        def hear(self, data: bytes, _now: float) -> None:
            heard.append(len(data))

    async def listen() -> None:
        while True:
            await hear_piece(reader, cast("PushedDevice", Device()))

    busy = asyncio.create_task(others())
    with pytest.raises(LinkDownError):
        await listen()
    busy.cancel()
    assert sum(heard) == 70_000
    # What such a piece costs at most is counted in tests/engine/han/test_speed.py.
    assert max(heard) <= 2048
    assert turns >= len(heard) > 30


async def test_a_port_that_cannot_even_be_closed(caplog: pytest.LogCaptureFixture) -> None:
    """An adapter that was pulled: what the system says of it is a failure of the link."""
    writer = Mock()
    writer.close.side_effect = OSError(5, "Input/output error")
    reader = asyncio.StreamReader()
    reader.set_exception(OSError(19, "No such device"))
    opening = AsyncMock(return_value=(reader, writer))
    data = {"transport": "network", "host": "meter", "port": 3001}
    with patch("custom_components.voltrail.push.stream_listener._connection", opening):
        listener = StreamListener(data, Mock(frames=0, patience=60.0), lambda: None)
        running = asyncio.create_task(listener.run())
        assert await listener.first is None
        await until(lambda: bool(listener.trouble), "the listener knows")
        running.cancel()
    assert "No such device" in listener.trouble
    assert not [record for record in caplog.records if record.levelno > logging.DEBUG]


async def test_a_system_with_fewer_options(
    hass: HomeAssistant, clock: JumpingClock, output: TcpOutput, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not every one lets us choose how soon a dead peer is noticed."""
    monkeypatch.delattr("socket.TCP_KEEPIDLE")
    entry = network_entry(output.port)
    await set_up(hass, entry)
    await connected(output)
    await Home(hass, entry, Port(clock), output.send).run(15)
    assert number(hass, entry, "power") > 0
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_half_open_connection(hass: HomeAssistant, home: Home, output: TcpOutput) -> None:
    """The adapter died without a word: the connection stands, and nothing comes."""
    await home.run(40)
    output.frozen = True
    await home.run(20, stream=False)
    assert state(hass, home.entry, "sensor", "power") == STATE_UNAVAILABLE
    listener = home.entry.runtime_data.coordinator._listener
    openings = listener.openings
    assert openings >= 2
    output.frozen = False
    await home.wait_for(
        lambda: not listener.trouble and output.clients == 1, "it is connected again"
    )
    await home.run(20)
    assert number(hass, home.entry, "power") > 0


async def test_a_host_that_goes_and_comes(
    hass: HomeAssistant, clock: JumpingClock, socket_enabled: None
) -> None:
    """Refused connections are tried again, ever more rarely, at least once a minute."""
    async with tcp_output() as output:
        entry = network_entry(output.port)
        await set_up(hass, entry)
        await connected(output)
        home = Home(hass, entry, Port(clock), output.send)
        await home.run(40)
        port = output.port
    listener = entry.runtime_data.coordinator._listener
    tried: list[float] = []

    async def refused(*_: object) -> None:
        tried.append(hass.loop.time())
        raise ConnectionRefusedError

    with patch("custom_components.voltrail.push.stream_listener.asyncio.open_connection", refused):
        await home.silence(200)
    waits = [after - before for before, after in pairwise(tried)]
    # A jump goes a second at a time.
    assert waits[-3:] == pytest.approx([32, 60, 60], abs=1)
    assert all(after > before for before, after in pairwise(waits[:-1]))
    await home.silence(61)
    assert "The connection is down" in listener.trouble
    assert state(hass, entry, "sensor", "power") == STATE_UNAVAILABLE
    async with tcp_output(port=port) as output:
        home = Home(hass, entry, home.port, output.send)
        await home.wait_for(lambda: output.clients == 1, "it is connected again", 61)
        await home.run(25)
        assert number(hass, entry, "power") > 0
        assert await hass.config_entries.async_unload(entry.entry_id)
        await connected(output, 0)


async def test_an_adapter_that_is_pulled(
    hass: HomeAssistant, clock: JumpingClock, socket_enabled: None, tmp_path: Path
) -> None:
    """The port vanishes and comes back under its name."""
    async with pty_output(tmp_path / "port") as pty:
        entry = serial_entry(str(tmp_path / "port"))
        await set_up(hass, entry)
        home = Home(hass, entry, Port(clock), pty.send)
        listener = entry.runtime_data.coordinator._listener
        await until(lambda: listener.openings == 1, "the port is open")
        await home.run(40)
        pty.cable.unplug()
        await until(lambda: bool(listener.trouble), "it is noticed")
        await home.silence(120)
        assert state(hass, entry, "sensor", "power") == STATE_UNAVAILABLE
        assert listener.openings == 1
        pty.cable.plug()
        await home.wait_for(lambda: listener.openings == 2, "the port is open again", 61)
        await home.run(25)
        assert number(hass, entry, "power") > 0
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_restart_leaves_no_hole(
    hass: HomeAssistant, home: Home, clock: JumpingClock, output: TcpOutput
) -> None:
    """All entities are there at once, and totals with their values, before anything is heard."""
    await home.run(62)
    before = {
        path: state(hass, home.entry, "sensor", path)
        for path in ("energy_imported", "energy_exported", "energy_timestamp")
    }
    assert await hass.config_entries.async_unload(home.entry.entry_id)
    await connected(output, 0)
    await set_up(hass, home.entry)
    for path, shown in before.items():
        assert state(hass, home.entry, "sensor", path) == shown, path
    assert state(hass, home.entry, "sensor", "power") == STATE_UNAVAILABLE
    await connected(output)
    await home.run(15)
    assert number(hass, home.entry, "power") > 0
    assert state(hass, home.entry, "sensor", "energy_imported") == before["energy_imported"]


@pytest.mark.usefixtures("mqtt_mock")
async def test_a_broker_that_takes_its_time(
    hass: HomeAssistant, clock: JumpingClock, caplog: pytest.LogCaptureFixture
) -> None:
    """After a restart nobody calls the meter silent while Home Assistant still connects."""
    entry = topic_entry()
    await set_up(hass, entry)
    home = Home(hass, entry, Port(clock), publish(hass, "meter/han"))
    await home.run(62, stream=False)
    shown = state(hass, entry, "sensor", "energy_imported")
    assert await hass.config_entries.async_unload(entry.entry_id)

    async def at_last(_: HomeAssistant) -> bool:
        await clock.jump(40)
        return True

    with patch(
        "custom_components.voltrail.push.mqtt_listener.mqtt.async_wait_for_mqtt_client", at_last
    ):
        await set_up(hass, entry)
    assert state(hass, entry, "sensor", "energy_imported") == shown
    await home.run(5, stream=False)
    assert state(hass, entry, "sensor", "energy_imported") == shown
    assert "nothing heard" not in caplog.text
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("everything_enabled", "every_change")
async def test_entities_write_only_on_change(
    hass: HomeAssistant, clock: JumpingClock, output: TcpOutput
) -> None:
    """A minute of a meter that speaks every two seconds.

    Total power is written with every message that changes it, everything else at most every ten
    seconds, and what stays the same not at all.
    """
    entry = network_entry(output.port, serial="6970630000000002")
    await set_up(hass, entry)
    await connected(output)
    port = Port(clock, "kaifa-tn", start=START + timedelta(minutes=5))
    home = Home(hass, entry, port, output.send)
    await home.run(20)
    writes: dict[str, list[str]] = {}

    @callback
    def count(event: Event[EventStateChangedData]) -> None:
        found = event.data["new_state"]
        if found is not None:
            writes.setdefault(found.entity_id, []).append(found.state)

    hass.bus.async_listen("state_changed", count)
    messages = home.device.messages
    await home.run(60)
    assert home.device.messages - messages == 30
    live = {entity_id(hass, entry, "sensor", path) for path in ("power", "power_imported")}
    for found in live:
        # The house changes every five seconds.
        assert 10 <= len(writes[found]) <= 30
    for states in writes.values():
        assert all(before != after for before, after in pairwise(states))
    rest = {found: len(states) for found, states in writes.items() if found not in live}
    assert rest
    assert max(rest.values()) <= 7
    assert entity_id(hass, entry, "sensor", "power_exported") not in writes
    port.meter.house.hold((230, 230, 230))
    await home.run(40)
    writes.clear()
    await home.run(60)
    assert not live & set(writes)
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_another_meter_on_the_same_port(
    hass: HomeAssistant, home: Home, output: TcpOutput, clock: JumpingClock
) -> None:
    """The meter was replaced: its values stay out, and a repair says so."""
    await home.run(40)
    shown = state(hass, home.entry, "sensor", "energy_imported")
    new = Home(hass, home.entry, Port(clock, serial=OTHER, sun=90_000), output.send)
    await new.run(60)
    assert state(hass, home.entry, "sensor", "power") == STATE_UNAVAILABLE
    issues = ir.async_get(hass)
    issue = issues.async_get_issue(DOMAIN, f"{home.entry.entry_id}_another_meter")
    assert issue is not None
    assert issue.translation_placeholders == {"name": "Aidon 6534", "found": OTHER}
    # Ours comes back, and the other one leaves.
    await home.run(40)
    assert state(hass, home.entry, "sensor", "energy_imported") == shown
    assert issues.async_get_issue(DOMAIN, f"{home.entry.entry_id}_another_meter") is None


@pytest.mark.usefixtures("everything_enabled", "every_change")
async def test_a_name_that_comes_later(
    hass: HomeAssistant, clock: JumpingClock, output: TcpOutput
) -> None:
    """Set up on list 1 alone, the entry learns who it is, and keeps its entities."""
    entry = network_entry(output.port, serial="")
    await set_up(hass, entry)
    await connected(output)
    home = Home(hass, entry, Port(clock), output.send)
    await home.run(30, lambda sent: sent.name == "1")
    assert entry.unique_id is None
    power = entity_id(hass, entry, "sensor", "power_imported")
    await home.run(30)
    assert entry.unique_id == f"ams_han_{SERIAL}"
    assert entry.data["fingerprint"] == SERIAL
    assert entity_id(hass, entry, "sensor", "power_imported") == power
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert (device.model, device.serial_number) == ("6534", SERIAL)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await hass.async_block_till_done()
    assert entity_id(hass, entry, "sensor", "power_imported") == power
    assert hass.states.get(power) is not None
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_meter_that_is_set_up_twice(
    hass: HomeAssistant,
    home: Home,
    clock: JumpingClock,
    output: TcpOutput,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An entry without a name turns out to be the other one's meter: it is told, nothing breaks."""
    entry = network_entry(output.port, serial="")
    await set_up(hass, entry)
    await connected(output, 2)
    await home.run(20)
    await until(lambda: bool(entry.data["fingerprint"]), "it has learned its name")
    assert entry.unique_id is None
    assert "set up twice" in caplog.text
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_a_fault_of_ours(
    hass: HomeAssistant, home: Home, output: TcpOutput, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and the listening goes on with a new connection."""
    await home.run(40)
    listener = home.entry.runtime_data.coordinator._listener
    with patch.object(home.device, "hear", side_effect=RuntimeError("a fault")):
        output.send(b"anything")
        await until(lambda: bool(listener.trouble), "it has happened")
    assert "a fault" in caplog.text
    assert "RuntimeError" in listener.trouble
    await home.wait_for(lambda: listener.openings == 2 and output.clients == 1, "it is back")
    await home.run(20)
    assert number(hass, home.entry, "power") > 0


@pytest.mark.parametrize(
    ("keys", "asked"),
    [({"key": KEY.hex()}, False), ({}, True), ({"key": "00" * 16}, True)],
    ids=["right", "missing", "wrong"],
)
async def test_encrypted_messages(
    *,
    hass: HomeAssistant,
    clock: JumpingClock,
    output: TcpOutput,
    keys: dict[str, str],
    asked: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """With the key there are values; without it Home Assistant asks for it, once it is clear."""
    caplog.set_level(logging.DEBUG)
    kind = METERS["kaifa-at"]
    entry = network_entry(output.port, serial=kind.identity.serial, keys=keys)
    await set_up(hass, entry)
    await connected(output)
    home = Home(hass, entry, Port(clock, "kaifa-at", seal=kind.seal(KEY)), output.send)
    await home.run(60)
    flows = hass.config_entries.flow.async_progress()
    issues = {issue_id for _, issue_id in ir.async_get(hass).issues}
    if asked:
        (flow,) = flows
        assert flow["step_id"] == "reauth_confirm"
        assert flow["context"]["entry_id"] == entry.entry_id
        # Home Assistant's own, and none of ours beside it.
        assert issues == {f"config_entry_reauth_voltrail_{entry.entry_id}"}
    else:
        assert number(hass, entry, "power") > 0
        assert not flows
        assert not issues
    assert entry.state is ConfigEntryState.LOADED
    dump = await async_get_config_entry_diagnostics(hass, entry)
    text = json.dumps(dump, default=str)
    assert KEY.hex() not in text
    assert "00" * 16 not in json.dumps(dump["entry"])
    if keys:
        assert dump["entry"]["data"]["key"] == "**REDACTED**"
        assert keys["key"] not in caplog.text
    assert kind.identity.serial not in text
    await hass.config_entries.async_remove(entry.entry_id)
    assert not ir.async_get(hass).issues
    assert not hass.config_entries.flow.async_progress()


async def test_a_meter_that_is_understood_again(
    hass: HomeAssistant, clock: JumpingClock, output: TcpOutput
) -> None:
    """Nobody is asked for a key any longer than it is needed: the grid company took it back."""
    kind = METERS["kaifa-at"]
    entry = network_entry(output.port, serial=kind.identity.serial)
    await set_up(hass, entry)
    await connected(output)
    await Home(hass, entry, Port(clock, "kaifa-at", seal=kind.seal(KEY)), output.send).run(60)
    assert hass.config_entries.flow.async_progress()
    await Home(hass, entry, Port(clock, "kaifa-at"), output.send).run(30)
    assert number(hass, entry, "power") > 0
    assert not hass.config_entries.flow.async_progress()
    assert not ir.async_get(hass).issues
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_diagnostics(hass: HomeAssistant, home: Home) -> None:
    """Raw data, ages, drops and the factors; neither the meter nor its place is named."""
    await home.run(62)
    found = await async_get_config_entry_diagnostics(hass, home.entry)
    text = json.dumps(found, default=str)
    for private in (SERIAL, SERIAL.encode().hex(), "127.0.0.1"):
        assert private not in text
    assert found["device"]["scale_factor"] == 1
    assert found["device"]["samples"]["energy_imported"]["age"] > 5
    assert found["device"]["received"]
    assert found["listening"] == {"openings": 1, "trouble": ""}
    assert found["readings"]["voltage_l1"] == pytest.approx(230, abs=5)


async def test_a_refresh_asked_for_by_hand(
    hass: HomeAssistant, home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """A meter cannot be asked; doing so breaks nothing and claims nothing."""
    await home.run(20)
    coordinator = home.entry.runtime_data.coordinator
    await coordinator.async_refresh()
    assert coordinator.last_update_success
    await home.silence(15)
    caplog.clear()
    await coordinator.async_refresh()
    assert not coordinator.last_update_success
    assert not [record for record in caplog.records if record.levelno >= logging.INFO]
    assert state(hass, home.entry, "sensor", "power") == STATE_UNAVAILABLE


@pytest.mark.parametrize("name", ["read_registers", "pause_charging", *QUESTIONS])
async def test_an_action_for_something_else(hass: HomeAssistant, home: Home, name: str) -> None:
    """A meter is no charger, and has no registers; both is said in words."""
    await home.run(62)
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), home.entry.entry_id)
    asked = name == "read_registers" or name in QUESTIONS
    with pytest.raises(ServiceValidationError) as refused:
        await hass.services.async_call(
            DOMAIN,
            name,
            {"device_id": device.id, **({"address": 1} if name == "read_registers" else {})},
            blocking=True,
            return_response=asked,
        )
    key = "no_registers" if name == "read_registers" else "not_a_charger"
    assert refused.value.translation_key == key
    assert refused.value.translation_placeholders == {"name": home.entry.title}
    assert home.entry.title in str(refused.value)


def timers_of_ours(hass: HomeAssistant) -> list[asyncio.TimerHandle]:
    """Return what the integration has set and not taken back.

    By where the code comes from, not by how a timer looks: in debug mode it names the file that
    set it, and the folder of the checkout may be called as the integration is.
    """
    # No door leads to the timers of a loop.
    timers: list[asyncio.TimerHandle] = vars(hass.loop)["_scheduled"]
    return [
        timer
        for timer in timers
        if not timer.cancelled()
        and str(getattr(callback_of(timer), "__module__", "")).startswith("custom_components.")
    ]


def callback_of(timer: asyncio.TimerHandle) -> object:
    """Return what a timer calls."""
    return timer._callback  # type: ignore[attr-defined]


async def test_nothing_lingers(
    hass: HomeAssistant, home: Home, output: TcpOutput, hass_storage: dict[str, Any]
) -> None:
    """Unloading closes the connection and cancels what waited; removing forgets everything."""
    await home.run(62)
    entry_id = home.entry.entry_id
    assert timers_of_ours(hass)
    assert await hass.config_entries.async_unload(entry_id)
    await connected(output, 0)
    assert not timers_of_ours(hass)
    assert hass_storage[f"voltrail.{entry_id}"]["data"]["totals"]["energy_imported"] > 0
    await hass.config_entries.async_remove(entry_id)
    assert not [key for key in hass_storage if key.startswith("voltrail")]
    assert not er.async_entries_for_config_entry(er.async_get(hass), entry_id)
    assert not dr.async_entries_for_config_entry(dr.async_get(hass), entry_id)
    assert not hass.states.async_all("sensor")
