"""The register map: what the words of the reference and of the recorded station mean."""

import struct
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from modbus_connection.mock import MockModbusConnection, MockModbusUnit
from modbus_connection.model import Component

from custom_components.voltrail.engine.devices.alfen import FAMILY, Alfen, registers
from custom_components.voltrail.engine.devices.alfen.fields import double, single, words
from custom_components.voltrail.engine.devices.alfen.states import MeterType, Mode3State
from custom_components.voltrail.engine.model.points import Kind, Quantity, Tier, Value, points_of
from custom_components.voltrail.engine.polling.polled_device import Cadence

from .support import poll_everything, problem_keys, value

BLOCKS: tuple[tuple[type[Component], int, int, int], ...] = (
    (registers.Product, 200, 100, 79),
    (registers.Station, 200, 1100, 6),
    (registers.Network, 200, 1400, 32),
    (registers.Status, 1, 1200, 16),
    (registers.Meter, 1, 300, 62),
    (registers.Energy, 1, 362, 64),
)


def float32_words(number: float) -> list[int]:
    """Encode as the document says."""
    return list(struct.unpack(">2H", struct.pack(">f", number)))


def float64_words(number: float) -> list[int]:
    """Encode as the document says."""
    return list(struct.unpack(">4H", struct.pack(">d", number)))


def long_words(number: int, count: int) -> list[int]:
    """Encode an unsigned number over this many registers."""
    return list(struct.unpack(f">{count}H", number.to_bytes(2 * count, "big")))


def text_words(text: str, count: int) -> list[int]:
    """Encode a text over this many registers."""
    return list(struct.unpack(f">{count}H", text.encode().ljust(2 * count, b"\0")))


def load(unit: MockModbusUnit, address: int, content: list[int]) -> None:
    """Put words into the mock unit."""
    for offset, word in enumerate(content):
        unit.holding[address + offset] = word


def load_nothing(unit: MockModbusUnit, address: int, count: int) -> None:
    """Fill a block with "no value"."""
    load(unit, address, [0xFFFF] * count)


def load_recorded(connection: MockModbusConnection) -> None:
    """Load the station of the reference: firmware 6.1.0-4159, one socket, nobody charging.

    Written out from the reference word by word, so that neither the simulator nor the
    register map can hide a mistake of the other.
    """
    station, socket = connection.for_unit(200), connection.for_unit(1)
    load(station, 100, text_words("DIE_14966", 17))
    load(station, 117, text_words("Alfen NV", 5))
    load(station, 122, [1])
    load(station, 123, text_words("6.1.0-4159", 17))
    load(station, 140, text_words("NG910", 17))
    load(station, 157, text_words("ACE0287582", 11))
    load(station, 168, [2023, 7, 15, 21, 3, 39])
    load(station, 174, long_words(126_118_547, 4))
    load(station, 178, [60])
    load(station, 1100, [*float32_words(25), *float32_words(35.81), 1, 1])
    load(station, 1400, [0] * 17)
    for phase in range(3):
        load(station, 1417 + 2 * phase, float32_words(6))
    load(station, 1423, [0] * 6)
    load(station, 1429, [*float32_words(6), 0])

    load_nothing(socket, 300, 126)
    load(socket, 300, [3, *long_words(29, 4), 0])
    for address, volts in ((306, 237.82), (308, 240.76), (310, 238.81)):
        load(socket, address, float32_words(volts))
    for address in (320, 322, 324):
        load(socket, address, float32_words(0))
    load(socket, 336, float32_words(50.02))
    load(socket, 344, float32_words(0))
    load(socket, 374, float64_words(31))
    load(socket, 1200, [1, *text_words("A", 5)])
    load(socket, 1206, float32_words(6))
    load(socket, 1208, [0, 0])
    load(socket, 1210, float32_words(6))
    load(socket, 1212, float32_words(6))
    load(socket, 1214, [1, 3])


RECORDED: dict[str, Value] = {
    "socket_1/operative": True,
    "socket_1/mode3_text": "A",
    "socket_1/mode3_state": Mode3State.A,
    "socket_1/current_offered": 6.0,
    "socket_1/setpoint_validity": 0,
    "socket_1/setpoint": 6.0,
    "socket_1/safe_current": 6.0,
    "socket_1/safe_current_active": True,
    "socket_1/setpoint_accounted_for": True,
    "socket_1/phases_reported": 3,
    "socket_1/meter_state": 3,
    "socket_1/meter_fault": False,
    "socket_1/meter_age": 0.029,
    "socket_1/meter_type": MeterType.RTU,
    "socket_1/voltage_l1": 237.82,
    "socket_1/voltage_l2": 240.76,
    "socket_1/voltage_l3": 238.81,
    "socket_1/current_l1": 0.0,
    "socket_1/current_l2": 0.0,
    "socket_1/current_l3": 0.0,
    "socket_1/frequency": 50.02,
    "socket_1/power": 0.0,
    "socket_1/energy_charged": 31.0,
    "maximum_current": 25.0,
    "temperature": 35.81,
    "backoffice_state": 1,
    "sockets": 1,
    "device_name": "DIE_14966",
    "firmware": "6.1.0-4159",
    "platform": "NG910",
    "serial_number": "ACE0287582",
    "protocol_version": "1",
    "station_clock": "2023-07-15 21:03:39",
    "uptime": 126_118.547,
    "utc_offset": 3600,
    "network_name": "",
    "network_sockets": 0,
    "network_ems_limit_l1": 6.0,
    "network_ems_limit_l2": 6.0,
    "network_ems_limit_l3": 6.0,
    "network_safe_current": 6.0,
    "network_control_enabled": False,
}

# What the meter of that station does not have.
NOT_THERE = (
    "voltage_l1_l2",
    "voltage_l3_l1",
    "neutral_current",
    "current_sum",
    "power_factor",
    "power_factor_l2",
    "power_l1",
    "power_l3",
    "apparent_power",
    "reactive_power_l1",
    "energy_charged_l1",
    "energy_consumed",
    "apparent_energy_l3",
    "reactive_energy",
)


@pytest.fixture
async def recorded(mock_modbus_connection: MockModbusConnection) -> Alfen:
    """The recorded station, read once."""
    load_recorded(mock_modbus_connection)
    device = Alfen(mock_modbus_connection.for_unit, 200)
    await poll_everything(device)
    return device


async def test_the_recorded_station(recorded: Alfen) -> None:
    """Every value of the recording comes out as it was written down."""
    found = {reading.path: reading.read() for reading in recorded.readings()}
    assert {path: found[path] for path in RECORDED} == RECORDED
    assert {found[f"socket_1/{name}"] for name in NOT_THERE} == {None}
    assert not recorded.failures
    assert not problem_keys(recorded)


async def test_the_recorded_station_says_who_it_is(recorded: Alfen) -> None:
    """The serial number tells it from others."""
    identity = recorded.identity
    assert identity.manufacturer == "Alfen NV"
    assert identity.model == "Eve NG910"
    assert identity.serial == recorded.fingerprint == "ACE0287582"
    assert identity.firmware == "6.1.0-4159"
    assert identity.name == "DIE_14966"


async def test_sleeping_values(
    recorded: Alfen, mock_modbus_connection: MockModbusConnection
) -> None:
    """What the meter does not have is dormant, and wakes up when it becomes valid."""
    unseen = {reading.name for reading in recorded.readings() if recorded.unseen(reading)}
    assert unseen == {"neutral_current", "current_sum", "power_l1", "power_l2", "power_l3"}
    load(mock_modbus_connection.for_unit(1), 338, float32_words(778.3))
    await recorded.poll(Cadence.MEASUREMENTS)
    (power,) = (one for one in recorded.readings() if one.path == "socket_1/power_l1")
    assert not recorded.unseen(power)
    assert power.read() == 778.3


async def test_any_quantity_may_sleep(mock_modbus_connection: MockModbusConnection) -> None:
    """Whatever quantity reads NaN when the station is met, its entity sleeps."""
    load_recorded(mock_modbus_connection)
    for _, unit_id, address, count in BLOCKS[1:]:
        load_nothing(mock_modbus_connection.for_unit(unit_id), address, count)
    device = Alfen(mock_modbus_connection.for_unit, 200)
    await poll_everything(device)
    measured = {
        reading.path
        for reading in device.readings()
        if reading.point.kind is Kind.NUMBER
        and reading.point.tier is not Tier.EXPERT
        and any(reading.name in block._register_fields for block, *_ in BLOCKS)
    }
    assert {"temperature", "socket_1/power", "socket_1/energy_charged"} < measured
    asleep = {reading.path for reading in device.readings() if device.unseen(reading)}
    assert asleep == measured


def test_every_register_is_declared() -> None:
    """Each block is covered without a hole and without an overlap: one request reads it."""
    for block, _, address, count in BLOCKS:
        covered = [
            covered
            for field in block._register_fields.values()
            for covered in range(field.address, field.address + field.count)
        ]
        assert sorted(covered) == list(range(address, address + count)), block.__name__
        assert block.register_ranges == ((address, address + count - 1),)


async def test_no_value_is_none_for_every_type(
    mock_modbus_connection: MockModbusConnection,
) -> None:
    """All bits set means "no value", in numbers, texts, codes and flags."""
    for block, unit_id, address, count in BLOCKS:
        unit = mock_modbus_connection.for_unit(unit_id)
        load_nothing(unit, address, count)
        component = block(unit) if unit_id == 200 else block(unit, unit_id)
        await component.async_update()
        values = {declared.name: getattr(component, declared.name) for declared in points_of(block)}
        assert set(values.values()) == {None}, block.__name__
        fields = {name: getattr(component, name) for name in block._register_fields}
        assert set(fields.values()) == {None}, block.__name__


async def test_a_station_without_any_value(mock_modbus_connection: MockModbusConnection) -> None:
    """A station that knows its name and nothing else breaks nothing, and gets no orders."""
    load_recorded(mock_modbus_connection)
    for _, unit_id, address, count in BLOCKS[1:]:
        load_nothing(mock_modbus_connection.for_unit(unit_id), address, count)
    device = Alfen(mock_modbus_connection.for_unit, 200)
    await poll_everything(device)
    await device.reconcile()
    for reading in device.readings():
        if reading.part is not None:
            assert reading.read() is None, reading.path
    (socket,) = device.sockets
    assert socket.current_limit is None
    assert socket.charging_allowed is None
    assert socket.power_limit is None
    assert socket.switch.phases is None
    assert value(device, "network_safe_current_active") is None
    # A station that never told its maximum is not given more than every cable carries.
    assert socket.current_bounds().maximum == 16
    assert not problem_keys(device)


@pytest.mark.parametrize(
    ("raw", "meaning"),
    [
        ("436628F5", 230.16),
        ("43659999", 229.6),
        ("43675C29", 231.36),
        ("40D80832", 6.751),
        ("44429333", 778.3),
        ("41800000", 16.0),
        ("40E00000", 7.0),
        ("40C00000", 6.0),
        ("40A00000", 5.0),
        ("00000000", 0.0),
        ("FFFFFFFF", None),
        ("7FC00000", None),
        ("7F800000", None),
        ("FF800000", None),
    ],
)
def test_float32(raw: str, meaning: float | None) -> None:
    """The vectors of the reference; what is no number is not known."""
    field = single(0)
    content = [int(raw[:4], 16), int(raw[4:], 16)]
    assert field.decode(content) == pytest.approx(meaning, abs=5e-4)


@pytest.mark.parametrize(
    ("raw", "meaning"),
    [
        ("41127B5800000000", 302_806.0),
        ("4157BD3C80000000", 6_223_090.0),
        ("403F000000000000", 31.0),
        ("FFFFFFFFFFFFFFFF", None),
        ("7FF0000000000000", None),
    ],
)
def test_float64(raw: str, meaning: float | None) -> None:
    """The vectors of the reference."""
    content = [int(raw[place : place + 4], 16) for place in range(0, 16, 4)]
    assert double(0).decode(content) == meaning


@pytest.mark.parametrize(
    ("raw", "meaning"),
    [
        ("43310000000000000000", "C1"),
        ("42310000000000000000", "B1"),
        ("41000000000000000000", "A"),
        ("41202020202020202020", "A"),
        ("FFFFFFFFFFFFFFFFFFFF", None),
        ("00000000000000000000", ""),
    ],
)
def test_texts(raw: str, meaning: str | None) -> None:
    """Texts end with NUL or blanks."""
    content = [int(raw[place : place + 4], 16) for place in range(0, 20, 4)]
    assert words(0, 5).decode(content) == meaning


@given(st.floats(min_value=0, max_value=1e6, width=32), st.integers(min_value=0, max_value=3))
def test_float32_tells_seven_digits(number: float, decimals: int) -> None:
    """What was a decimal number before it became a float32 is one again afterwards."""
    meant = round(number / 1e4, decimals)
    assert single(0).decode(float32_words(meant)) == pytest.approx(meant, rel=1e-6)
    if meant < 1000:
        assert single(0).decode(float32_words(meant)) == meant


@given(
    content=st.lists(st.integers(min_value=0, max_value=0xFFFF), min_size=79, max_size=79),
    block=st.sampled_from([block for block, *_ in BLOCKS]),
)
def test_random_registers_decode(content: list[int], block: type[Component]) -> None:
    """Whatever a device answers becomes a value or None, and never an error."""
    start = {known: address for known, _, address, _ in BLOCKS}[block]
    for name, field in block._register_fields.items():
        place = field.address - start
        decoded = field.decode(content[place : place + field.count])
        assert decoded is None or isinstance(decoded, int | float | str), name


@pytest.mark.parametrize("text", ["G", "C3", "c2", "C2X", "", "?"])
async def test_an_unknown_state_is_kept_as_it_came(
    recorded: Alfen, mock_modbus_connection: MockModbusConnection, text: str
) -> None:
    """A state that no document names is unknown, and its text is still there."""
    load(mock_modbus_connection.for_unit(1), 1201, text_words(text, 5))
    await recorded.poll(Cadence.MEASUREMENTS)
    assert value(recorded, "socket_1/mode3_state") is None
    assert value(recorded, "socket_1/charging_state") is None
    assert value(recorded, "socket_1/blocked_by") is None
    assert value(recorded, "socket_1/mode3_text") == text


def test_states_use_the_vendors_words() -> None:
    """Nine states, named as on the wire."""
    names = [member.name.lower() for member in Mode3State]
    assert names == ["a", "b1", "b2", "c1", "c2", "d1", "d2", "e", "f"]


@pytest.mark.parametrize(
    ("names", "tier"),
    [
        (lambda name: name.endswith(("_l1_l2", "_l2_l3", "_l3_l1")), Tier.EXPERT),
        (lambda name: name.startswith(("power_factor", "apparent_", "reactive_")), Tier.EXPERT),
        (lambda name: name.startswith(("energy_charged_l", "energy_consumed")), Tier.EXPERT),
        (lambda name: name in {"energy_charged", "power", "current_l1"}, Tier.MAIN),
        (lambda name: name in {"station_clock", "utc_offset"}, Tier.EXPERT),
    ],
)
async def test_tiers(recorded: Alfen, names: Callable[[str], bool], tier: Tier) -> None:
    """Who looks at a value daily, and who only once."""
    found = [one for one in recorded.readings() if names(one.name)]
    assert found
    assert {one.point.tier for one in found} == {tier}


async def test_names_tell_phase(recorded: Alfen) -> None:
    """A name ends in its phase exactly when the value belongs to one."""
    for reading in recorded.readings():
        phase = reading.point.phase.lower().replace("-", "_")
        if phase:
            assert reading.name.endswith(f"_{phase}")
        else:
            assert not reading.name.endswith(("_l1", "_l2", "_l3"))


async def test_private_registers_stay_at_home(recorded: Alfen) -> None:
    """A dump for others holds neither the serial number nor a name."""
    raw, failed = await recorded.read_raw(private=False)
    assert not failed
    assert {unit: sorted(spaces) for unit, spaces in raw.items()} == {
        200: ["holding"],
        1: ["holding"],
    }
    station = raw[200]["holding"]
    assert {station[address] for address in range(157, 162)} == {0x5858}
    assert {station[address] for address in range(100, 104)} == {0x5858}
    assert len(raw[1]["holding"]) == 16 + 62 + 64


def test_the_family() -> None:
    """What the config flow has to know."""
    assert FAMILY.key == "alfen"
    assert FAMILY.port == 502
    assert FAMILY.unit_id == 200
    assert FAMILY.zeroconf == ("_alfen._tcp.local.",)
    assert FAMILY.is_charger
    assert {field.key for field in FAMILY.option_fields} == {"pause_current", "network_max_current"}
    assert Alfen.request_timeout >= 10


def test_moments_and_counters_are_what_they_are_called() -> None:
    """Quantities imply how a value is shown, for good."""
    energy = {declared.name: declared.point for declared in points_of(registers.Energy)}
    assert energy["energy_charged"].quantity is Quantity.ENERGY
    assert energy["apparent_energy"].quantity is Quantity.APPARENT_ENERGY
    status = {declared.name: declared.point for declared in points_of(registers.Status)}
    assert status["setpoint_accounted_for"].kind is Kind.FLAG
