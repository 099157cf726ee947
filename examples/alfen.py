"""An Alfen Eve over Modbus TCP: read it, and limit the current of its first socket.

python examples/alfen.py 192.168.1.21
"""

import asyncio
import sys

from voltrail.devices.alfen import FAMILY
from voltrail.library import connect, kept_alive


async def main(place: str) -> None:
    """Talk to the station at a host."""
    async with connect(FAMILY, place) as station, kept_alive(station):
        print(f"{station.identity.model} {station.identity.serial}")

        await station.update()
        for reading in station.readings():
            print(reading.path, reading.read())

        voltage = station.reading("socket_1/voltage_l1")
        register = station.register("socket_1/voltage_l1")
        print(f"{voltage.read()} {register.unit}: {register.type} at {register.address}")

        socket = station.sockets[0]
        await socket.set_current_limit(10)
        print(f"limited to {socket.current_limit:g} A")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
