"""The grid connection as a device: what people want of its chargers, and what became of it."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from .seat import PointSeat, Seat
from .setup import ConnectionSetup, SeatSetup
from .wishes import ChargerWishes, ConnectionWishes

if TYPE_CHECKING:
    from .device import ConnectionDevice

_LATE: Final = {"ConnectionDevice": "device"}

__all__ = [
    "ChargerWishes",
    "ConnectionDevice",
    "ConnectionSetup",
    "ConnectionWishes",
    "PointSeat",
    "Seat",
    "SeatSetup",
]


def __getattr__(name: str) -> Any:
    """Import the device when it is asked for: most houses have no need of it."""
    if name in _LATE:
        return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
