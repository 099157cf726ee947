"""Victron GX: Cerbo GX, Ekrano GX, Venus GX and the like, with all that is behind them.

One register space, in which every register belongs to a type of device; the unit id
chooses which device of that type.
"""

from typing import Final

from ..family import Family, Transport
from . import finding, write_limits
from .device import VictronGx
from .predecessors import PREDECESSORS

FAMILY: Final = Family(
    key="victron_gx",
    title="Victron GX",
    manufacturer="Victron Energy",
    transports=(Transport.TCP,),
    create=VictronGx,
    port=502,
    unit_id=finding.GX_UNIT,
    scan_interval=10,
    # Below, slow GX models have been seen to suffer.
    shortest_interval=2,
    option_fields=(*write_limits.OPTION_FIELDS, *finding.OPTION_FIELDS),
    ssdp_manufacturer="Victron Energy",
    ssdp_serial="X_VrmPortalId",
    predecessors=PREDECESSORS,
)

__all__ = ["FAMILY", "VictronGx"]
