"""The charging controller: pure, without I/O, and without a clock of its own."""

from .config import Battery, ChargerConfig, ControllerConfig, Distribution, MeanLimit
from .controller import Controller
from .explanation import ChargerExplanation, Explanation, Order
from .reasons import Reason
from .requests import (
    BatteryPriority,
    ChargerRequest,
    GridShare,
    Mode,
    PhaseChoice,
    Requests,
)
from .samples import (
    BatterySample,
    ChargerView,
    CurrentsSample,
    GridSample,
    Observation,
    Slot,
)
from .state import ControllerState

__all__ = [
    "Battery",
    "BatteryPriority",
    "BatterySample",
    "ChargerConfig",
    "ChargerExplanation",
    "ChargerRequest",
    "ChargerView",
    "Controller",
    "ControllerConfig",
    "ControllerState",
    "CurrentsSample",
    "Distribution",
    "Explanation",
    "GridSample",
    "GridShare",
    "MeanLimit",
    "Mode",
    "Observation",
    "Order",
    "PhaseChoice",
    "Reason",
    "Requests",
    "Slot",
]
