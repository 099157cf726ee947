"""The codes of the registers, in words."""

from enum import Enum, IntEnum
from typing import Final


class EvseState(IntEnum):
    """What the charger is doing, register 0x0100."""

    NOT_INITIALISED = 0
    IDLE = 1
    CONNECTED = 2
    WAITING = 3
    """Everything is there but the permission to charge."""
    READY = 4
    CHARGING = 5
    ERROR = 6
    SERVICE = 7


class ControlPilot(IntEnum):
    """The pilot between charger and car, register 0x0108; 2 stands for an offered current."""

    INITIALISING = 0
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


class Authorisation(IntEnum):
    """Whether the session is authorised, register 0x0101."""

    NOT_USED = 0
    AUTHORISED = 1
    NOT_AUTHORISED = 2


class Downgrade(IntEnum):
    """Whether the downgrade input lowers the current, register 0x0102."""

    NOT_RELEVANT = 0
    """There is no car."""
    NOT_DOWNGRADED = 1
    DOWNGRADED = 2


class PhaseRotation(IntEnum):
    """Which phases of the house stand at L1, L2 and L3 of the charger, register 0x0103."""

    L1_L2_L3 = 0
    L2_L3_L1 = 1
    L3_L1_L2 = 2


class PhaseSwitchMode(IntEnum):
    """On how many phases solar energy is charged, register 0x030A."""

    ONE_PHASE = 0
    THREE_PHASES = 1
    DYNAMIC = 2


class HardwarePhases(IntEnum):
    """What the relays can do, register 0x030C."""

    ONE_PHASE = 0
    THREE_PHASES = 1
    ONE_OR_THREE = 2


class GridPhases(IntEnum):
    """How the charger is connected, register 0x0311; the documents print 0 or 1 for L1 alone."""

    L1 = 0
    L1_L2_L3 = 2


class Fallback(Enum):
    """What the charger does when its energy manager is lost, register 0x030E."""

    KEEPS_LAST = 0
    PAUSES = 1
    LIMITS = 2


class PlugLock(IntEnum):
    """The lock of the cable, register 0x0D02."""

    UNDEFINED = 0
    OPEN = 1
    CLOSED = 2
    TETHERED = 3


class SolarMode(IntEnum):
    """What the lights of the charger show, register 0x0D03."""

    INACTIVE = 0
    STANDARD = 1
    SUNSHINE = 2
    SUNSHINE_PLUS = 3


class RequestedPhases(IntEnum):
    """Registers 0x0D04, what was asked for, and 0x0E02, what is or will be used."""

    ALL = 0
    ONE = 1


class ErrorCode(IntEnum):
    """The active error, register 0x0E00; only these are explained anywhere (rev 2.5).

    Which of the six mains codes means which phase, and whether too much or too little, is
    not known (UNCONFIRMED): each is shown with its number.
    """

    NONE = 0
    ENERGY_MANAGER_UNAVAILABLE = 200
    VEHICLE_OVERCURRENT = 2011
    MAINS_VOLTAGE_2300 = 2300
    MAINS_VOLTAGE_2301 = 2301
    MAINS_VOLTAGE_2302 = 2302
    MAINS_VOLTAGE_2303 = 2303
    MAINS_VOLTAGE_2304 = 2304
    MAINS_VOLTAGE_2305 = 2305
    PHASE_MISMATCH = 2323


class MaximumSetting(IntEnum):
    """The highest current of the installation, register 0x0706.

    The upper ones stand for 16 A on an 11 kW charger.
    """

    AMPERE_32 = 0
    AMPERE_25 = 1
    AMPERE_20 = 2
    AMPERE_16 = 3
    AMPERE_13 = 4
    AMPERE_10 = 5
    AMPERE_6 = 6


class ConnectedPhases(IntEnum):
    """How the charger is connected, register 0x0710."""

    L1 = 0
    L1_L2_L3 = 2


class SolarPhases(IntEnum):
    """On how many phases solar energy is charged, register 0x071A."""

    BY_MODEL = 0
    """One on a charger of 7.4 kW, three on the others."""
    ONE_PHASE = 1
    THREE_PHASES = 2
    DYNAMIC = 3


CODE_TEXTS: Final[dict[str, dict[int, str]]] = {
    "evse_state": {
        0: "Not initialised",
        1: "Idle (A1)",
        2: "EV connected (B1)",
        3: "Preconditions valid, not charging yet",
        4: "Ready to charge (B2)",
        5: "Charging (C2)",
        6: "Error",
        7: "Service mode",
    },
    "control_pilot": {
        0: "Initialising",
        10: "A1 (no EV)",
        11: "B1 (EV connected)",
        12: "C1 (EV ready)",
        13: "D1 (ventilation)",
        14: "E (error)",
        15: "F (error)",
        26: "A2 (EV disconnected)",
        27: "B2 (EVSE ready)",
        28: "C2 (charging)",
        29: "D2 (charging with ventilation)",
    },
    "authorisation": {
        0: "Not used",
        1: "Authorized (charging released)",
        2: "Not authorized",
    },
    "downgrade": {
        0: "Not relevant (no EV)",
        1: "Charging current not downgraded",
        2: "Charging current downgraded",
    },
}
"""What the codes are called in the interface for programs that this family brought along."""
