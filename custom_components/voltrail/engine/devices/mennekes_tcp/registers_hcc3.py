"""Profile HCC3: AMTRON Xtra and Premium.

Values are input registers, read with function 04; only the limit and the order stand in holding
registers. 32-bit values come with their low word first, texts with their low byte first. Nothing
but 0x0400 and 0x0401 is ever written, and always with function 06.
"""

from typing import Final

from modbus_connection.model import Component, enum, integer, uint32

from ...model.fields import swapped
from ...model.points import Quantity, Tier, enumerated, measure, text
from .states import CableRating, ControlPilot, Hcc3Error, Hcc3State, OperationMode

UNIT: Final = 255
"""Whether it answers to any other unit id is UNCONFIRMED."""


class Values(Component):
    """All that the charger measures and knows, in one request.

    Reading it piece by piece has overloaded an Xtra; 38 registers at once are proven on two of
    them. There is no current, voltage, lifetime energy or firmware version.
    """

    register_space = "input"
    register_ranges = ((0x0300, 0x0325),)

    temperature = measure(integer(0x0300), Quantity.TEMPERATURE, tier=Tier.DETAIL)
    outside_temperature = measure(integer(0x0301), Quantity.TEMPERATURE, tier=Tier.EXPERT)
    control_pilot = enumerated(enum(0x0302, ControlPilot), tier=Tier.DETAIL)
    cable_rating = enumerated(enum(0x0303, CableRating), tier=Tier.EXPERT)
    error_code = enumerated(enum(0x0304, Hcc3Error), tier=Tier.DETAIL)
    amtron_state = enumerated(enum(0x0305, Hcc3State), tier=Tier.DETAIL)
    operation_mode = enumerated(enum(0x0306, OperationMode), tier=Tier.EXPERT)
    installed_phases = integer(0x0308, signed=False)
    rated_current = measure(integer(0x0309, signed=False), Quantity.CURRENT, tier=Tier.EXPERT)
    installation_current = measure(
        integer(0x030A, signed=False), Quantity.CURRENT, tier=Tier.EXPERT
    )
    serial_number = text(uint32(0x030B, word_order="little"), tier=Tier.EXPERT, private=True)
    # Stays until the next session begins.
    session_energy = measure(
        uint32(0x030D, word_order="little", scale=0.001), Quantity.SESSION_ENERGY
    )
    # The slope of the energy counter: it overshoots, and is some seconds old.
    power = measure(uint32(0x030F, word_order="little"), Quantity.POWER)
    device_name = text(swapped(0x0311, 12), tier=Tier.EXPERT, private=True)


class Limit(Component):
    """The limit that every client writes: app, service interface and Modbus."""

    current = integer(0x0400, signed=False, writable=True)


class Order(Component):
    """An order at once. It always reads 0, so it is never read."""

    order = integer(0x0401, signed=False, writable=True)
