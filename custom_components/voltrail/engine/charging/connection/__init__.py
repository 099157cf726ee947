"""The grid connection as a device: what people want of its chargers, and what became of it."""

from .device import ConnectionDevice
from .seat import PointSeat, Seat
from .setup import ConnectionSetup, SeatSetup
from .wishes import ChargerWishes, ConnectionWishes

__all__ = [
    "ChargerWishes",
    "ConnectionDevice",
    "ConnectionSetup",
    "ConnectionWishes",
    "PointSeat",
    "Seat",
    "SeatSetup",
]
