"""``voltrail read``, ``watch`` and ``dump``: asking, and never changing anything."""

import argparse
import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from typing import Protocol

from ..model.errors import VoltrailError
from ..polling.polled_device import PolledDevice
from .approach import Approach
from .console import Console, Screen, Style
from .errors import CommandError, Status
from .report import device_object, identity_object, value_of, wanted_readings
from .rounds import Rounds
from .table import device_table, words


async def read(arguments: argparse.Namespace, console: Console) -> int:
    """Read a device once."""
    try:
        async with asyncio.timeout(arguments.timeout):
            return await _read(arguments, console)
    except TimeoutError as err:
        message = f"it was not read within {arguments.timeout:g} s"
        raise CommandError(message) from err


async def _read(arguments: argparse.Namespace, console: Console) -> int:
    approach = Approach.of(arguments)
    async with approach.meet(console) as device:
        with console.progress(f"reading {device.identity.model}"):
            await Rounds(device, everything=arguments.all).poll()
        if arguments.json:
            found = device_object(approach.family, device, everything=arguments.all)
            console.json(found, indent=2)
        else:
            console.lines(list(device_table(device, console, everything=arguments.all)))
    return Status.DONE


async def dump(arguments: argparse.Namespace, console: Console) -> int:
    """Write all raw registers."""
    approach = Approach.of(arguments)
    async with approach.meet(console) as device:
        with console.progress(f"reading {device.identity.model}"):
            units, failed = await device.read_raw(private=not arguments.redact)
        if failed and not units:
            raise CommandError(next(iter(failed.values())))
        identity = identity_object(device.identity)
        if arguments.redact:
            identity["serial"] = None
        console.json(
            {
                "family": approach.family.key,
                "identity": identity,
                "units": units,
                "failed": failed,
            },
            indent=2,
        )
    return Status.DONE


async def watch(arguments: argparse.Namespace, console: Console) -> int:
    """Poll a device until interrupted, or for so many times."""
    approach = Approach.of(arguments, interval=arguments.interval)
    everything: bool = arguments.all
    async with approach.meet(console) as device:
        rounds = Rounds(device, everything=everything)
        with console.progress(f"reading {device.identity.model}"):
            await rounds.poll()
        with ExitStack() as stack:
            view: View
            if arguments.json:
                report = partial(device_object, approach.family, device, everything=everything)
                view = JsonView(report, console)
            elif console.terminal:
                screen = stack.enter_context(console.screen())
                view = ScreenView(device, console, screen, everything=everything)
            else:
                view = ChangesView(device, console, everything=everything)
            view.show()
            await _follow(rounds, view, approach.options.scan_interval, arguments.count)
    return Status.DONE


class View(Protocol):
    """A way to show a device again and again."""

    def show(self) -> None:
        """Show what was just read."""

    def trouble(self, err: VoltrailError) -> None:
        """Show that nothing could be read; said once until it is over."""


async def _follow(rounds: Rounds, view: View, interval: float, count: int | None) -> None:
    """Poll and show; the first time was before."""
    loop = asyncio.get_running_loop()
    due = loop.time()
    done = 1
    while count is None or done < count:
        # The rhythm does not stretch with slow answers, and missed polls are not made up for.
        due = max(due + interval, loop.time())
        await asyncio.sleep(due - loop.time())
        try:
            await rounds.poll()
        except VoltrailError as err:
            view.trouble(err)
        else:
            view.show()
        done += 1


class JsonView:
    """An object on a line for every poll."""

    def __init__(self, report: Callable[[], object], console: Console) -> None:
        self._report = report
        self._outage = Outage(console)
        self._console = console

    def show(self) -> None:
        """Print the object."""
        self._outage.over()
        self._console.json(self._report())

    def trouble(self, err: VoltrailError) -> None:
        """Say so on the side."""
        self._outage.tell(err)


class ChangesView:
    """A line for every value, and again when it changed: for files and pipes."""

    def __init__(self, device: PolledDevice, console: Console, *, everything: bool) -> None:
        self._device = device
        self._console = console
        self._everything = everything
        self._outage = Outage(console)
        self._shown: dict[str, str] = {}

    def show(self) -> None:
        """Print what changed."""
        self._outage.over()
        now = _time()
        for reading in wanted_readings(self._device, everything=self._everything):
            text = words(value_of(self._device, reading), reading.point.quantity)
            if self._shown.get(reading.path) != text:
                self._shown[reading.path] = text
                self._console.line(f"{now}  {reading.path}  {text}")

    def trouble(self, err: VoltrailError) -> None:
        """Say so on the side."""
        self._outage.tell(err)


class ScreenView:
    """A table that is drawn again in its place."""

    def __init__(
        self, device: PolledDevice, console: Console, screen: Screen, *, everything: bool
    ) -> None:
        self._device = device
        self._console = console
        self._screen = screen
        self._everything = everything
        self._table: list[str] = []
        self._read = ""

    def show(self) -> None:
        """Draw the table."""
        self._read = _time()
        table = device_table(self._device, self._console, everything=self._everything)
        self._table = list(table)
        self._draw(f"read at {self._read}, Ctrl-C ends")

    def trouble(self, err: VoltrailError) -> None:
        """Draw the old table under what went wrong."""
        header = f"{_time()}  {err} Last read at {self._read}."
        self._draw(self._console.styled(header[: self._console.width], Style.BAD))

    def _draw(self, header: str) -> None:
        self._screen.show([header, "", *self._table])


class Outage:
    """Tells once that a device is away, and once that it is back."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._told = False

    def tell(self, err: VoltrailError) -> None:
        """Note that the device could not be read."""
        if not self._told:
            self._told = True
            self._console.note(f"{err} Going on.")

    def over(self) -> None:
        """Note that it could."""
        if self._told:
            self._told = False
            self._console.note("the device answers again")


def _time() -> str:
    return datetime.now().astimezone().strftime("%H:%M:%S")
