"""The heartbeat: without it the charger falls back, or stops with an error."""

import asyncio
from collections.abc import Callable
from typing import ClassVar, Final, override

from ...model.errors import DeviceRefusedError, LinkDownError, NotNowError, VoltrailError
from ...model.explaining import explaining
from ...polling.keep_alive import KeepAlive
from ...transport.serial_bus import SerialBusUnit
from . import registers

INTERVAL: Final = 4.0
"""Seconds between two beats. The charger misses us after 10 s; every 9 to 10 s, as some do it,
does not survive one lost answer."""

TROUBLED_INTERVAL: Final = 2.0
"""The same on a line that loses answers, at the pace at which others always beat. A lost beat
costs 1.3 s, and so does waiting for a neighbour that is silent; even three of these in a row
stay within 6 s."""

PATIENCE: Final = 1.0
"""The age from which on a beat goes before the next block of a poll, rather than wait for a
block that may go wrong."""

_RISKY_PATIENCE: Final = 0.2
"""The same where the block may well go wrong: then the whole time is left for repeating."""

_AT_ONCE: Final = 0.5
_DISHEARTENED: Final = 3
_LOST: Final = 12.0
"""The age at which it is too late: the charger counts the energy manager as lost."""

_SLOWLY: Final = 6.0
"""Seconds between two beats that the charger does not seem to hear; still often enough for one
that hears every one of them and only answers too late."""

_RARELY: Final = 7.5
"""The same where others are heard on the line and this one is not: with what it takes to wait for
it, a tenth of their time. It is still in time for one that hears and cannot answer."""

_LATELY: Final = 16.0
_LINK_DOWN: Final = 2.0


class Heartbeat(KeepAlive):
    """Tells the charger every few seconds that the energy manager is there."""

    name: ClassVar[str] = "heartbeat"

    def __init__(self, unit: SerialBusUnit, stranger: Callable[[], bool] = lambda: False) -> None:
        super().__init__()
        self._stranger = stranger
        self._line = unit.line
        self.unit_id = unit.unit_id
        self._register = registers.Heartbeat(unit.saying(self).as_unit())
        self._trouble: VoltrailError | None = None
        self.refusals = 0
        """How many beats in a row were refused."""

    @override
    async def beat(self) -> None:
        if self._stranger():
            # Its own watchdog has to see that its energy manager is gone.
            raise NotNowError(reason="another charger answers at this address")
        try:
            with explaining():
                await self._register.write("word", registers.HEARTBEAT)
        except VoltrailError as err:
            self._trouble = err
            self.refusals = self.refusals + 1 if isinstance(err, DeviceRefusedError) else 0
            raise
        self._trouble = None
        self.refusals = 0

    async def prove(self) -> None:
        """Beat now, and raise what stood in its way."""
        await self.renew()
        if self._trouble is not None:
            raise self._trouble

    @property
    def trouble(self) -> VoltrailError | None:
        """Why the last beat did not get through."""
        return self._trouble

    @property
    def age(self) -> float | None:
        """Seconds since the last beat that was acknowledged."""
        return None if self.last_success is None else _now() - self.last_success

    @property
    def ignored(self) -> bool:
        """Whether the charger answers everything but this."""
        heard = self._line.heard_at(self.unit_id)
        return (
            self.failures > _DISHEARTENED
            and heard is not None
            and heard > (self.last_success or 0.0)
            and _now() - heard < _LATELY
        )

    @property
    @override
    def interval(self) -> float:
        if not self.failures:
            return TROUBLED_INTERVAL if self._line.troubled else INTERVAL
        if isinstance(self._trouble, LinkDownError):
            return _LINK_DOWN
        if self.refusals or self._stranger():
            return INTERVAL
        if self.urgent:
            return _AT_ONCE
        # A charger that is switched off must not cost the others on the line their time.
        if self._line.gone(self.unit_id):
            return _RARELY
        return _SLOWLY if self.failures > 3 * _DISHEARTENED else INTERVAL

    @property
    def urgent(self) -> bool:
        """Whether it goes before everything else: as long as the charger seems to listen."""
        age = self.age
        return self.failures < _DISHEARTENED or (age is not None and age < _LOST)

    def late(self, *, risky: bool) -> bool:
        """Whether it should be said before anything else is."""
        if self.refusals or self._stranger() or isinstance(self._trouble, LinkDownError):
            return False
        if not self.urgent:
            # It answered something since: then it is tried again, but not before every block.
            heard = self._line.heard_at(self.unit_id)
            return heard is not None and heard > (self.last_started or 0.0) and self.due_in <= 0
        unsteady = risky or self._line.troubled
        return self.age is None or self.age >= (_RISKY_PATIENCE if unsteady else PATIENCE)


def _now() -> float:
    return asyncio.get_running_loop().time()
