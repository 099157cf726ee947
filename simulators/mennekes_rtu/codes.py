"""The numbers these chargers use for their states, and what their documents leave open."""

from enum import IntEnum, StrEnum
from typing import Final

#: Register layouts by the name in the documents and by the number in register 0x0000.
LAYOUTS: Final = {"1.00": 0x0100, "1.01": 0x0101, "1.02": 0x0102, "1.03": 0x0103}

#: The energy manager is unavailable.
NO_HEARTBEAT: Final = 200


class EvseState(IntEnum):
    """Register 0x0100."""

    NOT_INITIALISED = 0
    IDLE = 1
    CONNECTED = 2
    WAITING = 3  # everything is there but a permission to charge
    READY = 4
    CHARGING = 5
    ERROR = 6
    SERVICE = 7


class AuthorisationStatus(IntEnum):
    """Register 0x0101."""

    NOT_USED = 0
    AUTHORISED = 1
    NOT_AUTHORISED = 2


class Downgrade(IntEnum):
    """Register 0x0102."""

    NO_VEHICLE = 0
    INACTIVE = 1
    ACTIVE = 2


class ControlPilot(IntEnum):
    """Register 0x0108; the second digit of a name tells whether a current is signalled."""

    A1 = 10
    B1 = 11
    C1 = 12
    D1 = 13
    E = 14
    F = 15
    A2 = 26
    B2 = 27
    C2 = 28
    D2 = 29


class SolarPhases(IntEnum):
    """Register 0x030A."""

    ONE = 0
    THREE = 1
    DYNAMIC = 2


class HardwarePhases(IntEnum):
    """Register 0x030C."""

    ONE = 0
    THREE = 1
    SWITCHABLE = 2


class CableLock(IntEnum):
    """Register 0x0D02."""

    UNKNOWN = 0
    UNLOCKED = 1
    LOCKED = 2
    TETHERED = 3


class Satellite(StrEnum):
    """What the DIP switches make of the charger's side of the bus."""

    ON = "on"
    READ_ONLY = "read_only"  # not a satellite: reads work, every write is exception 2
    OFF = "off"  # not a satellite: no answer
