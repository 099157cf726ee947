"""Systems that are ready to be asked: a home with ESS, and one of everything."""

from collections.abc import Mapping
from random import Random
from typing import Any, Final

from simulators.victron_gx.battery import Battery
from simulators.victron_gx.gx import VictronGx
from simulators.victron_gx.home import Home, House
from simulators.victron_gx.samples import NAMED, sample
from simulators.victron_gx.service import Night, Service
from simulators.victron_gx.tables import TABLES

#: Where a device of each type usually is; unit ids 227, 225, 224 and 226 are the first four.
VEBUS, CAN_BATTERY, FIRST_MPPT, SECOND_MPPT = 276, 512, 278, 279
SMART_SHUNT: Final = 288
GRID_METER: Final = 30
PV_INVERTER: Final = 20

_ESS_SETTINGS: Final[dict[str, float]] = {
    "grid_setpoint": 50,
    "max_charge_percentage": 100,
    "max_discharge_percentage": 100,
    "max_discharge_power": -1,
    "max_charge_current": -1,
    "max_feed_in_power": -1,
    "feed_in_dc_excess": 1,
    "prevent_ac_feed_in": 0,
    "max_charge_voltage": 0,
    "ac_input_1_type": 1,
    "ac_input_2_type": 0,
    "peak_shaving_export_limit": -1,
    "peak_shaving_import_limit": -1,
    "peak_shaving_always": 0,
    "metered_by_inverter": 0,
    "battery_life_state": 10,
    "minimum_soc": 20,
    "hub4_mode": 1,
    "battery_life_soc_limit": 30,
    "dess_battery_capacity": 10.2,
    "dess_mode": 0,
}


def _settings() -> Service:
    return Service(kind="settings", instance=0).update(**_ESS_SETTINGS)


def _vebus(instance: int = VEBUS) -> Service:
    return Service(kind="vebus", instance=instance).update(
        input_current_limit=32,
        mode=3,
        error=0,
        bms_expected=1,
        bms_allows_charge=1,
        bms_allows_discharge=1,
        charge_disabled=0,
        feed_in_disabled=0,
        charge_state=1,
        dc_temperature=31,
        prefer_renewable_energy=0,
        boost_factor=2,
        output_voltage_setting=230,
        power_assist=1,
        ups_function_disabled=0,
        nominal_power=15_000,
        nominal_power_l1=5000,
        nominal_power_l2=5000,
        nominal_power_l3=5000,
        **{f"relay_test_ok_{number}": 1 for number in range(1, 4)},
    )


def _can_battery(battery: Battery) -> Service:
    """A battery with a BMS on the CAN bus, which has limits and cells and no energy counters."""
    battery_service = Service(kind="battery", instance=CAN_BATTERY, fixed="relay,mode")
    return battery_service.update(
        soh=99,
        capacity=battery.amp_hours,
        charge_voltage_limit=56.8,
        low_voltage_limit=44.8,
        charge_current_limit=battery.max_charge_current,
        discharge_current_limit=battery.max_discharge_current,
        modules_online=4,
        modules_offline=0,
        modules_blocking_charge=0,
        modules_blocking_discharge=0,
        battery_count=4,
        lowest_voltage_cell="M2C07",
        highest_voltage_cell="M1C03",
        coldest_cell="M4C01",
        warmest_cell="M1C16",
        connection="CAN",
        custom_name="House battery",
    )


def _smart_shunt() -> Service:
    """A shunt, which counts and remembers and knows no cells."""
    return Service(kind="battery", instance=SMART_SHUNT).update(
        starter_voltage=12.61,
        energy_charged=0,
        energy_discharged=0,
        history_deepest_discharge=-151.2,
        history_last_discharge=-40.5,
        history_average_discharge=-61.3,
        history_charge_cycles=73,
        history_full_discharges=2,
        history_total_charge_drawn=-4711.5,
        history_minimum_voltage=46.91,
        history_maximum_voltage=57.02,
        history_time_since_full=86_400,
        history_automatic_syncs=41,
        relay=0,
    )


def _mppt(instance: int, name: str) -> Service:
    return Service(kind="solarcharger", instance=instance).update(
        mode=1, error_code=0, relay=0, alarm=0, custom_name=name
    )


def _home(*, phases: int, seed: int, battery: Battery, mppts: int, pv_inverters: float) -> Home:
    """A home that has been running for years; some counters are past the end of 16 bits."""
    house = House(phases=phases, pv_inverters=pv_inverters)
    random = Random(seed)  # noqa: S311 - repeatable weather, not a secret
    home = Home(random=random, mppts=mppts, house=house, battery=battery)
    battery.energy_charged, battery.energy_discharged = 2_412_300.0, 2_230_900.0
    home.counters.preset(imported=2345.67, exported=5678.9)
    for number in range(1, phases + 1):
        home.counters.preset(
            **{
                f"imported_l{number}": 612.34 + 201.5 * number,
                f"exported_l{number}": 1702.2 + 95.4 * number,
                f"pv_l{number}": 3104.55 / number,
            }
        )
    home.vebus_counters.preset(
        input_1_to_output=41.2, input_1_to_inverter=3.41, inverter_to_output=87.65
    )
    for number, day in enumerate(home.days):
        day.total = 7012.3 - 4200 * number
        day.yesterday, day.most_yesterday = 11.4 - number, 2310 - 150 * number
    return home


def ess_home(
    *,
    phases: int = 3,
    ess: bool = True,
    shunt: bool = False,
    pv_inverter: bool = False,
    grid_meter: bool = True,
    vebus_instance: int = VEBUS,
    seed: int = 0,
    **options: Any,
) -> VictronGx:
    """A house with a Multi, a battery, two MPPTs and a grid meter; `options` are those of the GX.

    `shunt` puts a SmartShunt in place of the BMS on the CAN bus. `pv_inverter` adds one that
    vanishes at night. Without `ess` there is no ESS assistant, so no service hub4.
    """
    battery = Battery()
    services = [
        _settings(),
        _vebus(vebus_instance),
        _smart_shunt() if shunt else _can_battery(battery),
        _mppt(FIRST_MPPT, "South roof"),
        _mppt(SECOND_MPPT, "West roof"),
    ]
    if ess:
        services.append(Service(kind="hub4", instance=0))
    if grid_meter:
        grid = Service(kind="grid", instance=GRID_METER)
        services.append(grid.update(serial="BP98602030010"))
    if pv_inverter:
        pv = Service(kind="pvinverter", instance=PV_INVERTER, night=Night.VANISHES)
        services.append(pv.update(position=0, serial="29301000987160", max_power=5000))
    rated = 4000.0 if pv_inverter else 0.0
    home = _home(phases=phases, seed=seed, battery=battery, mppts=2, pv_inverters=rated)
    return VictronGx(services, home=home, seed=seed, **options)


#: One of each type, on instances that devices of that type have.
EVERYTHING: Final[Mapping[str, int]] = {
    "system": 0,
    "settings": 0,
    "platform": 0,
    "hub4": 0,
    "vebus": VEBUS,
    "battery": CAN_BATTERY,
    "solarcharger": FIRST_MPPT,
    "pvinverter": PV_INVERTER,
    "grid": GRID_METER,
    "acload": 31,
    "inverter": 289,
    "multi": 290,
    "acsystem": 0,
    "charger": 291,
    "dcdc": 292,
    "alternator": 293,
    "fuelcell": 1,
    "dcsource": 294,
    "dcload": 295,
    "dcsystem": 296,
    "motordrive": 2,
    "genset": 40,
    "dcgenset": 41,
    "generator": 1,
    "evcharger": 40,
    "heatpump": 42,
    "pump": 0,
    "tank": 21,
    "temperature": 24,
    "meteo": 22,
    "pulsemeter": 3,
    "digitalinput": 10,
    "gps": 0,
}


def everything(*, phases: int = 3, seed: int = 0, **options: Any) -> VictronGx:
    """One device of every type at once, each with every value it can have."""
    battery = Battery()
    services = [Service(kind=kind, instance=instance) for kind, instance in EVERYTHING.items()]
    known = {
        "vebus": _vebus(),
        "battery": _can_battery(battery),
        "settings": _settings(),
    }
    for service in services:
        given = {**(known[service.kind].values if service.kind in known else {})}
        for name, field in TABLES[service.kind].values.items():
            named = NAMED.get(f"{service.kind}.{name}", NAMED.get(name))
            service[name] = given.get(name, sample(field) if named is None else named)
        if service.kind == "pvinverter":
            service.night = Night.VANISHES
    home = _home(phases=phases, seed=seed, battery=battery, mppts=1, pv_inverters=4000)
    return VictronGx(services, home=home, seed=seed, **options)
