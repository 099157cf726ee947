"""Actions of the controller: set a plan, explain a decision, replay a day; and prices by action."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import voluptuous as vol
from homeassistant.components.recorder import Recorder, get_instance
from homeassistant.core import Context, HomeAssistant, SupportsResponse
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.voltrail.charging.prices import ASK_EVERY, Prices, tells_prices
from custom_components.voltrail.const import DOMAIN

from .charging_house import POWER, House
from .helpers import entity_id


# The recorder has to stand before whatever makes the `hass` of these tests.
@pytest.fixture(autouse=True)
def _custom_integrations(recorder_mock: Recorder, enable_custom_integrations: None) -> None:
    """Let Home Assistant load what is in custom_components, after the recorder."""


async def ask(house: House, name: str, target: str, **fields: Any) -> Any:
    """Call an action that answers."""
    return await house.hass.services.async_call(
        DOMAIN,
        name,
        {"entity_id": target, **fields},
        blocking=True,
        return_response=True,
    )


async def set_plan(house: House, **fields: Any) -> None:
    """Set a plan by the entity of the mode."""
    target = house.entity_id("select", "mode")
    await house.hass.services.async_call(
        DOMAIN, "set_plan", {"entity_id": target, **fields}, blocking=True
    )
    await house.settle()


async def test_set_plan(house: House) -> None:
    """The targets, the departure, its weekdays and the mode, all at once."""
    await house.set_up()
    await set_plan(house, energy=20, departure="07:00:00", weekdays=["mon", "fri"])
    assert house.state("select", "mode") == "plan"
    assert float(house.state("number", "energy_target")) == 20
    assert house.state("time", "departure") == "07:00:00"
    device = house.connection.runtime_data.device
    (wishes,) = device.wishes.chargers.values()
    assert wishes.days == (0, 4)
    assert dt_util.as_local(wishes.departs).weekday() in {0, 4}
    for wrong in ({"energy": True}, {"charge": True}):
        with pytest.raises(vol.Invalid):
            await set_plan(house, departure="07:00:00", **wrong)
    with pytest.raises(ServiceValidationError, match="needs an energy"):
        await set_plan(house, departure="07:00:00")
    with pytest.raises(ServiceValidationError, match="not known how full"):
        await set_plan(house, departure="07:00:00", charge=80)


async def test_who_may_only_look_may_not_plan(house: House, hass_read_only_user: MockUser) -> None:
    """A user who may control no entity of ours sets no plan either."""
    await house.set_up()
    target = house.entity_id("select", "mode")
    with pytest.raises(Unauthorized):
        await house.hass.services.async_call(
            DOMAIN,
            "set_plan",
            {"entity_id": target, "energy": 5, "departure": "07:00:00"},
            blocking=True,
            context=Context(user_id=hass_read_only_user.id),
        )


async def test_plan_by_prices(house: House) -> None:
    """The car waits for the cheap hours, charges fast in them, and stops at its target."""
    begin = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    cheap = {4, 5}
    slots = [
        {
            "start": (begin + timedelta(hours=hour)).isoformat(),
            "end": (begin + timedelta(hours=hour + 1)).isoformat(),
            "price": 0.1 if hour in cheap else 0.4,
        }
        for hour in range(24)
    ]
    house.hass.states.async_set("sensor.price", "0.4", {"prices": slots})
    house.charger.plug_in()
    await house.set_up(tariff={"prices": ["sensor.price"]})
    leaves = dt_util.as_local(begin + timedelta(hours=10))
    await set_plan(house, energy=8, departure=leaves.strftime("%H:%M:%S"))
    await house.run(60)
    assert house.reason == "plan_waiting"
    assert house.offer == 0
    told = await ask(house, "explain", house.entity_id("select", "mode"))
    (why,) = told.values()
    assert why["mode"] == "plan"
    starts = datetime.fromisoformat(why["next_start"])
    assert timedelta(hours=4) <= starts - begin < timedelta(hours=6)
    assert "Starts at" in why["explanation"]
    # Whatever it costs, below a price that was set.
    await house.call("number", "set_value", "price_limit", value=0.5)
    await house.run(60)
    assert house.offer == 20
    await house.call("number", "set_value", "price_limit", value=-10)
    await house.run(60)
    assert house.offer == 0


async def test_explain_and_whom_it_is_about(house: House, charger_loaded: MockConfigEntry) -> None:
    """The charger itself is meant as well; one that nobody controls is refused."""
    charging = entity_id(house.hass, charger_loaded, "switch", "charging")
    with pytest.raises(ServiceValidationError, match="None of these"):
        await ask(house, "explain", charging)
    await house.set_up()
    await house.run(3)
    told = await ask(house, "explain", charging)
    assert told[charger_loaded.title]["reason"] == "no_vehicle"
    assert told[charger_loaded.title]["connection"]["meter_silent"] is False
    whole = await ask(house, "explain", house.entity_id("switch", "observer"))
    assert whole.keys() == told.keys()


async def test_replay(house: House) -> None:
    """What the controller would have done in an hour that was recorded."""
    house.charger.plug_in()
    await house.set_up()
    hass = house.hass
    for watts in (-5000, -6000, -6500):
        hass.states.async_set("sensor.grid", str(watts), POWER)
        await hass.async_block_till_done()
    await get_instance(hass).async_block_till_done()
    target = house.entity_id("select", "mode")
    today = dt_util.now().date().isoformat()
    told = await ask(house, "replay", target, date=today, mode="solar")
    (day,) = told.values()
    assert day["table"][1].startswith("car, kWh")
    assert day["picture"].startswith("<svg")
    assert day["unknown"]
    with pytest.raises(ServiceValidationError, match="too little was recorded"):
        await ask(house, "replay", target, date="2020-01-01")


async def test_no_recorder(house: House) -> None:
    """Without a recorder there is no day to replay."""
    await house.set_up()
    target = house.entity_id("select", "mode")
    house.hass.config.components.remove("recorder")
    with pytest.raises(ServiceValidationError, match="Without the recorder"):
        await ask(house, "replay", target)
    house.hass.config.components.add("recorder")


# -- prices that an action tells --------------------------------------------------


def answering(hass: HomeAssistant, domain: str, action: str, answer: Any) -> list[Any]:
    """Register an integration's action, and its entity; return what it is asked."""
    asked: list[Any] = []

    async def handle(call: Any) -> Any:
        asked.append(dict(call.data))
        return answer

    hass.services.async_register(domain, action, handle, supports_response=SupportsResponse.ONLY)
    entry = MockConfigEntry(domain=domain)
    entry.add_to_hass(hass)
    er.async_get(hass).async_get_or_create(
        "sensor", domain, "NO1-current_price", suggested_object_id="price", config_entry=entry
    )
    return asked


@pytest.mark.parametrize(
    ("domain", "action", "answer"),
    [
        (
            "nordpool",
            "get_prices_for_date",
            {
                "SE3": [],
                "NO1": [
                    {
                        "start": "2026-10-24T22:00:00+00:00",
                        "end": "2026-10-24T22:15:00+00:00",
                        "price": 100,
                    }
                ],
            },
        ),
        (
            "tibber",
            "get_prices",
            {
                "prices": {
                    "Home": [
                        {"start_time": "2026-10-25T00:00:00.000+02:00", "price": 0.1},
                        {"start_time": "2026-10-25T00:15:00.000+02:00", "price": 0.1},
                    ]
                }
            },
        ),
        (
            "energyzero",
            "get_energy_prices",
            {"prices": [{"timestamp": "2026-10-24 22:00:00+00:00", "price": 0.1}]},
        ),
        (
            "green_planet_energy",
            "get_prices",
            {"prices": [{"start": "2026-10-25T00:00:00+02:00", "price": 0.1}]},
        ),
        (
            "omie",
            "get_prices_for_date",
            {"es": [{"start": "2026-10-25T00:00+02:00", "price": 0.1}]},
        ),
    ],
)
async def test_prices_by_action(hass: HomeAssistant, domain: str, action: str, answer: Any) -> None:
    """The answer of each integration is read, and asked for only every half hour."""
    asked = answering(hass, domain, action, answer)
    assert tells_prices(hass, "sensor.price")
    heard: list[int] = []
    prices = Prices(hass, ["sensor.price"], lambda: heard.append(1))
    prices.start()
    await hass.async_block_till_done(wait_background_tasks=True)
    assert prices.slots[0].price == pytest.approx(0.1)
    assert prices.slots[0].start.isoformat() == "2026-10-24T22:00:00+00:00"
    assert heard
    count, now = len(asked), hass.loop.time()
    same = prices.slots
    prices.look(now)
    prices.look(now + ASK_EVERY)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(asked) == 2 * count
    assert prices.slots is same
    prices.stop()


async def test_an_action_that_fails(hass: HomeAssistant) -> None:
    """What was known stays known."""
    answer = {"prices": [{"start": "2026-10-25T00:00:00+02:00", "price": 0.1}]}
    answering(hass, "easyenergy", "get_energy_usage_prices", answer)
    prices = Prices(hass, ["sensor.price"], lambda: None)
    prices.start()
    await hass.async_block_till_done(wait_background_tasks=True)
    known = prices.slots

    async def fail(_: Any) -> Any:
        raise ServiceValidationError

    hass.services.async_register(
        "easyenergy",
        "get_energy_usage_prices",
        fail,
        supports_response=SupportsResponse.ONLY,
    )
    prices.look(hass.loop.time() + ASK_EVERY)
    await hass.async_block_till_done(wait_background_tasks=True)
    assert prices.slots is known
    hass.states.async_set("sensor.price", "1", {"data": []})
    await hass.async_block_till_done()
    assert prices.slots is known
    prices.stop()
