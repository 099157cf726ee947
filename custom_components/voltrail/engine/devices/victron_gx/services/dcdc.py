"""DC-DC chargers: Orion."""

from collections.abc import Iterator
from typing import ClassVar

from ....model.controls import Control
from ....model.points import Kind, Quantity, Tier, derived, enumerated, measure, text
from ....polling.polled_device import Cadence
from ..component import GxComponent
from ..fields import Zero, code, int16, string, uint16, uint32
from ..product import device_firmware
from ..service import Block, Filler, Service
from ..service_device import Node
from ..states import ChargerError, OnOff, OperatingState
from ..write_limits import Setting


class DcDc(GxComponent):
    """Input and output."""

    charger_error = enumerated(code(4803, ChargerError, since=53), tier=Tier.DETAIL)
    voltage = measure(uint16(4804, 100, since=53), Quantity.VOLTAGE)
    current = measure(int16(4805, 10, since=53), Quantity.CURRENT)
    temperature = measure(
        int16(4806, 10, since=53, zero=Zero.UNTIL_SEEN), Quantity.TEMPERATURE, tier=Tier.DETAIL
    )
    on_off = enumerated(
        code(4807, OnOff, since=53, setting=Setting(minimum=1, maximum=4)), tier=Tier.DETAIL
    )
    operating_state = enumerated(code(4808, OperatingState, since=53))
    input_voltage = measure(uint16(4809, 100, since=53), Quantity.VOLTAGE, tier=Tier.DETAIL)
    input_power = measure(uint16(4810, since=53), Quantity.POWER)
    charged_charge = measure(uint16(4811, 10, since=53), Quantity.CHARGE, tier=Tier.EXPERT)


class DcDcIdentity(GxComponent):
    """Who the charger is."""

    product_id = measure(uint16(4800, since=53), Quantity.COUNT, tier=Tier.EXPERT)
    firmware_code = uint32(4801, since=53)
    custom_name = text(string(4820, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)

    served_with: ClassVar = {"firmware": "firmware_code"}

    @derived(Kind.TEXT, tier=Tier.EXPERT)
    def firmware(self) -> str | None:
        """The version of its firmware."""
        return device_firmware(self.firmware_code)


def _controls(node: Node) -> Iterator[Control]:
    yield from node.switch(DcDc, "on_off", key="charger_on", on=OnOff.ON, off=OnOff.OFF)


DCDC = Service(
    key="dcdc",
    title="DC-DC charger",
    probe=4800,
    since=53,
    blocks=(
        Block(name="identity", component=DcDcIdentity, cadence=Cadence.IDENTITY),
        Block(name="main", component=DcDc, cadence=Cadence.MEASUREMENTS),
    ),
    fillers=(Filler(address=4812, count=8),),
    controls=_controls,
)
