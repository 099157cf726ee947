"""Solar inverters on the AC side. They vanish every night."""

from collections.abc import Iterator

from ....model.controls import Control
from ....model.points import Quantity, Tier, enumerated, measure, phases
from ..block_controls import BlockControls
from ..component import GxComponent, phase_counters
from ..fields import NO_VALUE, code, each, int16, int32, kwh32, narrow_kwh, uint16, uint32
from ..identities import identity
from ..service import Service, main, reserved
from ..service_device import ServiceDevice
from ..states import InverterPosition
from ..write_limits import Limit, Setting


class PvInverter(GxComponent):
    """What the inverter gives. Some drivers put the whole energy on L1."""

    position = enumerated(code(1026, InverterPosition), tier=Tier.DETAIL)
    voltage_l1, voltage_l2, voltage_l3 = phases(
        uint16, (1027, 1031, 1035), Quantity.VOLTAGE, scale=10
    )
    current_l1, current_l2, current_l3 = phases(
        int16, (1028, 1032, 1036), Quantity.CURRENT, scale=10
    )
    # The narrow ones are given up by the document.
    energy_produced_l1, energy_produced_l2, energy_produced_l3 = phases(
        kwh32,
        (1046, 1048, 1050),
        Quantity.ENERGY,
        before=each(narrow_kwh, 1030, 1034, 1038),
        tier=Tier.EXPERT,
    )
    # Watts, though 1052 to 1056 are listed as kW. The first two can be written for the
    # server's part; there is no sense in it.
    power = measure(int32(1052, writable=True), Quantity.POWER)
    maximum_power = measure(
        uint32(1054, zero=NO_VALUE, writable=True), Quantity.POWER, tier=Tier.DETAIL
    )
    power_limit = measure(
        uint32(1056, setting=Setting(0, 300_000, Limit.AC_POWER)), Quantity.POWER, tier=Tier.EXPERT
    )
    power_l1, power_l2, power_l3 = phases(
        uint32, (1058, 1060, 1062), Quantity.POWER, since=52, before=each(uint16, 1029, 1033, 1037)
    )
    frequency = measure(uint16(1064, 100, since=75), Quantity.FREQUENCY, tier=Tier.DETAIL)
    energy_produced = phase_counters("energy_produced")


def _controls(device: ServiceDevice) -> Iterator[Control]:
    # For external control (mode 3): in the others ESS writes it.
    inverter = BlockControls(
        device,
        PvInverter,
        guard=device.gateway.require_external_control,
        usable=lambda: device.gateway.external_control,
    )
    yield from inverter.number("power_limit", key="pv_power_limit", tier=Tier.EXPERT)


PVINVERTER = Service(
    "pvinverter",
    "Solar inverter",
    1026,
    (identity(1070, serial=(1039, 7)), main(PvInverter)),
    fillers=reserved((1065, 5)),
    controls=_controls,
)
