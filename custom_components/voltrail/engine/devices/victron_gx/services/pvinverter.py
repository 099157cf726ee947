"""Solar inverters on the AC side. They vanish every night."""

from collections.abc import Iterator

from ....model.controls import Control
from ....model.points import Quantity, Tier, derived, enumerated, measure, text
from ....polling.polled_device import Cadence
from ..component import GxComponent
from ..fields import Zero, code, int16, int32, kwh16, kwh32, string, uint16, uint32
from ..service import Block, Filler, Service
from ..service_device import Node
from ..states import InverterPosition
from ..write_limits import Rail, Setting


class PvInverter(GxComponent):
    """What the inverter gives. Some drivers put the whole energy on L1."""

    position = enumerated(code(1026, InverterPosition), tier=Tier.DETAIL)
    voltage_l1 = measure(uint16(1027, 10), Quantity.VOLTAGE, phase=1)
    current_l1 = measure(int16(1028, 10), Quantity.CURRENT, phase=1)
    voltage_l2 = measure(uint16(1031, 10), Quantity.VOLTAGE, phase=2)
    current_l2 = measure(int16(1032, 10), Quantity.CURRENT, phase=2)
    voltage_l3 = measure(uint16(1035, 10), Quantity.VOLTAGE, phase=3)
    current_l3 = measure(int16(1036, 10), Quantity.CURRENT, phase=3)
    # The narrow ones wrap at 655.35 kWh and are given up by the document.
    energy_produced_l1 = measure(
        kwh32(1046, before=kwh16(1030, 100)), Quantity.ENERGY, phase=1, tier=Tier.EXPERT
    )
    energy_produced_l2 = measure(
        kwh32(1048, before=kwh16(1034, 100)), Quantity.ENERGY, phase=2, tier=Tier.EXPERT
    )
    energy_produced_l3 = measure(
        kwh32(1050, before=kwh16(1038, 100)), Quantity.ENERGY, phase=3, tier=Tier.EXPERT
    )
    # Watts, though 1052 to 1056 are listed as kW. The first two can be written for the
    # server's part; there is no sense in it.
    power = measure(int32(1052, writable=True), Quantity.POWER)
    maximum_power = measure(
        uint32(1054, zero=Zero.NO_VALUE, writable=True), Quantity.POWER, tier=Tier.DETAIL
    )
    power_limit = measure(
        uint32(1056, setting=Setting(minimum=0, maximum=300_000, rail=Rail.AC_POWER)),
        Quantity.POWER,
        tier=Tier.EXPERT,
    )
    power_l1 = measure(uint32(1058, since=52, before=uint16(1029)), Quantity.POWER, phase=1)
    power_l2 = measure(uint32(1060, since=52, before=uint16(1033)), Quantity.POWER, phase=2)
    power_l3 = measure(uint32(1062, since=52, before=uint16(1037)), Quantity.POWER, phase=3)
    frequency = measure(uint16(1064, 100, since=75), Quantity.FREQUENCY, tier=Tier.DETAIL)

    @derived(Quantity.ENERGY)
    def energy_produced(self) -> float | None:
        """All phases together; nothing while one of them has lost its counter."""
        return self.counted("energy_produced_l1", "energy_produced_l2", "energy_produced_l3")


class PvInverterIdentity(GxComponent):
    """Who the inverter is."""

    serial_number = text(string(1039, 7), tier=Tier.EXPERT, private=True)
    custom_name = text(string(1070, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)


def _controls(node: Node) -> Iterator[Control]:
    # For external control (mode 3): in the others ESS writes it.
    yield from node.number(
        PvInverter,
        "power_limit",
        key="pv_power_limit",
        tier=Tier.EXPERT,
        guard=node.device.require_external_control,
        usable=lambda: node.device.external_control,
    )


PVINVERTER = Service(
    key="pvinverter",
    title="Solar inverter",
    probe=1026,
    blocks=(
        Block(name="identity", component=PvInverterIdentity, cadence=Cadence.IDENTITY),
        Block(name="main", component=PvInverter, cadence=Cadence.MEASUREMENTS),
    ),
    fillers=(Filler(address=1065, count=5),),
    controls=_controls,
)
