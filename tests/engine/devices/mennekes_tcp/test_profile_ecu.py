"""Profile ECU: Professional, Charge Control, AMEDIO."""

import asyncio

import pytest

from custom_components.voltrail.engine.charging.reconciler import Standing
from custom_components.voltrail.engine.devices.mennekes_tcp.profile_ecu import ProfileEcu
from custom_components.voltrail.engine.devices.mennekes_tcp.states import EcuStatus
from custom_components.voltrail.engine.model.charging import BlockedBy, ChargingState
from custom_components.voltrail.engine.model.errors import OutOfBoundsError
from custom_components.voltrail.engine.polling.polled_device import Cadence
from simulators.mennekes_tcp import ChargerEcu
from tests.fake_time import in_fake_time

from .support import met, number, paths, poll, switch, value


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("CC612", "AMTRON Professional"),
        ("CC613", "AMTRON Professional"),
        ("ICC1622", "AMEDIO Professional"),
        ("MENNEKES_CC", "AMTRON Charge Control"),
    ],
)
async def test_who_it_is(model: str, name: str) -> None:
    """The controller's name tells the product."""
    async with met(ChargerEcu(model=model), unit_id=255) as device:
        assert device.identity.model == name
        assert device.identity.firmware == "5.22"
        assert device.fingerprint == f"ECU {model}"


async def test_the_status_is_counted_differently() -> None:
    """0 means available here, and undefined on the other profile."""
    charger = ChargerEcu()
    async with met(charger, unit_id=255) as device:
        assert value(device, "ocpp_status") is EcuStatus.AVAILABLE
        charger.set({"hems.timeout": 0})
        charger.do("plug_in")
        await device.profile.set_current_limit(10)
        charger.advance(30)
        await poll(device)
        assert value(device, "ocpp_status") is EcuStatus.CHARGING
        assert value(device, "charging_state") is ChargingState.CHARGING
        assert value(device, "phases_in_use") == 3


async def test_everything_is_the_simulators() -> None:
    """Meter and session values equal the register table."""
    charger = ChargerEcu(firmware="5.33")
    async with met(charger, unit_id=255) as device:
        charger.set({"hems.timeout": 0})
        charger.do("plug_in")
        await device.profile.set_current_limit(16)
        charger.advance(120)
        await poll(device)
        registers = {register.address: register for register in charger.unit(255).registers}
        for path, address, factor in (
            ("power", 220, 1),
            ("power_l1", 206, 1),
            ("current_l3", 216, 0.001),
            ("energy_charged", 218, 1),
            ("voltage_l2", 224, 1),
            ("session_energy", 716, 1),
            ("session_duration", 718, 1),
            ("current_offered", 706, 1),
            ("vehicle_maximum_current", 715, 1),
        ):
            words = registers[address].words
            raw = words[0] if len(words) == 1 else words[0] << 16 | words[1]
            assert value(device, path) == pytest.approx(raw * factor), path
        assert not charger.traffic.refusals


async def test_errors_are_named() -> None:
    """What the charger reports, all the way from its model."""
    charger = ChargerEcu()
    async with met(charger, unit_id=255) as device:
        assert value(device, "error_list") == ""
        charger.set({"charger.errors": 1 << 0 | 1 << 6 | 1 << 20})
        assert charger.unit(255).read(111, 2) == [0x4100, 0x1000]
        await poll(device)
        assert value(device, "error_list") == "residual_current, contactor_welded, phase_rotation"


async def test_old_firmware_has_fewer_registers() -> None:
    """Before 5.22 there is no model, no total, and availability is inverted."""
    charger = ChargerEcu(firmware="5.12")
    async with met(charger, unit_id=255) as device:
        assert device.identity.model == "AMTRON (ECU)"
        assert "voltage_l1" not in paths(device)
        assert "plug_lock" not in paths(device)
        assert value(device, "power") == 0
        assert value(device, "energy_charged") == pytest.approx(990_320, abs=2)
        operative = switch(device, "operative")
        assert operative.read() is True
        await operative.write(bool(0))
        assert charger.unit(255).read(124, 1) == [1]
        assert operative.read() is False
        assert value(device, "blocked_by") is BlockedBy.NO_VEHICLE
        # Watts are worked out with the nominal voltage.
        await device.profile.set_power_limit(6900)
        assert charger.unit(255).read(1000, 1) == [10]


@in_fake_time
async def test_old_firmware_is_asked_without_pauses() -> None:
    """An HCC3 needs them, and that it might be one was ruled out."""
    async with met(ChargerEcu(firmware="5.12"), unit_id=255, in_memory=True) as device:
        begun = asyncio.get_running_loop().time()
        await poll(device)
        assert asyncio.get_running_loop().time() - begun < 0.1


async def test_availability_since_5_22() -> None:
    """1 means available now."""
    charger = ChargerEcu()
    async with met(charger, unit_id=255) as device:
        operative = switch(device, "operative")
        assert operative.read() is True
        await operative.write(bool(0))
        assert charger.unit(255).read(124, 1) == [0]
        charger.do("plug_in")
        charger.advance(5)
        await poll(device)
        assert value(device, "blocked_by") in (BlockedBy.STATION_LOCKED, BlockedBy.PAUSED)


async def test_limits_are_whole_ampere() -> None:
    """Fractions are cut, less than 6 A pauses, and watts become amps rounded down."""
    charger = ChargerEcu()
    async with met(charger, unit_id=255) as device:
        point = device.profile
        await point.set_current_limit(10.9)
        assert charger.unit(255).read(1000, 1) == [10]
        await point.set_current_limit(5)
        assert charger.unit(255).read(1000, 1) == [0]
        assert point.charging_allowed is False
        await point.resume()
        assert charger.unit(255).read(1000, 1) == [10]
        assert isinstance(point, ProfileEcu)
        volts = sum(volt or 0 for volt in point.voltages)
        await point.set_power_limit(12 * volts + 1)
        assert charger.unit(255).read(1000, 1) == [12]
        assert point.power_limit == 12 * volts + 1
        await point.set_current_limit(33)
        assert charger.unit(255).read(1000, 1) == [32]


async def test_fallback_and_problems() -> None:
    """Safe current and timeout can be set; too short a timeout is told."""
    charger = ChargerEcu()
    async with met(charger, unit_id=255) as device:
        await number(device, "safe_current").write(9)
        await number(device, "communication_timeout").write(15)
        assert charger.unit(255).read(131, 2) == [9, 15]
        assert [problem.key for problem in device.problems()] == ["timeout_too_short"]


async def test_what_no_car_can_be_offered_is_a_pause() -> None:
    """Written by somebody else; the last limit that charged is not forgotten for it."""
    charger = ChargerEcu()
    async with met(charger, unit_id=255) as device:
        point = device.profile
        await point.set_current_limit(10)
        charger.set({"hems.current_tenths": 30})
        assert charger.unit(255).read(1000, 1) == [3]
        for _ in range(3):
            await poll(device)
        assert point.current_limit == 0
        assert point.charging_allowed is False
        assert (point.target.current, point.target.paused) == (10, True)
        assert point.standing is Standing.KEPT
        await point.resume()
        assert charger.unit(255).read(1000, 1) == [10]


async def test_targets_are_asserted_and_foreign_limits_adopted() -> None:
    """The same rules as on the other profile."""
    charger = ChargerEcu()
    async with met(charger, unit_id=255) as device:
        await device.profile.set_current_limit(11)
        memory = device.dump_state()
        charger.unit(255).write(1000, [0])
        await poll(device)
        await poll(device)
        assert device.profile.target.paused
        charger.unit(255).write(1000, [8])
        await poll(device)
        await poll(device)
        assert device.profile.target.current == 8
    async with met(charger, unit_id=255, memory=memory) as device:
        assert charger.unit(255).read(1000, 1) == [11]
        assert device.profile.standing is Standing.KEPT


async def test_the_card_is_private() -> None:
    """The card's number is shown without its blanks, and hidden in diagnostics."""
    charger = ChargerEcu(accepts_tags=("CAFE0123",))
    async with met(charger, unit_id=255) as device:
        charger.set({"ecu.id_tag": "CAFE0123"})
        await poll(device)
        assert value(device, "id_tag") == "CAFE0123"
        raw, failed = await device.read_raw(private=False)
        assert not failed
        letters = {raw[255]["holding"][address] for address in range(720, 730)}
        assert letters <= {0, 0x5858}
        raw, failed = await device.read_raw()
        assert raw[255]["holding"][729] == int.from_bytes(b"23")


async def test_a_meter_that_does_not_tell_phases_apart() -> None:
    """Its total stands in L1. Taken for one phase, a car on three would get thrice as much."""
    charger = ChargerEcu(phase_values=False, voltages=False)
    async with met(charger, unit_id=255) as device:
        charger.set({"hems.timeout": 0})
        charger.do("plug_in")
        await device.profile.set_current_limit(16)
        charger.advance(60)
        await poll(device)
        assert value(device, "power") == pytest.approx(11_000, rel=0.1)
        assert value(device, "current_l1") == pytest.approx(48, rel=0.1)
        assert value(device, "current_l2") is None
        assert value(device, "phases_in_use") is None
        await device.profile.set_power_limit(6900)
        assert charger.unit(255).read(1000, 1) == [10]
        charger.advance(60)
        await poll(device)
        assert value(device, "power") == pytest.approx(6900, rel=0.05)


async def test_old_firmware_has_a_session_too() -> None:
    """Its counters are short, and say nothing once they have ended."""
    charger = ChargerEcu(firmware="5.12")
    async with met(charger, unit_id=255) as device:
        charger.set({"hems.timeout": 0})
        charger.do("plug_in")
        await device.profile.set_current_limit(16)
        charger.advance(600)
        await poll(device)
        energy, duration = charger.unit(255).read(705, 1), charger.unit(255).read(709, 1)
        assert value(device, "session_energy") == energy[0] > 1000
        assert value(device, "session_duration") == duration[0] >= 590
        charger.set({"session.energy": 70_000.0, "session.duration": 70_000.0})
        await device.refresh(("departure", "times"))
        assert value(device, "session_energy") is None
        assert value(device, "session_duration") is None


async def test_the_master_of_a_group() -> None:
    """It can limit the group; others cannot."""
    charger = ChargerEcu()
    async with met(charger, unit_id=255) as device:
        assert "network_ems_limit" not in {found.key for found in device.controls()}
        layout = device.layout
        charger.set({"network.mode": 2, "ecu.external_meter": True})
        await poll(device)
        assert device.layout != layout
        assert value(device, "external_meter") is True
        limit = number(device, "network_ems_limit")
        await limit.write(20)
        assert charger.unit(255).read(613, 3) == [20, 20, 20]
        assert limit.read() == 20
        with pytest.raises(OutOfBoundsError):
            await limit.write(33)


async def test_the_charge_of_a_car() -> None:
    """It is known for a car that says so, and only as a percentage."""
    charger = ChargerEcu(firmware="5.33")
    async with met(charger, unit_id=255) as device:
        assert value(device, "smart_vehicle") is False
        assert value(device, "vehicle_state_of_charge") is None
        charger.set({"ecu.vehicle_id": "001A2D3C4B5E", "ecu.state_of_charge": 63})
        await poll(device)
        assert value(device, "smart_vehicle") is True
        assert value(device, "vehicle_state_of_charge") == 63
        assert value(device, "evcc_id") == "001A2D3C4B5E"
        charger.set({"ecu.state_of_charge": 255})
        await poll(device)
        assert value(device, "vehicle_state_of_charge") is None


@pytest.mark.usefixtures("offers_at_once")
async def test_reasons_for_not_charging() -> None:
    """A station out of service, a fault, somebody else's limit, and the car itself."""
    charger = ChargerEcu()
    async with met(charger, unit_id=255) as device:
        charger.set({"hems.timeout": 0, "car.wants_to_charge": False})
        charger.do("plug_in")
        await device.profile.set_current_limit(16)
        for states, reason in (
            ({}, BlockedBy.VEHICLE),
            ({"charger.available": False}, BlockedBy.STATION_LOCKED),
            ({"charger.faulted": True}, BlockedBy.FAULT),
            ({"charger.operator_limit": 0}, BlockedBy.DOWNGRADED),
        ):
            before = charger.state()
            charger.set(states)
            charger.advance(3)
            await poll(device)
            assert value(device, "blocked_by") is reason
            charger.set({name: before[name] for name in states})


async def test_what_the_reason_is_made_of_is_polled() -> None:
    """Also if nobody looks at the registers behind it."""
    charger = ChargerEcu()
    async with met(charger, unit_id=255) as device:
        (reason,) = [one for one in device.readings() if one.name == "blocked_by"]
        assert {"availability", "status", "signal", "limits", "vehicle"} <= reason.components


async def test_a_limit_of_power_holds_although_no_entity_shows_it() -> None:
    """With every sensor disabled the phases are followed all the same."""
    charger = ChargerEcu()
    charger.set({"hems.timeout": 0, "car.phases": 1})
    charger.do("plug_in")
    async with met(charger, unit_id=255) as device:
        await device.profile.set_power_limit(5000)
        charger.advance(30)
        await poll(device)
        assert device.profile.current_limit == 21
        charger.do("leave")
        charger.set({"car.phases": 3})
        for _ in range(6):
            charger.advance(10)
            await device.poll(Cadence.MEASUREMENTS, ())
            await device.reconcile()
            charger.do("plug_in")
        assert device.profile.current_limit == 7


async def test_before_anything_was_read() -> None:
    """What is not known yet is None, and nothing is made of it."""
    charger = ChargerEcu()
    async with met(charger, unit_id=255, polled=False) as device:
        point = device.profile
        assert point.standing is Standing.UNKNOWN
        point.adopt()
        assert not point.target.set
        assert point.charging_allowed is None
        assert point.blocked_by is None
        assert switch(device, "operative").read() is None
        assert not list(device.problems())


@pytest.mark.parametrize("safe_current", [6, 0])
@in_fake_time
async def test_a_safe_current_does_not_stay_for_good(safe_current: int) -> None:
    """After a gap the register still holds the limit: only a write brings the offer back."""
    charger = ChargerEcu()
    charger.set({"hems.safe_current": safe_current})
    charger.do("plug_in")
    async with met(charger, unit_id=255, in_memory=True) as device:
        await device.profile.set_current_limit(13)
        await asyncio.sleep(20)
        assert charger.unit(255).read(706, 1)[0] == 13
        await asyncio.sleep(70)
        assert charger.unit(255).read(706, 1)[0] == safe_current
        await poll(device)
        await asyncio.sleep(20)
        assert charger.unit(255).read(706, 1)[0] == 13
        await poll(device)
        assert value(device, "blocked_by") is BlockedBy.NOTHING


@in_fake_time
async def test_a_safe_current_of_nothing_is_said() -> None:
    """Nobody paused it, and the car is not to blame."""
    charger = ChargerEcu()
    charger.set({"hems.safe_current": 0})
    charger.do("plug_in")
    async with met(charger, unit_id=255, in_memory=True) as device:
        charger.set({"hems.current_tenths": 130})
        await asyncio.sleep(70)
        await device.poll(Cadence.MEASUREMENTS)
        assert value(device, "blocked_by") is BlockedBy.COMMUNICATION_TIMEOUT


@in_fake_time
async def test_it_waits_for_a_card() -> None:
    """No register tells; the state of the protocol behind it does."""
    charger = ChargerEcu(accepts_tags=("04AB",))
    charger.do("plug_in")
    async with met(charger, unit_id=255, in_memory=True) as device:
        await device.profile.set_current_limit(13)
        await asyncio.sleep(20)
        await poll(device)
        assert value(device, "blocked_by") is BlockedBy.NOT_AUTHORISED
        charger.hold_card("04AB")
        await asyncio.sleep(20)
        await poll(device)
        assert value(device, "blocked_by") is BlockedBy.NOTHING


@in_fake_time
async def test_a_resume_is_not_called_reduced_from_outside() -> None:
    """The limit is read again at once, and the offer only with the next poll."""
    charger = ChargerEcu()
    charger.do("plug_in")
    async with met(charger, unit_id=255, in_memory=True) as device:
        await device.profile.pause()
        await asyncio.sleep(20)
        await poll(device)
        assert value(device, "blocked_by") is BlockedBy.PAUSED
        await device.profile.resume()
        assert value(device, "blocked_by") is not BlockedBy.DOWNGRADED
        await asyncio.sleep(10)
        await poll(device)
        assert value(device, "blocked_by") is BlockedBy.NOTHING
