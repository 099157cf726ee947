"""One socket: its set-point, its relays, its car and its meter."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from simulators.alfen.codes import DataSource
from simulators.alfen.scn import Scn
from simulators.alfen.setpoint import SetPoint
from simulators.alfen.settings import EmsSettings, StationSettings
from simulators.alfen.socket_meter import SocketMeter
from simulators.car import Car, Pilot
from simulators.grid import Grid
from simulators.meter import NOTHING
from simulators.registers import RefusedError

#: Below this no charger may charge.
LEAST_CURRENT: Final = 6.0
#: More than this while the phases change wears out relays and cars.
_UNDER_LOAD: Final = 1.0


@dataclass(kw_only=True)
class Socket:
    """States named `socket.*`, `socket_2.*` for the right one."""

    station: StationSettings
    ems: EmsSettings
    scn: Scn
    grid: Grid
    car: Car
    meter: SocketMeter
    #: How many sockets of the station have a car, for a limit that they share.
    busy: Callable[[], int]
    limit: SetPoint = field(default_factory=SetPoint)
    operative: bool = True
    #: What other parts of the station allow, such as its own load balancing.
    other_limit: float = 1000.0
    #: Shown instead of the state, for texts that nobody expects.
    odd_state: str | None = None
    faulted: bool = False
    #: Seconds the relays stay open for a change of phases.
    switching: float = 0.0
    #: How often the phases were changed, and how often while current flowed.
    switches: int = 0
    switched_under_load: int = 0
    _phases: int = 3
    _relays: int = 3

    def __post_init__(self) -> None:
        if self.station.single_phase:
            self._phases = self._relays = 1

    @property
    def setpoint(self) -> float:
        """Register 1210; setting it is what another energy manager does."""
        return self.limit.current

    @setpoint.setter
    def setpoint(self, amps: float) -> None:
        self.limit.write(self.ems.fit(amps, self.station.max_current))

    @property
    def remaining(self) -> float:
        """Seconds the set-point is still valid."""
        return self.limit.remaining

    @remaining.setter
    def remaining(self, seconds: float) -> None:
        self.limit.remaining = seconds

    @property
    def validity(self) -> float:
        """How long a set-point holds, in seconds; not readable over Modbus."""
        return self.limit.validity

    @validity.setter
    def validity(self, seconds: float) -> None:
        self.limit.validity = seconds

    @property
    def safe_current(self) -> float:
        """Register 1212."""
        return self.limit.safe_current

    @safe_current.setter
    def safe_current(self, amps: float) -> None:
        self.limit.safe_current = amps

    @property
    def accounted(self) -> bool:
        """Register 1214."""
        return self.ems.source is DataSource.SOCKET

    @property
    def applied(self) -> float:
        """Register 1206."""
        if self.station.budget_needs_car and not self.car.plugged:
            return 0.0
        highest = min(self.station.max_current, self.other_limit)
        if self.ems.source is DataSource.SOCKET:
            return min(highest, self.limit.current)
        if self.ems.source is DataSource.SCN:
            return min(highest, self.scn.left(self.phases, self.busy()))
        return highest

    @property
    def offer(self) -> float:
        """What is signalled to the car; nothing below 6 A."""
        allowed = self.operative and not self.faulted and self.switching == 0
        return self.applied if allowed and self.applied >= LEAST_CURRENT else 0.0

    @property
    def phases(self) -> int:
        """Phases chosen, 1 or 3; the relays follow after their pause."""
        return self._phases

    @phases.setter
    def phases(self, phases: int) -> None:
        if phases == self._phases:
            return
        self.switches += 1
        if self.car.current > _UNDER_LOAD:
            self.switched_under_load += 1
        self._phases = phases
        self.switching = self.station.relay_pause
        if self.switching == 0:
            self._relays = phases

    @property
    def phases_connected(self) -> int:
        """Phases that the relays would connect."""
        return self._relays

    @property
    def phases_read(self) -> int:
        """Register 1215."""
        return 3 if self.station.phases_always_read_three else self._phases

    @property
    def mode3_state(self) -> str:
        """Register 1201."""
        if self.odd_state is not None:
            return self.odd_state
        pilot = self.car.pilot(self.offer)
        if self.faulted or pilot is Pilot.E:
            return "F"
        if pilot is Pilot.A:
            return self.station.idle_state
        return f"{pilot.name}{2 if self.offer > 0 else 1}"

    def check_setpoint(self, amps: float) -> None:
        """Refuse what is no limit."""
        self.ems.check(amps, self.station.max_current)

    def check_phases(self, phases: int) -> None:
        """Refuse what the hardware or the installer does not allow."""
        if phases not in {1, 3} or not self.ems.allow_phases or self.station.single_phase:
            raise RefusedError

    def write_setpoint(self, amps: float) -> None:
        """Take a set-point from Modbus."""
        self.setpoint = amps

    def write_phases(self, phases: int) -> None:
        """Take the number of phases from Modbus."""
        self.phases = phases

    def step(self, seconds: float) -> None:
        """Live through this many seconds."""
        self.limit.step(seconds)
        if self.switching > 0:
            self.switching = max(0.0, self.switching - seconds)
            if self.switching == 0:
                self._relays = self._phases
        self.car.step(seconds, self.offer)
        closed = self.switching == 0 and self.operative and not self.faulted
        phases = min(self._relays, self.meter.phases)
        currents = self.car.currents(phases) if closed else NOTHING
        self.car.charge(self.meter.measure(seconds, currents, self.grid.voltages))

    def restart(self) -> None:
        """Begin again after a reboot: the set-point and its validity are lost."""
        self.limit.forget()
        self.switching = 0.0
        self._relays = self._phases
