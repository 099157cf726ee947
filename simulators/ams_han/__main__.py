"""Run a simulated meter from the command line."""

import argparse
import asyncio
import signal
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from simulators.ams_han.catalogue import METERS
from simulators.ams_han.faults import Faults
from simulators.ams_han.house import House
from simulators.ams_han.meter import HanMeter, Sent
from simulators.ams_han.outputs import mqtt_output, pty_output, tcp_output
from simulators.ams_han.payloads import Form
from simulators.clock import Clock


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    listing = "\n".join(f"  {name:18}{kind.summary}" for name, kind in METERS.items())
    options = argparse.ArgumentParser(
        prog="python -m simulators.ams_han",
        description="A smart meter that pushes its lists over TCP, a pseudo-terminal and MQTT.",
        epilog=f"meters:\n{listing}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("meter", choices=METERS, metavar="METER", help="one of those below")
    options.add_argument("--host", default="127.0.0.1", help="address to listen on")
    options.add_argument("--port", type=int, default=3001, help="TCP port; 0 takes a free one")
    options.add_argument("--no-tcp", action="store_true", help="the other ways only")
    options.add_argument("--pty", type=Path, metavar="LINK", help="a pseudo-terminal, linked here")
    options.add_argument("--mqtt", type=broker, metavar="HOST[:PORT]", help="publish at a broker")
    options.add_argument("--topic", default="meter/han", help="under this topic")
    options.add_argument(
        "--form",
        choices=[form.name.lower() for form in Form],
        default="frame",
        help="and in this form",
    )
    options.add_argument("--speed", type=float, default=1.0, help="simulated seconds per second")
    options.add_argument("--seed", type=int, default=0, help="for repeatable loads and noise")
    options.add_argument("--start", type=datetime.fromisoformat, help="simulated time to begin at")
    options.add_argument("--serial-number", help="the meter's own id")
    options.add_argument("--sun", type=float, default=0, help="power of the roof at noon, W")
    options.add_argument("--lists", metavar="1,2", help="send only these lists")
    options.add_argument("--key", type=bytes.fromhex, help="encrypt with this key, 32 hex digits")
    options.add_argument("--authentication-key", type=bytes.fromhex, help="and sign with this one")
    faults = options.add_argument_group("faults", "probabilities per message")
    for name in ("noise", "lost", "flipped", "cut", "check"):
        faults.add_argument(f"--{name}", type=float, default=0)
    faults.add_argument("--parity", action="store_true", help="lose a third of all bytes")
    faults.add_argument("--burst", type=int, default=1, help="hold back so many messages")
    return options


def broker(text: str) -> tuple[str, int]:
    """Return where a broker is, by what stands on the command line."""
    host, _, port = text.partition(":")
    return host, int(port or 1883)


def build(chosen: argparse.Namespace) -> tuple[HanMeter, Faults]:
    """Return the meter and the line that were asked for."""
    kind = METERS[chosen.meter]
    start = chosen.start or datetime.now(UTC)
    if start.tzinfo is None:
        start = start.replace(tzinfo=UTC)
    seal = None
    if chosen.key is not None:
        seal = kind.seal(chosen.key, chosen.authentication_key)
    meter = HanMeter(
        kind,
        start=start,
        house=House(net=kind.net, seed=chosen.seed, sun=chosen.sun),
        seal=seal,
        serial=chosen.serial_number,
    )
    faults = Faults(
        random=Random(chosen.seed),  # noqa: S311 - noise
        noise=chosen.noise,
        lost=chosen.lost,
        flipped=chosen.flipped,
        cut=chosen.cut,
        check=chosen.check,
        parity=chosen.parity,
        burst=chosen.burst,
    )
    return meter, faults


def follow(
    meter: HanMeter,
    faults: Faults,
    clock: Clock,
    send: Callable[[bytes], None],
    lists: frozenset[str] | None = None,
    *,
    publish: Callable[[Sent], None] | None = None,
) -> Callable[[], None]:
    """Let a meter send, and an adapter publish, as the clock goes; return how to stop it."""

    def step(_seconds: float) -> None:
        for sent in meter.run_until(clock.moment):
            if (lists is None or sent.name in lists) and (data := faults.deliver(sent.wire)):
                send(data)
                if publish is not None:
                    publish(replace(sent, frames=[data]))

    return clock.subscribe(step)


async def _run(chosen: argparse.Namespace) -> None:
    meter, faults = build(chosen)
    clock = Clock(start=meter.moment + timedelta(seconds=meter.kind.step))
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    sinks: list[Callable[[bytes], None]] = []
    async with AsyncExitStack() as stack:
        if not chosen.no_tcp:
            tcp = await stack.enter_async_context(tcp_output(chosen.host, chosen.port))
            sinks.append(tcp.send)
            print(f"ams_han: tcp {chosen.host}:{tcp.port}", flush=True)
        if chosen.pty:
            pty = await stack.enter_async_context(pty_output(chosen.pty))
            sinks.append(pty.send)
            print(f"ams_han: pty {pty.path}", flush=True)
        publish = None
        if chosen.mqtt:
            host, port = chosen.mqtt
            form = Form[chosen.form.upper()]
            mqtt = await stack.enter_async_context(mqtt_output(host, port, chosen.topic, form))
            publish = mqtt.send
            print(f"ams_han: mqtt {host}:{port} {chosen.topic}", flush=True)

        def send(data: bytes) -> None:
            for sink in sinks:
                sink(data)

        lists = frozenset(chosen.lists.split(",")) if chosen.lists else None
        stack.callback(follow(meter, faults, clock, send, lists, publish=publish))
        time = asyncio.create_task(clock.follow_real_time(chosen.speed))
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({time, stopped}, return_when=asyncio.FIRST_COMPLETED)
        for task in (time, stopped):
            task.cancel()


def main() -> None:
    """Parse the command line and send."""
    options = parser()
    chosen = options.parse_args()
    if METERS[chosen.meter].ciphered and chosen.key is None:
        print(f"ams_han: {chosen.meter} is usually encrypted; see --key", flush=True)
    asyncio.run(_run(chosen))


if __name__ == "__main__":
    main()
