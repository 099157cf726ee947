"""What stands in an entry's file around an order, and what a kill at any moment leaves."""

import asyncio
from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from unittest.mock import patch

import pytest
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.voltrail.engine.charging import order_book
from simulators.mennekes_tcp import Charger4X
from simulators.traffic import Request

from .helpers import poll, set_number, state, turn

type Files = dict[str, Any]


def file_of(entry: MockConfigEntry, files: Files) -> dict[str, Any]:
    """Return what the file of an entry holds now."""
    stored = files.get(f"voltrail.{entry.entry_id}")
    return {} if stored is None else deepcopy(stored["data"])


@pytest.fixture
def at_the_wire(
    charger: Charger4X, charger_entry: MockConfigEntry, hass_storage: Files
) -> Iterator[list[dict[str, Any]]]:
    """What the file holds at each moment when a write reaches the charger."""
    seen: list[dict[str, Any]] = []
    written = charger.on_write

    def note(request: Request) -> None:
        seen.append(file_of(charger_entry, hass_storage))
        written(request)

    with patch.object(charger, "on_write", note):
        yield seen


async def killed(
    hass: HomeAssistant, entry: MockConfigEntry, files: Files, stored: dict[str, Any]
) -> None:
    """Start again from what a kill left: nothing that is done at an orderly end counts."""
    assert await hass.config_entries.async_unload(entry.entry_id)
    files[f"voltrail.{entry.entry_id}"]["data"] = stored
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()


@pytest.mark.usefixtures("charger_loaded")
async def test_a_pause_outlives_a_kill_five_seconds_later(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_entry: MockConfigEntry,
    *,
    hass_storage: Files,
    at_the_wire: list[dict[str, Any]],
) -> None:
    """The pause stands in the file before it is on the wire, beside what was in force."""
    await set_number(hass, charger_entry, "current_limit", 16)
    await turn(hass, charger_entry, "charging", on=False)
    assert (at_the_wire[-1]["paused"], at_the_wire[-1]["before"]["paused"]) == (True, False)
    stored = file_of(charger_entry, hass_storage)
    # It forgot meanwhile: what it holds is not what was asked for last.
    await killed(hass, charger_entry, hass_storage, stored)
    charger.set({"hems.current_tenths": 160})
    charger_entry.runtime_data.device.reconnected()
    await poll(hass, charger_entry)
    assert float(state(hass, charger_entry, "number", "current_limit")) == 0
    assert charger.state()["hems.current_tenths"] == 0


@pytest.mark.parametrize(("before", "asked", "left"), [(16, 8, 8), (8, 16, 8)])
@pytest.mark.usefixtures("charger_loaded")
async def test_an_order_that_may_have_got_through_ends_in_the_lower_one(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_entry: MockConfigEntry,
    *,
    hass_storage: Files,
    before: float,
    asked: float,
    left: float,
) -> None:
    """Killed between the answer and the save that confirms it, whichever way the order went."""
    await set_number(hass, charger_entry, "current_limit", before)
    await set_number(hass, charger_entry, "current_limit", asked)
    stored = file_of(charger_entry, hass_storage)
    assert stored["before"]["current"] == before
    await killed(hass, charger_entry, hass_storage, stored)
    await poll(hass, charger_entry)
    assert charger.state()["hems.current_tenths"] == left * 10


@pytest.mark.usefixtures("charger_loaded")
async def test_an_order_costs_two_saves_and_the_same_again_none(
    hass: HomeAssistant,
    charger_entry: MockConfigEntry,
    hass_storage: Files,
    freezer: FrozenDateTimeFactory,
) -> None:
    """One before it is sent, one within twenty seconds that confirms it."""

    def saves() -> int:
        writes: Any = vars(Store)["_async_write_data"]
        key = f"voltrail.{charger_entry.entry_id}"
        return sum(call.args[0].key == key for call in writes.call_args_list)

    async def let_pass() -> None:
        freezer.tick(21)
        async_fire_time_changed(hass)
        await hass.async_block_till_done(wait_background_tasks=True)

    await set_number(hass, charger_entry, "current_limit", 12)
    assert saves() == 1
    await let_pass()
    assert saves() == 2
    assert "before" not in file_of(charger_entry, hass_storage)
    await set_number(hass, charger_entry, "current_limit", 12)
    await let_pass()
    assert saves() == 2


@pytest.mark.usefixtures("charger_loaded")
async def test_a_program_that_orders_all_the_time_spares_the_card(
    hass: HomeAssistant,
    charger_entry: MockConfigEntry,
    hass_storage: Files,
    at_the_wire: list[dict[str, Any]],
) -> None:
    """From the fourth order in ten minutes on a raise waits, and a lower limit never does."""
    for amps in (8, 9, 10):
        await set_number(hass, charger_entry, "current_limit", amps)
        assert at_the_wire[-1]["current"] == amps
    for amps in (11, 12, 13):
        await set_number(hass, charger_entry, "current_limit", amps)
        assert at_the_wire[-1]["current"] == 10
    await set_number(hass, charger_entry, "current_limit", 7)
    assert at_the_wire[-1]["current"] == 7
    await set_number(hass, charger_entry, "current_limit", 14)
    assert file_of(charger_entry, hass_storage)["current"] == 7
    # Its time comes with a poll, a minute after the last raise that was stored.
    with patch.object(order_book, "RAISES_APART", 0.0):
        await poll(hass, charger_entry)
    assert await hass.config_entries.async_unload(charger_entry.entry_id)
    assert file_of(charger_entry, hass_storage)["current"] == 14


@pytest.mark.parametrize(
    ("stored", "tenths"),
    [
        ({"current": 11.0, "power": None, "paused": True, "too_little": False}, 0),
        ({"current": 11.0, "power": None, "paused": False, "too_little": False}, 110),
    ],
)
async def test_a_file_of_the_first_release_is_read(
    hass: HomeAssistant,
    charger: Charger4X,
    charger_entry: MockConfigEntry,
    *,
    hass_storage: Files,
    stored: dict[str, Any],
    tenths: int,
) -> None:
    """A paused charger stays paused, one with a limit keeps it."""
    hass_storage[f"voltrail.{charger_entry.entry_id}"] = {
        "version": 1,
        "minor_version": 1,
        "key": f"voltrail.{charger_entry.entry_id}",
        "data": {**stored, "phases": None, "set": True},
    }
    charger.set({"hems.current_tenths": 320})
    charger_entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(charger_entry.entry_id)
    await poll(hass, charger_entry)
    assert charger.state()["hems.current_tenths"] == tenths
    assert await hass.config_entries.async_unload(charger_entry.entry_id)
    assert hass_storage[f"voltrail.{charger_entry.entry_id}"]["minor_version"] == 2
    await asyncio.sleep(0)
