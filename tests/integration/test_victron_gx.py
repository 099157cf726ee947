"""A Victron GX in Home Assistant, with its simulator behind a real socket."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Final
from unittest.mock import patch

import pytest
from homeassistant.components.binary_sensor import BinarySensorEntity
from homeassistant.components.sensor import SensorEntity
from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.setup import async_setup_component
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.voltrail.const import DOMAIN
from custom_components.voltrail.engine.devices.victron_gx import VictronGx as VictronGxDevice
from custom_components.voltrail.engine.devices.victron_gx.finding import MOST_PROBES
from simulators.server import Server, serve
from simulators.victron_gx import VictronGx, ess_home
from tests.engine.devices.victron_gx.support import LIMITS, RAIL_POWER, RAILS, Witness

from .helpers import entity_id, poll, set_number, state, turn

pytestmark = pytest.mark.usefixtures("socket_enabled", "unpaced")

RAILS_IN_THE_FORM: Final = {"scan_interval": 10, "search_again": False, **RAILS, "ac_phases": "3"}


@pytest.fixture
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait between probes, nor before reading back."""

    async def at_once(_seconds: float) -> None:
        return

    monkeypatch.setattr(
        "custom_components.voltrail.engine.devices.victron_gx.VictronGx.pause",
        staticmethod(at_once),
    )


@pytest.fixture
def every_control() -> Iterator[None]:
    """Enable what the installer has to enable by hand; values are not the point then."""
    with patch.object(
        Entity,
        "entity_registry_enabled_default",
        property(lambda entity: not isinstance(entity, SensorEntity | BinarySensorEntity)),
    ):
        yield


async def add(hass: HomeAssistant, server: Server, **chosen: Any) -> ConfigFlowResult:
    """Walk through the config flow; return what came of it."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    for answer in (
        {"next_step_id": "victron_gx"},
        {"host": server.host, "port": server.port, "unit_id": 100, **chosen},
    ):
        result = await hass.config_entries.flow.async_configure(result["flow_id"], answer)
    return result


@asynccontextmanager
async def loaded(
    hass: HomeAssistant, gx: VictronGx, **chosen: Any
) -> AsyncIterator[MockConfigEntry]:
    """Set a GX up through the config flow and let it find its devices."""
    async with serve(gx) as server:
        result = await add(hass, server, **chosen)
        assert result["type"] is FlowResultType.CREATE_ENTRY
        entry = result["result"]
        for _ in range(3):
            await hass.async_block_till_done(wait_background_tasks=False)
            await poll(hass, entry)
        yield entry
        assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


async def choose(hass: HomeAssistant, entry: MockConfigEntry, **options: Any) -> ConfigFlowResult:
    """Fill in the form of options; return what came of it."""
    result = await hass.config_entries.options.async_init(entry.entry_id)
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], {**RAILS_IN_THE_FORM, **options}
    )
    if result["type"] is FlowResultType.CREATE_ENTRY:
        await hass.async_block_till_done()
        await poll(hass, entry)
    return result


def part_keys(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    """Return what the devices of an entry are known by, less the GX's own part of it."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    keys = {key for device in devices for _, key in device.identifiers}
    return {key.removeprefix(f"{entry.unique_id}_") for key in keys} - {entry.unique_id}


def device_of(entry: MockConfigEntry) -> VictronGxDevice:
    """Return the engine's side of an entry."""
    device = entry.runtime_data.device
    assert isinstance(device, VictronGxDevice)
    return device


ESS_HOME: Final = {"vebus_227", "battery_225", "solarcharger_224", "solarcharger_226", "grid_30"}

SHOWN: Final = {
    "state_of_charge": "battery_512.soc",
    "battery_225/state_of_charge": "battery_512.soc",
    "battery_225/voltage": "battery_512.voltage",
    "battery_225/current": "battery_512.current",
    "vebus_227/output_voltage_l2": "vebus_276.output_voltage_l2",
    "solarcharger_224/pv_voltage": "solarcharger_278.pv_voltage",
    "solarcharger_226/power": "solarcharger_279.pv_power",
    "grid_30/power_l3": "grid_30.power_l3",
    "grid_30/voltage_l1": "grid_30.voltage_l1",
}
"""Entities of Home Assistant, and the simulator's values that they should show."""


# -- finding what is there -----------------------------------------------------


@pytest.mark.usefixtures("everything_enabled")
async def test_an_ess_home_is_found(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry
) -> None:
    """Every device behind the GX is one of its own, for no more errors than were promised."""
    gx = ess_home()
    async with loaded(hass, gx) as entry:
        assert entry.unique_id == f"victron_gx_{gx.portal_id}"
        assert part_keys(hass, entry) == ESS_HOME
        devices = dr.async_entries_for_config_entry(device_registry, entry.entry_id)
        (gateway,) = [device for device in devices if device.via_device_id is None]
        assert {device.via_device_id for device in devices} == {None, gateway.id}
        assert gateway.serial_number == gx.portal_id
        probes = device_of(entry).searcher.probes
        assert probes <= MOST_PROBES
        # The five devices and ESS answered.
        assert gx.status.errors == probes - 6
        for path, name in SHOWN.items():
            value = gx.value(name)
            assert isinstance(value, int | float), name
            assert float(state(hass, entry, "sensor", path)) == pytest.approx(value, abs=0.51)


async def test_a_restart_asks_for_nothing_it_knows(hass: HomeAssistant) -> None:
    """Not one probe: what was found is stored, and so is the version of the server."""
    gx = ess_home(pv_inverter=True)
    async with loaded(hass, gx) as entry:
        before = {found.entity_id for found in hass.states.async_all()}
        assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()
        errors = gx.status.errors
        gx.traffic.clear()
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        await poll(hass, entry)
        assert device_of(entry).searcher.probes == 0
        assert gx.status.errors == errors
        assert {request.unit for request in gx.traffic.reads} == {
            *(100, 227, 225, 226, 224, 30, 20)
        }
        assert {found.entity_id for found in hass.states.async_all()} == before


async def test_a_user_can_spare_the_gx_the_search(hass: HomeAssistant) -> None:
    """Devices that are named when the GX is added are all there is, without one error."""
    gx = ess_home()
    async with loaded(hass, gx, services=["vebus 227", "battery 225", "hub4 100"]) as entry:
        assert part_keys(hass, entry) == {"vebus_227", "battery_225"}
        assert device_of(entry).searcher.probes == 0
        assert gx.status.errors == 0
        assert "services" not in entry.data


@pytest.mark.parametrize("slip", ["batery 225", "battery", "battery 256", "battery 225 x"])
async def test_a_slip_of_the_pen_is_refused_at_once(hass: HomeAssistant, slip: str) -> None:
    """In both forms, beside the field; put right, both go on."""
    gx = ess_home()
    async with serve(gx) as server:
        result = await add(hass, server, services=["vebus 227", slip])
        assert result["type"] is FlowResultType.FORM
        assert result["errors"] == {"services": "services_invalid"}
        # Nobody had to be asked for that.
        assert not gx.traffic.requests
        hass.config_entries.flow.async_abort(result["flow_id"])
    async with loaded(hass, gx, services=["vebus 227"]) as entry:
        result = await choose(hass, entry, services=[slip, "battery 225"])
        assert result["type"] is FlowResultType.FORM
        assert result["errors"] == {"services": "services_invalid"}
        assert part_keys(hass, entry) == {"vebus_227"}
        result = await hass.config_entries.options.async_configure(
            result["flow_id"],
            {**RAILS_IN_THE_FORM, "services": ["vebus 227", "battery 225"]},
        )
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()
        assert part_keys(hass, entry) == {"vebus_227", "battery_225"}


@pytest.mark.parametrize("highest", [40, 60])
async def test_a_range_that_leaves_nothing_is_refused(hass: HomeAssistant, highest: float) -> None:
    """Otherwise the controls would be missing, and nobody would know why."""
    async with loaded(hass, ess_home()) as entry:
        result = await choose(hass, entry, dc_voltage_minimum=60, dc_voltage_maximum=highest)
        assert result["type"] is FlowResultType.FORM
        assert result["errors"] == {"dc_voltage_maximum": "dc_voltage_maximum_invalid"}
        result = await hass.config_entries.options.async_configure(
            result["flow_id"],
            {**RAILS_IN_THE_FORM, "dc_voltage_minimum": 44, "dc_voltage_maximum": 58},
        )
        assert result["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()
        await poll(hass, entry)
        assert entry.options["dc_voltage_maximum"] == 58


async def test_a_search_is_asked_for_in_the_options(hass: HomeAssistant) -> None:
    """Ticked, it is done once; the tick is gone when the form is opened again."""
    gx = ess_home(pv_inverter=True)
    gx.services["pvinverter_20"].online = False
    async with loaded(hass, gx) as entry:
        assert "pvinverter_20" not in part_keys(hass, entry)
        gx.services["pvinverter_20"].online = True
        await choose(hass, entry)
        assert device_of(entry).searcher.probes == 0
        for _ in range(2):
            await choose(hass, entry, search_again=True)
            assert device_of(entry).searcher.probes > 0
            assert part_keys(hass, entry) == ESS_HOME | {"pvinverter_20"}
        assert await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        assert device_of(entry).searcher.probes == 0
        form = await hass.config_entries.options.async_init(entry.entry_id)
        assert form["data_schema"] is not None
        (tick,) = [marker for marker in form["data_schema"].schema if marker == "search_again"]
        assert tick.default() is False
        assert "suggested_value" not in (tick.description or {})
        hass.config_entries.options.async_abort(form["flow_id"])


async def test_a_button_searches_too(hass: HomeAssistant) -> None:
    """For automations, and for who does not look into the options."""
    gx = ess_home(pv_inverter=True)
    gx.services["pvinverter_20"].online = False
    async with loaded(hass, gx) as entry:
        gx.services["pvinverter_20"].online = True
        await hass.services.async_call(
            "button",
            "press",
            {"entity_id": entity_id(hass, entry, "button", "search_devices")},
            blocking=True,
        )
        await hass.async_block_till_done()
        assert part_keys(hass, entry) == ESS_HOME | {"pvinverter_20"}


async def test_two_gx_live_side_by_side(hass: HomeAssistant) -> None:
    """Each has its own devices and entities; the same one a second time is refused."""
    barn, house = ess_home(portal_id="c0619ab00001"), ess_home(portal_id="c0619ab00002")
    barn.services["battery_512"]["custom_name"] = "Barn"
    async with loaded(hass, barn) as first, loaded(hass, house) as second:
        assert (first.unique_id, second.unique_id) == (
            "victron_gx_c0619ab00001",
            "victron_gx_c0619ab00002",
        )
        registry = er.async_get(hass)
        of_first, of_second = (
            {found.unique_id: found for found in entries}
            for entries in (
                er.async_entries_for_config_entry(registry, entry.entry_id)
                for entry in (first, second)
            )
        )
        assert len(of_first) == len(of_second) > 300
        assert not of_first.keys() & of_second.keys()
        assert not {found.device_id for found in of_first.values()} & {
            found.device_id for found in of_second.values()
        }
        barn.services["grid_30"].online = False
        for entry in (first, second):
            await poll(hass, entry)
        assert state(hass, first, "sensor", "grid_30/power") == STATE_UNAVAILABLE
        assert state(hass, second, "sensor", "grid_30/power") != STATE_UNAVAILABLE
        async with serve(ess_home(portal_id="c0619ab00001")) as server:
            result = await add(hass, server)
        assert result["type"] is FlowResultType.ABORT
        assert result["reason"] == "already_configured"


async def test_a_device_that_sleeps_stays(hass: HomeAssistant) -> None:
    """A meter that is off is unavailable, its device stays, the rest goes on."""
    gx = ess_home()
    async with loaded(hass, gx) as entry:
        gx.set({"grid_30.online": False})
        for _ in range(2):
            await poll(hass, entry)
        assert state(hass, entry, "sensor", "grid_30/power") == STATE_UNAVAILABLE
        assert state(hass, entry, "sensor", "battery_225/state_of_charge") != STATE_UNAVAILABLE
        # Nor does a restart in the meantime lose it.
        assert await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        await poll(hass, entry)
        assert "grid_30" in part_keys(hass, entry)
        assert state(hass, entry, "sensor", "grid_30/power") == STATE_UNAVAILABLE


async def test_a_device_that_is_gone_can_be_deleted(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry, hass_ws_client: WebSocketGenerator
) -> None:
    """Not while it answers; and it does not come back with the next start."""
    gx = ess_home()
    async with loaded(hass, gx) as entry:
        assert await async_setup_component(hass, "config", {})
        client = await hass_ws_client(hass)

        async def delete(device_id: str) -> bool:
            await client.send_json_auto_id(
                {"type": "config/device_registry/remove", "device_id": device_id}
            )
            answer = await client.receive_json()
            return bool(answer["success"])

        grid = device_registry.async_get_device_by_identifier(
            (DOMAIN, f"{entry.unique_id}_grid_30"), entry.entry_id
        )
        assert grid is not None
        assert not await delete(grid.id)
        gx.set({"grid_30.online": False})
        await poll(hass, entry)
        assert await delete(grid.id)
        await poll(hass, entry)
        await hass.async_block_till_done()
        gone = ESS_HOME - {"grid_30"}
        assert part_keys(hass, entry) == gone
        assert {part.key for part in device_of(entry).parts()} == gone
        assert await hass.config_entries.async_reload(entry.entry_id)
        await hass.async_block_till_done()
        assert part_keys(hass, entry) == gone
        # Until it is looked for.
        gx.set({"grid_30.online": True})
        await choose(hass, entry, search_again=True)
        assert part_keys(hass, entry) == ESS_HOME


async def test_an_unknown_code_is_shown_with_its_number(hass: HomeAssistant) -> None:
    """Firmware grows new states; none of them may break anything."""
    gx = ess_home()
    async with loaded(hass, gx) as entry:
        gx.services["vebus_276"]["error"] = 99
        await poll(hass, entry)
        assert state(hass, entry, "sensor", "vebus_227/vebus_error") == "unknown (99)"
        assert state(hass, entry, "sensor", "vebus_227/output_power") != STATE_UNAVAILABLE


# -- writing -------------------------------------------------------------------


async def test_writing_is_a_choice_with_rails(hass: HomeAssistant) -> None:
    """Off by default; with rails a set-point arrives as it was asked for."""
    gx = ess_home()
    async with loaded(hass, gx) as entry:
        assert not hass.states.async_all(["number", "switch", "select"])
        result = await choose(hass, entry)
        assert result["type"] is FlowResultType.CREATE_ENTRY, result
        gx.services["settings_0"]["grid_setpoint"] = 0
        await set_number(hass, entry, "grid_setpoint", -5000)
        write = gx.traffic.writes[-1]
        assert (write.address, write.function, write.values) == (2703, 6, (0x10000 - 50,))
        assert gx.value("settings_0.grid_setpoint") == -5000
        await set_number(hass, entry, "volatile_grid_setpoint", -5000)
        write = gx.traffic.writes[-1]
        assert (write.address, write.function, write.values) == (2716, 16, (0xFFFF, 0xEC78))
        assert gx.value("hub4_0.setpoint_override") == -5000
        # It says until when, and can be let go before that.
        until = state(hass, entry, "sensor", "setpoint_until")
        assert until not in (STATE_UNKNOWN, STATE_UNAVAILABLE)
        await hass.services.async_call(
            "button",
            "press",
            {"entity_id": entity_id(hass, entry, "button", "release_setpoint")},
            blocking=True,
        )
        assert state(hass, entry, "sensor", "setpoint_until") == STATE_UNKNOWN


async def test_write_access_never_renames_an_entity(hass: HomeAssistant) -> None:
    """On, off and on again: whatever is there before is there after, under the same id."""
    gx = ess_home()
    async with loaded(hass, gx) as entry:

        def registered() -> dict[tuple[str, str], str]:
            found = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
            return {(one.domain, one.unique_id): one.entity_id for one in found}

        def shown() -> set[str]:
            return {found.entity_id for found in hass.states.async_all(["sensor", "binary_sensor"])}

        names, sensors = registered(), shown()
        await choose(hass, entry)
        with_access = registered()
        assert names.items() <= with_access.items()
        assert sensors <= shown()
        await choose(hass, entry, write=False)
        assert with_access.items() <= registered().items()
        assert sensors <= shown()
        await choose(hass, entry)
        assert registered() == with_access


async def test_no_limit_is_a_switch(hass: HomeAssistant) -> None:
    """A number never shows -1, and the rail is where a limit begins."""
    gx = ess_home()
    async with loaded(hass, gx) as entry:
        await choose(hass, entry)
        assert state(hass, entry, "number", "maximum_feed_in_power") == STATE_UNKNOWN
        assert state(hass, entry, "switch", "feed_in_limited") == STATE_OFF
        await turn(hass, entry, "feed_in_limited", on=True)
        assert gx.value("settings_0.max_feed_in_power") == RAIL_POWER
        assert state(hass, entry, "switch", "feed_in_limited") == STATE_ON
        await turn(hass, entry, "feed_in_limited", on=False)
        assert gx.value("settings_0.max_feed_in_power") == -1


@pytest.mark.usefixtures("every_control")
async def test_only_where_a_slider_rests_is_written(hass: HomeAssistant) -> None:
    """Orders reach the engine at once, so that it can leave out those that are overtaken."""
    gx = ess_home()
    async with loaded(hass, gx) as entry:
        await choose(hass, entry)
        await asyncio.gather(
            *(set_number(hass, entry, "minimum_state_of_charge", value) for value in range(30, 70))
        )
        assert gx.value("settings_0.minimum_soc") == 69
        assert gx.flash.changes <= 2


async def test_what_the_gx_does_not_take_is_told(hass: HomeAssistant) -> None:
    """The answer to a write means nothing; the read-back does."""
    gx = ess_home()
    gx.services["vebus_276"].fixed = "input_current_limit"
    async with loaded(hass, gx) as entry:
        await choose(hass, entry)
        with pytest.raises(HomeAssistantError) as caught:
            await set_number(hass, entry, "vebus_227/input_current_limit", 10)
        assert caught.value.translation_key == "not_accepted"
        with pytest.raises(ServiceValidationError):
            await set_number(hass, entry, "vebus_227/input_current_limit", 26)


#: Values that people, scripts and bugs come up with; numbers of any size among them.
anything = st.one_of(
    st.sampled_from([0, -1, 1, 5, 6, 25, 100, 150, RAIL_POWER, RAIL_POWER + 1, 32_768, -32_769]),
    st.integers(-RAIL_POWER, RAIL_POWER),
    st.floats(-200, 200),
    st.floats(allow_nan=True, allow_infinity=True),
)


WRITES_AT_ONCE: Final = 50
ROUNDS: Final = 20


@dataclass
class Trial:
    """One GX that has to bear all the rounds, as one would in life."""

    entry: MockConfigEntry
    gx: VictronGx
    witness: Witness
    writes: int = 0


@pytest.fixture
async def trial(hass: HomeAssistant, every_control: None) -> AsyncIterator[Trial]:
    """Set up a GX that notes what arrives, and see in the end that the trial was one."""
    gx = ess_home(pv_inverter=True)
    witness = Witness(gx)
    async with loaded(hass, gx) as entry:
        await choose(hass, entry)
        found = Trial(entry, gx, witness)
        yield found
        assert found.writes >= WRITES_AT_ONCE * ROUNDS
        # The limits are worth something: most of what an ESS home has was reached, often.
        assert len(set(LIMITS) & set(witness.arrived)) >= 12
        assert sum(witness.arrived.values()) > 100


# Hypothesis wonders about its own generator of random numbers, for want of a better place.
@pytest.mark.filterwarnings("ignore:It looks like `register_random`")
@settings(
    max_examples=ROUNDS,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    writes=st.lists(
        st.tuples(st.integers(0, 10_000), anything),
        min_size=WRITES_AT_ONCE,
        max_size=WRITES_AT_ONCE,
    )
)
async def test_a_thousand_random_writes_stay_within_the_rails(
    hass: HomeAssistant, trial: Trial, writes: list[tuple[int, float]]
) -> None:
    """Whatever services are called with, nothing outside the guard rails arrives."""
    # Some need ESS to leave the inverters to others, and a GX that was not switched off.
    trial.gx.services["settings_0"]["hub4_mode"] = 3
    trial.gx.services["vebus_276"]["mode"] = 3
    await poll(hass, trial.entry)
    controls = hass.states.async_all(["number", "switch", "select", "button"])
    assert len(controls) > 40
    for which, value in writes:
        await write(hass, controls[which % len(controls)].entity_id, value)
        trial.writes += 1
    assert trial.witness.outside == []


async def write(hass: HomeAssistant, entity: str, value: float) -> None:
    """Call the service that fits, with a value that may not."""
    target = {"entity_id": entity}
    whole = int(value) if -1e9 < value < 1e9 else 0
    match entity.partition(".")[0]:
        case "number":
            service, data = "set_value", {"value": value}
        case "switch":
            service, data = ("turn_on" if whole % 2 else "turn_off"), {}
        case "select":
            found = hass.states.get(entity)
            assert found is not None
            options = found.attributes.get("options", ["nothing"])
            service, data = "select_option", {"option": options[whole % len(options)]}
        case _:
            if entity.endswith("search_for_devices_again"):
                return
            service, data = "press", {}
    with suppress(HomeAssistantError, ValueError):
        await hass.services.async_call(
            entity.partition(".")[0], service, {**target, **data}, blocking=True
        )
