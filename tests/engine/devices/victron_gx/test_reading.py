"""What is read from a GX, compared with the simulator's own table."""

from datetime import UTC, datetime
from enum import Enum
from typing import Any

import pytest

from custom_components.voltrail.engine.devices.victron_gx.fields import GxNumber, Zero
from custom_components.voltrail.engine.model.errors import GarbledAnswerError, NotNowError
from custom_components.voltrail.engine.model.points import Kind, Tier, UnknownCode
from custom_components.voltrail.engine.polling.polled_device import Cadence
from simulators.victron_gx import VictronGx as SimulatedGx
from simulators.victron_gx import ess_home, everything
from simulators.victron_gx.service import Service

from .support import RAILS, Meeting, all_services, factor, meet


def simulated(gx: SimulatedGx, unit_id: int) -> dict[tuple[int, int], object]:
    """Return the simulator's own table of a unit: values by address and number of registers."""
    unit = gx.unit(unit_id)
    return {
        (int(str(row["address"])), len(list(row["words"]))): row["value"]  # type: ignore[call-overload]
        for row in unit.table()
    }


def reads_0(field: GxNumber[Any], theirs: object) -> bool:
    """Whether a value is too small for the steps of its register."""
    assert isinstance(theirs, int | float)
    return round(theirs * field.document_scale) == 0


def check_every_register(meeting: Meeting) -> int:
    """Compare every value that the engine holds with the simulator's; return how many."""
    compared = 0
    for component in meeting.components():
        table = simulated(meeting.gx, component.unit_id)
        for name, resolved in component.resolved_fields.items():
            ours = getattr(component, name)
            if name == "firmware_code" and (resolved.address, resolved.count) not in table:
                # Reserved there, before the server told its firmware.
                assert ours == 0xFFFF_FFFF
                continue
            theirs = table[resolved.address, resolved.count]
            where = f"{name} at {resolved.address} of unit {component.unit_id}"
            field = resolved.field
            if not isinstance(field, GxNumber):
                assert ours == str(theirs or "").strip()[: 2 * resolved.count], where
            elif not theirs or (field.setting is not None and theirs == field.setting.off):
                # Without a value the register reads 0, and "no limit" is no value either.
                assert not ours, where
            elif field.zero is Zero.NO_VALUE and reads_0(field, theirs):
                assert ours is None, where
            elif field.convert is not None:
                assert int(ours) == theirs, where
            else:
                assert isinstance(theirs, int | float), where
                # Narrow registers wrap; their wider twins show that nothing is lost.
                span = field.step * (1 << 16 * field.count)
                difference = (ours - theirs * factor(field)) % span
                assert min(difference, span - difference) <= field.step * 0.501, where
            compared += 1
    return compared


async def test_an_ess_home_reads_as_the_simulator_has_it() -> None:
    """Every value of a typical home is the simulator's, register by register."""
    async with meet(ess_home()) as meeting:
        assert meeting.device.failures == {}
        assert check_every_register(meeting) > 400


async def test_every_service_reads_as_the_simulator_has_it() -> None:
    """So is every value of a GX that has one device of each type."""
    gx = everything()
    async with meet(gx, services=all_services(gx)) as meeting:
        assert meeting.device.failures == {}
        assert gx.status.errors == 0
        # All registers of the list but the narrow twins of wider ones.
        assert check_every_register(meeting) > 840


async def test_every_reading_says_what_its_meaning_promises() -> None:
    """Numbers are numbers, states are states, and so on; nothing raises."""
    forms: dict[Kind, type | tuple[type, ...]] = {
        Kind.NUMBER: (int, float),
        Kind.STATE: (Enum, UnknownCode),
        Kind.FLAG: bool,
        Kind.TEXT: str,
        Kind.MOMENT: datetime,
    }
    gx = everything()
    async with meet(gx, services=all_services(gx)) as meeting:
        await meeting.poll()
        readings = list(meeting.device.readings())
        assert len({reading.path for reading in readings}) == len(readings) > 900
        for reading in readings:
            value = reading.read()
            assert meeting.device.available(reading.components), reading.path
            if value is not None:
                assert isinstance(value, forms[reading.point.kind]), reading.path
        known = sum(reading.read() is not None for reading in readings)
        assert known > 0.9 * len(readings)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("power", [f"system_0.grid_power_l{phase}" for phase in (1, 2, 3)]),
        ("consumption_power", [f"system_0.consumption_power_l{phase}" for phase in (1, 2, 3)]),
        ("vebus_227/input_power", [f"vebus_276.input_power_l{phase}" for phase in (1, 2, 3)]),
        ("vebus_227/output_power", [f"vebus_276.output_power_l{phase}" for phase in (1, 2, 3)]),
        ("multi_237/input_power", [f"multi_290.input_1_power_l{phase}" for phase in (1, 2, 3)]),
        ("multi_237/output_power", [f"multi_290.output_power_l{phase}" for phase in (1, 2, 3)]),
        ("acsystem_100/output_power", [f"acsystem_0.output_power_l{phase}" for phase in (1, 2, 3)]),
        ("grid_30/power", [f"grid_30.power_l{phase}" for phase in (1, 2, 3)]),
        ("acload_31/power", [f"acload_31.power_l{phase}" for phase in (1, 2, 3)]),
        ("genset_40/power", [f"genset_40.power_l{phase}" for phase in (1, 2, 3)]),
    ],
)
async def test_totals_are_sums_of_phases(path: str, names: list[str]) -> None:
    """All phases together, signs included."""
    gx = everything()
    async with meet(gx, services=all_services(gx)) as meeting:
        expected = sum(float(str(gx.value(name))) for name in names)
        # Inverters tell tens of watts.
        assert meeting.read(path) == pytest.approx(expected, abs=16)


@pytest.mark.parametrize("service", ["alternator_233", "dcload_231", "dcsource_232", "fuelcell_1"])
async def test_power_on_dc_is_voltage_times_current(service: str) -> None:
    """Their meters tell no power."""
    gx = everything()
    async with meet(gx, services=all_services(gx)) as meeting:
        voltage, current = (meeting.read(f"{service}/{name}") for name in ("voltage", "current"))
        assert isinstance(voltage, float)
        assert isinstance(current, float | int)
        assert meeting.read(f"{service}/power") == round(voltage * current)


SERVERS = (
    *(41, 44, 45, 48, 52, 53, 58, 59, 62, 68, 70, 71, 73, 74, 76, 80, 81),
    *(82, 84, 85, 88, 89, 93, 94, 95, 96, 97, 98, 99, 100, 101),
)
"""What the releases of Venus OS carry, and both sides of every step of the map."""


@pytest.mark.parametrize("server", SERVERS)
async def test_every_firmware_is_read_without_an_error(server: int) -> None:
    """Reads are cut at the holes of the running firmware, whatever it is."""
    gx = everything(firmware="3.60" if server < 89 else "3.80", server=server)
    async with meet(gx, services=all_services(gx), poll=False) as meeting:
        await meeting.device.identify()
        # Finding out the version of the map may be refused a few times, once for good.
        asked = gx.status.errors
        assert asked <= 3
        await meeting.poll()
        assert meeting.device.failures == {}
        assert list(gx.error_log)[asked:] == []
        assert check_every_register(meeting) > 500
        assert gx.status.crashes == 0


# -- how often it is asked -----------------------------------------------------


async def test_requests_of_an_ess_home_are_few() -> None:
    """At most 20 in all, of which 6 are asked every few seconds."""
    gx = ess_home()
    async with meet(gx, poll=False) as meeting:
        await meeting.device.ensure_found()
        gx.traffic.clear()
        await meeting.poll(Cadence.MEASUREMENTS)
        assert [(one.unit, one.address, one.length) for one in gx.traffic.reads] == [
            (100, 806, 114),
            (227, 3, 119),
            (225, 256, 76),
            (226, 771, 23),
            (224, 771, 23),
            (30, 2616, 33),
        ]
        await meeting.poll(Cadence.SETTINGS)
        assert gx.traffic.requests == 20


async def test_what_no_entity_shows_is_not_read(gx: SimulatedGx, meeting: Meeting) -> None:
    """With the entities that are there by default, a few requests less."""
    wanted = frozenset[str]().union(
        *(
            reading.components
            for reading in meeting.device.readings()
            if reading.point.tier is not Tier.EXPERT
        )
    )
    gx.traffic.clear()
    await meeting.device.poll(Cadence.MEASUREMENTS, wanted)
    await meeting.device.poll(Cadence.SETTINGS, wanted)
    assert gx.traffic.requests == 18
    # The system is read in any case: energy is added up from it.
    gx.traffic.clear()
    await meeting.device.poll(Cadence.MEASUREMENTS, ())
    assert [one.address for one in gx.traffic.reads] == [806]


async def test_requests_of_one_device_of_each_type() -> None:
    """All 33 services at once."""
    gx = everything()
    async with meet(gx, services=all_services(gx), poll=False) as meeting:
        await meeting.device.identify()
        gx.traffic.clear()
        await meeting.poll()
        assert gx.traffic.requests == 50


# -- zeros that are no values --------------------------------------------------


async def test_a_single_phase_house_shows_one_phase() -> None:
    """The other two have no values, and are out of sight."""
    gx = ess_home(phases=1)
    async with meet(gx) as meeting:
        for path in ("grid_30/voltage", "grid_30/power", "power", "vebus_227/input_voltage"):
            present, absent = meeting.reading(f"{path}_l1"), meeting.reading(f"{path}_l2")
            assert present.read() is not None
            assert present.point.tier is Tier.MAIN
            assert absent.read() is None
            assert absent.point.tier is Tier.EXPERT
        assert meeting.read("power") == meeting.read("power_l1")


async def test_three_phases_are_shown_even_at_0_w(gx: SimulatedGx, meeting: Meeting) -> None:
    """A phase that has a voltage is there."""
    for phase in (1, 2, 3):
        assert meeting.reading(f"grid_30/voltage_l{phase}").point.tier is Tier.MAIN
    gx.services["grid_30"]["power_l2"] = 0
    assert meeting.read("grid_30/power_l2") is not None


async def test_a_phase_that_appears_stays() -> None:
    """Once seen it is connected, also at 0."""
    gx = ess_home(phases=1, grid_meter=False, clock=None)
    async with meet(gx) as meeting:
        assert meeting.read("consumption_power_l2") is None
        main = meeting.component("main")
        main._values["consumption_power_l2"] = 300
        main._verify_read()
        assert meeting.read("consumption_power_l2") == 300
        await meeting.poll()
        assert meeting.read("consumption_power_l2") == 0


async def test_a_sensor_that_is_not_fitted_is_out_of_sight() -> None:
    """0 from the first read on: no starter battery, no mid-point."""
    gx = ess_home()
    battery = gx.services["battery_512"]
    async with meet(gx) as meeting:
        for name in ("starter_voltage", "mid_voltage"):
            reading = meeting.reading(f"battery_225/{name}")
            assert reading.read() is None
            assert reading.point.tier is Tier.EXPERT
        # Fitted later it has values, and a 0 is one of them from then on.
        battery["starter_voltage"] = 12.6
        await meeting.poll()
        assert meeting.read("battery_225/starter_voltage") == 12.6
        assert meeting.reading("battery_225/starter_voltage").point.tier is Tier.DETAIL
        battery["starter_voltage"] = 0
        await meeting.poll()
        assert meeting.read("battery_225/starter_voltage") == 0


async def test_freezing_is_a_temperature() -> None:
    """0 °C counts once the sensor has shown something else."""
    gx = everything()
    sensor = gx.services["temperature_24"]
    sensor["temperature"] = 0.0
    async with meet(gx, services=all_services(gx)) as meeting:
        assert meeting.read("temperature_24/temperature") is None
        for celsius in (-0.5, 0.0):
            sensor["temperature"] = celsius
            await meeting.poll()
            assert meeting.read("temperature_24/temperature") == celsius


async def test_time_to_go_has_no_value_while_charging(meeting: Meeting) -> None:
    """0 stands for "charging" there."""
    assert meeting.read("battery_time_to_go") is None


async def test_a_counter_that_falls_to_0_has_no_value() -> None:
    """At night, and while the GX starts; it comes back where it was."""
    gx = everything()
    meter = gx.services["acload_31"]
    async with meet(gx, services=all_services(gx)) as meeting:
        before = meeting.read("acload_31/energy_consumed")
        names = [f"energy_l{phase}" for phase in (1, 2, 3)]
        kept = {name: meter[name] for name in names}
        # One phase after the other, so that a sum of the rest would look like a fall.
        for name in names:
            meter[name] = None
            await meeting.poll()
            assert meeting.read("acload_31/energy_consumed") is None
        memory = meeting.device.dump_state()
    # Also right after a restart.
    async with meet(gx, memory=memory, services=all_services(gx)) as meeting:
        assert meeting.read("acload_31/energy_consumed") is None
        meter.update(**kept)
        await meeting.poll()
        assert meeting.read("acload_31/energy_consumed") == before


async def test_a_counter_that_has_not_counted_has_no_value() -> None:
    """Its 0 may be that of a device which has not found its counters yet.

    The thousands of kWh that follow would be booked as those of one moment.
    """
    gx = ess_home()
    gx.home.counters.clear()
    gx.advance(0.001)
    async with meet(gx) as meeting:
        assert meeting.read("grid_30/energy_exported_l1") is None
        assert meeting.reading("grid_30/energy_exported_l1").point.tier is Tier.EXPERT
        gx.home.counters.preset(exported_l1=4321.5)
        gx.advance(0.001)
        await meeting.poll()
        assert meeting.read("grid_30/energy_exported_l1") == pytest.approx(4_321_500, abs=10)


async def test_a_battery_that_tells_nothing_is_not_empty() -> None:
    """A GX that starts, or has lost its battery, shows zeros for everything.

    No live battery has 0 V, so its other zeros say nothing either, least of all that it is at 0 %.
    """
    gx = ess_home()
    told = gx.value_of
    paths = [
        f"{part}{name}"
        for part, names in (
            ("", ("battery_voltage", "battery_current", "battery_power", "state_of_charge")),
            ("battery_225/", ("voltage", "current", "power", "temperature", "state_of_charge")),
            ("battery_225/", ("charge_current_limit", "minimum_cell_temperature")),
            ("solarcharger_226/", ("energy_today",)),
        )
        for name in names
    ]

    def silent(service: Service, name: str) -> object:
        lost = service.kind in {"battery", "solarcharger"} or name.startswith("battery_")
        return None if lost else told(service, name)

    async with meet(gx) as meeting:
        before = [meeting.read(path) for path in paths]
        assert None not in before
        gx.value_of = silent  # type: ignore[method-assign, assignment]
        await meeting.poll()
        assert {path: meeting.read(path) for path in paths} == dict.fromkeys(paths)
        gx.value_of = told  # type: ignore[method-assign]
        await meeting.poll()
        assert None not in [meeting.read(path) for path in paths]


async def test_a_session_does_not_begin_again_while_the_gx_starts() -> None:
    """A charging station that tells nothing yet has no highest current either."""
    gx = everything()
    told = gx.value_of
    values: dict[str, object] = {"max_current": 32, "session_energy": 8.25}

    def telling(service: Service, name: str) -> object:
        own = service.kind == "evcharger" and name in values
        return values[name] if own else told(service, name)

    gx.value_of = telling  # type: ignore[method-assign, assignment]
    async with meet(gx, services="evcharger 40", poll=False) as meeting:
        for maximum, energy, shown in (
            (32, 8.25, 8250),
            (None, None, None),
            (32, 8.26, 8260),
            # The next session.
            (32, 0, 0),
        ):
            values.update(max_current=maximum, session_energy=energy)
            await meeting.poll()
            assert meeting.read("evcharger_40/session_energy") == shown


async def test_an_empty_battery_is_at_0() -> None:
    """With a voltage, 0 % and 0 A are values like any other."""
    gx = ess_home()
    told = gx.value_of

    def empty(service: Service, name: str) -> object:
        return 0 if name in {"soc", "battery_soc", "current"} else told(service, name)

    async with meet(gx) as meeting:
        gx.value_of = empty  # type: ignore[method-assign, assignment]
        await meeting.poll()
        for path in ("state_of_charge", "battery_225/state_of_charge", "battery_225/current"):
            assert meeting.read(path) == 0


async def test_what_never_happened_to_a_battery_is_0() -> None:
    """A shunt has a history and says so; while it starts, and without one, nothing is known."""
    words = {"charge_cycles": 73, "full_discharges": 2, "low_voltage_alarms": 0}
    gx = ess_home(shunt=True)
    shunt = gx.services["battery_288"]
    history = {name: shunt[name] for name in shunt.table.values if name.startswith("history_")}
    async with meet(gx, services="battery 239", poll=False) as meeting:
        for told, expected in (
            (history, words),
            (dict.fromkeys(history), dict.fromkeys(words)),
            (history, words),
        ):
            shunt.update(**told)
            await meeting.poll()
            assert {word: meeting.read(f"battery_239/{word}") for word in words} == expected
    async with meet(ess_home(), services="battery 225") as meeting:
        assert not any(meeting.read(f"battery_225/{word}") is not None for word in words)


async def test_a_lost_charging_station_is_not_disconnected() -> None:
    """The GX keeps it without values; its stored maximum is never 0 while it is there."""
    gx = everything()
    async with meet(gx, services="evcharger 40", **RAILS) as meeting:
        words = ("ev_charger_status", "ev_charger_mode", "power", "power_l1", "current", "charging")
        more = ("session_energy", "session_duration", "position", "set_current", "energy_charged")
        before = {word: meeting.read(f"evcharger_40/{word}") for word in (*words, *more)}
        assert before["power"] == 0
        gx.set({"evcharger_40.silent": True})
        await meeting.poll()
        for word in (*words, *more):
            assert meeting.read(f"evcharger_40/{word}") is None, word
        # Nobody knows whether it would do what it is told; zeros all over may be a bad moment.
        with pytest.raises((GarbledAnswerError, NotNowError)):
            await meeting.number("evcharger_40/current_limit").write(10)
        assert not gx.traffic.writes
        gx.set({"evcharger_40.silent": False})
        await meeting.poll()
        assert {word: meeting.read(f"evcharger_40/{word}") for word in before} == before


@pytest.mark.parametrize("server", [60, 101])
async def test_a_lost_grid_meter_measures_nothing(server: int) -> None:
    """Neither 0 W nor 0 V nor 0 Hz. Before server 75 there is no frequency to tell by."""
    gx = ess_home(firmware="3.20", server=server)
    async with meet(gx, services="grid 30") as meeting:
        words = ("power", "power_l1", "voltage_l1", "current_l1", "voltage_l3")
        assert all(meeting.read(f"grid_30/{word}") is not None for word in words)
        # A live meter has zeros that are values.
        gx.services["grid_30"]["power_l1"] = 0
        gx.set({"grid_30.silent": True})
        await meeting.poll()
        for word in (*words, *(["frequency", "power_factor"] if server > 75 else [])):
            assert meeting.read(f"grid_30/{word}") is None, word
        gx.set({"grid_30.silent": False})
        await meeting.poll()
        assert all(meeting.read(f"grid_30/{word}") is not None for word in words)


async def test_a_meter_without_voltages_has_zeros() -> None:
    """Some tell nothing but power and energy; they have no lifeline to judge by."""
    gx = ess_home()
    gx.set({"grid_30.silent": True})
    async with meet(gx, services="grid 30") as meeting:
        meter = meeting.component("grid_30_main")
        meter._values.update(power_l1=0, power_l2=500, imported_total=12_500)
        meter._verify_read()
        assert meeting.read("grid_30/power_l1") == 0
        assert meeting.read("grid_30/power") == 500


async def test_a_broken_sensor_has_no_value() -> None:
    """An open circuit is neither an empty tank nor 0 degrees, also if there was a value before."""
    gx = everything()
    paths = {
        "tank_21/tank_level": "level",
        "tank_21/tank_remaining": "remaining",
        "temperature_24/temperature": "temperature",
    }
    async with meet(gx, services="tank 21, temperature 24") as meeting:
        assert all(meeting.read(path) for path in paths)
        kept = {path: meeting.read(path) for path in paths}
        values = {path: gx.services[path.partition("/")[0]][name] for path, name in paths.items()}
        for status, present in ((1, False), (0, True), (4, False)):
            for path, name in paths.items():
                service = gx.services[path.partition("/")[0]]
                service.update(status=status, **{name: values[path] if present else None})
            await meeting.poll()
            assert {path: meeting.read(path) for path in paths} == (
                kept if present else dict.fromkeys(paths)
            )
        # An empty tank is one.
        gx.services["tank_21"].update(status=0, level=0.0)
        await meeting.poll()
        assert meeting.read("tank_21/tank_level") == 0


async def test_errors_of_a_battery_have_a_time() -> None:
    """Seconds since 1970; 0 is none."""
    gx = everything()
    gx.services["battery_512"].update(last_error_time_1=1_767_225_600, last_error_time_2=0)
    async with meet(gx, services="battery 225") as meeting:
        first = meeting.reading("battery_225/last_error_time_1")
        assert first.read() == datetime(2026, 1, 1, tzinfo=UTC)
        assert first.point.tier is Tier.EXPERT
        assert meeting.read("battery_225/last_error_time_2") is None


async def test_a_number_of_events_never_drops_to_0() -> None:
    """What is counted without a unit is lost and found again like kWh."""
    gx = everything()
    meter = gx.services["pulsemeter_3"]
    meter["pulse_count"] = 123_456
    async with meet(gx, services=all_services(gx)) as meeting:
        assert meeting.read("pulsemeter_3/pulse_count") == 123_456
        meter["pulse_count"] = None
        await meeting.poll()
        assert meeting.read("pulsemeter_3/pulse_count") is None
        memory = meeting.device.dump_state()
    async with meet(gx, memory=memory, services=all_services(gx)) as meeting:
        assert meeting.read("pulsemeter_3/pulse_count") is None
        meter["pulse_count"] = 123_457
        await meeting.poll()
        assert meeting.read("pulsemeter_3/pulse_count") == 123_457


async def test_the_current_of_panels_in_the_dark_is_unknown(meeting: Meeting) -> None:
    """The server divides by the voltage; at 0 V that makes no sense."""
    assert meeting.read("solarcharger_226/pv_current") is not None
    meeting.component("solarcharger_226_main")._values["pv_voltage"] = 0
    assert meeting.read("solarcharger_226/pv_current") is None


# -- wraps and codes -----------------------------------------------------------


async def test_battery_power_beyond_16_bits(meeting: Meeting) -> None:
    """Voltage and current tell how often it wrapped."""
    main = meeting.component("main")
    for voltage, current, narrow, expected in (
        (52.0, 700.0, 36_400 - 65_536, 36_400),
        (52.0, -700.0, 65_536 - 36_400, -36_400),
        (52.0, 20.0, 1040, 1040),
    ):
        main._values.update(
            battery_voltage=voltage, battery_current=current, battery_power_16=narrow
        )
        assert meeting.read("battery_power") == expected
    main._values["battery_voltage"] = None
    assert meeting.read("battery_power") is None


async def test_an_unknown_code_breaks_nothing() -> None:
    """It reads as unknown with its number, and everything else goes on."""
    gx = ess_home()
    gx.services["vebus_276"]["error"] = 99
    gx.services["solarcharger_279"]["error_code"] = 77
    async with meet(gx) as meeting:
        assert meeting.device.failures == {}
        assert str(meeting.read("vebus_227/vebus_error")) == "unknown (99)"
        assert str(meeting.read("solarcharger_226/charger_error")) == "unknown (77)"


async def test_an_alarm_is_a_problem_of_its_device(gx: SimulatedGx, meeting: Meeting) -> None:
    """Any alarm, a warning included, makes one yes."""
    assert meeting.read("vebus_227/alarm_active") is False
    main = meeting.component("vebus_227_main")
    values = dict(main._values)
    main._values.clear()
    assert meeting.read("vebus_227/alarm_active") is None
    main._values.update(values)
    gx.services["vebus_276"]["alarm_grid_lost"] = 2
    await meeting.poll()
    assert meeting.read("vebus_227/alarm_active") is True


# -- identity ------------------------------------------------------------------


async def test_two_gx_are_two_devices() -> None:
    """The portal id tells them apart, wherever they are."""
    async with (
        meet(ess_home(portal_id="c0619ab00001", system_name="Barn")) as barn,
        meet(ess_home(portal_id="c0619ab00002")) as house,
    ):
        first, second = await barn.device.identify(), await house.device.identify()
        assert (first.serial, second.serial) == ("c0619ab00001", "c0619ab00002")
        assert first.name == "Barn"
        assert barn.device.fingerprint != house.device.fingerprint


async def test_a_dump_names_no_person() -> None:
    """Names, serial numbers and places are hidden; the rest can be replayed."""
    gx = everything()
    async with meet(gx, services=all_services(gx), poll=False) as meeting:
        raw, failed = await meeting.device.read_raw(private=False)
        assert failed == {}
        hidden = 0x5858
        assert raw[100]["holding"][800] == hidden
        assert raw[30]["holding"][2609] == hidden
        assert raw[100]["holding"][2800] == hidden
        assert raw[225]["holding"][1336] == hidden
        assert raw[225]["holding"][259] == round(100 * float(str(gx.value("battery_512.voltage"))))


async def test_texts_are_latin_1() -> None:
    """Names have umlauts, and end at the first zero."""
    gx = ess_home()
    gx.services["battery_512"]["custom_name"] = "Küche Süd"
    async with meet(gx) as meeting:
        assert meeting.read("battery_225/custom_name") == "Küche Süd"


async def test_the_clock_of_the_gx(gx: SimulatedGx, meeting: Meeting) -> None:
    """UTC, as the GX has it."""
    assert meeting.read("time") == gx.clock.moment.replace(microsecond=0)


async def test_the_limit_in_force_is_the_higher_one() -> None:
    """While BatteryLife is on, its own limit counts if it is above the minimum."""
    gx = ess_home()
    settings = gx.services["settings_0"]
    async with meet(gx, poll=False) as meeting:
        for state, minimum, limit, expected in (
            (10, 20, 35, 20),
            (2, 20, 35, 35),
            (5, 40, 35, 40),
            (9, 20, 35, 20),
        ):
            settings.update(
                battery_life_state=state, minimum_soc=minimum, battery_life_soc_limit=limit
            )
            await meeting.poll()
            assert meeting.read("active_state_of_charge_limit") == expected


async def test_the_schedule_of_dynamic_ess() -> None:
    """When its first slot begins."""
    gx = ess_home()
    settings = gx.services["settings_0"]
    async with meet(gx) as meeting:
        assert meeting.read("dess_schedule_start") is None
        settings["dess_schedule_start"] = 1_767_225_600
        await meeting.poll()
        assert meeting.read("dess_schedule_start") == datetime(2026, 1, 1, tzinfo=UTC)


async def test_an_unknown_ess_mode_is_unknown() -> None:
    """A state that no document names makes no mode."""
    gx = ess_home()
    gx.services["settings_0"].update(battery_life_state=0, hub4_mode=1)
    async with meet(gx) as meeting:
        assert meeting.read("ess_mode") is None
