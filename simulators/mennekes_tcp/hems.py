"""The energy manager's set-points, and the watchdog over its silence."""

from dataclasses import dataclass

from pymodbus.constants import ExcCodes

from simulators.mennekes_tcp.box import LEAST_CURRENT, Box
from simulators.mennekes_tcp.codes import Access, OverLimit
from simulators.registers import RefusedError


@dataclass(kw_only=True)
class Hems:
    """States named `hems.*`."""

    box: Box
    #: Set-points after a (re)start. Fresh devices showed 6.0 A and the highest power.
    reset_current: int = LEAST_CURRENT
    current_tenths: int = 0
    power: int = 0
    #: Registers 131 and 132; their defaults are UNCONFIRMED.
    safe_current: int = LEAST_CURRENT
    timeout: int = 60
    access: Access = Access.READ_WRITE
    timed_out: bool = False
    #: Seconds since the last request.
    silence: float = 0.0

    def __post_init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget the set-points, as a reboot does."""
        self.current_tenths = 10 * self.reset_current
        self.power = self.box.highest_power
        self.timed_out = False
        self.silence = 0.0

    @property
    def current(self) -> int:
        """The current limit in whole amps; the copy in tenths may be finer."""
        return self.current_tenths // 10

    def heard(self) -> None:
        """Restart the watchdog: any read or write does."""
        self.silence = 0.0

    def written(self) -> None:
        """Leave the timeout: only a write does."""
        self.timed_out = False

    def step(self, seconds: float) -> None:
        """Wait for the energy manager."""
        self.silence += seconds
        # A timeout of 0 is taken as "not supervised"; UNCONFIRMED.
        supervised = self.access is Access.READ_WRITE and self.timeout > 0
        if supervised and self.silence >= self.timeout:
            self.timed_out = True

    def check_tenths(self, tenths: int) -> None:
        """Refuse what is more than the model can do, if this one refuses it."""
        if tenths > 10 * self.box.rated_current and self.box.over_limit is OverLimit.REFUSE:
            raise RefusedError(ExcCodes.ILLEGAL_VALUE)

    def check_current(self, amps: int) -> None:
        """Do the same for whole amps."""
        self.check_tenths(10 * amps)

    def set_tenths(self, tenths: int) -> None:
        """Limit the current, in steps of 0.1 A."""
        tenths = min(tenths, 10 * self.box.rated_current)
        self.current_tenths = tenths if tenths >= 10 * LEAST_CURRENT else 0

    def set_current(self, amps: int) -> None:
        """Limit the current."""
        self.set_tenths(10 * amps)

    def set_power(self, watts: int) -> None:
        """Limit the power."""
        watts = min(watts, self.box.highest_power)
        self.power = watts if watts >= self.box.lowest_power else 0

    def set_safe_current(self, amps: int) -> None:
        """Choose what to charge with while the energy manager is silent."""
        amps = min(amps, self.box.rated_current)
        self.safe_current = amps if amps >= LEAST_CURRENT else 0

    def set_timeout(self, seconds: int) -> None:
        """Choose how long silence is tolerated; the bounds are UNCONFIRMED."""
        self.timeout = seconds
