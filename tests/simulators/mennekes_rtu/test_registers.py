"""Every register of the documents, in every layout."""

import struct
from typing import NamedTuple

import pytest

from simulators.mennekes_rtu import Compact
from tests.simulators.mennekes_rtu.support import Master, master_of, number, single


class Row(NamedTuple):
    """A line of the document; `access` as it prints it."""

    address: int
    length: int
    layout: str
    name: str
    access: str = "R"


ROWS = [
    Row(0x0000, 1, "1.00", "layout"),
    Row(0x0001, 8, "1.00", "firmware"),
    Row(0x0013, 8, "1.02", "serial"),
    Row(0x001B, 8, "1.03", "article"),
    Row(0x0100, 1, "1.00", "evse_state"),
    Row(0x0101, 1, "1.00", "authorisation_status"),
    Row(0x0102, 1, "1.00", "downgrade"),
    Row(0x0103, 1, "1.00", "rotation"),
    Row(0x0108, 1, "1.02", "control_pilot"),
    Row(0x0114, 2, "1.03", "signalled"),
    Row(0x0300, 2, "1.00", "downgrade_current"),
    Row(0x0302, 2, "1.00", "current", "RW"),
    Row(0x0304, 2, "1.00", "house_current"),
    Row(0x0306, 2, "1.00", "evse_current"),
    Row(0x030A, 1, "1.00", "solar_phases"),
    Row(0x030C, 1, "1.01", "hardware_phases"),
    Row(0x030D, 1, "1.02", "permanent_cable_lock"),
    Row(0x030E, 1, "1.02", "fallback"),
    Row(0x030F, 1, "1.02", "imbalance"),
    Row(0x0310, 1, "1.02", "imbalance_threshold"),
    Row(0x0311, 1, "1.02", "grid_phases"),
    Row(0x0312, 1, "1.02", "authorisation"),
    Row(0x0313, 1, "1.02", "sunshine_minimum"),
    Row(0x0314, 1, "1.02", "switch_pause"),
    Row(0x0500, 2, "1.00", "current_l1"),
    Row(0x0502, 2, "1.00", "current_l2"),
    Row(0x0504, 2, "1.00", "current_l3"),
    Row(0x0506, 2, "1.00", "voltage_l1"),
    Row(0x0508, 2, "1.00", "voltage_l2"),
    Row(0x050A, 2, "1.00", "voltage_l3"),
    Row(0x050C, 2, "1.00", "power_l1"),
    Row(0x050E, 2, "1.00", "power_l2"),
    Row(0x0510, 2, "1.00", "power_l3"),
    Row(0x0512, 2, "1.00", "power"),
    Row(0x0706, 1, "1.03", "set_evse_current", "RW"),
    Row(0x070A, 1, "1.03", "set_rotation", "RW"),
    Row(0x0710, 1, "1.03", "set_grid_phases", "RW"),
    Row(0x071A, 1, "1.03", "set_solar_phases", "RW"),
    Row(0x073A, 1, "1.03", "set_fallback", "RW"),
    Row(0x073C, 1, "1.03", "set_solar_modes", "RW"),
    Row(0x078C, 1, "1.03", "set_switch_pause", "RW"),
    Row(0x0900, 2, "1.02", "temperature"),
    Row(0x0B00, 2, "1.00", "session_limit"),
    Row(0x0B02, 2, "1.00", "session_energy"),
    Row(0x0B04, 2, "1.00", "session_duration"),
    Row(0x0B06, 1, "1.02", "session_phases"),
    Row(0x0D00, 1, "1.00", "heartbeat", "W"),
    Row(0x0D02, 1, "1.00", "cable_lock"),
    Row(0x0D03, 1, "1.00", "solar_mode", "RW"),
    Row(0x0D04, 1, "1.00", "single_phase", "RW"),
    Row(0x0D05, 1, "1.00", "release", "RW"),
    Row(0x0D06, 1, "1.00", "lock", "RW"),
    Row(0x0D19, 1, "1.03", "restart", "W"),
    Row(0x0E00, 1, "1.00", "error_code"),
    Row(0x0E01, 1, "1.02", "fallback_active"),
    Row(0x0E02, 1, "1.02", "switched_phases"),
    Row(0x1000, 2, "1.02", "total_energy"),
    Row(0x1002, 2, "1.02", "sessions"),
]
#: The blocks that were read on a real charger of layout 1.03.
BLOCKS = [
    *((0x0000, 9), (0x0013, 8), (0x001B, 8), (0x0100, 4), (0x0108, 1), (0x0114, 2)),
    *((0x0300, 8), (0x030A, 1), (0x030C, 1), (0x030D, 8), (0x0500, 20), (0x0900, 2)),
    *((0x0B00, 6), (0x0B06, 1), (0x0D02, 5), (0x0E00, 1), (0x0E01, 2), (0x1000, 4)),
]
LAYOUTS = ("1.00", "1.01", "1.02", "1.03")


def test_the_map_is_the_documents() -> None:
    """Nothing is missing, nothing is added, nothing has another place or length."""
    registers = Compact().unit().registers
    assert [(row.address, row.count, row.name) for row in registers] == [
        (row.address, row.length, row.name) for row in ROWS
    ]
    assert [row.write is not None for row in registers] == ["W" in row.access for row in ROWS]


@pytest.mark.parametrize("layout", LAYOUTS)
async def test_registers_appear_with_their_layout(layout: str) -> None:
    """What is newer than the charger is an illegal address."""
    async with master_of(Compact(layout=layout)) as master:
        major, minor = layout.split(".")
        assert await master.word(0x0000) == int(major) << 8 | int(minor)
        for row in ROWS:
            if row.layout <= layout and "R" in row.access:
                assert len(await master.read(row.address, row.length)) == row.length
            else:
                assert await master.refusal(row.address, row.length) == 2


async def test_newer_registers_cannot_be_written_either() -> None:
    """Restart and settings came with layout 1.03."""
    async with master_of(Compact(layout="1.02")) as master:
        assert await master.refused_one(0x0D19, 0x00BB) == 2
        assert await master.refused_one(0x073A, 6) == 2


async def test_both_read_functions_are_the_same() -> None:
    """Function 4 sees what function 3 sees."""
    async with master_of(Compact()) as master:
        for address, count in BLOCKS:
            assert await master.read(address, count, 4) == await master.read(address, count, 3)


@pytest.mark.parametrize(
    ("address", "count"),
    [
        (0x0009, 1),
        (0x0000, 10),
        (0x0012, 2),
        (0x0023, 1),
        (0x0013, 17),
        (0x0104, 1),
        (0x0107, 1),
        (0x0100, 5),
        (0x0100, 9),
        (0x0109, 1),
        (0x0113, 1),
        (0x0108, 14),
        (0x0308, 1),
        (0x0309, 2),
        (0x0300, 11),
        (0x030A, 3),
        (0x030B, 1),
        (0x030C, 10),
        (0x0514, 1),
        (0x0500, 21),
        (0x0700, 8),
        (0x0706, 2),
        (0x0B07, 1),
        (0x0B00, 8),
        (0x0D00, 1),
        (0x0D00, 7),
        (0x0D01, 1),
        (0x0D02, 6),
        (0x0D07, 1),
        (0x0D18, 1),
        (0x0D19, 1),
        (0x0E03, 1),
        (0x1004, 1),
    ],
)
async def test_gaps_are_not_read_across(address: int, count: int) -> None:
    """Nor are the registers that can only be written."""
    async with master_of(Compact()) as master:
        assert await master.refusal(address, count) == 2


async def test_adjacent_registers_are_read_together() -> None:
    """Blocks that the map allows although nobody has shown them."""
    async with master_of(Compact()) as master:
        for address, count in ((0x0013, 16), (0x030C, 9), (0x0B00, 7), (0x0E00, 3)):
            assert len(await master.read(address, count)) == count


async def test_words_of_the_document() -> None:
    """Numbers are high word first, text is padded in front."""
    charger = Compact(serial="1322154", energy=3_033_420.0)
    charger.set({"charger.temperature": -7.5, "grid.noise": 0, "grid.nominal_l1": 230.5})
    charger.advance(2)
    async with master_of(charger) as master:
        energy = await master.read(0x1000, 4)
        # Captured from a real charger as 0x453D 0x96B8, which is 3033.42 kWh.
        assert energy[:2] == [0x453D, 0x96B8]
        assert energy[2:] == [0, 319]
        assert await master.read(0x0506, 2) == [0x4366, 0x8000]
        assert await master.number(0x0900) == -7.5
        serial = struct.pack(">8H", *await master.read(0x0013, 8))
        assert serial == b"_________1322154"
        firmware = struct.pack(">8H", *await master.read(0x0001, 8))
        assert firmware == b"2.0".ljust(16, b"\0")
        charger.do("plug_in")
        charger.advance(1)
        assert await master.read(0x1002, 2) == [0x0000, 0x0140]


@pytest.mark.parametrize(
    ("amps", "words"),
    [
        (1.0, (0x3F80, 0)),
        (6.0, (0x40C0, 0)),
        (6.01, (0x40C0, 0x51EC)),
        (7.2, (0x40E6, 0x6666)),
        (10.0, (0x4120, 0)),
        (13.0, (0x4150, 0)),
        (16.0, (0x4180, 0)),
        (32.0, (0x4200, 0)),
    ],
)
async def test_limits_are_read_back_as_written(amps: float, words: tuple[int, int]) -> None:
    """Bit for bit; clamping shows elsewhere."""
    assert single(amps) == words
    async with master_of(Compact(model="Compact 2.0s 22")) as master:
        await master.limit(amps)
        assert tuple(await master.read(0x0302, 2)) == words


@pytest.mark.parametrize(
    ("model", "hardware", "solar", "most"),
    [
        ("Compact 2.0s 7.4", 0, 0, 32),
        ("Compact 2.0s 11", 2, 2, 16),
        ("Start 2.0s 22", 1, 1, 32),
        ("4You 310 11 C2", 2, 2, 16),
        ("4You 310 22 C2", 1, 1, 32),
    ],
)
async def test_models_differ(model: str, hardware: int, solar: int, most: float) -> None:
    """Hardware, phases and current follow from the name."""
    async with master_of(Compact(model=model)) as master:
        assert await master.word(0x030C) == hardware
        assert await master.word(0x030A) == solar
        assert await master.number(0x0306) == most
        assert await master.word(0x0D02) == (3 if "C2" in model else 1)


async def test_one_phase_is_printed_in_two_ways() -> None:
    """The documents disagree about register 0x0311."""
    charger = Compact()
    async with master_of(charger) as master:
        assert await master.word(0x0311) == 2
        charger.set({"charger.connected_phases": 1})
        assert await master.word(0x0311) == 0
        charger.set({"charger.one_phase_code": 1})
        assert await master.word(0x0311) == 1


async def test_the_newest_registers_may_be_missing() -> None:
    """The article number is in the newest document only, the settings in the one before."""
    async with master_of(Compact(article=None, has_settings=False)) as master:
        assert await master.refusal(0x001B, 8) == 2
        for address in (0x0706, 0x070A, 0x0710, 0x071A, 0x073A, 0x073C, 0x078C):
            assert await master.refusal(address) == 2
            assert await master.refused_one(address, 0) == 2
        assert await master.word(0x030E) == 0


async def _written(master: Master, address: int, word: int, function: int) -> int | None:
    if function == 6:
        return await master.refused_one(address, word)
    return await master.refused(address, word)


@pytest.mark.parametrize("function", [6, 16])
@pytest.mark.parametrize(
    ("setting", "bad", "shown"),
    [
        ((0x0706, 5), 7, (0x0306, 10.0)),
        ((0x070A, 2), 3, (0x0103, 2)),
        ((0x0710, 0), 1, (0x0311, 0)),
        ((0x071A, 1), 4, (0x030A, 0)),
        ((0x071A, 2), 5, (0x030A, 1)),
        ((0x071A, 3), 6, (0x030A, 2)),
        ((0x071A, 0), 7, (0x030A, 1)),
        ((0x073A, 1), 2, (0x030E, 1)),
        ((0x073A, 32), 33, (0x030E, 32)),
        ((0x073C, 1), 2, (0x073C, 1)),
        ((0x078C, 1200), 1201, (0x0314, 1200)),
    ],
)
async def test_settings_change_the_installation(
    function: int, setting: tuple[int, int], bad: int, shown: tuple[int, float]
) -> None:
    """With either function; the registers that only show them follow, and it is counted."""
    charger = Compact()
    address, good = setting
    async with master_of(charger) as master:
        assert await _written(master, address, bad, function) == 3
        assert charger.violations.installer_writes == 0
        assert await _written(master, address, good, function) is None
        assert await master.word(address) == good
        where, what = shown
        words = await master.read(where, 2 if where == 0x0306 else 1)
        assert (number(words) if len(words) == 2 else words[0]) == what
    assert charger.violations.installer_writes == 1


@pytest.mark.parametrize(
    ("model", "currents"),
    [
        ("Compact 2.0s 22", [32, 25, 20, 16, 13, 10, 6]),
        ("Compact 2.0s 11", [16, 16, 16, 16, 13, 10, 6]),
    ],
)
async def test_the_current_of_the_installation_is_a_code(model: str, currents: list[int]) -> None:
    """What the code means depends on the model."""
    async with master_of(Compact(model=model)) as master:
        for code, amps in enumerate(currents):
            await master.write(0x0706, code)
            assert await master.number(0x0306) == amps


async def test_what_is_read_only_stays() -> None:
    """Both functions are refused."""
    async with master_of(Compact()) as master:
        for address in (0x0000, 0x0100, 0x030E, 0x0D02, 0x0E00, 0x0E01):
            assert await master.refused_one(address, 0) == 2
        assert await master.refused(0x0304, *single(63)) == 2
        assert await master.refused(0x0302, *single(10), *single(63)) == 2
        assert await master.number(0x0302) == 0
