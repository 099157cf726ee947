"""An owner who looks after a device, as the integration does."""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any

from custom_components.voltrail.engine.model.errors import VoltrailError
from custom_components.voltrail.engine.polling import keep_alive
from custom_components.voltrail.engine.polling.polled_device import PolledDevice
from custom_components.voltrail.engine.polling.schedule import Schedule


class Owner[D: PolledDevice]:
    """What the integration does with a device: polls, life signs, and holding its targets."""

    def __init__(
        self,
        device: D,
        *,
        scan_interval: float = 10.0,
        memory: Mapping[str, Any] | None = None,
        wanted: Collection[str] | None = None,
    ) -> None:
        self.device = device
        self.scan_interval = scan_interval
        self.polls = 0
        self.troubles: list[VoltrailError] = []
        self.read = asyncio.Event()
        """Set by every poll that succeeds."""
        self._schedule = Schedule(device, lambda: wanted)
        self._asked = asyncio.Event()
        self._heard = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        if memory is not None:
            device.restore_state(memory)

    async def __aenter__(self) -> D:
        await self.start()
        return self.device

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        """Begin to look after the device, and return when it has been read once."""
        await self.device.identify()
        for alive in self.device.keep_alives():
            beating = keep_alive.run(alive, on_change=self._heard.set)
            self._tasks.append(asyncio.create_task(beating))
        self._tasks.append(asyncio.create_task(self._poll_forever()))
        await self._asked.wait()

    async def stop(self) -> dict[str, Any]:
        """End, and return what the next owner has to remember."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.device.close()
        return self.device.dump_state()

    async def _poll_forever(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            started = loop.time()
            try:
                await self._schedule.poll()
                await self.device.reconcile()
            except VoltrailError as err:
                self.troubles.append(err)
                self._asked.set()
                pause = self._schedule.pause if self._schedule.failures else self.scan_interval
                self._heard.clear()
                # A charger that is heard again is read at once.
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._heard.wait()
            else:
                self.polls += 1
                self.read.set()
                self._asked.set()
                await asyncio.sleep(max(0.0, started + self.scan_interval - loop.time()))
