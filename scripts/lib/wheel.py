"""Try the installed wheel, as its users would, against the simulators of this checkout.

Run by ``scripts/wheel``. Prints a line per command and exits with 1 at the first that fails.
"""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from simulators.alfen import Eve
from simulators.ams_han.catalogue import METERS
from simulators.ams_han.meter import HanMeter
from simulators.ams_han.outputs import TcpOutput, tcp_output
from simulators.device import SimulatedDevice
from simulators.mennekes_rtu import Compact
from simulators.mennekes_tcp import Charger4X
from simulators.server import serve, serve_pty
from simulators.victron_evcs import ChargingStation
from simulators.victron_gx import ess_home

ROOT: Final = Path(__file__).parents[2]
MANIFEST: Final = ROOT / "custom_components" / "voltrail" / "manifest.json"

PATIENCE: Final = 60

_ALONE: Final = """
import importlib.util
assert importlib.util.find_spec("homeassistant") is None
"""
_TYPED: Final = """
from importlib.resources import files
assert files("voltrail").joinpath("py.typed").is_file()
"""


class TrialError(Exception):
    """The wheel does not do what it should."""


@asynccontextmanager
async def at_a_port(device: SimulatedDevice) -> AsyncIterator[str]:
    """Serve a device over TCP."""
    async with serve(device) as server:
        yield f"{server.host}:{server.port}"


@asynccontextmanager
async def on_a_line(device: SimulatedDevice) -> AsyncIterator[str]:
    """Serve a device on a serial line."""
    async with serve_pty(device) as cable:
        yield cable.path


HOUSES: Final[dict[str, Callable[[], AbstractAsyncContextManager[str]]]] = {
    "mennekes_tcp": lambda: at_a_port(Charger4X()),
    "mennekes_rtu": lambda: on_a_line(Compact()),
    "alfen": lambda: at_a_port(Eve(sockets=2)),
    "victron_gx": lambda: at_a_port(ess_home()),
    "victron_evcs": lambda: at_a_port(ChargingStation()),
}


class Wheel:
    """The programs of the environment that the wheel is installed in."""

    def __init__(self, programs: Path, scratch: Path) -> None:
        self._programs = programs
        self._scratch = scratch

    async def run(self, program: str, *words: str) -> str:
        """Run a program; return what it printed."""
        print(program, *(word.strip().replace("\n", "; ") for word in words), flush=True)
        # Elsewhere, so that nothing of the checkout is found by chance.
        process = await asyncio.create_subprocess_exec(
            self._programs / program, *words, cwd=self._scratch, stdout=PIPE, stderr=PIPE
        )
        try:
            async with asyncio.timeout(PATIENCE):
                out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode or b"Traceback" in err:
            message = f"it ended with {process.returncode}:\n{err.decode()}"
            raise TrialError(message)
        return out.decode()

    async def voltrail(self, *words: str) -> str:
        """Run the command."""
        return await self.run("voltrail", *words)

    async def json(self, *words: str) -> Any:
        """Run the command, and return the object that it printed."""
        return json.loads(await self.voltrail(*words, "--json"))

    async def python(self, *words: str) -> str:
        """Run the interpreter."""
        return await self.run("python", *words)


def check(good: object, what: str) -> None:
    """Raise if something is not as it should be."""
    if not good:
        raise TrialError(what)


async def try_families(wheel: Wheel) -> None:
    """Read a device of every family, and run its example."""
    listed = [family["key"] for family in await wheel.json("families")]
    for key in listed:
        if key not in HOUSES:
            continue
        async with HOUSES[key]() as place:
            found = await wheel.json("read", key, place)
            # The charging station of Victron tells the fewest of all.
            check(len(found["readings"]) > 14, "too little was read")
            check(not found["failed"], f"not everything was read: {found['failed']}")
            check(await wheel.python(str(ROOT / "examples" / f"{key}.py"), place), "no example")
    check(HOUSES.keys() <= set(listed), f"only these families are there: {listed}")


async def try_a_charger(wheel: Wheel) -> None:
    """Run what there is for a device besides reading it, and look at the charger."""
    charger = Charger4X()
    async with at_a_port(charger) as place:
        await wheel.voltrail("set", "mennekes_tcp", place, "current_limit=10")
        await wheel.voltrail("watch", "mennekes_tcp", place, "--count", "1")
        dump = json.loads(await wheel.voltrail("dump", "mennekes_tcp", place, "--redact"))
        check(dump["units"], "there is nothing in the dump")
    check(charger.state()["hems.current_tenths"] == 100, "the limit did not reach the charger")


async def try_meters(wheel: Wheel, scratch: Path) -> None:
    """Decode a recording, and listen to a live meter."""
    meter = HanMeter(METERS["aidon-tn"], start=datetime(2026, 7, 1, 10, tzinfo=UTC))
    wire = meter.send("2").wire
    capture = scratch / "capture.hex"
    capture.write_text(f"# one message\n{wire.hex()}\n", encoding="utf-8")
    found = await wheel.json("decode", str(capture))
    check(found["meter"]["manufacturer"] == "Aidon", "another meter was decoded")
    async with tcp_output() as output:
        sending = asyncio.create_task(_repeat(output, wire))
        heard = await wheel.json("listen", f"127.0.0.1:{output.port}", "--count", "1")
        check(heard == found, "what was heard is not what was decoded")
        await wheel.python(str(ROOT / "examples" / "ams_han.py"), "127.0.0.1", str(output.port))
        sending.cancel()


async def _repeat(output: TcpOutput, wire: bytes) -> None:
    while True:
        output.send(wire)
        await asyncio.sleep(0.1)


async def main(programs: Path, scratch: Path) -> None:
    """Try everything."""
    wheel = Wheel(programs, scratch)
    await wheel.python("-c", _ALONE)
    version = json.loads(MANIFEST.read_text(encoding="utf-8"))["version"]
    check((await wheel.voltrail("--version")) == f"voltrail {version}\n", "another version")
    await wheel.python("-c", _TYPED)
    await wheel.voltrail("completion", "bash")
    await try_families(wheel)
    await try_a_charger(wheel)
    await try_meters(wheel, scratch)


if __name__ == "__main__":
    try:
        asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
    except TrialError as err:
        sys.exit(f"voltrail: {err}")
