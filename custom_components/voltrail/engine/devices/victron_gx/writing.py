"""Writing to the GX: few writes, checked ones, and never the same value twice.

A successful answer only means that the value was passed on. Whether the device behind took
it shows when it is read back a second later.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from enum import Enum
from typing import Any, Final

from modbus_connection import IllegalDataAddressError

from ...model.controls import shown
from ...model.errors import NotAcceptedError, ReadOnlyError, VoltrailError, explaining
from .component import GxComponent
from .fields import Zero

READ_BACK_AFTER: Final = (1.0, 1.0)
"""Pauses before each look at what the device holds now."""

AWAY_AFTER_WRITE: Final = (2.0, 3.0, 4.0)
"""Pauses before further looks at hardware that took a write and is away since: a charging
station that changes its state cannot be found for some seconds."""

FLASH_PAUSE: Final = 5.0
"""Seconds between two writes of a value that ends up in flash."""

REASONS: Final = (
    "the value is outside the GX's own range, or the device fixes it in its present mode"
)

type Clock = Callable[[], float]
type Pause = Callable[[float], Awaitable[None]]


class Writer:
    """Writes registers, one after the other, and looks what came of it."""

    def __init__(
        self,
        refresh: Callable[[Iterable[str]], Awaitable[None]],
        failures: Mapping[str, VoltrailError],
        *,
        meet: Callable[[], Awaitable[None]],
        look_again: Callable[[str], bool],
        clock: Clock,
        pause: Pause,
    ) -> None:
        self._refresh = refresh
        self._failures = failures
        self.meet = meet
        """Makes sure, after the link was lost, that it is still the same GX."""
        self._look_again = look_again
        self._clock = clock
        self._pause = pause
        self._locks: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._asked: defaultdict[tuple[str, str], list[object]] = defaultdict(list)
        """What is being asked for, the newest last; what was called off is not in there."""
        self._written: dict[tuple[str, str], float] = {}
        self.refused = False
        """Whether the GX answered a write like a server that is set to read-only."""

    async def set(
        self,
        name: str,
        component: GxComponent,
        field: str,
        value: float,
        *,
        through: Callable[[], str] | None = None,
        becomes: Collection[float] = (),
    ) -> None:
        """Write a value and make sure that it is held.

        ``through`` is for a setting that is in several registers: it names the one to use,
        by what was just read. ``becomes`` is what the device goes on to by itself from there.
        """
        value = component.checked(field, value)
        key = (name, field)
        asked, order = self._asked[key], object()
        asked.append(order)
        try:
            async with self._locks[key]:
                setting = component.setting(field)
                if setting is not None and setting.saved:
                    await self._spare_flash(key)
                    # Somebody moves a slider: only where it comes to rest is worth a write.
                    if asked[-1] is not order:
                        return
                    await self._read(name)
                    field = field if through is None else through()
                    if _same(component, field, value, surely=True):
                        return
                    self._written[key] = self._clock()
                await self.send(component, field, value)
                await self.confirm(name, component, field, value, becomes)
        finally:
            asked.remove(order)

    async def send(self, component: GxComponent, field: str, value: float) -> None:
        """Write a value, without a look at what came of it."""
        await self.meet()
        try:
            with explaining():
                await component.write(field, value)
        except VoltrailError as err:
            if isinstance(err.__cause__, IllegalDataAddressError):
                self.refused = True
                raise ReadOnlyError from err
            raise
        self.refused = False

    async def _spare_flash(self, key: tuple[str, str]) -> None:
        last = self._written.get(key)
        if last is not None and (wait := last + FLASH_PAUSE - self._clock()) > 0:
            await self._pause(wait)

    async def confirm(
        self,
        name: str,
        component: GxComponent,
        field: str,
        value: float,
        becomes: Collection[float] = (),
    ) -> None:
        """Look whether a value that was sent is held; raise if it is not."""
        for wait in READ_BACK_AFTER:
            await self._pause(wait)
            await self._read_back(name)
            if _same(component, field, value) or getattr(component, field) in becomes:
                return
        raise NotAcceptedError(
            asked=shown(value), found=_told(getattr(component, field)), reasons=REASONS
        )

    async def _read_back(self, name: str) -> None:
        for wait in AWAY_AFTER_WRITE:
            try:
                await self._read(name)
            except VoltrailError:
                if not self._look_again(name):
                    raise
            else:
                return
            await self._pause(wait)
        await self._read(name)

    async def _read(self, name: str) -> None:
        await self._refresh((name,))
        if name in self._failures:
            raise self._failures[name]


def _same(component: GxComponent, field: str, value: float, *, surely: bool = False) -> bool:
    """Whether a value is held; ``surely`` if nothing else reads like it."""
    found: Any = getattr(component, field)
    register = component.register(field)
    assert register is not None, "checked before"
    if found is None:
        if register.setting is not None and value == register.setting.off:
            return True
        return value == 0 and register.zero is not Zero.REAL and not surely
    return abs(float(found) - value) < (1 if register.convert is not None else register.step)


def _told(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Enum):
        return value.name.lower()
    return shown(float(value))
