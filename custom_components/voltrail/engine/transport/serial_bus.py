"""A serial line on which late answers do no harm, and life signs do not wait.

RTU frames carry no transaction number. An answer that arrives after its request was given up
looks like the answer to the next request of the same length. So after every answer that is
missing or garbled the line keeps silent for a moment: what arrives in that time is thrown
away. And before a read whose answer could be mixed up with one that is still owed, a read of
another length is sent: its answer shows that none is owed any more.

Orders and life signs need not wait for that. Their answers carry no values, and a device that
counts the seconds does not wait either.

One line is shared by everything that speaks on it: two devices on one adapter protect each
other, and the life sign of one goes before the poll of the other.
"""

import asyncio
import heapq
import inspect
import itertools
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from functools import partial
from typing import Any, Final, Protocol, cast
from weakref import WeakValueDictionary

from modbus_connection import (
    GatewayTargetError,
    ModbusConnectionError,
    ModbusError,
    ModbusExceptionError,
    ModbusProtocolError,
    ModbusTimeoutError,
    ModbusUnit,
)

from .overdue_answers import ORDER, Overdue, Read

SETTLE: Final = 0.3
"""Seconds of silence after a missing or garbled answer; what is under way arrives within."""

RECYCLE_AFTER: Final = 3
"""Answers missing in a row, from any device, after which the link is opened again..."""

DEAF_AFTER: Final = 6.0
"""...if for these seconds no device answered at all. A gateway that was switched off and on
leaves a connection behind that looks alive, and what it still holds back comes too late."""

AWAY_AFTER: Final = 6.0
"""Seconds without any answer, although it was asked, after which a unit was away."""

GONE_AFTER: Final = 60.0
"""Seconds without any answer after which a unit is asked briefly, if others are heard: a charger
that is switched off for the winter must not cost its neighbours more than a tenth of the line."""

BRIEF: Final = 0.35
"""Seconds for which one that is gone is waited for; twice as long as it ever took, if that is
more."""

TROUBLE_REMEMBERED: Final = 3600.0
"""Seconds for which a line counts as a bad one after an answer was missing."""

# How long one exchange may take on top of the unit's own time-out: on an open link, and
# where the link has to be opened first. Libraries retry a busy device for up to a minute. They
# give up a connection after ten seconds; who gives up before finds their complaint in the log.
_GRACE: Final = 0.2
_OPENING: Final = 11.0

# How long dropping a dead link may take: libraries give a request that is about to be answered
# half a second, and wait for a port that is just being opened.
_PARTING: Final = 1.0


class LifeSign(Protocol):
    """Something that has to be said to a unit again and again."""

    @property
    def unit_id(self) -> int:
        """Whom it is for."""

    @property
    def running(self) -> bool:
        """Whether its task runs; if not, nothing waits for it."""

    def late(self, *, risky: bool) -> bool:
        """Whether it should be said before anything else is.

        What is about to be said may well stay unanswered, if it is risky, and take its time.
        """

    @property
    def urgent(self) -> bool:
        """Whether it goes before everything else; not while the device does not answer it."""

    async def renew(self) -> object:
        """Say it once, and raise nothing that the device or the link did."""


class SerialBus:
    """One line, and everything that is said on it: strictly one exchange at a time."""

    def __init__(self) -> None:
        self._busy = False
        self._waiting: list[tuple[bool, int, asyncio.Future[None]]] = []
        self._order = itertools.count()
        self._silent_until = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._missing = 0
        self._any_heard_at = 0.0
        self._failed_at: dict[int, float] = {}
        self._heard_at: dict[int, float] = {}
        self._slowest: dict[int, float] = {}
        self._returns: dict[int, int] = {}
        self._overdue: defaultdict[int, Overdue] = defaultdict(lambda: Overdue(_now))
        self._exchanges: set[asyncio.Task[Any]] = set()
        self._life_signs: list[LifeSign] = []

    def unit(self, unit: ModbusUnit, unit_id: int) -> SerialBusUnit:
        """Return a unit whose exchanges take their turn on this line."""
        return SerialBusUnit(self, unit, unit_id)

    def over(self, units: Callable[[int], ModbusUnit]) -> Callable[[int], ModbusUnit]:
        """Return the same source of units, each of them on this line."""
        return lambda unit_id: self.unit(units(unit_id), unit_id).as_unit()

    def attend(self, sign: LifeSign) -> Callable[[], None]:
        """Let a life sign go before everything else once it is late; returns how to stop."""
        self._life_signs.append(sign)

        def stop() -> None:
            if sign in self._life_signs:
                self._life_signs.remove(sign)

        return stop

    # -- what is known about a unit --

    def heard_at(self, unit_id: int) -> float | None:
        """When the unit last answered, on the event loop's clock."""
        return self._heard_at.get(unit_id)

    def returns(self, unit_id: int) -> int:
        """How often the unit has come back after it had been away."""
        return self._returns.get(unit_id, 0)

    @property
    def troubled(self) -> bool:
        """Whether any answer was missing or garbled within the last hour."""
        return any(_now() - failed < TROUBLE_REMEMBERED for failed in self._failed_at.values())

    def gone(self, unit_id: int) -> bool:
        """Whether a unit has not answered for long, on a line on which others do."""
        heard = self._heard_at.get(unit_id)
        return (
            self._unheard(unit_id)
            and heard is not None
            and _now() - heard >= GONE_AFTER
            and _now() - self._any_heard_at < GONE_AFTER
        )

    def _patience(self, unit: SerialBusUnit) -> float:
        """Return the seconds for which an answer is waited for."""
        if not unit.connected:
            return unit.timeout + _OPENING
        if self.gone(unit.unit_id):
            return min(unit.timeout, max(BRIEF, 2 * self._slowest.get(unit.unit_id, unit.timeout)))
        return unit.timeout + _GRACE

    def _unheard(self, unit_id: int) -> bool:
        """Whether the unit has not answered at all since an answer of it was missing."""
        failed, heard = self._failed_at.get(unit_id), self._heard_at.get(unit_id)
        return failed is not None and (heard is None or heard < failed)

    # -- an exchange --

    async def exchange[R](
        self,
        unit: SerialBusUnit,
        ask: Callable[[], Awaitable[R]],
        *,
        request: Read = ORDER,
        sign: LifeSign | None = None,
    ) -> R:
        """Ask when it is this one's turn, and return the answer.

        Raises what the Modbus library raises. Once it is on the wire an exchange is
        finished, even if the caller was cancelled: its answer must not meet the next request.
        """
        urgent = sign is not None and sign.urgent
        reads, overdue = request is not ORDER, self._overdue[unit.unit_id]
        if sign is None and not unit.connected:
            # Opening the link: the first thing a device hears is our life sign.
            await self._say(lambda other: other.unit_id == unit.unit_id)
        unclear = False
        while True:
            if not urgent:
                await self._say(lambda other: self._precedes(other, unit, sign))
            await self._turn(urgent=urgent)
            # While it waited for its turn, another exchange may have taken long.
            if not urgent and any(self._precedes(other, unit, sign) for other in self._running()):
                self._pass_on()
                continue
            if reads and (unclear or overdue.doubts(request)):
                unclear = False
                await self._clear_up(unit)
                continue
            doubted = overdue.any
            try:
                return await self._see_through(unit, ask, request)
            except ModbusExceptionError:
                # A refusal has no length: it may be that of an older request.
                unclear = reads and doubted and overdue.landmark() is not None
                if not unclear:
                    raise

    async def _clear_up(self, unit: SerialBusUnit) -> None:
        """Read something that shows that nothing is overdue any more."""
        landmark = self._overdue[unit.unit_id].landmark()
        if landmark is None:
            self._pass_on()
            msg = f"unit {unit.unit_id} may still answer what was asked before"
            raise ModbusTimeoutError(msg)
        with suppress(ModbusExceptionError):
            await self._see_through(unit, partial(unit.ask, landmark), landmark)

    async def _see_through[R](
        self, unit: SerialBusUnit, ask: Callable[[], Awaitable[R]], request: Read
    ) -> R:
        task = asyncio.ensure_future(self._carry(unit, ask, request))
        self._exchanges.add(task)
        task.add_done_callback(self._landed)
        # Not shielded: asyncio reports a failure as an error if the caller was cancelled.
        await asyncio.wait((task,))
        return task.result()

    def _precedes(self, other: LifeSign, unit: SerialBusUnit, sign: LifeSign | None) -> bool:
        """Whether a life sign goes before a poll, or before one that is not answered."""
        if sign is not None and (other is sign or not other.urgent):
            return False
        return other.late(risky=self._unheard(unit.unit_id))

    def _running(self) -> list[LifeSign]:
        return [sign for sign in self._life_signs if sign.running]

    async def _say(self, due: Callable[[LifeSign], bool]) -> None:
        for sign in self._running():
            if due(sign):
                await sign.renew()

    async def _carry[R](
        self, unit: SerialBusUnit, ask: Callable[[], Awaitable[R]], request: Read
    ) -> R:
        overdue = self._overdue[unit.unit_id]
        opened, limit, begun = unit.connected, self._patience(unit), _now()
        try:
            async with asyncio.timeout(limit):
                answer = await _unless_silent(ask)
        except ModbusExceptionError:
            # A refusal is an answer.
            self._heard(unit.unit_id)
            overdue.refuse(request)
            raise
        except (ModbusError, OSError) as err:
            # A time-out is an error of the system as well.
            lost = isinstance(err, ModbusConnectionError) or (
                isinstance(err, OSError) and not isinstance(err, TimeoutError)
            )
            # Where the link could not even be opened, no answer can be under way.
            if opened or unit.connected or isinstance(err, ModbusProtocolError):
                overdue.miss(request)
                await self._failed(unit, lost=lost)
            if lost and unit.connected:
                # It was closed while it was being opened, and the library still counts it as open.
                await self._drop_link(unit)
            if isinstance(err, ModbusError):
                raise
            if lost:
                raise ModbusConnectionError(str(err) or type(err).__name__) from err
            msg = f"no answer of unit {unit.unit_id} within {limit:g} s"
            raise ModbusTimeoutError(msg) from err
        else:
            if opened:
                slowest = self._slowest.get(unit.unit_id, 0.0)
                self._slowest[unit.unit_id] = max(slowest, _now() - begun)
            self._heard(unit.unit_id)
            overdue.answer(request)
            return answer
        finally:
            self._pass_on()

    def _heard(self, unit_id: int) -> None:
        if self._unheard(unit_id):
            self._silent_until = _now() + SETTLE
            heard = self._heard_at.get(unit_id)
            if heard is not None and _now() - heard >= AWAY_AFTER:
                self._returns[unit_id] = self.returns(unit_id) + 1
        self._missing = 0
        self._heard_at[unit_id] = self._any_heard_at = _now()

    async def _failed(self, unit: SerialBusUnit, *, lost: bool) -> None:
        self._silent_until = _now() + SETTLE
        self._failed_at[unit.unit_id] = _now()
        self._missing += 1
        deaf = _now() - self._any_heard_at >= DEAF_AFTER
        if self._missing >= RECYCLE_AFTER and deaf and not lost:
            self._missing = 0
            await self._drop_link(unit)

    async def _drop_link(self, unit: SerialBusUnit) -> None:
        """Drop the link; whatever that takes, the line has to go on."""
        task = asyncio.ensure_future(unit.disconnect())
        self._exchanges.add(task)
        task.add_done_callback(self._landed)
        # Not asyncio.timeout: that would wait for a task that ignores its cancellation.
        await asyncio.wait((task,), timeout=_PARTING)
        task.cancel()

    def _landed(self, task: asyncio.Task[Any]) -> None:
        self._exchanges.discard(task)
        if not task.cancelled():
            # The caller may be cancelled; asyncio complains of failures that were never fetched.
            task.exception()

    # -- whose turn it is --

    async def _turn(self, *, urgent: bool) -> None:
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (not urgent, next(self._order), turn))
        self._next()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._pass_on()
            elif self._timer is not None and all(other.done() for *_, other in self._waiting):
                # No request waits for the line any more.
                self._timer.cancel()
                self._timer = None
            raise

    def _pass_on(self) -> None:
        self._busy = False
        self._next()

    def _next(self) -> None:
        while self._waiting and not self._busy:
            if self._waiting[0][2].done():
                # It was cancelled meanwhile.
                heapq.heappop(self._waiting)
                continue
            if (wait := self._silent_until - _now()) > 0:
                if self._timer is None:
                    self._timer = asyncio.get_running_loop().call_later(wait, self._silence_over)
                return
            self._busy = True
            heapq.heappop(self._waiting)[2].set_result(None)

    def _silence_over(self) -> None:
        self._timer = None
        self._next()


class SerialBusUnit:
    """A Modbus unit whose exchanges take their turn on a line."""

    drops_its_link = True
    """The line knows whether any device on it answers; one silent unit proves nothing."""

    def __init__(
        self, line: SerialBus, unit: ModbusUnit, unit_id: int, sign: LifeSign | None = None
    ) -> None:
        self.line = line
        self.unit_id = unit_id
        self.timeout = 10.0
        self._unit = unit
        self._sign = sign

    def saying(self, sign: LifeSign) -> SerialBusUnit:
        """Return the same unit for the exchanges of a life sign."""
        unit = SerialBusUnit(self.line, self._unit, self.unit_id, sign)
        unit.timeout = self.timeout
        return unit

    def as_unit(self) -> ModbusUnit:
        """Return this as what it stands for; all that is not declared here is passed on."""
        return cast("ModbusUnit", self)

    @property
    def connected(self) -> bool:
        """Whether the link is open."""
        return self._unit.connected

    def require_timeout(self, seconds: float | None) -> None:
        """Ask the link for a time-out, and keep to it here even if other units ask for another."""
        self.timeout = 10.0 if seconds is None else seconds
        self._unit.require_timeout(seconds)

    async def disconnect(self) -> None:
        """Drop the link; the next request opens it again."""
        await self._unit.disconnect()

    async def read_holding_registers(self, address: int, count: int) -> list[int]:
        """Read registers; an answer of another length belongs to another request."""
        return await self._read(Read(space="holding", address=address, count=count))

    async def read_input_registers(self, address: int, count: int) -> list[int]:
        """Read input registers; an answer of another length belongs to another request."""
        return await self._read(Read(space="input", address=address, count=count))

    async def write_register(self, address: int, value: int) -> None:
        """Write one register."""
        await self._order(partial(self._unit.write_register, address, value))

    async def write_registers(self, address: int, values: list[int]) -> None:
        """Write several registers at once."""
        await self._order(partial(self._unit.write_registers, address, values))

    async def _order(self, ask: Callable[[], Awaitable[None]]) -> None:
        await self.line.exchange(self, ask, sign=self._sign)

    async def _read(self, read: Read) -> list[int]:
        return await self.line.exchange(self, partial(self.ask, read), request=read)

    async def ask(self, read: Read) -> list[int]:
        """Read registers at once; called by the line itself, when it is this unit's turn."""
        unit = self._unit
        ask = unit.read_input_registers if read.space == "input" else unit.read_holding_registers
        words = await ask(read.address, read.count)
        if len(words) != read.count:
            msg = f"{len(words)} registers instead of {read.count} from {read.address} on"
            raise ModbusProtocolError(msg)
        return words

    def __getattr__(self, name: str) -> Any:
        """Pass on what concerns the link; every request goes through the line."""
        attribute = getattr(self._unit, name)
        if inspect.iscoroutinefunction(attribute):
            msg = f"{name} is nothing that a quiet line can keep apart from a late answer"
            raise NotImplementedError(msg)
        return attribute


async def _unless_silent[R](ask: Callable[[], Awaitable[R]]) -> R:
    """Ask; treat a gateway's report that no device answered as a time-out."""
    try:
        return await ask()
    except GatewayTargetError as err:
        raise ModbusTimeoutError(str(err)) from err


class QuietLines:
    """The lines in use, by what leads to them: the same link gives the same line."""

    def __init__(self) -> None:
        self._lines: WeakValueDictionary[Hashable, SerialBus] = WeakValueDictionary()

    def line(self, link: Hashable) -> SerialBus:
        """Return the line behind a link; it is forgotten with the last unit on it."""
        line = self._lines.get(link)
        if line is None:
            line = self._lines[link] = SerialBus()
        return line


def _now() -> float:
    return asyncio.get_running_loop().time()
