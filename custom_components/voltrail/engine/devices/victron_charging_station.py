"""What Victron's EV charging station says and takes, by itself and behind a GX alike."""

from enum import IntEnum
from typing import Final

from ..model.charging import ChargingState

HARDWARE_LIMIT: Final = 32.0
"""A per phase. What the charging station is made for."""


class EvChargerMode(IntEnum):
    """How the charging station chooses its current. 2 is known to its interface only."""

    MANUAL = 0
    AUTO = 1
    SCHEDULED = 2


class EvChargerStatus(IntEnum):
    """What the charging station is doing. 15 to 19 are reserved."""

    DISCONNECTED = 0
    CONNECTED = 1
    CHARGING = 2
    CHARGED = 3
    WAITING_FOR_SUN = 4
    WAITING_FOR_RFID = 5
    WAITING_FOR_START = 6
    LOW_STATE_OF_CHARGE = 7
    GROUND_TEST_ERROR = 8
    WELDED_CONTACTS_ERROR = 9
    CONTROL_PILOT_ERROR = 10
    RESIDUAL_CURRENT = 11
    UNDERVOLTAGE = 12
    OVERVOLTAGE = 13
    OVERHEATING = 14
    CHARGING_LIMIT = 20
    START_CHARGING = 21
    SWITCHING_TO_THREE_PHASES = 22
    SWITCHING_TO_ONE_PHASE = 23
    STOP_CHARGING = 24


class EvChargerPosition(IntEnum):
    """Where the charging station is connected.

    Victron's driver and user interface have it like this and refuse 2; the register list has it
    the other way round.
    """

    AC_OUTPUT = 0
    AC_INPUT_1 = 1


STATES: Final = {
    EvChargerStatus.DISCONNECTED: ChargingState.NO_VEHICLE,
    EvChargerStatus.CHARGING: ChargingState.CHARGING,
    **dict.fromkeys(
        (
            EvChargerStatus.CONNECTED,
            EvChargerStatus.CHARGED,
            EvChargerStatus.WAITING_FOR_SUN,
            EvChargerStatus.WAITING_FOR_RFID,
            EvChargerStatus.WAITING_FOR_START,
            EvChargerStatus.LOW_STATE_OF_CHARGE,
            EvChargerStatus.CHARGING_LIMIT,
            EvChargerStatus.START_CHARGING,
            EvChargerStatus.SWITCHING_TO_THREE_PHASES,
            EvChargerStatus.SWITCHING_TO_ONE_PHASE,
            EvChargerStatus.STOP_CHARGING,
        ),
        ChargingState.CONNECTED,
    ),
    **dict.fromkeys(
        (
            EvChargerStatus.GROUND_TEST_ERROR,
            EvChargerStatus.WELDED_CONTACTS_ERROR,
            EvChargerStatus.CONTROL_PILOT_ERROR,
            EvChargerStatus.RESIDUAL_CURRENT,
            EvChargerStatus.UNDERVOLTAGE,
            EvChargerStatus.OVERVOLTAGE,
            EvChargerStatus.OVERHEATING,
        ),
        ChargingState.ERROR,
    ),
}
SWITCHING: Final = (
    EvChargerStatus.SWITCHING_TO_THREE_PHASES,
    EvChargerStatus.SWITCHING_TO_ONE_PHASE,
)
HELD_BACK: Final = (
    EvChargerStatus.WAITING_FOR_SUN,
    EvChargerStatus.WAITING_FOR_START,
    EvChargerStatus.LOW_STATE_OF_CHARGE,
    EvChargerStatus.CHARGING_LIMIT,
)
"""It keeps the car waiting by a rule of its own or of the GX."""
