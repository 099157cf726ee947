"""An Alfen Eve in Home Assistant, with its simulator behind a real socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import pytest
from homeassistant.config_entries import SOURCE_USER
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.voltrail.const import DOMAIN
from custom_components.voltrail.engine.devices.alfen import phases
from custom_components.voltrail.flows.charging import free_chargers
from simulators.alfen import DataSource, Eve, ScnBlock, sample
from simulators.server import serve

from .helpers import entity_id, poll, set_number, state, turn

pytestmark = pytest.mark.usefixtures("socket_enabled")


@asynccontextmanager
async def loaded(hass: HomeAssistant, eve: Eve) -> AsyncIterator[MockConfigEntry]:
    """Set a station up through the config flow, and let go of it at the end."""
    async with serve(eve) as server:
        result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
        for answer in (
            {"next_step_id": "alfen"},
            {"host": server.host, "port": server.port, "unit_id": 200},
        ):
            result = await hass.config_entries.flow.async_configure(result["flow_id"], answer)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()
        entry = result["result"]
        yield entry
        assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


# The recording of the reference, as a person sees it; numbers stand for any way to write them.
STATION: Final[dict[str, float | str]] = {
    "sensor.device_name": "DIE_14966",
    "sensor.firmware": "6.1.0-4159",
    "sensor.platform": "NG910",
    "sensor.serial_number": "ACE0287582",
    "sensor.protocol_version": "1",
    "sensor.uptime": 126_118.547,
    "sensor.utc_offset": 3600,
    "sensor.maximum_current": 25,
    "sensor.temperature": 35.8125,
    "sensor.backoffice_state": 1,
    "sensor.sockets": 1,
    "sensor.network_name": "",
    "sensor.network_sockets": 0,
    **{f"sensor.network_consumed_l{phase}": 0 for phase in (1, 2, 3)},
    **{f"sensor.network_applied_limit_l{phase}": 0 for phase in (1, 2, 3)},
    **{f"sensor.network_ems_limit_l{phase}": 6 for phase in (1, 2, 3)},
    **{f"sensor.network_validity_l{phase}": 0 for phase in (1, 2, 3)},
    "sensor.network_safe_current": 6,
    "binary_sensor.network_control_enabled": "off",
    "binary_sensor.network_safe_current_active": "off",
    "sensor.socket_1/meter_state": 3,
    "sensor.socket_1/meter_age": 0.029,
    "sensor.socket_1/meter_type": "rtu",
    "binary_sensor.socket_1/meter_fault": "off",
    "sensor.socket_1/voltage_l1": 237.82,
    "sensor.socket_1/voltage_l2": 240.76,
    "sensor.socket_1/voltage_l3": 238.81,
    **{f"sensor.socket_1/current_l{phase}": 0 for phase in (1, 2, 3)},
    "sensor.socket_1/frequency": 50.02,
    "sensor.socket_1/power": 0,
    "sensor.socket_1/energy_charged": 0.031,
    "binary_sensor.socket_1/operative": "on",
    "sensor.socket_1/mode3_state": "a",
    "sensor.socket_1/mode3_text": "A",
    "sensor.socket_1/current_offered": 6,
    "sensor.socket_1/setpoint_validity": 0,
    "sensor.socket_1/setpoint": 6,
    "sensor.socket_1/safe_current": 6,
    "binary_sensor.socket_1/setpoint_accounted_for": "on",
    "sensor.socket_1/phases_reported": 3,
    "sensor.socket_1/charging_state": "no_vehicle",
    "sensor.socket_1/blocked_by": "no_vehicle",
    "binary_sensor.socket_1/safe_current_active": "on",
    "sensor.socket_1/communication_timeout": STATE_UNKNOWN,
    "sensor.socket_1/phases_in_use": STATE_UNKNOWN,
    "number.socket_1/current_limit": 6,
    "number.socket_1/power_limit": 6 * 3 * 230,
    "switch.socket_1/charging": "on",
    "select.socket_1/phases": "three",
}
MISSING: Final = (
    *("voltage_l1_l2", "voltage_l2_l3", "voltage_l3_l1", "neutral_current", "current_sum"),
    *(f"power_factor_l{phase}" for phase in (1, 2, 3)),
    *(f"power_l{phase}" for phase in (1, 2, 3)),
    *("apparent_power", *(f"apparent_power_l{phase}" for phase in (1, 2, 3))),
    *("reactive_power", *(f"reactive_power_l{phase}" for phase in (1, 2, 3))),
    *(f"energy_charged_l{phase}" for phase in (1, 2, 3)),
    *("energy_consumed", *(f"energy_consumed_l{phase}" for phase in (1, 2, 3))),
    *("apparent_energy", *(f"apparent_energy_l{phase}" for phase in (1, 2, 3))),
    *("reactive_energy", *(f"reactive_energy_l{phase}" for phase in (1, 2, 3))),
)


@pytest.mark.usefixtures("everything_enabled")
async def test_the_recorded_station(hass: HomeAssistant) -> None:
    """The values of a station with firmware 6.1.0-4159, as entity states."""
    async with loaded(hass, sample()) as entry:
        assert entry.title == "DIE_14966"
        assert entry.unique_id == "alfen_ACE0287582"
        for place, expected in STATION.items():
            platform, _, path = place.partition(".")
            shown = state(hass, entry, platform, path)
            if isinstance(expected, str):
                assert shown == expected, place
            else:
                assert float(shown) == pytest.approx(expected, rel=1e-6), place
        for name in MISSING:
            assert state(hass, entry, "sensor", f"socket_1/{name}") == STATE_UNKNOWN, name


@pytest.mark.usefixtures("freezer")
async def test_the_start_of_the_recorded_station(hass: HomeAssistant) -> None:
    """Its uptime tells since when it runs, to the second and without jitter."""
    eve = sample()
    async with loaded(hass, eve) as entry:
        began = (dt_util.utcnow() - timedelta(seconds=126_118.547)).replace(microsecond=0)
        assert state(hass, entry, "sensor", "boot_time") == began.isoformat()


async def test_values_that_are_missing_sleep(hass: HomeAssistant) -> None:
    """What reads NaN at first has an entity that is disabled."""
    async with loaded(hass, sample()) as entry:
        found = er.async_get(hass).async_get(entity_id(hass, entry, "sensor", "socket_1/power_l1"))
        assert found is not None
        assert found.disabled_by is er.RegistryEntryDisabler.INTEGRATION


@pytest.mark.usefixtures("everything_enabled")
async def test_a_block_that_fails_at_first_puts_nothing_to_sleep(hass: HomeAssistant) -> None:
    """Its entities are there and unavailable, all others are well, and it comes back."""
    eve = sample()
    eve.faults.inject("exception", unit=1, address=300, times=None)
    async with loaded(hass, eve) as entry:
        assert state(hass, entry, "sensor", "socket_1/voltage_l1") == STATE_UNAVAILABLE
        assert state(hass, entry, "sensor", "socket_1/current_offered") == "6.0"
        assert state(hass, entry, "sensor", "socket_1/energy_charged") == "0.031"
        eve.faults.clear()
        await poll(hass, entry)
        assert state(hass, entry, "sensor", "socket_1/voltage_l1") == "237.82"


async def test_values_that_come_wake_their_entity(hass: HomeAssistant) -> None:
    """A meter that starts to report a phase enables its entity; a person's choice stays."""
    eve = sample()
    async with loaded(hass, eve) as entry:
        registry = er.async_get(hass)
        l1, l2 = (entity_id(hass, entry, "sensor", f"socket_1/power_l{phase}") for phase in (1, 2))
        registry.async_update_entity(l2, disabled_by=er.RegistryEntryDisabler.USER)
        eve.set({"meter.kind": "full"})
        await poll(hass, entry)
        for found, expected in ((l1, None), (l2, er.RegistryEntryDisabler.USER)):
            known = registry.async_get(found)
            assert known is not None
            assert known.disabled_by is expected


async def test_values_that_came_meanwhile_enable_their_entity(hass: HomeAssistant) -> None:
    """A meter that was fitted while Home Assistant was off has entities like any other."""
    eve = sample()
    async with loaded(hass, eve) as entry:
        registry = er.async_get(hass)
        l1, l2 = (entity_id(hass, entry, "sensor", f"socket_1/power_l{phase}") for phase in (1, 2))
        registry.async_update_entity(l2, disabled_by=er.RegistryEntryDisabler.USER)
        assert await hass.config_entries.async_unload(entry.entry_id)
        eve.set({"meter.kind": "full"})
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        for found, expected in ((l1, None), (l2, er.RegistryEntryDisabler.USER)):
            known = registry.async_get(found)
            assert known is not None
            assert known.disabled_by is expected


async def test_a_name_that_cannot_be_printed(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture
) -> None:
    """A line break in a name begins no line in the log, and none of it reaches a title."""
    async with loaded(hass, Eve(name="Drive\nway\x1b[2J")) as entry:
        assert entry.title.isprintable()
        assert entry.runtime_data.device.title.isprintable()
        assert all(
            device.name is None or device.name.isprintable()
            for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
        )
        assert entry.runtime_data.device.reading("device_name").read() == "Drive way[2J"
    assert "way\x1b" not in caplog.text


async def test_sockets_are_called_after_their_station(hass: HomeAssistant) -> None:
    """A list of chargers says which socket of which station, as its owner calls it."""
    async with loaded(hass, Eve(sockets=2)) as entry:
        names = list(free_chargers(hass).values())
        assert names == [f"{entry.title} socket 1", f"{entry.title} socket 2"]


async def test_sockets_are_devices_of_their_own(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry
) -> None:
    """Two sockets hang below the station."""
    async with loaded(hass, Eve(sockets=2)) as entry:
        (station,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
        children = dr.async_child_entries_for_config_entry(device_registry, entry.entry_id)
        assert sorted(child.name or "" for child in children) == [
            f"{entry.title} socket 1",
            f"{entry.title} socket 2",
        ]
        assert {child.parent_device_id for child in children} == {station.id}
        assert station.serial_number
        assert station.manufacturer == "Alfen NV"


async def test_controls_move_their_own_socket(hass: HomeAssistant) -> None:
    """Limit, switch and power of socket 2 leave socket 1 alone."""
    eve = Eve(sockets=2)
    async with loaded(hass, eve) as entry:
        before = eve.register("setpoint", 1).value
        await set_number(hass, entry, "socket_2/current_limit", 12.5)
        assert eve.register("setpoint", 2).value == 12.5
        await turn(hass, entry, "socket_2/charging", on=False)
        assert eve.register("setpoint", 2).value == 0
        await turn(hass, entry, "socket_2/charging", on=True)
        assert eve.register("setpoint", 2).value == 12.5
        await set_number(hass, entry, "socket_2/power_limit", 6900)
        limit = eve.register("setpoint", 2).value
        assert isinstance(limit, float)
        assert 9 <= limit <= 10.1
        assert eve.register("setpoint", 1).value == before


async def test_a_socket_is_a_charger_for_actions(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry
) -> None:
    """An order to a socket is one to it alone; one to the station is one to both, on purpose."""
    eve = Eve(sockets=2)
    async with loaded(hass, eve) as entry:
        (station,) = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
        children = dr.async_child_entries_for_config_entry(device_registry, entry.entry_id)
        second = next(child for child in children if child.name and child.name.endswith("2"))
        await hass.services.async_call(
            DOMAIN, "pause_charging", {"device_id": station.id}, blocking=True
        )
        assert [eve.register("setpoint", number).value for number in (1, 2)] == [0, 0]
        await hass.services.async_call(
            DOMAIN,
            "set_charging_current",
            {"device_id": second.id, "current": 11},
            blocking=True,
        )
        assert [eve.register("setpoint", number).value for number in (1, 2)] == [0, 11]
        answer = await hass.services.async_call(
            DOMAIN, "get_status", {"device_id": station.id}, blocking=True, return_response=True
        )
        assert answer is not None
        assert set(answer) == {child.id for child in children}
        assert answer[second.id]["current_limit"] == 11  # type: ignore[index,call-overload]  # JSON


@pytest.mark.usefixtures("everything_enabled", "every_change")
async def test_the_mains_do_not_move_what_may_be_asked_for(hass: HomeAssistant) -> None:
    """Bounds are kept in the entity registry: they must not change with every poll."""
    eve = Eve()
    async with loaded(hass, eve) as entry:
        found = entity_id(hass, entry, "number", "socket_1/power_limit")
        bounds = set()
        for volts in (228.4, 231.2, 233.9):
            for phase in (1, 2, 3):
                eve.set({f"grid.nominal_l{phase}": volts})
            eve.advance(1)
            await poll(hass, entry)
            assert float(state(hass, entry, "sensor", "socket_1/voltage_l1")) == pytest.approx(
                volts, abs=2
            )
            known = er.async_get(hass).async_get(found)
            assert known is not None
            assert known.capabilities is not None
            bounds.add(known.capabilities["max"])
        assert len(bounds) == 1


async def test_the_charger_is_on_its_own_without_home_assistant(hass: HomeAssistant) -> None:
    """The limit is renewed while we run; when we stop, the safe current follows its validity."""
    eve = Eve(validity=60, safe_current=7)
    (socket,) = eve.sockets
    socket.car.plug_in()
    async with loaded(hass, eve) as entry:
        await set_number(hass, entry, "socket_1/current_limit", 16)
        for _ in range(5):
            eve.advance(45)
            await poll(hass, entry)
            assert eve.register("remaining").value == 60
        assert eve.register("setpoint").value == 16
        assert state(hass, entry, "binary_sensor", "socket_1/safe_current_active") == "off"

        assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()
        eve.traffic.clear()
        eve.advance(59)
        assert eve.register("applied_current").value == 16
        eve.advance(1)
        assert eve.register("applied_current").value == 7
        assert eve.register("remaining").value == 0
        eve.advance(3600)
        assert eve.register("applied_current").value == 7
        assert socket.car.current == pytest.approx(7, abs=0.2)
        # Nobody watches over it in secret.
        assert not eve.traffic.requests
        assert not eve.traffic.connections_open

        # Back again: the state is read, then the limit asserted.
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        await poll(hass, entry)
        assert eve.register("setpoint").value == 16
        assert eve.traffic.reads[0].address == 100
        assert {write.address for write in eve.traffic.writes} == {1210}


async def test_a_session_goes_on_over_a_restart(hass: HomeAssistant) -> None:
    """What was charged before, meanwhile and after belongs to one session."""
    eve = Eve()
    (socket,) = eve.sockets
    before = sum(socket.meter.energies)
    async with loaded(hass, eve) as entry:
        socket.car.plug_in()
        await set_number(hass, entry, "socket_1/current_limit", 16)
        eve.advance(50)
        await poll(hass, entry)
        began = state(hass, entry, "sensor", "socket_1/session_start")
        assert await hass.config_entries.async_unload(entry.entry_id)
        eve.advance(1800)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        charged = (sum(socket.meter.energies) - before) / 1000
        assert charged > 0.5
        shown = float(state(hass, entry, "sensor", "socket_1/session_energy"))
        assert shown == pytest.approx(charged, rel=1e-6)
        assert state(hass, entry, "sensor", "socket_1/session_start") == began


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let relays be quick: nobody has to wait for them in a test."""
    monkeypatch.setattr(phases, "RELAY_PAUSE", 0.0)


@pytest.mark.usefixtures("no_waiting")
async def test_phases_can_be_chosen(hass: HomeAssistant) -> None:
    """The select pauses, writes 1215 and resumes."""
    eve = Eve()
    async with loaded(hass, eve) as entry:
        await set_number(hass, entry, "socket_1/current_limit", 10)
        select = entity_id(hass, entry, "select", "socket_1/phases")
        found = hass.states.get(select)
        assert found is not None
        assert found.attributes["options"] == ["one", "three"]
        assert found.state == "three"
        eve.traffic.clear()
        await hass.services.async_call(
            "select", "select_option", {"entity_id": select, "option": "one"}, blocking=True
        )
        assert eve.register("phases").value == 1
        writes = [(write.address, write.values) for write in eve.traffic.writes]
        assert writes == [(1210, (0, 0)), (1215, (1,)), (1210, (0x4120, 0))]
        assert state(hass, entry, "select", "socket_1/phases") == "one"


@pytest.mark.usefixtures("no_waiting")
async def test_phases_that_the_installer_did_not_allow(hass: HomeAssistant) -> None:
    """Exception 3 is explained by the option that is missing; the charge goes on."""
    eve = Eve(allow_phases=False)
    async with loaded(hass, eve) as entry:
        await set_number(hass, entry, "socket_1/current_limit", 10)
        with pytest.raises(HomeAssistantError) as refused:
            await hass.services.async_call(
                "select",
                "select_option",
                {
                    "entity_id": entity_id(hass, entry, "select", "socket_1/phases"),
                    "option": "one",
                },
                blocking=True,
            )
        assert refused.value.translation_key == "setting_needed"
        assert refused.value.translation_placeholders == {
            "setting": "Allow 1- and 3-phased charging"
        }
        assert eve.register("setpoint").value == 10
        assert state(hass, entry, "select", "socket_1/phases") == "three"


async def test_what_a_person_should_put_right(hass: HomeAssistant) -> None:
    """Repairs come and go with what is wrong: validity, another master, nobody listens."""
    eve = Eve(validity=15)
    (socket,) = eve.sockets
    issues = ir.async_get(hass)
    async with loaded(hass, eve) as entry:

        def told() -> dict[str, dict[str, str] | None]:
            return {
                issue.translation_key: issue.translation_placeholders
                for (domain, issue_id), issue in issues.issues.items()
                if domain == DOMAIN and issue_id.endswith("socket_1") and issue.translation_key
            }

        assert told() == {}
        await set_number(hass, entry, "socket_1/current_limit", 16)
        await poll(hass, entry)
        name = {"name": "Driveway"}
        assert told() == {"validity_too_short": {**name, "validity": "15", "minimum": "30"}}
        socket.validity = 60
        await set_number(hass, entry, "socket_1/current_limit", 15)
        await poll(hass, entry)
        assert told() == {}
        socket.setpoint = 9.5
        await poll(hass, entry)
        assert told() == {"other_master": {**name, "found": "9.5"}}
        await set_number(hass, entry, "socket_1/current_limit", 14)
        await poll(hass, entry)
        assert told() == {}
        eve.ems.source = DataSource.OTHER
        for _ in range(3):
            await poll(hass, entry)
        assert told() == {"not_accounted_for": name}
        assert state(hass, entry, "binary_sensor", "socket_1/setpoint_accounted_for") == "off"
        eve.ems.source = DataSource.SOCKET
        await poll(hass, entry)
        assert told() == {}


async def test_a_repair_names_the_socket(hass: HomeAssistant) -> None:
    """Which of two, by the name that its owner gave it."""
    eve = Eve(sockets=2, source=DataSource.OTHER)
    async with loaded(hass, eve) as entry:
        registry = dr.async_get(hass)
        left = next(
            child
            for child in dr.async_child_entries_for_config_entry(registry, entry.entry_id)
            if child.name == "Driveway socket 1"
        )
        registry.async_update_child_device(left.id, name_by_user="Carport")
        for _ in range(3):
            await poll(hass, entry)
        names = {
            (issue.translation_placeholders or {})["name"]
            for issue in ir.async_get(hass).issues.values()
            if issue.translation_key == "not_accounted_for"
        }
        assert names == {"Driveway Carport", "Driveway socket 2"}


async def test_a_network_that_is_switched_on(hass: HomeAssistant) -> None:
    """Its limits are numbers from then on, and each moves its own register."""
    eve = Eve()
    async with loaded(hass, eve) as entry:
        registry = er.async_get(hass)
        numbers = [f"alfen_ACE0012345_network_ems_limit_l{phase}" for phase in (1, 2, 3)]
        known = [registry.async_get_entity_id("number", DOMAIN, each) for each in numbers]
        assert known == [None] * 3
        eve.ems.source = DataSource.SCN
        entry.runtime_data.coordinator.schedule.hurry()
        await poll(hass, entry)
        await hass.async_block_till_done()
        for phase, amps in ((1, 20), (2, 18.5), (3, 7)):
            path = f"network_ems_limit_l{phase}"
            await set_number(hass, entry, path, amps)
            assert eve.register(f"scn_limit_l{phase}", 200).value == amps
            assert float(state(hass, entry, "number", path)) == amps


@pytest.mark.parametrize("block", [ScnBlock.REFUSED, ScnBlock.DROPS])
async def test_a_station_without_a_network(hass: HomeAssistant, block: ScnBlock) -> None:
    """Neither a refusal nor a hang-up takes anything else down."""
    eve = Eve(scn_block=block)
    async with loaded(hass, eve) as entry:
        await poll(hass, entry)
        assert state(hass, entry, "sensor", "socket_1/charging_state") == "no_vehicle"
        states = {found.state for found in hass.states.async_all()}
        assert STATE_UNAVAILABLE not in states


async def test_the_poll_is_lean(hass: HomeAssistant) -> None:
    """Two requests per socket and one for the station; three and three for everything."""
    eve = Eve(sockets=2)
    async with loaded(hass, eve) as entry:
        coordinator = entry.runtime_data.coordinator
        coordinator.schedule.settings_are_fresh()
        eve.traffic.clear()
        await poll(hass, entry)
        assert sorted((read.unit, read.address) for read in eve.traffic.reads) == [
            *((1, 300), (1, 1200)),
            *((2, 300), (2, 1200)),
            (200, 1100),
        ]
        # What is due once a minute, and once an hour.
        coordinator.schedule.hurry()
        coordinator.device._identity_due = 0.0
        eve.traffic.clear()
        await poll(hass, entry)
        assert sorted((read.unit, read.address) for read in eve.traffic.reads) == [
            *((1, 300), (1, 362), (1, 1200)),
            *((2, 300), (2, 362), (2, 1200)),
            *((200, 100), (200, 1100), (200, 1400)),
        ]
        assert eve.traffic.connections_most == 1


@pytest.mark.usefixtures("socket_enabled")
async def test_a_socket_is_not_the_station(hass: HomeAssistant) -> None:
    """The form says which unit id is the station's, as it does for a silent one."""
    async with serve(Eve()) as server:
        result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
        for answer in (
            {"next_step_id": "alfen"},
            {"host": server.host, "port": server.port, "unit_id": 1},
        ):
            result = await hass.config_entries.flow.async_configure(result["flow_id"], answer)
        assert result["errors"] == {"base": "wrong_unit"}
        placeholders = result["description_placeholders"]
        assert placeholders is not None
        assert placeholders["unit_id"] == "200"
        hass.config_entries.flow.async_abort(result["flow_id"])
