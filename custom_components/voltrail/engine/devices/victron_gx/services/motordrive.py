"""Electric propulsion."""

from ....device import Cadence
from ....points import Quantity, Tier, measure
from ..component import GxComponent
from ..fields import Zero, int16, uint16
from ..service import Block, Service


class MotorDrive(GxComponent):
    """The motor and its controller. Power is positive while it drives."""

    motor_speed = measure(int16(2048), Quantity.ROTATION)
    motor_temperature = measure(int16(2049, 10, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE)
    voltage = measure(uint16(2050, 100), Quantity.VOLTAGE)
    current = measure(int16(2051, 10), Quantity.CURRENT)
    power = measure(int16(2052, 10), Quantity.POWER)
    controller_temperature = measure(
        int16(2053, 10, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )


MOTORDRIVE = Service(
    key="motordrive",
    title="Motor drive",
    probe=2048,
    blocks=(Block(name="main", component=MotorDrive, cadence=Cadence.MEASUREMENTS),),
)
