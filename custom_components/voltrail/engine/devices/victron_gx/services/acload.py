"""Meters of AC loads."""

from ....model.points import Quantity, Tier, derived, measure, text
from ....polling.polled_device import Cadence
from ..component import GxComponent, total
from ..fields import int16, int32, kwh32, string, uint16
from ..service import Block, Filler, Service


class AcLoad(GxComponent):
    """What the loads take. 3900 to 3902 have a sign in the server, not in the printed list."""

    voltage_l1 = measure(uint16(3910, 10), Quantity.VOLTAGE, phase=1)
    current_l1 = measure(int16(3911, 10), Quantity.CURRENT, phase=1)
    voltage_l2 = measure(uint16(3912, 10), Quantity.VOLTAGE, phase=2)
    current_l2 = measure(int16(3913, 10), Quantity.CURRENT, phase=2)
    voltage_l3 = measure(uint16(3914, 10), Quantity.VOLTAGE, phase=3)
    current_l3 = measure(int16(3915, 10), Quantity.CURRENT, phase=3)
    energy_consumed_l1 = measure(kwh32(3916), Quantity.ENERGY, phase=1, tier=Tier.EXPERT)
    energy_consumed_l2 = measure(kwh32(3918), Quantity.ENERGY, phase=2, tier=Tier.EXPERT)
    energy_consumed_l3 = measure(kwh32(3920), Quantity.ENERGY, phase=3, tier=Tier.EXPERT)
    frequency = measure(uint16(3922, 100, since=75), Quantity.FREQUENCY, tier=Tier.DETAIL)
    power_l1 = measure(int32(3924, since=78, before=int16(3900)), Quantity.POWER, phase=1)
    power_l2 = measure(int32(3926, since=78, before=int16(3901)), Quantity.POWER, phase=2)
    power_l3 = measure(int32(3928, since=78, before=int16(3902)), Quantity.POWER, phase=3)
    power_factor_l1 = measure(
        int16(3930, 1000, since=79), Quantity.POWER_FACTOR, phase=1, tier=Tier.EXPERT
    )
    power_factor_l2 = measure(
        int16(3931, 1000, since=79), Quantity.POWER_FACTOR, phase=2, tier=Tier.EXPERT
    )
    power_factor_l3 = measure(
        int16(3932, 1000, since=79), Quantity.POWER_FACTOR, phase=3, tier=Tier.EXPERT
    )
    power_factor = measure(int16(3933, 1000, since=79), Quantity.POWER_FACTOR, tier=Tier.EXPERT)

    @derived(Quantity.POWER)
    def power(self) -> float | None:
        """All phases together."""
        return total(self.power_l1, self.power_l2, self.power_l3)

    @derived(Quantity.ENERGY)
    def energy_consumed(self) -> float | None:
        """All phases together; nothing while one of them has lost its counter."""
        return self.counted("energy_consumed_l1", "energy_consumed_l2", "energy_consumed_l3")


class AcLoadIdentity(GxComponent):
    """Who the meter is."""

    serial_number = text(string(3903, 7), tier=Tier.EXPERT, private=True)
    custom_name = text(string(3940, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)


ACLOAD = Service(
    key="acload",
    title="AC load meter",
    probe=3900,
    blocks=(
        Block(name="identity", component=AcLoadIdentity, cadence=Cadence.IDENTITY),
        Block(name="main", component=AcLoad, cadence=Cadence.MEASUREMENTS),
    ),
    fillers=(Filler(address=3923, count=1), Filler(address=3934, count=6)),
)
