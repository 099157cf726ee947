"""Orders that come while an entry is loaded anew, in faked time: none is lost, none is refused."""

import asyncio
from typing import Any, Final

import pytest
from homeassistant.helpers import entity_registry as er

from custom_components.voltrail.held_orders import HELD
from simulators.relay import catalogue
from tests.fake_time import run
from tests.reliability.home import Home, entry_of, home
from tests.reliability.subjects import LIMIT, subject

pytestmark = pytest.mark.usefixtures("socket_enabled")

CHARGERS: Final = ("mennekes_tcp 4X", "mennekes_rtu serial", "alfen")
MOMENTS: Final = (0.0, 0.01, 0.1, 0.5, 1.5)
"""Seconds after a reload began."""


def reload(house: Home) -> asyncio.Task[bool]:
    """Begin to load the entry anew."""
    return asyncio.ensure_future(house.hass.config_entries.async_reload(house.entry.entry_id))


async def turn(house: Home, number: str, amps: float) -> None:
    """Turn a number, whether it is there or not."""
    await house.hass.services.async_call(
        "number", "set_value", {"entity_id": number, "value": amps}, blocking=True
    )


def number_of(house: Home) -> tuple[str, dict[str, str]]:
    """Return the number that limits the charger, and the charger as a target."""
    number = house.entity("number", str(house.subject.order))
    entry = er.async_get(house.hass).async_get(number)
    assert entry is not None
    assert entry.device_id is not None
    return number, {"device_id": entry.device_id}


def in_force(house: Home) -> float:
    """Return the limit that the charger goes by."""
    assert house.subject.in_force is not None
    return house.subject.in_force()


@pytest.mark.parametrize("key", CHARGERS)
def test_a_number_that_is_turned_meanwhile_is_turned(key: str) -> None:
    """Home Assistant drops what is ordered of an entity that is away; here it waits."""

    async def story() -> None:
        async with subject(key) as device, home(device) as house:
            await house.start()
            await house.settle()
            number, _ = number_of(house)
            amps = LIMIT
            for moment in MOMENTS:
                reloading = reload(house)
                await asyncio.sleep(moment)
                amps = 7.0 if amps == 12.0 else 12.0
                await turn(house, number, amps)
                await reloading
                await house.pass_time(15)
                assert in_force(house) == pytest.approx(amps), moment
            assert not house.hass.data[HELD]
            assert await house.end() == []

    run(story())


@pytest.mark.parametrize("key", CHARGERS)
def test_an_action_waits_for_its_charger(key: str) -> None:
    """A pause that comes in the middle of a reload ends in a paused charger."""

    async def story() -> None:
        async with subject(key) as device, home(device) as house:
            await house.start()
            await house.settle()
            number, target = number_of(house)
            for moment in MOMENTS:
                reloading = reload(house)
                await asyncio.sleep(moment)
                await house.hass.services.async_call(
                    "voltrail", "pause_charging", target, blocking=True
                )
                await reloading
                await house.pass_time(15)
                assert in_force(house) == 0, moment
                await turn(house, number, LIMIT)
                await house.pass_time(12)
            assert await house.end() == []

    run(story())


def test_orders_keep_their_turn() -> None:
    """What came last is in force in the end, however it came."""

    async def story() -> None:
        async with subject("mennekes_tcp 4X") as device, home(device) as house:
            await house.start()
            await house.settle()
            number, target = number_of(house)
            reloading = reload(house)
            await asyncio.sleep(0.01)
            await turn(house, number, 12)
            pausing = asyncio.ensure_future(
                house.hass.services.async_call("voltrail", "pause_charging", target, blocking=True)
            )
            await reloading
            await pausing
            await house.pass_time(12)
            assert in_force(house) == 0
            assert device.device.traffic.writes

    run(story())


def test_what_cannot_wait_for_ever_is_told() -> None:
    """The device is away for longer: the order is dropped, and the log says so."""

    async def story() -> None:
        async with subject("mennekes_tcp 4X") as device, home(device) as house:
            await house.start()
            await house.settle()
            number, _ = number_of(house)
            device.relay.put(catalogue.make("refused"))
            reloading = reload(house)
            await asyncio.sleep(0.01)
            await turn(house, number, 12)
            await reloading
            await house.pass_time(60)
            dropped = [text for _, text in house.log.lines if "was not carried out" in text]
            assert len(dropped) == 1
            device.relay.clear()
            await house.pass_time(20)
            assert in_force(house) == pytest.approx(LIMIT)

    run(story())


def test_an_order_under_way_is_seen_through() -> None:
    """A charger that has other values now is loaded anew when nothing is asked of it."""

    async def story() -> None:
        async with subject("mennekes_rtu serial") as device, home(device) as house:
            await house.start()
            await house.settle()
            coordinator = house.entry.runtime_data.coordinator
            (point,) = coordinator.device.charge_points()
            async with point.lock:
                coordinator._layout = "another one"
                await coordinator.async_refresh()
                await house.pass_time(5)
                assert house.entry.runtime_data.coordinator is coordinator
            await house.pass_time(30)
            assert house.entry.runtime_data.coordinator is not coordinator

    run(story())


def discharged(house: Home) -> float:
    """Return what the battery of the house gave, in kWh: it does not count, so we do."""
    sensor = house.hass.states.get("sensor.house_battery_energy_discharged")
    assert sensor is not None
    return float(sensor.state)


def test_energy_that_is_added_up_outlives_a_reload(caplog: pytest.LogCaptureFixture) -> None:
    """Also one so soon that nothing of it was due to be saved, and an end of Home Assistant."""

    async def story() -> None:
        disk: dict[str, Any] = {}
        shown: list[float] = []
        async with subject("victron_gx") as device:
            async with home(device, disk=disk) as house:
                await house.start()
                for _ in range(3):
                    await house.pass_time(120)
                    shown.append(discharged(house))
                    await house.hass.config_entries.async_reload(house.entry.entry_id)
                    await house.pass_time(15)
                await house.pass_time(120)
                shown.append(discharged(house))
                entry = entry_of(device, like=house.entry)
                await house.hass.async_stop(force=True)
            async with home(device, disk=disk, entry=entry) as house:
                await house.start()
                await house.pass_time(20)
                shown.append(discharged(house))
                await house.end()
        assert shown == sorted(shown)
        assert shown[0] < shown[-1]
        assert "Unable to remove" not in caplog.text

    run(story())
