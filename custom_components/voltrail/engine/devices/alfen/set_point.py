"""A set-point that the charger forgets unless it is written again.

Each one has a validity that starts again with every write. When it has run out, the
charger falls to its safe current; that is its watchdog, and it is never defeated: a
set-point is not renewed if the user did not ask for it through us, or if another client
has changed it since.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Final

from modbus_connection import (
    IllegalDataAddressError,
    IllegalDataValueError,
    IllegalFunctionError,
    ModbusError,
    ModbusProtocolError,
    ModbusTimeoutError,
)

from ...charging.reconciler import Standing
from ...model.controls import shown
from ...model.errors import (
    CallerError,
    DeviceSilentError,
    NotAppliedError,
    SettingNeededError,
    WrongDeviceError,
)
from ...model.explaining import explained

WRITE_SETTING: Final = "Allow writing maximum currents"
"""The installer's option in the vendor's tool; it is off when a charger is delivered. How
a write is refused without it is not documented (UNCONFIRMED)."""

USUAL_VALIDITY: Final = 60.0
"""What chargers are delivered with; assumed until the charger has shown its own."""

LONGEST_INTERVAL: Final = 20.0
SHORTEST_INTERVAL: Final = 3.0
"""Faster polling has been seen to make the charger fail."""

UNASKED_INTERVAL: Final = SHORTEST_INTERVAL
"""Seconds between two beats that send nothing, because there is no order yet: so that
the first renewal is not late, however short the validity turns out to be."""

FOREIGN_PATIENCE: Final = 30.0
"""Seconds for which another client's set-point has to last before it counts as wanted."""

LOW: Final = 1.5
"""Renewal intervals left, below which a set-point is renewed without waiting for its turn."""

SHORTENED: Final = 10.0
"""Seconds by which a validity must fall behind the longest one seen, before it counts as a
new setting and not as a late look."""

SETTLING: Final = (0.0, 1.0, 2.0)
"""Seconds before each look at what was written: the charger takes a moment to show it."""

TOLERANCE: Final = 0.05


NOT_TAKEN: Final = (CallerError, SettingNeededError, WrongDeviceError)
"""Failures of orders that the charger cannot have taken, or was right not to take."""


async def order(write: Callable[[], Awaitable[None]], *, setting: str) -> None:
    """Carry out a write; once more if it got lost.

    A refusal is explained by the setting of the charger that has to allow the write.
    """
    try:
        try:
            await write()
        except ModbusTimeoutError, ModbusProtocolError:
            await write()
    except (IllegalFunctionError, IllegalDataAddressError, IllegalDataValueError) as err:
        raise SettingNeededError(setting=setting) from err
    except ModbusError as err:
        raise explained(err) from err


class SetPoint:
    """One register with a validity: what was written last, and whether it still holds.

    The writer holds the command lock; while the charger takes its time, the order waits.
    """

    def __init__(
        self,
        *,
        read: Callable[[], float | None],
        remaining: Callable[[], float | None],
        write: Callable[[float], Awaitable[None]],
        look: Callable[[], Awaitable[None]],
        rest: Callable[[float], Awaitable[None]],
        changed: Callable[[], None],
    ) -> None:
        self._read = read
        self._remaining = remaining
        self._write = write
        self._look = look
        self._rest = rest
        self._changed = changed
        # A write whose answer got lost may have taken effect: that is not another client.
        self._attempted: float | None = None
        self._written_at: float | None = None
        # Whether the validity was seen right after a write, and nothing spoke against it since.
        self._sure = False
        self.sent: float | None = None
        """What was written last, by us."""
        self.validity: float | None = None
        """For how long a write is valid, in seconds; None until one was seen."""
        self.taken_over = False
        """Whether another client's set-point is left alone until one is asked for here."""
        self.expired_since: float | None = None
        self.foreign_since: float | None = None

    @property
    def interval(self) -> float:
        """Seconds between two renewals: two of three may get lost."""
        third = (self.validity or USUAL_VALIDITY) / 3
        return min(LONGEST_INTERVAL, max(SHORTEST_INTERVAL, third))

    @property
    def value(self) -> float | None:
        """What is in force, no matter which client wrote it."""
        return self._read()

    def judge(self, wanted: float | None) -> Standing:
        """Say how the set-point stands, by what was read last."""
        value, remaining = self._read(), self._remaining()
        if wanted is None:
            return Standing.UNKNOWN
        if remaining == 0:
            # The validity ran out, or the charger was started and forgot.
            return Standing.LOST
        if value is None:
            return Standing.UNKNOWN
        if close(value, wanted):
            return Standing.KEPT
        # What we wrote before is no other client's; it is asserted again like what got lost.
        ours = any(close(value, known) for known in (self.sent, self._attempted))
        return Standing.LOST if ours else Standing.OTHER

    def note(self, wanted: float | None) -> None:
        """Take note since when it is expired, or another client's."""
        standing, now = self.judge(wanted), asyncio.get_running_loop().time()
        expired = standing is Standing.LOST and self._remaining() == 0
        self.expired_since = _since(self.expired_since, now, expired)
        self.foreign_since = _since(self.foreign_since, now, standing is Standing.OTHER)
        if standing is Standing.KEPT:
            self.taken_over = False
            self._follow_validity()

    async def put(self, value: float) -> None:
        """Write a value, and make sure that it is in force."""
        await self._send(value)
        await self._confirm(value)
        self.taken_over = False

    async def renew(self, value: float) -> None:
        """Write again the value that is in force, so that it does not run out."""
        await self._send(value)
        if not self._sure:
            await self._confirm(value)

    @property
    def runs_low(self) -> bool:
        """Whether it has to be renewed without waiting for its turn."""
        remaining = self._remaining()
        return remaining is not None and remaining < LOW * self.interval

    def assume_sent(self, value: float | None) -> None:
        """Count a value as ours that may have been written before a restart."""
        self._attempted = value

    def release(self) -> None:
        """Leave it to another client, and let it run out when that client falls silent."""
        self.taken_over = True
        self.sent = self._read()
        self._changed()

    async def _send(self, value: float) -> None:
        self._attempted = value
        await self._write(value)
        self._attempted = None
        self._written_at = asyncio.get_running_loop().time()
        if value != self.sent:
            self.sent = value
            self._changed()

    async def _confirm(self, value: float) -> None:
        for wait in SETTLING:
            if wait:
                await self._rest(wait)
            try:
                await self._look()
            except DeviceSilentError:
                if wait == SETTLING[-1]:
                    raise
                continue
            if close(value, self._read()):
                self._learn()
                self.note(value)
                return
        found = self._read()
        if found is not None:
            # The value that the charger made of ours counts as ours as well.
            self.sent = found
        raise NotAppliedError(
            asked=shown(value), found="nothing" if found is None else shown(found)
        )

    def _learn(self) -> None:
        """Learn the validity: the largest remainder seen after a write."""
        seen = self._remaining()
        if not seen:
            return
        self._sure = True
        if self.validity is None or not self.validity - SHORTENED <= seen <= self.validity:
            self.validity = float(seen)

    def _follow_validity(self) -> None:
        """Between writes, notice that the validity was changed at the charger."""
        seen, written_at = self._remaining(), self._written_at
        if seen is None or written_at is None or self.validity is None:
            return
        worth = seen + asyncio.get_running_loop().time() - written_at
        if seen > self.validity:
            self.validity = float(seen)
        elif worth < self.validity - SHORTENED:
            # The next renewal looks closely.
            self._sure = False


def close(value: float, other: float | None) -> bool:
    """Whether two values are the same, but for what a float loses on the way."""
    return other is not None and math.isclose(value, other, rel_tol=0, abs_tol=TOLERANCE)


def _since(since: float | None, now: float, applies: bool) -> float | None:  # noqa: FBT001 - a state
    if not applies:
        return None
    return now if since is None else since
