"""What the sockets and the network ask of the station that they are part of."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Protocol

from modbus_connection import ModbusUnit
from modbus_connection.model import Component

from ...model.options import Options
from ...model.parts import Part
from ...polling.polled_device import Cadence


class Station(Protocol):
    """The station, as far as its parts know it."""

    options: Options
    clock: Callable[[], datetime]

    @property
    def highest_current(self) -> float:
        """The most the station gives per phase."""

    @property
    def firmware(self) -> str | None:
        """The firmware's version."""

    @property
    def network_paused(self) -> bool | None:
        """Whether the network's limits pause; None without a network, or if it does not tell."""

    @property
    def network_safe_current(self) -> bool | None:
        """Whether the network is on its own."""

    @property
    def network_rules(self) -> bool:
        """Whether the network's limits hold instead of those of the sockets."""

    @property
    def network_asked(self) -> bool:
        """Whether the network that rules was asked for a limit."""

    def unit(self, unit_id: int) -> ModbusUnit:
        """Return a unit of the station."""

    def add[C: Component](
        self, name: str, component: C, cadence: Cadence, *, part: Part | None = None
    ) -> C:
        """Add a block of registers."""

    def available(self, components: Iterable[str]) -> bool:
        """Whether these blocks are current."""

    def keep_memory(self) -> None:
        """Have stored soon what has to survive a restart."""

    async def store_memory(self) -> None:
        """Have stored at once what has to survive a restart."""

    async def read_now(self, *names: str) -> None:
        """Read blocks now, or raise why that is not possible."""

    async def meet(self) -> None:
        """Make sure, after the link was lost, that it is still the same device."""
