"""A Victron EV charging station: read it, and limit its current.

python examples/victron_evcs.py 192.168.1.23
"""

import asyncio
import sys

from voltrail.devices.victron_evcs import FAMILY
from voltrail.library import connect


async def main(place: str) -> None:
    """Talk to the charging station at a host."""
    async with connect(FAMILY, place) as station:
        print(f"{station.identity.model} {station.identity.serial}")

        await station.update()
        for reading in station.readings():
            print(reading.path, reading.read())

        await station.point.set_current_limit(10)
        print(f"limited to {station.point.current_limit:g} A")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
