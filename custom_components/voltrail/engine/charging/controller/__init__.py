"""The charging controller: pure, without I/O, and without a clock of its own."""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from .config import Battery, ChargerConfig, ControllerConfig, Distribution, MeanLimit
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

if TYPE_CHECKING:
    from .controller import Controller
    from .state import ControllerState

_LATE: Final = {"Controller": "controller", "ControllerState": "state"}

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


def __getattr__(name: str) -> Any:
    """Import the controller itself when it is asked for: most houses have no need of it."""
    if name in _LATE:
        return getattr(import_module(f"{__name__}.{_LATE[name]}"), name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
