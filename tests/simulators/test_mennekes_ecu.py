"""The simulated Professional, Charge Control and AMEDIO, held against their document."""

import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from simulators.mennekes_tcp import ChargerEcu
from simulators.server import serve
from tests.simulators.wire import ExceptionAnswerError, Wire, connected

#: Every address of the document, as ranges.
ALWAYS = (
    (100, 2), (104, 9), (120, 2), (122, 1), (124, 1), (130, 3), (140, 1), (200, 18), (600, 1),
    (610, 6), (620, 2), (630, 6), (700, 16), (720, 10), (741, 6), (1000, 1), (1110, 10),
)  # fmt: skip
SINCE_5_22 = ((134, 1), (142, 10), (152, 1), (218, 10), (716, 4))
SINCE_5_32 = ((730, 1), (740, 1))


def plugged(**options: object) -> ChargerEcu:
    """Return a charger on voltages that stand still, with a car."""
    charger = ChargerEcu(**options)  # type: ignore[arg-type]  # any option
    charger.set({"grid.noise": 0})
    charger.do("plug_in")
    return charger


@asynccontextmanager
async def on_wire(charger: ChargerEcu) -> AsyncIterator[Wire]:
    """Serve a charger and connect to it."""
    async with serve(charger) as server, connected(server) as wire:
        yield wire


@pytest.mark.parametrize(
    ("firmware", "ranges"),
    [
        ("4.50", ALWAYS),
        ("5.12", ALWAYS),
        ("5.22", ALWAYS + SINCE_5_22),
        ("5.33", ALWAYS + SINCE_5_22 + SINCE_5_32),
    ],
)
def test_exactly_the_documented_registers_exist(
    firmware: str, ranges: tuple[tuple[int, int], ...]
) -> None:
    """Each firmware has its own list."""
    documented = {address for start, count in ranges for address in range(start, start + count)}
    registers = ChargerEcu(firmware=firmware).unit(1).registers
    declared = {
        address for register in registers for address in range(register.address, register.end)
    }
    assert declared == documented
    writable = {register.address for register in registers if register.write is not None}
    assert writable == {124, 130, 131, 132, 613, 614, 615, 1000, 1110}


async def test_any_unit_answers_unless_it_is_set() -> None:
    """All ids by default; some installations answer to one only."""
    async with on_wire(ChargerEcu()) as wire:
        for unit in (1, 42, 255):
            assert await wire.read(100, 2, unit=unit) == [0x352E, 0x3232]
    async with on_wire(ChargerEcu(unit_ids=(255,))) as wire:
        assert await wire.read(122, unit=255) == [1]
        wire.send(struct.pack(">HHHBBHH", 9, 0, 6, 1, 3, 122, 1))
        assert await wire.silent()


async def test_several_clients_are_welcome_and_function_4_is_not() -> None:
    """Input registers are an illegal function."""
    charger = ChargerEcu()
    async with serve(charger) as server, connected(server) as first, connected(server) as second:
        assert await first.read(122) == await second.read(122) == [1]
        with pytest.raises(ExceptionAnswerError) as caught:
            await first.read(122, function=4)
        assert caught.value.code == 1
        assert await first.refusal(730) == 2
        assert await first.read(122) == [1]


@pytest.mark.parametrize(
    ("firmware", "available", "unavailable"), [("5.12", 0, 1), ("5.22", 1, 0), ("5.33", 1, 0)]
)
async def test_availability_was_turned_round(
    firmware: str, available: int, unavailable: int
) -> None:
    """Register 124 means the opposite before 5.22, reading and writing."""
    charger = plugged(firmware=firmware)
    async with on_wire(charger) as wire:
        charger.advance(20)
        assert await wire.read(124) == [available]
        await wire.write(124, unavailable)
        charger.advance(5)
        assert charger.box.available is False
        assert [await wire.read_one(address) for address in (124, 104, 706)] == [unavailable, 3, 0]
        await wire.write(124, available)
        charger.advance(20)
        assert [await wire.read_one(address) for address in (124, 104)] == [available, 6]


@pytest.mark.parametrize(
    ("states", "status"),
    [
        ({"car.plugged": False}, 0),
        ({"car.plugged": False, "charger.reserved": True}, 2),
        ({"charger.available": False}, 3),
        ({"charger.faulted": True}, 4),
        ({"charger.authorisation": "not_authorised"}, 9),  # there was a charge
        ({"charger.authorisation": "not_authorised", "car.plugged": False}, 0),
        ({}, 6),
        ({"hems.current_tenths": 0}, 7),
        ({"car.charged_wh": 60_000}, 8),
    ],
)
async def test_the_status_counts_differently(states: dict[str, object], status: int) -> None:
    """Nothing of the 4X enumeration fits."""
    charger = plugged()
    charger.advance(30)
    charger.set(states)
    charger.advance(20)
    async with on_wire(charger) as wire:
        assert await wire.read_one(104) == status


async def test_error_words_are_turned_round() -> None:
    """Low word first and low byte first, unlike everything else."""
    charger = ChargerEcu()
    charger.set({"charger.errors": 1 << 0 | 1 << 6})
    async with on_wire(charger) as wire:
        assert await wire.read(105, 8) == [0, 0, 0, 0, 0, 0, 0x4100, 0]
        charger.set({"charger.errors": 1 << 21 | 1 << 8})
        assert await wire.read(111, 2) == [0x0001, 0x2000]


@pytest.mark.parametrize(("firmware", "fresh"), [("5.12", 6), ("5.22", 32)])
async def test_the_limit_after_a_start(firmware: str, fresh: int) -> None:
    """It was 6 A, and became 32 A; a reboot goes back to it."""
    charger = plugged(firmware=firmware)
    async with serve(charger) as server:
        async with connected(server) as wire:
            assert await wire.read(1000) == [fresh]
            for written, stored in ((10, 10), (5, 0), (0, 0), (40, 32)):
                await wire.write(1000, written)
                assert await wire.read(1000) == [stored]
            assert await wire.refusal(1001) == 2
            assert await wire.refusal(2000) == 2
        charger.do("reboot")
        charger.advance(30)
        async with connected(server) as wire:
            assert await wire.read(1000) == [fresh]


async def test_newer_firmware_may_take_watts_and_tenths() -> None:
    """Registers 1001 and 1002 exist on some of them."""
    charger = plugged(power_limit=True)
    async with on_wire(charger) as wire:
        await wire.write(1001, 105)
        assert await wire.read(1000, 2) == [10, 105]
        await wire.write(1002, 6900)
        charger.advance(20)
        assert await wire.read_one(706) == 10


async def test_silence_brings_the_safe_current() -> None:
    """The watchdog is that of the other family, without a register to tell."""
    charger = plugged()
    async with on_wire(charger) as wire:
        await wire.write(131, 7)
        await wire.write(132, 40)
        await wire.write(1000, 16)
        charger.advance(39)
        assert await wire.read_one(706) == 16
        charger.advance(45)
        assert await wire.read_one(706) == 7
        await wire.write(1000, 16)
        charger.advance(5)
        assert await wire.read_one(706) == 16


@pytest.mark.parametrize(
    ("options", "powers", "currents", "volts"),
    [
        ({}, [1380, 1380, 1380], [6000, 6000, 6000], [230, 230, 230]),
        ({"phase_values": False}, [4140, None, None], [18000, None, None], [230, 230, 230]),
        ({"voltages": False}, [1380, 1380, 1380], [6000, 6000, 6000], [None, None, None]),
    ],
)
async def test_what_the_meter_can_tell(
    options: dict[str, object],
    powers: list[int | None],
    currents: list[int | None],
    volts: list[int | None],
) -> None:
    """All bits set is no value; a meter without phases has its total on L1."""

    def wide(words: list[int]) -> list[int | None]:
        values = struct.unpack(f">{len(words) // 2}I", struct.pack(f">{len(words)}H", *words))
        return [None if value == 0xFFFF_FFFF else value for value in values]

    charger = plugged(**options)
    async with on_wire(charger) as wire:
        await wire.write(1000, 6)
        charger.advance(30)
        total = int(charger.meter.energy)
        assert total > 990_320
        assert wide(await wire.read(200, 28)) == [
            *(total, None, None),
            *powers,
            *currents,
            *(total, 4140),
            *volts,
        ]


async def test_short_session_registers_saturate() -> None:
    """The wide ones go on."""
    charger = plugged()
    charger.set({"car.battery_wh": 200_000, "car.charged_wh": 0, "hems.timeout": 0})
    charger.advance(70_000)
    async with on_wire(charger) as wire:
        words = await wire.read(705, 15)
        assert (words[0], words[4]) == (0xFFFF, 0xFFFF)
        assert words[11] << 16 | words[12] == int(charger.session.energy)
        assert int(charger.session.energy) > 0xFFFF
        assert words[13] << 16 | words[14] == 69_999


async def test_cards_start_and_stop() -> None:
    """Writing a tag is holding a card to the reader; only known cards count."""
    charger = plugged(accepts_tags=("ABCDEF12",))

    def tag(text: str) -> list[int]:
        return list(struct.unpack(">10H", text.rjust(20).encode()))

    async with on_wire(charger) as wire:
        charger.advance(10)
        assert await wire.read(720, 10) == [0x2020] * 10
        assert [await wire.read_one(104), await wire.read_one(706)] == [5, 0]
        await wire.write(1110, *tag("12345678"))
        charger.advance(10)
        assert await wire.read_one(104) == 5
        await wire.write(1110, *tag("ABCDEF12"))
        charger.advance(10)
        assert await wire.read_one(104) == 6
        assert await wire.read(720, 10) == tag("ABCDEF12")
        charger.set({"ecu.disclose_uid": False})
        assert await wire.read(720, 10) == [0x2020] * 10
        await wire.write(1110, *tag("ABCDEF12"))
        charger.advance(10)
        assert [await wire.read_one(104), await wire.read_one(706)] == [9, 0]
        charger.set({"ecu.allow_start_stop": False})
        assert await wire.write_refusal(1110, *tag("ABCDEF12")) == 2
        assert await wire.refusal(1110, 10) == 2


@pytest.mark.parametrize(
    ("firmware", "grid_phases", "relay"),
    [("5.22", 3, 1), ("5.22", 1, 1), ("5.33", 3, 1), ("5.33", 1, 5)],
)
async def test_newer_relays_tell_one_phase(firmware: str, grid_phases: int, relay: int) -> None:
    """From 5.33 on 5 means on with one phase."""
    charger = plugged(firmware=firmware, grid_phases=grid_phases)
    async with on_wire(charger) as wire:
        charger.advance(10)
        assert await wire.read_one(140) == relay
        charger.do("leave")
        charger.advance(1)
        assert await wire.read_one(140) == 0


async def test_cars_that_talk() -> None:
    """ISO 15118 brings departure, wishes and an identity; newer firmware the state of charge."""
    charger = plugged(firmware="5.33")
    charger.set(
        {
            "ecu.departure_time": 63000,
            "ecu.departure_date": 210126,
            "ecu.required_energy": 70_000,
            "ecu.vehicle_id": "0A1B2C3D4E5F",
            "ecu.state_of_charge": 55,
        }
    )
    async with on_wire(charger) as wire:
        assert await wire.read(700, 5) == [0xFFFF, 0x0006, 0x3000, 0x0021, 0x0126]
        assert await wire.read(713, 2) == [1, 70_000 - 65_536]
        assert await wire.read(741, 6) == [0x3041, 0x3142, 0x3243, 0x3344, 0x3445, 0x3546]
        assert [await wire.read_one(730), await wire.read_one(740)] == [55, 1]
    async with on_wire(ChargerEcu()) as wire:
        assert await wire.read(741, 6) == [0] * 6


async def test_load_management_limits_a_master() -> None:
    """The operator's lowest limit counts on all phases."""
    charger = plugged()
    charger.set({"network.mode": 2, "network.stations": 4})
    async with on_wire(charger) as wire:
        await wire.write(613, 20, 18, 32)
        charger.advance(20)
        assert [await wire.read_one(address) for address in (600, 620, 621, 706)] == [2, 0, 3, 18]
        assert await wire.read(610, 6) == [32, 32, 32, 20, 18, 32]
        assert await wire.read(630, 6) == [18, 18, 18, 0, 0, 0]
        charger.set({"network.mode": 4})
        charger.advance(20)
        assert await wire.read_one(706) == 32


async def test_the_forbidden_register_remembers() -> None:
    """A client that writes the address offset is found out."""
    charger = ChargerEcu()
    async with on_wire(charger) as wire:
        assert await wire.read(130) == [0]
        await wire.write(130, 5)
        assert charger.state()["ecu.address_offset"] == 5
