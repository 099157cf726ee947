"""The controller with both ends of Voltrail's own: a meter that pushes, and a charger."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.voltrail.const import DOMAIN
from simulators.ams_han.outputs import TcpOutput, tcp_output
from simulators.mennekes_tcp import Charger4X

from .helpers import entity_id, poll
from .meters import Home, JumpingClock, Port, connected, network_entry, set_up, until

pytestmark = pytest.mark.usefixtures("socket_enabled", "everything_enabled")


@pytest.fixture
async def clock(hass: HomeAssistant) -> AsyncIterator[JumpingClock]:
    """Time that jumps."""
    jumping = JumpingClock(hass.loop)
    yield jumping
    jumping.release()


@pytest.fixture
async def output(socket_enabled: None) -> AsyncIterator[TcpOutput]:
    """A port of a host, as ser2net offers it."""
    async with tcp_output() as found:
        yield found


@pytest.fixture
async def home(
    hass: HomeAssistant,
    charger_loaded: MockConfigEntry,
    clock: JumpingClock,
    output: TcpOutput,
) -> AsyncIterator[Home]:
    """A meter behind the port, and its entry loaded; a charger is there as well."""
    entry = network_entry(output.port)
    await set_up(hass, entry)
    await connected(output)
    yield Home(hass, entry, Port(clock), output.send)
    for one in hass.config_entries.async_entries(DOMAIN):
        if one.entry_id != charger_loaded.entry_id:
            await hass.config_entries.async_unload(one.entry_id)
    await hass.async_block_till_done()


def load(home: Home, charger: Charger4X, amps: float) -> None:
    """Let the meter see a house with so many amperes on each phase, and the car."""
    (car,) = charger.cars
    total = 230 * (amps + car.current)
    home.port.meter.house.held = ((total, total, total), (0.0, 0.0, 0.0))


async def control(hass: HomeAssistant, home: Home) -> Any:
    """Add the controller with the meter and the charger; drive fast."""
    flows = hass.config_entries.flow
    result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
    result = await flows.async_configure(result["flow_id"], {"next_step_id": "charging"})
    currents = {
        f"current_l{phase}": entity_id(hass, home.entry, "sensor", f"current_l{phase}")
        for phase in (1, 2, 3)
    }
    result = await flows.async_configure(
        result["flow_id"],
        {
            "grid_power": entity_id(hass, home.entry, "sensor", "power"),
            "grid_inverted": False,
            "phases": "3",
            **currents,
            "fuse": 25,
            "margin": 2,
            "observer": False,
            "solar": {},
            "tariff": {},
            "battery": {"battery_inverted": False},
            "limits": {"window": "15", "outside_power": 4.2},
        },
    )
    result = await flows.async_configure(result["flow_id"], {})
    assert result["type"] is FlowResultType.CREATE_ENTRY, result
    await hass.async_block_till_done()
    connection = result["result"]
    await hass.services.async_call(
        "select",
        "select_option",
        {"entity_id": "select.amtron_4business_710_22_c2_mode", "option": "fast"},
        blocking=True,
    )
    return connection


async def test_from_the_frame_to_the_wire(
    hass: HomeAssistant, home: Home, charger: Charger4X, charger_loaded: MockConfigEntry
) -> None:
    """A lower limit is on the wire before any time has passed since the meter's frame.

    Although what is shown of the currents is held back for ten seconds.
    """
    load(home, charger, 2)
    await home.run(62)
    connection = await control(hass, home)
    charger.plug_in()
    for _ in range(6):
        load(home, charger, 2)
        await home.run(10)
        charger.step(10)
        await poll(hass, charger_loaded)
    assert charger.charging.offer == 20
    load(home, charger, 12)
    # The list with the currents comes every ten seconds; the clock stands still after it.
    await home.run(10)
    began = hass.loop.time()
    await until(lambda: charger.hems.current <= 11, "the lower limit was written")
    assert hass.loop.time() == began
    told = connection.runtime_data.device.explanation
    assert told.headroom_a[0] <= 11
