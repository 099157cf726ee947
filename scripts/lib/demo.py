"""The demo: a simulated charger, and a Home Assistant to add it to."""

import argparse
import contextlib
import shutil
import signal
import socket
import sys
import time
import urllib.request
from pathlib import Path
from typing import Final

from scripts.lib.home_assistant import ROOT, HomeAssistant, NotReadyError
from scripts.lib.isolation import IsolationError, isolate
from scripts.lib.process import EndedError, Process

USER: Final = "demo"
CHARGER_PORT: Final = 1502
CONTROL_PORT: Final = 18502
DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def say(text: str) -> None:
    """Tell the user where we are."""
    print(f"voltrail: {text}", flush=True)


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


def start_charger(folder: Path) -> Process:
    """Start the simulated charger and wait until its control interface answers."""
    simulator = Process(
        "The simulator",
        [
            *(sys.executable, "-m", "simulators.mennekes_tcp"),
            *("--port", str(CHARGER_PORT), "--control-port", str(CONTROL_PORT)),
        ],
        log=folder / "simulator.log",
        folder=ROOT,
    )
    deadline = time.monotonic() + 30
    while True:
        simulator.check()
        with contextlib.suppress(OSError):
            DIRECT.open(f"http://127.0.0.1:{CONTROL_PORT}/state", timeout=5).close()
            return simulator
        if time.monotonic() > deadline:
            simulator.stop()
            message = "The simulator did not answer within 30 seconds"
            raise NotReadyError(message)
        time.sleep(0.1)


def run(folder: Path, port: int) -> None:
    """Start everything, tell where it is, and keep it until interrupted."""
    with contextlib.ExitStack() as stack:
        say("starting the simulated charger")
        simulator = stack.enter_context(start_charger(folder))
        home_assistant = HomeAssistant(folder / "config", port=port)
        home_assistant.prepare()
        stack.callback(home_assistant.stop)
        say("starting Home Assistant")
        home_assistant.start()
        home_assistant.sign_in(USER, USER)
        home_assistant.wait_until_running()
        say(f"Home Assistant is at {home_assistant.url} (user {USER}, password {USER})")
        say(f"add Voltrail there with host 127.0.0.1 and port {CHARGER_PORT}")
        say(f"the charger's states are at http://127.0.0.1:{CONTROL_PORT}/state")
        say(f"what they write lies in {folder}; Ctrl-C ends everything")
        while True:
            simulator.check()
            if home_assistant.process is not None:
                home_assistant.process.check()
            time.sleep(0.5)


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--port", type=int, default=8123, help="of Home Assistant")
    parser.add_argument(
        "--keep", action="store_true", help="go on with the Home Assistant of the last time"
    )
    parser.add_argument(
        "--isolated",
        action="store_true",
        help="in a network namespace, out of reach of every browser that is not in it",
    )
    chosen = parser.parse_args()
    folder = ROOT / ".demo"
    # Not only Ctrl-C: a closed terminal must leave nothing behind either. And Ctrl-C is
    # named too, because a shell starts what runs in its background without it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        if chosen.isolated:
            isolate()
        if taken := occupied([chosen.port, CHARGER_PORT, CONTROL_PORT]):
            say(f"taken by another program: port {', port '.join(map(str, taken))}")
            return 1
        if not chosen.keep:
            shutil.rmtree(folder, ignore_errors=True)
        run(folder, chosen.port)
    except (IsolationError, NotReadyError, EndedError) as err:
        say(str(err))
        return 1
    except KeyboardInterrupt:
        say("ended")
    return 0


if __name__ == "__main__":
    sys.exit(main())
