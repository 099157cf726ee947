"""MENNEKES AMTRON chargers over Modbus TCP: the 4Business / 4You and the older ECU family."""

from simulators.mennekes_tcp.profile_4x import Charger4X
from simulators.mennekes_tcp.profile_ecu import ChargerEcu

__all__ = ["Charger4X", "ChargerEcu"]
