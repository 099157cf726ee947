"""Charging sessions in Home Assistant, with the charger's simulator behind a real socket."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
import voluptuous as vol
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import area_registry as ar
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.voltrail.const import DOMAIN
from custom_components.voltrail.session_context import EnergyPrice, async_provide_solar_share
from simulators.mennekes_tcp import Charger4X
from simulators.victron_gx import everything

from .helpers import entity_id, poll
from .test_victron_gx import loaded as gateway_loaded
from .test_victron_gx import unpaced

__all__ = ["unpaced"]

NOVEMBER = "2026-11-30 12:00:00+00:00"


@pytest.fixture
async def charger_id(hass: HomeAssistant, charger_loaded: MockConfigEntry) -> str:
    """The charger's device in the registry; summer is over, and so is daylight saving."""
    await hass.config.async_set_time_zone("Europe/Oslo")
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), charger_loaded.entry_id)
    return device.id


def event(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, Any]:
    """Return what the event of the charger shows."""
    found = hass.states.get(entity_id(hass, entry, "event", "session"))
    assert found is not None
    return {"state": found.state, **found.attributes}


async def charge(
    hass: HomeAssistant,
    charger: Charger4X,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    *,
    seconds: int = 1800,
    leave: bool = True,
) -> None:
    """Let a car charge for a while."""
    charger.do("plug_in")
    for _ in range(seconds // 10):
        charger.advance(10)
        freezer.tick(timedelta(seconds=10))
        await poll(hass, entry)
    if leave:
        charger.do("leave")
        charger.advance(5)
        await poll(hass, entry)


async def ask(hass: HomeAssistant, name: str, **data: Any) -> Any:
    """Call an action that answers."""
    return await hass.services.async_call(DOMAIN, name, data, blocking=True, return_response=True)


async def test_the_stages_of_a_session(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Plugged in, charging, gone: each is told once, the last with what was charged."""
    entry = charger_loaded
    assert event(hass, entry)["state"] == "unknown"
    assert event(hass, entry)["event_types"] == ["connected", "started", "finished"]
    charger.do("plug_in")
    charger.advance(2)
    await poll(hass, entry)
    assert event(hass, entry)["event_type"] in ("connected", "started")
    await charge(hass, charger, entry, freezer, seconds=600)
    told = event(hass, entry)
    assert told["event_type"] == "finished"
    assert told["energy"] > 0.5
    assert told["highest_power"] > 4
    assert told["phases"] == 3
    assert told["latest"][0]["energy"] == told["energy"]
    assert told["charging_time"] == pytest.approx(10, abs=1)
    assert told["counter_end"] - told["counter_start"] == pytest.approx(told["energy"], abs=0.002)


async def test_the_energy_is_the_counters_over_a_restart(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    charger_id: str,
) -> None:
    """What is charged while the entry is not loaded is part of the session."""
    entry = charger_loaded
    await charge(hass, charger, entry, freezer, seconds=300, leave=False)
    assert await hass.config_entries.async_unload(entry.entry_id)
    charger.advance(1800)
    freezer.tick(timedelta(seconds=1800))
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    await charge(hass, charger, entry, freezer, seconds=300)
    told = event(hass, entry)
    assert told["duration"] == pytest.approx(40, abs=1)
    assert told["energy"] == pytest.approx(told["counter_end"] - told["counter_start"], abs=0.002)
    answer = (await ask(hass, "get_sessions", device_id=charger_id))[charger_id]
    assert len(answer["sessions"]) == 1, "it is one session"


@pytest.mark.freeze_time(NOVEMBER)
async def test_a_month_as_data(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    charger_id: str,
) -> None:
    """One session belongs to the month in which it ended, by the clock on the wall."""
    entry = charger_loaded
    await charge(hass, charger, entry, freezer, seconds=300)
    freezer.move_to("2026-11-30 22:50:00+00:00")
    await charge(hass, charger, entry, freezer, seconds=1200)
    november = (await ask(hass, "get_sessions", device_id=charger_id, month="2026-11"))[charger_id]
    december = (await ask(hass, "get_sessions", device_id=charger_id))[charger_id]
    assert december["month"] == "2026-12"
    assert [len(one["sessions"]) for one in (november, december)] == [1, 1]
    assert november["energy"] == november["sessions"][0]["energy"]
    assert november["cost"] is None
    assert november["present"] is None
    assert len(november["latest"]) == 2
    assert november["latest"][0]["end"] > november["latest"][1]["end"]
    area = ar.async_get(hass).async_create("Garage")
    dr.async_get(hass).async_update_device(charger_id, area_id=area.id)
    assert set(await ask(hass, "get_sessions", area_id=area.id)) == {charger_id}


@pytest.mark.parametrize("wrong", ["2026", "2026-13", "November", "2026-1", "2026-11-1"])
async def test_a_month_that_is_none(hass: HomeAssistant, charger_id: str, wrong: str) -> None:
    """Is refused; a date belongs to its month."""
    with pytest.raises(vol.Invalid):
        await ask(hass, "get_sessions", device_id=charger_id, month=wrong)
    answer = await ask(hass, "get_sessions", device_id=charger_id, month="2026-11-30")
    assert answer[charger_id]["month"] == "2026-11"


@pytest.mark.freeze_time(NOVEMBER)
async def test_a_month_as_a_table(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    charger_id: str,
    *,
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """As text, and behind a path that nobody can make up."""
    await charge(hass, charger, charger_loaded, freezer, seconds=600)
    dr.async_get(hass).async_update_device(charger_id, name_by_user="Garasje")
    answer = await ask(hass, "get_session_table", device_id=charger_id, language="nb")
    assert answer["filename"] == "voltrail-2026-11.csv"
    rows = list(csv.reader(io.StringIO(answer["text"].removeprefix("\ufeff")), delimiter=";"))
    assert rows[0][:2] == ["Lader", "Tilkoblet"]
    assert rows[0][7] == f"Kostnad ({hass.config.currency})"
    assert rows[1][0] == "Garasje"
    assert rows[1][1] == "2026-11-30 13:00"
    assert "," in rows[1][4]
    assert rows[2][0] == "Sum"

    stranger = await hass_client_no_auth()
    response = await stranger.get(answer["path"])
    assert response.status == 200
    assert response.headers["Content-Disposition"] == 'attachment; filename="voltrail-2026-11.csv"'
    assert (await response.read()).decode("utf-8") == answer["text"]
    bare = answer["path"].partition("?")[0]
    assert (await stranger.get(bare)).status == 401
    assert (await stranger.get(answer["path"].replace("2026-11", "2026-10"))).status == 401
    owner = await hass_client()
    response = await owner.get(f"{bare}?device={charger_id}&month=2026-11")
    assert response.status == 200
    assert "Plugged in" in await response.text()
    for wrong in ("", "?device=nobody", f"?device={charger_id}&month=x"):
        assert (await owner.get(bare + wrong)).status == 400
    freezer.tick(timedelta(days=2))
    assert (await stranger.get(answer["path"])).status == 401


async def test_prices_of_the_energy_dashboard(hass: HomeAssistant) -> None:
    """A fixed price, that of an entity in its own unit, and none."""

    class Manager:
        data: dict[str, Any] | None = None

    price = EnergyPrice(hass)
    await price.find()
    assert price.now is None
    manager = Manager()
    price._manager = manager
    assert price.now is None
    solar = {"type": "solar"}
    for source, expected in (
        ({"type": "grid", "number_energy_price": 0.25, "entity_energy_price": None}, 0.25),
        ({"type": "grid", "number_energy_price": None, "entity_energy_price": "sensor.a"}, 0.3),
        ({"type": "grid", "number_energy_price": None, "entity_energy_price": "sensor.b"}, 0.08),
        ({"type": "grid", "number_energy_price": None, "entity_energy_price": "sensor.c"}, None),
        ({"type": "grid", "number_energy_price": None, "entity_energy_price": "sensor.d"}, None),
        ({"type": "grid", "number_energy_price": None, "entity_energy_price": None}, None),
    ):
        hass.states.async_set("sensor.a", "0.3", {"unit_of_measurement": "EUR/kWh"})
        hass.states.async_set("sensor.b", "80", {"unit_of_measurement": "EUR/MWh"})
        hass.states.async_set("sensor.c", "unavailable")
        manager.data = {"energy_sources": [solar, source]}
        assert price.now == expected


async def test_sun_and_price_are_shared_out(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever knows the share of the sun says so; only the rest is bought."""
    entry = charger_loaded
    monkeypatch.setattr(EnergyPrice, "now", 0.5)
    remove = async_provide_solar_share(hass, (entry.entry_id, None), lambda: 0.25)
    await charge(hass, charger, entry, freezer, seconds=600)
    told = event(hass, entry)
    assert told["solar_share"] == 25
    assert told["cost"] == pytest.approx(told["energy"] * 0.75 * 0.5, abs=0.01)
    remove()
    remove()
    await charge(hass, charger, entry, freezer, seconds=600)
    assert "solar_share" not in event(hass, entry)


async def test_nothing_is_left_behind(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    *,
    hass_storage: dict[str, Any],
    charger_id: str,
) -> None:
    """The log is stored for its entry, and goes with it."""
    entry = charger_loaded
    await charge(hass, charger, entry, freezer, seconds=120)
    assert await hass.config_entries.async_unload(entry.entry_id)
    stored = hass_storage[f"{DOMAIN}.{entry.entry_id}.sessions"]["data"]
    assert [one["end"] is not None for one in stored[""]] == [True]
    with pytest.raises(ServiceValidationError) as caught:
        await ask(hass, "get_sessions", device_id=charger_id)
    assert caught.value.translation_key == "not_loaded"
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert await hass.config_entries.async_remove(entry.entry_id)
    assert not [key for key in hass_storage if entry.entry_id in key]


async def test_a_crash_loses_nothing_that_was_told(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_loaded: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
) -> None:
    """Soon after a session has begun or ended it is in the file."""
    entry = charger_loaded
    await charge(hass, charger, entry, freezer, seconds=60, leave=False)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=5))
    await hass.async_block_till_done()
    assert hass_storage[f"{DOMAIN}.{entry.entry_id}.present"]["data"][""]["present"] is not None
    charger.do("leave")
    charger.advance(5)
    await poll(hass, entry)
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(seconds=5))
    await hass.async_block_till_done()
    assert hass_storage[f"{DOMAIN}.{entry.entry_id}.present"]["data"][""]["present"] is None
    assert hass_storage[f"{DOMAIN}.{entry.entry_id}.sessions"]["data"][""]


@pytest.mark.usefixtures("socket_enabled", "unpaced")
async def test_a_charger_behind_a_gateway(hass: HomeAssistant) -> None:
    """It has sessions and a device of its own; what is asked of its gateway is not asked of it."""
    registry = dr.async_get(hass)
    async with gateway_loaded(hass, everything(), services=["evcharger 40"]) as entry:
        stage = entity_id(hass, entry, "event", "evcharger_40/session")
        entity = er.async_get(hass).async_get(stage)
        assert entity is not None
        assert entity.device_id is not None
        charger = registry.async_get(entity.device_id)
        gateway = registry.async_get_device_by_identifier(
            (DOMAIN, entry.runtime_data.coordinator.identity_key), entry.entry_id
        )
        assert charger is not None
        assert gateway is not None
        assert charger.id != gateway.id
        answer = await ask(hass, "get_sessions", entity_id=stage)
        assert set(answer) == {charger.id}
        with pytest.raises(ServiceValidationError) as caught:
            await ask(hass, "get_sessions", device_id=gateway.id)
        assert caught.value.translation_key == "not_a_charger"
