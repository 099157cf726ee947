"""MENNEKES chargers that speak Modbus RTU: AMTRON Compact 2.0s, Start 2.0s and 4You 300."""

from typing import Final

from ..family import Family, LineSettings, Transport
from .check import check
from .device import MennekesRtu
from .predecessors import PREDECESSORS
from .states import CODE_TEXTS

FAMILY: Final = Family(
    key="mennekes_rtu",
    title="MENNEKES AMTRON Compact, Start and 4You 300 (Modbus RTU)",
    manufacturer="MENNEKES",
    transports=(Transport.SERIAL, Transport.RTU_OVER_TCP, Transport.TCP),
    create=MennekesRtu,
    check=check,
    port=502,
    unit_id=50,
    # 1 is said to be the address of a charger that is no satellite (UNCONFIRMED), 11 to 14
    # can be chosen with the configuration tool.
    other_unit_ids=(1, 11, 12, 13, 14),
    line=LineSettings(baudrate=57600, stopbits=2),
    scan_interval=10,
    shortest_interval=3,
    is_charger=True,
    installer_maximum=32,
    code_texts=CODE_TEXTS,
    predecessors=PREDECESSORS,
)

__all__ = ["FAMILY", "MennekesRtu"]
