"""Victron's EV charging station over Modbus TCP, by itself."""

from typing import Final

from simulators.charger import Chargers
from simulators.victron_evcs.station import ChargingStation, PhaseHardware

CHARGERS: Final[Chargers] = {
    "ns": ChargingStation,
    "first": lambda: ChargingStation(product=0xC024, firmware="000120ff"),
    "before_minimum": lambda: ChargingStation(product=0xC025, firmware="00012101"),
    "one_contactor": lambda: ChargingStation(phase_hardware=PhaseHardware.REFUSED),
}

__all__ = ["CHARGERS", "ChargingStation"]
