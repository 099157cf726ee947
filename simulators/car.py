"""An electric car: plugs in, draws what it is offered a little later, fills up, leaves."""

from dataclasses import dataclass
from enum import IntEnum

from simulators.meter import NOTHING, Phases


class Pilot(IntEnum):
    """State of the control pilot; the numbers are the order of the standard's letters."""

    A = 1  # no car
    B = 2  # connected, not asking
    C = 3  # connected, asking
    D = 4  # asking, needs ventilation
    E = 5  # error


@dataclass(kw_only=True)
class Car:
    """What the charger sees at the other end of the cable."""

    plugged: bool = False
    battery_wh: float = 60_000.0
    charged_wh: float = 30_000.0
    target: float = 1.0  # part of the battery at which it stops
    phases: int = 3
    #: Below this offer it does not draw; some need more to start than to go on.
    min_current: float = 6.0
    start_current: float = 6.0
    max_current: float = 32.0
    #: What it leaves of the offer.
    shortfall: float = 0.0
    #: Seconds before it follows a higher offer; a lower one is followed at once, by law.
    reaction: float = 2.0
    #: Amps per second while it rises and falls.
    ramp_up: float = 4.0
    ramp_down: float = 16.0
    #: Part of the battery above which it draws less and less.
    taper: float = 0.9
    ventilation: bool = False
    faulty: bool = False
    #: Switched off by its owner or its timer.
    wants_to_charge: bool = True
    _drawn: float = 0.0
    _waited: float = 0.0

    @property
    def charged(self) -> float:
        """How full the battery is, 0 to 1."""
        return self.charged_wh / self.battery_wh

    @property
    def full(self) -> bool:
        """Whether it has all it wants."""
        return self.charged_wh >= self.target * self.battery_wh

    @property
    def current(self) -> float:
        """What it draws per phase, in A."""
        return self._drawn

    def plug_in(self, charged: float = 0.5) -> None:
        """Arrive with this much in the battery."""
        self.charged_wh = charged * self.battery_wh
        self.plugged = True

    def leave(self) -> None:
        """Unplug and drive away."""
        self.plugged = False
        self._drawn = self._waited = 0.0

    def pilot(self, offer: float) -> Pilot:
        """Return the state of the control pilot under this offer."""
        if not self.plugged:
            return Pilot.A
        if self.faulty:
            return Pilot.E
        if not self._willing(offer) and self._drawn == 0:
            return Pilot.B
        return Pilot.D if self.ventilation else Pilot.C

    def _willing(self, offer: float) -> bool:
        least = self.min_current if self._drawn else max(self.min_current, self.start_current)
        return (
            self.plugged
            and self.wants_to_charge
            and not self.faulty
            and not self.full
            and offer >= least
        )

    def _wanted(self, offer: float) -> float:
        if not self._willing(offer):
            return 0.0
        wanted = min(offer - self.shortfall, self.max_current)
        if self.charged > self.taper:
            left = max(0.0, self.target - self.charged) / max(1e-6, self.target - self.taper)
            wanted = min(wanted, self.max_current * left)
        return max(wanted, 1.0)

    def step(self, seconds: float, offer: float) -> None:
        """Follow the offer for a while."""
        wanted = self._wanted(offer)
        if not self.plugged:
            self._drawn = self._waited = 0.0
        elif wanted < self._drawn:
            self._waited = 0.0
            self._drawn = max(wanted, self._drawn - self.ramp_down * seconds)
        elif wanted > self._drawn:
            self._waited += seconds
            if self._waited > self.reaction:
                self._drawn = min(wanted, self._drawn + self.ramp_up * seconds)
        else:
            self._waited = 0.0

    def currents(self, phases: int) -> Phases:
        """Return what it draws on L1, L2 and L3 of a supply with this many phases."""
        used = min(phases, self.phases)
        if not used:
            return NOTHING
        l1, l2, l3 = (self._drawn if phase < used else 0.0 for phase in range(3))
        return l1, l2, l3

    def charge(self, watt_hours: float) -> None:
        """Take energy into the battery."""
        self.charged_wh += watt_hours
