"""MENNEKES chargers that speak Modbus TCP.

Two generations share the address skeleton and nothing else: 4Business and 4You
(profile 4X), and the older Professional, Charge Control and AMEDIO (profile ECU).
"""

from typing import Final

from ..family import Family, OptionField, Transport
from .device import MennekesTcp
from .predecessors import PREDECESSORS
from .profile_4x import ONE_PHASE_POWER

FAMILY: Final = Family(
    key="mennekes_tcp",
    title="MENNEKES AMTRON (Modbus TCP)",
    manufacturer="MENNEKES",
    transports=(Transport.TCP,),
    create=MennekesTcp,
    port=502,
    unit_id=1,
    # The older generation answers to any, and usually expects 255.
    other_unit_ids=(255, 1),
    scan_interval=10,
    is_charger=True,
    installer_maximum=32,
    predecessors=PREDECESSORS,
    option_fields=(
        OptionField(
            key="one_phase_power",
            default=ONE_PHASE_POWER,
            minimum=1380,
            maximum=4000,
            step=10,
            unit="W",
        ),
    ),
)

__all__ = ["FAMILY", "MennekesTcp"]
