"""The charger as it was built, configured in its web interface and found by its user."""

from dataclasses import dataclass
from typing import Final

from simulators.mennekes_tcp.codes import Authorisation, OverLimit, PhaseMode

NOMINAL_VOLTAGE: Final = 230
#: Below this a charger may not charge; a set-point above 0 and below it pauses.
LEAST_CURRENT: Final = 6

#: The power class in a model's name, and the current that makes it.
_CURRENT_OF: Final = {"7.4": 32, "11": 16, "22": 32}


def rated_current(model: str, otherwise: int = 32) -> int:
    """Read the rated current out of a name such as "4Business 710 22 C2"."""
    words = model.split()
    return next((_CURRENT_OF[word] for word in words if word in _CURRENT_OF), otherwise)


@dataclass(kw_only=True)
class Box:
    """States named `charger.*`."""

    model: str
    rated_current: int
    grid_phases: int = 3
    name: str = ""
    #: A cable of its own (C2) instead of a socket.
    tethered: bool = False
    #: Rating of the cable somebody brings along; a tethered one carries what the charger can.
    cable_current: int = 32
    #: Lowest of all load management modules, register 134.
    operator_limit: int = 32
    phase_mode: PhaseMode = PhaseMode.THREE
    #: Register 2021, on top of what a switch takes anyway.
    switch_pause: int = 0
    authorisation: Authorisation = Authorisation.NOT_NEEDED
    available: bool = True
    reserved: bool = False
    faulted: bool = False
    #: An input of the charger that forbids charging while it is open.
    released: bool = True
    #: Registers 105 to 112 as one number.
    errors: int = 0
    #: Without a meter, its registers have no values.
    metered: bool = True
    over_limit: OverLimit = OverLimit.CLAMP

    @property
    def single_phase_only(self) -> bool:
        """Whether no more than one phase can ever be used."""
        return self.grid_phases == 1 or self.phase_mode is PhaseMode.ONE

    @property
    def lowest_power(self) -> int:
        """Register 2012."""
        phases = 3 if self.phase_mode is PhaseMode.THREE and self.grid_phases == 3 else 1
        return NOMINAL_VOLTAGE * LEAST_CURRENT * phases

    @property
    def highest_power(self) -> int:
        """Register 2013."""
        phases = 1 if self.single_phase_only else 3
        return NOMINAL_VOLTAGE * self.rated_current * phases
