"""Meters on DC: of loads, sources and fuel cells, and of all that is no charger and no inverter.

A source is, for example, a SmartShunt at a wind turbine.
"""

from types import new_class
from typing import Any, Final

from ....model.points import Quantity, Tier, enumerated, measure
from ..component import AlarmedComponent, DcComponent, GxComponent
from ..fields import UNTIL_SEEN, code, int16, kwh32, row, uint16
from ..identities import identity
from ..service import Service, main, reserved
from ..states import Alarm

ALARMS: Final = {
    "low_voltage_alarm": Tier.DETAIL,
    "high_voltage_alarm": Tier.DETAIL,
    "low_starter_voltage_alarm": Tier.EXPERT,
    "high_starter_voltage_alarm": Tier.EXPERT,
    "low_temperature_alarm": Tier.EXPERT,
    "high_temperature_alarm": Tier.EXPERT,
}
"""The alarms of all of them, in the order of their registers."""


class DcMeter(DcComponent, AlarmedComponent):
    """What flows, and the alarms of the meter."""


def dc_meter(first: int, *energies: str) -> type[GxComponent]:
    """Return the registers of a meter: the energies stand between values and alarms."""
    fields: dict[str, Any] = {
        "voltage": measure(uint16(first, 100), Quantity.VOLTAGE),
        "current": measure(int16(first + 1, 10), Quantity.CURRENT),
        # The printed list has hundredths and no sign, which made 1.26 V of 12.6 V.
        "starter_voltage": measure(
            int16(first + 2, 10, zero=UNTIL_SEEN), Quantity.VOLTAGE, tier=Tier.DETAIL
        ),
        "temperature": measure(
            int16(first + 3, 10, zero=UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
        ),
    }
    for name, (_, address) in zip(energies, row(first + 4, len(energies), 2), strict=True):
        fields[name] = measure(kwh32(address), Quantity.ENERGY)
    alarms = row(first + 4 + 2 * len(energies), len(ALARMS))
    for (name, tier), (_, address) in zip(ALARMS.items(), alarms, strict=True):
        fields[name] = enumerated(code(address, Alarm), tier=tier)
    return new_class("DcMeter", (DcMeter,), None, lambda space: space.update(fields))


FUELCELL = Service("fuelcell", "Fuel cell", 4000, blocks=(main(dc_meter(4000, "energy_produced")),))
DCSOURCE = Service(
    "dcsource",
    "DC source",
    4200,
    (identity(4220), main(dc_meter(4200, "energy_produced"))),
    fillers=reserved((4212, 8)),
)
DCLOAD = Service(
    "dcload",
    "DC load",
    4300,
    (identity(4320), main(dc_meter(4300, "energy_consumed"))),
    fillers=reserved((4312, 8)),
)
DCSYSTEM = Service(
    "dcsystem",
    "DC system",
    4400,
    (identity(4420), main(dc_meter(4400, "energy_produced", "energy_consumed"))),
    fillers=reserved((4414, 6)),
)
