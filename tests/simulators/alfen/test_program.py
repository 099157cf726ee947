"""The simulated Alfen as a program."""

import asyncio
import signal
import sys

import aiohttp
import pytest


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--sample"], {"station.firmware": "6.1.0-4159", "socket.mode3_state": "A"}),
        (
            ["--sockets", "2", "--platform", "ahp", "--car", "plugged", "--source", "scn"],
            {"socket_2.mode3_state": "C2", "station.platform": "ahp", "scn.enabled": True},
        ),
    ],
)
async def test_it_runs_as_a_program(options: list[str], expected: dict[str, object]) -> None:
    """It says where it listens, lets time pass by itself, and ends cleanly when told."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulators.alfen", "--port", "0", "--speed", "600"),
        *("--set", "scn.safe_current=16", *options),
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
            while not expected.items() <= state.items():
                async with door.get("/state") as answer:
                    state = await answer.json()
            async with door.get("/registers?unit=200") as answer:
                table = await answer.json()
        assert {row["address"] for row in table} >= {100, 157, 1105, 1431}
    finally:
        process.send_signal(signal.SIGTERM)
        _, complaints = await process.communicate()
    assert process.returncode == 0
    assert complaints == b""
