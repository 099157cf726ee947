"""Fuel cells."""

from ....model.points import Quantity, Tier, derived, enumerated, measure
from ....polling.polled_device import Cadence
from ..component import AlarmedComponent, watts
from ..fields import Zero, code, int16, kwh32, uint16
from ..service import Block, Service
from ..states import Alarm


class FuelCell(AlarmedComponent):
    """What the fuel cell gives, and its alarms."""

    voltage = measure(uint16(4000, 100), Quantity.VOLTAGE)
    current = measure(int16(4001, 10), Quantity.CURRENT)
    # The printed list has hundredths and no sign, which made 1.26 V of 12.6 V.
    starter_voltage = measure(
        int16(4002, 10, zero=Zero.UNTIL_SEEN), Quantity.VOLTAGE, tier=Tier.DETAIL
    )
    temperature = measure(
        int16(4003, 10, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )
    energy_produced = measure(kwh32(4004), Quantity.ENERGY)
    low_voltage_alarm = enumerated(code(4006, Alarm), tier=Tier.DETAIL)
    high_voltage_alarm = enumerated(code(4007, Alarm), tier=Tier.DETAIL)
    low_starter_voltage_alarm = enumerated(code(4008, Alarm), tier=Tier.EXPERT)
    high_starter_voltage_alarm = enumerated(code(4009, Alarm), tier=Tier.EXPERT)
    low_temperature_alarm = enumerated(code(4010, Alarm), tier=Tier.EXPERT)
    high_temperature_alarm = enumerated(code(4011, Alarm), tier=Tier.EXPERT)

    @derived(Quantity.POWER)
    def power(self) -> float | None:
        """What the fuel cell gives."""
        return watts(self.voltage, self.current)


FUELCELL = Service(
    key="fuelcell",
    title="Fuel cell",
    probe=4000,
    blocks=(Block(name="main", component=FuelCell, cadence=Cadence.MEASUREMENTS),),
)
