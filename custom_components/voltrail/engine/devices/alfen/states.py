"""The codes of these chargers, in words."""

from enum import IntEnum, StrEnum
from typing import Final

from ...model.charging import ChargingState


class Mode3State(StrEnum):
    """State of the control pilot as the charger writes it, registers 1201 to 1205."""

    A = "A"
    B1 = "B1"
    B2 = "B2"
    C1 = "C1"
    C2 = "C2"
    D1 = "D1"
    D2 = "D2"
    E = "E"
    F = "F"


CHARGING_STATES: Final = {
    Mode3State.A: ChargingState.NO_VEHICLE,
    Mode3State.B1: ChargingState.CONNECTED,
    Mode3State.B2: ChargingState.CONNECTED,
    Mode3State.C1: ChargingState.CONNECTED,
    Mode3State.C2: ChargingState.CHARGING,
    Mode3State.D1: ChargingState.CONNECTED,
    Mode3State.D2: ChargingState.VENTILATION,
    # No error: the document lists it without a car, and some units idle in it.
    Mode3State.E: ChargingState.NO_VEHICLE,
    Mode3State.F: ChargingState.ERROR,
}

CURRENT_FLOWS: Final = frozenset({Mode3State.C2, Mode3State.D2})

NOTHING_OFFERED: Final = frozenset({Mode3State.B1, Mode3State.C1, Mode3State.D1})
"""A car is there, but the charger signals no current to it."""


class MeterType(IntEnum):
    """How the meter is connected, register 305."""

    RTU = 0
    TCP_IP = 1
    UDP = 2
    P1 = 3
    OTHER = 4
