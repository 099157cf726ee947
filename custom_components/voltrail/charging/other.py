"""A charger of another integration under control, by its entities.

A number in ampere is enough; a switch pauses, a select changes the phases, a power sensor tells
what the car draws, a state tells whether there is one. How fast and how reliably an order gets to
the charger is not known here: there is no promise about the fuse.
"""

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from homeassistant.const import (
    ATTR_ENTITY_ID,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    EventStateReportedData,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import (
    async_track_state_change_event,
    async_track_state_report_event,
)

from ..engine.charging.connection import SeatSetup
from ..engine.charging.controller import ChargerConfig, ChargerView, Order
from ..engine.model.charging import MINIMUM_CURRENT
from ..engine.model.errors import DeviceSilentError
from . import const
from .sources import WATTS, entity_id, number

SPACING: Final = 10.0
"""Seconds between two orders: it is not known what they pass through."""
FOREIGN_AFTER: Final = 30.0
"""Seconds after an order in which the number may still show another value."""
OLDEST: Final = 300.0
_DRAWING_W: Final = 100.0
_NO_CAR: Final = frozenset(
    {
        *("a", "a1", "a2", "0", "no", "none", "off", "available", "disconnected", "no_vehicle"),
        *("not_connected", "no_car", "unplugged", "not_plugged", "standby", "no_cable"),
    }
)
"""Words by which charger integrations say that no car is there."""
_GONE: Final = frozenset({STATE_UNAVAILABLE, STATE_UNKNOWN})
_ONE: Final = ("1", "one", "single", "en_fase", "1_phase", "one_phase", "1p", "single_phase")
_THREE: Final = ("3", "three", "3_phases", "3_phase", "three_phases", "three_phase", "3p")


def phase_options(state: State | None) -> dict[int, str]:
    """Return which option of a select means one phase, and which three."""
    options = [] if state is None else list(state.attributes.get("options", ()))
    found: dict[int, str] = {}
    for option in options:
        word = str(option).strip().casefold().replace(" ", "_").replace("-", "_")
        for phases, words in ((1, _ONE), (3, _THREE)):
            if word in words:
                found.setdefault(phases, option)
    return found


class EntitySeat:
    """A charger that is driven by the entities of its integration."""

    def __init__(
        self,
        hass: HomeAssistant,
        setup: SeatSetup,
        data: Mapping[str, Any],
        heard: Callable[[], None],
    ) -> None:
        self._hass = hass
        self.setup = setup
        self._data = data
        self._heard = heard
        self._removers: list[CALLBACK_TYPE] = []
        self._received: float | None = None
        self._sent: float | None = None
        self._sent_at = -math.inf
        self._person: float | None = None
        self._controlled = False
        self._adopted = 0
        self._failed = 0
        self._turn = asyncio.Lock()
        self._newest: Order | None = None
        self._hands_off = False
        self._manual: float | None = None
        self.car_percent: float | None = None

    # -- listening --

    @callback
    def start(self) -> None:
        """Listen to the entities from now on."""
        found = [self._id(key) for key in const.OTHER_ENTITIES]
        known = [one for one in found if one is not None]
        self._received = self._hass.loop.time()
        self._removers += [
            async_track_state_change_event(self._hass, known, self._note),
            async_track_state_report_event(self._hass, known, self._note),
        ]

    @callback
    def stop(self) -> None:
        """Listen no more."""
        while self._removers:
            self._removers.pop()()

    @callback
    def _note(self, _event: Event[EventStateChangedData] | Event[EventStateReportedData]) -> None:
        self._received = self._hass.loop.time()
        self._notice_hand()
        self._heard()

    def _notice_hand(self) -> None:
        """Notice that another program or a person set the number or the switch."""
        held, late = self._held(), self._hass.loop.time() - self._sent_at > FOREIGN_AFTER
        if not self._controlled or held is None or not late:
            return
        if self._sent is None:
            # It was only just taken: this is what it was found with.
            self._sent = held
        if self._hands_off:
            self._manual = held
        elif abs(held - self._sent) >= 1:
            self._hands_off, self._manual = True, held
            self._adopted += 1

    def _id(self, key: str) -> str | None:
        stored = self._data.get(key)
        return entity_id(self._hass, stored) if stored else None

    def _state(self, key: str) -> State | None:
        found = self._id(key)
        return None if found is None else self._hass.states.get(found)

    # -- what it shows --

    def _held(self) -> float | None:
        """Return what the charger is told to offer; 0 while it is switched off."""
        switch = self._state(const.CONF_SWITCH)
        if switch is not None and switch.state == STATE_OFF:
            return 0.0
        amps = number(self._state(const.CONF_NUMBER), None)
        return amps if amps is None or amps >= self._bounds()[0] else 0.0

    def _bounds(self) -> tuple[float, float, float]:
        """Return the least that charges, the most, and the step."""
        state = self._state(const.CONF_NUMBER)
        attributes = {} if state is None else state.attributes
        least = max(float(attributes.get("min", MINIMUM_CURRENT)), MINIMUM_CURRENT)
        most = float(attributes.get("max", least))
        if self.setup.limit_a is not None:
            most = min(most, self.setup.limit_a)
        return least, most, max(float(attributes.get("step", 1.0)), 0.1)

    @property
    def config(self) -> ChargerConfig:
        """What its number says, and what its owner says of it."""
        setup = self.setup
        least, most, step = self._bounds()
        switchable = setup.phases > 1 and len(phase_options(self._state(const.CONF_SELECT))) == 2
        return ChargerConfig(
            key=setup.key,
            minimum_a=least,
            maximum_a=max(most, least),
            step_a=step,
            phases=setup.phases,
            switchable=switchable,
            rotation=setup.rotation[: setup.phases],
            spacing_s=SPACING,
            lowering_waits=False,
            switches_a_day=setup.switches_a_day,
            fallback_a=setup.fallback_a,
            # Its own watchdog is not known here: it goes on with what it was told last.
            watchdog_s=math.inf,
            priority=setup.priority,
            measured=setup.measured,
            full_minimum=setup.full_minimum,
            distribution=setup.distribution,
            latest_slots=setup.latest_slots,
        )

    def view(self, now: float) -> ChargerView:
        """Return the charger as its entities show it."""
        received, held, state = self._received, self._held(), self._state(const.CONF_NUMBER)
        gone = state is None or state.state in _GONE or held is None or received is None
        if gone or now - (received or now) > OLDEST:
            return ChargerView(received_s=received or -math.inf, available=False, connected=False)
        power = number(self._state(const.CONF_POWER), WATTS)
        return ChargerView(
            received_s=received or now,
            currents_a=(),
            # Without a sensor what it is told is all that is known.
            power_w=self._told_w(held or 0.0) if power is None else power,
            connected=self._connected(power),
            offered_a=held,
            phases=self._phases(),
            car_percent=self.car_percent,
            failed_orders=self._failed,
        )

    def _told_w(self, amps: float) -> float:
        return amps * 230.0 * (self._phases() or self.setup.phases)

    def _phases(self) -> int | None:
        state = self._state(const.CONF_SELECT)
        options = phase_options(state)
        return next(
            (
                phases
                for phases, option in options.items()
                if state is not None and state.state == option
            ),
            None,
        )

    def _connected(self, power: float | None) -> bool:
        """Whether a car is there; without a state that tells it, one is taken to be there."""
        state = self._state(const.CONF_STATE)
        if power is not None and power > _DRAWING_W:
            return True
        if state is None or state.state in _GONE:
            return True
        return state.state.strip().casefold().replace(" ", "_") not in _NO_CAR

    # -- who drives --

    @property
    def hands_off(self) -> bool:
        """Whether a person drives until a mode is chosen again."""
        return self._controlled and self._hands_off

    @property
    def manual_a(self) -> float | None:
        """What the person set last."""
        return self._manual if self._hands_off else self._person

    @property
    def lost(self) -> bool:
        """Whether it may have forgotten what it was told: that cannot be known."""
        return False

    @property
    def adopted(self) -> int:
        """How often another program or a person set it."""
        return self._adopted

    def renew(self, now: float) -> None:
        """Do nothing: what was ordered stays in force until it is changed there."""

    def take(self) -> None:
        """Drive again, after a person did."""
        self._hands_off, self._sent = False, None

    async def begin(self) -> None:
        """Begin to control."""
        if not self._controlled:
            self._controlled, self._person = True, self._held()

    async def end(self) -> bool:
        """Let go; the lower of what is in force and what the person had set stays."""
        controlled, person, held = self._controlled, self._person, self._held()
        if controlled and person is not None and held is not None and person < held:
            await self._bring(Order(self.setup.key, person, 0))
        self._controlled = self._hands_off = False
        return controlled

    # -- orders --

    async def carry_out(self, order: Order) -> None:
        """Bring an order to the charger, one after the other, and count those that failed."""
        self._sent, self._sent_at = order.current_a, self._hass.loop.time()
        self._newest = order
        async with self._turn:
            if order is not self._newest:
                # A newer one came while this one waited.
                return
            try:
                await self._bring(order)
            except HomeAssistantError as err:
                self._failed += 1
                raise DeviceSilentError from err
            self._failed = 0
            self._sent_at = self._hass.loop.time()

    async def _bring(self, order: Order) -> None:
        least, most, _ = self._bounds()
        pauses = order.current_a < least
        if pauses:
            await self._pause()
        await self._change_phases(order.phases)
        if not pauses:
            await self._set(min(order.current_a, most))
            await self._switch(on=True)

    async def _pause(self) -> None:
        """Pause by the switch, or by 0 A: the form has seen to it that one of both is there."""
        if self._id(const.CONF_SWITCH) is not None:
            await self._switch(on=False)
        else:
            await self._set(0.0)

    async def _change_phases(self, phases: int) -> None:
        option = phase_options(self._state(const.CONF_SELECT)).get(phases)
        if option is not None and phases != self._phases():
            await self._call("select_option", const.CONF_SELECT, option=option)

    async def _set(self, amps: float) -> None:
        if number(self._state(const.CONF_NUMBER), None) != amps:
            await self._call("set_value", const.CONF_NUMBER, value=amps)

    async def _switch(self, *, on: bool) -> None:
        state = self._state(const.CONF_SWITCH)
        if state is not None and state.state != (STATE_ON if on else STATE_OFF):
            await self._call("turn_on" if on else "turn_off", const.CONF_SWITCH)

    async def _call(self, action: str, key: str, **data: Any) -> None:
        target = self._id(key)
        assert target is not None, "it was looked at"
        # Helpers (input_number and so on) have the same actions.
        domain = target.partition(".")[0]
        await self._hass.services.async_call(
            domain, action, {ATTR_ENTITY_ID: target, **data}, blocking=True
        )
