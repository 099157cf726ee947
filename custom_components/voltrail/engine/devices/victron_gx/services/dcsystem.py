"""Meters of DC systems: everything on DC that is no charger and no inverter."""

from ....model.points import Quantity, Tier, derived, enumerated, measure, text
from ....polling.polled_device import Cadence
from ..component import AlarmedComponent, GxComponent, watts
from ..fields import Zero, code, int16, kwh32, string, uint16
from ..service import Block, Filler, Service
from ..states import Alarm


class DcSystem(AlarmedComponent):
    """What goes to the DC system, and the alarms of its meter."""

    voltage = measure(uint16(4400, 100), Quantity.VOLTAGE)
    current = measure(int16(4401, 10), Quantity.CURRENT)
    # The printed list has hundredths and no sign, which made 1.26 V of 12.6 V.
    starter_voltage = measure(
        int16(4402, 10, zero=Zero.UNTIL_SEEN), Quantity.VOLTAGE, tier=Tier.DETAIL
    )
    temperature = measure(
        int16(4403, 10, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )
    energy_produced = measure(kwh32(4404), Quantity.ENERGY)
    energy_consumed = measure(kwh32(4406), Quantity.ENERGY)
    low_voltage_alarm = enumerated(code(4408, Alarm), tier=Tier.DETAIL)
    high_voltage_alarm = enumerated(code(4409, Alarm), tier=Tier.DETAIL)
    low_starter_voltage_alarm = enumerated(code(4410, Alarm), tier=Tier.EXPERT)
    high_starter_voltage_alarm = enumerated(code(4411, Alarm), tier=Tier.EXPERT)
    low_temperature_alarm = enumerated(code(4412, Alarm), tier=Tier.EXPERT)
    high_temperature_alarm = enumerated(code(4413, Alarm), tier=Tier.EXPERT)

    @derived(Quantity.POWER)
    def power(self) -> float | None:
        """Voltage times current, with the sign of the current."""
        return watts(self.voltage, self.current)


class DcSystemIdentity(GxComponent):
    """The name that its owner gave it."""

    custom_name = text(string(4420, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)


DCSYSTEM = Service(
    key="dcsystem",
    title="DC system",
    probe=4400,
    blocks=(
        Block(name="identity", component=DcSystemIdentity, cadence=Cadence.IDENTITY),
        Block(name="main", component=DcSystem, cadence=Cadence.MEASUREMENTS),
    ),
    fillers=(Filler(address=4414, count=6),),
)
