"""The browser tests: a network with simulated devices, a Home Assistant, and a person in a browser.

Everything happens in a network namespace with a loopback and nothing behind it, so that the
devices can have the addresses and ports of real ones, and nobody outside is disturbed.
"""

import argparse
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from scripts.lib.home_assistant import ROOT, HomeAssistant, NotReadyError
from scripts.lib.isolation import IsolationError, isolate
from scripts.lib.process import EndedError, Process

TESTS: Final = ROOT / "tests" / "e2e"
PICTURES: Final = ROOT / "docs" / "images"
USER: Final = "demo"

ADDRESS: Final = "192.168.1.2"
OLD_CHARGER: Final = "mennekes_modbus:\n  host: 192.168.1.51\n  port: 502\n  slave_id: 1\n"
"""What an older integration at the same charger was set up with, once."""
BROKER: Final = ("127.0.0.1", 1883)
PATIENCE: Final = 30
"""Seconds for a process to get ready."""


@dataclass(frozen=True, kw_only=True)
class Device:
    """A simulated device: its program, where it is reached, and where it can be looked at."""

    program: str
    options: tuple[str, ...] = ()
    host: str
    port: int
    control: int | None = None

    def command(self) -> list[str]:
        """Return how to start it."""
        control = () if self.control is None else ("--control-port", str(self.control))
        return [
            *(sys.executable, "-m", self.program, *self.options),
            *("--host", self.host, "--port", str(self.port), *control),
        ]


def devices(folder: Path) -> dict[str, Device]:
    """List the devices of the network."""
    return {
        "mennekes_tcp": Device(
            program="simulators.mennekes_tcp",
            options=("--model", "4Business 710 11 C2", "--car", "plugged"),
            host="192.168.1.51",
            port=502,
            control=18051,
        ),
        "mennekes_rtu": Device(
            program="simulators.mennekes_rtu",
            options=("--rtu-over-tcp", "--fallback", "6", "--car", "plugged"),
            host="192.168.1.52",
            port=8899,
            control=18052,
        ),
        "alfen": Device(
            program="simulators.alfen",
            options=("--sockets", "2", "--validity", "300", "--car", "plugged"),
            host="192.168.1.53",
            port=502,
            control=18053,
        ),
        "victron_gx": Device(
            program="simulators.victron_gx", host="192.168.1.54", port=502, control=18054
        ),
        "ams_han": Device(
            program="simulators.ams_han", options=("aidon-tn",), host="192.168.1.55", port=3001
        ),
        "serial_meter": Device(
            program="simulators.ams_han",
            options=("kamstrup-tn", "--pty", str(folder / "meter")),
            host="192.168.1.56",
            port=3001,
        ),
        "mqtt_meter": Device(
            program="tests.e2e.mqtt_adapter", options=("kaifa-tn",), host=BROKER[0], port=BROKER[1]
        ),
    }


def say(text: str) -> None:
    """Tell the user where we are."""
    print(f"voltrail: {text}", flush=True)


def wait_for(process: Process, host: str, port: int) -> None:
    """Wait until somebody listens there."""
    deadline = time.monotonic() + PATIENCE
    while True:
        process.check()
        with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
            return
        if time.monotonic() > deadline:
            message = f"{process.name} was not ready within {PATIENCE} seconds"
            raise NotReadyError(message)
        time.sleep(0.1)


def start_broker(stack: contextlib.ExitStack, folder: Path) -> None:
    """Start an MQTT broker for this machine alone."""
    host, port = BROKER
    configuration = folder / "mosquitto.conf"
    # As root it would become a user that may not read our folder.
    configuration.write_text(
        f"listener {port} {host}\nallow_anonymous true\nuser root\n", encoding="utf-8"
    )
    # Debian keeps it where only root looks.
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    broker = stack.enter_context(
        Process(
            "mosquitto",
            [program, "-c", str(configuration)],
            log=folder / "mosquitto.log",
            folder=folder,
        )
    )
    wait_for(broker, host, port)


def run(folder: Path, files: list[str], pictures: Path) -> int:
    """Start everything, let the person at it, and end everything."""
    with contextlib.ExitStack() as stack:
        say("starting the devices and Home Assistant")
        start_broker(stack, folder)
        network = devices(folder)
        simulators = [
            stack.enter_context(
                Process(name, device.command(), log=folder / f"{name}.log", folder=ROOT)
            )
            for name, device in network.items()
        ]
        home_assistant = HomeAssistant(folder / "config")
        home_assistant.prepare(
            more=f"zeroconf:\ninspection:\n{OLD_CHARGER}",
            components=[TESTS / "inspection", TESTS / "mennekes_modbus"],
        )
        stack.callback(home_assistant.stop)
        home_assistant.start()
        home_assistant.sign_in(USER, USER)
        home_assistant.wait_until_running()
        assert home_assistant.process is not None
        world = {
            "url": home_assistant.url,
            "user": USER,
            "token": home_assistant.tokens["access_token"],
            "pid": home_assistant.process.pid,
            "config": str(home_assistant.folder),
            "log": str(home_assistant.process.log),
            "folder": str(folder),
            "modules": str(folder.parent / "node_modules"),
            "pictures": str(pictures),
            "python": sys.executable,
            "devices": {name: asdict(device) for name, device in network.items()},
        }
        (folder / "world.json").write_text(json.dumps(world), encoding="utf-8")
        say("opening the browser")
        status = subprocess.run(  # noqa: S603 - our tests
            [
                *("node", f"--test-reporter={TESTS / 'reporter.mjs'}"),
                *(str(TESTS / "all.mjs"), *files),
            ],
            env={
                **os.environ,
                "E2E_WORLD": str(folder / "world.json"),
                "E2E_CHROMIUM": shutil.which("chromium") or "",
            },
            cwd=ROOT,
            check=False,
        ).returncode
        # What failed may have failed because of this.
        for process in (*simulators, home_assistant.process):
            process.check()
        return status


def main() -> int:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="scripts/e2e", description=__doc__)
    parser.add_argument("files", nargs="*", help="only these of tests/e2e, such as alfen")
    parser.add_argument("--pictures", action="store_true", help="put the pictures into docs/images")
    chosen = parser.parse_args()
    folder = ROOT / ".e2e" / "run"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    pictures = PICTURES if chosen.pictures else folder / "pictures"
    pictures.mkdir(parents=True, exist_ok=True)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        isolate(ADDRESS)
        return run(folder, chosen.files, pictures)
    except (IsolationError, NotReadyError, EndedError) as err:
        say(str(err))
        return 1
    except KeyboardInterrupt:
        say("ended")
        return 130


if __name__ == "__main__":
    sys.exit(main())
