"""Alfen Eve Single and Double Pro-line over Modbus TCP."""

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

__all__ = [
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
