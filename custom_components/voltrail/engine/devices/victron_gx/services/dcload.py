"""Meters of DC loads."""

from ....model.points import Quantity, Tier, derived, enumerated, measure, text
from ....polling.polled_device import Cadence
from ..component import AlarmedComponent, GxComponent, watts
from ..fields import Zero, code, int16, kwh32, string, uint16
from ..service import Block, Filler, Service
from ..states import Alarm


class DcLoad(AlarmedComponent):
    """What the load takes, and the alarms of its meter."""

    voltage = measure(uint16(4300, 100), Quantity.VOLTAGE)
    current = measure(int16(4301, 10), Quantity.CURRENT)
    # The printed list has hundredths and no sign, which made 1.26 V of 12.6 V.
    starter_voltage = measure(
        int16(4302, 10, zero=Zero.UNTIL_SEEN), Quantity.VOLTAGE, tier=Tier.DETAIL
    )
    temperature = measure(
        int16(4303, 10, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )
    energy_consumed = measure(kwh32(4304), Quantity.ENERGY)
    low_voltage_alarm = enumerated(code(4306, Alarm), tier=Tier.DETAIL)
    high_voltage_alarm = enumerated(code(4307, Alarm), tier=Tier.DETAIL)
    low_starter_voltage_alarm = enumerated(code(4308, Alarm), tier=Tier.EXPERT)
    high_starter_voltage_alarm = enumerated(code(4309, Alarm), tier=Tier.EXPERT)
    low_temperature_alarm = enumerated(code(4310, Alarm), tier=Tier.EXPERT)
    high_temperature_alarm = enumerated(code(4311, Alarm), tier=Tier.EXPERT)

    @derived(Quantity.POWER)
    def power(self) -> float | None:
        """What the load takes."""
        return watts(self.voltage, self.current)


class DcLoadIdentity(GxComponent):
    """The name that its owner gave it."""

    custom_name = text(string(4320, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)


DCLOAD = Service(
    key="dcload",
    title="DC load",
    probe=4300,
    blocks=(
        Block(name="identity", component=DcLoadIdentity, cadence=Cadence.IDENTITY),
        Block(name="main", component=DcLoad, cadence=Cadence.MEASUREMENTS),
    ),
    fillers=(Filler(address=4312, count=8),),
)
