"""Alfen Eve Single and Double Pro-line over Modbus TCP."""

from functools import partial
from typing import Final

from simulators.alfen.codes import (
    DataSource,
    MeterKind,
    MeterState,
    MeterType,
    OverLimit,
    Platform,
    ScnBlock,
)
from simulators.alfen.sample import sample
from simulators.alfen.station import Eve
from simulators.charger import Chargers

CHARGERS: Final[Chargers] = {"single": Eve, "double": partial(Eve, sockets=2)}

__all__ = [
    "CHARGERS",
    "DataSource",
    "Eve",
    "MeterKind",
    "MeterState",
    "MeterType",
    "OverLimit",
    "Platform",
    "ScnBlock",
    "sample",
]
