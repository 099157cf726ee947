"""DC gensets."""

from collections.abc import Iterable, Iterator
from typing import ClassVar

from ....model.controls import Control
from ....model.points import Aspect, Quantity, Tier, derived, enumerated, flag, measure, text
from ....polling.polled_device import Cadence
from ..component import GxComponent, watts
from ..fields import Zero, code, int16, string, uint16, yes
from ..service import Block, Filler, Service
from ..service_device import Node
from ..states import EngineState
from ..write_limits import SWITCH
from .genset import GensetEnergy


class DcGenset(GxComponent):
    """The engine, and what it gives."""

    engine_state = enumerated(code(5201, EngineState, since=70))
    # As with the AC genset: 0, or something while there is any error text.
    error_summary = uint16(5202, since=90)
    # Offered as writable elsewhere; the server refuses.
    remote_start_enabled = flag(yes(5203, since=70), tier=Tier.DETAIL)
    # Past the safeguards of start/stop: people may be working at the engine.
    direct_start = flag(yes(5204, since=70, setting=SWITCH), tier=Tier.EXPERT)
    voltage = measure(uint16(5205, 100, since=70), Quantity.VOLTAGE)
    current = measure(int16(5206, 10, since=70), Quantity.CURRENT)
    engine_load = measure(uint16(5207, since=70), Quantity.RATIO, tier=Tier.DETAIL)
    engine_speed = measure(uint16(5208, since=70), Quantity.ROTATION, tier=Tier.DETAIL)
    operating_time = measure(uint16(5209, 0.01, since=70), Quantity.DURATION, tier=Tier.DETAIL)
    coolant_temperature = measure(
        int16(5210, 10, since=70, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )
    winding_temperature = measure(
        int16(5211, 10, since=70, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )
    exhaust_temperature = measure(
        int16(5212, 10, since=70, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )
    starter_voltage = measure(
        uint16(5213, 100, since=70, zero=Zero.UNTIL_SEEN), Quantity.VOLTAGE, tier=Tier.DETAIL
    )
    oil_pressure = measure(
        int16(5214, since=70, zero=Zero.UNTIL_SEEN), Quantity.PRESSURE, tier=Tier.DETAIL
    )
    heatsink_temperature = measure(
        int16(5215, 10, since=70, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )
    oil_temperature = measure(
        int16(5216, since=70, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )

    served_with: ClassVar = {"error_active": "error_summary"}

    @derived(Quantity.POWER)
    def power(self) -> float | None:
        """What it gives to the battery and to DC loads."""
        return watts(self.voltage, self.current)

    @derived(Aspect.PROBLEM)
    def error_active(self) -> bool | None:
        """Whether the genset reports any error."""
        return None if self.error_summary is None else bool(self.error_summary)


class DcGensetErrors(GxComponent):
    """What is wrong, in the genset's own codes."""

    error_1 = text(string(5218, 16, since=70), number=1, tier=Tier.EXPERT)
    error_2 = text(string(5234, 16, since=70), number=2, tier=Tier.EXPERT)
    error_3 = text(string(5250, 16, since=70), number=3, tier=Tier.EXPERT)
    error_4 = text(string(5266, 16, since=70), number=4, tier=Tier.EXPERT)
    error_5 = text(string(5282, 16, since=70), number=5, tier=Tier.EXPERT)
    error_6 = text(string(5298, 16, since=70), number=6, tier=Tier.EXPERT)
    error_7 = text(string(5314, 16, since=70), number=7, tier=Tier.EXPERT)
    error_8 = text(string(5330, 16, since=70), number=8, tier=Tier.EXPERT)


class DcGensetIdentity(GxComponent):
    """Who the genset is."""

    product_id = measure(uint16(5200, since=70), Quantity.COUNT, tier=Tier.EXPERT)
    custom_name = text(string(5350, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)


def _views(node: Node) -> Iterable[object]:
    genset = node.the(DcGenset)
    account = node.device.ledger.open(
        node.names[DcGenset], genset, power=lambda: genset.power, positive="energy_produced"
    )
    yield GensetEnergy(account)


def _controls(node: Node) -> Iterator[Control]:
    yield from node.switch(DcGenset, "direct_start", tier=Tier.EXPERT)


DCGENSET = Service(
    key="dcgenset",
    title="DC genset",
    probe=5200,
    since=70,
    blocks=(
        Block(name="identity", component=DcGensetIdentity, cadence=Cadence.IDENTITY),
        Block(name="main", component=DcGenset, cadence=Cadence.MEASUREMENTS),
        Block(name="errors", component=DcGensetErrors, cadence=Cadence.SETTINGS),
    ),
    fillers=(Filler(address=5217, count=1), Filler(address=5346, count=4)),
    views=_views,
    controls=_controls,
)
