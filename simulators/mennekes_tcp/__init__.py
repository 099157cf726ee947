"""MENNEKES AMTRON chargers over Modbus TCP: 4Business and 4You, the older ECU family, HCC3."""

from typing import Final

from simulators.charger import Chargers
from simulators.mennekes_tcp.profile_4x import Charger4X
from simulators.mennekes_tcp.profile_ecu import ChargerEcu
from simulators.mennekes_tcp.profile_hcc3 import ChargerHcc3

CHARGERS: Final[Chargers] = {
    "4x": Charger4X,
    "4x_dynamic_phases": lambda: Charger4X(model="4Business 710 11 C2"),
    "4x_before_1_5": lambda: Charger4X(protocol="1.4"),
    "ecu": ChargerEcu,
    "ecu_before_5_22": lambda: ChargerEcu(firmware="4.50"),
    "hcc3": lambda: ChargerHcc3(any_unit=True),
}

__all__ = ["CHARGERS", "Charger4X", "ChargerEcu", "ChargerHcc3"]
