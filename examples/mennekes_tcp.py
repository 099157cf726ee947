"""A MENNEKES AMTRON over Modbus TCP: read it, and limit its current.

python examples/mennekes_tcp.py 192.168.1.20
"""

import asyncio
import sys

from voltrail.devices.mennekes_tcp import FAMILY
from voltrail.library import connect


async def main(place: str) -> None:
    """Talk to the charger at a host."""
    async with connect(FAMILY, place) as charger:
        print(f"{charger.identity.model}, firmware {charger.identity.firmware}")

        await charger.update()
        for reading in charger.readings():
            print(reading.path, reading.read())

        power = charger.reading("power")
        register = charger.register("power")
        print(f"{power.read()} {register.unit}: {register.type} at {register.address}")

        await charger.profile.set_current_limit(10)
        print(f"limited to {charger.profile.current_limit:g} A")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
