"""A house with a car, a meter and the controller, for tests: its clock stands still between steps.

The charger is a simulator behind a real socket; the meter is a sensor that says what house, sun
and car make together, as often as a test likes.
"""

import asyncio
from typing import Any

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.voltrail.const import DOMAIN
from simulators.mennekes_tcp import Charger4X

from .helpers import poll
from .meters import JumpingClock

POWER = {"unit_of_measurement": "W", "device_class": "power"}
AMPERE = {"unit_of_measurement": "A", "device_class": "current"}


class House:
    """Sun, other loads, one car, and a meter that adds them up."""

    def __init__(
        self, hass: HomeAssistant, clock: JumpingClock, charger: Charger4X, entry: MockConfigEntry
    ) -> None:
        self.hass = hass
        self.clock = clock
        self.charger = charger
        self.charger_entry = entry
        self.connection: Any = None
        self.sun_w = 0.0
        self.loads_a = [2.0, 2.0, 2.0]
        self.ticks = 0
        self.silent = False
        self.frozen = False
        self.blind = False
        """Whether the currents of the phases are missing."""
        self.battery_w: float | None = None

    @property
    def car_a(self) -> list[float]:
        """What the car draws per phase."""
        (car,) = self.charger.cars
        return [car.current if phase < car.phases else 0.0 for phase in range(3)]

    def tell(self) -> None:
        """Let the meter say what it measures."""
        if self.silent:
            return
        if self.frozen:
            self._repeat()
            return
        self.ticks += 1
        load_w = 230 * (sum(self.loads_a) + sum(self.car_a))
        # A real meter never says twice the same.
        grid = load_w - self.sun_w + self.ticks % 3
        self.hass.states.async_set("sensor.grid", str(grid), POWER)
        for phase, amps in enumerate(self.loads_a):
            total = abs(amps + self.car_a[phase] - self.sun_w / 690) + self.ticks % 3 / 100
            self.hass.states.async_set(f"sensor.current_{phase + 1}", str(total), AMPERE)

        if self.blind:
            for phase in (1, 2, 3):
                self.hass.states.async_set(f"sensor.current_{phase}", "unavailable", AMPERE)
        if self.battery_w is not None:
            self.hass.states.async_set("sensor.battery", str(self.battery_w), POWER)

    def _repeat(self) -> None:
        """Report what was said before, as a coordinator does whose device is gone."""
        for name in ("grid", "current_1", "current_2", "current_3"):
            state = self.hass.states.get(f"sensor.{name}")
            assert state is not None
            self.hass.states.async_set(f"sensor.{name}", state.state, state.attributes)

    async def settle(self) -> None:
        """Let everything happen that is due."""
        for _ in range(4):
            await asyncio.sleep(0)
        await self.hass.async_block_till_done(wait_background_tasks=True)

    async def run(self, seconds: int, every: int = 1) -> None:
        """Let time pass: the charger works, the meter speaks, the controller decides."""
        for second in range(seconds):
            await self.clock.jump(1)
            self.charger.step(1)
            if second % every == 0:
                await poll(self.hass, self.charger_entry)
                self.tell()
            await self.settle()

    async def set_up(self, **more: Any) -> Any:
        """Add the controller as a person does, and return its entry."""
        self.tell()
        form = {
            "grid_power": "sensor.grid",
            "grid_inverted": False,
            "phases": "3",
            "current_l1": "sensor.current_1",
            "current_l2": "sensor.current_2",
            "current_l3": "sensor.current_3",
            "fuse": 25,
            "margin": 2,
            "observer": False,
            "solar": {},
            "tariff": {},
            "battery": {"battery_inverted": False},
            "limits": {"window": "15", "outside_power": 4.2},
            **more,
        }
        form = {key: value for key, value in form.items() if value is not None}
        flows = self.hass.config_entries.flow
        result = await flows.async_init(DOMAIN, context={"source": SOURCE_USER})
        result = await flows.async_configure(result["flow_id"], {"next_step_id": "charging"})
        result = await flows.async_configure(result["flow_id"], form)
        assert result["step_id"] == "charging_chargers", result
        result = await flows.async_configure(result["flow_id"], {})
        assert result["type"] is FlowResultType.CREATE_ENTRY, result
        await self.settle()
        self.connection = result["result"]
        return self.connection

    # -- what Home Assistant shows --

    def entity_id(self, platform: str, path: str) -> str:
        """Return the id of an entity of the connection, or of its one charger."""
        coordinator = self.connection.runtime_data.coordinator
        key = coordinator.identity_key
        parts = [part.key for part in coordinator.device.parts()]
        registry = er.async_get(self.hass)
        for name in (path, *(f"{part}_{path}" for part in parts)):
            if found := registry.async_get_entity_id(platform, DOMAIN, f"{key}_{name}"):
                return found
        raise AssertionError(path)

    def state(self, platform: str, path: str) -> str:
        """Return what an entity shows."""
        found = self.hass.states.get(self.entity_id(platform, path))
        assert found is not None, path
        return found.state

    async def choose(self, path: str, option: str) -> None:
        """Choose an option of a select."""
        await self.call("select", "select_option", path, option=option)

    async def call(self, platform: str, action: str, path: str, **data: Any) -> None:
        """Do something with an entity of the connection."""
        await self.hass.services.async_call(
            platform, action, {"entity_id": self.entity_id(platform, path), **data}, blocking=True
        )
        await self.settle()

    @property
    def reason(self) -> str:
        """Why the charger does what it does."""
        return self.state("sensor", "reason")

    @property
    def sentence(self) -> str:
        """The sentence that says why."""
        found = self.hass.states.get(self.entity_id("sensor", "reason"))
        assert found is not None
        return str(found.attributes["explanation"])

    @property
    def offer(self) -> float:
        """What the charger offers to the car."""
        return float(self.charger.charging.offer)
