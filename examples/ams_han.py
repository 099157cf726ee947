"""A smart meter at a network port, as ser2net offers it: wait for its first message.

python examples/ams_han.py 192.168.1.23 3001
"""

import asyncio
import sys

from voltrail.han import HanReader, shown


async def main(host: str, port: int) -> None:
    """Listen to the meter at a host; it sends by itself."""
    stream, writer = await asyncio.open_connection(host, port)
    reader = HanReader()
    while data := await stream.read(4096):
        for message in reader.feed(data):
            print(message.meter.manufacturer, message.meter.serial, message.timestamp)
            for name in message.readings:
                print(name, *shown(name, message.readings[name]))
            writer.close()
            return


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
