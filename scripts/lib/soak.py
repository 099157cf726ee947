"""The long runs: the whole table of faults, many walks, many devices, a whole day."""

import argparse
import asyncio
import gc
import logging
import os
import resource
import subprocess
import sys
import threading
import time
import traceback
import tracemalloc
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from random import Random
from typing import Final

from scripts.lib.home_assistant import ROOT
from tests.fake_time import run
from tests.reliability.home import Home, home, jumps, shared_home
from tests.reliability.known import KNOWN
from tests.reliability.measure import Cell
from tests.reliability.row import faults, row
from tests.reliability.subjects import LIMIT, SUBJECTS, subject

PAGE: Final = ROOT / "docs" / "reliability.md"
BEGIN: Final = "<!-- table: written by scripts/soak -->"
END: Final = "<!-- end of the table -->"
DEVICES: Final = 100
HALF_AN_HOUR: Final = 1800.0
DAY: Final = 86_400.0
LONGEST_STALL: Final = 0.1
MOST_GROWTH: Final = 200.0
"""Kilobytes by which the second half of a day may end above where it began."""


def say(text: str) -> None:
    """Tell how far it is."""
    print(f"voltrail: {text}", flush=True)


# -- the table --


def table() -> int:
    """Let every fault happen at every family, and write down what came of it."""
    columns: dict[str, dict[str, Cell]] = {}
    for key in SUBJECTS:
        begun = time.perf_counter()
        columns[key] = {cell.fault: cell for cell in run(_column(key))}
        broken = sum(bool(cell.failed) for cell in columns[key].values())
        say(
            f"{key}: {len(columns[key])} faults, {broken} beyond a bound,"
            f" {time.perf_counter() - begun:.0f} s"
        )
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    written = f"{before}{BEGIN}\n\n{_markdown(columns)}\n\n{END}{after}"
    PAGE.write_text(written, encoding="utf-8")
    unknown = [
        f"{key}: {cell.fault}: {cell.failed}"
        for key, cells in columns.items()
        for cell in cells.values()
        if cell.failed and (key, cell.fault) not in KNOWN
    ]
    for line in unknown:
        say(f"not known: {line}")
    return bool(unknown)


async def _column(key: str) -> list[Cell]:
    async with subject(key) as device, home(device) as house:
        await house.start()
        await house.settle()
        cells = await row(house)
        left = await house.end()
        assert not left, left
        return cells


def _markdown(columns: dict[str, dict[str, Cell]]) -> str:
    names = list(dict.fromkeys(name for cells in columns.values() for name in cells))
    reasons: list[str] = []
    lines = [
        "| Fault | " + " | ".join(columns) + " |",
        "| --- |" + " --- |" * len(columns),
    ]
    for name in names:
        cells = [_shown(key, column.get(name), reasons) for key, column in columns.items()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    notes = [f"{number}. {reason}." for number, reason in enumerate(reasons, start=1)]
    return "\n".join([*lines, "", *notes])


def _shown(key: str, cell: Cell | None, reasons: list[str]) -> str:
    """Return the seconds until all was there again, or what does not hold and why."""
    if cell is None:
        return "·"
    if not cell.failed:
        return f"{cell.recovery or 0:.0f} s"
    reason = KNOWN.get((key, cell.fault), "not understood yet")
    reason = reason[0].upper() + reason[1:]
    if reason not in reasons:
        reasons.append(reason)
    return f"**{', '.join(cell.failed)}** ({reasons.index(reason) + 1})"


# -- the walks --


def walks(count: int) -> int:
    """Walk at random, in a process of its own for each core."""
    environment = {**os.environ, "VOLTRAIL_WALKS": str(count)}
    return subprocess.run(  # noqa: S603 - our own tests
        [
            *(sys.executable, "-m", "pytest", "tests/reliability/test_walks.py"),
            *("-q", "-n", str(os.cpu_count() or 1), "-p", "no:cacheprovider"),
        ],
        cwd=ROOT,
        env=environment,
        check=False,
    ).returncode


# -- many devices --


def load(devices: int = DEVICES, seconds: float = HALF_AN_HOUR) -> int:
    """Have many devices in one Home Assistant: what it costs, and how long it ever stops."""
    return run(_load(devices, seconds))


async def _load(devices: int, seconds: float) -> int:
    keys = [key for key in SUBJECTS if key not in {"ams_han encrypted", "mennekes_rtu gateway"}]
    async with AsyncExitStack() as stack:
        subjects = [
            await stack.enter_async_context(subject(keys[number % len(keys)], number=number))
            for number in range(devices)
        ]
        houses = await stack.enter_async_context(shared_home(subjects))
        begun = time.perf_counter()
        await asyncio.gather(*(house.start() for house in houses))
        say(f"{devices} devices set up in {time.perf_counter() - begun:.1f} s")
        await asyncio.sleep(60)
        polls, stalls = _count_polls(houses), _Stalls()
        before = resource.getrusage(resource.RUSAGE_SELF)
        with stalls:
            await asyncio.sleep(seconds)
        after = resource.getrusage(resource.RUSAGE_SELF)
        missed = sum(polls[key] == 0 for key in polls)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        say(
            f"{seconds:.0f} s with {devices} devices: {cpu:.1f} s of CPU with the devices in it"
            f" ({100 * cpu / seconds:.1f} %), {after.ru_maxrss / 1024:.0f} MB at most, longest"
            f" piece {1000 * stalls.longest:.0f} ms (and {1000 * stalls.collecting:.0f} ms in which"
            f" Python collects garbage), failed polls {missed}"
        )
        if stalls.longest > LONGEST_STALL:
            say(f"that piece was here:\n{stalls.where}")
        return missed + (stalls.longest > LONGEST_STALL)


def _count_polls(houses: Iterable[Home]) -> dict[str, int]:
    """Count the polls that went well, by entry; a failed one starts from 0 again."""
    counted: dict[str, int] = {}
    for house in houses:
        if not house.polls:
            continue
        coordinator = house.entry.runtime_data.coordinator
        key = house.entry.entry_id
        counted[key] = 1

        def note(key: str = key, coordinator: object = coordinator) -> None:
            if not getattr(coordinator, "last_update_success", False):
                counted[key] = 0

        coordinator.async_add_listener(note)
    return counted


class _Stalls:
    """The longest time for which the event loop did one thing, and what it was."""

    def __init__(self) -> None:
        self.longest = 0.0
        self.where = ""
        self._run = asyncio.Handle._run  # noqa: SLF001 - there is no other place to look from
        self._begun: float | None = None
        self._seen = ""
        self.collecting = 0.0
        """The longest collection of garbage, which is Python's own and grows with all that is
        in this one process: here the devices as well."""
        self._collected = 0.0
        self._collecting_since = 0.0
        self._over = threading.Event()
        self._looker = threading.Thread(target=self._look, daemon=True)
        self._main = threading.get_ident()

    def _look(self) -> None:
        """Remember where the loop is if it is somewhere for long."""
        while not self._over.wait(0.01):
            begun = self._begun
            if begun is not None and time.perf_counter() - begun > LONGEST_STALL / 2:
                frame = sys._current_frames().get(self._main)  # noqa: SLF001 - as it is meant
                self._seen = "".join(traceback.format_stack(frame)[-8:])

    def _collect(self, phase: str, _: object) -> None:
        now = time.thread_time()
        if phase == "start":
            self._collecting_since = now
        else:
            self._collected += now - self._collecting_since
            self.collecting = max(self.collecting, now - self._collecting_since)

    def __enter__(self) -> None:
        original, stalls = self._run, self

        def timed(handle: asyncio.Handle) -> None:
            # Of our own thread: the machine may do something else meanwhile.
            begun, stalls._collected = time.thread_time(), 0.0
            stalls._seen, stalls._begun = "", time.perf_counter()
            original(handle)
            stalls._begun = None
            took = time.thread_time() - begun - stalls._collected
            if took > stalls.longest:
                stalls.longest, stalls.where = took, stalls._seen or repr(handle)[:200]

        self._looker.start()
        gc.callbacks.append(self._collect)
        asyncio.Handle._run = timed  # type: ignore[method-assign,assignment]  # noqa: SLF001

    def __exit__(self, *_: object) -> None:
        asyncio.Handle._run = self._run  # type: ignore[method-assign]  # noqa: SLF001
        gc.callbacks.remove(self._collect)
        self._over.set()
        self._looker.join()


# -- a day --


def day(keys: Iterable[str], seconds: float = DAY) -> int:
    """Live a whole day with faults: counters go on, memory stays."""
    return sum(run(_day(key, seconds)) for key in keys)


async def _day(key: str, seconds: float) -> int:
    async with subject(key) as device, home(device) as house:
        await house.start()
        await house.settle()
        made = faults(house)
        made = [fault for fault in made if (key, fault.name) not in KNOWN]
        random = Random(0)  # noqa: S311 - repeatable trouble
        begun, wrong = house.now, []
        tracemalloc.start()
        sizes: list[int] = []
        while house.now - begun < seconds:
            hour = house.now
            while house.now - hour < 3600:
                device.relay.put(random.choice(made))
                await house.pass_time(random.uniform(5, 60))
                device.relay.clear()
                await house.pass_time(random.uniform(60, 240))
            wrong += jumps(house, hour, 3600)
            house.forget()
            gc.collect()
            sizes.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        await house.pass_time(60)
        missing = house.entities - house.present()
        limit = None if device.in_force is None else device.in_force()
        kept = limit is None or abs(limit - LIMIT) < 0.05
        growth = (sizes[-1] - sizes[len(sizes) // 2]) / 1024
        flat = growth <= MOST_GROWTH
        say(
            f"{key}: {seconds / 3600:.0f} h, counters {'went on' if not wrong else wrong[:3]},"
            f" memory of the second half {growth:+.0f} kB, {len(missing)} values missing in the"
            f" end, limit {'as wanted' if kept else limit}"
        )
        return len(wrong) + len(missing) + (not kept) + (not flat)


def _keep_quiet() -> None:
    """Keep what libraries say of damaged answers off the screen."""
    for name in ("tmodbus", "modbus_connection", "homeassistant", "asyncio", "aiohttp_fast_zlib"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="scripts/soak", description=__doc__)
    parser.add_argument("part", nargs="?", choices=("table", "walks", "load", "day"))
    parser.add_argument("--count", type=int, default=2000, help="of walks")
    parser.add_argument("--devices", type=int, default=DEVICES)
    parser.add_argument("--only", choices=tuple(SUBJECTS), help="of the days")
    parser.add_argument("--seconds", type=float, help="of a shorter load or day")
    chosen = parser.parse_args()
    _keep_quiet()
    parts: dict[str, Callable[[], int]] = {
        "table": table,
        "walks": lambda: walks(chosen.count),
        "load": lambda: load(chosen.devices, chosen.seconds or HALF_AN_HOUR),
        "day": lambda: day([chosen.only] if chosen.only else SUBJECTS, chosen.seconds or DAY),
    }
    wanted = parts if chosen.part is None else {chosen.part: parts[chosen.part]}
    return max(part() for part in wanted.values())


if __name__ == "__main__":
    sys.exit(main())
