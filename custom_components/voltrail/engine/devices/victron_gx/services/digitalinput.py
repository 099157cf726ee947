"""Digital inputs of the GX."""

from enum import IntEnum

from ....model.points import Quantity, Tier, enumerated, measure, text
from ....polling.polled_device import Cadence
from ..component import AlarmedComponent, GxComponent
from ..fields import code, string, uint16, uint32
from ..service import Block, Filler, Service
from ..states import Alarm


class DigitalInputType(IntEnum):
    """What the input is wired to."""

    DOOR = 2
    BILGE_PUMP = 3
    BILGE_ALARM = 4
    BURGLAR_ALARM = 5
    SMOKE_ALARM = 6
    FIRE_ALARM = 7
    CO2_ALARM = 8
    GENERATOR = 9


class DigitalInput(AlarmedComponent):
    """The state of one input. What a state number says depends on the type of the input."""

    input_count = measure(uint32(3420), Quantity.TOTAL_COUNT, tier=Tier.DETAIL)
    input_state = measure(uint16(3422), Quantity.COUNT)
    input_alarm = enumerated(code(3423, Alarm), tier=Tier.DETAIL)
    input_type = enumerated(code(3424, DigitalInputType), tier=Tier.DETAIL)


class DigitalInputIdentity(GxComponent):
    """The name that its owner gave it."""

    custom_name = text(string(3430, 8, since=97, writable=True), tier=Tier.EXPERT, private=True)


DIGITALINPUT = Service(
    key="digitalinput",
    title="Digital input",
    probe=3420,
    blocks=(
        Block(name="identity", component=DigitalInputIdentity, cadence=Cadence.IDENTITY),
        Block(name="main", component=DigitalInput, cadence=Cadence.MEASUREMENTS),
    ),
    fillers=(Filler(address=3425, count=5),),
)
