"""Alfen Eve chargers (platforms NG9xx and AHP) over Modbus TCP."""

from typing import Final

from ..family import Family, OptionField, Transport
from .device import Alfen
from .predecessors import PREDECESSORS

FAMILY: Final = Family(
    key="alfen",
    title="Alfen Eve (Modbus TCP)",
    manufacturer="Alfen",
    transports=(Transport.TCP,),
    create=Alfen,
    port=502,
    # The station; its sockets answer as 1 and 2.
    unit_id=200,
    other_unit_ids=(200,),
    scan_interval=10,
    # Faster polling has been seen to make charger and energy manager fail.
    shortest_interval=5,
    is_charger=True,
    installer_maximum=64,
    option_fields=(
        OptionField(key="pause_current", default="0", choices=("0", "5")),
        OptionField(key="network_max_current", minimum=6, maximum=500, step=1, unit="A"),
    ),
    zeroconf=("_alfen._tcp.local.",),
    zeroconf_serial=r"ACE\d+",
    predecessors=PREDECESSORS,
)

__all__ = ["FAMILY", "Alfen"]
