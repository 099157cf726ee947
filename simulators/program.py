"""What all simulators share when they run as programs: options, faces, time, a clean end."""

import argparse
import asyncio
import signal
import sys
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from pathlib import Path

from simulators.clock import Clock
from simulators.control import control
from simulators.device import SimulatedDevice
from simulators.server import CannotServeError, LineSettings, serve, serve_pty, serve_serial
from simulators.states import StateError


def options(
    program: str, description: str, *, port: int, line: LineSettings | None = None
) -> argparse.ArgumentParser:
    """Return a parser with the options every simulator has; a family adds its own."""
    line = line or LineSettings()
    parser = argparse.ArgumentParser(prog=program, description=description)
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=port, help="TCP port; 0 takes a free one")
    parser.add_argument("--rtu-over-tcp", action="store_true", help="serial frames on that port")
    parser.add_argument("--no-tcp", action="store_true", help="a serial face only")
    parser.add_argument("--serial", metavar="PATH", help="also serve on this serial port")
    parser.add_argument(
        "--pty", type=Path, metavar="LINK", help="also serve on a pseudo-terminal, linked from here"
    )
    parser.add_argument("--baudrate", type=int, default=line.baudrate)
    parser.add_argument("--parity", choices=["N", "E", "O"], default=line.parity)
    parser.add_argument("--stopbits", type=int, choices=[1, 2], default=line.stopbits)
    parser.add_argument("--control-port", type=int, default=0, help="HTTP; 0 takes a free one")
    parser.add_argument("--speed", type=float, default=1.0, help="simulated seconds per second")
    parser.add_argument("--seed", type=int, default=0, help="for repeatable noise")
    parser.add_argument(
        "--set",
        action="append",
        type=_assignment,
        default=[],
        metavar="NAME=VALUE",
        help="a state to begin with, as in car.phases=1",
    )
    return parser


def _assignment(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        message = f"{text!r} is not NAME=VALUE"
        raise argparse.ArgumentTypeError(message)
    return name, value


def real_clock() -> Clock:
    """Return a clock that begins now."""
    return Clock(start=datetime.now(UTC))


async def _run(device: SimulatedDevice, chosen: argparse.Namespace) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        faces: list[str] = []
        if not chosen.no_tcp:
            server = serve(device, host=chosen.host, port=chosen.port, rtu=chosen.rtu_over_tcp)
            faces.append(str(await stack.enter_async_context(server)))
        line = LineSettings(
            baudrate=chosen.baudrate, parity=chosen.parity, stopbits=chosen.stopbits
        )
        if chosen.serial:
            serial = serve_serial(device, chosen.serial, line)
            faces.append(str(await stack.enter_async_context(serial)))
        if chosen.pty:
            cable = await stack.enter_async_context(serve_pty(device, chosen.pty))
            faces.append(f"rtu {cable.path}")
        address = await stack.enter_async_context(control(device, chosen.control_port))
        for face in faces:
            print(f"{device.name}: {face}", flush=True)
        print(f"{device.name}: control {address}", flush=True)
        time = asyncio.create_task(device.clock.follow_real_time(chosen.speed))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({time, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        time.cancel()
        with suppress(asyncio.CancelledError):
            await time  # raises what ended the model, if that is why we are here


def run(device: SimulatedDevice, chosen: argparse.Namespace) -> None:
    """Serve until interrupted or terminated."""
    try:
        device.set(dict(chosen.set))
        asyncio.run(_run(device, chosen))
    except (CannotServeError, OSError, StateError) as err:
        sys.exit(f"{device.name}: {err}")
