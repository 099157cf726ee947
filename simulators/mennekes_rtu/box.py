"""The charger as it was built, set up by DIP switches and tool, and found by its user."""

from dataclasses import dataclass
from typing import Final

from simulators.mennekes_rtu.codes import HardwarePhases, Satellite, SolarPhases

#: Register 0x0706 for models of 32 A and of 16 A.
_CURRENTS: Final = {32: (32, 25, 20, 16, 13, 10, 6), 16: (16, 16, 16, 16, 13, 10, 6)}
_RATED: Final = {"7.4": 32, "11": 16, "22": 32}
_PHASES: Final = {
    "7.4": HardwarePhases.ONE,
    "11": HardwarePhases.SWITCHABLE,
    "22": HardwarePhases.THREE,
}


def _power_class(model: str) -> str:
    """Read the power class out of a name such as "Compact 2.0s 11" or "4You 310 11 C2"."""
    return next((word for word in model.split()[1:] if word in _RATED), "22")


@dataclass(kw_only=True)
class Box:
    """States named `charger.*`."""

    model: str
    layout: int
    firmware: str
    serial: str
    #: Register 0x001B is in the newest document only; None when the charger does not have it.
    article: str | None
    hardware_phases: HardwarePhases
    #: Whether the registers 0x0700 to 0x08FF are there; the newest document does not list them.
    has_settings: bool = True
    satellite: Satellite = Satellite.ON
    #: DIP switches S2: the house connection.
    house_current: float = 63.0
    #: Code of register 0x0706, the current chosen at commissioning.
    evse_code: int = 0
    cable_current: float = 32.0
    #: The downgrade input, and what it leaves.
    downgraded: bool = False
    downgrade_current: float = 6.0
    rotation: int = 0
    connected_phases: int = 3
    #: Code of register 0x071A.
    solar_phases_code: int = 0
    cable_locked: bool = False
    #: Registers 0x030E and 0x073A: 0 keeps the last values, 1 pauses, 6 to 32 is a current.
    fallback: int = 0
    imbalance: bool = False
    imbalance_threshold: int = 20
    sunshine_minimum: int = 6
    #: Registers 0x0314 and 0x078C, in seconds.
    switch_pause: int = 0
    #: DIP switch S1-7. Without it the solar mode cannot be chosen.
    solar_modes: bool = False
    authorisation: bool = False
    authorised: bool = False
    temperature: float = 21.5
    error_code: int = 0
    service: bool = False
    #: What register 0x0311 says for one phase: the documents print 0 and 1.
    one_phase_code: int = 0
    #: Whether exactly 6 A works. Old units need 6.01 A; which ones exactly is UNCONFIRMED.
    six_is_enough: bool = True
    #: Whether heartbeat, release and a current end an error 200; else only a power cycle does.
    recovers: bool = True
    #: Whether the watchdog waits for a first heartbeat after a start. UNCONFIRMED.
    waits_for_manager: bool = True
    #: Whether set-points survive a restart. UNCONFIRMED.
    keeps_set_points: bool = False
    #: What unsupported phases get: exception 3, as seen on 22 kW units, or silence by the document.
    refuses_phases: bool = True
    #: Whether function 16 is taken where the document lists function 6 only. UNCONFIRMED.
    takes_spans: bool = False

    @property
    def rated_current(self) -> int:
        """What the model is made for."""
        return rated_current(self.model)

    @property
    def evse_current(self) -> float:
        """Register 0x0306."""
        return float(_CURRENTS[self.rated_current][self.evse_code])

    @property
    def tethered(self) -> bool:
        """Whether it has a cable of its own (C2) instead of a socket."""
        return "C2" in self.model.split()

    @property
    def solar_phases(self) -> SolarPhases:
        """Register 0x030A."""
        if self.solar_phases_code == 0:
            single = self.hardware_phases is HardwarePhases.ONE
            return SolarPhases.ONE if single else SolarPhases.THREE
        return SolarPhases(self.solar_phases_code - 1)

    @property
    def phases(self) -> int:
        """Phases it can charge on at all."""
        single = self.hardware_phases is HardwarePhases.ONE or self.connected_phases == 1
        return 1 if single else 3

    @property
    def phases_switchable(self) -> bool:
        """Whether the hardware can charge on one phase and on three."""
        return self.hardware_phases is HardwarePhases.SWITCHABLE

    @property
    def switches_phases(self) -> bool:
        """Whether the energy manager can choose the phases now."""
        return self.phases_switchable and self.solar_phases is SolarPhases.DYNAMIC

    def static_limit(self, *, plugged: bool) -> float:
        """Return register 0x0B00, the lowest of all limits that do not change by themselves."""
        cable = self.cable_current if plugged and not self.tethered else self.evse_current
        return min(self.house_current, self.evse_current, cable)


def rated_current(model: str) -> int:
    """Return the current of a model's power class."""
    return _RATED[_power_class(model)]


def hardware_phases(model: str) -> HardwarePhases:
    """Return what models of this power class can usually do."""
    return _PHASES[_power_class(model)]
