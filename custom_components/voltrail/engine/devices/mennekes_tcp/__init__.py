"""MENNEKES chargers that speak Modbus TCP.

Two generations share the address skeleton and nothing else: 4Business and 4You
(profile 4X), and the older Professional, Charge Control and AMEDIO (profile ECU).
"""

from typing import TYPE_CHECKING, Any, Final

from ..family import Family, Late, Transport
from .option_fields import OPTION_FIELDS
from .predecessors import PREDECESSORS

if TYPE_CHECKING:
    from .device import MennekesTcp

_DEVICE: Final = Late(__name__, "device", "MennekesTcp")

FAMILY: Final[Family[MennekesTcp]] = Family(
    key="mennekes_tcp",
    title="MENNEKES AMTRON (Modbus TCP)",
    manufacturer="MENNEKES",
    transports=(Transport.TCP,),
    create=_DEVICE,
    port=502,
    unit_id=1,
    # The older generation answers to any, and usually expects 255.
    other_unit_ids=(255, 1),
    scan_interval=10,
    is_charger=True,
    installer_maximum=32,
    predecessors=PREDECESSORS,
    option_fields=OPTION_FIELDS,
)

__all__ = ["FAMILY", "MennekesTcp"]


def __getattr__(name: str) -> Any:
    """Import the device when a program asks for it."""
    if name == "MennekesTcp":
        return _DEVICE.load()
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
