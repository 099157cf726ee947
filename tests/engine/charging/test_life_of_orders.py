"""Orders, losses, other clients, power cycles, polls and kills, in any order that there may be."""

import asyncio
import json
from contextlib import suppress
from typing import Any, override

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from custom_components.voltrail.engine.charging.charge_point import ChargePoint
from custom_components.voltrail.engine.model.controls import Bounds
from custom_components.voltrail.engine.model.errors import DeviceSilentError, VoltrailError
from custom_components.voltrail.engine.model.options import Options
from tests.fake_time import FakeTimeLoop

FORGOTTEN = 32.0
"""What the charger comes back with after a power cycle."""

currents = st.integers(6, 20).map(float)
orders = st.one_of(currents, st.just(0.0))


class Charger:
    """One register on a line that may lose what is sent."""

    def __init__(self) -> None:
        self.limit = FORGOTTEN
        self.losses: list[str] = []
        self.written: list[float] = []

    async def write(self, amps: float) -> None:
        """Take a limit; it takes a second."""
        await asyncio.sleep(1)
        fate = self.losses.pop(0) if self.losses else ""
        if fate != "order":
            self.limit = amps
            self.written.append(amps)
        if fate:
            raise DeviceSilentError


class Point(ChargePoint):
    """What looks after it."""

    def __init__(self, charger: Charger, machine: Orders) -> None:
        super().__init__(Options(), machine.change, machine.store)
        self.charger = charger
        self.seen: float | None = None

    @property
    @override
    def device_maximum(self) -> float:
        return FORGOTTEN

    @property
    @override
    def current_limit(self) -> float | None:
        return self.seen

    @property
    @override
    def charging_allowed(self) -> bool | None:
        return None if self.seen is None else self.seen > 0

    @override
    async def send_current(self, amps: float) -> None:
        await self.charger.write(amps)

    @override
    async def send_pause(self) -> None:
        await self.charger.write(0)

    @override
    async def look(self) -> None:
        await asyncio.sleep(0)
        self.seen = self.charger.limit

    @property
    @override
    def power_limit(self) -> float | None:
        return None

    @override
    def power_bounds(self) -> Bounds:
        return Bounds(minimum=0, maximum=0, step=1)

    @override
    async def set_power_limit(self, watts: float) -> None:
        raise NotImplementedError


class SpacedPoint(Point):
    """The same where limits need their time, and what is read may be an older answer."""

    spacing = 5.0
    trusts_look = False


class Orders(RuleBasedStateMachine):
    """A person, a charger, and everything that comes between."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=FakeTimeLoop)
        self.charger = Charger()
        self.kind: type[Point] = Point
        self.disk: dict[str, Any] = {}
        self.unsaved = False
        self.expected: float | None = None
        """What has to be in force once it is quiet: what was ordered, or what was adopted."""
        self.foreign: float | None = None
        """What another client set since it was quiet."""

    @initialize(kind=st.sampled_from([Point, SpacedPoint]))
    def begin(self, kind: type[Point]) -> None:
        """Look after the charger."""
        self.kind = kind
        self.point = kind(self.charger, self)

    @override
    def teardown(self) -> None:
        if hasattr(self, "point"):
            self.quiet()
        self.runner.close()

    async def store(self) -> None:
        """Store at once."""
        await asyncio.sleep(0)
        self.save()

    def change(self) -> None:
        """Store soon."""
        self.unsaved = True

    def save(self) -> None:
        """Have on the disk what the point would have there."""
        self.unsaved = False
        self.disk = json.loads(json.dumps(self.point.dump_state()))

    @property
    def most(self) -> float:
        """The most that may be sent unasked."""
        return max(self.expected or 0.0, self.foreign or 0.0)

    def poll(self, pause: float = 10.0) -> None:
        """Poll, and see that nothing is raised that nobody asked for."""
        self.charger.written.clear()
        self.runner.run(self._poll(pause))
        # What waited for its time is an order that was given, or the lower one.
        assert all(amps <= self.most for amps in self.charger.written)
        if self.unsaved:
            self.save()

    async def _poll(self, pause: float) -> None:
        self.point.seen = self.charger.limit
        with suppress(VoltrailError):
            await self.point.reconcile()
        await asyncio.sleep(pause)

    # -- what happens --

    @rule(amps=orders)
    def order(self, amps: float) -> None:
        """A person limits or pauses."""
        self.note(self.runner.run(self._order(amps)), amps)

    @rule(given=st.lists(orders, min_size=2, max_size=4), head_start=st.sampled_from([0.0, 0.5]))
    def race(self, given: list[float], head_start: float) -> None:
        """Several programs order at the same time, and nothing gets lost: the last one counts."""
        self.charger.losses.clear()
        self.runner.run(self._race(given, head_start))
        self.note(True, given[-1])  # noqa: FBT003 - it got through

    async def _race(self, given: list[float], head_start: float) -> None:
        tasks = []
        for amps in given:
            tasks.append(asyncio.create_task(self._order(amps)))
            await asyncio.sleep(head_start)
        assert all(await asyncio.gather(*tasks))

    async def _order(self, amps: float) -> bool:
        try:
            await (self.point.set_current_limit(amps) if amps else self.point.pause())
        except VoltrailError:
            return False
        return True

    def note(self, done: bool, amps: float) -> None:  # noqa: FBT001 - how it went
        """An order ended: it is in force, or nobody knows."""
        if done or self.expected is None:
            # What was never limited is more than any limit.
            self.expected, self.foreign = amps, None
            return
        self.expected = min(self.expected, amps)
        if self.foreign is not None:
            # It may have been adopted by then.
            self.foreign = min(self.foreign, amps)

    @rule(losses=st.lists(st.sampled_from(["order", "answer"]), min_size=1, max_size=2))
    def lose(self, losses: list[str]) -> None:
        """The next writes, or their answers, get lost."""
        self.charger.losses = losses

    @precondition(lambda self: self.expected is not None)
    @rule(amps=orders)
    def set_from_outside(self, amps: float) -> None:
        """Another client limits."""
        self.quiet()
        self.charger.limit = self.foreign = amps

    @rule()
    def power_cycle(self) -> None:
        """The charger forgets; the link to it is lost and found."""
        self.charger.limit = FORGOTTEN
        self.point.reconciler.mark()

    @rule(number=st.integers(1, 2))
    def polls(self, number: int) -> None:
        """Time passes."""
        for _ in range(number):
            self.poll()

    @rule()
    def kill(self) -> None:
        """The program is killed, and begins again with what is on the disk."""
        self.poll(25.0)
        self.quiet()
        self.point.close()
        self.point = self.kind(self.charger, self)
        if self.disk:
            self.point.restore_state(self.disk)
        target = self.point.target
        if self.expected is not None:
            found = 0.0 if target.paused else target.current or 0.0
            # A raise may have been held back; what is on the disk is never more.
            assert found <= self.expected
            self.expected = found

    @rule()
    def quiet(self) -> None:
        """Nothing happens for a while: then what is in force is what has to be."""
        self.charger.losses.clear()
        for _ in range(9):
            self.poll()
        if self.expected is None:
            return
        possible = {self.expected} if self.foreign is None else {self.expected, self.foreign}
        assert self.charger.limit in possible
        assert not self.point.reconciler.due
        self.expected, self.foreign = self.charger.limit, None


TestLifeOfOrders = pytest.mark.timeout(120)(Orders.TestCase)
TestLifeOfOrders.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
