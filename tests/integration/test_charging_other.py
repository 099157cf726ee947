"""A charger of another integration under control, by its entities."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component

from custom_components.voltrail.charging import inputs
from custom_components.voltrail.charging.other import phase_options

from .charging_house import POWER
from .meters import JumpingClock
from .test_charging_flow import CHARGER, add

ENTITIES = {
    "number": "input_number.wallbox",
    "switch": "input_boolean.wallbox",
    "phase_select": "input_select.wallbox",
    "power": "sensor.wallbox_power",
    "state": "sensor.wallbox_state",
}


class Wallbox:
    """Another brand's charger: helpers that hold what it is told, and a car that follows."""

    def __init__(self, hass: HomeAssistant, clock: JumpingClock) -> None:
        self.hass = hass
        self.clock = clock
        self.entry: Any = None
        self.plugged = True
        self.loads_w = 500.0
        self.sun_w = 0.0
        self.ticks = 0

    def value(self, key: str) -> str:
        """Return the state of one of its entities."""
        state = self.hass.states.get(ENTITIES[key])
        assert state is not None
        return state.state

    @property
    def amps(self) -> float:
        """What it offers."""
        return float(self.value("number")) if self.value("switch") == "on" else 0.0

    @property
    def phases(self) -> int:
        """On how many phases."""
        return 1 if self.value("phase_select") == "1 phase" else 3

    async def run(self, seconds: int) -> None:
        """Let time pass."""
        for _ in range(seconds):
            await self.clock.jump(1)
            self.ticks += 1
            watts = self.amps * self.phases * 230 if self.plugged else 0.0
            self.hass.states.async_set(ENTITIES["power"], str(watts), POWER)
            state = "charging" if self.plugged else "disconnected"
            self.hass.states.async_set(ENTITIES["state"], state)
            grid = self.loads_w + watts - self.sun_w + self.ticks % 3
            self.hass.states.async_set("sensor.grid", str(grid), POWER)
            await self.hass.async_block_till_done(wait_background_tasks=True)

    async def choose(self, mode: str) -> None:
        """Choose a mode."""
        await self.hass.services.async_call(
            "select", "select_option", {"entity_id": "select.wallbox_mode", "option": mode}
        )
        await self.hass.async_block_till_done()

    @property
    def reason(self) -> str:
        """Why it does what it does."""
        state = self.hass.states.get("sensor.wallbox_reason")
        assert state is not None
        return state.state


@pytest.fixture
async def wallbox(hass: HomeAssistant, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Wallbox]:
    """The helpers, and a connection without a charger."""
    monkeypatch.setattr(inputs, "is_up", lambda _: True)
    for domain, config in (
        ("input_number", {"min": 6, "max": 16, "initial": 16, "unit_of_measurement": "A"}),
        ("input_boolean", {"initial": True}),
        ("input_select", {"options": ["1 phase", "3 phases"], "initial": "3 phases"}),
    ):
        assert await async_setup_component(hass, domain, {domain: {"wallbox": config}})
    clock = JumpingClock(hass.loop)
    made = Wallbox(hass, clock)
    await made.run(1)
    made.entry = await add(hass, observer=False)
    yield made
    await hass.config_entries.async_unload(made.entry.entry_id)
    await hass.async_block_till_done()
    clock.release()


async def add_charger(wallbox: Wallbox, **more: Any) -> Any:
    """Add it, and return what the form said."""
    flows = wallbox.hass.config_entries.subentries
    user: Any = {"source": SOURCE_USER}
    result = await flows.async_init((wallbox.entry.entry_id, "other_charger"), context=user)
    typed = {"name": "Wallbox", **ENTITIES, **CHARGER, **more}
    typed = {key: value for key, value in typed.items() if value is not None}
    result = await flows.async_configure(result["flow_id"], typed)
    await wallbox.hass.async_block_till_done()
    return result


async def test_from_the_sun(wallbox: Wallbox) -> None:
    """It follows the sun on one phase and on three, and pauses by its switch."""
    result = await add_charger(wallbox)
    assert result["type"] is FlowResultType.CREATE_ENTRY, result
    wallbox.sun_w = 3000
    await wallbox.run(330)
    assert wallbox.phases == 1
    assert 9 <= wallbox.amps <= 11
    wallbox.sun_w = 9000
    await wallbox.run(600)
    assert wallbox.phases == 3
    assert 11 <= wallbox.amps <= 13
    wallbox.sun_w = 0
    await wallbox.run(400)
    assert wallbox.amps == 0
    assert wallbox.value("switch") == "off"


async def test_no_car(wallbox: Wallbox) -> None:
    """A state says that no car is there."""
    await add_charger(wallbox)
    wallbox.plugged = False
    await wallbox.run(10)
    assert wallbox.reason == "no_vehicle"


async def test_a_hand_at_it(wallbox: Wallbox) -> None:
    """Who sets the number or the switch drives by hand, until a mode is chosen."""
    await add_charger(wallbox)
    await wallbox.choose("fast")
    await wallbox.run(60)
    assert wallbox.amps == 16
    await wallbox.hass.services.async_call(
        "input_number", "set_value", {"entity_id": ENTITIES["number"], "value": 9}
    )
    await wallbox.run(40)
    assert wallbox.amps == 9
    assert wallbox.reason == "manual"
    await wallbox.choose("fast")
    await wallbox.run(40)
    assert wallbox.amps == 16


async def test_away(wallbox: Wallbox) -> None:
    """While its number is not available it is away, and nothing is sent."""
    await add_charger(wallbox)
    await wallbox.choose("fast")
    await wallbox.run(40)
    wallbox.hass.states.async_set(ENTITIES["number"], "unavailable")
    await wallbox.hass.async_block_till_done()
    device = wallbox.entry.runtime_data.device
    device.wake()
    await wallbox.hass.async_block_till_done()
    (why,) = device.explanation.chargers.values()
    assert why.reason == "charger_away"


async def test_orders_that_fail(wallbox: Wallbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are counted and given again."""
    await add_charger(wallbox)

    async def fail(_: Any) -> None:
        raise HomeAssistantError

    wallbox.hass.services.async_register("input_number", "set_value", fail)
    wallbox.hass.services.async_register("input_boolean", "turn_off", fail)
    await wallbox.choose("off")
    await wallbox.run(120)
    assert wallbox.reason == "not_ready"


async def test_removed(wallbox: Wallbox) -> None:
    """When it is taken out the lower of what is in force and what was set before stays."""
    await wallbox.hass.services.async_call(
        "input_number", "set_value", {"entity_id": ENTITIES["number"], "value": 8}
    )
    await add_charger(wallbox)
    await wallbox.choose("fast")
    await wallbox.run(60)
    assert wallbox.amps == 16
    (subentry,) = wallbox.entry.get_subentries_of_type("other_charger")
    wallbox.hass.config_entries.async_remove_subentry(wallbox.entry, subentry.subentry_id)
    await wallbox.hass.async_block_till_done()
    assert wallbox.amps == 8


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ({"number": "sensor.grid"}, {"number": "not_a_current"}),
        ({"number": "input_number.gone"}, {"number": "not_a_current"}),
        ({"switch": None}, {"switch": "cannot_pause"}),
        ({"phase_select": "select.gone"}, {"phase_select": "no_phases"}),
        ({"power": "sensor.wallbox_state"}, {"power": "not_a_power"}),
        ({"limit": 10, "fallback": 16}, {"fallback": "fallback_above_limit"}),
    ],
)
async def test_what_cannot_be_right(
    wallbox: Wallbox, typed: dict[str, Any], error: dict[str, str]
) -> None:
    """It is refused at the field."""
    if typed.get("number") == "sensor.grid":
        wallbox.hass.states.async_set("input_number.power", "3", POWER)
        typed = {"number": "input_number.power"}
    result = await add_charger(wallbox, **typed)
    assert result["errors"] == error


async def test_changed_later(wallbox: Wallbox) -> None:
    """Its entities can be changed; while the form is open it may be deleted."""
    await add_charger(wallbox, phase_select=None, power=None, state=None)
    hass, entry = wallbox.hass, wallbox.entry
    (subentry,) = entry.get_subentries_of_type("other_charger")
    flows = hass.config_entries.subentries
    context: Any = {"source": SOURCE_RECONFIGURE, "subentry_id": subentry.subentry_id}
    key = entry.entry_id, "other_charger"
    result = await flows.async_init(key, context=context)
    typed = {**ENTITIES, **CHARGER}
    result = await flows.async_configure(result["flow_id"], {**typed, "limit": 8, "fallback": 9})
    assert result["errors"] == {"fallback": "fallback_above_limit"}
    result = await flows.async_configure(result["flow_id"], {**typed, "limit": 13})
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done()
    await wallbox.choose("fast")
    await wallbox.run(60)
    assert wallbox.amps == 13
    result = await flows.async_init(key, context=context)
    hass.config_entries.async_remove_subentry(entry, subentry.subentry_id)
    await hass.async_block_till_done()
    result = await flows.async_configure(result["flow_id"], typed)
    assert result["reason"] == "gone"


def test_words_for_phases() -> None:
    """Without a select there is nothing to choose."""
    assert phase_options(None) == {}
