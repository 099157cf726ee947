"""Every register of every layout is read, in the blocks that the charger serves."""

from contextlib import suppress
from enum import Enum
from itertools import pairwise
from typing import override

import pytest

from custom_components.voltrail.engine.charging.reconciler import Standing
from custom_components.voltrail.engine.devices.mennekes_rtu import MennekesRtu, registers
from custom_components.voltrail.engine.devices.mennekes_rtu.states import ErrorCode, EvseState
from custom_components.voltrail.engine.model.errors import (
    ForbiddenRegisterError,
    UnknownDeviceError,
    VoltrailError,
    WrongDeviceError,
)
from custom_components.voltrail.engine.model.points import UnknownCode
from custom_components.voltrail.engine.polling.polled_device import Cadence
from simulators.mennekes_rtu import Compact
from simulators.registers import RefusedError
from simulators.unit import Unit
from tests.fake_time import in_fake_time

from .support import problems, serial_line, value

LAYOUTS = ("1.00", "1.01", "1.02", "1.03")

# What we read, and what the simulator calls it: written from its own table of registers.
NAMES = {
    "firmware": "firmware",
    "serial_number": "serial",
    "article_number": "article",
    "evse_state": "evse_state",
    "authorisation": "authorisation_status",
    "downgrade": "downgrade",
    "phase_rotation": "rotation",
    "control_pilot": "control_pilot",
    "current_offered": "signalled",
    "downgrade_current": "downgrade_current",
    "house_maximum_current": "house_current",
    "charger_maximum_current": "evse_current",
    "phase_switch_mode": "solar_phases",
    "hardware_phases": "hardware_phases",
    "permanent_cable_lock": "permanent_cable_lock",
    "imbalance_supervision": "imbalance",
    "imbalance_threshold": "imbalance_threshold",
    "authorisation_required": "authorisation",
    "sunshine_minimum_current": "sunshine_minimum",
    "phase_switch_pause": "switch_pause",
    "current_l1": "current_l1",
    "current_l2": "current_l2",
    "current_l3": "current_l3",
    "voltage_l1": "voltage_l1",
    "voltage_l2": "voltage_l2",
    "voltage_l3": "voltage_l3",
    "power_l1": "power_l1",
    "power_l2": "power_l2",
    "power_l3": "power_l3",
    "power": "power",
    "temperature": "temperature",
    "session_maximum_current": "session_limit",
    "session_energy": "session_energy",
    "session_duration": "session_duration",
    "vehicle_phases": "session_phases",
    "plug_lock": "cable_lock",
    "requested_phases": "single_phase",
    "released": "release",
    "error_code": "error_code",
    "safe_current_active": "fallback_active",
    "switched_phases": "switched_phases",
    "energy_charged": "total_energy",
    "sessions": "sessions",
    "safe_current": "fallback",
}
IN_KWH = {"session_energy", "energy_charged"}
# Registers that are shown in another form than they have, or as a control's read-back.
OTHERWISE = {
    "layout": "register_layout",
    "grid_phases": "grid_phases",
    "current": "current_limit",
    "solar_mode": "solar_mode",
    "lock": "station_locked",
    "set_evse_current": "charger_maximum",
    "set_rotation": "phase_rotation",
    "set_grid_phases": "connected_phases",
    "set_solar_phases": "solar_phases",
    "set_fallback": "safe_current",
    "set_solar_modes": "solar_modes",
    "set_switch_pause": "phase_switch_pause",
}

MEASURED = [
    (0x0100, 4),
    (0x0108, 1),
    (0x0114, 2),
    (0x0300, 8),
    (0x0500, 20),
    (0x0B00, 6),
    (0x0D02, 5),
    (0x0E00, 1),
    (0x0E01, 2),
    (0x1000, 4),
]
CONFIGURED = [(0x030A, 1), (0x030C, 1), (0x030D, 8), (0x0900, 2), (0x0B06, 1)]
SETTINGS = [(address, 1) for address in (0x0706, 0x070A, 0x0710, 0x071A, 0x073A, 0x073C, 0x078C)]
IDENTITY = [(0x0000, 9), (0x0013, 8), (0x001B, 8)]


def charger(layout: str = "1.03") -> Compact:
    """Return a charger whose every number is telling, at steady mains."""
    found = Compact(layout=layout, fallback=8, switch_pause=17)
    found.set(
        {
            "grid.noise": 0.0,
            "charger.rotation": 2,
            "charger.imbalance": True,
            "charger.imbalance_threshold": 22,
            "charger.cable_locked": True,
            "charger.temperature": -3.5,
            "charger.sunshine_minimum": 7,
            "charger.house_current": 25.0,
            "charger.downgrade_current": 9.5,
            "ems.current": 10.5,
            "ems.released": True,
            "car.plugged": True,
        }
    )
    found.ems.beat(0)
    found.advance(40)
    return found


def plain(found: object) -> object:
    """Return a code as the number that stands in the register."""
    return found.value if isinstance(found, Enum) else found


@pytest.mark.parametrize("layout", LAYOUTS)
@in_fake_time
async def test_every_register_is_read_as_it_is(layout: str) -> None:
    """Every value equals the simulator's own, and no register of the layout is left out."""
    simulated = charger(layout)
    async with serial_line(simulated) as line:
        device = line.device()
        await device.update()
        table = {str(row["name"]): row["value"] for row in simulated.unit().table()}
        shown = {reading.path: plain(reading.read()) for reading in device.readings()}
        assert simulated.state()["charging.state"] == "charging"
        for path, name in NAMES.items():
            if name not in table:
                assert path not in shown, path
                continue
            expected = table.pop(name)
            assert isinstance(expected, int | float | str)
            if path in IN_KWH:
                assert shown[path] == pytest.approx(float(expected) * 1000, abs=1.5), path
            elif isinstance(expected, str):
                assert shown[path] == expected.strip("_"), path
            else:
                assert shown[path] == pytest.approx(expected, rel=1e-3, abs=0.06), path
        controls = {control.path: control for control in device.controls()}
        for name, path in OTHERWISE.items():
            if name in table:
                assert path in shown or path in controls, path
                del table[name]
        assert not table
        device.close()


@pytest.mark.parametrize("layout", LAYOUTS)
@in_fake_time
async def test_nothing_newer_than_the_layout_is_asked_for(layout: str) -> None:
    """Only what no document has for certain is tried; a refusal there means that it is not."""
    simulated = Compact(layout=layout, has_settings=False, article=None)
    async with serial_line(simulated) as line:
        device = line.device()
        await device.update()
        refused = {refusal.request.address for refusal in simulated.traffic.refusals}
        tried = {0x001B, *(address for address, _ in SETTINGS)} if layout == "1.03" else set()
        assert refused == tried
        assert not device.failures
        device.close()


@in_fake_time
async def test_one_poll_reads_the_safe_blocks_and_nothing_else() -> None:
    """The blocks are those of the document, each once, no two in a row of the same length."""
    simulated = charger()
    async with serial_line(simulated) as line:
        device = line.device()
        await device.identify()
        for cadence, expected in (
            (Cadence.MEASUREMENTS, MEASURED),
            (Cadence.SETTINGS, CONFIGURED + SETTINGS),
            (Cadence.IDENTITY, IDENTITY),
        ):
            simulated.traffic.clear()
            await device.poll(cadence)
            asked = [(read.address, read.length) for read in simulated.traffic.reads]
            assert sorted(asked) == sorted(expected)
            if cadence is Cadence.MEASUREMENTS:
                assert asked == expected
        lengths = [length for _, length in MEASURED]
        assert all(a != b for a, b in pairwise(lengths))
        device.close()


@in_fake_time
async def test_only_what_is_wanted_is_read() -> None:
    """A poll for one value reads its block, and what is needed to look after the charger."""
    simulated = charger()
    async with serial_line(simulated) as line:
        device = line.device()
        await device.identify()
        simulated.traffic.clear()
        await device.poll(Cadence.MEASUREMENTS, {"meter"})
        asked = {read.address for read in simulated.traffic.reads}
        assert asked == {0x0100, 0x0300, 0x0500, 0x0D02, 0x0E00, 0x0E01}
        device.close()


class _OneByOne(Unit):
    """A charger that serves the registers of its status one by one only."""

    def __init__(self, simulated: Compact) -> None:
        super().__init__(simulated.unit().registers)

    @override
    def read(self, address: int, count: int) -> list[int]:
        if 0x0100 <= address < 0x0104 and count > 1:
            raise RefusedError
        return super().read(address, count)


@in_fake_time
async def test_a_block_that_is_refused_is_read_value_by_value() -> None:
    """It falls apart once; from then on nobody asks for the whole again."""
    simulated = charger("1.02")
    simulated.units[50] = _OneByOne(simulated)
    async with serial_line(simulated) as line:
        device = line.device()
        await device.update()
        assert value(device, "evse_state") is EvseState.CHARGING
        assert plain(value(device, "phase_rotation")) == 2
        assert not device.failures
        simulated.traffic.clear()
        await device.poll(Cadence.MEASUREMENTS)
        assert [(read.address, read.length) for read in simulated.traffic.reads][:4] == [
            (address, 1) for address in range(0x0100, 0x0104)
        ]
        assert not simulated.traffic.refusals
        device.close()


@in_fake_time
async def test_a_value_that_is_refused_alone_is_not_offered() -> None:
    """One register that this charger does not have takes nothing else away."""
    simulated = charger()
    simulated.faults.inject("exception", address=0x0314, code=2, times=None)
    async with serial_line(simulated) as line:
        device = line.device()
        await device.identify()
        before = device.layout
        assert "phase_switch_pause" in {reading.path for reading in device.readings()}
        await device.update()
        paths = {reading.path for reading in device.readings()}
        assert "phase_switch_pause" not in paths
        assert value(device, "safe_current") == 8
        assert device.layout != before
        raw, failed = await device.read_raw()
        assert 0x0314 not in raw[50]["holding"]
        assert raw[50]["holding"][0x030E] == 8
        assert not failed
        device.close()


@in_fake_time
async def test_a_raw_dump_also_survives_a_refused_block() -> None:
    """The dump of a charger that was never polled falls apart in the same way."""
    simulated = charger()
    simulated.faults.inject("exception", address=0x0D06, code=2, times=None)
    async with serial_line(simulated) as line:
        device = line.device()
        raw, failed = await device.read_raw(private=False)
        assert 0x0D06 not in raw[50]["holding"]
        assert raw[50]["holding"][0x0D05] == 1
        # The serial number identifies a charger, and with it its owner.
        assert raw[50]["holding"][0x0013] == 0x5858
        assert not failed
        device.close()


@in_fake_time
async def test_a_block_of_which_nothing_is_there_fails_alone() -> None:
    """A block that is refused in all its parts is told, and asked for again as a whole."""
    simulated = charger()
    async with serial_line(simulated) as line:
        device = line.device()
        await device.identify()
        simulated.faults.inject("exception", address=0x0E01, code=2, times=None)
        simulated.faults.inject("exception", address=0x0E02, code=2, times=None)
        await device.poll(Cadence.MEASUREMENTS)
        assert set(device.failures) == {"supervision"}
        simulated.faults.clear()
        await device.poll(Cadence.MEASUREMENTS)
        assert not device.failures
        device.close()


@in_fake_time
async def test_another_device_is_recognised() -> None:
    """What answers with another layout of registers is not taken for such a charger."""
    simulated = charger()
    simulated.box.layout = 0x4142
    async with serial_line(simulated) as line:
        device = line.device()
        with pytest.raises(UnknownDeviceError, match="0x4142"):
            await device.identify()
        device.close()


@in_fake_time
async def test_who_it_is() -> None:
    """Serial, firmware, article number and layout; older layouts have no serial number."""
    async with serial_line(Compact(serial="X1", firmware="2023.21.11024")) as line:
        device = line.device()
        identity = await device.identify()
        assert identity.serial == "X1"
        assert identity.firmware == "2023.21.11024"
        assert identity.hardware == "1363201"
        assert identity.variant == "1.0.3"
        assert device.fingerprint == "X1"
        device.close()
    async with serial_line(Compact(layout="1.01")) as line:
        device = line.device()
        identity = await device.identify()
        assert identity.serial is None
        assert device.fingerprint == identity.model
        device.close()


@in_fake_time
async def test_a_lost_answer_does_not_spoil_the_first_meeting() -> None:
    """What is looked for when the charger is met is asked once more if the line swallowed it."""
    simulated = charger()
    simulated.faults.inject("lose_answer", address=0x0013)
    simulated.faults.inject("corrupt", address=0x0706)
    async with serial_line(simulated) as line:
        device = line.device()
        assert (await device.identify()).serial == "13552019"
        assert "charger_maximum" in {control.path for control in device.controls()}
        device.close()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (0, ErrorCode.NONE),
        (200, ErrorCode.ENERGY_MANAGER_UNAVAILABLE),
        (2303, ErrorCode.MAINS_VOLTAGE_2303),
        (4711, UnknownCode(4711)),
    ],
)
@in_fake_time
async def test_errors_in_words(code: int, expected: object) -> None:
    """Known codes have a word, all others are shown as their number."""
    simulated = charger()
    simulated.box.error_code = code
    async with serial_line(simulated) as line:
        device = line.device()
        await device.update()
        assert value(device, "error_code") == expected
        device.close()


@pytest.mark.parametrize(
    ("fallback", "mode", "amps"), [(0, 0, None), (1, 1, 0.0), (6, 2, 6.0), (32, 2, 32.0)]
)
@in_fake_time
async def test_what_happens_without_us(fallback: int, mode: int, amps: float | None) -> None:
    """One register says what the charger does then, and with how much current."""
    async with serial_line(Compact(fallback=fallback)) as line:
        device = line.device()
        await device.update()
        assert plain(value(device, "fallback")) == mode
        assert value(device, "safe_current") == amps
        assert ("missing_fallback" in problems(device)) is (fallback == 0)
        device.close()


@pytest.mark.parametrize(("code", "phases"), [(0, 0), (1, 0), (2, 2), (9, None)])
@in_fake_time
async def test_connected_phases(code: int, phases: int | None) -> None:
    """The documents disagree on the code for one phase; both are understood."""
    simulated = charger()
    simulated.box.connected_phases = 3 if code == 2 else 1
    simulated.box.one_phase_code = code
    async with serial_line(simulated) as line:
        device = line.device()
        await device.update()
        assert plain(value(device, "grid_phases")) == phases
        device.close()


def test_the_test_vectors_of_the_document() -> None:
    """Floats come with the high word first, and are not numbers where they are none."""
    total = registers.Statistics.declared_fields["energy_charged"]
    assert total.decode([0x453D, 0x96B8]) == pytest.approx(3_033_420, abs=1)
    assert registers.Statistics.declared_fields["sessions"].decode([0, 0x0140]) == 320
    volts = registers.Meter.declared_fields["voltage_l1"]
    assert volts.decode([0x4366, 0x8000]) == 230.5
    assert volts.decode([0x7FC0, 0]) is None
    assert volts.decode([0x7F80, 0]) is None
    limit = registers.Limits.declared_fields["current"]
    assert limit.decode([0x40E6, 0x6666]) == 7.2
    assert limit.decode([0x40C0, 0x51EC]) == 6.01
    assert limit.decode([0, 0]) == 0


async def test_reading_says_nothing_of_what_is_not_there(mock_modbus_unit: object) -> None:
    """Before anything was read there is no state and no reason."""
    device = MennekesRtu(lambda _: mock_modbus_unit, 50)  # type: ignore[arg-type,return-value]
    device.modbus_unit.holding[0] = 0x0103  # type: ignore[attr-defined]
    await device.identify()
    point = device.point
    assert point.charging_state is None
    assert point.blocked_by is None
    assert point.current_limit is None
    assert point.charging_allowed is None
    assert point.phases_in_use is None
    assert point.heartbeat_age is None
    assert point.standing is Standing.WAIT
    point.adopt()
    assert not point.target.set
    assert registers.About(device.modbus_unit).register_layout is None
    assert registers.Installation(device.modbus_unit).fallback is None
    assert list(device.charge_points()) == [point]
    device.close()


@in_fake_time
async def test_what_can_only_be_written_is_never_read() -> None:
    """Not even for somebody who wants to see every register."""
    simulated = charger()
    async with serial_line(simulated) as line:
        device = line.device()
        await device.update()
        simulated.traffic.clear()
        for address, count in ((0x0D00, 1), (0x0CFE, 4), (0x0D19, 1)):
            with pytest.raises(ForbiddenRegisterError):
                await device.read_registers(50, address, count)
        assert not simulated.traffic.requests
        assert await device.read_registers(50, 0x0D05, 1) == [1]
        device.close()


@pytest.mark.parametrize("code", [4, 5, 6, 10, 11])
@in_fake_time
async def test_a_bad_moment_takes_nothing_away(code: int) -> None:
    """Busy, failed or behind a busy gateway is not "not there": what was refused comes later."""
    simulated = charger("1.03")
    async with serial_line(simulated) as line:
        device = line.device()
        await device.update()
        readings = {reading.path for reading in device.readings()}
        controls = {control.path for control in device.controls()}
        serial = device.fingerprint
        device.close()
        for address in range(0x0E10):
            if simulated.random.random() < 0.3:
                simulated.faults.inject("exception", code=code, address=address, times=1)
        device = line.device()
        device.expected = serial
        while True:
            with suppress(VoltrailError):
                await device.update()
                break
        simulated.faults.clear()
        await device.update()
        assert {reading.path for reading in device.readings()} == readings
        assert {control.path for control in device.controls()} == controls
        assert device.fingerprint == serial
        device.close()


@in_fake_time
async def test_a_stranger_gets_no_heartbeat() -> None:
    """Its watchdog has to see that its energy manager is gone; the right one is greeted again."""
    simulated = charger("1.03")
    async with serial_line(simulated) as line:
        device = line.device()
        await device.update()
        right, device.expected = device.fingerprint, "another one"
        device._link_lost()
        with pytest.raises(WrongDeviceError):
            await device.poll(Cadence.MEASUREMENTS)
        simulated.traffic.clear()
        for _ in range(5):
            await device.heartbeat.renew()
        assert not simulated.traffic.writes
        device.expected = right
        await device.poll(Cadence.MEASUREMENTS)
        await device.heartbeat.renew()
        assert [write.address for write in simulated.traffic.writes] == [0x0D00]
        device.close()
