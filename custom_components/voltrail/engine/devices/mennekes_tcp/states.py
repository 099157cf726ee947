"""The codes of both profiles, in words."""

from enum import IntEnum, IntFlag


class OcppStatus(IntEnum):
    """OCPP 1.6 status of profile 4X, register 104."""

    UNDEFINED = 0
    AVAILABLE = 1
    PREPARING = 2
    CHARGING = 3
    SUSPENDED_EVSE = 4
    SUSPENDED_EV = 5
    FINISHING = 6
    RESERVED = 7
    UNAVAILABLE = 8
    FAULTED = 9


class EcuStatus(IntEnum):
    """OCPP status of profile ECU, register 104: the same register, other numbers."""

    AVAILABLE = 0
    OCCUPIED = 1
    RESERVED = 2
    UNAVAILABLE = 3
    FAULTED = 4
    PREPARING = 5
    CHARGING = 6
    SUSPENDED_EVSE = 7
    SUSPENDED_EV = 8
    FINISHING = 9


class VehicleState(IntEnum):
    """State of the control pilot, register 122. 0 is not documented."""

    A = 1
    B = 2
    C = 3
    D = 4
    E = 5


class Relay(IntEnum):
    """State of the contactor, register 140."""

    OFF = 0
    ON = 1
    # Seen on CC613 firmware from 5.33 on.
    ONE_PHASE = 5


class PlugLock(IntEnum):
    """Lock of the plug on profile 4X, register 152."""

    UNDEFINED = 0
    OPEN = 1
    CLOSED = 2
    NOT_USED = 3
    NOT_READ = 4


class EcuPlugLock(IntEnum):
    """Lock of the plug on profile ECU, register 152."""

    OPEN = 0
    CLOSED = 1


class HemsAccess(IntEnum):
    """What the charger lets an energy manager do, register 2010."""

    OFF = 0
    READ_ONLY = 1
    READ_AND_WRITE = 2


class HemsStatus(IntEnum):
    """Whether the charger hears its energy manager, register 2011."""

    OK = 0
    TIMEOUT = 1


class PhaseSwitchMode(IntEnum):
    """How the charger chooses its phases, register 2020; set in its own web pages only."""

    ONE_PHASE = 0
    THREE_PHASES = 1
    DYNAMIC = 2
    WITHOUT_VEHICLE = 3


class AssignedPhases(IntEnum):
    """The phases given to the car, register 2023. 2 means three."""

    NONE = 0
    ONE = 1
    THREE = 2


class Authorisation(IntEnum):
    """Whether the session is authorised, register 2030."""

    NOT_NEEDED = 0
    AUTHORISED = 1
    NOT_AUTHORISED = 2


class NetworkRole(IntEnum):
    """The charger's role among several, register 600 of profile 4X."""

    DISABLED = 0
    MASTER = 1
    SATELLITE = 4


class LimitationSource(IntEnum):
    """What limits the network, register 620 of profile 4X."""

    STATIC_NETWORK = 0
    STATIC_NETWORK_METER = 1
    STATIC_GRID_METER = 2
    DOWNGRADE = 3
    METER_FALLBACK = 4
    STATIC_NETWORK_EEBUS = 5


class EcuNetworkRole(IntEnum):
    """The charger's role among several, register 600 of profile ECU."""

    DISABLED = 0
    MASTER_WITH_SLAVE = 1
    MASTER_STANDALONE = 2
    SLAVE_DISCOVERED = 3
    SLAVE_FIXED = 4


class EcuError(IntFlag):
    """The error bits of profile ECU, registers 111-112."""

    RESIDUAL_CURRENT = 1 << 0
    VEHICLE_ERROR = 1 << 1
    DIODE_CHECK = 1 << 2
    BREAKER_TYPE_2 = 1 << 3
    BREAKER_DOMESTIC = 1 << 4
    RCD = 1 << 5
    CONTACTOR_WELDED = 1 << 6
    BACKEND_DISCONNECTED = 1 << 7
    PLUG_LOCKING = 1 << 8
    LOCKED_WITHOUT_PLUG = 1 << 9
    ACTUATOR_STUCK = 1 << 10
    ACTUATOR_DETECTION = 1 << 11
    FIRMWARE_UPDATE = 1 << 12
    TILTED = 1 << 13
    PILOT_WIRING = 1 << 14
    VEHICLE_OVERCURRENT = 1 << 15
    UNLOCKED_WHILE_CHARGING = 1 << 16
    TILTED_UNTIL_REBOOT = 1 << 17
    CONTROLLER = 1 << 18
    USB_STICK = 1 << 19
    PHASE_ROTATION = 1 << 20
    NO_MAINS = 1 << 21


class ControlPilot(IntEnum):
    """State of the control pilot of an HCC3, input register 0x0302.

    In the standard a 1 means that the charger offers nothing, and a 2 that it does. 0 comes
    while it starts, or with wrong wiring.
    """

    INITIALISING = 0
    A1 = 1
    A2 = 2
    B1 = 3
    B2 = 4
    C1 = 5
    C2 = 6
    D1 = 7
    D2 = 8


class CableRating(IntEnum):
    """What the cable carries, input register 0x0303 of an HCC3."""

    ILLEGAL = 0
    OPEN = 1
    AMPS_13 = 2
    AMPS_20 = 3
    AMPS_32 = 4


class Hcc3State(IntEnum):
    """What an HCC3 is doing, input register 0x0305."""

    IDLE = 0
    WAITS_FOR_CARD = 1
    WAITS_FOR_VEHICLE = 2
    CHARGING = 3
    PAUSED = 4
    TERMINATED = 5
    ERROR = 6


class OperationMode(IntEnum):
    """Who else decides about an HCC3, input register 0x0306.

    In its modes "Energy Manager" and "SCU" it has no Modbus.
    """

    REMOTE = 1
    TIME_MANAGED = 2
    EXTERNAL_SWITCH = 3


class Hcc3Error(IntEnum):
    """The error of an HCC3, input register 0x0304. 100 to 103 come in the mode SCU only."""

    NONE = 0
    INSTALLATION = 10
    CONTROLLER = 11
    MISCONFIGURATION = 12
    OVERTEMPERATURE = 13
    MIRROR_CONTACT = 14
    INVALID_TIME = 15
    ENERGY_MANAGER = 16
    STARTING = 30
    SELF_TEST = 31
    PANEL_CONNECTION = 32
    CABLE_BADLY_PLUGGED = 50
    WRONG_CABLE = 51
    DEFECTIVE_CABLE = 52
    UNKNOWN = 255
