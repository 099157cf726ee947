"""Bringing the charger back to what its user asked for: once, and never against anybody."""

import asyncio
from contextlib import suppress
from unittest.mock import patch

import pytest
from modbus_connection import ModbusConnectionError
from modbus_connection.tmodbus import ModbusConnection

from custom_components.voltrail.engine.charging.reconciler import Standing
from custom_components.voltrail.engine.devices.mennekes_tcp import MennekesTcp
from custom_components.voltrail.engine.model.errors import (
    DeviceRefusedError,
    DeviceSilentError,
    LinkDownError,
    NotAppliedError,
)
from custom_components.voltrail.engine.model.options import Options
from custom_components.voltrail.engine.polling.polled_device import Cadence
from simulators.mennekes_tcp import Charger4X, ChargerEcu
from simulators.mennekes_tcp.codes import PhaseMode
from tests.fake_time import in_fake_time

from .support import met, poll, value

type Written = list[tuple[int, tuple[int, ...]]]


def written(charger: Charger4X | ChargerEcu) -> Written:
    """Return what was written since the traffic was cleared, in order."""
    return [(write.address, write.values) for write in charger.traffic.writes]


async def come_back(device: MennekesTcp) -> None:
    """Poll until the charger is reached: the first request may find the connection gone."""
    for _ in range(3):
        with suppress(LinkDownError):
            await poll(device)
            return
    pytest.fail("the charger does not come back")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("current", [(2000, (11,))]),
        ("power", [(2002, (6000,)), (2000, (32,))]),
        # The reset value of the current is no pause.
        ("pause", [(2000, (0,))]),
    ],
)
@in_fake_time
async def test_once_after_a_reboot(target: str, expected: Written) -> None:
    """The state is read first; then what was asked for is written, once."""
    charger = Charger4X()
    async with met(charger, in_memory=True) as device:
        point = device.profile
        await point.set_current_limit(11)
        if target == "power":
            await point.set_power_limit(6000)
        elif target == "pause":
            await point.pause()
        charger.do("reboot")
        with suppress(LinkDownError):
            await poll(device)
        await asyncio.sleep(60)
        charger.traffic.clear()
        await come_back(device)
        assert written(charger) == expected
        assert charger.traffic.reads[0].address == 120
        for _ in range(5):
            await asyncio.sleep(10)
            await poll(device)
        assert written(charger) == expected


@in_fake_time
async def test_an_order_that_a_reload_overtakes_is_not_said_to_be_done() -> None:
    """The next device object for the charger keeps the earlier target in force."""
    charger = Charger4X()
    async with met(charger, in_memory=True) as device:
        await device.profile.set_current_limit(16)
        orders = [
            asyncio.create_task(device.profile.pause()),
            asyncio.create_task(device.profile.set_power_limit(5000)),
        ]
        await asyncio.sleep(0)
        device.close()
        for outcome in await asyncio.gather(*orders, return_exceptions=True):
            assert isinstance(outcome, LinkDownError)
        assert device.dump_state()["power"] is None


@in_fake_time
async def test_a_pause_is_not_undone_by_the_order_before_it() -> None:
    """A limit of power is two writes; the second one must not come after the pause."""
    charger = Charger4X()
    async with met(charger, in_memory=True) as device:
        point = device.profile
        await asyncio.gather(point.set_power_limit(6000), point.pause())
        assert written(charger)[-1] == (2000, (0,))
        assert point.target.paused
        assert point.current_limit == 0


@in_fake_time
async def test_a_pause_is_not_undone_by_what_is_asserted() -> None:
    """What was asked for last is what counts, even while the charger comes back."""
    charger = Charger4X()
    async with met(charger, in_memory=True) as device:
        point = device.profile
        await point.set_power_limit(6000)
        charger.set({"hems.power": 22080})
        device._link_lost()
        await device.poll(Cadence.MEASUREMENTS)
        assert point.standing is Standing.OTHER
        await asyncio.gather(device.reconcile(), point.pause())
        assert written(charger)[-1] == (2000, (0,))
        assert point.target.paused
        assert point.current_limit == 0


@in_fake_time
async def test_nothing_after_a_reconnect_that_lost_nothing() -> None:
    """A charger that kept the limit is left alone."""
    charger = Charger4X()
    async with met(charger, in_memory=True) as device:
        await device.profile.set_current_limit(11)
        charger.traffic.clear()
        charger.drop_clients()
        await come_back(device)
        await poll(device)
        assert written(charger) == []


@in_fake_time
async def test_nothing_without_a_target() -> None:
    """Who never set anything is not told what to set."""
    charger = Charger4X()
    async with met(charger, in_memory=True) as device:
        charger.do("reboot")
        await asyncio.sleep(60)
        await come_back(device)
        charger.set({"hems.timeout": 30})
        await asyncio.sleep(31)
        await poll(device)
        assert written(charger) == []


@in_fake_time
async def test_once_when_the_charger_has_lost_us() -> None:
    """One write brings it out of its safe current; that it is out is seen at once."""
    charger = Charger4X()
    async with met(charger, in_memory=True) as device:
        await device.profile.set_current_limit(13)
        charger.set({"hems.timeout": 30})
        await asyncio.sleep(31)
        charger.traffic.clear()
        await poll(device)
        assert written(charger) == [(2000, (13,))]
        assert value(device, "safe_current_active") is False
        for _ in range(6):
            await asyncio.sleep(10)
            await poll(device)
        assert written(charger) == [(2000, (13,))]
        # The next time, again.
        await asyncio.sleep(31)
        await poll(device)
        assert written(charger) == [(2000, (13,))] * 2


@in_fake_time
async def test_once_when_a_timeout_ends_that_took_the_limit_along() -> None:
    """Some come out of it with another limit: ours is written again, once."""
    charger = Charger4X()
    async with met(charger, in_memory=True) as device:
        await device.profile.set_current_limit(13)
        charger.set({"hems.access": "read_only"})
        await poll(device)
        charger.set({"hems.timed_out": True})
        charger.traffic.clear()
        await poll(device)
        # It takes no orders, so nothing is tried.
        assert written(charger) == []
        charger.set({"hems.access": "read_write", "hems.timed_out": False})
        charger.set({"hems.current_tenths": 60})
        await poll(device)
        await poll(device)
        assert written(charger) == [(2000, (13,))]


@in_fake_time
async def test_a_charger_that_comes_out_with_another_limit_is_told_again() -> None:
    """It heard us, and holds something else all the same by the next poll."""
    charger = Charger4X()
    async with met(charger, in_memory=True) as device:
        await device.profile.set_current_limit(13)
        charger.set({"hems.timed_out": True})
        charger.traffic.clear()
        await poll(device)
        charger.set({"hems.current_tenths": 60})
        await poll(device)
        assert written(charger) == [(2000, (13,))] * 2
        # Whoever changes it after that means it.
        charger.set({"hems.current_tenths": 60})
        for _ in range(3):
            await poll(device)
        assert written(charger) == [(2000, (13,))] * 2
        assert device.profile.target.current == 6


@in_fake_time
async def test_an_assertion_that_is_refused_is_due_again() -> None:
    """What did not get through is tried with the next poll."""
    charger = Charger4X()
    async with met(charger, in_memory=True) as device:
        await device.profile.set_current_limit(10)
        charger.do("reboot")
        await asyncio.sleep(60)
        refusal = charger.faults.inject("exception", code=4, function=6, times=1)
        with pytest.raises(DeviceRefusedError):
            await come_back(device)
        assert refusal.times == 0
        assert charger.unit(1).read(2000, 1) == [6]
        await poll(device)
        assert charger.unit(1).read(2000, 1) == [10]


@pytest.mark.parametrize(("asked", "registers"), [(30, [16, 160]), (12, [12, 120])])
async def test_a_lower_limit_of_the_installer_is_brought_about(
    asked: float, registers: list[int]
) -> None:
    """After the installer lowered what is allowed, the charger does not go on with more."""
    charger = Charger4X()
    async with met(charger) as device:
        await device.profile.set_current_limit(asked)
        memory = device.dump_state()
    async with met(charger, options=Options(max_current=16), memory=memory):
        assert charger.unit(1).read(2000, 2) == registers


async def test_a_lower_limit_of_the_installer_caps_power() -> None:
    """The same for a limit of power, with the current as its ceiling."""
    charger = Charger4X()
    async with met(charger) as device:
        await device.profile.set_power_limit(20_000)
        memory = device.dump_state()
    async with met(charger, options=Options(max_current=16), memory=memory) as device:
        assert charger.unit(1).read(2000, 3) == [16, 160, 11_040]
        await device.profile.pause()
        await device.profile.resume()
        assert charger.unit(1).read(2000, 3) == [16, 160, 11_040]
    charger = Charger4X()
    async with met(charger) as device:
        await device.profile.set_power_limit(6000)
        memory = device.dump_state()
    async with met(charger, options=Options(max_current=16), memory=memory):
        assert charger.unit(1).read(2000, 3) == [16, 160, 6000]


async def test_a_lower_limit_of_the_installer_on_an_older_charger() -> None:
    """And on the other profile."""
    charger = ChargerEcu()
    async with met(charger, unit_id=255) as device:
        await device.profile.set_current_limit(30)
        memory = device.dump_state()
    async with met(charger, unit_id=255, options=Options(max_current=16), memory=memory):
        assert charger.unit(255).read(1000, 1) == [16]


@in_fake_time
async def test_a_connection_that_died_silently_is_opened_again() -> None:
    """A charger that went away without closing it never answers on it again."""
    charger = Charger4X()
    async with met(charger, in_memory=True) as device:
        await device.profile.set_current_limit(10)
        silence = charger.faults.silence()
        assert charger.traffic.connections_made == 1
        with pytest.raises(DeviceSilentError):
            await device.poll(Cadence.MEASUREMENTS)
        silence.times = 0
        charger.set({"hems.current_tenths": 60})
        await asyncio.sleep(10)
        charger.traffic.clear()
        await poll(device)
        assert charger.traffic.connections_made == 1
        # It counts as a reconnect.
        assert charger.traffic.reads[0].address == 120
        assert written(charger) == [(2000, (10,))]


@pytest.mark.parametrize("kind", [Charger4X, ChargerEcu])
@pytest.mark.parametrize(
    ("order", "asked", "held"),
    [("current", 0, 0), ("current", 7, 7), ("current", 13, 10), ("power", 5000, 5000)],
)
@pytest.mark.parametrize("fault", ["lose_request", "lose_answer"])
@in_fake_time
async def test_an_order_that_may_have_got_through(
    kind: type[Charger4X | ChargerEcu], order: str, asked: float, held: float, fault: str
) -> None:
    """The lower limit counts, whether it is the new one or the old."""
    charger = kind()
    async with met(charger, in_memory=True, unit_id=1 if kind is Charger4X else 255) as device:
        point = device.profile
        orders = {"current": point.set_current_limit, "power": point.set_power_limit}
        await point.set_current_limit(10)
        await poll(device)
        charger.faults.inject(fault, function=6)
        ordering = asyncio.create_task(orders[order](asked))
        await asyncio.sleep(1)
        charger.drop_clients()
        with pytest.raises(LinkDownError):
            await ordering
        for _ in range(3):
            await come_back(device)
            await asyncio.sleep(10)
        assert point.standing is Standing.KEPT
        limit = point.current_limit if order == "current" else point.power_limit
        assert limit is not None
        # Watts come in steps of an ampere on the one, and of 1 W on the other.
        assert held - 700 * (order == "power") <= limit <= held


@in_fake_time
async def test_what_the_charger_cannot_hold_is_not_told_it_for_ever() -> None:
    """One that was set to three phases meanwhile, of a list that does not tell its lowest power."""
    charger = Charger4X(protocol="1.4", phase_mode=PhaseMode.THREE)
    memory = {"power": 3300.0, "current": 16.0, "set": True}
    async with met(charger, in_memory=True, memory=memory, polled=False) as device:
        with pytest.raises(NotAppliedError):
            await poll(device)
        charger.traffic.clear()
        for _ in range(4):
            await asyncio.sleep(10)
            await poll(device)
        assert written(charger) == []
        assert device.profile.target.paused
        assert device.profile.power_limit == 0


@in_fake_time
async def test_a_connection_that_does_not_even_close() -> None:
    """It is the silence of the charger that is told, and nothing that nobody expects."""
    charger = Charger4X()
    async with met(charger, in_memory=True) as device:
        charger.faults.silence()
        with patch.object(
            ModbusConnection, "disconnect", side_effect=ModbusConnectionError("broken pipe")
        ):
            for _ in range(4):
                with pytest.raises(DeviceSilentError):
                    await device.poll(Cadence.MEASUREMENTS)


async def test_a_charger_that_is_updated_is_identified_again() -> None:
    """Another protocol or firmware brings other registers, and turns one round."""
    charger = Charger4X(protocol="1.4")
    async with met(charger) as device:
        before = device.layout
        await poll(device)
        assert device.layout == before
        protocol = device._slots["protocol"].component
        protocol._values["protocol_version"] = "1.5"
        assert device.layout != before
    old = ChargerEcu(firmware="5.12")
    async with met(old, unit_id=255) as device:
        before = device.layout
        device._slots["version"].component._values["firmware"] = "5.22"
        assert device.layout != before
