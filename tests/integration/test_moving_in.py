"""Moving in from another integration: what is found, offered, moved, and undone."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest
from homeassistant.components.repairs import RepairsFlow
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState, OperationNotAllowed
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.voltrail.const import DOMAIN
from custom_components.voltrail.moving_in import offer, pairs, takeover
from custom_components.voltrail.moving_in.offer import MOVED_IN, MOVING_IN, issue_id
from custom_components.voltrail.moving_in.values import Known, apart, last_known
from custom_components.voltrail.repairs import async_create_fix_flow

from .helpers import entity_id, state

ENERGY = "sensor.mennekes_total_energy"
POWER = "sensor.mennekes_total_power"
LIMIT = "number.mennekes_current_limit"


@pytest.fixture
def old_entry(hass: HomeAssistant, charger_entry: MockConfigEntry) -> MockConfigEntry:
    """What another integration left: an entry at the same host, and its entities."""
    return leave(
        hass,
        "mennekes_modbus",
        {"host": charger_entry.data["host"], "port": 502, "slave_id": 255},
        {ENERGY: "total_energy", POWER: "total_power", LIMIT: "current_limit"},
    )


def leave(
    hass: HomeAssistant, domain: str, data: Mapping[str, Any], entities: Mapping[str, str]
) -> MockConfigEntry:
    """Put an old entry with entities into the registries; its integration is not installed."""
    entry = MockConfigEntry(domain=domain, title="My old charger", data=data)
    entry.add_to_hass(hass)
    for old_id, key in entities.items():
        domain_of_entity, name = old_id.split(".")
        er.async_get(hass).async_get_or_create(
            domain_of_entity,
            domain,
            f"{entry.entry_id}_{key}",
            config_entry=entry,
            suggested_object_id=name,
            unit_of_measurement={"total_energy": "kWh", "total_power": "W"}.get(key),
        )
    return entry


async def press_fix(hass: HomeAssistant, kind: str, entry: MockConfigEntry) -> Any:
    """Begin the flow of an issue."""
    key = issue_id(kind, entry.entry_id)
    flow: RepairsFlow = await async_create_fix_flow(hass, key, {"entry_id": entry.entry_id})
    flow.hass, flow.handler, flow.issue_id = hass, DOMAIN, key
    return flow


def issue(hass: HomeAssistant, kind: str, entry: MockConfigEntry) -> ir.IssueEntry | None:
    """Return an issue, if it is there."""
    return ir.async_get(hass).async_get_issue(DOMAIN, issue_id(kind, entry.entry_id))


def asked(form: Any) -> tuple[dict[str, str], list[str]]:
    """Return the options of a form of pairs, and which are ticked."""
    ((marker, selector),) = form["data_schema"].schema.items()
    return {one["value"]: one["label"] for one in selector.config["options"]}, marker.default()


async def move_in(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Confirm everything as it is proposed."""
    flow = await press_fix(hass, MOVING_IN, entry)
    _, ticked = asked(await flow.async_step_init())
    await flow.async_step_pairs({"pairs": ticked})
    done = await flow.async_step_confirm({})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()


# -- what is found ---------------------------------------------------------------


@pytest.mark.usefixtures("charger_loaded")
async def test_one_look_serves_all_entries_and_all_entities(hass: HomeAssistant) -> None:
    """A hundred devices add thousands of entities: not each looks through all for each of them."""
    watch = hass.data[offer._WATCH]
    looks = 0

    async def look() -> None:
        nonlocal looks
        looks += 1
        watch._looking = False

    with patch.object(watch, "_look", look):
        watch.add(MockConfigEntry(domain=DOMAIN), frozenset({"other"}))
        listening = hass.bus.async_listeners()[er.EVENT_ENTITY_REGISTRY_UPDATED]
        stop = watch.add(MockConfigEntry(domain=DOMAIN), frozenset({"other"}))
        assert hass.bus.async_listeners()[er.EVENT_ENTITY_REGISTRY_UPDATED] == listening
        stop()
        for number in range(50):
            er.async_get(hass).async_get_or_create("sensor", "other", f"number_{number}")
        await hass.async_block_till_done()
    assert looks == 1


@pytest.mark.usefixtures("old_entry")
async def test_pairs_are_shown_with_both_values(
    hass: HomeAssistant, charger_loaded: MockConfigEntry
) -> None:
    """After set-up a repair lists old and new side by side; nothing has changed so far."""
    await hass.async_block_till_done()
    found = issue(hass, MOVING_IN, charger_loaded)
    assert found is not None
    assert found.translation_placeholders is not None
    assert found.translation_placeholders["count"] == "3"
    energy = state(hass, charger_loaded, "sensor", "energy_charged")
    before = f"{float(energy) - 0.5:.2f}"
    hass.states.async_set(ENERGY, before, {"unit_of_measurement": "kWh"})
    flow = await press_fix(hass, MOVING_IN, charger_loaded)
    options, ticked = asked(await flow.async_step_init())
    assert len(options) == 3
    assert set(ticked) == set(options)
    assert f"{ENERGY} {before} kWh → Energy charged {float(energy):.2f} kWh" in options.values()
    # Of an old entity that is away and was never recorded nobody knows the value.
    assert any(label.startswith(f"{POWER} ? → Power ") for label in options.values())
    assert er.async_get(hass).async_get(ENERGY) is not None
    assert issue(hass, MOVED_IN, charger_loaded) is None


async def test_another_charger_is_not_meant(
    hass: HomeAssistant, charger_loaded: MockConfigEntry
) -> None:
    """Two hosts that differ are two chargers; an integration of the same domain is another."""
    leave(hass, "mennekes_modbus", {"host": "10.0.0.9"}, {ENERGY: "total_energy"})
    leave(hass, "mennekes_amtron", {"device_id": 50}, {POWER: "power"})
    assert await pairs.find(hass, charger_loaded) == []


async def test_host_is_found_wherever_it_is_stored(
    hass: HomeAssistant, charger_loaded: MockConfigEntry
) -> None:
    """Some keep it in a part of their data."""
    leave(hass, "mennekes_modbus", {"connection": {"host": "10.0.0.9"}}, {ENERGY: "total_energy"})
    assert await pairs.find(hass, charger_loaded) == []


async def test_doubtful_pairs_are_not_ticked(
    hass: HomeAssistant, charger_loaded: MockConfigEntry
) -> None:
    """What is inverted there, in another unit, or cannot be the same counter, is for a person."""
    await hass.async_block_till_done()
    old = leave(
        hass,
        "mennekes_amtron",
        {"host": charger_loaded.data["host"], "modbus_port": 502},
        {"switch.pause": "pause_charging", "sensor.p": "power_l1"},
    )
    leave(
        hass,
        "mennekes_modbus",
        {"host": charger_loaded.data["host"]},
        {"sensor.total": "total_energy"},
    )
    registry = er.async_get(hass)
    registry.async_update_entity("sensor.p", unit_of_measurement="A")
    charged = float(state(hass, charger_loaded, "sensor", "energy_charged"))
    hass.states.async_set("sensor.total", str(charged + 100), {"unit_of_measurement": "kWh"})
    flow = await press_fix(hass, MOVING_IN, charger_loaded)
    options, ticked = asked(await flow.async_step_init())
    assert ticked == []
    shown = " ".join(options.values())
    assert "switch.pause" in shown
    assert "(on there is off here)" in shown
    assert "(the values do not fit: look twice)" in shown
    assert "(the units do not fit)" in shown
    assert old.disabled_by is None


async def test_what_recorded_nothing_is_not_offered(
    hass: HomeAssistant, charger_loaded: MockConfigEntry, old_entry: MockConfigEntry
) -> None:
    """An old entity that was off has no history, and ours that somebody switched off stays off."""
    registry = er.async_get(hass)
    registry.async_update_entity(ENERGY, disabled_by=er.RegistryEntryDisabler.USER)
    ours = entity_id(hass, charger_loaded, "sensor", "power")
    registry.async_update_entity(ours, disabled_by=er.RegistryEntryDisabler.USER)
    assert [pair.old.entity_id for pair in await pairs.find(hass, charger_loaded)] == [LIMIT]


@pytest.mark.parametrize(
    ("old", "ours", "fit"),
    [
        ("Wh", "kWh", True),
        ("s", "min", True),
        ("kVArh", "kvarh", True),
        ("A", "Ah", False),
        ("VAh", "kvarh", False),
        (None, "kWh", True),
    ],
)
def test_units(old: str | None, ours: str, fit: bool) -> None:  # noqa: FBT001 - a verdict
    """Home Assistant converts what is convertible; another spelling of one unit is that unit."""
    assert pairs.fits(old, ours) is fit


@pytest.mark.parametrize(
    ("before", "now", "verdict"),
    [
        (("1000", "kWh"), ("1000.4", "kWh"), False),
        (("1000000", "Wh"), ("1000.4", "kWh"), False),
        (("1000", "kWh"), ("990", "kWh"), True),
        # A 16-bit counter that has started again: the difference would be energy of one hour.
        (("158.48", "kWh"), ("813.84", "kWh"), True),
        (("5", "A"), ("6", "A"), False),
        (("x", "kWh"), ("6", "kWh"), False),
        (None, ("6", "kWh"), False),
    ],
)
def test_counters_that_are_not_one(
    before: tuple[str, str] | None,
    now: tuple[str, str],
    verdict: bool,  # noqa: FBT001 - a verdict
) -> None:
    """A counter may have grown by what was charged meanwhile, and by no more."""
    known = [
        one and Known(text=one[0], unit=one[1], when=dt_util.utcnow(), live=True)
        for one in (before, now)
    ]
    assert apart(*known) is verdict


# -- moving ----------------------------------------------------------------------


async def test_ours_takes_the_id(
    hass: HomeAssistant, charger_loaded: MockConfigEntry, old_entry: MockConfigEntry
) -> None:
    """The old entry is disabled, its entities leave the registry, and ours take their ids."""
    await hass.async_block_till_done()
    flow = await press_fix(hass, MOVING_IN, charger_loaded)
    options, ticked = asked(await flow.async_step_init())
    chosen = [key for key in ticked if LIMIT not in key]
    confirm = await flow.async_step_pairs({"pairs": chosen})
    assert confirm["step_id"] == "confirm"
    assert confirm["description_placeholders"]["count"] == "2"
    assert confirm["description_placeholders"]["old"] == "My old charger"
    assert old_entry.disabled_by is None
    await flow.async_step_confirm({})
    await hass.async_block_till_done()
    assert old_entry.disabled_by is ConfigEntryDisabler.USER
    assert entity_id(hass, charger_loaded, "sensor", "energy_charged") == ENERGY
    assert entity_id(hass, charger_loaded, "sensor", "power") == POWER
    # What was not chosen stays as it was.
    left = er.async_get(hass).async_get(LIMIT)
    assert left is not None
    assert left.platform == "mennekes_modbus"
    shown = hass.states.get(ENERGY)
    assert shown is not None
    assert shown.state not in ("unavailable", "unknown")
    assert issue(hass, MOVED_IN, charger_loaded) is not None
    assert len(options) == 3


@pytest.mark.usefixtures("old_entry")
async def test_undo_gives_the_ids_back(
    hass: HomeAssistant, charger_loaded: MockConfigEntry
) -> None:
    """Ours get their former ids; what was renamed since stays, and the pairs are offered anew."""
    await hass.async_block_till_done()
    former = entity_id(hass, charger_loaded, "sensor", "energy_charged")
    await move_in(hass, charger_loaded)
    er.async_get(hass).async_update_entity(POWER, new_entity_id="sensor.mine")
    flow = await press_fix(hass, MOVED_IN, charger_loaded)
    menu = await flow.async_step_init()
    assert menu["menu_options"] == ["keep", "undo"]
    assert (await flow.async_step_undo())["type"] is FlowResultType.FORM
    await flow.async_step_undo({})
    await hass.async_block_till_done()
    assert entity_id(hass, charger_loaded, "sensor", "energy_charged") == former
    assert entity_id(hass, charger_loaded, "sensor", "power") == "sensor.mine"
    assert await takeover.moves(hass, charger_loaded) is None
    await offer.async_sync(hass, charger_loaded)
    assert issue(hass, MOVED_IN, charger_loaded) is None
    # The registry still knows what the old ones were called.
    assert issue(hass, MOVING_IN, charger_loaded) is not None


@pytest.mark.usefixtures("old_entry")
async def test_keep_ends_it(hass: HomeAssistant, charger_loaded: MockConfigEntry) -> None:
    """The note waits over a restart, until somebody says that all is right."""
    await hass.async_block_till_done()
    await move_in(hass, charger_loaded)
    ir.async_delete_issue(hass, DOMAIN, issue_id(MOVED_IN, charger_loaded.entry_id))
    await hass.config_entries.async_reload(charger_loaded.entry_id)
    await hass.async_block_till_done()
    assert issue(hass, MOVED_IN, charger_loaded) is not None
    flow = await press_fix(hass, MOVED_IN, charger_loaded)
    assert (await flow.async_step_keep())["type"] is FlowResultType.CREATE_ENTRY
    await offer.async_sync(hass, charger_loaded)
    assert issue(hass, MOVED_IN, charger_loaded) is None
    done = await takeover.moves(hass, charger_loaded)
    assert done is not None
    assert len(done["moves"]) == 3


async def test_moving_in_again_adds_to_what_was_done(
    hass: HomeAssistant, charger_loaded: MockConfigEntry, old_entry: MockConfigEntry
) -> None:
    """Whoever left some pairs out the first time can still undo all of them together."""
    await hass.async_block_till_done()
    found = await pairs.find(hass, charger_loaded)
    await takeover.take_over(hass, charger_loaded, found[:1])
    await takeover.take_over(hass, charger_loaded, await pairs.find(hass, charger_loaded))
    done = await takeover.moves(hass, charger_loaded)
    assert done is not None
    assert [move["old_id"] for move in done["moves"]] == [pair.old.entity_id for pair in found]
    await takeover.undo(hass, charger_loaded)
    assert len(await pairs.find(hass, charger_loaded)) == 3
    assert old_entry.disabled_by is ConfigEntryDisabler.USER


async def test_a_deleted_entry_can_be_followed(
    hass: HomeAssistant, charger_loaded: MockConfigEntry, old_entry: MockConfigEntry
) -> None:
    """Whoever deleted the old entry first, as one did before, can still go on with its history."""
    await hass.config_entries.async_remove(old_entry.entry_id)
    await hass.async_block_till_done()
    assert er.async_get(hass).async_get(ENERGY) is None
    await move_in(hass, charger_loaded)
    assert entity_id(hass, charger_loaded, "sensor", "energy_charged") == ENERGY
    assert await pairs.find(hass, charger_loaded) == []


async def test_ours_that_was_off_is_switched_on(
    hass: HomeAssistant, charger_loaded: MockConfigEntry
) -> None:
    """An entity that is off by default goes on with a history only if somebody ticks it."""
    leave(
        hass,
        "mennekes_amtron",
        {"host": charger_loaded.data["host"]},
        {"number.safe_current": "safe_current"},
    )
    flow = await press_fix(hass, MOVING_IN, charger_loaded)
    options, ticked = asked(await flow.async_step_init())
    assert ticked == []
    (label,) = options.values()
    assert label.endswith("(off so far, is switched on)")
    await flow.async_step_pairs({"pairs": list(options)})
    await flow.async_step_confirm({})
    ours = er.async_get(hass).async_get("number.safe_current")
    assert ours is not None
    assert ours.platform == DOMAIN
    assert ours.disabled_by is None


async def test_one_of_ours_follows_one(
    hass: HomeAssistant, charger_loaded: MockConfigEntry
) -> None:
    """Of two old ones with one meaning the first is ticked, and both together are refused."""
    leave(
        hass,
        "mennekes_modbus",
        {"host": charger_loaded.data["host"]},
        {"sensor.sum": "power", "sensor.total": "total_power"},
    )
    flow = await press_fix(hass, MOVING_IN, charger_loaded)
    options, ticked = asked(await flow.async_step_init())
    assert len(options) == 2
    assert len(ticked) == 1
    again = await flow.async_step_pairs({"pairs": list(options)})
    assert again["errors"] == {"pairs": "chosen_twice"}
    again = await flow.async_step_pairs({"pairs": []})
    assert again["errors"] == {"pairs": "nothing_chosen"}


async def test_an_old_entry_that_does_not_stop(
    hass: HomeAssistant, charger_loaded: MockConfigEntry, old_entry: MockConfigEntry
) -> None:
    """Then nothing is moved, and the person is told what to do."""
    old_entry.mock_state(hass, ConfigEntryState.FAILED_UNLOAD)
    for refusal in (None, OperationNotAllowed):
        flow = await press_fix(hass, MOVING_IN, charger_loaded)
        _, ticked = asked(await flow.async_step_init())
        await flow.async_step_pairs({"pairs": ticked})
        with patch.object(hass.config_entries, "async_set_disabled_by", side_effect=refusal):
            done = await flow.async_step_confirm({})
        assert done["reason"] == "old_entry_stays"
        assert er.async_get(hass).async_get(ENERGY) is not None
        assert await takeover.moves(hass, charger_loaded) is None
    assert old_entry.disabled_by is None


@pytest.mark.usefixtures("old_entry")
async def test_a_device_that_is_away(hass: HomeAssistant, charger_loaded: MockConfigEntry) -> None:
    """While it is not set up, nobody knows its entities: every step says so."""
    flow = await press_fix(hass, MOVING_IN, charger_loaded)
    _, ticked = asked(await flow.async_step_init())
    await flow.async_step_pairs({"pairs": ticked})
    other = await press_fix(hass, MOVED_IN, charger_loaded)
    await hass.config_entries.async_unload(charger_loaded.entry_id)
    assert charger_loaded.state is ConfigEntryState.NOT_LOADED
    for step in (
        flow.async_step_init(),
        flow.async_step_confirm({}),
        other.async_step_keep(),
        other.async_step_undo({}),
    ):
        assert (await step)["reason"] == "not_loaded"


async def test_nothing_to_go_on_with(hass: HomeAssistant, charger_loaded: MockConfigEntry) -> None:
    """A new owner is not bothered, and a form that is opened late says that it is late."""
    await hass.async_block_till_done()
    assert issue(hass, MOVING_IN, charger_loaded) is None
    flow = await press_fix(hass, MOVING_IN, charger_loaded)
    assert (await flow.async_step_init())["reason"] == "nothing_found"
    # Undo and keep do nothing where nothing was done.
    await takeover.keep(hass, charger_loaded)
    await takeover.undo(hass, charger_loaded)


async def test_an_entity_that_comes_later_is_found(
    hass: HomeAssistant, charger_loaded: MockConfigEntry, old_entry: MockConfigEntry
) -> None:
    """The counters of many meters come an hour after the rest: the repair follows."""
    await hass.async_block_till_done()
    registry = er.async_get(hass)
    for one in (ENERGY, POWER, LIMIT):
        registry.async_remove(one)
    registry.deleted_entities.clear()
    await hass.async_block_till_done()
    registry.async_get_or_create(
        "sensor", "mennekes_modbus", f"{old_entry.entry_id}_total_energy", config_entry=old_entry
    )
    await hass.async_block_till_done()
    found = issue(hass, MOVING_IN, charger_loaded)
    assert found is not None
    assert found.translation_placeholders is not None
    assert found.translation_placeholders["count"] == "1"


@pytest.mark.usefixtures("old_entry")
async def test_nothing_is_left_behind(
    hass: HomeAssistant, hass_storage: dict[str, Any], charger_loaded: MockConfigEntry
) -> None:
    """With the entry go its file and its repairs."""
    await hass.async_block_till_done()
    await move_in(hass, charger_loaded)
    assert any("moving_in" in key for key in hass_storage)
    await hass.config_entries.async_remove(charger_loaded.entry_id)
    await hass.async_block_till_done()
    assert not any("moving_in" in key for key in hass_storage)
    assert issue(hass, MOVED_IN, charger_loaded) is None


def test_a_past_value_has_its_time() -> None:
    """A value that is not live says when it was true."""
    when = dt_util.utcnow() - timedelta(days=1)
    past = Known(text="5", unit="kWh", when=when, live=False)
    assert str(past).startswith("5 kWh (")
    assert str(Known(text="on", unit="", when=when, live=True)) == "on"


async def test_without_a_recorder(hass: HomeAssistant) -> None:
    """Where nothing is recorded, what is away has no value."""
    assert await last_known(hass, ["sensor.nobody"]) == {}
