"""Devices that cannot be met when Home Assistant starts, in faked time."""

import pytest
from homeassistant.config_entries import ConfigEntryState

from simulators.relay import catalogue
from tests.fake_time import run
from tests.reliability.home import Home, home
from tests.reliability.subjects import subject

pytestmark = pytest.mark.usefixtures("socket_enabled")

BACK_WITHIN = 10.0


def state_of(house: Home) -> ConfigEntryState:
    """Return how far the entry is."""
    state: ConfigEntryState = house.entry.state
    return state


async def start_anew(house: Home) -> None:
    """Start the entry anew, as when Home Assistant starts."""
    await house.hass.config_entries.async_reload(house.entry.entry_id)


def test_another_charger_gets_no_life_signs() -> None:
    """Its own watchdog has to fire; the right one is met within seconds when it is back."""

    async def story() -> None:
        async with subject("mennekes_rtu serial") as device, home(device) as house:
            await house.start()
            await house.settle()
            serial = device.device.box.serial
            device.device.box.serial = "99999999"
            await start_anew(house)
            assert state_of(house) is ConfigEntryState.SETUP_RETRY
            await house.pass_time(120)
            assert device.longest_gap is not None
            assert device.longest_gap() > 110
            device.device.box.serial = serial
            await house.pass_time(BACK_WITHIN)
            assert state_of(house) is ConfigEntryState.LOADED
            await house.pass_time(5)
            assert device.longest_gap() < 5
            assert await house.end() == []

    run(story())


@pytest.mark.parametrize("key", ["mennekes_tcp 4X", "alfen", "victron_gx"])
def test_a_device_that_comes_late_is_met_within_seconds(key: str) -> None:
    """However long it was away: Home Assistant itself looks every 80 s by then."""

    async def story() -> None:
        async with subject(key) as device, home(device) as house:
            await house.start()
            await house.settle()
            device.relay.put(catalogue.make("refused"))
            await start_anew(house)
            assert state_of(house) is ConfigEntryState.SETUP_RETRY
            await house.pass_time(1000)
            device.relay.clear()
            await house.pass_time(BACK_WITHIN)
            assert state_of(house) is ConfigEntryState.LOADED
            assert house.entities <= house.present()
            assert await house.end() == []

    run(story())


def test_an_entry_that_is_removed_meanwhile_leaves_nothing_behind() -> None:
    """Neither life signs nor a link."""

    async def story() -> None:
        async with subject("mennekes_rtu serial") as device, home(device) as house:
            await house.start()
            await house.settle()
            device.relay.put(catalogue.make("accepted and silent"))
            await start_anew(house)
            await house.pass_time(30)
            assert state_of(house) is ConfigEntryState.SETUP_RETRY
            assert await house.end() == []

    run(story())
