"""Steps the controller: with every word of the meter, and every few seconds without one."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, Final, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .. import repairs
from ..const import DOMAIN
from ..coordinator import VoltrailConfigEntry, VoltrailCoordinator
from ..engine.charging.connection import ConnectionDevice
from ..engine.charging.controller import Explanation, Order, Reason
from ..engine.model.errors import VoltrailError
from . import const, sign
from .inputs import Inputs
from .messages import control_ended
from .places import Places
from .setup import distributions, seats

_LOGGER = logging.getLogger(__name__)

STEP_EVERY: Final = 5.0
"""Seconds after which it is decided again although nothing was heard: ages have grown."""
KEEP_EVERY: Final = 1800.0
"""Seconds between two saves of what was learned and counted; orders cause none."""
SHOW_EVERY: Final = 10.0
"""Seconds between two writes of numbers that move all the time; a new reason is shown at once."""


class ChargingCoordinator(VoltrailCoordinator):
    """Turns what is heard into decisions, and decisions into orders."""

    device: ConnectionDevice

    def __init__(
        self, hass: HomeAssistant, entry: VoltrailConfigEntry, device: ConnectionDevice
    ) -> None:
        super().__init__(hass, entry, device)
        boards = {key: one.data for key, one in distributions(entry).items()}
        cars = {key: one.data for key, one in seats(entry).items()}
        self.inputs = Inputs(hass, entry.data, boards, cars, self.soon)
        self.places = Places(hass, entry, device, self.soon, self.inputs.restart)
        self._subentries = {key: one.subentry_id for key, one in seats(entry).items()}
        self._tick: asyncio.TimerHandle | None = None
        self._turn: asyncio.Handle | None = None
        self._shown_at = 0.0
        self._shown: object = None
        self._faulty = False
        self._kept_at = hass.loop.time()
        self._reached: set[str] = set()
        self._problems: list[tuple[str, str | None]] = []
        device.wake = self.soon
        device.now_at = dt_util.utcnow
        device.told_end = self._tell_end

    @override
    def subentry_of(self, part: str | None) -> str | None:
        return None if part is None else self._subentries.get(part)

    # -- life --

    async def async_start(self) -> None:
        """Listen, take the chargers that are there, and begin to decide."""
        self.config_entry.async_on_unload(self._stop)
        self.inputs.start()
        await self.places.start()
        self._step()

    @callback
    def _stop(self) -> None:
        """Decide no more; what was ordered stays in force."""
        self.device.wake = _nothing
        for handle in (self._tick, self._turn):
            if handle is not None:
                handle.cancel()
        self.inputs.stop()
        self.places.stop()

    @callback
    def soon(self) -> None:
        """Decide in the next turn of the loop: what is told together is taken together."""
        if self._turn is None and not self._shutdown_requested:
            self._turn = self.hass.loop.call_soon(self._step)

    # -- deciding --

    @callback
    def _step(self) -> None:
        for handle in (self._tick, self._turn):
            if handle is not None:
                handle.cancel()
        self._turn = None
        loop = self.hass.loop
        self._tick = loop.call_later(STEP_EVERY, self._step)
        try:
            self._decide(loop.time())
        except Exception:
            # Nothing is renewed then: the chargers fall back, each to what is safe.
            if not self._faulty:
                _LOGGER.exception("%s: cannot decide", self.name)
            self._faulty = True
        else:
            self._faulty = False

    def _decide(self, now: float) -> None:
        for key, seat in self.device.seats.items():
            seat.car_percent = self.inputs.car_percent(key)
        orders = self.device.step(now, dt_util.utcnow(), self.inputs.observe(now))
        for order in orders:
            self.config_entry.async_create_background_task(
                self.hass, self._carry_out(order), name=f"{DOMAIN} order for {order.charger}"
            )
        charging = self.device.charging
        self.inputs.read_faster(faster=bool(charging))
        self.places.read_faster(charging)
        self._show(now)
        self._tell_targets()
        if now - self._kept_at >= KEEP_EVERY:
            self._kept_at = now
            self.device.keep_memory()

    def _tell_targets(self) -> None:
        """Tell automations when a car has got what it was to get."""
        told = {} if self.device.explanation is None else self.device.explanation.chargers
        reached = {key for key, one in told.items() if one.reason is Reason.TARGET_REACHED}
        for key in reached - self._reached:
            self.places.tell_target(key)
        self._reached = reached

    async def _carry_out(self, order: Order) -> None:
        try:
            await self.device.carry_out(order)
        except VoltrailError as err:
            # It is counted, and given again after the next reading.
            _LOGGER.debug("%s: an order for %s failed: %s", self.name, order.charger, err)
        self.places.show(order.charger)
        self.soon()

    # -- showing --

    def _show(self, now: float) -> None:
        told = self.device.explanation
        shown = None if told is None else self._at_once(told)
        if shown != self._shown or now - self._shown_at >= SHOW_EVERY:
            self._shown, self._shown_at = shown, now
            self.async_update_listeners()
            self._follow_problems()

    def _tell_end(self, names: list[str]) -> None:
        self.hass.async_create_task(control_ended(self.hass, names), f"{DOMAIN} control ended")

    def _follow_problems(self) -> None:
        entry = self.config_entry
        if self.device.sign.wrong and not entry.data.get(const.CONF_SIGN_KEPT):
            sign.async_doubt(self.hass, entry)
        else:
            sign.async_believe(self.hass, entry)
        problems = list(self.device.problems())
        found = [(one.key, None if one.part is None else one.part.key) for one in problems]
        if found != self._problems:
            self._problems = found
            repairs.async_sync(self.hass, self.config_entry, problems)

    def _at_once(self, told: Explanation) -> object:
        """Return what a person should see without delay."""
        reasons = tuple((key, one.reason) for key, one in sorted(told.chargers.items()))
        modes = tuple((key, one.mode) for key, one in sorted(self.device.wishes.chargers.items()))
        return reasons, modes, told.overload, told.reserving

    @override
    async def _async_update_data(self) -> None:
        # Asked for after something was set: it was decided with it already.
        self._shown = None

    @override
    async def async_diagnostics(self) -> dict[str, Any]:
        """Return the last decision."""
        return {"explanation": repr(self.device.explanation)}


def _nothing() -> None:
    """Do nothing."""


type Soon = Callable[[], None]
