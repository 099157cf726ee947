"""Polling a device the way its owner would."""

import asyncio
from typing import Final

from ..device import Cadence, VoltrailDevice
from ..errors import VoltrailError
from .report import components_of

SETTINGS_INTERVAL: Final = 60.0
"""Settings change rarely; a change that shows in the measurements is followed up at once."""


class Rounds:
    """Reads measurements at every turn, and settings once a minute or on a hint."""

    def __init__(self, device: VoltrailDevice, *, everything: bool) -> None:
        self._device = device
        self._everything = everything
        self._settings_due = 0.0
        self._attention: object = None
        self._first = True

    async def poll(self) -> None:
        """Read what is due. Raises a :class:`VoltrailError` if nobody answers."""
        device = self._device
        try:
            wanted = components_of(device, everything=self._everything)
            if self._everything and self._first:
                await device.poll(Cadence.IDENTITY)
                self._first = False
            await device.poll(Cadence.MEASUREMENTS, wanted)
            now = asyncio.get_running_loop().time()
            attention = device.attention
            if self._settings_due <= now or attention != self._attention:
                await device.poll(Cadence.SETTINGS, wanted)
                self._settings_due = now + SETTINGS_INTERVAL
                self._attention = attention
        except VoltrailError:
            # Whatever was read before is old by the time the device is back.
            self._settings_due = 0.0
            raise
        if device.failures and not any(device.available({name}) for name in device.answered):
            # It answers, and only with refusals.
            raise next(iter(device.failures.values()))
