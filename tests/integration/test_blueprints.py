"""The blueprints: imported as a person does, and run in a simulated house for a simulated day."""

import asyncio
import json
import logging
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple
from unittest.mock import patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.persistent_notification import (
    _async_get_or_create_notifications as notifications,
)
from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, ServiceRegistry
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import parse_yaml
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.test_util.aiohttp import AiohttpClientMocker
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.voltrail.const import DOMAIN
from simulators.mennekes_tcp import Charger4X, ChargerEcu
from simulators.server import Server

from .helpers import entity_id, set_number, state, turn

BLUEPRINTS: Final = Path(__file__).parents[2] / "blueprints" / "automation" / "voltrail"
ADDRESS: Final = (
    "https://raw.githubusercontent.com/voltrail/voltrail/main/blueprints/automation/voltrail/"
)
GRID: Final = "sensor.grid_power"
PHASES: Final = ("sensor.house_l1", "sensor.house_l2", "sensor.house_l3")
HOUR: Final = timedelta(hours=1)
FLAG: Final = "input_boolean.paused_for_the_main_fuse"


@pytest.fixture
def charger() -> Charger4X:
    """A charger that takes 16 A on three phases, and chooses its phases by the power limit."""
    found = Charger4X(model="4Business 710 11 C2")
    # The simulated day goes in large steps.
    found.set({"hems.timeout": 300})
    return found


@pytest.fixture
def charger_entry(charger_server: Server, charger: Charger4X | ChargerEcu) -> MockConfigEntry:
    """The entry of that charger, which is read when the house says so."""
    return MockConfigEntry(
        domain=DOMAIN,
        title="Garage",
        data={
            "family": "mennekes_tcp",
            "transport": "tcp",
            "host": charger_server.host,
            "port": charger_server.port,
            "unit_id": 1,
            "fingerprint": (
                "4X 4Business 710 11 C2" if isinstance(charger, Charger4X) else "ECU CC613"
            ),
        },
        pref_disable_polling=True,
    )


class House:
    """A house with a charger, in which time passes step by step."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: MockConfigEntry,
        charger: Charger4X | ChargerEcu,
        freezer: FrozenDateTimeFactory,
    ) -> None:
        self.hass = hass
        self.entry = entry
        self.charger = charger
        self._freezer = freezer
        self.under_way = 0
        """Actions of automations that are not finished."""
        self.measure: Callable[[], None] = lambda: None
        """Tells Home Assistant what the meter of the house says now."""

    @property
    def now(self) -> datetime:
        """The time in the house."""
        return datetime.now(UTC)

    @property
    def charging(self) -> str:
        """The state of the switch."""
        return state(self.hass, self.entry, "switch", "charging")

    @property
    def current_limit(self) -> float:
        """The state of the number."""
        return float(state(self.hass, self.entry, "number", "current_limit"))

    def id(self, platform: str, path: str) -> str:
        """Return the id of an entity of the charger."""
        return entity_id(self.hass, self.entry, platform, path)

    async def settle(self) -> None:
        """Let automations and their actions come to an end, or to a wait."""
        idle = 0
        while idle < 15:
            await asyncio.sleep(0)
            idle = 0 if self.under_way else idle + 1

    async def step(self, seconds: float) -> None:
        """Let a little time pass, and everybody measure and react."""
        self.charger.advance(seconds)
        self._freezer.tick(seconds)
        await self.entry.runtime_data.coordinator.async_refresh()
        self.measure()
        async_fire_time_changed(self.hass)
        await self.settle()

    async def live(self, seconds: float, *, step: float = 10) -> None:
        """Let time pass."""
        for _ in range(math.ceil(seconds / step)):
            await self.step(step)

    async def until(self, moment: datetime) -> None:
        """Let time pass until a moment, in no more steps than it takes."""
        # The charger need not live through all of it.
        self.charger.advance(10)
        self._freezer.move_to(moment)
        await self.entry.runtime_data.coordinator.async_refresh()
        async_fire_time_changed(self.hass)
        await self.settle()

    async def plug_in(self) -> None:
        """Let a car come."""
        self.charger.do("plug_in")
        await self.live(10, step=5)


@pytest.fixture
def house(
    hass: HomeAssistant,
    charger_loaded: MockConfigEntry,
    charger: Charger4X | ChargerEcu,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> Iterator[House]:
    """The house; what its automations do is waited for."""
    # A day has many bytes, and nobody reads about each of them.
    caplog.set_level(logging.WARNING)
    for name in ("tmodbus", "pymodbus.logging", "homeassistant", "custom_components"):
        caplog.set_level(logging.WARNING, name)
    # Noting where each callback came from takes longer than the day itself.
    hass.loop.set_debug(False)
    # The same day every time.
    freezer.move_to(datetime(2027, 1, 4, 5, 0, tzinfo=UTC))
    found = House(hass, charger_loaded, charger, freezer)
    call = ServiceRegistry.async_call

    async def counted(self: ServiceRegistry, *arguments: Any, **named: Any) -> Any:
        found.under_way += 1
        try:
            return await call(self, *arguments, **named)
        finally:
            found.under_way -= 1

    with patch.object(ServiceRegistry, "async_call", counted):
        yield found
    complaints = [
        record.getMessage()
        for record in caplog.get_records("call")
        if record.name.startswith(
            ("homeassistant.components.automation", "homeassistant.helpers", "custom_components")
        )
        and "connection is down" not in record.getMessage()
    ]
    assert not complaints


type Install = Callable[[str, dict[str, Any]], Awaitable[None]]


@pytest.fixture
async def install(
    hass: HomeAssistant,
    hass_ws_client: WebSocketGenerator,
    aioclient_mock: AiohttpClientMocker,
    tmp_path: Path,
) -> AsyncIterator[Install]:
    """Import a blueprint from its address, and make an automation of it."""
    hass.config.config_dir = str(tmp_path)
    assert await async_setup_component(hass, "automation", {})
    assert await async_setup_component(
        hass, "input_boolean", {"input_boolean": {"paused_for_the_main_fuse": {}}}
    )

    async def imported(name: str, inputs: dict[str, Any]) -> None:
        address = f"{ADDRESS}{name}.yaml"
        aioclient_mock.get(address, text=(BLUEPRINTS / f"{name}.yaml").read_text("utf-8"))
        client = await hass_ws_client()

        async def ask(**message: Any) -> Any:
            await client.send_json_auto_id(message)
            answer = await client.receive_json()
            assert answer["success"], answer
            return answer["result"]

        found = await ask(type="blueprint/import", url=address)
        assert found["validation_errors"] is None
        path = found["suggested_filename"]
        await ask(
            type="blueprint/save",
            domain="automation",
            path=path,
            yaml=found["raw_data"],
            source_url=address,
        )
        await client.close()
        automation = {
            "id": name,
            "alias": name,
            "use_blueprint": {"path": f"{path}.yaml", "input": inputs},
        }
        (tmp_path / "configuration.yaml").write_text(json.dumps({"automation": [automation]}))
        await hass.services.async_call("automation", "reload", blocking=True)
        await hass.async_block_till_done()
        found_state = hass.states.get(f"automation.{name}")
        assert found_state is not None
        assert found_state.state == STATE_ON

    yield imported
    # Nothing may wait any longer when Home Assistant stops.
    await hass.services.async_call(
        "automation", "turn_off", {"entity_id": "all", "stop_actions": True}, blocking=True
    )
    await hass.async_block_till_done()


@pytest.mark.parametrize("path", sorted(BLUEPRINTS.glob("*.yaml")), ids=lambda path: path.stem)
def test_what_a_blueprint_says_of_itself(path: Path) -> None:
    """It says where it came from and what it needs; all inputs have a name and a selector."""
    blueprint = _plain(path)["blueprint"]
    assert blueprint["source_url"] == f"{ADDRESS}{path.name}"
    assert blueprint["homeassistant"]["min_version"] == "2026.10.0"
    assert blueprint["description"]

    def inputs(found: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
        for key, value in found.items():
            if "input" in value:
                yield from inputs(value["input"])
            else:
                yield key, value

    for key, value in inputs(blueprint["input"]):
        assert value["name"], key
        assert value["selector"], key
        if key in ("charging", "charging_state", "blocked_by", "current_limit", "power_limit"):
            assert value["selector"]["entity"]["filter"]["integration"] == DOMAIN


def _plain(path: Path) -> dict[str, Any]:
    text = path.read_text("utf-8").replace("!input ", "")
    found = parse_yaml(text)
    assert isinstance(found, dict)
    return found


# -- solar surplus -------------------------------------------------------------------


class Moment(NamedTuple):
    """What was so at one step of the day."""

    time: datetime
    surplus: float
    charging: bool
    limit: float
    phases: int
    drawn: float


class SolarDay:
    """A short day with sun and clouds, and what the charger made of it."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.begin = house.now
        self.moments: list[Moment] = []
        house.measure = self.measure

    @property
    def surplus(self) -> float:
        """What the roof gives more than the house takes."""
        hour = (self.house.now - self.begin).total_seconds() / 3600
        sun = 8000 * math.sin(min(hour / 6, 1) * math.pi)
        if 1.7 <= hour < 1.75 or 3.3 <= hour < 3.55:
            # A cloud of three minutes, and one of a quarter of an hour.
            sun *= 0.1
        if 2.3 <= hour < 2.8:
            # Clouds in a hurry.
            sun *= 0.7 + 0.3 * math.sin(hour * 180)
        return round(sun - 450)

    def measure(self) -> None:
        """Tell what flows at the grid connection."""
        drawn = self.house.charger.meter.power
        shown = f"{drawn - self.surplus:.0f}"
        self.house.hass.states.async_set(GRID, shown, {"unit_of_measurement": "W"})

    async def live(self, hours: float) -> None:
        """Let time pass, and take notes."""
        house = self.house
        for _ in range(round(hours * 120)):
            await house.step(30)
            self.moments.append(
                Moment(
                    house.now,
                    self.surplus,
                    house.charging == STATE_ON,
                    house.charger.hems.power,
                    house.charger.charging.phases,
                    house.charger.meter.power,
                )
            )

    def changes(self, of: Callable[[Moment], object]) -> list[Moment]:
        """Return the moments at which something became another."""
        return [after for before, after in pairwise(self.moments) if of(before) != of(after)]


def gaps(moments: list[Moment]) -> list[float]:
    """Return the seconds between moments."""
    return [(after.time - before.time).total_seconds() for before, after in pairwise(moments)]


async def begin_solar_day(house: House, install: Install, **more: Any) -> SolarDay:
    """Begin a day with a car that waits for the sun."""
    day = SolarDay(house)
    day.measure()
    await turn(house.hass, house.entry, "charging", on=False)
    await install(
        "solar_surplus",
        {
            "grid_power": GRID,
            "charging_state": house.id("sensor", "charging_state"),
            "charging": house.id("switch", "charging"),
            "power_limit": house.id("number", "power_limit"),
            "charger_power": house.id("sensor", "power"),
            **more,
        },
    )
    await house.plug_in()
    house.charger.set({"car.battery_wh": 200_000})
    return day


async def test_a_day_of_sun(house: House, install: Install) -> None:
    """The car follows the sun with few starts and few switches of phases; then it is unplugged."""
    day = await begin_solar_day(house, install, phase_switching=True)
    await day.live(6)

    starts = [moment for moment in day.changes(lambda m: m.charging) if moment.charging]
    stops = [moment for moment in day.changes(lambda m: m.charging) if not moment.charging]
    # In the morning and after the long cloud; for the long cloud and in the evening.
    assert len(starts) == len(stops) == 2
    assert min(gaps(sorted([*starts, *stops]))) >= 300
    assert all(moment.surplus >= 1800 for moment in starts)
    assert all(moment.surplus < 800 for moment in stops)
    # A start needs two minutes of sun, a stop five without.
    bright = next(moment for moment in day.moments if moment.surplus >= 1800)
    assert 120 <= (starts[0].time - bright.time).total_seconds() <= 240
    dark = next(m for m in day.moments if m.surplus < 800 and m.time > starts[0].time + HOUR * 2)
    assert 300 <= (stops[0].time - dark.time).total_seconds() <= 420

    # One phase in the morning, three at noon, one in the evening.
    switches = [m for m in day.changes(lambda m: m.phases) if m.charging and m.phases]
    assert [moment.phases for moment in switches] == [1, 3, 1]
    assert min(gaps(switches)) >= 600
    # No limit between the two, where the charger would choose.
    assert not [m for m in day.moments if m.charging and 3680 < m.limit < 4300]

    limits = day.changes(lambda moment: moment.limit)
    assert len(limits) > 50, "it follows"
    changed = [
        (before.limit, after.limit)
        for before, after in pairwise(day.moments)
        if before.charging and after.charging and before.limit != after.limit
    ]
    # From one phase to three and back it may be less.
    assert all(abs(after - before) >= 200 for before, after in changed)

    # What it cannot follow it imports: the clouds, while it waits whether they last.
    imported = sum(max(0, m.drawn - max(0, m.surplus)) for m in day.moments) * 30 / 3.6e6
    drawn = sum(moment.drawn for moment in day.moments) * 30 / 3.6e6
    assert imported < 0.07 * drawn
    assert drawn > 15


class Surplus:
    """A surplus that a test chooses."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.watts = 0.0
        house.measure = self.measure

    def measure(self) -> None:
        """Tell what flows at the grid connection."""
        shown = f"{self.house.charger.meter.power - self.watts:.0f}"
        self.house.hass.states.async_set(GRID, shown, {"unit_of_measurement": "W"})

    async def swing(self, *watts: float, seconds: float, times: int) -> list[tuple[datetime, int]]:
        """Let it go up and down; return the limits with the time since when they were so."""
        limits: list[tuple[datetime, int]] = []
        for _ in range(times):
            for self.watts in watts:
                for _ in range(round(seconds / 10)):
                    await self.house.step(10)
                    limit = self.house.charger.hems.power
                    if not limits or limits[-1][1] != limit:
                        limits.append((self.house.now, limit))
        return limits


async def test_neither_clouds_nor_gusts_make_it_flap(house: House, install: Install) -> None:
    """Around its thresholds it neither starts nor stops; the limit changes in its own time."""
    await begin_solar_day(house, install, change_interval=60)
    surplus = Surplus(house)
    await house.live(300, step=30)
    await surplus.swing(1900, 1700, seconds=90, times=6)
    assert house.charging == STATE_OFF, "never for two minutes above the start"
    await surplus.swing(3000, seconds=200, times=1)
    assert house.charging == STATE_ON
    await surplus.swing(700, 900, seconds=240, times=3)
    assert house.charging == STATE_ON, "never for five minutes below the stop"

    # A surplus in a hurry: no two changes of the limit within a minute, and none too small.
    gusts = (2500, 3600, 2900, 4000, 3300, 2700, 3800, 3000, 3500, 2600, 3200)
    limits = await surplus.swing(*gusts, seconds=10, times=8)
    assert len(limits) > 5
    assert all((b[0] - a[0]).total_seconds() >= 60 for a, b in pairwise(limits[1:]))
    await surplus.swing(4000, seconds=120, times=1)
    assert len(await surplus.swing(4000, 4090, 3910, seconds=60, times=3)) == 1


async def test_no_meter_no_sun(house: House, install: Install) -> None:
    """Without a value of the meter no limit is raised, and after five minutes the car waits."""
    day = await begin_solar_day(house, install)
    house.measure = lambda: None
    house.hass.states.async_set(GRID, "-6000", {"unit_of_measurement": "W"})
    await house.live(500)
    assert house.charging == STATE_ON
    house.hass.states.async_set(GRID, STATE_UNAVAILABLE)
    limit = house.charger.hems.power
    await house.live(290)
    assert (house.charging, house.charger.hems.power) == (STATE_ON, limit)
    await house.live(30)
    assert house.charging == STATE_OFF
    # A value that is no number is none either.
    house.hass.states.async_set(GRID, "unknown")
    await house.live(900, step=30)
    assert house.charging == STATE_OFF
    assert day.house.charger.meter.power == 0


async def test_the_next_car_waits_for_the_sun(house: House, install: Install) -> None:
    """When a car leaves while it charges, the charger pauses."""
    day = await begin_solar_day(house, install)
    house.measure = lambda: None
    house.hass.states.async_set(GRID, "-6000", {"unit_of_measurement": "W"})
    await house.live(500)
    assert house.charging == STATE_ON
    house.hass.states.async_set(GRID, "500", {"unit_of_measurement": "W"})
    house.charger.do("leave")
    await house.live(50)
    assert house.charging == STATE_OFF
    await house.plug_in()
    await house.live(60)
    assert day.house.charger.meter.power == 0


@pytest.mark.parametrize(
    ("surplus", "before", "after"),
    [(6000, False, True), (-2000, True, False)],
    ids=["sun", "no sun"],
)
async def test_what_was_there_before_the_automation(
    house: House,
    install: Install,
    surplus: float,
    *,
    before: bool,
    after: bool,
) -> None:
    """Sun that shines, or is missing, since before it was switched on is noticed as well."""
    day = await begin_solar_day(house, install)
    house.measure = lambda: None
    await switch_automations(house, on=False)
    house.hass.states.async_set(GRID, str(-surplus), {"unit_of_measurement": "W"})
    await turn(house.hass, house.entry, "charging", on=before)
    await house.live(400, step=20)
    await switch_automations(house, on=True)
    await house.live(60)
    assert (house.charging == STATE_ON) is before
    # It looks every ten minutes, and makes sure that it lasts.
    await house.live(600 + 300 + 30, step=30)
    assert (house.charging == STATE_ON) is after
    if after:
        await house.live(120)
        assert day.house.charger.meter.power > 4000, "and it is followed"


async def test_a_house_battery_is_not_emptied_into_the_car(house: House, install: Install) -> None:
    """What the battery gives is no sun; what it takes may go into the car."""
    battery = {"unit_of_measurement": "W", "device_class": "power"}
    house.hass.states.async_set("sensor.battery", "0", battery)
    await begin_solar_day(house, install, battery_power=["sensor.battery"])
    # The battery takes all the sun: nothing is exported, and the car could have it.
    house.measure = lambda: None
    house.hass.states.async_set(GRID, "0", {"unit_of_measurement": "W"})
    house.hass.states.async_set("sensor.battery", "5000", battery)
    await house.live(600)
    assert house.charging == STATE_ON
    # The sun is gone, and the battery covers what the car takes.
    house.hass.states.async_set("sensor.battery", "-5000", battery)
    await house.live(600)
    assert house.charging == STATE_OFF
    # A battery that is not heard of is none that gives: nobody knows the surplus.
    house.hass.states.async_set(GRID, "-6000", {"unit_of_measurement": "W"})
    house.hass.states.async_set("sensor.battery", "unavailable", battery)
    await house.live(900)
    assert house.charging == STATE_OFF


async def switch_automations(house: House, *, on: bool) -> None:
    """Switch the automation on or off."""
    await house.hass.services.async_call(
        "automation", "turn_on" if on else "turn_off", {"entity_id": "all"}, blocking=True
    )


@pytest.mark.parametrize("charger", [ChargerEcu(model="CC613")])
async def test_a_charger_that_only_knows_amperes(house: House, install: Install) -> None:
    """Where power is worked out of amperes and volts, the limit moves with the voltage alone."""
    house.charger.set({"hems.timeout": 300})
    day = await begin_solar_day(house, install, minimum=4300, start_surplus=4500, deadband=700)
    surplus = Surplus(house)
    await surplus.swing(6000, seconds=500, times=1)
    seen = [house.charger.hems.current]
    for watts in (9300, 9400, 7200, 5200):
        await surplus.swing(watts, seconds=60, times=1)
        seen.append(house.charger.hems.current)
    assert seen == [8, 13, 13, 10, 7]
    assert day.house.charger.meter.power == pytest.approx(3 * 230 * 7, rel=0.01)


# -- main fuse -----------------------------------------------------------------------


class Fuse:
    """A house on a main fuse of 25 A."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.load = 4.0
        self.known = True
        self.most: list[float] = []
        """The largest current on a phase, every ten seconds."""
        house.measure = self.measure

    def measure(self) -> None:
        """Tell what flows in the phases at the main fuse."""
        currents = [amps + self.load for amps in self.house.charger.meter.currents]
        self.most.append(max(currents))
        for entity, amps in zip(PHASES, currents, strict=True):
            shown = f"{amps:.1f}" if self.known else STATE_UNAVAILABLE
            self.house.hass.states.async_set(entity, shown, {"unit_of_measurement": "A"})

    @property
    def remembers(self) -> bool:
        """Whether the helper says that the car waits for the main fuse."""
        return self.house.hass.states.is_state(FLAG, STATE_ON)

    @property
    def longest_overload(self) -> float:
        """For how many seconds in a row the main fuse had more than it is made for."""
        longest = running = 0
        for amps in self.most:
            running = running + 10 if amps > 25 else 0
            longest = max(longest, running)
        return longest


@pytest.fixture
async def fuse(house: House, install: Install) -> Fuse:
    """A house in which a car charges with 16 A."""
    found = Fuse(house)
    found.measure()
    await set_number(house.hass, house.entry, "current_limit", 16)
    await install(
        "main_fuse",
        {
            **dict(zip(("current_l1", "current_l2", "current_l3"), PHASES, strict=True)),
            "charging": house.id("switch", "charging"),
            "current_limit": house.id("number", "current_limit"),
            "paused": FLAG,
        },
    )
    await house.plug_in()
    house.charger.set({"car.battery_wh": 200_000})
    await house.live(60)
    assert house.charger.meter.currents == (16, 16, 16)
    return found


async def test_a_day_near_the_main_fuse(house: House, fuse: Fuse) -> None:
    """The car gets what is left, waits when that is too little, and goes on when it lasts."""
    await house.live(900)
    assert house.current_limit == 16, "nothing to do"

    fuse.load = 12
    await house.live(30)
    assert house.current_limit == 11
    assert house.charger.meter.currents == (11, 11, 11)

    # Hysteresis: an ampere more or less, for a moment, changes nothing.
    before = len(house.charger.traffic.writes)
    for _ in range(6):
        fuse.load = 10
        await house.live(60)
        fuse.load = 12
        await house.live(60)
    assert len(house.charger.traffic.writes) == before

    fuse.load = 20
    await house.live(30)
    assert (house.charging, fuse.remembers) == (STATE_OFF, True)
    assert house.charger.meter.currents == (0, 0, 0)

    # There is room for three minutes again and again, and not for five.
    for _ in range(3):
        fuse.load = 15
        await house.live(180)
        fuse.load = 20
        await house.live(30)
    assert house.charging == STATE_OFF

    fuse.load = 10
    await house.live(290)
    assert house.charging == STATE_OFF
    await house.live(20)
    assert (house.charging, fuse.remembers) == (STATE_ON, False)
    assert house.current_limit == 13

    fuse.load = 4
    await house.live(320)
    assert house.current_limit == 16
    assert fuse.longest_overload <= 20


async def test_who_paused(house: House, fuse: Fuse) -> None:
    """A car that somebody paused stays paused, however much room there is."""
    fuse.load = 12
    await house.live(30)
    await turn(house.hass, house.entry, "charging", on=False)
    fuse.load = 0
    await house.live(1800, step=30)
    assert house.charging == STATE_OFF

    # Paused for the fuse, and then switched on by a person: there is nothing to remember.
    await turn(house.hass, house.entry, "charging", on=True)
    fuse.load = 22
    await house.live(60)
    assert (house.charging, fuse.remembers) == (STATE_OFF, True)
    fuse.load = 5
    await house.live(30)
    await turn(house.hass, house.entry, "charging", on=True)
    await house.live(20)
    assert not fuse.remembers


async def test_currents_that_are_not_known(house: House, fuse: Fuse) -> None:
    """Without the currents the car waits, and goes on when they have been back for a while."""
    fuse.known = False
    await house.live(50)
    assert house.charging == STATE_ON
    await house.live(30)
    assert (house.charging, fuse.remembers) == (STATE_OFF, True)
    await house.live(1800, step=30)
    assert house.charging == STATE_OFF
    fuse.known = True
    await house.live(290)
    assert house.charging == STATE_OFF
    await house.live(20)
    assert (house.charging, house.current_limit) == (STATE_ON, 16)


@pytest.mark.parametrize("known", [True, False])
async def test_a_restart_near_the_main_fuse(house: House, fuse: Fuse, *, known: bool) -> None:
    """What is so when the automation starts is noticed: a waiting car, or missing currents."""
    if known:
        fuse.load = 20
        await house.live(60)
        assert (house.charging, fuse.remembers) == (STATE_OFF, True)
    await switch_automations(house, on=False)
    fuse.load, fuse.known = 0, known
    await house.live(100)
    await switch_automations(house, on=True)
    await house.live(600 + 300 + 30, step=30)
    assert house.charging == (STATE_ON if known else STATE_OFF)
    assert fuse.remembers is not known
    if known:
        assert house.current_limit == 16


# -- time window ---------------------------------------------------------------------


async def night(house: House, install: Install, **more: Any) -> Callable[..., Awaitable[None]]:
    """Install a window from 23 to 6 o'clock; return what lets time pass until a local time."""
    house.hass.config.time_zone = "Europe/Oslo"
    dt_util.set_default_time_zone(dt_util.get_time_zone("Europe/Oslo"))  # type: ignore[arg-type]
    await install(
        "time_window",
        {
            "charging_state": house.id("sensor", "charging_state"),
            "charging": house.id("switch", "charging"),
            "current_limit": house.id("number", "current_limit"),
            "current": 14,
            **more,
        },
    )

    async def until(day: int, hour: int, minute: int = 0) -> None:
        # January 2027 begins on a Friday.
        moment = datetime(2027, 1, day, hour, minute, tzinfo=dt_util.get_default_time_zone())
        await house.until(moment.astimezone(UTC))
        await house.step(2)

    return until


async def test_a_window_over_midnight(house: House, install: Install) -> None:
    """The car charges from 23 to 6 o'clock and waits all day, whenever it was plugged in."""
    until = await night(house, install)
    await until(4, 12)
    await house.plug_in()
    assert house.charging == STATE_OFF
    await until(4, 22, 59)
    assert house.charging == STATE_OFF
    await until(4, 23)
    assert (house.charging, house.charger.hems.current) == (STATE_ON, 14)

    # A person takes less; a car that comes back does not change that.
    await set_number(house.hass, house.entry, "current_limit", 8)
    await until(5, 2)
    house.charger.do("leave")
    await house.live(20)
    await house.plug_in()
    assert (house.charging, house.charger.hems.current) == (STATE_ON, 8)

    await until(5, 5, 59)
    assert house.charging == STATE_ON
    await until(5, 6)
    assert house.charging == STATE_OFF
    # Outside the window a person may want it all the same.
    await turn(house.hass, house.entry, "charging", on=True)
    await until(5, 12)
    assert house.charging == STATE_ON
    house.charger.do("leave")
    await house.live(20)
    await house.plug_in()
    assert house.charging == STATE_OFF


async def test_the_days_of_a_window(house: House, install: Install) -> None:
    """A night belongs to the day on which it begins."""
    until = await night(house, install, days=["fri"])
    await house.plug_in()
    for day, hour, charging in (
        (7, 23, STATE_OFF),  # Thursday
        (8, 2, STATE_OFF),
        (8, 23, STATE_ON),  # Friday
        (9, 2, STATE_ON),
        (9, 6, STATE_OFF),
        (9, 23, STATE_OFF),  # Saturday
    ):
        await until(day, hour)
        assert house.charging == charging, (day, hour)


async def test_a_charger_that_is_not_there_when_the_window_opens(
    house: House, install: Install
) -> None:
    """Nothing is sent to a charger of which nothing is known; when it is back it is let charge."""
    until = await night(house, install)
    await until(4, 12)
    await house.plug_in()
    assert house.charging == STATE_OFF
    house.charger.reachable = False
    await until(4, 22, 50)
    await until(4, 23)
    assert house.charging == STATE_UNAVAILABLE
    house.charger.reachable = True
    await house.live(60)
    assert (house.charging, house.charger.hems.current) == (STATE_ON, 14)


# -- blocked -------------------------------------------------------------------------


async def test_telling_why(house: House, install: Install) -> None:
    """A car that is not charged for five minutes is told of, with the charger and the reason."""
    hass = house.hass
    assert await async_setup_component(hass, "persistent_notification", {})
    await install("blocked", {"blocked_by": house.id("sensor", "blocked_by")})
    await house.plug_in()
    # Paused: that is what somebody wanted.
    await turn(hass, house.entry, "charging", on=False)
    await house.live(400)
    assert not notifications(hass)
    await turn(hass, house.entry, "charging", on=True)

    house.charger.set({"charger.authorisation": "NOT_AUTHORISED"})
    await house.live(200)
    house.charger.set({"charger.authorisation": "NOT_NEEDED"})
    await house.live(200)
    assert not notifications(hass), "it passed by itself"

    house.charger.set({"charger.authorisation": "NOT_AUTHORISED"})
    await house.live(290)
    assert not notifications(hass)
    await house.live(90)
    (told,) = notifications(hass).values()
    assert told["title"] == "Garage"
    assert told["message"] == "The car is connected and does not charge: Not authorised."
