"""Meters of AC loads."""

from ....model.points import Quantity, Tier, measure, phases
from ..component import GxComponent, phase_counters, phase_sum
from ..fields import each, int16, int32, kwh32, uint16
from ..identities import identity
from ..service import Service, main, reserved


class AcLoad(GxComponent, tier=Tier.EXPERT):
    """What the loads take. 3900 to 3902 have a sign in the server, not in the printed list."""

    voltage_l1, voltage_l2, voltage_l3 = phases(
        uint16, (3910, 3912, 3914), Quantity.VOLTAGE, scale=10, tier=Tier.MAIN
    )
    current_l1, current_l2, current_l3 = phases(
        int16, (3911, 3913, 3915), Quantity.CURRENT, scale=10, tier=Tier.MAIN
    )
    energy_consumed_l1, energy_consumed_l2, energy_consumed_l3 = phases(
        kwh32, (3916, 3918, 3920), Quantity.ENERGY
    )
    frequency = measure(uint16(3922, 100, since=75), Quantity.FREQUENCY, tier=Tier.DETAIL)
    power_l1, power_l2, power_l3 = phases(
        int32,
        (3924, 3926, 3928),
        Quantity.POWER,
        since=78,
        before=each(int16, 3900, 3901, 3902),
        tier=Tier.MAIN,
    )
    power_factor_l1, power_factor_l2, power_factor_l3 = phases(
        int16, (3930, 3931, 3932), Quantity.POWER_FACTOR, scale=1000, since=79
    )
    power_factor = measure(int16(3933, 1000, since=79), Quantity.POWER_FACTOR)
    power = phase_sum("power", tier=Tier.MAIN)
    energy_consumed = phase_counters("energy_consumed")


ACLOAD = Service(
    "acload",
    "AC load meter",
    3900,
    (identity(3940, serial=(3903, 7)), main(AcLoad)),
    fillers=reserved((3923, 1), (3934, 6)),
)
