"""MENNEKES chargers that speak Modbus RTU: AMTRON Compact 2.0s, Start 2.0s and 4You 300."""

from typing import TYPE_CHECKING, Any, Final

from ..family import Family, Late, LineSettings, Transport
from .predecessors import PREDECESSORS
from .states import CODE_TEXTS

if TYPE_CHECKING:
    from .device import MennekesRtu

_DEVICE: Final = Late(__name__, "device", "MennekesRtu")

FAMILY: Final[Family[MennekesRtu]] = Family(
    key="mennekes_rtu",
    title="MENNEKES AMTRON Compact, Start and 4You 300 (Modbus RTU)",
    manufacturer="MENNEKES",
    transports=(Transport.SERIAL, Transport.RTU_OVER_TCP, Transport.TCP),
    create=_DEVICE,
    check=Late(__name__, "check", "check"),
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


def __getattr__(name: str) -> Any:
    """Import the device when a program asks for it."""
    if name == "MennekesRtu":
        return _DEVICE.load()
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
