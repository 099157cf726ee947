"""Renewing the set-points of one socket, or of the network."""

from typing import ClassVar, Final, Protocol, override

from ...polling.keep_alive import KeepAlive

RETRY: Final = 3.0
"""Seconds after a beat that failed until the next one; doubled each time."""


class Renewable(Protocol):
    """Something with set-points that run out."""

    @property
    def interval(self) -> float:
        """Seconds between two renewals."""

    async def renew(self) -> None:
        """Look at what is in force, and renew it if it is still what was asked for."""


class SetPointRenewal(KeepAlive):
    """Writes set-points again for as long as an order needs them.

    Without an order it sends nothing at all.
    """

    name: ClassVar[str] = "set-point renewal"

    def __init__(self, renewable: Renewable) -> None:
        super().__init__()
        self._renewable = renewable

    @property
    @override
    def interval(self) -> float:
        regular = self._renewable.interval
        if not self.failures:
            return regular
        # What did not get through is tried again soon, but a charger that is away is not
        # asked every few seconds for ever.
        return min(regular, RETRY * 2.0 ** min(self.failures - 1, 8))

    @override
    async def beat(self) -> None:
        await self._renewable.renew()
