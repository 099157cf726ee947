"""A MENNEKES AMTRON Compact on a serial line: read it, and limit its current.

python examples/mennekes_rtu.py /dev/ttyUSB0
"""

import asyncio
import sys

from voltrail.devices.mennekes_rtu import FAMILY
from voltrail.library import connect, kept_alive


async def main(place: str) -> None:
    """Talk to the charger at a serial port, or behind a gateway."""
    async with connect(FAMILY, place) as charger, kept_alive(charger):
        print(f"{charger.identity.serial}, firmware {charger.identity.firmware}")

        await charger.update()
        for reading in charger.readings():
            print(reading.path, reading.read())

        power = charger.reading("power")
        register = charger.register("power")
        print(f"{power.read()} {register.unit}: {register.type} at {register.address}")

        await charger.point.set_current_limit(10)
        print(f"limited to {charger.point.current_limit:g} A")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
