"""What the charger tells, in the words that all brands share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, override

from ...charging.current_driven import CurrentDriven
from ...model.charging import (
    FALLBACK_CURRENT,
    MINIMUM_CURRENT,
    BlockedBy,
    ChargingState,
    Phases,
    first_reason,
    phases_carrying,
)
from ...model.options import Options
from ...model.points import Quantity, Tier, derived
from . import registers
from .heartbeat import Heartbeat
from .phase_switch import WORDS, PhaseSwitch
from .states import (
    Authorisation,
    ControlPilot,
    Downgrade,
    ErrorCode,
    EvseState,
    GridPhases,
    HardwarePhases,
    PhaseSwitchMode,
    RequestedPhases,
    SolarPhases,
)

OLD_LAYOUT: Final = 0x0102
"""Up to here exactly 6 A does not start a charge, and 6.01 A does."""

SLIGHTLY_MORE: Final = 6.01
_VENTILATED: Final = (ControlPilot.D1, ControlPilot.D2)

_IN_SESSION: Final = (EvseState.WAITING, EvseState.READY, EvseState.CHARGING)

_STATES: Final = {
    EvseState.IDLE: ChargingState.NO_VEHICLE,
    EvseState.CONNECTED: ChargingState.CONNECTED,
    EvseState.WAITING: ChargingState.CONNECTED,
    EvseState.READY: ChargingState.CONNECTED,
    EvseState.CHARGING: ChargingState.CHARGING,
    EvseState.ERROR: ChargingState.ERROR,
}


@dataclass(kw_only=True)
class Blocks:
    """What the charge point looks at; what a layout lacks is ``None``."""

    about: registers.About
    status: registers.Status
    limits: registers.Limits
    phase_mode: registers.PhaseMode
    meter: registers.Meter
    functions: registers.Functions
    diagnosis: registers.Diagnosis
    restart: registers.Restart | None = None
    pilot: registers.Pilot | None = None
    phase_options: registers.PhaseOptions | None = None
    installation: registers.Installation | None = None
    vehicle: registers.Vehicle | None = None
    supervision: registers.Supervision | None = None
    solar: registers.SolarSettings | None = None


class CompactStatus(CurrentDriven):
    """A charge point as far as it can be looked at."""

    def __init__(
        self,
        options: Options,
        changed: Callable[[], None],
        store: Callable[[], Awaitable[None]],
        *,
        blocks: Blocks,
        heartbeat: Heartbeat,
    ) -> None:
        super().__init__(options, changed, store)
        self.blocks = blocks
        self.heartbeat = heartbeat
        self.phase_switch = PhaseSwitch()

    @derived(ChargingState, depends_on=("status",))
    @override
    def charging_state(self) -> ChargingState | None:
        """What car and charger are doing."""
        state = self.blocks.status.evse_state
        pilot = None if self.blocks.pilot is None else self.blocks.pilot.control_pilot
        if state is EvseState.CHARGING and pilot in _VENTILATED:
            return ChargingState.VENTILATION
        return None if state is None else _STATES.get(state)

    @derived(BlockedBy, depends_on=("status", "limits", "functions", "diagnosis", "supervision"))
    def blocked_by(self) -> BlockedBy | None:
        """Why no energy flows."""
        blocks = self.blocks
        allowed = self.charging_allowed
        lost = blocks.diagnosis.error_code is ErrorCode.ENERGY_MANAGER_UNAVAILABLE
        return first_reason(
            self.charging_state,
            {
                BlockedBy.PAUSED: None if allowed is None else not allowed,
                BlockedBy.NOT_AUTHORISED: (
                    blocks.status.authorisation is Authorisation.NOT_AUTHORISED
                ),
                BlockedBy.STATION_LOCKED: blocks.functions.locked,
                BlockedBy.COMMUNICATION_TIMEOUT: self.fallen_back or lost,
                BlockedBy.PHASE_SWITCHING: self.phase_switch.under_way,
                BlockedBy.DOWNGRADED: self._downgraded_to_nothing,
            },
        )

    @property
    def fallen_back(self) -> bool:
        """Whether the charger does what it was set up to do without an energy manager."""
        supervision = self.blocks.supervision
        return supervision is not None and supervision.safe_current_active is True

    @property
    def _downgraded_to_nothing(self) -> bool:
        left = self.blocks.limits.downgrade_current
        downgraded = self.blocks.status.downgrade is Downgrade.DOWNGRADED
        return downgraded and left is not None and left < MINIMUM_CURRENT

    @derived(Quantity.COUNT, depends_on=("meter",))
    def phases_in_use(self) -> int | None:
        """How many phases carry current."""
        meter = self.blocks.meter
        return phases_carrying((meter.current_l1, meter.current_l2, meter.current_l3))

    @derived(Quantity.DURATION, depends_on=("status",), tier=Tier.EXPERT)
    def heartbeat_age(self) -> float | None:
        """Seconds since the charger last acknowledged that we are there."""
        age = self.heartbeat.age
        return None if age is None else round(age, 1)

    # -- what the shared verbs ask for --

    @property
    def old(self) -> bool:
        """Whether the layout is one on which exactly 6 A is not enough."""
        layout = self.blocks.about.layout
        return layout is not None and layout <= OLD_LAYOUT

    @property
    @override
    def device_maximum(self) -> float:
        """The lower of house and charger; the cable and the downgrade come on their own."""
        limits = self.blocks.limits
        known = [
            limit
            for limit in (limits.house_maximum_current, limits.charger_maximum_current)
            # Less than a car can be offered is no rating but a register that is not filled.
            if limit is not None and limit >= MINIMUM_CURRENT
        ]
        return min([*known, 32.0]) if known else FALLBACK_CURRENT

    @property
    @override
    def current_limit(self) -> float | None:
        amps = self.blocks.limits.current
        released = self.blocks.functions.released
        if self.waits:
            # It was accepted, and is sent as soon as the charger may have it.
            return self.resume_current
        if released is False:
            return 0.0
        if amps is None or released is None:
            return None
        if amps == 0:
            # No limit at all: the most that the charger can signal. What it means on older
            # layouts no document says.
            return None if self.old else self.device_maximum
        if amps < MINIMUM_CURRENT:
            return 0.0
        # 6.01 A is how 6 A is asked for.
        return MINIMUM_CURRENT if abs(amps - SLIGHTLY_MORE) < 0.001 else amps

    def register_value(self, amps: float) -> float:
        """Return what is written to limit the current."""
        return SLIGHTLY_MORE if self.old and amps == MINIMUM_CURRENT else amps

    @override
    def holds(self, amps: float) -> bool:
        found = self.blocks.limits.current
        return found is not None and abs(found - self.register_value(amps)) < 0.001

    @property
    @override
    def charging_allowed(self) -> bool | None:
        limit = self.current_limit
        return None if limit is None else limit > 0

    @property
    @override
    def voltages(self) -> tuple[float | None, float | None, float | None]:
        meter = self.blocks.meter
        return meter.voltage_l1, meter.voltage_l2, meter.voltage_l3

    @property
    @override
    def active_phases(self) -> int | None:
        if (measured := self.phases_in_use) is not None:
            return measured
        blocks = self.blocks
        supervision, installation = blocks.supervision, blocks.installation
        # Before layout 1.02 the charger only tells what it was asked for.
        requested = blocks.functions.requested_phases
        switched = requested if supervision is None else supervision.switched_phases
        one_switched = switched is RequestedPhases.ONE
        one_connected = installation is not None and installation.grid_phases is GridPhases.L1
        one_built = (
            blocks.phase_options is not None
            and blocks.phase_options.hardware_phases is HardwarePhases.ONE_PHASE
        )
        if one_switched or one_connected or one_built:
            return 1
        if blocks.vehicle is None or blocks.status.evse_state not in _IN_SESSION:
            # The phases of the last car say nothing about the next one.
            return None
        seen = blocks.vehicle.vehicle_phases
        # One may be all that it had so far, and not all that it uses.
        return None if seen == 1 and self.can_switch_phases else seen

    @property
    @override
    def can_switch_phases(self) -> bool:
        """Whether the charger takes orders on its phases now."""
        blocks = self.blocks
        options = blocks.phase_options
        dynamic = blocks.phase_mode.phase_switch_mode is PhaseSwitchMode.DYNAMIC or (
            blocks.solar is not None and blocks.solar.solar_phases is SolarPhases.DYNAMIC
        )
        return (
            options is not None
            and options.hardware_phases is HardwarePhases.ONE_OR_THREE
            and dynamic
            and self.serves("requested_phases")
        )

    def serves(self, function: str) -> bool:
        """Whether the charger has this function; one that it refuses to read it has not."""
        return function in self.blocks.functions.resolved_fields

    @property
    def phases(self) -> Phases | None:
        """The phases that were asked for, read back from the charger."""
        requested = self.blocks.functions.requested_phases
        return next((phases for phases, word in WORDS.items() if word is requested), None)
