"""A random walk at a Victron GX: nothing is written unasked, nor beyond the write limits."""

import asyncio
from typing import Final, override

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from tests.reliability.walk import GRACE, Walk

PHASES: Final = 3
VOLTS: Final = 230.0
LASTS: Final = 300.0
"""Seconds for which a set-point stays in force, and is renewed."""
LATE: Final = 30.0
"""Seconds that a renewal may be under way."""
POWERS: Final = frozenset({"setpoint_override", "grid_setpoint"})


def write_limits(amps: float) -> dict[str, object]:
    """Return the options of an installer who allows so much."""
    return {"write": True, "ac_voltage": VOLTS, "ac_phases": float(PHASES), "ac_current": amps}


class GxWalk(Walk):
    """One GX, whose temporary set-point is ordered."""

    def __init__(self) -> None:
        self._wider = 0.0
        """What was allowed before it was lowered, which may be in force for a moment."""
        self._asked_at: float | None = None
        """When something was asked for last since Home Assistant started; None if nothing was."""
        super().__init__("victron_gx")

    @override
    def _furnish(self) -> None:
        self.subject.order = "volatile_grid_setpoint"
        self.subject.options |= write_limits(self.installer)

    @override
    async def _start(self) -> None:
        self._asked_at = None
        await super()._start()

    @override
    def _look(self) -> None:
        device, now = self.subject.device, asyncio.get_running_loop().time()
        allowed = self.installer
        if now <= self._settled_at + GRACE:
            allowed = max(allowed, self._wider)
        for write in device.traffic.writes:
            for part in device.map.parts(write.address, len(write.values)):
                value = part.field.decode(list(write.values))
                told = f"{value} was written to {part.field.name}"
                assert self._asked_at is not None, f"nothing was asked for, and {told}"
                assert now - self._asked_at <= LASTS + LATE, f"after its time {told}"
                assert part.field.name in POWERS, f"only a set-point was asked for, and {told}"
                assert abs(value) <= allowed * VOLTS * PHASES, f"{told}, beyond what is allowed"
        device.traffic.clear()

    @staticmethod
    def watts(amps: float) -> float:
        """Return a power, of which some are beyond all that is allowed."""
        return 1500.0 * (amps - 16)

    @override
    async def _order(self, amps: float) -> None:
        if not self._can_be_asked():
            return
        self._asked_at = asyncio.get_running_loop().time()
        try:
            await self.home.order(self.watts(amps))
        except ServiceValidationError:
            pass
        except HomeAssistantError, AssertionError, AttributeError:
            pass
        self._asked_at = asyncio.get_running_loop().time()
        await self._live(1)

    @override
    def kill(self, seconds: float, amps: float | None = None, after: float = 0.0) -> None:
        if amps is not None:
            self._asked_at = 0.0 if self._asked_at is None else self._asked_at
            self.order(amps)
        super().kill(seconds)

    @override
    def _options_of(self, amps: float) -> dict[str, object]:
        self._wider = max(self._wider, self.installer)
        return write_limits(amps)

    @override
    async def _check(self) -> None:
        self.subject.relay.clear()
        # Until the set-point is over, and somewhat longer.
        await self._live(LASTS + 2 * LATE)
        assert not self.subject.device.traffic.writes
