"""How a charger decides what to offer: limits, phases, permissions, and the car's answer."""

from dataclasses import dataclass
from typing import Final

from simulators.car import Car, Pilot
from simulators.clock import Clock
from simulators.grid import Grid
from simulators.mennekes_tcp.box import LEAST_CURRENT, NOMINAL_VOLTAGE, Box
from simulators.mennekes_tcp.codes import (
    Authorisation,
    OcppStatus,
    Overlap,
    PhaseMode,
    PlugLock,
)
from simulators.mennekes_tcp.hems import Hems
from simulators.mennekes_tcp.network import Amps, Network
from simulators.mennekes_tcp.session import Session
from simulators.meter import NOTHING, Meter

#: What three phases need at least.
_THREE_PHASE_POWER: Final = 3 * NOMINAL_VOLTAGE * LEAST_CURRENT
#: How long the relays stay open for a phase switch, without the configured extra pause.
_SWITCH_SECONDS: Final = 10.0
_ASKING: Final = frozenset({Pilot.C, Pilot.D})


@dataclass(kw_only=True)
class Charging:
    """States named `charging.*`."""

    clock: Clock
    box: Box
    hems: Hems
    network: Network
    session: Session
    grid: Grid
    meter: Meter
    car: Car
    overlap: Overlap = Overlap.THREE
    #: Assigned phases, 0, 1 or 3.
    phases: int = 0
    #: Seconds a phase switch still takes.
    switching: float = 0.0
    #: A session of the car that is still there was ended.
    _ended: bool = False
    _offer_tenths: int = 0

    @property
    def offer(self) -> int:
        """Current signalled to the car in whole amps, register 706."""
        return self._offer_tenths // 10

    @property
    def signalled(self) -> float:
        """The same as the car sees it, in A."""
        return self._offer_tenths / 10

    @property
    def pilot(self) -> Pilot:
        """Register 122."""
        return self.car.pilot(self._offer_tenths / 10)

    @property
    def relay(self) -> bool:
        """Whether the car is connected to the mains."""
        return self.car.plugged and (
            self.car.current > 0 or (self._offer_tenths > 0 and self.pilot in _ASKING)
        )

    @property
    def own_amps(self) -> Amps:
        """What this charger takes of the network's supply per phase.

        A car that draws nothing still has the least current reserved.
        """
        if not self.car.plugged:
            return (0, 0, 0)
        amps = max(self.offer, LEAST_CURRENT)
        return (amps, amps, amps) if self.phases == 3 else (amps, 0, 0)

    @property
    def plug_lock(self) -> PlugLock:
        """Register 152."""
        if self.box.tethered:
            return PlugLock.TETHERED
        return PlugLock.CLOSED if self.car.plugged else PlugLock.OPEN

    @property
    def cable_current(self) -> int:
        """Register 715; 0 while no cable is there to be asked."""
        if self.box.tethered:
            return self.box.rated_current
        return self.box.cable_current if self.car.plugged else 0

    @property
    def status(self) -> OcppStatus:  # noqa: PLR0911 - one line per state of OCPP
        """Register 104, as a 4X counts."""
        if self.box.faulted or self.pilot is Pilot.E:
            return OcppStatus.FAULTED
        if not self.box.available:
            return OcppStatus.UNAVAILABLE
        if not self.car.plugged:
            return OcppStatus.RESERVED if self.box.reserved else OcppStatus.AVAILABLE
        if not self._authorised:
            return OcppStatus.FINISHING if self._ended else OcppStatus.PREPARING
        if self._offer_tenths == 0:
            return OcppStatus.SUSPENDED_EVSE
        if self.pilot in _ASKING:
            return OcppStatus.CHARGING
        return OcppStatus.SUSPENDED_EV if self.session.charged else OcppStatus.PREPARING

    @property
    def _authorised(self) -> bool:
        return self.box.authorisation is not Authorisation.NOT_AUTHORISED

    def restart(self) -> None:
        """Begin again after a reboot."""
        self.phases = 0
        self.switching = 0.0
        self._offer_tenths = 0

    def step(self, seconds: float, *, awake: bool = True) -> None:
        """Decide, let the car follow, count."""
        self.grid.step(seconds)
        self._assign_phases(seconds)
        self._offer_tenths = self._permitted_tenths() if awake else 0
        self.car.step(seconds, self._offer_tenths / 10)
        currents = self.car.currents(self.phases) if self.relay else NOTHING
        taken = self.meter.measure(seconds, currents, self.grid.voltages)
        self.car.charge(taken)
        self._follow_session(seconds)

    def _follow_session(self, seconds: float) -> None:
        present = self.car.plugged and self._authorised
        if self.session.running:
            self.session.step(seconds, self.meter.energy)
            if not present:
                self.session.end(self.clock.moment)
                self._ended = True
        elif present:
            self.session.begin(self.clock.moment, self.meter.energy)
            self._ended = False
        self._ended = self._ended and self.car.plugged

    def _assign_phases(self, seconds: float) -> None:
        if not self.car.plugged:
            self.phases = 0
            self.switching = 0.0
            return
        wanted = self._wanted_phases()
        if self.phases == 0:
            self.phases = wanted
        elif self.switching > 0:
            self.switching = max(0.0, self.switching - seconds)
            if self.switching == 0:
                self.phases = wanted or self.phases
        elif wanted not in {0, self.phases} and self.box.phase_mode is PhaseMode.DYNAMIC:
            self.switching = _SWITCH_SECONDS + self.box.switch_pause

    def _wanted_phases(self) -> int:
        """Return the phases that the power limit asks for; 0 while nothing decides."""
        if self.box.single_phase_only:
            return 1
        if self.box.phase_mode is PhaseMode.THREE:
            return 3
        undecided = self.phases or 3
        if self.hems.timed_out:
            return undecided
        power = self.hems.power
        if power < _THREE_PHASE_POWER:
            return 1 if power else self.phases
        if power > NOMINAL_VOLTAGE * self.box.rated_current:
            return 3
        return {Overlap.ONE: 1, Overlap.THREE: 3, Overlap.KEEP: undecided}[self.overlap]

    def _permitted_tenths(self) -> int:
        if not (
            self.car.plugged
            and self._authorised
            and self.box.available
            and self.box.released
            and self.phases
        ):
            return 0
        if self.box.faulted or self.switching > 0 or self.car.faulty:
            return 0
        limits = [
            self._hems_tenths(),
            10 * self.box.rated_current,
            10 * self.box.operator_limit,
            10 * self.cable_current,
        ]
        if (left := self.network.left_for_this_one) is not None:
            limits.append(10 * left)
        lowest = min(limits)
        return lowest if lowest >= 10 * LEAST_CURRENT else 0

    def _hems_tenths(self) -> int:
        """Return what the energy manager allows; the lower of both limits counts.

        UNCONFIRMED in writing, but how energy managers use the two.
        """
        if self.hems.timed_out:
            return 10 * self.hems.safe_current
        if self.hems.power >= self.box.highest_power:
            # The highest value is "no limit": it must not cost an ampere where the voltage is
            # above nominal.
            return self.hems.current_tenths
        # Converted with the volts that the meter shows, so the lowest power may be too little.
        volts = sum(round(voltage) for voltage in self.grid.voltages[: self.phases])
        from_power = 10 * self.hems.power // volts if volts else 0
        return min(self.hems.current_tenths, from_power)
