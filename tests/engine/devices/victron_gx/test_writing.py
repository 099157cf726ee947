"""What is written to a GX, seen in the simulator's own values, and what never is."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from datetime import UTC, datetime
from enum import Enum
from random import Random
from typing import Any

import pytest

from custom_components.voltrail.engine.devices.victron_charging_station import (
    EvChargerMode,
    EvChargerPosition,
    EvChargerStatus,
)
from custom_components.voltrail.engine.devices.victron_gx.fields import int16, int32, uint16
from custom_components.voltrail.engine.devices.victron_gx.services.evcharger import (
    StationPoint,
)
from custom_components.voltrail.engine.devices.victron_gx.services.settings import EssMode
from custom_components.voltrail.engine.devices.victron_gx.states import (
    InverterPosition,
    RsEssMode,
    SwitchPosition,
)
from custom_components.voltrail.engine.devices.victron_gx.write_limits import (
    Limit,
    Setting,
    WriteLimits,
)
from custom_components.voltrail.engine.model.charging import BlockedBy, ChargingState
from custom_components.voltrail.engine.model.controls import (
    Bounds,
    ButtonControl,
    Control,
    NumberControl,
    SelectControl,
    SwitchControl,
)
from custom_components.voltrail.engine.model.errors import (
    NotAcceptedError,
    NotANumberError,
    NotNowError,
    NotSupportedError,
    OutOfBoundsError,
    ReadOnlyError,
    VoltrailError,
)
from custom_components.voltrail.engine.model.points import Tier
from custom_components.voltrail.engine.polling.polled_device import Cadence
from simulators.victron_gx import VictronGx as SimulatedGx
from simulators.victron_gx import ess_home, everything
from simulators.victron_gx.service import Service
from tests.fake_time import in_fake_time

from .support import (
    LIMITS,
    RAIL_POWER,
    RAILS,
    Meeting,
    Witness,
    all_services,
    meet,
    meet_in_memory,
    now,
    turn,
)


@pytest.fixture
async def meeting(gx: SimulatedGx) -> AsyncIterator[Meeting]:
    """Meet it with write access, within the limits of a house, and poll it once."""
    async with meet(gx, **RAILS) as met:
        yield met


# -- off by default, and never renaming ----------------------------------------


async def test_nothing_can_be_written_unless_its_user_says_so() -> None:
    """Without the option there are no controls but the search, and the gate is shut."""
    gx = ess_home()
    async with meet(gx) as meeting:
        assert [control.path for control in meeting.device.controls()] == ["search_devices"]
        assert list(meeting.device.keep_alives()) == []
        with pytest.raises(NotSupportedError, match="switched off in the options"):
            await meeting.component("ess").write("minimum_state_of_charge", 30)
        assert not gx.traffic.writes


async def test_write_access_changes_no_reading() -> None:
    """Turning it on adds controls; every reading keeps its name and its place."""
    gx = everything()
    async with meet(gx, services=all_services(gx)) as meeting:
        without = {(one.path, one.point) for one in meeting.device.readings()}
    async with meet(gx, services=all_services(gx), **RAILS) as meeting:
        with_access = {(one.path, one.point) for one in meeting.device.readings()}
    assert without <= with_access
    assert {path.rpartition("/")[2] for path, _ in with_access - without} == {"setpoint_until"}


async def test_a_rail_that_was_not_given_offers_no_control() -> None:
    """Rather than a range from 0 to 0; what needs no rail is there."""
    async with meet(ess_home(), write=True) as meeting:
        paths = {control.path for control in meeting.device.controls()}
        assert "minimum_state_of_charge" in paths
        assert "ess_mode" in paths
        for path in (
            "grid_setpoint",
            "volatile_grid_setpoint",
            "maximum_charge_current",
            "maximum_charge_voltage",
            "import_current_limit",
            "vebus_227/input_current_limit",
        ):
            assert path not in paths
        with pytest.raises(NotSupportedError, match="not given"):
            await meeting.component("hub4").write("volatile_grid_setpoint", 100)


async def test_an_rs_without_a_rail_has_no_setpoint_to_let_go() -> None:
    """The rest of it can be set."""
    gx = everything()
    async with meet(gx, services="multi 237, acsystem 100", write=True) as meeting:
        for part in ("multi_237", "acsystem_100"):
            assert meeting.control(f"{part}/rs_ess_mode") is not None
            assert meeting.control(f"{part}/power_setpoint") is None
            assert meeting.control(f"{part}/release_setpoint") is None


async def test_ess_is_only_offered_where_there_is_one() -> None:
    """Without the assistant its controls would do nothing."""
    async with meet(ess_home(ess=False), **RAILS) as meeting:
        paths = {control.path for control in meeting.device.controls()}
        assert "ess_mode" not in paths
        assert "volatile_grid_setpoint" not in paths
        assert "maximum_charge_current" in paths


# -- what arrives --------------------------------------------------------------


async def test_minus_5000_w_arrives_as_minus_5000_w() -> None:
    """Scaled first, then folded to two's complement, in both registers of the set-point."""
    gx = ess_home()
    gx.services["settings_0"]["grid_setpoint"] = 0
    async with meet(gx, **RAILS) as meeting:
        await meeting.number("grid_setpoint").write(-5000)
        assert gx.value("settings_0.grid_setpoint") == -5000
        write = gx.traffic.writes[-1]
        assert (write.address, write.function, write.values) == (2703, 6, (0x10000 - 50,))
        await meeting.number("volatile_grid_setpoint").write(-5000)
        assert gx.value("hub4_0.setpoint_override") == -5000
        write = gx.traffic.writes[-1]
        assert (write.address, write.function, write.values) == (2716, 16, (0xFFFF, 0xEC78))


async def test_watts_between_the_hundreds_go_to_the_finer_register(
    gx: SimulatedGx, meeting: Meeting
) -> None:
    """Both lead to the same setting."""
    await meeting.number("grid_setpoint").write(-1234)
    assert gx.value("settings_0.grid_setpoint") == -1234
    assert gx.traffic.writes[-1].address == 2700
    assert meeting.read("grid_setpoint") == -1234


@pytest.mark.parametrize(("now", "asked"), [(50, 100), (50, 0), (-49, 0), (0, 100), (149, 100)])
async def test_a_setpoint_between_the_hundreds_is_left_behind(now: int, asked: int) -> None:
    """50 W looks like 100 W in the coarse register, and yet it is something else."""
    gx = ess_home()
    gx.services["settings_0"]["grid_setpoint"] = now
    async with meet(gx, **RAILS) as meeting:
        await meeting.number("grid_setpoint").write(asked)
        assert gx.value("settings_0.grid_setpoint") == asked


async def test_a_setpoint_beyond_16_bits_is_held_and_read() -> None:
    """-45 kW wraps in the register for watts, and reads right all the same."""
    gx = ess_home()
    async with meet(gx, **{**RAILS, "ac_current": 100}) as meeting:
        await meeting.number("grid_setpoint").write(-45_000)
        assert gx.value("settings_0.grid_setpoint") == -45_000
        await meeting.poll(Cadence.SETTINGS)
        assert meeting.read("grid_setpoint") == -45_000


@pytest.mark.parametrize(
    ("path", "value", "name", "held"),
    [
        ("minimum_state_of_charge", 35, "settings_0.minimum_soc", 35),
        ("maximum_charge_current", 80, "settings_0.max_charge_current", 80),
        ("maximum_charge_voltage", 56.4, "settings_0.max_charge_voltage", 56.4),
        ("maximum_feed_in_power", 4350, "settings_0.max_feed_in_power", 4350),
        ("maximum_inverter_power", 2999, "settings_0.max_discharge_power", 2999),
        ("import_current_limit", 16, "settings_0.peak_shaving_import_limit", 16),
        ("export_current_limit", 20, "settings_0.peak_shaving_export_limit", 20),
        ("vebus_227/input_current_limit", 12.3, "vebus_276.input_current_limit", 12.3),
        ("dess_battery_capacity", 20_500, "settings_0.dess_battery_capacity", 20.5),
        ("dess_full_charge_interval", 14 * 86400, "settings_0.dess_full_charge_interval", 14),
    ],
)
async def test_numbers_are_held(
    meeting: Meeting, path: str, value: float, name: str, held: float
) -> None:
    """Each number arrives in the unit that the GX counts in, and reads back."""
    control = meeting.number(path)
    await control.write(value)
    assert meeting.gx.value(name) == pytest.approx(held)
    assert control.read() == pytest.approx(value)


@pytest.mark.parametrize(
    ("path", "name", "on", "off"),
    [
        ("relay_1", "system_0.relay_1", 1, 0),
        ("feed_in_dc_pv", "settings_0.feed_in_dc_excess", 1, 0),
        # The register says what is prevented.
        ("feed_in_ac_pv", "settings_0.prevent_ac_feed_in", 0, 1),
        ("peak_shaving_always", "settings_0.peak_shaving_always", 1, 0),
        ("solarcharger_226/charger_on", "solarcharger_279.mode", 1, 4),
        ("vebus_227/renewable_preferred", "vebus_276.prefer_renewable_energy", 1, 0),
    ],
)
async def test_switches_are_held(meeting: Meeting, path: str, name: str, on: int, off: int) -> None:
    """Each switch moves both ways, whatever its register calls on and off."""
    control = meeting.switch(path)
    for state, raw in ((False, off), (True, on), (False, off)):
        await control.write(state)
        assert meeting.gx.value(name) == raw
        assert control.read() is state


async def test_a_switch_that_is_neither_on_nor_off_is_unknown() -> None:
    """An AC charger also says "error" there; so may firmware of tomorrow."""
    gx = everything()
    async with meet(gx, services="charger 236", **RAILS, poll=False) as meeting:
        for code, expected in ((0, False), (1, True), (2, None), (77, None)):
            gx.services["charger_291"]["mode"] = code
            await meeting.poll()
            assert meeting.switch("charger_236/charger_on").read() is expected


async def test_choices_are_held() -> None:
    """A choice arrives as its code."""
    gx = everything()
    async with meet(gx, services=all_services(gx), **RAILS) as meeting:
        for path, option, name, code in (
            ("vebus_227/switch_position", SwitchPosition.CHARGER_ONLY, "vebus_276.mode", 1),
            ("multi_237/rs_ess_mode", RsEssMode.KEEP_CHARGED, "multi_290.ess_mode", 2),
            ("acsystem_100/rs_ess_mode", RsEssMode.EXTERNAL_CONTROL, "acsystem_0.ess_mode", 3),
        ):
            control = meeting.select(path)
            await control.write(option)
            assert gx.value(name) == code
            assert control.read() is option


async def test_off_is_a_button_for_the_installer(gx: SimulatedGx, meeting: Meeting) -> None:
    """It cuts the power of the house, so it is no choice among others."""
    select = meeting.select("vebus_227/switch_position")
    assert SwitchPosition.OFF not in select.options
    button = meeting.button("vebus_227/switch_off")
    assert button.tier is Tier.EXPERT
    await button.press()
    assert gx.value("vebus_276.mode") == 4
    assert select.read() is None


async def test_a_reset_is_written_once_and_not_read_back(gx: SimulatedGx, meeting: Meeting) -> None:
    """The register of a command reads 0 at once."""
    for path, address in (
        ("vebus_227/system_reset", 62),
        ("vebus_227/redetect_system", 105),
    ):
        button = meeting.button(path)
        assert button.tier is Tier.EXPERT
        assert button.restarts
        await button.press()
        assert [write.address for write in gx.traffic.writes][-1] == address
    assert len(gx.traffic.writes) == 2


async def test_what_endangers_people_is_for_the_installer() -> None:
    """Resets, off, relays of batteries and direct starts are there, but hidden."""
    gx = everything()
    async with meet(gx, services=all_services(gx), **RAILS) as meeting:
        hidden = {one.path for one in meeting.device.controls() if one.tier is Tier.EXPERT}
        assert hidden >= {
            "vebus_227/system_reset",
            "vebus_227/switch_off",
            "multi_237/switch_off",
            "inverter_238/switch_off",
            "battery_225/battery_relay",
            "battery_225/battery_standby",
            "battery_225/battery_on",
            "genset_40/direct_start",
            "dcgenset_41/direct_start",
            "generator_1/reset_service_counter",
        }
        # The registers that restore inverters are not even declared.
        assert not any(
            5800 <= resolved.address <= 5819
            for component in meeting.components()
            for resolved in component.resolved_fields.values()
        )


# -- "no limit" ----------------------------------------------------------------


async def test_no_limit_is_a_switch_of_its_own(gx: SimulatedGx, meeting: Meeting) -> None:
    """-1 never shows as a number, and switching back on goes back to the last limit."""
    number = meeting.number("maximum_feed_in_power")
    switch = meeting.switch("feed_in_limited")
    assert (number.read(), switch.read()) == (None, False)
    assert meeting.read("maximum_feed_in_power") is None
    await number.write(3000)
    assert (number.read(), switch.read()) == (3000, True)
    await turn(switch, on=False)
    assert gx.value("settings_0.max_feed_in_power") == -1
    assert (number.read(), switch.read()) == (None, False)
    await turn(switch, on=True)
    assert gx.value("settings_0.max_feed_in_power") == 3000
    # Once more changes nothing.
    writes = len(gx.traffic.writes)
    await turn(switch, on=True)
    assert len(gx.traffic.writes) == writes


async def test_the_voltage_of_another_battery_is_refused() -> None:
    """Who chose 48 V for a battery of 24 V must not be let near its charge voltage."""
    gx = ess_home()
    for battery in ("lifepo4_8s", "lead_acid_24", "lifepo4_4s"):
        async with meet(gx, **{**RAILS, "battery": battery}) as meeting:
            number = meeting.number("maximum_charge_voltage")
            with pytest.raises(NotNowError, match=r"the battery has 5\d(\.\d)? V"):
                await number.write(number.bounds().maximum)
            with pytest.raises(NotNowError):
                await turn(meeting.switch("charge_voltage_limited"), on=True)
            assert not gx.traffic.writes
            # To lift a limit is always possible.
            gx.services["settings_0"]["max_charge_voltage"] = 50.0
            await meeting.poll()
            await turn(meeting.switch("charge_voltage_limited"), on=False)
            assert gx.value("settings_0.max_charge_voltage") == 0
            gx.traffic.clear()
    for battery in ("lifepo4_16s", "lead_acid_48"):
        async with meet(gx, **{**RAILS, "battery": battery}) as meeting:
            await meeting.number("maximum_charge_voltage").write(55)
            assert gx.value("settings_0.max_charge_voltage") == 55


@in_fake_time
async def test_a_limit_is_remembered_whatever_becomes_of_the_switch() -> None:
    """The GX has dropped it by the time that the switch is called off."""
    gx = ess_home()
    async with meet_in_memory(gx, **RAILS) as meeting:
        await meeting.number("maximum_charge_current").write(30)
        await asyncio.sleep(10)
        limited = meeting.switch("charge_current_limited")
        off = asyncio.create_task(turn(limited, on=False))
        await asyncio.sleep(0.5)
        off.cancel()
        await asyncio.sleep(10)
        await meeting.poll()
        assert gx.value("settings_0.max_charge_current") == -1
        await turn(limited, on=True)
        assert gx.value("settings_0.max_charge_current") == 30


async def test_a_first_limit_is_the_rail(gx: SimulatedGx, meeting: Meeting) -> None:
    """With no limit to go back to, the installer's own is taken."""
    await turn(meeting.switch("charge_current_limited"), on=True)
    assert gx.value("settings_0.max_charge_current") == 150


async def test_the_last_limit_outlives_a_restart() -> None:
    """It is stored with everything else."""
    gx = ess_home()
    async with meet(gx, **RAILS) as meeting:
        await meeting.number("maximum_inverter_power").write(1500)
        await turn(meeting.switch("inverter_power_limited"), on=False)
        memory = meeting.device.dump_state()
    async with meet(gx, memory=memory, **RAILS) as meeting:
        await turn(meeting.switch("inverter_power_limited"), on=True)
        assert gx.value("settings_0.max_discharge_power") == 1500


async def test_older_firmware_cannot_say_no_limit() -> None:
    """There is only the number then, through the narrow register."""
    gx = ess_home(firmware="3.50")
    async with meet(gx, **RAILS) as meeting:
        assert meeting.control("feed_in_limited") is None
        await meeting.number("maximum_feed_in_power").write(3050)
        # Down to what the register can hold.
        assert gx.value("settings_0.max_feed_in_power") == 3000
        assert gx.traffic.writes[-1].address == 2706


async def test_older_firmware_cannot_tell_0_from_no_limit() -> None:
    """Both read as 0: that shows as unknown, and a 0 that is asked for is written."""
    gx = ess_home(firmware="3.50")
    async with meet(gx, **RAILS) as meeting:
        assert gx.value("settings_0.max_feed_in_power") == -1
        number = meeting.number("maximum_feed_in_power")
        assert number.read() is None
        await number.write(0)
        assert gx.value("settings_0.max_feed_in_power") == 0
        assert number.read() is None


# -- ESS -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "regulation", "mode", "expected"),
    [
        (10, 1, EssMode.OPTIMISED_WITH_BATTERYLIFE, (1, 1)),
        (5, 2, EssMode.OPTIMISED_WITH_BATTERYLIFE, (5, 2)),
        (2, 3, EssMode.OPTIMISED_WITH_BATTERYLIFE, (2, 1)),
        (2, 1, EssMode.OPTIMISED_WITHOUT_BATTERYLIFE, (10, 1)),
        (11, 2, EssMode.OPTIMISED_WITHOUT_BATTERYLIFE, (11, 2)),
        (0, 3, EssMode.OPTIMISED_WITHOUT_BATTERYLIFE, (10, 1)),
        (10, 2, EssMode.KEEP_CHARGED, (9, 2)),
        (0, 3, EssMode.KEEP_CHARGED, (9, 1)),
        (10, 2, EssMode.EXTERNAL_CONTROL, (0, 3)),
        (10, 3, EssMode.EXTERNAL_CONTROL, (0, 3)),
    ],
)
async def test_the_mode_of_ess_is_written_as_the_gx_does_it(
    state: int, regulation: int, mode: EssMode, expected: tuple[int, int]
) -> None:
    """Two registers make one mode; the phase regulation of the user survives."""
    gx = ess_home()
    settings = gx.services["settings_0"].update(battery_life_state=state, hub4_mode=regulation)
    async with meet(gx, **RAILS) as meeting:
        select = meeting.select("ess_mode")
        await select.write(mode)
        assert (settings["battery_life_state"], settings["hub4_mode"]) == expected
        assert select.read() is mode
        assert meeting.read("ess_mode") is mode


@pytest.mark.parametrize("soc", [5, 90])
@in_fake_time
async def test_a_mode_that_the_gx_goes_on_from_is_taken(soc: float) -> None:
    """It leaves the state that was written at once, for the one that fits its battery."""
    gx = ess_home()
    gx.home.battery.soc = soc
    async with meet_in_memory(gx, **RAILS) as meeting:
        mode = meeting.select("ess_mode")
        for wanted in (
            EssMode.OPTIMISED_WITH_BATTERYLIFE,
            EssMode.OPTIMISED_WITHOUT_BATTERYLIFE,
            EssMode.EXTERNAL_CONTROL,
            EssMode.OPTIMISED_WITH_BATTERYLIFE,
        ):
            await mode.write(wanted)
            assert mode.read() is wanted


@in_fake_time
async def test_two_modes_at_once_make_no_third_one() -> None:
    """Each is two registers; the later one counts, however close they come."""
    for delay in (0.0, 0.5, 1.02, 1.5, 2.05):
        gx = ess_home()
        async with meet_in_memory(gx, **RAILS) as meeting:
            mode = meeting.select("ess_mode")
            await mode.write(EssMode.OPTIMISED_WITHOUT_BATTERYLIFE)
            first = asyncio.ensure_future(mode.write(EssMode.EXTERNAL_CONTROL))
            await asyncio.sleep(delay)
            await asyncio.gather(first, mode.write(EssMode.KEEP_CHARGED))
            held = [gx.value(f"settings_0.{name}") for name in ("hub4_mode", "battery_life_state")]
            assert held == [1, 9]


async def test_mode_3_is_refused_in_other_modes(gx: SimulatedGx, meeting: Meeting) -> None:
    """The GX would overwrite it at once, so the write is refused before the wire."""
    setpoint = meeting.number("vebus_227/power_setpoint_l1")
    assert not setpoint.usable()
    with pytest.raises(NotNowError, match="external control"):
        await setpoint.write(-2000)
    with pytest.raises(NotNowError):
        await turn(meeting.switch("vebus_227/charge_disabled"), on=True)
    assert not gx.traffic.writes
    await meeting.select("ess_mode").write(EssMode.EXTERNAL_CONTROL)
    assert setpoint.usable()
    await setpoint.write(-2000)
    assert gx.value("vebus_276.setpoint_l1") == -2000
    write = gx.traffic.writes[-1]
    assert (write.address, write.function) == (96, 16)


async def test_a_phase_that_is_not_there_has_no_setpoint() -> None:
    """The Multi says how many phases it has."""
    async with meet(ess_home(phases=1), **RAILS) as meeting:
        assert meeting.control("vebus_227/power_setpoint_l1") is not None
        assert meeting.control("vebus_227/power_setpoint_l2") is None


# -- the EV charging station ---------------------------------------------------


async def test_the_charging_station_speaks_like_every_charger() -> None:
    """0 and anything below 6 A pauses; a limit starts it again."""
    gx = everything()
    async with meet(gx, services=all_services(gx), **RAILS) as meeting:
        limit = meeting.number("evcharger_40/current_limit")
        assert limit.bounds().ceiling == min(25, float(str(gx.value("evcharger_40.max_current"))))
        await limit.write(10)
        assert gx.value("evcharger_40.set_current") == 10
        assert gx.value("evcharger_40.start_stop") == 1
        assert limit.read() == 10
        await limit.write(3)
        assert gx.value("evcharger_40.start_stop") == 0
        assert gx.value("evcharger_40.set_current") == 10
        assert limit.read() == 0
        await turn(meeting.switch("evcharger_40/charging"), on=True)
        assert limit.read() == 10
        # Already charging, it is told the current alone.
        writes = len(gx.traffic.writes)
        await limit.write(12)
        assert len(gx.traffic.writes) == writes + 1
        meeting.component("evcharger_40_main")._values["charging"] = None
        assert limit.read() is None


def station_point(meeting: Meeting) -> StationPoint:
    """Return the charging station as a charge point."""
    (point,) = meeting.device.charge_points()
    assert isinstance(point, StationPoint)
    return point


async def follow(meeting: Meeting) -> None:
    """Poll, and hold what was asked for."""
    await meeting.poll()
    await meeting.device.reconcile()


async def test_the_charging_station_is_a_charge_point() -> None:
    """It holds its limit after a restart of its own, and tells why it does not charge."""
    gx = everything()
    station = gx.services["evcharger_40"]
    async with meet(gx, services="evcharger 40", **RAILS) as meeting:
        point = station_point(meeting)
        await point.set_power_limit(6900)
        assert (gx.value("evcharger_40.set_current"), point.power_limit) == (10, 6900)
        station.update(set_current=32)
        meeting.device.reconnected()
        await follow(meeting)
        assert gx.value("evcharger_40.set_current") == 10
        assert meeting.device.dump_state()["evcharger_40"]["power"] == 6900
        for status, state, reason in (
            (EvChargerStatus.DISCONNECTED, ChargingState.NO_VEHICLE, BlockedBy.NO_VEHICLE),
            (EvChargerStatus.CHARGING, ChargingState.CHARGING, BlockedBy.NOTHING),
            (EvChargerStatus.CHARGED, ChargingState.CONNECTED, BlockedBy.VEHICLE),
            (EvChargerStatus.WAITING_FOR_RFID, ChargingState.CONNECTED, BlockedBy.NOT_AUTHORISED),
            (EvChargerStatus.LOW_STATE_OF_CHARGE, ChargingState.CONNECTED, BlockedBy.DOWNGRADED),
            (EvChargerStatus.OVERHEATING, ChargingState.ERROR, BlockedBy.FAULT),
        ):
            meeting.component("evcharger_40_main")._values["ev_charger_status"] = status
            assert meeting.reading("evcharger_40/charging_state").read() is state
            assert meeting.reading("evcharger_40/blocked_by").read() is reason


async def test_outside_manual_mode_nothing_is_reconciled() -> None:
    """There it charges as it likes, and what was asked for before is not written into it."""
    gx = everything()
    station = gx.services["evcharger_40"]
    async with meet(gx, services="evcharger 40", **RAILS) as meeting:
        point = station_point(meeting)
        await point.set_current_limit(10)
        station.update(mode=EvChargerMode.AUTO, set_current=20)
        writes = len(gx.traffic.writes)
        meeting.device.reconnected()
        for _ in range(4):
            await follow(meeting)
        assert len(gx.traffic.writes) == writes


async def test_without_permission_the_charging_station_is_only_read() -> None:
    """It is a charge point all the same, and takes no order."""
    gx = everything()
    async with meet(gx, services="evcharger 40") as meeting:
        point = station_point(meeting)
        assert not list(point.controls())
        assert meeting.reading("evcharger_40/charging_state").read() is not None
        with pytest.raises(VoltrailError):
            await point.set_current_limit(10)
        assert not gx.traffic.writes


async def test_a_start_stays_within_the_rails() -> None:
    """What somebody once set at the charging station may be more than the fuses here allow."""
    gx = everything()
    station = gx.services["evcharger_40"]
    async with meet(gx, services="evcharger 40", **RAILS) as meeting:
        charging = meeting.switch("evcharger_40/charging")
        await turn(charging, on=False)
        station.update(set_current=32, max_current=32)
        await turn(charging, on=True)
        assert gx.value("evcharger_40.set_current") == 25
        assert gx.value("evcharger_40.start_stop") == 1


@pytest.mark.parametrize("mode", [EvChargerMode.AUTO, EvChargerMode.SCHEDULED])
async def test_the_charging_station_takes_limits_in_manual_mode_only(mode: EvChargerMode) -> None:
    """In any other mode it holds what it is told and charges all the same: that is no pause."""
    gx = everything()
    async with meet(gx, services="evcharger 40", **RAILS) as meeting:
        limit, charging = (
            meeting.number("evcharger_40/current_limit"),
            meeting.switch("evcharger_40/charging"),
        )
        assert limit.usable()
        assert charging.usable()
        # Changed at the charging station itself, and not read since.
        gx.services["evcharger_40"]["mode"] = mode
        for amps in (0, 10):
            with pytest.raises(NotNowError, match="manual mode"):
                await limit.write(amps)
        with pytest.raises(NotNowError, match="manual mode"):
            await turn(charging, on=False)
        assert not gx.traffic.writes
        assert not limit.usable()
        assert not charging.usable()
        await meeting.select("evcharger_40/ev_charger_mode").write(EvChargerMode.MANUAL)
        await limit.write(0)
        assert gx.value("evcharger_40.start_stop") == 0


@in_fake_time
async def test_no_start_undoes_a_pause_that_came_after_it() -> None:
    """A limit is a current and a start: nothing comes between the two."""
    for path in ("evcharger_40/charging", "evcharger_40/current_limit"):
        gx = everything()
        async with meet_in_memory(gx, services="evcharger 40", **RAILS) as meeting:
            await turn(meeting.switch("evcharger_40/charging"), on=False)
            start = asyncio.ensure_future(meeting.number("evcharger_40/current_limit").write(10))
            await asyncio.sleep(0.5)
            if path.endswith("charging"):
                await turn(meeting.switch(path), on=False)
            else:
                await meeting.number(path).write(0)
            await start
            assert gx.value("evcharger_40.start_stop") == 0


@in_fake_time
async def test_a_charging_station_that_blinks_has_taken_its_order() -> None:
    """While it changes its state the GX does not find it for some seconds; it is looked for."""
    gx = everything()
    station = gx.services["evcharger_40"]
    accept = gx.accept

    def back() -> None:
        station.online = True

    def blinking(service: Service, name: str, value: Any) -> None:
        changed = name == "start_stop" and service[name] != value
        accept(service, name, value)
        if changed:
            station.online = False
            asyncio.get_running_loop().call_later(5, back)

    async with meet_in_memory(gx, services="evcharger 40", **RAILS) as meeting:
        gx.accept = blinking  # type: ignore[method-assign]
        charging = meeting.switch("evcharger_40/charging")
        for on in (False, True):
            await turn(charging, on=on)
            assert gx.value("evcharger_40.start_stop") == int(on)
            assert charging.read() is on
            await meeting.poll()
            assert not meeting.device.failures
        # One that is gone for good is told to be.
        station.online = False
        with pytest.raises(VoltrailError, match="not there"):
            await turn(charging, on=False)


async def test_the_charging_station_needs_a_rail_too() -> None:
    """Without a current per phase it can be switched, and not told how much."""
    gx = everything()
    async with meet(gx, services="evcharger 40", write=True) as meeting:
        assert meeting.control("evcharger_40/charging") is not None
        assert meeting.control("evcharger_40/current_limit") is None


# -- what is not taken ---------------------------------------------------------


async def test_a_value_that_the_gx_drops_is_told() -> None:
    """The answer to a write says nothing; the read-back does, with likely reasons."""
    gx = ess_home()
    gx.services["vebus_276"].fixed = "mode,input_current_limit"
    async with meet(gx, **RAILS) as meeting:
        with pytest.raises(NotAcceptedError, match="it holds on") as caught:
            await meeting.select("vebus_227/switch_position").write(SwitchPosition.CHARGER_ONLY)
        assert caught.value.details["asked"] == "1"
        assert "present mode" in caught.value.details["reasons"]
        with pytest.raises(NotAcceptedError, match="it holds 32"):
            await meeting.number("vebus_227/input_current_limit").write(10)
        # "No limit" has no number that it could be told by.
        gx.services["settings_0"].fixed = "max_feed_in_power"
        with pytest.raises(NotAcceptedError, match="it holds nothing"):
            await meeting.number("maximum_feed_in_power").write(3000)


async def test_a_read_only_gx_is_told_in_words() -> None:
    """Its Modbus server can be set to read-only; a person has to change that."""
    gx = ess_home(read_only=True)
    async with meet(gx, **RAILS) as meeting:
        assert list(meeting.device.problems()) == []
        with pytest.raises(ReadOnlyError):
            await meeting.number("minimum_state_of_charge").write(40)
        assert [problem.key for problem in meeting.device.problems()] == ["writing_refused"]
        gx.status.read_only = False
        await meeting.number("minimum_state_of_charge").write(40)
        assert list(meeting.device.problems()) == []


async def test_a_device_that_is_gone_takes_nothing(gx: SimulatedGx, meeting: Meeting) -> None:
    """The error says so."""
    limit = meeting.number("vebus_227/input_current_limit")
    gx.services["vebus_276"].online = False
    with pytest.raises(VoltrailError, match="not there"):
        await limit.write(10)


async def test_a_value_that_cannot_be_read_back_is_told(gx: SimulatedGx, meeting: Meeting) -> None:
    """A GX that stops answering in between has not confirmed anything."""

    async def unplug(_seconds: float) -> None:
        gx.services["vebus_276"].online = False

    meeting.device.pause = unplug
    with pytest.raises(VoltrailError, match="not there"):
        await meeting.number("vebus_227/input_current_limit").write(10)


# -- flash ---------------------------------------------------------------------


async def test_an_unchanged_setting_is_not_written(gx: SimulatedGx, meeting: Meeting) -> None:
    """The flash of the GX is spared, judged by a fresh read."""
    await meeting.number("minimum_state_of_charge").write(20)
    assert not gx.traffic.writes
    # Somebody else changed it meanwhile: what we read last does not count.
    gx.services["settings_0"]["minimum_soc"] = 50
    await meeting.number("minimum_state_of_charge").write(20)
    assert len(gx.traffic.writes) == 1
    assert gx.flash.changes == 1


@in_fake_time
async def test_a_setting_is_written_every_five_seconds_at_most() -> None:
    """Of a slider that moves only the place where it rests is written."""
    gx = ess_home()
    async with meet_in_memory(gx, **RAILS) as meeting:
        number = meeting.number("minimum_state_of_charge")
        started = now()
        await asyncio.gather(*(number.write(value) for value in range(30, 70)))
        assert gx.value("settings_0.minimum_soc") == 69
        assert gx.flash.changes <= 2
        assert now() - started < 15
        # Other settings do not wait for this one.
        started = now()
        await meeting.number("maximum_feed_in_power").write(5000)
        assert now() - started < 3


@in_fake_time
async def test_an_order_that_is_called_off_lets_the_one_before_through() -> None:
    """Automations are cut off when they start anew; what nobody wants any more replaces nothing."""
    gx = ess_home()
    async with meet_in_memory(gx, **RAILS) as meeting:
        number = meeting.number("maximum_charge_current")
        await number.write(100)
        lower = asyncio.ensure_future(number.write(20))
        await asyncio.sleep(1)
        called_off = asyncio.ensure_future(number.write(90))
        await asyncio.sleep(1)
        called_off.cancel()
        await lower
        assert gx.value("settings_0.max_charge_current") == 20


@in_fake_time
async def test_a_setting_in_two_registers_is_one_setting() -> None:
    """Hundreds and watts in turn are not written faster than either alone."""
    gx = ess_home()
    async with meet_in_memory(gx, **{**RAILS, "ac_current": 100}) as meeting:
        number = meeting.number("grid_setpoint")
        started = now()
        for value in (200, 250, 300, -40_000, 149, 100):
            await number.write(value)
            assert gx.value("settings_0.grid_setpoint") == value
        assert now() - started >= 5 * 5
        assert gx.flash.changes == 6
        # However fast they come, each judges by what the one before has left.
        await asyncio.gather(*(number.write(value) for value in (149, 150, 151, 100)))
        assert gx.value("settings_0.grid_setpoint") == 100


@in_fake_time
async def test_a_write_is_checked_after_a_second() -> None:
    """The GX passes a value on before it answers, and the device needs a moment."""
    gx = ess_home()
    async with meet_in_memory(gx, **RAILS) as meeting:
        started = now()
        await meeting.number("minimum_state_of_charge").write(44)
        assert 1 <= now() - started < 2


# -- rails ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("grid_setpoint", RAIL_POWER + 1),
        ("grid_setpoint", -RAIL_POWER - 1),
        ("volatile_grid_setpoint", -RAIL_POWER - 1),
        ("maximum_charge_current", 151),
        ("maximum_charge_current", -1),
        ("maximum_charge_voltage", 58.5),
        ("maximum_charge_voltage", 39.9),
        ("maximum_feed_in_power", RAIL_POWER + 1),
        ("import_current_limit", 26),
        ("import_current_limit", 4),
        ("vebus_227/input_current_limit", 25.1),
        ("minimum_state_of_charge", 100.1),
    ],
)
async def test_outside_the_rails_nothing_is_sent(
    gx: SimulatedGx, meeting: Meeting, path: str, value: float
) -> None:
    """Whatever is outside is refused by the control, and by the last step before the wire."""
    with pytest.raises(OutOfBoundsError):
        await meeting.number(path).write(value)
    with pytest.raises(NotANumberError):
        await meeting.number(path).write(float("nan"))
    part, _, field = path.rpartition("/")
    if not part and field != "grid_setpoint":
        for component in meeting.components():
            if component.register(field) is not None and component.setting(field):
                off = component.setting(field)
                if off is not None and off.off == value:
                    continue
                with pytest.raises(OutOfBoundsError):
                    await component.write(field, value)
    assert not gx.traffic.writes


@pytest.mark.parametrize(
    ("extra", "expected"),
    [
        ({"battery": "lifepo4_16s"}, (40.0, 58.4)),
        ({"battery": "lead_acid_24"}, (21.0, 30.0)),
        ({"battery": "lifepo4_4s", "dc_voltage_maximum": 14.2}, (10.0, 14.2)),
        ({"dc_voltage_minimum": 44, "dc_voltage_maximum": 56}, (44.0, 56.0)),
        ({"battery": "custom", "dc_voltage_maximum": 56}, None),
        ({}, None),
    ],
)
def test_the_voltage_of_the_battery_is_given_or_follows_from_its_kind(
    extra: dict[str, Any], expected: tuple[float, float] | None
) -> None:
    """Directly in volts, or from the kind of battery, or in parts from both."""
    assert WriteLimits.chosen(extra).dc_voltage == expected


def test_power_follows_from_current_and_phases() -> None:
    """Per phase and in all; nothing follows from nothing."""
    rails = WriteLimits.chosen({"ac_current": 50, "ac_voltage": 120, "ac_phases": 2})
    assert (rails.ac_power_phase, rails.ac_power) == (6000, 12_000)
    assert WriteLimits.chosen({"ac_voltage": 120}).ac_power is None


def test_rails_that_leave_nothing_leave_no_control() -> None:
    """A limit below the least value that the register takes."""
    rails = WriteLimits.chosen({"write": True, "ac_current": 4})
    assert rails.bounds(Setting(minimum=5, maximum=100, limit=Limit.AC_CURRENT), 1) is None


def test_a_value_that_does_not_fit_is_refused() -> None:
    """Rather than wrapped: two's complement ends at -32768."""
    for value in (-32_769, 32_768):
        with pytest.raises(OutOfBoundsError):
            int16(2700).encode(value)
    assert int16(2703, 0.01).encode(-5000) == [0xFFCE]
    assert int32(2716).encode(-5000) == [0xFFFF, 0xEC78]
    assert uint16(2710, 10).encode(56.4) == [564]


async def test_a_register_without_a_setting_is_never_written(
    gx: SimulatedGx, meeting: Meeting
) -> None:
    """Writable for the GX is not writable from here: names, estimates, configurations."""
    vebus = meeting.component("vebus_227_main")
    for field in ("output_power_l1", "operating_state", "bms_expected"):
        with pytest.raises(NotSupportedError):
            await vebus.write(field, 1)
    with pytest.raises(NotSupportedError):
        await meeting.component("vebus_227_microgrid").write("microgrid_heartbeat", 1)
    assert not gx.traffic.writes


async def test_what_the_hardware_lacks_is_told(gx: SimulatedGx, meeting: Meeting) -> None:
    """The GX refuses it in the same words as a device that is away; this one answers."""
    gx.services["vebus_276"].lacks = "input_current_limit"
    with pytest.raises(NotSupportedError, match="does not have it"):
        await meeting.number("vebus_227/input_current_limit").write(10)
    assert meeting.device.failures == {}
    await meeting.select("vebus_227/switch_position").write(SwitchPosition.CHARGER_ONLY)


async def test_the_position_of_a_charging_station() -> None:
    """0 is the output and 1 the input, whatever the register list says; there is no third."""
    gx = everything()
    async with meet(gx, services="evcharger 40, pvinverter 20", **RAILS) as meeting:
        position = meeting.select("evcharger_40/position")
        assert position.options == (EvChargerPosition.AC_OUTPUT, EvChargerPosition.AC_INPUT_1)
        for option, code in ((EvChargerPosition.AC_INPUT_1, 1), (EvChargerPosition.AC_OUTPUT, 0)):
            await position.write(option)
            assert gx.value("evcharger_40.position") == code
            assert meeting.read("evcharger_40/position") is option
        # A solar inverter counts the other way.
        gx.services["pvinverter_20"]["position"] = 0
        await meeting.poll()
        assert meeting.read("pvinverter_20/position") is InverterPosition.AC_INPUT_1


async def test_a_slot_and_what_is_in_force_have_the_same_flags(
    gx: SimulatedGx, meeting: Meeting
) -> None:
    """1 forbids the battery to feed the grid, 2 the grid to charge it."""
    for code, name in enumerate(("none", "battery_to_grid", "grid_to_battery", "both")):
        gx.services["settings_0"]["dess_schedule_restrictions"] = code
        gx.services["system_0"]["dess_restrictions"] = code
        await meeting.poll(Cadence.SETTINGS)
        for path in ("dess_schedule_restriction", "dess_restriction"):
            assert member(meeting.read(path)) == name
    for path, option, name, code in (
        ("dess_schedule_restriction", "battery_to_grid", "dess_schedule_restrictions", 1),
        ("dess_schedule_restriction", "grid_to_battery", "dess_schedule_restrictions", 2),
        ("dess_mode", "buy", "dess_mode", 2),
        ("dess_mode", "sell", "dess_mode", 3),
        ("dess_mode", "node_red", "dess_mode", 4),
        ("dess_schedule_strategy", "pro_battery", "dess_schedule_strategy", 2),
        ("dess_schedule_strategy", "pro_grid", "dess_schedule_strategy", 3),
    ):
        select = meeting.select(path)
        await select.write(next(one for one in select.options if member(one) == option))
        assert gx.value(f"settings_0.{name}") == code


def member(state: object) -> str:
    """Return the word of a state."""
    assert isinstance(state, Enum)
    return state.name.lower()


async def test_a_slot_is_written_as_a_whole(gx: SimulatedGx, meeting: Meeting) -> None:
    """When it begins takes two registers in the middle of it: all of it goes in one request."""
    gx.services["settings_0"].update(
        dess_schedule_allow_grid_feed_in=1,
        dess_schedule_duration=900,
        dess_schedule_restrictions=2,
        dess_schedule_soc=80,
        dess_schedule_strategy=1,
    )
    start = meeting.number("dess_schedule_start")
    assert start.tier is Tier.EXPERT
    await start.write(1_767_225_600)
    (write,) = gx.traffic.writes
    assert (write.address, write.function) == (5424, 16)
    assert write.values == (1, 900, 2, 80, 0x6955, 0xB900, 1)
    assert gx.value("settings_0.dess_schedule_start") == 1_767_225_600
    assert meeting.read("dess_schedule_start") == datetime(2026, 1, 1, tzinfo=UTC)
    with pytest.raises(OutOfBoundsError):
        await start.write(2**31)


@pytest.mark.parametrize(
    ("path", "value", "name"),
    [
        ("vebus_227/boost_factor", 1.5, "vebus_276.boost_factor"),
        ("vebus_227/configured_output_voltage", 225, "vebus_276.output_voltage_setting"),
        ("maximum_charge_share", 50, "settings_0.max_charge_percentage"),
        ("maximum_discharge_share", 0, "settings_0.max_discharge_percentage"),
    ],
)
async def test_numbers_for_the_installer(
    meeting: Meeting, path: str, value: float, name: str
) -> None:
    """They are there, switched off, and within bounds."""
    control = meeting.number(path)
    assert control.tier is Tier.EXPERT
    with pytest.raises(OutOfBoundsError):
        await control.write(control.bounds().maximum + 1)
    await control.write(value)
    assert meeting.gx.value(name) == value


async def test_switches_for_the_installer(gx: SimulatedGx, meeting: Meeting) -> None:
    """The register of the UPS function says that it is off."""
    for path, name, on in (
        ("vebus_227/power_assist_enabled", "vebus_276.power_assist", 1),
        ("vebus_227/ups_function", "vebus_276.ups_function_disabled", 0),
    ):
        control = meeting.switch(path)
        assert control.tier is Tier.EXPERT
        for state in (True, False):
            await control.write(state)
            assert gx.value(name) == (on if state else 1 - on)


async def test_the_voltage_of_another_country_is_refused(gx: SimulatedGx, meeting: Meeting) -> None:
    """An inverter for 120 V must not be told what is meant for one of 230 V."""
    gx.services["vebus_276"]["output_voltage_setting"] = 120.0
    with pytest.raises(NotNowError, match="120 V"):
        await meeting.number("vebus_227/configured_output_voltage").write(230)
    assert not gx.traffic.writes


async def try_everything(meeting: Meeting, random: Random) -> int:
    """Press, move and choose, with values of all sizes; return how many orders were taken."""
    done = 0
    for control in meeting.device.controls():
        for order in orders(control, random):
            try:
                await order
            except VoltrailError:
                continue
            done += 1
    return done


def orders(control: Control, random: Random) -> Iterator[Awaitable[None]]:
    """Yield what a control can be told, and what it cannot."""
    match control:
        case NumberControl():
            low, high = control.bounds().minimum, control.bounds().maximum
            values = [low, high, low - 1, high + 1, 1e10, random.uniform(low, high)]
            yield from map(control.write, [*values, random.gauss(0, 1000)])
        case SwitchControl():
            yield from (control.write(random.random() < 0.5) for _ in range(3))
        case SelectControl():
            yield from map(control.write, control.options)
        case ButtonControl() if control.key != "search_devices":
            yield control.press()


async def test_whatever_is_tried_stays_within_the_rails() -> None:
    """Through every control of a GX that has one of everything."""
    gx = everything()
    async with meet(gx, services=all_services(gx), **RAILS) as meeting:
        witness = Witness(gx)
        gx.services["settings_0"]["hub4_mode"] = 3
        gx.services["vebus_276"]["output_voltage_setting"] = 230.0
        await meeting.poll()
        assert await try_everything(meeting, Random(20261120)) > 200  # noqa: S311 - repeatable
        assert witness.outside == []
        # The limits above are worth something: each of them was reached.
        assert set(LIMITS) - set(witness.arrived) == set()
        assert not any(name.startswith("platform.") for name in witness.arrived)


async def test_a_gx_without_write_limits_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The witness above sees what would leave if nothing held it back."""
    monkeypatch.setattr(WriteLimits, "check", lambda *given: given[-1])
    monkeypatch.setattr(Bounds, "accept", lambda _, value: value)
    gx = everything()
    async with meet(gx, services=all_services(gx), **RAILS) as meeting:
        witness = Witness(gx)
        gx.services["settings_0"]["hub4_mode"] = 3
        await meeting.poll()
        await try_everything(meeting, Random(20261120))  # noqa: S311 - repeatable
        assert witness.outside
