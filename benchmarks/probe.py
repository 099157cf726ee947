"""Measures one thing in one checkout, and prints the number.

    python benchmarks/probe.py CHECKOUT NAME             milliseconds of processor time, or a ratio
    python benchmarks/probe.py CHECKOUT NAME --profile   the functions that the time goes to

`scripts/bench` runs it in an older checkout as well, so what it needs there has to be there.
"""

import argparse
import asyncio
import cProfile
import importlib
import json
import os
import pstats
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

_POLLS: Final = 40
_PLATFORMS: Final = (
    *("binary_sensor", "button", "number", "select", "sensor", "switch", "event", "time"),
    *("config_flow", "diagnostics"),
)
_THERE: Final = (
    *("homeassistant.bootstrap", "modbus_connection.model", "modbus_connection.tmodbus"),
    *("homeassistant.helpers.trigger", "homeassistant.helpers.condition"),
    *(
        f"homeassistant.components.{name}"
        for name in (
            *("modbus", "mqtt", "http", "frontend", "recorder", "energy", "repairs"),
            *_PLATFORMS[:8],
            *("diagnostics", "file_upload", "usb", "zeroconf", "ssdp"),
        )
    ),
)


def loop() -> float:
    """Return what a million turns of an empty loop cost."""
    begun = time.process_time()
    for _ in range(1_000_000):
        pass
    return (time.process_time() - begun) * 1000


def imports() -> float:
    """Import the integration into a Home Assistant, with one family that is set up."""
    for name in _THERE:
        try:
            importlib.import_module(name)
        except ImportError:
            # Not every component is needed everywhere.
            continue
    begun = time.process_time()
    for name in ("", *(f".{platform}" for platform in _PLATFORMS)):
        try:
            importlib.import_module(f"custom_components.voltrail{name}")
        except ModuleNotFoundError:
            continue
    importlib.import_module("custom_components.voltrail.engine.devices.mennekes_tcp.device")
    return (time.process_time() - begun) * 1000


def families() -> float:
    """List the families from cold."""
    return _child("families")


def read() -> float:
    """Read a charger from cold."""
    with _simulator("mennekes_tcp") as place:
        _child("read", "mennekes_tcp", place)
        return _child("read", "mennekes_tcp", place)


def read_known() -> float:
    """Read a GX that was read before; in milliseconds of the wall clock, since it waits."""
    with _simulator("victron_gx", "--home", "ess") as place:
        _child("read", "victron_gx", place)
        begun = time.perf_counter()
        _child("read", "victron_gx", place)
        return (time.perf_counter() - begun) * 1000


def poll_engine() -> float:
    """Poll a full GX whose answers cost nothing: what our own code costs."""
    return asyncio.run(_poll(wired=False))


def poll_client() -> float:
    """Poll a full GX with the Modbus client."""
    return asyncio.run(_poll(wired=True))


def telegram() -> float:
    """Read a hundred P1 telegrams in pieces of 64 bytes."""
    return _decoded("P1 telegram")


def list_2() -> float:
    """Read a hundred lists of an Aidon in pieces of 64 bytes."""
    return _decoded("Aidon list 2 TN")


def step() -> float:
    """Take a thousand decisions of the charging controller; in turns of an empty loop."""
    cost: Any = importlib.import_module("benchmarks.charging.cost")
    return float(cost.step_ratio())


def _child(*words: str) -> float:
    """Return the processor time of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "voltrail", *words]
    subprocess.run(command, check=True, capture_output=True)  # noqa: S603 - our own program
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent * 1000


@contextmanager
def _simulator(family: str, *words: str) -> Iterator[str]:
    """Run a simulated device as a program of its own; give its host and port."""
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", f"simulators.{family}", "--port", "0", *words],
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        ) as program,
    ):
        os.environ["XDG_CACHE_HOME"] = os.environ["XDG_STATE_HOME"] = folder
        assert program.stdout is not None
        try:
            yield program.stdout.readline().decode().split()[-1]
        finally:
            program.terminate()


async def _poll(*, wired: bool) -> float:
    gx: Any = importlib.import_module("benchmarks.victron_gx")
    sample = gx.everything()
    services = [
        f"{service.kind} {gx.unit_of(service.instance, sample.server)}"
        for service in sample.services.values()
        if service.kind not in gx.OWN
    ]
    options = gx.Options(extra={"services": services})
    async with gx.simulated() as (host, port):
        connection = gx.tmodbus.ModbusConnection(gx.ModbusTcpParams(host=host, port=port))

        def units(unit_id: int) -> Any:
            unit = connection.for_unit(unit_id)
            return unit if wired else gx.Remembering(unit)

        device = gx.VictronGx(units, 100, options)
        try:
            await gx.cost(device, 2)
            return float(statistics.median(await gx.cost(device, _POLLS)))
        finally:
            device.close()
            await connection.close()


def _decoded(case: str) -> float:
    han: Any = importlib.import_module("benchmarks.han")
    rate: float = han.measure(han.streams()[case], 0.4)
    return 100_000 / rate


PROBES: Final[dict[str, Callable[[], float]]] = {
    "loop": loop,
    "imports": imports,
    "families": families,
    "read": read,
    "read_known": read_known,
    "poll_engine": poll_engine,
    "poll_client": poll_client,
    "telegram": telegram,
    "list_2": list_2,
    "step": step,
}


def _profiled(probe: Callable[[], float]) -> list[tuple[str, float]]:
    """Return the five functions that most of the time goes to, with their shares."""
    if probe is not imports:
        # What is imported, and met for the first time, is none of it.
        probe()
    profile = cProfile.Profile(time.process_time)
    profile.runcall(probe)
    known: dict[tuple[str, int, str], Any] = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    whole = sum(row[2] for row in known.values())
    dearest = sorted(known.items(), key=lambda item: -item[1][2])[:5]
    return [
        (f"{Path(path).stem}.{name}" if path != "~" else name.strip("<>"), row[2] / whole)
        for (path, _, name), row in dearest
    ]


def main() -> None:
    """Parse the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkout", type=Path)
    parser.add_argument("name", choices=PROBES)
    parser.add_argument("--profile", action="store_true")
    chosen = parser.parse_args()
    os.chdir(chosen.checkout)
    sys.path[0] = str(Path.cwd())
    probe = PROBES[chosen.name]
    print(json.dumps(_profiled(probe) if chosen.profile else probe()))


if __name__ == "__main__":
    main()
