"""Alfen Eve chargers (platforms NG9xx and AHP) over Modbus TCP."""

from typing import TYPE_CHECKING, Any, Final

from ..family import Family, Late, OptionField, Transport
from .predecessors import PREDECESSORS

if TYPE_CHECKING:
    from .device import Alfen

_DEVICE: Final = Late(__name__, "device", "Alfen")

FAMILY: Final[Family[Alfen]] = Family(
    key="alfen",
    title="Alfen Eve (Modbus TCP)",
    manufacturer="Alfen",
    transports=(Transport.TCP,),
    create=_DEVICE,
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


def __getattr__(name: str) -> Any:
    """Import the device when a program asks for it."""
    if name == "Alfen":
        return _DEVICE.load()
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
