"""Writing to the GX: few writes, each checked, and never the same value twice.

A successful answer only means that the GX passed the value on. Whether the device behind it took
the value shows when it is read back a second later.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from modbus_connection import (
    GatewayPathUnavailableError,
    GatewayTargetError,
    IllegalDataAddressError,
)

from ...model.controls import shown
from ...model.errors import NotAcceptedError, NotSupportedError, ReadOnlyError, VoltrailError
from ...model.explaining import explaining
from .component import GxComponent
from .fields import Zero

READ_BACK_AFTER: Final = (1.0, 1.0)
"""Pauses before each read-back."""

AWAY_AFTER_WRITE: Final = (2.0, 3.0, 4.0)
"""Pauses before each further read of hardware that took a write and is away since: the GX does
not find a charging station for some seconds while it changes its state."""

FLASH_PAUSE: Final = 5.0
"""Seconds between two writes of a value that ends up in flash."""

REASONS: Final = (
    "the value is outside the GX's own range, or the device fixes it in its present mode"
)

LACKING: Final = "the hardware behind the GX does not have it"

NOT_FOUND: Final = (GatewayPathUnavailableError, GatewayTargetError)

type Clock = Callable[[], float]
type Pause = Callable[[float], Awaitable[None]]


@dataclass(kw_only=True, eq=False)
class Writer:
    """Writes registers, one after the other, and reads back what came of it."""

    look: Callable[[str], Awaitable[None]]
    """Reads a component now, also one that is left alone for a while; raises if that fails."""
    meet: Callable[[], Awaitable[None]]
    """Makes sure, after the link was lost, that it is still the same GX."""
    away: Callable[[str], bool]
    """Whether the hardware of a component was not found when it was last asked."""
    clock: Clock
    pause: Pause
    refused: bool = False
    """Whether the GX answered a write like a server that is set to read-only."""

    def __post_init__(self) -> None:
        self._locks: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._asked: defaultdict[tuple[str, str], list[object]] = defaultdict(list)
        """The orders under way, the newest last; a cancelled one is not among them."""
        self._written: dict[tuple[str, str], float] = {}

    async def set(
        self,
        name: str,
        component: GxComponent,
        field: str,
        value: float,
        *,
        through: Callable[[], str] | None = None,
        becomes: Collection[float] = (),
        along: Collection[str] = (),
    ) -> None:
        """Write a value and make sure that it is held.

        ``through`` is for a setting that is in several registers: it names the one to use,
        by what was just read. ``becomes`` is what the device goes on to by itself from there.
        ``along`` names what is written again in the same request, with what was just read.
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
                    # A slider is being moved: write only where it comes to rest.
                    if asked[-1] is not order:
                        return
                    await self.look(name)
                    field = field if through is None else through()
                    if _same(component, field, value, surely=True):
                        return
                    self._written[key] = self.clock()
                await self.send(name, component, field, value, along)
                await self.confirm(name, component, field, value, becomes)
        finally:
            asked.remove(order)

    async def send(
        self,
        name: str,
        component: GxComponent,
        field: str,
        value: float,
        along: Collection[str] = (),
    ) -> None:
        """Write a value; do not read it back.

        The GX refuses the same way whether the hardware is away, has just returned and was not
        looked for yet, or does not have what is written. A look at it tells.
        """
        await self.meet()
        try:
            await self._write(component, field, value, along)
        except VoltrailError as err:
            if not isinstance(err.__cause__, NOT_FOUND):
                raise
        else:
            return
        await self.look(name)
        try:
            await self._write(component, field, value, along)
        except VoltrailError as err:
            if not isinstance(err.__cause__, NOT_FOUND):
                raise
            raise NotSupportedError(reason=LACKING) from err

    async def _write(
        self, component: GxComponent, field: str, value: float, along: Collection[str]
    ) -> None:
        try:
            with explaining():
                if along:
                    rest = {name: float(getattr(component, name) or 0) for name in along}
                    await component.write_run({**rest, field: value})
                else:
                    await component.write(field, value)
        except VoltrailError as err:
            if isinstance(err.__cause__, IllegalDataAddressError):
                self.refused = True
                raise ReadOnlyError from err
            raise
        self.refused = False

    async def _spare_flash(self, key: tuple[str, str]) -> None:
        last = self._written.get(key)
        if last is not None and (wait := last + FLASH_PAUSE - self.clock()) > 0:
            await self.pause(wait)

    async def confirm(
        self,
        name: str,
        component: GxComponent,
        field: str,
        value: float,
        becomes: Collection[float] = (),
    ) -> None:
        """Read back whether a value that was sent is held; raise if it is not."""
        for wait in READ_BACK_AFTER:
            await self.pause(wait)
            await self._read_back(name)
            if _same(component, field, value) or getattr(component, field) in becomes:
                return
        raise NotAcceptedError(
            asked=shown(value), found=_told(getattr(component, field)), reasons=REASONS
        )

    async def _read_back(self, name: str) -> None:
        for wait in AWAY_AFTER_WRITE:
            try:
                await self.look(name)
            except VoltrailError:
                if not self.away(name):
                    raise
            else:
                return
            await self.pause(wait)
        await self.look(name)


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
