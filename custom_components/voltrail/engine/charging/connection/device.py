"""The grid connection with its chargers as one device: it decides, and people tell it what for.

Its owner binds each charger when it is there, calls :meth:`ConnectionDevice.step` with what
the meter says, and hands the orders that it returns to :meth:`ConnectionDevice.carry_out`.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, override

from ...model.controls import AnyControl
from ...model.parts import Identity, Part
from ...model.points import Declared, points_of
from ...polling.base_device import BaseDevice, Problem, Reading
from ..controller import (
    Battery,
    ChargerConfig,
    ChargerRequest,
    ChargerView,
    Controller,
    ControllerConfig,
    ControllerState,
    Explanation,
    Mode,
    Observation,
    Order,
    Reason,
    Requests,
)
from ..controller.bay import DRAWING_A
from ..controller.sequence import TRIES
from .controls import charger_controls, connection_controls
from .doubts import MasterDoubt, SignDoubt
from .seat import Seat
from .setup import ConnectionSetup, SeatSetup
from .tally import Tally
from .views import ChargerControlView, ConnectionView, FuseView, WindowView
from .wishes import ChargerWishes, ConnectionWishes, ended

_AWAY: Final = ChargerView(received_s=-1e9, available=False, connected=False)
_UNSAID: Final = frozenset({Reason.CHARGER_AWAY, Reason.METER_SILENT})
"""Without these the charger is told what it is to do, also if that is what it does."""


class ConnectionDevice(BaseDevice):
    """A grid connection."""

    def __init__(self, setup: ConnectionSetup) -> None:
        self.prepare(None)
        self.setup = setup
        self.title = setup.title
        self.wishes = ConnectionWishes(observing=setup.observing)
        self.wishes.load(None, {seat.key: seat.default_mode for seat in setup.seats})
        self.state = ControllerState()
        self.explanation: Explanation | None = None
        self.wake: Callable[[], None] = _nothing
        """Called when something else is wanted: it should be decided at once."""
        self.told_end: Callable[[list[str]], None] = lambda _: None
        """Called with the names of chargers whose control has ended."""
        self.now_at: Callable[[], datetime] = lambda: datetime.now(UTC)
        """The clock of the house."""
        self.seats: dict[str, Seat] = {}
        """The chargers that are there."""
        self._configs: dict[str, ChargerConfig] = {}
        self._controller: Controller | None = None
        self._manual: dict[str, float | None] = {}
        self._tally = Tally(setup.zone)
        self.sign = SignDoubt()
        self._masters = {seat.key: MasterDoubt() for seat in setup.seats}
        self._house = Observation()
        self._notes: dict[str, ChargerView] = {}
        self._views: list[tuple[object, Part | None]] = self._all_views()

    def _all_views(self) -> list[tuple[object, Part | None]]:
        views: list[tuple[object, Part | None]] = [(ConnectionView(self), None)]
        if self.setup.fuse_a:
            views.append((FuseView(self), None))
        if self.setup.limit is not None:
            views.append((WindowView(self), None))
        views += [(ChargerControlView(self, seat.key), seat.part) for seat in self.setup.seats]
        return views

    # -- the chargers --

    def seat_setup(self, key: str) -> SeatSetup:
        """Return what the owner says of a charger."""
        return next(seat for seat in self.setup.seats if seat.key == key)

    async def bind(self, key: str, seat: Seat) -> None:
        """Take a charger that is there, and control it unless only watching is wanted."""
        self.seats[key] = seat
        self._configs[key] = seat.config
        self._manual[key] = seat.manual_a
        self._forget_adopted(key)
        if self.wishes.observing:
            await seat.end()
        else:
            await seat.begin()

    def unbind(self, key: str) -> None:
        """Let a charger be away."""
        self.seats.pop(key, None)

    async def let_go(self, keys: Iterable[str] | None = None) -> None:
        """End the control of these chargers, or of all."""
        ended_now: list[str] = []
        for key in list(self.seats) if keys is None else list(keys):
            seat = self.seats.pop(key, None)
            if seat is not None and await seat.end():
                name = self._name(self.seat_setup(key))
                ended_now.append(name)
        self.told_end(ended_now)

    def _forget_adopted(self, key: str) -> None:
        if (state := self.state.chargers.get(key)) is not None:
            state.adopted = False

    # -- deciding --

    def step(self, now: float, wall: datetime, house: Observation) -> tuple[Order, ...]:
        """Decide; ``house`` is everything that is known but the chargers."""
        for key, seat in self.seats.items():
            self._follow_hands(key, seat)
        views = {seat.key: self._view(seat.key, now) for seat in self.setup.seats}
        connected = {key: self._connected(key) for key in views}
        orders, self.explanation = self._controller_now().step(
            now, wall, replace(house, chargers=views), self._requests()
        )
        self._house, self._notes = house, views
        for key in views:
            self._follow_session(key, was=connected[key], wall=wall)
            self.wishes.chargers[key].depart_again(wall, self.setup.zone)
        self._tally.follow(wall)
        self._look_closely(now)
        if self.wishes.observing:
            return ()
        told = {order.charger for order in orders}
        said = [*orders, *self._say_again(told)]
        for seat in self.seats.values():
            seat.renew(now)
        return tuple(said)

    def _look_closely(self, now: float) -> None:
        """Compare what cannot be right."""
        grid = self._house.grid
        self.sign.note(now, None if grid is None else grid.power_w, self._drawn_w())
        for key, seat in self.seats.items():
            self._masters[key].note(now, seat.adopted)

    def _drawn_w(self) -> float:
        """What all cars behind the measured point draw, as it was last read."""
        volts = self.setup.voltage_v
        return sum(
            sum(view.currents_a) * volts if view.currents_a else view.power_w or 0.0
            for key, view in self._notes.items()
            if view.available and self._configs[key].measured
        )

    @property
    def charging(self) -> frozenset[str]:
        """The chargers under control whose cars draw, or may begin to at any moment."""
        if self.explanation is None or self.wishes.observing:
            return frozenset()
        return frozenset(
            key
            for key, told in self.explanation.chargers.items()
            if told.level and told.draw_high_a > DRAWING_A and key in self.seats
        )

    def solar_share(self) -> float | None:
        """The part of what the cars draw now that comes from the sun, from 0 to 1."""
        grid, battery, drawn = self._house.grid, self._house.battery, self._drawn_w()
        if grid is None or drawn <= 0 or self.explanation is None or self.explanation.meter_silent:
            return None
        discharged = max(0.0, -battery.power_w) if battery is not None else 0.0
        return 1 - min(drawn, max(0.0, grid.power_w) + discharged) / drawn

    @override
    def problems(self) -> Iterator[Problem]:
        """Yield what a person should look at."""
        told = {} if self.explanation is None else self.explanation.chargers
        for seat in self.setup.seats:
            named = {"charger": self._name(seat)}
            if self._masters[seat.key].found:
                yield Problem(key="other_hand", part=seat.part, details=named)
            why = told.get(seat.key)
            if why is not None and why.failed_orders >= TRIES:
                yield Problem(key="orders_failing", part=seat.part, details=named)

    @staticmethod
    def _name(seat: SeatSetup) -> str:
        identity = seat.part.identity
        return identity.name or seat.key if identity is not None else seat.key

    def _controller_now(self) -> Controller:
        for key, seat in self.seats.items():
            self._configs[key] = seat.config
        chargers = tuple(self._config(seat) for seat in self.setup.seats)
        if self._controller is None or self._controller.config.chargers != chargers:
            self._controller = Controller(self._connection(chargers), self.state)
        return self._controller

    def _connection(self, chargers: tuple[ChargerConfig, ...]) -> ControllerConfig:
        setup = self.setup
        return ControllerConfig(
            chargers=chargers,
            phases=setup.phases,
            voltage_v=setup.voltage_v,
            fuse_a=setup.fuse_a,
            margin_a=setup.margin_a,
            limit=setup.limit,
            distributions=setup.distributions,
            battery=None if setup.battery_w is None else Battery(setup.battery_w),
            panels_w=setup.panels_w,
            repeats=setup.repeats,
        )

    def charger_config(self, key: str) -> ChargerConfig:
        """Return what a charger said of itself."""
        return self._config(self.seat_setup(key))

    def _config(self, seat: SeatSetup) -> ChargerConfig:
        """Return what a charger said; of one that was never there only what its owner says."""
        return self._configs.get(seat.key) or ChargerConfig(
            key=seat.key,
            phases=seat.phases,
            rotation=seat.rotation[: seat.phases],
            fallback_a=seat.fallback_a,
            priority=seat.priority,
            measured=seat.measured,
            distribution=seat.distribution,
        )

    def _requests(self) -> Requests:
        wishes, battery = self.wishes, self.setup.battery_w is not None
        floor = wishes.battery_floor_percent
        return Requests(
            chargers={seat.key: self._request(seat) for seat in self.setup.seats},
            battery_priority=wishes.battery_priority,
            battery_target_percent=wishes.battery_target_percent,
            # 100 % leaves all of it to the house.
            battery_floor_percent=floor if battery and floor < 100 else None,
            observing=wishes.observing,
        )

    def _request(self, seat: SeatSetup) -> ChargerRequest:
        wishes = self.wishes.chargers[seat.key]
        there = self.seats.get(seat.key)
        request = wishes.request(
            manual_a=None if there is None else there.manual_a, capacity_wh=seat.capacity_wh
        )
        return replace(request, mode=Mode.FAST) if wishes.boost else request

    def _view(self, key: str, now: float) -> ChargerView:
        seat = self.seats.get(key)
        return _AWAY if seat is None else seat.view(now)

    def _connected(self, key: str) -> bool:
        state = self.state.chargers.get(key)
        return state is not None and state.car.connected

    def _follow_hands(self, key: str, seat: Seat) -> None:
        """Notice that a person, or another client, set something."""
        before, self._manual[key] = self._manual.get(key), seat.manual_a
        if not seat.hands_off:
            return
        wishes, state = self.wishes.chargers[key], self.state.chargers.get(key)
        if wishes.mode is not Mode.MANUAL or wishes.boost:
            wishes.mode, wishes.boost = Mode.MANUAL, False
            self.keep_memory()
        elif before == seat.manual_a:
            return
        if state is not None:
            # The law takes the new number for what is in force, and caps it if it has to.
            state.mode = ""

    def _follow_session(self, key: str, *, was: bool, wall: datetime) -> None:
        """A car that came departs at the next time; when it left, the usual mode is back."""
        connected = self._connected(key)
        if connected == was:
            return
        wishes = self.wishes.chargers[key]
        if connected:
            wishes.depart(wall, self.setup.zone)
        else:
            manual = wishes.mode is Mode.MANUAL
            usual = self.seat_setup(key).default_mode
            # A plan for some days of the week is one for the next car as well.
            stays = wishes.boost or (wishes.mode is Mode.PLAN and wishes.days)
            kept = wishes.mode if stays and not manual else usual
            self.wishes.chargers[key] = ended(wishes, kept)
            if manual and kept is not Mode.MANUAL and (seat := self.seats.get(key)) is not None:
                seat.take()
                self._forget_adopted(key)
        self.keep_memory()

    def _say_again(self, told: set[str]) -> Iterator[Order]:
        """Tell chargers that may have forgotten it what they are to do; never to do more."""
        assert self.explanation is not None
        for key, seat in self.seats.items():
            why = self.explanation.chargers[key]
            state = self.state.chargers[key]
            if not seat.lost or key in told or not state.adopted:
                continue
            if why.reason not in _UNSAID and not state.stage:
                phases = state.order_phases or self._configs[key].phases
                yield Order(key, state.order_a if state.level else 0.0, phases)

    async def carry_out(self, order: Order) -> None:
        """Bring an order to its charger."""
        if (seat := self.seats.get(order.charger)) is not None and not self.wishes.observing:
            await seat.carry_out(order)

    # -- what people want --

    async def set_observing(self, observing: bool) -> None:  # noqa: FBT001 - a state, not an option
        """Only watch, or drive."""
        self.wishes.observing = observing
        await self.store_memory()
        ended_now: list[str] = []
        for key, seat in list(self.seats.items()):
            self._forget_adopted(key)
            if not observing:
                await seat.begin()
            elif await seat.end():
                ended_now.append(self._name(self.seat_setup(key)))
        self.told_end(ended_now)
        self.wake()

    async def set_mode(self, key: str, mode: Mode) -> None:
        """Choose what a charger is to do; a person who set something at it is done with it."""
        wishes, seat = self.wishes.chargers[key], self.seats.get(key)
        wishes.mode, wishes.boost = mode, False
        wishes.depart(self.now_at(), self.setup.zone)
        await self.store_memory()
        if seat is not None:
            self._change_hands(key, seat, mode)
        self.wake()

    def _change_hands(self, key: str, seat: Seat, mode: Mode) -> None:
        state = self.state.chargers.get(key)
        if mode is not Mode.MANUAL and seat.hands_off:
            seat.take()
            self._forget_adopted(key)
        elif mode is Mode.MANUAL and state is not None and not seat.hands_off:
            # The person's number is not in force yet: it is ordered as far as fuse and meter allow.
            state.mode = Mode.MANUAL

    async def boost(self, key: str) -> None:
        """Charge as fast as possible until the car leaves."""
        self.wishes.chargers[key].boost = True
        await self.store_memory()
        if (seat := self.seats.get(key)) is not None:
            self._change_hands(key, seat, Mode.FAST)
        self.wake()

    async def want(self, key: str | None, **wished: Any) -> None:
        """Set something else that is wanted of a charger, or of the connection."""
        wishes: ChargerWishes | ConnectionWishes = (
            self.wishes if key is None else self.wishes.chargers[key]
        )
        for name, value in wished.items():
            setattr(wishes, name, value)
        if isinstance(wishes, ChargerWishes) and not {"departure", "days"}.isdisjoint(wished):
            wishes.depart(self.now_at(), self.setup.zone)
        await self.store_memory()
        self.wake()

    # -- what there is --

    @property
    @override
    def identity(self) -> Identity:
        return Identity(manufacturer="Voltrail", model="")

    @override
    def readings(self) -> Iterator[Reading]:
        for view, part in self._views:
            for declared in points_of(type(view)):
                if declared.point.phase not in self._missing_phases:
                    yield _reading(view, part, declared)

    @property
    def _missing_phases(self) -> frozenset[str]:
        return frozenset() if self.setup.phases == 3 else frozenset({"L2", "L3"})

    @override
    def parts(self) -> Iterator[Part]:
        for seat in self.setup.seats:
            yield seat.part

    @override
    def controls(self) -> Iterator[AnyControl]:
        yield from connection_controls(self)
        for seat in self.setup.seats:
            yield from charger_controls(self, seat)

    @override
    def available(self, components: Iterable[str]) -> bool:
        return True

    @override
    def serving(self, depends_on: Iterable[str], part: Part | None) -> frozenset[str]:
        return frozenset(depends_on)

    def today(self, key: str, name: str, total: int) -> int:
        """Return what a counter of a charger has counted since midnight."""
        return self._tally.today(f"{key}/{name}", total)

    # -- memory --

    @override
    def dump_state(self) -> dict[str, Any]:
        return {
            "wishes": self.wishes.dump(),
            "state": self.state.dump(_now()),
            "tally": self._tally.dump(),
        }

    @override
    def restore_state(self, memory: Mapping[str, Any]) -> None:
        """Take back what was stored before a restart: nothing in it is taken for fresh."""
        self.wishes.load(
            memory.get("wishes"), {seat.key: seat.default_mode for seat in self.setup.seats}
        )
        self._tally.load(memory.get("tally"))
        try:
            state = ControllerState.load(memory["state"], _now())
        except KeyError, TypeError, ValueError, AttributeError:
            # Damaged, or written by another release: everything is learned again.
            return
        state.after_restart()
        self.state = state

    def go_on(self, former: ControllerState) -> None:
        """Go on as if nothing had happened: the entry was only loaded again."""
        self.state = former
        for key in [one for one in former.chargers if one not in self.wishes.chargers]:
            del former.chargers[key]


def _reading(view: object, part: Part | None, declared: Declared) -> Reading:
    return Reading(
        name=declared.name,
        point=declared.point,
        part=part,
        components=frozenset(declared.depends_on),
        read=partial(getattr, view, declared.name),
        details=getattr(view, "details", None) if declared.name == "reason" else None,
    )


def _now() -> float:
    return asyncio.get_running_loop().time()


def _nothing() -> None:
    """Do nothing."""
