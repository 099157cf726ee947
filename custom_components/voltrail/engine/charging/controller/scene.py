"""All that a step works on."""

from dataclasses import dataclass, field
from datetime import datetime

from ...window import MeanWindow
from .bay import Bay
from .config import ControllerConfig
from .requests import Requests
from .samples import Observation
from .state import ControllerState


@dataclass(slots=True)
class Scene:
    """One moment: what is known, what is wanted, and the chargers with what they are to do."""

    config: ControllerConfig
    state: ControllerState
    now: float
    wall: datetime
    observation: Observation
    requests: Requests
    window: MeanWindow | None
    bays: list[Bay] = field(default_factory=list)
    dt_s: float = 0.0
    """Seconds that a fresh sample of the grid stands for; 0 without one."""
    silent: bool = False
    ready: bool = True
    guarded: bool = False
    """The currents of the phases are known, and there is a fuse to guard."""
    limit_w: float = 0.0
    wall_s: float = 0.0
