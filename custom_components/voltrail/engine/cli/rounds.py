"""Polling a device the way its owner would."""

import asyncio
from typing import Final

from ..model.errors import VoltrailError
from ..polling.polled_device import Cadence, PolledDevice
from .report import components_of

SETTINGS_INTERVAL: Final = 60.0
"""Settings change rarely; a change that shows in the measurements is followed up at once."""


class Rounds:
    """Reads measurements at every turn, and settings once a minute or on a hint."""

    def __init__(self, device: PolledDevice, *, everything: bool) -> None:
        self._device = device
        self._everything = everything
        self._first = True
        self._settings_due = 0.0
        self._attention: object = None

    async def poll(self) -> None:
        """Read what is due. Raises a :class:`VoltrailError` if nobody answers."""
        device = self._device
        try:
            if self._first:
                await self._read_at_first()
                self._first = False
            else:
                await self._read_what_is_due()
        except VoltrailError:
            # Whatever was read before is old by the time the device is back.
            self._settings_due = 0.0
            raise
        if device.failures and not any(device.available({name}) for name in device.answered):
            # It answers, and only with refusals.
            raise next(iter(device.failures.values()))

    async def _read_at_first(self) -> None:
        device = self._device
        if self._everything:
            await device.update()
        else:
            wanted = components_of(device)
            for cadence in (Cadence.MEASUREMENTS, Cadence.SETTINGS):
                await device.poll(cadence, wanted)
            # Some devices find their parts while they are polled for the first time.
            late = components_of(device).difference(wanted, device.answered, device.failures)
            await device.refresh(
                name for cadence in Cadence for name in device.names(cadence) if name in late
            )
        self._settings_are_fresh()

    async def _read_what_is_due(self) -> None:
        device = self._device
        wanted = None if self._everything else components_of(device)
        await device.poll(Cadence.MEASUREMENTS, wanted)
        now = asyncio.get_running_loop().time()
        if self._settings_due <= now or device.attention != self._attention:
            await device.poll(Cadence.SETTINGS, wanted)
            self._settings_are_fresh()

    def _settings_are_fresh(self) -> None:
        self._settings_due = asyncio.get_running_loop().time() + SETTINGS_INTERVAL
        self._attention = self._device.attention
