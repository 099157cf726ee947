"""The numbers these chargers use for their states, and what their document leaves open."""

from enum import IntEnum, StrEnum


class OcppStatus(IntEnum):
    """Register 104 of a 4X; the ECU family counts differently, see `ECU_STATUS`."""

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


ECU_STATUS = {
    OcppStatus.AVAILABLE: 0,
    OcppStatus.RESERVED: 2,
    OcppStatus.UNAVAILABLE: 3,
    OcppStatus.FAULTED: 4,
    OcppStatus.PREPARING: 5,
    OcppStatus.CHARGING: 6,
    OcppStatus.SUSPENDED_EVSE: 7,
    OcppStatus.SUSPENDED_EV: 8,
    OcppStatus.FINISHING: 9,
}


class PlugLock(IntEnum):
    """Register 152 of a 4X."""

    UNDEFINED = 0
    OPEN = 1
    CLOSED = 2
    TETHERED = 3
    NOT_READ = 4


class PhaseMode(IntEnum):
    """Register 2020."""

    ONE = 0
    THREE = 1
    DYNAMIC = 2
    WHEN_UNPLUGGED = 3


class Authorisation(IntEnum):
    """Register 2030."""

    NOT_NEEDED = 0
    AUTHORISED = 1
    NOT_AUTHORISED = 2


class Access(IntEnum):
    """Register 2010: what the web interface grants to Modbus."""

    OFF = 0
    READ_ONLY = 1
    READ_WRITE = 2


class NetworkMode(IntEnum):
    """Register 600 of a 4X."""

    DISABLED = 0
    MASTER = 1
    SATELLITE = 4


class OverLimit(StrEnum):
    """What happens to a current above what the model can do. UNCONFIRMED on real devices."""

    CLAMP = "clamp"
    REFUSE = "refuse"  # exception 3


class Overlap(StrEnum):
    """Phases for 4140 to 7360 W on a dynamic 32 A unit. UNCONFIRMED on real devices."""

    ONE = "one"
    THREE = "three"
    KEEP = "keep"


class ReadOnlyWrites(StrEnum):
    """What a write gets while Modbus is read only. UNCONFIRMED on real devices."""

    REFUSE = "refuse"  # exception 2
    IGNORE = "ignore"  # acknowledged, without effect
