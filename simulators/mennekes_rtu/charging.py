"""How the charger decides what to signal: limits, permissions, relays, and the car's answer."""

from dataclasses import dataclass
from typing import Final

from simulators.car import Car, Pilot
from simulators.grid import Grid
from simulators.mennekes_rtu.box import Box
from simulators.mennekes_rtu.codes import (
    NO_HEARTBEAT,
    AuthorisationStatus,
    CableLock,
    ControlPilot,
    Downgrade,
    EvseState,
)
from simulators.mennekes_rtu.ems import LEAST_CURRENT, Ems
from simulators.mennekes_rtu.session import Session
from simulators.meter import NOTHING, Meter
from simulators.registers import RefusedError

#: A phase that carries more than this is one the car uses.
_USED: Final = 0.5
#: Seconds in which a car that was just plugged in is looked at.
_LOOK: Final = 2.0
#: Seconds that a change of phases takes at least.
_SWITCH_SECONDS: Final = 5.0
_ASKING: Final = frozenset({Pilot.C, Pilot.D})


@dataclass(kw_only=True)
class Charging:
    """States named `charging.*`."""

    box: Box
    ems: Ems
    session: Session
    grid: Grid
    meter: Meter
    car: Car
    #: Register 0x0E02: one phase is in use, or will be when the relays close.
    single_phase: bool = False
    #: Seconds the relays stay open for a change of phases.
    switching: float = 0.0
    #: Seconds until the charger knows itself after a start.
    starting: float = 0.0
    switches: int = 0
    #: What is signalled to the car, register 0x0114.
    signalled: float = 0.0
    _plugged_for: float = 0.0

    @property
    def authorisation(self) -> AuthorisationStatus:
        """Register 0x0101."""
        if not self.car.plugged:
            return AuthorisationStatus.NOT_USED
        if self.box.authorisation and not self.box.authorised:
            return AuthorisationStatus.NOT_AUTHORISED
        return AuthorisationStatus.AUTHORISED

    @property
    def downgrade(self) -> Downgrade:
        """Register 0x0102."""
        if not self.car.plugged:
            return Downgrade.NO_VEHICLE
        return Downgrade.ACTIVE if self.box.downgraded else Downgrade.INACTIVE

    @property
    def cable_lock(self) -> CableLock:
        """Register 0x0D02."""
        if self.box.tethered:
            return CableLock.TETHERED
        locked = self.car.plugged or self.box.cable_locked
        return CableLock.LOCKED if locked else CableLock.UNLOCKED

    @property
    def state(self) -> EvseState:  # noqa: PLR0911 - one line per state
        """Register 0x0100."""
        if self.starting > 0:
            return EvseState.NOT_INITIALISED
        if self.box.service:
            return EvseState.SERVICE
        if self.box.error_code or self.car.faulty:
            return EvseState.ERROR
        if not self.car.plugged:
            return EvseState.IDLE
        if not self._accepted:
            return EvseState.CONNECTED
        if self.switching > 0:
            return EvseState.READY
        if self.signalled == 0:
            return EvseState.WAITING
        asking = self.car.pilot(self.signalled) in _ASKING
        return EvseState.CHARGING if asking else EvseState.READY

    @property
    def control_pilot(self) -> ControlPilot:
        """Register 0x0108."""
        if self.box.error_code:
            return ControlPilot.F
        pilot = self.car.pilot(self.signalled)
        if pilot is Pilot.E:
            return ControlPilot.E
        return ControlPilot[f"{pilot.name}{2 if self.signalled > 0 else 1}"]

    @property
    def session_limit(self) -> float:
        """Register 0x0B00."""
        return self.box.static_limit(plugged=self.car.plugged)

    @property
    def phases(self) -> int:
        """Phases that the relays connect."""
        return 1 if self.single_phase else self.box.phases

    @property
    def _accepted(self) -> bool:
        """Whether nothing but the energy manager's permission is missing.

        What a locked station does to a car that is already charging is UNCONFIRMED; here it stops.
        """
        authorised = self.authorisation is AuthorisationStatus.AUTHORISED
        return authorised and not self.ems.locked and self._plugged_for >= _LOOK

    def check_phases(self, word: int) -> None:
        """Refuse phases that nobody can have."""
        impossible = not self.box.phases_switchable and self.box.refuses_phases
        if word not in {0, 1} or impossible:
            raise RefusedError

    def request_phases(self, word: int) -> None:
        """Change the phases now or when the relays close next; ignored where it is not set up."""
        if not self.box.switches_phases:
            return
        self.ems.single_phase = bool(word)
        if self.ems.single_phase == self.single_phase:
            return
        self.switches += 1
        if self.state is EvseState.CHARGING or self.switching > 0:
            self.switching = max(_SWITCH_SECONDS, float(self.box.switch_pause))
        self.single_phase = self.ems.single_phase

    def restart(self, seconds: float) -> None:
        """Begin again; for a while the charger does not know itself."""
        self.starting = seconds
        self.switching = self.signalled = 0.0
        self.single_phase = self.ems.single_phase
        if self.box.error_code == NO_HEARTBEAT:
            self.box.error_code = 0

    def step(self, seconds: float, *, awake: bool) -> None:
        """Decide, let the car follow, count."""
        self.grid.step(seconds)
        if awake:
            self.starting = max(0.0, self.starting - seconds)
            self.ems.supervise(plugged=self.car.plugged)
        self.switching = max(0.0, self.switching - seconds)
        self._plugged_for = self._plugged_for + seconds if self.car.plugged else 0.0
        if not self.car.plugged:
            self.box.authorised = False
        self.signalled = self._permitted() if awake else 0.0
        self.car.step(seconds, self.signalled)
        closed = self.signalled > 0 or (self.car.current > 0 and self.switching == 0)
        currents = self.car.currents(self.phases) if closed else NOTHING
        self.car.charge(self.meter.measure(seconds, currents, self.grid.voltages))
        self._follow_session(seconds)

    def _permitted(self) -> float:
        blocked = self.starting > 0 or self.box.error_code or self.box.service or self.car.faulty
        if blocked or self.switching > 0 or not self._accepted:
            return 0.0
        limits = [self.ems.allowed(), self.session_limit]
        if self.box.downgraded:
            limits.append(self.box.downgrade_current)
        lowest = min(limits)
        return lowest if lowest >= LEAST_CURRENT else 0.0

    def _follow_session(self, seconds: float) -> None:
        present = self.authorisation is AuthorisationStatus.AUTHORISED
        if self.session.running:
            used = sum(amps > _USED for amps in self.meter.currents)
            self.session.step(seconds, self.meter.energy, used)
            if not present:
                self.session.end()
        elif present:
            self.session.begin(self.meter.energy)
