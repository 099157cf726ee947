"""An AMTRON Xtra or Premium: recognised without a write, and held at what was asked for."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import override

import pytest
from modbus_connection import ModbusTcpParams
from modbus_connection.tmodbus import ModbusConnection

from custom_components.voltrail.engine.devices.mennekes_tcp import FAMILY, MennekesTcp
from custom_components.voltrail.engine.devices.mennekes_tcp.profile_ecu import ProfileEcu
from custom_components.voltrail.engine.devices.mennekes_tcp.profile_hcc3 import ProfileHcc3
from custom_components.voltrail.engine.model.charging import BlockedBy, ChargingState
from custom_components.voltrail.engine.model.errors import (
    DeviceRefusedError,
    DeviceSilentError,
    LinkDownError,
    OtherRegistersError,
    UnknownDeviceError,
    VoltrailError,
)
from custom_components.voltrail.engine.model.options import Options
from custom_components.voltrail.engine.polling.schedule import Schedule
from simulators.device import SimulatedDevice
from simulators.memory import serve_in_memory
from simulators.mennekes_rtu import Compact
from simulators.mennekes_tcp import Charger4X, ChargerEcu, ChargerHcc3
from simulators.mennekes_tcp.profile_hcc3 import LinkRule, Zero
from simulators.registers import Register, uint16
from simulators.unit import Unit
from tests.fake_time import in_fake_time

from .support import met as met_by_support
from .support import value

SAMPLE = (
    "000C 000D 0001 0004 0000 0000 0001 0002 0003 0020 0010 67D9 190A 2E03 0000 0000 0000"
    " 4D41 5254 4E4F 0000 0000 0000 0000 0000 0000 0000 0000 0000"
)
"""What a real Xtra answered from 0x0300 on, with an invented serial number."""


def xtra(*, link_rule: LinkRule = LinkRule.IDLE) -> ChargerHcc3:
    """Return a charger with a car."""
    charger = ChargerHcc3(link_rule=link_rule)
    charger.plug_in()
    return charger


met = partial(met_by_support, in_memory=True)


async def polls(device: MennekesTcp, number: int) -> None:
    """Poll as the integration does."""
    schedule = Schedule(device)
    for _ in range(number):
        await asyncio.sleep(schedule.pause)
        await schedule.poll()
        await device.reconcile()


@in_fake_time
async def test_a_slow_answer_is_waited_for() -> None:
    """An Xtra takes longer than its relatives, which are given four seconds."""
    charger = xtra()
    async with met(charger, unit_id=255) as device:
        made = charger.traffic.connections_made
        charger.faults.inject("delay", seconds=8)
        await polls(device, 1)
        assert value(device, "control_pilot") is not None
        assert charger.traffic.connections_made == made


# -- who it is --


@in_fake_time
async def test_it_is_recognised_without_a_write() -> None:
    """It answers at unit 255, and says its serial number and its name."""
    charger = xtra()
    async with met(charger, unit_id=255) as device:
        assert isinstance(device.profile, ProfileHcc3)
        identity = device.identity
        assert (identity.serial, identity.name) == ("420112345", "Garage Süd")
        assert device.fingerprint == "HCC3 420112345"
        assert not charger.traffic.writes


@in_fake_time
async def test_a_real_block_reads_as_its_document_says() -> None:
    """Low word first, low byte first."""

    class Recorded(ChargerHcc3):
        @override
        def _values(self) -> Iterator[Register]:
            for place, word in enumerate(SAMPLE.split()):
                yield uint16(0x0300 + place, f"word_{place}", int(word, 16))

    async with met(Recorded(), unit_id=255) as device:
        await device.update()
        assert device.identity.serial == "420112345"
        assert value(device, "session_energy") == pytest.approx(11.779)
        assert value(device, "device_name") == "AMTRON"
        assert value(device, "temperature") == 12
        assert value(device, "charging_state") is ChargingState.NO_VEHICLE


class _Impostor(ChargerHcc3):
    """Answers where an HCC3 has its control pilot, with one thing that is wrong."""

    def __init__(self, **wrong: object) -> None:
        super().__init__()
        self.set({f"hcc3.{name}": wrong_value for name, wrong_value in wrong.items()})


class _Zeros(SimulatedDevice):
    """Answers every question with 0."""

    functions = frozenset({3, 4, 6})

    def __init__(self) -> None:
        super().__init__("zeros")
        self.units = {0: Unit(uint16(address, f"word_{address}", 0) for address in range(1100))}


@pytest.mark.parametrize(
    "device",
    [
        _Impostor(serial=0),
        _Impostor(serial=1_000_000_000),
        _Impostor(name=""),
        _Impostor(name="\x01\x02"),
        _Impostor(phases=2),
        _Impostor(rated_current=5),
        _Impostor(installation_current=63),
        _Impostor(mode=0),
        _Impostor(cable=5),
        _Impostor(error=77),
        _Impostor(limit=3),
        _Zeros(),
    ],
)
@in_fake_time
async def test_one_doubt_is_enough(device: SimulatedDevice) -> None:
    """What fails one test is no HCC3, and no ECU either; nothing is written."""
    with pytest.raises((OtherRegistersError, UnknownDeviceError)):
        async with met(device, unit_id=255):
            pass
    assert not device.traffic.writes


@pytest.mark.parametrize("unit_id", [1, 50, 255])
@in_fake_time
async def test_a_compact_behind_a_gateway_is_none(unit_id: int) -> None:
    """Its holding register 0x0302 can be written, so nothing may be."""
    device = Compact()
    with pytest.raises((OtherRegistersError, DeviceSilentError, DeviceRefusedError)):
        async with met(device, unit_id=unit_id):
            pass
    assert not device.traffic.writes


@in_fake_time
async def test_an_ecu_needs_its_own_registers() -> None:
    """A version alone makes no ECU before 5.22: it has the vehicle and the limit as well."""

    class Half(ChargerEcu):
        @override
        def _hems(self) -> Iterator[Register]:
            return iter(())

    charger = Half(firmware="4.50")
    with pytest.raises(OtherRegistersError):
        async with met(charger, unit_id=255):
            pass
    assert not charger.traffic.writes
    async with met(ChargerEcu(firmware="4.50"), unit_id=255) as device:
        assert isinstance(device.profile, ProfileEcu)


@in_fake_time
async def test_one_that_starts_is_asked_again() -> None:
    """It shows an illegal pilot at first."""
    charger = xtra()
    charger.reboot()
    charger.advance(charger.reboot_seconds + 1)
    async with met(charger, unit_id=255) as device:
        assert device.identity.variant == "HCC3"


# -- the link --


@pytest.mark.parametrize("rule", LinkRule)
@in_fake_time
async def test_a_link_that_it_closes_is_no_failure(
    rule: LinkRule, caplog: pytest.LogCaptureFixture
) -> None:
    """It closes each one after 30 s, by either reading of its document."""
    caplog.set_level(logging.INFO, "custom_components.voltrail")
    charger = xtra(link_rule=rule)
    async with met(charger, unit_id=255, options=Options(scan_interval=15)) as device:
        await device.profile.set_current_limit(9)
        charger.traffic.clear()
        caplog.clear()
        await polls(device, 40)
        assert not device.failures
        assert not caplog.records
        assert not charger.traffic.writes


@in_fake_time
async def test_it_is_asked_gently() -> None:
    """Never more often than it bears, whatever the options say."""
    charger = xtra()
    async with met(charger, unit_id=255, options=Options(scan_interval=2)) as device:
        charger.traffic.clear()
        schedule = Schedule(device)
        assert schedule.pause == 10
        for amps in (8, 9, 0, 10):
            await device.profile.set_current_limit(amps)
        await polls(device, 3)
        assert charger.traffic.requests
        assert not device.failures


# -- orders --


@in_fake_time
async def test_limits_and_pauses() -> None:
    """Whole amperes, written with function 06 to one register."""
    charger = xtra()
    async with met(charger, unit_id=255) as device:
        point = device.profile
        await point.set_current_limit(10.9)
        assert charger.hcc3.limit == 10
        await point.pause()
        assert charger.hcc3.limit == 0
        await asyncio.sleep(6)
        await point.resume()
        assert charger.hcc3.limit == 10
        await asyncio.sleep(6)
        await point.set_current_limit(32)
        await asyncio.sleep(6)
        assert charger.hcc3.limit == 16, "as much as the installation allows"
        writes = charger.traffic.writes
        assert {(write.function, write.address) for write in writes} <= {(6, 0x0400), (6, 0x0401)}
        assert all(write.values[0] in (1, 2) for write in writes if write.address == 0x0401)


@pytest.mark.parametrize(
    ("rated", "installed", "owner", "expected"),
    [(32, 16, None, 16), (32, 0, None, 32), (0, 20, None, 20), (0, 0, None, 16), (0, 0, 20, 20)],
)
@in_fake_time
async def test_a_current_of_zero_is_not_known(
    rated: int, installed: int, owner: float | None, expected: float
) -> None:
    """It is neither nothing nor without a limit."""
    charger = xtra()
    charger.set({"hcc3.rated_current": rated, "hcc3.installation_current": installed})
    async with met(charger, unit_id=255, options=Options(max_current=owner)) as device:
        await device.update()
        assert device.profile.current_bounds().maximum == expected


@in_fake_time
async def test_one_that_was_paused_by_order_goes_on() -> None:
    """An app may have paused it: then the limit alone does not resume."""
    charger = xtra()
    async with met(charger, unit_id=255) as device:
        charger.hcc3.paused = True
        await polls(device, 1)
        assert value(device, "blocked_by") is BlockedBy.PAUSED
        await device.profile.resume()
        assert not charger.hcc3.paused


@in_fake_time
async def test_one_that_goes_on_at_nothing_is_told_to_pause(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """That 0 A pauses is not documented, so it is looked at, and told in its own words."""
    charger = xtra()
    charger.set({"hcc3.zero": Zero.IGNORED})
    async with met(charger, unit_id=255) as device:
        await polls(device, 2)
        await device.profile.pause()
        await polls(device, 5)
        assert charger.hcc3.paused
        assert charger.offered == (0,)
        assert not list(device.problems())
        assert "told to pause" in caplog.text


@in_fake_time
async def test_one_that_obeys_no_pause_is_told_loudly(caplog: pytest.LogCaptureFixture) -> None:
    """It gets the least that it obeys, and its owner a repair."""
    charger = xtra()
    charger.set({"hcc3.zero": Zero.IGNORED, "hcc3.obeys_pause": False})
    async with met(charger, unit_id=255) as device:
        await polls(device, 2)
        await device.profile.pause()
        await polls(device, 9)
        assert charger.offered == (6,)
        assert [problem.key for problem in device.problems()] == ["pause_not_obeyed"]
        assert any(record.levelname == "ERROR" for record in caplog.records)
        charger.traffic.clear()
        await polls(device, 6)
        assert not charger.traffic.writes
        await device.profile.resume()
        await polls(device, 1)
        assert not list(device.problems())


@in_fake_time
async def test_a_limit_of_the_app_is_adopted() -> None:
    """The last writer counts, and links that end in between do not change that."""
    charger = xtra(link_rule=LinkRule.LIFE)
    async with met(charger, unit_id=255) as device:
        await device.profile.set_current_limit(9)
        await polls(device, 2)
        charger.set_from_outside(12)
        charger.traffic.clear()
        await polls(device, 9)
        assert not charger.traffic.writes
        assert device.profile.target.current == 12


@in_fake_time
async def test_after_a_start_the_target_is_written_once() -> None:
    """It has forgotten the limit, and is told it again."""
    charger = xtra()
    connection: ModbusConnection
    async with serve_in_memory(charger) as server:
        connection = ModbusConnection(ModbusTcpParams(host=server.host, port=server.port))
        device = MennekesTcp(connection.for_unit, 255, Options(scan_interval=FAMILY.scan_interval))
        await device.update()
        await device.profile.set_current_limit(8)
        charger.reboot()
        charger.traffic.clear()
        schedule = Schedule(device)
        for _ in range(30):
            await asyncio.sleep(schedule.pause)
            try:
                await schedule.poll()
                await device.reconcile()
            except LinkDownError, DeviceSilentError:
                continue
        assert [(write.address, write.values) for write in charger.traffic.writes] == [
            (0x0400, (8,))
        ]
        device.close()
        await connection.close()


@in_fake_time
async def test_a_pause_that_a_start_took_away_is_not_disobeyed(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is paused once more by its limit, however often: 6 A are for one that obeys no pause."""
    charger = xtra()
    connection: ModbusConnection
    async with serve_in_memory(charger) as server:
        connection = ModbusConnection(ModbusTcpParams(host=server.host, port=server.port))
        device = MennekesTcp(connection.for_unit, 255, Options(scan_interval=FAMILY.scan_interval))
        await device.update()
        await device.profile.pause()
        schedule = Schedule(device)
        for turn in range(60):
            await asyncio.sleep(schedule.pause)
            if turn in (5, 25):
                charger.reboot()
            with suppress(LinkDownError, DeviceSilentError):
                await schedule.poll()
                await device.reconcile()
        assert charger.offered == (0,)
        assert {write.values for write in charger.traffic.writes} == {(0,)}
        assert not list(device.problems())
        assert "told to pause" not in caplog.text
        device.close()
        await connection.close()


@in_fake_time
async def test_an_order_that_is_refused_is_told() -> None:
    """And what was in force stays."""
    charger = xtra()
    async with met(charger, unit_id=255) as device:
        await device.profile.set_current_limit(9)
        await asyncio.sleep(6)
        charger.forbid_writing()
        with pytest.raises(VoltrailError):
            await device.profile.set_current_limit(12)
        assert device.profile.target.current == 9


@in_fake_time
async def test_states_in_one_language() -> None:
    """The pilot and the state together say what goes on."""
    charger = xtra()
    async with met(charger, unit_id=255) as device:
        await polls(device, 1)
        assert value(device, "charging_state") is ChargingState.CHARGING
        charger.set({"hcc3.error": 13})
        await polls(device, 1)
        assert value(device, "charging_state") is ChargingState.ERROR
        charger.set({"hcc3.error": 0, "hcc3.rfid": True})
        await polls(device, 1)
        assert value(device, "blocked_by") is BlockedBy.NOT_AUTHORISED
        charger.hcc3.authorised = True
        charger.car.ventilation = True
        await polls(device, 2)
        assert value(device, "charging_state") is ChargingState.VENTILATION
        charger.car.leave()
        await polls(device, 1)
        assert value(device, "charging_state") is ChargingState.NO_VEHICLE


def test_a_4x_is_never_asked_for_it() -> None:
    """It tells its model, which is enough."""
    assert 0x0302 not in {register.address for register in Charger4X().unit(1).registers}
