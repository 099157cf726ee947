"""Meters of DC sources, such as a SmartShunt at a wind turbine."""

from ....model.points import Quantity, Tier, derived, enumerated, measure, text
from ....polling.polled_device import Cadence
from ..component import AlarmedComponent, GxComponent, watts
from ..fields import Zero, code, int16, kwh32, string, uint16
from ..service import Block, Filler, Service
from ..states import Alarm


class DcSource(AlarmedComponent):
    """What the source gives, and the alarms of its meter."""

    voltage = measure(uint16(4200, 100), Quantity.VOLTAGE)
    current = measure(int16(4201, 10), Quantity.CURRENT)
    # The printed list has hundredths and no sign, which made 1.26 V of 12.6 V.
    starter_voltage = measure(
        int16(4202, 10, zero=Zero.UNTIL_SEEN), Quantity.VOLTAGE, tier=Tier.DETAIL
    )
    temperature = measure(
        int16(4203, 10, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )
    energy_produced = measure(kwh32(4204), Quantity.ENERGY)
    low_voltage_alarm = enumerated(code(4206, Alarm), tier=Tier.DETAIL)
    high_voltage_alarm = enumerated(code(4207, Alarm), tier=Tier.DETAIL)
    low_starter_voltage_alarm = enumerated(code(4208, Alarm), tier=Tier.EXPERT)
    high_starter_voltage_alarm = enumerated(code(4209, Alarm), tier=Tier.EXPERT)
    low_temperature_alarm = enumerated(code(4210, Alarm), tier=Tier.EXPERT)
    high_temperature_alarm = enumerated(code(4211, Alarm), tier=Tier.EXPERT)

    @derived(Quantity.POWER)
    def power(self) -> float | None:
        """What the source gives."""
        return watts(self.voltage, self.current)


class DcSourceIdentity(GxComponent):
    """The name that its owner gave it."""

    custom_name = text(string(4220, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)


DCSOURCE = Service(
    key="dcsource",
    title="DC source",
    probe=4200,
    blocks=(
        Block(name="identity", component=DcSourceIdentity, cadence=Cadence.IDENTITY),
        Block(name="main", component=DcSource, cadence=Cadence.MEASUREMENTS),
    ),
    fillers=(Filler(address=4212, count=8),),
)
