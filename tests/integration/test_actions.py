"""Service actions, against the simulator behind a real socket."""

from typing import Any

import pytest
import voluptuous as vol
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.voltrail.api.actions import QUESTIONS, VERBS
from custom_components.voltrail.const import DOMAIN
from simulators.mennekes_tcp import Charger4X

from .helpers import poll


@pytest.fixture
def device_id(hass: HomeAssistant, charger_loaded: MockConfigEntry) -> str:
    """The charger's device in the registry."""
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), charger_loaded.entry_id)
    return device.id


async def call(hass: HomeAssistant, name: str, device_id: object, **data: object) -> Any:
    """Call an action as an automation does."""
    return await hass.services.async_call(
        DOMAIN,
        name,
        {"device_id": device_id, **data},
        blocking=True,
        return_response=name.startswith(("get_", "read_")),
    )


async def test_actions_are_there_without_a_device(hass: HomeAssistant) -> None:
    """They are registered with the integration, not with an entry."""
    assert await async_setup_component(hass, DOMAIN, {})
    known = set(hass.services.async_services()[DOMAIN])
    others = {"get_sessions", "get_session_table", "set_plan", "explain", "replay"}
    assert known == {*VERBS, *QUESTIONS, *others, "read_registers"}


@pytest.mark.parametrize("name", VERBS)
async def test_who_may_only_look_may_not_move(
    hass: HomeAssistant,
    charger: Charger4X,
    device_id: str,
    hass_read_only_user: MockUser,
    name: str,
) -> None:
    """A user who may control no entity of ours gets no charger moved by an action either."""
    given: dict[str, dict[str, object]] = {
        "set_charging_current": {"current": 11},
        "set_charging_power": {"power": 7000},
        "set_requested_phases": {"phases": "one"},
        "set_lock": {"locked": True},
    }
    charger.traffic.clear()
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN,
            name,
            {"device_id": device_id, **given.get(name, {})},
            blocking=True,
            context=Context(user_id=hass_read_only_user.id),
        )
    assert not charger.traffic.writes


async def test_who_may_only_look_reads_no_registers(
    hass: HomeAssistant,
    charger: Charger4X,
    device_id: str,
    hass_read_only_user: MockUser,
    hass_admin_user: MockUser,
) -> None:
    """Some hold what identifies a person or a place."""
    given = {"device_id": device_id, "address": 706, "count": 1}
    charger.traffic.clear()
    for user_id in (hass_read_only_user.id, "0" * 32):
        with pytest.raises(Unauthorized):
            await hass.services.async_call(
                DOMAIN,
                "read_registers",
                given,
                blocking=True,
                return_response=True,
                context=Context(user_id=user_id),
            )
    assert not charger.traffic.reads
    for user_id in (hass_admin_user.id, None):
        assert await hass.services.async_call(
            DOMAIN,
            "read_registers",
            given,
            blocking=True,
            return_response=True,
            context=Context(user_id=user_id),
        )


async def test_verbs_move_the_registers(
    hass: HomeAssistant, charger: Charger4X, device_id: str
) -> None:
    """Each verb has its effect at the charger."""
    unit = charger.unit(1)
    await call(hass, "set_charging_current", device_id, current=11)
    assert unit.read(2000, 1) == [11]
    await call(hass, "pause_charging", device_id)
    assert unit.read(2000, 1) == [0]
    await call(hass, "resume_charging", device_id)
    assert unit.read(2000, 1) == [11]
    await call(hass, "stop_charging", device_id)
    assert unit.read(2000, 1) == [0]
    await call(hass, "start_charging", device_id, current=8.5)
    assert unit.read(2001, 1) == [85]
    await call(hass, "set_charging_power", device_id, power=7000)
    assert unit.read(2002, 1) == [7000]
    # A limit is an upper bound: more than is possible is met by what is possible.
    await call(hass, "set_charging_power", device_id, power=30_000)
    assert unit.read(2002, 1) == [22_080]
    await call(hass, "set_charging_current", device_id, current=40)
    assert unit.read(2000, 1) == [32]


@pytest.mark.parametrize(
    ("name", "data", "key"),
    [
        ("set_charging_current", {"current": -1}, "out_of_bounds"),
        ("set_charging_current", {"current": float("nan")}, "not_a_number"),
        ("set_charging_current", {"current": "nan"}, "not_a_number"),
        ("set_charging_current", {"current": float("inf")}, "not_a_number"),
        ("set_charging_power", {"power": -1}, "out_of_bounds"),
        ("set_charging_power", {"power": float("nan")}, "not_a_number"),
        ("start_charging", {"current": -1}, "below_minimum"),
        ("resume_charging", {"current": float("nan")}, "not_a_number"),
        ("start_charging", {"current": 5}, "below_minimum"),
        ("set_requested_phases", {"phases": "one"}, "cannot_switch_phases"),
        ("set_lock", {"locked": True}, "cannot_lock"),
        ("restart", {}, "cannot_restart"),
        ("recover", {}, "cannot_recover"),
        ("read_registers", {"address": 730}, "forbidden_register"),
    ],
)
async def test_what_cannot_be_done_says_why(
    hass: HomeAssistant,
    charger: Charger4X,
    device_id: str,
    *,
    name: str,
    data: dict[str, object],
    key: str,
) -> None:
    """A translated error, and nothing on the wire."""
    charger.traffic.clear()
    with pytest.raises(ServiceValidationError) as caught:
        await call(hass, name, device_id, **data)
    assert caught.value.translation_key == key
    assert charger.traffic.requests == 0


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("set_charging_current", {}),
        ("set_charging_current", {"current": "much"}),
        ("set_charging_current", {"current": True}),
        ("set_charging_current", {"current": 10**400}),
        ("set_charging_power", {"power": "much"}),
        ("set_charging_power", {"power": False}),
        ("start_charging", {"current": "much"}),
        ("set_requested_phases", {"phases": "two"}),
        ("read_registers", {"address": 1, "count": 126}),
        ("read_registers", {"address": 65535, "count": 2}),
        ("read_registers", {"address": float("nan")}),
        ("read_registers", {"address": 706.5}),
        ("read_registers", {"address": True}),
        ("pause_charging", {"speed": 1}),
    ],
)
async def test_bad_input_is_refused(
    hass: HomeAssistant,
    charger: Charger4X,
    device_id: str,
    *,
    name: str,
    data: dict[str, object],
) -> None:
    """The schema stops what no charger could mean."""
    charger.traffic.clear()
    with pytest.raises(vol.Invalid):
        await call(hass, name, device_id, **data)
    assert charger.traffic.requests == 0


@pytest.mark.parametrize("nobody", [None, [], {}])
async def test_an_order_without_a_device_is_refused(hass: HomeAssistant, nobody: object) -> None:
    """A template that finds no device must not look as if charging had been paused."""
    assert await async_setup_component(hass, DOMAIN, {})
    for name in ("pause_charging", "get_status"):
        with pytest.raises(vol.Invalid):
            await call(hass, name, nobody)


async def test_questions_are_answered(
    hass: HomeAssistant, charger: Charger4X, device_id: str, charger_entry: MockConfigEntry
) -> None:
    """Every question has an answer, in the words of the entities."""
    charger.do("plug_in")
    await call(hass, "set_charging_current", device_id, current=16)
    charger.advance(40)
    await poll(hass, charger_entry)
    answers = {name: (await call(hass, name, device_id))[device_id] for name in QUESTIONS}
    assert answers["get_device_info"]["model"] == "AMTRON 4Business 710 22 C2"
    assert answers["get_device_info"]["maximum_current"] == 32
    assert answers["get_status"]["charging_state"] == "charging"
    assert answers["get_status"]["current_limit"] == 16
    assert answers["get_measurements"]["power"] > 10_000
    assert answers["get_energy"]["energy_charged"] > 2_221_483
    assert answers["get_session"]["session_duration"] > 10
    assert answers["get_statistics"]["energy_charged"] == answers["get_energy"]["energy_charged"]
    assert answers["get_diagnostics"]["available"] is True
    assert answers["get_configuration"]["charging"] is True
    assert "device_name" not in answers["get_diagnostics"]


async def test_registers_can_be_read(
    hass: HomeAssistant, charger: Charger4X, device_id: str
) -> None:
    """Raw words by address."""
    answer = await call(hass, "read_registers", device_id, address=141, count=2)
    assert answer[device_id] == {
        "unit_id": 1,
        "registers": {"141": 0x414D, "142": charger.unit(1).read(142, 1)[0]},
    }
    with pytest.raises(HomeAssistantError) as caught:
        await call(hass, "read_registers", device_id, address=9999)
    assert caught.value.translation_key == "device_refused"


async def test_reading_again_and_again_holds_nothing_more(
    hass: HomeAssistant, charger_loaded: MockConfigEntry, device_id: str
) -> None:
    """An automation may read a register every minute for years."""
    await call(hass, "read_registers", device_id, address=141, unit_id=1)
    held = len(charger_loaded._on_unload or ())
    for _ in range(3):
        await call(hass, "read_registers", device_id, address=141, unit_id=1)
    assert len(charger_loaded._on_unload or ()) == held


async def test_unknown_devices_are_told(
    hass: HomeAssistant,
    charger_loaded: MockConfigEntry,
    device_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A device of somebody else, and one that is not running and does not come back in time."""
    monkeypatch.setattr("custom_components.voltrail.held_orders.PATIENCE", 0.1)
    with pytest.raises(ServiceValidationError) as caught:
        await call(hass, "pause_charging", "nobody")
    assert caught.value.translation_key == "not_our_device"
    await hass.config_entries.async_unload(charger_loaded.entry_id)
    with pytest.raises(ServiceValidationError) as caught:
        await call(hass, "pause_charging", device_id)
    assert caught.value.translation_key == "not_loaded"
