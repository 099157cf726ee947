"""What the server of the GX answers, by its version, over a real socket."""

from collections.abc import Callable

import pytest

from simulators.server import serve
from simulators.victron_gx import Night, Service, VictronGx, ess_home, everything
from simulators.victron_gx.fields import i16, i32, u16, u32
from tests.simulators.wire import ExceptionAnswerError, Wire, connected

from .support import asked

# Unit ids.


async def test_a_unit_id_is_an_instance_or_stands_for_one() -> None:
    """The same battery is reached by the id of its row in the table only."""
    async with asked(ess_home()) as wire:
        assert await wire.read(2600, unit=30)
        assert await wire.read(266, unit=225) == [600]
        assert await wire.refusal(266, unit=226) == 0x0A
        # Unit 0 and unit 100 are both instance 0.
        assert await wire.read(800, 6, unit=0) == await wire.read(800, 6, unit=100)


async def test_an_instance_that_is_no_unit_id_cannot_be_reached() -> None:
    """Above 255, and not in the table."""
    gx = ess_home(vebus_instance=297)
    async with asked(gx) as wire:
        for unit_id in range(256):
            assert await wire.refusal(3, unit=unit_id) == 0x0A
        gx.set({"vebus_297.instance": 289})
        assert await wire.read(28, unit=238) == [3]


@pytest.mark.parametrize(("server", "reached"), [(87, False), (88, True), (101, True)])
async def test_an_instance_that_is_in_the_table_as_a_unit_id(server: int, *, reached: bool) -> None:
    """The table used to come first, and hid it."""
    gx = VictronGx([Service(kind="tank", instance=224).update(level=47.5)], server=server)
    async with asked(gx) as wire:
        if reached:
            assert await wire.read(3004, unit=224) == [475]
        else:
            assert await wire.refusal(3004, unit=224) == 0x0A


async def test_one_unit_id_carries_services_of_several_types() -> None:
    """The address says which is meant."""
    gx = everything()
    async with asked(gx) as wire:
        assert await wire.read(3815, unit=40) == [0]
        assert await wire.read(3213, unit=40) == [8]
        assert await wire.refusal(3004, unit=40) == 0x0A


# Exceptions.


@pytest.mark.parametrize(
    ("server", "code"), [(87, 0x0A), (88, 0x0B), (91, 0x0B), (92, 0x0A), (101, 0x0A)]
)
async def test_a_missing_device_is_an_exception_of_its_own(server: int, code: int) -> None:
    """Some betas told apart whether the unit id is in the table."""
    async with asked(ess_home(server=server)) as wire:
        assert await wire.refusal(3, unit=5) == code
        assert await wire.refusal(3, unit=246) == 0x0A


async def test_the_address_is_looked_at_before_the_device() -> None:
    """2 speaks of the firmware, 10 of the device."""
    async with asked(ess_home(server=95)) as wire:
        assert await wire.refusal(130, unit=5) == 0x02  # came with server 96
        assert await wire.refusal(28, unit=5) == 0x0A


async def test_quantities_and_functions(gx: VictronGx, wire: Wire) -> None:
    """1 to 125 registers, with functions 3, 4, 6 and 16."""
    assert await wire.refusal(800, 0, unit=100) == 0x03
    assert await wire.refusal(800, 126, unit=100) == 0x03
    assert await wire.read(820, 3, unit=100, function=4) == await wire.read(820, 3, unit=100)
    assert await wire.refusal(0xFFFF, 2, unit=100) == 0x02
    assert gx.status.errors == 3


@pytest.mark.parametrize(
    "pdu",
    ["0100000001", "0200000001", "050326FF00", "2B0E0100", "1703200001032600010200FF"],
    ids=["coils", "inputs", "write coil", "identification", "read and write"],
)
async def test_other_functions_are_not_supported(pdu: str) -> None:
    """Not even those that would tell what is there."""
    gx = everything()
    async with asked(gx) as wire:
        with pytest.raises(ExceptionAnswerError) as caught:
            await wire.ask(bytes.fromhex(pdu), 100)
        assert caught.value.code == 0x01
    assert gx.status.errors == 1


async def test_every_exception_is_a_line_in_the_log(gx: VictronGx, wire: Wire) -> None:
    """The last one is shown until somebody clears it; the count goes on."""
    await wire.read(800, 27, unit=100)
    assert gx.status.errors == 0
    await wire.refusal(2600, unit=40)
    await wire.refusal(1, unit=100)
    await wire.write_refusal(820, 1, unit=100)
    assert gx.state()["gx.errors"] == 3
    assert "cannot write to register 820" in gx.status.last_error
    assert ["no grid at unit id 40" in line for line in gx.error_log] == [True, False, False]
    gx.do("clear_last_error")
    assert gx.state()["gx.last_error"] == ""
    assert gx.status.errors == 3
    gx.set({"gx.errors": 0})
    assert gx.status.errors == 0


async def test_looking_at_the_tables_leaves_no_line() -> None:
    """Tests may look at everything."""
    gx = everything()
    for unit in gx.units.values():
        assert unit.table()
    assert gx.unit(225).at(266).words == gx.register("battery.soc", 225).words
    assert gx.status.errors == 0


# Ranges.


async def test_a_range_may_begin_and_end_inside_a_value() -> None:
    """Two words of the serial, the low word of a counter."""
    gx = ess_home(portal_id="c0619ab4e2d7")
    async with asked(gx) as wire:
        assert await wire.read(802, 2, unit=100) == [0x3961, 0x6234]
        high, low = await wire.read(2634, 2, unit=30)
        assert (high << 16 | low) == round(100 * 2345.67)
        assert await wire.read(2635, unit=30) == [low]


@pytest.mark.parametrize(
    ("server", "address", "count", "answered"),
    [
        (52, 800, 27, True),
        (52, 826, 2, False),
        (52, 840, 7, True),
        (52, 850, 2, True),
        (53, 800, 47, True),
        (94, 800, 48, False),
        (94, 868, 4, True),
        (95, 870, 3, False),  # the filler inside 870
        (95, 872, 48, True),
        (96, 800, 120, True),
        (96, 800, 121, False),
        (94, 1314, 9, False),  # the mode inside the name of the warmest cell
        (88, 2715, 2, True),
        (96, 5420, 11, True),
        (95, 5420, 11, False),  # the strategy inside the start
    ],
)
async def test_how_far_a_range_runs(
    server: int, address: int, count: int, *, answered: bool
) -> None:
    """Over fillers, but not over holes, and not over rows inside rows."""
    gx = ess_home(server=server)
    unit = 225 if address in range(256, 1400) and address not in range(800, 950) else 100
    async with asked(gx) as wire:
        assert (await wire.refusal(address, count, unit=unit) is None) == answered


@pytest.mark.parametrize("server", [88, 89, 101])
async def test_reading_across_service_types(server: int) -> None:
    """Without ESS the middle of the settings belongs to a service that is not there.

    Older servers read it as 0 through the settings, newer ones refuse the whole range.
    """
    gx = ess_home(ess=False, server=server)
    async with asked(gx) as wire:
        if server == 88:
            assert (await wire.read(2700, 11, unit=100))[9] == 0
        else:
            assert await wire.refusal(2700, 11, unit=100) == 0x02
        assert await wire.refusal(2709, unit=100) == 0x0A
        assert len(await wire.read(2700, 9, unit=100)) == 9


async def test_reading_across_service_types_with_both_there() -> None:
    """Each register comes from its own service since server 89."""
    gx = ess_home(pv_inverter=True)
    gx.home.sky.light = 1.0
    gx.set({"settings_0.max_feed_in_power": 0, "home_battery.soc": 100})
    async with asked(gx) as wire:
        gx.advance(20)
        assert (await wire.read(2700, 11, unit=100))[9] == 1


@pytest.mark.parametrize(("server", "crashes"), [(88, 0), (89, 1), (93, 1), (94, 0), (101, 0)])
async def test_running_past_the_end_of_the_map(server: int, crashes: int) -> None:
    """Some releases do not survive it."""
    gx = everything(server=server)
    kind, last = gx.map.entries[-1]
    unit_id = next(unit_id for unit_id in gx.units if gx.find(kind, unit_id))
    async with serve(gx) as served, connected(served) as wire:
        if crashes:
            with pytest.raises((ConnectionError, IndexError)):
                await wire.read(last.address, last.count + 1, unit=unit_id)
            assert await wire.dropped()
            gx.advance(60)
            async with connected(served) as again:
                assert await again.read(800, unit=100)
        else:
            assert await wire.refusal(last.address, last.count + 1, unit=unit_id) == 0x02
    assert gx.status.crashes == crashes


async def test_a_range_cannot_begin_inside_the_last_row() -> None:
    """The server does not find it there."""
    gx = everything()
    async with asked(gx) as wire:
        assert await wire.read(5813, 7, unit=100) == [0xFFFF] * 7
        assert await wire.refusal(5814, unit=100) == 0x02
        assert await wire.refusal(5819, unit=100) == 0x02


# Values.


async def test_a_missing_value_reads_zero_and_a_reserved_one_all_bits(
    gx: VictronGx, wire: Wire
) -> None:
    """There is no word for "not available"."""
    gx.set({"battery_512.temperature": None, "battery_512.mid_voltage": None})
    assert gx.register("battery.mid_voltage", 225).value is None
    assert await wire.read(263, unit=225) == [0]
    assert await wire.read(827, 3, unit=100) == [0xFFFF] * 3
    assert await wire.read(782, 2, unit=224) == [0xFFFF] * 2


@pytest.mark.parametrize(
    ("server", "above", "below"),
    [(84, 70_000 - 65_536, 65_536 - 5), (85, 65_535, 0), (95, 65_535, 0), (96, 65_534, 0)],
)
def test_whole_numbers_that_do_not_fit(server: int, above: int, below: int) -> None:
    """They wrapped once, then were clamped to the last value, then to the one before it."""
    power = u16(1029, "power_l1")
    assert power.encode(70_000, server) == [above]
    assert power.encode(-5, server) == [below]
    signed = i16(258, "power")
    highest = {84: 40_000, 85: 32_767, 95: 32_767, 96: 32_766}[server]
    assert signed.encode(40_000, server) == [highest]


def test_doubles_become_integers_as_on_the_processor_of_a_gx() -> None:
    """No sign in a register without one, no more than 32 bits in two; no number is 0."""
    narrow, wide, signed = u16(1, "a", 10), u32(1, "b", 100), i32(1, "c", 1)
    assert narrow.encode(-5.5, 101) == [0]
    assert narrow.encode(float("nan"), 101) == [0]
    assert narrow.encode(7000.0, 101) == [70_000 - 65_536]
    assert wide.encode(-5.5, 101) == [0, 0]
    assert wide.encode(1e9, 101) == [0xFFFF, 0xFFFF]
    assert signed.encode(-3e9, 101) == [0x8000, 0]


@pytest.mark.parametrize("server", [41, 85, 101])
async def test_floating_numbers_wrap_for_ever(server: int) -> None:
    """A set-point of -45 kW reads as +20 536 W, and as the truth in steps of 100 W."""
    gx = ess_home(server=server)
    gx.set({"settings_0.grid_setpoint": -45_000})
    async with asked(gx) as wire:
        assert await wire.read(2700, unit=100) == [20_536]
        assert await wire.read(2703, unit=100) == [65_536 - 450]


async def test_no_limit_reads_zero_in_coarse_registers() -> None:
    """-1 is less than half a step; the newer registers show it."""
    async with asked(ess_home()) as wire:
        assert await wire.read(2704, unit=100) == [0]
        assert await wire.read(2706, unit=100) == [0]
        assert await wire.read(2720, 4, unit=100) == [0xFFFF] * 4


async def test_signs_of_consumed_charge() -> None:
    """The value is negative, the register is not."""
    gx = ess_home()
    consumed = gx.value("battery_512.consumed_charge")
    assert isinstance(consumed, float)
    assert consumed < 0
    async with asked(gx) as wire:
        assert await wire.read(265, unit=225) == [round(-10 * consumed)]


async def test_time_and_firmware() -> None:
    """Registers that the server works out itself."""
    gx = ess_home(firmware="3.80~12")
    async with asked(gx) as wire:
        words = await wire.read(830, 6, unit=100)
        assert words[:2] == [0, 0]
        assert (words[2] << 16 | words[3]) == int(gx.clock.moment.timestamp())
        assert words[4:] == [0x0380, 12]


@pytest.mark.parametrize(("server", "words"), [(53, [0xFFFF, 0xFFFF]), (82, [0x0370, 0])])
async def test_older_firmware_keeps_its_version_to_itself(server: int, words: list[int]) -> None:
    """Fillers until server 81, nothing at all before 53."""
    async with asked(ess_home(firmware="3.70", server=server)) as wire:
        assert await wire.read(834, 2, unit=100) == words
    async with asked(ess_home(firmware="3.10")) as wire:
        assert await wire.refusal(834, 2, unit=100) == 0x02


async def test_pv_current_is_power_by_voltage() -> None:
    """In steps of 0.1 A, and 0 in the dark."""
    gx = ess_home()
    gx.set({"sky.light": 0.8})
    gx.advance(5)
    async with asked(gx) as wire:
        assert await wire.read(777, unit=224) == [round(10 * 2400 / 110)]
        gx.set({"sky.light": 0})
        gx.advance(5)
        assert await wire.read(777, unit=224) == [0]


@pytest.mark.parametrize(("server", "word"), [(89, 22), (90, 0xFF00)])
async def test_errors_of_a_generator_are_summed_up(server: int, word: int) -> None:
    """Since server 90 the code only says that there is a text."""
    genset = Service(kind="genset", instance=40).update(error_code=22, error_text_3="#1.22")
    gx = VictronGx([genset], server=server)
    async with asked(gx) as wire:
        assert await wire.read(3214, unit=40) == [word]
        gx.set({"genset_40.error_text_3": "", "genset_40.error_code": 0})
        assert await wire.read(3214, unit=40) == [0]


async def test_texts() -> None:
    """Latin-1, the first character in the high byte, zeros behind."""
    gx = ess_home()
    gx.set({"battery_512.custom_name": "Küche"})
    async with asked(gx) as wire:
        words = await wire.read(1336, 8, unit=225)
        assert words == [0x4BFC, 0x6368, 0x6500, 0, 0, 0, 0, 0]


async def test_registers_that_moved() -> None:
    """What was the balancer is two letters of a name today."""
    gx = everything(server=94)
    gx.set({"battery_512.balancer_status": 2, "battery_512.warmest_cell": "M1C03"})
    async with asked(gx) as wire:
        assert await wire.read(1320, unit=225) == [2]
    gx.install("3.80")
    async with asked(gx) as wire:
        assert await wire.read(1323, unit=225) == [2]
        assert await wire.read(1318, 4, unit=225) == [0x4D31, 0x4330, 0x3300, 0]


# Devices that come and go.


async def test_a_device_that_is_unplugged_is_a_missing_one(gx: VictronGx, wire: Wire) -> None:
    """Nothing old is served."""
    gx.set({"grid_30.online": False})
    assert await wire.refusal(2600, unit=30) == 0x0A
    gx.set({"grid_30.online": True})
    assert len(await wire.read(2600, unit=30)) == 1


async def test_a_pv_inverter_vanishes_at_night_and_counts_from_nothing_at_dawn() -> None:
    """For the first moments its counters are not there, and read 0."""
    gx = ess_home(pv_inverter=True, settle_seconds=15)
    gx.set({"sky.light": 0.5})
    gx.advance(60)
    async with asked(gx) as wire:
        (*_, counted) = await wire.read(1046, 2, unit=20)
        assert counted > 0
        gx.set({"sky.light": 0})
        gx.advance(1)
        assert await wire.refusal(1046, 2, unit=20) == 0x0A
        gx.set({"sky.light": 0.5})
        gx.advance(1)
        # It is found at the second request since it is back.
        assert await wire.refusal(1046, 2, unit=20) == 0x0A
        assert await wire.read(1046, 2, unit=20) == [0, 0]
        gx.advance(15)
        assert (await wire.read(1046, 2, unit=20))[1] >= counted


async def test_a_device_that_returns_is_found_at_the_second_request() -> None:
    """However long it has been back, the first request for its type is refused.

    What was never asked for is found at once, and so is what has instance 0.
    """
    gx = everything()
    async with asked(gx) as wire:
        assert await wire.read(3815, unit=40) == [0]
        gx.set({"evcharger_40.online": False, "tank_21.online": False, "generator_1.online": False})
        assert await wire.refusal(3815, unit=40) == 0x0A
        gx.set({"evcharger_40.online": True, "tank_21.online": True, "generator_1.online": True})
        gx.advance(3600)
        assert await wire.read(3004, unit=21)
        # A request for the type is enough, whichever unit it asks.
        assert await wire.refusal(3815, unit=41) == 0x0A
        assert await wire.read(3815, unit=40) == [0]
        gx.set({"evcharger_40.online": False})
        gx.set({"evcharger_40.online": True})
        assert await wire.write_refusal(3825, 10, unit=40) == 0x0A
        assert await wire.write_refusal(3825, 10, unit=40) is None
        system = gx.services["acsystem_0"]
        assert await wire.read(4900, unit=100)
        system.online = False
        system.online = True
        assert await wire.read(4900, unit=100)


async def test_a_driver_that_lost_its_device_keeps_it_without_values() -> None:
    """The service answers, and everything of it reads 0."""
    gx = everything()
    async with asked(gx) as wire:
        gx.set({"evcharger_40.silent": True})
        assert await wire.read(3814, 14, unit=40) == [0] * 14
        gx.set({"evcharger_40.silent": False})
        assert await wire.read(3814, unit=40) == [32]


async def test_some_drivers_keep_a_sleeping_device_without_values() -> None:
    """Everything of it reads 0, and nothing says so."""
    gx = ess_home(pv_inverter=True)
    gx.services["pvinverter_20"].night = Night.FALLS_SILENT
    gx.set({"sky.light": 0, "pvinverter_20.online": True})
    gx.advance(1)
    async with asked(gx) as wire:
        assert await wire.read(1026, 13, unit=20) == [0] * 13


async def test_a_night_falls_by_the_clock() -> None:
    """The sun sets at 20:00."""
    gx = ess_home(pv_inverter=True)
    gx.clock.step = 60
    gx.advance(11 * 3600)
    assert gx.services["pvinverter_20"].online
    gx.advance(2 * 3600)
    assert not gx.services["pvinverter_20"].online
    gx.advance(10 * 3600)
    assert gx.services["pvinverter_20"].online


async def test_a_reboot_takes_everything_away_for_a_while() -> None:
    """First the server answers nobody, then its devices are missing, then all is well."""
    gx = ess_home(boot_seconds=45, settle_seconds=15)
    async with serve(gx) as server:
        async with connected(server) as wire:
            assert (await wire.read(74, 2, unit=227))[1] > 0
            await wire.write(2716, 0, 2000, unit=100)
            gx.do("reboot")
            assert await wire.dropped()
        async with connected(server) as wire:
            assert await wire.dropped()
        gx.advance(46)
        async with connected(server) as wire:
            assert len(await wire.read(800, 6, unit=100)) == 6
            assert await wire.refusal(3, unit=227) == 0x0A
            gx.advance(15)
            # The set-point is forgotten, and the Multi has forgotten what it counted.
            assert await wire.read(2716, 2, unit=100) == [0, 0]
            assert (await wire.read(74, 2, unit=227))[1] < 10
    assert gx.status.reboots == 1


@pytest.mark.parametrize("build", [ess_home, everything])
async def test_what_is_read_is_what_the_table_says(build: Callable[[], VictronGx]) -> None:
    """Every register of every unit, over the wire."""
    gx = build()
    async with asked(gx) as wire:
        for unit_id, unit in gx.units.items():
            for row in unit.table():
                words, address = row["words"], row["address"]
                assert isinstance(words, list)
                assert isinstance(address, int)
                assert await wire.read(address, len(words), unit=unit_id) == words
    assert gx.status.errors == 0


def test_everything_is_there() -> None:
    """33 services and 949 registers, with few values that read 0."""
    gx = everything()
    rows = [row for unit in gx.units.values() for row in unit.table()]
    assert len(rows) == 949
    assert len(gx.services) == 33
    assert sum(row["value"] is None for row in rows) < 60
