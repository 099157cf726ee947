"""What the words on the wire mean, on both profiles."""

import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import cast

import pytest
from modbus_connection import IllegalDataAddressError, ModbusUnit
from modbus_connection.model import Component

from custom_components.voltrail.engine.devices.mennekes_tcp import (
    registers_4x,
    registers_ecu,
    registers_shared,
)
from custom_components.voltrail.engine.devices.mennekes_tcp.states import (
    AssignedPhases,
    Authorisation,
    EcuError,
    EcuNetworkRole,
    EcuPlugLock,
    EcuStatus,
    HemsAccess,
    HemsStatus,
    LimitationSource,
    NetworkRole,
    OcppStatus,
    PhaseSwitchMode,
    PlugLock,
    Relay,
    VehicleState,
)
from custom_components.voltrail.engine.model.points import UnknownCode


class Words:
    """A unit that holds these words, and refuses every other."""

    def __init__(self, words: dict[int, int]) -> None:
        self.words = words

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        """Answer, or refuse the whole request."""
        try:
            return [self.words[address + offset] for offset in range(count)]
        except KeyError as err:
            raise IllegalDataAddressError from err


async def decoded[C: Component](kind: type[C], address: int, words: str, fill: int = 0) -> C:
    """Return a component that has read these words from an address on."""
    held = dict.fromkeys(range(3000), fill)
    for offset, word in enumerate(words.split()):
        held[address + offset] = int(word, 16)
    component = kind(cast("ModbusUnit", Words(held)))
    await component.async_update()
    return component


@pytest.mark.parametrize(
    ("kind", "address", "words", "name", "value"),
    [
        # Bytes that were seen on the wire of real chargers.
        (
            registers_shared.Model,
            142,
            "3459 6F75 2035 3130 2031 3120 5432 5300 0000 0000",
            "model",
            "4You 510 11 T2S",
        ),
        (registers_4x.Meter, 220, "0000 0000", "power", 0),
        (registers_4x.Meter, 222, "0000 00F4", "voltage_l1", 244),
        (registers_4x.Meter, 222, "0000 00EF 0000 00EF 0000 00F0", "voltage_l3", 240),
        (registers_4x.Meter, 218, "0021 E5AB", "energy_charged", 2_221_483),
        (registers_4x.Meter, 200, "000F 1C70", "energy_l1", 990_320),
        (registers_4x.OldLimits, 1001, "003C", "tenths", 60),
        (registers_4x.OldLimits, 1002, "2B20", "power", 11_040),
        # And some that were worked out from the document.
        (registers_4x.Station, 153, "0001 0005 0015 0000 04D2", "firmware", "1.5.21-1234"),
        (registers_4x.Station, 153, "0001 0005 0015 0001 0000", "firmware", "1.5.21-65536"),
        (registers_4x.Meter, 212, "0000 3E81", "current_l1", 16.001),
        (registers_4x.Meter, 206, "FFFF FFFE", "power_l1", -2),
        (registers_4x.Signal, 707, "0007 4509", "start_time", "07:45:09"),
        (registers_4x.Ending, 710, "0023 5959", "end_time", "23:59:59"),
        (registers_4x.Status, 105, "0000 0001 DEAD BEEF", "error_word_2", 0xDEAD_BEEF),
        (registers_ecu.Times, 707, "0000 0001", "start_time", "00:00:01"),
        (registers_ecu.Departure, 703, "0029 0224", "departure_date", "2024-02-29"),
        (registers_ecu.Version, 100, "352E 3232", "firmware", "5.22"),
        (registers_ecu.CarIdentity, 741, "3030 3141 3244 0000 0000 0000", "evcc_id", "001A2D"),
    ],
)
async def test_words_and_their_meaning(
    kind: type[Component], address: int, words: str, name: str, value: object
) -> None:
    """The vectors of the register documents and of the traces."""
    assert getattr(await decoded(kind, address, words), name) == value


@pytest.mark.parametrize("kind", [registers_4x.Meter, registers_ecu.Meter, registers_ecu.OldMeter])
async def test_all_ones_are_no_value(kind: type[Component]) -> None:
    """A meter that has nothing to say shows nothing: neither -1 W nor 4 294 967 295 W."""
    meter = await decoded(kind, 200, "", fill=0xFFFF)
    assert {name: getattr(meter, name) for name in meter.declared_fields} == dict.fromkeys(
        meter.declared_fields
    )
    if isinstance(meter, registers_ecu.OldMeter):
        assert meter.power is None
        assert meter.energy_charged is None


@pytest.mark.parametrize(
    ("kind", "address", "words", "name"),
    [
        (registers_4x.Session, 715, "0000", "vehicle_maximum_current"),
        (registers_4x.Session, 716, "FFFF FFFF", "session_energy"),
        (registers_4x.Session, 718, "FFFF FFFF", "session_duration"),
        (registers_ecu.Session, 716, "FFFF FFFF", "session_energy"),
        (registers_ecu.OldTimes, 709, "FFFF", "session_duration"),
        (registers_ecu.OldDeparture, 705, "FFFF", "session_energy"),
        (registers_ecu.Need, 713, "FFFF FFFF", "energy_required"),
        (registers_ecu.Status, 111, "FFFF FFFF", "error_list"),
        # Not a time of day: too many hours, minutes or seconds, no decimal digits, a fourth pair.
        (registers_4x.Signal, 707, "0024 0000", "start_time"),
        (registers_4x.Signal, 707, "0012 6000", "start_time"),
        (registers_4x.Signal, 707, "0012 0060", "start_time"),
        (registers_4x.Signal, 707, "000A 0000", "start_time"),
        (registers_4x.Signal, 707, "0100 0000", "start_time"),
        (registers_ecu.Departure, 703, "0000 0124", "departure_date"),
        (registers_ecu.Departure, 703, "0001 1324", "departure_date"),
        (registers_ecu.Departure, 703, "FFFF FFFF", "departure_date"),
    ],
)
async def test_what_is_not_known_is_none(
    kind: type[Component], address: int, words: str, name: str
) -> None:
    """Sentinels, counters that ended, and what is no time at all."""
    assert getattr(await decoded(kind, address, words), name) is None


@pytest.mark.parametrize(
    ("kind", "address", "name", "states"),
    [
        (registers_4x.Status, 104, "ocpp_status", OcppStatus),
        (registers_4x.Vehicle, 122, "vehicle_state", VehicleState),
        (registers_4x.Station, 152, "plug_lock", PlugLock),
        (registers_4x.Network, 600, "network_role", NetworkRole),
        (registers_4x.NetworkSource, 620, "limitation_source", LimitationSource),
        (registers_4x.Hems, 2010, "hems_access", HemsAccess),
        (registers_4x.Hems, 2011, "hems_status", HemsStatus),
        (registers_4x.PhaseSwitch, 2020, "phase_switch_mode", PhaseSwitchMode),
        (registers_4x.PhaseSwitch, 2023, "assigned_phases", AssignedPhases),
        (registers_4x.Permission, 2030, "authorisation", Authorisation),
        (registers_ecu.Status, 104, "ocpp_status", EcuStatus),
        (registers_ecu.Vehicle, 122, "vehicle_state", VehicleState),
        (registers_ecu.Lock, 152, "plug_lock", EcuPlugLock),
        (registers_ecu.Network, 600, "network_role", EcuNetworkRole),
    ],
)
async def test_codes_are_states(
    kind: type[Component], address: int, name: str, states: type[OcppStatus]
) -> None:
    """Each code is its state, and one that nobody knows stays a number."""
    for state in states:
        assert getattr(await decoded(kind, address, f"{state:04X}"), name) is state
    strange = getattr(await decoded(kind, address, "0063"), name)
    assert isinstance(strange, UnknownCode)
    assert strange == 0x63


@pytest.mark.parametrize("kind", [registers_4x.Station, registers_ecu.Contactor])
async def test_the_relay(kind: type[registers_4x.Station]) -> None:
    """0 is off, 5 is on with one phase, and everything else is on."""
    for code, state in ((0, Relay.OFF), (1, Relay.ON), (5, Relay.ONE_PHASE), (7, Relay.ON)):
        assert (await decoded(kind, 140, f"{code:04X}")).relay is state


async def test_error_bits_of_the_older_profile() -> None:
    """The example of the document: 41 00 00 00 on the wire is bit 0 and bit 6."""
    status = await decoded(registers_ecu.Status, 111, "4100 0000")
    assert status.errors == EcuError.RESIDUAL_CURRENT | EcuError.CONTACTOR_WELDED
    assert status.error_list == "residual_current, contactor_welded"
    assert (await decoded(registers_ecu.Status, 111, "0000 0000")).error_list == ""


async def test_every_error_bit_stands_where_the_document_says() -> None:
    """Low byte first: bits 8 to 15 stand in the second byte, and so on."""
    for bit, error in enumerate(EcuError):
        assert error == 1 << bit
        wire = (1 << bit).to_bytes(4, "little").hex()
        status = await decoded(registers_ecu.Status, 111, f"{wire[:4]} {wire[4:]}")
        assert status.errors is error
    assert len(EcuError) == 22
    # A bit that is not in the document is told by its number.
    assert (await decoded(registers_ecu.Status, 111, "0000 8001")).error_list == ("bit 23, bit 24")


async def test_error_words_of_the_newer_profile_stay_raw() -> None:
    """Their bits are not published."""
    status = await decoded(registers_4x.Status, 105, "0000 0001 0000 0000 DEAD BEEF 8000 0000")
    assert status.error_words == "00000001 00000000 DEADBEEF 80000000"


def _ranges(module: ModuleType) -> Iterator[tuple[str, int, int]]:
    for name, kind in inspect.getmembers(module, inspect.isclass):
        if issubclass(kind, Component) and kind is not Component:
            spans = [
                (field.address, field.address + field.count - 1)
                for field in kind(cast("ModbusUnit", Words({}))).resolved_fields.values()
            ]
            for first, last in kind.register_ranges or spans:
                yield name, first, last


_LIST_4X = frozenset(
    {
        *range(104, 113),
        *(120, 121, 122, 124, 131, 132, 134),
        *range(140, 174),
        *range(200, 228),
        *(600, *range(610, 616), 620, 621, *range(630, 636)),
        *(706, 707, 708, 710, 711, 712, *range(715, 720)),
        *(1000, 1001, 1002, 2000, 2001, 2002, *range(2010, 2014), *range(2020, 2024), 2030),
        *(*range(2158, 2174), 2622, 2623, 2636, 2637, 2638),
    }
)
"""What the document of profile 4X lists, but for 100 and 101."""


def test_the_whole_list_and_nothing_but_the_list() -> None:
    """Every register of the document is read; of the holes only 123, which is known to answer."""
    read = {
        address
        for module in (registers_4x, registers_shared)
        for _, first, last in _ranges(module)
        for address in range(first, last + 1)
    }
    assert read == _LIST_4X | {123}


def test_what_must_never_be_written_is_not_there() -> None:
    """130 moves all other registers of the older profile, 1110 is a card at the reader."""
    for module in (registers_ecu, registers_shared):
        for name, first, last in _ranges(module):
            assert not {130, *range(1110, 1120)} & set(range(first, last + 1)), name
