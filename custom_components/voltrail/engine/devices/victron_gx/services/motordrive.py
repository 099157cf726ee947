"""Electric propulsion."""

from collections.abc import Iterable

from ....model.points import Quantity, Tier, derived, measure
from ....polling.polled_device import Cadence
from ..component import GxComponent
from ..energy import EnergyTotal
from ..fields import Zero, int16, uint16
from ..service import Block, Service
from ..service_device import Node


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


class MotorEnergy:
    """What the motor took and gave since it was first met; it has no counter."""

    def __init__(self, account: EnergyTotal) -> None:
        self._account = account

    @derived(Quantity.ENERGY, depends_on=("main",))
    def energy_consumed(self) -> float | None:
        """What it took to drive."""
        return self._account.value("energy_consumed")

    @derived(Quantity.ENERGY, depends_on=("main",), tier=Tier.DETAIL)
    def energy_produced(self) -> float | None:
        """What it gave back under sail, or while it slowed down."""
        return self._account.value("energy_produced")


def _views(node: Node) -> Iterable[object]:
    motor = node.the(MotorDrive)
    account = node.device.ledger.open(
        node.names[MotorDrive],
        motor,
        power=lambda: motor.power,
        positive="energy_consumed",
        negative="energy_produced",
    )
    yield MotorEnergy(account)


MOTORDRIVE = Service(
    key="motordrive",
    title="Motor drive",
    probe=2048,
    blocks=(Block(name="main", component=MotorDrive, cadence=Cadence.MEASUREMENTS),),
    views=_views,
)
