"""Victron GX: Cerbo GX, Ekrano GX, Venus GX and the like, with all that is behind them.

One register space, in which every register belongs to a type of device; the unit id
chooses which device of that type.
"""

from typing import TYPE_CHECKING, Any, Final

from ..family import Family, Late, Transport
from .finding import GX_UNIT
from .option_fields import OPTION_FIELDS
from .predecessors import PREDECESSORS

if TYPE_CHECKING:
    from .device import VictronGx

_DEVICE: Final = Late(__name__, "device", "VictronGx")

FAMILY: Final[Family[VictronGx]] = Family(
    key="victron_gx",
    title="Victron GX",
    manufacturer="Victron Energy",
    transports=(Transport.TCP,),
    create=_DEVICE,
    port=502,
    unit_id=GX_UNIT,
    scan_interval=10,
    # Below, slow GX models have been seen to suffer.
    shortest_interval=2,
    option_fields=OPTION_FIELDS,
    ssdp_manufacturer="Victron Energy",
    ssdp_serial="X_VrmPortalId",
    predecessors=PREDECESSORS,
)

__all__ = ["FAMILY", "VictronGx"]


def __getattr__(name: str) -> Any:
    """Import the device when a program asks for it."""
    if name == "VictronGx":
        return _DEVICE.load()
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
