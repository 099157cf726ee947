"""The twelve registers of the made-up charger."""

from enum import IntEnum
from typing import Final

from modbus_connection.model import Component, enum, gauge, integer, uint32

from custom_components.voltrail.engine.model.points import Quantity, Tier, enumerated, measure

MARKER: Final = 0x5EC1


class State(IntEnum):
    """Register 4."""

    FREE = 0
    PLUGGED = 1
    CHARGING = 2
    FAULT = 3


class About(Component):
    """Who it is."""

    register_ranges = ((0, 3),)

    marker = integer(0, signed=False)
    version = integer(1)
    number = uint32(2)


class Status(Component):
    """What it does, and the limit that it holds."""

    register_ranges = ((4, 6),)

    state = enumerated(enum(4, State), tier=Tier.DETAIL)
    limit = integer(5, writable=True)
    rated_current = integer(6)


class Meter(Component):
    """What it measures."""

    register_ranges = ((7, 12),)

    current_l1 = measure(gauge(7, 0.1), Quantity.CURRENT, phase=1)
    current_l2 = measure(gauge(8, 0.1), Quantity.CURRENT, phase=2)
    current_l3 = measure(gauge(9, 0.1), Quantity.CURRENT, phase=3)
    voltage_l1 = measure(integer(10), Quantity.VOLTAGE, phase=1)
    voltage_l2 = measure(integer(11), Quantity.VOLTAGE, phase=2)
    voltage_l3 = measure(integer(12), Quantity.VOLTAGE, phase=3)
