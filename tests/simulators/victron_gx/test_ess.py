"""The home behind the GX: it follows what is ordered, and everything in it adds up."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from simulators.clock import Clock
from simulators.server import serve
from simulators.victron_gx import VictronGx, ess_home
from tests.simulators.wire import connected

KWH = 3_600_000


def grid(gx: VictronGx) -> int:
    """Return the power from the grid."""
    return sum(gx.home.flows.grid)


def calm(**options: object) -> VictronGx:
    """Return a home where nothing wanders, in the dark."""
    gx = ess_home(**options)  # type: ignore[arg-type]  # passed on
    gx.set({"house.restlessness": 0, "sky.clouds": 0, "sky.light": 0})
    gx.advance(30)
    return gx


def order(gx: VictronGx, **settings: float) -> None:
    """Change settings as if by hand, and wait until the Multi has followed."""
    gx.set({f"settings_0.{name}": value for name, value in settings.items()})
    gx.advance(10)


def each_second(gx: VictronGx, seconds: int) -> Iterator[None]:
    """Stop once a second."""
    for _ in range(seconds):
        yield
        gx.advance(1)


# Following.


@pytest.mark.parametrize("phases", [1, 3])
@pytest.mark.parametrize("setpoint", [-4000, 0, 50, 2500])
def test_the_grid_approaches_the_setpoint(setpoint: int, phases: int) -> None:
    """Within a few seconds, from whatever it was."""
    gx = calm(phases=phases)
    gx.set({"settings_0.grid_setpoint": setpoint})
    before = abs(grid(gx) - setpoint)
    gx.advance(3)
    assert abs(grid(gx) - setpoint) <= 0.06 * before + 3
    gx.advance(5)
    assert grid(gx) == pytest.approx(setpoint, abs=3)


async def test_a_setpoint_that_is_written_moves_power() -> None:
    """From the register to the meter, over the wire."""
    gx = calm()
    async with serve(gx) as server, connected(server) as wire:
        await wire.write(2716, 0, 3000, unit=100)
        gx.advance(8)
        words = await wire.read(2638, 6, unit=30)
        assert sum(words[1::2]) == pytest.approx(3000, abs=3)
        assert (await wire.read(842, unit=100))[0] == gx.home.flows.battery > 0
        gx.advance(60)
        assert grid(gx) == pytest.approx(50, abs=3)


def test_phases_are_summed_or_met_one_by_one() -> None:
    """In mode 1 only the total is 0; in mode 2 each phase is."""
    gx = calm()
    gx.set({"house.extra_l3": 1500})
    order(gx, grid_setpoint=0, hub4_mode=1)
    assert grid(gx) == pytest.approx(0, abs=3)
    assert gx.home.flows.grid[2] > 900
    order(gx, hub4_mode=2)
    assert gx.home.flows.grid == pytest.approx((0, 0, 0), abs=3)


def test_the_battery_is_not_discharged_below_its_limit() -> None:
    """The grid takes over, and the state says that it is blocked until there is some margin."""
    gx = calm()
    order(gx, minimum_soc=60.5, battery_life_state=10)
    assert gx.home.battery.soc < 60.5
    assert gx.home.flows.battery == 0
    assert grid(gx) == pytest.approx(600, abs=3)
    assert gx.value("settings_0.battery_life_state") == 11
    gx.set({"home_battery.soc": 62})
    gx.advance(10)
    assert gx.value("settings_0.battery_life_state") == 11
    gx.set({"home_battery.soc": 64})
    gx.advance(10)
    assert gx.value("settings_0.battery_life_state") == 10
    assert grid(gx) == pytest.approx(50, abs=3)


def test_battery_life_has_a_limit_of_its_own() -> None:
    """The higher one counts, and the state moves among those of BatteryLife."""
    gx = calm()
    order(gx, minimum_soc=10, battery_life_soc_limit=70, battery_life_state=1)
    assert gx.value("settings_0.battery_life_state") == 5
    assert gx.home.flows.battery == 0
    order(gx, battery_life_state=10)
    assert gx.home.flows.battery < 0


def test_batteries_are_kept_charged() -> None:
    """From the grid, as fast as battery and inverters take it, until they are full."""
    gx = calm()
    order(gx, battery_life_state=9)
    assert gx.home.flows.battery > 5000
    order(gx, max_charge_current=20)
    assert gx.home.battery.current == pytest.approx(20, rel=0.02)
    gx.set({"home_battery.soc": 100})
    gx.advance(10)
    assert gx.home.flows.battery == 0
    assert grid(gx) == 600


def test_the_bms_tapers() -> None:
    """Near the top it takes less and less."""
    gx = calm()
    gx.set({"home_battery.soc": 99})
    order(gx, battery_life_state=9)
    assert gx.value("battery_512.charge_current_limit") == pytest.approx(20, rel=0.05)
    assert gx.home.battery.current <= 20


@pytest.mark.parametrize(
    ("settings", "grid_power", "battery"),
    [
        ({"max_discharge_power": 200}, 400, -211),
        ({"max_discharge_power": 0}, 600, 0),
        ({"max_discharge_power": -1}, 50, -579),
        ({"grid_setpoint": -5000, "max_feed_in_power": 1000}, -1000, -1685),
        ({"grid_setpoint": 5000, "peak_shaving_import_limit": 2}, 1380, 741),
        ({"grid_setpoint": -5000, "peak_shaving_export_limit": 2}, -1380, -2085),
    ],
)
def test_limits_in_the_settings(settings: dict[str, float], grid_power: int, battery: int) -> None:
    """Of the inverter, of what is fed in, and of the current per phase."""
    gx = calm()
    order(gx, **settings)
    assert grid(gx) == pytest.approx(grid_power, abs=4)
    assert gx.home.flows.battery == pytest.approx(battery, abs=8)


def test_peak_shaving_above_the_minimum_charge_only() -> None:
    """Or always, if that is set."""
    gx = calm()
    gx.set({"home_battery.soc": 19, "house.extra_l1": 3000})
    order(gx, peak_shaving_import_limit=2, grid_setpoint=5000)
    at_rest = grid(gx)
    order(gx, peak_shaving_always=1)
    assert grid(gx) < at_rest


def test_what_panels_make_too_much() -> None:
    """Is fed in if that is allowed, and held back if not."""
    gx = calm()
    gx.set({"home_battery.soc": 100, "sky.light": 0.9})
    order(gx, feed_in_dc_excess=1)
    assert sum(gx.home.flows.pv_dc) == pytest.approx(5400, abs=3)
    assert grid(gx) == pytest.approx(600 - 0.95 * 5400, abs=5)
    assert gx.value("solarcharger_278.mpp_mode") == 2
    order(gx, feed_in_dc_excess=0)
    assert grid(gx) == pytest.approx(0, abs=60)
    assert sum(gx.home.flows.pv_dc) < 700
    assert gx.value("solarcharger_278.mpp_mode") == 1
    gx.set({"settings_0.feed_in_dc_excess": 1, "settings_0.max_feed_in_power": 2000})
    gx.advance(10)
    assert grid(gx) == pytest.approx(-2000, abs=5)


def test_what_pv_inverters_make_too_much() -> None:
    """They are held back, and the GX says so."""
    gx = calm(pv_inverter=True)
    gx.set({"home_battery.soc": 100, "sky.light": 1, "house.panels": 0})
    order(gx, prevent_ac_feed_in=0)
    assert grid(gx) == pytest.approx(-3400, abs=5)
    assert gx.value("hub4_0.feed_in_limiting") == 0
    order(gx, prevent_ac_feed_in=1)
    assert grid(gx) == pytest.approx(0, abs=60)
    assert gx.value("hub4_0.feed_in_limiting") == 1


# Mode 3.


async def test_mode_3_sets_the_input_of_the_multi() -> None:
    """Per phase, as long as somebody repeats it; then the Multi passes through."""
    gx = calm()
    gx.set({"settings_0.hub4_mode": 3})
    async with serve(gx) as server, connected(server) as wire:
        await wire.write(37, 1500, unit=227)
        await wire.write(40, 0x10000 - 800, 0, unit=227)
        gx.advance(8)
        assert gx.home.flows.input == pytest.approx((1500, -800, 0), abs=3)
        assert await wire.read(31, unit=227) == [252]
        await wire.write(96, 0, 1500, unit=227)
        gx.advance(8)
        # The first phase was repeated, the others were not, for more than twelve seconds.
        assert gx.home.flows.input == pytest.approx((1500, 72, 48), abs=8)
        gx.advance(60)
        assert gx.home.flows.inverter == (0, 0, 0)
        assert await wire.read(31, unit=227) == [8]


async def test_the_flags_of_mode_3_outrank_the_setpoint() -> None:
    """No charging, no feeding in."""
    gx = calm()
    gx.set({"settings_0.hub4_mode": 3})
    async with serve(gx) as server, connected(server) as wire:
        await wire.write(37, 2000, 1, unit=227)
        gx.advance(8)
        assert gx.home.flows.inverter[0] == 0
        await wire.write(37, 0x10000 - 2000, 0, 1, unit=227)
        gx.advance(8)
        assert gx.home.flows.input[0] == pytest.approx(0, abs=3)
        await wire.write(37, 0x10000 - 2000, 0, 0, unit=227)
        gx.advance(8)
        assert gx.home.flows.input[0] == pytest.approx(-2000, abs=3)


def test_a_pv_inverter_can_be_limited_in_mode_3() -> None:
    """And only there."""
    gx = calm(pv_inverter=True)
    gx.set({"sky.light": 1, "pvinverter_20.power_limit": 1000})
    gx.advance(10)
    assert sum(gx.home.flows.pv_ac) == 4000
    order(gx, hub4_mode=3)
    assert sum(gx.home.flows.pv_ac) == 1000


# The switch, the grid, no ESS.


def test_the_switch_of_the_multi() -> None:
    """Off is dark, inverter only is an island, charger only does not discharge."""
    gx = calm()
    gx.set({"vebus_276.mode": 4})
    gx.advance(2)
    assert gx.home.flows.load_output == (0, 0, 0)
    assert gx.value("vebus_276.state") == 0
    gx.set({"vebus_276.mode": 2})
    gx.advance(2)
    assert gx.home.flows.inverter == gx.home.flows.load_output == (120, 72, 48)
    assert grid(gx) == 360
    assert gx.value("vebus_276.active_input") == 240
    gx.set({"vebus_276.mode": 1})
    gx.advance(10)
    assert gx.home.flows.battery == 0
    assert grid(gx) == 600


def test_a_black_out() -> None:
    """The output goes on, what is in front of it does not, and an alarm is raised."""
    gx = calm(pv_inverter=True)
    gx.set({"house.grid_connected": False, "sky.light": 1})
    gx.advance(2)
    assert gx.home.flows.load_input == gx.home.flows.grid == gx.home.flows.pv_ac == (0, 0, 0)
    assert sum(gx.home.flows.load_output) == 240
    assert gx.value("vebus_276.alarm_grid_lost") == 2
    assert gx.value("vebus_276.state") == 9
    assert gx.value("grid_30.voltage_l1") == 0
    assert gx.value("system_0.active_source") == 240
    gx.set({"sky.light": 0})
    gx.advance(2)
    gx.set({"home_battery.soc": 0})
    gx.advance(2)
    assert gx.home.flows.load_output == (0, 0, 0)


def test_without_ess_the_multi_charges_and_passes_through() -> None:
    """Nobody regulates the grid."""
    gx = calm(ess=False)
    assert gx.home.flows.battery > 4500
    gx.set({"home_battery.soc": 100})
    gx.advance(10)
    assert gx.home.flows.battery == 0
    assert gx.value("vebus_276.state") == 5


def test_the_limit_of_the_input_reduces_charging() -> None:
    """So that the fuse in front of the Multi holds."""
    gx = calm(ess=False)
    gx.set({"vebus_276.input_current_limit": 5})
    gx.advance(10)
    assert gx.home.flows.input == pytest.approx((1150, 1150, 1150), abs=2)


# Adding up.


def test_powers_balance_at_every_moment() -> None:
    """On the AC side, on the DC side, at every second of an unruly hour."""
    gx = ess_home(pv_inverter=True, seed=7)
    for _ in each_second(gx, 600):
        flows = gx.home.flows
        for phase in range(3):
            assert flows.grid[phase] + flows.pv_ac[phase] + flows.inverter[phase] == (
                flows.load_input[phase] + flows.load_output[phase]
            )
        assert sum(flows.pv_dc) == flows.battery + flows.inverter_dc


def test_counters_are_what_was_shown_times_how_long() -> None:
    """To the last digit: whoever sums up what he reads gets what the counters gained."""
    gx = ess_home(pv_inverter=True, shunt=True, seed=3)
    names = ["grid_30.energy_imported", "grid_30.energy_exported", "grid_30.energy_imported_l1"]
    names += ["solarcharger_278.yield_total", "pvinverter_20.energy_l2"]
    names += ["battery_288.energy_charged", "battery_288.energy_discharged"]
    summed = dict.fromkeys(names, 0.0)
    start = {name: float(str(gx.value(name))) for name in names}
    gx.set({"sky.light": 0.3})
    for _ in each_second(gx, 900):
        if gx.clock.now == 300:
            gx.set({"settings_0.grid_setpoint": -3000})
        elif gx.clock.now == 600:
            gx.set({"settings_0.grid_setpoint": 4000})
        flows = gx.home.flows
        shown = (
            *(max(grid(gx), 0), max(-grid(gx), 0), max(flows.grid[0], 0)),
            *(flows.pv_dc[0], flows.pv_ac[1], max(flows.battery, 0), max(-flows.battery, 0)),
        )
        for name, watts in zip(names, shown, strict=True):
            summed[name] += watts / KWH
    gained = {name: float(str(gx.value(name))) - start[name] for name in names}
    assert gained == pytest.approx(summed, abs=1e-6)
    assert all(energy > 0 for energy in summed.values())


def test_the_charge_of_the_battery_follows_its_energy() -> None:
    """With a loss on the way in and on the way out."""
    gx = calm()
    battery = gx.home.battery
    order(gx, grid_setpoint=4000)
    soc, charged = battery.soc, battery.energy_charged
    gx.advance(1800)
    stored = (battery.soc - soc) / 100 * battery.capacity
    assert stored == pytest.approx((battery.energy_charged - charged) * battery.efficiency)
    order(gx, grid_setpoint=-3000)
    soc, given = battery.soc, battery.energy_discharged
    gx.advance(1800)
    taken = (soc - battery.soc) / 100 * battery.capacity
    assert taken == pytest.approx((battery.energy_discharged - given) / battery.efficiency)


def test_the_flows_through_the_multi_add_up() -> None:
    """What went in from the grid and from DC is what came out."""
    gx = ess_home(seed=5)
    gx.home.vebus_counters.clear()
    inputs = outputs = 0.0
    for _ in each_second(gx, 900):
        inputs += sum(max(power, 0) for power in gx.home.flows.input) / KWH
        outputs += sum(gx.home.flows.output) / KWH
    counters = gx.home.vebus_counters
    assert counters["input_1_to_output"] + counters["input_1_to_inverter"] == pytest.approx(inputs)
    assert counters["input_1_to_output"] + counters["inverter_to_output"] == pytest.approx(outputs)


def test_a_day_of_sun() -> None:
    """Dark at night, bright at noon, and a new day for the MPPTs at midnight."""
    gx = ess_home(clock=Clock(start=datetime(2026, 6, 1, tzinfo=UTC), step=30))
    seen: list[int] = []
    for _ in range(24):
        seen.append(sum(gx.home.flows.pv_dc))
        gx.advance(3600)
    assert seen[:6] == [0] * 6
    assert max(seen[10:16]) > 2500
    assert seen[21:] == [0] * 3
    today = gx.value("solarcharger_278.yield_today")
    assert today == 0
    yesterday = gx.value("solarcharger_278.yield_yesterday")
    assert isinstance(yesterday, float)
    assert 5 < yesterday < 30
    assert gx.value("solarcharger_278.max_power_yesterday") == pytest.approx(3000, abs=900)


def test_a_seed_repeats_itself() -> None:
    """The same weather, to the watt; another seed is another day."""
    homes = [ess_home(seed=seed) for seed in (1, 1, 2)]
    for gx in homes:
        gx.advance(300)
    first, same, other = (gx.home.flows for gx in homes)
    assert first == same != other


def test_time_to_go_is_known_while_discharging_only() -> None:
    """And is nothing while charging."""
    gx = calm()
    order(gx, grid_setpoint=-4000)
    left = gx.value("battery_512.time_to_go")
    assert isinstance(left, float)
    assert left == pytest.approx(0.6 * 10_240 / -gx.home.flows.battery * 3600, rel=0.05)
    order(gx, grid_setpoint=4000)
    assert gx.value("battery_512.time_to_go") is None
