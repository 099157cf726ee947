"""Victron's EV charging station over Modbus TCP, by itself and not through a GX."""

from typing import TYPE_CHECKING, Any, Final

from ..family import Family, Late, Transport

if TYPE_CHECKING:
    from .device import VictronEvcs

_DEVICE: Final = Late(__name__, "device", "VictronEvcs")

FAMILY: Final[Family[VictronEvcs]] = Family(
    key="victron_evcs",
    title="Victron EV Charging Station (Modbus TCP)",
    manufacturer="Victron Energy",
    transports=(Transport.TCP,),
    create=_DEVICE,
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


def __getattr__(name: str) -> Any:
    """Import the device when a program asks for it."""
    if name == "VictronEvcs":
        return _DEVICE.load()
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
