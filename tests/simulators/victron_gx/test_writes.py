"""What becomes of a write: which words arrive, what is refused, ignored, stored, forgotten."""

from typing import Any

import pytest

from simulators.states import StateError
from simulators.victron_gx import (
    Between,
    OverrideZero,
    Service,
    VictronGx,
    ess_home,
    everything,
)
from tests.simulators.wire import ExceptionAnswerError, Wire

from .support import asked


def words(value: int) -> tuple[int, int]:
    """Return both words of a 32-bit value, high word first."""
    return value >> 16 & 0xFFFF, value & 0xFFFF


# Words.


async def test_a_setpoint_arrives_in_each_of_its_registers(gx: VictronGx, wire: Wire) -> None:
    """-5000 W in steps of 1 W, of 100 W, and over two words."""
    await wire.write_one(2700, 0x10000 - 5000, unit=100)
    assert gx.value("settings_0.grid_setpoint") == -5000
    await wire.write(2703, 0x10000 - 60, unit=100)
    assert gx.value("settings_0.grid_setpoint") == -6000
    await wire.write(2716, *words(-7000), unit=100)
    assert gx.value("hub4_0.setpoint_override") == -7000


async def test_function_6_changes_the_high_word_of_two(gx: VictronGx, wire: Wire) -> None:
    """500 W becomes 32.768 MW, which is what clients that do not know get."""
    await wire.write_one(2716, 500, unit=100)
    assert gx.value("hub4_0.setpoint_override") == 500 << 16
    await wire.write_one(2717, 300, unit=100)
    assert gx.value("hub4_0.setpoint_override") == (500 << 16) + 300


async def test_a_step_that_is_not_one_reaches_the_value(gx: VictronGx, wire: Wire) -> None:
    """Raw -1 in a register of 100 W is -100 W, not "no limit"."""
    await wire.write(2706, 0xFFFF, unit=100)
    assert gx.value("settings_0.max_feed_in_power") == -100
    await wire.write(2722, *words(-1), unit=100)
    assert gx.value("settings_0.max_feed_in_power") == -1
    await wire.write(2901, 255, unit=100)
    assert gx.value("settings_0.minimum_soc") == 25.5


async def test_texts_are_written_since_server_94() -> None:
    """Whole or in part, up to the first zero."""
    gx = ess_home()
    async with asked(gx) as wire:
        await wire.write(1336, 0x4BFC, 0x6368, 0x6500, 0, 0, 0, 0, 0, unit=225)
        assert gx.value("battery_512.custom_name") == "Küche"
        await wire.write(1337, 0x6865, unit=225)
        assert gx.value("battery_512.custom_name") == "Kühee"
        await wire.write(5700, 0x486F, 0x6D65, 0, 0, 0, 0, 0, 0, unit=100)
        assert gx.value("settings_0.system_name") == "Home"
    async with asked(ess_home(server=93)) as wire:
        assert await wire.write_refusal(1336, 0x4100, unit=225) == 0x02


async def test_several_registers_at_once_and_across_services(gx: VictronGx, wire: Wire) -> None:
    """Everything is looked at before anything is changed."""
    await wire.write(2713, 16, 25, 1, *words(800), unit=100)
    assert gx.value("settings_0.peak_shaving_import_limit") == 25
    assert gx.value("hub4_0.setpoint_override") == 800
    assert await wire.write_refusal(2707, 0, 1, 1, unit=100) == 0x02  # 2709 is read only
    assert gx.value("settings_0.feed_in_dc_excess") == 1


async def test_writable_fillers_swallow_what_is_written() -> None:
    """The microgrid block has some, so that it can be written in one go."""
    gx = everything()
    async with asked(gx) as wire:
        await wire.write(211, 1, 4242, 4900, unit=227)
        assert gx.value("vebus_276.direct_pq_fmin") == 49
        # The first one is pressed, not set.
        assert await wire.read(211, 2, unit=227) == [0, 0xFFFF]


# Refused.


async def test_what_is_refused() -> None:
    """Read-only registers, unknown ones, devices that are not there."""
    async with asked(ess_home(ess=False)) as wire:
        assert await wire.write_refusal(820, 1, unit=100) == 0x02
        assert await wire.write_refusal(2709, 1, unit=100) == 0x0A
        assert await wire.write_refusal(2716, *words(5), unit=100) == 0x0A
        assert await wire.write_refusal(5, 1, unit=100) == 0x0A
        assert await wire.write_refusal(1, 1, unit=100) == 0x02


@pytest.mark.parametrize(("server", "code"), [(80, None), (81, 0x02), (101, 0x02)])
async def test_a_read_only_gx(server: int, code: int | None) -> None:
    """The switch came with server 81; a missing device is still a missing device."""
    gx = ess_home(server=server, read_only=True)
    async with asked(gx) as wire:
        assert await wire.write_refusal(2700, 100, unit=100) == code
        assert await wire.write_refusal(33, 1, unit=9) == 0x0A
        assert (gx.value("settings_0.grid_setpoint") == 100) == (code is None)
        gx.set({"gx.read_only": False})
        assert await wire.write_refusal(2700, 200, unit=100) is None


async def test_what_the_hardware_lacks_is_refused_like_a_missing_device() -> None:
    """A path that is there takes a value, also while it has none."""
    gx = everything()
    gx.set({"pvinverter_20.lacks": "power_limit", "evcharger_40.set_current": None})
    async with asked(gx) as wire:
        assert await wire.write_refusal(1056, *words(1000), unit=20) == 0x0A
        assert "SetValue failed on power_limit" in gx.status.last_error
        assert await wire.write_refusal(3825, 10, unit=40) is None
    assert gx.value("evcharger_40.set_current") == 10


async def test_long_writes_and_wrong_counts() -> None:
    """124 and 125 registers fail by their addresses; a wrong number of bytes is no request."""
    async with asked(ess_home()) as wire:
        for count in (124, 125):
            assert await wire.write_refusal(2700, *[0] * count, unit=100) == 0x02
        for pdu in ("100A8C000101" + "00", "100A8C0002020000", "100A8C000004"):
            with pytest.raises(ExceptionAnswerError) as caught:
                await wire.ask(bytes.fromhex(pdu), 100)
            assert caught.value.code == 0x03


# Ignored.


@pytest.mark.parametrize(
    ("unit", "address", "word", "name"),
    [
        (100, 2901, 1001, "settings_0.minimum_soc"),
        (100, 2705, 0xFFFE, "settings_0.max_charge_current"),
        (100, 2710, 801, "settings_0.max_charge_voltage"),
        (100, 2902, 4, "settings_0.hub4_mode"),
        (100, 5421, 13, "settings_0.dess_full_charge_duration"),
        (100, 806, 2, "system_0.relay_1"),
        (227, 33, 9, "vebus_276.mode"),
        (40, 3825, 5, "evcharger_40.set_current"),
        (225, 280, 1, "battery_512.relay"),
    ],
)
async def test_a_value_without_effect_is_acknowledged_and_forgotten(
    unit: int, address: int, word: int, name: str
) -> None:
    """Only reading it back tells."""
    gx = everything()
    before = gx.value(name)
    if name == "battery_512.relay":
        gx.set({"battery_512.fixed": "relay"})
    async with asked(gx) as wire:
        await wire.write(address, word, unit=unit)
    assert gx.value(name) == before
    assert gx.status.ignored_writes == 1
    assert gx.status.errors == 0


async def test_what_is_fixed_and_what_is_accepted_can_be_chosen() -> None:
    """As a VE.Bus BMS fixes the mode, and as nobody knows what the ESS controller takes."""
    gx = ess_home(accepted={"settings.grid_setpoint": Between(-10_000, 10_000)})
    gx.set({"vebus_276.fixed": "mode,input_current_limit"})
    async with asked(gx) as wire:
        await wire.write(33, 1, unit=227)
        await wire.write(22, 160, unit=227)
        await wire.write(2700, 10_001, unit=100)
    assert gx.status.ignored_writes == 3
    assert gx.value("vebus_276.mode") == 3
    assert gx.value("vebus_276.input_current_limit") == 32
    assert gx.value("settings_0.grid_setpoint") == 50


# Flash.


async def test_flash_is_written_for_changes_only(gx: VictronGx, wire: Wire) -> None:
    """Two seconds later, all changes at once; the same value again is no change."""
    await wire.write(2700, 100, unit=100)
    gx.advance(1)
    await wire.write(2700, 100, unit=100)
    await wire.write(2703, 1, unit=100)
    await wire.write(2901, 300, unit=100)
    assert (gx.flash.changes, gx.flash.writes) == (2, 0)
    gx.advance(2)
    assert (gx.flash.changes, gx.flash.writes) == (2, 1)
    await wire.write(806, 1, unit=100)
    await wire.write(3740, 0x4100, unit=224)
    gx.advance(3)
    assert gx.state()["flash.changes"] == 4
    assert gx.state()["flash.writes"] == 2


async def test_some_things_never_touch_flash() -> None:
    """Volatile set-points and the switches of devices."""
    gx = ess_home()
    gx.set({"settings_0.hub4_mode": 3})
    async with asked(gx) as wire:
        await wire.write(2716, *words(700), unit=100)
        await wire.write(37, 700, unit=227)
        await wire.write(33, 1, unit=227)
        await wire.write(22, 160, unit=227)
    gx.advance(5)
    assert (gx.flash.changes, gx.flash.writes) == (0, 0)


# Forgotten.


@pytest.mark.parametrize("expires", [30.0, 60.0, 300.0])
async def test_the_volatile_setpoint_expires(expires: float) -> None:
    """Unless it is repeated in time."""
    gx = ess_home(override_expires=expires)
    async with asked(gx) as wire:
        await wire.write(2716, *words(-2000), unit=100)
        gx.advance(expires - 1)
        await wire.write(2716, *words(-2000), unit=100)
        gx.advance(expires - 1)
        assert gx.value("hub4_0.setpoint_override") == -2000
        gx.advance(1)
        assert gx.value("hub4_0.setpoint_override") is None
        assert await wire.read(2716, 2, unit=100) == [0, 0]


@pytest.mark.parametrize(
    ("meaning", "aim"), [(OverrideZero.RELEASES, 50), (OverrideZero.SETPOINT, 0)]
)
async def test_zero_in_the_volatile_setpoint(meaning: OverrideZero, aim: float) -> None:
    """There are reports of both, so it can be chosen."""
    gx = ess_home(override_zero=meaning)
    async with asked(gx) as wire:
        await wire.write(2716, *words(900), unit=100)
        await wire.write(2716, 0, 0, unit=100)
    assert gx.home.orders.grid_power == aim


async def test_the_setpoint_of_the_multi_belongs_to_the_controller(
    gx: VictronGx, wire: Wire
) -> None:
    """In modes 1 and 2 what is written is overwritten at once."""
    gx.advance(1)
    power = gx.home.flows.input[0]
    await wire.write(37, 1234, unit=227)
    assert await wire.read(37, unit=227) == [power & 0xFFFF]
    assert await wire.read(96, 2, unit=227) == list(words(power))


@pytest.mark.parametrize(
    ("unit", "address", "configured"), [(237, 4610, -300), (100, 4922, 250)], ids=["RS", "acsystem"]
)
async def test_the_setpoint_of_rs_devices_falls_back(
    unit: int, address: int, configured: int
) -> None:
    """To the one that was set in VictronConnect."""
    gx = everything()
    async with asked(gx) as wire:
        assert await wire.read(address, 2, unit=unit) == list(words(configured))
        await wire.write(address, *words(-4000), unit=unit)
        gx.advance(59)
        assert await wire.read(address, 2, unit=unit) == list(words(-4000))
        gx.advance(1)
        assert await wire.read(address, 2, unit=unit) == list(words(configured))


# Devices that act.


async def test_a_reset_of_the_multi_forgets_its_counters(gx: VictronGx, wire: Wire) -> None:
    """As switching it off does, and cutting its power."""
    for act in range(3):
        gx.advance(600)
        assert (await wire.read(90, 2, unit=227))[1] > 0
        if act == 0:
            await wire.write(62, 1, unit=227)
        elif act == 1:
            await wire.write(33, 4, unit=227)
            await wire.write(33, 3, unit=227)
        else:
            gx.do("power_cycle_vebus")
            gx.advance(1)
        assert (await wire.read(90, 2, unit=227))[1] == 0
    assert await wire.read(62, unit=227) == [0]


async def test_an_ev_charger_charges_when_told() -> None:
    """In manual mode with the current that was set, in automatic mode with what is left over."""
    gx = everything()
    gx.set({"sky.light": 0, "house.restlessness": 0})
    gx.advance(10)
    async with asked(gx) as wire:
        assert await wire.read(3824, unit=40) == [6]  # waits for a start
        await wire.write(3825, 10, 1, unit=40)
        gx.advance(1)
        assert await wire.read(3818, 4, unit=40) == [2300, 2300, 2300, 6900]
        assert gx.value("system_0.consumption_power_l1") == 2300 + 300
        gx.advance(3600)
        assert (await wire.read(3816, 2, unit=40))[1] == pytest.approx(690, abs=1)
        await wire.write(3815, 1, unit=40)
        gx.advance(2)
        assert await wire.read(3824, unit=40) == [4]  # waits for the sun
        gx.set({"car.plugged": False})
        gx.advance(1)
        assert await wire.read(3824, unit=40) == [0]
        assert await wire.read(3816, 2, unit=40) == [0, 0]


async def test_an_ev_charger_takes_what_would_be_fed_in() -> None:
    """It settles where nothing goes to the grid but the rest below one ampere."""
    gx = everything()
    gx.set({"home_battery.soc": 100, "sky.light": 1, "house.restlessness": 0})
    gx.set({"evcharger_40.mode": 1})
    gx.advance(60)
    assert gx.value("evcharger_40.status") == 2
    assert -3 * 230 <= sum(gx.home.flows.grid) <= 60


async def test_a_generator_runs_by_hand() -> None:
    """It counts its time, down to the next service."""
    generator = Service(kind="generator", instance=0).update(service_counter=7200)
    gx = VictronGx([generator])
    async with asked(gx) as wire:
        await wire.write(3500, 1, unit=100)
        gx.advance(3600)
        assert await wire.read(3506, unit=100) == [1]
        assert await wire.read(3504, 2, unit=100) == [0, 3600]
        assert await wire.read(3510, 2, unit=100) == [0, 3600]
        await wire.write(3512, 1, unit=100)
        assert await wire.read(3510, 3, unit=100) == [*words(180_000), 0]
        await wire.write(3500, 0, unit=100)
        assert await wire.read(3504, 3, unit=100) == [0, 0, 0]


# States.


def test_states_have_names() -> None:
    """Those of a service are its values, its instance and whether it is online."""
    gx = ess_home()
    state = gx.state()
    assert state["gx.firmware"] == "3.80"
    assert state["gx.server"] == 101
    assert state["battery_512.custom_name"] == "House battery"
    assert state["grid_30.instance"] == 30
    assert state["house.base_load"] == 600
    gx.set({"battery_512.temperature": "31.5", "grid_30.instance": 31, "gx.firmware": "3.10"})
    gx.set({"grid_30.night": "vanishes", "battery_512.modules_online": "3"})
    assert gx.register("battery.temperature", 225).value == 31.5
    assert gx.register("battery.modules_online", 225).words == [3]
    assert gx.register("grid.serial", 31).value == "BP98602030010"
    assert gx.server == 48


@pytest.mark.parametrize(
    "states",
    [
        {"battery_512.colour": 3},
        {"battery_512.soh": "plenty"},
        {"lamp.on": True},
        {"gx.moon": 1},
    ],
)
def test_states_that_are_not_there(states: dict[str, Any]) -> None:
    """A wrong name and a wrong value are said to be so."""
    with pytest.raises(StateError):
        ess_home().set(states)


def test_a_server_that_is_not_simulated() -> None:
    """Older than Venus 2.90, newer than known."""
    for server in (40, 102):
        with pytest.raises(ValueError, match="no server"):
            VictronGx(server=server)
