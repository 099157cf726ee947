"""The controller in Home Assistant, with a charger behind a real socket."""

from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import Event, EventStateChangedData, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event

from custom_components.voltrail import storage
from custom_components.voltrail.charging import entry as charging_entry
from custom_components.voltrail.const import DOMAIN
from custom_components.voltrail.diagnostics import async_get_config_entry_diagnostics
from simulators.server import Server

from .charging_house import House
from .helpers import set_number


def point_of(house: House) -> Any:
    """Return the charge point, with what the person asked of it."""
    (point,) = house.charger_entry.runtime_data.device.charge_points()
    return point


async def test_fast_below_the_main_fuse(house: House) -> None:
    """A car gets what the fuse leaves, and makes room for an oven in the next step."""
    house.charger.plug_in()
    await house.set_up()
    await house.choose("mode", "fast")
    await house.run(40)
    # 25 A less 2 A of margin and 2 A of the house, on a charger that takes whole amperes.
    assert house.offer == 20
    assert house.reason == "fuse"
    assert float(house.state("sensor", "headroom_l1")) == pytest.approx(21, abs=0.1)
    house.loads_a[1] = 12.0
    await house.run(3)
    assert house.offer in {10, 11}
    assert house.state("binary_sensor", "overload") == "off"


async def test_a_day_with_the_sun(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The car follows the sun and pauses at night; nothing is stored because of orders."""
    await set_number(house.hass, house.charger_entry, "current_limit", 16)
    house.charger.plug_in()
    await house.set_up()
    await house.choose("mode", "solar")
    before, stored = point_of(house).book.dump(), []
    point_of(house).book._changed = lambda: stored.append("soon")
    monkeypatch.setattr(storage.Memory, "_store_now", lambda _: stored.append("now"))
    house.sun_w = 8000
    await house.run(120)
    assert house.reason == "following_sun"
    assert 8 <= house.offer <= 11
    house.sun_w = 5000
    await house.run(60)
    assert 6 <= house.offer <= 8
    house.sun_w = 0
    await house.run(240)
    assert house.offer == 0
    assert house.reason in {"too_little_sun", "waiting_for_sun"}
    assert point_of(house).book.dump() == before
    assert not stored


async def ages(house: House, seconds: int) -> list[float]:
    """Return how old what the charger measures was in each of some seconds, unless asked for."""
    device = house.charger_entry.runtime_data.coordinator.device
    found = []
    for _ in range(seconds):
        await house.clock.jump(1)
        house.charger.step(1)
        house.tell()
        await house.settle()
        received = device.received(frozenset({"meter"}))
        assert received is not None
        found.append(house.hass.loop.time() - received)
    return found


async def test_read_faster_only_while_a_car_charges(house: House) -> None:
    """What the law follows is read every two seconds while a car draws, and shown as usual."""
    hass, shown = house.hass, "sensor.amtron_4business_710_22_c2_power"
    await house.set_up()
    await house.choose("mode", "fast")
    await house.run(5)
    assert max(await ages(house, 30)) >= 8
    house.charger.plug_in()
    await house.run(40)
    writes: list[Event[EventStateChangedData]] = []

    @callback
    def note(event: Event[EventStateChangedData]) -> None:
        writes.append(event)

    remove = async_track_state_change_event(hass, [shown], note)
    assert max(await ages(house, 30)) <= 3
    assert len(writes) <= 4
    await house.call("switch", "turn_on", "observer")
    await house.run(5)
    assert max(await ages(house, 30)) >= 8
    remove()


async def test_a_charger_that_is_gone_is_not_read_faster(
    house: House, charger_server: Server
) -> None:
    """What fails between two turns is told at once, and then left to the turns."""
    house.charger.plug_in()
    await house.set_up()
    await house.choose("mode", "fast")
    await house.run(40)
    coordinator = house.charger_entry.runtime_data.coordinator
    await charger_server.unplug()
    found = await ages(house, 12)
    assert not coordinator.last_update_success
    assert found[-1] >= 8
    await charger_server.plug()
    await house.run(20)
    assert coordinator.last_update_success
    assert max(await ages(house, 10)) <= 3


async def test_a_fault_of_ours_does_not_end_what_is_read_faster(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """It is told, and the next turn reads again."""
    house.charger.plug_in()
    await house.set_up()
    await house.choose("mode", "fast")
    await house.run(40)
    schedule = house.charger_entry.runtime_data.coordinator.schedule
    with patch.object(schedule, "poll_between", side_effect=[OSError(5, "Input/output error")]):
        for _ in range(10):
            await house.run(1)
            if caplog.records and "between two polls" in caplog.text:
                break
    assert "unexpected error between two polls" in caplog.text
    caplog.clear()
    await house.run(10)
    assert max(await ages(house, 10)) <= 3


async def test_observer(house: House) -> None:
    """While it only watches it decides and explains, and sends nothing."""
    house.charger.plug_in()
    await house.set_up(observer=True)
    await set_number(house.hass, house.charger_entry, "current_limit", 9)
    await house.choose("mode", "fast")
    await house.run(30)
    assert house.offer == 9
    assert not point_of(house).control.in_charge
    assert house.state("switch", "observer") == "on"
    await house.call("switch", "turn_off", "observer")
    await house.run(40)
    assert house.offer == 20
    assert point_of(house).control.in_charge
    await house.call("switch", "turn_on", "observer")
    await house.run(10)
    # The lower of what is in force and what the person asked for.
    assert house.offer == 9
    assert not point_of(house).control.in_charge


async def test_a_hand_at_the_charger(house: House) -> None:
    """Who sets a limit drives by hand, until a mode is chosen again."""
    house.charger.plug_in()
    await house.set_up()
    await house.choose("mode", "fast")
    await house.run(40)
    await set_number(house.hass, house.charger_entry, "current_limit", 8)
    await house.run(20)
    assert house.state("select", "mode") == "manual"
    assert house.reason == "manual"
    assert house.offer == 8
    await house.choose("mode", "fast")
    await house.run(40)
    assert house.offer == 20


async def test_loaded_again_in_mid_session(house: House) -> None:
    """When the entry is loaded again nothing is sent, and the car goes on."""
    house.charger.plug_in()
    entry = await house.set_up()
    await house.choose("mode", "fast")
    await house.run(40)
    assert house.offer == 20
    assert await house.hass.config_entries.async_reload(entry.entry_id)
    assert house.state("select", "mode") == "fast"
    for _ in range(10):
        await house.run(1)
        assert house.offer == 20


async def test_charger_loaded_again_in_mid_session(house: House) -> None:
    """The charger's own entry is loaded again: it is taken back, and never gets more."""
    await set_number(house.hass, house.charger_entry, "current_limit", 32)
    house.charger.plug_in()
    await house.set_up()
    await house.choose("mode", "fast")
    await house.run(40)
    assert await house.hass.config_entries.async_reload(house.charger_entry.entry_id)
    for _ in range(10):
        await house.run(1)
        assert house.offer <= 20
    await house.run(60)
    assert house.offer == 20
    assert point_of(house).book.target.current == 32


async def test_removed_without_a_trace(house: House, hass_storage: dict[str, Any]) -> None:
    """A removed entry lets go of its charger and leaves nothing behind."""
    hass = house.hass
    await set_number(hass, house.charger_entry, "current_limit", 32)
    house.charger.plug_in()
    entry = await house.set_up()
    await house.choose("mode", "fast")
    await house.run(40)
    await hass.config_entries.async_remove(entry.entry_id)
    await house.run(10)
    assert not point_of(house).control.in_charge
    assert house.offer == 20
    assert not er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    assert not dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert f"{DOMAIN}.{entry.entry_id}" not in hass_storage


async def test_a_charger_taken_out(house: House) -> None:
    """A charger that is taken out of the connection is let go."""
    house.charger.plug_in()
    entry = await house.set_up()
    await house.choose("mode", "fast")
    await house.run(40)
    (subentry,) = entry.subentries.values()
    house.hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
    await house.settle()
    await house.run(3)
    assert entry.state is ConfigEntryState.LOADED
    assert not point_of(house).control.in_charge
    assert house.offer == 20


async def test_nothing_is_raised_behind_the_persons_back(house: House) -> None:
    """After a restart the charger holds at most its fallback until the meter has spoken."""
    hass = house.hass
    await set_number(hass, house.charger_entry, "current_limit", 32)
    house.charger.plug_in()
    entry = await house.set_up()
    await house.choose("mode", "fast")
    await house.run(40)
    assert house.offer == 20
    # As after a kill: nothing of the controller is left in memory.
    await hass.config_entries.async_unload(entry.entry_id)
    await hass.config_entries.async_unload(house.charger_entry.entry_id)
    hass.data.pop(charging_entry.STATES)
    house.silent = True
    assert await hass.config_entries.async_setup(house.charger_entry.entry_id)
    for _ in range(10):
        await house.run(1)
        assert house.offer <= 20
    assert house.offer == 6
    assert await hass.config_entries.async_setup(entry.entry_id)
    await house.settle()
    await house.run(20)
    assert house.offer == 6
    assert house.state("select", "mode") == "fast"
    house.silent = False
    await house.run(60)
    assert house.offer == 20


async def test_diagnostics_name_nobody(house: House) -> None:
    """The keys of chargers hold serial numbers: they get numbers there."""
    entry = await house.set_up()
    await house.run(3)
    told = await async_get_config_entry_diagnostics(house.hass, entry)
    (key,) = (part.key for part in entry.runtime_data.device.parts())
    assert key not in str(told)
    assert told["readings"]["charger_1/reason"] == "no_vehicle"
    assert told["controls"]["charger_1/mode"] == "solar"


async def test_a_plan_for_some_days_stays(house: House) -> None:
    """A plan for days of the week is one for the next car; a plan for one car is not."""
    house.charger.plug_in()
    await house.set_up()
    device = house.connection.runtime_data.device
    (key,) = (part.key for part in device.parts())
    for days, mode in (((0, 4), "plan"), ((), "solar")):
        await device.want(key, days=days)
        await house.choose("mode", "plan")
        await house.run(3)
        house.charger.car.leave()
        await house.run(3)
        assert house.state("select", "mode") == mode
        house.charger.plug_in()
        await house.run(3)
