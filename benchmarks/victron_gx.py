"""What a poll of a full system costs: a GX with one device of each of its 33 services.

The time is that of the processor, of this process alone: the simulated GX runs in another
one. A poll reads everything, measurements and settings, and works out what follows from it;
Home Assistant reads the settings less often than that.

    python benchmarks/victron_gx.py             the table; fails if a poll costs 20 ms or more
    python benchmarks/victron_gx.py --polls 500
"""

import argparse
import asyncio
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, cast

from modbus_connection import ModbusTcpParams, ModbusUnit, tmodbus

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from custom_components.voltrail.engine.devices.victron_gx import VictronGx  # noqa: E402
from custom_components.voltrail.engine.model.options import Options  # noqa: E402
from custom_components.voltrail.engine.polling.polled_device import Cadence  # noqa: E402 - the path comes first
from simulators.victron_gx import everything  # noqa: E402
from simulators.victron_gx.unit_ids import unit_of  # noqa: E402

WANTED: Final = 20.0
"""Milliseconds a poll."""

OWN: Final = ("system", "settings", "platform")
"""Services that need not be named: the GX itself, and what is left alone on purpose."""


class Remembering:
    """A unit that asks another one once, and then answers by itself: reading costs nothing."""

    def __init__(self, unit: ModbusUnit) -> None:
        self._unit = unit
        self._answers: dict[tuple[int, int], list[int]] = {}

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        """Read as a client does."""
        place = address, count
        if place not in self._answers:
            self._answers[place] = await self._unit.read_holding_registers(address, count)
        return self._answers[place]

    def require_timeout(self, seconds: float | None) -> None:
        """Do nothing: nothing takes time here."""

    def on_connection_lost(self, _callback: Callable[[], None]) -> Callable[[], None]:
        """Do nothing: nothing is lost here."""
        return lambda: None


@asynccontextmanager
async def simulated() -> AsyncIterator[tuple[str, int]]:
    """Run a GX with one of everything as a program of its own."""
    program = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "simulators.victron_gx", "--home", "everything", "--port", "0"),
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
    )
    try:
        assert program.stdout is not None
        face = (await program.stdout.readline()).decode().split()[-1]
        host, _, port = face.rpartition(":")
        yield host, int(port)
    finally:
        program.terminate()
        await program.wait()


async def cost(device: VictronGx, polls: int) -> list[float]:
    """Return the milliseconds of processor time that each poll took."""
    found = []
    for _ in range(polls):
        before = time.process_time_ns()
        await device.poll(Cadence.MEASUREMENTS)
        await device.poll(Cadence.SETTINGS)
        found.append((time.process_time_ns() - before) / 1e6)
        assert not device.failures
    return found


def show(name: str, found: list[float]) -> float:
    """Print a line of the table; return the median."""
    median = statistics.median(found)
    print(f"{name:34}{median:9.1f}{min(found):9.1f}{max(found):9.1f}", flush=True)
    return median


async def measure(polls: int) -> int:
    """Print the table; return 1 if a poll costs too much."""
    sample = everything()
    services = [
        f"{service.kind} {unit_of(service.instance, sample.server)}"
        for service in sample.services.values()
        if service.kind not in OWN
    ]
    options = Options(extra={"services": services})
    async with simulated() as (host, port):
        connection = tmodbus.ModbusConnection(ModbusTcpParams(host=host, port=port))
        wired = VictronGx(connection.for_unit, 100, options)
        alone = VictronGx(
            lambda unit_id: cast("ModbusUnit", Remembering(connection.for_unit(unit_id))),
            100,
            options,
        )
        try:
            # The first polls meet the devices.
            for device in (wired, alone):
                await cost(device, 2)
            kinds = {service.kind for service in sample.services.values()}
            values = len(list(wired.readings()))
            print(f"{platform.python_implementation()} {platform.python_version()}", end=", ")
            print(f"{len(kinds)} services, {values} values, {polls} polls")
            print(f"{'milliseconds of processor time':34}{'median':>9}{'least':>9}{'most':>9}")
            show("the engine alone", await cost(alone, polls))
            median = show("with the Modbus client", await cost(wired, polls))
        finally:
            for device in (wired, alone):
                device.close()
            await connection.close()
    print(f"a poll of a full system: {median:.1f} ms; wanted: below {WANTED:.0f} ms")
    return 0 if median < WANTED else 1


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--polls", type=int, default=100)
    return asyncio.run(measure(parser.parse_args().polls))


if __name__ == "__main__":
    sys.exit(main())
