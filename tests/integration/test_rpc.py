"""JSON-RPC, through Home Assistant's own web server."""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any
from unittest.mock import patch

import pytest
from aiohttp.test_utils import TestClient
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.voltrail.api.rpc import URL
from custom_components.voltrail.api.rpc_methods import QUESTIONS, VERBS
from custom_components.voltrail.const import DOMAIN
from custom_components.voltrail.engine.charging.command_lock import CommandLock
from simulators.mennekes_rtu import Compact
from simulators.mennekes_tcp import Charger4X
from simulators.server import Server, serve

from .helpers import poll


@pytest.fixture
async def client(
    socket_enabled: None, charger_loaded: MockConfigEntry, hass_client: ClientSessionGenerator
) -> TestClient[Any, Any]:
    """A program with a token."""
    client: TestClient[Any, Any] = await hass_client()
    return client


async def ask(client: TestClient[Any, Any], method: str, **params: object) -> Any:
    """Ask one thing."""
    answer = await client.post(
        URL, json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    )
    assert answer.status == HTTPStatus.OK
    body = await answer.json()
    assert body["jsonrpc"] == "2.0"
    assert body["id"] == 1
    return body


async def test_ping(client: TestClient[Any, Any]) -> None:
    """The shape that clients know."""
    result = (await ask(client, "ping"))["result"]
    assert result["success"] is True
    assert result["message"] == "pong"
    assert result["timestamp"].endswith("Z")


async def test_every_question_has_its_shape(
    hass: HomeAssistant,
    client: TestClient[Any, Any],
    charger: Charger4X,
    charger_entry: MockConfigEntry,
) -> None:
    """Answers are wrapped, and have the fields of the interface."""
    charger.do("plug_in")
    await ask(client, "setChargingCurrent", ampere=16)
    charger.advance(40)
    await poll(hass, charger_entry)
    shapes = {
        "getDeviceInfo": {
            *("modbusVersion", "firmwareVersion", "serialNumber"),
            *("maxCurrentEVSE", "maxCurrentHouse"),
        },
        "getStatus": {
            *("evseState", "evseStateText", "cpState", "cpStateText", "authorizationStatus"),
            *("authorizationText", "downgrade", "downgradeText", "phaseRotation"),
            "signaledCurrent",
        },
        "getVoltage": {"l1", "l2", "l3", "unit"},
        "getCurrent": {"l1", "l2", "l3", "unit"},
        "getPower": {"l1", "l2", "l3", "total", "unit"},
        "getEnergy": {"session", "total", "unit"},
        "getSessionData": {
            *("maxCurrent", "chargedEnergy", "duration", "durationFormatted"),
            *("detectedPhases", "unit"),
        },
        "getStatistics": {"totalEnergy", "totalSessions", "unit"},
        "getDiagnostics": {
            *("activeErrorCode", "hasError", "masterLostFallback", "switchedPhases"),
            "temperature",
        },
        "getConfiguration": {
            *("maxCurrentHouse", "maxCurrentEvse", "phaseSwitchingMode", "phaseOptionsHw"),
            *("cableLock", "masterLostFallbackCurrent", "gridImbalance", "gridPhasesConnected"),
            "authorization",
        },
        "health": {"status", "modbusConnected", "uptime", "timestamp"},
    }
    answers = {}
    for method in (*QUESTIONS, "health"):
        result = (await ask(client, method))["result"]
        assert result["success"] is True
        assert result["timestamp"]
        answers[method] = result["data"]
        if method in shapes:
            assert set(result["data"]) == shapes[method], method
    assert answers["getStatus"]["evseState"] == 5
    assert answers["getStatus"]["cpStateText"] == "C2 (charging)"
    assert answers["getChargingPower"] == pytest.approx(answers["getPower"]["total"] / 1000)
    assert answers["getEnergy"]["total"] == pytest.approx(2221.48, abs=0.5)
    assert answers["getVoltage"]["l1"] == charger.register("voltage_l1").value
    assert answers["getTemperature"] is None
    assert answers["health"]["status"] == "healthy"


async def test_every_verb_moves_the_register(
    client: TestClient[Any, Any], charger: Charger4X
) -> None:
    """The effect is read from the simulator."""
    unit = charger.unit(1)
    for method, params, expected in (
        ("setChargingCurrent", {"ampere": 13}, 13),
        ("pauseCharging", {}, 0),
        ("resumeCharging", {"current": 9}, 9),
        ("stopCharging", {}, 0),
        ("startCharging", {}, 6),
        ("resumeCharging", {}, 6),
    ):
        body = await ask(client, method, **params)
        assert body["result"]["success"] is True, body
        assert unit.read(2000, 1) == [expected], method


async def test_a_current_alone_starts_nothing(
    client: TestClient[Any, Any], charger: Charger4X
) -> None:
    """A car that was stopped stays so, and goes on with the new current when it is told to."""
    unit = charger.unit(1)
    await ask(client, "setChargingCurrent", ampere=12)
    await ask(client, "stopCharging")
    body = await ask(client, "setChargingCurrent", ampere=9)
    assert body["result"]["data"] == {
        "message": "Charging current set to 9 A; charging stays stopped"
    }
    assert unit.read(2000, 1) == [0]
    await ask(client, "resumeCharging")
    assert unit.read(2000, 1) == [9]


@pytest.mark.parametrize("amps", [33, 10**400])
async def test_more_than_is_allowed_is_met_by_what_is(
    client: TestClient[Any, Any], charger: Charger4X, amps: float
) -> None:
    """A limit is an upper bound, and the answer says which one is in force."""
    body = await ask(client, "setChargingCurrent", ampere=amps)
    assert body["result"]["data"] == {
        "message": "Charging current set to 32 A, the most that is allowed"
    }
    assert charger.unit(1).read(2000, 1) == [32]


def _let_values_age(entry: MockConfigEntry) -> None:
    """Let everything be read longer ago than a second."""
    device = entry.runtime_data.device
    for name in device._received:
        device._received[name] -= 5


async def test_a_question_reads_the_charger(
    client: TestClient[Any, Any], charger: Charger4X, charger_entry: MockConfigEntry
) -> None:
    """What is answered is not from the last poll, and only what is asked for is read."""
    charger.do("plug_in")
    await ask(client, "setChargingCurrent", ampere=16)
    _let_values_age(charger_entry)
    charger.advance(60)
    charger.traffic.clear()
    answer = (await ask(client, "getChargingPower"))["result"]["data"]
    assert answer == pytest.approx(charger.meter.power / 1000, abs=0.05)
    assert answer > 1
    assert [request.address for request in charger.traffic.reads] == [200]
    # Within a second the same is answered to all who ask.
    for _ in range(5):
        assert (await ask(client, "getChargingPower"))["result"]["data"] == answer
    assert len(charger.traffic.reads) == 1


async def test_a_batch_reads_each_part_once(
    client: TestClient[Any, Any], charger: Charger4X, charger_entry: MockConfigEntry
) -> None:
    """And builds the list of all values once, not once for each of them."""
    device = charger_entry.runtime_data.device
    _let_values_age(charger_entry)
    charger.traffic.clear()
    batch = [
        {"jsonrpc": "2.0", "id": place, "method": method}
        for place, method in enumerate(
            ("getPower", "getVoltage", "getCurrent", "getEnergy", "getStatus", "getPower") * 8
        )
    ]
    with patch.object(device, "readings", wraps=device.readings) as readings:
        answers = await (await client.post(URL, json=batch)).json()
    assert len(answers) == 48
    assert all(one["result"]["success"] for one in answers)
    assert readings.call_count <= 1
    asked = [(request.address, request.length) for request in charger.traffic.reads]
    assert len(asked) == len(set(asked)), "no block twice"


async def test_two_chargers_of_one_name_can_be_told_apart(
    hass: HomeAssistant, client: TestClient[Any, Any], charger_entry: MockConfigEntry
) -> None:
    """The message names what only one of them is called."""
    async with serve(Charger4X()) as server:
        other = MockConfigEntry(
            domain=DOMAIN,
            title=charger_entry.title,
            data={**charger_entry.data, "host": server.host, "port": server.port},
        )
        other.add_to_hass(hass)
        assert await hass.config_entries.async_setup(other.entry_id)
        await hass.async_block_till_done()
        for device in (None, charger_entry.title):
            named = {} if device is None else {"device": device}
            message = (await ask(client, "getPower", **named))["error"]["message"]
            for entry in (charger_entry, other):
                assert f"{entry.title} ({entry.entry_id})" in message
        assert (await ask(client, "getPower", device=other.entry_id))["result"]["success"]
        assert await hass.config_entries.async_unload(other.entry_id)


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("fly", {}, -32601),
        ("setChargingCurrent", {}, -32602),
        ("setChargingCurrent", {"ampere": "16"}, -32602),
        ("setChargingCurrent", {"ampere": True}, -32602),
        ("setChargingCurrent", {"ampere": 5}, -32602),
        ("setChargingCurrent", {"ampere": 0}, -32602),
        ("setChargingCurrent", {"ampere": float("inf")}, -32602),
        ("setChargingCurrent", {"ampere": float("nan")}, -32602),
        ("setChargingCurrent", {"ampere": 10, "volt": 230}, -32602),
        ("setChargingCurrent", {"\ud800": 10}, -32602),
        ("startCharging", {"current": 3}, -32602),
        ("setRequestedPhases", {"phases": 2}, -32602),
        ("setRequestedPhases", {"phases": True}, -32602),
        ("setRequestedPhases", {"phases": 1}, -32000),
        ("setLock", {"lock": 1}, -32602),
        ("setLock", {"lock": True}, -32000),
        ("getStatus", {"device": "nobody"}, -32602),
        ("getStatus", {"device": "\ud800"}, -32602),
        ("getStatus", {"device": {"name": []}}, -32602),
        ("\ud800", {}, -32601),
    ],
    ids=str,
)
async def test_bad_requests_change_nothing(
    client: TestClient[Any, Any],
    charger: Charger4X,
    *,
    method: str,
    params: dict[str, object],
    code: int,
) -> None:
    """The right code, and a quiet wire."""
    charger.traffic.clear()
    body = await ask(client, method, **params)
    assert body["error"]["code"] == code
    assert body["error"]["message"]
    assert charger.traffic.requests == 0


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("this is not JSON", -32700),
        ("", -32700),
        ("[]", -32600),
        ("42", -32600),
        ("{}", -32600),
        ('{"jsonrpc": "1.0", "id": 1, "method": "ping"}', -32600),
        ("9" * 5000, -32700),
        ("[" * 100_000, -32700),
        ('{"a":' * 100_000, -32700),
        ('{"jsonrpc": "2.0", "id": {}, "method": "ping"}', -32600),
        ('{"jsonrpc": "2.0", "id": true, "method": "ping"}', -32600),
        ('{"jsonrpc": "2.0", "id": 1e999, "method": "ping"}', -32600),
        ('{"jsonrpc": "2.0", "id": 1, "method": 7}', -32600),
        ('{"jsonrpc": "2.0", "id": 1, "method": "ping", "params": 7}', -32600),
        ('{"jsonrpc": "2.0", "id": 1, "method": "getStatus", "params": [1]}', -32602),
        ("[" + ",".join(['{"jsonrpc": "2.0", "id": 1, "method": "ping"}'] * 1000) + "]", -32600),
    ],
)
async def test_broken_requests(client: TestClient[Any, Any], raw: str, code: int) -> None:
    """What is no request is said to be none."""
    answer = await client.post(URL, data=raw)
    assert answer.status == HTTPStatus.OK
    assert (await answer.json())["error"]["code"] == code


@pytest.mark.parametrize("charset", ["klingon", "hex", "utf-8"])
async def test_a_body_that_is_no_text(client: TestClient[Any, Any], charset: str) -> None:
    """Neither bytes that mean nothing nor an encoding that nobody knows is a fault of ours."""
    kind = f"application/json; charset={charset}"
    answer = await client.post(URL, data=b'"\xff"', headers={"Content-Type": kind})
    assert answer.status == HTTPStatus.OK
    assert (await answer.json())["error"]["code"] == -32700


async def test_a_body_that_is_not_compressed_as_it_says(client: TestClient[Any, Any]) -> None:
    """It is as unreadable as any other."""
    answer = await client.post(URL, data=b"{}", headers={"Content-Encoding": "gzip"})
    assert answer.status == HTTPStatus.OK
    assert (await answer.json())["error"]["code"] == -32700


@pytest.mark.parametrize("request_id", [10**40, 0.5, "\ud800", "", 0])
async def test_every_id_comes_back(client: TestClient[Any, Any], request_id: object) -> None:
    """It belongs to the caller, whatever it is."""
    answer = await client.post(URL, json={"jsonrpc": "2.0", "id": request_id, "method": "ping"})
    assert answer.status == HTTPStatus.OK
    assert (await answer.json())["id"] == request_id


async def test_batches_and_notifications(client: TestClient[Any, Any], charger: Charger4X) -> None:
    """Each request of a batch is answered, except those that want no answer."""
    answer = await client.post(
        URL,
        json=[
            {"jsonrpc": "2.0", "id": "a", "method": "ping", "params": []},
            {"jsonrpc": "2.0", "method": "setChargingCurrent", "params": {"ampere": 7}},
            {"jsonrpc": "2.0", "method": "fly"},
            {"jsonrpc": "2.0", "id": 2, "method": "fly"},
            5,
        ],
    )
    body = await answer.json()
    assert [one["id"] for one in body] == ["a", 2, None]
    assert body[1]["error"]["code"] == -32601
    assert body[2]["error"]["code"] == -32600
    assert charger.unit(1).read(2000, 1) == [7]
    for silent in ({"jsonrpc": "2.0", "method": "ping"}, [{"jsonrpc": "2.0", "method": "ping"}]):
        answer = await client.post(URL, json=silent)
        assert answer.status == HTTPStatus.NO_CONTENT


async def test_a_dead_charger(
    hass: HomeAssistant,
    client: TestClient[Any, Any],
    charger_server: Server,
    charger_entry: MockConfigEntry,
) -> None:
    """Health tells it, everything else is a device error."""
    await charger_server.unplug()
    await poll(hass, charger_entry)
    assert (await ask(client, "health"))["result"]["data"]["status"] == "unhealthy"
    for method in (*QUESTIONS, *VERBS):
        assert (await ask(client, method))["error"]["code"] == -32000, method


async def test_a_device_can_be_named(
    client: TestClient[Any, Any], charger_entry: MockConfigEntry
) -> None:
    """By title or by entry."""
    for name in (charger_entry.title, charger_entry.entry_id):
        assert "result" in await ask(client, "getStatus", device=name)


@pytest.mark.usefixtures("socket_enabled")
async def test_what_is_kept_for_the_next_question_goes_with_the_device(
    client: TestClient[Any, Any], charger_loaded: MockConfigEntry
) -> None:
    """The index of values holds the device: kept elsewhere, it would outlive the entry."""
    coordinator = charger_loaded.runtime_data.coordinator
    assert not coordinator.indices
    await ask(client, "getStatus")
    (index,) = coordinator.indices.values()
    assert index["charging_state"].path == "charging_state"


async def test_no_charger_at_all(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> None:
    """Without an entry there is nothing to ask."""
    assert await async_setup_component(hass, DOMAIN, {})
    client = await hass_client()
    assert (await ask(client, "getStatus"))["error"]["code"] == -32000


async def test_a_charger_that_is_not_running(
    hass: HomeAssistant,
    client: TestClient[Any, Any],
    charger: Charger4X,
    charger_entry: MockConfigEntry,
) -> None:
    """It is told from one that does not exist, and no other is taken in its place."""
    async with serve(Compact()) as server:
        place = {"transport": "tcp", "host": server.host, "port": server.port}
        about = {"family": "mennekes_rtu", "unit_id": 50, "fingerprint": "S1"}
        other = MockConfigEntry(domain=DOMAIN, title="Carport", data={**place, **about})
        other.add_to_hass(hass)
        await server.unplug()
        assert not await hass.config_entries.async_setup(other.entry_id)
        charger.traffic.clear()
        for name in ("Carport", "Carport socket_1", "S1", other.entry_id):
            body = await ask(client, "pauseCharging", device=name)
            assert body["error"] == {
                "code": -32000,
                "message": "Carport is not running: it has not answered yet",
            }
            health = await ask(client, "health", device=name)
            assert health["result"]["data"]["status"] == "unhealthy"
        for method in ("pauseCharging", "health"):
            body = await ask(client, method)
            assert body["error"]["code"] == -32602
            assert body["error"]["message"].endswith(f"{charger_entry.title}, Carport")
        assert (await ask(client, "ping", device="Car"))["result"]
        assert (await ask(client, "health", device="Car"))["error"]["code"] == -32602
        assert charger.traffic.requests == 0
        await hass.config_entries.async_set_disabled_by(other.entry_id, ConfigEntryDisabler.USER)
        assert "result" in await ask(client, "getStatus")


@pytest.mark.usefixtures("charger_loaded")
async def test_without_a_token(hass_client_no_auth: ClientSessionGenerator) -> None:
    """Home Assistant's own authentication stands before it."""
    client = await hass_client_no_auth()
    answer = await client.post(URL, json={"jsonrpc": "2.0", "id": 1, "method": "ping"})
    assert answer.status == HTTPStatus.UNAUTHORIZED


async def test_a_user_who_may_only_look(
    client: TestClient[Any, Any], charger: Charger4X, hass_admin_user: MockUser
) -> None:
    """Reading is allowed, control is not."""
    hass_admin_user.groups = []
    hass_admin_user.mock_policy({"entities": {"all": {"read": True}}})
    charger.traffic.clear()
    assert "result" in await ask(client, "getStatus")
    body = await ask(client, "pauseCharging")
    assert body["error"]["code"] == -32000
    assert charger.traffic.requests == 0


# -- the charger that the interface comes from ------------------------------------


@pytest.fixture
async def compact(hass: HomeAssistant) -> AsyncIterator[Compact]:
    """A Compact behind a gateway, loaded; nobody watches its expert values."""
    charger = Compact(dynamic_phases=True, fallback=6)
    async with serve(charger) as server:
        entry = MockConfigEntry(
            domain=DOMAIN,
            title="Carport",
            data={
                "family": "mennekes_rtu",
                "transport": "tcp",
                "host": server.host,
                "port": server.port,
                "unit_id": 50,
                "fingerprint": charger.box.serial,
            },
        )
        entry.add_to_hass(hass)
        assert await hass.config_entries.async_setup(entry.entry_id)
        await hass.async_block_till_done()
        yield charger
        assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()


@pytest.mark.usefixtures("socket_enabled", "compact")
async def test_the_family_it_comes_from(hass_client: ClientSessionGenerator) -> None:
    """Every field has a value, also those that no entity shows."""
    client = await hass_client()
    answers = {
        method: (await ask(client, method))["result"]["data"]
        for method in QUESTIONS
        if method != "health"
    }
    for method, data in answers.items():
        fields = data if isinstance(data, dict) else {"": data}
        assert not [name for name, value in fields.items() if value is None], method
    assert answers["getDeviceInfo"]["modbusVersion"] == "1.0.3"
    assert answers["getStatus"]["evseStateText"] == "Idle (A1)"
    assert answers["getConfiguration"]["phaseOptionsHw"] == 2
    assert answers["getConfiguration"]["gridPhasesConnected"] == 2
    assert answers["getConfiguration"]["cableLock"] is False


@pytest.mark.usefixtures("socket_enabled")
async def test_verbs_of_the_family_it_comes_from(
    compact: Compact, hass_client: ClientSessionGenerator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pause takes the release away; 0 A is never sent."""
    # Changes of the current that come too fast wait their turn; not in this test.
    monkeypatch.setattr(CommandLock, "wait", 0.0)
    client = await hass_client()
    for method, params, key, expected in (
        ("startCharging", {}, "ems.released", True),
        ("setChargingCurrent", {"ampere": 13}, "ems.current", 13),
        ("pauseCharging", {}, "ems.released", False),
        ("startCharging", {}, "ems.released", True),
        ("stopCharging", {}, "ems.released", False),
        ("setRequestedPhases", {"phases": 1}, "ems.single_phase", True),
        ("setLock", {"lock": True}, "ems.locked", True),
    ):
        body = await ask(client, method, **params)
        assert body["result"]["success"] is True, body
        assert compact.state()[key] == expected, method
    assert compact.state()["violations.full_power"] == 0


@pytest.mark.usefixtures("socket_enabled")
async def test_what_no_entity_shows_is_read_for_the_question(
    hass: HomeAssistant, compact: Compact
) -> None:
    """An old value never poses as a fresh one: no entity shows the article number."""
    (entry,) = hass.config_entries.async_loaded_entries(DOMAIN)
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    for article in ("1363202", "1363203"):
        compact.set({"charger.article": article})
        await poll(hass, entry)
        answer = await hass.services.async_call(
            DOMAIN,
            "get_diagnostics",
            {"device_id": device.id},
            blocking=True,
            return_response=True,
        )
        assert answer is not None
        told = answer[device.id]
        assert isinstance(told, dict)
        assert told["article_number"] == article
