"""A made-up charger, added as CONTRIBUTING.md says; it stands with no other family.

It forgets: after every power cycle its limit is back at 32 A.
"""

from typing import Final

from custom_components.voltrail.engine.devices.family import Family, Transport

from .device import Wallbox

FAMILY: Final = Family(
    key="specimen",
    title="Specimen wallbox (Modbus TCP)",
    manufacturer="Specimen",
    transports=(Transport.TCP,),
    create=Wallbox,
    is_charger=True,
    installer_maximum=32,
)

__all__ = ["FAMILY", "Wallbox"]
