"""A random walk: an owner, an installer, a bad line and a bad power supply, in any order."""

import asyncio
import copy
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from simulators.relay import catalogue
from tests.fake_time import FakeTimeLoop
from tests.reliability.home import Home, entry_of, home
from tests.reliability.subjects import Subject, subject

LOWEST: Final = 6.0
"""What a charger can give least; below, it pauses."""
UNCONFIRMED: Final = 65.0
"""Seconds within which the confirmation of an order, or a raise of which there were many, may
not be on the disk yet: killed before, the lower one of before may be in force."""
LIFE_SIGNS: Final = 8.0
"""Seconds that a charger which counts them waits at most for a life sign on a sound link."""
GRACE: Final = 20.0
"""Seconds within which a lowered limit of the installer is in force."""
FAULTS: Final = (
    "refused",
    "accepted and silent",
    "silent for ever on the open connection",
    "accepted and closed within a second",
    "reset in mid-answer",
    "too late",
    "out of order",
    "lost",
    "answers cut",
    "wrong unit",
    "a flipped bit",
    "exception 6 now and then",
)


class Walk:
    """One charger, and everything that happens to it."""

    def __init__(self, key: str) -> None:
        self._runner = asyncio.Runner(loop_factory=FakeTimeLoop)
        self._outer = AsyncExitStack()
        self._inner = AsyncExitStack()
        self._disk: dict[str, Any] = {}
        self.installer = 16.0
        self._settled_at = 0.0
        self._asked = False
        self.wanted: float | None = None
        """What the owner asked for last; None as long as he asked for nothing."""
        self._history: list[tuple[float, frozenset[float | None]]] = []
        """When something was asked for, and what may have been in force before."""
        self.possible: set[float | None] = set()
        """What may be in force because nobody knows whether an order got through."""
        self.log: list[str] = []
        self.run(self._begin(key))

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Let something happen in this walk's own time."""
        self._runner.run(work)

    async def _begin(self, key: str) -> None:
        self.subject: Subject = await self._outer.enter_async_context(subject(key))
        self._furnish()
        self.entry = entry_of(self.subject)
        await self._start()
        await self._live(10)

    def _furnish(self) -> None:
        """Prepare the subject."""

    async def _die(self) -> None:
        """End Home Assistant, and what a process takes with it."""
        await self._inner.aclose()
        if hasattr(self.entry, "runtime_data"):
            # Its timer outlives it here, where the event loop goes on.
            await self.entry.runtime_data.coordinator.async_shutdown()
        links = tuple(self.subject.relay.links)
        for task in asyncio.all_tasks() - self._tasks - {asyncio.current_task()}:
            if task not in self.subject.relay.tasks:
                task.cancel()
        for link in links:
            link.close()

    async def _start(self) -> None:
        self._tasks = asyncio.all_tasks()
        self.entry = entry_of(self.subject, like=self.entry)
        self.home: Home = await self._inner.enter_async_context(
            home(self.subject, disk=self._disk, entry=self.entry)
        )
        await self.home.start()

    async def _live(self, seconds: float) -> None:
        """Let time pass, and look all the time."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        while loop.time() < end:
            await asyncio.sleep(min(0.5, end - loop.time()))
            self._look()

    def _look(self) -> None:
        device, now = self.subject.device, asyncio.get_running_loop().time()
        assert self.subject.in_force is not None
        limit = self.subject.in_force()
        # What it does before anything was asked of it is its own business.
        if now > self._settled_at + GRACE and self._asked:
            assert limit <= self.installer + 0.05, f"{limit} A, and {self.installer} A are allowed"
        violations = getattr(device, "violations", None)
        if violations is not None:
            assert not violations.full_power, "a limit of 0 means full power to this one"
            assert not violations.installer_writes, "what the installer set was changed"
        if self.wanted is None:
            written = [w for w in device.traffic.writes if w.address != _HEARTBEAT]
            assert not written, f"nobody asked for {written}"

    # -- what can happen --

    def order(self, amps: float) -> None:
        """Ask for a limit."""
        self.run(self._order(amps))

    def _can_be_asked(self) -> bool:
        """Whether there is a number to turn: Home Assistant drops orders to what is away."""
        if self.entry.state is not ConfigEntryState.LOADED:
            return False
        assert self.subject.order is not None
        entity_id = self.home.find("number", self.subject.order)
        state = None if entity_id is None else self.home.hass.states.get(entity_id)
        return state is not None and state.state != STATE_UNAVAILABLE

    async def _order(self, amps: float) -> None:
        if not self._can_be_asked():
            return
        try:
            await self.home.order(amps)
        except ServiceValidationError:
            return
        except HomeAssistantError, AssertionError, AttributeError:
            # It was refused, or nobody knows; or there is no such number at the moment.
            self._doubt(amps)
        else:
            self._take(amps)
        await self._live(1)

    def _take(self, amps: float) -> None:
        self._note()
        # More than the installer allows is met by that, now and when he allows more.
        self.wanted = min(amps, self.installer)
        self.possible = set()
        self._asked = True

    def _doubt(self, amps: float) -> None:
        self._note()
        self.possible |= {self.wanted, amps, min(amps, self.installer)}
        if self.wanted is None:
            self.wanted = amps

    def _forget_what_is_not_on_the_disk(self) -> None:
        """Take note of what may be in force after a kill."""
        now = asyncio.get_running_loop().time()
        for moment, before in self._history:
            if now - moment <= UNCONFIRMED:
                self.possible |= {
                    amps
                    for amps in before
                    if amps is None or self.wanted is None or amps < self.wanted
                }

    def _note(self) -> None:
        moment = asyncio.get_running_loop().time()
        self._history.append((moment, frozenset({self.wanted, *self.possible})))

    def break_link(self, name: str, seconds: float) -> None:
        """Let a fault happen for a while."""

        async def story() -> None:
            self.subject.relay.put(catalogue.make(name))
            await self._live(seconds)
            self.subject.relay.clear()

        self.run(story())

    def order_while_broken(self, name: str, amps: float) -> None:
        """Ask for a limit in the middle of a fault."""

        async def story() -> None:
            self.subject.relay.put(catalogue.make(name))
            await self._live(3)
            await self._order(amps)
            self.subject.relay.clear()
            await self._live(5)

        self.run(story())

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.run(self._live(seconds))

    def restart(self, seconds: float) -> None:
        """Stop Home Assistant in good order, and start it again."""

        async def story() -> None:
            await self._die()
            await asyncio.sleep(seconds)
            await self._start()
            await self._live(15)

        self.run(story())

    def kill(self, seconds: float, amps: float | None = None, after: float = 0.0) -> None:
        """Kill Home Assistant, perhaps in the middle of an order, and start it again.

        What it would still write when it is stopped in good order reaches neither the charger
        nor the disk.
        """

        async def story() -> None:
            asks = amps is not None and self._can_be_asked()
            asked = asyncio.create_task(self.home.order(amps or 0.0)) if asks else None
            if amps is not None:
                await asyncio.sleep(after)
            disk = copy.deepcopy(self._disk)
            self.subject.relay.vanish()
            if asked is not None:
                assert amps is not None
                done = asked.done() and asked.exception() is None
                asked.cancel()
                await asyncio.gather(asked, return_exceptions=True)
                self._take(amps) if done else self._doubt(amps)
            self._forget_what_is_not_on_the_disk()
            await self._die()
            self._disk.clear()
            self._disk.update(disk)
            self.subject.relay.appear()
            await asyncio.sleep(seconds)
            await self._start()
            await self._live(15)

        self.run(story())

    def install(self, amps: float) -> None:
        """Let the installer allow another current."""

        async def story() -> None:
            if amps < self.installer:
                now = asyncio.get_running_loop().time()
                self._settled_at = max(self._settled_at, now)
            changed = self._options_of(amps)
            self.installer = amps
            options = {**self.entry.options, **changed}
            self.home.hass.config_entries.async_update_entry(self.entry, options=options)
            await self.home.hass.config_entries.async_reload(self.entry.entry_id)
            await self._live(GRACE + 5)

        self.run(story())

    def _options_of(self, amps: float) -> dict[str, object]:
        """Return the options of an installer who allows so much."""
        return {"max_current": amps}

    def reboot(self) -> None:
        """Switch the charger off and on again."""

        async def story() -> None:
            device = self.subject.device
            device.do("power_cycle" if "power_cycle" in device.verbs else "reboot")
            # What it starts with is its own business.
            away = self.subject.reboots_for
            self._settled_at = asyncio.get_running_loop().time() + away
            await self._live(away + 25)

        self.run(story())

    # -- how it ends --

    def check(self) -> None:
        """Let everything settle: what was asked for last is in force."""
        self.run(self._check())

    async def _check(self) -> None:
        self.subject.relay.clear()
        # Home Assistant itself tries an entry again that could not be set up, less and less often.
        if not hasattr(self.entry, "runtime_data"):
            await self.home.hass.config_entries.async_reload(self.entry.entry_id)
        await self._live(100)
        if self.subject.longest_gap is not None:
            gap = self.subject.longest_gap()
            for _ in range(60):
                await self._live(0.5)
                gap = max(gap, self.subject.longest_gap())
            assert gap <= LIFE_SIGNS, f"{gap:.1f} s without a life sign"
        assert self.subject.in_force is not None
        limit = self.subject.in_force()
        if self.wanted is None or None in self.possible:
            # It may go by nothing of ours.
            return
        allowed = {self._given(amps) for amps in {self.wanted, *self.possible} if amps is not None}
        assert any(abs(limit - amps) < 0.11 for amps in allowed), f"{limit} A, not one of {allowed}"

    def _given(self, amps: float) -> float:
        """Return what a charger gives where so much is asked for."""
        given = min(amps, self.installer)
        return given if given >= LOWEST else 0.0

    def close(self) -> None:
        """End everything."""

        async def story() -> None:
            await self._inner.aclose()
            await self._outer.aclose()

        self.run(story())
        self._runner.close()


_HEARTBEAT: Final = 0x0D00
