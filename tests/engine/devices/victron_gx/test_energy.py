"""Energy: counted by the hardware, or worked out from power, and never jumping."""

import asyncio

import pytest

from custom_components.voltrail.engine.devices.victron_gx.energy import EnergyCounter
from custom_components.voltrail.engine.devices.victron_gx.trackers import total_yield
from custom_components.voltrail.engine.polling.polled_device import Cadence
from simulators.victron_gx import VictronGx as SimulatedGx
from simulators.victron_gx import ess_home, everything
from tests.fake_time import in_fake_time

from .support import Meeting, all_services, meet, meet_in_memory


async def pass_time(meeting: Meeting, seconds: float, every: float = 10) -> None:
    """Poll the measurements for a while."""
    for _ in range(int(seconds / every)):
        await asyncio.sleep(every)
        await meeting.poll(Cadence.MEASUREMENTS)


def number(meeting: Meeting, path: str) -> float:
    """Return a value that has to be a number."""
    value = meeting.read(path)
    assert isinstance(value, int | float)
    return value


# -- counters of the hardware --------------------------------------------------


async def test_counters_of_the_grid_meter_are_taken_as_they_are(meeting: Meeting) -> None:
    """In Wh, to the hundredth of a kWh that the meter has."""
    imported = number(meeting, "grid_30/energy_imported")
    exported = number(meeting, "grid_30/energy_exported")
    assert imported == pytest.approx(2_345_670, abs=10)
    assert exported == pytest.approx(5_678_900, abs=10)
    # The system has none of its own then.
    assert not meeting.has("energy_imported")
    assert not meeting.has("battery_energy_charged")


async def test_the_yield_of_a_charger_is_put_together(gx: SimulatedGx, meeting: Meeting) -> None:
    """The fine counter wrapped once at 6 553.6 kWh; the coarse one did not."""
    assert meeting.read("solarcharger_226/energy_produced") == pytest.approx(
        float(str(gx.value("solarcharger_279.yield_total"))) * 1000, abs=100
    )
    assert number(meeting, "solarcharger_226/energy_produced") < 6_553_600
    assert number(meeting, "solarcharger_224/energy_produced") > 6_553_600


@pytest.mark.parametrize(
    ("tenths", "whole", "expected"),
    [
        (0, 0, 0),
        (12_300, 12_000, 12_300),
        (12_300, None, 12_300),
        (None, 12_000, 12_000),
        # Wrapped once and twice.
        (458_700, 7_012_000, 7_012_300),
        (100, 13_107_000, 13_107_300),
        # Just before and just after.
        (6_553_500, 6_554_000, 6_553_500),
        (100, 6_554_000, 6_553_700),
        # A counter that is clamped instead of wrapped says nothing any more.
        (6_553_400, 9_000_000, 9_000_000),
        # Both have just begun.
        (1_200, 0, 1_200),
    ],
)
def test_total_yield(tenths: float | None, whole: float | None, expected: float) -> None:
    """As fine as the one and as far as the other."""
    assert total_yield(tenths, whole) == pytest.approx(expected, abs=201)


def test_half_a_yield_is_none() -> None:
    """While the coarse counter is lost nobody knows how often the fine one wrapped."""
    assert total_yield(46_400, 0) is None


# -- no counter: power ---------------------------------------------------------


@in_fake_time
async def test_a_battery_on_can_is_counted_from_the_first_day() -> None:
    """It reads 0 kWh for ever; its power tells what goes in and out."""
    gx = ess_home()
    async with meet_in_memory(gx) as meeting:
        assert meeting.read("battery_225/energy_charged") == 0
        battery = gx.home.battery
        charged, discharged = battery.energy_charged, battery.energy_discharged
        await pass_time(meeting, 3600)
        # What the simulated battery itself has counted meanwhile.
        assert number(meeting, "battery_225/energy_charged") == pytest.approx(
            battery.energy_charged - charged, rel=0.02, abs=5
        )
        assert number(meeting, "battery_225/energy_discharged") == pytest.approx(
            battery.energy_discharged - discharged, rel=0.02, abs=5
        )
        assert battery.energy_charged - charged > 500


@in_fake_time
async def test_consumption_and_sun_are_counted_for_every_system() -> None:
    """Nothing there counts them."""
    gx = ess_home()
    async with meet_in_memory(gx) as meeting:
        before = sum(day.total for day in gx.home.days)
        await pass_time(meeting, 3600)
        harvested = 1000 * (sum(day.total for day in gx.home.days) - before)
        assert harvested > 500
        assert number(meeting, "pv_energy_produced") == pytest.approx(harvested, rel=0.02, abs=5)
        # A house always takes something.
        assert number(meeting, "energy_consumed") > 200


@in_fake_time
async def test_a_house_without_a_meter_is_counted_at_the_system() -> None:
    """Import and export, out of the sum of the phases."""
    gx = ess_home(grid_meter=False)
    async with meet_in_memory(gx) as meeting:
        counters = gx.home.counters
        before = counters["imported"], counters["exported"]
        await pass_time(meeting, 3600)
        for name, then in zip(("imported", "exported"), before, strict=True):
            assert number(meeting, f"energy_{name}") == pytest.approx(
                1000 * (counters[name] - then), rel=0.05, abs=15
            )


@in_fake_time
async def test_sums_outlive_a_restart() -> None:
    """They go on where they were; the time in between adds nothing."""
    gx = ess_home()
    async with meet_in_memory(gx) as meeting:
        await pass_time(meeting, 900)
        charged = number(meeting, "battery_225/energy_charged")
        memory = meeting.device.dump_state()
    assert charged > 100
    await asyncio.sleep(7200)
    async with meet_in_memory(gx, memory=memory) as meeting:
        assert number(meeting, "battery_225/energy_charged") == pytest.approx(charged, abs=1)


@in_fake_time
async def test_sums_are_saved_every_five_minutes() -> None:
    """Often enough for a power cut, rarely enough for an SD card."""
    gx = ess_home()
    async with meet_in_memory(gx) as meeting:
        saves = 0

        def save() -> None:
            nonlocal saves
            saves += 1

        meeting.device.memory_changed = save
        await pass_time(meeting, 3600)
        assert 10 <= saves <= 14


@in_fake_time
async def test_a_gap_adds_nothing() -> None:
    """A link that was down for ten minutes leaves a hole, not a guess."""
    gx = ess_home()
    async with meet_in_memory(gx) as meeting:
        await pass_time(meeting, 120)
        charged = number(meeting, "battery_225/energy_charged")
        await asyncio.sleep(600)
        await meeting.poll()
        assert meeting.reading("battery_225/energy_charged").read() == charged
        # Told by the house, the sun, the genset, the battery and the meter.
        assert number(meeting, "energy_gaps") == 5
        await pass_time(meeting, 60)
        assert number(meeting, "battery_225/energy_charged") > charged
        assert number(meeting, "energy_gaps") == 5


@in_fake_time
async def test_what_is_not_read_adds_nothing() -> None:
    """A battery that is away keeps its last power in memory, which is not energy."""
    gx = ess_home()
    async with meet_in_memory(gx) as meeting:
        await pass_time(meeting, 120)
        charged = number(meeting, "battery_225/energy_charged")
        assert number(meeting, "battery_225/power") > 500
        gx.services["battery_512"].online = False
        await pass_time(meeting, 300)
        assert meeting.reading("battery_225/energy_charged").read() == charged


# -- a counter takes over ------------------------------------------------------


def test_a_counter_takes_over_where_the_sum_is() -> None:
    """What is published never jumps, whatever the counter starts with."""
    reading: float | None = 0
    summed = 0.0
    counter = EnergyCounter(lambda: reading, summed=lambda: summed)
    for summed in (0.0, 120.4, 350.9):
        assert not counter.settle()
        assert counter.value == int(summed)
    reading = 9_000_000
    assert counter.settle()
    assert counter.value == 350
    reading, summed = 9_000_500, 1000.0
    assert not counter.settle()
    assert counter.value == 850


def test_a_counter_that_is_there_from_the_start_is_shown_as_it_is() -> None:
    """Nothing was added up yet, so nothing has to be matched."""
    counter = EnergyCounter(lambda: 123_450, summed=lambda: 0.2)
    assert counter.settle()
    assert counter.value == 123_450


def test_a_counter_that_falls_to_0_has_no_value() -> None:
    """It lost its source; it was not reset."""
    reading: float | None = 5000
    counter = EnergyCounter(lambda: reading)
    counter.settle()
    reading = 0
    assert not counter.settle()
    assert counter.value is None
    reading = None
    assert not counter.settle()
    assert counter.value is None
    reading = 5010
    counter.settle()
    assert counter.value == 5010


def test_a_narrow_counter_goes_on_over_its_end() -> None:
    """Over its end is not a reset; a reset is."""
    reading: float | None = 6_553_400
    counter = EnergyCounter(lambda: reading, span=6_553_600)
    counter.settle()
    reading = 200
    counter.settle()
    assert counter.value == 6_553_800
    reading = 2_000_000
    counter.settle()
    assert counter.value == 8_553_600
    reading = 100
    counter.settle()
    assert counter.value == 6_553_700


async def test_memory_of_another_time_does_no_harm() -> None:
    """Counters that are no more, and what is no counter, are passed over."""
    gx = ess_home()
    async with meet(gx) as meeting:
        memory = meeting.device.dump_state()
    account = memory["energy"]["battery_225_main"]
    account["counters"]["energy_imagined"] = {"offset": 1.0, "last": 2.0}
    account["counters"]["energy_charged"] = "nonsense"
    account["sum"]["positive"] = 1234.0
    async with meet(gx, memory=memory) as meeting:
        assert meeting.read("battery_225/energy_charged") == 1234


def test_a_counter_remembers() -> None:
    """The offset and the last value, so that a restart is nothing special."""
    reading: float | None = 6_553_400
    counter = EnergyCounter(lambda: reading, summed=lambda: 0.0, span=6_553_600)
    counter.settle()
    again = EnergyCounter(lambda: reading, summed=lambda: 77.0, span=6_553_600)
    again.restore_state(counter.dump_state())
    # A GX that has just started shows 0 for a moment.
    reading = 0
    again.settle()
    assert again.value is None
    reading = 300
    again.settle()
    assert again.value == 6_553_900


async def test_a_shunt_counts_itself() -> None:
    """What it charged and discharged over its life."""
    gx = ess_home(shunt=True)
    async with meet(gx) as meeting:
        assert number(meeting, "battery_239/energy_charged") == pytest.approx(
            float(str(gx.value("battery_288.energy_charged"))) * 1000, abs=100
        )


@in_fake_time
async def test_a_battery_without_a_name_is_counted_at_the_system() -> None:
    """As every GX knows it, whatever is behind."""
    gx = ess_home()
    async with meet_in_memory(gx, services="vebus 227, grid 30") as meeting:
        battery = gx.home.battery
        charged, discharged = battery.energy_charged, battery.energy_discharged
        await pass_time(meeting, 3600)
        for name, amount in (
            ("charged", battery.energy_charged - charged),
            ("discharged", battery.energy_discharged - discharged),
        ):
            assert number(meeting, f"battery_energy_{name}") == pytest.approx(
                amount, rel=0.05, abs=15
            )
        assert meeting.read("genset_energy_produced") == 0


@in_fake_time
async def test_a_battery_without_a_voltage_counts_nothing() -> None:
    """Nothing is measured then, and a power of 0 is no power."""
    gx = ess_home()
    async with meet_in_memory(gx, services="battery 225") as meeting:
        await pass_time(meeting, 600)
        counted = number(meeting, "battery_225/energy_charged")
        assert counted > 0
        battery = meeting.component("battery_225_main")
        battery._values["voltage"] = None
        await asyncio.sleep(10)
        battery.notify()
        assert number(meeting, "battery_225/energy_charged") == counted


@in_fake_time
async def test_a_motor_is_counted_in_both_directions() -> None:
    """It takes energy to drive, and gives some back under sail."""
    gx = everything()
    motor = gx.services["motordrive_2"]
    async with meet_in_memory(gx, services="motordrive 2") as meeting:
        for power, consumed, produced in ((2000, 500, 0), (-400, 500, 100)):
            motor["power"] = power
            await meeting.poll()
            await pass_time(meeting, 900)
            assert number(meeting, "motordrive_2/energy_consumed") == pytest.approx(consumed, abs=5)
            assert number(meeting, "motordrive_2/energy_produced") == pytest.approx(produced, abs=5)


# -- nights and restarts -------------------------------------------------------


@in_fake_time
async def test_counters_never_drop_to_0() -> None:
    """A restart of the GX shows zeros for a while; nobody is told."""
    gx = ess_home(pv_inverter=True, boot_seconds=20)
    async with meet_in_memory(gx) as meeting:
        counted = number(meeting, "pvinverter_20/energy_produced")
        assert counted > 1_000_000
        memory = meeting.device.dump_state()
        gx.do("reboot")
        await asyncio.sleep(22)
        # The inverter is there, its counters are not.
        async with meet_in_memory(gx, memory=memory) as anew:
            await anew.poll()
            assert anew.read("pvinverter_20/energy_produced") is None
            await asyncio.sleep(30)
            await anew.poll()
            assert number(anew, "pvinverter_20/energy_produced") >= counted


@in_fake_time
async def test_devices_met_while_they_start_make_no_jump() -> None:
    """They are there before their counters are; nothing was counted in that moment."""
    gx = ess_home(pv_inverter=True, boot_seconds=20)
    jumps = ("pvinverter_20/energy_produced", "pvinverter_20/energy_produced_l1")
    async with meet_in_memory(gx, services="pvinverter 20", poll=False) as meeting:
        gx.do("reboot")
        await asyncio.sleep(22)
        await meeting.poll()
        assert meeting.read("pvinverter_20/power") is not None
        assert [meeting.read(path) for path in jumps] == [None, None]
        await asyncio.sleep(30)
        await meeting.poll()
        for path in jumps:
            assert number(meeting, path) > 1_000_000


def test_a_counter_that_comes_late_goes_on_from_what_was_shown() -> None:
    """Also where that was nothing yet, and also after a restart."""
    reading: float | None = 0
    counter = EnergyCounter(lambda: reading, summed=lambda: 0.0)
    counter.settle()
    assert counter.value == 0
    again = EnergyCounter(lambda: reading, summed=lambda: 0.0)
    again.restore_state(counter.dump_state())
    reading = 9_000_000
    for each in (counter, again):
        each.settle()
        assert each.value == 0
    reading = 9_000_400
    for each in (counter, again):
        each.settle()
        assert each.value == 400


async def test_a_genset_is_counted_from_its_power() -> None:
    """It has no counter."""
    gx = everything()
    async with meet(gx, services=all_services(gx)) as meeting:
        assert meeting.read("genset_40/energy_produced") == 0
        assert meeting.read("dcgenset_41/energy_produced") == 0
        power = number(meeting, "dcgenset_41/power")
        assert power == pytest.approx(
            float(str(gx.value("dcgenset_41.voltage")))
            * float(str(gx.value("dcgenset_41.current"))),
            rel=0.01,
        )
