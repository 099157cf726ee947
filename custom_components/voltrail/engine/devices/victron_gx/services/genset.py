"""AC gensets that speak: Fischer Panda, ComAp, Deep Sea, DSE and others."""

from collections.abc import Iterable, Iterator
from typing import ClassVar

from ....model.controls import Control
from ....model.points import Aspect, Quantity, Tier, derived, enumerated, flag, measure, text
from ....polling.polled_device import Cadence
from ..component import GxComponent, total
from ..energy import EnergyTotal
from ..fields import Zero, code, int16, int32, string, uint16, yes
from ..service import Block, Filler, Service
from ..service_device import Node
from ..states import EngineState
from ..write_limits import SWITCH


class Genset(GxComponent):
    """The engine, and what it gives."""

    voltage_l1 = measure(uint16(3200, 10), Quantity.VOLTAGE, phase=1)
    voltage_l2 = measure(uint16(3201, 10), Quantity.VOLTAGE, phase=2)
    voltage_l3 = measure(uint16(3202, 10), Quantity.VOLTAGE, phase=3)
    current_l1 = measure(int16(3203, 10), Quantity.CURRENT, phase=1)
    current_l2 = measure(int16(3204, 10), Quantity.CURRENT, phase=2)
    current_l3 = measure(int16(3205, 10), Quantity.CURRENT, phase=3)
    frequency = measure(uint16(3209, 100, since=70), Quantity.FREQUENCY, tier=Tier.DETAIL)
    engine_state = enumerated(code(3213, EngineState))
    # Computed since server 1.0.90: 0, or all of it set while there is any error text. The
    # long list of codes in the document is of the past.
    error_summary = uint16(3214, since=90)
    remote_start_enabled = flag(yes(3215, since=63), tier=Tier.DETAIL)
    engine_load = measure(uint16(3216), Quantity.RATIO, tier=Tier.DETAIL)
    engine_speed = measure(uint16(3217), Quantity.ROTATION, tier=Tier.DETAIL)
    operating_time = measure(uint16(3218, 0.01), Quantity.DURATION, tier=Tier.DETAIL)
    coolant_temperature = measure(
        int16(3219, 10, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )
    winding_temperature = measure(
        int16(3220, 10, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )
    exhaust_temperature = measure(
        int16(3221, 10, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )
    starter_voltage = measure(
        uint16(3222, 100, zero=Zero.UNTIL_SEEN), Quantity.VOLTAGE, tier=Tier.DETAIL
    )
    # Past the safeguards of start/stop: people may be working at the engine.
    direct_start = flag(yes(3223, setting=SWITCH), tier=Tier.EXPERT)
    oil_pressure = measure(
        int16(3224, since=48, zero=Zero.UNTIL_SEEN), Quantity.PRESSURE, tier=Tier.DETAIL
    )
    oil_temperature = measure(
        int16(3228, since=61, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )
    power_l1 = measure(int32(3230, since=78, before=int16(3206)), Quantity.POWER, phase=1)
    power_l2 = measure(int32(3232, since=78, before=int16(3207)), Quantity.POWER, phase=2)
    power_l3 = measure(int32(3234, since=78, before=int16(3208)), Quantity.POWER, phase=3)
    power_factor_l1 = measure(
        int16(3236, 1000, since=79), Quantity.POWER_FACTOR, phase=1, tier=Tier.EXPERT
    )
    power_factor_l2 = measure(
        int16(3237, 1000, since=79), Quantity.POWER_FACTOR, phase=2, tier=Tier.EXPERT
    )
    power_factor_l3 = measure(
        int16(3238, 1000, since=79), Quantity.POWER_FACTOR, phase=3, tier=Tier.EXPERT
    )
    power_factor = measure(int16(3239, 1000, since=79), Quantity.POWER_FACTOR, tier=Tier.EXPERT)

    served_with: ClassVar = {"error_active": "error_summary"}

    @derived(Quantity.POWER)
    def power(self) -> float | None:
        """All phases together."""
        return total(self.power_l1, self.power_l2, self.power_l3)

    @derived(Aspect.PROBLEM)
    def error_active(self) -> bool | None:
        """Whether the genset reports any error."""
        return None if self.error_summary is None else bool(self.error_summary)


class GensetErrors(GxComponent):
    """What is wrong, in the genset's own codes."""

    error_1 = text(string(5000, 16, since=67), number=1, tier=Tier.EXPERT)
    error_2 = text(string(5016, 16, since=67), number=2, tier=Tier.EXPERT)
    error_3 = text(string(5032, 16, since=67), number=3, tier=Tier.EXPERT)
    error_4 = text(string(5048, 16, since=67), number=4, tier=Tier.EXPERT)
    error_5 = text(string(5064, 16, since=67), number=5, tier=Tier.EXPERT)
    error_6 = text(string(5080, 16, since=67), number=6, tier=Tier.EXPERT)
    error_7 = text(string(5096, 16, since=67), number=7, tier=Tier.EXPERT)
    error_8 = text(string(5112, 16, since=67), number=8, tier=Tier.EXPERT)


class GensetIdentity(GxComponent):
    """Who the genset is."""

    product_id = measure(uint16(3212), Quantity.COUNT, tier=Tier.EXPERT)
    custom_name = text(string(3250, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)


class GensetEnergy:
    """What a genset has given since it was first met; it has no counter."""

    def __init__(self, account: EnergyTotal) -> None:
        self._account = account

    @derived(Quantity.ENERGY, depends_on=("main",))
    def energy_produced(self) -> float | None:
        """The sum of its power."""
        return self._account.value("energy_produced")


def _views(node: Node) -> Iterable[object]:
    genset = node.the(Genset)
    account = node.device.ledger.open(
        node.names[Genset], genset, power=lambda: genset.power, positive="energy_produced"
    )
    yield GensetEnergy(account)


def _controls(node: Node) -> Iterator[Control]:
    yield from node.switch(Genset, "direct_start", tier=Tier.EXPERT)


GENSET = Service(
    key="genset",
    title="Genset",
    probe=3200,
    blocks=(
        Block(name="identity", component=GensetIdentity, cadence=Cadence.IDENTITY),
        Block(name="main", component=Genset, cadence=Cadence.MEASUREMENTS),
        Block(name="errors", component=GensetErrors, cadence=Cadence.SETTINGS),
    ),
    fillers=(
        Filler(address=3210, count=2),
        Filler(address=3225, count=3),
        Filler(address=3229, count=1),
        Filler(address=3240, count=10),
    ),
    views=_views,
    controls=_controls,
)
