"""What the controller does when something fails: it lowers or lets go, and raises nothing."""

from typing import Any

import pytest
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.voltrail.charging import entry as charging_entry
from custom_components.voltrail.charging import inputs
from custom_components.voltrail.const import DOMAIN
from simulators.server import Server

from .charging_house import POWER, House
from .helpers import set_number
from .test_charging import point_of


async def charging(house: House, mode: str, *, sun_w: float = 0.0, **more: Any) -> None:
    """Let a car charge in a mode."""
    house.sun_w = sun_w
    house.charger.plug_in()
    await house.set_up(**more)
    await house.choose("mode", mode)
    await house.run(90)


def issues(hass: HomeAssistant) -> set[str | None]:
    """Return what a person is asked to look at."""
    return {issue.translation_key for issue in ir.async_get(hass).issues.values()}


UNGUARDED: dict[str, Any] = {
    **dict.fromkeys(("current_l1", "current_l2", "current_l3", "fuse")),
}
"""A house of which only the power is measured."""


# -- the meter ----------------------------------------------------------------


async def test_silent_meter_when_fast(house: House) -> None:
    """The charger goes down to the fallback; two samples later it goes on."""
    await charging(house, "fast")
    assert house.offer == 20
    house.silent = True
    await house.run(14)
    assert house.offer == 20
    await house.run(8)
    assert house.offer == 6
    assert house.reason == "meter_silent"
    house.silent = False
    await house.run(1)
    assert house.offer == 6
    await house.run(40)
    assert house.offer == 20


async def test_meter_that_is_gone(house: House) -> None:
    """A meter that says itself that it is gone is not believed for any longer."""
    await charging(house, "fast")
    house.silent = True
    house.hass.states.async_set("sensor.grid", "unavailable", POWER)
    for phase in (1, 2, 3):
        house.hass.states.async_set(f"sensor.current_{phase}", "unknown")
    await house.run(20)
    assert house.offer == 6


@pytest.mark.parametrize(("mode", "left"), [("solar", 0), ("solar_minimum", 6)])
async def test_silent_meter_under_the_sun(house: House, mode: str, left: float) -> None:
    """The sun is believed in for 45 s; then the car pauses, or gets the minimum."""
    await charging(house, mode, sun_w=9000, **UNGUARDED)
    assert house.offer > 6
    before = house.offer
    house.silent = True
    await house.run(40)
    assert house.offer == before
    await house.run(12)
    assert house.offer == left
    assert house.reason == "meter_silent"


async def test_only_the_currents_are_missing(house: House) -> None:
    """Nothing goes above the fallback."""
    await charging(house, "fast")
    house.blind = True
    await house.run(25)
    assert house.offer == 6
    assert house.reason == "fallback"
    house.blind = False
    await house.run(40)
    assert house.offer == 20


async def test_frozen_meter(house: House) -> None:
    """A meter that goes on to say the same is moved, found frozen, and counts as silent."""
    await charging(house, "solar", sun_w=9000)
    assert house.offer > 6
    house.frozen = True
    house.sun_w = 0
    await house.run(120)
    assert house.offer == 0
    assert house.reason == "meter_silent"


async def test_battery_that_is_not_heard_of(house: House) -> None:
    """The car must not take what the battery would have taken."""
    battery = {"battery_power": "sensor.battery", "battery_most": 5, "battery_inverted": False}
    house.battery_w = 0.0
    house.hass.states.async_set("sensor.battery", "0", POWER)
    await charging(house, "solar", sun_w=7500, battery=battery)
    assert house.offer > 6
    house.battery_w = None
    await house.run(300)
    assert house.offer == 0


# -- limits from outside --------------------------------------------------------


async def test_limit_from_outside(house: House) -> None:
    """A switch of the grid operator is obeyed in the next step; also one that is gone."""
    hass = house.hass
    hass.states.async_set("binary_sensor.relay", "off")
    limits = {"window": "15", "outside_limit": "binary_sensor.relay", "outside_power": 4.2}
    await charging(house, "fast", limits=limits)
    assert house.offer == 20
    hass.states.async_set("binary_sensor.relay", "on")
    await house.run(2)
    assert house.offer == 6
    assert house.reason == "limit"
    hass.states.async_set("binary_sensor.relay", "off")
    await house.run(40)
    assert house.offer == 20
    hass.states.async_set("binary_sensor.relay", "unavailable")
    await house.run(2)
    assert house.offer == 6


async def test_limit_from_outside_as_a_power(house: House) -> None:
    """A power of the grid operator is the limit itself."""
    hass = house.hass
    hass.states.async_set("sensor.allowed", "11", {"unit_of_measurement": "kW"})
    limits = {"window": "15", "outside_limit": "sensor.allowed", "outside_power": 4.2}
    await charging(house, "fast", limits=limits)
    assert house.offer == 15
    hass.states.async_set("sensor.allowed", "nonsense", {"unit_of_measurement": "kW"})
    await house.run(2)
    assert house.offer == 6


# -- the charger ----------------------------------------------------------------


async def test_charger_away(house: House, charger_server: Server) -> None:
    """No orders while it is away; on its return it never gets more than it had."""
    await charging(house, "fast")
    await charger_server.unplug()
    await house.run(10)
    assert house.reason == "charger_away"
    await charger_server.plug()
    for _ in range(20):
        await house.run(1)
        assert house.offer <= 20
    await house.run(60)
    assert house.offer == 20
    assert house.reason == "fuse"


async def test_orders_that_fail(house: House) -> None:
    """After three a person is told; it is tried again, and ends when an order is taken."""
    await charging(house, "fast")
    house.charger.forbid_writing()
    house.loads_a = [10.0, 10.0, 10.0]
    await house.run(120)
    assert house.reason == "not_ready"


async def test_another_master(house: House) -> None:
    """Limits that somebody sets again and again are not fought, and told."""
    await charging(house, "fast")
    for amps in (10, 12, 9, 11):
        house.charger.set_from_outside(amps)
        await house.run(30)
        assert house.offer == amps
    assert house.state("select", "mode") == "manual"
    assert "other_hand" in issues(house.hass)
    # Only the fuse goes below it, and never above.
    house.loads_a = [15.0, 15.0, 15.0]
    await house.run(20)
    assert house.offer <= 8
    house.loads_a = [2.0, 2.0, 2.0]
    await house.run(60)
    assert house.offer == 11


# -- the sun ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "offer"), [("solar", 0), ("solar_minimum", 6), ("fast", 20), ("off", 0)]
)
async def test_night_falls(
    house: House, monkeypatch: pytest.MonkeyPatch, mode: str, offer: float
) -> None:
    """With the sun a car pauses or gets the minimum; other modes go on."""
    await charging(house, mode, sun_w=9000)
    monkeypatch.setattr(inputs, "is_up", lambda _: False)
    house.sun_w = 0
    await house.run(120)
    assert house.offer == offer


@pytest.mark.parametrize(
    ("mode", "offer"), [("solar", 0), ("solar_minimum", 6), ("fast", 20), ("off", 0), ("plan", 0)]
)
async def test_a_car_arrives_at_night(
    house: House, monkeypatch: pytest.MonkeyPatch, mode: str, offer: float
) -> None:
    """The charger was ready to give 6 A; what the car gets is what the mode says."""
    monkeypatch.setattr(inputs, "is_up", lambda _: False)
    await house.set_up()
    await house.choose("mode", mode)
    await house.run(20)
    house.charger.plug_in()
    await house.run(60)
    assert house.offer == offer
    assert house.state("select", "mode") == mode


async def test_the_car_leaves(house: House) -> None:
    """The mode of the next car is the usual one; fast for one car ends with it."""
    await charging(house, "off")
    await house.call("button", "press", "boost")
    await house.run(40)
    assert house.offer == 20
    assert house.state("select", "mode") == "fast"
    house.charger.car.leave()
    await house.run(5)
    assert house.state("select", "mode") == "off"
    await house.choose("mode", "fast")
    house.charger.plug_in()
    await house.run(40)
    house.charger.car.leave()
    await house.run(5)
    assert house.state("select", "mode") == "solar"


# -- Home Assistant ---------------------------------------------------------------


async def test_requests_are_kept_over_a_kill(house: House, hass_storage: dict[str, Any]) -> None:
    """What a person wants is on the disk when the action returns."""
    entry = await house.set_up()
    await house.choose("mode", "plan")
    await house.call("number", "set_value", "energy_target", value=12.5)
    await house.call("time", "set_value", "departure", time="06:30:00")
    await house.call("switch", "turn_on", "observer")
    stored = hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]["wishes"]
    (wishes,) = stored["chargers"].values()
    assert stored["observing"] is True
    assert wishes["mode"] == "plan"
    assert wishes["energy_target_wh"] == 12_500
    assert wishes["departure"] == "06:30:00"
    # As after a kill: only the disk is left.
    await house.hass.config_entries.async_unload(entry.entry_id)
    house.hass.data.pop(charging_entry.STATES)
    await house.hass.config_entries.async_setup(entry.entry_id)
    await house.settle()
    assert house.state("select", "mode") == "plan"
    assert float(house.state("number", "energy_target")) == 12.5
    assert house.state("time", "departure") == "06:30:00"
    assert house.state("switch", "observer") == "on"


async def test_by_hand_over_a_kill(house: House, charger_loaded: MockConfigEntry) -> None:
    """Also the person's own number waits for two values of the meter after a restart."""
    hass = house.hass
    await set_number(hass, charger_loaded, "current_limit", 14)
    await charging(house, "manual")
    assert house.offer == 14
    assert house.reason == "manual"
    house.loads_a = [15.0, 15.0, 15.0]
    await house.run(10)
    assert house.offer <= 8
    house.loads_a = [2.0, 2.0, 2.0]
    await house.run(60)
    assert house.offer == 14
    house.silent = True
    await hass.config_entries.async_unload(house.connection.entry_id)
    await hass.config_entries.async_unload(charger_loaded.entry_id)
    hass.data.pop(charging_entry.STATES)
    await hass.config_entries.async_setup(charger_loaded.entry_id)
    await hass.config_entries.async_setup(house.connection.entry_id)
    await house.settle()
    for _ in range(20):
        await house.run(1)
        assert house.offer <= 14
    assert house.offer == 6
    house.silent = False
    await house.run(30)
    assert house.offer == 14
    assert house.state("select", "mode") == "manual"


async def test_damaged_memory(house: House, hass_storage: dict[str, Any]) -> None:
    """A file that makes no sense means the usual mode, and never fast."""
    entry = await house.set_up()
    await house.choose("mode", "fast")
    await house.hass.config_entries.async_unload(entry.entry_id)
    house.hass.data.pop(charging_entry.STATES)
    stored = hass_storage[f"{DOMAIN}.{entry.entry_id}"]["data"]
    stored["state"] = {"chargers": 3}
    stored["tally"] = []
    (key,) = stored["wishes"]["chargers"]
    stored["wishes"] = {"chargers": {key: {"mode": "turbo", "days": 3, "boost": "yes"}}}
    await house.hass.config_entries.async_setup(entry.entry_id)
    await house.settle()
    assert house.state("select", "mode") == "solar"


async def test_disabled(house: House) -> None:
    """A disabled entry lets go, and says so."""
    await async_setup_component(house.hass, "persistent_notification", {})
    await charging(house, "fast")
    await house.hass.config_entries.async_set_disabled_by(
        house.connection.entry_id, ConfigEntryDisabler.USER
    )
    await house.settle()
    assert not point_of(house).control.in_charge
    assert house.offer == 20


async def test_removed_while_the_charger_is_away(
    house: House, charger_loaded: MockConfigEntry
) -> None:
    """A charger whose connection was removed meanwhile is let go when it is back."""
    hass = house.hass
    await charging(house, "fast")
    await hass.config_entries.async_unload(charger_loaded.entry_id)
    await house.settle()
    await hass.config_entries.async_remove(house.connection.entry_id)
    await hass.config_entries.async_setup(charger_loaded.entry_id)
    await house.settle()
    assert not point_of(house).control.in_charge


async def test_a_fault_of_ours(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """If nothing can be decided the charger falls back, and the log is told once."""
    await charging(house, "fast")
    device = house.connection.runtime_data.device

    def fail(*_: object) -> None:
        msg = "a fault of ours"
        raise RuntimeError(msg)

    monkeypatch.setattr(device, "step", fail)
    await house.run(75)
    assert house.offer == 6
    assert caplog.text.count("cannot decide") == 1
    caplog.clear()


# -- the sign of the meter -----------------------------------------------------------


async def test_a_wrong_sign(house: House, hass_client: ClientSessionGenerator) -> None:
    """When the grid power falls whenever a car starts, a repair offers to turn it."""
    hass = house.hass
    assert await async_setup_component(hass, "repairs", {})
    house.charger.plug_in()
    entry = await house.set_up(grid_inverted=True)
    for _ in range(3):
        await house.choose("mode", "off")
        await house.run(40)
        await house.choose("mode", "fast")
        await house.run(60)
    assert "grid_sign" in issues(hass)
    client = await hass_client()
    issue_id = f"grid_sign_{entry.entry_id}"
    reply = await client.post(
        "/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue_id}
    )
    flow = await reply.json()
    assert flow["menu_options"] == ["invert", "keep"]
    reply = await client.post(
        f"/api/repairs/issues/fix/{flow['flow_id']}", json={"next_step_id": "invert"}
    )
    assert (await reply.json())["type"] == "create_entry"
    await house.settle()
    assert entry.data["grid_inverted"] is False
    assert "grid_sign" not in issues(hass)


async def test_the_sentence(house: House) -> None:
    """The reason comes with a sentence, its numbers and the language of the house."""
    await charging(house, "fast")
    assert house.sentence == (
        "Held back by the main fuse. 20 A on 3 phases are offered. Phase L1 has the least room."
    )
    await house.call("switch", "turn_on", "observer")
    await house.run(40)
    assert house.sentence.endswith("It only watches and sends nothing.")
