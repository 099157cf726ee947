"""What a charger on a serial line costs, and whether its heartbeat holds.

    python benchmarks/mennekes_rtu.py            bytes of a measuring poll; fails above the least
    python benchmarks/mennekes_rtu.py --line     two minutes on a bad line, in real time
    python benchmarks/mennekes_rtu.py --day      a day on a bad line, in simulated time

The line is a pseudo-terminal at the pace of 57600 baud. Three bytes in a thousand are lost,
doubled or changed, one answer in fifty comes late, and another charger on the same line is
silent. At the end of the two minutes the adapter is pulled for some seconds.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from modbus_connection import ModbusSerialParams, tmodbus

ROOT: Final = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from custom_components.voltrail.engine.devices.mennekes_rtu import MennekesRtu  # noqa: E402
from custom_components.voltrail.engine.polling.polled_device import Cadence  # noqa: E402 - the path comes first
from custom_components.voltrail.engine.transport.serial_bus import SerialBus  # noqa: E402
from simulators.memory import serve_serial_in_memory  # noqa: E402
from simulators.mennekes_rtu import Bus, Compact, Satellite  # noqa: E402
from simulators.server import LineSettings, serve_pty  # noqa: E402
from tests.engine.devices.mennekes_rtu.support import connect, serial_line  # noqa: E402
from tests.engine.devices.owner import Owner  # noqa: E402
from tests.fake_time import run as run_in_fake_time  # noqa: E402

BLOCKS: Final = (
    *((0x0100, 4), (0x0108, 1), (0x0114, 2), (0x0300, 8), (0x0500, 20)),
    *((0x0B00, 6), (0x0D02, 5), (0x0E00, 1), (0x0E01, 2), (0x1000, 4)),
)
"""The runs of registers that are known to be readable in one go, of those that change while a
charger charges; from the document, not from what is read here."""

BAUD: Final = LineSettings(stopbits=2)
WANTED: Final = 1.0
LONGEST_GAP: Final = 6.0
"""Seconds; the charger gives up after 10."""

BACK_WITHIN: Final = 10.0
PULLED_FOR: Final = 5.0
DAY: Final = 24.0
MINUTES_TWO: Final = 120.0
NOISE: Final = {
    "line.dropped": 0.001,
    "line.repeated": 0.001,
    "line.corrupted": 0.001,
    "line.late": 0.02,
}


def least() -> int:
    """Return the bytes that these values take at least: 8 to ask, 5 and the values to answer."""
    return sum(8 + 5 + 2 * count for _, count in BLOCKS)


async def poll() -> int:
    """Print what a measuring poll costs; return 1 if it could be had for less."""
    simulated = Compact()
    async with serve_serial_in_memory(simulated) as server:
        connection = connect(tmodbus.ModbusConnection, server)
        device = MennekesRtu(connection.for_unit, 50)
        await device.update()
        simulated.traffic.clear()
        begun = asyncio.get_running_loop().time()
        await device.poll(Cadence.MEASUREMENTS)
        taken = asyncio.get_running_loop().time() - begun
        traffic = simulated.traffic
        spent = traffic.bytes_in + traffic.bytes_out
        asked = {(read.address, read.length) for read in traffic.reads}
        device.close()
        await connection.close()
    wanted = {address for start, count in BLOCKS for address in range(start, start + count)}
    read = {address for start, count in asked for address in range(start, start + count)}
    ratio = spent / least()
    print(f"{'':24}{'requests':>10}{'registers':>11}{'bytes':>8}")
    print(f"{'a measuring poll':24}{traffic.requests:>10}{traffic.registers_read:>11}{spent:>8}")
    print(f"{'the least possible':24}{len(BLOCKS):>10}{len(wanted):>11}{least():>8}")
    print(f"ratio {ratio:.2f}; wanted: {WANTED:.2f}")
    print(f"{1000 * taken:.0f} ms of a line of {BAUD.baudrate} baud, simulated")
    print(f"a heartbeat: 16 bytes, {16 * 1000 * BAUD.character:.1f} ms")
    return 0 if ratio <= WANTED and read >= wanted else 1


def report(charger: Compact, owner: Owner[MennekesRtu], silent: int) -> float:
    """Print what became of the heartbeats; return the longest gap between two of them."""
    gap = charger.ems.longest_gap
    print(f"heartbeats          {charger.ems.heartbeats:8}")
    print(f"largest gap         {gap:8.2f} s; wanted: {LONGEST_GAP:g} s at most")
    print(f"polls               {owner.polls:8}, and {len(owner.troubles)} that failed")
    print(f"requests            {charger.traffic.requests:8}, and {silent} to the silent one")
    print(f"spoilt bytes        {charger.line.spoilt:8}")
    print(f"late answers        {charger.line.delayed:8}", flush=True)
    return gap


def chargers() -> tuple[Compact, Compact]:
    """Return two chargers of one time, the second of which is going to be silent."""
    first = Compact(fallback=6)
    first.car.plug_in()
    return first, Compact(unit_id=11, serial="13552020", clock=first.clock)


async def endure(
    device: Callable[[int], MennekesRtu], charger: Compact, neighbour: Compact, seconds: float
) -> Owner[MennekesRtu]:
    """Look after a charger on a bad line for a while; return whoever did."""
    owner, other = Owner(device(charger.unit_id)), Owner(device(neighbour.unit_id))
    try:
        await owner.device.identify()
        await other.device.identify()
        await owner.start()
        await other.start()
        await owner.device.point.set_current_limit(10)
        neighbour.box.satellite = Satellite.OFF
        charger.set(dict(NOISE))
        await asyncio.sleep(seconds)
    finally:
        await other.stop()
    return owner


async def day(hours: float) -> int:
    """Let a simulated day pass; return 1 if the charger ever waited for too long."""
    charger, neighbour = chargers()
    begun = time.monotonic()
    async with serial_line(Bus(charger, neighbour)) as line:
        owner = await endure(line.device, charger, neighbour, hours * 3600)
        await owner.stop()
    gap = report(charger, owner, charger.traffic.foreign)
    print(f"{hours:g} simulated hours took {time.monotonic() - begun:.0f} s")
    return int(gap > LONGEST_GAP)


async def bad_line(seconds: float) -> int:
    """Use a real pseudo-terminal in real time; return 1 if anything took too long."""
    charger, neighbour = chargers()
    bus = Bus(charger, neighbour)
    clock = asyncio.create_task(charger.clock.follow_real_time(interval=0.01))
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / "usb-RS485"
        async with serve_pty(bus, link, pace=BAUD) as cable:
            params = ModbusSerialParams(device=str(link), baudrate=BAUD.baudrate, stopbits=2)
            connection = tmodbus.ModbusConnection(params)
            units = SerialBus().over(connection.for_unit)
            owner = await endure(
                lambda unit_id: MennekesRtu(units, unit_id), charger, neighbour, seconds
            )
            gap = report(charger, owner, bus.traffic.foreign)
            cable.unplug()
            await asyncio.sleep(PULLED_FOR)
            cable.plug()
            begun = time.monotonic()
            owner.read.clear()
            await owner.read.wait()
            taken = time.monotonic() - begun
            print(f"adapter pulled      {PULLED_FOR:8.0f} s")
            print(f"read again after    {taken:8.2f} s; wanted: {BACK_WITHIN:g} s at most")
            await owner.stop()
            await connection.close()
    clock.cancel()
    with suppress(asyncio.CancelledError):
        await clock
    return int(gap > LONGEST_GAP or taken > BACK_WITHIN)


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--line", type=float, nargs="?", const=MINUTES_TWO, metavar="SECONDS")
    kind.add_argument("--day", type=float, nargs="?", const=DAY, metavar="HOURS")
    chosen = parser.parse_args()
    # The libraries tell of every answer that is missing, and here many are.
    logging.disable(logging.CRITICAL)
    run: Callable[[Coroutine[Any, Any, int]], int] = run_in_fake_time
    if chosen.line is not None:
        return asyncio.run(bad_line(chosen.line))
    return run(poll() if chosen.day is None else day(chosen.day))


if __name__ == "__main__":
    sys.exit(main())
