"""A Victron GX: read it, and draw a little from the grid.

python examples/victron_gx.py 192.168.1.22
"""

import asyncio
import sys

from voltrail.devices.victron_gx import FAMILY
from voltrail.library import connect
from voltrail.model.controls import NumberControl
from voltrail.model.options import Options

HOUSE = Options(extra={"write": True, "ac_voltage": 230, "ac_phases": 3, "ac_current": 25})
"""Without these nothing can be set: they say what the house can carry."""


async def main(place: str) -> None:
    """Talk to the GX at a host."""
    async with connect(FAMILY, place, options=HOUSE) as gx:
        print(f"{gx.identity.serial}, firmware {gx.identity.firmware}")

        await gx.update()
        for reading in gx.readings():
            print(reading.path, reading.read())

        charge = gx.reading("state_of_charge")
        register = gx.register("state_of_charge")
        print(f"{charge.read()} {register.unit}: {register.type} at {register.address}")

        setpoint = gx.control("grid_setpoint")
        assert isinstance(setpoint, NumberControl)
        await setpoint.write(100)
        print(f"{setpoint.read():g} W from the grid, within {setpoint.bounds()}")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
