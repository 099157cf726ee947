"""An adapter that publishes the frames of a simulated meter to a broker, as amsreader does."""

import argparse
import asyncio

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from simulators.ams_han.__main__ import follow
from simulators.ams_han.catalogue import METERS
from simulators.ams_han.faults import Faults
from simulators.ams_han.meter import HanMeter
from simulators.program import real_clock

TOPIC = "han/frames"


async def _run(chosen: argparse.Namespace) -> None:
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect(chosen.host, chosen.port)
    client.loop_start()
    clock = real_clock()
    meter = HanMeter(METERS[chosen.meter], start=clock.moment)

    def publish(frame: bytes) -> None:
        client.publish(TOPIC, frame)

    follow(meter, Faults(), clock, publish)
    await clock.follow_real_time()


def main() -> None:
    """Parse the command line and publish until ended."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.mqtt_adapter", description=__doc__)
    parser.add_argument("meter", choices=METERS, metavar="METER")
    parser.add_argument("--host", default="127.0.0.1", help="of the broker")
    parser.add_argument("--port", type=int, default=1883)
    asyncio.run(_run(parser.parse_args()))


if __name__ == "__main__":
    main()
