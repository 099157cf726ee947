"""Victron's EV charging station over Modbus TCP, by itself and not through a GX."""

from typing import Final

from ..family import Family, Transport
from .device import VictronEvcs

FAMILY: Final = Family(
    key="victron_evcs",
    title="Victron EV Charging Station (Modbus TCP)",
    manufacturer="Victron Energy",
    transports=(Transport.TCP,),
    create=VictronEvcs,
    port=502,
    unit_id=1,
    scan_interval=5,
    is_charger=True,
    installer_maximum=32,
    zeroconf=("_victron-car-charger._tcp.local.",),
    # 502 has been seen to answer 0 to everything where another port was announced.
    announces_port=True,
)

__all__ = ["FAMILY", "VictronEvcs"]
