"""Electric propulsion."""

from ....model.points import Quantity, Tier, measure
from ..component import GxComponent
from ..fields import UNTIL_SEEN, int16, uint16
from ..service import Energy, Service, main


class MotorDrive(GxComponent):
    """The motor and its controller. Power is positive while it drives."""

    motor_speed = measure(int16(2048), Quantity.ROTATION)
    motor_temperature = measure(int16(2049, 10, zero=UNTIL_SEEN), Quantity.TEMPERATURE)
    voltage = measure(uint16(2050, 100), Quantity.VOLTAGE)
    current = measure(int16(2051, 10), Quantity.CURRENT)
    power = measure(int16(2052, 10), Quantity.POWER)
    controller_temperature = measure(
        int16(2053, 10, zero=UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )


MOTORDRIVE = Service(
    "motordrive",
    "Motor drive",
    2048,
    (main(MotorDrive),),
    energies=(
        # It has no counter. It gives energy back under sail, or while it slows down.
        Energy(
            MotorDrive,
            power=lambda device: device.the(MotorDrive).power,
            positive="energy_consumed",
            negative="energy_produced",
            tiers={"energy_produced": Tier.DETAIL},
        ),
    ),
)
