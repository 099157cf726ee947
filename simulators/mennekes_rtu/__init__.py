"""MENNEKES AMTRON Compact 2.0s, Start 2.0s and 4You 300 over Modbus RTU."""

from simulators.mennekes_rtu.bus import Bus
from simulators.mennekes_rtu.charger import Compact
from simulators.mennekes_rtu.codes import (
    AuthorisationStatus,
    CableLock,
    ControlPilot,
    Downgrade,
    EvseState,
    HardwarePhases,
    Satellite,
    SolarPhases,
)

__all__ = [
    "AuthorisationStatus",
    "Bus",
    "CableLock",
    "Compact",
    "ControlPilot",
    "Downgrade",
    "EvseState",
    "HardwarePhases",
    "Satellite",
    "SolarPhases",
]
