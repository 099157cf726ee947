"""Several RS inverter/chargers that work as one."""

from collections.abc import Iterable, Iterator

from ....model.controls import Control
from ....model.points import Quantity, Tier, derived, enumerated, flag, measure, text
from ....polling.polled_device import Cadence
from ..component import AlarmedComponent, GxComponent, total
from ..fields import code, int16, int32, string, uint16, yes
from ..service import Block, Filler, Service
from ..service_device import Node
from ..states import Alarm, OperatingState, RsEssMode
from ..write_limits import SWITCH
from .multi import ESS_MODE, INPUT_CURRENT, SETPOINT


class AcSystem(AlarmedComponent):
    """AC in, AC out, and the ESS of the RS family."""

    operating_state = enumerated(code(4900, OperatingState, since=59))
    input_voltage_l1 = measure(uint16(4901, 10, since=59), Quantity.VOLTAGE, phase=1)
    input_voltage_l2 = measure(uint16(4902, 10, since=59), Quantity.VOLTAGE, phase=2)
    input_voltage_l3 = measure(uint16(4903, 10, since=59), Quantity.VOLTAGE, phase=3)
    # Without a sign in the server, with one in the printed list.
    input_current_l1 = measure(uint16(4904, 10, since=59), Quantity.CURRENT, phase=1)
    input_current_l2 = measure(uint16(4905, 10, since=59), Quantity.CURRENT, phase=2)
    input_current_l3 = measure(uint16(4906, 10, since=59), Quantity.CURRENT, phase=3)
    input_power_l1 = measure(int16(4907, 0.1, since=59), Quantity.POWER, phase=1)
    input_power_l2 = measure(int16(4908, 0.1, since=59), Quantity.POWER, phase=2)
    input_power_l3 = measure(int16(4909, 0.1, since=59), Quantity.POWER, phase=3)
    input_frequency = measure(uint16(4910, 100, since=59), Quantity.FREQUENCY, tier=Tier.DETAIL)
    output_voltage_l1 = measure(uint16(4911, 10, since=59), Quantity.VOLTAGE, phase=1)
    output_voltage_l2 = measure(uint16(4912, 10, since=59), Quantity.VOLTAGE, phase=2)
    output_voltage_l3 = measure(uint16(4913, 10, since=59), Quantity.VOLTAGE, phase=3)
    output_current_l1 = measure(int16(4914, 10, since=59), Quantity.CURRENT, phase=1)
    output_current_l2 = measure(int16(4915, 10, since=59), Quantity.CURRENT, phase=2)
    output_current_l3 = measure(int16(4916, 10, since=59), Quantity.CURRENT, phase=3)
    output_power_l1 = measure(int16(4917, 0.1, since=59), Quantity.POWER, phase=1)
    output_power_l2 = measure(int16(4918, 0.1, since=59), Quantity.POWER, phase=2)
    output_power_l3 = measure(int16(4919, 0.1, since=59), Quantity.POWER, phase=3)
    output_frequency = measure(uint16(4920, 100, since=59), Quantity.FREQUENCY, tier=Tier.DETAIL)
    rs_ess_mode = enumerated(code(4921, RsEssMode, since=59, setting=ESS_MODE), tier=Tier.DETAIL)
    # In memory only; falls back to the value of VictronConnect after 60 s of silence.
    power_setpoint = measure(
        int32(4922, since=59, setting=SETPOINT), Quantity.POWER, tier=Tier.EXPERT
    )
    feed_in_disabled = flag(yes(4924, since=59, setting=SWITCH), tier=Tier.EXPERT)
    active_state_of_charge_limit = measure(uint16(4925, since=76), Quantity.RATIO, tier=Tier.DETAIL)
    # Printed as writable; the server refuses.
    pv_disabled = flag(yes(4929, since=101), tier=Tier.EXPERT)
    grid_lost_alarm = enumerated(code(4930, Alarm, since=69), tier=Tier.DETAIL)
    phase_rotation_alarm = enumerated(code(4931, Alarm, since=69), tier=Tier.DETAIL)
    input_current_limit_1 = measure(
        uint16(4940, 10, since=77, setting=INPUT_CURRENT),
        Quantity.CURRENT,
        number=1,
        tier=Tier.DETAIL,
    )
    input_current_limit_2 = measure(
        uint16(4941, 10, since=77, setting=INPUT_CURRENT),
        Quantity.CURRENT,
        number=2,
        tier=Tier.EXPERT,
    )
    # Printed as writable; the server refuses.
    meter_current_limit = measure(uint16(4942, 10, since=77), Quantity.CURRENT, tier=Tier.EXPERT)

    @derived(Quantity.POWER)
    def input_power(self) -> float | None:
        """What comes in on all phases; negative goes to the mains."""
        return total(self.input_power_l1, self.input_power_l2, self.input_power_l3)

    @derived(Quantity.POWER)
    def output_power(self) -> float | None:
        """What goes to the loads on all phases."""
        return total(self.output_power_l1, self.output_power_l2, self.output_power_l3)


class AcSystemIdentity(GxComponent):
    """The name that its owner gave it."""

    custom_name = text(string(4950, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)


def _views(node: Node) -> Iterable[object]:
    return node.setpoint_view(AcSystem)


def _controls(node: Node) -> Iterator[Control]:
    yield from node.number(AcSystem, "input_current_limit_1")
    yield from node.number(AcSystem, "input_current_limit_2", tier=Tier.EXPERT)
    yield from node.select(AcSystem, "rs_ess_mode", tuple(RsEssMode))
    yield from node.setpoint(AcSystem, "power_setpoint")
    if node.get(AcSystem) is not None and node.the(AcSystem).bounds("power_setpoint"):
        yield from node.release(AcSystem)
    yield from node.switch(AcSystem, "feed_in_disabled", tier=Tier.EXPERT)


ACSYSTEM = Service(
    key="acsystem",
    title="RS system",
    probe=4900,
    since=59,
    blocks=(
        Block(name="identity", component=AcSystemIdentity, cadence=Cadence.IDENTITY),
        Block(name="main", component=AcSystem, cadence=Cadence.MEASUREMENTS),
    ),
    fillers=(
        Filler(address=4926, count=3),
        Filler(address=4932, count=8),
        Filler(address=4943, count=7),
    ),
    views=_views,
    controls=_controls,
)
