"""MENNEKES AMTRON chargers over Modbus TCP: the 4Business / 4You and the older ECU family."""

from typing import Final

from simulators.charger import Chargers
from simulators.mennekes_tcp.profile_4x import Charger4X
from simulators.mennekes_tcp.profile_ecu import ChargerEcu

CHARGERS: Final[Chargers] = {
    "4x": Charger4X,
    "4x_dynamic_phases": lambda: Charger4X(model="4Business 710 11 C2"),
    "4x_before_1_5": lambda: Charger4X(protocol="1.4"),
    "ecu": ChargerEcu,
    "ecu_before_5_22": lambda: ChargerEcu(firmware="4.50"),
}

__all__ = ["CHARGERS", "Charger4X", "ChargerEcu"]
