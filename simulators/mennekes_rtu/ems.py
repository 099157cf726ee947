"""The energy manager's set-points, its heartbeat, and what it should not have done."""

from dataclasses import dataclass
from math import inf, isfinite
from typing import Final

from simulators.clock import Clock
from simulators.mennekes_rtu.box import Box
from simulators.mennekes_rtu.codes import LAYOUTS, NO_HEARTBEAT
from simulators.registers import RefusedError

HEARTBEAT: Final = 0x55AA
RESTART: Final = 0x00BB
#: Seconds without a heartbeat after which the energy manager is lost.
PATIENCE: Final = 10.0
LEAST_CURRENT: Final = 6.0
#: Below this a limit counts as 0. The document has nothing between 0 and 0.01, which as a single
#: is a little less than 0.01.
_NOTHING: Final = 0.005
#: Limits must not change faster than this, in seconds.
_CHANGES_APART: Final = 5.0
#: A second counted in tenths must not cost a heartbeat.
_CRUMB: Final = 1e-6


@dataclass(kw_only=True)
class Violations:
    """States named `violations.*`: what an energy manager must never do, counted."""

    #: A limit of 0, which newer chargers take for "no limit".
    full_power: int = 0
    #: Limits changed within 5 s of the previous change.
    fast_changes: int = 0
    #: Writes to the installer's settings.
    installer_writes: int = 0


@dataclass(kw_only=True)
class Ems:
    """States named `ems.*`."""

    clock: Clock
    box: Box
    violations: Violations
    #: Register 0x0302; None when nothing was written since the start.
    current: float | None = None
    released: bool = False
    #: Register 0x0D04: one phase is wanted.
    single_phase: bool = False
    locked: bool = False
    solar_mode: int = 0
    heartbeats: int = 0
    #: The longest time between two heartbeats, in seconds.
    longest_gap: float = 0.0
    _last_heartbeat: float | None = None
    _last_change: float | None = None
    _supervised_since: float = 0.0
    _recovered: frozenset[str] = frozenset()

    @property
    def silence(self) -> float:
        """Seconds since the last heartbeat, or since the start."""
        last = self._last_heartbeat
        return self.clock.now - (self._supervised_since if last is None else last)

    @property
    def alive(self) -> bool:
        """Whether there is a heartbeat."""
        return self._last_heartbeat is not None and not self.lost

    @property
    def lost(self) -> bool:
        """Whether there was a heartbeat and is none now."""
        supervised = self._last_heartbeat is not None or not self.box.waits_for_manager
        return supervised and self.silence > PATIENCE + _CRUMB

    @property
    def fallback_active(self) -> bool:
        """Register 0x0E01."""
        return self.lost and self.box.fallback != 0

    def allowed(self) -> float:
        """Return what the set-points or the fallback allow, in A; infinite for "no limit"."""
        if not self.released or self.locked:
            return 0.0
        if self.fallback_active:
            return 0.0 if self.box.fallback == 1 else float(self.box.fallback)
        if self._last_heartbeat is None or self.current is None:
            return 0.0
        if self.current < _NOTHING:
            # The trap: newer chargers signal all they have. Rev 1.2 of the document knows no 0.
            return inf if self.box.layout >= LAYOUTS["1.03"] else 0.0
        return self.current if self._enough(self.current) else 0.0

    def _enough(self, amps: float) -> bool:
        return amps > LEAST_CURRENT or (amps == LEAST_CURRENT and self.box.six_is_enough)

    def beat(self, _word: int) -> None:
        """Take a heartbeat."""
        if self._last_heartbeat is not None:
            self.longest_gap = max(self.longest_gap, self.silence)
        self._last_heartbeat = self.clock.now
        self.heartbeats += 1
        self._recover("heartbeat")

    def check_current(self, amps: float) -> None:
        """Refuse what is no current."""
        if not isfinite(amps) or amps < 0:
            raise RefusedError

    def set_current(self, amps: float) -> None:
        """Limit the current."""
        if amps < _NOTHING:
            self.violations.full_power += 1
        now = self.clock.now
        if amps != self.current:
            if self._last_change is not None and now - self._last_change < _CHANGES_APART - _CRUMB:
                self.violations.fast_changes += 1
            self._last_change = now
        self.current = amps
        if self._enough(amps):
            self._recover("current")

    def release(self, word: int) -> None:
        """Allow or forbid charging."""
        self.released = bool(word)
        if self.released:
            self._recover("release")

    def choose_solar_mode(self, mode: int) -> None:
        """Choose what the LEDs show; nothing happens without the DIP switch. UNCONFIRMED."""
        if self.box.solar_modes:
            self.solar_mode = mode

    def lock(self, word: int) -> None:
        """Lock the station."""
        self.locked = bool(word)

    def _recover(self, step: str) -> None:
        """Note a step out of an error 200; the heartbeat has to come first."""
        if self.box.error_code != NO_HEARTBEAT:
            self._recovered = frozenset()
        elif step == "heartbeat" or "heartbeat" in self._recovered:
            self._recovered |= {step}
            if len(self._recovered) == 3 and self.box.recovers:
                self.box.error_code = 0

    def supervise(self, *, plugged: bool) -> None:
        """Block the charger when nobody leads it and nobody said what to do then."""
        if self.lost and not plugged and self.box.fallback == 0 and not self.box.error_code:
            self.box.error_code = NO_HEARTBEAT
        if self.lost:
            self._recovered = frozenset()

    def restart(self) -> None:
        """Begin again after a reboot or a power cycle."""
        self._last_heartbeat = self._last_change = None
        self._supervised_since = self.clock.now
        self._recovered = frozenset()
        if not self.box.keeps_set_points:
            self.current = None
            self.released = self.single_phase = self.locked = False
            self.solar_mode = 0
