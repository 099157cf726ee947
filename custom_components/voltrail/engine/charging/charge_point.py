"""One place where a car is plugged in: the verbs that all brands share.

A brand says how a limit and a pause are sent, what the charger holds, and its bounds. What
becomes of an order after it was given is decided here and in the reconciler.
"""

import asyncio
import logging
import math
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from typing import Any, ClassVar, Final

from ..model.charging import FALLBACK_CURRENT, MINIMUM_CURRENT, LimitedBy, Phases
from ..model.controls import Bounds, Control, NumberControl, SwitchControl, shown
from ..model.errors import (
    BelowMinimumError,
    NotNowError,
    VoltrailError,
)
from ..model.options import Options
from ..model.parts import Part
from ..model.points import Quantity, Tier, derived
from .command_lock import CommandLock, OvertakenError
from .control_slot import ControlSlot
from .order_book import OrderBook
from .reconciler import Reconciler, Standing
from .target import PausedBy, Target
from .unconfirmed_write import NOT_TAKEN

_LOGGER = logging.getLogger(__name__)

NOMINAL_VOLTAGE: Final = 230
PHASES: Final = 3
PHASE_PAUSE: Final = 60.0

type Send = Callable[[], Awaitable[None]]


async def _store_nothing() -> None:
    """Store nothing: where nothing is kept over a restart."""


class ChargePoint(ABC):
    """One place where a car is plugged in."""

    part: Part | None = None
    current_step: ClassVar[float] = 1.0
    largest_current: ClassVar[float] = 32.0
    """What the largest unit of the brand can signal: the entity goes up to it."""
    spacing: ClassVar[float] = 0.0
    """Seconds that the charger, or its car, needs between two changes of the current."""
    current_depends_on: ClassVar[tuple[str, ...]] = ()
    """The components behind the read-back and the bounds of the current limit."""
    power_depends_on: ClassVar[tuple[str, ...]] = ()
    """The same for the power limit."""
    not_taken: ClassVar[tuple[type[VoltrailError], ...]] = NOT_TAKEN
    """Failures after which the charger holds what it held before."""
    trusts_look: ClassVar[bool] = True
    """Whether what is read right after an order proves that the charger holds it."""
    gives_way: ClassVar[bool] = False
    """Whether another client's limit is left alone even where the target is due."""
    foreign_patience: ClassVar[float] = 0.0
    """Seconds for which another client's limit has to last before it is adopted."""

    def __init__(
        self,
        options: Options,
        changed: Callable[[], None],
        store: Callable[[], Awaitable[None]] = _store_nothing,
    ) -> None:
        self.options = options
        self.lock = CommandLock(spacing=self.spacing)
        self.book = OrderBook(store=store, changed=changed)
        self.control = ControlSlot()
        self.reconciler = Reconciler(self)
        self.adopted = 0
        """How many limits that were set at the charger were adopted."""
        self._store = store
        self._changed = changed
        self._waiting: asyncio.Task[None] | None = None
        """Sends the current once the charger may have it."""

    # -- what a brand provides --

    @property
    @abstractmethod
    def device_maximum(self) -> float:
        """The most the charger can signal per phase, as the device says."""

    @property
    def minimum_current(self) -> float:
        """The least that charges; anything between 0 and this pauses."""
        return MINIMUM_CURRENT

    @property
    @abstractmethod
    def current_limit(self) -> float | None:
        """The limit in force per phase, read back from the charger; 0 while paused."""

    @property
    @abstractmethod
    def charging_allowed(self) -> bool | None:
        """Whether the charger may charge at all, read back from it."""

    @abstractmethod
    async def send_current(self, amps: float) -> None:
        """Make the charger limit the current; never called with less than the minimum."""

    @abstractmethod
    async def send_pause(self) -> None:
        """Make the charger offer nothing."""

    async def send_unchanged(self, amps: float) -> None:
        """Make the charger go on with the limit that it holds already."""
        await self.send_current(amps)

    @property
    def writable(self) -> bool:
        """Whether the charger takes orders now."""
        return True

    async def look(self) -> None:  # noqa: B027 - a poll is enough for some
        """Read what the standing is judged by."""

    async def follow(self) -> None:  # noqa: B027 - most change nothing alone
        """After a poll, before anything is reconciled: follow what the charger does alone."""

    def note_silence(self, seconds: float) -> None:  # noqa: B027 - most tell by themselves
        """Before a poll: take note for how long the charger was not spoken to."""

    # -- the target --

    @property
    def target(self) -> Target:
        """What the charger is to hold."""
        return self.orders.target

    @property
    def orders(self) -> OrderBook | ControlSlot:
        """Where orders are kept now: the person's book, or the controller's slot."""
        return self.control if self.control.drives else self.book

    @property
    def asked(self) -> bool:
        """Whether there is anything to hold."""
        return self.target.set

    @property
    def wanted(self) -> object:
        """What the charger is to hold, for comparing."""
        return self.target

    @property
    def standing(self) -> Standing:
        """How the charger stands to its target, judged by what was read last."""
        limit, target = self.current_limit, self.target
        if limit is None or self.waits:
            return Standing.UNKNOWN
        phases = self.phases_held
        if phases is not None and target.phases not in (None, phases.value):
            kept = False
        elif target.paused:
            kept = limit == 0
        else:
            kept = target.current is None or self._near(limit, self.resume_current)
        return Standing.KEPT if kept else Standing.OTHER

    @property
    def phases_held(self) -> Phases | None:
        """The phases that were ordered, read back, where orders on them can be asserted."""
        return None

    def adopt(self) -> None:
        """Leave the charger at what was set at it, also if a controller drove it until now."""
        self.adopted += 1
        self._hand_over()
        self.adopt_held()

    def _hand_over(self) -> None:
        """Let the person drive: a controller keeps its hands off until it speaks again."""
        self.control.hands_off = True

    def adopt_held(self) -> None:
        """Take what the charger holds as what is asked for."""
        limit, phases, target = self.current_limit, self.phases_held, self.target
        if limit is None:
            return
        if target.phases is not None and phases is not None:
            target = replace(target, phases=phases.value)
        if not target.paused and target.current is None:
            # Only the phases were ever asked for.
            pass
        elif limit == 0:
            target = target.pausing()
        elif target.current is not None and self._near(limit, self.resume_current):
            target = target.resumed(limit)
        else:
            target = target.limited(limit)
        self.orders.note(target)

    async def assert_target(self) -> None:
        """Order once more what is asked for."""
        if self.target.paused:
            await self.send_pause()
        else:
            await self.reapply()

    async def reconcile(self) -> None:
        """After a poll: bring the charger back to its target, or adopt what it holds."""
        async with self.lock:
            with suppress(OvertakenError):
                if self.control.guard(self.current_limit):
                    self.reconciler.mark()
                await self.follow()
                self.book.catch_up()
                if self.writable:
                    await self.reconciler.after_poll()
                else:
                    self.reconciler.note_fallback()

    def mark(self) -> None:
        """Take note that the charger was away, and may have forgotten what it was told."""
        if self.control.drives:
            self.control.lose()
        self.reconciler.mark()

    def close(self) -> None:
        """Give no orders any more."""
        self.lock.close()
        self._stop_waiting()

    # -- the verbs --

    def current_bounds(self) -> Bounds:
        """Return what the current limit may be: the device's range, capped by the installer."""
        maximum = self.device_maximum
        if self.options.max_current is not None:
            maximum = min(maximum, self.options.max_current)
        return Bounds(minimum=0, maximum=maximum, step=self.current_step)

    def limit_bounds(self) -> Bounds:
        """Return what a current limit may be asked for: it is met by what is allowed now."""
        bounds = self.current_bounds()
        largest = max(self.largest_current, bounds.maximum)
        return replace(bounds, maximum=largest, ceiling=bounds.maximum)

    def power_limit_bounds(self) -> Bounds:
        """Return the same for a limit of power."""
        bounds = self.power_bounds()
        largest = max(self.largest_current * PHASES * NOMINAL_VOLTAGE, bounds.maximum)
        return replace(bounds, maximum=largest, ceiling=bounds.maximum)

    async def set_current_limit(self, amps: float) -> None:
        """Limit the current per phase; anything below the charger's minimum pauses.

        It is an upper bound: more than is allowed is met by what is allowed.
        """
        async with self._order_for(amps):
            self._hand_over()
            await self._limit_current(amps)

    async def limit_without_starting(self, amps: float) -> bool:
        """Limit the current; a charger that is paused stays so, and goes on with this limit.

        Return whether it is in force now, and not only laid down for the time after the pause.
        """
        amps = self.limit_bounds().accept(amps)
        self._require_enough(amps)
        if not (self.target.paused or self.charging_allowed is False):
            await self.set_current_limit(amps)
            return True
        async with self.lock:
            self._hand_over()
            by = self.target.paused_by or PausedBy.PERSON
            self.orders.note(self.target.limited(amps).pausing(by))
            await self._store()
        return False

    async def pause(self) -> None:
        """Offer no current, and keep the session."""
        async with self.ordering(urgent=True):
            self._hand_over()
            await self._pause(PausedBy.PERSON)

    async def resume(self, amps: float | None = None) -> None:
        """Go on with the last limit above 0, or with a new one."""
        async with self.ordering():
            self._hand_over()
            if amps is not None:
                self._require_enough(amps)
                await self._limit_current(amps)
            else:
                await self._go_on()

    async def set_charging(self, charging: bool) -> None:  # noqa: FBT001 - a state, not an option
        """Pause, or resume with the last limit above 0."""
        await (self.resume() if charging else self.pause())

    @property
    def resume_current(self) -> float:
        """The current a charge resumes with: the last one that was set, within the bounds."""
        wanted = self.target.current
        if wanted is None:
            wanted = FALLBACK_CURRENT
        return min(wanted, self.current_bounds().maximum)

    async def reapply(self) -> None:
        """Send the target without a new order; one that is too little to charge with is a pause."""
        try:
            await self._go_on()
        except BelowMinimumError:
            await self._pause(PausedBy.TOO_LITTLE)

    # -- a controller --

    @property
    def switches_by_power(self) -> bool:
        """Whether the charger chooses its phases by the power that it is given."""
        return False

    @property
    def can_switch_phases(self) -> bool:
        """Whether the charger takes orders on its phases."""
        return False

    @property
    def phases_ordered(self) -> Phases | None:
        """The phases that the charger says it gives."""
        return self.phases_held

    @property
    def switches_in_one(self) -> bool:
        """Whether one order changes the phases, with the pause that this needs."""
        return False

    @property
    def phase_pause(self) -> float:
        """Seconds that the charger needs for a change of phases."""
        return PHASE_PAUSE

    async def begin_control(self, fallback: float) -> None:
        """Put a controller in charge, and store that it is."""
        if not self.control.in_charge:
            self.control.begin(fallback)
            await self._store()

    async def command(self, amps: float, phases: Phases | None = None, *, until: float) -> None:
        """Carry out what a controller asks for: so many amperes, on so many phases.

        It counts until a moment on the loop's clock, and nothing of it is stored. More than
        the ceiling is met by the ceiling; less than the minimum pauses.
        """
        lowers = self.target.paused or amps < (self.target.current or math.inf)
        async with self.ordering(urgent=lowers):
            if not self.control.in_charge:
                raise NotNowError(reason="no controller is in charge of this charger")
            self.control.hear(until=until)
            await self.carry_out_command(amps, phases)

    async def carry_out_command(self, amps: float, phases: Phases | None) -> None:  # noqa: ARG002
        """Send what a controller asks for; a brand that can switch phases sends those as well."""
        await self._limit_current(amps)

    async def end_control(self) -> None:
        """End the control: the lower of the controller's target and the person's stays in force."""
        async with self.lock:
            if not self.control.in_charge:
                return
            held, drove = self.control.target, self.control.drives
            self.control.end()
            if drove and held.set:
                self.book.note(self.cautious(self.book.target, held))
            self.reconciler.mark()
            await self._store()

    # -- power --

    @property
    @abstractmethod
    def power_limit(self) -> float | None:
        """The limit in force in watt; 0 while paused."""

    @abstractmethod
    def power_bounds(self) -> Bounds:
        """Return what the power limit may be."""

    @abstractmethod
    async def set_power_limit(self, watts: float) -> None:
        """Limit the total power; anything below the charger's lowest power pauses."""

    # -- which of both drives --

    @property
    def primary_limit(self) -> str:
        """The key of the limit that is meant where a person or a program just says "limit"."""
        return "current_limit"

    @derived(LimitedBy, depends_on=("limits", "status", "main"), tier=Tier.DETAIL)
    def limited_by(self) -> LimitedBy | None:
        """Which of both limits drives: the one that was set last."""
        if not self.target.set:
            return None
        return LimitedBy.CURRENT if self.target.power is None else LimitedBy.POWER

    # -- one order, from the target to the charger --

    @asynccontextmanager
    async def ordering(self, *, urgent: bool = False) -> AsyncIterator[None]:
        """Hold the lock for an order. One that is overtaken ends here: the newer one counts."""
        with suppress(OvertakenError):
            async with self.lock.order(urgent=urgent):
                yield

    async def set_aside(self, order: Send) -> None:
        """Carry out an order that is no limit; once more after a limit that overtook it."""
        while True:
            try:
                async with self.lock:
                    await order()
            except OvertakenError:
                continue
            return

    def _order_for(self, amps: float) -> AbstractAsyncContextManager[None]:
        """Hold the lock for a limit; one that lowers what is in force overtakes what waits."""
        target = self.target
        lowers = not target.paused and (target.current is None or amps < target.current)
        return self.ordering(urgent=lowers)

    async def _limit_current(self, amps: float, *, power: float | None = None) -> None:
        amps = self.limit_bounds().accept(amps)
        if amps < self.minimum_current:
            await self._pause(PausedBy.PERSON)
        else:
            await self._carry_out(
                self.target.limited(amps, power=power), lambda: self._send_current(amps)
            )

    async def _pause(self, by: PausedBy) -> None:
        self._stop_waiting()
        await self._carry_out(self.target.pausing(by), self.send_pause)

    async def _go_on(self) -> None:
        """Go on with what is wanted; raises :class:`BelowMinimumError` if that is too little."""
        amps = self.resume_current
        self._require_enough(amps)
        # What the installer has lowered since is sent lower, and remembered as it was.
        await self._carry_out(
            self.target.resumed(FALLBACK_CURRENT), lambda: self._send_current(amps)
        )

    def _require_enough(self, amps: float) -> None:
        if amps < self.minimum_current:
            # To be told to go on must never end in a pause.
            raise BelowMinimumError(minimum=shown(self.minimum_current))

    async def _carry_out(self, wanted: Target, send: Send) -> None:
        """Store an order, send it, and note what is in force afterwards."""
        self.lock.require_newest()
        before = self.target
        lowers = self.cautious(before, wanted) is not before
        orders = self.orders
        await orders.open(wanted, lowers=lowers)
        try:
            await send()
        except OvertakenError:
            # It may have got through; the one that overtook it is lower.
            orders.close(wanted)
            raise
        except self.not_taken:
            orders.close(before)
            raise
        except VoltrailError, asyncio.CancelledError:
            orders.close(self.cautious(before, wanted))
            self.reconciler.mark()
            raise
        orders.close(wanted)
        await self._confirm()

    def cautious(self, before: Target, wanted: Target) -> Target:
        """Return the lower of two targets, for when it is not known which of them is in force."""
        return before.cautious(wanted)

    async def _confirm(self) -> None:
        """Check that the charger holds it: a later difference then comes from outside."""
        if self.waits:
            return
        if self.standing is Standing.OTHER:
            # The order was taken. If it cannot be seen now, the next poll will show it.
            with suppress(VoltrailError):
                await self.look()
        self.reconciler.confirm()

    # -- spacing --

    @property
    def waits(self) -> bool:
        """Whether a limit waits until the charger may have it."""
        return self._waiting is not None

    async def _send_current(self, amps: float) -> None:
        """Send a limit now, or as soon as the last change is old enough; the last one counts."""
        if not self.lock.wait:
            self._stop_waiting()
            await self._send_now(amps)
        elif await self.holds_already(amps):
            # No change, so it need not wait: resumed at the old limit, for example.
            self._stop_waiting()
            await self.send_unchanged(amps)
        elif self._waiting is None:
            self._waiting = asyncio.create_task(self._send_later())

    async def holds_already(self, amps: float) -> bool:
        """Whether the charger holds this limit now; another client may have set another one."""
        try:
            await self.look()
        except VoltrailError:
            return False
        return self.holds(amps)

    def holds(self, amps: float) -> bool:
        """Whether this limit was read back last, paused or not."""
        limit = self.current_limit
        return limit is not None and self._near(limit, amps)

    async def send_when_spaced(self, amps: float) -> None:
        """Send a limit in the course of another order, which rests until it may be sent."""
        self._stop_waiting()
        if (wait := self.lock.wait) > 0:
            await self.lock.rest(wait)
        await self._send_now(amps)

    def _near(self, found: float, amps: float) -> bool:
        return abs(found - amps) < self.current_step / 2

    async def _send_now(self, amps: float) -> None:
        # Noted before and after: it may wait for the line, and two limits that are sent far
        # enough apart must not arrive at once.
        self.lock.note_change()
        try:
            await self.send_current(amps)
        finally:
            self.lock.note_change()

    async def _send_later(self) -> None:
        try:
            await self.lock.until_spaced()
            async with self.lock:
                self._waiting = None
                if not self.target.paused:
                    await self._send_now(self.resume_current)
                    await self._confirm()
        except VoltrailError as err:
            _LOGGER.warning("A current limit that waited for its turn was not sent: %s", err)
            self.reconciler.mark()
        except OvertakenError:
            self.reconciler.mark()

    def _stop_waiting(self) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is not None and waiting is not asyncio.current_task():
            waiting.cancel()

    # -- memory --

    def dump_state(self) -> dict[str, Any]:
        """Return what has to survive a restart."""
        return {**self.book.dump(), **self.control.dump()}

    def restore_state(self, stored: Mapping[str, Any]) -> None:
        """Take back what was stored; the installer may have lowered the limit meanwhile."""
        self.book.load(stored, least=self.minimum_current, cautious=self.cautious)
        self.control.load(stored)
        self.reconciler.mark()

    # -- the controls --

    def _tier_of(self, limit: str) -> Tier:
        """Return the tier of a limit: one drives, and an order to the device must not set both."""
        return Tier.MAIN if limit == self.primary_limit else Tier.DETAIL

    def _shown(self, limit: float | None) -> float | None:
        """Return a limit as it is shown: one that no car can charge with is a pause."""
        amps = self.current_limit
        return 0.0 if amps is not None and amps < self.minimum_current else limit

    def shared_controls(self) -> Iterator[Control]:
        """Yield the controls that every charge point has."""
        yield NumberControl(
            key="current_limit",
            part=self.part,
            depends_on=self.current_depends_on,
            tier=self._tier_of("current_limit"),
            quantity=Quantity.CURRENT,
            bounds=self.limit_bounds,
            read=lambda: self._shown(self.current_limit),
            write=self.set_current_limit,
            usable=lambda: self.writable,
        )
        yield NumberControl(
            key="power_limit",
            part=self.part,
            depends_on=self.power_depends_on,
            tier=self._tier_of("power_limit"),
            quantity=Quantity.POWER,
            bounds=self.power_limit_bounds,
            read=lambda: self._shown(self.power_limit),
            write=self.set_power_limit,
            usable=lambda: self.writable,
        )
        yield SwitchControl(
            key="charging",
            part=self.part,
            depends_on=self.current_depends_on,
            read=lambda: self.charging_allowed,
            write=self.set_charging,
            usable=lambda: self.writable,
        )
