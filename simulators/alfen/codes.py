"""The words and numbers of these stations, and what their document leaves open."""

from enum import IntEnum, IntFlag, StrEnum


class Platform(StrEnum):
    """The generation of the controller, register 140 of unit 200 (its text there may differ)."""

    NG9XX = "ng9xx"  # answers whatever is asked, and cuts the value that does not fit
    AHP = "ahp"  # refuses reads of 125 registers


class DataSource(StrEnum):
    """Whom active load balancing listens to, as set in the Service Installer."""

    SOCKET = "socket"  # an energy manager that limits each socket
    SCN = "scn"  # an energy manager that limits the smart charging network
    OTHER = "other"  # a meter, or nobody: set-points are stored and not accounted for


class ScnBlock(StrEnum):
    """What a read of 1400 to 1431 gets where no smart charging network is set up."""

    EMPTY = "empty"  # values of a network without sockets, as in the sample
    REFUSED = "refused"  # exception 2
    DROPS = "drops"  # exception 2, and the connection is closed


class OverLimit(StrEnum):
    """What happens to a set-point above the station's maximum. UNCONFIRMED on real devices."""

    REFUSE = "refuse"  # exception 3
    CLAMP = "clamp"


class MeterKind(StrEnum):
    """Which values a meter supplies; the others are not a number."""

    FULL = "full"
    SPARSE = "sparse"  # voltages to neutral, currents, frequency, total power and energy


class MeterState(IntFlag):
    """Register 300."""

    INITIALISED = 1
    UPDATED = 2
    WARNING = 4
    ERROR = 8


class MeterType(IntEnum):
    """Register 305."""

    RTU = 0
    TCP_IP = 1
    UDP = 2
    P1 = 3
    OTHER = 4
