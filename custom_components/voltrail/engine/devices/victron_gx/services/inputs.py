"""Digital inputs of the GX, and the pulse counters that some of them are."""

from enum import IntEnum

from ....model.points import Quantity, Tier, enumerated, measure
from ..component import AlarmedComponent, GxComponent
from ..fields import code, uint16, uint32
from ..identities import identity
from ..service import Service, main, reserved
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


class DigitalInput(AlarmedComponent, tier=Tier.DETAIL):
    """The state of one input. What a state number says depends on the type of the input."""

    input_count = measure(uint32(3420), Quantity.TOTAL_COUNT)
    input_state = measure(uint16(3422), Quantity.COUNT, tier=Tier.MAIN)
    input_alarm = enumerated(code(3423, Alarm))
    input_type = enumerated(code(3424, DigitalInputType))


DIGITALINPUT = Service(
    "digitalinput",
    "Digital input",
    3420,
    (identity(3430), main(DigitalInput)),
    fillers=reserved((3425, 5)),
)


class PulseMeter(GxComponent):
    """The pulses, and what they amount to; listed without a unit, so it has none here."""

    pulse_total = measure(uint32(3400), Quantity.TOTAL_COUNT)
    pulse_count = measure(uint32(3402), Quantity.TOTAL_COUNT, tier=Tier.DETAIL)


PULSEMETER = Service(
    "pulsemeter",
    "Pulse meter",
    3400,
    (identity(3410), main(PulseMeter)),
    fillers=reserved((3404, 6)),
)
