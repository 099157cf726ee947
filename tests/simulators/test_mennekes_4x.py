"""The simulated 4Business / 4You, held against its document word by word."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from simulators.mennekes_tcp import Charger4X
from simulators.mennekes_tcp.codes import Overlap, OverLimit, PhaseMode, ReadOnlyWrites
from simulators.server import serve
from tests.simulators.wire import ExceptionAnswerError, Wire, connected

SMALL = "4Business 710 11 C2"
LARGE = "4Business 710 22 C2"

#: Every address of the document, as ranges.
IN_1_0 = (
    (100, 2), (104, 9), (120, 2), (122, 1), (124, 1), (131, 2), (134, 1), (140, 12), (152, 22),
    (200, 28), (706, 3), (710, 3), (715, 5), (1000, 3),
)  # fmt: skip
SINCE_1_5 = (
    (600, 1), (610, 6), (620, 2), (630, 6), (2000, 3), (2010, 4), (2020, 4), (2030, 1),
    (2158, 16), (2622, 2), (2636, 3),
)  # fmt: skip


def small(**options: object) -> Charger4X:
    """Return an 11 kW charger on voltages that stand still, with a car."""
    charger = Charger4X(**({"model": SMALL} | options))  # type: ignore[arg-type]  # any option
    charger.set({"grid.noise": 0})
    charger.do("plug_in")
    return charger


@asynccontextmanager
async def on_wire(charger: Charger4X) -> AsyncIterator[Wire]:
    """Serve a charger and connect to it."""
    async with serve(charger) as server, connected(server) as wire:
        yield wire


def signed(words: list[int]) -> int:
    """Decode two registers as the meter's int32."""
    (value,) = struct.unpack(">i", struct.pack(">HH", *words))
    assert isinstance(value, int)
    return value


@pytest.mark.parametrize(
    ("protocol", "ranges"), [("1.0", IN_1_0), ("1.4", IN_1_0), ("1.5", IN_1_0 + SINCE_1_5)]
)
def test_exactly_the_documented_registers_exist(
    protocol: str, ranges: tuple[tuple[int, int], ...]
) -> None:
    """No address more, no address less."""
    charger = Charger4X(protocol=protocol, readable_holes=())
    documented = {address for start, count in ranges for address in range(start, start + count)}
    unit = charger.unit()
    declared = {
        address for register in unit.registers for address in range(register.address, register.end)
    }
    assert declared == documented
    writable = {register.address for register in unit.registers if register.write is not None}
    assert writable & set(range(1000, 2700)) == {
        address for address in (1000, 1001, 1002, 2000, 2001, 2002) if address in documented
    }
    assert writable & set(range(1000)) == {131, 132} | ({613, 614, 615} & documented)


async def test_blocks_that_are_safe_to_read() -> None:
    """All blocks of the read plan are answered, across the one hole that devices tolerate."""
    blocks = [
        (104, 9), (122, 3), (131, 2), (140, 1), (142, 10), (200, 28), (206, 22), (706, 1), (716, 4),
        (2000, 3), (2020, 4), (100, 2), (120, 2), (134, 1), (140, 18), (600, 1), (610, 6), (620, 2),
        (630, 6), (706, 3), (710, 3), (715, 5), (2010, 4), (2030, 1), (2158, 16), (2622, 2),
        (2636, 3),
    ]  # fmt: skip
    async with on_wire(small()) as wire:
        for address, count in blocks:
            assert len(await wire.read(address, count)) == count


@pytest.mark.parametrize(
    ("address", "count"),
    [(122, 4), (131, 4), (131, 25), (134, 7), (706, 4), (712, 4), (610, 12), (2000, 11), (130, 1),
     (700, 6), (709, 1), (713, 2), (720, 10), (741, 6), (1110, 10)],
)  # fmt: skip
async def test_other_holes_are_illegal_addresses(address: int, count: int) -> None:
    """Exception 2, and the connection stays."""
    async with on_wire(small()) as wire:
        assert await wire.refusal(address, count) == 2
        assert await wire.read_one(141) == 0x414D


async def test_holes_can_be_made_strict() -> None:
    """No document guarantees the hole either."""
    async with on_wire(small(readable_holes=())) as wire:
        assert await wire.refusal(122, 3) == 2


@pytest.mark.parametrize(("address", "count"), [(730, 1), (740, 1), (720, 11), (735, 6)])
async def test_two_addresses_cost_the_connection(address: int, count: int) -> None:
    """The exception is answered, then the charger hangs up."""
    async with on_wire(small()) as wire:
        assert await wire.refusal(address, count) == 2
        assert await wire.dropped()


async def test_one_client_only() -> None:
    """A second one completes the handshake and is dropped; the first does not notice."""
    charger = small()
    async with serve(charger) as server, connected(server) as first:
        async with connected(server) as second:
            assert await second.dropped()
        assert await first.read_one(141) == 0x414D
        assert charger.traffic.connections_refused == 1


async def test_other_units_and_functions() -> None:
    """Only unit 1 answers, and only functions 3, 6 and 16."""
    charger = small()
    async with on_wire(charger) as wire:
        with pytest.raises(ExceptionAnswerError) as caught:
            await wire.read(141, function=4)
        assert caught.value.code == 1
        for unit in (0, 2, 255):
            wire.send(struct.pack(">HHHBBHH", 9, 0, 6, unit, 3, 141, 1))
        assert await wire.silent()


@pytest.mark.parametrize(
    ("states", "options", "address", "words"),
    [
        ({}, {"model": "4You 510 11 T2S"}, 142,
         "3459 6F75 2035 3130 2031 3120 5432 5300 0000 0000"),
        ({"car.plugged": False}, {}, 220, "0000 0000"),
        ({"grid.nominal_l1": 244}, {}, 222, "0000 00F4"),
        ({"grid.nominal_l1": 239, "grid.nominal_l2": 239, "grid.nominal_l3": 240}, {}, 222,
         "0000 00EF 0000 00EF 0000 00F0"),
        ({}, {}, 218, "0021 E5AB"),
        ({}, {"energy": 990_320.0}, 200, "000F 1C70 0000 0000 0000 0000"),
        ({}, {}, 1001, "003C"),
        ({}, {}, 1002, "2B20"),
        ({}, {"firmware": (1, 5, 21, 1234)}, 153, "0001 0005 0015 0000 04D2"),
        ({}, {}, 120, "312E 3500"),
        ({}, {}, 141, "414D"),
        ({"charger.errors": 0x1_0000_0000_0000_0000_0000_0041}, {}, 105,
         "0000 0001 0000 0000 0000 0000 0000 0041"),
    ],
)  # fmt: skip
async def test_vectors_of_the_document(
    states: dict[str, object], options: dict[str, object], address: int, words: str
) -> None:
    """Raw words as seen on real devices."""
    charger = small(**options)
    charger.set(states)
    expected = [int(word, 16) for word in words.split()]
    async with on_wire(charger) as wire:
        assert await wire.read(address, len(expected)) == expected


async def test_frames_byte_for_byte() -> None:
    """The frames of the document, without a client in between."""
    charger = small()
    async with on_wire(charger) as wire:
        await wire.write(2000, 16)
        charger.advance(20)
        wire.send(bytes.fromhex("00 01 00 00 00 06 01 03 02 C2 00 01"))
        assert await wire.receive(11) == bytes.fromhex("00 01 00 00 00 05 01 03 02 00 10")
        request = bytes.fromhex("00 02 00 00 00 06 01 06 07 D0 00 06")
        wire.send(request)
        assert await wire.receive(12) == request
        assert charger.hems.current == 6
        wire.send(bytes.fromhex("00 03 00 00 00 09 01 10 07 D2 00 01 02 0E 60"))
        assert await wire.receive(12) == bytes.fromhex("00 03 00 00 00 06 01 10 07 D2 00 01")
        assert charger.hems.power == 3680
        wire.send(bytes.fromhex("00 04 00 00 00 06 01 03 02 D0 00 0A"))
        assert await wire.receive(9) == bytes.fromhex("00 04 00 00 00 03 01 83 02")


@pytest.mark.parametrize("watts", [0x0564, 0x0E60, 0x102C, 0x1CC0, 0x2B20, 0x5640])
async def test_power_limits_travel_unchanged(watts: int) -> None:
    """1380, 3680, 4140, 7360, 11040 and 22080 W on a charger that can do them all."""
    charger = Charger4X(model=LARGE, phase_mode=PhaseMode.DYNAMIC)
    async with on_wire(charger) as wire:
        await wire.write(2002, watts)
        assert await wire.read(2002) == await wire.read(1002) == [watts]


@pytest.mark.parametrize(
    ("model", "written", "stored"),
    [(SMALL, 0, 0), (SMALL, 1, 0), (SMALL, 5, 0), (SMALL, 6, 6), (SMALL, 16, 16), (SMALL, 17, 16),
     (SMALL, 32, 16), (LARGE, 32, 32), (LARGE, 33, 32), (LARGE, 0xFFFF, 32)],
)  # fmt: skip
@pytest.mark.parametrize("address", [2000, 1000])
async def test_current_limits(address: int, model: str, written: int, stored: int) -> None:
    """1 to 5 A become 0; all copies agree, in whole and in tenths of amps."""
    async with on_wire(Charger4X(model=model)) as wire:
        await wire.write(address, written)
        assert await wire.read(2000, 2) == await wire.read(1000, 2) == [stored, 10 * stored]


@pytest.mark.parametrize(
    ("written", "tenths", "whole"),
    [(0, 0, 0), (59, 0, 0), (60, 60, 6), (105, 105, 10), (320, 160, 16)],
)
@pytest.mark.parametrize("address", [2001, 1001])
async def test_current_limits_in_tenths(
    address: int, written: int, tenths: int, whole: int
) -> None:
    """Below 6.0 A is 0; the copy in whole amps is the part before the point."""
    async with on_wire(Charger4X(model=SMALL)) as wire:
        await wire.write(address, written)
        assert await wire.read(2000, 2) == await wire.read(1000, 2) == [whole, tenths]


async def test_too_much_current_may_be_refused() -> None:
    """Whether real devices clamp or refuse is not known."""
    async with on_wire(small(over_limit=OverLimit.REFUSE)) as wire:
        for address, value in ((2000, 17), (1000, 32), (2001, 161), (131, 17)):
            assert await wire.write_refusal(address, value) == 3
        await wire.write(2000, 16)
        assert await wire.read_one(2000) == 16


@pytest.mark.parametrize(
    ("model", "mode", "lowest", "highest"),
    [
        (SMALL, PhaseMode.ONE, 1380, 3680),
        (SMALL, PhaseMode.THREE, 4140, 11040),
        (SMALL, PhaseMode.DYNAMIC, 1380, 11040),
        (SMALL, PhaseMode.WHEN_UNPLUGGED, 1380, 11040),
        (LARGE, PhaseMode.ONE, 1380, 7360),
        (LARGE, PhaseMode.THREE, 4140, 22080),
        (LARGE, PhaseMode.DYNAMIC, 1380, 22080),
    ],
)
@pytest.mark.parametrize("address", [2002, 1002])
async def test_power_limits_follow_their_bounds(
    model: str, mode: PhaseMode, lowest: int, highest: int, address: int
) -> None:
    """Below register 2012 is 0, above register 2013 is that."""
    async with on_wire(Charger4X(model=model, phase_mode=mode)) as wire:
        assert await wire.read(2012, 2) == [lowest, highest]
        for written, stored in (
            (lowest, lowest), (lowest - 1, 0), (1, 0), (highest, highest),
            (0xFFFF, highest), (0, 0),
        ):  # fmt: skip
            await wire.write(address, written)
            assert await wire.read(2002) == await wire.read(1002) == [stored]


async def test_the_default_phase_mode_follows_the_model() -> None:
    """Dynamic switching is known from 11 kW units only."""
    assert Charger4X(model=SMALL).register("phase_mode").value == 2
    assert Charger4X(model=LARGE).register("phase_mode").value == 1


async def test_old_protocols_have_the_copies_only() -> None:
    """Without the block at 2000 the set-points at 1000 still work."""
    charger = small(protocol="1.0")
    async with on_wire(charger) as wire:
        assert await wire.refusal(2000) == 2
        assert await wire.refusal(600) == 2
        await wire.write(1000, 10)
        charger.advance(20)
        assert await wire.read_one(706) == 10


async def test_a_charge_from_arrival_to_departure() -> None:
    """Every state on the way, as a client sees it."""
    charger = small()
    charger.do("leave")
    async with on_wire(charger) as wire:

        async def seen() -> list[int]:
            """Return OCPP status, vehicle, relay, signalled current, phases."""
            return [await wire.read_one(address) for address in (104, 122, 140, 706, 2023)]

        charger.advance(1)
        assert await seen() == [1, 1, 0, 0, 0]
        charger.do("plug_in")
        charger.advance(1)
        assert await seen() == [3, 3, 1, 6, 2]
        charger.advance(20)
        assert await wire.read(206, 12) == [0, 1380] * 3 + [0, 6000] * 3
        assert signed(await wire.read(220, 2)) == 4140
        await wire.write(2000, 0)
        charger.advance(5)
        assert await seen() == [4, 2, 0, 0, 2]
        assert signed(await wire.read(220, 2)) == 0
        await wire.write(2000, 16)
        charger.advance(20)
        assert await seen() == [3, 3, 1, 16, 2]
        charger.set({"car.charged_wh": 59_000})
        charger.set({"hems.timeout": 0})
        charger.advance(3600)
        assert await seen() == [5, 2, 0, 16, 2]
        assert charger.car.full
        charger.do("leave")
        charger.advance(1)
        assert await seen() == [1, 1, 0, 0, 0]


async def test_energy_is_power_times_time() -> None:
    """The counters gain what the power register showed, second by second, to its rounding."""
    charger = Charger4X(model=SMALL, seed=3)
    charger.do("plug_in")
    async with on_wire(charger) as wire:
        before = signed(await wire.read(218, 2))
        assert before == 2_221_483
        shown = 0
        for second in range(900):
            if second % 150 == 0:
                await wire.write(2000, (16, 0, 7, 12, 3, 9)[second // 150])
            shown += signed(await wire.read(220, 2))
            charger.advance(1)
        gained = signed(await wire.read(218, 2)) - before
        assert gained > 900
        # Half a watt of rounding for a quarter of an hour, and one counter step.
        assert abs(gained - shown / 3600) < 900 * 0.5 / 3600 + 1
        assert charger.meter.energy - 2_221_483 == pytest.approx(charger.session.energy)
        assert signed(await wire.read(716, 2)) == int(charger.session.energy)
        assert (await wire.read(200, 6))[2:] == [0, 0, 0, 0]
        assert await wire.read(200, 2) == await wire.read(218, 2)


async def test_a_charger_without_a_meter_reads_all_bits_set() -> None:
    """Meter registers then have no value; nothing else changes."""
    charger = small()
    charger.set({"charger.metered": False})
    async with on_wire(charger) as wire:
        assert await wire.read(200, 28) == [0xFFFF] * 28
        assert await wire.read_one(712) == 6


async def test_sessions_keep_their_numbers_until_the_next() -> None:
    """Start and end in decimal digits, energy and duration of the last charge."""
    charger = small()
    charger.do("leave")
    charger.set({"hems.timeout": 0})
    async with on_wire(charger) as wire:
        assert await wire.read(706, 3) == [0, 0, 0]
        assert await wire.read(710, 2) == [0, 0]
        # The clock began at 07:45:09 and a charger looks once a second.
        charger.clock.start = charger.clock.start.replace(second=8)
        charger.do("plug_in")
        charger.advance(1)
        assert await wire.read(707, 2) == [0x0007, 0x4509]
        charger.advance(3600)
        energy = await wire.read(716, 2)
        assert 4000 < signed(energy) < 4140
        assert await wire.read(718, 2) == [0, 3600]
        charger.do("leave")
        charger.advance(51)
        assert await wire.read(710, 2) == [0x0008, 0x4510]
        charger.advance(600)
        assert await wire.read(718, 2) == [0, 3601]
        # The last second still counted what the car drew in it.
        assert 0 <= signed(await wire.read(716, 2)) - signed(energy) <= 2
        charger.do("plug_in")
        charger.advance(1)
        assert await wire.read(715, 5) == [16, 0, 0, 0, 0]
        assert await wire.read(707, 2) == [0x0008, 0x5601]
        assert await wire.read(710, 2) == [0x0008, 0x4510]


@pytest.mark.parametrize(
    ("states", "offer", "status"),
    [
        ({}, 16, 3),
        ({"charger.authorisation": "not_authorised"}, 0, 2),
        ({"charger.authorisation": "authorised"}, 16, 3),
        ({"charger.available": False}, 0, 8),
        ({"charger.faulted": True}, 0, 9),
        ({"charger.released": False}, 0, 4),
        ({"charger.operator_limit": 10}, 10, 3),
        ({"charger.operator_limit": 5}, 0, 4),
        ({"car.faulty": True}, 0, 9),
        ({"car.wants_to_charge": False}, 16, 2),
        ({"car.plugged": False, "charger.reserved": True}, 0, 7),
        ({"car.start_current": 20}, 16, 2),
        ({"network.mode": 1, "network.configured_l2": 12}, 12, 3),
        ({"network.mode": 1, "network.granted_l3": 9, "network.others_applied": 2}, 7, 3),
        ({"network.mode": 4, "network.granted_l3": 9}, 16, 3),
        ({"network.mode": 0, "network.granted_l3": 9}, 16, 3),
        ({"network.mode": 1, "network.granted_l3": 5}, 0, 4),
    ],
)
async def test_why_a_charger_charges_or_not(
    states: dict[str, object], offer: int, status: int
) -> None:
    """The lowest limit counts, and every precondition."""
    charger = small()
    charger.set(states)
    async with on_wire(charger) as wire:
        await wire.write(2000, 16)
        charger.advance(20)
        assert [await wire.read_one(706), await wire.read_one(104)] == [offer, status]


async def test_a_cable_limits_a_socket() -> None:
    """A socket knows the cable only while it is there, and locks it."""
    charger = small(model="4You 510 22 T2S")
    charger.set({"charger.cable_current": 20})
    async with on_wire(charger) as wire:
        await wire.write(2000, 32)
        charger.advance(20)
        assert [await wire.read_one(address) for address in (706, 715, 152)] == [20, 20, 2]
        charger.do("leave")
        charger.advance(1)
        assert [await wire.read_one(address) for address in (706, 715, 152)] == [0, 0, 1]
    assert small().register("plug_lock").value == 3


async def test_withdrawn_authorisation_finishes_a_charge() -> None:
    """A session that ended while the car is there is finishing, until it is authorised anew."""
    charger = small()
    charger.set({"charger.authorisation": "authorised"})
    async with on_wire(charger) as wire:
        charger.advance(20)
        assert await wire.read_one(2030) == 1
        charger.set({"charger.authorisation": "not_authorised"})
        charger.advance(2)
        assert [await wire.read_one(address) for address in (104, 706, 140, 2030)] == [6, 0, 0, 2]
        charger.set({"charger.authorisation": "authorised"})
        charger.advance(20)
        assert await wire.read_one(104) == 3
        assert signed(await wire.read(718, 2)) == 19


async def test_a_car_with_one_phase() -> None:
    """It draws on L1 alone, however many phases it is given."""
    charger = small()
    charger.set({"car.phases": 1})
    async with on_wire(charger) as wire:
        await wire.write(2000, 16)
        charger.advance(20)
        assert await wire.read(206, 6) == [0, 3680, 0, 0, 0, 0]
        assert await wire.read(212, 6) == [0, 16000, 0, 0, 0, 0]
        assert await wire.read_one(2023) == 2


async def test_an_installation_with_one_phase() -> None:
    """There is no voltage on the others, and a lower maximum."""
    charger = small(grid_phases=1)
    async with on_wire(charger) as wire:
        await wire.write(2000, 16)
        charger.advance(20)
        assert await wire.read(222, 6) == [0, 230, 0, 0, 0, 0]
        assert await wire.read_one(2023) == 1
        assert await wire.read(2012, 2) == [1380, 3680]


async def test_the_power_limit_decides_on_the_phases() -> None:
    """Fewer watts than three phases need mean one; a switch takes a pause with open relays."""
    charger = small()
    charger.set({"charger.switch_pause": 20})
    async with on_wire(charger) as wire:

        async def seen() -> list[int]:
            """Return signalled current, relay, switching and phases."""
            return [await wire.read_one(address) for address in (706, 140, 2022, 2023)]

        await wire.write(2000, 16)
        charger.advance(20)
        assert await seen() == [16, 1, 0, 2]
        await wire.write(2002, 3680)
        charger.advance(2)
        assert await seen() == [0, 0, 1, 2]
        charger.advance(28)
        assert await seen() == [0, 0, 1, 2]
        await wire.read(706)
        charger.advance(12)
        assert await seen() == [16, 1, 0, 1]
        assert await wire.read(212, 6) == [0, 16000, 0, 0, 0, 0]
        await wire.write(2002, 4140)
        charger.advance(3)
        assert await seen() == [0, 0, 1, 1]
        charger.advance(43)
        assert await seen() == [6, 1, 0, 2]
        await wire.write(2002, 0)
        charger.advance(20)
        assert await seen() == [0, 0, 0, 2]


@pytest.mark.parametrize(
    ("watts", "volts", "offer"),
    [(1380, 230, 6), (1380, 240, 0), (1440, 240, 6), (3680, 230, 16), (2000, 230, 8),
     (3680, 207, 16), (4140, 230, 6), (4140, 232, 0), (4200, 232, 6), (11040, 240, 16),
     (9000, 230, 13)],
)  # fmt: skip
async def test_watts_become_amps_with_the_measured_voltage(
    watts: int, volts: int, offer: int
) -> None:
    """The lowest power may come out below 6 A, and then pauses."""
    charger = small()
    charger.set({f"grid.nominal_l{phase}": volts for phase in (1, 2, 3)})
    charger.set({"car.plugged": False})
    charger.advance(1)
    async with on_wire(charger) as wire:
        await wire.write(2000, 16)
        await wire.write(2002, watts)
        charger.set({"car.plugged": True})
        charger.advance(30)
        assert await wire.read_one(706) == offer


async def test_the_lower_limit_wins() -> None:
    """Amps and watts are both in force."""
    charger = small()
    async with on_wire(charger) as wire:
        await wire.write(2000, 10)
        await wire.write(2002, 9000)
        charger.advance(30)
        assert await wire.read_one(706) == 10
        await wire.write(2000, 16)
        charger.advance(30)
        assert await wire.read_one(706) == 13


@pytest.mark.parametrize(
    ("overlap", "first", "second"),
    [(Overlap.ONE, 1, 1), (Overlap.THREE, 2, 2), (Overlap.KEEP, 1, 2)],
)
async def test_where_both_phase_counts_are_possible(
    overlap: Overlap, first: int, second: int
) -> None:
    """5000 W after one phase, and after three: what real 22 kW units do is not known."""
    charger = small(model=LARGE, phase_mode=PhaseMode.DYNAMIC, overlap=overlap)
    async with on_wire(charger) as wire:
        await wire.write(2000, 32)
        for before, expected in ((2000, first), (22080, second)):
            await wire.write(2002, before)
            charger.advance(40)
            await wire.write(2002, 5000)
            charger.advance(40)
            assert await wire.read_one(2023) == expected


async def test_phases_that_only_change_without_a_car() -> None:
    """In that mode they stay as they were when the session began."""
    charger = small(phase_mode=PhaseMode.WHEN_UNPLUGGED)
    async with on_wire(charger) as wire:
        charger.advance(5)
        assert await wire.read_one(2023) == 2
        await wire.write(2002, 2000)
        charger.advance(40)
        assert [await wire.read_one(2023), await wire.read_one(2022)] == [2, 0]
        # 2000 W on three phases are less than 6 A: it does not start.
        assert await wire.read_one(706) == 0
        charger.do("leave")
        charger.advance(2)
        charger.do("plug_in")
        charger.advance(10)
        assert [await wire.read_one(2023), await wire.read_one(706)] == [1, 6]


@pytest.mark.parametrize(("mode", "phases"), [(PhaseMode.ONE, 1), (PhaseMode.THREE, 2)])
async def test_fixed_phases(mode: PhaseMode, phases: int) -> None:
    """No power limit changes them."""
    charger = small(phase_mode=mode)
    async with on_wire(charger) as wire:
        for watts in (0xFFFF, 3680, 0):
            await wire.write(2002, watts)
            charger.advance(40)
            assert [await wire.read_one(2023), await wire.read_one(2022)] == [phases, 0]


async def test_silence_brings_the_safe_current() -> None:
    """Any request restarts the watchdog; only a write ends the timeout."""
    charger = small()
    async with on_wire(charger) as wire:
        await wire.write(131, 8)
        await wire.write(132, 30)
        await wire.write(2000, 16)
        for _ in range(5):
            charger.advance(29)
            assert await wire.read_one(706) == 16
        charger.advance(29)
        assert await wire.read_one(2011) == 0
        charger.advance(30)
        assert await wire.read(2011) == [1]
        charger.advance(10)
        assert [await wire.read_one(706), await wire.read_one(2000)] == [8, 16]
        charger.advance(10)
        assert await wire.read_one(2011) == 1
        await wire.write(2000, 14)
        charger.advance(20)
        assert [await wire.read_one(2011), await wire.read_one(706)] == [0, 14]
        await wire.write_one(131, 0)
        charger.advance(60)
        assert [await wire.read_one(706), await wire.read_one(2011)] == [0, 1]


@pytest.mark.parametrize(
    ("written", "stored"), [(0, 0), (1, 0), (5, 0), (6, 6), (16, 16), (32, 16)]
)
async def test_safe_current_follows_the_rules_of_a_current(written: int, stored: int) -> None:
    """1 to 5 A are stored as 0."""
    async with on_wire(small()) as wire:
        await wire.write(131, written)
        assert await wire.read_one(131) == stored


async def test_without_write_access_nothing_is_supervised() -> None:
    """The watchdog runs while Modbus may write."""
    charger = small()
    charger.set({"hems.access": "read_only"})
    charger.advance(600)
    async with on_wire(charger) as wire:
        assert await wire.read(2010, 2) == [1, 0]


@pytest.mark.parametrize("address", [131, 132, 613, 1000, 1001, 1002, 2000, 2001, 2002])
async def test_read_only_means_read_only(address: int) -> None:
    """Writes are refused, or acknowledged without effect: which of the two is not known."""
    charger = small()
    charger.set({"hems.access": "read_only", "network.mode": 1})
    async with on_wire(charger) as wire:
        before = await wire.read(address)
        assert await wire.write_refusal(address, 7) == 2
        charger.read_only_writes = ReadOnlyWrites.IGNORE
        await wire.write(address, 7)
        assert await wire.read(address) == before


async def test_an_interface_that_is_off_drops_clients() -> None:
    """Nothing can be read, until it is switched on."""
    charger = small()
    async with serve(charger) as server, connected(server) as wire:
        charger.set({"hems.access": "off"})
        charger.advance(1)
        assert await wire.dropped()
        async with connected(server) as other:
            assert await other.dropped()
        charger.set({"hems.access": "read_write"})
        async with connected(server) as other:
            assert await other.read_one(2010) == 2


@pytest.mark.parametrize("address", [104, 122, 124, 140, 200, 600, 706, 2010, 2012, 2020, 2030])
async def test_what_can_only_be_read(address: int) -> None:
    """Availability is one of them on this family."""
    async with on_wire(small()) as wire:
        before = await wire.read(address)
        assert await wire.write_refusal(address, 1) == 2
        assert await wire.read(address) == before


async def test_a_reboot_forgets_the_set_points() -> None:
    """Connections break, charging pauses, the limits are those of a fresh start."""
    charger = small()
    async with serve(charger) as server:
        async with connected(server) as wire:
            await wire.write(2000, 16)
            await wire.write(2002, 9000)
            await wire.write(131, 10)
            charger.advance(20)
            charger.do("reboot")
            assert await wire.dropped()
        charger.advance(5)
        assert charger.state()["charging.relay"] is False
        async with connected(server) as wire:
            assert await wire.dropped()
        charger.advance(25)
        async with connected(server) as wire:
            assert await wire.read(2000, 3) == [6, 60, 11040]
            assert await wire.read_one(131) == 10
            charger.advance(20)
            assert await wire.read_one(706) == 6


async def test_a_master_reports_its_network() -> None:
    """Limits, what all stations are allowed and draw, and what is left."""
    charger = small()
    charger.set(
        {
            "network.mode": 1,
            "network.configured_l1": 40,
            "network.others_applied": 10,
            "network.others_drawn": 8,
            "network.stations": 3,
            "network.source": 2,
            "network.in_fallback": 1,
        }
    )
    async with on_wire(charger) as wire:
        await wire.write(613, 30, 28, 31)
        await wire.write(2000, 16)
        await wire.write(2002, 3680)
        charger.advance(40)
        assert await wire.read(600) == [1]
        assert await wire.read(610, 6) == [40, 32, 32, 30, 28, 31]
        assert await wire.read(620, 2) == [2, 3]
        assert await wire.read(630, 6) == [26, 10, 10, 2, 18, 18]
        assert await wire.read(2622, 2) == [1, 6]
        assert await wire.read(2636, 3) == [24, 8, 8]
        await wire.write(2000, 0)
        charger.advance(5)
        # A car that draws nothing still has 6 A reserved.
        assert await wire.read(630, 3) == [16, 10, 10]


@pytest.mark.parametrize("mode", [0, 4])
async def test_no_other_station_reports_the_network(mode: int) -> None:
    """A satellite and a lone charger have nothing to say."""
    charger = small()
    charger.set({"network.mode": mode})
    async with on_wire(charger) as wire:
        assert await wire.read(600) == [mode]
        assert await wire.read(610, 6) == [0] * 6
        assert await wire.read(630, 6) == [0] * 6


def _noise(seed: int) -> list[int]:
    charger = Charger4X(model=SMALL, seed=seed)
    charger.do("plug_in")
    charger.advance(500)
    return [word for row in charger.unit().table() for word in _words(row["words"])]


def _words(words: object) -> list[int]:
    assert isinstance(words, list)
    return words


def test_the_same_seed_gives_the_same_charger() -> None:
    """And another seed another one."""
    assert _noise(1) == _noise(1)
    assert _noise(1) != _noise(2)


@pytest.mark.parametrize(
    "read", [lambda wire: wire.read(200, 28), lambda wire: wire.read(2158, 16)]
)
async def test_reading_has_no_side_effects(
    read: Callable[[Wire], asyncio.Future[list[int]]],
) -> None:
    """Two reads at the same moment are equal."""
    async with on_wire(small()) as wire:
        assert await read(wire) == await read(wire)
