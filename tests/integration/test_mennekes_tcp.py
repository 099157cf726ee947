"""A 4Business in Home Assistant, with its simulator behind a real socket."""

import asyncio
import logging
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
import voluptuous as vol
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.voltrail import link
from custom_components.voltrail.const import DOMAIN
from custom_components.voltrail.engine.devices.mennekes_tcp import MennekesTcp
from custom_components.voltrail.engine.devices.mennekes_tcp.device import SAFE_CURRENT_PATIENCE
from custom_components.voltrail.engine.model.errors import DeviceSilentError, LinkDownError
from custom_components.voltrail.engine.polling import plausibility
from custom_components.voltrail.engine.polling.plausibility import Patience
from custom_components.voltrail.engine.polling.polled_device import Cadence
from simulators.mennekes_tcp import Charger4X, ChargerEcu
from simulators.server import Server, serve

from .helpers import poll, set_number, state, turn

NUMBERS = {
    **{f"power_l{phase}": (204 + 2 * phase, 2, 1) for phase in (1, 2, 3)},
    **{f"current_l{phase}": (210 + 2 * phase, 2, 0.001) for phase in (1, 2, 3)},
    **{f"voltage_l{phase}": (220 + 2 * phase, 2, 1) for phase in (1, 2, 3)},
    "energy_charged": (218, 2, 0.001),
    "power": (220, 2, 1),
    "current_offered": (706, 1, 1),
    "session_energy": (716, 2, 0.001),
    "session_duration": (718, 2, 1 / 3600),
    "vehicle_maximum_current": (715, 1, 1),
    "minimum_current": (712, 1, 1),
    "safe_current": (131, 1, 1),
    "communication_timeout": (132, 1, 1),
    "operator_limit": (134, 1, 1),
    "power_limit_minimum": (2012, 1, 1),
    "power_limit_maximum": (2013, 1, 1),
    "phase_switch_pause": (2021, 1, 1),
    **{f"network_limit_l{phase}": (609 + phase, 1, 1) for phase in (1, 2, 3)},
    **{f"network_applied_l{phase}": (629 + phase, 1, 1) for phase in (1, 2, 3)},
    **{f"network_available_l{phase}": (632 + phase, 1, 1) for phase in (1, 2, 3)},
    **{f"network_consumed_l{phase}": (2635 + phase, 1, 1) for phase in (1, 2, 3)},
    "stations": (621, 1, 1),
    "stations_in_fallback": (2622, 1, 1),
    "station_fallback_current": (2623, 1, 1),
}
"""Where the register document has the numbers: address, count, and what is shown per unit."""

WORDS = {
    "charging_state": "charging",
    "blocked_by": "nothing",
    "phases_in_use": "3",
    "limited_by": "current",
    "ocpp_status": "charging",
    "error_words": "00000000 00000000 00000000 00000041",
    "protocol_version": "1.5",
    "vehicle_state": "c",
    "relay": "on",
    "plug_lock": "not_used",
    "firmware": "1.5.21-1234",
    "device_name": "Garage",
    "network_role": "master",
    "limitation_source": "static_network_meter",
    "hems_access": "read_and_write",
    "hems_status": "ok",
    "phase_switch_mode": "three_phases",
    "assigned_phases": "three",
    "authorisation": "not_needed",
}

FLAGS = {"operative": "on", "safe_current_active": "off", "phase_switching": "off"}


def words_of(charger: Charger4X, address: int, count: int) -> int:
    """Return a number as the register table holds it now, high word first."""
    value = 0
    for word in charger.unit(1).read(address, count):
        value = value << 16 | word
    return value


def clock_of(charger: Charger4X, address: int) -> str:
    """Return a time of day as the register table holds it now."""
    digits = f"{words_of(charger, address, 2):08x}"
    return f"{digits[2:4]}:{digits[4:6]}:{digits[6:8]}"


@pytest.mark.usefixtures("everything_enabled", "every_change")
async def test_from_the_form_to_the_last_value(
    hass: HomeAssistant, charger: Charger4X, charger_server: Server
) -> None:
    """The form adds the charger, and every entity shows what its registers hold."""
    charger.set({"network.mode": 1, "network.source": 1, "network.stations": 3})
    charger.set({"network.others_applied": 8, "network.others_drawn": 7, "charger.errors": 0x41})
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"], {"next_step_id": "mennekes_tcp"}
    )
    result = await hass.config_entries.flow.async_configure(
        result["flow_id"],
        {"host": charger_server.host, "port": charger_server.port, "unit_id": 1},
    )
    entry: MockConfigEntry = result["result"]
    await hass.async_block_till_done()
    # A session that is over, and one that runs.
    charger.do("plug_in")
    charger.advance(30)
    charger.do("leave")
    charger.advance(45)
    charger.do("plug_in")
    await set_number(hass, entry, "current_limit", 16)
    charger.advance(40)
    entry.runtime_data.coordinator.schedule.hurry()
    await poll(hass, entry)

    for path, (address, count, factor) in NUMBERS.items():
        shown = float(state(hass, entry, "sensor", path))
        assert shown == pytest.approx(words_of(charger, address, count) * factor, abs=1e-6), path
    assert float(state(hass, entry, "sensor", "power")) > 10_000
    assert float(state(hass, entry, "sensor", "energy_charged")) == pytest.approx(2221.6, abs=0.05)
    for path, word in WORDS.items():
        assert state(hass, entry, "sensor", path) == word, path
    for path, word in FLAGS.items():
        assert state(hass, entry, "binary_sensor", path) == word, path
    times = {"session_start": 707, "session_end": 710}
    for path, address in times.items():
        shown_time = dt_util.parse_datetime(state(hass, entry, "sensor", path))
        assert shown_time is not None
        local = dt_util.as_local(shown_time)
        assert f"{local:%H:%M:%S}" == clock_of(charger, address) != "00:00:00", path
        assert abs(dt_util.now() - local) < timedelta(days=1)
    for path, shown_number in (
        ("current_limit", 16),
        ("power_limit", 22080),
        ("safe_current", words_of(charger, 131, 1)),
        ("communication_timeout", words_of(charger, 132, 1)),
        ("network_ems_limit", words_of(charger, 613, 1)),
    ):
        assert float(state(hass, entry, "number", path)) == shown_number, path
    assert state(hass, entry, "switch", "charging") == "on"
    # There is no value besides these.
    readings = {reading.path for reading in entry.runtime_data.device.readings()}
    assert readings == {*NUMBERS, *WORDS, *FLAGS, *times}
    assert not [
        found.entity_id
        for found in hass.states.async_all()
        if found.state in (STATE_UNAVAILABLE, STATE_UNKNOWN)
    ]

    # And every control moves its register.
    for path, wanted, address in (
        ("current_limit", 10, 2000),
        ("power_limit", 9000, 2002),
        ("safe_current", 8, 131),
        ("communication_timeout", 120, 132),
        ("network_ems_limit", 20, 615),
    ):
        await set_number(hass, entry, path, wanted)
        assert charger.unit(1).read(address, 1) == [wanted], path
        assert float(state(hass, entry, "number", path)) == wanted
    await turn(hass, entry, "charging", on=False)
    assert charger.unit(1).read(2000, 1) == [0]
    await turn(hass, entry, "charging", on=True)
    assert charger.unit(1).read(2000, 3) == [32, 320, 9000]
    assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("charger_loaded")
async def test_the_current_limit_moves_the_register(
    hass: HomeAssistant, charger: Charger4X, charger_entry: MockConfigEntry
) -> None:
    """Whole ampere go to register 2000, tenths to 2001; power is lifted out of the way."""
    await set_number(hass, charger_entry, "current_limit", 10)
    assert charger.unit(1).read(2000, 3) == [10, 100, 22080]
    await set_number(hass, charger_entry, "current_limit", 12.5)
    assert charger.unit(1).read(2000, 3) == [12, 125, 22080]
    assert state(hass, charger_entry, "number", "current_limit") == "12.5"


@pytest.mark.usefixtures("charger_loaded")
@pytest.mark.parametrize("amps", [0, 0.1, 5.5, 5.9])
async def test_below_the_minimum_pauses(
    hass: HomeAssistant, charger: Charger4X, charger_entry: MockConfigEntry, amps: float
) -> None:
    """Anything below 6 A pauses, as the charger does it."""
    await set_number(hass, charger_entry, "current_limit", 8)
    await set_number(hass, charger_entry, "current_limit", amps)
    assert charger.unit(1).read(2000, 1) == [0]
    assert state(hass, charger_entry, "switch", "charging") == "off"
    assert state(hass, charger_entry, "sensor", "blocked_by") == "no_vehicle"


@pytest.mark.usefixtures("charger_loaded")
async def test_charging_resumes_with_the_last_limit(
    hass: HomeAssistant, charger: Charger4X, charger_entry: MockConfigEntry
) -> None:
    """Off pauses; on goes on with what was set before, never with a number of ours."""
    await set_number(hass, charger_entry, "current_limit", 9)
    await turn(hass, charger_entry, "charging", on=False)
    assert charger.unit(1).read(2000, 1) == [0]
    assert state(hass, charger_entry, "number", "current_limit") == "0.0"
    await turn(hass, charger_entry, "charging", on=True)
    assert charger.unit(1).read(2000, 1) == [9]


@pytest.mark.usefixtures("charger_loaded")
async def test_the_last_limit_survives_a_restart(
    hass: HomeAssistant, charger: Charger4X, charger_entry: MockConfigEntry
) -> None:
    """What was set is still known after the entry was loaded anew."""
    await set_number(hass, charger_entry, "current_limit", 9)
    await turn(hass, charger_entry, "charging", on=False)
    assert await hass.config_entries.async_reload(charger_entry.entry_id)
    await hass.async_block_till_done()
    await turn(hass, charger_entry, "charging", on=True)
    assert charger.unit(1).read(2000, 1) == [9]


@pytest.mark.usefixtures("charger_loaded")
async def test_a_restart_adopts_a_running_charge(
    hass: HomeAssistant, charger: Charger4X, charger_entry: MockConfigEntry
) -> None:
    """Loading anew reads first; what the charger holds already is not written again."""
    charger.set({"car.plugged": True})
    await set_number(hass, charger_entry, "current_limit", 9)
    charger.advance(30)
    charger.traffic.clear()
    assert await hass.config_entries.async_reload(charger_entry.entry_id)
    await hass.async_block_till_done()
    assert not charger.traffic.writes
    assert state(hass, charger_entry, "sensor", "charging_state") == "charging"


@pytest.mark.usefixtures("charger_loaded")
async def test_the_power_limit_moves_the_register(
    hass: HomeAssistant, charger: Charger4X, charger_entry: MockConfigEntry
) -> None:
    """Power drives alone: the current limit goes up to what is allowed, after the power."""
    charger.traffic.clear()
    await set_number(hass, charger_entry, "power_limit", 6000)
    assert charger.unit(1).read(2000, 3) == [32, 320, 6000]
    assert [write.address for write in charger.traffic.writes] == [2002, 2000]
    await set_number(hass, charger_entry, "current_limit", 10)
    assert charger.unit(1).read(2000, 3) == [10, 100, 22080]
    assert [write.address for write in charger.traffic.writes][2:] == [2000, 2002]


@pytest.mark.usefixtures("charger_loaded")
@pytest.mark.parametrize("watts", [0, 1, 1379])
async def test_power_below_the_lowest_pauses(
    hass: HomeAssistant, charger: Charger4X, charger_entry: MockConfigEntry, watts: int
) -> None:
    """1 to 1379 W pause like 0, and resuming brings the power back."""
    await set_number(hass, charger_entry, "power_limit", 5000)
    await set_number(hass, charger_entry, "power_limit", watts)
    assert charger.unit(1).read(2000, 1) == [0]
    assert state(hass, charger_entry, "switch", "charging") == "off"
    await turn(hass, charger_entry, "charging", on=True)
    assert charger.unit(1).read(2000, 3) == [32, 320, 5000]


@pytest.mark.usefixtures("everything_enabled", "charger_loaded")
@pytest.mark.parametrize(
    ("path", "value", "key"),
    [
        ("current_limit", -1, "out_of_range"),
        ("current_limit", -0.1, "out_of_range"),
        ("current_limit", 32.1, "out_of_range"),
        ("current_limit", 33, "out_of_range"),
        ("current_limit", 1e9, "out_of_range"),
        ("current_limit", float("inf"), "out_of_range"),
        ("current_limit", float("nan"), "not_a_number"),
        ("current_limit", "nan", "not_a_number"),
        ("current_limit", "much", "expected_type"),
        ("power_limit", -1, "out_of_range"),
        ("power_limit", 22081, "out_of_range"),
        ("power_limit", float("nan"), "not_a_number"),
        ("power_limit", "much", "expected_type"),
        ("safe_current", 33, "out_of_range"),
        ("safe_current", float("nan"), "not_a_number"),
        ("communication_timeout", 0, "out_of_range"),
        ("communication_timeout", 301, "out_of_range"),
    ],
)
async def test_a_value_out_of_bounds_never_reaches_the_wire(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_entry: MockConfigEntry,
    *,
    path: str,
    value: object,
    key: str,
) -> None:
    """It is refused with a translated error, and the wire stays quiet."""
    await set_number(hass, charger_entry, "current_limit", 9)
    before = charger.unit(1).read(131, 2), charger.unit(1).read(2000, 3)
    charger.traffic.clear()
    with pytest.raises((ServiceValidationError, vol.Invalid)) as caught:
        await set_number(hass, charger_entry, path, value)
    await hass.async_block_till_done()
    assert getattr(caught.value, "translation_key", None) == key
    assert charger.traffic.requests == 0
    assert (charger.unit(1).read(131, 2), charger.unit(1).read(2000, 3)) == before
    assert state(hass, charger_entry, "number", "current_limit") == "9.0"


@pytest.mark.parametrize(("amps", "held"), [(5.5, 0), (0.5, 0), (10.9, 10), (6.0, 6), (32.0, 32)])
async def test_a_device_that_knows_whole_amperes_only(
    hass: HomeAssistant, socket_enabled: None, amps: float, held: int
) -> None:
    """A fraction is cut off; what is left below 6 A pauses, as everywhere."""
    charger = ChargerEcu()
    async with serve(charger) as server:
        entry = MockConfigEntry(
            domain=DOMAIN,
            data={
                "family": "mennekes_tcp",
                "transport": "tcp",
                "host": server.host,
                "port": server.port,
                "unit_id": 255,
                "fingerprint": "ECU CC612",
            },
        )
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        await set_number(hass, entry, "current_limit", 12)
        await set_number(hass, entry, "current_limit", amps)
        assert charger.unit(255).read(1000, 1) == [held]
        assert float(state(hass, entry, "number", "current_limit")) == held
        assert state(hass, entry, "switch", "charging") == ("on" if held else "off")
        charger.traffic.clear()
        for value in (-1, 33, float("nan")):
            with pytest.raises(ServiceValidationError):
                await set_number(hass, entry, "current_limit", value)
        await hass.async_block_till_done()
        assert charger.traffic.requests == 0
        assert await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("everything_enabled", "charger_loaded")
async def test_the_fallback_can_be_set(
    hass: HomeAssistant, charger: Charger4X, charger_entry: MockConfigEntry
) -> None:
    """Safe current and communication timeout are numbers for the installer."""
    await set_number(hass, charger_entry, "safe_current", 8)
    await set_number(hass, charger_entry, "communication_timeout", 120)
    assert charger.unit(1).read(131, 2) == [8, 120]
    assert state(hass, charger_entry, "number", "safe_current") == "8"


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what a person finds in the log of us, and of Home Assistant about us.

    Not ours to say: the event loop complains of time that jumps, and the library behind Home
    Assistant's Modbus connections tells of a reset on its own.
    """
    return [
        record.getMessage()
        for record in caplog.records
        if not record.name.startswith(("asyncio", "tmodbus"))
        and (
            record.levelno >= logging.WARNING
            or (record.levelno >= logging.INFO and DOMAIN in record.name)
        )
    ]


async def let_pass(hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float) -> None:
    """Let time pass; what is planned for it happens by itself."""
    for _ in range(round(seconds / 5)):
        freezer.tick(5)
        async_fire_time_changed(hass)
        await hass.async_block_till_done(wait_background_tasks=True)


@pytest.mark.usefixtures("everything_enabled", "charger_loaded")
async def test_a_dead_link_is_told_once_and_heals(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_server: Server,
    charger_entry: MockConfigEntry,
    *,
    caplog: pytest.LogCaptureFixture,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Everything goes unavailable with one line, and comes back by itself with one line."""
    await set_number(hass, charger_entry, "current_limit", 9)
    before = {found.entity_id: found.state for found in hass.states.async_all()}
    assert STATE_UNAVAILABLE not in before.values()
    caplog.clear()
    await charger_server.unplug()
    await let_pass(hass, freezer, 60)
    assert {found.state for found in hass.states.async_all()} == {STATE_UNAVAILABLE}
    assert len(told(caplog)) == 1, told(caplog)
    caplog.clear()
    await charger_server.plug()
    charger.traffic.clear()
    # Whatever went away is back within ten seconds of the link.
    await let_pass(hass, freezer, 10)
    assert {found.entity_id: found.state for found in hass.states.async_all()} == before
    assert len(told(caplog)) == 1, told(caplog)
    assert charger.traffic.connections_made == 1
    assert not charger.traffic.writes


async def test_a_slow_poll_is_no_reason_to_be_away_for_longer(
    hass: HomeAssistant,
    charger_server: Server,
    charger_entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """One that is read once a minute is back within ten seconds of its link as well."""
    charger_entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        charger_entry, options={**charger_entry.options, "scan_interval": 60}
    )
    assert await hass.config_entries.async_setup(charger_entry.entry_id)
    await hass.async_block_till_done()
    await charger_server.unplug()
    await let_pass(hass, freezer, 70)
    assert state(hass, charger_entry, "sensor", "power") == STATE_UNAVAILABLE
    await charger_server.plug()
    await let_pass(hass, freezer, 10)
    assert state(hass, charger_entry, "sensor", "power") == "0"
    assert await hass.config_entries.async_unload(charger_entry.entry_id)


def _warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return what a person finds in the log."""
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


@pytest.mark.usefixtures("charger_loaded")
async def test_one_failing_block_takes_down_only_its_own(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """A session block that fails leaves the meter alone, and is told once."""
    charger.faults.inject("exception", code=4, address=716, times=None)
    caplog.clear()
    for _ in range(3):
        await poll(hass, charger_entry)
    assert state(hass, charger_entry, "sensor", "session_energy") == STATE_UNAVAILABLE
    assert state(hass, charger_entry, "sensor", "power") == "0"
    # There may be two of the same kind.
    title = charger_entry.title
    assert len([line for line in _warnings(caplog) if f"{title}: session failed" in line]) == 1
    charger.faults.clear()
    await poll(hass, charger_entry)
    assert state(hass, charger_entry, "sensor", "session_energy") == "0.0"
    assert len([line for line in caplog.messages if f"{title}: it answers as before" in line]) == 1


@pytest.mark.usefixtures("everything_enabled", "charger_loaded")
async def test_what_did_not_change_is_not_written_again(
    hass: HomeAssistant, charger_entry: MockConfigEntry
) -> None:
    """A poll that brings the same values tells Home Assistant nothing."""
    await poll(hass, charger_entry)
    before = {found.entity_id: found.last_reported for found in hass.states.async_all()}
    for _ in range(3):
        await poll(hass, charger_entry)
    assert {found.entity_id: found.last_reported for found in hass.states.async_all()} == before


@pytest.mark.usefixtures("charger_loaded")
async def test_a_block_that_just_fell_silent_gets_a_second_chance(
    hass: HomeAssistant, charger: Charger4X, charger_entry: MockConfigEntry
) -> None:
    """One lost answer does not blank anything."""
    charger.faults.inject("exception", code=6, address=716, times=1)
    await poll(hass, charger_entry)
    assert state(hass, charger_entry, "sensor", "session_energy") == "0.0"


@pytest.mark.usefixtures("charger_loaded")
async def test_the_target_is_asserted_after_a_reboot(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_server: Server,
    charger_entry: MockConfigEntry,
) -> None:
    """A reboot loses limits: the state is read, then the limit is written once."""
    await set_number(hass, charger_entry, "current_limit", 11)
    charger.do("reboot")
    await poll(hass, charger_entry)
    charger.advance(60)
    charger.traffic.clear()
    await poll(hass, charger_entry)
    await poll(hass, charger_entry)
    assert charger.unit(1).read(2000, 1) == [11]
    assert len([write for write in charger.traffic.writes if write.address == 2000]) == 1
    assert charger.traffic.reads


@pytest.mark.usefixtures("charger_loaded")
async def test_the_target_is_asserted_when_the_timeout_ends(
    hass: HomeAssistant, charger: Charger4X, charger_entry: MockConfigEntry
) -> None:
    """The charger leaves its safe current with our limit in force."""
    await set_number(hass, charger_entry, "current_limit", 13)
    charger.set({"car.plugged": True})
    charger.advance(300)
    await poll(hass, charger_entry)
    coordinator = charger_entry.runtime_data.coordinator
    coordinator.schedule.hurry()
    await poll(hass, charger_entry)
    assert charger.unit(1).read(2000, 1) == [13]
    coordinator.schedule.hurry()
    await poll(hass, charger_entry)
    assert charger.unit(1).read(2011, 1) == [0]
    assert state(hass, charger_entry, "binary_sensor", "safe_current_active") == "off"


@pytest.mark.usefixtures("charger_loaded")
async def test_a_limit_set_elsewhere_is_adopted(
    hass: HomeAssistant, charger: Charger4X, charger_entry: MockConfigEntry
) -> None:
    """Somebody else's limit is taken over after two polls, and never fought."""
    await set_number(hass, charger_entry, "current_limit", 11)
    charger.unit(1).write(2000, [7])
    charger.traffic.clear()
    for _ in range(4):
        await poll(hass, charger_entry)
    assert not charger.traffic.writes
    assert state(hass, charger_entry, "number", "current_limit") == "7.0"
    await turn(hass, charger_entry, "charging", on=False)
    await turn(hass, charger_entry, "charging", on=True)
    assert charger.unit(1).read(2000, 1) == [7]


@pytest.mark.usefixtures("charger_loaded")
async def test_a_charger_that_only_reads_is_explained(
    hass: HomeAssistant, charger: Charger4X, charger_entry: MockConfigEntry
) -> None:
    """Controls are unavailable and a repair says which menu to open; both heal."""
    charger.set({"hems.access": "read_only"})
    coordinator = charger_entry.runtime_data.coordinator
    coordinator.schedule.hurry()
    await poll(hass, charger_entry)
    assert state(hass, charger_entry, "number", "current_limit") == STATE_UNAVAILABLE
    assert state(hass, charger_entry, "switch", "charging") == STATE_UNAVAILABLE
    assert state(hass, charger_entry, "sensor", "power") == "0"
    issues = ir.async_get(hass)
    issue_id = f"{charger_entry.entry_id}_read_only"
    assert issues.async_get_issue(DOMAIN, issue_id) is not None
    charger.set({"hems.access": "read_write"})
    coordinator.schedule.hurry()
    await poll(hass, charger_entry)
    assert issues.async_get_issue(DOMAIN, issue_id) is None
    assert state(hass, charger_entry, "number", "current_limit") != STATE_UNAVAILABLE


async def test_a_charger_that_was_added_without_controls(
    hass: HomeAssistant, charger: Charger4X, charger_entry: MockConfigEntry
) -> None:
    """Nobody is told to change what was wanted; once it takes orders, it has controls."""
    charger.set({"hems.access": "read_only"})
    charger_entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        charger_entry, data={**charger_entry.data, "read_only": True}
    )
    assert await hass.config_entries.async_setup(charger_entry.entry_id)
    await hass.async_block_till_done()
    issues = ir.async_get(hass)
    issue_id = f"{charger_entry.entry_id}_read_only"
    assert state(hass, charger_entry, "sensor", "power") == "0"
    assert not hass.states.async_entity_ids(("number", "switch", "select", "button"))
    assert issues.async_get_issue(DOMAIN, issue_id) is None
    charger.set({"hems.access": "read_write"})
    charger_entry.runtime_data.coordinator.schedule.hurry()
    await poll(hass, charger_entry)
    await hass.async_block_till_done()
    assert "read_only" not in charger_entry.data
    await set_number(hass, charger_entry, "current_limit", 10)
    assert state(hass, charger_entry, "number", "current_limit") == "10.0"
    # From now on it is one like any other.
    charger.set({"hems.access": "read_only"})
    charger_entry.runtime_data.coordinator.schedule.hurry()
    await poll(hass, charger_entry)
    assert issues.async_get_issue(DOMAIN, issue_id) is not None
    assert await hass.config_entries.async_unload(charger_entry.entry_id)


async def test_a_charger_that_takes_orders_since_the_last_start(
    hass: HomeAssistant, charger_entry: MockConfigEntry
) -> None:
    """It was added without controls, and has them at once."""
    charger_entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(
        charger_entry, data={**charger_entry.data, "read_only": True}
    )
    assert await hass.config_entries.async_setup(charger_entry.entry_id)
    await hass.async_block_till_done()
    assert "read_only" not in charger_entry.data
    assert state(hass, charger_entry, "switch", "charging") == "on"
    assert await hass.config_entries.async_unload(charger_entry.entry_id)


@pytest.mark.usefixtures("charger_loaded")
async def test_a_short_timeout_is_a_repair(
    hass: HomeAssistant, charger: Charger4X, charger_entry: MockConfigEntry
) -> None:
    """A communication timeout under twice the interval is told."""
    charger.unit(1).write(132, [15])
    coordinator = charger_entry.runtime_data.coordinator
    coordinator.schedule.hurry()
    await poll(hass, charger_entry)
    issue_id = f"{charger_entry.entry_id}_timeout_too_short"
    assert ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is not None


@pytest.mark.usefixtures("charger_loaded")
async def test_minutes_in_safe_current_are_a_repair(
    hass: HomeAssistant, charger: Charger4X, charger_entry: MockConfigEntry
) -> None:
    """A charger that was ours and stays in its safe current is told of, until it is out of it."""
    coordinator = charger_entry.runtime_data.coordinator
    issue_id = f"{charger_entry.entry_id}_safe_current_active"
    issues = ir.async_get(hass)

    async def time_out() -> None:
        charger.set({"hems.timed_out": True, "hems.access": "read_only"})
        coordinator.schedule.hurry()
        await poll(hass, charger_entry)
        assert state(hass, charger_entry, "binary_sensor", "safe_current_active") == "on"
        assert issues.async_get_issue(DOMAIN, issue_id) is None
        coordinator.device._timed_out_since -= SAFE_CURRENT_PATIENCE
        await poll(hass, charger_entry)

    await time_out()
    # A new one greets its owner: nothing was ever asked of it, so nothing was lost.
    assert issues.async_get_issue(DOMAIN, issue_id) is None
    charger.set({"hems.timed_out": False, "hems.access": "read_write"})
    coordinator.schedule.hurry()
    await poll(hass, charger_entry)
    await set_number(hass, charger_entry, "current_limit", 10)
    await time_out()
    assert issues.async_get_issue(DOMAIN, issue_id) is not None
    charger.set({"hems.access": "read_write"})
    for _ in range(2):
        coordinator.schedule.hurry()
        await poll(hass, charger_entry)
    assert issues.async_get_issue(DOMAIN, issue_id) is None
    assert state(hass, charger_entry, "binary_sensor", "safe_current_active") == "off"


@pytest.mark.usefixtures("charger_loaded")
@pytest.mark.parametrize(("address", "count"), [(730, 1), (740, 1), (725, 10), (700, 125)])
async def test_an_action_never_reads_what_makes_it_hang_up(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_entry: MockConfigEntry,
    *,
    address: int,
    count: int,
) -> None:
    """Whoever asks for registers 730 or 740 is told why not, and the connection stays."""
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), charger_entry.entry_id)
    charger.traffic.clear()
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call(
            DOMAIN,
            "read_registers",
            {"device_id": device.id, "address": address, "count": count},
            blocking=True,
            return_response=True,
        )
    assert caught.value.translation_key == "forbidden_register"
    assert charger.traffic.requests == 0
    assert charger.traffic.connections_open == 1


@pytest.mark.usefixtures("charger_loaded")
async def test_another_device_never_feeds_this_one(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_server: Server,
    charger_entry: MockConfigEntry,
) -> None:
    """When another model answers at the address, everything is unavailable."""
    await charger_server.unplug()
    await poll(hass, charger_entry)
    charger.box.model = "4You 510 11 T2S"
    await charger_server.plug()
    await poll(hass, charger_entry)
    assert state(hass, charger_entry, "sensor", "power") == STATE_UNAVAILABLE
    charger.box.model = "4Business 710 22 C2"
    await poll(hass, charger_entry)
    assert state(hass, charger_entry, "sensor", "power") == "0"


@pytest.mark.usefixtures("charger_loaded")
async def test_requests_of_one_poll(
    hass: HomeAssistant, charger: Charger4X, charger_entry: MockConfigEntry
) -> None:
    """A measuring poll takes at most 6 requests, everything at most 16."""
    device = charger_entry.runtime_data.device
    charger.traffic.clear()
    await device.poll(Cadence.MEASUREMENTS)
    assert charger.traffic.requests == 6
    charger.traffic.clear()
    await device.update()
    assert charger.traffic.requests == 16
    # Of these every value comes, and a dump holds no more.
    assert not device.failures
    asked = {(read.address, read.length) for read in charger.traffic.reads}
    charger.traffic.clear()
    await device.read_raw()
    assert {(read.address, read.length) for read in charger.traffic.reads} == asked
    assert charger.traffic.requests == 16


@pytest.mark.usefixtures("charger_loaded")
async def test_only_what_an_entity_shows_is_read(
    hass: HomeAssistant, charger: Charger4X, charger_entry: MockConfigEntry
) -> None:
    """With the default entities the expert blocks are left out."""
    coordinator = charger_entry.runtime_data.coordinator
    charger.traffic.clear()
    coordinator.schedule.hurry()
    await poll(hass, charger_entry)
    addresses = {request.address for request in charger.traffic.reads}
    assert 600 not in addresses
    assert 200 in addresses


@pytest.mark.usefixtures("charger_loaded")
async def test_the_device_page(
    hass: HomeAssistant, charger_entry: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    """The registry knows maker, model and firmware."""
    (device,) = dr.async_entries_for_config_entry(device_registry, charger_entry.entry_id)
    assert device.manufacturer == "MENNEKES"
    assert device.model == "AMTRON 4Business 710 22 C2"
    assert device.sw_version == "1.5.21-1234"


async def test_setup_is_retried_while_no_device_answers(
    hass: HomeAssistant, charger_server: Server, charger_entry: MockConfigEntry
) -> None:
    """Without an answer the entry waits, and says why."""
    await charger_server.unplug()
    charger_entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(charger_entry.entry_id)
    assert charger_entry.state is ConfigEntryState.SETUP_RETRY
    assert charger_entry.error_reason_translation_key == "link_down"
    await charger_server.plug()
    assert await hass.config_entries.async_reload(charger_entry.entry_id)
    await hass.async_block_till_done()
    await poll(hass, charger_entry)
    assert await hass.config_entries.async_unload(charger_entry.entry_id)


@pytest.mark.usefixtures("charger_loaded")
async def test_a_refused_write_is_told(
    hass: HomeAssistant, charger: Charger4X, charger_entry: MockConfigEntry
) -> None:
    """What the charger refuses is an error with its reason, not a silent nothing."""
    charger.faults.inject("exception", code=4, function=6, times=None)
    with pytest.raises(HomeAssistantError) as caught:
        await set_number(hass, charger_entry, "current_limit", 10)
    assert caught.value.translation_key == "device_refused"
    assert state(hass, charger_entry, "number", "current_limit") != "10.0"


@pytest.mark.usefixtures("charger_loaded")
async def test_a_total_never_goes_back(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A counter that is low for a while keeps the highest value, however often it is read.

    For the first minute it is not believed at all.
    """
    before = float(state(hass, charger_entry, "sensor", "energy_charged"))
    charger.set({"meter.energy_l1": 1000.0})
    await poll(hass, charger_entry)
    assert state(hass, charger_entry, "sensor", "energy_charged") == STATE_UNAVAILABLE
    monkeypatch.setattr(plausibility, "JUMP", Patience(1, 0.0))
    for _ in range(30):
        await poll(hass, charger_entry)
    assert float(state(hass, charger_entry, "sensor", "energy_charged")) == before
    # A meter that was replaced stays low.
    monkeypatch.setattr("custom_components.voltrail.sensor.RESET_AFTER", 0.0)
    await poll(hass, charger_entry)
    assert float(state(hass, charger_entry, "sensor", "energy_charged")) == 1.0


@pytest.mark.usefixtures("charger_loaded")
async def test_a_damaged_total_is_neither_booked_nor_held(
    hass: HomeAssistant, charger: Charger4X, charger_entry: MockConfigEntry
) -> None:
    """It is not shown, and the next right value is: nobody takes the fall for a new counter."""
    before = float(state(hass, charger_entry, "sensor", "energy_charged"))
    told = charger.meter.energy_l1
    charger.set({"meter.energy_l1": 2_000_000_000.0})
    for _ in range(5):
        await poll(hass, charger_entry)
        assert state(hass, charger_entry, "sensor", "energy_charged") == STATE_UNAVAILABLE
    charger.set({"meter.energy_l1": told + 1000})
    await poll(hass, charger_entry)
    shown = float(state(hass, charger_entry, "sensor", "energy_charged"))
    assert before < shown < before + 2


@pytest.mark.usefixtures("charger_loaded")
async def test_a_total_that_was_not_watched_did_not_stay_low(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_server: Server,
    charger_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Low before the link was lost and low after it: a charger that boots twice does that."""
    before = float(state(hass, charger_entry, "sensor", "energy_charged"))
    monkeypatch.setattr("custom_components.voltrail.sensor.RESET_AFTER", 0.0)
    monkeypatch.setattr(plausibility, "JUMP", Patience(1, 0.0))
    charger.set({"meter.energy_l1": 1000.0})
    await poll(hass, charger_entry)
    await charger_server.unplug()
    await poll(hass, charger_entry)
    assert state(hass, charger_entry, "sensor", "energy_charged") == STATE_UNAVAILABLE
    await charger_server.plug()
    await poll(hass, charger_entry)
    assert float(state(hass, charger_entry, "sensor", "energy_charged")) == before
    await poll(hass, charger_entry)
    assert float(state(hass, charger_entry, "sensor", "energy_charged")) == 1.0


@pytest.mark.usefixtures("charger_loaded")
async def test_a_total_never_returns_to_nothing(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A charger that has lost its meter for long reads 0, and its whole life would count twice."""
    monkeypatch.setattr("custom_components.voltrail.sensor.RESET_AFTER", 0.0)
    before = float(state(hass, charger_entry, "sensor", "energy_charged"))
    assert before > 0
    charger.set({"meter.energy_l1": 0.0})
    for _ in range(12):
        await poll(hass, charger_entry)
    assert float(state(hass, charger_entry, "sensor", "energy_charged")) == before


@pytest.mark.usefixtures("charger_loaded")
async def test_only_a_device_that_is_gone_can_be_deleted(
    hass: HomeAssistant,
    charger_entry: MockConfigEntry,
    device_registry: dr.DeviceRegistry,
    hass_ws_client: WebSocketGenerator,
) -> None:
    """The charger stays, also while it is not loaded; what was part of it once may go."""
    assert await async_setup_component(hass, "config", {})
    (device,) = dr.async_entries_for_config_entry(device_registry, charger_entry.entry_id)
    gone = device_registry.async_get_or_create(
        config_entry_id=charger_entry.entry_id, identifiers={(DOMAIN, "gone")}
    )
    client = await hass_ws_client(hass)

    async def delete(device_id: str) -> dict[str, Any]:
        await client.send_json_auto_id(
            {"type": "config/device_registry/remove", "device_id": device_id}
        )
        answer: dict[str, Any] = await client.receive_json()
        return answer

    assert (await delete(device.id))["error"]["code"] == "home_assistant_error"
    assert (await delete(gone.id))["success"]
    assert await hass.config_entries.async_unload(charger_entry.entry_id)
    assert (await delete(device.id))["error"]["code"] == "home_assistant_error"


@pytest.mark.usefixtures("charger_loaded")
async def test_a_part_that_is_gone_is_forgotten(
    hass: HomeAssistant, charger_entry: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    """The next set-up removes a device that is no part of the charger any more."""
    gone = device_registry.async_get_or_create(
        config_entry_id=charger_entry.entry_id, identifiers={(DOMAIN, "gone")}
    )
    assert await hass.config_entries.async_reload(charger_entry.entry_id)
    await hass.async_block_till_done()
    assert device_registry.async_get(gone.id) is None
    assert len(dr.async_entries_for_config_entry(device_registry, charger_entry.entry_id)) == 1


async def test_a_link_in_use_with_other_settings_delays_the_set_up(
    hass: HomeAssistant, charger_entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A form may hold it for some seconds; the reason is in the user's language."""
    charger_entry.add_to_hass(hass)
    with patch.object(link, "async_get_unit", side_effect=HomeAssistantError("in use")):
        assert not await hass.config_entries.async_setup(charger_entry.entry_id)
    assert charger_entry.state is ConfigEntryState.SETUP_RETRY
    assert charger_entry.error_reason_translation_key == "link_settings_in_use"
    freezer.tick(60)
    async_fire_time_changed(hass)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert charger_entry.state is ConfigEntryState.LOADED  # type: ignore[comparison-overlap]  # it went on
    assert await hass.config_entries.async_unload(charger_entry.entry_id)


@pytest.mark.usefixtures("charger_loaded")
async def test_a_set_point_that_cannot_be_restored_is_told_once(
    hass: HomeAssistant, charger_entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """The values are shown all the same, and the warning is not repeated."""
    device = charger_entry.runtime_data.device
    caplog.clear()
    with patch.object(device, "reconcile", side_effect=DeviceSilentError):
        for _ in range(3):
            await poll(hass, charger_entry)
    assert len([line for line in _warnings(caplog) if "could not restore" in line]) == 1
    assert state(hass, charger_entry, "sensor", "power") == "0"


@pytest.mark.usefixtures("charger_loaded")
async def test_an_order_that_ends_after_removal_leaves_nothing(
    hass: HomeAssistant,
    charger_entry: MockConfigEntry,
    hass_storage: dict[str, object],
    freezer: FrozenDateTimeFactory,
) -> None:
    """What a device wants to remember after it was let go of does not bring its file back."""
    device = charger_entry.runtime_data.device
    await set_number(hass, charger_entry, "current_limit", 10)
    await hass.config_entries.async_remove(charger_entry.entry_id)
    device.keep_memory()
    freezer.tick(60)
    async_fire_time_changed(hass)
    await hass.async_block_till_done()
    assert f"voltrail.{charger_entry.entry_id}" not in hass_storage


@pytest.mark.usefixtures("charger_loaded")
async def test_a_poll_that_ends_after_removal_leaves_nothing(
    hass: HomeAssistant, charger: Charger4X, charger_entry: MockConfigEntry
) -> None:
    """On a link that another entry uses it does end; it neither shows nor writes a thing."""
    other = MockConfigEntry(domain=DOMAIN, data=dict(charger_entry.data))
    other.add_to_hass(hass)
    assert await hass.config_entries.async_setup(other.entry_id)
    charger.set({"hems.access": "read_only"})
    coordinator = charger_entry.runtime_data.coordinator
    coordinator.schedule.hurry()
    with patch.object(MennekesTcp, "reconcile") as reconcile:
        polling = hass.async_create_task(coordinator.async_refresh())
        await asyncio.sleep(0)
        await hass.config_entries.async_remove(charger_entry.entry_id)
        await polling
    assert coordinator.last_update_success
    assert not reconcile.called
    assert not ir.async_get(hass).issues
    assert await hass.config_entries.async_unload(other.entry_id)


async def test_a_failed_set_up_keeps_what_it_learned(
    hass: HomeAssistant, charger_entry: MockConfigEntry, hass_storage: dict[str, object]
) -> None:
    """It is saved at once: a late save would undo what the next try has learned."""
    charger_entry.add_to_hass(hass)

    async def learn_and_fail(device: MennekesTcp) -> None:
        device.keep_memory()
        raise LinkDownError(reason="it was lost")

    with patch.object(MennekesTcp, "identify", learn_and_fail):
        await hass.config_entries.async_setup(charger_entry.entry_id)
    assert charger_entry.state is ConfigEntryState.SETUP_RETRY
    assert f"voltrail.{charger_entry.entry_id}" in hass_storage
    await hass.config_entries.async_remove(charger_entry.entry_id)


@pytest.mark.usefixtures("charger_loaded")
async def test_nothing_is_left_after_removal(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_server: Server,
    charger_entry: MockConfigEntry,
    hass_storage: dict[str, object],
) -> None:
    """Removing the entry closes the socket and deletes its file."""
    await set_number(hass, charger_entry, "current_limit", 10)
    assert await hass.config_entries.async_unload(charger_entry.entry_id)
    assert f"voltrail.{charger_entry.entry_id}" in hass_storage
    assert await hass.config_entries.async_setup(charger_entry.entry_id)
    await hass.config_entries.async_remove(charger_entry.entry_id)
    await hass.async_block_till_done()
    assert f"voltrail.{charger_entry.entry_id}" not in hass_storage
    # The other end notices a moment later.
    for _ in range(100):
        if not charger.traffic.connections_open:
            break
        await asyncio.sleep(0.01)
    assert not charger.traffic.connections_open
