"""Pulse counters at the digital inputs of the GX."""

from ....model.points import Quantity, Tier, measure, text
from ....polling.polled_device import Cadence
from ..component import GxComponent
from ..fields import string, uint32
from ..service import Block, Filler, Service


class PulseMeter(GxComponent):
    """The pulses, and what they amount to; listed without a unit, so it has none here."""

    pulse_total = measure(uint32(3400), Quantity.TOTAL_COUNT)
    pulse_count = measure(uint32(3402), Quantity.TOTAL_COUNT, tier=Tier.DETAIL)


class PulseMeterIdentity(GxComponent):
    """The name that its owner gave it."""

    custom_name = text(string(3410, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)


PULSEMETER = Service(
    key="pulsemeter",
    title="Pulse meter",
    probe=3400,
    blocks=(
        Block(name="identity", component=PulseMeterIdentity, cadence=Cadence.IDENTITY),
        Block(name="main", component=PulseMeter, cadence=Cadence.MEASUREMENTS),
    ),
    fillers=(Filler(address=3404, count=6),),
)
