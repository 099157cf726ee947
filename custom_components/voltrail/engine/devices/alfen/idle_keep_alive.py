"""Keeping the connection open where polls come too rarely for the station."""

from typing import ClassVar, Final, override

from ...polling.keep_alive import KeepAlive
from .station import Station

LONGEST_SILENCE: Final = 45.0
"""Seconds without a request that are allowed here. The station hangs up after 60, and newer
firmware takes up to ten to let a client in again."""


class IdleKeepAlive(KeepAlive):
    """Reads the smallest block of the station, so that it does not hang up."""

    name: ClassVar[str] = "sign of presence"

    def __init__(self, device: Station) -> None:
        super().__init__()
        self._device = device

    @property
    @override
    def interval(self) -> float:
        return LONGEST_SILENCE

    @override
    async def beat(self) -> None:
        await self._device.meet()
        await self._device.read_now("station")
