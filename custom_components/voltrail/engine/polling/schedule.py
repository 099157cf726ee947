"""When each part of a device is read: one schedule for everything that polls."""

import asyncio
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from ..model.errors import VoltrailError
from .polled_device import Cadence, PolledDevice

SETTINGS_INTERVAL: Final = 60.0
"""Settings change rarely; a change that shows in the measurements is followed up at once."""

RETRY_INTERVAL: Final = 5.0
"""Seconds after a poll that failed until the next one, however long it has been failing. A try
costs little, and what comes back shall be back within seconds."""

LONGEST_PAUSE: Final = 60.0
"""The same for a device whose life signs tell that it is back: others use its line as well."""

EAGER_RETRIES: Final = 12
"""So many polls read a settings block again that failed, before it waits for its minute."""


HURRIES: Final = 12
"""So many polls come sooner after a block has begun to fail."""


@dataclass(eq=False)
class _Asked:
    """Components that are to be read more often for a while."""

    names: frozenset[str]
    interval: float


class Schedule:
    """Reads measurements at every turn, and settings once a minute or on a hint.

    Between two turns it can read a few of them: see :meth:`ask_faster`.
    """

    def __init__(
        self,
        device: PolledDevice,
        wanted: Callable[[], Collection[str] | None] = lambda: None,
    ) -> None:
        self._device = device
        self._wanted = wanted
        self._settings_due = 0.0
        self._attention: object = None
        self._retries = 0
        self._failing: frozenset[str] = frozenset()
        self._hurries = 0
        self._asked: list[_Asked] = []
        self.failures = 0
        """How many polls in a row failed."""

    @property
    def pause(self) -> float:
        """Seconds until the next poll."""
        regular = max(self._device.options.scan_interval, self._device.shortest_interval)
        if not self.failures:
            # Sooner for what has just failed; not for ever, as it may do.
            return min(regular, RETRY_INTERVAL) if self._hurries else regular
        if self._device.heard_by_life_signs and not self._life_signs_get_through:
            longer = regular * 2.0 ** min(self.failures - 1, 8)
            return max(regular, min(longer, LONGEST_PAUSE))
        return min(regular, RETRY_INTERVAL)

    @property
    def _life_signs_get_through(self) -> bool:
        """Whether life signs get through, so that they cannot tell when the device is back."""
        return any(
            alive.running and not alive.failures and alive.last_success is not None
            for alive in self._device.keep_alives()
        )

    def hurry(self) -> None:
        """Read the settings with the next poll."""
        self._settings_due = 0.0

    def ask_faster(self, names: Collection[str], interval: float) -> Callable[[], None]:
        """Want some measurements every so many seconds, until what is returned is called.

        Its owner then calls :meth:`poll_between` every :attr:`interval_between` seconds.
        """
        asked = _Asked(frozenset(names), interval)
        self._asked.append(asked)

        def stop() -> None:
            if asked in self._asked:
                self._asked.remove(asked)

        return stop

    @property
    def interval_between(self) -> float | None:
        """Seconds between two readings of what is wanted faster; None if nothing is."""
        if not self._asked:
            return None
        return max(self._device.shortest_interval, min(one.interval for one in self._asked))

    async def poll_between(self) -> bool:
        """Read what is wanted faster; True if something shows that all should be read now.

        What the device needs for its targets is read along with it, so that no target is
        compared with what is old. A device that does not answer is left to its turn. Raises a
        :class:`VoltrailError` as :meth:`poll` does.
        """
        if not self._asked or self.failures or self._hurries:
            return False
        names = frozenset[str]().union(*(one.names for one in self._asked))
        with self._counting():
            await self._device.poll(Cadence.MEASUREMENTS, names)
        return self._due

    @contextmanager
    def _counting(self) -> Iterator[None]:
        try:
            yield
        except VoltrailError:
            self.failures += 1
            # Whatever was read before is old by the time the device is back.
            self.hurry()
            raise

    async def poll(self) -> None:
        """Read what is due; raises a :class:`VoltrailError` if the device does not answer."""
        with self._counting():
            await self._poll()
        self.failures = 0
        failing = frozenset(self._device.failures)
        if not failing <= self._failing:
            self._hurries = HURRIES
        elif self._hurries:
            self._hurries = self._hurries - 1 if failing else 0
        self._failing = failing

    async def _poll(self) -> None:
        device, wanted = self._device, self._wanted()
        await device.poll(Cadence.MEASUREMENTS, wanted)
        if self._due:
            await device.poll(Cadence.SETTINGS, wanted)
            self.settings_are_fresh()
        elif self._retries and (failed := self._failed_settings(wanted)):
            self._retries -= 1
            await device.refresh(failed)

    @property
    def _due(self) -> bool:
        return _now() >= self._settings_due or self._device.attention != self._attention

    def settings_are_fresh(self) -> None:
        """Take note that the settings were just read."""
        self._settings_due = _now() + SETTINGS_INTERVAL
        self._attention = self._device.attention
        self._retries = EAGER_RETRIES

    def _failed_settings(self, wanted: Collection[str] | None) -> list[str]:
        device = self._device
        keep = None if wanted is None else device.essential.union(wanted)
        return [
            name
            for name in device.names(Cadence.SETTINGS)
            if name in device.failures and (keep is None or name in keep)
        ]


def _now() -> float:
    return asyncio.get_running_loop().time()
