"""The codes that several services share, in words.

The lists of the document are not complete: firmware grows new codes, and the GX's own
interface knows more than the list. A code that is not here reads as unknown with its
number.
"""

from enum import IntEnum
from typing import Final

from .write_limits import Setting


class Alarm(IntEnum):
    """One alarm; some devices know no warnings and go from 0 to 2."""

    OK = 0
    WARNING = 1
    ALARM = 2


class OperatingState(IntEnum):
    """What an inverter, a charger or both are doing: one list for all of Victron's devices.

    244 to 251 are not in the register list; the GX's own interface knows them.
    """

    OFF = 0
    LOW_POWER = 1
    FAULT = 2
    BULK = 3
    ABSORPTION = 4
    FLOAT = 5
    STORAGE = 6
    EQUALIZE = 7
    PASSTHROUGH = 8
    INVERTING = 9
    POWER_ASSIST = 10
    POWER_SUPPLY = 11
    SUSTAIN = 244
    WAKE_UP = 245
    REPEATED_ABSORPTION = 246
    AUTO_EQUALIZE = 247
    BATTERY_SAFE = 248
    LOAD_DETECT = 249
    BLOCKED = 250
    TEST = 251
    EXTERNAL_CONTROL = 252


class SwitchPosition(IntEnum):
    """The switch of an inverter/charger."""

    CHARGER_ONLY = 1
    INVERTER_ONLY = 2
    ON = 3
    OFF = 4


ON_POSITIONS: Final = (
    SwitchPosition.ON,
    SwitchPosition.CHARGER_ONLY,
    SwitchPosition.INVERTER_ONLY,
)
"""What the switch may be set to; off cuts the power of the house and is a button."""


class OnOff(IntEnum):
    """The switch of a charger that is on (1) or off (4)."""

    ON = 1
    OFF = 4


ON_OFF: Final = Setting(OnOff.ON, OnOff.OFF)


class ChargerError(IntEnum):
    """Why a charger stopped."""

    NO_ERROR = 0
    BATTERY_TOO_HOT = 1
    BATTERY_VOLTAGE_TOO_HIGH = 2
    BATTERY_TEMPERATURE_SENSOR_MISWIRED_PLUS = 3
    BATTERY_TEMPERATURE_SENSOR_MISWIRED_MINUS = 4
    BATTERY_TEMPERATURE_SENSOR_DISCONNECTED = 5
    VOLTAGE_SENSE_MISWIRED_PLUS = 6
    VOLTAGE_SENSE_MISWIRED_MINUS = 7
    VOLTAGE_SENSE_DISCONNECTED = 8
    WIRE_LOSSES_TOO_HIGH = 9
    CHARGER_TOO_HOT = 17
    CHARGER_OVERCURRENT = 18
    CHARGER_POLARITY_REVERSED = 19
    BULK_TIME_LIMIT = 20
    CHARGER_TEMPERATURE_SENSOR_MISWIRED = 22
    CHARGER_TEMPERATURE_SENSOR_DISCONNECTED = 23
    INPUT_CURRENT_TOO_HIGH = 34


class TrackerMode(IntEnum):
    """What a solar tracker does. 255 is how a device says that it cannot tell."""

    OFF = 0
    LIMITED = 1
    TRACKING = 2
    NOT_AVAILABLE = 255


class AcInput(IntEnum):
    """The AC input in use."""

    INPUT_1 = 0
    INPUT_2 = 1
    DISCONNECTED = 240


class InputType(IntEnum):
    """What is connected to an AC input."""

    UNUSED = 0
    GRID = 1
    GENSET = 2
    SHORE = 3


class InverterPosition(IntEnum):
    """Where an AC device is connected."""

    AC_INPUT_1 = 0
    AC_OUTPUT = 1
    AC_INPUT_2 = 2


class SensorStatus(IntEnum):
    """The state of an analogue sensor."""

    OK = 0
    OPEN_CIRCUIT = 1
    SHORT_CIRCUIT = 2
    REVERSE_POLARITY = 3
    UNKNOWN = 4


class RsEssMode(IntEnum):
    """The ESS mode of the RS family, which is not the one of VE.Bus systems."""

    SELF_CONSUMPTION_WITH_BATTERYLIFE = 0
    SELF_CONSUMPTION = 1
    KEEP_CHARGED = 2
    EXTERNAL_CONTROL = 3


class EngineState(IntEnum):
    """What a genset is doing."""

    STANDBY = 0
    STARTUP_1 = 1
    STARTUP_2 = 2
    STARTUP_3 = 3
    STARTUP_4 = 4
    STARTUP_5 = 5
    STARTUP_6 = 6
    STARTUP_7 = 7
    RUNNING = 8
    STOPPING = 9
    ERROR = 10


class DessRestriction(IntEnum):
    """Where Dynamic ESS lets no energy flow: the same flags in a slot and for what is in force."""

    NONE = 0
    BATTERY_TO_GRID = 1
    GRID_TO_BATTERY = 2
    BOTH = 3


class DessStrategy(IntEnum):
    """What Dynamic ESS is after, in a slot of its schedule and now."""

    TARGET_STATE_OF_CHARGE = 0
    SELF_CONSUMPTION = 1
    PRO_BATTERY = 2
    PRO_GRID = 3
