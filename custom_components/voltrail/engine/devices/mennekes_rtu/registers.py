"""Every register of the layouts 1.00 to 1.03, addresses as in the documents.

One component is one run of registers that is known to be readable in one go. The holes
between them must not be asked for, and neither must 0x0D00, which can only be written.
"""

from typing import Final

from modbus_connection.model import Component, boolean, enum, integer, uint32

from ...model.fields import padded
from ...model.points import (
    Aspect,
    Kind,
    Quantity,
    Tier,
    derived,
    enumerated,
    flag,
    measure,
    phases,
    text,
)
from .block import Block
from .fields import current_setpoint, real
from .states import (
    Authorisation,
    ConnectedPhases,
    ControlPilot,
    Downgrade,
    ErrorCode,
    EvseState,
    Fallback,
    GridPhases,
    HardwarePhases,
    MaximumSetting,
    PhaseRotation,
    PhaseSwitchMode,
    PlugLock,
    RequestedPhases,
    SolarMode,
    SolarPhases,
)

HEARTBEAT: Final = 0x55AA
RESTART: Final = 0x00BB


class About(Block):
    """The layout of the registers, and the firmware."""

    register_ranges = ((0x0000, 0x0008),)

    layout = integer(0x0000, signed=False)
    firmware = text(padded(0x0001, 8), tier=Tier.EXPERT)

    @derived(Kind.TEXT, tier=Tier.EXPERT)
    def register_layout(self) -> str | None:
        """The layout as the documents write it: 0x0103 is 1.0.3."""
        if self.layout is None:
            return None
        return f"{self.layout >> 8}.{self.layout >> 4 & 0xF}.{self.layout & 0xF}"


class SerialNumber(Block):
    """The serial number, filled up with underscores (layout 1.02)."""

    serial_number = text(padded(0x0013, 8), tier=Tier.EXPERT, private=True)


class ArticleNumber(Block):
    """The article number, of which only rev 2.5 of the document speaks (UNCONFIRMED)."""

    article_number = text(padded(0x001B, 8), tier=Tier.EXPERT)


class Status(Block):
    """What charger and car are doing."""

    register_ranges = ((0x0100, 0x0103),)

    evse_state = enumerated(enum(0x0100, EvseState), tier=Tier.DETAIL)
    authorisation = enumerated(enum(0x0101, Authorisation), tier=Tier.DETAIL)
    downgrade = enumerated(enum(0x0102, Downgrade), tier=Tier.DETAIL)
    phase_rotation = enumerated(enum(0x0103, PhaseRotation), tier=Tier.EXPERT)


class Pilot(Block):
    """The control pilot (layout 1.02)."""

    control_pilot = enumerated(enum(0x0108, ControlPilot), tier=Tier.DETAIL)


class Signal(Block):
    """What the car is told (layout 1.03)."""

    current_offered = measure(real(0x0114), Quantity.CURRENT)


class Limits(Block):
    """The current limits."""

    register_ranges = ((0x0300, 0x0307),)

    downgrade_current = measure(real(0x0300), Quantity.CURRENT, tier=Tier.EXPERT)
    current = current_setpoint(0x0302)
    house_maximum_current = measure(real(0x0304), Quantity.CURRENT, tier=Tier.EXPERT)
    charger_maximum_current = measure(real(0x0306), Quantity.CURRENT, tier=Tier.EXPERT)


class PhaseMode(Block):
    """On how many phases solar energy is charged."""

    phase_switch_mode = enumerated(enum(0x030A, PhaseSwitchMode), tier=Tier.DETAIL)


class PhaseOptions(Block):
    """What the relays can do (layout 1.01)."""

    hardware_phases = enumerated(enum(0x030C, HardwarePhases), tier=Tier.EXPERT)


class Installation(Block):
    """How the charger was set up (layout 1.02)."""

    register_ranges = ((0x030D, 0x0314),)

    permanent_cable_lock = flag(boolean(0x030D), tier=Tier.EXPERT)
    fallback_code = integer(0x030E, signed=False)
    imbalance_supervision = flag(boolean(0x030F), tier=Tier.EXPERT)
    imbalance_threshold = measure(integer(0x0310, signed=False), Quantity.CURRENT, tier=Tier.EXPERT)
    grid_phases_code = integer(0x0311, signed=False)
    authorisation_required = flag(boolean(0x0312), tier=Tier.EXPERT)
    sunshine_minimum_current = measure(
        integer(0x0313, signed=False), Quantity.CURRENT, tier=Tier.EXPERT
    )
    phase_switch_pause = measure(integer(0x0314, signed=False), Quantity.DURATION, tier=Tier.EXPERT)

    @derived(Fallback, tier=Tier.DETAIL)
    def fallback(self) -> Fallback | None:
        """What the charger does when its energy manager is lost."""
        match self.fallback_code:
            case None:
                return None
            case 0:
                return Fallback.KEEPS_LAST
            case 1:
                return Fallback.PAUSES
            case _:
                return Fallback.LIMITS

    @derived(Quantity.CURRENT, tier=Tier.DETAIL)
    def safe_current(self) -> float | None:
        """The current it falls back to, 0 for a pause; none if it just goes on."""
        return safe_current(self.fallback_code)

    @derived(GridPhases, tier=Tier.EXPERT)
    def grid_phases(self) -> GridPhases | None:
        """How the charger is connected. The documents disagree on the code for L1 alone."""
        match self.grid_phases_code:
            case 0 | 1:
                return GridPhases.L1
            case 2:
                return GridPhases.L1_L2_L3
            case _:
                return None


def safe_current(code: int | None) -> float | None:
    """Return the current that a fallback code stands for: 0 goes on as before, 1 pauses."""
    if code is None or code == 0:
        return None
    return 0.0 if code == 1 else float(code)


class Meter(Block):
    """What the charger measures; not for billing."""

    register_ranges = ((0x0500, 0x0513),)

    current_l1, current_l2, current_l3 = phases(real, (1280, 1282, 1284), Quantity.CURRENT)

    voltage_l1, voltage_l2, voltage_l3 = phases(real, (1286, 1288, 1290), Quantity.VOLTAGE)

    power_l1, power_l2, power_l3 = phases(real, (1292, 1294, 1296), Quantity.POWER)
    power = measure(real(0x0512), Quantity.POWER)


class Climate(Block):
    """The temperature inside the station (layout 1.02)."""

    temperature = measure(real(0x0900), Quantity.TEMPERATURE, tier=Tier.DETAIL)


class Session(Block):
    """The present or last session."""

    register_ranges = ((0x0B00, 0x0B05),)

    # The lowest of all limits that do not change by themselves, the cable's included.
    session_maximum_current = measure(real(0x0B00), Quantity.CURRENT, tier=Tier.DETAIL)
    session_energy = measure(real(0x0B02, scale=1000), Quantity.SESSION_ENERGY)
    session_duration = measure(uint32(0x0B04), Quantity.DURATION)


class Vehicle(Block):
    """What is known about the car (layout 1.02)."""

    # The most that were seen in use; 0 before the car drew anything.
    vehicle_phases = measure(integer(0x0B06, signed=False, nan=0), Quantity.COUNT, tier=Tier.DETAIL)


class Functions(Block):
    """What the charger was asked to do."""

    register_ranges = ((0x0D02, 0x0D06),)

    plug_lock = enumerated(enum(0x0D02, PlugLock), tier=Tier.DETAIL)
    solar_mode = enum(0x0D03, SolarMode, writable=True)
    requested_phases = enumerated(enum(0x0D04, RequestedPhases, writable=True), tier=Tier.EXPERT)
    released = flag(boolean(0x0D05, writable=True), tier=Tier.EXPERT)
    locked = boolean(0x0D06, writable=True)


class Heartbeat(Component):
    """The energy manager's sign of life. It can only be written."""

    word = integer(0x0D00, signed=False, writable=True)


class Restart(Component):
    """The order to restart (layout 1.03). It can only be written."""

    word = integer(0x0D19, signed=False, writable=True)


class Diagnosis(Block):
    """The active error."""

    error_code = enumerated(enum(0x0E00, ErrorCode), tier=Tier.DETAIL)


class Supervision(Block):
    """Whether the charger misses its energy manager, and its phases (layout 1.02)."""

    register_ranges = ((0x0E01, 0x0E02),)

    safe_current_active = flag(boolean(0x0E01), Aspect.PROBLEM)
    # In use, or to be used when the relays close next.
    switched_phases = enumerated(enum(0x0E02, RequestedPhases), tier=Tier.EXPERT)


class Statistics(Block):
    """What the charger has counted in its life (layout 1.02)."""

    register_ranges = ((0x1000, 0x1003),)

    energy_charged = measure(real(0x1000, scale=1000), Quantity.ENERGY)
    sessions = measure(uint32(0x1002), Quantity.TOTAL_COUNT, tier=Tier.DETAIL)


# -- the installer's settings (layout 1.03), persistent, written only when the user orders it --


class MaximumSettings(Block):
    """The highest current of the installation."""

    maximum = enum(0x0706, MaximumSetting, writable=True)


class RotationSettings(Block):
    """How the phases of the house are connected."""

    rotation = enum(0x070A, PhaseRotation, writable=True)


class ConnectionSettings(Block):
    """How many phases are connected."""

    connected_phases = enum(0x0710, ConnectedPhases, writable=True)


class SolarSettings(Block):
    """On how many phases solar energy is charged."""

    solar_phases = enum(0x071A, SolarPhases, writable=True)


class FallbackSettings(Block):
    """What happens when the energy manager is lost."""

    code = integer(0x073A, signed=False, writable=True)


class SolarModeSettings(Block):
    """Whether the solar modes can be used; the same as DIP switch S1-7."""

    active = boolean(0x073C, writable=True)


class PauseSettings(Block):
    """How long the relays stay open between two phase counts."""

    seconds = integer(0x078C, signed=False, writable=True)
