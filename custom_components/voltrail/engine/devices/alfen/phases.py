"""Switching a socket between one and three phases.

The sequence is pause, write, wait, resume: switching under load can damage a car's
charger. A charger may accept the request and not carry it out, so what was asked for is
compared later with the currents that flow.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Final

from ...model.charging import IN_USE_CURRENT, Phases
from ...model.errors import NotAppliedError, PhasesSwitchingError, StillDrawingError, VoltrailError
from ...model.parts import Part
from ...polling.polled_device import Problem
from .registers import Meter, Status
from .set_point import SETTLING, order
from .states import CURRENT_FLOWS

SETTING: Final = "Allow 1- and 3-phased charging"
"""The installer's option in the vendor's tool; without it the charger answers exception 3."""

ALWAYS_READS_THREE: Final = "6.4.0-4210"
"""Firmware whose register says three phases whatever is in force."""

STOPPING: Final = 30.0
"""Seconds given to the car to stop drawing."""
STOPPING_STEP: Final = 2.0
BLIND_STOPPING: Final = 10.0
"""Seconds to wait where no current is measured: a car has three to stop, and then the
contactor opens under load after six."""

# The relays pause on their own for a time that is not documented (UNCONFIRMED); known
# clients wait one second. The pilot needs 5 s before a charge may go on.
RELAY_PAUSE: Final = 10.0

SURE: Final = 3
"""Looks in a row that have to agree before measured phases prove anything."""


class PhaseSwitch:
    """How many phases one socket was asked to use, says it uses, and is seen using."""

    def __init__(
        self,
        part: Part,
        status: Status,
        meter: Meter,
        *,
        look: Callable[[str], Awaitable[None]],
        firmware: Callable[[], str | None],
    ) -> None:
        self._part = part
        self._status = status
        self._meter = meter
        self._look = look
        self._firmware = firmware
        self._asked: Phases | None = None
        # Counted per number of phases seen; any other number starts the count again.
        self._seen: int | None = None
        self._looks = 0
        self._most = 0
        self.switching = False
        """Whether the sequence is under way."""
        self.supplied = False
        """Whether three phases have ever been seen at the socket; once is enough."""

    # -- what is known --

    def note(self) -> None:
        """Take note of what was just measured."""
        meter = self._meter
        if meter.voltage_l2 and meter.voltage_l3:
            self.supplied = True
        if self._status.plugged is False:
            # Another car may come: what was measured of this one says nothing about it.
            self._seen, self._looks, self._most = None, 0, 0
            return
        carrying = self._carrying
        if self.switching or self._status.mode3_state not in CURRENT_FLOWS or not carrying:
            return
        self._looks = self._looks + 1 if carrying == self._seen else 1
        self._seen = carrying
        if self._looks >= SURE:
            self._most = max(self._most, carrying)

    @property
    def _carrying(self) -> int:
        return sum(1 for amps in self._meter.currents if amps and amps >= IN_USE_CURRENT)

    @property
    def measured(self) -> int | None:
        """How many phases this car has reliably been seen to draw from."""
        return self._seen if self._looks >= SURE else None

    @property
    def phases(self) -> Phases | None:
        """How many phases are in force, by what can be believed."""
        measured = self.measured
        if measured is not None and measured > 1:
            return Phases.THREE
        if self._firmware() == ALWAYS_READS_THREE:
            # One phase may also be all that the car can use, unless it was asked for.
            return Phases.ONE if measured == 1 and self._asked is Phases.ONE else None
        return {1: Phases.ONE, 3: Phases.THREE}.get(self._status.phases_reported or 0)

    def problems(self) -> Iterator[Problem]:
        """Yield a switch that was accepted and never carried out.

        A car that draws from one phase where three are allowed proves nothing, unless it
        has drawn from more before.
        """
        measured = self.measured
        if self._asked is None or measured is None:
            return
        asked = self._asked.value
        if measured > asked or (measured < asked and self._most > measured):
            yield Problem(
                key="phases_not_switched",
                part=self._part,
                details={"asked": str(asked), "measured": str(measured)},
            )

    # -- the sequence --

    async def switch(
        self,
        phases: Phases,
        *,
        pause: Callable[[], Awaitable[None]],
        resume: Callable[[], Awaitable[None]],
        hold: Callable[[Callable[[], Awaitable[None]]], Awaitable[None]],
        rest: Callable[[float], Awaitable[None]],
    ) -> None:
        """Pause, wait until nothing flows, write, wait for the relays, go on.

        Writes are made in the hold of the orders' lock; what waits, waits without it.
        """
        if self.switching:
            raise PhasesSwitchingError
        self.switching = True
        try:
            await pause()
            await self._come_to_rest()
            await hold(lambda: self._write(phases, rest))
            await asyncio.sleep(RELAY_PAUSE)
        except VoltrailError:
            self.switching = False
            # The car must not stay paused because the charger refused.
            with suppress(VoltrailError):
                await resume()
            raise
        finally:
            self.switching = False
        await resume()

    async def _come_to_rest(self) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        while not await self._at_rest(loop.time() - began):
            if loop.time() - began >= STOPPING:
                raise StillDrawingError
            await asyncio.sleep(STOPPING_STEP)

    async def _at_rest(self, paused_for: float) -> bool:
        await self._look("meter")
        await self._look("status")
        known = [amps for amps in self._meter.currents if amps is not None]
        if known:
            return max(known) < IN_USE_CURRENT
        return self._status.mode3_state not in CURRENT_FLOWS and paused_for >= BLIND_STOPPING

    async def _write(self, phases: Phases, rest: Callable[[float], Awaitable[None]]) -> None:
        count = phases.value
        await order(lambda: self._status.write("phases_reported", count), setting=SETTING)
        self._asked = phases
        self._seen, self._looks = None, 0
        if self._firmware() == ALWAYS_READS_THREE:
            return
        for wait in SETTLING:
            if wait:
                await rest(wait)
            await self._look("status")
            if self._status.phases_reported == count:
                return
        raise NotAppliedError(asked=count, found=self._status.phases_reported or "nothing")
