"""Set-points that the GX or the inverter forgets by itself, on purpose.

They lapse within seconds or a minute of silence, so that a controller that died does no harm.
Voltrail renews one for as long as its user said beforehand, and not longer; after a restart of
Voltrail none is renewed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Final, override

from ...charging.unconfirmed_write import unconfirmed_write
from ...model.controls import Bounds
from ...model.errors import CallerError, NotNowError, VoltrailError
from ...model.points import Kind, derived
from ...polling.keep_alive import KeepAlive
from .component import GxComponent
from .writing import Clock, Writer

RENEW_EVERY: Final = 5.0
"""Seconds. In external control (mode 3) a set-point lapses after 10 to 14 s on real systems, by
reports of 2026; the exact time is UNCONFIRMED. The others hold for longer."""

FORGOTTEN_AFTER: Final = 60.0
"""Seconds of silence after which another value at the GX may be its own fallback.

The RS family drops a set-point after 60 s. For register 2716 reports differ, from 60 s to
300 s (UNCONFIRMED): the shortest is taken.
"""

DURATION_BOUNDS: Final = Bounds(minimum=60, maximum=24 * 3600, step=1)
DEFAULT_DURATION: Final = 300.0


@dataclass(kw_only=True, eq=False)
class TimedSetpoint:
    """One set-point, in force until a moment that is known beforehand."""

    name: str
    component: GxComponent
    field: str
    keeper: SetpointKeeper
    guard: Callable[[], Awaitable[None]]
    readable: bool
    """Whether the register shows what was written to it."""
    in_place_of_zero: float
    """What is written for 0, where a 0 lets go of the set-point."""
    until: datetime | None = None
    """When it is let go, in the time of the wall clock."""

    def __post_init__(self) -> None:
        self._value: float | None = None
        self._ends = self._written = 0.0
        self._releases = 0
        # A renewal on its way must not put back what was just replaced.
        self._lock = asyncio.Lock()

    @property
    def value(self) -> float | None:
        """The value in force; None when there is none."""
        return self._value if self.active else None

    @property
    def active(self) -> bool:
        """Whether it is being renewed."""
        return self._value is not None and self.keeper.now < self._ends

    def bounds(self) -> Bounds:
        """Return what it may be set to."""
        bounds = self.component.bounds(self.field)
        assert bounds is not None, "offered only within rails"
        return bounds

    async def set(self, value: float) -> None:
        """Put a value in force for the time that the user chose."""
        value = self.component.checked(self.field, value) or self.in_place_of_zero
        releases = self._releases
        # Whether the new value got through or not, the old one is not wanted any more.
        with unconfirmed_write(self._let_go, unless=(CallerError,)):
            async with self._lock:
                await self.guard()
                if releases == self._releases:
                    await self._put(value, releases)

    async def _put(self, value: float, releases: int) -> None:
        # A loop that goes on writing is not held up: what it writes is looked at with every
        # renewal.
        begins = not self.active
        await self.keeper.writer.send(self.name, self.component, self.field, value)
        if releases != self._releases:
            # It was released on its way, and lapses.
            self._let_go()
            return
        duration = self.keeper.duration
        self._value = value
        self._written = self.keeper.now
        self._ends = self._written + duration
        self.until = datetime.now(UTC) + timedelta(seconds=duration)
        if begins and self.readable:
            await self.keeper.writer.confirm(self.name, self.component, self.field, value)

    def release(self) -> None:
        """Stop renewing; the device falls back by itself.

        Nothing is written: what a 0 would mean here differs between firmwares. What was asked
        for before and is still on its way is not put in force any more.
        """
        self._releases += 1
        self._let_go()

    def _let_go(self) -> None:
        self._value = None
        self.until = None

    async def renew(self) -> None:
        """Write it again, unless its time is over or another program took over."""
        async with self._lock:
            await self._renew()

    async def _renew(self) -> None:
        value = self._value
        if value is None:
            return
        if not self.active:
            self._let_go()
            return
        await self.keeper.spare(self.name)
        # What another GX says is no reason to let go.
        await self.keeper.writer.meet()
        try:
            await self.guard()
        except NotNowError:
            # The mode was changed meanwhile: something else is wanted.
            self._let_go()
            return
        if self.readable and await self._overruled(value):
            self._let_go()
        # It may have been released while the device was being asked.
        if self._value is not None:
            await self.keeper.writer.send(self.name, self.component, self.field, value)
            self._written = self.keeper.now

    async def _overruled(self, value: float) -> bool:
        """Whether another value stands there although ours cannot have lapsed."""
        await self.keeper.refresh(self.name)
        found = getattr(self.component, self.field)
        step = register.step if (register := self.component.register(self.field)) else 1
        lapsed = self.keeper.now - self._written >= FORGOTTEN_AFTER
        return found not in (None, 0) and abs(found - value) >= step and not lapsed


class SetpointKeeper(KeepAlive):
    """Renews all set-points in force."""

    name: ClassVar[str] = "renewal of set-points"

    def __init__(
        self,
        writer: Writer,
        refresh: Callable[[str], Awaitable[None]],
        spare: Callable[[str], Awaitable[None]],
        clock: Clock,
    ) -> None:
        super().__init__()
        self.writer = writer
        self.duration = DEFAULT_DURATION
        """Seconds that a new set-point stays in force."""
        self._refresh = refresh
        self.spare = spare
        """Refuses to ask hardware that is away and left alone for a while."""
        self._clock = clock
        self._setpoints: dict[tuple[str, str], TimedSetpoint] = {}

    @property
    def now(self) -> float:
        """The present moment on the event loop's clock."""
        return self._clock()

    @property
    @override
    def interval(self) -> float:
        return RENEW_EVERY

    async def refresh(self, name: str) -> None:
        """Read a component now."""
        await self._refresh(name)

    def setpoint(
        self,
        name: str,
        component: GxComponent,
        field: str,
        guard: Callable[[], Awaitable[None]],
        *,
        readable: bool,
        in_place_of_zero: float = 0,
    ) -> TimedSetpoint:
        """Return the set-point of a register; there is one however often it is asked for."""
        key = (name, field)
        if key not in self._setpoints:
            self._setpoints[key] = TimedSetpoint(
                name=name,
                component=component,
                field=field,
                keeper=self,
                guard=guard,
                readable=readable,
                in_place_of_zero=in_place_of_zero,
            )
        return self._setpoints[key]

    def of(self, name: str) -> tuple[TimedSetpoint, ...]:
        """Return the set-points of one component."""
        return tuple(
            setpoint for (component, _), setpoint in self._setpoints.items() if component == name
        )

    @override
    async def beat(self) -> None:
        trouble: VoltrailError | None = None
        for setpoint in tuple(self._setpoints.values()):
            try:
                await setpoint.renew()
            except VoltrailError as err:
                # One inverter that is away must not cost another one its set-point.
                trouble = err
        if trouble is not None:
            raise trouble


class SetpointView:
    """When the set-points of one device are let go."""

    def __init__(self, setpoints: Callable[[], tuple[TimedSetpoint, ...]]) -> None:
        self._setpoints = setpoints

    @derived(Kind.MOMENT, depends_on=("main", "hub4"))
    def setpoint_until(self) -> datetime | None:
        """Until when the latest of them is renewed."""
        moments = [
            setpoint.until
            for setpoint in self._setpoints()
            if setpoint.active and setpoint.until is not None
        ]
        return max(moments, default=None)
