"""A smart meter that cannot be reached when its entry starts; entries of an older release."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.voltrail import storage
from custom_components.voltrail.const import DOMAIN
from custom_components.voltrail.diagnostics import async_get_config_entry_diagnostics
from custom_components.voltrail.push.return_watch import WATCHES
from simulators.ams_han.outputs import TcpOutput, pty_output, tcp_output

from .helpers import state
from .meters import (
    KEY,
    METERS,
    Home,
    JumpingClock,
    Port,
    breathe,
    connected,
    network_entry,
    serial_entry,
    set_up,
    topic_entry,
    until,
)

STORED = Path(__file__).parent / "stored"
BACK_WITHIN = 10.0


@pytest.fixture
async def clock(hass: HomeAssistant) -> AsyncIterator[JumpingClock]:
    """Time that jumps."""
    jumping = JumpingClock(hass.loop)
    with jumping.waiting_for_ports():
        yield jumping
    # The pretended broker has a timer that fires once.
    await jumping.jump(2)
    jumping.release()


@pytest.fixture
async def lonely(
    hass: HomeAssistant, clock: JumpingClock, socket_enabled: None
) -> AsyncIterator[tuple[MockConfigEntry, int]]:
    """A meter that spoke once, and whose host is gone as Home Assistant starts again."""
    async with tcp_output() as output:
        entry = network_entry(output.port)
        await set_up(hass, entry)
        await connected(output)
        await Home(hass, entry, Port(clock), output.send).run(62)
        assert await hass.config_entries.async_unload(entry.entry_id)
        await connected(output, 0)
        port = output.port
    yield entry, port
    if entry.state is not ConfigEntryState.NOT_LOADED:
        await hass.config_entries.async_unload(entry.entry_id)


async def start_in_vain(hass: HomeAssistant, clock: JumpingClock, entry: MockConfigEntry) -> None:
    """Start an entry whose way is gone."""
    if hass.config_entries.async_get_entry(entry.entry_id) is None:
        entry.add_to_hass(hass)
    starting = asyncio.create_task(hass.config_entries.async_setup(entry.entry_id))
    while not starting.done():
        await clock.jump(0.1)
        await breathe()
    assert not await starting
    assert entry.state is ConfigEntryState.SETUP_RETRY


async def back(hass: HomeAssistant, clock: JumpingClock, entry: MockConfigEntry) -> float:
    """Let time pass until an entry is loaded; return the seconds that it took."""
    begun = hass.loop.time()
    while entry.state is not ConfigEntryState.LOADED:
        await clock.jump(0.5)
        # Connections take real time only.
        for _ in range(20):
            await breathe()
        assert hass.loop.time() - begun < BACK_WITHIN + 5
    return hass.loop.time() - begun


async def test_a_host_that_is_gone(
    hass: HomeAssistant, clock: JumpingClock, lonely: tuple[MockConfigEntry, int]
) -> None:
    """The entry is not ready, comes back by itself however long it took, and has lost nothing."""
    entry, port = lonely
    before = json.dumps(await hass_memory(hass, entry))
    await start_in_vain(hass, clock, entry)
    assert entry.error_reason_translation_key == "link_down"
    # By now Home Assistant itself would wait for more than a minute.
    for _ in range(200):
        await clock.jump(1)
        await breathe()
    assert entry.state is ConfigEntryState.SETUP_RETRY
    async with tcp_output(port=port) as output:
        assert await back(hass, clock, entry) <= BACK_WITHIN
        await hass.async_block_till_done()
        assert json.dumps(await hass_memory(hass, entry)) == before
        # The counters are there before the meter has said a word.
        assert float(state(hass, entry, "sensor", "energy_imported")) > 0
        await connected(output)
        home = Home(hass, entry, Port(clock), output.send)
        await home.run(62)
        assert float(state(hass, entry, "sensor", "power")) > 0
        assert await hass.config_entries.async_unload(entry.entry_id)
        assert not hass.data[WATCHES]


async def hass_memory(hass: HomeAssistant, entry: MockConfigEntry) -> Any:
    """Return what is remembered of a meter."""
    return await storage.store(hass, entry.entry_id).async_load()


async def test_a_port_that_is_gone(
    hass: HomeAssistant, clock: JumpingClock, socket_enabled: None, tmp_path: Path
) -> None:
    """The same with an adapter that is plugged in again, under its name."""
    # A pseudo-terminal takes a parity that it does not have once, and not when opened again.
    entry = serial_entry(str(tmp_path / "port"), parity="N")
    await start_in_vain(hass, clock, entry)
    async with pty_output(tmp_path / "port") as pty:
        assert await back(hass, clock, entry) <= BACK_WITHIN
        await hass.async_block_till_done()
        listener = entry.runtime_data.coordinator._listener
        await until(lambda: listener.openings == 1, "the port is open")
        home = Home(hass, entry, Port(clock), pty.send)
        await home.run(20)
        assert float(state(hass, entry, "sensor", "power")) > 0
        assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("mqtt_mock")
async def test_a_broker_that_is_gone(hass: HomeAssistant, clock: JumpingClock) -> None:
    """The meter is back as soon as the MQTT integration is."""
    (broker,) = hass.config_entries.async_entries("mqtt")
    await hass.config_entries.async_set_disabled_by(
        broker.entry_id, disabled_by=ConfigEntryDisabler.USER
    )
    entry = topic_entry()
    await start_in_vain(hass, clock, entry)
    assert entry.error_reason_translation_key == "mqtt_missing"
    await clock.jump(20)
    await hass.config_entries.async_set_disabled_by(broker.entry_id, disabled_by=None)
    assert await back(hass, clock, entry) <= BACK_WITHIN
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("mqtt_mock")
async def test_another_task_waited_for_the_broker_in_vain(
    hass: HomeAssistant, clock: JumpingClock
) -> None:
    """Home Assistant hands out one future to all who wait, cancelled by the first to give up."""
    entry = topic_entry()
    with patch(
        "custom_components.voltrail.push.mqtt_listener.mqtt.async_wait_for_mqtt_client",
        side_effect=asyncio.CancelledError,
    ):
        await start_in_vain(hass, clock, entry)
    assert entry.error_reason_translation_key == "mqtt_missing"
    assert await back(hass, clock, entry) <= BACK_WITHIN
    await hass.async_block_till_done()
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.parametrize("how", ["unload", "remove", "disable"])
async def test_an_entry_that_is_off_is_not_waited_for(
    *, hass: HomeAssistant, clock: JumpingClock, lonely: tuple[MockConfigEntry, int], how: str
) -> None:
    """Whoever unloads, removes or disables it does not find it loaded later."""
    entry, port = lonely
    await start_in_vain(hass, clock, entry)
    assert hass.data[WATCHES]
    if how == "unload":
        await hass.config_entries.async_unload(entry.entry_id)
    elif how == "remove":
        await hass.config_entries.async_remove(entry.entry_id)
    else:
        await hass.config_entries.async_set_disabled_by(
            entry.entry_id, disabled_by=ConfigEntryDisabler.USER
        )
    await asyncio.sleep(0)
    await until(lambda: not hass.data[WATCHES], "nobody waits any more")
    async with tcp_output(port=port) as output:
        for _ in range(10):
            await clock.jump(1)
            await breathe()
        assert output.clients == 0
    assert entry.state is ConfigEntryState.NOT_LOADED


async def test_one_that_is_set_up_again_meanwhile(
    hass: HomeAssistant, clock: JumpingClock, lonely: tuple[MockConfigEntry, int]
) -> None:
    """A look that is under way lets go first: many an adapter takes one client only."""
    entry, port = lonely
    await start_in_vain(hass, clock, entry)
    watches = hass.data[WATCHES]
    (first,) = watches.values()
    await hass.config_entries.async_reload(entry.entry_id)
    assert first.done()
    assert set(watches) == {entry.entry_id}
    async with tcp_output(port=port) as output:
        assert await back(hass, clock, entry) <= BACK_WITHIN
        await connected(output, 1)
        assert await hass.config_entries.async_unload(entry.entry_id)


async def test_one_that_is_silent(
    hass: HomeAssistant, clock: JumpingClock, lonely: tuple[MockConfigEntry, int]
) -> None:
    """Somebody listens, and nothing comes: that is no reason not to be set up."""
    entry, port = lonely
    async with tcp_output(port=port) as output:
        await set_up(hass, entry)
        await connected(output)
        await Home(hass, entry, Port(clock), output.send).silence(20)
        assert entry.state is ConfigEntryState.LOADED
        assert state(hass, entry, "sensor", "energy_imported") == STATE_UNAVAILABLE
        output.drop()
        await Home(hass, entry, Port(clock), output.send).silence(5)
        assert entry.state is ConfigEntryState.LOADED
        assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.fixture
async def output(socket_enabled: None) -> AsyncIterator[TcpOutput]:
    """A port of a host, as ser2net offers it."""
    async with tcp_output() as found:
        yield found


async def stored_entry(
    hass: HomeAssistant, hass_storage: dict[str, Any], name: str, **data: Any
) -> Any:
    """Let Home Assistant read an entry from its file, as it lies there since an older release."""
    stored = json.loads((STORED / name).read_text(encoding="utf-8"))
    (entry,) = stored["data"]["entries"]
    entry["data"] |= data
    hass_storage["core.config_entries"] = stored
    await hass.config_entries.async_initialize()
    found = hass.config_entries.async_get_entry(entry["entry_id"])
    assert found is not None
    return found


async def test_the_keys_of_release_0_1(
    hass: HomeAssistant, hass_storage: dict[str, Any], clock: JumpingClock, output: TcpOutput
) -> None:
    """They were settings; now they are kept with the place, and go on fitting."""
    entry = await stored_entry(hass, hass_storage, "encrypted_meter_0.1.0.json", port=output.port)
    before = dict(entry.data)
    assert (entry.version, entry.minor_version) == (1, 1)
    await set_up(hass, entry)
    assert (entry.version, entry.minor_version) == (1, 2)
    assert entry.data == {**before, "key": KEY.hex(), "authentication_key": KEY.hex()}
    assert entry.options == {
        "clock_zone": "automatic",
        "energy_factor": 1.0,
        "power_interval": 0.0,
        "scale_factor": 50.0,
        "update_interval": 10.0,
    }
    await connected(output)
    seal = METERS["kaifa-at"].seal(KEY, KEY)
    home = Home(hass, entry, Port(clock, "kaifa-at", seal=seal), output.send)
    await home.run(30)
    assert float(state(hass, entry, "sensor", "power")) > 0
    dump = json.dumps(await async_get_config_entry_diagnostics(hass, entry), default=str)
    assert KEY.hex() not in dump
    assert await hass.config_entries.async_unload(entry.entry_id)


async def test_an_entry_of_a_newer_release(hass: HomeAssistant) -> None:
    """Nobody can know what it means, so it is left alone."""
    entry = MockConfigEntry(domain=DOMAIN, data={"family": "ams_han"}, version=2)
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.MIGRATION_ERROR
