"""The control interface, and the simulators as programs."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator

import aiohttp
import pytest

from simulators import program
from simulators.control import control
from simulators.mennekes_tcp import Charger4X
from simulators.server import serve
from tests.simulators.wire import connected


@pytest.fixture
def charger() -> Charger4X:
    """Something to control."""
    return Charger4X()


@pytest.fixture
async def door(charger: Charger4X) -> AsyncIterator[aiohttp.ClientSession]:
    """A client of the control interface."""
    async with control(charger) as address, aiohttp.ClientSession(address) as session:
        yield session


async def test_states_are_shown_and_set(charger: Charger4X, door: aiohttp.ClientSession) -> None:
    """The names are those of the process itself."""
    async with door.post("/set", json={"car.plugged": True, "hems.access": "read_only"}) as answer:
        state = await answer.json()
    assert state == charger.state()
    assert state["car.plugged"] is True
    assert state["hems.access"] == "read_only"
    async with door.get("/state") as answer:
        assert await answer.json() == state


async def test_time_verbs_and_registers(charger: Charger4X, door: aiohttp.ClientSession) -> None:
    """Time passes on request, verbs are carried out, registers are shown decoded."""
    async with door.post("/do", json={"verb": "plug_in"}) as answer:
        assert (await answer.json())["car.plugged"] is True
    async with door.post("/advance", json={"seconds": 30}) as answer:
        assert await answer.json() == {"now": 30}
    async with door.get("/registers", params={"unit": "1"}) as answer:
        rows = {row["name"]: row for row in await answer.json()}
    assert rows["signalled_current"]["value"] == 6
    assert rows["energy"]["words"] == charger.register("energy").words
    async with door.get("/registers") as answer:
        assert list(await answer.json()) == ["1"]
    async with door.get("/registers", params={"unit": "7"}) as answer:
        assert (answer.status, await answer.json()) == (400, {"error": "there is no unit 7"})


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/set", {"car.wings": 2}, "cannot be set"),
        ("/set", {"boat.plugged": True}, "there is no boat.plugged"),
        ("/set", {"car.phases": "many"}, "no int"),
        ("/set", [1], "no JSON object"),
        ("/do", {"verb": "explode"}, "explode is none of"),
        ("/do", {}, "verb"),
        ("/advance", {"seconds": -1}, "backwards"),
        ("/fault", {"kind": "gremlin"}, "gremlin"),
        ("/fault", {"kind": "delay", "wings": 2}, "wings"),
    ],
)
async def test_nonsense_is_answered_with_the_reason(
    door: aiohttp.ClientSession, path: str, body: object, reason: str
) -> None:
    """A mistake in a script must not end the simulator."""
    async with door.post(path, json=body) as answer:
        assert answer.status == 400
        assert reason in (await answer.json())["error"]


async def test_log_faults_and_cable(charger: Charger4X, door: aiohttp.ClientSession) -> None:
    """What arrived is shown; answers can be spoilt; the cable can be pulled."""
    async with serve(charger) as server:
        async with connected(server) as wire:
            await door.post("/fault", json={"kind": "exception", "code": 6})
            assert await wire.refusal(706) == 6
            await door.post("/fault", json={"kind": "exception", "code": 6, "times": None})
            await door.delete("/fault")
            assert await wire.read(706) == [0]
            await wire.write(2000, 8)
            async with door.get("/log") as answer:
                log = await answer.json()
            assert log["requests"] == 3
            assert log["writes"] == [{"unit": 1, "function": 16, "address": 2000, "values": [8]}]
            assert [entry["code"] for entry in log["refusals"]] == [6]
            assert [entry["address"] for entry in log["reads"]] == [706]
            await door.delete("/log")
            assert charger.traffic.requests == 0
            await door.post("/link", json={"plugged": False})
            assert await wire.dropped()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(server.host, server.port)
        await door.post("/link", json={"plugged": True})
        async with connected(server) as wire:
            assert await wire.read(706) == [0]


@pytest.mark.parametrize(
    ("options", "status", "complaint"),
    [
        (["--set", "car.plugged"], 2, "not NAME=VALUE"),
        (["--set", "car.wings=2"], 1, "wings cannot be set"),
        (["--serial", "/dev/ttyNOWHERE", "--no-tcp"], 1, "cannot serve at rtu /dev/ttyNOWHERE"),
    ],
)
def test_a_program_that_cannot_run_says_why(
    options: list[str], status: int, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One line, no traceback."""
    parser = program.options("lamp", "A lamp.", port=0)
    with pytest.raises(SystemExit) as caught:
        program.run(Charger4X(), parser.parse_args(options))
    if status == 2:
        assert caught.value.code == 2
        assert complaint in capsys.readouterr().err
    else:
        assert complaint in str(caught.value.code)


@pytest.mark.parametrize(
    ("number", "options", "model"),
    [
        (signal.SIGTERM, ["--profile", "4x", "--phase-mode", "dynamic"], "4Business 710 22 C2"),
        (signal.SIGINT, ["--profile", "ecu", "--firmware", "5.33"], "CC612"),
    ],
)
async def test_it_runs_as_a_program(number: int, options: list[str], model: str) -> None:
    """It says where it listens, lets time pass by itself, and ends cleanly when told."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulators.mennekes_tcp", "--port", "0", "--speed", "600"),
        *("--car", "plugged", "--model", model, "--set", "car.phases=1", *options),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            listening = (await process.stdout.readline()).decode().split()
            address = (await process.stdout.readline()).decode().split()[-1]
        assert listening[-2] == "tcp"
        async with aiohttp.ClientSession(address) as door, asyncio.timeout(20):
            state: dict[str, object] = {}
            while state.get("charging.status") != "charging":
                async with door.get("/state") as answer:
                    state = await answer.json()
        assert state["charger.model"] == model
        assert state["car.phases"] == 1
    finally:
        process.send_signal(number)
        _, complaints = await process.communicate()
    assert process.returncode == 0
    assert complaints == b""
