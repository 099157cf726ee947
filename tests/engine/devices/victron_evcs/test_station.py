"""The charging station: who it is, what it says, and that its own modes are left alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from modbus_connection import ModbusTcpParams
from modbus_connection.tmodbus import ModbusConnection

from custom_components.voltrail.engine.devices.victron_evcs import VictronEvcs
from custom_components.voltrail.engine.model.charging import BlockedBy, ChargingState, Phases
from custom_components.voltrail.engine.model.controls import ButtonControl, SwitchControl
from custom_components.voltrail.engine.model.errors import (
    NotNowError,
    OtherRegistersError,
    ReadOnlyError,
    UnknownDeviceError,
    VoltrailError,
)
from custom_components.voltrail.engine.model.options import Options
from custom_components.voltrail.engine.polling.schedule import Schedule
from simulators.device import SimulatedDevice
from simulators.memory import serve_in_memory
from simulators.mennekes_tcp import Charger4X
from simulators.victron_evcs import ChargingStation
from simulators.victron_evcs.station import Illegal, Mode, PhaseHardware
from tests.fake_time import in_fake_time

NEVER_WRITTEN = {5017, 5026, 5056, 5063, 5065, 5066, 5067, 5100, 5102, 5104, 5105}


def station(**traits: object) -> ChargingStation:
    """Return a station with a car that charges."""
    made = ChargingStation(**traits)  # type: ignore[arg-type]
    made.plug_in()
    return made


@asynccontextmanager
async def met(
    device: SimulatedDevice, options: Options | None = None
) -> AsyncIterator[VictronEvcs]:
    """Meet it, and read everything once."""
    async with serve_in_memory(device) as server:
        connection = ModbusConnection(ModbusTcpParams(host=server.host, port=server.port))
        found = VictronEvcs(connection.for_unit, 1, options)
        try:
            await found.update()
            yield found
        finally:
            found.close()
            await connection.close()


async def polls(device: VictronEvcs, number: int) -> None:
    """Poll as the integration does."""
    schedule = Schedule(device)
    for _ in range(number):
        await asyncio.sleep(schedule.pause)
        await schedule.poll()
        await device.reconcile()


def value(device: VictronEvcs, path: str) -> object:
    """Return a value by its path."""
    reading = device.reading(path)
    assert device.available(reading.components), path
    return reading.read()


# -- who it is --


@in_fake_time
async def test_it_says_who_it_is() -> None:
    """Texts come with their low byte first, and the firmware in hexadecimal digits."""
    async with met(station()) as device:
        identity = device.identity
        assert identity.manufacturer == "Victron Energy"
        assert identity.model == "EV Charging Station NS"
        assert (identity.serial, identity.name) == ("HQ2309ABCDE", "Carport øst")
        assert identity.firmware == "2.05"
        assert device.fingerprint == "HQ2309ABCDE"
    async with met(station(firmware="00012101")) as device:
        assert device.identity.firmware == "1.21-beta-01"


@pytest.mark.parametrize("firmware", ["000120ff", "00012101", "00012202", "000122ff", "000205ff"])
@in_fake_time
async def test_each_firmware_is_read_as_far_as_it_goes(firmware: str) -> None:
    """Before v1.21 there are 50 registers, before v1.22 no minimum; a poll is never refused."""
    device = station(firmware=firmware)
    async with met(device) as found:
        device.traffic.clear()
        await polls(found, 3)
        assert not device.traffic.refusals
        assert not found.failures
        assert ("uptime" in {reading.path for reading in found.readings()}) is (
            firmware != "000120ff"
        )
        assert value(found, "charging_state") is ChargingState.CHARGING


@in_fake_time
async def test_a_run_that_is_refused_is_read_in_two() -> None:
    """The larger one is proven by nobody."""
    async with met(station(largest_read_refused=True)) as device:
        assert value(device, "minimum_current") == 6
        assert value(device, "autostart") == 0


@in_fake_time
async def test_zeros_are_no_station() -> None:
    """They would read as one in manual mode without a car."""
    device = station()
    device.evcs.all_zeros = True
    with pytest.raises(OtherRegistersError):
        async with met(device):
            pass
    assert not device.traffic.writes


@in_fake_time
async def test_zeros_in_between_are_believed_nowhere() -> None:
    """The product id of the same answer vouches for every value, also after the first one."""
    device = station()
    async with met(device) as found:
        await found.point.set_current_limit(10)
        device.evcs.all_zeros = True
        device.traffic.clear()
        await polls(found, 2)
        assert "main" in found.failures
        assert not device.traffic.writes
        device.evcs.all_zeros = False
        await polls(found, 2)
        assert found.point.target.current == 10


@in_fake_time
async def test_others_are_refused() -> None:
    """Nothing is written to find out."""
    for device in (Charger4X(), station(product=0xA389)):
        with pytest.raises((OtherRegistersError, UnknownDeviceError)):
            async with met(device):
                pass
        assert not device.traffic.writes


@in_fake_time
async def test_one_of_the_future_is_only_read() -> None:
    """Its registers may mean something else."""
    device = station(product=0xC02A)
    async with met(device) as found:
        assert value(found, "power") is not None
        assert not list(found.controls())
        with pytest.raises(ReadOnlyError):
            await found.point.pause()
        assert not device.traffic.writes


# -- values --


@in_fake_time
async def test_values() -> None:
    """Scales and sums as its lists have them."""
    device = station()
    async with met(device) as found:
        await polls(found, 12)
        power = value(found, "power")
        assert isinstance(power, float | int)
        assert power == pytest.approx(device.meter.power, abs=5)
        assert value(found, "energy_charged") == pytest.approx(device.meter.energy / 1000, abs=0.02)
        assert value(found, "current") == pytest.approx(16, abs=0.1)
        assert value(found, "phases_in_use") == 3
        assert value(found, "current_offered") == 16
        assert value(found, "session_duration") == pytest.approx(120, abs=20)
        device.car.phases = 1
        await polls(found, 2)
        assert value(found, "phases_in_use") == 1


@pytest.mark.parametrize(
    ("status", "state", "reason"),
    [
        (1, ChargingState.CONNECTED, BlockedBy.VEHICLE),
        (3, ChargingState.CONNECTED, BlockedBy.VEHICLE),
        (5, ChargingState.CONNECTED, BlockedBy.NOT_AUTHORISED),
        (8, ChargingState.ERROR, BlockedBy.FAULT),
        (14, ChargingState.ERROR, BlockedBy.FAULT),
        (20, ChargingState.CHARGING, BlockedBy.NOTHING),
        (22, ChargingState.CONNECTED, BlockedBy.PHASE_SWITCHING),
        (99, None, None),
    ],
)
@in_fake_time
async def test_states(status: int, state: ChargingState | None, reason: BlockedBy | None) -> None:
    """Every status in the words of all brands; an unknown one fails nothing."""
    device = station()
    async with met(device) as found:
        await polls(found, 4)
        device.evcs.forced_status = status
        await polls(found, 1)
        if status == 8:
            # A fault stops the car.
            await polls(found, 2)
        assert value(found, "charging_state") is state
        assert value(found, "blocked_by") is reason


# -- orders --


@in_fake_time
async def test_limit_pause_and_resume() -> None:
    """The current first, then the start, so that it never begins with the one from before."""
    device = station()
    async with met(device) as found:
        point = found.point
        await point.set_current_limit(10.9)
        assert device.evcs.set_current == 10
        await asyncio.sleep(6)
        await point.pause()
        assert not device.evcs.started
        assert device.evcs.set_current == 10
        device.traffic.clear()
        await point.resume(8)
        await asyncio.sleep(6)
        written = [(write.address, write.values) for write in device.traffic.writes]
        assert written == [(5016, (8,)), (5010, (1,))]
        await point.set_current_limit(5)
        assert not device.evcs.started
        assert not {write.address for write in device.traffic.writes} & NEVER_WRITTEN
        assert {write.function for write in device.traffic.writes} == {6}


@in_fake_time
async def test_its_own_modes_are_left_alone() -> None:
    """An order is refused with the reason, and nothing is asserted there."""
    device = station()
    async with met(device) as found:
        await found.point.set_current_limit(10)
        device.evcs.mode = Mode.AUTO
        device.evcs.set_current = 25
        device.traffic.clear()
        await polls(found, 5)
        for order in (found.point.pause(), found.point.set_current_limit(8), found.point.resume()):
            with pytest.raises(NotNowError):
                await order
        assert not device.traffic.writes
        assert value(found, "blocked_by") is BlockedBy.NOT_ACCOUNTED_FOR
        assert found.point.target.current == 10


@in_fake_time
async def test_a_start_without_a_car_is_no_refusal() -> None:
    """It falls back by itself; when the car comes, it is started."""
    device = ChargingStation()
    async with met(device) as found:
        await found.point.set_current_limit(10)
        await polls(found, 3)
        assert found.point.current_limit == 10
        device.car.plug_in()
        await polls(found, 4)
        assert device.evcs.started
        assert device.offered == (10,)


@in_fake_time
async def test_autostart_does_not_end_a_pause() -> None:
    """A car that comes back would charge although its owner paused."""
    device = station()
    async with met(device) as found:
        await found.point.pause()
        device.evcs.autostart = True
        device.car.leave()
        await polls(found, 3)
        device.car.plug_in()
        await polls(found, 4)
        assert not device.evcs.started


@pytest.mark.parametrize("illegal", [Illegal.CLIP, Illegal.IGNORE, Illegal.REFUSE])
@in_fake_time
async def test_its_minimum_and_its_maximum_are_kept(illegal: Illegal) -> None:
    """What the station does with other currents is not documented, so it is never sent one."""
    device = station()
    device.set({"evcs.minimum_current": 8, "evcs.maximum_current": 20, "evcs.illegal": illegal})
    async with met(device) as found:
        await found.point.set_current_limit(7)
        assert not device.evcs.started
        await asyncio.sleep(6)
        await found.point.set_current_limit(32)
        assert device.evcs.set_current == 20


@in_fake_time
async def test_phases_are_changed_in_a_pause() -> None:
    """Stop, write, wait for the relays, go on."""
    device = station()
    async with met(device) as found:
        await found.point.set_current_limit(12)
        await asyncio.sleep(6)
        device.traffic.clear()
        await found.point.set_phases(Phases.ONE)
        assert found.point.phases is Phases.ONE
        await polls(found, 3)
        orders = [(write.address, write.values) for write in device.traffic.writes]
        assert orders[:2] == [(5010, (0,)), (5055, (1,))]
        assert device.evcs.started
        assert device.evcs.set_current == 12
        await polls(found, 3)
        assert value(found, "phases_in_use") == 1


@pytest.mark.parametrize("hardware", [PhaseHardware.NO, PhaseHardware.REFUSED])
@in_fake_time
async def test_phases_are_offered_where_the_hardware_has_them(hardware: PhaseHardware) -> None:
    """A refusal means no; the installer's register is never written."""
    async with met(station(phase_hardware=hardware)) as found:
        assert "phases" not in {control.key for control in found.controls()}
        assert found.point.phases is None


@in_fake_time
async def test_nothing_is_kept_alive_and_nothing_ends_by_itself() -> None:
    """It has no watchdog: the last current stands for ever when its client is gone."""
    device = station()
    async with met(device) as found:
        assert not list(found.keep_alives())
        await found.point.set_current_limit(9)
    device.advance(3600)
    assert device.offered == (9,)


@in_fake_time
async def test_other_orders() -> None:
    """Autostart is a switch, a restart a button; after it the target is asserted once."""
    device = station()
    async with met(device) as found:
        await found.point.set_current_limit(9)
        controls = {control.key: control for control in found.controls()}
        switch, button = controls["autostart"], controls["restart"]
        assert isinstance(switch, SwitchControl)
        assert isinstance(button, ButtonControl)
        await switch.write(True)  # noqa: FBT003 - a state
        assert device.evcs.autostart
        assert switch.read() is True
        await button.press()
        schedule = Schedule(found)
        for _ in range(12):
            await asyncio.sleep(schedule.pause)
            try:
                await schedule.poll()
                await found.reconcile()
            except VoltrailError:
                continue
        assert device.offered == (9,)
