"""Polls a device as Home Assistant does."""

from ..polling.polled_device import Cadence, PolledDevice
from ..polling.schedule import Schedule
from .report import components_of


class Rounds:
    """Reads everything that is shown at first, and then what is due."""

    def __init__(self, device: PolledDevice, *, everything: bool) -> None:
        self._device = device
        self._everything = everything
        self._first = True
        self._schedule = Schedule(device, lambda: None if everything else components_of(device))

    async def poll(self) -> None:
        """Read what is due. Raises a :class:`VoltrailError` if the device does not answer."""
        device = self._device
        if self._first:
            await self._read_at_first()
            self._first = False
        else:
            await self._schedule.poll()
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
        self._schedule.settings_are_fresh()
