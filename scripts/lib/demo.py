"""The demo: a small simulated house, and a Home Assistant that is set up in it."""

import argparse
import asyncio
import contextlib
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from scripts.lib import dashboard, demo_entries, energy
from scripts.lib.conversation import RefusedError
from scripts.lib.demo_entries import Entities, Place, SetUpError
from scripts.lib.energy import EnergyError
from scripts.lib.home_assistant import ROOT, HomeAssistant, NotReadyError
from scripts.lib.house import Ports
from scripts.lib.isolation import IsolationError, isolate
from scripts.lib.process import EndedError, Process

USER: Final = "demo"
HISTORY: Final = Path(__file__).parent / "simulated_history"

BEGUN: Final = time.monotonic()


def say(text: str) -> None:
    """Tell the user where we are."""
    print(f"voltrail: {text}", flush=True)


def progress(text: str) -> None:
    """Tell the user how far it is."""
    say(f"{time.monotonic() - BEGUN:4.1f} s  {text}")


def occupied(ports: list[int]) -> list[int]:
    """List those ports of the loopback that somebody else has."""
    found = []
    for port in ports:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                found.append(port)
    return found


@dataclass(kw_only=True)
class Demo:
    """A house, and a Home Assistant, both in one folder that can be thrown away."""

    folder: Path
    port: int = 8123
    speed: float = 1.0
    time_zone: str = "Europe/Oslo"
    ports: Ports = field(default_factory=Ports)
    entries: dict[str, str] = field(default_factory=dict, init=False)
    """The ids of the config entries, by the name of the device."""

    def __post_init__(self) -> None:
        self.home_assistant = HomeAssistant(self.folder / "config", port=self.port)
        self._processes: list[Process] = []

    def start(self, stack: contextlib.ExitStack) -> None:
        """Start everything and set it up; the stack ends it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        progress("starting Home Assistant, and the house")
        house = stack.enter_context(self._build_house())
        home_assistant = self.home_assistant
        home_assistant.prepare(
            time_zone=self.time_zone, more=f"{HISTORY.name}:\n", components=[HISTORY]
        )
        stack.callback(home_assistant.stop)
        home_assistant.start()
        home_assistant.sign_in(USER, USER)
        home_assistant.wait_until_running()
        self._wait_for(house)
        progress("both are running")
        assert home_assistant.process is not None
        self._processes = [house, home_assistant.process]
        self._set_up()

    def check(self) -> None:
        """Raise if something has ended."""
        for process in self._processes:
            process.check()

    def _build_house(self) -> Process:
        return Process(
            "The house",
            [
                *(sys.executable, "-m", "scripts.lib.house", str(self.folder)),
                *("--speed", str(self.speed), "--time-zone", self.time_zone),
            ],
            log=self.folder / "house.log",
            folder=ROOT,
        )

    def _wait_for(self, house: Process) -> None:
        deadline = time.monotonic() + 60
        while not (self.folder / "ready").exists():
            house.check()
            if time.monotonic() > deadline:
                message = "The house was not ready within 60 seconds"
                raise NotReadyError(message)
            time.sleep(0.05)

    def _set_up(self) -> None:
        places = demo_entries.places(self.ports, self.folder / "carport")
        # All at once: a GX is searched for its devices, a meter speaks when it wants to.
        with ThreadPoolExecutor(len(places)) as pool:
            for place, entry_id in pool.map(self._set_up_one, places):
                self.entries[place.key] = entry_id
        asyncio.run(self._furnish(places))
        progress("filled in the history, the Energy dashboard and a dashboard")

    def _set_up_one(self, place: Place) -> tuple[Place, str]:
        entry_id = demo_entries.set_up(self.home_assistant, place)
        progress(f"set up {place.title}")
        return place, entry_id

    async def _furnish(self, places: Iterable[Place]) -> None:
        async with self.home_assistant.talk() as talk:
            entities = Entities(self.entries)
            await entities.look(talk, ["meter/power", "meter/energy_imported"])
            hour = datetime.now(ZoneInfo(self.time_zone)).hour
            demo_entries.set_limits(self.home_assistant, entities, hour)
            await demo_entries.arrange(talk, places, entities)
            energy.accept(self.home_assistant)
            await energy.set_prices(talk)
            await demo_entries.fill_history(talk, entities, self.folder)
            await energy.check(talk)
            demo_entries.control_charging(self.home_assistant)
            await dashboard.save(talk)


def run(demo: Demo) -> None:
    """Start everything, tell where it is, and keep it until interrupted."""
    with contextlib.ExitStack() as stack:
        demo.start(stack)
        say(f"Home Assistant is at {demo.home_assistant.url} (user {USER}, password {USER})")
        say(f"what it writes lies in {demo.folder}; Ctrl-C ends everything")
        while True:
            demo.check()
            time.sleep(0.5)


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8123, help="of Home Assistant")
    parser.add_argument("--speed", type=float, default=1.0, help="simulated seconds per second")
    parser.add_argument("--time-zone", default="Europe/Oslo", help="where the house stands")
    parser.add_argument(
        "--folder", type=Path, default=ROOT / ".demo", help="for what is written; emptied first"
    )
    parser.add_argument(
        "--isolated",
        action="store_true",
        help="in a network namespace, out of reach of every browser that is not in it",
    )
    chosen = parser.parse_args()
    demo = Demo(
        folder=chosen.folder.resolve(),
        port=chosen.port,
        speed=chosen.speed,
        time_zone=chosen.time_zone,
    )
    # Not only Ctrl-C: a closed terminal must leave nothing behind either. And Ctrl-C is
    # named too, because a shell starts what runs in its background without it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        if chosen.isolated:
            isolate()
        if taken := occupied([demo.port, *demo.ports.all]):
            say(f"taken by another program: port {', port '.join(map(str, taken))}")
            if demo.port in taken:
                say("choose another one for Home Assistant with --port")
            return 1
        run(demo)
    except (
        IsolationError,
        NotReadyError,
        EndedError,
        SetUpError,
        RefusedError,
        EnergyError,
    ) as err:
        say(str(err))
        return 1
    except KeyboardInterrupt:
        say("ended")
    return 0


if __name__ == "__main__":
    sys.exit(main())
