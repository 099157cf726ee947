"""Small changes of measured values wait, so that the database of the house stays small."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE
from homeassistant.helpers import entity_registry as er

from custom_components.voltrail.api.entities import amperes
from custom_components.voltrail.const import CONF_EVERY_CHANGE
from custom_components.voltrail.engine.model.points import Kind, Point, Quantity
from custom_components.voltrail.presentation import band
from custom_components.voltrail.waiting import waiting
from simulators.mennekes_tcp import Charger4X
from simulators.relay.catalogue import Refused
from tests.fake_time import in_fake_time
from tests.reliability.home import Home, home
from tests.reliability.subjects import subject

pytestmark = pytest.mark.usefixtures("socket_enabled")

POLL = 10.0


class Street:
    """A 4Business whose car draws what the test says."""

    def __init__(self, house: Home, charger: Charger4X) -> None:
        self.house = house
        self.charger = charger

    def shows(self, path: str) -> str:
        """Return what the sensor of a value shows."""
        state = self.house.hass.states.get(self.house.entity("sensor", path))
        assert state is not None
        return state.state

    async def wander(self, volts: float) -> None:
        """Have the mains change, and the charger polled."""
        grid = self.charger.grid
        grid.nominal_l1 = grid.nominal_l2 = grid.nominal_l3 = volts
        await self.house.pass_time(POLL + 1)


@asynccontextmanager
async def street(**options: Any) -> AsyncIterator[Street]:
    """A charger that charges with 10 A on each phase at 230 V, so 6,900 W."""
    async with subject("mennekes_tcp 4X") as device:
        device.options.update(options)
        async with home(device) as house:
            await house.start()
            await house.settle()
            found = Street(house, device.device)
            assert float(found.shows("power")) == pytest.approx(6900, abs=10)
            yield found
            assert not await house.end()


@in_fake_time
async def test_a_small_change_waits_and_lands() -> None:
    """A change by 30 W is not written at once, but it is within a minute."""
    async with street() as house:
        before = house.shows("power")
        await house.wander(231)
        assert house.shows("power") == before
        await house.house.pass_time(61)
        assert float(house.shows("power")) == pytest.approx(6930, abs=5)
        assert house.house.entity("sensor", "power") not in waiting(house.house.hass).newest


@in_fake_time
async def test_a_large_change_is_written_with_the_next_poll() -> None:
    """A change by more than 5 % of 6,900 W does not wait."""
    async with street() as house:
        await house.wander(246)
        assert float(house.shows("power")) == pytest.approx(7380, abs=5)


@in_fake_time
async def test_what_came_back_is_not_written() -> None:
    """A value that is what it was has nothing to land."""
    async with street() as house:
        changes: list[str] = []
        power = house.house.entity("sensor", "power")
        house.house.hass.bus.async_listen(
            EVENT_STATE_CHANGED, lambda event: changes.append(event.data["entity_id"])
        )
        await house.wander(231)
        await house.wander(230)
        await house.house.pass_time(120)
        assert power not in changes


@in_fake_time
async def test_another_write_does_not_show_what_waits() -> None:
    """Renaming an entity writes its state: the value that waits is not part of it."""
    async with street() as house:
        before = house.shows("power")
        await house.wander(231)
        entity_id = house.house.entity("sensor", "power")
        er.async_get(house.house.hass).async_update_entity(entity_id, icon="mdi:flash")
        await house.house.hass.async_block_till_done(wait_background_tasks=False)
        assert house.shows("power") == before


@in_fake_time
async def test_the_option_has_every_change_written_at_once() -> None:
    """With the option on nothing waits."""
    async with street(**{CONF_EVERY_CHANGE: True}) as house:
        await house.wander(231)
        assert float(house.shows("power")) == pytest.approx(6930, abs=5)


@in_fake_time
async def test_energy_is_written_with_every_poll() -> None:
    """A counter is never held back, however little it grows."""
    async with street() as house:
        before = house.shows("energy_charged")
        await house.house.pass_time(POLL + 1)
        assert float(house.shows("energy_charged")) > float(before)


@in_fake_time
async def test_a_charger_that_comes_back_shows_the_newest() -> None:
    """What an entity shows when it is available again is of now, and not what was held back."""
    async with street() as house:
        relay = house.house.subject.relay
        relay.put(Refused("refused"))
        house.charger.grid.nominal_l1 = 231.0
        await house.house.pass_time(3 * POLL)
        assert house.shows("power") == STATE_UNAVAILABLE
        relay.clear()
        while house.shows("power") == STATE_UNAVAILABLE:
            await house.house.pass_time(1)
        assert float(house.shows("power")) == pytest.approx(6910, abs=5)


@in_fake_time
async def test_a_watched_level_is_passed_at_once() -> None:
    """A fuse that an automation watches does not wait for the minute."""
    async with street() as house:
        entity_id = house.house.entity("sensor", "current_l1")
        waiting(house.house.hass).watch(entity_id, 9.9)
        before = house.shows("current_l1")
        house.charger.car.shortfall = 0.05
        await house.house.pass_time(POLL + 2)
        state = house.house.hass.states.get(entity_id)
        assert state is not None
        assert house.shows("current_l1") == before
        assert amperes(house.house.hass, state) == pytest.approx(9.95)
        house.charger.car.shortfall = 0.2
        await house.house.pass_time(POLL + 2)
        assert float(house.shows("current_l1")) == pytest.approx(9.8)
        waiting(house.house.hass).unwatch(entity_id, 9.9)
        house.charger.car.shortfall = 0.0
        await house.house.pass_time(POLL + 2)
        assert float(house.shows("current_l1")) == pytest.approx(9.8)


@pytest.mark.parametrize(
    ("quantity", "phase", "shown", "waits", "at_once"),
    [
        (Quantity.POWER, "", 0, 49, 50),
        (Quantity.POWER, "L1", -10_000, -9_510, -9_500),
        (Quantity.CURRENT, "L1", 16, 16.4, 16.5),
        (Quantity.CURRENT, "", 100, 104, 105),
        (Quantity.DURATION, "", 60, 119, 120),
    ],
)
def test_what_may_wait(
    quantity: Quantity, phase: str, shown: float, waits: float, at_once: float
) -> None:
    """Power by 5 % or 50 W, a current by 0.5 A, a duration by the minute."""
    found = band(Point(kind=Kind.NUMBER, quantity=quantity, phase=phase))
    assert found is not None
    assert found.holds(shown, waits)
    assert not found.holds(shown, at_once)
    assert found.pause <= 60


@pytest.mark.parametrize(
    "quantity",
    [
        Quantity.ENERGY,
        Quantity.SESSION_ENERGY,
        Quantity.STORED_ENERGY,
        Quantity.COUNT,
        Quantity.TOTAL_COUNT,
        Quantity.PRICE,
        None,
    ],
)
def test_what_never_waits(quantity: Quantity | None) -> None:
    """Energies, counts, prices, and whatever is no quantity."""
    assert band(Point(kind=Kind.NUMBER, quantity=quantity)) is None
