"""MENNEKES AMTRON Compact 2.0s, Start 2.0s and 4You 300 over Modbus RTU."""

from functools import partial
from typing import Final

from simulators.charger import Chargers
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

CHARGERS: Final[Chargers] = {
    f"compact_{layout}": partial(Compact, layout=layout, fallback=6)
    for layout in ("1.00", "1.02", "1.03")
} | {
    "compact_22_kw": partial(Compact, model="Compact 2.0s 22"),
}

__all__ = [
    "CHARGERS",
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
