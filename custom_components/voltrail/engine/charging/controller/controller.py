"""The controller: one function in, one out."""

from datetime import datetime

from ...window import WindowRule
from . import planning, sequence
from .codec import NEVER
from .config import ControllerConfig
from .deciding import decide
from .explanation import Explanation, Order
from .intake import enter, measure
from .limit import opened
from .requests import Requests
from .samples import Observation
from .scene import Scene
from .state import ControllerState
from .telling import explain


class Controller:
    """Decides what each charger is to do. Has no clock and does no I/O."""

    def __init__(self, config: ControllerConfig, state: ControllerState | None = None) -> None:
        self.config = config
        self.state = state or ControllerState()
        self._plans: dict[str, planning.Kept | None] = {}
        limit = config.limit
        self._window = (
            opened(self.state.limit, WindowRule(limit.window_s, limit.zone)) if limit else None
        )

    def step(
        self, now: float, wall: datetime, observation: Observation, requests: Requests
    ) -> tuple[tuple[Order, ...], Explanation]:
        """Return the orders of this moment, and why.

        Call it on every fresh sample of the grid, and at least every five seconds.
        """
        self._begin(now)
        scene = Scene(self.config, self.state, now, wall, observation, requests, self._window)
        if self.config.limit is not None:
            limit = observation.mean_limit_w
            scene.limit_w = self.config.limit.power_w if limit is None else limit
            scene.wall_s = wall.timestamp()
        scene.bays = [enter(scene, config) for config in self.config.chargers]
        measure(scene)
        decide(scene, self._plans)
        orders: list[Order] = []
        if not requests.observing:
            for bay in scene.bays:
                order = sequence.act(bay, now)
                if order is not None:
                    orders.append(order)
        return tuple(orders), explain(scene)

    def _begin(self, now: float) -> None:
        state = self.state
        if state.started_s == NEVER:
            state.started_s = state.meter.started_s = state.phases.started_s = now
